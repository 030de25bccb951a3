"""Makes every derivative wrong, one after another, to see that the tests notice: `python -m tests.sabotage`.

The tests are collected once. Each sabotage happens in a process forked from there, which runs the tests,
those that mention the primitive first, until one fails. A test that noticed must pass when all is right.
"""

import argparse
import inspect
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import combinations
from math import isclose, isnan
from multiprocessing import connection, get_context
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis.configuration import set_hypothesis_home_dir

from autograd_lite import engine
from autograd_lite._primitive import Primitive, apply
from autograd_lite.engine import Value
from autograd_lite.ops import TABLE

ROOT = Path(__file__).parent.parent
# What is no test, or runs in processes of its own, where nothing is sabotaged.
IGNORED = ["benchmarks", "references", "test_demos.py", "test_demos_figures.py", "test_sabotage.py"]
SECONDS_FOR_A_TEST = 300

Function = Callable[..., Any]

CHANGES: dict[str, Function] = {
    "wrong sign": lambda d: -d,
    "factor 2": lambda d: 2.0 * d,
    "factor 1 + 1e-6": lambda d: (1 + 1e-6) * d,
    "0": lambda d: 0.0,
}


class Sabotage(NamedTuple):
    """Something wrong with a primitive; to `commit` it changes this process for good."""

    primitive: str
    what: str
    commit: Callable[[], None]

    def __str__(self) -> str:
        return f"{self.primitive}, {self.what}"


# Wrong rows of the table


def exchanged(xs: Sequence[Any], i: int = 0, j: int = 1) -> list[Any]:
    ys = list(xs)
    ys[i], ys[j] = xs[j], xs[i]
    return ys


