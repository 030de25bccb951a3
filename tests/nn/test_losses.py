"""Losses against their formulas in mpmath and against figures recorded from PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from references.recording import read

from autograd_lite import Value, compile, softmax
from autograd_lite.engine import DomainError
from autograd_lite.nn import (
    LOSSES,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    cross_entropy,
    hinge,
    huber,
    mae,
    mse,
    one_hot,
)
from autograd_lite.testing import check_gradients

TORCH = read("losses.json")
REALS = st.floats(-1000, 1000)
LABELS = st.sampled_from([0, 1])
NAMED = LOSSES | {"huber with delta 2.5": lambda prediction, target: huber(prediction, target, delta=2.5)}
OVER_CLASSES = ("cross_entropy", "categorical_cross_entropy")
OF_PROBABILITIES = ("binary_cross_entropy", "categorical_cross_entropy")
OF_NUMBERS = ("mse", "mae", "huber")


def formulas():
    """The textbook's losses of one output, or of all logits, in mpmath."""
    return {
        "mse": lambda p, y: (p - y) ** 2,
        "mae": lambda p, y: abs(p - y),
        "huber": lambda p, y: (p - y) ** 2 / 2 if abs(p - y) <= 1 else abs(p - y) - mpf("0.5"),
        "binary_cross_entropy": lambda p, y: -(y * mp.log(p) + (1 - y) * mp.log(1 - p)),
        "binary_cross_entropy_with_logits": lambda z, y: -mp.log(mp.exp(z if y else 0) / (1 + mp.exp(z))),
        "hinge": lambda s, y: max(mpf(0), 1 - y * s),
        "cross_entropy": lambda z, y: (
            -sum(yk * mp.log(mp.exp(zk) / sum(map(mp.exp, z))) for zk, yk in zip(z, y, strict=True) if yk)
        ),
    }


def with_gradient(loss, prediction, target):
    """A loss of Values, its number and its derivatives with respect to the prediction."""
    leaves = [Value(p) for p in prediction]
    result = loss(leaves, target)
    result.backward()
    return result.data, [leaf.grad for leaf in leaves]


def check_one(name, prediction, target, rel=1e-13, tiny=1e-300):
    """Value and derivative of the loss of one output against the formula at hundreds of digits."""
    with mp.workdps(1000):
        formula = formulas()[name]
        expected = float(formula(mpf(prediction), target))
        h = mpf(10) ** -450
        slope = float((formula(prediction + h, target) - formula(prediction - h, target)) / (2 * h))
    leaf = Value(prediction)
    loss = LOSSES[name](leaf, target)
    loss.backward()
    assert loss.data == pytest.approx(expected, rel=rel, abs=tiny)
    assert leaf.grad == pytest.approx(slope, rel=rel, abs=tiny)
    assert LOSSES[name](prediction, target) == loss.data


def test_every_loss_is_listed_under_its_name():
    assert list(LOSSES.values()) == [
        mse,
        mae,
        huber,
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        cross_entropy,
        categorical_cross_entropy,
        hinge,
    ]
    assert [f.__name__ for f in LOSSES.values()] == list(LOSSES)


@pytest.mark.parametrize(("name", "case"), [(name, case) for name in TORCH for case in TORCH[name]])
def test_losses_and_gradients_are_pytorch_s(name, case):
    loss, gradient = with_gradient(NAMED[name], case["prediction"], case["target"])
    # PyTorch has log(1 + e**-30) to three digits.
    assert loss == pytest.approx(case["loss"], rel=1e-12, abs=1e-14)
    assert gradient == pytest.approx(case["gradient"], rel=1e-12, abs=1e-15)


@given(REALS, REALS)
def test_the_squared_error_is_its_formula(prediction, target):
    # Near ŷ = y the difference of two floats is exact, but tiny squares underflow.
    check_one("mse", prediction, target, rel=1e-12, tiny=1e-290)


@given(REALS, REALS.filter(bool))
@example(5e-324, -5e-324)
def test_the_absolute_error_is_its_formula(target, error):
    # The error of the sum is that of the difference, so that both sides see the same number.
    prediction = target + error
    if prediction != target:
        check_one("mae", prediction, target, rel=1e-12)


@given(REALS, REALS)
def test_the_huber_loss_is_its_formula(prediction, target):
    check_one("huber", prediction, target, rel=1e-12, tiny=1e-290)


