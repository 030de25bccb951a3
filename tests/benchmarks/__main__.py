"""The command line: `python -m tests.benchmarks [moons] [network] ...`, or `--write` for all and the page."""

from __future__ import annotations

import argparse
from importlib import import_module
from types import ModuleType

# Imported when they are run: fresh processes import this module, and what it imports would be objects that
# the collector visits on behalf of contenders that do not need them.
BENCHMARKS = {
    "moons": "moons",
    "network": "network",
    "training": "training",
    "rosenbrock": "rosenbrock",
    "examples": "per_example",
    "chain": "chain",
    "compilation": "compilation",
    "buffers": "buffers",
    "calculus": "calculus",
    "memory": "memory",
    "deep": "deep",
    "pictures": "pictures",
    "classifiers": "classifiers",
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
    tables = [_run(BENCHMARKS[name]) for name in names]
    if arguments.write:
        import_module(".page", __package__).write(tables)


def _run(name: str) -> tuple[ModuleType, str]:
    """A benchmark and its table."""
    benchmark = import_module(f".{name}", __package__)
    table = import_module(".report", __package__).print_table
    return benchmark, table(benchmark.TITLE, benchmark.UNIT, benchmark.rows())


if __name__ == "__main__":
    main()
