"""`ScalarProgram`: a graph without width, for which arrays do not pay, as Python code on floats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler._graph import CONDITIONS, SOURCES, Graph, row_of, value_of
from autograd_lite.compiler._requirements import check
from autograd_lite.engine import Value

Array = NDArray[np.float64]

# Functions of more statements than this take Python's compiler disproportionately long.
STATEMENTS = 1000

WRITTEN = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "neg": "-{}",
    "square": "{0} * {0}",
    "where": "{1} if {0} else {2}",
    "and": "{} and {}",
    "or": "{} or {}",
    "not": "not {}",
} | {symbol: f"{{}} {symbol} {{}}" for symbol in ("<", "<=", ">", ">=")}


class ScalarProgram:
    """A program of Python statements, one for each operation; plain data that can be pickled.

    Examples
    --------
    >>> from autograd_lite import compile, sin
    >>> f = compile(lambda x: sin(x) * x)
    >>> y = f(2.0)
    >>> print(f.program)
    t1 = sin(x)
    t2 = t1 * x
    return t2
    """

    has_batch_axis = False

    def __init__(
        self,
        graph: Graph,
        leaves: Sequence[int],
        input_names: Sequence[str] = (),
        parameter_labels: Sequence[str] = (),
    ) -> None:
        self.graph = graph
        self.leaves = list(leaves)
        self.names = {"input": list(input_names), "parameter": list(parameter_labels)}
        self._functions: list[Callable[..., None]] = []

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_functions": []}

    def __str__(self) -> str:
        called = self._called()
        lines = []
        for i, op in enumerate(self.graph.ops):
            if op not in SOURCES:
                xs = [called[x] for x in self.graph.operands[i]]
                right = f"{xs[0]}**{xs[1]}" if op == "pow" else self._expression(op, i, xs)
                lines.append(f"{called[i]} = {right}")
        returned = ", ".join(called[i] for i in self.graph.outputs[: sum(self.leaves)])
        return "\n".join([*_cut(lines), f"return {returned}"])

    def __repr__(self) -> str:
        return f"ScalarProgram({len(self.graph)} nodes)"

    def _called(self) -> list[str]:
        """What each node is called in print: the name of an argument, a parameter's label, or a number."""
        called: list[str] = []
        count = 0
        for op, data in zip(self.graph.ops, self.graph.data, strict=True):
            if op == "constant":
                called.append(repr(data).removesuffix(".0"))
            elif op in SOURCES:
                names = self.names[str(op)]
                called.append((names[data] if data < len(names) else "") or f"{str(op)[0]}{data}")
            else:
                count += 1
                called.append(f"t{count}")
        return called

    def listing(self, batch_size: int = 1) -> str:
        """The statements; there are no calls of NumPy to list."""
        return str(self)

    def nbytes(self, batch_size: int = 1) -> int:
        """The memory of all intermediate results, in bytes."""
        return 8 * len(self.graph)

    def run(
        self,
        parameters: Array,
        inputs: Sequence[Array],
        batch_size: int,
        requirements: Sequence[tuple[Any, str] | None] = (),
    ) -> list[Array]:
        """The leaves of the result as new arrays; raises as `Program.run` does."""
        values: list[Any] = [None] * len(self.graph)
        known = {"parameter": parameters.tolist(), "input": [x for a in inputs for x in a.tolist()]}
        for i, op in enumerate(self.graph.ops):
            if op in SOURCES:
                k = self.graph.data[i]
                values[i] = k if op == "constant" else known[str(op)][k]
        if not self._functions:
            self._functions = list(self._compiled())
        try:
            for function in self._functions:
                function(values)
        except (ValueError, ZeroDivisionError):
            self._raise(values)
        results = [values[i] for i in self.graph.outputs]
        count = sum(self.leaves)
        for x, requirement in zip(results[count:], requirements, strict=True):
            if requirement is not None:
                check(np.asarray(x), *requirement)
        ends = np.cumsum(self.leaves)
        return [np.array(results[end - n : end], float) for n, end in zip(self.leaves, ends, strict=True)]

    def _raise(self, values: list[Any]) -> None:
        """Raise the error of the first operand outside its domain, in the words of the primitive."""
        graph = self.graph
        for i, op in enumerate(graph.ops):
            if op in SOURCES:
                continue
            xs = [values[x] for x in graph.operands[i]]
            try:
                values[i] = value_of(op, xs)
            except (ValueError, ZeroDivisionError) as error:
                labels = [graph.labels.get(x, "") for x in graph.operands[i]]
                operands = [Value(x, label) for x, label in zip(xs, labels, strict=True)]
                raise row_of(op).domain_error(operands, error) from None

    def _statements(self) -> Iterator[tuple[int, str]]:
        """The nodes that are computed, with their statements."""
        for i, op in enumerate(self.graph.ops):
            if op not in SOURCES:
                xs = [self._name(x) for x in self.graph.operands[i]]
                yield i, f"t{i} = {self._expression(op, i, xs)}"

    def _expression(self, op: Any, i: int, xs: list[str]) -> str:
        if op in WRITTEN:
            return WRITTEN[op].format(*xs)
        name = _function_name(op, i)
        return f"{name}([{', '.join(xs)}])" if row_of(op).is_nary else f"{name}({', '.join(xs)})"

    def _name(self, i: int) -> str:
        op, data = self.graph.ops[i], self.graph.data[i]
        if op == "constant":
            return repr(data) if isinstance(data, bool) or abs(data) < np.inf else f"float('{data}')"
        return f"t{i}" if op not in SOURCES else f"{'x' if op == 'input' else 'p'}{data}"

    def _compiled(self) -> Iterator[Callable[..., None]]:
        """Functions that compute so many nodes each, in the list of all."""
        graph = self.graph
        used = self._last_uses()
        statements = list(self._statements())
        for start in range(0, len(statements), STATEMENTS):
            chunk = statements[start : start + STATEMENTS]
            here = {i for i, _ in chunk}
            last = chunk[-1][0]
            namespace: dict[str, Any] = {"__builtins__": {"float": float}}
            before = sorted({x for i in here for x in graph.operands[i]} - here)
            lines = [f"    {self._name(x)} = v[{x}]" for x in before if graph.ops[x] != "constant"]
            for i, statement in chunk:
                lines.append(f"    {statement}")
                if used[i] > last:
                    lines.append(f"    v[{i}] = t{i}")
                op = graph.ops[i]
                if op not in WRITTEN and op not in CONDITIONS:
                    namespace[_function_name(op, i)] = row_of(op).value
            exec("\n".join(["def compute(v):", *lines]), namespace)
            yield namespace["compute"]

    def _last_uses(self) -> list[float]:
        last = [0.0] * len(self.graph)
        for i, xs in enumerate(self.graph.operands):
            for x in xs:
                last[x] = i
        for x in self.graph.outputs:
            last[x] = np.inf
        return last


def _function_name(op: Any, i: int) -> str:
    """What the code calls a primitive; those that users define may have any name, and the same one."""
    if isinstance(op, str):
        return op
    return f"{op.name if op.name.isidentifier() else 'custom'}_{i}"


def _cut(lines: list[str], most: int = 200) -> list[str]:
    """The lines, or the first and the last of them."""
    if len(lines) <= most:
        return lines
    half = most // 2
    return [*lines[:half], f"# ... {len(lines) - most} more lines", *lines[-half:]]
