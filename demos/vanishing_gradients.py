"""The signals of a deep network before its training, layer by layer: outputs forwards, gradients backwards.

The figures of Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
2010, for images of digits and a network with six hidden layers. A neuron computes a = φ(z), and its
weights learn from δ = ∂J/∂z, which the engine finds for each example.

- N(0, 1) makes z so large that sigmoid and tanh saturate: φ'(z) is near 0 in about half the neurons or more.
- U(±1/√n), usual for n inputs in 2010, makes outputs shrink forwards and gradients backwards.
- Glorot's weights keep both in balance for tanh, and He's for relu, half of whose neurons are off.
- A sigmoid does not saturate with Glorot's, but φ'(z) <= 0.25 makes δ about 4 times smaller in each layer.
  After some layers its output is nearly the same for all images, hence the jagged histogram.

(uOttawa lecture, "Vanishing gradients", "Glorot and Bengio" with its figures 6 and 7, "He initialization".)
"""

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from autograd_lite import compile
from autograd_lite.nn import MLP, cross_entropy

OUTPUT = Path(__file__).parent / "output" / "vanishing_gradients"
DEPTH, WIDTH = 6, 100
CASES = {
    "sigmoid, N(0, 1)": ("sigmoid", "normal"),
    "tanh, N(0, 1)": ("tanh", "normal"),
    "tanh, U(±1/√n)": ("tanh", lambda rng, n, n_out: rng.uniform(-1, 1, size=(n, n_out)) / np.sqrt(n)),
    "sigmoid, Glorot": ("sigmoid", "glorot"),
    "tanh, Glorot": ("tanh", "glorot"),
    "relu, He": ("relu", "he"),
}


def signals(activation, init, X, y):
    """The arrays a, φ'(z) and δ of shape (layers, examples, neurons)."""
    model = MLP(X.shape[1], [WIDTH] * DEPTH + [10], activation, init=init, seed=0)

    @compile(in_axes=0)
    def of_an_example(x, label):
        outputs = [x := layer(x) for layer in model.layers[:-1]]
        J = cross_entropy(model.layers[-1](x), label)
        sums = [[a.inputs[0] for a in layer] for layer in outputs]
        # An output depends on its own z alone, so that the derivative of their sum is φ' at each z.
        slopes = [sum(a).gradient(z) for a, z in zip(outputs, sums, strict=True)]
        return outputs, slopes, [J.gradient(z) for z in sums]

    return map(np.array, of_an_example(X, y))


def print_table(title, signal, statistic, form) -> None:
    """A row for each case and a column for each layer."""
    print(f"\n{title}\n{'':16}" + "".join(f"{f'layer {n}':>9}" for n in range(1, DEPTH + 1)))
    for name, layers in signal.items():
        print(f"{name:16}" + "".join(f"{statistic(layer):9{form}}" for layer in layers))


def histograms(title, xlabel, signal, bins, scale="linear") -> Figure:
    """The share of the numbers of each layer in each bin, without zeros, for all cases."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    figure.suptitle(title)
    figure.supylabel("share of all neurons and examples")
    for axes, (name, layers) in zip(figure.subplots(2, 3).flat, signal.items(), strict=True):
        for n, layer in enumerate(layers, start=1):
            counts, edges = np.histogram(layer[layer != 0], bins[name.split(",")[0]])
            color = colormaps["viridis_r"](0.2 + 0.8 * (n - 1) / (DEPTH - 1))
            axes.stairs(counts / layer.size, edges, color=color, linewidth=1.6, label=f"layer {n}")
        axes.set(title=name, xlabel=xlabel, xscale=scale, ylim=(0, None))
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=DEPTH)
    return figure


def main() -> None:
    images, digits = (array[:500] for array in load_digits(return_X_y=True))
    images = (images - images.mean()) / images.std()
    a, slopes, delta = {}, {}, {}
    for name, case in CASES.items():
        a[name], slopes[name], delta[name] = signals(*case, images, digits)
    print_table("Standard deviation of a", a, np.std, ".3f")
    print_table("Share of φ'(z) < 0.01", slopes, lambda layer: np.mean(layer < 0.01), ".0%")
    print_table("Standard deviation of δ", delta, np.std, ".1e")
    print("", *__doc__.split("\n\n")[2:3], sep="\n")  # what the tables say
    steps = {"sigmoid": np.linspace(0, 1, 36), "tanh": np.linspace(-1, 1, 36), "relu": np.linspace(0, 5, 36)}
    factors = dict.fromkeys(steps, np.geomspace(1e-10, 1e3, 66))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    title = "Outputs: N(0, 1) saturates the neurons, U(±1/√n) lets the outputs shrink from layer to layer"
    histograms(title, "a = φ(z)", a, steps).savefig(OUTPUT / "outputs.png", dpi=150)
    title = "Gradients: where the layers lie apart, they shrink or grow on their way back from layer 6 to 1"
    delta = {name: abs(layers) for name, layers in delta.items()}
    histograms(title, "|δ| = |∂J/∂z|", delta, factors, "log").savefig(OUTPUT / "gradients.png", dpi=150)
    print(f"wrote {OUTPUT / 'outputs.png'}\nwrote {OUTPUT / 'gradients.png'}")


if __name__ == "__main__":
    main()
