"""The command line, behind ``python -m autograd_lite``."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from autograd_lite.command_line._errors import UsageError, report
from autograd_lite.command_line._parser import parse

__all__ = ["main"]

FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141


def main(argv: Sequence[str], version: str = "") -> int:
    """Run a command, and return its exit code.

    Results go to standard output. An error is one line on standard error that begins with
    ``autograd-lite: error:``, perhaps followed by the expression and a line that points into it.

    Parameters
    ----------
    argv : sequence of str
        The arguments, beginning with the name of the command.
    version : str, optional
        What ``--version`` prints.

    Returns
    -------
    int
        0, or 1 if something failed, 2 if the arguments are wrong, 130 if it was interrupted, 141 if nobody
        reads the output any more.

    Examples
    --------
    >>> main(["explain", "x**2", "x=3", "--ascii"])
    """
    try:
        code = _run(argv, version)
        sys.stdout.flush()
    except BrokenPipeError:  # as of `autograd-lite ... | head`
        with suppress(OSError, ValueError):  # Python flushes it once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


def _run(argv: Sequence[str], version: str) -> int:
    try:
        _prepare(sys.stdout)
        arguments = parse(argv, version)
        code: int = arguments.run(arguments)
        return code
    except UsageError as error:
        report(error.message, error.place)
        return USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        report(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (ImportError, ValueError) as error:
        report(str(error))
    except KeyboardInterrupt:
        report("interrupted")
        return INTERRUPTED
    except SystemExit as end:  # argparse's, after --help and --version
        return int(end.code or 0)
    except Exception as error:
        report(f"unexpected {type(error).__name__}, please report it with this command: {error}")
    return FAILED


def _prepare(stream: object) -> None:
    """Let a stream write characters that it cannot encode as escapes."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