def constant(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def wrong_partials(p: Primitive) -> Iterator[tuple[str, Any]]:
    """What may be wrong with the derivatives of a primitive, and the derivatives then."""
    if p.is_nary:
        yield from wrong_lists(p.partials)
        return
    by = [i for i, d in enumerate(p.partials) if d is not None]
    for i in by:
        for what, wrong in wrong_functions(p.partials[i], p.operands, by):
            yield f"by {p.operands[i]}: {what}", (*p.partials[:i], wrong, *p.partials[i + 1 :])
    for i, j in combinations(by, 2):
        what = f"by {p.operands[i]} and {p.operands[j]}: exchanged"
        yield what, tuple(exchanged(p.partials, i, j))


def wrong_functions(d: Function, names: Sequence[str], by: Sequence[int]) -> Iterator[tuple[str, Function]]:
    """Of the derivative by one operand."""
    for what, change in CHANGES.items():
        yield what, lambda y, *xs, change=change: change(d(y, *xs))
    for i, j in combinations(by, 2):
        yield f"{names[i]} and {names[j]} exchanged", lambda y, *xs, i=i, j=j: d(y, *exchanged(xs, i, j))
    # The second derivative alone is wrong if the first one does not remember on what it depends.
    yield "the result held constant", lambda y, *xs: d(constant(y), *xs)
    for i in by:
        yield (
            f"{names[i]} held constant",
            lambda y, *xs, i=i: d(y, *xs[:i], constant(xs[i]), *xs[i + 1 :]),
        )


def wrong_lists(f: Function) -> Iterator[tuple[str, Function]]:
    """Of the derivatives by any number of operands."""

    def changed(y: Any, xs: Any, change: Function, only: int | None = None) -> list[Any]:
        return [d if d is None or only not in (None, i) else change(d) for i, d in enumerate(f(y, xs))]

    for what, change in CHANGES.items():
        yield f"by all: {what}", partial(changed, change=change)
        yield f"by the first: {what}", partial(changed, change=change, only=0)
    yield "by the first two: exchanged", lambda y, xs: exchanged(f(y, xs)) if len(xs) > 2 else f(y, xs)
    yield "the first two operands exchanged", lambda y, xs: f(y, exchanged(xs) if len(xs) > 2 else xs)
    yield "the result held constant", lambda y, xs: f(constant(y), xs)
    yield "the operands held constant", lambda y, xs: f(y, [constant(x) for x in xs])
    yield "the first operand held constant", lambda y, xs: f(y, [constant(xs[0]), *xs[1:]])


def replace_partials(p: Primitive, partials: Any) -> None:
    object.__setattr__(p, "partials", partials)


# Those that are no different


@cache
def samples(p: Primitive) -> list[list[float]]:
    """Operands at which the primitive has a value."""
    random = np.random.default_rng(0)
    found: list[list[float]] = []
    while len(found) < 30:
        xs = random.uniform(-3, 3, 4 if p.is_nary else len(p.operands)).tolist()
        if p.name == "where":
            xs[0] = float(random.integers(2))
        if p.name == "softmax":
            xs[-1] = float(random.integers(3))
        try:
            p.value(xs) if p.is_nary else p.value(*xs)
        except (ValueError, ZeroDivisionError):
            continue
        found.append(xs)
    return found


def derivatives(p: Primitive, partials: Any, operands: Sequence[float]) -> list[float]:
    """The first and the second derivatives."""

    def first(y: Any, xs: Sequence[Any]) -> list[Any]:
        every = partials(y, xs) if p.is_nary else [d and d(y, *xs) for d in partials]
        return [d for d in every if d is not None]

    plain = {"where": 0, "softmax": len(operands) - 1}.get(p.name)
    xs = [x if i == plain else Value(x) for i, x in enumerate(operands)]
    leaves = [x for x in xs if isinstance(x, Value)]
    y = apply(p, tuple(xs))
    zeros = [Value(0.0)] * len(leaves)
    second = [d.gradient(leaves) if isinstance(d, Value) else zeros for d in first(y, xs)]
    return [*first(y.data, operands), *(s.data for row in second for s in row)]


def differ(p: Primitive, partials: Any, operands: Sequence[float]) -> bool:
    """Whether derivatives are not those of the primitive."""
    try:
        wrong = derivatives(p, partials, operands)
    except (ValueError, ZeroDivisionError):  # as of exchanged operands
        return True
    pairs = zip(derivatives(p, p.partials, operands), wrong, strict=True)
    return any(not isclose(a, b, rel_tol=1e-9) and not (isnan(a) and isnan(b)) for a, b in pairs)


# What engine.py writes out by hand


def wrong_methods() -> Iterator[Sabotage]:
    for what, change in CHANGES.items():
        for name, method, by in (("add", "__add__", "ab"), ("mul", "__mul__", "ab"), ("relu", "relu", "a")):
            for x in by:
                commit = partial(replace_method, method, f"_d{x}", change)
                yield Sabotage(name, f"Value.{method} by {x}: {what}", commit)
        for by, which in (("all", slice(None)), ("the first", slice(1))):
            yield Sabotage("dot", f"record_dots by {by}: {what}", partial(replace_record_dots, which, change))


def replace_method(name: str, slot: str, change: Function) -> None:
    method = getattr(Value, name)

    def wrong(self: Value, *operands: Any) -> Any:
        out = method(self, *operands)
        if all(type(x) is Value for x in operands) and out.op:
            setattr(out, slot, change(getattr(out, slot)))
        return out

    setattr(Value, name, wrong)


def replace_record_dots(which: slice, change: Function) -> None:
    record_dots = engine.record_dots

    def wrong(rows: Any, right: Any) -> list[Value]:
        nodes = record_dots(rows, right)
        for out in nodes:
            if out.op:
                partials = list(out._da)
                partials[which] = map(change, partials[which])
                out._da = partials
        return nodes

    for module in list(sys.modules.values()):
        if vars(module).get("record_dots") is record_dots:
            module.record_dots = wrong


def sabotages() -> tuple[list[Sabotage], int]:
    """All of them, and how many were left out because they change nothing."""
    tried = [(p, what, partials) for p in TABLE.values() for what, partials in wrong_partials(p)]
    wrong = [
        Sabotage(p.name, what, partial(replace_partials, p, partials))
        for p, what, partials in tried
        if any(differ(p, partials, operands) for operands in samples(p))
    ]
    return [*wrong, *wrong_methods()], len(tried) - len(wrong)


# Running the tests


class Runner:
    """A plugin of pytest that runs the tests once for each sabotage, in a process of its own."""

    def __init__(self, sabotages: Sequence[Sabotage], jobs: int) -> None:
        self.sabotages = sabotages
        self.jobs = jobs
        self.noticed: dict[Sabotage, str | None] = {}
        self.broken: list[str] = []
        self.failed = ""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_sessionstart(self) -> None:
        # The examples stay the same: it is only how a failure is reported that takes no time.
        settings.register_profile(
            "sabotage", settings(), phases=(Phase.explicit, Phase.generate), report_multiple_bugs=False
        )
        settings.load_profile("sabotage")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            print("the tests cannot be collected: run python -m pytest")
            raise session.Failed
        items = session.items
        tasks = ((sabotage, in_order(items, sabotage.primitive)) for sabotage in self.sabotages)
        for sabotage, test, seconds in self.results(tasks):
            self.noticed[sabotage] = test
            count = f"{len(self.noticed)}/{len(self.sabotages)}"
            print(f"{count} {sabotage}: {test or 'NOT NOTICED'} ({seconds:.1f} s)", flush=True)
        needed = [item for item in items if item.nodeid in self.noticed.values()]
        parts = [(None, needed[i :: self.jobs]) for i in range(self.jobs)]
        self.broken = [test for _, test, _ in self.results(parts) if test]
        return True

    def results(self, tasks: Iterable[tuple[Any, list[Any]]]) -> Iterator[tuple[Any, str | None, float]]:
        """Each sabotage with the test that noticed it and the seconds it took, several at a time."""
        fork = get_context("fork")
        tasks, running = iter(tasks), {}
        try:
            while True:
                while len(running) < self.jobs and (task := next(tasks, None)):
                    here, there = fork.Pipe(duplex=False)
                    process = fork.Process(target=self.attempt, args=(*task, there))
                    process.start()
                    there.close()
                    running[here] = (process, task[0], perf_counter())
                if not running:
                    return
                for here in connection.wait(list(running)):
                    process, sabotage, start = running.pop(here)
                    yield sabotage, here.recv(), perf_counter() - start
                    process.join()
        finally:
            for process, _, _ in running.values():
                process.terminate()

    def attempt(self, sabotage: Sabotage | None, items: list[Any], there: Any) -> None:
        """Send the name of the first test that fails, or None."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, raise_timeout)
        if sabotage:
            sabotage.commit()
        for item, following in zip(items, [*items[1:], None], strict=False):
            signal.alarm(SECONDS_FOR_A_TEST)
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                break
        there.send(self.failed or None)


def raise_timeout(*_: Any) -> None:
    raise TimeoutError


def in_order(items: Sequence[Any], primitive: str) -> list[Any]:
    """The tests, those first that have the primitive for a parameter, then those that mention it."""

    def rank(item: Any) -> int:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        is_parameter = any(type(x) is str and x == primitive for x in parameters)
        return 0 if is_parameter else 2 - mentions(item.function, primitive)

    return sorted(items, key=rank)


@cache
def mentions(test: Function, primitive: str) -> bool:
    return bool(re.search(rf"\b{primitive}\b", inspect.getsource(test)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tests", nargs="*", default=[str(ROOT / "tests")], help="by default, all")
    parser.add_argument("--sample", type=int, help="how many sabotages to try; by default, all")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    options = parser.parse_args()
    start = perf_counter()
    chosen, left_out = sabotages()
    if options.sample:
        indices = np.random.default_rng(options.seed).permutation(len(chosen))
        chosen = [chosen[i] for i in indices[: options.sample]]
    runner = Runner(chosen, options.jobs)
    os.environ.pop("PYTEST_ADDOPTS", None)
    arguments = ["-c", str(ROOT / "pyproject.toml"), "-oaddopts=", "-pno:cacheprovider", "--assert=plain"]
    arguments += [f"--ignore={ROOT / 'tests' / name}" for name in IGNORED]
    with tempfile.TemporaryDirectory() as home:
        set_hypothesis_home_dir(home)
        status = pytest.main([*arguments, *options.tests], [runner])
    missed = [sabotage for sabotage, test in runner.noticed.items() if test is None]
    for sabotage in missed:
        print(f"not noticed: {sabotage}")
    for test in runner.broken:
        print(f"fails when nothing is sabotaged: {test}")
    print(
        f"{len(runner.noticed) - len(missed)} of {len(chosen)} sabotages noticed, "
        f"{left_out} left out that change nothing, {perf_counter() - start:.0f} s"
    )
    return int(bool(status or missed or runner.broken))


if __name__ == "__main__":
    sys.exit(main())
