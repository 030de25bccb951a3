"""`draw` in a terminal."""

import json
import os
import stat

import pytest

EXPRESSION = ["z = w*x; J = (tanh(z) - y)**2", "w=0.6", "x=3.14", "y=1"]


def test_the_picture_has_the_names_and_the_gradients(call, tmp_path):
    assert call("draw", *EXPRESSION) == (0, "graph.svg\n", "")
    text = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert "<svg" in text
    for name in ("∂J/∂w = ", "∂J/∂z = ", "∂J/∂y = "):
        assert name in text.replace("&#8706;", "∂").replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("SVG", b"<?xml")])
def test_the_ending_says_the_format(ending, magic, call, tmp_path):
    assert call("draw", *EXPRESSION, "-o", f"picture.{ending}").code == 0
    assert (tmp_path / f"picture.{ending}").read_bytes().startswith(magic)


@pytest.mark.parametrize(
    "options",
    [["--theme", "dark"], ["--detail", "operations"], ["--detail", "layers"], ["--highlight", "w"]],
)
def test_every_option_changes_the_picture(options, call, tmp_path):
    layer = (
        "a = tanh(dot([w1, w2], [x, y])); b = tanh(dot([w3, w4], [x, y])); J = (dot([w5, w], [a, b]) - 1)**2"
    )
    names = [f"{name}=0.5" for name in ("w1", "w2", "w3", "w4", "w5", "w", "x", "y")]
    if "--detail" in options:
        # Both, because one of them may be what "auto" chooses.
        pictures = {}
        for detail in ("operations", "layers"):
            assert call("draw", layer, *names, "--detail", detail, "-o", f"{detail}.svg").code == 0
            pictures[detail] = (tmp_path / f"{detail}.svg").read_text()
        assert pictures["operations"] != pictures["layers"]
        return
    assert call("draw", layer, *names).code == 0
    plain = (tmp_path / "graph.svg").read_text()
    assert call("draw", layer, *names, *options).code == 0
    assert (tmp_path / "graph.svg").read_text() != plain


@pytest.mark.parametrize("name", ["picture", "picture.foo", "picture.", "."])
def test_a_file_that_is_no_picture_is_refused(name, call, tmp_path):
    code, out, err = call("draw", *EXPRESSION, "-o", name)
    assert (code, out) == (2, "")
    assert "is no name of a picture: it must end in .svg, .png, .pdf or the like" in err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_an_error_and_nothing_is_written(call, tmp_path):
    code, out, err = call("draw", *EXPRESSION, "-o", "nowhere/graph.svg")
    assert (code, out) == (1, "")
    assert err == "autograd-lite: error: nowhere: no such directory: make it first\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error_and_nothing_is_written(call, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    code, _, err = call("draw", *EXPRESSION, "-o", "locked/graph.svg")
    folder.chmod(stat.S_IRWXU)
    assert (code, "no permission to write" in err) == (1, True)
    assert not list(folder.iterdir())


def test_a_wrong_expression_leaves_the_old_picture(call, tmp_path):
    (tmp_path / "graph.svg").write_text("old")
    assert call("draw", "log(x)", "x=-1").code == 2
    assert call("draw", "x", "x=1", "--highlight", "y").code == 2
    assert (tmp_path / "graph.svg").read_text() == "old"


def test_json_says_what_was_written_and_what_is_in_it(call, tmp_path):
    code, out, err = call("draw", "z = w*x; 2*z + z**2", "w=2", "x=3", "--json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert (data["name"], data["value"], data["file"]) == ("f", 48.0, "graph.svg")
    assert (tmp_path / data["file"]).stat().st_size
    assert data["nodes"]["w"] == {"op": "", "value": 2.0, "derivative": 42.0}
    assert data["nodes"]["z"] == {"op": "mul", "value": 6.0, "derivative": 14.0}
    assert {"from": "w", "to": "z", "derivative": 3.0} in data["edges"]
    for name, node in data["nodes"].items():
        edges = [edge for edge in data["edges"] if edge["from"] == name]
        sums = sum(edge["derivative"] * data["nodes"][edge["to"]]["derivative"] for edge in edges)
        assert node["derivative"] == (sums if edges else 1.0)
