"""Tests of the networks that pictures find in graphs: neurons, layers, and what is drawn of them."""

import html
import itertools
import random
import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import nn, ops
from autograd_lite._operands import operands_of
from autograd_lite.drawing import draw
from autograd_lite.drawing._network import find_network
from autograd_lite.drawing._placement import CHARACTER, LINE, pass_between, place_texts
from autograd_lite.engine import Value, topological_order

WIDTHS = st.lists(st.integers(1, 4), min_size=2, max_size=4)
HIDDEN = st.sampled_from(sorted(set(nn.ACTIVATIONS) - {"softmax"}))


def network_of(root):
    order = topological_order(root)
    return find_network(order, {node: operands_of(node) for node in order})


def layers_of(root):
    return [len(layer) for layer in network_of(root).layers]


def edges_of(picture):
    return re.findall(r"(c\d+) -> (c\d+) \[.*?tooltip=\"(\S+) = ", picture.source)


def batch_loss(model, n_in, examples, as_values):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(examples, n_in)).tolist()
    outputs = [model([Value(x) for x in row] if as_values else row) for row in X]
    return ops.mean((y - 1) ** 2 for out in outputs for y in (out if isinstance(out, list) else [out]))


@settings(deadline=None, max_examples=60)
@given(WIDTHS, HIDDEN, st.integers(1, 3), st.booleans())
def test_of_any_mlp_every_weight_is_one_edge_and_every_neuron_one_circle(
    widths, activation, examples, values
):
    n_in, *sizes = widths
    model = nn.MLP(n_in, sizes, activation=activation, seed=1)
    J = batch_loss(model, n_in, examples, values)
    network = network_of(J)
    assert [len(layer) for layer in network.layers] == sizes
    assert sum(part.kind == "input" for part in network.parts) == n_in
    picture = draw(J, detail="neurons")
    weights = sorted(p.label for p in model.parameters() if p.label.startswith("W"))
    assert sorted(name for _, _, name in edges_of(picture)) == weights
    assert len(re.findall("shape=circle", picture.source)) == sum(widths)


@settings(deadline=None, max_examples=60)
@given(WIDTHS, HIDDEN, st.integers(1, 3), st.booleans())
def test_every_node_is_in_exactly_one_part(widths, activation, examples, values):
    n_in, *sizes = widths
    J = batch_loss(nn.MLP(n_in, sizes, activation=activation, seed=1), n_in, examples, values)
    network = network_of(J)
    assert sorted(map(id, topological_order(J))) == sorted(
        id(x) for part in network.parts for x in part.members
    )


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "step"])
def test_the_activation_of_the_last_layer_is_found(output):
    outputs = nn.MLP(3, [4, 3], activation="tanh", output=output, seed=1)([1.0, 2.0, 3.0])
    network = network_of(ops.mean((y - 1) ** 2 for y in outputs))
    assert [layer[0].activation for layer in network.layers] == ["tanh", output]


def micrograd_neuron(w, x, b):
    return sum((wi * xi for wi, xi in zip(w, x, strict=True)), b)


def reversed_neuron(w, x, b):
    return sum(xi * wi for wi, xi in zip(w, x, strict=True)) + b


def dot_neuron(w, x, b):
    return ops.dot(w, x) + b


def bare_neuron(w, x, b):
    return ops.dot(x, w)


@pytest.mark.parametrize("neuron", [micrograd_neuron, reversed_neuron, dot_neuron, bare_neuron])
@pytest.mark.parametrize("as_values", [True, False])
def test_a_neuron_is_found_however_it_is_written(neuron, as_values):
    rng = random.Random(1)
    W1 = [[Value(rng.gauss(0, 1), f"w{i}{j}") for i in range(3)] for j in range(4)]
    W2 = [Value(rng.gauss(0, 1)) for _ in range(4)]
    losses = []
    for example in range(3):
        x = [Value(float(i + example), f"x{i}") if as_values else float(i + example) for i in range(3)]
        hidden = [
            neuron(w, x, Value(0.1) if example < 0 else b).tanh() for w, b in zip(W1, BIASES, strict=True)
        ]
        losses.append((neuron(W2, hidden, BIASES[0]) - 1) ** 2)
    network = network_of(ops.mean(losses))
    assert [len(layer) for layer in network.layers] == [4, 1]
    assert {len(part.sums) for part in network.neurons} == {3}
    assert [part.sums[0].weights for part in network.neurons] == [*W1, W2]


