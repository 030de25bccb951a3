"""`Value`: a number that remembers where it came from.

Operators record. `*` on two `Value`s makes a third one that holds the product, the two operands and the
local derivatives d(product)/d(operand), which are those of the table in `ops`. What is recorded is a
graph; `backward` and `gradient` apply the chain rule to it, as `_chain_rule` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from math import fsum
from operator import mul
from typing import TYPE_CHECKING, Any, ClassVar

from autograd_lite import ops
from autograd_lite._chain_rule import accumulate, adjoint_graph, operands_first, topological_order
from autograd_lite._condition import Condition, compare
from autograd_lite._primitive import (
    NUMPY_COMPARISONS,
    NUMPY_NAMES,
    Primitive,
    as_objects,
    compare_elements,
    elementwise,
    is_real,
    number,
)
from autograd_lite._recording import clock, is_recording, paused, watched, watching
from autograd_lite.ops import TABLE, DomainError

__all__ = ["Condition", "DomainError", "Value", "topological_order"]

ADD, SUB, MUL, DIV = (TABLE[name] for name in ("add", "sub", "mul", "div"))
NEG, ABS, POW, RELU = (TABLE[name] for name in ("neg", "abs", "pow", "relu"))
DOT, WHERE = TABLE["dot"], TABLE["where"]
MICROGRAD_NAMES = {"add": "+", "sub": "-", "mul": "*", "div": "/", "neg": "-", "relu": "ReLU"}

new = object.__new__


class Value:
    """A node of the computational graph: one number, and where it came from.

    Parameters
    ----------
    data : real number
        The number. Python and NumPy numbers of every kind are kept as a float.
    label : str, optional
        A name, for pictures and error messages.

    Raises
    ------
    TypeError
        If `data` is not a real number or `label` not a string.

    Examples
    --------
    >>> x, y = Value(2.0, label="x"), Value(3.0)
    >>> z = x * y + x
    >>> z.backward()
    >>> z.data, x.grad, y.grad
    (8.0, 4.0, 2.0)
    """

    # _a and _b are the operands, _da and _db the derivatives with respect to them. If the second operand
    # is a number, _b is None and the number stands in _db. Nodes of any other form have the tuple of
    # their operands that are Values in _a, the derivatives in _da, and in _db, if some operands are no
    # Values, the tuple of them all. Two slots rather than two tuples halve the cost of a binary node.
    # A leaf has in _da when it was made: that tells what a derivative has to do with it.
    __slots__ = ("_a", "_b", "_da", "_db", "_grad", "_label", "_number", "_primitive")

    _record: ClassVar[Callable[..., Value]]
    _record_dot: ClassVar[Callable[..., Value]]
    _repr_mimebundle_: ClassVar[Callable[..., dict[str, str]]]  # a notebook shows the picture: `drawing`
    _a: Any
    _b: Any
    _da: Any
    _number: float
    _db: Any
    _grad: float | None
    _label: str
    _primitive: Primitive | None

    def __init__(self, data: Any, label: str = "") -> None:
        self._number = number(data, "a real number for the data of a Value")
        self._grad = self._primitive = None
        if label != "":
            self.label = label
        self._da = clock()

    @property
    def data(self) -> float:
        """The number. Assigning another one does not change what was computed from the old one."""
        if watched and (watch := watching()) and not watch.is_constant(self):
            watch.refuse("a number was taken out with .data", "v itself for v.data")
        return self._number

    @data.setter
    def data(self, data: Any) -> None:
        if watched and (watch := watching()):
            watch.refuse("a number was assigned to .data", "that outside of the function, from its result")
        self._number = number(data, "a real number for the data of a Value")

    @property
    def grad(self) -> float:
        """The derivative that `backward` left here, 0.0 if it did not come by; None forgets it."""
        if watched and (watch := watching()):
            watch.refuse("a grad was read", "loss.gradient(parameters), which gives Values")
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        self._grad = None if grad is None else number(grad, "a real number or None for the grad of a Value")

    @property
    def has_grad(self) -> bool:
        """Whether `backward` (or an assignment to `grad`) came by."""
        if watch := watching():
            watch.refuse("it was asked for a grad", "loss.gradient(parameters), which gives Values")
        return self._grad is not None

    @property
    def label(self) -> str:
        """The name given by the user, or an empty string."""
        try:
            return self._label
        except AttributeError:
            return ""

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"expected a string for a label, but got {label!r}")
        if label or self.label:
            self._label = label

    @property
    def op(self) -> str:
        """The name of the primitive that made this node, an empty string for a leaf."""
        return self._primitive.name if self._primitive else ""

    @property
    def symbol(self) -> str:
        """How that primitive is written on a picture."""
        return self._primitive.symbol if self._primitive else ""

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The operands: `Value`s, floats (constants) and, for `where`, a `Condition`."""
        if self._primitive is None:
            return ()
        if type(self._a) is tuple:
            return self._a if self._db is None else self._db
        second = self._db if self._b is None else self._b
        return (self._a,) if second is None else (self._a, second)

    @property
    def partials(self) -> tuple[float | None, ...]:
        """The local derivative with respect to each of `inputs`, None for a constant."""
        if (watch := watching()) and not watch.is_constant(self):
            watch.refuse("local derivatives were read", "v.gradient(x), which is a Value")
        return self._partials()

    def _partials(self) -> tuple[float | None, ...]:
        if self._primitive is None:
            return ()
        if self._b is not None:
            return (self._da, self._db)
        if type(self._a) is not tuple:
            return (self._da,) if self._db is None else (self._da, None)
        p = self._primitive
        has_none = repeat(False) if p.is_nary else [d is None for d in p.partials]
        derivatives = iter(self._da)
        return tuple(
            None if none or not isinstance(x, Value) else next(derivatives)
            for x, none in zip(self.inputs, has_none, strict=False)
        )

    @property
    def _prev(self) -> set[Value]:
        """The operands as a set of nodes, as micrograd has them: without the exponent of a power."""
        operands = self.inputs[:1] if self.op == "pow" and self._b is None else self.inputs
        operands = tuple(x for x in operands if not isinstance(x, Condition))
        return {x if isinstance(x, Value) else Value(x) for x in operands}

    @property
    def _op(self) -> str:
        """The operation's name, as micrograd writes it."""
        if self.op == "pow" and self._b is None:
            return f"**{self._db:g}"
        return MICROGRAD_NAMES.get(self.op, self.op)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        if (watch := watching()) and not watch.is_constant(self):
            return f"Value(data=..., grad=...{label})"  # text is a way to get a number out, too
        return f"Value(data={self.data!r}, grad={self.grad!r}{label})"

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Leaves can be copied and pickled; a copy of a result would have leaves of its own."""
        if self._primitive is None:
            if (watch := watching()) and not watch.is_constant(self):
                watch.refuse("a Value was copied", "v itself")
            return super().__reduce_ex__(protocol)
        raise TypeError(
            f"a Value that was computed (here by {self.op}) cannot be copied or pickled: copy its "
            "leaves, for instance a Module, or keep v.data"
        )

    def __setstate__(self, state: Any) -> None:
        for part in state:
            for name, x in (part or {}).items():
                setattr(self, name, x)
        self._da = clock()

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    # Operators. The commonest are written out, because a call more would double their time.

    def __add__(self, other: Any) -> Value:
        if type(other) is not Value:
            return _binary(ADD, self, other)
        out = new(Value)
        out._number = self._number + other._number
        out._grad = None
        if paused and not is_recording():
            return _leaf(out)
        out._primitive = ADD
        out._a = self
        out._b = other
        out._da = out._db = 1.0
        return out

    def __mul__(self, other: Any) -> Value:
        if type(other) is not Value:
            return _binary(MUL, self, other)
        x = self._number
        y = other._number
        out = new(Value)
        out._number = x * y
        out._grad = None
        if paused and not is_recording():
            return _leaf(out)
        out._primitive = MUL
        out._a = self
        out._b = other
        out._da = y
        out._db = x
        return out

    __radd__ = __add__
    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Value:
        return _binary(SUB, self, other)

    def __truediv__(self, other: Any) -> Value:
        return _binary(DIV, self, other)

    def __pow__(self, other: Any) -> Value:
        return _binary(POW, self, other)

    def __rsub__(self, other: Any) -> Value:
        return _reflected(SUB, other, self)

    def __rtruediv__(self, other: Any) -> Value:
        return _reflected(DIV, other, self)

    def __rpow__(self, other: Any) -> Value:
        return _reflected(POW, other, self)

    def __neg__(self) -> Value:
        return _unary(NEG, self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _unary(ABS, self)

    def __eq__(self, other: object) -> Any:
        # By identity, so that Values live in sets and dicts; a function that is compiled means the numbers.
        is_number = watched and other is not self and (is_real(other) or isinstance(other, Value))
        if is_number and (watch := watching()) and not watch.is_constant(self):
            watch.refuse("a Value was compared with ==", "where((v >= k) & (v <= k), a, b) for v == k")
        return NotImplemented

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> Condition:
        return compare("<", self, other)

    def __le__(self, other: Any) -> Condition:
        return compare("<=", self, other)

    def __gt__(self, other: Any) -> Condition:
        return compare(">", self, other)

    def __ge__(self, other: Any) -> Condition:
        return compare(">=", self, other)

    if TYPE_CHECKING:
        # The methods exp, relu, maximum, ... come from the table, below.
        def __getattr__(self, name: str) -> Callable[..., Value]: ...

    def relu(self) -> Value:
        """`autograd_lite.relu` of this Value."""
        x = self._number
        out = new(Value)
        out._number, out._da = (0.0, 0.0) if x <= 0.0 else (x, 1.0)
        out._grad = None
        if paused and not is_recording():
            return _leaf(out)
        out._primitive = RELU
        out._a = self
        out._b = out._db = None
        return out

    def __float__(self) -> float:
        raise TypeError(
            "a Value does not become a float by itself, because its graph would be lost: write "
            "autograd_lite.exp(v) for math.exp(v), and v.data for the bare number"
        )

    __int__ = __float__

    def conjugate(self) -> Value:
        """This Value: a real number is its own conjugate, for which `np.var` asks."""
        return self

    def __bool__(self) -> bool:
        if watched and (watch := watching()):
            watch.refuse("a Value was asked whether it is true", "where(v > 0, a, b), or another condition")
        raise TypeError(
            "a Value is neither true nor false: write v.data != 0 to ask for its number, "
            "or v is not None to ask whether it is there"
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's functions of a Value, and of a Value with an array: the primitive of that name."""
        if method == "reduce":  # np.sum of what is one number already
            return ufunc.reduce(*map(as_objects, inputs), **options)
        out = options.pop("out", None)
        if method != "__call__" or options:
            return NotImplemented
        name = NUMPY_NAMES.get(ufunc.__name__, ufunc.__name__)
        if name in NUMPY_COMPARISONS and any(getattr(x, "shape", ()) for x in inputs):
            result = compare_elements(name, inputs)
        elif function := NUMPY_COMPARISONS.get(name) or (getattr(ops, name) if name in TABLE else None):
            result = elementwise(function, inputs)
        else:
            return NotImplemented
        if out is None:
            return result
        out[0][...] = result
        return out[0]

    def backward(self) -> None:
        """Add d self/d leaf to the `grad` of every leaf, by reverse-mode accumulation.

        With the adjoint v̄ = d self/d v of each node v, going backwards from self̄ = 1,

            x̄ = Σ v̄ ∂v/∂x   over the nodes v of which x is an operand.

        The `grad` of a leaf is a running sum over calls, until it is set to 0; that of any other
        node is the one of this call alone. If the call is interrupted, no leaf is changed. Graphs
        that share leaves should not be differentiated at the same time by several threads;
        `gradient` may be.

        References
        ----------
        Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, 1986.

        Examples
        --------
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        if watch := watching():
            watch.refuse("backward was called", "loss.gradient(parameters), which gives Values")
        leaves: list[tuple[Value, float | None]] = []
        try:
            accumulate(self, leaves)
            for leaf, before in leaves:
                if before is not None:
                    leaf._grad = before + leaf.grad
        except BaseException:
            for leaf, before in leaves:
                leaf._grad = before
            raise

    def gradient(self, wrt: Value | Iterable[Value]) -> Any:
        """The derivatives of this node, as `Value`s that can be differentiated in their turn.

        Parameters
        ----------
        wrt : Value or iterable of Value
            The nodes with respect to which to differentiate, leaves or not.

        Returns
        -------
        Value, or list of Value
            d self/d w for each w; 0 for one on which this node does not depend. No `grad` is touched.

        Raises
        ------
        TypeError
            If one of `wrt` is not a Value.
        RuntimeError
            If the data of a leaf was changed after it was used in a way that this derivative depends on.

        Examples
        --------
        >>> x = Value(2.0)
        >>> slope = (x**3).gradient(x)
        >>> slope.data, slope.gradient(x).data
        (12.0, 12.0)
        """
        if isinstance(wrt, Value):
            return self.gradient([wrt])[0]
        targets = list(wrt) if isinstance(wrt, Iterable) else [wrt]
        for w in targets:
            if not isinstance(w, Value):
                raise TypeError(f"expected a Value or a list of Values to differentiate by, but got {w!r}")
        adjoints = adjoint_graph(operands_first([self]), [(self, 1.0)], targets)
        derivatives = [adjoints.get(w, 0.0) for w in targets]
        return [d if isinstance(d, Value) else Value(d) for d in derivatives]


def _unary(p: Primitive, x: Value) -> Value:
    data = x._number
    try:
        y = p.value(data)
    except (ValueError, ZeroDivisionError) as error:
        raise p.domain_error((x,), error) from None
    if paused and not is_recording():
        return Value(y)
    return _node(p, y, x, None, p.partials[0](y, data), None)


def _binary(p: Primitive, a: Value, b: Any) -> Value:
    """A primitive of a Value and a Value or a number; NotImplemented, as operators answer, of others."""
    first = a._number
    if isinstance(b, Value):
        second = b._number
    elif type(b) is float:
        second = b
    elif is_real(b):
        second = b = number(b)
    else:
        return NotImplemented  # type: ignore[no-any-return]
    try:
        y = p.value(first, second)
    except (ValueError, ZeroDivisionError) as error:
        raise p.domain_error((a, b), error) from None
    if paused and not is_recording():
        return Value(y)
    da = p.partials[0](y, first, second)
    if b is second:
        return _node(p, y, a, None, da, b)
    return _node(p, y, a, b, da, p.partials[1](y, first, second))


def _reflected(p: Primitive, a: Any, b: Value) -> Value:
    return _record(p, (number(a), b)) if is_real(a) else NotImplemented


def _record(p: Primitive, operands: Sequence[Any]) -> Value:
    """Any primitive of Values and numbers, in any order."""
    if type(operands[0]) is Value and not p.is_nary and len(p.operands) == 1 and p.partials[0]:
        return _unary(p, operands[0])
    if p is WHERE and isinstance(operands[0], Value):
        raise TypeError(f"where takes a condition, such as v > 0, but got the Value {operands[0]!r}")
    conditions = [x for x in operands[:1] if p is WHERE and isinstance(x, Condition)]
    wanted = "a real number or a Value in"
    others = [
        x if isinstance(x, Value) else number(x, f"{wanted} {p.name}") for x in operands[len(conditions) :]
    ]
    operands = (*conditions, *others)
    data = [c._holds for c in conditions] + [x._number if isinstance(x, Value) else x for x in others]
    try:
        y = p.value(data) if p.is_nary else p.value(*data)
    except (ValueError, ZeroDivisionError) as error:
        raise p.domain_error(operands, error) from None
    if paused and not is_recording():
        return Value(y)
    every = p.partials(y, data) if p.is_nary else p.partials
    pairs = zip(operands, every, strict=True)
    terms = [(x, d) for x, d in pairs if isinstance(x, Value) and d is not None]
    values = tuple([x for x, _ in terms])
    partials = [d if p.is_nary else d(y, *data) for _, d in terms]
    if p.is_nary or len(operands) > 2 or not isinstance(operands[0], Value) or p.partials[0] is None:
        return _node(p, y, values, None, partials, None if len(values) == len(operands) else operands)
    if len(values) == 2:
        return _node(p, y, *values, *partials)
    return _node(p, y, values[0], None, partials[0], operands[1] if len(operands) == 2 else None)


def record_dots(rows: Sequence[tuple[Any, ...]], right: tuple[Any, ...]) -> list[Value]:
    """`dot` of each of the `rows` with one vector: written out, because networks consist of it."""
    constant = set(map(type, right)) == {float}
    is_unrecorded = not is_recording()
    nodes = []
    try:
        xs: Any = right if constant else [x._number for x in right]
        for left in rows:
            ws = [w._number for w in left]
            out = new(Value)
            out._number = fsum(map(mul, ws, xs))
            out._grad = out._b = out._db = None
            out._primitive = DOT
            if is_unrecorded:
                _leaf(out)
            elif constant:
                out._a = left
                out._da = xs
                out._db = left + right
            else:
                out._a = left + right
                out._da = xs + ws
            nodes.append(out)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return [_record(DOT, left + right) for left in rows]
    return nodes


def _leaf(out: Value) -> Value:
    """What an operator gives that does not record."""
    out._primitive = None
    out._da = clock()
    return out


def _node(p: Primitive, y: float, a: Any, b: Any, da: Any, db: Any) -> Value:
    out = new(Value)
    out._number = y
    out._grad = None
    out._primitive = p
    out._a = a
    out._b = b
    out._da = da
    out._db = db
    return out


def _method(p: Primitive) -> Callable[..., Value]:
    function = getattr(ops, p.name)

    def method(self: Value, *operands: Any, **named: Any) -> Any:
        if named.get("out", ...) is None:  # what np.clip passes on
            del named["out"]
        return function(self, *operands, **named)

    def unary_method(self: Value) -> Value:
        return _unary(p, self)

    made = unary_method if len(p.operands) == 1 and None not in p.partials else method
    made.__name__ = p.name
    made.__qualname__ = f"Value.{p.name}"
    made.__doc__ = f"`autograd_lite.{p.name}` of this Value."
    return made


Value._record = Condition._record = staticmethod(_record)
Value._record_dot = staticmethod(lambda left, right: record_dots((left,), right)[0])

for _p in TABLE.values():
    if not (_p.is_nary or hasattr(Value, _p.name) or _p.operands[0] == "condition"):
        setattr(Value, _p.name, _method(_p))
