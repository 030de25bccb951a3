"""Tests of pictures: what they say, and that every way of making one works on every machine."""

import functools
import html
import itertools
import os
import random
import re
import runpy
import subprocess
import sys
import threading
import time
from pathlib import Path

import graphviz
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lecture_graph import labelled, lecture_network

from autograd_lite import compile, ops
from autograd_lite._names import names_of
from autograd_lite.drawing import Picture, draw
from autograd_lite.engine import Value, topological_order

MAGIC = {
    "svg": b"<?xml",
    "png": b"\x89PNG",
    "pdf": b"%PDF",
    "ps": b"%!PS",
    "jpg": b"\xff\xd8\xff",
    "gif": b"GIF8",
    "json": b"{",
    "dot": b"digraph",
}


def network(*sizes, examples=1):
    """The squared error of a multilayer perceptron, one dot per neuron."""
    weights = [
        [[Value(random.gauss(0, 1)) for _ in range(n_in + 1)] for _ in range(n_out)]
        for n_in, n_out in itertools.pairwise(sizes)
    ]
    loss = Value(0.0)
    for _ in range(examples):
        a = [Value(random.gauss(0, 1)) for _ in range(sizes[0])]
        for layer in weights:
            a = [(ops.dot(w, a) + b).relu() for *w, b in layer]
        loss = loss + (a[0] - 1.0) ** 2
    return labelled(loss, "J")


def count(what, picture):
    return sum(what in line for line in picture.source.splitlines())


def texts(svg):
    return [html.unescape(text) for text in re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL)]


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing_here"))


@pytest.fixture
def no_engine(monkeypatch, no_dot):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


# What a picture says


def test_before_backward_it_says_that_there_is_no_gradient_yet():
    source = draw(lecture_network()).source
    assert "no gradient yet" in source
    assert "∂J" not in source
    assert "grad = " not in source


def test_labels_data_and_gradients_are_written_as_in_the_lecture():
    J = lecture_network()
    J.backward()
    source = draw(J).source
    for text in ["<B>w2</B> = 0.025", "∂J/∂w2 = -0.4359", "<B>ŷ</B> = 0.5055", "∂J/∂ŷ = -1.978"]:
        assert text in source
    assert ">σ<" in source
    assert "no gradient yet" not in source


def test_an_edge_carries_the_local_derivative():
    x, y = Value(2.0, label="x"), Value(5.0, label="y")
    picture = draw(x * y)
    assert picture.source.count("->") == 2
    assert count('-> n2 [label=" 5 "]', picture) == count('-> n2 [label=" 2 "]', picture) == 1


def test_adding_a_value_to_itself_draws_two_edges():
    a = Value(3.0, label="a")
    assert draw(a + a).source.count('n0 -> n1 [label=" 1 "]') == 2


def test_constants_are_shown():
    x = Value(3.0, label="x")
    picture = draw(2 * x)
    assert "label=<2>" in picture.source
    assert count("style=dashed", picture) == 1


def test_floats_have_four_significant_digits_and_zero_has_no_sign():
    assert "0.3333" in draw(Value(1 / 3)).source
    assert "-0" not in draw(Value(-0.0)).source


def test_the_condition_of_where_is_shown():
    x, a = Value(2.0, label="x"), Value(3.0, label="a")
    source = draw(ops.where(x > 0, a * x, a)).source
    assert "label=<x &gt; 0>" in source
    assert source.count("style=dashed") == 3  # the node, and an edge to it and from it


def test_a_condition_calls_its_sides_by_their_names():
    x = Value(2.0, label="x")
    source = draw(ops.where((x * 2 > 0.5) & (x < 3), x, 0.0)).source
    assert "label=<v1 &gt; 0.5 and x &lt; 3>" in source
    assert "<I>" in source
    assert ">v1</FONT></I> = 4" in source


def test_no_sign_holds_a_name_that_could_be_a_label():
    x = Value(2.0)
    assert not any(
        "x" in row.symbol.replace("max", "").replace("exp", "").replace("softmax", "") for row in SIGNS
    )
    source = draw(abs(-x)).source
    assert ">neg<" in source
    assert ">|·|<" in source


SIGNS = [row for row in ops.TABLE.values() if row.symbol != row.name]


