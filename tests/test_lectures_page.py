"""The page that maps the lectures to the library names demos, functions and tests that are there."""

import inspect
import re
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import autograd_lite

TESTS = Path(__file__).parent
ROOT = TESTS.parent
TEXT = (ROOT / "docs" / "lectures.md").read_text(encoding="utf-8")
PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
DEMO = r"(?:demos/)?(\w+\.py)"
TEST = r"([\w/]+\.py)::(test_\w+)"
NAME = r"((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:\(((?:\w+=, )*\w+=)\))?"

SPANS = sorted(set(re.findall(r"`([^`]+)`", PROSE)))
# A row for each slide: its title, functions, demos and tests.
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PROSE.splitlines()
    if re.match(r"\| (?!slide)", line) and line.count("|") == 5
]


def member(thing, name):
    """An attribute, or a module that has to be imported first."""
    path = f"{getattr(thing, '__name__', '')}.{name}"
    if inspect.ismodule(thing) and not hasattr(thing, name) and find_spec(path):
        return import_module(path)
    return getattr(thing, name)


def names_of_tests(path):
    return re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_row_has_functions_and_tests_and_nothing_else_in_its_columns():
    assert len(ROWS) > 40
    for slide, functions, demos, tests in ROWS:
        assert slide
        for cell, pattern, least in ((functions, NAME, 1), (demos, DEMO, 0), (tests, TEST, 1)):
            spans = [span.strip("`") for span in cell.split(", `")] if cell else []
            assert len(spans) >= least, slide
            assert all(re.fullmatch(pattern, span) for span in spans), (slide, cell)


@pytest.mark.parametrize("span", sorted({span for row in ROWS for span in re.findall(r"`([^`]+)`", row[1])}))
def test_functions_and_their_arguments_are_there(span):
    name, arguments = re.fullmatch(NAME, span).groups()
    thing = reduce(member, name.split("."), autograd_lite)
    if arguments:
        assert set(re.findall(r"\w+", arguments)) <= set(inspect.signature(thing).parameters)


@pytest.mark.parametrize(
    "span", [span for span in SPANS if span.split(".")[0] in ("nn", "optim", "training")]
)
def test_names_in_the_text_are_there(span):
    name, _ = re.fullmatch(NAME, span).groups()
    reduce(member, name.split("."), autograd_lite)


def test_the_page_names_all_demos_and_no_others():
    named = {match[1] for span in SPANS if (match := re.fullmatch(DEMO, span))}
    assert named == {path.name for path in (ROOT / "demos").glob("*.py")}


@pytest.mark.parametrize("span", [span for span in SPANS if "::" in span])
def test_tests_are_there(span):
    file, name = re.fullmatch(TEST, span).groups()
    assert name in names_of_tests(TESTS / file)


def test_the_page_names_every_test_of_the_lectures():
    missing = [name for name in names_of_tests(TESTS / "test_lectures.py") if name not in PROSE]
    assert not missing
