"""From a table to what a network is trained on: its columns, its task, and rows that are held out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from autograd_lite.command_line.tables._encoding import SMALLEST, Column, Encoding, Label, number_label
from autograd_lite.command_line.tables._table import MAX_TEXTS, Array, Survey, Table, listed, survey

Indices = NDArray[np.int64]

MIN_ROWS = 10
MAX_CLASSES = 100
# What is taken for a category, or a whole number for a class, unless it is asked for otherwise.
FEW_TEXTS, FEW_NUMBERS, ROWS_EACH = 20, 10, 5
TASKS = ("classification", "regression")


class Wanted(NamedTuple):
    """What was asked for about columns and rows."""

    target: str
    features: Sequence[str] | None = None
    categorical: Sequence[str] = ()
    task: str | None = None
    drop_missing: bool = False


class Rows(NamedTuple):
    """The rows of a table as `Encoding.read` gives them, their targets, and what was found about them.

    A target is a number or the place of a class. The encoding does not have the scales yet. There is another
    task if the target could be taken for it as well.
    """

    encoding: Encoding
    read: Array
    targets: Array
    reason: str
    other_task: str | None
    left_out: dict[str, str]
    n_dropped: int


def rows_of(table: Table, wanted: Wanted) -> Rows:
    """The rows to train on; raises ValueError for whatever is wrong with them."""
    table.find(wanted.target, "target")
    _check_names(table, wanted)
    surveys = survey(table, set(wanted.categorical))
    target = surveys[wanted.target]
    is_text = target.is_text or (wanted.task == "classification" and target.n_texts > 0)
    if not is_text:
        _require_numbers(target, "--task classification if these are names")
    elif wanted.task == "regression":
        assert target.first_text is not None
        line, cell = target.first_text
        raise ValueError(
            f"expected numbers in the target {target.name!r} for regression, but line {line} has {cell!r}: "
            "correct it, or choose classification"
        )
    if is_text and len(target.texts) > MAX_CLASSES:
        raise ValueError(
            f"expected at most {MAX_CLASSES} different texts in the target {target.name!r}, but there are "
            "more: choose a column of numbers or of classes"
        )
    columns, left_out = _columns(surveys, wanted)
    names = tuple(sorted(target.texts)) if is_text else None
    read, lines = _read(table, columns, Column(wanted.target, names))
    read, lines, n_dropped = _without_missing(table, columns, wanted, read, lines)
    classes, reason, targets = _task(target, names, read[:, -1], wanted.task)
    if classes is not None:
        _check_classes(target.name, classes, targets, lines)
    varying, read = _varying(columns, read[:, :-1], left_out)
    return Rows(
        Encoding(varying, wanted.target, classes),
        read,
        targets,
        reason,
        _other_task(names, classes, targets),
        left_out,
        n_dropped,
    )


def scaled(rows: Rows, chosen: Indices) -> Encoding:
    """The encoding in which the numbers of some rows have the mean 0 and the standard deviation 1."""
    columns = [
        column if column.categories is not None else Column(column.name, None, *_scale(column.name, numbers))
        for column, numbers in zip(rows.encoding.columns, rows.read[chosen].T, strict=True)
    ]
    encoding = rows.encoding._replace(columns=tuple(columns))
    if encoding.classes is not None:
        return encoding
    mean, scale = _scale(encoding.target, rows.targets[chosen])
    return encoding._replace(mean=mean, scale=scale)


def split(rows: Rows, test: float, validation: float, rng: Generator) -> dict[str, Indices]:
    """Rows to train on, to validate on and to test on, of each class as many as its share.

    One row of each class, drawn at random, is always trained on.
    """
    n = len(rows.targets)
    classes = np.zeros(n) if rows.encoding.classes is None else rows.targets
    order = rng.permutation(n)
    order = order[np.argsort(classes[order], kind="stable")]
    is_first = np.diff(classes[order], prepend=-1) > 0
    kept, free = order[is_first], order[~is_first]
    parts = {}
    for name, fraction in (("test", test), ("validation", validation)):
        size = round(fraction * n)
        if (fraction and not size) or size > len(free):
            raise ValueError(
                f"expected a fraction for --{name} that leaves rows on both sides, but {fraction:g} of {n} "
                f"rows are {size}"
            )
        places = ((np.arange(size) + rng.random()) * len(free) / max(size, 1)).astype(int)
        parts[name] = np.sort(free[places])
        free = np.delete(free, places)
    return {
        "training": np.sort(np.append(kept, free)),
        "validation": parts["validation"],
        "test": parts["test"],
    }


def _check_names(table: Table, wanted: Wanted) -> None:
    for option, names in (("--features", wanted.features or ()), ("--categorical", wanted.categorical)):
        for name in names:
            table.find(name, f"column for {option}")
        if len(set(names)) < len(names):
            raise ValueError(f"expected different columns for {option}, but got {listed(names)}")
        if wanted.target in names:
            advice = "pass --task classification instead" if option == "--categorical" else "leave it out"
            raise ValueError(f"expected columns for {option}, but {wanted.target!r} is the target: {advice}")


def _require_numbers(column: Survey, advice: str) -> None:
    """Raise ValueError for text in a column that has mostly numbers."""
    if column.first_text is not None:
        line, cell = column.first_text
        raise ValueError(
            f"expected numbers in the column {column.name!r}, as most of its cells are, but line {line} "
            f"has {cell!r}: correct it, empty it and pass --drop-missing, or pass {advice}"
        )


def _columns(surveys: dict[str, Survey], wanted: Wanted) -> tuple[list[Column], dict[str, str]]:
    """The columns that become inputs, and why others do not."""
    names = wanted.features or [name for name in surveys if name != wanted.target]
    columns, left_out = [], {}
    for name in names:
        column = surveys[name]
        is_asked = name in (wanted.features or ()) or name in wanted.categorical
        if not column.n_numbers and not column.n_texts:
            left_out[name] = "empty"
        elif not column.is_text:
            _require_numbers(column, f"--categorical {name!r} if these are names")
            columns.append(Column(name))
        elif column.has_too_many and is_asked:
            raise ValueError(
                f"expected at most {MAX_TEXTS} different texts in the column {name!r}, but there are more: "
                "leave it out"
            )
        elif not is_asked and (
            len(column.texts) > FEW_TEXTS or 2 * len(column.texts) > column.n_texts + column.n_numbers
        ):
            many = f"more than {MAX_TEXTS}" if column.has_too_many else len(column.texts)
            left_out[name] = f"{many} different texts"
        else:
            columns.append(Column(name, tuple(sorted(column.texts))))
    if not columns:
        reasons = "; ".join(f"{name!r} has not: {reason}" for name, reason in left_out.items())
        raise ValueError(
            f"expected other columns with numbers or categories than the target {wanted.target!r}, but "
            f"{reasons or 'there are none'}"
        )
    return columns, left_out


def _read(table: Table, columns: Sequence[Column], target: Column) -> tuple[Array, Indices]:
    """The columns and the target of all rows, and their lines."""
    every = [*columns, target]
    read, lines = [], []
    for chunk in table.chunks():
        read.append(np.column_stack([column.read(table, chunk) for column in every]))
        lines.append(np.array(chunk.lines))
    return np.concatenate(read), np.concatenate(lines)


def _without_missing(
    table: Table, columns: Sequence[Column], wanted: Wanted, read: Array, lines: Indices
) -> tuple[Array, Indices, int]:
    """The rows in which nothing is missing, if others may be dropped, and how many were."""
    missing = np.isnan(read)
    has_missing = missing.any(axis=1)
    n = int(has_missing.sum())
    if not n:
        return read, lines, 0
    row = int(has_missing.argmax())
    name = [*(column.name for column in columns), wanted.target][int(missing[row].argmax())]
    if not wanted.drop_missing:
        raise ValueError(
            f"expected a value in each cell, but line {lines[row]} of {str(table.path)!r} has none for "
            f"{name!r}, and {n} of {len(read)} rows miss one: fill them in, pass --drop-missing to leave "
            "these rows out, or --features with other columns"
        )
    if n == len(read):
        raise ValueError(f"expected rows in which nothing is missing, but all {n} miss something")
    return read[~has_missing], lines[~has_missing], n


def _task(
    target: Survey, names: tuple[str, ...] | None, values: Array, asked: str | None
) -> tuple[tuple[Label, ...] | None, str, Array]:
    """The classes, or None for regression; what decided that; and the targets as numbers or places."""
    if len(values) < MIN_ROWS:
        raise ValueError(f"expected at least {MIN_ROWS} rows to train on, but there are {len(values)}")
    distinct, places = np.unique(values, return_inverse=True)
    n = len(distinct)
    if n == 1:
        only = number_label(float(distinct[0])) if names is None else names[int(distinct[0])]
        raise ValueError(
            f"expected different values in the target {target.name!r}, but it is {only!r} in all rows: "
            "there is nothing to learn"
        )
    is_whole = bool((distinct == np.round(distinct)).all())
    if names is not None:
        reason = f"{n} different texts"
    elif n == 2:
        reason = "2 different numbers"
    elif is_whole and n <= FEW_NUMBERS and ROWS_EACH * n <= len(values):
        reason = f"whole numbers, only {n} different ones"
    else:
        reason = f"{n} different numbers"
        if asked != "classification":
            return None, reason, values
    if asked == "regression":
        return None, reason, values
    if n > MAX_CLASSES:
        raise ValueError(
            f"expected at most {MAX_CLASSES} classes in the target {target.name!r}, but it has {n}: choose "
            "regression"
        )
    if names is not None:
        return tuple(names[int(k)] for k in distinct), reason, places.astype(float)
    return tuple(number_label(x) for x in distinct.tolist()), reason, places.astype(float)


def _other_task(names: Sequence[str] | None, classes: Sequence[Label] | None, targets: Array) -> str | None:
    if names is not None:
        return None
    if classes is not None:
        return "regression"
    distinct, sizes = np.unique(targets, return_counts=True)
    return "classification" if len(distinct) <= MAX_CLASSES and sizes.min() > 1 else None


def _check_classes(name: str, classes: Sequence[Label], targets: Array, lines: Indices) -> None:
    """Raise ValueError for a class with a single row, which cannot be both learnt and tested."""
    sizes = np.bincount(targets.astype(int))
    if sizes.min() < 2:
        k = int(sizes.argmin())
        raise ValueError(
            f"expected at least two rows of each class, but {classes[k]!r} of the target {name!r} is in "
            f"line {lines[targets == k][0]} only: remove that row or choose another --task"
        )


def _varying(
    columns: Sequence[Column], read: Array, left_out: dict[str, str]
) -> tuple[tuple[Column, ...], Array]:
    """The columns that are not the same in all rows, with those categories alone that are there."""
    kept, numbers = [], []
    for column, values in zip(columns, read.T, strict=True):
        if column.categories is not None:
            used, values = np.unique(values, return_inverse=True)
            column = column._replace(categories=tuple(column.categories[int(k)] for k in used))
        if values.min() == values.max():
            left_out[column.name] = "the same in all rows"
        else:
            kept.append(column)
            numbers.append(values.astype(float))
    if not kept:
        raise ValueError(
            f"expected columns that differ from row to row, but {listed(c.name for c in columns)} "
            f"{'is' if len(columns) == 1 else 'are'} the same in all"
        )
    return tuple(kept), np.column_stack(numbers)


def _scale(name: str, numbers: Array) -> tuple[float, float]:
    """The mean and the standard deviation, 1 instead of one that is 0 or nearly so."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = float(numbers.mean()), float(numbers.std())
        if not np.isfinite((np.ptp(numbers), mean, scale)).all():
            raise ValueError(
                f"expected numbers of which a standard deviation can be computed in the column {name!r}, "
                f"but they go from {numbers.min():g} to {numbers.max():g}: correct them or divide them by "
                "a constant"
            )
    return mean, scale if scale >= SMALLEST else 1.0
