"""A shallow network without activation: its matrix formulas, its trainer, its training curves.

The SUTD lecture as a whole: Y_pred = W2 (W1 X + b1) + b2 with the mean squared error, the update rules of
"Backpropagation in our model", the "Trainer function", which ends after N_max iterations or when the loss
changes by less than delta, and several random starts. The lecture's data set is not in its text. This one is
of the same kind, two features and one continuous target, and made up: the prices of flats.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autograd_lite import data, grads
from autograd_lite.nn import MLP, mse
from autograd_lite.ops import mean
from autograd_lite.optim import SGD
from autograd_lite.training import fit

OUTPUT = Path(__file__).parent / "output" / "shallow_network"
N_X, N_H, N_Y = 2, 4, 1
ALPHA, DELTA, N_MAX = 0.05, 1e-5, 10000
STYLES = {"#0072B2": "-", "#E69F00": "--", "#009E73": "-.", "#CC79A7": ":"}


def flats(rng, m=100):
    """Inputs (m, 2), the area in 100 m² and the distance in km, and outputs (m, 1), the price in millions."""
    area, distance = rng.uniform(0.4, 2.0, m), rng.uniform(0.0, 1.0, m)
    price = 0.3 + 1.4 * area - 0.8 * distance + rng.normal(0.0, 0.1, m)
    return np.column_stack([area, distance]), price[:, None]


def parameters(model):
    """W1, b1, W2 and b2 by name, arrays of Values that lie as in the lecture's code: Z = inputs @ W + b."""
    layers = [(k, layer.neurons) for k, layer in enumerate(model.layers, start=1)]
    weights = {f"W{k}": np.array([neuron.w for neuron in neurons]).T for k, neurons in layers}
    return weights | {f"b{k}": np.array([[neuron.b for neuron in neurons]]) for k, neurons in layers}


def backward(W1, b1, W2, b2, inputs, outputs):
    """The lecture's formulas of the four gradients."""
    m = inputs.shape[0]
    Z1_b = inputs @ W1 + b1
    epsilon = Z1_b @ W2 + b2 - outputs
    dL_dZ1 = epsilon @ W2.T
    return {
        "W1": 2 / m * inputs.T @ dL_dZ1,
        "b1": 2 / m * dL_dZ1.sum(axis=0, keepdims=True),
        "W2": 2 / m * Z1_b.T @ epsilon,
        "b2": 2 / m * epsilon.sum(axis=0, keepdims=True),
    }


def compare(model, inputs, outputs):
    """The formulas beside the engine: the gradients, and where one step of the trainer leads."""
    matrices = parameters(model)
    formulas = backward(**{name: data(p) for name, p in matrices.items()}, inputs=inputs, outputs=outputs)
    updated = {name: data(p) - ALPHA * formulas[name] for name, p in matrices.items()}
    mean([mse(model(x), y) for x, y in zip(inputs, outputs[:, 0], strict=True)]).backward()
    fit(model, inputs, outputs, loss="mse", optimizer=SGD(lr=ALPHA), epochs=1)
    print("largest difference between the formulas and the engine\n     gradient    update")
    for name, p in matrices.items():
        in_gradient, in_update = abs(grads(p) - formulas[name]).max(), abs(data(p) - updated[name]).max()
        print(f"{name}   {in_gradient:8.1e}  {in_update:8.1e}")


def curves_of(starts, lowest) -> Figure:
    """The loss of each start, down to that of linear regression."""
    figure = Figure(figsize=(6, 3.8), layout="constrained")
    axes = figure.subplots()
    for number, (start, (colour, style)) in enumerate(zip(starts, STYLES.items(), strict=True), start=1):
        axes.plot(start.loss, style, color=colour, linewidth=2, label=f"start {number}")
    axes.axhline(lowest, color="black", linewidth=0.8, label="linear regression")
    axes.set(title="Random starts", xlabel="steps done", ylabel="mean training loss", yscale="log")
    axes.legend()
    return figure


def main() -> None:
    inputs, outputs = flats(np.random.default_rng(0))
    compare(MLP(N_X, [N_H, N_Y], activation="linear", seed=0), inputs, outputs)
    model = MLP(N_X, [N_H, N_Y], activation="linear", seed=0)
    how = {"loss": "mse", "optimizer": SGD(lr=ALPHA), "epochs": N_MAX, "tol": DELTA, "batch_size": None}
    history = fit(model, inputs, outputs, **how, restarts=len(STYLES), seed=1)
    print("\nstart   first loss   last loss   why it stopped")
    for number, start in enumerate(history.restarts, start=1):
        print(f"{number:5d}   {start.loss[0]:10.4f}   {start.loss[-1]:9.5f}   {start.stop_reason}")
    lowest = np.linalg.lstsq(np.insert(inputs, 0, 1, axis=1), outputs)[1][0] / len(inputs)
    print(f"linear regression {lowest:13.5f}   without activation, the network can do no better")

    OUTPUT.mkdir(parents=True, exist_ok=True)
    figures = {"training_curves": history.plot(), "restarts": curves_of(history.restarts, lowest)}
    for name, figure in figures.items():
        figure.savefig(OUTPUT / f"{name}.png", dpi=150)
        print(f"wrote {OUTPUT / name}.png")


if __name__ == "__main__":
    main()
