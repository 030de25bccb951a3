"""Draws the pictures of the README and of docs/pictures.md anew."""

from pathlib import Path

import numpy as np

from autograd_lite import Value, draw, relu, sigmoid, where
from autograd_lite.drawing import Picture
from autograd_lite.nn import L2, MLP, binary_cross_entropy, categorical_cross_entropy, hinge

DOCS = Path(__file__).parent.parent / "docs" / "gallery"


def named(value: Value, label: str) -> Value:
    """A value, with a label."""
    value.label = label
    return value


def neuron() -> Picture:
    """A neuron and its squared error, as in the README."""
    w, x, b = Value(0.6, label="w"), Value(3.14, label="x"), Value(-1.0, label="b")
    a = named(sigmoid(w * x + b), "a")
    J = named((a - 1) ** 2, "J")
    J.backward()
    return draw(J)


def lecture() -> dict[str, Value]:
    """The lecture's network with one hidden node, and its cross-entropy."""
    x, y = Value(3.14, label="x"), Value(1.0, label="y")
    w1, w2 = Value(0.6394, label="w1"), Value(0.025, label="w2")
    b1, b2 = Value(0.0, label="b1"), Value(0.0, label="b2")
    z1 = named(w1 * x + b1, "z1")
    a1 = named(sigmoid(z1), "a1")
    z2 = named(w2 * a1 + b2, "z2")
    y_hat = named(sigmoid(z2), "ŷ")
    J = named(-(y * y_hat.log() + (1 - y) * (1 - y_hat).log()), "J")
    J.backward()
    return {node.label: node for node in (x, y, w1, b1, z1, a1, w2, b2, z2, y_hat, J)}


def one_hidden_node() -> Picture:
    """Its graph."""
    return draw(lecture()["J"])


def path() -> Picture:
    """The paths by which w1 has an influence on J."""
    nodes = lecture()
    return draw(nodes["J"], highlight=nodes["w1"])


def dark() -> Picture:
    """The path from w to the loss of a linear neuron, on a dark page."""
    x, w, b = Value(2.0, label="x"), Value(-0.5, label="w"), Value(1.5, label="b")
    z = named(w * x + b, "z")
    J = named((z - 1) ** 2, "J")
    J.backward()
    return draw(J, theme="dark", highlight=w)


def small_network(**options: str) -> Picture:
    """The loss of one example in a network 2-3-2-1."""
    model = MLP(2, [3, 2, 1], activation="tanh", output="sigmoid", seed=3)
    x = [Value(0.5, label="x1"), Value(-1.0, label="x2")]
    J = named(binary_cross_entropy(model(x), 1), "J")
    J.backward()
    return draw(J, detail="neurons", **options)


def weights() -> Picture:
    """Its weights."""
    return small_network()


def gradients() -> Picture:
    """The gradients of its weights, on a dark page."""
    return small_network(weigh="gradient", theme="dark")


def clusters() -> Picture:
    """Every operation of a layer of two neurons and one of one."""
    model = MLP(2, [2, 1], activation="tanh", seed=4)
    J = named((model([0.5, -1.0]) - 1) ** 2, "J")
    J.backward()
    return draw(J, detail="operations")


def layers() -> Picture:
    """The loss of one example in a network 300-100-10: 31,110 parameters."""
    model = MLP(300, [100, 10], output="softmax", seed=0)
    x = np.random.default_rng(0).random(300)
    J = named(categorical_cross_entropy(model(x), 3), "J")
    J.backward()
    return draw(J)


def moons() -> Picture:
    """The loss of 100 examples in micrograd's network 2-16-16-1: more than ten thousand nodes."""
    model = MLP(2, [16, 16, 1], seed=1)
    angle = np.linspace(0, 2 * np.pi, 100)
    upper = angle < np.pi
    X = np.stack([np.cos(angle) + ~upper, np.sin(angle) + 0.5 * ~upper], axis=1)
    J = named(hinge([model(x) for x in X], np.where(upper, 1, -1)) + L2(1e-4)(model), "J")
    J.backward()
    return draw(J)


def branch() -> Picture:
    """A choice, and a relu that is at 0."""
    x, a = Value(2.0, label="x"), Value(3.0, label="a")
    y = named(where(x > a, a * x, a) + relu(x - a), "y")
    y.backward()
    return draw(y)


def twice() -> Picture:
    """A value that is added to itself: two edges, whose derivatives add up."""
    a = Value(3.0, label="a")
    b = named(a + a, "b")
    b.backward()
    return draw(b)


PICTURES = (
    neuron,
    one_hidden_node,
    path,
    dark,
    weights,
    gradients,
    clusters,
    layers,
    moons,
    branch,
    twice,
)


def main(folder: Path = DOCS) -> None:
    folder.mkdir(exist_ok=True)
    for picture in PICTURES:
        print(f"wrote {picture().render(outfile=folder / f'{picture.__name__}.svg')}")


if __name__ == "__main__":
    main()
