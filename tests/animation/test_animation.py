"""Tests of the animation: its numbers are the engine's, its file is safe, small and needs nothing else."""

import base64
import hashlib
import os
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lecture_graph import labelled, lecture_network

from autograd_lite import dot, maximum, ops, where
from autograd_lite._formula import figure
from autograd_lite._names import names_of
from autograd_lite.animation import animate
from autograd_lite.animation._steps import steps_of, terms
from autograd_lite.engine import Value, topological_order
from autograd_lite.nn import MLP, binary_cross_entropy
from autograd_lite.testing import expressions, mlps


def lines(value):
    return [" ".join((*step.line, f"({step.note})" if step.note else "")).strip() for step in steps_of(value)]


def running_sums(value):
    """What is left of every gradient, and every node's backward steps, in full precision."""
    sums = {value: 1.0}
    for t in terms(value):
        sums[t.operand] = t.total
    return sums


class Page(HTMLParser):
    """The parts of a page, as a browser would find them."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.tags, self.attributes, self.steps = [], [], []
        self.is_in_step = False
        self.feed(text)
        self.svg = ElementTree.fromstring(re.search(r'<svg [^>]*role="img".*?</svg>', text, re.DOTALL)[0])

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "li":
            self.steps.append((dict(attrs), []))
            self.is_in_step = True

    def handle_endtag(self, tag):
        self.is_in_step &= tag != "li"

    def handle_data(self, data):
        if self.is_in_step:
            self.steps[-1][1].append(data)

    def lines(self):
        return ["".join(pieces) for _, pieces in self.steps]

    def boxes(self):
        return {
            group.get("data-node"): ["".join(text.itertext()) for text in group.iter("text")]
            for group in self.svg.iter("g")
            if group.get("data-node")
        }

    def edges(self):
        return [group.get("data-edge") for group in self.svg.iter("g") if group.get("data-edge")]


@pytest.fixture
def page_of(tmp_path):
    def page_of(value, **options):
        return Page(Path(animate(value, tmp_path / "page.html", **options)).read_text(encoding="utf-8"))

    return page_of


# The steps


def test_the_steps_of_the_lectures_network_are_its_slips_lines_of_arithmetic():
    steps = lines(lecture_network())
    for line in [
        "w2 = 0.025 (a leaf)",
        "v2 = w2 * a1 = 0.025 * 0.8816 = 0.02204",
        "a1 = σ(z1) = σ(2.008) = 0.8816",
        "∂J/∂J = 1",
        "∂J/∂w2 += ∂J/∂v2 * ∂v2/∂w2 = -0.4945 * 0.8816 = -0.4359",
        "∂J/∂y += ∂J/∂v5 * ∂v5/∂y = 0.7042 * (-1) = -0.7042, now 0.6822 + (-0.7042) = -0.02204",
    ]:
        assert line in steps


def test_every_node_has_a_step_forwards_and_every_operand_one_backwards():
    J = lecture_network()
    order = topological_order(J)
    steps = steps_of(J)
    assert [s.node for s in steps if s.phase == "forward"] == list(range(len(order)))
    backward = [s for s in steps if s.phase == "backward"]
    assert backward[0].node == len(order) - 1
    operands = [(i, k) for i, n in enumerate(order) for k, d in enumerate(n.partials) if d is not None]
    assert sorted(edge for s in backward for edge in s.edges) == operands
    assert all(s.gradient for s in backward)


def test_a_node_gives_gradients_away_only_when_its_own_is_complete():
    steps = [s for s in steps_of(lecture_network()) if s.phase == "backward"]
    for i, step in enumerate(steps[1:], start=1):
        assert not any(step.sources[0] == later.node for later in steps[i:])


def test_parallel_operands_are_separate_steps():
    a = Value(3.0, label="a")
    assert lines(a - a)[-2:] == [
        "∂v1/∂a += ∂v1/∂v1 * ∂v1/∂a = 1 * 1 = 1 (operand 1 of 2)",
        "∂v1/∂a += ∂v1/∂v1 * ∂v1/∂a = 1 * (-1) = -1, now 1 + (-1) = 0 (operand 2 of 2)",
    ]


def test_constants_get_no_step_backwards():
    x = Value(3.0, label="x")
    assert [s.edges for s in steps_of(2 - x) if s.phase == "backward"] == [(), ((1, 1),)]


def test_a_value_that_only_decides_has_the_gradient_zero():
    x, a = Value(2.0, label="x"), Value(3.0, label="a")
    steps = lines(labelled(where(x * x > 1, a, 0.0), "z"))
    assert "z = a if v1 > 1 else 0 = 3 if 4 > 1 else 0 = 3" in steps
    assert steps[-2:] == [
        "∂z/∂v1 = 0 (no derivative flows back to v1)",
        "∂z/∂x = 0 (no derivative flows back to x)",
    ]


def test_a_leaf_alone_is_two_steps():
    assert lines(Value(2.0, label="x"))[1:] == ["x = 2 (a leaf)", "∂x/∂x = 1"]


def test_what_is_not_chosen_gets_nothing_even_where_the_derivative_above_is_infinite():
    x = Value(0.0, label="x")
    y = labelled(maximum(ops.sqrt(labelled(maximum(x, -1.0), "m") * 1.0), 1.0), "y")
    y.backward()
    assert running_sums(y)[x] == x.grad == 0.0
    steps = lines(y)
    assert "∂y/∂v2 += 0 (v2 was not chosen)" in steps
    assert "∂y/∂v1 += 0 (v2 was not chosen)" in steps


def test_long_names_are_cut_and_names_of_several_words_are_in_parentheses():
    x, y = Value(2.0, label="learning rate"), Value(3.0, label="n" * 1000)
    steps = steps_of(labelled(x * y, "J"))
    assert steps[-2].line[0] == "∂J/∂(learning rate) += ∂J/∂J * ∂J/∂(learning rate)"
    assert max(len(piece) for step in steps for piece in step.line) < 200
    assert steps[-1].gradient == "grad = 2"


@given(expressions(max_steps=30))
def test_the_numbers_are_exactly_those_of_the_engine(expression):
    check_steps(expression(*map(Value, expression.leaves)))


@given(mlps(), st.data())
def test_the_numbers_of_networks_are_exactly_those_of_the_engine(model, data):
    n_in = len(model.layers[0].neurons[0].w)
    x = data.draw(st.lists(st.floats(-3, 3), min_size=n_in, max_size=n_in))
    outputs = model(x)
    check_steps(ops.sum(outputs) if isinstance(outputs, list) else outputs)


@given(st.lists(st.sampled_from(["sqrt", "relu", "maximum", "log1p", "square", "where", "sub"]), max_size=12))
def test_the_numbers_are_those_of_the_engine_at_infinities_too(names):
    x = Value(0.0)
    v = x
    for name in names:
        operands = {"maximum": (v, x), "sub": (v, x), "where": (v > x, v, x)}.get(name, (v,))
        try:
            v = getattr(ops, name)(*operands)
        except ops.DomainError:
            return
    check_steps(v)


@given(st.permutations([1e16, 1.0, -1e16, 0.3]), st.booleans())
def test_terms_that_cancel_are_added_up_in_the_order_of_the_engine(factors, nested):
    x = Value(1.0)
    a, b, c, d = (x * k for k in factors)
    check_steps(a + (b + (c + d)) if nested else ops.sum([a + b, c, d]))


def check_steps(root):
    order = topological_order(root)
    steps = steps_of(root)
    sums = running_sums(root)
    assert all(not node.has_grad for node in order)
    root.backward()
    names = names_of(order)
    shown = {}
    for step in steps:
        if step.phase == "forward":
            assert step.line[-1].endswith(f"= {figure(order[step.node].data)}")
        if step.phase == "backward":
            shown[step.node] = step.gradient
    assert len(shown) == len(order)
    for i, node in enumerate(order):
        assert repr(sums.get(node, 0.0)) == repr(node.grad)
        assert shown[i].endswith(f" = {figure(node.grad)}")
        assert shown[i].startswith((f"∂{names[root]}/∂{names[node]} =", "grad ="))
    for t in terms(root):
        if t.term is not None:
            assert repr(t.term) == repr(t.adjoint * t.partial)
            assert t.adjoint == t.node.grad or t.adjoint != t.adjoint


# The page


def test_the_page_holds_the_steps_as_text_and_the_end_as_picture(page_of):
    J = lecture_network()
    page = page_of(J)
    assert page.lines() == lines(J)
    J.backward()
    order = topological_order(J)
    boxes = page.boxes()
    assert list(map(int, sorted(boxes, key=int))) == list(range(len(order)))
    for i, node in enumerate(order):
        *_, heading, gradient = boxes[str(i)]
        name = names_of(order)[node]
        assert heading == f"{name} = {figure(node.data)}"
        assert gradient == f"∂J/∂{name} = {figure(node.grad)}"


def test_every_edge_and_node_of_a_step_is_in_the_picture(page_of):
    x, a = Value(2.0, label="x"), Value(3.0, label="a")
    page = page_of(where((x > a) & ~(x < 1), a * 2, a - a) + dot([x, a], [a, 1.0]))
    nodes, edges = page.boxes().keys(), page.edges()
    wanted = [edge for step, _ in page.steps for edge in step.get("data-edges", "").split()]
    assert set(edges) == set(wanted)
    assert {i for step, _ in page.steps for i in step.get("data-sources", "").split()} <= nodes
    assert {step["data-node"] for step, _ in page.steps[1:]} == nodes


def test_parallel_edges_carry_the_derivatives_of_their_own_operands(page_of):
    a = Value(3.0, label="a")
    page = page_of(a - a)
    labels = {
        group.get("data-edge"): group.find("text").text.strip()
        for group in page.svg.iter("g")
        if group.get("data-edge")
    }
    assert labels == {"1-0": "1", "1-1": "-1"}


def test_the_page_of_fifty_nodes_is_small(page_of):
    model = MLP(2, [3, 3, 1], activation="tanh", output="sigmoid", seed=1)
    J = binary_cross_entropy(model([0.5, -1.0]), 1)
    assert len(topological_order(J)) >= 50
    assert len(page_of(J).text.encode()) < 300_000


def test_the_page_refers_to_nothing_else(page_of):
    page = page_of(lecture_network())
    assert "://" not in page.text
    assert not {"link", "img", "iframe", "base", "object"} & set(page.tags)
    assert not {"src", "href", "srcset", "xlink:href", "style"} & {name for name, _ in page.attributes}
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", page.text)


def test_nothing_but_the_pages_own_script_and_style_may_run(page_of):
    page = page_of(lecture_network())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page.text)[1]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_page_says_its_language_and_its_title(page_of):
    page = page_of(lecture_network())
    assert '<html lang="en">' in page.text
    assert "<title>Backpropagation of J</title>" in page.text
    assert "<title>A &amp; B &lt;b&gt;</title>" in page_of(Value(1.0), title="A & B\n<b>").text
    assert page.svg.get("role") == "img"
    assert page.svg.find("title").text


def test_it_is_the_same_whether_or_not_backward_was_called_and_touches_no_grad(page_of):
    J = lecture_network()
    before = page_of(J).text
    assert not any(node.has_grad for node in topological_order(J))
    J.backward()
    grads = [node.grad for node in topological_order(J)]
    assert page_of(J).text == page_of(lecture_network()).text == before
    assert [node.grad for node in topological_order(J)] == grads


HOSTILE = [
    "</script><script>alert(1)</script>",
    "</li></ol></style></svg><img src=x onerror=alert(1)>",
    "<!-- <script>",
    "]]>",
    '" onmouseover="alert(1)',
    "' data-node='0",
    "&lt;b&gt;",
    "$title ${script} {0} %s",
    "\\N \\L \\",
    "\x00\x1b[31m\ud800\u2028\u202e",
    "a\nb\tc",
    " ",
    "x" * 10_000,
]


@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label[:12]))
def test_a_hostile_label_is_text(label, page_of):
    x = Value(2.0, label=label)
    harmless = page_of(labelled(Value(2.0, label="x") * 3 + 1, "J"))
    for page in [
        page_of(labelled(x * 3 + 1, "J")),
        page_of(labelled(Value(2.0) * 3 + 1, label)),
        page_of(labelled(Value(2.0, label="x") * 3 + 1, "J"), title=label),
    ]:
        assert page.tags == harmless.tags
        assert {name for name, _ in page.attributes} == {name for name, _ in harmless.attributes}
        assert all(line.isprintable() for line in page.lines())
        assert len(page.text) < 100_000
    shown = page_of(labelled(x * 3 + 1, "J")).lines()[1]
    if label.isprintable() and len(label) < 30 and label.strip():
        assert shown == f"{label} = 2 (a leaf)"


@given(st.text(max_size=20), st.text(max_size=20))
def test_every_label_makes_a_page(tmp_path_factory, first, second):
    x = Value(2.0, label=first)
    path = tmp_path_factory.mktemp("page") / "page.html"
    page = Page(Path(animate(labelled(x * 3, second), path)).read_text(encoding="utf-8"))
    assert len(page.lines()) == 5
    assert set(page.boxes()) == {"0", "1"}


def test_the_files_of_the_page_are_part_of_the_package():
    folder = files("autograd_lite.animation")
    assert {"page.html", "style.css", "stepper.js"} <= {file.name for file in folder.iterdir()}


# Files and errors


def test_it_returns_the_path_and_leaves_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert animate(Value(1.0)) == "backprop.html"
    assert animate(Value(1.0), "backprop.html") == "backprop.html"
    assert os.listdir() == ["backprop.html"]


def test_what_is_not_a_value_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"expected a Value.*pass it a result"):
        animate(3.0, tmp_path / "page.html")
    with pytest.raises(TypeError, match="string for the title"):
        animate(Value(3.0), tmp_path / "page.html", title=3)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("max_nodes", [0, -5, 1.5, "a", None, True])
def test_max_nodes_that_is_no_count_is_refused(max_nodes, tmp_path):
    error = ValueError if type(max_nodes) is int else TypeError
    with pytest.raises(error, match="max_nodes"):
        animate(Value(1.0), tmp_path / "page.html", max_nodes=max_nodes)


def test_a_graph_too_large_to_follow_is_refused_and_the_error_says_what_to_do(tmp_path):
    x = Value(1.0)
    for _ in range(300):
        x = x + 1.0
    advice = r"max_nodes=200 .* got a graph with 301 and 600: animate a part of it.*larger max_nodes"
    with pytest.raises(ValueError, match=advice):
        animate(x, tmp_path / "page.html")
    with pytest.raises(ValueError, match="got a graph with 2 and 2"):
        animate(Value(1.0) + 1.0, tmp_path / "page.html", max_nodes=1)
    assert os.listdir(tmp_path) == []
    assert animate(x, tmp_path / "page.html", max_nodes=600)


def test_numbers_that_were_changed_since_are_refused(tmp_path):
    w, x = Value(0.5, label="w"), Value(3.0, label="x")
    J = w * x
    w.data = 2.0
    with pytest.raises(
        RuntimeError, match="changed after mul had used it: compute the result again before you"
    ):
        animate(J, tmp_path / "page.html")
    assert os.listdir(tmp_path) == []
    assert animate(w * x, tmp_path / "page.html")


def test_the_docs_quote_a_line_of_the_page():
    (quoted,) = re.findall(r"line of arithmetic, such as `(.*?)`", DOCS.read_text(encoding="utf-8"))
    assert quoted in lines(lecture_network())


DOCS = Path(__file__).parent.parent.parent / "docs" / "pictures.md"


def test_names_that_are_cut_are_still_told_apart():
    x, y = Value(2.0, label="a" * 31 + "x" * 9), Value(3.0, label="a" * 31 + "y" * 9)
    assert f"v1 = {'a' * 31}… * {'a' * 31}…#2 = 2 * 3 = 6" in lines(x * y)


def test_a_place_where_nothing_can_be_written_is_refused(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no such directory"):
        animate(Value(1.0), tmp_path / "new" / "page.html")
    with pytest.raises(IsADirectoryError, match="give a file name"):
        animate(Value(1.0), tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(PermissionError, match="no permission"):
        animate(Value(1.0), tmp_path / "page.html")
    assert os.listdir(tmp_path) == []


def test_a_failure_keeps_the_old_page(tmp_path, monkeypatch):
    old = tmp_path / "page.html"
    old.write_text("old")

    def full(path, content):
        path.touch()
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        animate(Value(1.0), old)
    assert old.read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]
