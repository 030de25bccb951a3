"""The demos about activations, deep networks, softmax and regularization show what they say."""

import math
import re
import runpy

import numpy as np
import pytest
from conftest import DEMOS
from test_demos import check_files, written

from autograd_lite.nn import ACTIVATIONS, MLP

LAYERS = 6


def rows(output, name, pattern=r"\S+"):
    """The numbers in every row of the tables that begins with a name."""
    found = re.findall(rf"^{re.escape(name)} +(\S.*)$", output, flags=re.MULTILINE)
    return [[float(x.rstrip("%")) for x in re.findall(pattern, row)] for row in found]


@pytest.fixture(scope="module")
def activations(run):
    return run("activations")


@pytest.fixture(scope="module")
def softmax(run):
    return run("softmax_and_cross_entropy")


def check_pictures(folder, output, *names):
    check_files(folder, output)
    assert [path.name for path in written(folder, output)] == [*names]


def test_the_files_are_those_that_the_demo_says_it_wrote(activations, softmax):
    check_pictures(*activations, "activations.png", "derivatives.png")
    check_pictures(*softmax, "cross_entropy.png")


def test_every_activation_is_tabulated_with_its_derivative(activations):
    for name in ACTIVATIONS.keys() - {"softmax", "swish"}:
        values, largest = rows(activations[1], name)
        assert len(values) == 8
        assert largest[1] == pytest.approx(largest[0] ** LAYERS, abs=1e-3)
    for name, phi, slope in [
        ("sigmoid", lambda z: 1 / (1 + math.exp(-z)), lambda a: a * (1 - a)),
        ("tanh", math.tanh, lambda a: 1 - a * a),
    ]:
        outputs = [phi(z) for z in (-2, 0, 0.5, 2)]
        expected = [x for a in outputs for x in (a, slope(a))]
        assert rows(activations[1], name)[0] == pytest.approx(expected, abs=1e-4)


def test_only_the_sigmoid_has_a_largest_derivative_of_a_quarter(activations):
    largest = {name: rows(activations[1], name)[1][0] for name in ("sigmoid", "tanh", "relu")}
    assert largest == {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0}


def test_signals_are_those_of_backpropagation_by_hand():
    demo = runpy.run_path(str(DEMOS / "vanishing_gradients.py"))
    X, y = np.random.default_rng(0).normal(size=(5, 64)), np.arange(5)
    outputs, slopes, deltas = demo["signals"]("tanh", "glorot", X, y)

    model = MLP(64, [100] * LAYERS + [10], "tanh", init="glorot", seed=0)
    weights = [np.array([[w.data for w in neuron.w] for neuron in layer.neurons]) for layer in model.layers]
    a = [X]
    for W in weights[:-1]:
        a.append(np.tanh(a[-1] @ W.T))
    powers = np.exp(a[-1] @ weights[-1].T)
    delta = powers / powers.sum(axis=1, keepdims=True) - np.eye(10)[y]
    for layer in reversed(range(LAYERS)):
        delta = (delta @ weights[layer + 1]) * (1 - a[layer + 1] ** 2)
        np.testing.assert_allclose(outputs[layer], a[layer + 1], rtol=1e-9)
        np.testing.assert_allclose(slopes[layer], 1 - a[layer + 1] ** 2, rtol=1e-9)
        np.testing.assert_allclose(deltas[layer], delta, rtol=1e-8, atol=1e-15)


