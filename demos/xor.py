"""XOR, which one neuron cannot learn and a hidden layer of three can.

The lesson of the uOttawa lecture's "Before the back-propagation" and "Back-propagation: contributions". A
perceptron draws one straight line, and no line separates the two classes of XOR. One is trained here by the
perceptron's rule, with a step, another by gradient descent, with a sigmoid; then a multilayer perceptron.
"""

from math import log
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autograd_lite.nn import MLP, Neuron
from autograd_lite.optim import SGD
from autograd_lite.training import fit, predict

OUTPUT = Path(__file__).parent / "output" / "xor"
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])
STARTS = 6


def n_right(model):
    return sum((model(x).data >= 0.5) == y for x, y in zip(X, Y, strict=True))


def perceptron_rule(neuron, rng, alpha=0.1, epochs=100):
    """w ← w + α (y - ŷ) x, b ← b + α (y - ŷ): the most right answers on the way, and back to them."""
    best, weights = n_right(neuron), neuron.state_dict()
    for _ in range(epochs):
        for i in rng.permutation(len(X)):
            step = alpha * (Y[i] - neuron(X[i]).data)
            for w, x in zip(neuron.w, X[i], strict=True):
                w.data += step * x
            neuron.b.data += step
            if n_right(neuron) >= best:
                best, weights = n_right(neuron), neuron.state_dict()
    neuron.load_state_dict(weights)
    return best


def gradient_descent(model):
    """Trained on the binary cross-entropy: the last loss."""
    return fit(model, X, Y, loss="binary_cross_entropy", optimizer=SGD(lr=0.5), epochs=2000).loss[-1]


def boundaries(models) -> Figure:
    """The output over the plane for each model, by title, and the line where it is 0.5."""
    figure = Figure(figsize=(9, 4.2), layout="compressed")
    xs = np.linspace(-0.5, 1.5, 401)
    grid = np.stack(np.meshgrid(xs, xs), axis=-1)
    for axes, (title, model) in zip(figure.subplots(1, 2, sharey=True), models.items(), strict=True):
        outputs = predict(model, grid.reshape(-1, 2)).reshape(len(xs), len(xs))
        shades = axes.contourf(xs, xs, outputs, levels=np.linspace(0, 1, 11), cmap="PuOr_r", alpha=0.5)
        axes.contour(xs, xs, outputs, levels=[0.5], colors="black", linewidths=1.5)
        for label, colour, marker in ((0, "#5E3C99", "o"), (1, "#B35806", "s")):
            points = X[label == Y].T
            axes.scatter(
                *points, s=110, color=colour, marker=marker, edgecolor="white", label=f"XOR = {label}"
            )
        axes.set(title=title, xlabel="x1", xticks=[0, 1], yticks=[0, 1], aspect="equal")
    figure.axes[0].set_ylabel("x2")
    figure.axes[0].legend(loc="upper right")
    figure.colorbar(shades, ax=figure.axes, label="output of the model")
    return figure


def main() -> None:
    print("start   perceptron, at best   sigmoid      MLP 2-3-1")
    print("                      right      loss    right     loss")
    for seed in range(STARTS):
        rng = np.random.default_rng(seed)
        perceptron = Neuron(2, activation="step", init="uniform", seed=rng)
        perceptron.b.data = rng.uniform(-1, 1)
        neuron = Neuron(2, activation="sigmoid", init="uniform", seed=seed)
        mlp = MLP(2, [3, 1], activation="tanh", output="sigmoid", seed=seed)
        best, losses = perceptron_rule(perceptron, rng), [gradient_descent(model) for model in (neuron, mlp)]
        print(f"{seed:5d}   {best:19d}   {losses[0]:7.4f}   {n_right(mlp):6d}   {losses[1]:.4f}")
    print("\nThree right answers, b ≤ 0, w1 + b > 0, w2 + b > 0, rule out the fourth: w1 + w2 + b > -b ≥ 0.")
    print(f"A neuron with a sigmoid ends at the loss log 2 = {log(2):.4f}: it says 0.5 to everything.")

    print("\nThe truth table, and what came out of the last start:")
    print("x1  x2  XOR   perceptron  sigmoid      MLP")
    outputs = [predict(model, X) for model in (perceptron, neuron, mlp)]
    for (x1, x2), y, *said in zip(X, Y, *outputs, strict=True):
        print(f"{x1:2.0f}  {x2:2.0f}  {y:3.0f}   {said[0]:10.0f}   {said[1]:6.3f}   {said[2]:6.3f}")

    OUTPUT.mkdir(parents=True, exist_ok=True)
    models = {f"perceptron: {best} of 4 right": perceptron, f"MLP 2-3-1: {n_right(mlp)} of 4 right": mlp}
    boundaries(models).savefig(OUTPUT / "decision_boundaries.png", dpi=150)
    print(f"wrote {OUTPUT / 'decision_boundaries.png'}")


if __name__ == "__main__":
    main()
