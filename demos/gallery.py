"""Draws the pictures of the README and of docs/ anew."""

from pathlib import Path

from autograd_lite import Value, draw, sigmoid
from autograd_lite.nn import MLP, binary_cross_entropy

DOCS = Path(__file__).parent.parent / "docs"


def neuron() -> Value:
    """A neuron and its squared error, as in the README."""
    w, x, b = Value(0.6, label="w"), Value(3.14, label="x"), Value(-1.0, label="b")
    a = sigmoid(w * x + b)
    J = (a - 1) ** 2
    a.label, J.label = "a", "J"
    return J


def network() -> Value:
    """The loss of one example in the lecture's network 2-4-4-1."""
    model = MLP(2, [4, 4, 1], output="sigmoid", init="he", seed=42)
    J = binary_cross_entropy(model([0.5, -1.0]), 1)
    J.label = "J"
    return J


def main(folder: Path = DOCS) -> None:
    for root in (neuron, network):
        J = root()
        J.backward()
        print(f"wrote {draw(J).render(outfile=folder / f'{root.__name__}.svg', cleanup=True)}")


if __name__ == "__main__":
    main()
