"""`fit`: from a model and data to a trained model and the history of its training."""

from autograd_lite.training._fit import fit
from autograd_lite.training._history import History

__all__ = ["History", "fit"]
