"""What may follow the options of `train` and `predict`: each function reads the text of one of them."""

import csv
import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from io import StringIO

from autograd_lite.nn import ACTIVATIONS

DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " "}


def names(text: str) -> list[str]:
    """Names of columns, separated by commas; one with a comma in it is in quotes, as in a CSV file."""
    found = [name.strip() for name in next(csv.reader(StringIO(text), skipinitialspace=True), [])]
    if not found or "" in found:
        raise ArgumentTypeError(f"expected names of columns, separated by commas, but got {text!r}")
    return found


def sizes(text: str) -> list[int]:
    """Numbers of neurons, separated by commas; nothing for ``none``."""
    if text == "none":
        return []
    try:
        return [whole(1)(size) for size in text.split(",")]
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"expected the number of neurons of each hidden layer, such as 16,16, or none, but got {text!r}"
        ) from None


def activation(text: str) -> str:
    """The activation of a hidden layer."""
    fitting = [name for name, activation in ACTIVATIONS.items() if not activation.of_layer]
    if text not in fitting:
        raise ArgumentTypeError(f"expected one of {', '.join(fitting)}, but got {text!r}")
    return text


def whole(least: int) -> Callable[[str], int]:
    """A function that reads integers from `least` on."""

    def read(text: str) -> int:
        if not text.strip().isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"expected a whole number of at least {least}, but got {text!r}")
        return int(text)

    return read


def positive(text: str) -> float:
    """A number above 0."""
    x = _number(text)
    if not 0 < x < math.inf:
        raise ArgumentTypeError(f"expected a number above 0, but got {text!r}")
    return x


def share(text: str) -> float:
    """A number from 0 to less than 1."""
    x = _number(text)
    if not 0 <= x < 1:
        raise ArgumentTypeError(f"expected a number from 0 to less than 1, but got {text!r}")
    return x


def delimiter(text: str) -> str:
    """A character, or its name."""
    character = DELIMITER_NAMES.get(text, text)
    if len(character) != 1 or character in '"\r\n\0' or character.isalnum():
        raise ArgumentTypeError(f"expected one character, or {', '.join(DELIMITER_NAMES)}, but got {text!r}")
    return character


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
