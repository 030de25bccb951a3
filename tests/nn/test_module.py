"""Modules: which parameters they find, under which names, and how their state is saved and restored."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.nn import MLP, Layer, Module, Neuron
from autograd_lite.nn.module import assign


class Bag(Module):
    """A module whose attributes are its keyword arguments."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


def names(module):
    return [name for name, _ in module.named_parameters()]


def nested(leaves):
    """Lists, tuples, dicts, object arrays and modules of `leaves`, within each other."""

    def containers(children):
        several = st.lists(children, max_size=3)
        return st.one_of(
            several,
            several.map(tuple),
            several.map(lambda xs: {f"k{i}": x for i, x in enumerate(xs)}),
            several.map(lambda xs: Bag(**{f"a{i}": x for i, x in enumerate(xs)})),
            several.map(object_array),
        )

    return st.recursive(leaves, containers, max_leaves=12)


def object_array(items):
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def follow(root, path):
    """What stands at a path that `named_parameters` gave."""
    for step in path.split("."):
        if isinstance(root, Module):
            root = getattr(root, step)
        elif isinstance(root, dict):
            root = root[step]
        elif isinstance(root, np.ndarray):
            root = root[tuple(map(int, step.split(",")))]
        else:
            root = root[int(step)]
    return root


def leaves_in_order(x):
    """Every Value in x, depth first and as often as it occurs."""
    if isinstance(x, Value):
        return [x]
    if isinstance(x, Module | dict):
        x = (vars(x) if isinstance(x, Module) else x).values()
    elif not isinstance(x, list | tuple | np.ndarray):
        return []
    return [v for child in x for v in leaves_in_order(child)]


@given(nested(st.builds(Value, st.floats(-1, 1)) | st.just(3.0) | st.just("text") | st.just(None)))
def test_parameters_are_found_in_any_nesting_once_and_in_order(content):
    module = Bag(content=content)
    parameters = module.parameters()
    assert parameters == leaves_in_order(content)
    assert [follow(module, name) for name in names(module)] == parameters
    assert list(module.state_dict().values()) == [p.data for p in parameters]


@given(st.lists(st.integers(0, 4), max_size=12))
def test_a_shared_parameter_is_found_once_under_its_first_name(choices):
    values = [Value(float(i)) for i in range(5)]
    shared = [values[i] for i in choices]
    module = Bag(first=shared, second={"again": shared, "reversed": shared[::-1]})
    assert module.parameters() == list(dict.fromkeys(shared))
    assert all(name.startswith("first.") for name in names(module))


def test_a_shared_module_is_found_once():
    neuron = Neuron(2)
    module = Bag(encoder=neuron, decoder=[neuron, {"same": neuron}])
    assert names(module) == ["encoder.w.0", "encoder.w.1", "encoder.b"]
    assert list(module.modules()) == [module, neuron]


def test_a_shared_module_without_attributes_is_found_once():
    empty = Bag()
    assert list(Bag(a=empty, b=empty).modules())[1:] == [empty]


def test_modules_that_contain_each_other_are_walked_once():
    parent, child = Bag(p=Value(1.0)), Bag(q=Value(2.0))
    parent.child, child.parent = child, parent
    assert names(parent) == ["p", "child.q"]
    assert list(parent.modules()) == [parent, child]


def test_a_deep_nesting_needs_no_recursion():
    content = [Value(1.0)]
    for _ in range(5000):
        content = [content]
    assert len(Bag(content=content).parameters()) == 1


def test_a_two_dimensional_array_names_row_and_column():
    module = Bag(W=np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]), mask=np.eye(2))
    assert module.state_dict() == {"W.0,0": 1.0, "W.0,1": 2.0, "W.1,0": 3.0, "W.1,1": 4.0}


def test_a_result_is_no_parameter():
    w = Value(2.0)
    assert Bag(w=w, last_output=w * 3).parameters() == [w]


def test_the_parameters_of_a_perceptron_have_paths():
    model = MLP(2, [3, 1])
    assert names(model)[:3] == ["layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b"]
    assert names(model)[-1] == "layers.1.neurons.0.b"


def test_the_representation_tells_how_many_parameters_there_are():
    assert repr(Bag(w=[Value(1.0), Value(2.0)])) == "Bag(2 parameters)"


