"""Models as data: what is described is built again, and what is no description is refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.nn import (
    ACTIVATIONS,
    INITIALIZERS,
    MLP,
    Dropout,
    Layer,
    Module,
    Neuron,
    Sequential,
    build,
    describe,
    he,
)
from autograd_lite.nn.architecture import MAX_DEPTH, count_parameters, difference

WIDTHS = st.integers(1, 4)
HOW = {"activation": st.sampled_from(sorted(ACTIVATIONS)), "init": st.sampled_from([None, *INITIALIZERS])}
OF_ONE = HOW | {"activation": st.sampled_from(sorted(ACTIVATIONS.keys() - {"softmax"}))}


def perceptrons():
    how = HOW | {"output": HOW["activation"]}
    return st.builds(MLP, WIDTHS, st.lists(st.integers(2, 4), min_size=1, max_size=3), **how)


def models():
    """Modules of every kind, nested, some of them twice."""
    single = st.one_of(
        st.builds(Neuron, WIDTHS, **OF_ONE),
        st.builds(Layer, WIDTHS, st.integers(2, 4), **HOW),
        st.builds(Layer, WIDTHS, st.just(1), **OF_ONE),
        st.builds(Dropout, st.floats(0, 0.9)),
        perceptrons(),
    )

    @st.composite
    def sequences(draw, steps):
        chosen = draw(st.lists(steps, min_size=1, max_size=3))
        return Sequential(*draw(st.lists(st.sampled_from(chosen), min_size=1, max_size=4)))

    return st.recursive(single, sequences, max_leaves=6)


@given(models())
def test_what_is_built_is_what_was_described(model):
    description = json.loads(json.dumps(describe(model)))
    built = build(description)
    assert repr(built) == repr(model)
    assert describe(built) == description
    assert [p.label for p in built.parameters()] == [p.label for p in model.parameters()]
    built.load_state_dict(model.state_dict())
    assert built.state_dict() == model.state_dict()


@given(models())
def test_parameters_are_counted_without_building(model):
    assert count_parameters(describe(model)) == len(model.parameters())


@given(models(), models())
def test_two_descriptions_differ_if_the_models_do_in_more_than_their_initializers(model, other):
    assert difference(describe(model), json.loads(json.dumps(describe(model)))) == ""
    same = repr(model) == repr(other)
    # Modules that come twice are equal in repr to two modules.
    if "again" not in f"{describe(model)}{describe(other)}":
        assert (difference(describe(model), describe(other)) == "") == same


def test_the_first_difference_has_its_place():
    def model(p=0.5, activation="relu", init="he"):
        inner = Sequential(Layer(2, 2, activation=activation, init=init), Dropout(p))
        return describe(Sequential(Layer(2, 2), inner))

    assert difference(model(), model(init="zeros")) == ""
    assert difference(model(), model(0.25, "tanh")) == "steps.1.steps.0.activation: 'relu' and 'tanh'"
    assert difference(model(), model(0.25)) == "steps.1.steps.1.p: 0.5 and 0.25"
    assert difference(model(), describe(Sequential(Layer(2, 2)))) == "steps: 2 and 1"
    assert difference(model(), describe(Layer(2, 2))) == "class: 'Sequential' and 'Layer'"


@given(perceptrons(), st.integers(0, 1000))
def test_a_model_that_is_built_gives_the_same_outputs_and_is_reset_in_the_same_way(model, seed):
    built = build(describe(model))
    built.load_state_dict(model.state_dict())
    x = np.linspace(-1, 1, len(model.layers[0].neurons[0].w))
    outputs = [y if isinstance(y, list) else [y] for y in (model(x), built(x))]
    assert [y.data for y in outputs[0]] == [y.data for y in outputs[1]]
    model.reset_parameters(seed)
    built.reset_parameters(seed)
    assert built.state_dict() == model.state_dict()


def test_a_description_reads_like_the_call_that_makes_the_model():
    model = Sequential(Layer(2, 3, activation="tanh"), Dropout(0.25), Neuron(3, init=he), MLP(1, [2]))
    assert describe(model) == {
        "class": "Sequential",
        "steps": [
            {"class": "Layer", "n_in": 2, "n_out": 3, "activation": "tanh", "init": "glorot"},
            {"class": "Dropout", "p": 0.25},
            {"class": "Neuron", "n_in": 3, "activation": "relu", "init": "he"},
            {
                "class": "MLP",
                "n_in": 1,
                "sizes": [2],
                "activation": "linear",
                "output": "linear",
                "init": "he",
            },
        ],
    }


def test_a_layer_of_a_perceptron_and_its_neuron_can_be_described():
    layer = MLP(2, [3, 2], output="softmax").layers[1]
    assert repr(build(describe(layer))) == repr(layer)
    assert describe(layer.neurons[0]) == {"class": "Neuron", "n_in": 3, "activation": "linear", "init": "he"}


def test_steps_that_come_twice_are_one_module_again():
    layer, dropout = Layer(2, 2), Dropout(0.5)
    inner = Sequential(dropout, layer)
    built = build(json.loads(json.dumps(describe(Sequential(layer, inner, dropout, inner)))))
    assert built.steps[0] is built.steps[1].steps[1]
    assert built.steps[1] is built.steps[3]
    assert built.steps[2] is built.steps[1].steps[0]
    assert len(built.parameters()) == 6


def test_a_description_without_an_initializer_has_the_one_that_suits():
    description = {
        "class": "MLP",
        "n_in": 2,
        "sizes": (3,),
        "activation": "relu",
        "output": "tanh",
        "init": None,
    }
    assert build(description).layers[0].init == "he"


# What cannot be described


class Mine(Module):
    """A module of a class of its own."""

    def __init__(self):
        self.w = Value(1.0)


class Wider(MLP):
    """A perceptron of a class of its own."""


@pytest.mark.parametrize("model", [Mine(), Wider(2, [1]), Sequential(Layer(2, 1), Mine()), "MLP", None])
def test_classes_of_yours_are_refused_with_what_to_do(model):
    with pytest.raises(
        TypeError, match=r"expected one of Neuron, Layer, .* to describe, but got .*state_dict"
    ):
        describe(model)


def test_an_initializer_of_yours_is_refused_with_what_to_do():
    for model in (
        Neuron(2, init=lambda rng, n, m: np.ones((n, m))),
        MLP(2, [1], init=lambda *_: [[1.0]] * 2),
    ):
        with pytest.raises(TypeError, match=r"expected an initializer with a name, one of he, .*state_dict"):
            describe(model)


def changed_in_activation(model):
    model.layers[0].neurons[1].activation = "tanh"


def changed_in_size(model):
    model.layers[0].neurons[1].w.pop()


def with_another_layer(model):
    model.layers.insert(0, Layer(2, 2, activation="elu"))


def with_tied_weights(model):
    model.layers[1].neurons[0].w = model.layers[0].neurons[0].w


def with_a_parameter_more(model):
    model.temperature = Value(1.0)


@pytest.mark.parametrize(
    "change",
    [changed_in_activation, changed_in_size, with_another_layer, with_tied_weights, with_a_parameter_more],
)
def test_a_model_that_was_changed_is_refused(change):
    model = MLP(2, [2, 1])
    change(model)
    with pytest.raises(
        TypeError, match=r"as its constructor made it, but MLP was changed since, .*state_dict"
    ):
        describe(model)


def test_a_layer_that_is_also_inside_a_perceptron_is_refused():
    model = MLP(2, [2, 2])
    with pytest.raises(TypeError, match="was changed since, or shares parameters"):
        describe(Sequential(model, model.layers[1]))


# What cannot be built


def nested(depth):
    model = Dropout(0.5)
    for _ in range(depth - 1):
        model = Sequential(model)
    return model


def nested_description(depth):
    description = {"class": "Dropout", "p": 0.5}
    for _ in range(depth - 1):
        description = {"class": "Sequential", "steps": [description]}
    return description


def test_a_nesting_has_a_largest_depth():
    assert describe(nested(MAX_DEPTH)) == nested_description(MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 10_000):
        with pytest.raises(ValueError, match="nested at most 100 deep, but got deeper ones"):
            describe(nested(depth))
        with pytest.raises(ValueError, match="nested at most 100 deep, but got deeper ones"):
            build(nested_description(depth))


def test_a_sequence_inside_itself_is_refused():
    model = nested(2)
    model.steps.append(model)
    with pytest.raises(ValueError, match="nested at most 100 deep"):
        describe(model)
    description = nested_description(2)
    description["steps"] *= 2
    description["steps"].append(description)
    with pytest.raises(ValueError, match="nested at most 100 deep"):
        build(description)


MLP_OF_2 = {
    "class": "MLP",
    "n_in": 2,
    "sizes": [3, 1],
    "activation": "relu",
    "output": "linear",
    "init": "he",
}


@pytest.mark.parametrize(
    ("description", "match"),
    [
        (None, "expected the dict that describes a module, but got None"),
        ([MLP_OF_2], "expected the dict that describes a module"),
        (
            {},
            "unknown class of modules None: choose one of 'Neuron', 'Layer', 'MLP', 'Dropout', 'Sequential'",
        ),
        ({"class": "Conv2d"}, "unknown class of modules 'Conv2d'"),
        ({"class": ["MLP"]}, r"unknown class of modules \['MLP'\]"),
        ({"class": "MLP"}, "to describe MLP, but got .*: missing or unknown is 'activation'"),
        (MLP_OF_2 | {"seed": 0}, "to describe MLP, but got .*: missing or unknown is 'seed'"),
        (MLP_OF_2 | {3: 0}, "to describe MLP, but got .*: missing or unknown is 3"),
        (MLP_OF_2 | {"n_in": 0}, "expected sizes that are integers from 1 on"),
        (MLP_OF_2 | {"n_in": "2"}, "expected sizes that are integers from 1 on"),
        (MLP_OF_2 | {"n_in": True}, "expected sizes that are integers from 1 on"),
        (MLP_OF_2 | {"sizes": 3}, "expected sizes that are integers from 1 on"),
        (MLP_OF_2 | {"sizes": [3, -1]}, "expected sizes that are integers from 1 on"),
        (MLP_OF_2 | {"sizes": [2.0]}, "expected sizes that are integers from 1 on"),
        (MLP_OF_2 | {"sizes": []}, "an MLP needs at least one layer"),
        (MLP_OF_2 | {"sizes": [10**30]}, "expected at most 10000000 parameters, but got 3000000"),
        (MLP_OF_2 | {"sizes": [10**6, 10**6]}, "expected at most 10000000 parameters"),
        (MLP_OF_2 | {"activation": "selu"}, "unknown activation 'selu'"),
        (MLP_OF_2 | {"output": None}, "unknown activation None"),
        (MLP_OF_2 | {"output": "softmax"}, "expected at least 2 outputs for softmax"),
        (MLP_OF_2 | {"init": ["he"]}, r"unknown initializer \['he'\]"),
        ({"class": "Dropout", "p": 1.5}, "expected a probability"),
        ({"class": "Dropout", "p": "0.5"}, "expected a probability"),
        ({"class": "Sequential", "steps": []}, "a Sequential needs at least one module"),
        ({"class": "Sequential", "steps": MLP_OF_2}, "expected a list of steps, but got"),
        ({"class": "Sequential", "steps": [MLP_OF_2, "MLP"]}, "expected the dict .*, but got 'MLP'"),
        (
            {"class": "Sequential", "steps": [MLP_OF_2 | {"sizes": [10**5]}] * 100},
            "at most 10000000 parameters",
        ),
        ({"class": "again", "number": 0}, "expected the number of one of 0 modules, but got 0"),
        (
            {"class": "Sequential", "steps": [MLP_OF_2, {"class": "again", "number": True}]},
            "expected the number of one of 1 modules, but got True",
        ),
        (
            {"class": "Sequential", "steps": [MLP_OF_2, {"class": "again", "number": -1}]},
            "expected the number of one of 1 modules, but got -1",
        ),
    ],
)
def test_what_is_no_description_is_refused(description, match):
    with pytest.raises(ValueError, match=match):
        build(description)
