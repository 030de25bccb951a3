"""The update rules: PyTorch's trajectories, what each paper promises, and which arguments they take."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.recording import read

from autograd_lite import grad, optim
from autograd_lite.optim import SGD, Adam, AdamW, RMSprop

TORCH = read("optimizers.json")
CASES = {"rosenbrock": TORCH["rosenbrock"], "driven": TORCH["driven"]}
NUMBERS = st.floats(-1e6, 1e6)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5)
RATES = st.floats(1e-6, 10)
# Derivatives above which eps and the least float don't count.
SLOPES = st.lists(st.floats(0.1, 10).flatmap(lambda g: st.sampled_from([g, -g])), min_size=1, max_size=20)


def rosenbrock(*theta):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(theta))


def run(optimizer, gradients, start=0.0):
    """The numbers of one parameter while given derivatives drive it."""
    theta, thetas = np.array([start]), []
    for g in gradients:
        theta = optimizer.update(theta, np.array([g]))
        thetas.append(theta.item())
    return thetas


@pytest.mark.parametrize("course", CASES)
@pytest.mark.parametrize("case", range(len(TORCH["driven"])))
def test_trajectories_are_pytorch_s(course, case):
    rule, arguments, expected = CASES[course][case]
    optimizer = getattr(optim, rule)(**arguments)
    slope = grad(rosenbrock, argnums=(0, 1, 2))
    theta, found = np.array(TORCH["start"]), []
    for noise in TORCH["noise"]:
        gradient = np.array(slope(*theta.tolist()) if course == "rosenbrock" else noise)
        theta = optimizer.update(theta, gradient)
        found.append(theta)
    np.testing.assert_allclose(found[TORCH["shown"] - 1 :: TORCH["shown"]], expected, rtol=1e-10, atol=1e-10)


def test_defaults_are_pytorch_s_except_for_sgd_s_learning_rate():
    assert vars(SGD()).items() >= {"lr": 0.01, "momentum": 0.0, "nesterov": False}.items()
    assert vars(RMSprop()).items() >= {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0}.items()
    assert vars(Adam()).items() >= {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}.items()
    assert vars(AdamW()).items() >= vars(Adam()).items() | {"weight_decay": 0.01}.items()


@given(PAIRS, RATES)
def test_sgd_goes_against_the_gradient_by_the_learning_rate(pairs, rate):
    theta, gradient = np.array(pairs).reshape(-1, 2).T
    after = SGD(lr=rate).update(theta, gradient)
    assert after.tolist() == [t - rate * g for t, g in pairs]


@given(SLOPES)
def test_sgd_without_momentum_is_plain(gradients):
    assert run(SGD(0.1, momentum=0.0), gradients) == run(SGD(0.1), gradients)
    assert SGD(0.1, momentum=0.0).update(np.ones(1), np.ones(1)) == 0.9


@given(SLOPES, st.floats(0.1, 0.9))
def test_a_first_step_with_momentum_is_plain_and_nesterov_s_longer(gradients, momentum):
    first = gradients[:1]
    assert run(SGD(0.1, momentum), first) == run(SGD(0.1), first)
    ahead = run(SGD(0.1, momentum, True), first)
    assert ahead == pytest.approx([(1 + momentum) * x for x in run(SGD(0.1), first)], rel=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_constant_gradient_makes_momentum_1_over_1_minus_mu_times_as_fast(nesterov):
    thetas = run(SGD(0.1, 0.9, nesterov), [1.0] * 500)
    assert thetas[-2] - thetas[-1] == pytest.approx(0.1 / (1 - 0.9), rel=1e-10)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_is_faster_in_a_narrow_valley(nesterov):
    """The condition number is 100; the best plain rate contracts by 99/101 a step, Polyak's by 9/11."""

    def distance(optimizer):
        theta = np.array([1.0, 1.0])
        for _ in range(100):
            theta = optimizer.update(theta, np.array([1.0, 100.0]) * theta)
        return np.linalg.norm(theta)

    assert distance(SGD(0.01, 0.8, nesterov)) < 1e-2 * distance(SGD(2 / 101))


@given(SLOPES, st.floats(1e-3, 1e3))
def test_adam_and_rmsprop_do_not_see_the_scale_of_the_gradient(gradients, scale):
    for make in (
        lambda: Adam(0.1, eps=1e-12),
        lambda: RMSprop(0.1, eps=1e-12),
        lambda: RMSprop(0.1, eps=1e-12, momentum=0.5),
        lambda: AdamW(0.1, eps=1e-12),
    ):
        scaled = run(make(), [scale * g for g in gradients], start=1.0)
        assert scaled == pytest.approx(run(make(), gradients, start=1.0), rel=1e-6, abs=1e-6)


