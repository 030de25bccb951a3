"""micrograd's README, tests and notebooks give micrograd's figures, with nothing changed but the imports."""

import math
import re

import graphviz
import numpy as np
import pytest
from references import micrograd_programs as programs
from references.recording import read

from autograd_lite.engine import Value
from autograd_lite.nn import MLP, Neuron

FIGURES, MOONS = read("micrograd.json"), read("moons.json")
X, Y = np.array(MOONS["X"]), np.array(MOONS["y"])


def test_the_readme_gives_the_figures_that_it_prints():
    figures = programs.readme(Value)
    assert {name: f"{number:.4f}" for name, number in figures.items()} == {
        "g": "24.7041",
        "da": "138.8338",
        "db": "645.5773",
    }
    assert figures == pytest.approx(FIGURES["readme"], rel=1e-14)


def test_the_sanity_check_gives_its_figures():
    assert programs.sanity_check(Value) == FIGURES["sanity_check"] == {"y": -20.0, "dx": 46.0}


@pytest.mark.parametrize("x", [-1.0, 0.123, 2.0])
def test_the_unary_functions_of_the_tests_give_their_figures(x):
    """micrograd's tests call them on the class and compare with PyTorch."""
    for function, expected, slope in (
        (Value.tanh, math.tanh(x), 1 - math.tanh(x) ** 2),
        (Value.exp, math.exp(x), math.exp(x)),
    ):
        v = Value(x)
        y = function(v)
        y.backward()
        assert (y.data, v.grad) == pytest.approx((expected, slope), rel=1e-13)


def test_the_simple_graph_of_the_notebook_is_traced_with_its_operations():
    ours, theirs = programs.describe(programs.simple_graph(Value)), FIGURES["simple_graph"]
    assert ours["edges"] == theirs["edges"]
    assert [node[:2] for node in ours["nodes"]] == [node[:2] for node in theirs["nodes"]]
    assert [node for node in ours["nodes"] if node[0]] == [node for node in theirs["nodes"] if node[0]]


def test_the_neuron_of_the_notebook_is_traced_with_its_data_and_gradients():
    recorded = FIGURES["neuron"]
    assert programs.describe(programs.neuron_graph(Value, recorded["w"], recorded["b"])) == recorded["graph"]


def test_the_neuron_class_gives_the_figures_of_the_notebook():
    recorded = FIGURES["neuron"]
    neuron = Neuron(2)
    for p, number in zip(neuron.parameters(), [*recorded["w"], recorded["b"]], strict=True):
        p.data = number
    x = [Value(1.0), Value(-2.0)]
    y = neuron(x)
    y.backward()
    operation, data, gradient = next(node for node in recorded["graph"]["nodes"] if node[0] == "ReLU")
    assert (y._op, y.data, y.grad) == (operation, data, gradient)
    assert [w.grad for w in neuron.w] == [1.0, -2.0]
    assert neuron.b.grad == 1.0
    assert [v.grad for v in x] == recorded["w"]


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_the_notebook_s_draw_dot_draws_our_graphs(rankdir):
    recorded = FIGURES["neuron"]
    y = programs.neuron_graph(Value, recorded["w"], recorded["b"])
    source = programs.draw_dot(y, graphviz.Digraph, rankdir).source
    assert f"rankdir={rankdir}" in source
    boxes = re.findall(r"\{ data (.*) \| grad (.*) \}", source)
    expected = [(f"{data:.4f}", f"{grad:.4f}") for _, data, grad in recorded["graph"]["nodes"]]
    assert sorted(boxes) == sorted(expected)
    assert sorted(re.findall(r"label=\"?([*+]|ReLU)\"?\]", source)) == ["*", "*", "+", "+", "ReLU"]


def test_the_model_of_the_demo_has_as_many_parameters_in_the_same_order():
    shapes = [(len(n.w), n.nonlin) for layer in MLP(2, [16, 16, 1]).layers for n in layer.neurons]
    assert shapes == [(2, True)] * 16 + [(16, True)] * 16 + [(16, False)]
    assert len(MLP(2, [16, 16, 1]).parameters()) == len(MOONS["weights"]) == 337


def test_the_demo_has_micrograd_s_losses_at_every_step_from_micrograd_s_weights():
    model = MLP(2, [16, 16, 1])
    for p, number in zip(model.parameters(), MOONS["weights"], strict=True):
        p.data = number
    losses, accuracies = programs.moons(Value, model, X, Y)
    assert len(losses) == 100
    np.testing.assert_allclose(losses, MOONS["losses"], rtol=0, atol=1e-9)
    assert accuracies == MOONS["accuracies"]
    np.testing.assert_allclose([p.data for p in model.parameters()], MOONS["trained"], rtol=0, atol=1e-9)
    sides = programs.boundary(Value, model, X)
    assert ["".join("-+"[int(side)] for side in row) for row in sides] == MOONS["boundary"]


def test_the_demo_separates_the_moons_from_our_initial_weights():
    _, accuracies = programs.moons(Value, MLP(2, [16, 16, 1], seed=2), X, Y, steps=60)
    assert max(accuracies) == 1.0
