"""Strategies: what they draw lies where it should, covers what there is, and shrinks to what can be read."""

import copy
import math
import pickle
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from typing import Any

import hypothesis
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from autograd_lite import ops
from autograd_lite._primitive import FINITE, NONZERO, POSITIVE, REAL, apply
from autograd_lite.engine import Value
from autograd_lite.nn import ACTIVATIONS, MLP
from autograd_lite.ops import TABLE
from autograd_lite.testing import Expression, Interval, check_gradients, expressions, floats_in, mlps

UNARY = [name for name, p in TABLE.items() if len(p.operands) == 1 and not p.is_nary]
DIFFERENTIABLE = [name for name in TABLE if name != "stop_gradient"]
LARGEST, SMALLEST = sys.float_info.max, 5e-324


def find(strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool], *phases: Phase) -> Any:
    """An example for which the condition holds, by default the simplest."""
    # Explanations take most of the time.
    phases = phases or (Phase.generate, Phase.shrink)
    return hypothesis.find(strategy, condition, settings=settings(max_examples=2000, phases=phases))


def has(name: str) -> Callable[[Expression], bool]:
    """Whether an expression has a step of this primitive."""
    return lambda expression: any(step.name == name for step in expression.steps)


# Floats in a domain

INTERVALS = [
    REAL,
    FINITE,
    POSITIVE,
    NONZERO,
    Interval(-1.0, 1.0),
    Interval(-1.0, 1.0, closed=False),
    Interval(1.0),
    Interval(high=-3.0, closed=False),
    Interval(0.0, 1.0, hole=0.5),
    Interval(1e6, 1e6 + 1),
    Interval(1e-300, 2e-300, closed=False),
    Interval(1e300, 2e300, closed=False),
    Interval(1.0, 1.0 + 2**-51, closed=False),
    Interval(7.0, 7.0),
    Interval(LARGEST),
    Interval(-LARGEST, LARGEST),
    Interval(0.0, SMALLEST, hole=0.0),
]


@pytest.mark.parametrize("interval", INTERVALS, ids=str)
@given(data=st.data())
def test_floats_are_finite_and_in_their_domain(interval: Interval, data: st.DataObject) -> None:
    x = data.draw(floats_in(interval))
    assert type(x) is float
    assert math.isfinite(x)
    assert interval.contains(x)


@pytest.mark.parametrize("name", UNARY)
@given(data=st.data())
def test_the_name_of_a_primitive_stands_for_its_domain(name: str, data: st.DataObject) -> None:
    assert type(apply(TABLE[name], [data.draw(floats_in(name))])) is float


@given(floats_in((-2, Fraction(1, 2))), floats_in([None, 3]), floats_in((3, math.inf)))  # type: ignore[arg-type]
def test_pairs_are_closed_intervals_and_none_is_no_end(a: float, b: float, c: float) -> None:
    assert -2 <= a <= 0.5
    assert b <= 3 <= c
    assert math.isfinite(b + c)


SIZES: dict[str, Callable[[float], bool]] = {
    "0": lambda x: x == 0,
    "everyday": lambda x: 1 < x < 8 and x != int(x),
    "where tails begin": lambda x: 8 < x < 40 and x != int(x),
    "in the tails": lambda x: 100 < x < 800,
    "small": lambda x: 1e-9 < x < 1e-3,
    "tiny": lambda x: 0 < x < 1e-100,
    "huge": lambda x: x > 1e100,
}


@pytest.mark.parametrize("size", SIZES)
def test_floats_are_of_every_size_and_sign(size: str) -> None:
    assert find(floats_in(REAL), SIZES[size]) >= 0
    assert find(floats_in(REAL), lambda x: SIZES[size](-x)) <= 0


@pytest.mark.parametrize("interval", [interval for interval in INTERVALS if interval.low > -LARGEST], ids=str)
def test_floats_come_close_to_the_ends(interval: Interval) -> None:
    low = interval.low if interval.contains(interval.low) else math.nextafter(interval.low, math.inf)
    near = low + 1e-12 * min(1.0, interval.high - low)
    assert find(floats_in(interval), lambda x: x <= near) >= low


def test_floats_come_close_to_a_hole() -> None:
    interval = Interval(0.0, 1.0, hole=0.5)
    assert find(floats_in(interval), lambda x: 0.5 - 1e-9 < x < 0.5)
    assert find(floats_in(interval), lambda x: 0.5 < x < 0.5 + 1e-9)


