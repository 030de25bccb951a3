"""`Neuron`, `Layer` and `MLP`, with micrograd's call signatures, and PyTorch's `Dropout` and `Sequential`."""

from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Real
from operator import index
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from autograd_lite._choose import choose
from autograd_lite._recording import Watch, watching
from autograd_lite.engine import Value, record_dots
from autograd_lite.nn.activations import ACTIVATIONS
from autograd_lite.nn.initializers import INITIALIZERS, Initializer
from autograd_lite.nn.module import Module

__all__ = ["MLP", "Dropout", "Layer", "Neuron", "Sequential"]

Seed = int | Generator | None
Init = str | Initializer | None


class Neuron(Module):
    """φ(w · x + b).

    Parameters
    ----------
    n_in : int
        The number of inputs, at least 1.
    nonlin : bool, optional
        micrograd's way to ask for ``"relu"`` (the default) or ``"linear"``.
    activation : str, optional
        A name in `ACTIVATIONS`; overrides `nonlin`.
    init : str or callable, optional
        A name in `INITIALIZERS`, or a function like those; by default what suits the activation.
    seed : int or numpy.random.Generator, optional
        Where the weights are drawn from. The bias is 0.

    Raises
    ------
    ValueError
        If `n_in` is less than 1, the activation or the initializer unknown, or a call's input of
        another length.

    Examples
    --------
    >>> neuron = Neuron(3, activation="tanh", seed=0)
    >>> y = neuron([1.0, -2.0, 0.5])
    >>> y.backward()
    >>> neuron.w[1].grad == -2.0 * (1 - y.data**2)
    True
    """

    def __init__(
        self,
        n_in: int,
        nonlin: bool = True,
        *,
        activation: str | None = None,
        init: Init = None,
        seed: Seed = None,
    ) -> None:
        n_in = _size(n_in)
        self.activation = _activation(nonlin, activation)
        weights = _draw(init, self.activation, seed, n_in, 1)
        self.w = [Value(w, f"w[{i}]") for i, w in enumerate(weights[:, 0].tolist())]
        self.b = Value(0.0, "b")

    @property
    def nonlin(self) -> bool:
        """Whether the neuron has an activation other than the identity."""
        return self.activation != "linear"

    def __call__(self, x: Iterable[Any]) -> Any:
        return _activate([self], _inputs(x, len(self.w), self))[0]

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, activation={self.activation!r})"


