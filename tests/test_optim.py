"""Update rules and learning-rate schedules."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.optim import SGD, ExponentialDecay, assign

NUMBERS = st.floats(-1e6, 1e6)
RATES = st.floats(1e-6, 10)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5), RATES)
def test_sgd_goes_against_the_gradient_by_the_learning_rate(pairs, rate):
    theta, gradient = np.array(pairs).reshape(-1, 2).T
    before = theta.tolist()
    after = SGD(lr=rate).update(theta, gradient)
    assert after.tolist() == [t - rate * g for t, g in pairs]
    assert theta.tolist() == before


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5), RATES)
def test_a_step_updates_values_from_their_grad(pairs, rate):
    parameters = [Value(t) for t, _ in pairs]
    for p, (_, g) in zip(parameters, pairs, strict=True):
        p.grad = g
    SGD(lr=rate).step(iter(parameters))
    assert [p.data for p in parameters] == [t - rate * g for t, g in pairs]
    assert [p.grad for p in parameters] == [g for _, g in pairs]
    assert all(type(p.data) is float for p in parameters)


def test_a_parameter_without_gradient_stays():
    p = Value(3.0)
    SGD(lr=0.1).step([p])
    assert p.data == 3.0


@given(RATES, st.floats(0.1, 1.0), st.integers(0, 200))
def test_exponential_decay_multiplies_by_gamma_an_epoch(rate, gamma, epoch):
    schedule = ExponentialDecay(rate, gamma)
    assert schedule(0) == rate
    assert schedule(epoch + 1) == pytest.approx(gamma * schedule(epoch), rel=1e-12)


def test_a_schedule_gives_the_learning_rate_of_the_epoch():
    optimizer = SGD(lr=ExponentialDecay(0.3, 0.95))
    assert [optimizer.learning_rate(epoch) for epoch in (0, 1, 2)] == [0.3, 0.3 * 0.95, 0.3 * 0.95**2]
    theta, gradient = np.array([1.0]), np.array([1.0])
    assert optimizer.update(theta, gradient, epoch=2)[0] == 1 - 0.3 * 0.95**2
    p = Value(1.0)
    p.grad = 1.0
    optimizer.step([p], epoch=2)
    assert p.data == 1 - 0.3 * 0.95**2


def test_a_number_is_the_learning_rate_of_every_epoch():
    assert {SGD(lr=0.25).learning_rate(epoch) for epoch in range(5)} == {0.25}
    assert SGD().learning_rate(0) == 0.01


@pytest.mark.parametrize("lr", [0, 0.0, -0.1, math.inf, math.nan])
def test_a_learning_rate_that_is_not_positive_and_finite_is_refused(lr):
    with pytest.raises(ValueError, match="expected a positive finite learning rate"):
        SGD(lr=lr)


def test_the_representations_say_how_to_make_them():
    assert repr(SGD(lr=0.5)) == "SGD(lr=0.5)"
    decay = ExponentialDecay(0.3, 0.95)
    assert eval(repr(decay)) == decay
    assert repr(SGD(lr=decay)) == f"SGD(lr={decay!r})"


@pytest.mark.parametrize("bad", [1e308, math.inf, math.nan])
def test_a_step_to_infinity_is_refused_and_changes_nothing(bad):
    parameters = [Value(1.0, label="w"), Value(-1e308, label="b")]
    parameters[0].grad, parameters[1].grad = 1.0, bad
    with pytest.raises(FloatingPointError, match=r"label='b'.* to (-inf|nan): try a smaller learning rate"):
        SGD(lr=10.0).step(parameters)
    assert [p.data for p in parameters] == [1.0, -1e308]


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
