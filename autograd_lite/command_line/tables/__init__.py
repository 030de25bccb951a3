"""The commands about tables in CSV files: `train` makes a network for a column, `predict` asks it."""

from autograd_lite.command_line.tables import _predict, _train

__all__ = ["COMMANDS"]

COMMANDS = (_train, _predict)
