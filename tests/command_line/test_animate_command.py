"""`animate` in a terminal."""

import pytest

EXPRESSION = ["z = w*x; J = (tanh(z) - y)**2", "w=0.6", "x=3.14", "y=1"]


def test_the_page_has_the_arithmetic_of_the_expression(call, tmp_path):
    assert call("animate", *EXPRESSION) == (0, "backprop.html\n", "")
    text = (tmp_path / "backprop.html").read_text(encoding="utf-8")
    assert "∂J/∂z * ∂z/∂w" in text


def test_file_and_title_can_be_chosen(call, tmp_path):
    assert call("animate", *EXPRESSION, "-o", "my page.html", "--title", "A <neuron>").out == "my page.html\n"
    assert "A &lt;neuron&gt;" in (tmp_path / "my page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["page", "page.svg"])
def test_a_file_that_is_no_page_is_refused(name, call, tmp_path):
    code, _, err = call("animate", *EXPRESSION, "-o", name)
    assert (code, err) == (2, f"autograd-lite: error: {name!r} is no name of a page: it must end in .html\n")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_an_error_and_nothing_is_written(call, tmp_path):
    code, out, err = call("animate", *EXPRESSION, "-o", "nowhere/page.html")
    assert (code, out) == (1, "")
    assert err == "autograd-lite: error: nowhere: no such directory: make it first\n"
    assert not list(tmp_path.iterdir())


def test_an_expression_that_is_too_large_to_follow_is_refused(call, tmp_path):
    code, _, err = call("animate", "*".join(f"sin({i}*x)" for i in range(150)), "x=1")
    assert code == 1
    assert err.startswith("autograd-lite: error: ")
    assert not list(tmp_path.iterdir())
