"""Trainings against PyTorch's: the same examples in the same order, from the same parameters, in 50 steps."""

from functools import partial

import numpy as np
import pytest
from references.recording import read

from autograd_lite import nn, optim
from autograd_lite.nn.module import assign
from autograd_lite.training import fit

TORCH = read("training.json")
CASES = TORCH["cases"]
# Where all examples are in one batch, an epoch is a step, and the curve has the loss of every step.
STEP_BY_STEP = [case for case in CASES if case["batch_size"] == len(TORCH["X"])]


def name_of(case):
    (loss, _), (rule, arguments) = case["task"], case["optimizer"]
    activations = [activation for _, _, activation in case["layers"]]
    extras = [case[key][0] for key in ("penalized", "schedule") if key in case]
    return "-".join([loss, rule, *arguments, *activations, *extras])


def model_of(case):
    model = nn.Sequential(*(nn.Layer(n, m, activation=phi) for n, m, phi in case["layers"]))
    assign(model.parameters(), TORCH["start"][: len(model.parameters())])
    return model


def optimizer_of(case):
    rule, arguments = case["optimizer"]
    if "schedule" in case:
        name, rates = case["schedule"]
        arguments = arguments | {"lr": getattr(optim, name)(**rates)}
    return getattr(optim, rule)(**arguments)


def penalty_of(case):
    if "penalized" not in case:
        return None
    name, arguments = case["penalized"]
    return partial(nn.lp, **arguments) if name == "lp" else getattr(nn, name)(**arguments)


def check(case, engine):
    """The losses that `History` tells, and the parameters at the end."""
    loss, targets = case["task"]
    model = model_of(case)
    history = fit(
        model,
        TORCH["X"],
        TORCH["targets"][targets],
        loss=loss,
        optimizer=optimizer_of(case),
        penalty=penalty_of(case),
        batch_size=case["batch_size"],
        epochs=case["epochs"],
        seed=TORCH["seed"],
        engine=engine,
    )
    np.testing.assert_allclose(history.loss, case["loss"], rtol=1e-9)
    np.testing.assert_allclose([p.data for p in model.parameters()], case["trained"], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_losses_and_parameters_are_pytorch_s(case):
    check(case, "compiled")


@pytest.mark.parametrize("case", STEP_BY_STEP, ids=name_of)
def test_so_are_those_without_compiling(case):
    check(case, "eager")
