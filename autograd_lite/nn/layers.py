"""`Neuron`, `Layer` and `MLP`, with micrograd's call signatures."""

from collections.abc import Iterable, Mapping, Sequence, Set
from operator import index
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from autograd_lite._choose import choose
from autograd_lite.engine import Value, record_dots
from autograd_lite.nn.activations import ACTIVATIONS
from autograd_lite.nn.initializers import INITIALIZERS, Initializer
from autograd_lite.nn.module import Module, assign

__all__ = ["MLP", "Layer", "Neuron"]

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
        A name in `ACTIVATIONS`; overrides `nonlin`. With ``"prelu"`` the neuron has one parameter more,
        `negative_slope`, which is 0.25 at first.
    init : str or callable, optional
        A name in `INITIALIZERS`, or a function like those; by default what suits the activation.
    seed : int or numpy.random.Generator, optional
        Where the weights are drawn from. The bias is 0.

    Raises
    ------
    ValueError
        If `n_in` is less than 1, the activation or the initializer unknown, the activation softmax, which
        compares several outputs, or a call's input of another length.
    TypeError
        If `n_in` is not an integer.

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
        self.activation = _activation(nonlin, activation, 1)
        self.init = _initializer(init, self.activation)
        weights = _draw(self.init, np.random.default_rng(seed), n_in, 1)
        self.w = [Value(w, f"w[{i}]") for i, w in enumerate(weights[:, 0].tolist())]
        self.b = Value(0.0, "b")
        if (slope := ACTIVATIONS[self.activation].slope) is not None:
            self.negative_slope = Value(slope, "slope")

    @property
    def nonlin(self) -> bool:
        """Whether the neuron has an activation other than the identity."""
        return self.activation != "linear"

    def __call__(self, x: Iterable[Any]) -> Any:
        return _activate(self.activation, [self], inputs_of(x, len(self.w), self))[0]

    def reset_parameters(self, seed: Seed = None) -> None:
        """Draw the weights anew, as they were drawn at first; the bias is 0 again, a slope of PReLU 0.25."""
        self._reset(_draw(self.init, np.random.default_rng(seed), len(self.w), 1)[:, 0].tolist())

    def _reset(self, weights: list[float]) -> None:
        slope = ACTIVATIONS[self.activation].slope
        slopes = {} if slope is None else {self.negative_slope: slope}
        numbers = dict(zip(self.w, weights, strict=True)) | {self.b: 0.0} | slopes
        assign(numbers.keys(), numbers.values())

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, activation={self.activation!r})"


class Layer(Module):
    """φ(W' x + b): neurons side by side, each with all inputs.

    Softmax, which needs all outputs at once, is applied by the layer, to the outputs of linear neurons.

    Parameters
    ----------
    n_in, n_out : int
        The number of inputs and of neurons, at least 1; at least 2 neurons for ``"softmax"``.
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
        self.activation = _activation(nonlin, activation, n_out)
        self.init = _initializer(init, self.activation)
        rng = np.random.default_rng(seed)
        weights = _draw(self.init, rng, n_in, n_out)
        own = "linear" if ACTIVATIONS[self.activation].of_layer else self.activation
        self.neurons = [
            Neuron(n_in, activation=own, init=lambda *_, j=j: weights[:, [j]], seed=rng) for j in range(n_out)
        ]
        for neuron in self.neurons:
            neuron.init = self.init
        _name_parameters(self, "")

    def __call__(self, x: Iterable[Any]) -> Any:
        """The outputs: a Value if there is one neuron, otherwise a list."""
        x = inputs_of(x, len(self.neurons[0].w), self)
        out = _activate(self.activation, self.neurons, x)
        return out[0] if len(out) == 1 else out

    def reset_parameters(self, seed: Seed = None) -> None:
        """Draw the weights anew, as they were drawn at first; biases are 0 again, slopes of PReLU 0.25."""
        rng, n_in, n_out = np.random.default_rng(seed), len(self.neurons[0].w), len(self.neurons)
        weights = _draw(self.init, rng, n_in, n_out)
        for neuron, column in zip(self.neurons, weights.T.tolist(), strict=True):
            neuron._reset(column)

    def __repr__(self) -> str:
        return f"Layer({len(self.neurons[0].w)}, {len(self.neurons)}, activation={self.activation!r})"


class MLP(Module):
    """A multilayer perceptron: layers one after the other.

    Parameters
    ----------
    n_in : int
        The number of inputs.
    sizes : sequence of int
        The number of neurons of each layer, the output layer last.
    activation, output : str, optional
        Names in `ACTIVATIONS`: of the hidden layers and of the output layer. What suits a task (uOttawa
        lecture): ``"linear"`` for regression, ``"softplus"`` or ``"relu"`` if the target is positive,
        ``"tanh"`` or ``"sigmoid"`` if it is bounded, ``"sigmoid"`` for two classes and for several labels,
        ``"softmax"`` for one of several classes.
    init : str or callable, optional
        A name in `INITIALIZERS`, or a function like those, for all layers; by default what suits the
        hidden activation: He's for relu and its relatives, otherwise Glorot's. Biases are 0.
    seed : int or numpy.random.Generator, optional
        Where the weights are drawn from, layer by layer.

    Raises
    ------
    ValueError
        If there is no layer, a size is less than 1, a name is unknown, a layer of one neuron is to have
        softmax, or the input of a call has another length than `n_in`.
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
        init = _initializer(init, activation)
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
        out: Any = first(inputs_of(x, len(first.neurons[0].w), self))
        for layer in others:
            out = layer(out if isinstance(out, list) else [out])
        return out

    def reset_parameters(self, seed: Seed = None) -> None:
        """Draw the weights anew, layer by layer; the model is the one that the constructor makes of `seed`.

        Biases are 0 again and slopes of PReLU 0.25.

        Examples
        --------
        >>> model = MLP(2, [3, 1], seed=0)
        >>> model.reset_parameters(5)
        >>> model.state_dict() == MLP(2, [3, 1], seed=5).state_dict()
        True
        """
        rng = np.random.default_rng(seed)
        for layer in self.layers:
            layer.reset_parameters(rng)

    def __repr__(self) -> str:
        n_in, sizes = len(self.layers[0].neurons[0].w), [len(layer.neurons) for layer in self.layers]
        names = f"activation={self.layers[0].activation!r}, output={self.layers[-1].activation!r}"
        return f"MLP({n_in}, {sizes}, {names})"