@given(st.floats(0.1, 10), st.floats(-100, 100))
def test_the_huber_loss_grows_linearly_from_delta_on(delta, error):
    e, loss, slope = abs(error), *with_gradient(lambda p, y: huber(p, y, delta), [error], [0.0])
    assert loss == pytest.approx(e * e / 2 if e <= delta else delta * (e - delta / 2), rel=1e-12)
    assert slope == pytest.approx([math.copysign(min(e, delta), error)], rel=1e-12)


@pytest.mark.parametrize("delta", [0.0, -1.0, math.inf, math.nan])
def test_a_delta_that_is_not_positive_is_refused(delta):
    with pytest.raises(ValueError, match="expected a positive and finite delta, but got"):
        huber(1.0, 2.0, delta=delta)


@pytest.mark.parametrize("delta", ["1", None, Value(1.0)])
def test_a_delta_that_is_no_number_is_refused(delta):
    with pytest.raises(TypeError, match="expected a number for delta, but got"):
        huber(1.0, 2.0, delta=delta)


def test_the_absolute_error_0_has_the_derivative_0():
    assert with_gradient(mae, [2.0], [2.0]) == (0.0, [0.0])


@given(st.floats(1e-6, 1 - 1e-6), LABELS)
def test_the_binary_cross_entropy_is_its_formula(probability, label):
    # 1 - p is rounded where p is small, by up to 2**-54, which log(1 - p) = -p then shows.
    check_one("binary_cross_entropy", probability, label, rel=1e-9)


@given(REALS, LABELS)
@example(1000.0, 0)
@example(1000.0, 1)
@example(-1000.0, 0)
@example(-1000.0, 1)
@example(40.0, 1)
def test_the_binary_cross_entropy_of_logits_keeps_all_digits(logit, label):
    check_one("binary_cross_entropy_with_logits", logit, label)


@given(REALS.filter(lambda s: abs(abs(s) - 1) > 1e-9), st.sampled_from([-1, 1]))
def test_the_hinge_loss_is_its_formula(score, label):
    check_one("hinge", score, label)


@given(st.lists(REALS, min_size=2, max_size=6), st.data())
@example([1000.0, -1000.0], None)
@example([30.0, 0.0, -5.0], None)
def test_the_cross_entropy_of_a_class_keeps_all_digits(logits, data):
    k = data.draw(st.integers(0, len(logits) - 1)) if data else 0
    loss, gradient = with_gradient(cross_entropy, logits, k)
    with mp.workdps(1000):
        z = [mpf(v) for v in logits]
        total = sum(map(mp.exp, z))
        expected = float(formulas()["cross_entropy"](z, [j == k for j in range(len(z))]))
        slopes = [
            float(-sum(mp.exp(v) for i, v in enumerate(z) if i != k) / total if j == k else mp.exp(v) / total)
            for j, v in enumerate(z)
        ]
    # The exponent of a large difference is rounded, hence the relative error of its exponential.
    assert loss == pytest.approx(expected, rel=1e-12, abs=1e-300)
    assert gradient == pytest.approx(slopes, rel=1e-12, abs=1e-300)
    assert cross_entropy(logits, k) == loss


@st.composite
def logits_and_distributions(draw):
    logits = draw(st.lists(REALS, min_size=2, max_size=6))
    masses = draw(st.lists(st.floats(0, 1), min_size=len(logits), max_size=len(logits)).filter(any))
    return logits, [m / math.fsum(masses) for m in masses]


@given(logits_and_distributions())
def test_the_cross_entropy_of_a_distribution_is_its_formula(case):
    logits, distribution = case
    loss, gradient = with_gradient(cross_entropy, logits, distribution)
    with mp.workdps(1000):
        z, y = [mpf(v) for v in logits], [mpf(p) for p in distribution]
        total = sum(map(mp.exp, z))
        expected = float(formulas()["cross_entropy"](z, y))
        slopes = [float(mp.exp(v) / total - p) for v, p in zip(z, y, strict=True)]
    assert loss == pytest.approx(expected, rel=1e-11, abs=1e-12)
    assert gradient == pytest.approx(slopes, rel=1e-11, abs=1e-12)