def test_a_leaf_alone_has_no_caption_about_edges():
    source = draw(Value(3.0)).source
    assert "edge:" not in source
    assert source.count("no gradient yet") == 1


def test_the_lines_of_a_caption_do_not_touch():
    J = network(2, 3, 1, examples=4)
    svg = draw(J, detail="neurons").pipe(encoding="utf-8")
    heights = [float(y) for y in re.findall(r' y="([-\d.]+)"[^>]*>(?: positive|[^<]*4 examples)', svg)]
    assert len(heights) == 2
    assert heights[1] - heights[0] > 14


def test_a_value_that_only_decides_is_part_of_the_picture():
    x, y, a = Value(2.0, label="x"), Value(1.0, label="y"), Value(3.0, label="a")
    z = ops.where((x > y) & ~(x < 1), 2 * a, a)
    source = draw(z).source
    assert "<B>y</B>" in source
    assert source.count("style=dashed") == 6  # the condition, its four edges, that of 2
    assert "<B>y</B>" not in draw(z, max_nodes=3).source


def test_a_dot_node_has_an_edge_from_every_operand():
    w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    picture = draw(ops.dot(w, x))
    assert [count(f'[label=" {d} "]', picture) for d in (1, 2, 3, 4)] == [1, 1, 1, 1]


def test_leaves_operations_and_the_root_look_different():
    x = Value(2.0, label="x")
    leaf, operation, root = [line for line in draw((x + x) * x).source.splitlines() if "TABLE" in line]
    assert "rounded" not in leaf
    assert "rounded" in operation
    assert "rounded" in root
    assert "peripheries=2" in root
    assert "peripheries" not in leaf + operation


def test_the_gradient_is_not_called_a_derivative_of_a_root_that_did_not_run_backward():
    x = Value(2.0, label="x")
    y, z = labelled(x * x, "y"), labelled(x + 1.0, "z")
    y.backward()
    assert "grad = 4" in draw(z).source
    assert "∂z" not in draw(z).source


def test_every_node_shows_its_name():
    x = Value(2.0, label="x")
    y = (x * x).exp() + Value(1.0, label="x")
    source = draw(y).source
    assert "<B>x</B> = 2" in source
    assert "<B>x#2</B> = 1" in source
    for name, data in names_and_data(y):
        assert f">{name}</FONT></I> = {data:.4g}" in source


def names_and_data(root):
    order = topological_order(root)
    return [(name, node.data) for node, name in names_of(order).items() if not node.label]


def test_a_derivative_is_called_by_the_names_of_both_ends_if_they_are_short():
    x, y = Value(2.0, label="x"), Value(3.0, label="a very long label")
    z = x * y + 1
    z.backward()
    source = draw(z).source
    assert "∂v2/∂x = 3" in source
    assert "∂v2/∂v1 = 1" in source
    assert "grad = 2" in source


@pytest.mark.parametrize("gradient", [float("inf"), float("nan"), 5e-324, 1e308, -1.0, 0.0])
def test_every_gradient_has_a_colour(gradient):
    x, y = Value(1.0), Value(1.0)
    z = x * y
    z.backward()
    x.grad = gradient
    assert len(re.findall('TABLE.*fillcolor="#[0-9a-f]{6}"', draw(z).source)) == 3


def test_what_is_not_a_value_is_refused():
    with pytest.raises(TypeError, match="expected a Value"):
        draw(3.0)


# Labels are untrusted text

HOSTILE = [
    'a"b',
    "\\\\",
    "&#92;",
    "\\L\\",
    "a\\b",
    "\\N\\G",
    "<B>x</B>",
    "a & b",
    "&amp;",
    "&lt;",
    "{a|b}",
    "a -> b; c",
    "x\\",
    "]",
    "'",
    "σ ŷ ∂ 𝛼",
]


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_is_shown_as_it_is(label):
    svg = draw(Value(1.0, label=label)).pipe(encoding="utf-8")
    assert texts(svg)[0] == label


@given(st.text())
def test_every_label_can_be_drawn(label):
    assert draw(Value(1.0, label=label)).pipe().startswith(b"<?xml")


def test_of_a_very_long_label_the_beginning_is_shown():
    x, y = Value(1.0, label="a" * 100_000 + "x"), Value(2.0, label="a" * 100_000 + "y")
    shown = texts(draw(x * y).pipe(encoding="utf-8"))
    assert "a" * 79 + "…" in shown
    assert "a" * 79 + "…#2" in shown


