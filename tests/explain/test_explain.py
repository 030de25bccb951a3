"""Explanations are right, in the lecture's order, stable, and can be read."""

import io
import json
import math
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lecture_graph import labelled

from autograd_lite import (
    Value,
    compile,
    custom_derivative,
    log,
    maximum,
    no_grad,
    ops,
    relu,
    sigmoid,
    softmax,
    stop_gradient,
    topological_order,
    where,
)
from autograd_lite import sum as sum_of
from autograd_lite._names import names_of
from autograd_lite.explain import explain
from autograd_lite.explain._symbols import evaluate
from autograd_lite.nn import MLP, binary_cross_entropy
from autograd_lite.testing import expressions


def one_hidden_node(y=None):
    """The lecture's network, by name, from its code's initial weights."""
    rng = random.Random(42)
    x, y = Value(3.14, "x"), Value(1.0, "y") if y is None else y
    w1, w2 = Value(rng.random(), "w1"), Value(rng.random(), "w2")
    b1, b2 = Value(0.0, "b1"), Value(0.0, "b2")
    z1 = labelled(w1 * x + b1, "z1")
    a1 = labelled(sigmoid(z1), "a1")
    z2 = labelled(w2 * a1 + b2, "z2")
    y_hat = labelled(sigmoid(z2), "ŷ")
    J = labelled(-(y * log(y_hat) + (1 - y) * log(1 - y_hat)), "J")
    return {"w1": w1, "w2": w2, "b1": b1, "b2": b2, "a1": a1, "ŷ": y_hat, "J": J}


def factors(path):
    return [(f.of, f.by, f.formula) for f in path.factors]


LOSS = ("J", "ŷ", "-(y/ŷ - (1 - y)/(1 - ŷ))")
OUTPUT = ("ŷ", "z2", "ŷ·(1 - ŷ)")
HIDDEN = [("z2", "a1", "w2"), ("a1", "z1", "a1·(1 - a1)")]

# The slides "Combined derivatives" and "Key derivatives".
KEY_DERIVATIVES = {
    "w2": ([LOSS, OUTPUT, ("z2", "w2", "a1")], "(ŷ - y)·a1"),
    "b2": ([LOSS, OUTPUT, ("z2", "b2", "1")], "ŷ - y"),
    "w1": ([LOSS, OUTPUT, *HIDDEN, ("z1", "w1", "x")], "(ŷ - y)·w2·a1·(1 - a1)·x"),
    "b1": ([LOSS, OUTPUT, *HIDDEN, ("z1", "b1", "1")], "(ŷ - y)·w2·a1·(1 - a1)"),
}


@pytest.mark.parametrize("name", KEY_DERIVATIVES)
def test_the_key_derivatives_have_the_lecture_s_factors_in_the_lecture_s_order(name):
    nodes = one_hidden_node()
    e = explain(nodes["J"], nodes[name])
    expected, simplified = KEY_DERIVATIVES[name]
    (path,) = e.paths
    assert factors(path) == expected
    assert f" = {simplified}\n" in str(e)


@pytest.mark.parametrize("name", KEY_DERIVATIVES)
def test_the_key_derivatives_have_the_lecture_s_numbers(name):
    nodes = one_hidden_node()
    w2, a1, delta = nodes["w2"].data, nodes["a1"].data, nodes["ŷ"].data - 1.0
    hidden = delta * w2 * (a1 * (1 - a1))
    expected = {"w2": delta * a1, "b2": delta, "w1": hidden * 3.14, "b1": hidden}[name]
    e = explain(nodes["J"], nodes[name])
    assert e.gradient == pytest.approx(expected, rel=1e-12)
    assert math.prod(f.value for f in e.paths[0].factors) == pytest.approx(expected, rel=1e-12)


def test_a_target_that_is_a_number_gives_the_same_derivative():
    nodes = one_hidden_node(y=1.0)
    assert " = (ŷ - 1)·a1\n" in str(explain(nodes["J"], nodes["w2"]))


def added_up(e):
    """The sum of the products of all factors, and how large it could be without cancellation."""
    products = [math.prod(f.value for f in path.factors) for path in e.paths]
    return math.fsum([*products, e.rest]), math.fsum([*map(abs, products), abs(e.rest)])