class Layer(Module):
    """φ(W' x + b): neurons side by side, each with all inputs.

    Parameters
    ----------
    n_in, n_out : int
        The number of inputs and of neurons, at least 1.
    nonlin, activation, init, seed
        As for `Neuron`; the weights are drawn at once, with shape (fan_in, fan_out).

    Raises
    ------
    ValueError, TypeError
        As for `Neuron`.

    Examples
    --------
    >>> layer = Layer(2, 3, init="zeros")
    >>> [y.data for y in layer([1.0, 2.0])]
    [0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        nonlin: bool = True,
        *,
        activation: str | None = None,
        init: Init = None,
        seed: Seed = None,
    ) -> None:
        n_in, n_out = _size(n_in), _size(n_out)
        name = _activation(nonlin, activation)
        rng = np.random.default_rng(seed)
        weights = _draw(init, name, rng, n_in, n_out)
        self.neurons = [
            Neuron(n_in, activation=name, init=lambda *_, j=j: weights[:, [j]], seed=rng)
            for j in range(n_out)
        ]
        _name_parameters(self, "")

    def __call__(self, x: Iterable[Any]) -> Any:
        """The outputs: a Value if there is one neuron, otherwise a list."""
        x = _inputs(x, len(self.neurons[0].w), self)
        out = _activate(self.neurons, x)
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        first = self.neurons[0]
        return f"Layer({len(first.w)}, {len(self.neurons)}, activation={first.activation!r})"


class MLP(Module):
    """A multilayer perceptron: layers one after the other.

    Parameters
    ----------
    n_in : int
        The number of inputs.
    sizes : sequence of int
        The number of neurons of each layer, the output layer last.
    activation, output : str, optional
        Names in `ACTIVATIONS`: of the hidden layers and of the output layer.
    init : str or callable, optional
        A name in `INITIALIZERS`, or a function like those, for all layers; by default what suits the
        hidden activation: He's for relu and its relatives, otherwise Glorot's. Biases are 0.
    seed : int or numpy.random.Generator, optional
        Where the weights are drawn from, layer by layer.

    Raises
    ------
    ValueError
        If there is no layer, a size is less than 1, a name is unknown, or the input of a call has
        another length than `n_in`.
    TypeError
        If a size is not an integer.

    Examples
    --------
    >>> model = MLP(2, [4, 4, 1], output="sigmoid", seed=42)
    >>> model
    MLP(2, [4, 4, 1], activation='relu', output='sigmoid')
    >>> p = model([0.5, -1.0])
    >>> 0 < p.data < 1, len(model.parameters())
    (True, 37)
    """

    def __init__(
        self,
        n_in: int,
        sizes: Sequence[int],
        activation: str = "relu",
        output: str = "linear",
        init: Init = None,
        seed: Seed = None,
    ) -> None:
        if not isinstance(sizes, Iterable):
            raise TypeError(f"expected a list of layer sizes, but got {sizes!r}: write [{sizes!r}]")
        widths = [_size(n) for n in (n_in, *sizes)]
        if len(widths) == 1:
            raise ValueError("an MLP needs at least one layer, but the list of sizes is empty")
        choose(ACTIVATIONS, output, "activation")
        suits = choose(ACTIVATIONS, activation, "activation").suits
        init = suits if init is None else init
        rng = np.random.default_rng(seed)
        names = [activation] * (len(widths) - 2) + [output]
        self.layers = [
            Layer(fan_in, fan_out, activation=name, init=init, seed=rng)
            for fan_in, fan_out, name in zip(widths, widths[1:], names, strict=False)
        ]
        for number, layer in enumerate(self.layers, start=1):
            _name_parameters(layer, str(number))

    def __call__(self, x: Iterable[Any]) -> Any:
        """The outputs: a Value if there is one neuron in the last layer, otherwise a list."""
        first, *others = self.layers
        out: Any = first(_inputs(x, len(first.neurons[0].w), self))
        for layer in others:
            out = layer(out if isinstance(out, list) else [out])
        return out

    def __repr__(self) -> str:
        sizes = [len(layer.neurons) for layer in self.layers]
        hidden, output = self.layers[0].neurons[0], self.layers[-1].neurons[0]
        names = f"activation={hidden.activation!r}, output={output.activation!r}"
        return f"MLP({len(hidden.w)}, {sizes}, {names})"


class Sequential(Module):
    """Modules one after the other, each applied to the outputs of the one before.

    Parameters
    ----------
    *modules : Module
        At least one. A single Value between two of them is handed on as a list of one.

    Raises
    ------
    ValueError
        If there is no module.
    TypeError
        If one of them is no Module.

    Examples
    --------
    >>> model = Sequential(Layer(2, 8, seed=0), Dropout(0.5, seed=1), Layer(8, 1, nonlin=False, seed=2))
    >>> model
    Sequential(Layer(2, 8, activation='relu'), Dropout(0.5), Layer(8, 1, activation='linear'))
    >>> model.eval()([1.0, -1.0]).data == model([1.0, -1.0]).data
    True
    """

    def __init__(self, *modules: Module) -> None:
        if not modules:
            raise ValueError("a Sequential needs at least one module, but got none")
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(f"expected Modules one after the other, but got {module!r}")
        self.steps = list(modules)

    def __call__(self, x: Iterable[Any]) -> Any:
        """What the last module returns."""
        out: Any = x
        for module in self.steps:
            out = module([out] if isinstance(out, Value) else out)
        return out

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.steps))})"


class Dropout(Module):
    """xᵢ mᵢ / (1 - p), mᵢ being 0 with probability p and 1 otherwise, drawn anew for every example.

    The mean of what comes out is x, so that nothing needs to be scaled in ``eval()``, where x is
    returned as it is. A compiled model draws the same masks as one that is not, at every call.

    Parameters
    ----------
    p : float, optional
        The probability that an input is dropped, 0 <= p < 1.
    seed : int or numpy.random.Generator, optional
        Where the masks are drawn from.

    Raises
    ------
    ValueError
        If `p` is out of range.
    TypeError
        If the input of a call is no sequence of numbers and Values.

    References
    ----------
    Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.

    Examples
    --------
    >>> dropout = Dropout(0.5, seed=0)
    >>> dropout([1.0, 2.0, 3.0, 4.0])
    [2.0, 0.0, 0.0, 0.0]
    >>> dropout.eval()([1.0, 2.0, 3.0, 4.0])
    [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, p: float = 0.5, seed: Seed = None) -> None:
        if not isinstance(p, Real) or isinstance(p, bool) or not 0 <= p < 1:
            raise ValueError(f"expected a probability 0 <= p < 1 to drop an input, but got {p!r}")
        self.p: float = float(p)
        self.rng: Generator = np.random.default_rng(seed)

    def __call__(self, x: Iterable[Any]) -> list[Any]:
        """The inputs that are left, scaled, and zeros, as a list."""
        xs = list(_inputs(x, None, self))
        if not self.training or self.p == 0:
            return xs
        watch = watching()
        mask = self._mask(len(xs)) if watch is None else self._mask_to_be_drawn(watch, len(xs))
        return [v * m for v, m in zip(xs, mask, strict=True)]

    def _mask(self, n: int) -> list[float]:
        masks: list[float] = _masks(self.rng, 1, np.full(n, self.p))[0].tolist()
        return masks

    def _mask_to_be_drawn(self, watch: Watch, n: int) -> list[Value]:
        """Values that stand for the mask; the compiled function draws the numbers when it is called."""
        mask = [Value(1.0) for _ in range(n)]
        draw, values = self._draw_of(watch)
        draw.p += [self.p] * n
        values += mask
        return mask

    def _draw_of(self, watch: Watch) -> tuple["_Draw", list[Value]]:
        """What draws from this generator, and for what: one thing, which keeps the order of the examples."""
        for draw, values in watch.draws:
            if isinstance(draw, _Draw) and draw.rng is self.rng:
                return draw, values
        new: tuple[_Draw, list[Value]] = (_Draw(self.rng), [])
        watch.draws.append(new)
        return new

    def __repr__(self) -> str:
        return f"Dropout({self.p:g})"