def test_a_newline_in_a_label_makes_two_lines():
    assert texts(draw(Value(1.0, label="up\ndown")).pipe(encoding="utf-8"))[:2] == ["up", "down"]


# Large graphs


def test_a_labelled_operation_keeps_its_box():
    x = Value(1.0, label="x")
    for _ in range(30):
        x = x + Value(1.0) + Value(1.0)
    middle = labelled(x, "middle")
    for _ in range(30):
        x = x + Value(1.0) + Value(1.0)
    picture = draw(x)
    assert "<B>middle</B> = 61" in picture.source
    assert count("TABLE", picture) == 2
    assert middle.label == "middle"


def sines(examples):
    """A batch of a function that is no network: leaves that stand alone, and operations of several."""
    c = Value(0.5, label="c")
    return labelled(ops.sum((Value(i) - c).sin() * (c - i).cos() for i in range(examples)), "J")


def test_what_feeds_a_single_box_is_drawn_in_it():
    picture = draw(sines(8), max_nodes=20)
    assert count("TABLE", picture) == 18
    assert count("2 operations, 1 leaf", picture) == 8
    assert count("2 operations", picture) == 16


def test_a_graph_that_is_no_network_is_drawn_by_level():
    J = sines(100)
    J.backward()
    picture = draw(J)
    assert count("TABLE", picture) < 30
    assert "400 operations, 100 leaves" in picture.source
    assert "<B>J</B>" in picture.source


def test_max_nodes_draws_more():
    J = network(2, 4, 4, 1)
    assert count("TABLE", draw(J)) < 20
    assert count("TABLE", draw(J, max_nodes=1000)) > 60


def chain(x, n):
    for _ in range(n):
        x = x * 1.0001
    return x


@pytest.mark.parametrize("max_nodes", [1, 2, 64])
def test_a_deep_graph_is_drawn_in_few_boxes(max_nodes):
    deep = chain(Value(1.0, label="x"), 100_000)
    picture = draw(deep, max_nodes=max_nodes)
    assert picture.pipe().startswith(b"<?xml")
    assert count("TABLE", picture) <= 64


def test_many_long_edges_are_drawn_at_once():
    x = Value(1.0, label="x")
    y = x
    for _ in range(89):
        y = y + x
    start = time.perf_counter()
    assert draw(y, detail="operations").pipe().startswith(b"<?xml")
    assert time.perf_counter() - start < 2


def test_a_wide_operation_is_drawn_in_few_boxes():
    x = Value(1.0, label="x")
    wide = labelled(ops.dot([x] * 100_000, [1.0] * 100_000), "J")
    assert len(draw(wide + x).source) < 10_000


# Every way to make a picture


@pytest.mark.parametrize("format", MAGIC)
def test_the_bundled_engine_makes_every_format(format, no_dot):
    assert draw(lecture_network()).pipe(format=format).lstrip().startswith(MAGIC[format])


@pytest.mark.parametrize("format", ["svg", "png", "pdf"])
def test_render_writes_picture_and_source(format, tmp_path, no_dot):
    picture = draw(lecture_network())
    target = tmp_path / f"graph.{format}"
    assert picture.render(outfile=target, cleanup=False) == str(target)
    assert target.read_bytes().startswith(MAGIC[format])
    assert (tmp_path / "graph.gv").read_text(encoding="utf-8") == picture.source
    assert len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize("name", ["graph", "graph.png"])
def test_render_leaves_only_the_picture(name, tmp_path, no_dot):
    path = draw(Value(1.0)).render(tmp_path / name, format="png")
    assert path == str(tmp_path / "graph.png")
    assert os.listdir(tmp_path) == ["graph.png"]


def test_a_source_may_be_named_as_such(tmp_path, no_dot):
    path = draw(Value(1.0)).render(tmp_path / "graph.gv", cleanup=False)
    assert path == str(tmp_path / "graph.gv.svg")
    assert sorted(os.listdir(tmp_path)) == ["graph.gv", "graph.gv.svg"]


def test_render_uses_the_directory_of_the_picture(tmp_path):
    assert Path(draw(Value(1.0)).render(directory=tmp_path)).read_bytes().startswith(b"<?xml")


