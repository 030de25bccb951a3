"""What a history says and draws."""

import copy
import pickle
import sys

import pytest

from autograd_lite import plotting
from autograd_lite.nn import MLP
from autograd_lite.training import History, fit

LOSS, VAL_LOSS = [1.0, 0.5, 0.25], [1.5, 0.75, 1.0]


def test_a_history_says_what_happened_but_not_what_is_needed_to_go_on():
    history = History(loss=LOSS, val_loss=VAL_LOSS, stop_reason="all 3 epochs done")
    assert repr(history) == (
        "History(epochs=3, loss 1 to 0.25, val_loss 1.5 to 1, stopped: all 3 epochs done)"
    )


def test_histories_are_equal_if_they_say_the_same():
    def trained(restarts):
        model = MLP(1, [1], seed=0)
        return fit(model, [[0.0], [1.0]], [0.0, 1.0], loss="mse", epochs=3, restarts=restarts, seed=1)

    assert trained(1) == trained(1)
    assert trained(3) == trained(3)
    assert trained(1) != History()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda history: pickle.loads(pickle.dumps(history))])
def test_a_copy_can_be_continued(duplicate):
    how = {"loss": "mse", "epochs": 4}
    model = MLP(1, [1], seed=0)
    history = fit(model, [[0.0], [1.0]], [0.0, 1.0], **how)
    longer = fit(model, [[0.0], [1.0]], [0.0, 1.0], loss="mse", epochs=6, history=duplicate(history))
    assert longer.loss[:4] == history.loss


@pytest.mark.parametrize("draw", [History.plot, plotting.training_curves])
@pytest.mark.parametrize("val_loss", [[], VAL_LOSS])
def test_losses_are_drawn_on_two_scales_those_of_the_validation_beside_the_others(draw, val_loss, tmp_path):
    figure = draw(History(loss=LOSS, val_loss=val_loss))
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "log"]
    for axes in figure.axes:
        lines = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
        assert lines == {"training": LOSS} | ({"validation": VAL_LOSS} if val_loss else {})
        assert all(list(line.get_xdata()) == [1, 2, 3] for line in axes.get_lines())
        assert (axes.get_legend() is not None) == bool(val_loss)
        assert all(tick == round(tick) for tick in axes.get_xticks())
    figure.savefig(tmp_path / "curves.png")
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_an_empty_history_is_refused():
    with pytest.raises(ValueError, match="at least one epoch"):
        History().plot()


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "autograd_lite\[plot\]"'):
        History(loss=LOSS).plot()
