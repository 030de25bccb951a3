"""The activations φ(z) and their derivatives φ'(z), which the engine finds, and how large these can be.

On its way back through n layers a gradient is multiplied by n derivatives of activations. That of the sigmoid
is 0.25 at most, so that little is left after a few layers; those of tanh and relu reach 1.

(uOttawa lecture, "Activation functions", "Vanishing gradients" and "Activation Function: Leaky ReLU".)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autograd_lite import compile
from autograd_lite.nn import ACTIVATIONS, Neuron
from autograd_lite.plotting import activation_curves

OUTPUT = Path(__file__).parent / "output" / "activations"
# Softmax is a function of all outputs of a layer, and swish is another name of silu.
NAMES = [name for name in ACTIVATIONS if name not in ("softmax", "swish")]
POINTS = np.array([-2.0, 0.0, 0.5, 2.0])
GRID = np.linspace(-6, 6, 1201)
LAYERS = 6


def value_and_derivative(name):
    """φ and φ' at many points, computed by a neuron with the weight 1 and the bias 0."""
    neuron = Neuron(1, activation=name, init=lambda rng, fan_in, fan_out: np.ones((fan_in, fan_out)))

    @compile(in_axes=0)
    def function(z):
        a = neuron([z])
        return a, a.gradient(z)

    return function


def print_values(functions) -> None:
    print("            " + "".join(f"{f'z = {z:g}':^18}" for z in POINTS))
    print("activation  " + "    φ(z)    φ'(z) " * len(POINTS))
    for name, function in functions.items():
        pairs = zip(*function(POINTS), strict=True)
        print(f"{name:10}  " + "".join(f"{a:8.4f} {slope:8.4f} " for a, slope in pairs))
    print("\nAt a kink, which relu and its relatives have at z = 0, the derivative from the left is taken.")


def print_largest(functions) -> None:
    print(f"\nThe largest derivative for z from -6 to 6, and the product of {LAYERS}, one of each layer:\n")
    print(f"activation  max φ'(z)  (max φ'(z))^{LAYERS}")
    for name, function in functions.items():
        largest = function(GRID)[1].max()
        print(f"{name:10}  {largest:9.4f}  {largest**LAYERS:13.6f}")


def derivatives(functions) -> Figure:
    """φ' of the three activations that the lecture compares, on the same axes."""
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, color, style in [
        ("sigmoid", "#5E3C99", "-"),
        ("tanh", "#B35806", "--"),
        ("relu", "black", ":"),
    ]:
        slopes = functions[name](GRID)[1]
        jumps = np.abs(np.diff(slopes, append=slopes[-1])) > 0.5
        label = f"{name}, at most {slopes.max():g}"
        axes.plot(GRID, np.where(jumps, np.nan, slopes), style, color=color, linewidth=2, label=label)
    axes.axhline(0.25, color="#5E3C99", linewidth=0.7)
    axes.set(xlabel="z", ylabel="φ'(z)", title="Each layer multiplies the gradient by φ'(z)", xlim=(-6, 6))
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    return figure


def main() -> None:
    functions = {name: value_and_derivative(name) for name in NAMES}
    print_values(functions)
    print_largest(functions)

    OUTPUT.mkdir(parents=True, exist_ok=True)
    figures = {"activations.png": activation_curves(NAMES), "derivatives.png": derivatives(functions)}
    for name, figure in figures.items():
        figure.savefig(OUTPUT / name, dpi=150)
        print(f"wrote {OUTPUT / name}")


if __name__ == "__main__":
    main()
