"""Figures: what they show, and what is refused."""

import math
import sys

import numpy as np
import pytest
from matplotlib import colors
from matplotlib.figure import Figure
from references import numpy_network

from autograd_lite import plotting
from autograd_lite.nn import ACTIVATIONS, MLP, Neuron
from autograd_lite.training import History

POINTS, CLASSES = [[0.0, 0.0], [1.0, 2.0], [2.0, 1.0], [-1.0, 0.5]], [0, 1, 1, 0]


def halfplane(slope=1.0):
    """A model whose output is slope · x1."""
    return Neuron(2, nonlin=False, init=lambda rng, n, m: np.array([[slope], [0.0]]))


def png(figure, path):
    figure.savefig(path)
    return path.read_bytes()


@pytest.mark.parametrize("loss", [[1.0, 0.5, 0.25], [2.0], [0.5, 0.0, 0.0]])
def test_training_curves_show_the_loss_of_each_epoch_on_two_scales(loss, tmp_path):
    figure = plotting.training_curves(History(loss=loss))
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "log"]
    for axes in figure.axes:
        (line,) = axes.get_lines()
        assert list(line.get_xdata()) == list(range(1, len(loss) + 1))
        assert list(line.get_ydata()) == loss
        assert axes.get_xlabel() == "epoch"
        assert "loss" in axes.get_ylabel()
    assert png(figure, tmp_path / "curves.png").startswith(b"\x89PNG")


def test_several_histories_are_compared_by_name(tmp_path):
    curves = {f"lr {k}": [1.0 / (k + n) for n in range(k + 1)] for k in range(1, 9)}
    figure = plotting.training_curves({name: History(loss=loss) for name, loss in curves.items()})
    for axes in figure.axes:
        assert {line.get_label(): line.get_ydata().tolist() for line in axes.lines} == curves
        looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
        assert len(looks) == 8
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(curves)
    figure.savefig(tmp_path / "curves.png")


@pytest.mark.parametrize(
    ("histories", "error"),
    [
        ({}, ValueError),
        ({"a": History()}, ValueError),
        ({str(k): History(loss=[1.0]) for k in range(9)}, ValueError),
        ({"a": [1.0]}, TypeError),
        ([History(loss=[1.0])], TypeError),
    ],
)
def test_no_histories_or_too_many_or_others_are_refused(histories, error):
    with pytest.raises(error, match="expected "):
        plotting.training_curves(histories)


def test_boundaries_are_drawn_side_by_side():
    axes = Figure((8, 4)).subplots(1, 2)
    for ax in axes:
        assert plotting.decision_boundary(MLP(2, [1], seed=0), [[0, 0], [1, 1]], [0, 1], ax=ax) is ax.figure
        assert ax.get_xlabel() == "x1"
    assert len(ax.figure.axes) == 4  # with the scales


def test_a_history_without_epochs_is_refused():
    with pytest.raises(ValueError, match="at least one epoch"):
        plotting.training_curves(History())


def lines_of(axes):
    """The vertices of the black contour line."""
    black = [c for c in axes.collections if np.array_equal(c.get_edgecolor(), [colors.to_rgba("black")])]
    return [path.vertices for c in black for path in c.get_paths() if len(path.vertices)]


@pytest.mark.parametrize("threshold", [0.5, 0.0, 1.25])
def test_the_boundary_is_where_the_output_equals_the_threshold(threshold, tmp_path):
    figure = plotting.decision_boundary(halfplane(2.0), POINTS, CLASSES, threshold=threshold)
    (vertices,) = lines_of(figure.axes[0])
    assert vertices[:, 0] == pytest.approx([threshold / 2] * len(vertices), abs=1e-9)
    assert vertices[:, 1].min() < 0
    assert vertices[:, 1].max() > 2
    assert png(figure, tmp_path / "boundary.png").startswith(b"\x89PNG")


def test_without_a_crossing_there_is_no_boundary():
    figure = plotting.decision_boundary(halfplane(), POINTS, CLASSES, threshold=100)
    assert lines_of(figure.axes[0]) == []


def test_a_constant_output_is_drawn(tmp_path):
    figure = plotting.decision_boundary(Neuron(2, init="zeros"), POINTS, CLASSES)
    assert png(figure, tmp_path / "boundary.png").startswith(b"\x89PNG")


def test_the_axes_are_the_inputs_and_cover_the_points():
    axes, bar = plotting.decision_boundary(halfplane(), POINTS, CLASSES).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x1", "x2")
    assert bar.get_ylabel() == "output of the model"
    for (low, high), column in zip((axes.get_xlim(), axes.get_ylim()), np.array(POINTS).T, strict=True):
        assert low < column.min()
        assert high > column.max()


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1), (False, True), (1.5, 2.5)])
def test_each_class_has_its_own_points_and_legend(labels):
    y = [labels[k] for k in CLASSES]
    axes = plotting.decision_boundary(halfplane(), np.array(POINTS), np.array(y)).axes[0]
    shown = {c.get_label(): c.get_offsets().tolist() for c in axes.collections if "class" in c.get_label()}
    assert shown == {
        f"class {label:g}": [p for p, k in zip(POINTS, CLASSES, strict=True) if k == i]
        for i, label in enumerate(labels)
    }
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [f"class {label:g}" for label in labels]


