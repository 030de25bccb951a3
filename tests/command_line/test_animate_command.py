"""`animate` in a terminal."""

import json

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
    assert code == 2
    assert err.startswith("autograd-lite: error: expected at most max_nodes=200 nodes")
    assert not list(tmp_path.iterdir())


def test_json_says_what_was_written_and_what_is_in_it(call, tmp_path):
    code, out, err = call("animate", "z = w*x; 2*z + z**2", "w=2", "x=3", "--json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert (data["name"], data["value"], data["file"]) == ("f", 48.0, "backprop.html")
    assert (tmp_path / data["file"]).stat().st_size
    assert data["nodes"]["w"] == {"op": "", "value": 2.0, "derivative": 42.0}
    assert data["nodes"]["z"] == {"op": "mul", "value": 6.0, "derivative": 14.0}
    assert {"from": "w", "to": "z", "derivative": 3.0} in data["edges"]
    for name, node in data["nodes"].items():
        edges = [edge for edge in data["edges"] if edge["from"] == name]
        sums = sum(edge["derivative"] * data["nodes"][edge["to"]]["derivative"] for edge in edges)
        assert node["derivative"] == (sums if edges else 1.0)