def test_a_notebook_shows_svg(no_dot):
    assert draw(lecture_network())._repr_mimebundle_()["image/svg+xml"].startswith("<?xml")


def test_a_notebook_shows_a_value_as_its_picture(no_dot):
    J = lecture_network()
    bundle = J._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == repr(J)
    assert bundle == {**draw(J)._repr_mimebundle_(), "text/plain": repr(J)}


def test_what_a_notebook_shows_is_no_wider_than_its_page(no_dot):
    J = lecture_network()
    for bundle in (J._repr_mimebundle_(), draw(J)._repr_mimebundle_()):
        assert '<svg style="max-width:100%;height:auto" width="' in bundle["image/svg+xml"]
    assert "style=" not in draw(J).pipe(encoding="utf-8")[:600]


def test_a_notebook_shows_a_value_as_text_without_an_engine(no_engine):
    assert set(Value(1.0)._repr_mimebundle_()) == {"text/plain"}


def test_a_notebook_shows_a_value_as_text_if_its_graph_is_huge(no_dot):
    deep = chain(Value(1.0), 50_001)
    assert set(deep._repr_mimebundle_()) == {"text/plain"}
    assert "image/svg+xml" in chain(Value(1.0), 1000)._repr_mimebundle_()


def test_a_value_shows_no_number_while_it_is_compiled():
    shown = []

    def f(x):
        y = x * 2.0
        shown.append(y._repr_mimebundle_())
        return y

    compile(f)(3.0)
    assert shown
    assert all(bundle == {"text/plain": "Value(data=..., grad=...)"} for bundle in shown)


def test_the_gallery_draws_the_pictures_of_the_docs(no_dot, tmp_path):
    root = Path(__file__).parent.parent.parent
    main = runpy.run_path(str(root / "demos" / "gallery.py"))["main"]
    for folder in (tmp_path / "first", tmp_path / "second"):
        main(folder)
    names = {path.name for path in (root / "docs" / "gallery").iterdir()}
    for name in names | set(os.listdir(tmp_path / "first")):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert names == set(os.listdir(tmp_path / "second"))


def test_dot_is_used_where_there_is_one(monkeypatch, tmp_path):
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\n/bin/cat >/dev/null; echo drawn by dot\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw(Value(1.0)).pipe() == b"drawn by dot\n"
    assert Path(draw(Value(1.0)).render(tmp_path / "graph")).read_text() == "drawn by dot\n"


