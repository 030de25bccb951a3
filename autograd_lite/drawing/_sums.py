"""Weighted sums of leaves, the heart of a neuron, found in a graph.

A sum Σ weight * input + bias may be one `dot` or a tree of products and sums. An activation may stand on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from autograd_lite.drawing._boxes import Operands
from autograd_lite.engine import Value

ACTIVATIONS = frozenset(
    {"sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus", "sin", "erf"}
)
SIGMOIDS = {
    (minus, "exp", "add", inverse) for minus in ("neg", "mul") for inverse in ("div", "reciprocal", "pow")
}

# By their labels, leaves that are no weights, and leaves that are.
DATA = ("x", "X", "y", "Y", "ŷ", "t_", "target")
WEIGHTS = ("w", "W", "θ", "theta")


class Sum(NamedTuple):
    """A weighted sum Σ weight * input + bias, and the activation that stands on it.

    Attributes
    ----------
    z : Value
        The sum.
    weights, inputs, products
        For each term the leaf, what it is multiplied with, and the node that does so.
    biases : list of Value
        The leaves that are added.
    nodes : list of Value
        The operations that make up the sum.
    activation : list of Value
        The operations that stand on it, the last one being the output of the neuron.
    """

    z: Value
    weights: list[Value]
    inputs: list[Value | float]
    products: list[Value]
    biases: list[Value]
    nodes: list[Value]
    activation: list[Value]


def weighted_sums(order: Sequence[Value], operands: Operands) -> dict[Value, Sum]:
    """The weighted sums that are neurons', by the node that is the sum."""
    uses = Counter(x for node in order for x in operands[node])
    user = {x: node for node in order for x in operands[node]}
    products: dict[Value, list[tuple[Value, Value | float]]] = {}
    biases: dict[Value, int] = {}  # of every node that is a weighted sum, how many
    inner: set[Value] = set()
    applied = _applied(order)
    for node in order:
        if node.op in ("mul", "dot"):
            terms = [_weight_first(a, b, applied) for a, b in _factors(node)]
            if terms and None not in terms:
                products[node] = [term for term in terms if term is not None]
                biases[node] = 0
        elif node.op in ("add", "sum"):
            sums = [x for x in operands[node] if x.op]
            leaves = [x for x in operands[node] if not x.op]
            if (
                # Python's sum starts with 0; any other number is no bias that could be learned.
                all(isinstance(x, Value) or x == 0.0 for x in node.inputs)
                and all(x in biases and uses[x] == 1 for x in sums)
                and not any(map(_is_data, leaves))
                # What has a bias of its own is another neuron, as in the sum of a batch's outputs.
                and (count := len(leaves) + sum(biases[x] for x in sums)) <= 1
            ):
                biases[node] = count
                inner.update(sums)
    found: dict[Value, Sum] = {}
    for z in order:
        if z in biases and z not in inner:
            s = _collect(z, products, _activation(z, operands, uses, user))
            if len(set(s.weights)) < len(s.weights):  # a sum of the outputs of neurons without bias
                found.update((x, _collect(x, products, [])) for x in s.nodes if x.op == "dot")
            elif _is_neuron(s):
                found[z] = s
    return found


def _factors(node: Value) -> Iterable[tuple[Value | float, Value | float]]:
    """The pairs that are multiplied in a product or a dot product."""
    inputs = node.inputs
    half = len(inputs) // 2
    return zip(inputs[:half], inputs[half:], strict=True)


def _applied(order: Sequence[Value]) -> set[Value]:
    """The leaves that are multiplied with an operation somewhere, as inputs of a network never are."""
    return {
        a
        for node in order
        if node.op in ("mul", "dot")
        for pair in _factors(node)
        for a, b in (pair, pair[::-1])
        if isinstance(a, Value) and isinstance(b, Value) and b.op and not a.op
    }


def _weight_first(
    a: Value | float, b: Value | float, applied: set[Value]
) -> tuple[Value, Value | float] | None:
    """A weight and its input; of two leaves, unless more is known, the first is the weight."""
    pairs = [
        (weight, x)
        for weight, x in ((a, b), (b, a))
        if isinstance(weight, Value) and not weight.op and not _is_data(weight) and weight is not x
    ]
    # A product with a logarithm is a cross-entropy's.
    if not pairs or any(isinstance(x, Value) and x.op.startswith("log") for _, x in pairs):
        return None
    return max(pairs, key=lambda pair: (pair[0].label.startswith(WEIGHTS), pair[0] in applied))


def _is_data(leaf: Value) -> bool:
    return leaf.label.startswith(DATA)


def _collect(
    z: Value, products: dict[Value, list[tuple[Value, Value | float]]], activation: list[Value]
) -> Sum:
    """The terms of a sum, from left to right."""
    found = Sum(z, [], [], [], [], [], activation)
    unread = [z]
    while unread:
        node = unread.pop()
        if not node.op:
            found.biases.append(node)
            continue
        found.nodes.append(node)
        if node not in products:
            unread += [x for x in reversed(node.inputs) if isinstance(x, Value)]
            continue
        for weight, x in products[node]:
            found.weights.append(weight)
            found.inputs.append(x)
            found.products.append(node)
    return found


def _activation(z: Value, operands: Operands, uses: Counter[Value], user: dict[Value, Value]) -> list[Value]:
    """The operations on a sum, each the only use of the one before, that are known as an activation."""
    chain: list[Value] = []
    node = z
    while uses[node] == 1 and len(chain) < 4:
        above = user[node]
        if above.inputs[0] is not node and len(operands[above]) > 1:
            break
        chain.append(above)
        node = above
    for length, above in enumerate(chain, start=1):
        is_step = above.op == "where" and len(operands[above]) == 1
        if not (is_step or above.op in ACTIVATIONS):
            return chain if tuple(x.op for x in chain) in SIGMOIDS else chain[: length - 1]
    return chain


def _is_neuron(s: Sum) -> bool:
    """Whether a sum of products is more than a formula with a product in it."""
    if not s.weights or any(bias in s.weights for bias in s.biases):
        return False
    says_so = any(weight.label.startswith(WEIGHTS) for weight in s.weights)
    is_behind = any(isinstance(x, Value) and x.op for x in s.inputs)
    return len(s.weights) > 1 or bool(s.activation) or says_so or (bool(s.biases) and is_behind)
