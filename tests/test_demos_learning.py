"""The demos of one lesson each: what they print is true, and they write the pictures that they name."""

import re

import pytest
from test_demos import check_files, written

NUMBER = r"-?\d+\.\d+(?:e[+-]\d+)?"


def rows(output, pattern):
    """The groups of all lines of a table, numbers as floats."""
    found = re.findall(rf"^{pattern}$", output, flags=re.MULTILINE)
    assert found
    return [[float(x) if re.fullmatch(rf"{NUMBER}|\d+", x) else x for x in row] for row in found]


def test_a_perceptron_has_three_of_xor_right_and_a_hidden_layer_all_four(run):
    folder, output = run("xor")
    starts = rows(output, rf" +(\d+) +(\d) +({NUMBER}) +(\d) +({NUMBER})")
    assert len(starts) == 6
    for _, best, sigmoid_loss, right, loss in starts:
        assert (best, right) == (3, 4)
        assert sigmoid_loss == pytest.approx(0.6931, abs=1e-4)
        assert loss < 0.01
    table = rows(output, rf" +([01]) +([01]) +([01]) +([01]) +({NUMBER}) +({NUMBER})")
    assert [(x1, x2) for x1, x2, *_ in table] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert sum(perceptron == y for _, _, y, perceptron, *_ in table) == 3
    for x1, x2, y, _, neuron, mlp in table:
        assert y == (x1 != x2)
        assert neuron == pytest.approx(0.5, abs=1e-3)
        assert mlp == pytest.approx(y, abs=0.01)
    check_files(folder, output)
    assert [path.name for path in written(folder, output)] == ["decision_boundaries.png"]


def test_the_update_rules_of_the_lecture_are_those_of_the_engine_and_its_trainer_says_why_it_stops(run):
    folder, output = run("shallow_network")
    differences = rows(output, r"(W1|b1|W2|b2) +(\S+) +(\S+)")
    assert sorted(name for name, *_ in differences) == ["W1", "W2", "b1", "b2"]
    assert all(in_gradient < 1e-12 and in_update < 1e-12 for _, in_gradient, in_update in differences)
    starts = rows(output, rf" +(\d) +({NUMBER}) +({NUMBER}) +(.*)")
    lowest = float(re.search(rf"^linear regression +({NUMBER})", output, re.MULTILINE)[1])
    assert len(starts) == 4
    assert len({first for _, first, *_ in starts}) == 4
    for _, first, last, reason in starts:
        assert first > 10 * last
        assert lowest < last < lowest + 0.005
        assert re.fullmatch(r"the loss changed by less than 1e-05 in epoch \d+", reason)
    check_files(folder, output)
    assert [path.name for path in written(folder, output)] == ["training_curves.png", "restarts.png"]


def test_zeros_keep_neurons_equal_and_deep_networks_need_the_right_scale(run):
    folder, output = run("initialization")
    numbers = " +".join([rf"({NUMBER})"] * 6)
    last = {name: (shallow, deep) for name, _, _, shallow, _, _, deep in rows(output, rf"(\w+) +{numbers}")}
    assert list(last) == ["zeros", "uniform", "normal", "glorot", "he"]
    alone = float(re.search(rf"ends at the loss ({NUMBER})", output)[1])
    assert last["zeros"][0] > alone > 0.5
    assert all(shallow < 0.01 for name, (shallow, _) in last.items() if name != "zeros")
    assert last["normal"][1] > last["zeros"][1] > 0.6
    assert last["he"][1] < last["glorot"][1] < 0.1
    neurons = rows(output, r" +\d +" + " +".join([rf"({NUMBER})"] * 4))
    assert len(neurons) == 8
    assert all(neuron == neurons[0] for neuron in neurons)
    assert 0 not in neurons[0]
    check_files(folder, output)
    assert [path.name for path in written(folder, output)] == ["losses.png"]


def test_the_better_optimizers_need_fewer_steps_down_the_valley(run):
    folder, output = run("optimizers")
    table = rows(output, r"(\S.*\S) +lr +(\S+) +(\d+) steps +(\d) of 9 rates get there")
    steps = {name: n for name, _, n, _ in table}
    assert len(steps) == 6
    assert max(steps.values()) < 1000
    assert steps["SGD, Nesterov 0.9"] < steps["SGD, momentum 0.9"] < steps["SGD"] / 4
    assert steps["Adam"] < steps["SGD"] / 4
    assert steps["RMSprop, lr · 0.99^step"] < steps["RMSprop"]
    assert all(good >= 1 for *_, good in table)
    check_files(folder, output)
    assert [path.name for path in written(folder, output)] == ["paths.png"]