BIASES = [Value(0.1) for _ in range(4)]


def lecture():
    x, y = Value(3.14, label="x"), Value(1.0, label="y")
    w1, w2, b1, b2 = (
        Value(v, label=name) for v, name in zip((0.6, 0.1, 0, 0), ("w1", "w2", "b1", "b2"), strict=True)
    )
    a1 = (w1 * x + b1).sigmoid()
    y_hat = (w2 * a1 + b2).sigmoid()
    return -(y * y_hat.log() + (1 - y) * (1 - y_hat).log())


def test_the_lecture_s_network_has_two_neurons_and_a_loss():
    network = network_of(lecture())
    assert [[n.label for n in neuron.parameters] for neuron in network.neurons] == [
        ["w1", "b1"],
        ["w2", "b2"],
    ]
    kinds = sorted(part.kind for part in network.parts)
    assert kinds == ["input", "loss", "neuron", "neuron"]


def test_a_sigmoid_written_by_hand_is_one():
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(1.0, label="b")
    (neuron,) = network_of((1 / (1 + (-(w * x + b)).exp()) - 1) ** 2).neurons
    assert neuron.activation == "sigmoid"


def formulas():
    a, b, c = (Value(v, label=name) for v, name in zip((2.0, -3.0, 10.0), "abc", strict=True))
    yield a * b + c
    yield a * b**2 + b * a + a
    yield ops.dot([a, b], [a, b])
    yield (a - b) ** 2
    yield a


@pytest.mark.parametrize("root", list(formulas()))
def test_a_formula_is_no_network(root):
    assert network_of(root) is None
    assert draw(root, detail="neurons").source == draw(root, detail="layers").source


def test_a_penalty_is_part_of_the_loss():
    model = nn.MLP(2, [3, 1], seed=1)
    loss = (model([1.0, 2.0]) - 1) ** 2
    plain, penalized = network_of(loss), network_of(loss + nn.L2(0.1)(model))
    assert plain.edge_count == penalized.edge_count == 9
    assert sum(part.kind == "loss" for part in penalized.parts) == 1


def test_dropout_and_scaling_belong_to_what_they_change():
    model = nn.Sequential(nn.Layer(2, 4, seed=1), nn.Dropout(0.5, seed=1), nn.Layer(4, 1, seed=2))
    outputs = [model([(Value(float(i)) - 0.5) / 2, (Value(1.0) - 0.5) / 2]) for i in range(10)]
    network = network_of(ops.mean(outputs))
    assert [len(layer) for layer in network.layers] == [4, 1]
    assert sorted({part.kind for part in network.parts}) == ["input", "loss", "neuron"]


def test_a_sum_of_linear_outputs_is_not_one_neuron():
    model = nn.MLP(2, [3, 1], seed=1)
    assert layers_of(sum(model([float(i), 1.0]) for i in range(5))) == [3, 1]


def test_outputs_of_a_skip_connection_are_boxes_between_layers():
    first, second, last = (nn.Layer(n, m, seed=1) for n, m in ((2, 3), (3, 3), (3, 1)))
    hidden = first([1.0, 2.0])
    J = last([a + b for a, b in zip(hidden, second(hidden), strict=True)])
    network = network_of(J)
    assert [len(layer) for layer in network.layers] == [3, 3, 1]
    assert sum(part.kind == "other" for part in network.parts) == 3
    picture = draw(J, detail="neurons")
    assert "style=invis" in picture.source  # the edges past the second layer bend
    assert picture.pipe().startswith(b"<?xml")


def recurrent(steps):
    w, u, b = Value(0.5, label="w"), Value(0.3, label="u"), Value(0.1, label="b")
    h = 0.0
    for t in range(steps):
        h = (w * float(t) + u * h + b).tanh()
    return h


