"""``train data.csv --target column``: a network for a column of a table, from the others."""

import argparse
import json
import sys
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from autograd_lite._extras import import_extra
from autograd_lite.command_line.tables._arguments import (
    activation,
    delimiter,
    names,
    positive,
    share,
    sizes,
    whole,
)
from autograd_lite.command_line.tables._data import TASKS, Indices, Rows, Wanted, rows_of, scaled, split
from autograd_lite.command_line.tables._encoding import Encoding
from autograd_lite.command_line.tables._files import CURVES, MODEL, REPORT, require_folder, written_at_once
from autograd_lite.command_line.tables._report import AS_ASKED, beginning, end, page
from autograd_lite.command_line.tables._scores import scores
from autograd_lite.command_line.tables._table import Array, Table, table_at
from autograd_lite.nn import MLP
from autograd_lite.optim import Adam
from autograd_lite.training import DivergenceError, History, fit, save

Parts = dict[str, tuple[Array, Array]]

EXAMPLES = """\
examples:
  autograd-lite train flowers.csv --target species
  autograd-lite train houses.csv --target price --features area,rooms,town --hidden 32,32
  autograd-lite train patients.csv --target ill --drop-missing --epochs 200 -o ill_model
  autograd-lite predict flowers_model/model.npz new_flowers.csv -o predictions.csv

The file has a line with the names of the columns, then a row for each example. Columns of numbers are
standardized, columns of up to 20 different texts become an input for each text. Some rows are held out: to
find out when to stop (--validation), and to find out how good the model is (--test). Ctrl-C ends the
training and keeps the best weights so far. The same seed gives the same files.
"""

# Where an epoch has more steps than this, batches are larger than the smallest.
STEPS, SMALLEST, LARGEST = 300, 32, 1024
MOST_PARAMETERS = 1_000_000