@given(st.lists(REALS, min_size=2, max_size=5), st.data())
def test_a_class_is_the_distribution_that_is_certain_of_it(logits, data):
    k = data.draw(st.integers(0, len(logits) - 1))
    certain = [float(j == k) for j in range(len(logits))]
    assert cross_entropy(logits, k) == pytest.approx(cross_entropy(logits, certain), rel=1e-12, abs=1e-300)


@given(logits_and_distributions())
def test_the_categorical_cross_entropy_is_its_formula(case):
    masses, target = case
    prediction = [math.exp(z / 100) for z in masses]
    prediction = [p / math.fsum(prediction) for p in prediction]
    loss, gradient = with_gradient(categorical_cross_entropy, prediction, target)
    assert loss == pytest.approx(-math.fsum(y * math.log(p) for p, y in zip(prediction, target, strict=True)))
    assert gradient == pytest.approx([-y / p for p, y in zip(prediction, target, strict=True)], rel=1e-12)
    for k in range(len(prediction)):
        one = with_gradient(categorical_cross_entropy, prediction, k)
        assert one == with_gradient(categorical_cross_entropy, prediction, one_hot(k, len(prediction)))


@pytest.mark.parametrize("target", [0, [1, 0, 0], [0.25, 0.5, 0.25]])
@pytest.mark.parametrize("prediction", [[0.0, 1.0, 0.0], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])
def test_probabilities_of_classes_are_clipped(prediction, target):
    loss, gradient = with_gradient(categorical_cross_entropy, prediction, target)
    clipped = [min(max(p, 1e-9), 1 - 1e-9) for p in prediction]
    distribution = target if isinstance(target, list) else one_hot(target, 3).tolist()
    expected = -math.fsum(y * math.log(p) for p, y in zip(clipped, distribution, strict=True))
    assert loss == pytest.approx(expected, rel=1e-12)
    assert all(map(math.isfinite, gradient))
    assert categorical_cross_entropy([0.0, 1.0], 0, eps=1e-3) == pytest.approx(-math.log(1e-3))


@pytest.mark.parametrize("loss", [binary_cross_entropy, categorical_cross_entropy])
@pytest.mark.parametrize("eps", [-1e-9, 0.5, math.nan])
def test_an_eps_that_leaves_no_probabilities_is_refused(loss, eps):
    with pytest.raises(ValueError, match=r"expected eps from 0 to 0.5, but got"):
        loss([0.5, 0.5], [1, 0], eps=eps)
    with pytest.raises(TypeError, match=r"expected a number for eps, but got 'a'"):
        loss([0.5, 0.5], [1, 0], eps="a")


@pytest.mark.parametrize("true_class", range(3))
def test_the_lecture_s_cross_entropies(true_class):
    probabilities = [0.7, 0.22, 0.08]
    expected = [0.3567, 1.5141, 2.5257][true_class]
    assert round(cross_entropy([math.log(p) for p in probabilities], true_class), 4) == expected
    assert round(binary_cross_entropy(probabilities[true_class], 1), 4) == expected
    assert round(categorical_cross_entropy(probabilities, true_class), 4) == expected


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in OVER_CLASSES])
@given(data=st.data())
def test_the_loss_of_several_outputs_is_the_mean_over_them(name, data):
    targets = {"hinge": st.sampled_from([-1, 1])}.get(name, REALS if name in OF_NUMBERS else LABELS)
    predictions = st.floats(0, 1) if name in OF_PROBABILITIES else REALS
    pairs = data.draw(st.lists(st.tuples(predictions, targets), min_size=1, max_size=5))
    p, y = map(list, zip(*pairs, strict=True))
    single = [LOSSES[name](*pair) for pair in pairs]
    assert LOSSES[name](p, y) == pytest.approx(math.fsum(single) / len(single), rel=1e-13)
    assert LOSSES[name](np.array(p), tuple(y)) == LOSSES[name](p, np.array(y)) == LOSSES[name](p, y)


@pytest.mark.parametrize(("probability", "label"), [(0.0, 1), (1.0, 0), (0.0, 0), (1.0, 1)])
def test_probabilities_0_and_1_have_a_finite_loss(probability, label):
    p = Value(probability)
    loss = binary_cross_entropy(p, label)
    loss.backward()
    wrong = probability != label
    assert loss.data == pytest.approx(-math.log(1e-9) if wrong else 1e-9, rel=1e-6)
    assert math.isfinite(p.grad)


