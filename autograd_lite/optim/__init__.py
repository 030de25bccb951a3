"""Update rules on flat vectors of parameters, and learning-rate schedules."""

from autograd_lite.optim._optimizer import Optimizer
from autograd_lite.optim._optimizer import require_finite as require_finite
from autograd_lite.optim._rules import SGD, Adam, AdamW, RMSprop
from autograd_lite.optim._schedules import CosineDecay, ExponentialDecay, StepDecay

__all__ = ["SGD", "Adam", "AdamW", "CosineDecay", "ExponentialDecay", "Optimizer", "RMSprop", "StepDecay"]