@given(expressions(), st.data(), st.sampled_from([1, 2, 5, 1000]))
def test_the_numbers_multiply_and_add_up_to_the_gradient(expression, data, max_paths):
    nodes = expression.nodes(*(Value(x, f"x{i}") for i, x in enumerate(expression.leaves)))
    leaf, y = nodes[0], nodes[-1]
    for node in nodes[len(expression.leaves) : -1]:
        if not node.label and data.draw(st.booleans(), "labelled"):
            node.label = f"z{nodes.index(node)}"
    y.backward()
    for detail in ("auto", "operations", "labels"):
        e = explain(y, leaf, detail=detail, max_paths=max_paths)
        assert len(e.paths) <= max_paths
        assert e.gradient == pytest.approx(leaf.grad, rel=1e-12, abs=1e-300)
        found, size = added_up(e)
        assert found == pytest.approx(leaf.grad, rel=1e-12, abs=1e-12 * size + 1e-300)
        assert str(e)
        assert json.dumps(e.to_dict())
        assert e.to_text(unicode=False).isascii()
        assert balanced(e.to_latex())


def balanced(latex):
    stripped = latex.replace(r"\{", "").replace(r"\}", "")
    sides = latex.count(r"\left") == latex.count(r"\right")
    return sides and stripped.count("{") == stripped.count("}")


@given(expressions(max_steps=8))
def test_the_largest_paths_come_first_and_all_are_counted(expression):
    x = Value(expression.leaves[0], "x")
    y = expression(x, *expression.leaves[1:])
    if not isinstance(y, Value):
        return
    every = explain(y, x, detail="operations", max_paths=10**9)
    assert every.rest_count == 0
    sizes = [abs(path.product) for path in every.paths]
    assert sizes == sorted(sizes, reverse=True)
    some = explain(y, x, detail="operations", max_paths=2)
    assert [p.product for p in some.paths] == [p.product for p in every.paths[:2]]
    assert some.path_count == every.path_count == len(every.paths)


def test_explaining_changes_no_gradient():
    x = Value(2.0, "x")
    y = x * x
    x.grad = 5.0
    explain(y, x)
    assert (x.grad, y.has_grad) == (5.0, False)


def test_equal_operands_are_one_factor():
    x = Value(3.0, "x")
    (path,) = explain(labelled(x + x, "y"), x).paths
    assert factors(path) == [("y", "x", "2")]


def test_names_are_those_of_the_picture_and_stay_the_same():
    x = Value(3.0, "x")
    y = (x * 2.0).exp() + x.sin() * x
    names = names_of(topological_order(y))
    for _ in range(2):
        e = explain(y, x)
        assert {names[node] for path in e.paths for node in path.nodes} == {
            name for path in e.paths for f in path.factors for name in (f.of, f.by)
        }
        assert e.y_name == names[y]


def test_two_nodes_of_one_label_are_told_apart():
    x, other = Value(3.0, "x"), Value(4.0, "x")
    e = explain(x * other, other)
    assert e.to_text().startswith("∂v1/∂x#2 = x\n")


def test_the_formula_of_a_node_off_the_path_is_shown_when_it_is_mentioned():
    nodes = one_hidden_node()
    names = [q.name for q in explain(nodes["J"], nodes["w2"]).quantities]
    assert names == ["J", "ŷ", "z2", "a1"]
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = x.exp() * w
    assert [q.name for q in explain(y, w).quantities] == ["v2", "v1"]


# Formulas


@given(expressions(), st.data())
def test_every_formula_evaluates_to_its_number(expression, data):
    nodes = expression.nodes(*(Value(x, f"x{i}") for i, x in enumerate(expression.leaves)))
    for i, node in enumerate(nodes):
        if not node.label and data.draw(st.booleans()):
            node.label = f"z{i}"
    e = explain(nodes[-1], nodes[0])
    for x in (*e.quantities, *(f for path in e.paths for f in path.factors)):
        if x._symbol is not None:
            size = evaluate(x._symbol, magnitudes=True)
            assert math.isclose(evaluate(x._symbol), x.value, rel_tol=1e-6, abs_tol=1e-9 * size)