def test_eps_says_how_near_to_0_and_1_a_probability_may_come():
    assert binary_cross_entropy(0.0, 1, eps=1e-3) == pytest.approx(-math.log(1e-3))


@pytest.mark.parametrize("loss", [loss for name, loss in LOSSES.items() if name not in OVER_CLASSES])
def test_nan_is_passed_on(loss):
    assert math.isnan(loss(math.nan, 1))


def test_a_label_may_be_of_any_kind_of_number():
    for label in (1, 1.0, True, np.int64(1), np.float32(1), np.array(1)):
        assert binary_cross_entropy_with_logits(0.5, label) == binary_cross_entropy_with_logits(0.5, 1)
    for label in (1, 1.0, True, np.int64(1), np.float32(1), np.array(1)):
        assert cross_entropy([0.5, 2.0], label) == cross_entropy([0.5, 2.0], 1)
        assert categorical_cross_entropy([0.25, 0.75], label) == -math.log(0.75)


@pytest.mark.parametrize(
    ("loss", "allowed"),
    [(binary_cross_entropy, "0 or 1"), (binary_cross_entropy_with_logits, "0 or 1"), (hinge, "-1 or 1")],
)
@pytest.mark.parametrize("label", [2, 0.5, -2, math.nan, math.inf, Value(3.0)])
def test_other_labels_are_refused_with_those_that_there_are(loss, allowed, label):
    for predictions, labels in ((0.5, label), ([0.5, 0.5], [1, label])):
        with pytest.raises(ValueError, match=f"takes the labels {allowed}, but got"):
            loss(predictions, labels)


@pytest.mark.parametrize("loss", [binary_cross_entropy, binary_cross_entropy_with_logits, hinge])
@pytest.mark.parametrize("label", ["1", None, 1j])
def test_a_label_that_is_no_number_is_refused(loss, label):
    with pytest.raises(TypeError, match="expected a label, but got"):
        loss(0.5, label)


@pytest.mark.parametrize("probability", [-0.1, 1.1, -1e-6, math.inf, Value(2.0)])
def test_a_prediction_that_is_no_probability_is_refused_with_what_to_use(probability):
    with pytest.raises(ValueError, match=r"takes a probability, but got .*binary_cross_entropy_with_logits"):
        binary_cross_entropy(probability, 1)
    with pytest.raises(
        ValueError, match=r"takes probabilities, but got .* in a softmax, or use cross_entropy"
    ):
        categorical_cross_entropy([0.5, probability], 0)


@pytest.mark.parametrize("loss", [loss for name, loss in LOSSES.items() if name not in OVER_CLASSES])
@pytest.mark.parametrize(("p", "y"), [([0.5, 0.5], [1.0]), ([0.5, 0.5], 1.0), (0.5, [1.0, 1.0]), ([0.5], [])])
def test_as_many_targets_as_predictions_are_needed(loss, p, y):
    with pytest.raises(ValueError, match=r"expected a target for each of \d predictions, but got \d"):
        loss(p, y)


@pytest.mark.parametrize("label", [3, -1, 1.5, math.nan, math.inf, Value(3.0), Value(0.5)])
@pytest.mark.parametrize("loss", [cross_entropy, categorical_cross_entropy])
def test_a_class_out_of_range_is_refused_with_the_range(loss, label):
    with pytest.raises(ValueError, match="expected a class from 0 to 2"):
        loss([0.25, 0.5, 0.25], label)


@pytest.mark.parametrize("label", ["1", None, 1j])
@pytest.mark.parametrize("loss", [cross_entropy, categorical_cross_entropy])
def test_a_class_that_is_no_number_is_refused(loss, label):
    with pytest.raises(TypeError, match=r"expected a (class|probability)"):
        loss([0.25, 0.5, 0.25], label)


@pytest.mark.parametrize(
    "distribution",
    [
        [0.5, 0.5],
        [0.5, 0.6, 0.1],
        [1.5, -0.5, 0.0],
        [1.0, math.nan, 0.0],
        [],
        [Value(0.5), 0.6, 0.1],
        [1.5, Value(-0.5), 0.0],
        [Value(1.0), math.nan, 0.0],
    ],
)
@pytest.mark.parametrize("loss", [cross_entropy, categorical_cross_entropy])
def test_a_distribution_that_is_none_is_refused(loss, distribution):
    with pytest.raises(ValueError, match="expected a distribution over 3 classes"):
        loss([0.25, 0.5, 0.25], distribution)