def test_a_recurrent_neuron_is_one_circle_with_an_edge_to_itself():
    network = network_of(recurrent(5))
    (neuron,) = network.neurons
    assert neuron in {source for source, _ in neuron.sources}
    assert draw(recurrent(5), detail="neurons").pipe().startswith(b"<?xml")


def test_the_steps_of_a_recurrence_are_no_examples():
    w, u, b = Value(0.5, label="w"), Value(0.3, label="u"), Value(0.1, label="b")
    h = Value(0.0, label="h0")
    for t in range(1, 5):
        h = (u * h + w * float(t) + b).tanh()
        h.label = f"h{t}"
    source = draw((h - 1) ** 2, detail="neurons").source
    assert "the same weights are used 4 times" in source
    assert "examples" not in source
    assert "<B>h1…h4</B>" in source
    assert "<B>h0</B>" in source
    assert "<I>x1</I>" in source
    assert "<I>start</I>" in draw(recurrent(3), detail="neurons").source


def test_a_softmax_layer_shows_logits_or_probabilities_and_never_both():
    outputs = nn.MLP(4, [8, 3], output="softmax", seed=1)([0.1, 0.2, 0.3, 0.4])
    one, every = -outputs[1].log(), ops.mean((y - 1) ** 2 for y in outputs)
    for root, title in ((one, "logits of softmax"), (every, "layer 2<BR/>softmax")):
        layer = network_of(root).layers[-1]
        assert {neuron.outputs[0].op for neuron in layer} == ({"add"} if root is one else {"softmax"})
        source = draw(root, detail="neurons").source
        assert title in source
        (loss,) = re.findall(r"(c\d+) \[label=<<TABLE", source)
        assert source.count(f"-> {loss} ") == 3
    assert "logits" not in draw(one, detail="operations").source
    assert ">v" in draw(outputs[1], detail="neurons").source
    assert {n.outputs[0].op for n in network_of(outputs[1]).layers[-1]} == {"add"}


def odd_networks():
    first, second = nn.MLP(2, [3, 1], seed=1), nn.MLP(2, [4, 2], seed=2)
    x = [Value(1.0), Value(2.0)]
    neuron = nn.Neuron(2, seed=1)
    kernel, pixels = [Value(1.0), Value(2.0)], [Value(float(i)) for i in range(5)]
    mean, scale = Value(0.5), Value(2.0)
    W = [[Value(1.0), Value(2.0)], [Value(0.5), Value(-1.0)]]
    yield "two networks", first(x) - ops.sum(second(x))
    yield "shared weights", first(x) * first([3.0, 4.0])
    yield "a neuron twice", neuron([neuron([1.0, 2.0]), neuron([3.0, 4.0])])
    yield "convolution", ops.sum(ops.dot(kernel, pixels[i : i + 2]).relu() for i in range(4))
    yield "standardized", ops.mean(first([(Value(float(i)) - mean) / scale] * 2) for i in range(4))
    yield (
        "tied weights",
        ops.norm([ops.dot(w, [ops.dot(v, x).tanh() for v in W]) for w in zip(*W, strict=True)]),
    )
    yield "recurrent", recurrent(20)
    yield "not a number", first([float("nan"), float("inf")])
    yield "zero", ops.sum(nn.Layer(2, 2, init="zeros")([0.0, 0.0]))


@pytest.mark.parametrize("root", [pytest.param(root, id=name) for name, root in odd_networks()])
@pytest.mark.parametrize("options", [{}, {"weigh": "gradient", "theme": "dark"}, {"highlight": 0}])
@pytest.mark.parametrize("detail", ["auto", "operations", "neurons", "layers"])
def test_odd_networks_are_drawn(root, detail, options):
    root.backward()
    if "highlight" in options:
        options = {"highlight": next(node for node in topological_order(root) if node.op)}
    assert draw(root, detail=detail, **options).pipe().startswith(b"<?xml")


# The diagram


