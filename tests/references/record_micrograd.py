"""Records the figures of micrograd's README, tests and notebooks: ``python record_micrograd.py``.

Needs micrograd and scikit-learn; the tests read the files it writes and need neither.
micrograd adds up gradients in the order of a set, so the last digit varies from run to run.
"""

import random

import numpy as np
from micrograd import nn
from micrograd.engine import Value
from micrograd_programs import boundary, describe, moons, neuron_graph, readme, sanity_check, simple_graph
from recording import write
from sklearn.datasets import make_moons


def demo():
    np.random.seed(1337)  # noqa: NPY002 - the notebook's
    random.seed(1337)
    X, y = make_moons(n_samples=100, noise=0.1)
    y = y * 2 - 1
    model = nn.MLP(2, [16, 16, 1])
    weights = [p.data for p in model.parameters()]
    losses, accuracies = moons(Value, model, X, y)
    return {
        "X": X.tolist(),
        "y": y.tolist(),
        "weights": weights,
        "losses": losses,
        "accuracies": accuracies,
        "trained": [p.data for p in model.parameters()],
        "boundary": ["".join("-+"[int(side)] for side in row) for row in boundary(Value, model, X)],
    }


def neuron():
    random.seed(1337)
    n = nn.Neuron(2)
    w, b = [p.data for p in n.w], n.b.data
    return {"w": w, "b": b, "graph": describe(neuron_graph(Value, w, b))}


if __name__ == "__main__":
    expressions = {
        "readme": readme(Value),
        "sanity_check": sanity_check(Value),
        "simple_graph": describe(simple_graph(Value)),
        "neuron": neuron(),
    }
    write("micrograd.json", expressions)
    write("moons.json", demo())