PYTHON = {"σ": "sigmoid", "Φ": "ndtr", "√": "sqrt", "·": "*", "²": "**2", "³": "**3", "⁴": "**4"}
SMOOTH = ["add", "sub", "mul", "div", "neg", "pow", "exp", "sin", "tanh", "sigmoid", "square", "sqrt"]


@given(expressions(max_steps=12, primitives=SMOOTH), st.data())
def test_every_formula_that_is_printed_is_python_that_gives_its_number(expression, data):
    nodes = expression.nodes(*(Value(x, f"x{i}") for i, x in enumerate(expression.leaves)))
    for i, node in enumerate(nodes):
        if not node.label and data.draw(st.booleans()):
            node.label = f"z{i}"
    order = topological_order(nodes[-1])
    numbers = {name: node.data for node, name in names_of(order).items()}
    known = {name: getattr(ops, name) for name in ops.__all__} | numbers
    e = explain(nodes[-1], nodes[0])
    for x in (*e.quantities, *(f for path in e.paths for f in path.factors)):
        text = x.formula
        if not text or set(text) & set("⁰¹⁵⁶⁷⁸⁹⁻"):
            continue
        for symbol, name in PYTHON.items():
            text = text.replace(symbol, name)
        size = evaluate(x._symbol, magnitudes=True)
        assert math.isclose(eval(text, dict(known)), x.value, rel_tol=1e-6, abs_tol=1e-9 * size), text


def test_a_node_that_is_used_twice_between_two_labels_is_one_factor_with_all_terms():
    w = Value(2.0, "w")
    z = w * 3.0 + 1.0
    h = labelled(z + relu(z), "h")
    J = labelled(h * h, "J")
    (path,) = explain(J, w).paths
    assert factors(path) == [("J", "h", "2·h"), ("h", "w", "3·(1 + [3·w + 1 > 0])")]
    a = w.sin()
    assert factors(explain(a + a.log(), w, detail="labels").paths[0])[0][2] == "(1 + 1/sin(w))·cos(w)"


def test_the_outputs_of_a_softmax_are_called_by_their_names():
    z = [Value(float(i), f"z{i}") for i in range(3)]
    p = [labelled(y, f"p{i}") for i, y in enumerate(softmax(z))]
    J = labelled(-(0.0 * p[0].log() + p[1].log() + 0.0 * p[2].log()), "J")
    assert "-p1·p0" in [f.formula for path in explain(J, z[0]).paths for f in path.factors]
    assert "p1·(1 - p1)" in [f.formula for path in explain(J, z[1]).paths for f in path.factors]


def test_a_formula_that_rounding_spoils_is_left_out():
    x = Value(1e200, "x")
    J = labelled(x * 1e-200 * 1e-200 * 1e200, "J")
    e = explain(J, x, detail="labels")
    assert e.quantities[0].formula == ""
    assert "J = 0 = 1" not in str(e)


def test_a_choice_is_written_as_it_was_typed():
    x = Value(2.0, "x")
    y = labelled(where(x > 0.0, x, 0.0), "y")
    assert explain(y, x).quantities[0].formula == "(x if x > 0 else 0)"


def test_conditions_that_share_their_parts_do_not_take_forever():
    x = Value(1.0, "x")
    c = x > 0.0
    for _ in range(200):
        c = c & c
    assert explain(where(c, x * 2.0, x), x).gradient == 2.0


def test_products_are_multiplied_as_the_engine_does():
    x = Value(1e-300, "x")
    y = x
    for k in (1e200, 1e200, 1e-200, 1e-200):
        y = labelled(y * k, f"z{k}{y.label}")
    e = explain(y, x)
    assert e.paths[0].product == e.gradient


# What is not differentiated


def test_what_does_not_depend_on_x_says_so():
    x, z = Value(1.0, "x"), Value(2.0, "z")
    y = labelled(stop_gradient(x) * z, "y")
    assert str(explain(y, x)).startswith("∂y/∂x = 0, because y does not depend on x")
    assert explain(y, x).path_count == 0


def test_what_is_not_in_the_graph_has_a_name_of_its_own():
    x = Value(1.0, "x")
    y = labelled(x * 2.0, "y")
    assert str(explain(y, Value(2.0, "z"))) == "∂y/∂z = 0, because z is not in the graph of y"
    assert str(explain(y, Value(2.0, "x"))) == "∂y/∂x#2 = 0, because x#2 is not in the graph of y"
    assert str(explain(y, Value(2.0))) == "∂y/∂v1 = 0, because v1 is not in the graph of y"