@pytest.mark.parametrize(
    ("domain", "condition", "simplest"),
    [
        (REAL, lambda x: True, 0.0),
        (REAL, lambda x: x != 0, 1.0),
        (REAL, lambda x: x > 1, 2.0),
        (REAL, lambda x: x < 0, -1.0),
        (REAL, lambda x: x > 10, 11.0),
        (REAL, lambda x: x > 709.9, 710.0),
        (REAL, lambda x: 0.2 < x < 0.4, 0.25),
        (NONZERO, lambda x: True, 1.0),
        ("log", lambda x: True, 1.0),
        ("log", lambda x: x < 1, 0.5),
        ("arcsin", lambda x: x not in (0, 1, -1), 0.5),
        ("arccosh", lambda x: x > 1, 2.0),
        ((0.3, 0.7), lambda x: True, 0.5),
        ((None, -3), lambda x: True, -3.0),
    ],
)
def test_floats_shrink_to_simple_numbers(
    domain: Any, condition: Callable[[float], bool], simplest: float
) -> None:
    assert find(floats_in(domain), condition) == simplest


@pytest.mark.parametrize(
    ("domain", "error", "message"),
    [
        ((1, 0), ValueError, r"no finite float in Interval\(low=1.0, high=0.0"),
        (Interval(1.0, 1.0, closed=False), ValueError, "no finite float"),
        (Interval(0.0, SMALLEST, closed=False), ValueError, "no finite float"),
        (Interval(1.0, 1.0, hole=1.0), ValueError, "no finite float"),
        (Interval(math.inf), ValueError, "no finite float"),
        ((math.nan, 1), ValueError, "expected numbers for the ends"),
        (Interval(0.0, math.nan), ValueError, "expected numbers for the ends"),
        ("logarithm", ValueError, "unknown primitive 'logarithm'.*: choose one of 'add', "),
        ("hypot", ValueError, "a primitive with one operand for a domain, but got 'hypot'"),
        ("norm", ValueError, "a primitive with one operand"),
        (("0", 1), TypeError, "expected a real number for the end of an interval, but got '0'"),
        ((1, 2, 3), TypeError, "expected an Interval, a pair"),
        (3.0, TypeError, r"expected an Interval, a pair \(low, high\) or a name, but got 3.0"),
    ],
)
def test_what_is_no_domain_is_refused(domain: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        floats_in(domain)


# Expressions, written by hand

EVERY_FORM = Expression(
    leaves=[0.5, 2.0],
    steps=[
        ("sub", (0, 1)),
        ("where", (2, 0, 3.0)),
        ("clip", (3, -1.0, 1)),
        ("softmax", (0, 1, 4, 1.0)),
        ("dot", (5, 1, 0, 2.0)),
        ("max", (5, 6)),
        ("pow", (1, 7)),
    ],
)


def test_an_expression_is_printed_as_a_function() -> None:
    assert str(EVERY_FORM).splitlines() == [
        "def expression(v0=0.5, v1=2.0):",
        "    v2 = sub(v0, v1)",
        "    v3 = where(v2 > 0, v0, 3.0)",
        "    v4 = clip(v3, -1.0, v1)",
        "    v5 = softmax([v0, v1, v4])[1]",
        "    v6 = dot([v5, v1], [v0, 2.0])",
        "    v7 = max([v5, v6])",
        "    v8 = pow(v1, v7)",
        "    return v8",
    ]


def as_function(expression: Expression) -> Callable[..., Any]:
    namespace = dict(vars(ops))
    exec(str(expression), namespace)
    return namespace["expression"]  # type: ignore[no-any-return]


def test_an_expression_computes_what_it_prints() -> None:
    assert EVERY_FORM() == as_function(EVERY_FORM)() == 2.0 ** (4 + 0.5 * ops.softmax([0.5, 2.0, 2.0])[1])
    assert EVERY_FORM(3.0, 1.5) == as_function(EVERY_FORM)(3.0, 1.5) != EVERY_FORM()


@given(expressions())
def test_floats_values_and_the_printed_function_agree(expression: Expression) -> None:
    result = expression()
    assert type(result) is float
    assert as_function(expression)() == result
    recorded = expression(*map(Value, expression.leaves))
    assert type(recorded) is Value
    assert recorded.data == result


@given(expressions())
def test_expressions_are_plain_data(expression: Expression) -> None:
    for same in (eval(repr(expression)), pickle.loads(pickle.dumps(expression)), copy.deepcopy(expression)):
        assert same == expression
        assert hash(same) == hash(expression)
    assert Expression([*expression.leaves, 1.0], expression.steps) != expression
    with pytest.raises(AttributeError):
        expression.leaves = (1.0,)  # type: ignore[misc]


def test_the_steps_can_be_computed_with_other_numbers() -> None:
    expression = Expression([2.0], [("add", (0, 1.0)), ("where", (1, 0, 1)), ("mul", (1, 2))])

    def exactly(name: str, operands: list[Any]) -> Any:
        a, b, *others = map(Fraction, operands)
        return {"add": a + b, "mul": a * b, "where": b if a else others}[name]

    third = Fraction(1, 3)
    assert expression.nodes(third, compute=exactly) == [third, 4 * third, third, Fraction(4, 9)]


@pytest.mark.parametrize(
    ("leaves", "steps", "error", "message"),
    [
        ([], [], ValueError, "at least one leaf"),
        (["1"], [], TypeError, "a real number for a leaf"),
        ([1.0], [("sine", (0,))], ValueError, "unknown primitive 'sine'"),
        ([1.0], [("sin", (1,))], ValueError, "sin in node 1 takes earlier nodes, but got 1"),
        ([1.0], [("sin", (-1,))], ValueError, "earlier nodes, but got -1"),
        ([1.0], [("sin", ("v0",))], TypeError, "a real number in sin"),
        ([1.0], [("mul", (0,))], TypeError, r"mul\(a, b\) takes 2 operands, but got \(0,\)"),
    ],
)
def test_what_is_no_expression_is_refused(
    leaves: Any, steps: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Expression(leaves, steps)


def test_the_wrong_number_of_leaves_is_refused() -> None:
    with pytest.raises(TypeError, match="takes 2 leaves, but got 1"):
        EVERY_FORM(1.0)


# Expressions, drawn


def operands_of(expression: Expression) -> list[tuple[str, list[float]]]:
    """The numbers that each step takes."""
    nodes = expression.nodes()
    return [
        (name, [nodes[x] if type(x) is int else x for x in operands]) for name, operands in expression.steps
    ]


@given(expressions(max_steps=100))
def test_every_step_is_inside_its_domain_and_away_from_kinks(expression: Expression) -> None:
    assert all(abs(x) < 1e6 for x in expression.nodes())
    for name, numbers in operands_of(expression):
        if not TABLE[name].is_nary:
            for x, interval in zip(numbers, TABLE[name].domain, strict=True):
                assert interval.contains(x - 0.05)
                assert interval.contains(x + 0.05)
        if name in ("abs", "relu", "leaky_relu", "elu", "where"):
            assert abs(numbers[0]) >= 0.02
        if name in ("maximum", "minimum", "max", "min", "clip"):
            assert all(abs(a - b) >= 0.02 for a, b in combinations(numbers, 2))


@settings(max_examples=50)
@given(expressions())
def test_derivatives_of_expressions_are_differences(expression: Expression) -> None:
    check_gradients(expression, *expression.leaves)


@given(expressions(max_steps=100))
def test_every_step_depends_on_a_leaf_and_the_result_on_every_node(expression: Expression) -> None:
    nodes = [[x for x in operands if type(x) is int] for _, operands in expression.steps]
    assert all(nodes)
    used = {x for step in nodes for x in step}
    assert used == set(range(len(expression.leaves) + len(expression.steps) - 1))


@pytest.mark.parametrize(("max_steps", "max_leaves"), [(1, 1), (2, 3), (10, 1), (40, 6)])
@given(data=st.data())
def test_limits_are_kept(max_steps: int, max_leaves: int, data: st.DataObject) -> None:
    expression = data.draw(expressions(max_steps, max_leaves))
    assert 1 <= len(expression.steps) <= max_steps
    assert 1 <= len(expression.leaves) <= max_leaves


def test_limits_are_reached() -> None:
    assert find(expressions(), lambda e: len(e.steps) > 25, Phase.generate)
    assert find(expressions(max_steps=100), lambda e: len(e.steps) > 50, Phase.generate)
    assert find(expressions(max_leaves=6), lambda e: len(e.leaves) == 6, Phase.generate)


@pytest.mark.parametrize("names", [["sin"], ["maximum"], ["arccosh", "pow"], {"mul", "add"}, ["dot", "sum"]])
@given(data=st.data())
def test_primitives_restrict_the_steps(names: Any, data: st.DataObject) -> None:
    expression = data.draw(expressions(max_steps=10, primitives=names))
    assert {name for name, _ in expression.steps} <= set(names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"primitives": ["sine"]}, "unknown differentiable primitive 'sine'"),
        ({"primitives": ["stop_gradient"]}, "unknown differentiable primitive 'stop_gradient'"),
        ({"primitives": []}, "at least one primitive, one step and one leaf"),
        ({"max_steps": 0}, "at least one primitive, one step and one leaf"),
        ({"max_leaves": 0}, "at least one primitive, one step and one leaf"),
    ],
)
def test_what_no_expression_can_satisfy_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expressions(**arguments)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_an_expression_with_a_primitive_shrinks_to_it_alone(name: str) -> None:
    found = find(expressions(max_steps=10), has(name))
    assert len(found.steps) <= (1 if name != "sum" else 3)  # which also joins loose ends
    assert set(found.leaves) <= {0.0, 1.0, 2.0}
    assert {x for _, operands in found.steps for x in operands if type(x) is float} <= {0.0, 1.0, -1.0}