@pytest.mark.parametrize("prediction", [0.5, Value(0.5), [Value(0.5)], []])
def test_a_single_logit_is_refused_with_the_loss_to_use(prediction):
    with pytest.raises(TypeError, match="use binary_cross_entropy_with_logits"):
        cross_entropy(prediction, 0)
    with pytest.raises(TypeError, match="use binary_cross_entropy for two classes"):
        categorical_cross_entropy(prediction, 0)


@pytest.mark.parametrize(
    ("name", "prediction", "target"),
    [
        ("mse", [0.3, -1.2], [1.0, 0.5]),
        ("binary_cross_entropy", [0.3, 0.8], [1, 0]),
        ("binary_cross_entropy_with_logits", [1.3, -0.4], [1, 0]),
        ("cross_entropy", [0.2, -1.0, 0.7], 1),
        ("cross_entropy", [0.2, -1.0, 0.7], [0.2, 0.5, 0.3]),
        ("hinge", [0.3, 1.7], [1, -1]),
        ("mae", [0.3, -1.2], [1.0, -1.5]),
        ("huber", [0.3, -1.2, 4.0], [1.0, 0.5, -1.0]),
        ("categorical_cross_entropy", [0.2, 0.5, 0.3], 1),
        ("categorical_cross_entropy", [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]),
    ],
)
def test_losses_have_the_derivatives_of_their_values_to_the_second_order(name, prediction, target):
    check_gradients(LOSSES[name], prediction, target, argnums=0, order=2)


# Targets that are Values, as they are in a compiled loss


def targets_of(name, n):
    """A strategy of targets for n outputs."""
    if name in OVER_CLASSES:
        return st.integers(0, n - 1)
    kinds = dict.fromkeys(OF_NUMBERS, REALS) | {"hinge": st.sampled_from([-1, 1])}
    return st.lists(kinds.get(name, LABELS), min_size=n, max_size=n)


@st.composite
def losses_of_batches(draw, name):
    """Predictions and targets of several examples."""
    n = draw(st.integers(2 if name in OVER_CLASSES else 1, 5))
    outputs = st.floats(0, 1) if name in OF_PROBABILITIES else st.floats(-50, 50)
    predictions = st.lists(outputs, min_size=n, max_size=n)
    if name == "categorical_cross_entropy":
        predictions = predictions.map(softmax)
    one = st.tuples(predictions, targets_of(name, n))
    examples = draw(st.lists(one, min_size=1, max_size=4))
    return tuple(np.array(x, dtype=float) for x in zip(*examples, strict=True))


def same_as_with_numbers(name, predictions, targets):
    """Check a loss of Values against that of numbers, with derivatives, recorded and compiled."""

    def with_slope(p, y):
        loss = LOSSES[name](list(p), y)
        return loss, loss.gradient(list(p))

    compiled = compile(with_slope, in_axes=0)
    results = compiled(predictions, targets)
    for k, (p, y) in enumerate(zip(predictions.tolist(), targets.tolist(), strict=True)):
        expected = with_gradient(LOSSES[name], p, y)
        as_values = [Value(v) for v in y] if isinstance(y, list) else Value(y)
        for loss, slope in (with_gradient(LOSSES[name], p, as_values), (results[0][k], results[1][k])):
            assert loss == pytest.approx(expected[0], rel=1e-12, abs=1e-300)
            assert list(slope) == pytest.approx(expected[1], rel=1e-12, abs=1e-300)


@settings(max_examples=25)
@pytest.mark.parametrize("name", LOSSES)
@given(data=st.data())
def test_a_target_may_be_a_value(name, data):
    same_as_with_numbers(name, *data.draw(losses_of_batches(name)))


@pytest.mark.parametrize("name", OVER_CLASSES)
@settings(max_examples=25)
@given(case=logits_and_distributions())
def test_a_distribution_may_consist_of_values(name, case):
    loss_of, (prediction, distribution) = LOSSES[name], case
    if name == "categorical_cross_entropy":
        prediction = softmax(prediction)
    loss, gradient = with_gradient(loss_of, prediction, [Value(p) for p in distribution])
    expected = with_gradient(loss_of, prediction, distribution)
    assert loss == pytest.approx(expected[0], rel=1e-12)
    assert gradient == pytest.approx(expected[1], rel=1e-12)
    compiled = compile(loss_of, in_axes=0)(np.array([prediction]), np.array([distribution]))
    assert compiled[0] == pytest.approx(expected[0], rel=1e-12)