def test_zero_grad_resets_every_parameter():
    model = MLP(2, [3, 1], "tanh", seed=0)
    model([1.0, 2.0]).backward()
    assert all(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * len(model.parameters())


def test_a_subclass_may_state_its_parameters_itself():
    class Line(Module):
        def __init__(self):
            self.w, self.b = [Value(2.0)], Value(1.0)
            self.frozen = Value(5.0)

        def __call__(self, x):
            return sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b) * self.frozen

        def parameters(self):
            return [*self.w, self.b]

    line = Line()
    line([3.0]).backward()
    assert [p.grad for p in line.parameters()] == [15.0, 5.0]
    line.zero_grad()
    assert [p.grad for p in line.parameters()] == [0.0, 0.0]
    assert line.frozen.grad == 7.0


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_state_that_is_loaded_gives_the_outputs_of_the_one_it_came_from(seed, other_seed):
    source, target = MLP(2, [3, 2], seed=seed), MLP(2, [3, 2], seed=other_seed)
    parameters = target.parameters()
    target.load_state_dict(source.state_dict())
    assert target.state_dict() == source.state_dict()
    assert [y.data for y in target([0.5, -1.0])] == [y.data for y in source([0.5, -1.0])]
    assert target.parameters() == parameters


def test_a_state_is_a_copy():
    model = Neuron(2)
    state = model.state_dict()
    model.b.data = 7.0
    assert state["b"] == 0.0


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("b"),
        lambda state: state.update(c=1.0),
        lambda state: state.update({3: 1.0}),
        lambda state: (state.pop("w.0"), state.update(W=1.0)),
        lambda state: state.clear(),
    ],
    ids=["missing", "additional", "additional number", "other name", "empty"],
)
def test_a_state_with_other_names_is_refused_and_changes_nothing(change):
    model = Neuron(2, seed=0)
    before = model.state_dict()
    state = dict.fromkeys(before, 9.0)
    change(state)
    with pytest.raises(ValueError, match=r"expected the state of the 3 parameters .* missing or unknown"):
        model.load_state_dict(state)
    assert model.state_dict() == before


@pytest.mark.parametrize("bad", ["1", None, 1j, [1.0]])
def test_a_state_with_something_else_than_numbers_is_refused_and_changes_nothing(bad):
    model = Neuron(2, seed=0)
    before = model.state_dict()
    with pytest.raises(TypeError, match="expected a real number"):
        model.load_state_dict({"w.0": 9.0, "w.1": 9.0, "b": bad})
    assert model.state_dict() == before


def test_train_and_eval_reach_every_module():
    model = Bag(blocks=[MLP(2, [3, 1]), {"head": Layer(2, 2)}], empty=Bag())
    modules = list(model.modules())
    assert len(modules) == 1 + (1 + 2 + 4) + (1 + 2) + 1
    assert all(m.training for m in modules)
    assert model.eval() is model
    assert not any(m.training for m in modules)
    assert model.train() is model
    assert all(m.training for m in modules)
    model.train(False)
    assert not any(m.training for m in modules)
    assert MLP(2, [1]).training


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_keeps_what_is_shared(duplicate):
    neuron = Neuron(2)
    module = duplicate(Bag(encoder=neuron, decoder=neuron))
    assert module.encoder is module.decoder
    assert module.encoder is not neuron
    assert len(module.parameters()) == 3


class Interrupting(Value):
    """A parameter at which Ctrl-C arrives."""

    @property
    def data(self):
        return 0.0

    @data.setter
    def data(self, number):
        if number:
            raise KeyboardInterrupt


def test_an_interrupted_assignment_changes_nothing():
    parameters = [Value(1.0), Value(2.0), Interrupting(0.0), Value(3.0)]
    with pytest.raises(KeyboardInterrupt):
        assign(parameters, np.array([9.0, 9.0, 9.0, 9.0]))
    assert [p.data for p in parameters] == [1.0, 2.0, 0.0, 3.0]


def test_a_vector_of_another_length_is_refused_and_changes_nothing():
    parameters = [Value(1.0), Value(2.0)]
    for theta in ([9.0], [9.0, 9.0, 9.0]):
        with pytest.raises(ValueError, match="zip"):
            assign(parameters, np.array(theta))
        assert [p.data for p in parameters] == [1.0, 2.0]
