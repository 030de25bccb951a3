"""Expressions as text: they mean what Python means by them, and nothing that is no expression is read."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd_lite import Value, ops
from autograd_lite.command_line._errors import UsageError
from autograd_lite.command_line._formulas import MOST_VALUES, Formula, read_values
from autograd_lite.ops import TABLE

POINT = {"x": 0.7, "y": -1.3, "w1": 2.0, "ŷ": 0.25}
NAMES = st.sampled_from(list(POINT))
NUMBERS = st.floats(0.0, 100.0).map(repr) | st.integers(0, 99).map(str)
UNARY = ["sin", "cos", "tanh", "sigmoid", "exp", "relu", "softplus", "abs", "square", "gelu", "arctan"]


def compound(below):
    """Texts that hold the texts `below`."""

    def filled(*templates):
        return st.builds(
            lambda form, a, b, c: form.format(a=a, b=b, c=c), st.sampled_from(templates), below, below, below
        )

    return st.one_of(
        filled("{a} + {b}", "{a} - {b}", "{a}*{b}", "-{a}", "+{a}", "{a} - -{b}", "({a})", "( {a} )*{b}"),
        filled("({a})/(1 + ({b})**2)", "({a})**2", "({a})**3 - {b}", "2**({a})**2"),
        st.builds(lambda name, a: f"{name}({a})", st.sampled_from(UNARY), below),
        filled(
            "maximum({a}, {b})", "hypot({a}, {b})", "clip({a}, 0, 1)", "leaky_relu({a}, negative_slope=0.1)"
        ),
        filled(
            "sum([{a}, {b}, {c}])",
            "dot([{a}, {b}], [{c}, 2])",
            "softmax([{a}, {b}, {c}])[1]",
            "max([{a}, {b}])",
        ),
        filled(
            "({a} if {b} > {c} else {b})",
            "({b} if 0 < {a} <= {c} else 1)",
            "where(({a} < 1) & ~({b} > 2), {a}, {c})",
        ),
        filled("({a} if {b} > 0 and not {c} < 1 or {a} >= 3 else {b})"),
    )


TEXTS = st.recursive(NAMES | NUMBERS, compound, max_leaves=12)


def as_python(text):
    """What Python makes of an expression, or None where it has no answer."""
    functions = {name: getattr(ops, name) for name in TABLE}
    try:
        return float(eval(text.replace("~(", "(not "), {"__builtins__": {}}, {**functions, **POINT}))
    except (ValueError, ArithmeticError, TypeError):
        return None


@given(TEXTS)
def test_an_expression_is_what_python_says_on_floats_and_on_values(text):
    expected = as_python(text)
    assume(expected is not None)
    formula = Formula(text)
    point = {name: POINT[name] for name in formula.inputs}
    for got in (formula.compute(point)[formula.name], formula.graph(point)[formula.name].data):
        assert got == expected or (math.isnan(got) and math.isnan(expected))


@given(TEXTS, st.sampled_from(["", " ", "  "]))
def test_names_for_parts_change_no_derivative(text, blank):
    whole, parts = Formula(f"sin({text})"), Formula(f"part ={blank}{text}{blank};sin(part)")
    point = {name: POINT[name] for name in whole.inputs}
    try:
        results = [formula.graph(point) for formula in (whole, parts)]
    except UsageError:
        assume(False)
    gradients = []
    for nodes in results:
        nodes["f"].backward()
        gradients.append([nodes[name].grad for name in point])
    assert str(gradients[0]) == str(gradients[1])


@pytest.mark.parametrize("name", [name for name in TABLE if not name.startswith("ieee_")])
def test_every_primitive_is_known_by_its_name(name):
    row = TABLE[name]
    operands = ["x"] * len(row.operands)
    text = {"where": "where(x > 0, x, 1)", "dot": "dot([x, 1], [2, x])", "softmax": "softmax([x, 1])[0]"}.get(
        name, f"{name}([x, 1])" if row.is_nary else f"{name}({', '.join(operands)})"
    )
    x = 1.5 if name == "arccosh" else 0.5
    assert Formula(text).graph({"x": x})["f"].op == name


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ln(x)", "log(x)"),
        ("σ(x)", "sigmoid(x)"),
        ("atan2(x, y)", "arctan2(x, y)"),
        ("sum(x, y, 1)", "sum([x, y, 1])"),
        ("max(x, y)", "max([x, y])"),
        ("softmax(x, y)[-1]", "softmax([x, y])[1]"),
        ("x if y < 0 else 1", "where(y < 0, x, 1)"),
        ("x if 0 < 1 else sqrt(y**2)", "x"),
        ("clip(high=1, x=x, low=0)", "clip(x, 0, 1)"),
        ("2*π + e", "2*pi + 2.718281828459045"),
        ("1_000 + 0x10", "1016"),
    ],
)
def test_what_can_be_written_in_two_ways(text, same):
    a, b = (Formula(t) for t in (text, same))
    assert a.compute(POINT)[a.name] == b.compute(POINT)[b.name]


def test_operands_stay_in_the_order_in_which_they_are_written():
    product = Formula("2*x").graph({"x": 3.0})["f"]
    assert [getattr(v, "label", v) for v in product.inputs] == [2.0, "x"]


def test_parts_and_the_result_are_labelled_in_the_graph():
    nodes = Formula("z = w*x; k = 3; J = (z - k)**2").graph({"w": 1.0, "x": 2.0})
    assert list(nodes) == ["w", "x", "z", "k", "J"]
    assert all(isinstance(node, Value) and node.label == name for name, node in nodes.items())


def test_a_result_without_a_name_gets_one_that_is_free():
    assert [Formula(text).name for text in ("x + 1", "f + 1", "y = f; y*J", "f = x")] == [
        "f",
        "y",
        "result",
        "f",
    ]


@pytest.mark.parametrize(
    ("text", "name"), [("x", "x"), ("y = 2*x; z = y*3; y", "y"), ("pi", "pi"), ("+x", "f")]
)
def test_a_result_that_has_a_name_gets_no_other_one(text, name):
    formula = Formula(text)
    nodes = formula.graph({"x": 3.0})
    assert formula.name == list(nodes)[-1] == name
    assert nodes[name].label == (name if text != "+x" else "x")


def test_a_number_for_a_part_takes_its_place():
    formula = Formula("z = x**2; z + x")
    assert formula.compute({"x": 3.0, "z": 1.0})["f"] == 4.0


def graph(text, *words):
    """The graph of an expression with these values."""
    formula = Formula(text)
    return formula.graph(read_values(words, formula))


def refused(text, *words):
    """The message about an expression and its values, and what is underlined."""
    with pytest.raises(UsageError) as caught:
        graph(text, *words)
    shown, carets = caught.value.place.splitlines() if caught.value.place else ("", "")
    return caught.value.message, shown[carets.find("^") : carets.rfind("^") + 1] if carets else ""


@pytest.mark.parametrize(
    ("text", "message", "underlined"),
    [
        ("x^2", "^ means something else in Python: write ** for a power", "x^2"),
        ("1 + x.real", "attributes are not known", "x.real"),
        ("x[0]", "only softmax has an index", "x[0]"),
        ("[x]", "a list can only stand in a function of lists", "[x]"),
        ("x, 1", "a comma can only stand between the operands of a function", "x, 1"),
        ("x > 0", "a comparison can only be a condition", "x > 0"),
        ("x == 1", "a comparison can only be a condition", "x == 1"),
        ("where(x == 1, x, 0)", "== has no derivative", "x == 1"),
        ("x if x else 1", "a condition is a comparison", "x"),
        ("x and 1", "and, or, not can only stand in a condition", "x and 1"),
        ("~x", "and, or, not can only stand in a condition", "~x"),
        ("x % 2", "% is not known", "x % 2"),
        ("x // 2", "// is not known", "x // 2"),
        ("x @ x", "@ is not known", "x @ x"),
        ("sigmod(x)", "sigmod is not a known function (did you mean 'sigmoid'?)", "sigmod"),
        ("Sigmoid(x)", "Sigmoid is not a known function (did you mean 'sigmoid'?)", "Sigmoid"),
        ("mse(x, 1)", "mse is not a known function: write it out, as (a - y)**2", "mse"),
        ("np.exp(x)", "write exp(x) for np.exp(x)", "np.exp"),
        ("math.log(x)", "write log(x) for math.log(x)", "math.log"),
        ("x.relu() + 1", "write relu(x) for x.relu()", "x.relu"),
        ("2*np.pi*x", "write pi for np.pi", "np.pi"),
        ("np.linalg(x)", "attributes are not known", "np.linalg"),
        ("print(x)", "print is not a known function", "print"),
        ("__import__(x)", "__import__ is not a known function", "__import__"),
        ("x(2)", "x is no function: write x*(...) for a product", "x"),
        ("exp(x)(x)", "an operator is missing here", ")("),
        ("exp()", "exp(x): missing a required argument: 'x'", "exp()"),
        ("clip(x, 0)", "clip(x, low, high): missing a required argument: 'high'", "clip(x, 0)"),
        (
            "clip(x, 0, 1, k=2)",
            "clip(x, low, high): got an unexpected keyword argument 'k'",
            "clip(x, 0, 1, k=2)",
        ),
        ("sum(*[x])", "write the operands out, one by one", "*[x]"),
        ("exp(**x)", "write the operands out, one by one", "exp(**x)"),
        ("max([])", "max needs at least one number", "max([])"),
        ("dot([x], [1, 2])", "dot needs lists of one length, but got 1 and 2", "dot([x], [1, 2])"),
        ("dot(x, x)", "dot takes two lists", "dot(x, x)"),
        ("sum([x], x)", "sum takes one list", "sum([x], x)"),
        ("softmax([x])", "softmax gives several numbers", "softmax([x])"),
        ("softmax([x])[2]", "expected an index from 0 to 0 here", "2"),
        ("softmax([x])[x]", "expected an index from 0 to 0 here", "x"),
        ("1e999 + x", "this number is too large", "1e999"),
        ("0x1p3", "this is no expression", ""),
        ("x...x", "this is no expression", ""),
        ("x := 3", "this is no expression", ""),
        ("x; x + 1", "only the last part can do without a name", "x"),
        ("z = x; z = 1; z", "z has a meaning already: choose another name", "1"),
        ("z = z + x", "z is used before its = has come", "z"),
        ("a = b; b = x; a", "b is used before its = has come", "b"),
    ],
)
def test_what_is_no_expression_is_refused_and_underlined(text, message, underlined):
    got = refused(text, "x=1")
    assert got[0].startswith(message)
    assert not underlined or got[1] == underlined


@pytest.mark.parametrize(
    ("text", "message", "underlined"),
    [
        ("y + log(x)*2", "log needs a number > 0, but x is -1", "log(x)"),
        ("1/(x + 1) + y", "division by 0: x + 1 is 0", "1/(x + 1)"),
        ("ŷ = x; y*(ŷ - 1)**0.5", "(ŷ - 1)**0.5 is not defined where ŷ - 1 is -2", "(ŷ - 1)**0.5"),
        ("y + sqrt(-1)", "sqrt needs a number >= 0, but got -1", "sqrt(-1)"),
        ("y + log(-2)", "log needs a number > 0, but got -2", "log(-2)"),
        ("1/0 + y", "division by 0", "1/0"),
        ("1/(x - x) + y", "division by 0: x - x is 0", "1/(x - x)"),
        ("y + 0**x", "0**x is not defined where x is -1", "0**x"),
        ("y*reciprocal(x + 1)", "reciprocal needs a number != 0, but x + 1 is 0", "reciprocal(x + 1)"),
        (
            "log(x*y + x*y + x*y + x*y + x*y + x*y + x*y + x*y)",
            "log needs a number > 0, but x*y + x*y + x*y + x*y + x*y + x*y + x... is -8",
            "log(x*y + x*y + x*y + x*y + x*y + x*y + x*y + x*y)",
        ),
        ("sin(x*10**10**10) + y", "sin needs a finite number, but x*10**10**10 is -inf", "sin(x*10**10**10)"),
        ("x if y > 0 else arccos(x - 1)", "arccos needs -1 <= number <= 1, but x - 1 is -2", "arccos(x - 1)"),
    ],
)
def test_a_number_outside_of_a_domain_is_pointed_at(text, message, underlined):
    got = refused(text, *(word for word in ("x=-1", "y=1") if word[0] in text.replace("exp", "")))
    assert got[0].startswith(message)
    assert got[1] == underlined


def test_powers_of_powers_are_floats_and_may_be_infinite():
    assert Formula("10**10**10").compute({})["f"] == math.inf


def values(text, *words):
    return read_values(words, Formula(text))


def test_values_are_numbers_or_expressions_of_numbers():
    assert values("x*y*z*ŷ", "x=-1e-3", "y = pi/2", "z=1/3", "y\u0302=2") == {
        "x": -1e-3,
        "y": math.pi / 2,
        "z": 1 / 3,
        "ŷ": 2.0,
    }


def test_pi_and_e_may_have_a_value_of_their_own():
    assert Formula("e*pi").compute(values("e*pi", "e=2"))["f"] == 2.0 * math.pi


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "x has no value: write x=... y=... after the expression"),
        (["x=1"], "y has no value: write y=... after the expression"),
        (["x=1", "y=2", "z=3"], "there is no z in the expression: leave out z=..."),
        (["X=1", "y=2"], "there is no X in the expression (did you mean 'x'?)"),
        (["x=1", "y=2", "x=3"], "x has two values, 1 and 3: leave one out"),
        (["x", "y=2"], "expected name=number, such as x=0.5, but got 'x': an expression with spaces"),
        (["1=2", "y=2"], "expected name=number, such as x=0.5, but got '1=2'"),
        (["x=", "y=2"], "x needs a number: the expression is empty"),
        (["x=one", "y=2"], "x needs a number: expected a number, such as 0.5 or pi/2"),
        (["x=y", "y=2"], "x needs a number: expected a number, such as 0.5 or pi/2"),
        (["x=nan", "y=2"], "x needs a number: expected a number"),
        (["x=10**400", "y=2"], "x needs a number: expected a finite number, but this is inf"),
        (["x=1/0", "y=2"], "x needs a number: division by 0"),
        (["x=1,5", "y=2"], "x needs a number with a decimal point: write x=1.5"),
        (["x=__import__('os')", "y=2"], "x needs a number: text in quotes"),
        ([f"n{i}=1" for i in range(MOST_VALUES + 1)], f"expected at most {MOST_VALUES} values"),
    ],
)
def test_values_that_are_missing_or_wrong_are_named(words, message):
    assert refused("x*y", *words)[0].startswith(message)


def test_a_value_for_a_part_is_refused():
    assert refused("z = x; z", "x=1", "z=2")[0] == "z is computed by the expression: leave out z=..."


def test_a_name_of_a_function_without_a_value_is_told_to_be_one():
    assert (
        refused("exp + 1")[0]
        == "exp has no value: write exp(...) for the function, or exp=... after the expression"
    )