def test_the_slope_of_a_small_loss_is_no_difference_of_large_numbers():
    """With a class that is a Value, too: e**-40 is lost next to 1."""
    gradient = with_gradient(cross_entropy, [40.0, 0.0], Value(0.0))[1]
    assert gradient == pytest.approx([-math.exp(-40), math.exp(-40)], rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "prediction", "good", "bad", "match"),
    [
        (binary_cross_entropy, 0.5, 1.0, 0.5, "takes the labels 0 or 1, but got 0.5"),
        (binary_cross_entropy_with_logits, 0.5, 1.0, 2.0, "takes the labels 0 or 1, but got 2"),
        (hinge, 0.5, 1.0, 0.0, "takes the labels -1 or 1, but got 0"),
        (
            cross_entropy,
            [1.0, 2.0, 3.0],
            1.0,
            3.0,
            "expected a class from 0 to 2, but got 3: the model has 3",
        ),
        (categorical_cross_entropy, [0.25, 0.5, 0.25], 1.0, 3.0, "expected a class from 0 to 2, but got 3"),
        (categorical_cross_entropy, [0.5, 0.5], [0.5, 0.5], [1.5, -0.5], "but got the number -0.5"),
        (cross_entropy, [1.0, 2.0, 3.0], 1.0, math.nan, "expected a class from 0 to 2, but got nan"),
        (cross_entropy, [1.0, 2.0], [0.5, 0.5], [1.5, -0.5], "over 2 classes, .* but got the number -0.5"),
        (cross_entropy, [1.0, 2.0], [0.5, 0.5], [0.5, 0.75], "over 2 classes, .* but got the sum 1.25"),
    ],
)
def test_a_compiled_loss_checks_the_targets_of_every_example(loss, prediction, good, bad, match):
    compiled = compile(loss, in_axes=0)
    predictions = np.array([prediction] * 3)
    assert np.isfinite(compiled(predictions, np.array([good] * 3))).all()
    with pytest.raises(ValueError, match=match + ".* in example 1"):
        compiled(predictions, np.array([good, bad, good]))


def test_without_eps_a_probability_of_0_is_no_matter_unless_it_is_that_of_the_class():
    p = np.array([[0.25, 0.75, 0.0], [0.0, 0.5, 0.5]])
    compiled = compile(lambda p, y: categorical_cross_entropy(p, y, eps=0.0), in_axes=0)
    assert compiled(p, np.array([0, 2])).tolist() == [-math.log(0.25), -math.log(0.5)]
    with pytest.raises(DomainError, match=r"log is defined for x > 0, but got x = 0.0"):
        compiled(p, np.array([0, 0]))
    with pytest.raises(DomainError, match=r"log is defined for x > 0, but got x = 0.0"):
        categorical_cross_entropy(p[1], 0, eps=0.0)


def test_a_compiled_loss_checks_the_probabilities_of_every_example():
    compiled = compile(binary_cross_entropy, in_axes=0)
    with pytest.raises(ValueError, match=r"takes a probability, but got 1\.5.* in example 2"):
        compiled(np.array([0.0, 1 + 1e-10, 1.5]), np.ones(3))
    compiled = compile(categorical_cross_entropy, in_axes=0)
    with pytest.raises(ValueError, match=r"takes probabilities, but got -0\.5.* in example 1"):
        compiled(np.array([[0.0, 1.0], [-0.5, 0.5]]), np.zeros(2))


@pytest.mark.parametrize("target", [0, [1, 0]])
def test_probabilities_of_classes_have_the_sum_1(target):
    match = "probabilities with the sum 1, but got the sum 1.7: end the model in a softmax"
    with pytest.raises(ValueError, match=match):
        LOSSES["categorical_cross_entropy"]([0.9, 0.8], target)
    compiled = compile(lambda p: LOSSES["categorical_cross_entropy"](list(p), target), in_axes=0)
    assert compiled([[0.9, 0.1]])[0] == pytest.approx(-math.log(0.9))
    with pytest.raises(ValueError, match=f"{match}.* in example 1"):
        compiled([[0.9, 0.1], [0.9, 0.8]])