def add_command(subparsers: Any) -> None:
    """Add ``train`` to the commands."""
    parser = subparsers.add_parser(
        "train",
        help="train a network on a CSV file",
        description="Train a multilayer perceptron that predicts a column of a CSV file from the others.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("data", type=Path, metavar="data.csv", help="the table: commas, semicolons or tabs, in UTF-8")
    add("--target", required=True, metavar="COLUMN", help="what to predict")
    add(
        "--features",
        type=names,
        metavar="A,B,...",
        help="what to predict it from (default: all other columns)",
    )
    add(
        "--categorical",
        type=names,
        default=[],
        metavar="A,B,...",
        help="columns whose numbers are names, such as a postal code",
    )
    add("--task", choices=TASKS, help="found from the target unless it is given")
    add(
        "--hidden",
        type=sizes,
        default=[16, 16],
        metavar="N,N,...",
        help="neurons of the hidden layers; none for a linear model (default: 16,16)",
    )
    add(
        "--activation",
        type=activation,
        default="tanh",
        metavar="NAME",
        help="of the hidden layers (default: tanh)",
    )
    add(
        "--epochs",
        type=whole(1),
        default=500,
        metavar="N",
        help="how many times through the data at most (default: 500)",
    )
    add("--lr", type=positive, default=0.003, metavar="RATE", help="learning rate of Adam (default: 0.003)")
    add(
        "--batch-size",
        type=whole(1),
        metavar="N",
        help="examples of a step (default: 32, more if there are very many rows)",
    )
    add(
        "--test",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="of the rows, to judge the model with at the end (default: 0.2)",
    )
    add(
        "--validation",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="of the rows, to stop when their loss falls no more; 0 to go through all epochs (default: 0.2)",
    )
    add(
        "--patience",
        type=whole(1),
        default=30,
        metavar="N",
        help="epochs without a lower validation loss before it stops (default: 30)",
    )
    add("--seed", type=whole(0), default=0, metavar="N", help="of all random choices (default: 0)")
    add(
        "--delimiter",
        type=delimiter,
        metavar="CHARACTER",
        help="between cells: found unless it is given; tab for a tab",
    )
    add("--drop-missing", action="store_true", help="leave out rows in which something is missing")
    add(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help="where to write model, curves and report (default: the name of the data and _model)",
    )
    add("--json", action="store_true", help="print the result as JSON")
    add("--quiet", action="store_true", help="print nothing but errors")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train a model, and write it with its curves and a report; 130 after Ctrl-C, otherwise 0."""
    table = table_at(arguments.data, arguments.delimiter)
    folder = arguments.output or Path(f"{arguments.data.stem}_model")
    is_again = require_folder(folder, arguments.data, arguments.target)
    wanted = Wanted(
        arguments.target, arguments.features, arguments.categorical, arguments.task, arguments.drop_missing
    )
    rows = rows_of(table, wanted)
    rng = np.random.default_rng(arguments.seed)
    chosen = split(rows, arguments.test, arguments.validation, rng)
    encoding = scaled(rows, chosen["training"])
    parts = {name: _numbers(rows, encoding, places) for name, places in chosen.items() if len(places)}
    widths = [encoding.n_inputs, *arguments.hidden, encoding.n_outputs]
    n = sum((before + 1) * after for before, after in pairwise(widths))
    if n > MOST_PARAMETERS:
        raise ValueError(
            f"expected a network of at most {MOST_PARAMETERS} parameters, but this one has {n}: choose "
            "fewer neurons for --hidden"
        )
    model = MLP(encoding.n_inputs, widths[1:], arguments.activation, seed=rng)
    batch_size = arguments.batch_size or _batch_size(len(chosen["training"]))
    summary = _summary(table, rows, encoding, model, arguments, parts, batch_size)
    is_talkative = not (arguments.quiet or arguments.json)
    can_draw = _can_draw(arguments.quiet)
    with written_at_once(folder) as place:
        # What cannot be written should be known before the training.
        metadata = encoding.metadata() | {"data": arguments.data.name}
        save(place / MODEL, model, metadata=metadata)
        if is_talkative:
            print(beginning(summary))
        history = _trained(model, encoding, parts, arguments, batch_size, rng)
        summary |= {"epochs": len(history), "stopped": history.stop_reason}
        summary |= scores(model, encoding, parts)
        save(place / MODEL, model, history=history, metadata=metadata)
        curves = _curves(history) if can_draw else b""
        if curves:
            (place / CURVES).write_bytes(curves)
        (place / REPORT).write_text(page(summary, curves), encoding="utf-8")
    files = [str(folder / name) for name in ((MODEL, CURVES, REPORT) if curves else (MODEL, REPORT))]
    if is_talkative:
        print(end(summary, files, is_again))
    elif not arguments.quiet:
        print(json.dumps(summary | {"files": files}, indent=2))
    return 130 if history.is_interrupted else 0


def _numbers(rows: Rows, encoding: Encoding, places: Indices) -> tuple[Array, Array]:
    """What the network is given of some rows, and what it should say."""
    return encoding.encode(rows.read[places]), encoding.encode_target(rows.targets[places])


def _batch_size(n: int) -> int:
    """32 examples, or as many as make 300 steps of an epoch, but no more than 1024."""
    return min(max(SMALLEST, n // STEPS), LARGEST)


def _summary(
    table: Table,
    rows: Rows,
    encoding: Encoding,
    model: MLP,
    arguments: argparse.Namespace,
    parts: Parts,
    batch_size: int,
) -> dict[str, Any]:
    """What there is to say before the training."""
    task = "regression" if encoding.classes is None else "classification"
    return {
        "data": str(arguments.data),
        "columns": len(table.names),
        "delimiter": table.delimiter,
        "rows": {name: len(targets) for name, (_, targets) in parts.items()},
        "dropped_rows": rows.n_dropped,
        "target": encoding.target,
        "task": task,
        "reason": AS_ASKED if arguments.task else rows.reason,
        "other_task": None if arguments.task else rows.other_task,
        "classes": None if encoding.classes is None else list(encoding.classes),
        "inputs": encoding.metadata()["columns"],
        "left_out": rows.left_out,
        "model": repr(model),
        "parameters": len(model.parameters()),
        "loss": encoding.loss,
        "optimizer": repr(Adam(arguments.lr)),
        "batch_size": batch_size,
        "patience": arguments.patience if "validation" in parts else None,
        "seed": arguments.seed,
    }


def _can_draw(is_quiet: bool) -> bool:
    """Whether there is matplotlib; if not, it is said, and the training goes on."""
    try:
        import_extra("matplotlib.figure", "plot")
    except ImportError as error:
        if not is_quiet:
            print(f"there will be no {CURVES}: {error}", file=sys.stderr)
        return False
    return True


def _trained(
    model: MLP,
    encoding: Encoding,
    parts: Parts,
    arguments: argparse.Namespace,
    batch_size: int,
    rng: np.random.Generator,
) -> History:
    """Train the model, which then has the best weights, after Ctrl-C too."""
    validation = parts.get("validation")
    how: dict[str, Any] = {
        "loss": encoding.loss,
        "optimizer": Adam(arguments.lr),
        "batch_size": batch_size,
        "validation": validation,
        "patience": None if validation is None else arguments.patience,
    }
    progress = False if arguments.quiet else None
    try:
        history = fit(model, *parts["training"], epochs=arguments.epochs, seed=rng, progress=progress, **how)
    except DivergenceError as error:
        raise DivergenceError(f"{error} (--lr is {arguments.lr:g})", error.history) from None
    if not history.is_interrupted:
        return history
    if not len(history):
        raise KeyboardInterrupt
    # A training that goes on for no epoch ends as others do: with the best weights.
    ended = fit(model, *parts["training"], epochs=len(history), history=history, progress=False, **how)
    ended.stop_reason, ended.is_interrupted = history.stop_reason, True
    if ended.val_loss and (best := int(np.argmin(ended.val_loss)) + 1) < len(ended):
        ended.stop_reason += f", the weights are those of epoch {best}"
    return ended


def _curves(history: History) -> bytes:
    """The picture of the losses, the same for the same history."""
    matplotlib = import_extra("matplotlib", "plot")
    picture = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "autograd_lite"}):
        history.plot().savefig(picture, format="svg", metadata={"Date": None})
    return picture.getvalue()