def test_dot_that_fails_is_a_value_error(monkeypatch, tmp_path):
    dot = tmp_path / "dot"
    complaint = "Format: not recognized. Use one of: svg png"
    dot.write_text(f"#!/bin/sh\n/bin/cat >/dev/null; echo '{complaint}' >&2; exit 1\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"unknown format 'bmp': expected one of \['svg', 'png'\]"):
        draw(Value(1.0)).pipe("bmp", quiet=True)


def test_without_any_engine_the_error_names_the_command_that_installs_one(no_engine, tmp_path):
    picture = draw(Value(1.0))
    save = functools.partial(picture.render, outfile=tmp_path / "graph.svg")
    for use in [picture.pipe, picture._repr_mimebundle_, save]:
        with pytest.raises(ImportError, match=re.escape('pip install "autograd_lite[draw]"')):
            use()
    assert os.listdir(tmp_path) == []


def test_a_node_added_by_the_user_keeps_its_default_label():
    picture = draw(Value(1.0))
    picture.node("extra")
    code = f"from autograd_lite.drawing import Picture\nprint(Picture(body={picture.body}).pipe('svg'))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ">extra</text>" in run.stdout


def test_threads_can_render_at_once(no_dot):
    pictures = {}

    def render(i):
        pictures[i] = draw(labelled(chain(Value(float(i)), 5), f"root{i}")).pipe(encoding="utf-8")

    threads = [threading.Thread(target=render, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"root{i}" in pictures[i] for i in range(16))


def test_stderr_stays_clean():
    code = "from autograd_lite import Value, draw\nprint(len(draw(Value(1.0)).pipe('png')))"
    env = {**os.environ, "FONTCONFIG_FILE": "/nonexistent/fonts.conf", "PATH": ""}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert run.stderr == ""
    assert int(run.stdout) > 100


def test_stderr_works_again_after_a_picture(capfd):
    draw(Value(1.0)).pipe()
    os.write(2, b"hello\n")
    assert capfd.readouterr().err == "hello\n"


# Errors come before anything is written


@pytest.mark.parametrize("format", ["foo", "bmp"])
def test_an_unknown_format_is_refused_with_the_list_of_formats(format, no_dot, tmp_path, capfd):
    with pytest.raises(ValueError, match=f"unknown format.*{format}.*'png'.*'svg'"):
        draw(Value(1.0)).render(outfile=tmp_path / f"graph.{format}")
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr().err == ""


def test_bad_dot_text_is_an_error_that_says_what_graphviz_said(no_dot):
    picture = Picture(body=["-> ->"])
    with pytest.raises(ValueError, match="syntax error"):
        picture.pipe("svg")


def test_a_missing_directory_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such directory"):
        draw(Value(1.0)).render(outfile=tmp_path / "new" / "graph.svg")
    assert os.listdir(tmp_path) == []


def test_a_directory_is_refused_as_the_picture_or_the_source(tmp_path):
    (tmp_path / "graph.gv").mkdir()
    for outfile in [tmp_path, tmp_path / "graph.svg"]:
        with pytest.raises(IsADirectoryError, match="directory"):
            draw(Value(1.0)).render(outfile=outfile, format="svg", cleanup=False)
    assert os.listdir(tmp_path) == ["graph.gv"]


def test_no_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(PermissionError, match="no permission"):
        draw(Value(1.0)).render(outfile=tmp_path / "graph.svg")
    assert os.listdir(tmp_path) == []


def test_a_failure_keeps_the_old_picture(tmp_path, monkeypatch):
    old = tmp_path / "graph.svg"
    old.write_text("old")

    def full(path, content):
        path.touch()
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        draw(Value(1.0)).render(outfile=old)
    assert old.read_text() == "old"
    assert os.listdir(tmp_path) == ["graph.svg"]


def test_an_existing_picture_is_replaced_or_kept_on_request(tmp_path):
    old = tmp_path / "graph.svg"
    old.write_text("old")
    with pytest.raises(graphviz.FileExistsError):
        draw(Value(1.0)).render(outfile=old, raise_if_result_exists=True)
    assert old.read_text() == "old"
    draw(Value(1.0)).render(outfile=old)
    assert old.read_text().startswith("<?xml")


def test_a_picture_does_not_overwrite_its_source(tmp_path):
    with pytest.raises(ValueError, match="another name"):
        draw(Value(1.0)).render(tmp_path / "graph.svg", outfile=tmp_path / "graph.svg")


@pytest.mark.parametrize("max_nodes", [0, -5, 1.5, "a", None])
def test_max_nodes_that_is_no_count_is_refused(max_nodes):
    error = ValueError if type(max_nodes) is int else TypeError
    with pytest.raises(error, match="max_nodes"):
        draw(Value(1.0), max_nodes=max_nodes)


@pytest.mark.parametrize(
    "choice",
    [{"detail": "layer"}, {"theme": "blue"}, {"weigh": "size"}, {"detail": None}, {"theme": ["dark"]}],
)
def test_an_unknown_choice_is_refused_with_the_list_of_choices(choice):
    (name,) = choice
    error = ValueError if isinstance(choice[name], str) else TypeError
    with pytest.raises(error, match=f"unknown {name} .*: choose one of '.*'"):
        draw(Value(1.0), **choice)


def test_a_choice_that_is_misspelled_is_answered_with_what_was_meant():
    with pytest.raises(ValueError, match=r"unknown detail 'neuron' \(did you mean 'neurons'\?\)"):
        draw(Value(1.0), detail="neuron")


@pytest.mark.parametrize("label", ["\t", "\n", " ", "\t\n "])
def test_a_blank_label_does_not_hide_the_number(label, no_dot, capfd):
    assert b"no gradient" in draw(Value(1.25, label)).pipe("svg")
    assert b"1.25" in draw(Value(1.25, label)).pipe("svg")
    assert capfd.readouterr().err == ""


def test_a_format_that_contradicts_the_name_is_added_to_it(tmp_path, no_dot):
    path = draw(Value(1.0)).render(tmp_path / "graph.svg", format="png")
    assert path == str(tmp_path / "graph.svg.png")
    assert Path(path).read_bytes().startswith(MAGIC["png"])
