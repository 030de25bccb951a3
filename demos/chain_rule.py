"""The chain rule on the network with one hidden node, beside the closed forms of the lecture.

J = -(y log ŷ + (1 - y) log(1 - ŷ)),  ŷ = σ(z2),  z2 = w2 a1 + b2,  a1 = σ(z1),  z1 = w1 x + b1

(uOttawa lecture, "Scalar input; one hidden node" to "Exploration".)
"""

import random
from pathlib import Path

from autograd_lite import Value, draw, explain, log, sigmoid

OUTPUT = Path(__file__).parent / "output" / "chain_rule"
ALPHA, STEPS = 0.1, 500
X, Y = 3.14, 1.0


def forward(w1, b1, w2, b2):
    """Every quantity of the lecture's graph, by name."""
    x, y = Value(X, label="x"), Value(Y, label="y")
    z1 = w1 * x + b1
    a1 = sigmoid(z1)
    z2 = w2 * a1 + b2
    y_hat = sigmoid(z2)
    J = -(y * log(y_hat) + (1 - y) * log(1 - y_hat))
    nodes = {"z1": z1, "a1": a1, "z2": z2, "ŷ": y_hat, "J": J}
    for name, node in nodes.items():
        node.label = name
    return nodes


def closed_forms(w2, a1, y_hat):
    """The lecture's key derivatives."""
    delta = (y_hat - Y) * w2 * (a1 * (1 - a1))
    return {"w1": delta * X, "b1": delta, "w2": (y_hat - Y) * a1, "b2": y_hat - Y}


def main() -> None:
    random.seed(42)
    parameters = {
        "w1": Value(random.random(), label="w1"),
        "b1": Value(0.0, label="b1"),
        "w2": Value(random.random(), label="w2"),
        "b2": Value(0.0, label="b2"),
    }

    nodes = forward(**parameters)
    nodes["J"].backward()
    print("key derivatives      autodiff               closed form")
    expected = closed_forms(parameters["w2"].data, nodes["a1"].data, nodes["ŷ"].data)
    for name, p in parameters.items():
        print(f"∂J/∂{name}   {p.grad:23.16f}   {expected[name]:23.16f}")
    for p in parameters.values():
        print(f"\n{explain(nodes['J'], p).to_text(width=100)}")
    print()

    OUTPUT.mkdir(parents=True, exist_ok=True)
    draw(nodes["J"]).render(OUTPUT / "graph.svg")
    print(f"wrote {OUTPUT / 'graph.svg'}")

    print(f"before: ŷ = {nodes['ŷ'].data!r}, J = {nodes['J'].data!r}")
    for _ in range(STEPS):
        J = forward(**parameters)["J"]
        for p in parameters.values():
            p.grad = 0.0
        J.backward()
        for p in parameters.values():
            p.data -= ALPHA * p.grad
    nodes = forward(**parameters)
    print(f"after {STEPS} steps: ŷ = {nodes['ŷ'].data!r}, J = {nodes['J'].data!r}")


if __name__ == "__main__":
    main()
