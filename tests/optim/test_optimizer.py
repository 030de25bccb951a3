"""What all update rules have in common: learning rates, clipping, state, steps of Values."""

import copy
import math
import pickle
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_lite import Value, nn
from autograd_lite.optim import SGD, Adam, AdamW, CosineDecay, ExponentialDecay, Optimizer, RMSprop

NUMBERS = st.floats(-1e6, 1e6)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5)
RATES = st.floats(1e-6, 10)
MAKERS = {
    "SGD": SGD,
    "momentum": lambda **how: SGD(momentum=0.9, **how),
    "Nesterov": lambda **how: SGD(momentum=0.9, nesterov=True, **how),
    "RMSprop": RMSprop,
    "RMSprop with momentum": lambda **how: RMSprop(momentum=0.5, **how),
    "Adam": Adam,
    "AdamW": AdamW,
}
every_rule = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
every_rule_with_state = pytest.mark.parametrize("make", list(MAKERS.values())[1:], ids=list(MAKERS)[1:])


def noise(steps, n=3, seed=0):
    return np.random.default_rng(seed).normal(size=(steps, n))


def run(optimizer, theta, gradients):
    for epoch, gradient in enumerate(gradients):
        theta = optimizer.update(theta, gradient, epoch)
    return theta


def with_grads(pairs):
    parameters = [Value(t) for t, _ in pairs]
    for p, (_, g) in zip(parameters, pairs, strict=True):
        p.grad = g
    return parameters


def same(a, b):
    """Whether two states are the same, bit for bit."""
    assert list(a) == list(b)
    return all(np.asarray(a[name]).tobytes() == np.asarray(b[name]).tobytes() for name in a)


# Updates


@every_rule
@given(pairs=PAIRS, clipped=st.booleans())
def test_an_update_changes_neither_its_arguments_nor_what_it_gave_before(make, pairs, clipped):
    bounds = {"max_norm": 1.0, "max_value": 2.0} if clipped else {}
    optimizer = make(**bounds)
    theta, gradient = np.array(pairs).reshape(-1, 2).T.copy()
    first = theta
    seen = [theta, gradient]
    for array in seen:
        array.flags.writeable = False
    before = [array.tolist() for array in seen]
    for _ in range(3):
        theta = optimizer.update(theta, gradient)
        state = optimizer.state_dict()
        for array in [theta, *(x for x in state.values() if isinstance(x, np.ndarray))]:
            assert not np.shares_memory(array, first)
            assert not np.shares_memory(array, gradient)
            seen.append(array)
            before.append(array.tolist())
    assert [array.tolist() for array in seen] == before


@every_rule
def test_the_caller_may_reuse_the_arrays(make):
    """As programs that write each gradient into the same memory."""
    reused, fresh = make(), make()
    gradient, theta = np.empty(3), np.ones(3)
    result = np.ones(3)
    for g in noise(5):
        gradient[:] = g
        theta[:] = reused.update(theta, gradient)
        result = fresh.update(result, g)
    assert theta.tolist() == result.tolist()


@every_rule
def test_lists_and_whole_numbers_are_taken_for_vectors(make):
    expected = make().update(np.array([1.0, 2.0]), np.array([3.0, -4.0])).tolist()
    assert make().update([1, 2], [3, -4]).tolist() == expected
    small = make().update(np.array([1, 2], dtype=np.int8), np.array([3, -4], dtype=np.float32))
    assert small.dtype == float
    assert small.tolist() == expected


@every_rule
def test_vectors_of_different_lengths_are_refused(make):
    optimizer = make()
    for theta, gradient in (([1.0, 2.0], [1.0]), ([1.0], [1.0, 2.0]), ([[1.0]], [[1.0]]), (1.0, 1.0)):
        with pytest.raises(ValueError, match="expected theta and gradient to be vectors of one length, but"):
            optimizer.update(np.array(theta), np.array(gradient))
    assert optimizer.state_dict() == {}


def test_a_rule_that_remembers_nothing_serves_models_of_any_size():
    optimizer = SGD(lr=0.5)
    for n in (3, 2):
        assert optimizer.update(np.ones(n), np.ones(n)).tolist() == [0.5] * n


