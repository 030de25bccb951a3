"""From scalar code to the equations of backpropagation: a neuron, a layer, a network.

The functions are written for one example, in scalars. `compile` records them, derivatives included, and
finds the products of matrices in what it recorded; ``print(f.program)`` writes these down. At the end they
are compared with the formulas that the lecture derives by hand.
"""

import numpy as np

from autograd_lite import compile, nn, sigmoid
from autograd_lite.compiler import Program

N = 100


def show(title, f):
    print(f"\n{title}\n")
    print(f.program)


def neuron():
    """One neuron and one example: there is no width, and the program stays scalar."""

    def step(w, b, x, y):
        loss = (sigmoid(w * x + b) - y) ** 2
        return loss, loss.gradient([w, b])

    f = compile(step)
    f(0.5, -0.1, 2.0, 1.0)
    show("a neuron, one example", f)


def layer(rng):
    """The same formula for 3 neurons: the weights become a matrix, the examples another one."""
    model = nn.Layer(2, 3, activation="sigmoid", seed=0)
    f = compile(lambda x: model(x), in_axes=0)
    f(rng.normal(size=(N, 2)))
    show("a layer of 3 neurons, N examples", f)


def network(rng):
    """A network and its mean loss: the program is backpropagation."""
    model = nn.MLP(2, [3, 1], "relu", seed=0)
    parameters = model.parameters()

    def step(x, y):
        loss = 0.5 * (model(x) - y) ** 2
        return loss, loss.gradient(parameters)

    f = compile(step, in_axes=0, reduce="mean")
    X, y = rng.normal(size=(N, 2)), rng.normal(size=N)
    loss, gradient = f(X, y)
    assert isinstance(f.program, Program)
    show("a network 2-3-1, the mean loss of N examples, and its gradient", f)
    compare(model, X, y, loss, gradient)


def compare(model, X, y, loss, gradient):
    """The lecture's formulas, written out, beside the results of the program."""
    W1, W2 = (np.array([[w.data for w in neuron.w] for neuron in layer.neurons]) for layer in model.layers)
    b1, b2 = (np.array([[neuron.b.data] for neuron in layer.neurons]) for layer in model.layers)

    A0 = X.T
    Z1 = W1 @ A0 + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    delta2 = Z2 - y
    delta1 = (W2.T @ delta2) * (Z1 > 0)  # (Wᵀ δ) * φ'(z)
    dW1, db1 = delta1 @ A0.T / N, delta1.sum(axis=1, keepdims=True) / N
    dW2, db2 = delta2 @ A1.T / N, delta2.sum(axis=1, keepdims=True) / N

    # Parameters stand neuron by neuron, its weights and then its bias.
    by_hand = np.concatenate([np.hstack([dW1, db1]).ravel(), np.hstack([dW2, db2]).ravel()])
    print("\nlargest difference from the formulas of the lecture")
    print(f"loss      {abs(loss - 0.5 * ((Z2 - y) ** 2).mean()):.0e}")
    print(f"gradient  {abs(gradient - by_hand).max():.0e}")


def main() -> None:
    rng = np.random.default_rng(0)
    neuron()
    layer(rng)
    network(rng)


if __name__ == "__main__":
    main()
