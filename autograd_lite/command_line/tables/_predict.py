"""``predict model.npz data.csv``: what a trained network says of the rows of a table."""

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite.command_line.tables._arguments import delimiter
from autograd_lite.command_line.tables._encoding import Encoding, encoding_of, has_encoding
from autograd_lite.command_line.tables._report import scores_text
from autograd_lite.command_line.tables._scores import part_scores
from autograd_lite.command_line.tables._table import DELIMITERS, Array, Table, listed, records, table_at
from autograd_lite.drawing._picture import write
from autograd_lite.nn import Module
from autograd_lite.training import load
from autograd_lite.training._archive import file_at

EXAMPLES = """\
examples:
  autograd-lite predict flowers_model/model.npz new_flowers.csv -o predictions.csv
  autograd-lite predict flowers_model/model.npz new_flowers.csv | less
  autograd-lite predict flowers_model/model.npz new_flowers.csv --json

The columns that the model was trained on are found by their names, in any order. All columns are kept, and
behind them come the prediction and, for classes, the probability of each. If the target is among the columns,
it is said on standard error how good the predictions are.
"""

PREDICTION, PROBABILITY = "prediction", "probability_"
ABOUT = ("data", "target", "task", "metrics", "dropped_rows")  # what comes before the predictions in JSON