@every_rule_with_state
def test_the_first_update_fixes_the_number_of_parameters(make):
    optimizer = make()
    theta = run(optimizer, np.ones(3), noise(3))
    before = optimizer.state_dict()
    match = (
        r"expected 3 parameters, as in the updates before, but got 2: make a new optimizer, or call reset\(\)"
    )
    with pytest.raises(ValueError, match=match):
        optimizer.update(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match=match):
        optimizer.step([Value(1.0), Value(2.0)])
    assert same(before, optimizer.state_dict())
    optimizer.update(theta, np.ones(3))
    optimizer.reset()
    assert optimizer.state_dict() == {}
    assert optimizer.update(np.ones(2), np.ones(2)).tolist() == make().update(np.ones(2), np.ones(2)).tolist()


@every_rule
def test_no_parameters_are_no_error(make):
    optimizer = make(max_norm=1.0, max_value=1.0)
    assert optimizer.update(np.array([]), np.array([])).tolist() == []
    optimizer.step([])


@every_rule_with_state
@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_an_update_to_infinity_leaves_the_state(make, bad):
    optimizer = make()
    theta = run(optimizer, np.ones(3), noise(3))
    before = optimizer.state_dict()
    with np.errstate(invalid="ignore"):
        moved = optimizer.update(theta, np.array([1.0, bad, 1.0]))
    assert not np.isfinite(moved[1])
    assert same(before, optimizer.state_dict())


@pytest.mark.parametrize("make", [RMSprop, Adam, AdamW])
def test_a_square_that_overflows_is_an_error_and_leaves_the_state(make):
    """The parameter would stay where it is, for good, since infinity does not fade."""
    optimizer = make()
    theta = run(optimizer, np.ones(2), noise(3, 2))
    before = optimizer.state_dict()
    name = r"expected derivatives with finite squares, but gradient\[1\] is 1e\+200: scale the data"
    with np.errstate(over="ignore"), pytest.raises(FloatingPointError, match=name):
        optimizer.update(theta, np.array([1.0, 1e200]))
    p, q = Value(1.0), Value(2.0)
    q.grad = 1e200
    with pytest.raises(FloatingPointError, match=name):
        optimizer.step([p, q])
    assert same(before, optimizer.state_dict())
    # Large and in range is no error.
    assert np.isfinite(optimizer.update(theta, np.array([1.0, 1e150]))).all()
    assert np.isfinite(make(max_norm=1.0).update(theta, np.array([1.0, 1e200]))).all()


@every_rule_with_state
def test_an_interrupted_update_leaves_the_state(make):
    """A signal arrives in every line of the update in turn."""
    interrupted = 0
    for line in range(100):
        optimizer, twin = make(max_norm=1.0), make(max_norm=1.0)
        theta = run(optimizer, np.ones(3), noise(3))
        run(twin, np.ones(3), noise(3))
        before = optimizer.state_dict()
        countdown = iter(range(line))

        def tracer(frame, event, argument, countdown=countdown):
            if event == "line" and next(countdown, None) is None:
                raise KeyboardInterrupt
            return tracer

        old = sys.gettrace()
        sys.settrace(tracer)
        try:
            optimizer.update(theta, np.ones(3))
        except KeyboardInterrupt:
            interrupted += 1
        else:
            break
        finally:
            sys.settrace(old)
        after = optimizer.state_dict()
        expected = before
        if not same(before, after):  # only the line that returns comes after the change
            twin.update(theta, np.ones(3))
            expected = twin.state_dict()
        assert same(expected, after)
    assert interrupted > 15


# Learning rates


def test_a_schedule_gives_the_learning_rate_of_the_epoch():
    optimizer = SGD(lr=ExponentialDecay(0.3, 0.95))
    assert [optimizer.learning_rate(epoch) for epoch in (0, 1, 2)] == [0.3, 0.3 * 0.95, 0.3 * 0.95**2]
    theta, gradient = np.array([1.0]), np.array([1.0])
    assert optimizer.update(theta, gradient, epoch=2)[0] == 1 - 0.3 * 0.95**2
    p = Value(1.0)
    p.grad = 1.0
    optimizer.step([p], epoch=2)
    assert p.data == 1 - 0.3 * 0.95**2


@every_rule
def test_a_schedule_is_a_rate_for_each_epoch(make):
    rates = [0.1, 0.03, 0.0, 0.2]
    scheduled, assigned = make(lr=rates.__getitem__), make()
    a = b = np.ones(3)
    for epoch, gradient in enumerate(noise(4)):
        a = scheduled.update(a, gradient, epoch)
        assigned.lr = rates[epoch]
        b = assigned.update(b, gradient)
    assert a.tolist() == b.tolist()