def test_arguments_in_the_wrong_order_are_told():
    x = Value(1.0, "x")
    y = labelled(x * 2.0, "y")
    assert str(explain(x, y)).endswith("y is not in the graph of x: write explain(y, x) for the opposite")


def test_a_node_by_itself_is_1():
    x = Value(1.0, "x")
    assert str(explain(x, x)) == "∂x/∂x = 1"


def test_a_branch_that_is_not_taken_is_a_path_with_the_product_0():
    x = Value(-2.0, "x")
    (path,) = explain(labelled(relu(x * 3.0), "y"), x).paths
    assert [f.formula for f in path.factors] == ["[v1 > 0]", "3"]
    assert path.product == 0.0


def test_an_infinite_derivative_behind_a_choice_is_no_nan():
    x = Value(0.0, "x")
    y = where(x > 0.0, x.sqrt(), x)
    e = explain(y, x)
    assert e.gradient == 1.0
    assert [p.product for p in e.paths] == [1.0, 0.0]


@pytest.mark.parametrize("a", [-1.0, 0.0, 1.0])
def test_ties_and_kinks_have_the_engine_s_derivative(a):
    x = Value(a, "x")
    for y in (maximum(x, 0.0), abs(x), relu(x), x**2.0, where(x > 0.0, x, -x)):
        e = explain(y, x)
        assert added_up(e)[0] == e.gradient == y.gradient(x).data


def test_an_operation_of_the_user_s_is_written_with_a_prime():
    @custom_derivative(lambda y, x: 3.0 * x * x)
    def cubed(x):
        return x**3

    x = Value(2.0, "x")
    assert factors(explain(labelled(cubed(x), "y"), x).paths[0]) == [("y", "x", "cubed'(x)")]


# Size


def test_more_paths_than_atoms_are_counted_and_added_up():
    x = y = Value(0.5, "x")
    for _ in range(2000):
        y = (y * 0.5) + y.sin() * 0.1
    e = explain(y, x)
    assert e.path_count == 2**2000
    assert added_up(e)[0] == pytest.approx(e.gradient, rel=1e-9)
    assert "(about 10**602 other paths)" in str(e)


def test_a_deep_chain_is_written_in_few_lines():
    x = y = Value(1.0, "x")
    for _ in range(50_000):
        y = y * 1.00001
    e = explain(y, x)
    assert len(e.paths[0].factors) == 50_000
    assert len(str(e).splitlines()) < 50
    assert "... 49988 more factors" in str(e)
    assert len(e.to_latex()) < 10_000


def test_a_network_is_explained():
    model = MLP(2, [16, 16, 1], output="sigmoid", seed=0)
    J = labelled(binary_cross_entropy(model([0.5, -1.0]), 1), "J")
    w = model.parameters()[0]
    e = explain(J, w)
    assert e.path_count == 2 * 16  # both terms of the loss
    assert added_up(e)[0] == pytest.approx(J.gradient(w).data, rel=1e-12)
    assert "(27 other paths)" in str(e)


def test_a_formula_too_long_to_be_read_is_left_out():
    x = Value(1.0, "x")
    y = x
    for _ in range(100):
        y = y * (x + 1.0).sin()
    e = explain(labelled(y, "y"), x, detail="labels")
    assert e.paths[0].factors[0].formula == ""
    assert len(str(e)) < 2000


# Text


def test_products_too_wide_are_written_one_factor_a_line():
    nodes = one_hidden_node()
    e = explain(nodes["J"], nodes["w1"])
    lines = e.to_text(width=60).splitlines()
    assert lines[0] == "∂J/∂w1 = the product of 5 factors"
    assert lines[2] == "    ∂ŷ/∂z2  = ŷ·(1 - ŷ)                = 0.25"


def test_a_terminal_that_knows_only_ascii_gets_ascii(monkeypatch):
    nodes = one_hidden_node()
    e = explain(nodes["J"], nodes["w2"])
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    text = str(e)
    monkeypatch.undo()
    assert text.startswith("dJ/dw2 = dJ/dy_hat")
    assert text.isascii()


