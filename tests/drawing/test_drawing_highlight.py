"""Tests of paths that are highlighted on pictures."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import explain, nn, ops
from autograd_lite._names import names_of
from autograd_lite.drawing import draw
from autograd_lite.drawing._highlight import find_paths
from autograd_lite.drawing._themes import THEMES
from autograd_lite.engine import Value, topological_order

FAINT = THEMES["light"].faint


def diamond():
    """Two paths from x to z, and y beside them."""
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    a, b = x * y, x + y
    a.label, b.label = "a", "b"
    z = a * b
    z.label = "z"
    return x, y, a, b, z


def lit(picture):
    """The labels of the boxes that are not faded."""
    boxes = [line for line in picture.source.splitlines() if "TABLE" in line]
    return {label for line in boxes if FAINT not in line for label in re.findall("<B>(\\w+)</B> =", line)}


def lit_edges(picture):
    edges = re.findall(r"^\t(n\d+) -> (n\d+) \[(.*)\]", picture.source, re.MULTILINE)
    return {(a, b) for a, b, style in edges if "penwidth=2" in style}


def test_a_value_stands_for_all_paths_from_it():
    x, _, _, _, z = diamond()
    picture = draw(z, highlight=x)
    assert lit(picture) == {"x", "a", "b", "z"}
    assert len(lit_edges(picture)) == 4
    assert "highlighted: the paths from x to z" in picture.source


def test_a_pair_stands_for_all_paths_between_its_nodes():
    x, _, a, _, z = diamond()
    assert lit(draw(z, highlight=(x, a))) == {"x", "a"}
    assert lit(draw(z, highlight=(x, x))) == {"x"}


def test_a_list_stands_for_one_path():
    x, _, _, b, z = diamond()
    picture = draw(z, highlight=[x, b, z])
    assert lit(picture) == {"x", "b", "z"}
    assert len(lit_edges(picture)) == 2


def test_a_list_may_skip_nodes_and_go_from_either_end():
    x, _, a, _, z = diamond()
    J = (z + 1) * 2
    J.label = "J"
    for path in ([x, a, z, J], [J, z, a, x]):
        assert lit(draw(J, highlight=path)) == {"x", "a", "z", "J"}
    assert lit(draw(J, highlight=[x, J])) == {"x", "a", "b", "z", "J"}


def test_what_explain_calls_a_path_can_be_highlighted():
    *_, z = diamond()
    J = z.sigmoid()
    for detail in ("auto", "labels", "operations"):
        for path in explain(J, z, detail=detail).paths:
            assert lit(draw(J, highlight=list(path.nodes))) >= {"z"}


def test_nothing_is_faded_without_a_highlight():
    assert FAINT not in draw(diamond()[-1]).source


def test_what_is_no_path_is_refused():
    x, y, a, b, z = diamond()
    stranger = Value(1.0, label="stranger")
    with pytest.raises(ValueError, match=r"stranger.*is not in the graph of 'z'"):
        draw(z, highlight=stranger)
    with pytest.raises(ValueError, match="no path to highlight from a to b"):
        draw(z, highlight=(a, b))
    with pytest.raises(ValueError, match="no path to highlight from z to x"):
        draw(z, highlight=(z, x))
    with pytest.raises(ValueError, match="no path to highlight from a to b"):
        draw(z, highlight=[x, a, b])
    with pytest.raises(ValueError, match=r"pair \(from, to\).*3 Values"):
        draw(z, highlight=(x, y, z))


@pytest.mark.parametrize("what", [3.0, "x", [], (), [1.0], ("x", "z")])
def test_what_is_no_value_is_refused(what):
    with pytest.raises(TypeError, match="for highlight, but got"):
        draw(diamond()[-1], highlight=what)


def test_a_condition_is_no_path_of_the_chain_rule():
    x, a = Value(1.0, label="x"), Value(2.0, label="a")
    z = ops.where(x > 0, a, -a)
    with pytest.raises(ValueError, match="no path"):
        draw(z, highlight=x)
    assert "penwidth=2" in draw(z, highlight=a).source


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12), st.data())
def test_all_paths_are_what_walking_them_finds(steps, data):
    nodes = [Value(1.0), Value(2.0)]
    for i, j in steps:
        nodes.append(nodes[i % len(nodes)] + nodes[j % len(nodes)])
    order = topological_order(nodes[-1])
    start = data.draw(st.sampled_from(order))
    paths, edges = [[nodes[-1]]], set()
    while paths:
        path = paths.pop()
        if path[-1] is start:
            edges.update((b, a) for a, b in pairwise(path))
        paths += [[*path, x] for x in set(path[-1].inputs)]
    found = find_paths(order, start, names_of(order))
    assert found.edges == edges
    assert found.nodes == {start, nodes[-1]} | {node for edge in edges for node in edge}


def test_a_weight_lights_its_edge_and_all_neurons_behind_it():
    model = nn.MLP(2, [3, 2, 1], seed=1)
    J = model([1.0, 2.0]) ** 2
    w = model.layers[1].neurons[0].w[2]
    source = draw(J, detail="neurons", highlight=w).source
    edges = [line for line in source.splitlines() if 'tooltip="W' in line]
    bright = [
        re.search('tooltip="(\\S+)', line)[1] for line in edges if THEMES["light"].faint_line not in line
    ]
    assert bright == ["W2[2,0]", "W3[0,0]"]
    circles = [line for line in source.splitlines() if "shape=circle" in line]
    assert sum("penwidth=2" in line for line in circles) == 2


def test_a_highlight_lights_the_layers_that_it_leads_through():
    model = nn.MLP(2, [3, 2, 1], seed=1)
    J = model([1.0, 2.0]) ** 2
    source = draw(J, detail="layers", highlight=model.layers[1].neurons[0].b).source
    boxes = [line for line in source.splitlines() if "TABLE" in line]
    dark = [line for line in boxes if FAINT in line]
    assert len(boxes) == 5
    assert len(dark) == 2
    assert any("2 inputs" in line for line in dark)
    assert any("layer 1" in line for line in dark)


def test_a_highlight_lights_merged_boxes():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    z = ops.sum((x * i).sin() + (y * i).cos() for i in range(40))
    boxes = [line for line in draw(z, max_nodes=200, highlight=x).source.splitlines() if "TABLE" in line]
    bright = [line for line in boxes if FAINT not in line]
    assert len(boxes) == 2 + 2 * 40 + 1
    assert len(bright) == 1 + 40 + 1