def test_a_number_is_the_learning_rate_of_every_epoch():
    assert {SGD(lr=0.25).learning_rate(epoch) for epoch in range(5)} == {0.25}
    assert SGD().learning_rate(0) == 0.01
    assert type(SGD(lr=np.float32(0.5)).learning_rate(0)) is float
    assert type(SGD(lambda epoch: 1).learning_rate(0)) is float


@every_rule
@pytest.mark.parametrize("lr", [0, 0.0, -0.1, math.inf, math.nan])
def test_a_learning_rate_that_is_not_positive_and_finite_is_refused(make, lr):
    with pytest.raises(ValueError, match="expected a positive finite learning rate or a schedule, but got"):
        make(lr=lr)


@every_rule
@pytest.mark.parametrize("lr", [None, "0.1", True, np.True_, [0.1], 1j, Value(0.1)])
def test_a_learning_rate_is_a_number_or_a_schedule(make, lr):
    with pytest.raises(TypeError, match="expected a positive finite learning rate or a schedule, but got"):
        make(lr=lr)


@every_rule
@pytest.mark.parametrize("rate", [-0.1, math.inf, math.nan, "0.1", None, True, Value(0.1)])
def test_a_rate_that_is_none_is_refused_when_it_is_used(make, rate):
    with pytest.raises(
        ValueError, match="learning rate from the schedule in epoch 7, counted from 0, but got"
    ):
        make(lr=lambda epoch: rate).update(np.ones(1), np.ones(1), epoch=7)
    optimizer = make()
    optimizer.lr = rate
    with pytest.raises(ValueError, match="expected a finite learning rate, but got"):
        optimizer.update(np.ones(1), np.ones(1))
    assert optimizer.state_dict() == {}


def test_a_schedule_that_overflows_gives_no_rate():
    with pytest.raises(ValueError, match="from the schedule in epoch 2000, counted from 0, but got inf"):
        SGD(ExponentialDecay(1e-300, 10.0)).learning_rate(2000)


def test_an_argument_for_which_the_state_is_not_enough_is_refused_until_a_reset():
    optimizer = SGD(0.1)
    optimizer.update(np.ones(2), np.ones(2))
    optimizer.momentum = 0.9
    match = (
        r"expected the state of SGD\(lr=0.1, momentum=0.9\), but 'momentum_buffer' is missing .*: call reset"
    )
    with pytest.raises(ValueError, match=match):
        optimizer.update(np.ones(2), np.ones(2))
    optimizer.reset()
    assert optimizer.update(np.ones(2), np.ones(2)).tolist() == [0.9, 0.9]


def test_a_key_error_of_a_rule_is_its_own():
    class Wrong(SGD):
        def rule(self, theta, gradient, lr, state):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Wrong().update(np.ones(2), np.ones(2))


# Clipping: a step of SGD with the rate 1 from 0 is the clipped gradient


def clipped(gradient, **bounds):
    return -SGD(lr=1.0, **bounds).update(np.zeros(len(gradient)), np.array(gradient, dtype=float))


GRADIENTS = st.lists(NUMBERS, min_size=1, max_size=6)
BOUNDS = st.floats(1e-3, 1e3)


@given(GRADIENTS, BOUNDS)
def test_max_norm_bounds_the_norm_and_keeps_the_direction(gradient, bound):
    found, norm = clipped(gradient, max_norm=bound), np.linalg.norm(gradient)
    assert np.linalg.norm(found) <= bound * (1 + 1e-12)
    expected = np.array(gradient) * min(1.0, bound / (norm + 1e-6))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


@given(GRADIENTS, BOUNDS)
def test_max_value_bounds_each_derivative(gradient, bound):
    assert clipped(gradient, max_value=bound).tolist() == [min(max(g, -bound), bound) for g in gradient]


@given(GRADIENTS, BOUNDS, BOUNDS)
def test_both_bounds_hold_at_once(gradient, norm, value):
    found = clipped(gradient, max_norm=norm, max_value=value)
    assert found.tolist() == clipped(clipped(gradient, max_value=value), max_norm=norm).tolist()
    assert np.linalg.norm(found) <= norm * (1 + 1e-12)
    assert abs(found).max() <= value