def test_the_sign_of_a_weight_is_shown_in_two_ways_and_its_size_in_one():
    x = [Value(1.0, label=f"x{i}") for i in range(3)]
    J = (ops.dot([Value(2.0, label="w0"), Value(-1.0, label="w1"), Value(0.0, label="w2")], x)).tanh()
    lines = [line for line in draw(J, detail="neurons").source.splitlines() if 'tooltip="w' in line]
    assert [re.findall("style=(\\w+)", line) for line in lines] == [["solid"], ["dashed"], ["solid"]]
    assert len({re.search('color="(.*?)"', line)[1] for line in lines}) == 3
    widths = [float(re.search("penwidth=([\\d.]+)", line)[1]) for line in lines]
    assert widths[0] > widths[1] > widths[2]


def test_edges_can_be_weighed_by_the_gradient():
    w = [Value(1.0, label="w0"), Value(1.0, label="w1")]
    J = ops.dot(w, [2.0, -5.0]).tanh()
    with pytest.raises(ValueError, match=r"call backward\(\)"):
        draw(J, detail="neurons", weigh="gradient")
    J.backward()
    by_weight, by_gradient = (
        draw(J, detail="neurons", weigh=weigh).source for weigh in ("weight", "gradient")
    )
    assert by_weight.count("style=dashed") == 0
    assert by_gradient.count("style=dashed") == 1
    assert f"label=<{w[1].grad:.2g}>" in by_gradient


@pytest.mark.parametrize("label", ['w"b', "w&#92;", "w\\N\\G", "w<B>x</B>", "w & b", "w&amp;", "w\\"])
def test_pointing_at_a_weight_shows_its_label(label):
    w = [Value(1.0, label=label), Value(2.0)]
    svg = draw(ops.dot(w, [1.0, 2.0]).tanh(), detail="neurons").pipe(encoding="utf-8")
    titles = [html.unescape(title) for title in re.findall('xlink:title="([^"]*)"', svg)]
    assert f"{label} = 1\nno gradient yet".replace("\\", "∖") in titles


def test_circles_show_names_numbers_and_biases_of_one_example_and_their_count_otherwise():
    model = nn.MLP(2, [2, 1], activation="tanh", seed=1)
    x = [Value(1.5, label="x1"), Value(-2.0, label="x2")]
    one = draw(model(x), detail="neurons").source
    assert "<B>x1</B><BR/>1.5" in one
    assert one.count("b = 0") == 3
    assert "layer 1<BR/>tanh" in one
    many = draw(ops.mean([model([float(i), 1.0]) for i in range(7)]), detail="neurons").source
    assert "7 examples" in many
    assert "<I>x1</I>>" in many


def test_few_weights_have_numbers_and_short_names():
    source = draw(lecture(), detail="neurons").source
    assert "label=<w1 = 0.6>" in source
    assert "label=<w1" not in draw(nn.MLP(5, [5, 1], seed=1)([1.0] * 5), detail="neurons").source


def test_a_box_of_a_layer_says_what_it_consists_of():
    model = nn.MLP(2, [16, 1], seed=1)
    J = model([1.0, -1.0]) ** 2
    source = draw(J, detail="layers").source
    assert "<B>layer 1</B>: 2 → 16, relu<BR/>48 parameters<BR/>|weight|" in source
    assert "<B>layer 2</B>: 16 → 1, linear<BR/>17 parameters" in source
    assert "no gradient yet" in source
    J.backward()
    assert "|grad| " in draw(J, detail="layers").source
    assert source.count("->") == 3


def test_operations_of_a_neuron_are_framed_in_their_layer():
    source = draw(nn.MLP(2, [2, 1], seed=1)([1.0, 2.0]) ** 2, detail="operations").source
    frames = re.findall("subgraph (cluster_\\S+) ", source)
    assert frames == ["cluster_1", "cluster_1_1", "cluster_1_2", "cluster_2"]
    assert "label=<layer 1 · relu>" in source
    for name in re.findall("^\t+(n\\d+) \\[", source, re.MULTILINE):
        assert len(re.findall(f"^\t+{name} \\[", source, re.MULTILINE)) == 1


