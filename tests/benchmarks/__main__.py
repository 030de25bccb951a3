"""The command line: `python -m tests.benchmarks [moons] [network] ...`, or `--write` for all and the page."""

from __future__ import annotations

import argparse
from types import ModuleType

from . import (
    buffers,
    calculus,
    chain,
    compilation,
    deep,
    memory,
    moons,
    network,
    page,
    per_example,
    rosenbrock,
    training,
)
from .report import print_table

BENCHMARKS = {
    "moons": moons,
    "network": network,
    "training": training,
    "rosenbrock": rosenbrock,
    "examples": per_example,
    "chain": chain,
    "compilation": compilation,
    "buffers": buffers,
    "calculus": calculus,
    "memory": memory,
    "deep": deep,
}

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
    parser.add_argument("--write", action="store_true", help="run all of them and write docs/benchmarks.md")
    arguments = parser.parse_args()
    names = arguments.benchmarks or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; choose from {', '.join(BENCHMARKS)}")
    if arguments.write and arguments.benchmarks:
        parser.error("--write runs all the benchmarks: name none")
    tables = [(benchmark, _table(benchmark)) for benchmark in map(BENCHMARKS.__getitem__, names)]
    if arguments.write:
        page.write(tables)


def _table(benchmark: ModuleType) -> str:
    return print_table(benchmark.TITLE, benchmark.UNIT, benchmark.rows())


if __name__ == "__main__":
    main()
