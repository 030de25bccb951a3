"""Errors: one line, and a caret under the place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.command_line._errors import WIDTH, Source, report
from autograd_lite.explain._writing import width


def test_the_caret_stands_under_the_place():
    assert Source("a + log(x)").error("", 4, 10).place == "  a + log(x)\n      ^^^^^^"


def test_wide_and_combining_characters_are_counted_as_they_are_shown():
    assert Source("中 + y\u0302*x").error("", 7, 8).place.splitlines()[1] == " " * 9 + "^"


def test_of_a_long_expression_the_surroundings_are_shown():
    source = Source("+".join(f"x{i}" for i in range(1000)))
    start = source.index("x500")
    shown, carets = source.error("", start, start + 4).place.splitlines()
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "x500"
    assert len(shown) <= WIDTH + 8
    assert shown.startswith("  ...")
    assert shown.endswith("...")


@given(st.text(min_size=1), st.integers(-5, 300), st.integers(-5, 300))
def test_whatever_the_place_there_are_two_lines_and_a_caret(text, start, end):
    shown, carets = Source(text.replace("\n", " ")).error("", start, end).place.split("\n")
    assert shown.isprintable()
    assert set(carets) == {" ", "^"}
    assert width(carets) <= width(shown) + 2


@pytest.mark.parametrize(
    ("message", "line"), [("a\nb\t c", "a b c"), ("\x1b[31m", "\N{REPLACEMENT CHARACTER}[31m")]
)
def test_a_report_is_one_line_without_control_characters(message, line, capsys):
    report(message)
    assert capsys.readouterr().err == f"autograd-lite: error: {line}\n"


def test_a_report_of_endless_arguments_is_cut(capsys):
    report("x" * 1_000_000)
    assert len(capsys.readouterr().err) < 1100
