"""`Program`: the calls of NumPy that a graph became, and how they are run."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler._layout import Plan
from autograd_lite.compiler._listing import listing
from autograd_lite.compiler._matrix_form import matrix_form
from autograd_lite.compiler._workspace import Workspace

Array = NDArray[np.float64]
# Buffers are kept for so many sizes of the batch.
SIZES = 4


class Program:
    """A program of NumPy calls, as plain data; arrays are made at the first call for a size of the batch.

    It can be pickled, and run by several threads at once, each with arrays of its own.

    Examples
    --------
    >>> from autograd_lite import compile, sin
    >>> f = compile(lambda x: sin(x) ** 2, in_axes=0)
    >>> y = f([0.0, 1.0])
    >>> len(f.program.calls)
    2
    """

    def __init__(
        self,
        plan: Plan,
        labels: dict[int, str],
        parameter_labels: Sequence[str] = (),
        input_names: Sequence[str] = (),
    ) -> None:
        self.bases, self.calls, self.leaves, self.checks = plan
        self.labels = labels
        self.parameter_labels = list(parameter_labels)
        self.input_names = list(input_names)
        self.sources = [k for k, base in enumerate(self.bases) if base.kind == "input"]
        self.results = [k for k, base in enumerate(self.bases) if base.kind == "output"]
        self._free: dict[int, list[Workspace]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_free": {}}

    def __str__(self) -> str:
        return matrix_form(self)

    def __repr__(self) -> str:
        return f"Program({len(self.calls)} calls, {len(self.bases)} arrays)"

    def listing(self, batch_size: int = 1) -> str:
        """The calls one by one, with the shapes and the bytes that they have for a size of the batch.

        Raises
        ------
        ValueError
            If `batch_size` is not a positive integer.
        """
        if not isinstance(batch_size, Integral) or batch_size < 1:
            raise ValueError(f"expected a positive integer as the size of the batch, but got {batch_size!r}")
        return listing(self, batch_size)

    @property
    def has_batch_axis(self) -> bool:
        """Whether there is a result for each example."""
        return bool(self.results) and self.bases[self.results[0]].is_batched

    def run(
        self,
        parameters: Array,
        inputs: Sequence[Array],
        batch_size: int,
        requirements: Sequence[tuple[Any, str] | None] = (),
    ) -> list[Array]:
        """The leaves of the result as new arrays, those of a batch with its axis first.

        Raises
        ------
        DomainError
            If a primitive is given a number outside its domain.
        ValueError
            If a number is not what the function requires.
        """
        free = self._free.get(batch_size)
        if free is None:
            for old in list(self._free)[: len(self._free) - SIZES + 1]:
                self._free.pop(old, None)
            free = self._free.setdefault(batch_size, [])
        try:
            workspace = free.pop()
        except IndexError:
            workspace = Workspace(self, batch_size)
        try:
            return workspace.run(parameters, inputs, requirements)
        finally:
            free.append(workspace)

    def nbytes(self, batch_size: int = 1) -> int:
        """The memory of all arrays but the inputs and the parameters, in bytes."""
        own = [b for b in self.bases if b.kind not in ("input", "parameters")]
        return sum(int(np.prod(b.shape(batch_size))) * np.dtype(b.dtype).itemsize for b in own)
