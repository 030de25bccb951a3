"""Names in ASCII and in LaTeX."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite._names import one_line
from autograd_lite.explain._latex import latex_figure, latex_name
from autograd_lite.explain._writing import ascii_name, width


@pytest.mark.parametrize(
    ("name", "ascii", "latex"),
    [
        ("w2", "w2", "w_{2}"),
        ("ŷ", "y_hat", r"\hat{y}"),
        ("y\u0302", "y_hat", r"\hat{y}"),
        ("y_hat", "y_hat", r"\hat{y}"),
        ("σ", "sigma", r"\sigma"),
        ("Δ", "Delta", r"\Delta"),
        ("W1[0,2]", "W1[0,2]", "W^{(1)}_{0,2}"),
        ("b1[0]", "b1[0]", "b^{(1)}_{0}"),
        ("w[3]", "w[3]", "w_{3}"),
        ("z#2", "z#2", "{z}^{[2]}"),
        ("loss", "loss", r"\mathrm{loss}"),
        ("my loss", "my loss", r"\mathrm{my\ loss}"),
        ("50 %", "50 %", r"\mathrm{50\ \%}"),
        ("x₁", "x1", "x_{1}"),
    ],
)
def test_names_are_spelled_as_the_lecture_writes_them(name, ascii, latex):
    assert ascii_name(name) == ascii
    assert latex_name(name) == latex


@given(st.text())
def test_any_name_is_one_line_of_ascii_and_balanced_latex(name):
    assert ascii_name(name).isascii()
    assert len(one_line(name).splitlines()) <= 1
    latex = latex_name(name).replace(r"\{", "").replace(r"\}", "")
    assert latex.count("{") == latex.count("}")


def test_width_counts_columns():
    assert [width(text) for text in ("abc", "ŷ", "y\u0302", "中")] == [3, 1, 1, 2]


def test_powers_of_ten_are_written_out_in_latex():
    assert latex_figure(1e-9) == r"1 \times 10^{-9}"
    assert latex_figure(float("-inf")) == r"-\infty"
