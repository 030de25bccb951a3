"""What the tests of `train` and `predict` share: the commands without the main program, and tables."""

import argparse

import numpy as np

from autograd_lite.command_line.tables import _predict, _train


def run(*words):
    """What a command returns; its errors go through."""
    parser = argparse.ArgumentParser(prog="autograd-lite")
    subparsers = parser.add_subparsers(required=True)
    for module in (_train, _predict):
        module.add_command(subparsers)
    arguments = parser.parse_args(list(map(str, words)))
    return arguments.run(arguments)


def write(path, text, encoding="utf-8"):
    """A file with this text, line ends as they are."""
    path.write_bytes(text.encode(encoding))
    return path


def table(header, rows, delimiter=","):
    """The text of a table whose cells need no quotes."""
    lines = [header, *([str(cell) for cell in row] for row in rows)]
    return "\n".join(delimiter.join(line) for line in lines) + "\n"


def flowers(n=60, seed=0):
    """Three kinds, told apart by two numbers and a colour; a column of names and one that is constant."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        kind = i % 3
        length, width = rng.normal(3 * kind, 0.4), rng.normal(-2 * kind, 0.4)
        colour = ["white", "blue", "blue"][kind]
        yield f"{length:.3f}", f"{width:.3f}", colour, f"flower {i}", "7", ["rose", "iris", "lily"][kind]


FLOWERS = table(["length", "width", "colour", "name", "seven", "kind"], flowers())


def houses(n=80, seed=0):
    """A price that is nearly linear in two numbers, in a town or not."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        area, age, town = rng.uniform(50, 200), rng.uniform(0, 90), rng.integers(2)
        price = 3000 * area - 900 * age + 100_000 * town + rng.normal(0, 5000)
        yield f"{area:.1f}", f"{age:.1f}", ["no", "yes"][town], f"{price:.0f}"


HOUSES = table(["area", "age", "town", "price"], houses())