def test_operations_are_numbered_in_topological_order_and_their_constants_by_operand():
    x = Value(2.0, label="x")
    source = draw((3 - x) * x, detail="operations").source
    boxes = re.findall(r"^\t(n[012]) \[.*", source, re.MULTILINE)
    assert boxes == ["n0", "n1", "n2"]
    assert "−" in re.search(r"^\tn1 \[.*", source, re.MULTILINE)[0]
    assert re.search(r"n1_0 \[label=<3>", source)
    assert "n1_0 -> n1 " in source


# What is chosen


def test_auto_goes_from_operations_to_neurons_to_layers():
    x = [0.5] * 40
    for sizes, kind in (([1], "TABLE.*<I>"), ([8, 8, 1], "shape=circle"), ([60, 60], "<B>layer 1</B>")):
        root = ops.mean(y**2 for y in [nn.MLP(len(x[: sizes[0]]), [*sizes, 2], seed=1)(x[: sizes[0]])][0])
        assert re.search(kind, draw(root).source), sizes


def test_auto_draws_the_circles_of_a_small_network_but_the_operations_of_a_neuron():
    J = nn.binary_cross_entropy(nn.MLP(2, [3, 2, 1], seed=3)([0.5, -1.0]).sigmoid(), 1)
    assert len(topological_order(J)) <= 64
    assert "shape=circle" in draw(J).source
    assert "shape=circle" not in draw(J, max_nodes=200).source
    assert "shape=circle" not in draw(lecture()).source


def test_too_large_is_refused_with_what_to_do():
    wide = ops.dot([Value(1.0) for _ in range(30_000)], [1.0] * 30_000).tanh()
    with pytest.raises(ValueError, match=r"30,002 nodes is too large.*detail='auto'"):
        draw(wide, detail="operations")
    with pytest.raises(ValueError, match=r"30,000 weights is too large.*detail='layers'"):
        draw(wide, detail="neurons")
    assert "30,000 → 1, tanh" in draw(wide, detail="layers").source


def test_a_batch_of_micrograd_s_moons_network_is_drawn_at_once():
    model = nn.MLP(2, [16, 16, 1], seed=1)
    J = nn.hinge([model(x) for x in np.random.default_rng(0).normal(size=(100, 2))], [1, -1] * 50) + nn.L2(
        1e-4
    )(model)
    J.backward()
    start = time.perf_counter()
    svg = draw(J).pipe(encoding="utf-8")
    assert time.perf_counter() - start < 2
    assert "100 examples" in svg
    assert svg.count("<ellipse") == 2 + 33


# Where things stand


def columns(n, m, height):
    """The edges between two columns of circles."""
    ends = itertools.product(range(n), range(m))
    return [((0.0, (i - n / 2) * height), (2.0, (j - m / 2) * height)) for i, j in ends]


@given(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1.0, 0.66, 0.3]))
def test_numbers_lie_on_their_edges_and_do_not_overlap(n, m, height):
    lines = columns(n, m, height)
    points = place_texts(lines, [4] * len(lines), 0.4)
    for ((x0, y0), (x1, y1)), (x, y) in zip(lines, points, strict=bool(points)):
        assert x0 < x < x1
        assert y == pytest.approx(y0 + (x - x0) / (x1 - x0) * (y1 - y0), abs=1e-9)
    for (a, b), (c, d) in itertools.combinations(points, 2):
        assert abs(a - c) >= 4 * CHARACTER or abs(b - d) >= LINE


@pytest.mark.parametrize(("n", "m"), [(1, 3), (2, 2), (3, 2), (3, 3), (2, 4), (6, 1)])
def test_a_small_diagram_has_room_for_its_numbers(n, m):
    lines = columns(n, m, 1.0)
    assert len(place_texts(lines, [5] * len(lines), 0.4)) == n * m


@given(st.lists(st.integers(-5, 5), min_size=1, unique=True), st.integers(-5, 5), st.integers(-5, 5))
def test_an_edge_passes_between_circles(ys, y0, y1):
    column = [(1.0, float(y)) for y in ys]
    bends = pass_between((0.0, float(y0)), (2.0, float(y1)), [column], 1.0)
    height = bends[0][1] if bends else (y0 + y1) / 2
    assert all(abs(height - y) >= 0.45 for y in ys)
