"""Learning-rate schedules against their formulas and PyTorch's figures."""

import math
import pickle
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.recording import read

from autograd_lite import optim
from autograd_lite.optim import CosineDecay, ExponentialDecay, StepDecay

TORCH = read("optimizers.json")["schedules"]
RATES = st.floats(1e-6, 10)
GAMMAS = st.floats(0.1, 1.0)
MAKERS = {
    "lr of ExponentialDecay": lambda x: ExponentialDecay(x, 0.9),
    "gamma of ExponentialDecay": lambda x: ExponentialDecay(0.1, x),
    "lr of StepDecay": lambda x: StepDecay(x, 0.9, 3),
    "gamma of StepDecay": lambda x: StepDecay(0.1, x, 3),
    "lr of CosineDecay": lambda x: CosineDecay(x, 3),
}
COUNTS = {
    "step_size": lambda n: StepDecay(0.1, 0.9, n),
    "epochs": lambda n: CosineDecay(0.1, n),
}


@pytest.mark.parametrize(("name", "arguments", "rates"), TORCH)
def test_schedules_are_pytorch_s(name, arguments, rates):
    schedule = getattr(optim, name)(**arguments)
    assert [schedule(epoch) for epoch in range(len(rates))] == pytest.approx(rates, rel=1e-12, abs=1e-15)


@given(RATES, GAMMAS, st.integers(0, 200))
def test_exponential_decay_multiplies_by_gamma_an_epoch(rate, gamma, epoch):
    schedule = ExponentialDecay(rate, gamma)
    assert schedule(0) == rate
    assert schedule(epoch + 1) == pytest.approx(gamma * schedule(epoch), rel=1e-12)


@given(RATES, GAMMAS, st.integers(1, 20), st.integers(0, 200))
def test_step_decay_is_exponential_decay_of_every_so_many_epochs(rate, gamma, step_size, epoch):
    schedule = StepDecay(rate, gamma, step_size)
    assert schedule(epoch) == ExponentialDecay(rate, gamma)(epoch // step_size)
    assert StepDecay(rate, gamma, 1)(epoch) == ExponentialDecay(rate, gamma)(epoch)


@given(RATES, st.integers(1, 200), st.floats(0, 1))
def test_cosine_decay_falls_from_lr_to_lr_min(rate, epochs, part):
    low = part * rate
    schedule = CosineDecay(rate, epochs, low)
    rates = [schedule(epoch) for epoch in range(epochs + 1)]
    assert rates[0] == pytest.approx(rate, rel=1e-12)
    assert rates[-1] == low
    # Around the middle it is point symmetric.
    assert np.add(rates, rates[::-1]) == pytest.approx(np.full(epochs + 1, rate + low), rel=1e-12)
    assert all(a >= b for a, b in pairwise(rates))
    assert low <= min(rates)


@pytest.mark.parametrize(
    "schedule", [ExponentialDecay(0.3, 0.95), StepDecay(0.3, 0.5, 7), CosineDecay(0.3, 7)]
)
def test_schedules_are_values(schedule):
    assert eval(repr(schedule)) == schedule == pickle.loads(pickle.dumps(schedule))
    assert len({schedule, eval(repr(schedule))}) == 1
    with pytest.raises(AttributeError):
        schedule.lr = 0.1


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("x", [0, -1.0, math.nan, math.inf])
def test_a_schedule_needs_positive_numbers(name, x):
    with pytest.raises(ValueError, match=f"expected a positive finite number for {name.split()[0]}, but got"):
        MAKERS[name](x)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("x", ["0.1", None, True, np.True_, [0.1], 1j])
def test_a_schedule_needs_numbers(name, x):
    with pytest.raises(TypeError, match=f"expected a positive finite number for {name.split()[0]}, but got"):
        MAKERS[name](x)


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_positive_integers(name):
    for n in (0, -1):
        with pytest.raises(ValueError, match=f"expected an integer of at least 1 for {name}, but got {n}"):
            COUNTS[name](n)
    for n in (1.0, "3", True, None, [3]):
        with pytest.raises(TypeError, match=f"expected an integer for {name}, but got"):
            COUNTS[name](n)
    assert COUNTS[name](np.int64(3))(0) == 0.1


def test_the_lowest_rate_lies_between_0_and_the_first():
    assert CosineDecay(0.1, 5, 0.1)(3) == 0.1
    with pytest.raises(ValueError, match=r"expected lr_min of at most lr=0.1, but got 0.2"):
        CosineDecay(0.1, 5, 0.2)
    with pytest.raises(ValueError, match=r"expected a finite number of at least 0 for lr_min, but got -0.1"):
        CosineDecay(0.1, 5, -0.1)
    with pytest.raises(TypeError, match="for lr_min"):
        CosineDecay(0.1, 5, False)


@pytest.mark.parametrize(
    "number", [np.float32(0.1), np.array(0.1), np.float64(0.1), Fraction(1, 10)], ids=repr
)
def test_a_schedule_keeps_its_arguments_as_numbers_of_python(number):
    for schedule in (
        ExponentialDecay(number, number),
        StepDecay(number, number, np.array(3)),
        CosineDecay(number, np.int32(3), number),
    ):
        assert {type(x) for x in vars(schedule).values()} <= {float, int}
        assert schedule.lr == float(number)
        assert eval(repr(schedule)) == schedule
