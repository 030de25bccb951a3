"""Pictures of computational graphs, in the language of the lectures."""

from autograd_lite.drawing._draw import draw
from autograd_lite.drawing._picture import Picture

__all__ = ["Picture", "draw"]
