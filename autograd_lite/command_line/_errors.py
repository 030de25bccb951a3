"""What goes wrong on a command line: one line that says it, and where it can, the place in what was typed."""

import sys

from autograd_lite._names import one_line
from autograd_lite.explain._writing import width

WIDTH = 76  # of what is shown of a long expression
LONGEST = 1_000  # characters of a message


class UsageError(Exception):
    """What was typed cannot be done, in one line, perhaps followed by the place: exit code 2."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class Source(str):
    """The text of an expression, which errors point at.

    Examples
    --------
    >>> print(Source("log(x) + 1").error("log of -1", 0, 6).place)
      log(x) + 1
      ^^^^^^
    """

    def error(self, message: str, start: int, end: int) -> UsageError:
        """An error about the characters from `start` to before `end`."""
        text = one_line(self)
        start = max(min(start, len(text)), 0)
        end = max(min(end, len(text)), start + 1)
        first = max(start - WIDTH // 4, 0) if len(text) > WIDTH else 0
        last = first + WIDTH
        before, after = "..." * (first > 0), "..." * (last < len(text))
        blanks = " " * (len(before) + width(text[first:start]))
        carets = "^" * max(width(text[start : min(end, last)]), 1)
        return UsageError(message, f"  {before}{text[first:last]}{after}\n  {blanks}{carets}")


def report(message: str, place: str = "") -> None:
    """Write to standard error: ``autograd-lite: error:`` and the message in one line, then the place."""
    line = one_line(" ".join(message.split()))
    if len(line) > LONGEST:
        line = f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"
    if sys.stderr:  # a window application has none
        lines = "\n".join(["autograd-lite: error: " + line, *filter(None, [place])])
        encoding = sys.stderr.encoding or "utf-8"
        print(lines.encode(encoding, "replace").decode(encoding), file=sys.stderr, flush=True)
