"""From logits z to probabilities ŷ = softmax(z), to the cross-entropy J = -log ŷ of the true class, and back.

The derivatives of J with respect to the logits are ŷ - y, where y is 1 for the true class and 0 for others. A
network that is sure and wrong has logits far apart. Computed from them, J and its derivatives stay exact; of
probabilities, which are clipped to at least 1e-9, the derivatives become 0, and the network stops learning
where it is most wrong.

(uOttawa lecture, "Softmax" with its table, "Cross-entropy loss function" with its losses of a Setosa.)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autograd_lite import Value, compile, softmax
from autograd_lite.nn import categorical_cross_entropy, cross_entropy, one_hot

OUTPUT = Path(__file__).parent / "output" / "softmax_and_cross_entropy"
LOGITS = [(1.47, -0.39, 0.22), (5.0, 6.0, 4.0), (0.9, 0.8, 1.1), (-2.0, 2.0, -3.0)]
PROBABILITIES = [(0.22, 0.7, 0.08), (0.7, 0.22, 0.08), (0.7, 0.08, 0.22)]


def print_lecture_tables() -> None:
    print("    z1     z2     z3     ŷ1    ŷ2    ŷ3   sum")
    for z in LOGITS:
        y_hat = softmax(z)
        print("{:6.2f} {:6.2f} {:6.2f}   {:.2f}  {:.2f}  {:.2f}  {:.2f}".format(*z, *y_hat, sum(y_hat)))
    print("\n  ŷ1    ŷ2    ŷ3   J = -log ŷ2, class 2 (Setosa) being the true one")
    for y_hat in PROBABILITIES:
        print("{:.2f}  {:.2f}  {:.2f}   {:.4f}".format(*y_hat, categorical_cross_entropy(y_hat, 1)))


def print_gradient() -> None:
    z, y = [Value(x) for x in LOGITS[0]], one_hot(1, n_classes=3)
    print(f"\nJ of the logits {LOGITS[0]}, class 2 being the true one\n")
    print("class   ∂J/∂z by autodiff               ŷ - y")
    rows = zip(cross_entropy(z, y).gradient(z), softmax(LOGITS[0]) - y, strict=True)
    for k, (derivative, expected) in enumerate(rows, start=1):
        print(f"{k:5}  {derivative.data:18.15f}  {expected:18.15f}")


@compile(in_axes=0)
def from_logits(d):
    """J and ∂J/∂d for the logits (0, d), the first class being the true one."""
    J = cross_entropy([0.0, d], 0)
    return J, J.gradient(d)


@compile(in_axes=0)
def from_probabilities(d):
    """The same by way of probabilities."""
    J = categorical_cross_entropy(softmax([0.0, d]), 0)
    return J, J.gradient(d)


def print_large_logits() -> None:
    d = np.array([1.0, 10.0, 20.0, 25.0, 100.0, 1000.0])
    print("\nJ of the logits (0, d), class 1 being the true one: sure and wrong if d is large\n")
    print("          from logits      from probabilities\n   d         J  ∂J/∂d           J  ∂J/∂d")
    for row in zip(d, *from_logits(d), *from_probabilities(d), strict=True):
        print("{:4.0f}  {:8.3f}  {:.3f}    {:8.3f}  {:z.3f}".format(*row))


def curves() -> Figure:
    """-log p with the points of the lecture; J and its derivative for large logits, computed in two ways."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    p, of_lecture, d = np.linspace(0.01, 1, 500), np.array([0.7, 0.22, 0.08]), np.linspace(-10, 40, 501)
    left.plot(p, -np.log(p), color="black")
    left.plot(of_lecture, -np.log(of_lecture), "o", color="black")
    for x in of_lecture:
        left.annotate(f"J = {-np.log(x):.4f}", (x, -np.log(x)), (7, 5), textcoords="offset points")
    left.set(title="J = -log ŷ", xlabel="ŷ of the true class", ylabel="J", xticks=[*of_lecture, 1])
    for f, label, color, style in (
        (from_logits, "from logits", "#5E3C99", "-"),
        (from_probabilities, "from probabilities", "#B35806", "--"),
    ):
        for axes, numbers in zip((middle, right), f(d), strict=True):
            axes.plot(d, numbers, style, color=color, linewidth=2, label=label)
    middle.set(title="J of a sure and wrong network", xlabel="d, for the logits (0, d)", ylabel="J")
    right.set(title="Its derivative, to learn from", xlabel="d, for the logits (0, d)", ylabel="∂J/∂d")
    middle.legend()
    for axes in (left, middle, right):
        axes.grid(alpha=0.3)
    return figure


def main() -> None:
    print_lecture_tables()
    print_gradient()
    print_large_logits()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    curves().savefig(OUTPUT / "cross_entropy.png", dpi=150)
    print(f"wrote {OUTPUT / 'cross_entropy.png'}")


if __name__ == "__main__":
    main()