@every_rule
@given(pairs=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_a_rule_sees_the_clipped_gradient(make, pairs):
    theta, gradient = np.array(pairs).T
    inside = clipped(gradient, max_norm=1.0, max_value=0.75)
    expected = run(make(), theta, [inside, inside])
    assert run(make(max_norm=1.0, max_value=0.75), theta, [gradient, gradient]).tolist() == expected.tolist()


@every_rule
@given(pairs=PAIRS)
def test_bounds_that_are_not_reached_change_nothing(make, pairs):
    theta, gradient = np.array(pairs).reshape(-1, 2).T
    loose = make(max_norm=1e9, max_value=1e9)
    assert loose.update(theta, gradient).tolist() == make().update(theta, gradient).tolist()


@pytest.mark.parametrize("size", [1e155, 1e200, 1e308])
def test_max_norm_holds_where_squares_overflow(size):
    found = clipped([size, -size, 0.0, size * 0.5], max_norm=3.0)
    assert found == pytest.approx([2.0, -2.0, 0.0, 1.0], rel=1e-12)
    if size < 1e308:
        assert clipped([size, -size], max_norm=1.5 * size).tolist() == [size, -size]


@every_rule
@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_a_gradient_that_has_no_norm_is_an_error_and_changes_nothing(make, bad):
    optimizer = make(max_norm=1.0)
    theta = run(optimizer, np.ones(2), noise(2, 2))
    before = optimizer.state_dict()
    with pytest.raises(
        FloatingPointError, match=rf"scale to max_norm=1.0, but gradient\[1\] is {bad}: scale the"
    ):
        optimizer.update(theta, np.array([1.0, bad]))
    assert same(before, optimizer.state_dict())


@every_rule
def test_max_value_bounds_infinite_derivatives(make):
    gradient, bounded = np.array([1.0, math.inf, -math.inf]), np.array([1.0, 5.0, -5.0])
    for more in ({}, {"max_norm": 2.0}):
        found = make(max_value=5.0, **more).update(np.ones(3), gradient)
        assert found.tolist() == make(max_value=5.0, **more).update(np.ones(3), bounded).tolist()


def test_nan_stays_nan_in_max_value():
    assert math.isnan(clipped([math.nan], max_value=1.0).item())


# Steps of Values


@every_rule
@given(pairs=PAIRS, rate=RATES)
@example(pairs=[(1.0, -0.5)], rate=0.1)
def test_a_step_is_an_update_of_values(make, pairs, rate):
    parameters = with_grads(pairs)
    stepping, updating = make(lr=rate), make(lr=rate)
    theta, gradient = np.array(pairs).reshape(-1, 2).T
    for epoch in range(3):
        stepping.step(iter(parameters), epoch)
        theta = updating.update(theta, gradient, epoch)
        assert [p.data for p in parameters] == theta.tolist()
    assert [p.grad for p in parameters] == [g for _, g in pairs]
    assert all(type(p.data) is float for p in parameters)
    assert same(stepping.state_dict(), updating.state_dict())


def test_a_parameter_without_gradient_stays():
    p = Value(3.0)
    SGD(lr=0.1).step([p])
    assert p.data == 3.0


@every_rule
@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_step_to_infinity_is_refused_and_changes_nothing(make, bad):
    optimizer = make(lr=10.0)
    parameters = [Value(1.0, label="w"), Value(-1e308, label="b")]
    optimizer.step(parameters)
    numbers, before = [p.data for p in parameters], optimizer.state_dict()
    parameters[0].grad, parameters[1].grad = 1.0, bad
    with pytest.raises(FloatingPointError, match=r"label='b'.* to (-inf|nan): try a smaller learning rate"):
        optimizer.step(parameters)
    assert [p.data for p in parameters] == numbers
    assert same(before, optimizer.state_dict())


def test_a_step_beyond_the_floats_is_refused():
    p = Value(-1e308, label="b")
    p.grad = 1e308
    for make in (MAKERS["SGD"], MAKERS["momentum"], MAKERS["Nesterov"]):
        optimizer = make(lr=10.0)
        with pytest.raises(FloatingPointError, match=r"label='b'.* to -inf: try a smaller learning rate"):
            optimizer.step([p])
        assert p.data == -1e308
        assert optimizer.state_dict() == {}


class Interrupting(Value):
    """A parameter at which Ctrl-C arrives."""

    @property
    def data(self):
        return 0.0

    @data.setter
    def data(self, number):
        if number:
            raise KeyboardInterrupt


@every_rule
def test_an_interrupted_step_changes_neither_parameters_nor_state(make):
    optimizer = make()
    calm = [Value(1.0), Value(2.0), Value(0.0)]
    for p in calm:
        p.grad = 1.0
    optimizer.step(calm)
    before = optimizer.state_dict()
    parameters = [Value(1.0), Value(2.0), Interrupting(0.0)]
    for p in parameters:
        p.grad = 1.0
    with pytest.raises(KeyboardInterrupt):
        optimizer.step(parameters)
    assert [p.data for p in parameters] == [1.0, 2.0, 0.0]
    assert same(before, optimizer.state_dict())


@every_rule
def test_a_network_learns_by_hand_written_steps(make):
    """XOR, which needs the hidden layer."""
    model = nn.MLP(2, [8, 1], "tanh", "linear", seed=0)
    optimizer = make(lr=CosineDecay(0.05, 200))
    examples = [([a, b], float(a != b)) for a in (0.0, 1.0) for b in (0.0, 1.0)]
    for epoch in range(200):
        model.zero_grad()
        loss = sum((nn.mse(model(x), y) for x, y in examples), Value(0.0))
        loss.backward()
        optimizer.step(model.parameters(), epoch)
    assert loss.data < 0.5


# States


@every_rule
@given(steps=st.integers(0, 5), more=st.integers(1, 5), seed=st.integers(0, 1000))
def test_a_state_goes_on_bit_for_bit(make, steps, more, seed):
    optimizer = make(lr=ExponentialDecay(0.1, 0.9))
    theta = run(optimizer, np.ones(3), noise(steps, seed=seed))
    loaded = replace(optimizer)
    loaded.load_state_dict(optimizer.state_dict())
    assert same(loaded.state_dict(), optimizer.state_dict())
    rest = noise(more, seed=seed + 1)
    assert run(loaded, theta, rest).tobytes() == run(optimizer, theta, rest).tobytes()
    assert same(loaded.state_dict(), optimizer.state_dict())


@every_rule
def test_a_state_survives_a_file(make, tmp_path):
    optimizer = make()
    for steps in (0, 3):
        theta = run(optimizer, np.ones(3), noise(steps))
        np.savez(tmp_path / "state.npz", **optimizer.state_dict())
        loaded = make()
        with np.load(tmp_path / "state.npz") as state:
            loaded.load_state_dict(state)
        assert same(loaded.state_dict(), optimizer.state_dict())
        rest = noise(3, seed=1)
        assert run(loaded, theta, rest).tobytes() == run(copy.deepcopy(optimizer), theta, rest).tobytes()


@every_rule
def test_copies_and_pickles_go_on_alone(make):
    optimizer = make()
    theta = run(optimizer, np.ones(3), noise(3))
    before = optimizer.state_dict()
    twins = [copy.deepcopy(optimizer), copy.copy(optimizer), pickle.loads(pickle.dumps(optimizer))]
    results = {run(twin, theta, noise(3, seed=1)).tobytes() for twin in twins}
    assert same(before, optimizer.state_dict())
    assert results == {run(optimizer, theta, noise(3, seed=1)).tobytes()}


@every_rule
def test_a_state_is_a_copy(make):
    optimizer, loaded = make(), make()
    run(optimizer, np.ones(3), noise(3))
    state, before = optimizer.state_dict(), optimizer.state_dict()
    loaded.load_state_dict(state)
    for x in state.values():
        if isinstance(x, np.ndarray):
            x += 1.0
    assert same(before, optimizer.state_dict())
    assert same(before, loaded.state_dict())


def bad_states(state):
    """What may be wrong with a state of Adam, and the error."""
    v = state["exp_avg_sq"]
    yield {**state, "exp_avg_sq": v[:2]}, ValueError, r"a vector of 3 numbers for exp_avg_sq, .* shape \(2,\)"
    yield {**state, "exp_avg_sq": v.reshape(1, 3)}, ValueError, r"for exp_avg_sq, but got the shape \(1, 3\)"
    yield {**state, "exp_avg_sq": [1.0, math.nan, 1.0]}, ValueError, r"but exp_avg_sq\[1\] is nan"
    yield {**state, "exp_avg": [1.0, 1.0, math.inf]}, ValueError, r"finite numbers .* exp_avg\[2\] is inf"
    yield {**state, "exp_avg": ["a", "b", "c"]}, TypeError, "a vector of numbers for exp_avg, but got"
    yield {**state, "exp_avg": None}, TypeError, "a vector of numbers for exp_avg, but got None"
    yield {**state, "exp_avg": [True] * 3}, TypeError, "a vector of numbers for exp_avg, but got"
    yield {**state, "step": 2.5}, TypeError, "an integer for step, but got 2.5"
    yield {**state, "step": True}, TypeError, "an integer for step, but got True"
    yield {**state, "step": -1}, ValueError, "an integer of at least 0 for step, but got -1"
    yield {**state, "n_parameters": "3"}, TypeError, "an integer for n_parameters, but got '3'"
    yield {k: x for k, x in state.items() if k != "step"}, ValueError, "but 'step' is missing"
    yield {**state, "momentum_buffer": v}, ValueError, "but 'momentum_buffer' is unknown"
    yield [1, 2], TypeError, r"the dict that state_dict gave, but got \[1, 2\]"
    yield None, TypeError, "the dict that state_dict gave, but got None"
    other = {"n_parameters": 2, "step": 1, "exp_avg": [0.0] * 2, "exp_avg_sq": [0.0] * 2}
    yield other, ValueError, r"the state of 3 parameters, .* but got that of 2: make a new optimizer, or call"


def test_a_state_that_is_wrong_is_refused_and_changes_nothing():
    optimizer = Adam()
    run(optimizer, np.ones(3), noise(3))
    before = optimizer.state_dict()
    for state, kind, match in bad_states(before):
        with pytest.raises(kind, match=match):
            optimizer.load_state_dict(state)
        assert same(before, optimizer.state_dict())


def test_a_state_of_another_rule_is_refused():
    states = {}
    for name, make in MAKERS.items():
        optimizer = make()
        run(optimizer, np.ones(3), noise(2))
        states[name] = optimizer.state_dict()
    for name, make in MAKERS.items():
        for state in states.values():
            if state.keys() == states[name].keys():
                make().load_state_dict(state)
            else:
                with pytest.raises(ValueError, match=r"expected the state of .* is (missing|unknown)"):
                    make().load_state_dict(state)


@every_rule
def test_the_state_of_a_new_optimizer_is_empty_and_loading_it_starts_again(make):
    optimizer = make()
    run(optimizer, np.ones(3), noise(2))
    optimizer.load_state_dict(make().state_dict())
    assert optimizer.state_dict() == {}


# Classes


@every_rule
def test_the_arguments_are_fields_and_attributes(make):
    optimizer = make(max_norm=2.0)
    arguments = {f.name: getattr(optimizer, f.name) for f in fields(optimizer)}
    assert arguments["max_norm"] == 2.0
    twin = type(optimizer)(**arguments)
    assert {f.name: getattr(twin, f.name) for f in fields(twin)} == arguments
    assert repr(twin) == repr(optimizer)


def test_the_representations_say_how_to_make_them():
    decay = ExponentialDecay(0.3, 0.95)
    assert repr(SGD(lr=decay)) == f"SGD(lr={decay!r})"
    for text in (
        "SGD(lr=0.5)",
        "SGD(lr=0.01)",
        "SGD(lr=0.5, momentum=0.9, nesterov=True)",
        "RMSprop(lr=0.01, alpha=0.5)",
        "Adam(lr=0.001)",
        "Adam(lr=0.1, betas=(0.5, 0.999), max_norm=1.0)",
        "AdamW(lr=0.001, eps=1e-06, weight_decay=0.1, max_value=2.0)",
    ):
        assert repr(eval(text)) == text
    assert repr(SGD(lr=1)) == "SGD(lr=1.0)"
    assert repr(SGD(np.float64(0.5))) == "SGD(lr=0.5)"


def test_bounds_are_given_by_name():
    with pytest.raises(TypeError, match="positional"):
        SGD(0.1, 0.9, False, 1.0)


def test_a_rule_of_one_s_own_has_all_that_the_others_have():
    class Averaged(Optimizer):
        """Steps by the mean of all gradients so far."""

        def initial_state(self, n):
            return {"step": 0, "total": np.zeros(n)}

        def rule(self, theta, gradient, lr, state):
            t, total = state["step"] + 1, state["total"] + gradient
            return theta - lr * total / t, {"step": t, "total": total}

    optimizer = Averaged(lr=1.0, max_value=2.0)
    assert repr(optimizer) == "Averaged(lr=1.0, max_value=2.0)"
    assert run(optimizer, np.zeros(1), [[1.0], [9.0]]).tolist() == [-2.5]
    loaded = replace(optimizer)
    loaded.load_state_dict(optimizer.state_dict())
    assert same(loaded.state_dict(), {"n_parameters": 1, "step": 2, "total": np.array([3.0])})


def test_the_base_class_has_no_rule():
    with pytest.raises(TypeError, match="abstract"):
        Optimizer()


def test_two_optimizers_are_two_things():
    assert SGD() != SGD()
    assert len({SGD(), SGD()}) == 2