def test_a_single_class_or_point_is_drawn(tmp_path):
    assert png(plotting.decision_boundary(halfplane(), POINTS, [1] * 4), tmp_path / "one_class.png")
    assert png(plotting.decision_boundary(halfplane(), [[1.0, 1.0]], [1]), tmp_path / "one_point.png")


@pytest.mark.parametrize(
    ("X", "y", "match"),
    [
        (np.zeros((3, 3)), [0, 1, 1], r"expected points \(n, 2\)"),
        (np.zeros((3, 1)), [0, 1, 1], r"expected points \(n, 2\)"),
        (np.zeros(3), [0, 1, 1], "a row for each example"),
        (POINTS, [0, 1, 1], "X has 4 and y 3"),
        (POINTS, [[0, 1]] * 4, "and two classes"),
        (POINTS, [0, 1, 2, 1], r"two classes .*\[0.0, 1.0, 2.0\]"),
        (np.zeros((0, 2)), [], "at least one example"),
        ([[0.0, math.nan]], [0], "expected finite numbers in X"),
        (POINTS, ["a", "b", "a", "b"], "expected numbers in y"),
    ],
    ids=str,
)
def test_points_or_classes_of_another_form_are_refused(X, y, match):
    with pytest.raises(ValueError, match=match):
        plotting.decision_boundary(halfplane(), X, y)


@pytest.mark.parametrize(
    ("model", "match"), [(MLP(2, [3]), "a model with one output"), (MLP(3, [1]), "takes 3 inputs, but got 2")]
)
def test_a_model_of_another_form_is_refused(model, match):
    with pytest.raises(ValueError, match=match):
        plotting.decision_boundary(model, POINTS, CLASSES)


@pytest.mark.parametrize("name", numpy_network.ACTIVATIONS)
def test_the_curves_of_an_activation_are_its_formula_and_that_of_its_derivative(name):
    figure = plotting.activation_curves([name])
    (axes,) = figure.axes
    for curve, formula in zip(axes.get_lines(), numpy_network.ACTIVATIONS[name], strict=False):
        drawn = np.isfinite(curve.get_ydata())
        z, y = np.array(curve.get_xdata())[drawn], np.array(curve.get_ydata())[drawn]
        assert len(z) == 401
        assert (z.min(), z.max()) == (-4, 4)
        np.testing.assert_allclose(y, formula(z), atol=1e-12)


@pytest.mark.parametrize(("name", "jumps"), [("relu", [0, 1]), ("step", [1, 0]), ("elu", [0, 0])])
def test_where_a_curve_jumps_it_has_a_gap(name, jumps):
    (axes,) = plotting.activation_curves([name]).axes
    assert [int(np.isnan(curve.get_ydata()).sum()) for curve in axes.get_lines()[:2]] == jumps


def test_all_activations_of_one_number_are_drawn_unless_some_are_asked_for(tmp_path):
    figure = plotting.activation_curves()
    assert [axes.get_title() for axes in figure.axes] == [
        name for name in ACTIVATIONS if name not in ("softmax", "swish")
    ]
    assert png(figure, tmp_path / "all.png").startswith(b"\x89PNG")
    names = ["prelu", "swish", "tanh", "elu", "prelu"]
    figure = plotting.activation_curves(iter(names))
    assert [axes.get_title() for axes in figure.axes] == names
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "z", "z", "z", "z"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["φ(z)", "φ'(z)"]
    assert png(figure, tmp_path / "some.png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("names", "error", "match"),
    [
        ("relu", TypeError, r"expected a list of names, but got 'relu': write \['relu'\]"),
        (["relu", "selu"], ValueError, "unknown activation 'selu'"),
        (["softmax"], ValueError, "activations of a single neuron, but got 'softmax'"),
        ([], ValueError, "at least one activation, but got none"),
    ],
)
def test_activations_that_have_no_curve_are_refused(names, error, match):
    with pytest.raises(error, match=match):
        plotting.activation_curves(names)


@pytest.mark.parametrize(
    "draw",
    [
        plotting.activation_curves,
        lambda: plotting.training_curves(History(loss=[1.0])),
        lambda: plotting.decision_boundary(halfplane(), POINTS, CLASSES),
    ],
)
def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'needs matplotlib.*pip install "autograd_lite\[plot\]"'):
        draw()


def test_a_figure_leaves_pyplot_alone():
    plotting.training_curves(History(loss=[1.0]))
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []
