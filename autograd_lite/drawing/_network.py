"""Neurons and layers, found in a graph that does not say where they are.

A neuron is a weighted sum, Σ weight * input + bias, of leaves and of anything else, with the activation that
stands on it. It may be one `dot` or a tree of products and sums. The same weights with other inputs, as in a
batch, are the same neuron.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autograd_lite.drawing._boxes import Operands
from autograd_lite.drawing._sums import SIGMOIDS, Sum, weighted_sums
from autograd_lite.engine import Value

WITH_PARAMETER = frozenset({"leaky_relu", "elu"})  # which may be a leaf
OF_CONSTANTS = frozenset({"add", "sub", "mul", "div", "neg"})  # scaling and dropout, which activate nothing


@dataclass(eq=False)
class Part:
    """A circle or a box of a network's diagram.

    Attributes
    ----------
    kind : str
        ``"neuron"``, ``"input"``, ``"other"`` (operations between neurons) or ``"loss"`` (all behind them).
    members : list of Value
        The nodes that are drawn there.
    column : int
        Where it stands, from the left.
    sums : list of Sum
        Of a neuron, one for each example.
    sources : dict
        Of a neuron, the parts that its inputs come from, each with the number of the term.
    name, activation : str
        x1, x2, ... for an input that is a number, and what the neuron applies to its sum.
    shows_sum : bool
        Whether the sum of a neuron is shown in place of its output.
    """

    kind: str
    members: list[Value] = field(default_factory=list)
    column: int = 0
    sums: list[Sum] = field(default_factory=list)
    sources: dict[tuple[Part, int], None] = field(default_factory=dict)
    name: str = ""
    activation: str = ""
    number: float | None = None
    shows_sum: bool = False

    @property
    def outputs(self) -> list[Value]:
        """What a neuron hands on, or its sum, for each example."""
        return [s.z if self.shows_sum or not s.activation else s.activation[-1] for s in self.sums]

    @property
    def parameters(self) -> list[Value]:
        """The leaves of a neuron: its weights, its biases and what its activation learns."""
        return [node for node in self.members if not node.op]


class Network(NamedTuple):
    """A graph as neurons, their inputs, operations between them, and a loss.

    Attributes
    ----------
    parts : list of Part
        In the order of the graph.
    part_of : dict
        For every node the part in which it is drawn.
    layers : list of list of Part
        The neurons that have inputs in common, from left to right.
    """

    parts: list[Part]
    part_of: dict[Value, Part]
    layers: list[list[Part]]

    @property
    def neurons(self) -> list[Part]:
        """The neurons, layer by layer."""
        return [neuron for layer in self.layers for neuron in layer]

    @property
    def is_recurrent(self) -> bool:
        """Whether a neuron feeds itself, or one that stands no further right."""
        return any(x.column >= neuron.column for neuron in self.neurons for x, _ in neuron.sources)

    @property
    def edge_count(self) -> int:
        """The number of weights, each as often as it is drawn."""
        return sum(len(neuron.sources) for neuron in self.neurons)

    @property
    def share(self) -> float:
        """How much of the graph its neurons are."""
        return sum(len(neuron.members) for neuron in self.neurons) / len(self.part_of)

    def flows(self, order: Sequence[Value], operands: Operands) -> Iterator[tuple[Value, Value]]:
        """The edges of the graph that lead from part to part, but not from the leaves of a neuron or box."""
        for node in order:
            head = self.part_of[node]
            if head.kind != "neuron":
                for x in operands[node]:
                    tail = self.part_of[x]
                    if tail is not head and (x.op or tail.kind == "input"):
                        yield x, node


def activation_of(layer: Iterable[Part]) -> str:
    """What the neurons of a layer apply to their sums, an empty string if nothing."""
    return ", ".join(dict.fromkeys(neuron.activation for neuron in layer if neuron.activation))


def examples_of(network: Network) -> str:
    """How many examples a neuron stands for, an empty string for one."""
    counts = {len(neuron.sums) for neuron in network.neurons}
    most = max(counts)
    if most == 1:
        return ""
    if network.is_recurrent:
        return f"the same weights are used {most:,} times"
    return f"{most:,} examples" if len(counts) == 1 else f"the same weights are used up to {most:,} times"


def _activation_name(neuron: Part) -> str:
    """The name of an activation: of its operation, if it is one."""
    ops = tuple(node.op for node in neuron.sums[0].activation)
    if not ops:
        return ""
    if ops in SIGMOIDS:
        return "sigmoid"
    names = {"where": "step", "leaky_relu": "leaky relu"}
    return " ".join(names.get(op, op) for op in ops) if len(ops) < 3 else "φ"


def find_network(order: Sequence[Value], operands: Operands) -> Network | None:
    """The network in a graph, None if there is no neuron in it."""
    sums = weighted_sums(order, operands)
    if not sums:
        return None
    part_of = _parts(order, operands, sums, _sources(order, operands, sums))
    for node in order:
        part_of[node].members.append(node)
    found = list(dict.fromkeys(part_of[node] for node in order))
    numbers = dict.fromkeys(x for part in found for x, _ in part.sources if x.number is not None)
    for part in found:
        if part.kind == "neuron":
            part.activation = _activation_name(part)
    inputs = [*numbers, *(part for part in found if part.kind == "input")]
    _place(order, operands, part_of, inputs)
    parts = [*numbers, *found]
    layers = _layers(parts)
    for layer in layers:
        # A loss needs one probability; beside it, the sums of the other neurons would look like such.
        are_softmax = [neuron.activation == "softmax" for neuron in layer]
        if any(are_softmax) and not all(are_softmax):
            for neuron in layer:
                neuron.shows_sum = True
    _name_steps(layers)
    return Network(parts, part_of, layers)


def _name_steps(layers: Iterable[Iterable[Part]]) -> None:
    """Where a neuron feeds itself, count the inputs without its state, and call what it starts with so."""
    for neuron in (neuron for layer in layers for neuron in layer):
        states = {i for source, i in neuron.sources if source.kind == "neuron"}
        if not any(source.column >= neuron.column for source, _ in neuron.sources):
            continue
        for source, i in neuron.sources:
            if source.number is not None:
                before = sum(j < i for j in states)
                source.name = "start" if i in states else f"x{i + 1 - before}"


def _sources(order: Sequence[Value], operands: Operands, sums: dict[Value, Sum]) -> dict[Value, Value | None]:
    """For every node the leaf or the sum that alone it was computed from, None if there are several."""
    sources: dict[Value, Value | None] = {}
    for node in order:
        if not node.op or node in sums:
            sources[node] = node
            continue
        below = operands[node]
        if node.op == "softmax" and all(x in sums for x in node.inputs[:-1]):
            below = [node.inputs[int(node.inputs[-1])]]
        elif node.op in WITH_PARAMETER:
            below = [x for x in node.inputs[:1] if isinstance(x, Value)]
        every = {sources[x] for x in below}
        sources[node] = every.pop() if len(every) == 1 else None
    return sources


def _parts(
    order: Sequence[Value],
    operands: Operands,
    sums: dict[Value, Sum],
    sources: dict[Value, Value | None],
) -> dict[Value, Part]:
    """For every node the circle or box that it belongs to."""
    feeds: set[Value] = set()  # what a neuron depends on
    for node in reversed(order):
        if node in feeds or node in sums:
            feeds.update(operands[node])
    in_sums = {node for s in sums.values() for node in s.nodes}
    neurons: dict[tuple[Value, ...], Part] = {}
    others: dict[tuple[object, ...], Part] = {}
    numbers: dict[tuple[int, float], Part] = {}
    part_of: dict[Value, Part] = {}
    same: dict[Part, Part] = {}  # of a batch, the first example stands for all
    unnamed: dict[Value, list[Value]] = defaultdict(list)

    def origin(node: Value) -> Value:
        source = sources[node]
        return node if source is None else source

    def owner(node: Value) -> Part | None:
        return part_of.get(node) or part_of.get(origin(node))

    def identity(operand: Value) -> Part | Value:
        part = owner(operand)
        return operand if part is None or (part.kind == "other" and not operand.op) else part

    for node in order:
        source = sources[node]
        if s := sums.get(node):
            neuron = neurons.setdefault((*s.weights, *s.biases), Part("neuron"))
            slopes = [x for above in s.activation for x in operands[above] if not x.op]
            for member in (*s.nodes, *s.activation, *s.weights, *s.biases, *slopes):
                part_of.setdefault(member, neuron)
            known = list(neuron.sources)
            neuron.sums.append(s)
            for i, x in enumerate(s.inputs):
                first = known[i][0] if known else None
                if not isinstance(x, Value):
                    if first is None:
                        new = numbers.setdefault((i, x), Part("input", name=f"x{i + 1}", number=x))
                        neuron.sources[new, i] = None
                    continue
                part = owner(x)
                if part is None:
                    part = first if first and first.kind == "input" else Part("input")
                    part_of[origin(x)] = part
                if first and first is not part and first.kind == part.kind == "other":
                    same.setdefault(part, first)
                else:
                    neuron.sources[part, i] = None
        elif node in part_of or node in in_sums or not node.op:
            continue
        elif (
            source is not None
            and source in sums
            and (node in feeds or (node.op == "softmax" and node is not order[-1]))
        ):
            part_of[node] = part_of[source]
            if not sums[source].activation or source in unnamed:
                unnamed[source].append(node)
                sums[source].activation[:] = unnamed[source]
        elif source is None and node in feeds:
            key = (node.op, *map(identity, operands[node]))
            part_of[node] = part = others.setdefault(key, Part("other"))
            for x in operands[node]:
                if owner(x) is None:
                    part_of[origin(x)] = part
    for z, nodes in unnamed.items():
        if all(node.op in OF_CONSTANTS for node in nodes):
            sums[z].activation.clear()
    loss = Part("loss")
    for node in order:
        part_of.setdefault(node, (owner(node) if node in feeds else None) or loss)
    return _fused(order, operands, part_of, same)


def _fused(
    order: Sequence[Value], operands: Operands, part_of: dict[Value, Part], into: dict[Part, Part]
) -> dict[Value, Part]:
    """Draw parts `into` others, and operations between neurons that feed a single box inside that box."""

    def final(part: Part) -> Part:
        while part in into:
            part = into[part]
        return part

    for part in list(into):
        if final(into[part]) is part:
            del into[part]
    feeds: dict[Part, set[Part]] = defaultdict(set)
    for node in order:
        for operand in operands[node]:
            if operand.op:
                feeds[final(part_of[operand])].add(final(part_of[node]))
    for part in reversed(list(dict.fromkeys(final(part_of[node]) for node in order))):
        targets = {final(x) for x in feeds[part]} - {part}
        if part.kind == "other" and len(targets) == 1 and (only := targets.pop()).kind in ("other", "loss"):
            into[part] = only
    fused = {node: final(part) for node, part in part_of.items()}
    for part in set(fused.values()):
        part.sources = {(final(source), i): None for source, i in part.sources}
    return fused


# Columns and layers


def _place(
    order: Sequence[Value], operands: Operands, part_of: dict[Value, Part], inputs: list[Part]
) -> None:
    """Give every part its column: behind all that it depends on."""
    parts = list(dict.fromkeys(part_of.values()))
    for node in order:
        part = part_of[node]
        if part.kind == "neuron" and node is part.sums[0].z:
            first = list(part.sources)[: len(part.sums[0].weights)]  # without what recurs
            part.column = 1 + max(source.column for source, _ in first)
        elif part.kind == "other" and node.op:
            before = [part_of[x].column for x in operands[node] if x.op and part_of[x] is not part]
            part.column = max(part.column, 1 + max(before, default=0))
    for part in inputs:
        part.column = 1 + max(other.column for other in parts)
    for part in parts:
        for source, _ in part.sources:
            if source.kind == "input":
                source.column = min(source.column, part.column - 1)
    last = 1 + max(part.column for part in parts if part.kind != "input")
    for part in parts:
        if part.kind == "loss":
            part.column = last
    used = sorted({part.column for part in (*inputs, *parts)})
    ranks = {column: rank for rank, column in enumerate(used)}
    for part in {*inputs, *parts}:
        part.column = ranks[part.column]


def _layers(parts: Iterable[Part]) -> list[list[Part]]:
    """The neurons of a column that have inputs in common, in the order in which their weights were made."""
    groups: dict[int, list[tuple[set[Part], list[Part]]]] = defaultdict(list)
    for part in parts:
        if part.kind != "neuron":
            continue
        sources, neurons = {source for source, _ in part.sources}, [part]
        column = groups[part.column]
        for group in [group for group in column if not group[0].isdisjoint(sources)]:
            column.remove(group)
            sources |= group[0]
            neurons = group[1] + neurons
        column.append((sources, neurons))

    def made(neuron: Part) -> int:
        clock: int = neuron.sums[0].weights[0]._da
        return clock

    layers = [sorted(neurons, key=made) for _, column in sorted(groups.items()) for _, neurons in column]
    return sorted(layers, key=lambda layer: (layer[0].column, made(layer[0])))
