"""The command line, behind ``python -m autograd_lite``."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from autograd_lite.command_line._errors import UsageError, report
from autograd_lite.command_line._parser import parse
from autograd_lite.training import DivergenceError

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
        0, or 1 if something failed, 2 if the arguments or the data are wrong, 130 if it was interrupted, 141
        if nobody reads the output any more.

    Examples
    --------
    >>> main(["explain", "z = w*x; z**2", "w=2", "x=3", "--wrt", "w", "--ascii"])
    f = 36
    <BLANKLINE>
    name  value  df/dname
    w         2        36
    x         3        24
    z         6        12
    <BLANKLINE>
    df/dw = df/dz * dz/dw
          = (2*z) * x
          = 12    * 3
          = 36
    <BLANKLINE>
    f = z**2 = 6**2 = 36
    z = w*x = 2*3 = 6
    0
    """
    try:
        return _run(argv, version)
    except UsageError as error:
        report(error.message, error.place)
        return USAGE
    except BrokenPipeError:  # as of `autograd-lite ... | head`
        with suppress(OSError, ValueError):  # Python flushes it once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        reason = error.strerror or str(error)
        report(f"{error.filename}: {reason}" if error.filename else reason)
    except ValueError as error:
        report(str(error))
        return USAGE
    except (ImportError, DivergenceError) as error:
        report(str(error))
    except MemoryError:
        report("this needs more memory than there is")
    except KeyboardInterrupt:
        report("interrupted")
        return INTERRUPTED
    except Exception as error:
        report(f"unexpected {type(error).__name__}, please report it with this command: {error}")
    return FAILED


def _run(argv: Sequence[str], version: str) -> int:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # for names that the terminal cannot show
    try:
        arguments = parse(argv, version)
        code: int = arguments.run(arguments)
    except SystemExit as end:  # argparse's, after --help and --version
        code = int(end.code or 0)
    if sys.stdout:  # a window application has none
        sys.stdout.flush()
    return code