@pytest.mark.parametrize(
    ("condition", "simplest"),
    [
        (lambda e: True, Expression([0.0], [("neg", (0,))])),
        (lambda e: has("log")(e) and has("sin")(e), Expression([1.0], [("log", (0,)), ("sin", (1,))])),
    ],
)
def test_expressions_shrink_to_few_steps_on_simple_numbers(
    condition: Callable[[Expression], bool], simplest: Expression
) -> None:
    assert find(expressions(), condition) == simplest


@pytest.mark.parametrize("condition", [lambda e: e() > 10, lambda e: e() < -1, lambda e: len(e.leaves) == 2])
def test_expressions_that_steps_make_in_many_ways_shrink_to_a_few(
    condition: Callable[[Expression], bool],
) -> None:
    found = find(expressions(), condition)
    assert len(found.steps) <= 6
    assert all(x == int(x) for x in found.leaves)


# Networks


@given(mlps())
def test_networks_have_random_weights_and_biases(model: MLP) -> None:
    assert type(model) is MLP
    assert all(math.isfinite(p.data) for p in model.parameters())
    assert all(neuron.b.data != 0 for layer in model.layers for neuron in layer.neurons)


@pytest.mark.parametrize(("max_layers", "max_width"), [(1, 1), (2, 5)])
@given(data=st.data())
def test_networks_are_no_larger_than_asked(max_layers: int, max_width: int, data: st.DataObject) -> None:
    model = data.draw(mlps(max_layers, max_width))
    assert 1 <= len(model.layers) <= max_layers
    widths = [len(model.layers[0].neurons[0].w), *(len(layer.neurons) for layer in model.layers)]
    assert 1 <= min(widths) <= max(widths) <= max_width


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_networks_have_every_activation(name: str) -> None:
    assert find(mlps(), lambda model: f"activation={name!r}" in repr(model))
    assert find(mlps(), lambda model: f"output={name!r}" in repr(model))
    model = find(mlps(activations=[name]), lambda model: len(model.layers) == 3)
    assert f"activation={name!r}, output={name!r}" in repr(model)