class _Draw:
    """All masks that one generator has to draw for an example, given the probabilities to drop."""

    def __init__(self, rng: Generator) -> None:
        self.rng = rng
        self.p: list[float] = []

    def __call__(self, batch_size: int) -> NDArray[np.float64]:
        return _masks(self.rng, batch_size, np.array(self.p))


def _masks(rng: Generator, batch_size: int, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Zeros, with probability p, and 1 / (1 - p), of shape (batch_size, n)."""
    return (rng.random((batch_size, len(p))) >= p) / (1.0 - p)


def _activate(neurons: list[Neuron], x: tuple[Any, ...]) -> list[Value]:
    """φ(w · x + b) of neurons that have the same inputs and the same activation."""
    phi = ACTIVATIONS[neurons[0].activation].function
    products = record_dots([tuple(neuron.w) for neuron in neurons], x)
    z = [product + neuron.b for product, neuron in zip(products, neurons, strict=True)]
    return z if phi is None else [phi(v) for v in z]


def _size(n: Any) -> int:
    try:
        size = index(n)
    except TypeError:
        raise TypeError(f"expected an integer number of inputs or neurons, but got {n!r}") from None
    if size < 1:
        raise ValueError(f"expected at least 1 input or neuron, but got {size}")
    return size


def _activation(nonlin: bool, activation: str | None) -> str:
    """The activation's name, from micrograd's flag unless it is given."""
    if not isinstance(nonlin, int):
        raise TypeError(f"expected True or False for nonlin, but got {nonlin!r}: write activation={nonlin!r}")
    name = ("relu" if nonlin else "linear") if activation is None else activation
    choose(ACTIVATIONS, name, "activation")
    return name


def _draw(init: Init, activation: str, seed: Seed, fan_in: int, fan_out: int) -> Any:
    """Initial weights of shape (fan_in, fan_out)."""
    if init is None:
        init = ACTIVATIONS[activation].suits
    initializer = init if callable(init) else choose(INITIALIZERS, init, "initializer")
    weights = np.asarray(initializer(np.random.default_rng(seed), fan_in, fan_out), dtype=float)
    if weights.shape != (fan_in, fan_out):
        raise ValueError(f"expected initial weights of shape {(fan_in, fan_out)}, but got {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError(f"expected finite initial weights, but {init!r} drew others")
    return weights


def _name_parameters(layer: Layer, number: str) -> None:
    """Label the parameters as the lecture writes them: W1[i,j] leads from input i to neuron j."""
    for j, neuron in enumerate(layer.neurons):
        neuron.b.label = f"b{number}[{j}]"
        for i, w in enumerate(neuron.w):
            w.label = f"W{number}[{i},{j}]"


def _inputs(x: Iterable[Any], n: int | None, module: Module) -> tuple[Any, ...]:
    """The inputs as a tuple, which the neurons of a layer then share; None stands for any number of them."""
    if type(x) is not tuple:
        if not isinstance(x, Iterable) or isinstance(x, Mapping | Set) or getattr(x, "shape", (1,)) == ():
            size = "" if n is None else f"{n} "
            raise TypeError(f"{module!r} takes a sequence of {size}numbers, but got {x!r}")
        x = tuple(x.tolist() if hasattr(x, "tolist") else x)
    if n is not None and len(x) != n:
        raise ValueError(f"{module!r} takes {n} inputs, but got {len(x)}")
    return x