def add_command(subparsers: Any) -> None:
    """Add ``predict`` to the commands."""
    parser = subparsers.add_parser(
        "predict",
        help="predict with a trained network",
        description="Predict a column of a CSV file with a model that train wrote.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("model", type=Path, metavar="model.npz", help="the file that train wrote")
    add(
        "data", type=Path, metavar="data.csv", help="the table with the columns that the model was trained on"
    )
    add("-o", "--output", type=Path, metavar="FILE", help="where to write (default: standard output)")
    add("--delimiter", type=delimiter, metavar="CHARACTER", help="between cells: found unless it is given")
    add("--drop-missing", action="store_true", help="leave out rows in which something is missing")
    add("--json", action="store_true", help="write JSON instead of CSV")
    add("--quiet", action="store_true", help="do not say how good the predictions are")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the predictions, all of them or, if there is an error, none."""
    model, encoding = _model(arguments.model)
    table = table_at(arguments.data, arguments.delimiter)
    _check_columns(table, encoding)
    output = None if arguments.output in (None, Path("-")) else _output(arguments)
    rows = _rows(table, encoding, arguments.drop_missing)
    X = encoding.encode(rows.read)
    predictions = [_label(encoding, x) for x in encoding.predictions(model, X).tolist()]
    probabilities = None if encoding.classes is None else encoding.probabilities(model, X)
    metrics = None
    if not np.isnan(rows.targets).all():
        known = ~np.isnan(rows.targets)
        scores = part_scores(model, encoding, X[known], encoding.encode_target(rows.targets[known]))
        metrics = {"rows": int(known.sum()), **scores}
    with _written_at_once(output) as stream:
        if arguments.json:
            _write_json(stream, encoding, table, rows, predictions, probabilities, metrics)
        else:
            _write_csv(stream, encoding, table, rows, predictions, probabilities)
    if not arguments.quiet:
        if n := int((~rows.is_kept).sum()):
            print(f"{n} of {len(rows.is_kept)} rows are left out, as something is missing", file=sys.stderr)
        if metrics is not None and not arguments.json:
            print(scores_text({f"predictions of {encoding.target!r}": metrics}), file=sys.stderr)
    return 0


class _Rows(NamedTuple):
    """The rows of a table as `Encoding.read` gives them, and the targets, NaN where they are not known."""

    read: Array
    targets: Array
    lines: NDArray[np.int64]
    is_kept: NDArray[np.bool_]


def _model(path: Path) -> tuple[Module, Encoding]:
    """The model in a file, and what it was trained on."""
    saved = load(path)
    if not has_encoding(saved.metadata):
        raise ValueError(
            f"expected a model that was trained on a table, but {str(path)!r} does not say on which "
            "columns: write it with train, or load it in Python"
        )
    assert saved.metadata is not None
    try:
        encoding = encoding_of(saved.metadata)
        outputs = saved.model([0.0] * encoding.n_inputs)
        n = len(outputs) if isinstance(outputs, list) else 1
        if n != encoding.n_outputs:
            raise ValueError(f"it has {n} outputs, and {encoding.n_outputs} are needed")
    except ValueError as error:
        raise ValueError(f"expected a model that train wrote, but {str(path)!r} is none: {error}") from None
    return saved.model, encoding


def _check_columns(table: Table, encoding: Encoding) -> None:
    """Raise ValueError unless the inputs are there, and the names of the outputs are free."""
    missing = [column.name for column in encoding.columns if column.name not in table.names]
    if len(missing) == 1:
        table.find(missing[0], "column that the model needs")
    if missing:
        raise ValueError(
            f"expected the columns that the model was trained on in {str(table.path)!r}, but "
            f"{listed(missing)} are not there: it has {listed(table.names)}"
        )
    if taken := [name for name in _added(encoding) if name in table.names]:
        raise ValueError(
            f"expected a table without predictions, but {str(table.path)!r} has a column {taken[0]!r}: "
            "rename or remove it"
        )


def _output(arguments: argparse.Namespace) -> Path:
    """The file to write, if nothing else is lost by that."""
    file = file_at(arguments.output)
    if not file.exists():
        return file
    for other in (arguments.data, arguments.model):
        if file.samefile(other):
            raise ValueError(f"expected another file for -o than {str(other)!r}, which would be lost")
    marks = {*DELIMITERS, *filter(None, [arguments.delimiter])}
    if file.stat().st_size and not (_begins_as_csv(file, marks) or _begins_as_json(file)):
        raise ValueError(
            f"expected a new file for -o, or one with predictions, but {str(arguments.output)!r} is "
            "another one: choose another name or remove it"
        )
    return file


def _begins_as_csv(file: Path, marks: set[str]) -> bool:
    """Whether a file has the header of a table with predictions: they and the probabilities come last."""
    for mark in marks:
        with suppress(ValueError):
            _, names = next(records(file, mark), (1, []))
            if PREDICTION in names[1:]:
                added = names[names.index(PREDICTION) + 1 :]
                return all(name.startswith(PROBABILITY) for name in added)
    return False


def _begins_as_json(file: Path) -> bool:
    """Whether the first line of a file is that of predictions in JSON."""
    with file.open("rb") as stream, suppress(ValueError, RecursionError):
        about = json.loads(stream.readline(2**20) + b"]}")
        return isinstance(about, dict) and list(about) == [*ABOUT, f"{PREDICTION}s"]
    return False


def _rows(table: Table, encoding: Encoding, drop_missing: bool) -> _Rows:
    """The rows in which nothing is missing, which all must be unless they may be dropped."""
    place = table.names.index(encoding.target) if encoding.target in table.names else None
    read, lines, targets = [np.empty((0, len(encoding.columns)))], [], []
    for chunk in table.chunks():
        read.append(encoding.read(table, chunk))
        lines += chunk.lines
        cells = [""] * len(chunk.rows) if place is None else chunk.column(place)
        targets += [encoding.target_of(cell) for cell in cells]
    numbers = np.concatenate(read)
    missing = np.isnan(numbers)
    is_kept = np.asarray(~missing.any(axis=1))
    if not lines:
        raise ValueError(f"expected rows below the header of {str(table.path)!r}, but there are none")
    if not is_kept.all() and not drop_missing:
        row = int(is_kept.argmin())
        name = encoding.columns[int(missing[row].argmax())].name
        raise ValueError(
            f"expected a value for each input, but line {lines[row]} of {str(table.path)!r} has none for "
            f"{name!r}, and {(~is_kept).sum()} of {len(lines)} rows miss one: fill them in, or pass "
            "--drop-missing"
        )
    if not is_kept.any():
        raise ValueError(f"expected rows in which nothing is missing, but all {len(lines)} miss something")
    return _Rows(numbers[is_kept], np.array(targets)[is_kept], np.array(lines)[is_kept], is_kept)


def _label(encoding: Encoding, prediction: float) -> Any:
    """A prediction as people write it."""
    return prediction if encoding.classes is None else encoding.classes[int(prediction)]


def _added(encoding: Encoding) -> list[str]:
    """The names of the columns that come behind the others."""
    return [PREDICTION, *(f"{PROBABILITY}{label}" for label in encoding.classes or ())]


def _write_csv(
    stream: IO[str],
    encoding: Encoding,
    table: Table,
    rows: _Rows,
    predictions: list[Any],
    probabilities: Array | None,
) -> None:
    """The rows of the table as they are, each with what is predicted."""
    writer = csv.writer(stream, delimiter=table.delimiter, lineterminator="\n")
    writer.writerow([*table.names, *_added(encoding)])
    start = k = 0
    for chunk in table.chunks():
        kept = rows.is_kept[start : start + len(chunk.rows)]
        start += len(chunk.rows)
        for cells, is_kept in zip(chunk.rows, kept.tolist(), strict=True):
            if is_kept:
                said = predictions[k]
                added = [said if encoding.classes else f"{said:.10g}"]
                if probabilities is not None:
                    added += [f"{p:.6g}" for p in probabilities[k]]
                writer.writerow([*cells, *added])
                k += 1


def _write_json(
    stream: IO[str],
    encoding: Encoding,
    table: Table,
    rows: _Rows,
    predictions: list[Any],
    probabilities: Array | None,
    metrics: dict[str, float] | None,
) -> None:
    """An object whose last member is a list with an object for each row, one a line."""
    task = "regression" if encoding.classes is None else "classification"
    n_dropped = int((~rows.is_kept).sum())
    about = dict(zip(ABOUT, (str(table.path), encoding.target, task, metrics, n_dropped), strict=True))
    stream.write(json.dumps(about)[:-1] + f', "{PREDICTION}s": [')
    for k, (line, said) in enumerate(zip(rows.lines.tolist(), predictions, strict=True)):
        row = {"line": line, PREDICTION: said}
        if probabilities is not None:
            assert encoding.classes is not None
            labels = map(str, encoding.classes)
            row["probabilities"] = dict(zip(labels, probabilities[k].tolist(), strict=True))
        stream.write(f"{',' * bool(k)}\n  {json.dumps(row)}")
    stream.write("\n]}\n")


@contextmanager
def _written_at_once(file: Path | None) -> Iterator[IO[str]]:
    """A context with a stream whose text comes to a file, or to standard output, if there is no error."""
    with TextIOWrapper(tempfile.TemporaryFile(), encoding="utf-8", newline="") as stream:
        yield stream
        stream.seek(0)
        if file is not None:
            write(file, stream.buffer.read())
        elif sys.stdout:  # a window application has none
            while text := stream.read(2**20):
                sys.stdout.write(text)
