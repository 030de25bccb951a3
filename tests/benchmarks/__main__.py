"""The command line: `python -m tests.benchmarks [moons] [calculus] [memory] [deep]`."""

from __future__ import annotations

import argparse

from . import calculus, deep, memory, moons
from .report import print_table

BENCHMARKS = {"moons": moons, "calculus": calculus, "memory": memory, "deep": deep}

EPILOG = """\
Contenders are compared two at a time, in fresh processes of their own, in turns; a turn is several
consecutive steps in CPU time, begun with nothing left to collect. The ratio is ours to the peer's, the
median over the turns. It is what outlives the machine; milliseconds are not. Peers that are not
installed are left out: pip install "autograd_lite[bench]".
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure autograd_lite beside its peers. A bar is the most that we allow ourselves.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "benchmarks",
        nargs="*",
        metavar="benchmark",
        help=f"any of {', '.join(BENCHMARKS)}; all of them when none is named",
    )
    names = parser.parse_args().benchmarks or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; choose from {', '.join(BENCHMARKS)}")
    for name in names:
        benchmark = BENCHMARKS[name]
        print_table(benchmark.TITLE, benchmark.UNIT, benchmark.rows())


if __name__ == "__main__":
    main()