def test_neurons_saturate_or_gradients_vanish_unless_the_weights_suit(run):
    """All in one test, so that one process runs the demo, once."""
    folder, output = run("vanishing_gradients")
    check_pictures(folder, output, "outputs.png", "gradients.png")
    outputs, flat, deltas = {}, {}, {}
    for name in (
        "sigmoid, N(0, 1)",
        "tanh, N(0, 1)",
        "tanh, U(±1/√n)",
        "sigmoid, Glorot",
        "tanh, Glorot",
        "relu, He",
    ):
        outputs[name], flat[name], deltas[name] = map(np.array, rows(output, name))
        assert len(outputs[name]) == len(flat[name]) == len(deltas[name]) == LAYERS

    assert np.all(flat.pop("sigmoid, N(0, 1)") > 35)
    assert np.all(flat.pop("tanh, N(0, 1)") > 65)
    assert np.all(np.abs(flat.pop("relu, He") - 50) < 10)
    assert not np.any([*flat.values()])

    shrinking = {name: delta[1:] / delta[:-1] for name, delta in deltas.items()}
    assert np.all(shrinking["sigmoid, Glorot"] > 3.5)
    assert np.all(shrinking["tanh, U(±1/√n)"] > 1.5)
    assert np.all(outputs["tanh, U(±1/√n)"][1:] < 0.65 * outputs["tanh, U(±1/√n)"][:-1])
    assert np.all(shrinking["tanh, N(0, 1)"] < 0.6)
    assert deltas["tanh, Glorot"].max() < 3 * deltas["tanh, Glorot"].min()
    assert deltas["relu, He"].max() < 1.3 * deltas["relu, He"].min()


def test_the_softmax_table_is_the_lecture_s(softmax):
    expected = {
        "  1.47  -0.39   0.22": [0.69, 0.11, 0.20, 1.00],
        "  5.00   6.00   4.00": [0.24, 0.67, 0.09, 1.00],
        "  0.90   0.80   1.10": [0.32, 0.29, 0.39, 1.00],
        " -2.00   2.00  -3.00": [0.02, 0.98, 0.01, 1.00],
    }
    assert {logits: rows(softmax[1], logits)[0] for logits in expected} == expected


def test_the_cross_entropies_are_the_lecture_s(softmax):
    losses = re.findall(r"^0\.\d\d  0\.\d\d  0\.\d\d   (\S+)$", softmax[1], flags=re.MULTILINE)
    assert losses == ["0.3567", "1.5141", "2.5257"]


def test_the_gradient_of_the_cross_entropy_is_the_error_of_the_probabilities(softmax):
    gradient = re.findall(r"^ +[123] +(\S+\.\d{15}) +(\S+\.\d{15})$", softmax[1], flags=re.MULTILINE)
    assert len(gradient) == 3
    for derivative, difference in gradient:
        assert float(derivative) == pytest.approx(float(difference), abs=1e-14)
    assert sum(float(derivative) for derivative, _ in gradient) == pytest.approx(0, abs=1e-14)


def test_large_logits_keep_a_derivative_that_probabilities_lose(softmax):
    table = {d: rows(softmax[1], f"{d:4}")[0] for d in (1, 20, 100, 1000)}
    assert table[1] == [1.313, 0.731, 1.313, 0.731]
    assert table[20] == [20, 1, 20, 1]
    assert table[100] == [100, 1, 20.723, 0]
    assert table[1000] == [1000, 1, 20.723, 0]


def test_each_way_of_regularization_does_better_on_the_test_set_than_none(run):
    folder, output = run("regularization")
    check_pictures(folder, output, "regularization.png")
    table = {
        name: rows(output, name, r"[\d.]+%?")[0] for name in ("none", "L1", "L2", "dropout", "early stopping")
    }
    epochs, train, validation, test, near_0 = {}, {}, {}, {}, {}
    for name, row in table.items():
        epochs[name], train[name], validation[name], test[name], near_0[name], total = row
        assert total == 6 * 50 + 50 * 50 + 50
    assert train["none"] == 100
    assert test["none"] < 80
    for name in table.keys() - {"none"}:
        assert train[name] < 100
        assert test[name] > test["none"] + 2
        assert validation[name] > validation["none"] + 2
    assert epochs.pop("early stopping") < 100
    assert set(epochs.values()) == {300}
    assert near_0["L1"] > 2700 > 2200 > near_0["L2"] > 1500 > 150 > near_0["none"]


def test_the_validation_loss_rises_without_regularization_and_not_with_penalties():
    demo = runpy.run_path(str(DEMOS / "regularization.py"))
    data = demo["data"]
    sets = {"train": data(80, 0), "validation": data(200, 100)}
    losses = {name: demo["train"](name, sets)[0].val_loss for name in ("none", "L1", "L2")}
    assert losses["none"][-1] > 3 * min(losses["none"])
    for name in ("L1", "L2"):
        assert losses[name][-1] < 1.05 * min(losses[name])
