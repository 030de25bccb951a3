"""The passes of the compiler, each by itself: what comes out computes the same, and is what it should be."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from fuzz_compiler import EXPRESSIONS, FORMS, assert_agree, computed, graph_of
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value, array, compile, cos, dot, exp, grad, nn, ops, sigmoid, sin, softmax, where
from autograd_lite.compiler._affine import COPIED, affine
from autograd_lite.compiler._batch_mean import push_down_mean
from autograd_lite.compiler._folding import fold_constants, merge_duplicates
from autograd_lite.compiler._graph import LINEAR, SOURCES, Graph, evaluate
from autograd_lite.compiler._grouping import group
from autograd_lite.compiler._identities import sigmoid_slopes
from autograd_lite.compiler._products import sums_of_products
from autograd_lite.compiler._symbolic import without_ones
from autograd_lite.compiler._views import Source

PASSES: dict[str, Callable[[Graph], Graph]] = {
    "fold_constants": fold_constants,
    "merge_duplicates": merge_duplicates,
    "sigmoid_slopes": sigmoid_slopes,
    "sums_of_products": sums_of_products,
    "all": lambda graph: sums_of_products(merge_duplicates(fold_constants(graph))),
}
W = [Value(x) for x in (0.7, -1.1, 1.3)]


def recorded(f: Callable[..., Any], *args: Any, in_axes: Any = None) -> Graph:
    """The graph of a function."""
    compiled = compile(f, in_axes)
    compiled(*args)
    return graph_of(compiled)


def graph_of_expression(drawn: Any) -> tuple[Graph, list[float]]:
    """The graph of a random expression or of its gradient, and its point."""
    expression, form, *_ = drawn
    f = FORMS["value" if form == "value" else "gradient"](expression)
    return recorded(f, np.array(expression.leaves)), list(expression.leaves)


def is_in_order(graph: Graph) -> bool:
    """Whether operands come before their users."""
    return all(x < i for i, xs in enumerate(graph.operands) for x in xs)


def count(graph: Graph, op: Any) -> int:
    """How many nodes have this operation, and are used."""
    used = set(graph.outputs)
    for i in range(len(graph) - 1, -1, -1):
        if i in used:
            used.update(graph.operands[i])
    return sum(graph.ops[i] == op for i in used)


@pytest.mark.parametrize("name", PASSES)
@settings(max_examples=60)
@given(EXPRESSIONS)
def test_passes_preserve_what_a_graph_computes(name: str, drawn: Any) -> None:
    graph, point = graph_of_expression(drawn)
    want = evaluate(graph, point)
    noisy = [computed(graph, point, [], seed) for seed in range(3)]
    errors = [max(abs(n[i] - y) for n in noisy) for i, y in enumerate(want)]
    after = PASSES[name](graph)
    assert is_in_order(after)
    assert_agree(evaluate(after, point), want, errors)


@settings(max_examples=60)
@given(EXPRESSIONS)
def test_passes_leave_the_graph_that_they_are_given_alone(drawn: Any) -> None:
    graph, _ = graph_of_expression(drawn)

    def copied() -> list[Any]:
        return [list(x) for x in (graph.ops, graph.operands, graph.data, graph.is_batched, graph.outputs)]

    before = copied()
    for apply in PASSES.values():
        apply(graph)
    group(graph)
    assert copied() == before or repr(copied()) == repr(before)


# Random graphs with a batch


@st.composite
def batched_graphs(draw: st.DrawFn) -> Graph:
    """Graphs of two inputs with a batch, two without and a parameter, mostly of sums and products."""
    graph = Graph()
    nodes = [graph.add("input", data=k, is_batched=k < 2) for k in range(4)]
    nodes += [graph.add("parameter", data=0, is_batched=False), graph.constant(2.0)]
    arity = {"sin": 1, "neg": 1, "square": 1, "tanh": 1, "sum": None, "mean": None, "dot": None}
    ops = ["add", "sub", "mul", *arity]
    for op in draw(st.lists(st.sampled_from(ops), min_size=1, max_size=12)):
        n = arity.get(op, 2) or 2 * draw(st.integers(1, 2))
        xs = tuple(draw(st.sampled_from(nodes)) for _ in range(n))
        nodes.append(graph.add(op, xs))
    graph.outputs = draw(st.lists(st.sampled_from(nodes[::-1]), min_size=1, max_size=4))
    return graph


BATCH = ([0.5, 2.0, 1.5], [-1.25, 0.75, 3.0])
INPUTS: list[Any] = [*BATCH, 0.7, 1.3]


def close(got: Sequence[Any], want: Sequence[Any]) -> bool:
    return all(
        np.allclose(g, w, rtol=1e-9, atol=1e-9, equal_nan=True) for g, w in zip(got, want, strict=True)
    )


@settings(max_examples=300)
@given(batched_graphs())
def test_means_pushed_down_are_the_means(graph: Graph) -> None:
    with np.errstate(all="ignore"):
        want = [np.mean(y) for y in evaluate(graph, INPUTS, [1.7])]
    linear = sums_of_products(merge_duplicates(fold_constants(graph)))
    after = push_down_mean(linear, len(graph.outputs))
    assert is_in_order(after)
    assert not any(after.is_batched[i] for i in after.outputs)
    assert close(evaluate(after, INPUTS, [1.7]), want)


@settings(max_examples=100)
@given(batched_graphs())
def test_only_the_first_outputs_become_means(graph: Graph) -> None:
    linear = sums_of_products(graph)
    want = evaluate(graph, INPUTS, [1.7])
    got = evaluate(push_down_mean(linear, 1), INPUTS, [1.7])
    assert close([got[0]], [np.mean(want[0])])
    assert close(got[1:], want[1:])


@settings(max_examples=150)
@given(batched_graphs(), st.booleans())
def test_every_node_is_in_one_group_after_its_operands(graph: Graph, has_mean: bool) -> None:
    graph = sums_of_products(merge_duplicates(fold_constants(graph)))
    if has_mean:
        graph = push_down_mean(graph, len(graph.outputs))
    groups = group(graph)
    done = {i for i, op in enumerate(graph.ops) if op in SOURCES}
    for g in groups:
        assert all(x in done for i in g.nodes for x in graph.operands[i])
        assert {(graph.ops[i], graph.is_batched[i]) for i in g.nodes} == {(g.op, g.is_batched)}
        assert not done.intersection(g.nodes)
        done.update(g.nodes)
        if g.op in LINEAR:
            count = sum(len(part.lefts) for part in g.terms.values())
            assert count == sum(len(graph.operands[i]) // 2 for i in g.nodes)
    assert len(done) == len(graph)


# Folding


def of_one_input(build: Callable[[Graph, int], int]) -> Graph:
    """A graph that `build` makes of an input."""
    graph = Graph()
    x = graph.add("input", data=0, is_batched=False)
    graph.outputs = [build(graph, x)]
    return graph


@pytest.mark.parametrize(
    "build",
    [
        lambda g, x: g.add("add", (x, g.constant(0.0))),
        lambda g, x: g.add("add", (g.constant(0.0), x)),
        lambda g, x: g.add("sub", (x, g.constant(0.0))),
        lambda g, x: g.add("mul", (g.constant(1.0), x)),
        lambda g, x: g.add("div", (x, g.constant(1.0))),
        lambda g, x: g.add("pow", (x, g.constant(1.0))),
        lambda g, x: g.add("sum", (x,)),
        lambda g, x: g.add("max", (x,)),
        lambda g, x: g.add("stop_gradient", (x,)),
        lambda g, x: g.add("where", (g.add("<", (g.constant(1.0), g.constant(2.0))), x, g.constant(3.0))),
        lambda g, x: g.add("mul", (x, g.add("exp", (g.constant(0.0),)))),
    ],
)
def test_what_does_nothing_is_folded(build: Callable[[Graph, int], int]) -> None:
    after = fold_constants(of_one_input(build))
    assert after.ops[after.outputs[0]] == "input"


def test_what_is_made_of_constants_is_a_constant() -> None:
    after = fold_constants(of_one_input(lambda g, x: g.add("sin", (g.add("exp", (g.constant(1.0),)),))))
    (out,) = after.outputs
    assert (after.ops[out], after.data[out]) == ("constant", np.sin(np.exp(1.0)))


def test_zero_times_a_number_stays_because_the_number_may_be_infinite() -> None:
    for apply in (fold_constants, sums_of_products):
        after = apply(of_one_input(lambda g, x: g.add("mul", (x, g.constant(0.0)))))
        assert np.isnan(evaluate(after, [np.inf])[0])


def test_equal_operations_become_one_node() -> None:
    graph = recorded(lambda x: sin(x) * cos(x) + sin(x) / cos(x), 1.0)
    after = merge_duplicates(graph)
    assert (count(graph, "sin"), count(graph, "cos")) == (2, 2)
    assert (count(after, "sin"), count(after, "cos")) == (1, 1)


def test_zeros_of_both_signs_are_two_constants() -> None:
    graph = Graph()
    graph.outputs = [graph.constant(0.0), graph.constant(-0.0), graph.constant(0.0)]
    a, b, c = merge_duplicates(graph).outputs
    assert a == c != b


@pytest.mark.parametrize("x", [0.0, -0.0, 1e-9, -3.0, 40.0, -40.0, 700.0, -745.0, np.inf, -np.inf])
def test_the_slope_of_a_sigmoid_takes_no_hyperbolic_function(x: float) -> None:
    graph = recorded(grad(sigmoid), x)
    after = merge_duplicates(sigmoid_slopes(fold_constants(graph)))
    assert (count(graph, "sech"), count(after, "sech"), count(after, "sigmoid")) == (1, 0, 2)
    (got,), (want,) = evaluate(after, [x]), evaluate(graph, [x])
    assert got == pytest.approx(want, rel=1e-15, abs=1e-323)


# Sums of products

WRITTEN = {
    "loop": lambda x: ((0.0 + W[0] * x[0]) + W[1] * x[1]) + W[2] * x[2],
    "sum": lambda x: sum(w * y for w, y in zip(W, x, strict=True)),
    "by hand": lambda x: W[0] * x[0] + W[1] * x[1] + W[2] * x[2],
    "dot": lambda x: dot(W, list(x)),
    "matrix product": lambda x: (array(np.array([W])) @ x)[0],
}


def test_all_ways_of_writing_a_sum_of_products_give_one_graph() -> None:
    found = set()
    for f in WRITTEN.values():
        graph = sums_of_products(merge_duplicates(fold_constants(recorded(f, np.ones(3)))))
        (out,) = graph.outputs
        assert graph.ops[out] == "linear"
        xs = [(graph.ops[x], graph.data[x]) for x in graph.operands[out]]
        pairs = frozenset(map(frozenset, zip(xs[: len(xs) // 2], xs[len(xs) // 2 :], strict=True)))
        found.add((graph.data[out], pairs))
    assert len(found) == 1


def test_constant_factors_become_coefficients() -> None:
    graph = sums_of_products(recorded(lambda x: [-(2.0 * x[0]) * (x[1] / 4.0)], np.ones(2)))
    (out,) = graph.outputs
    assert (graph.ops[out], graph.data[out]) == ("linear", -0.5)
    assert [graph.ops[x] for x in graph.operands[out]] == ["input", "input"]


def test_a_sum_that_is_used_twice_is_not_computed_twice() -> None:
    graph = recorded(lambda x: (x[0] + x[1]) * x[0] + (x[0] + x[1]), np.ones(2))
    assert count(sums_of_products(merge_duplicates(graph)), "linear") == 2


# Means and matrix products


def a_layer(reduce: str | None) -> Any:
    model = nn.MLP(5, [4], "linear", seed=0)

    @compile(in_axes=0, reduce=reduce)
    def step(x: Any, y: Any) -> Any:
        loss = sum((p - t) ** 2 for p, t in zip(model(x), y, strict=True))
        return loss, loss.gradient(model.parameters())

    step(np.ones((7, 5)), np.ones((7, 4)))
    return step


def test_the_mean_gradient_of_a_weight_is_no_product_for_each_example() -> None:
    graph = sums_of_products(merge_duplicates(fold_constants(graph_of(a_layer("mean")))))
    after = push_down_mean(graph, len(graph.outputs))
    assert count(after, "mean_linear") > 20
    assert sum(after.is_batched[i] and op == "linear" for i, op in enumerate(after.ops)) <= 13


def calls(compiled: Any, op: str) -> int:
    """How many calls of a kind the program makes."""
    return sum(call.op == op for call in compiled.program.calls)


def test_a_dense_layer_and_its_gradient_are_a_matrix_product_each() -> None:
    assert calls(a_layer("mean"), "matmul") <= 3
    assert len(a_layer("mean").program.calls) < 20


def test_the_number_of_calls_does_not_depend_on_the_width() -> None:
    lengths = set()
    for width in (8, 16, 32):
        model = nn.MLP(width, [width, width], "tanh", seed=0)
        f = compile(lambda x, model=model: model(x), in_axes=0)
        f(np.ones((3, width)))
        lengths.add(len(f.program.calls))
    assert len(lengths) == 1


def test_sums_of_different_lengths_are_added_up_in_segments() -> None:
    f = compile(lambda x: [ops.sum([sin(y) for y in x[:k]]) for k in range(2, 6)], in_axes=0)
    f(np.ones((2, 6)))
    assert calls(f, "add.reduceat") == 1


def test_softmax_of_different_lengths_is_one_call() -> None:
    f = compile(lambda x: [softmax(list(x[:k])) for k in range(1, 6)][-1] + softmax(list(x[:3])), in_axes=0)
    f(np.ones((2, 6)))
    assert calls(f, "reduction") == 1


def test_choices_are_calls_for_all_rows() -> None:
    f = compile(lambda x: [where(y > 0, exp(y), sin(y)) for y in x], in_axes=0)
    f(np.ones((2, 50)))
    assert len(f.program.calls) < 10


# Whole programs


@settings(max_examples=300)
@given(batched_graphs(), st.sampled_from([None, "mean", "sum"]))
def test_programs_compute_what_graphs_do(graph: Graph, reduce: str | None) -> None:
    a = Value(1.7)

    def f(x: Any, c: Any) -> Any:
        values: list[Any] = []
        known = {"input": [*x, *c], "parameter": [a]}
        for i, op in enumerate(graph.ops):
            xs = [values[k] for k in graph.operands[i]]
            values.append(
                known[op][graph.data[i]]
                if op in known
                else graph.data[i]
                if op == "constant"
                else step(op, xs)
            )
        return [values[i] for i in graph.outputs]

    want = evaluate(graph, INPUTS, [1.7])
    got = compile(f, in_axes=(0, None), reduce=reduce)(np.transpose(BATCH), np.array(INPUTS[2:]))
    if reduce is None:
        want = np.transpose([np.broadcast_to(y, 3) for y in want])
    else:
        want = np.array([np.mean(y) for y in want]) * (3.0 if reduce == "sum" else 1.0)
    assert np.allclose(got, want, rtol=1e-9, atol=1e-9)


def step(op: str, xs: list[Any]) -> Any:
    """An operation on Values and numbers."""
    if op == "dot":
        return ops.dot(xs[: len(xs) // 2], xs[len(xs) // 2 :])
    return getattr(ops, op)(xs) if op in ("sum", "mean") else getattr(ops, op)(*xs)


# Affine maps


def network_calls(n_in: int, sizes: list[int], n_examples: int = 3) -> list[str]:
    """The calls of the loss of a network and its gradient, by name."""
    model = nn.MLP(n_in, sizes, activation="tanh", seed=0)

    def step(x: Any, y: Any) -> Any:
        loss = nn.mse(model(x.tolist()), y)
        return loss, loss.gradient(model.parameters())

    f = compile(step, in_axes=0, reduce="mean")
    f(np.ones((n_examples, n_in)), np.ones(n_examples))
    return [call.op if isinstance(call.op, str) else call.op.name for call in f.program.calls]


def test_a_layer_forward_and_the_gradients_of_its_weights_and_biases_are_one_product_each() -> None:
    calls = network_calls(3, [4, 1])
    assert calls.count("matmul") == 2 + 2 + 1  # and the sum of squares
    assert not {"add", "add.reduce"} & {*calls}


def test_many_inputs_are_not_copied_for_a_row_of_ones() -> None:
    calls = network_calls(COPIED + 1, [4, 1])
    assert calls.count("add") == calls.count("add.reduce") == 1  # of the first layer


def layer(rows: list[list[Value]], biases: list[Value]) -> Callable[[Any], Any]:
    """tanh(W x + b), and then the sum of products with its own outputs."""
    return lambda x: [ops.tanh(dot(row, list(x)) + b) for row, b in zip(rows, biases, strict=True)]


@pytest.mark.parametrize("is_beside", [True, False])
@pytest.mark.parametrize("n_examples", [1, 4])
def test_biases_may_lie_beside_the_weights_or_elsewhere(is_beside: bool, n_examples: int) -> None:
    rng = np.random.default_rng(0)
    leaves = [Value(x) for x in rng.normal(size=9)]
    if is_beside:
        rows, biases = [leaves[3 * j : 3 * j + 2] for j in range(3)], leaves[2::3]
    else:
        rows, biases = [leaves[2 * j : 2 * j + 2] for j in range(3)], leaves[6:]

    def step(x: Any) -> Any:
        y = ops.sum(layer(rows, biases)(x))
        return y, y.gradient(leaves)

    f = compile(step, in_axes=0, reduce="mean")
    X = rng.normal(size=(n_examples, 2))
    value, gradient = f(X)
    results = [step([Value(float(a)) for a in x]) for x in X]
    assert np.isclose(value, np.mean([y.data for y, _ in results]), rtol=1e-12)
    want = np.mean([[g.data for g in gs] for _, gs in results], axis=0)
    np.testing.assert_allclose(gradient, want, rtol=1e-12)
    assert any(base.has_ones for base in f.program.bases) is is_beside
    plain = [c for call in f.program.calls for c in without_ones(call, f.program.bases)]
    assert len(plain) - len(f.program.calls) == (2 if is_beside else 0)


def test_the_graph_that_is_given_a_row_of_ones_stays_as_it_was() -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    f = compile(lambda x: model(list(x)), in_axes=0)
    f(np.ones((2, 2)))
    graph = sums_of_products(merge_duplicates(fold_constants(graph_of(f))))
    length = len(graph)
    found = affine(graph, group(graph, [0, 0]), [Source(2, True)])
    assert len(graph) == length
    assert len(found.graph) == length + len(found.ones) == length + 2


def test_the_row_of_ones_is_found_behind_a_mean_too() -> None:
    model = nn.MLP(2, [4, 4, 4, 1], activation="tanh", seed=0)

    def step(x: Any, y: Any) -> Any:
        loss = nn.mse(model(list(x)), y)
        return loss, loss.gradient(model.parameters()), model.layers[0](list(x))

    f = compile(step, in_axes=0, reduce="mean")
    f(np.ones((3, 2)), np.ones(3))
    assert sum(base.has_ones for base in f.program.bases) == 4