def test_networks_shrink_to_one_linear_neuron() -> None:
    assert repr(find(mlps(), lambda model: True)) == "MLP(1, [1], activation='linear', output='linear')"
    assert repr(find(mlps(), lambda model: len(model.layers) == 2)).startswith("MLP(1, [1, 1]")


@settings(max_examples=50)
@given(mlps(activations=set(ACTIVATIONS) - {"relu", "leaky_relu", "prelu", "step"}), st.data())
def test_derivatives_of_smooth_networks_are_differences(model: MLP, data: st.DataObject) -> None:
    n_in = len(model.layers[0].neurons[0].w)
    x = [data.draw(floats_in((-3, 3))) for _ in range(n_in)]
    check_gradients(model, x)


@pytest.mark.parametrize(
    "wrong",
    [{"max_layers": 0}, {"max_width": 0}, {"activations": []}, {"max_width": 1, "activations": ["softmax"]}],
)
def test_networks_without_neurons_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least one activation, one layer and one neuron"):
        mlps(**wrong)


def test_unknown_activations_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown activation 'selu'"):
        mlps(activations=["selu"])


# With hypothesis, and without


def failing_example(strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool]) -> str:
    """What hypothesis prints of a test that fails under the condition."""

    @settings(max_examples=500, print_blob=False)
    @given(strategy)
    def fails(example: Any) -> None:
        assert not condition(example)

    with pytest.raises(AssertionError) as caught:
        fails()
    return "\n".join(caught.value.__notes__)


def test_failing_expressions_are_printed_as_code() -> None:
    printed = failing_example(expressions(), has("tanh"))
    _, _, call = printed.partition("example=")
    assert eval(call[: call.rindex(")")].rstrip().rstrip(",")) == Expression([0.0], [("tanh", (0,))])


def test_failing_networks_are_noted_as_code() -> None:
    printed = failing_example(mlps(), lambda model: abs(model.layers[0].neurons[0].b.data) > 0.1)
    lines = [line for line in printed.splitlines() if line.startswith("model")]
    namespace: dict[str, Any] = {"MLP": MLP}
    exec("\n".join(lines), namespace)
    assert abs(namespace["model"].layers[0].neurons[0].b.data) > 0.1


@pytest.mark.parametrize("strategy", [lambda: floats_in((0, 1)), expressions, mlps])
def test_without_hypothesis_the_error_names_the_command(
    strategy: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match=r'needs hypothesis.*pip install "autograd_lite\[test\]"'):
        strategy()