@given(SLOPES)
def test_the_first_step_of_adam_is_as_long_as_the_learning_rate(gradients):
    assert run(Adam(0.1), gradients[:1]) == pytest.approx([-math.copysign(0.1, gradients[0])], rel=1e-6)


@given(SLOPES)
def test_rmsprop_without_memory_goes_by_the_sign(gradients):
    signs = np.cumsum(np.sign(gradients))
    assert run(RMSprop(0.1, alpha=0.0), gradients) == pytest.approx((-0.1 * signs).tolist(), abs=1e-6)


@given(SLOPES)
def test_adamw_without_decay_is_adam(gradients):
    assert run(AdamW(0.1, weight_decay=0), gradients) == run(Adam(0.1), gradients)


def test_weight_decay_shrinks_what_has_no_gradient():
    assert run(AdamW(0.1, weight_decay=0.5), [0.0] * 3, start=1.0) == pytest.approx([0.95, 0.95**2, 0.95**3])
    assert isinstance(AdamW(), Adam)


FRACTIONS = {
    "momentum": [lambda x: SGD(momentum=x), lambda x: RMSprop(momentum=x)],
    "alpha": [lambda x: RMSprop(alpha=x)],
    r"betas\[0\]": [lambda x: Adam(betas=(x, 0.999)), lambda x: AdamW(betas=(x, 0.999))],
    r"betas\[1\]": [lambda x: Adam(betas=(0.9, x)), lambda x: AdamW(betas=(0.9, x))],
}
POSITIVE = {
    "eps": [lambda x: RMSprop(eps=x), lambda x: Adam(eps=x), lambda x: AdamW(eps=x)],
    **{
        name: [lambda x, rule=rule, name=name: rule(**{name: x}) for rule in (SGD, RMSprop, Adam, AdamW)]
        for name in ("max_norm", "max_value")
    },
}
NO_NUMBERS = ["0.5", True, False, np.True_, 1j, [0.5], np.array([0.5])]


@pytest.mark.parametrize("name", FRACTIONS)
def test_fractions_lie_between_0_and_1_without_1(name):
    for make in FRACTIONS[name]:
        for x in (-0.1, 1, 1.0, 2.0, math.nan, math.inf):
            with pytest.raises(ValueError, match=rf"expected a number in \[0, 1\) for {name}, but got"):
                make(x)
        for x in [*NO_NUMBERS, None]:
            with pytest.raises(TypeError, match=rf"expected a number in \[0, 1\) for {name}, but got"):
                make(x)
        make(0)
        make(np.float32(0.5))


@pytest.mark.parametrize("name", POSITIVE)
def test_eps_and_bounds_are_positive(name):
    for make in POSITIVE[name]:
        for x in (0, 0.0, -1.0, math.nan, math.inf):
            with pytest.raises(ValueError, match=f"expected a positive finite number for {name}, but got"):
                make(x)
        for x in NO_NUMBERS:
            with pytest.raises(TypeError, match=f"expected a positive finite number for {name}, but got"):
                make(x)
        assert type(getattr(make(1), name)) is float


def test_weight_decay_is_not_negative():
    for x in (-0.1, math.nan, math.inf):
        with pytest.raises(
            ValueError, match="expected a finite number of at least 0 for weight_decay, but got"
        ):
            AdamW(weight_decay=x)
    for x in [*NO_NUMBERS, None]:
        with pytest.raises(TypeError, match="for weight_decay"):
            AdamW(weight_decay=x)


def test_nesterov_needs_a_momentum():
    with pytest.raises(
        ValueError, match=r"expected a momentum above 0 for nesterov=True, but got momentum=0.0"
    ):
        SGD(nesterov=True)
    for x in (1, 0.5, "yes", None):
        with pytest.raises(TypeError, match="expected True or False for nesterov, but got"):
            SGD(momentum=0.5, nesterov=x)


def test_betas_are_a_pair():
    assert Adam(betas=[0.5, 0]).betas == (0.5, 0.0)
    for betas in (0.9, "ab", None, {0.9, 0.99}):
        with pytest.raises(TypeError, match="expected a pair of numbers for betas, but got"):
            Adam(betas=betas)
    for betas in ((), (0.9,), (0.9, 0.99, 0.999)):
        with pytest.raises(ValueError, match="expected two numbers for betas, but got"):
            Adam(betas=betas)
