"""Metrics against scikit-learn's definitions, the outputs that each loss means, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics

from autograd_lite import Value
from autograd_lite.nn import MLP, Layer, Module, binary_cross_entropy_with_logits, hinge, one_hot
from autograd_lite.optim import SGD
from autograd_lite.training import evaluate, fit
from autograd_lite.training._metrics import mae, r2

NUMBERS = arrays(
    float, st.tuples(st.integers(1, 8), st.integers(1, 3)), elements=st.integers(-9, 9).map(float)
)


class Given(Module):
    """A model whose outputs are its inputs, so that a test can say what they are."""

    def __init__(self, several=True):
        self.one, self.several = Value(1.0), several

    def __call__(self, x):
        outputs = [self.one * v for v in x]
        return outputs if self.several or len(outputs) > 1 else outputs[0]


def accuracy(outputs, targets, loss, **how):
    outputs = np.array(outputs, dtype=float)
    table = outputs if outputs.ndim == 2 else outputs[:, None]
    model = Given(outputs.ndim == 2)
    return evaluate(model, table, targets, loss=loss, metrics=["accuracy"], **how)["accuracy"]


@given(data=st.data(), targets=NUMBERS)
def test_r2_is_the_mean_over_the_outputs_of_the_explained_part_of_the_variance(data, targets):
    outputs = data.draw(arrays(float, targets.shape, elements=st.integers(-9, 9).map(float)))
    parts = []
    for y, p in zip(targets.T, outputs.T, strict=True):
        residual, total = np.sum((y - p) ** 2), np.sum((y - y.mean()) ** 2)
        parts.append(1 - residual / total if total else float(residual == 0))
    assert r2(outputs, targets) == pytest.approx(np.mean(parts), rel=1e-9, abs=1e-9)
    assert r2(targets, targets) == 1.0


@given(targets=NUMBERS, shift=st.integers(-5, 5))
def test_mae_is_the_mean_distance(targets, shift):
    assert mae(targets + shift, targets) == abs(shift)


def test_r2_and_mae_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    for shape in ((20,), (20, 3)):
        y, p = rng.normal(size=shape), rng.normal(size=shape)
        assert r2(p, y) == pytest.approx(metrics.r2_score(y, p), rel=1e-12)
        assert mae(p, y) == pytest.approx(metrics.mean_absolute_error(y, p), rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "expected"),
    [
        ("binary_cross_entropy", [0.1, 0.5, 0.7, 0.4], [0, 1, 0, 0], 3 / 4),
        ("binary_cross_entropy_with_logits", [-0.1, 0.0, 0.4, 9.0], [0, 1, 0, 0], 2 / 4),
        (binary_cross_entropy_with_logits, [-0.1, 0.0, 0.4, 9.0], [0, 1, 0, 0], 2 / 4),
        ("hinge", [-0.1, 0.1, 5.0, -3.0], [-1, -1, 1, -1], 3 / 4),
        (hinge, [-0.1, 0.1, 5.0, -3.0], [-1, -1, 1, -1], 3 / 4),
        ("mse", [0.4, 0.6, 0.6, 2.0], [0, 1, 0, 1], 3 / 4),
        ("mae", [0.4, 0.6, 0.6, 2.0], [0, 1, 0, 1], 3 / 4),
        ("huber", [0.4, -0.6, 0.6, -2.0], [1, -1, 1, 1], 3 / 4),
        ("cross_entropy", [[1.0, 2.0, 0.0], [3.0, 1.0, 9.0]], [1, 0], 1 / 2),
        ("cross_entropy", [[1.0, 2.0, 0.0], [3.0, 1.0, 9.0]], one_hot([1, 2]), 1.0),
        ("categorical_cross_entropy", [[0.2, 0.7, 0.1], [0.6, 0.3, 0.1]], [1, 1], 1 / 2),
        ("binary_cross_entropy", [[0.2, 0.7], [0.6, 0.3]], [[0, 1], [1, 1]], 3 / 4),
        (lambda s, y: (1 - y * s).relu(), [-0.1, 0.1, 5.0, -3.0], [-1, -1, 1, -1], 3 / 4),
    ],
)
def test_the_loss_says_which_class_an_output_means(loss, outputs, targets, expected):
    assert accuracy(outputs, targets, loss) == expected


@pytest.mark.parametrize(
    ("loss", "targets", "match"),
    [
        ("mse", [0.5, 2.0], "expected labels that are 0 and 1, or -1 and 1, for classes with mse"),
        ("huber", [0, 2], "for classes with huber, but got others: pass a function"),
        (lambda p, y: (p - y) ** 2, [0, 1], "expected a loss that says which output means which class"),
    ],
)
def test_where_that_is_not_known_accuracy_is_refused(loss, targets, match):
    with pytest.raises(ValueError, match=match):
        accuracy([0.0, 1.0], targets, loss)


def test_labels_of_one_class_only_on_the_validation_set_mean_what_they_mean_in_the_training():
    model, how = Given(False), {"loss": "mse", "epochs": 1, "optimizer": SGD(1e-300), "metrics": ["accuracy"]}
    history = fit(model, [[-1.0], [1.0]], [-1, 1], validation=([[0.2]], [1]), **how)
    assert history.metrics["val_accuracy"] == [1.0]


@pytest.mark.parametrize("engine", ["compiled", "eager"])
def test_metrics_are_computed_after_each_epoch_on_both_sets_out_of_training_mode(engine):
    seen = []

    def largest(outputs, targets):
        seen.append((outputs.shape, targets.shape))
        return outputs.max()

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(9, 2)), rng.normal(size=(9, 2))
    model = MLP(2, [2], seed=0)
    expected = []

    def callback(history):
        expected.append([max(v.data for x in part for v in model(x)) for part in (X[:5], X[5:])])

    how = {"metrics": [largest, "mae"], "callbacks": [callback], "epochs": 3, "engine": engine}
    history = fit(model, X[:5], y[:5], loss="mse", validation=(X[5:], y[5:]), **how)
    assert sorted(history.metrics) == ["largest", "mae", "val_largest", "val_mae"]
    found = [history.metrics["largest"], history.metrics["val_largest"]]
    np.testing.assert_allclose(np.transpose(found), expected, rtol=1e-12)
    assert set(seen) == {((5, 2), (5, 2)), ((4, 2), (4, 2))}


def refused(error, match, metrics, loss="mse", y=(0.5, 2.0), model=None):
    model = model or MLP(1, [1], seed=0)
    state = model.state_dict()
    for engine in ("compiled", "eager"):
        with pytest.raises(error, match=match):
            fit(model, [[0.0], [1.0]], list(y), loss=loss, metrics=metrics, engine=engine)
        assert model.state_dict() == state


@pytest.mark.parametrize("metrics", ["mae", mae, None, 3])
def test_metrics_that_are_no_list_are_refused(metrics):
    refused(TypeError, "expected a list of metrics, but got", metrics)


@pytest.mark.parametrize(
    ("metric", "error"), [("f1", ValueError), ("MAE", ValueError), (None, TypeError), (3, TypeError)]
)
def test_an_unknown_metric_is_refused_with_those_there_are(metric, error):
    refused(error, "unknown metric .*: choose one of 'accuracy', 'mae', 'r2'", [metric])


def test_metrics_of_one_name_are_refused():
    refused(ValueError, "another one is called 'mae'", ["mae", "mae"])
    refused(ValueError, "another one is called '<lambda>'", [lambda p, y: 0.0, lambda p, y: 1.0])


def test_a_metric_called_like_another_one_on_the_validation_set_is_refused():
    def val_mae(outputs, targets):
        return 0.0

    how = {"loss": "mse", "epochs": 1, "metrics": ["mae", val_mae]}
    with pytest.raises(ValueError, match="'val_mae' is mae on the validation set"):
        fit(Given(False), [[0.0], [1.0]], [0.0, 1.0], validation=([[0.0]], [0.0]), **how)
    assert sorted(fit(Given(False), [[0.0], [1.0]], [0.0, 1.0], **how).metrics) == ["mae", "val_mae"]


@pytest.mark.parametrize("result", [None, "good", [1.0], np.ones(2), 1j])
def test_a_metric_that_returns_no_number_is_refused_before_the_training(result):
    refused(TypeError, "expected a metric that returns a float, but", [lambda outputs, targets: result])


@pytest.mark.parametrize("result", [1, 0.5, np.float32(0.5), np.array(0.5), np.True_, float("nan")])
def test_a_metric_may_return_any_real_number(result):
    how = {"loss": "mse", "epochs": 1, "metrics": [lambda outputs, targets: result]}
    (value,) = fit(MLP(1, [1], seed=0), [[0.0]], [1.0], **how).metrics["<lambda>"]
    assert type(value) is float


def test_metrics_of_outputs_and_targets_of_different_shapes_are_refused():
    refused(ValueError, "of one shape for mae", ["mae"], "cross_entropy", (0, 1), Layer(1, 3))


@pytest.mark.parametrize("metric", [mae, r2])
def test_metrics_that_overflow_do_not_warn(metric):
    assert not np.isfinite(metric(np.array([1e308, 1e308]), np.array([-1e308, 1e308])))