def _activate(activation: str, neurons: list[Neuron], x: tuple[Any, ...]) -> list[Value]:
    """φ(w · x + b) of neurons that have the same inputs and the same activation."""
    phi, _, slope, of_layer = ACTIVATIONS[activation]
    products = record_dots([tuple(neuron.w) for neuron in neurons], x)
    z = [product + neuron.b for product, neuron in zip(products, neurons, strict=True)]
    if phi is None:
        return z
    if of_layer:
        return phi(z)  # type: ignore[no-any-return]
    if slope is not None:
        return [phi(v, neuron.negative_slope) for v, neuron in zip(z, neurons, strict=True)]
    return [phi(v) for v in z]


def _size(n: Any) -> int:
    try:
        size = index(n)
    except TypeError:
        raise TypeError(f"expected an integer number of inputs or neurons, but got {n!r}") from None
    if size < 1:
        raise ValueError(f"expected at least 1 input or neuron, but got {size}")
    return size


def _activation(nonlin: bool, activation: str | None, n_out: int) -> str:
    """The activation's name, from micrograd's flag unless it is given, if it is one of `n_out` neurons."""
    if not isinstance(nonlin, int):
        raise TypeError(f"expected True or False for nonlin, but got {nonlin!r}: write activation={nonlin!r}")
    name = ("relu" if nonlin else "linear") if activation is None else activation
    if choose(ACTIVATIONS, name, "activation").of_layer and n_out == 1:
        raise ValueError(f"expected at least 2 outputs for {name}, but got 1: use 'sigmoid' for a single one")
    return name


def _initializer(init: Init, activation: str) -> str | Initializer:
    """The initializer, as a name if it has one; by default what suits the activation."""
    suits = choose(ACTIVATIONS, activation, "activation").suits
    init = suits if init is None else init
    if callable(init):
        return next((name for name, f in INITIALIZERS.items() if f is init), init)
    choose(INITIALIZERS, init, "initializer")
    return init


def _draw(init: str | Initializer, rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """Initial weights of shape (fan_in, fan_out)."""
    initializer = INITIALIZERS[init] if isinstance(init, str) else init
    weights = np.asarray(initializer(rng, fan_in, fan_out), dtype=float)
    if weights.shape != (fan_in, fan_out):
        raise ValueError(f"expected initial weights of shape {(fan_in, fan_out)}, but got {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError(f"expected finite initial weights, but {init!r} drew others")
    return weights


def _name_parameters(layer: Layer, number: str) -> None:
    """Label the parameters as the lecture writes them: W1[i,j] leads from input i to neuron j."""
    for j, neuron in enumerate(layer.neurons):
        neuron.b.label = f"b{number}[{j}]"
        if neuron.activation == "prelu":
            neuron.negative_slope.label = f"slope{number}[{j}]"
        for i, w in enumerate(neuron.w):
            w.label = f"W{number}[{i},{j}]"


def inputs_of(x: Iterable[Any], n: int | None, module: Module) -> tuple[Any, ...]:
    """The inputs as a tuple, which the neurons of a layer then share; None stands for any number of them."""
    if type(x) is not tuple:
        if not isinstance(x, Iterable) or isinstance(x, Mapping | Set) or getattr(x, "shape", (1,)) == ():
            size = "" if n is None else f"{n} "
            raise TypeError(f"{module!r} takes a sequence of {size}numbers, but got {x!r}")
        x = tuple(x.tolist() if hasattr(x, "tolist") else x)
    if n is not None and len(x) != n:
        raise ValueError(f"{module!r} takes {n} inputs, but got {len(x)}")
    return x
