"""What an expression may consist of: each node of Python's syntax tree that is known, and what it computes.

The tree is read, never run: a node becomes a `Step`, and whatever is not listed here is refused.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any, NamedTuple

from autograd_lite._choose import did_you_mean
from autograd_lite._condition import COMPARISONS, Condition
from autograd_lite._primitive import apply, number
from autograd_lite.command_line._errors import Source, UsageError
from autograd_lite.ops import TABLE

Compute = Callable[..., Any]

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
}
COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
TRUTHS: dict[type[ast.AST], Compute] = {
    ast.And: operator.and_,
    ast.BitAnd: operator.and_,
    ast.Or: operator.or_,
    ast.BitOr: operator.or_,
}
ALIASES = {
    "ln": "log",
    "σ": "sigmoid",
    "Φ": "ndtr",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "swish": "silu",
}
CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}
FUNCTIONS = {**{name: name for name in TABLE if not name.startswith("ieee_")}, **ALIASES}

WRITE_INSTEAD: dict[type[ast.AST], str] = {
    ast.BitXor: "^ means something else in Python: write ** for a power",
    ast.MatMult: "@ is not known: write dot([a, b], [x, y])",
    ast.FloorDiv: "// is not known: write /",
    ast.Mod: "% is not known: the operators are + - * / **",
    ast.Eq: "== has no derivative and is not known: write (a >= b) & (a <= b)",
    ast.NotEq: "!= has no derivative and is not known: write (a < b) | (a > b)",
    ast.Attribute: "attributes are not known: an expression has names, numbers, operators and functions",
    ast.Subscript: "only softmax has an index: softmax([a, b])[0]",
    ast.List: "a list can only stand in a function of lists, such as sum([a, b])",
    ast.Tuple: "a comma can only stand between the operands of a function: a decimal number has a point",
    ast.Starred: "write the operands out, one by one",
    ast.Compare: "a comparison can only be a condition: where(x > 0, a, b), or a if x > 0 else b",
    ast.BoolOp: "and, or, not can only stand in a condition: where(x > 0 and y > 0, a, b)",
    ast.NamedExpr: "write a = ...; before the expression for a name in between",
}
MODULES = frozenset({"np", "numpy", "math", "torch", "jnp", "ops", "ag"})
# What libraries have as a function, and is an expression here.
FORMULAS = {
    "mse": "(a - y)**2",
    "mae": "abs(a - y)",
    "bce": "-(y*log(a) + (1 - y)*log(1 - a))",
    "binary_cross_entropy": "-(y*log(a) + (1 - y)*log(1 - a))",
    "cross_entropy": "-log(softmax([z0, z1])[0]), where the first class is right",
    "logit": "log(p/(1 - p))",
    "step": "1 if x > 0 else 0",
    "heaviside": "1 if x > 0 else 0",
}


class Step(NamedTuple):
    """A step of a computation on a stack.

    A float is put on the stack, a string stands for the value of a name; a function takes as many of the
    topmost numbers as it has `operands`, and puts its result in their place.
    """

    action: float | str | Compute
    operands: Sequence[ast.AST | float]
    node: ast.AST


Operands = Sequence[tuple[ast.AST | float, bool]]  # each with whether it has to be a condition


def steps_of(expression: ast.AST, source: Source) -> list[Step]:
    """The steps that compute an expression, operands first; no recursion, however deep the tree."""
    steps: list[Step] = []
    unread: list[Step | tuple[ast.AST | float, bool]] = [(expression, False)]
    while unread:
        item = unread.pop()
        if isinstance(item, Step):
            steps.append(item)
            continue
        node, is_condition = item
        if isinstance(node, float):  # the default of an operand that was left out
            steps.append(Step(node, (), expression))
            continue
        readers = CONDITIONS if is_condition else NUMBERS
        read = readers.get(type(node))
        if read is None:
            raise _refusal(node, is_condition, source)
        action, operands = read(node, source)
        unread.append(Step(action, [operand for operand, _ in operands], node))
        unread.extend(reversed(operands))
    return steps


def _refusal(node: ast.AST, is_condition: bool, source: Source) -> UsageError:
    if is_condition and type(node) in NUMBERS:
        return error_at(source, node, "a condition is a comparison, such as x > 0")
    if isinstance(node, ast.Attribute):
        return error_at(source, node, _without_module(node))
    kind = type(node)
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in kind.__name__).strip()
    return error_at(source, node, WRITE_INSTEAD.get(kind) or f"{words} is not known in an expression")


def error_at(source: Source, node: ast.AST, message: str) -> UsageError:
    """An error that points at a node of the tree."""
    return source.error(message, *_place(source, node))


def text_of(source: Source, node: ast.AST) -> str:
    """A node of the tree as it was written."""
    start, end = _place(source, node)
    return source[start:end]


def _place(source: Source, node: ast.AST) -> tuple[int, int]:
    """The first character of a node, and that behind it: the tree counts bytes."""
    data = source.encode()
    offsets = (getattr(node, name, None) or 0 for name in ("col_offset", "end_col_offset"))
    start, end = (len(data[:offset].decode(errors="ignore")) for offset in offsets)
    return start, end


def _constant(node: ast.Constant, source: Source) -> tuple[float, Operands]:
    if type(node.value) is not int and type(node.value) is not float:
        raise error_at(source, node, "only numbers and names can stand here")
    constant = number(node.value)
    if math.isinf(constant):
        raise error_at(source, node, "this number is too large: floats go to 1.8e308")
    return constant, ()


def _name(node: ast.Name, source: Source) -> tuple[str, Operands]:
    return node.id, ()


def _binary(node: ast.BinOp, source: Source) -> tuple[Compute, Operands]:
    name = OPERATORS.get(type(node.op))
    if name is None:
        message = WRITE_INSTEAD.get(type(node.op)) or "& | ~ can only stand in a condition, << and >> nowhere"
        raise error_at(source, node, message)
    return _primitive(name), ((node.left, False), (node.right, False))


def _unary(node: ast.UnaryOp, source: Source) -> tuple[Compute, Operands]:
    if not isinstance(node.op, ast.USub | ast.UAdd):
        raise error_at(source, node, WRITE_INSTEAD[ast.BoolOp])
    compute = _primitive("neg") if isinstance(node.op, ast.USub) else _itself
    return compute, ((node.operand, False),)


def _itself(x: Any) -> Any:
    return x


def _choice(node: ast.IfExp, source: Source) -> tuple[Compute, Operands]:
    return _where, ((node.test, True), (node.body, False), (node.orelse, False))


def _where(condition: Any, a: Any, b: Any) -> Any:
    """A choice that is recorded, unless the condition is of constants."""
    if isinstance(condition, Condition):
        return apply(TABLE["where"], (condition, a, b))
    return a if condition else b


def _call(node: ast.Call, source: Source) -> tuple[Compute, Operands]:
    if not isinstance(node.func, ast.Name):
        message = "only a function can be called: is a * missing?"
        if isinstance(node.func, ast.Attribute):
            message = _without_module(node.func)
        raise error_at(source, node.func, message)
    name = FUNCTIONS.get(node.func.id)
    if name is None:
        raise error_at(source, node.func, _unknown_function(node.func.id))
    for x in node.args:
        if isinstance(x, ast.Starred):
            raise error_at(source, x, WRITE_INSTEAD[ast.Starred])
    if any(word.arg is None for word in node.keywords):
        raise error_at(source, node, WRITE_INSTEAD[ast.Starred])
    if name == "softmax":
        raise error_at(source, node, "softmax gives several numbers: write softmax([a, b])[0] for the first")
    row = TABLE[name]
    if row.is_nary:
        return _primitive(name), _listed(node, source)
    try:
        operands = row.bind(tuple(node.args), {str(word.arg): word.value for word in node.keywords})
    except TypeError as error:
        raise error_at(source, node, str(error)) from None
    if name == "where":
        return _where, [(x, i == 0) for i, x in enumerate(operands)]
    return _primitive(name), [(x, False) for x in operands]


def _without_module(node: ast.Attribute) -> str:
    """The message about np.exp, np.pi, x.exp or another attribute."""
    owner, name = node.value, node.attr
    if isinstance(owner, ast.Name) and (name in FUNCTIONS or name in CONSTANTS):
        written = f"{owner.id}.{name}"
        if name in CONSTANTS:
            return f"write {name} for {written}"
        operand = "x" if owner.id in MODULES else owner.id
        return f"write {name}({operand}) for {written}({'x' if owner.id in MODULES else ''})"
    return WRITE_INSTEAD[ast.Attribute]


def _unknown_function(name: str) -> str:
    if name in CONSTANTS or len(name) == 1:
        return f"{name} is no function: write {name}*(...) for a product"
    if name in FORMULAS:
        return f"{name} is not a known function: write it out, as {FORMULAS[name]}"
    hint = (
        did_you_mean(name, FUNCTIONS) or ": the functions are NumPy's and PyTorch's, such as exp, log, relu"
    )
    return f"{name} is not a known function{hint}"


def _listed(node: ast.Call, source: Source) -> Operands:
    """The operands of a function of any number of them: one list, or one by one; for dot, two lists."""
    name = FUNCTIONS[node.func.id] if isinstance(node.func, ast.Name) else "softmax"
    if node.keywords:
        raise error_at(source, node, f"{name} takes its operands without names")
    lists = [x.elts for x in node.args if isinstance(x, ast.List | ast.Tuple)]
    if name == "dot":
        if len(lists) != 2 or len(node.args) != 2:
            raise error_at(source, node, "dot takes two lists: dot([a, b], [x, y])")
        if len(lists[0]) != len(lists[1]):
            sizes = f"{len(lists[0])} and {len(lists[1])}"
            raise error_at(source, node, f"dot needs lists of one length, but got {sizes}")
    elif lists and len(node.args) > 1:
        raise error_at(source, node, f"{name} takes one list, such as {name}([a, b])")
    operands = [x for elements in lists for x in elements] if lists else node.args
    if not operands and not (TABLE[name].empty and lists and name != "softmax"):
        raise error_at(source, node, f"{name} needs at least one number, but got none")
    return [(x, False) for x in operands]


def _softmax(node: ast.Subscript, source: Source) -> tuple[Compute, Operands]:
    call = node.value
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "softmax"):
        raise error_at(source, node, WRITE_INSTEAD[ast.Subscript])
    operands = _listed(call, source)
    index = _index(node.slice)
    if index is None or not -len(operands) <= index < len(operands):
        raise error_at(source, node.slice, f"expected an index from 0 to {len(operands) - 1} here")
    return _primitive("softmax"), [*operands, (float(index % len(operands)), False)]


def _index(node: ast.AST) -> int | None:
    """A whole number that is written out, perhaps with a minus."""
    is_negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    digits = node.operand if isinstance(node, ast.UnaryOp) and is_negative else node
    if isinstance(digits, ast.Constant) and type(digits.value) is int:
        return -digits.value if is_negative else digits.value
    return None


def _primitive(name: str) -> Compute:
    return partial(_applied, name)


def _applied(name: str, *operands: Any) -> Any:
    return apply(TABLE[name], operands)


def _comparison(node: ast.Compare, source: Source) -> tuple[Compute, Operands]:
    for kind in map(type, node.ops):
        if kind not in COMPARED:
            raise error_at(source, node, WRITE_INSTEAD.get(kind) or "only < <= > >= compare numbers")
    symbols = [COMPARED[type(op)] for op in node.ops]
    return partial(_compared, symbols), [(x, False) for x in (node.left, *node.comparators)]


def _compared(symbols: Sequence[str], *operands: Any) -> Any:
    pairs = zip(symbols, operands, operands[1:], strict=False)
    return reduce(operator.and_, [COMPARISONS[symbol](a, b) for symbol, a, b in pairs])


def _combination(node: ast.BoolOp, source: Source) -> tuple[Compute, Operands]:
    return partial(_combined, TRUTHS[type(node.op)]), [(x, True) for x in node.values]


def _combined(combine: Compute, *conditions: Any) -> Any:
    return reduce(combine, conditions)


def _ampersand(node: ast.BinOp, source: Source) -> tuple[Compute, Operands]:
    if type(node.op) not in TRUTHS:
        raise error_at(source, node, "a condition is a comparison, such as x > 0")
    return partial(_combined, TRUTHS[type(node.op)]), ((node.left, True), (node.right, True))


def _negation(node: ast.UnaryOp, source: Source) -> tuple[Compute, Operands]:
    if not isinstance(node.op, ast.Not | ast.Invert):
        raise error_at(source, node, "a condition is a comparison, such as x > 0")
    return _opposite, ((node.operand, True),)


def _opposite(condition: Any) -> Any:
    return ~condition if isinstance(condition, Condition) else not condition


Reader = Callable[[Any, Source], tuple[float | str | Compute, Operands]]
NUMBERS: dict[type[ast.AST], Reader] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.IfExp: _choice,
    ast.Call: _call,
    ast.Subscript: _softmax,
}
CONDITIONS: dict[type[ast.AST], Reader] = {
    ast.Compare: _comparison,
    ast.BoolOp: _combination,
    ast.BinOp: _ampersand,
    ast.UnaryOp: _negation,
}
