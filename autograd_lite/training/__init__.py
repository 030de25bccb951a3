"""`fit`: from a model and data to a trained model and the history of its training; what it then predicts."""

from autograd_lite.training._fit import fit
from autograd_lite.training._history import DivergenceError, History
from autograd_lite.training._prediction import classify, evaluate, predict, predict_proba
from autograd_lite.training._saving import Saved, load, save

__all__ = [
    "DivergenceError",
    "History",
    "Saved",
    "classify",
    "evaluate",
    "fit",
    "load",
    "predict",
    "predict_proba",
    "save",
]
