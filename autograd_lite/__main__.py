"""``python -m autograd_lite``, and the console script ``autograd-lite``."""

import sys
from collections.abc import Sequence

from autograd_lite import __version__, command_line


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; by default that of the process's arguments."""
    return command_line.main(sys.argv[1:] if argv is None else argv, __version__)


if __name__ == "__main__":
    sys.exit(main())
