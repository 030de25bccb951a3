"""Figures of matplotlib that need no screen, and the colours of lines and points."""

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

from autograd_lite._extras import import_extra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The ends of the map PuOr, which colour-blind readers can tell apart.
PURPLE, ORANGE = "#5E3C99", "#B35806"


def figure_of(width: float, height: float) -> "Figure":
    """A figure that belongs to nobody: pyplot would keep it and need a screen."""
    figure: Figure = import_extra("matplotlib.figure", "plot").Figure((width, height), layout="constrained")
    figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]
    return figure


def _png(figure: "Figure") -> bytes:
    """The figure as a notebook displays it."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()
