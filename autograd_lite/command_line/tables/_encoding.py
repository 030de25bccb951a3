"""How the rows of a table become inputs of a network and its outputs predictions: a part of its file."""

import math
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd_lite.command_line.tables._table import (
    Array,
    Chunk,
    Table,
    finite_numbers_in,
    number_of,
    places_in,
)
from autograd_lite.nn import Module, one_hot
from autograd_lite.training import classify, predict, predict_proba

# Where the metadata of a model say this.
KEY, VERSION = "autograd_lite.table", 1
SMALLEST = sys.float_info.min  # what numbers are divided by: less has lost digits, and overflows
Label = str | int | float


class Column(NamedTuple):
    """An input: a number that is standardized, or one of some categories, with an input for each."""

    name: str
    categories: tuple[str, ...] | None = None
    mean: float = 0.0
    scale: float = 1.0

    @property
    def width(self) -> int:
        """How many inputs of the network it takes."""
        return 1 if self.categories is None else len(self.categories)

    def read(self, table: Table, chunk: Chunk) -> Array:
        """The numbers, or the places of the categories, NaN where one is missing; ValueError for others."""
        k = table.find(self.name)
        if self.categories is None:
            return finite_numbers_in(chunk, k, self.name)
        return places_in(chunk, k, self.name, {name: i for i, name in enumerate(self.categories)})

    def encode(self, read: Array) -> Array:
        """The inputs of the network, a column or several."""
        if self.categories is None:
            return ((read - self.mean) / self.scale)[:, None]
        return one_hot(read, len(self.categories))


class Encoding(NamedTuple):
    """The columns of a model's inputs, and its target: one of some classes, or a standardized number."""

    columns: tuple[Column, ...]
    target: str
    classes: tuple[Label, ...] | None = None
    mean: float = 0.0
    scale: float = 1.0

    @property
    def n_inputs(self) -> int:
        """How many inputs the network has."""
        return sum(column.width for column in self.columns)

    @property
    def n_outputs(self) -> int:
        """How many outputs the network has: one for a number and for two classes."""
        return 1 if self.classes is None or len(self.classes) == 2 else len(self.classes)

    @property
    def loss(self) -> str:
        """The loss that the outputs are for."""
        if self.classes is None:
            return "mse"
        return "cross_entropy" if self.n_outputs > 1 else "binary_cross_entropy_with_logits"

    def read(self, table: Table, chunk: Chunk) -> Array:
        """What `Column.read` gives for each column, side by side."""
        return np.column_stack([column.read(table, chunk) for column in self.columns])

    def encode(self, read: Array) -> Array:
        """The inputs of the network."""
        parts = zip(self.columns, read.T, strict=True)
        return np.column_stack([column.encode(numbers) for column, numbers in parts])

    def encode_target(self, read: Array) -> Array:
        """What the network should say, as its loss takes it."""
        return (read - self.mean) / self.scale if self.classes is None else read

    def predictions(self, model: Module, X: Array) -> Array:
        """The place of the class for each row of inputs, or the number."""
        if self.classes is None:
            return predict(model, X) * self.scale + self.mean
        return classify(model, X, loss=self.loss).astype(float)

    def probabilities(self, model: Module, X: Array) -> Array:
        """The probability of each class, a column each."""
        p = predict_proba(model, X, loss=self.loss)
        return np.column_stack([1.0 - p, p]) if p.ndim == 1 else p

    def target_of(self, cell: str) -> float:
        """The number in a cell of the target, or the place of its class; NaN if it is neither."""
        x = number_of(cell)
        if self.classes is None:
            return math.nan if x is None or math.isinf(x) else x
        label = cell.strip() if isinstance(self.classes[0], str) else x
        return self.classes.index(label) if label in self.classes else math.nan

    def metadata(self) -> dict[str, Any]:
        """The same as plain data for a file."""
        columns = [
            {"name": c.name, "mean": c.mean, "scale": c.scale}
            if c.categories is None
            else {"name": c.name, "categories": list(c.categories)}
            for c in self.columns
        ]
        target: dict[str, Any] = {"name": self.target}
        if self.classes is None:
            target |= {"mean": self.mean, "scale": self.scale}
        else:
            target["classes"] = list(self.classes)
        return {KEY: VERSION, "columns": columns, "target": target}


def number_label(x: float) -> int | float:
    """A number as it names a class: a whole one without a point."""
    return int(x) if x == int(x) else x


def has_encoding(metadata: Any) -> bool:
    """Whether metadata are of a model that was trained from a table."""
    return isinstance(metadata, Mapping) and KEY in metadata


def encoding_of(metadata: Mapping[str, Any]) -> Encoding:
    """What the metadata say; raises ValueError for those that `Encoding.metadata` did not make."""
    if metadata[KEY] != VERSION:
        raise ValueError(f"version {metadata[KEY]!r} of its columns is not known, but {VERSION} is")
    try:
        target = metadata["target"]
        classes = _names(target["classes"], (str, int, float)) if "classes" in target else None
        made = Encoding(
            tuple(_column(column) for column in metadata["columns"]),
            _text(target["name"]),
            classes,
            *(() if classes else (_number(target["mean"]), _scale(target["scale"]))),
        )
    except (KeyError, OverflowError, TypeError) as error:
        raise ValueError(f"its columns are not described as train does it: {error!r}") from None
    names = [*(column.name for column in made.columns), made.target]
    if not made.columns or len(set(names)) < len(names) or (classes is not None and len(classes) < 2):
        raise ValueError("it has no columns of different names, or a single class")
    return made


def _column(parts: Mapping[str, Any]) -> Column:
    name = _text(parts["name"])
    if "categories" in parts:
        return Column(name, _names(parts["categories"], (str,)))
    return Column(name, None, _number(parts["mean"]), _scale(parts["scale"]))


def _text(x: Any) -> str:
    if not isinstance(x, str):
        raise ValueError(f"a column has the name {x!r}")
    return x


def _number(x: Any) -> float:
    if type(x) not in (int, float):
        raise ValueError(f"a column has the mean {x!r}")
    return float(x)


def _scale(x: Any) -> float:
    if not _number(x) >= SMALLEST:
        raise ValueError(f"a column has the scale {x!r}")
    return float(x)


def _names(x: Any, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    """The names of categories or classes: different ones of one kind."""
    if not isinstance(x, list) or not x or len(set(x)) < len(x) or not all(type(each) in kinds for each in x):
        raise ValueError(f"a column has the categories {x!r}")
    if len({isinstance(each, str) for each in x}) > 1:
        raise ValueError(f"a column has the categories {x!r}")
    return tuple(x)
