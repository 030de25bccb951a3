"""Zeros, uniform, normal, Glorot, He: what initial weights do to the same training.

The lesson of the uOttawa lecture's "Backpropagation: 2. Initialization" and "Vanishing gradients: solutions".
Two networks learn two rings of points: a shallow one of sigmoids, which needs its symmetry broken, and a deep
one of relus, which needs weights of the right scale besides. Biases are 0 at first.
"""

from pathlib import Path

from matplotlib.figure import Figure
from sklearn.datasets import make_circles
from sklearn.preprocessing import StandardScaler

from autograd_lite.nn import MLP
from autograd_lite.optim import SGD
from autograd_lite.training import fit, predict

OUTPUT = Path(__file__).parent / "output" / "initialization"
STYLES = {
    "zeros": ("#000000", "-"),
    "uniform": ("#0072B2", "--"),
    "normal": ("#D55E00", "-."),
    "glorot": ("#009E73", (0, (6, 1, 1, 1, 1, 1))),
    "he": ("#CC79A7", "-"),
}
SEED = 0
SHALLOW = {"sizes": [8, 1], "activation": "sigmoid", "lr": 3.0, "epochs": 2000}
DEEP = {"sizes": [16] * 8 + [1], "activation": "relu", "lr": 0.05, "epochs": 500}
SCALE = """
In the deep network N(0, 1) makes z so large that σ(z) is 0 or 1 and flat: nothing is learnt. Glorot's
weights, meant for tanh, halve the mean square in each layer of relus, and it takes long until the training
gets anywhere; He's keep it on average. From zeros all relus are 0 with slope 0: only the last bias learns."""
SYMMETRY = """
They compute the same, so they get the same gradient and stay equal in every step. Together they are one
neuron with 8 times the output weight, and learn no more than that. Trained alone, one ends at the loss"""


def train(X, y, init, lr, epochs, sizes, activation):
    """The trained network, the spread of z over the examples before, where ŷ = σ(z), and the losses."""
    spread = predict(MLP(2, sizes, activation=activation, output="linear", init=init, seed=SEED), X).std()
    model = MLP(2, sizes, activation=activation, output="sigmoid", init=init, seed=SEED)
    history = fit(model, X, y, loss="binary_cross_entropy", optimizer=SGD(lr=lr), epochs=epochs)
    return model, spread, history.loss


def show_symmetry(model, alone):
    """The hidden neurons of a network that began with zeros."""
    print("\nThe 8 hidden neurons after training from zeros:\n")
    print("neuron        w1        w2         b   to the output")
    for j, (neuron, v) in enumerate(zip(model.layers[0].neurons, model.layers[1].neurons[0].w, strict=True)):
        print(f"{j:6d}  " + "  ".join(f"{p.data:8.4f}" for p in (*neuron.w, neuron.b)) + f"  {v.data:14.4f}")
    print(f"{SYMMETRY} {alone:.4f}.")


def curves(losses) -> Figure:
    """The losses of both networks, for each initialization."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    for axes, (title, by_init) in zip(figure.subplots(1, 2), losses.items(), strict=True):
        for init, loss in by_init.items():
            colour, style = STYLES[init]
            axes.plot(range(1, len(loss) + 1), loss, linestyle=style, color=colour, linewidth=2, label=init)
        axes.set(title=title, xlabel="epoch", ylabel="mean training loss", yscale="log")
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(STYLES))
    return figure


def main() -> None:
    X, y = make_circles((110, 90), factor=0.5, noise=0.08, random_state=0)
    X = StandardScaler().fit_transform(X)
    shallow = {init: train(X, y, init, **SHALLOW) for init in STYLES}
    deep = {init: train(X, y, init, **DEEP) for init in STYLES}
    print("           8 sigmoids, 1 layer              8 layers of 16 relus")
    print("         spread    first     last      spread    first     last")
    for init in STYLES:
        figures = (f"{s:6.2f}  {loss[0]:7.4f}  {loss[-1]:7.4f}" for _, s, loss in (shallow[init], deep[init]))
        print(f"{init:7}  " + "      ".join(figures))
    print("(spread: the standard deviation of z before the training, where ŷ = σ(z); first, last: the loss)")
    print(SCALE)
    alone = train(X, y, "zeros", **SHALLOW | {"sizes": [1, 1]})[2]
    show_symmetry(shallow["zeros"][0], alone[-1])

    OUTPUT.mkdir(parents=True, exist_ok=True)
    losses = {
        "One hidden layer of 8 sigmoids": {init: loss for init, (_, _, loss) in shallow.items()},
        "Eight hidden layers of 16 relus": {init: loss for init, (_, _, loss) in deep.items()},
    }
    curves(losses).savefig(OUTPUT / "losses.png", dpi=150)
    print(f"wrote {OUTPUT / 'losses.png'}")


if __name__ == "__main__":
    main()
