"""Neural networks of scalar `Value`s: modules, initializers, activations, losses and penalties."""

from autograd_lite.nn.activations import ACTIVATIONS
from autograd_lite.nn.architecture import build, describe
from autograd_lite.nn.dropout import Dropout
from autograd_lite.nn.initializers import (
    INITIALIZERS,
    glorot,
    glorot_uniform,
    he,
    he_uniform,
    normal,
    uniform,
    zeros,
)
from autograd_lite.nn.layers import MLP, Layer, Neuron
from autograd_lite.nn.losses import (
    LOSSES,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    cross_entropy,
    hinge,
    huber,
    mae,
    mse,
)
from autograd_lite.nn.module import Module
from autograd_lite.nn.penalties import L1, L2, ElasticNet, lp
from autograd_lite.nn.sequential import Sequential
from autograd_lite.nn.targets import one_hot

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "L1",
    "L2",
    "LOSSES",
    "MLP",
    "Dropout",
    "ElasticNet",
    "Layer",
    "Module",
    "Neuron",
    "Sequential",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "build",
    "categorical_cross_entropy",
    "cross_entropy",
    "describe",
    "glorot",
    "glorot_uniform",
    "he",
    "he_uniform",
    "hinge",
    "huber",
    "lp",
    "mae",
    "mse",
    "normal",
    "one_hot",
    "uniform",
    "zeros",
]