def test_columns_are_aligned():
    nodes = one_hidden_node()
    lines = str(explain(nodes["J"], nodes["w1"])).splitlines()
    names, formulas, _, numbers = lines[:4]
    assert [i for i, c in enumerate(names) if c == "·"] == [i for i, c in enumerate(numbers) if c == "·"]
    assert formulas.index(" · w2") == names.index(" · ∂z2/∂a1")


def test_names_that_are_spelled_alike_in_ascii_and_latex_are_told_apart():
    e = explain(Value(2.0, "ŷ") * Value(3.0, "y_hat"), Value(1.0))
    a, b = e.y.inputs
    text = explain(e.y, b).to_text(unicode=False)
    assert "v1 = y_hat#2*y_hat = " in text
    assert r"{\hat{y}}^{[2]}" in explain(e.y, b).to_latex()
    assert explain(e.y, a).gradient == 3.0


def test_a_name_with_an_operator_in_it_is_one_word():
    x = Value(3.0, "a-b")
    assert explain(labelled(x * x, "y"), x).to_text().startswith("∂y/∂(a-b) = 2·(a-b)\n")


def test_the_nodes_of_the_first_path_are_listed_first():
    model = MLP(2, [3, 1], seed=0)
    losses = [(model([0.1 * i, 1.0]) - 1.0) ** 2 for i in range(40)]
    e = explain(labelled(losses[0] if len(losses) == 1 else sum_of(losses), "J"), model.parameters()[0])
    names = [q.name for q in e.quantities]
    first = [f.of for f in e.paths[0].factors]
    assert names[: len(first)] == first


def test_a_graph_whose_leaves_were_changed_is_refused():
    w = Value(2.0, "w")
    J = labelled(w * w, "J")
    w.data = 3.0
    with pytest.raises(
        RuntimeError, match="changed after mul had used it: compute J again before you explain"
    ):
        explain(J, w)


@pytest.mark.parametrize(
    "label", ["a\nb", "x" + "#1" * 5000, "\x1b[31mred", "x" * 200, "$\\frac{", "%", "a b", "\ud800", "#"]
)
def test_any_label_gives_one_line_of_text_and_balanced_latex(label):
    x = Value(2.0, label)
    e = explain(labelled(x * x, "y"), x)
    assert len(str(e).splitlines()) in (4, 5)
    assert "\x1b" not in str(e)
    assert balanced(e.to_latex())


def test_a_notebook_gets_latex():
    nodes = one_hidden_node()
    latex = explain(nodes["J"], nodes["w2"])._repr_latex_()
    assert latex.startswith("$$\n\\begin{aligned}\n\\frac{\\partial J}{\\partial w_{2}} &= ")
    assert r"\left(\hat{y} - y\right)\,a_{1}" in latex


# Bad arguments


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((1.0, Value(1.0)), {}, TypeError, "expected a Value to differentiate, but got 1.0"),
        (([Value(1.0)], Value(1.0)), {}, TypeError, "expected a Value to differentiate, .*: one at a time"),
        ((Value(1.0), "w"), {}, TypeError, "expected a Value to differentiate by, but got 'w'"),
        (
            (Value(1.0), Value(1.0)),
            {"detail": "layers"},
            ValueError,
            "unknown detail 'layers' .did you mean 'labels'",
        ),
        ((Value(1.0), Value(1.0)), {"detail": 1}, TypeError, "unknown detail 1"),
        ((Value(1.0), Value(1.0)), {"max_paths": 0}, ValueError, "at least 1 for max_paths, but got 0"),
        ((Value(1.0), Value(1.0)), {"max_paths": True}, TypeError, "at least 1 for max_paths"),
    ],
)
def test_bad_arguments_are_refused(arguments, options, error, message):
    with pytest.raises(error, match=message):
        explain(*arguments, **options)


def test_a_function_that_is_compiled_cannot_explain():
    def f(x):
        y = x * x
        explain(y, x)
        return y

    with pytest.raises(TypeError, match="explain"):
        compile(f)(1.0)


def test_without_recording_there_is_nothing_to_explain():
    x = Value(2.0, "x")
    with no_grad():
        y = x * x
    assert explain(y, x).path_count == 0
