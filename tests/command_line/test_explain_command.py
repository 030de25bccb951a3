"""`explain` in a terminal: value, derivatives, chain rule, Hessian, finite differences."""

import json
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd_lite import command_line, grad, hessian, sigmoid
from autograd_lite.command_line import _explain
from autograd_lite.command_line._arguments import read_graph
from autograd_lite.explain import explain

NETWORK = "z1 = w1*x + b1; a1 = σ(z1); z2 = w2*a1 + b2; ŷ = σ(z2); J = -(y*log(ŷ) + (1 - y)*log(1 - ŷ))"
VALUES = ["w1=0.6", "x=3.14", "b1=-1", "w2=0.5", "b2=0.1", "y=1"]


def rows(text):
    """The lines of a table as lists of words, by the first word."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.split()}


def test_the_lecture_s_network_has_its_value_all_derivatives_and_the_chain_rule_of_one(call):
    code, out, err = call("explain", NETWORK, *VALUES, "--wrt", "w2")
    assert (code, err) == (0, "")
    value, table, chain_rule, *_ = out.split("\n\n")
    nodes = read_graph(NETWORK, VALUES).nodes
    assert value == f"J = {nodes['J'].data:.6g}"
    assert rows(table) == {
        "name": ["value", "∂J/∂name"],
        **{name: [f"{v.data:.6g}", f"{v.grad:.6g}"] for name, v in nodes.items() if name != "J"},
    }
    assert chain_rule.startswith("∂J/∂w2 = ∂J/∂ŷ")


@pytest.mark.parametrize(
    ("text", "name"),
    [("y = w*x; y", "y"), ("y = w*x", "y"), ("w*x", "f"), ("y = w*x; z = y; z", "y"), ("y = w*x; +y", "y")],
)
def test_the_table_and_the_chain_rule_call_the_result_by_one_name(text, name, call):
    out = call("explain", text, "w=2", "x=3").out
    assert out.startswith(f"{name} = 6\n\nname  value  ∂{name}/∂name\n")
    assert json.loads(call("explain", text, "w=2", "x=3", "--json").out)["name"] == name
    assert f"∂{name}/∂w = x" in out


def test_a_name_alone_has_the_derivative_1(call):
    out = call("explain", "x", "x=3").out
    assert out == "x = 3\n\nname  value  ∂x/∂name\nx         3         1\n\n∂x/∂x = 1\n"
    data = json.loads(call("explain", "x", "x=3", "--json", "--check", "--second").out)
    assert (data["derivatives"], data["hessian"]) == ({"x": 1}, {"x": {"x": 0}})
    assert data["check"]["x"]["verdict"] == "ok"


def test_the_chain_rule_is_the_one_of_the_library(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    graph = read_graph("z = w*x; tanh(z)", ["w=1", "x=2"])
    _, out, _ = call(
        "explain", "z = w*x; tanh(z)", "w=1", "x=2", "--wrt", "w", "--wrt", "z", "--detail", "operations"
    )
    for name in ("w", "z"):
        text = explain(graph.result, graph.node(name), detail="operations").to_text(width=70)
        assert text in out


def test_the_chain_rule_of_few_names_is_written_unasked_and_that_of_many_on_request(call):
    assert "∂f/∂y = x" in call("explain", "x*y", "x=1", "y=2").out
    many = call("explain", "a*b*c*d*g", *(f"{x}=1" for x in "abcdg")).out
    assert many.endswith("(--wrt NAME writes out the chain rule by one of these names)\n")
    assert "∂f/∂g =" not in many


def test_json_holds_all_numbers_exactly(call):
    code, out, err = call("explain", "x**2 * sin(y)", "x=3", "y=0.5", "--json", "--second", "--check")
    assert (code, err) == (0, "")
    data = json.loads(out)
    gradient = grad(lambda x, y: x**2 * y.sin(), argnums=(0, 1))(3.0, 0.5)
    assert data["expression"] == "x**2 * sin(y)"
    assert (data["name"], data["value"]) == ("f", 9.0 * math.sin(0.5))
    assert data["values"] == {"x": 3.0, "y": 0.5}
    assert tuple(data["derivatives"].values()) == pytest.approx(gradient, rel=1e-15)
    assert data["chain_rule"]["x"]["gradient"] == data["derivatives"]["x"]
    second = hessian(lambda v: v[0] ** 2 * v[1].sin())([3.0, 0.5])
    assert [list(row.values()) for row in data["hessian"].values()] == second
    assert {check["verdict"] for check in data["check"].values()} == {"ok"}


def test_json_has_infinities_as_strings(call):
    _, out, _ = call("explain", "sqrt(x) - x*10**10**10", "x=0", "--json")
    data = json.loads(out, parse_constant=pytest.fail)
    assert data["value"] == "NaN"
    assert float(json.loads(call("explain", "sqrt(x)", "x=0", "--json").out)["derivatives"]["x"]) == math.inf


def test_the_hessian_is_a_table_of_the_names_with_numbers_or_of_those_chosen(call):
    out = call("explain", "z = x*y; z**2", "x=2", "y=3", "--second").out
    assert rows(out.split("\n\n")[2]) == {"∂²f": ["x", "y"], "x": ["18", "24"], "y": ["24", "8"]}
    chosen = call("explain", "x*y**2", "x=2", "y=3", "--second", "--wrt", "y").out
    assert rows(chosen.split("\n\n")[2]) == {"∂²f": ["y"], "y": ["4"]}


def test_the_hessian_by_a_part_or_by_too_many_names_is_refused(call):
    code, _, err = call("explain", "z = x*x; z**2", "x=2", "--second", "--wrt", "z")
    assert (code, err) == (
        2,
        "autograd-lite: error: z is computed: --second takes the names with numbers, x\n",
    )
    names = [f"n{i}" for i in range(_explain.MOST_SECOND + 1)]
    code, _, err = call("explain", "+".join(names), *(f"{n}=1" for n in names), "--second")
    assert (code, "choose with --wrt" in err) == (2, True)


@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
def test_finite_differences_agree_for_names_and_for_parts(x, y):
    graph = read_graph("z = sigmoid(x*y); tanh(z + x)*exp(-y)", [f"x={x}", f"y={y}"])
    checks = _explain._checks(graph, ["x", "y", "z"])
    assert [check.verdict for check in checks.values()] == ["ok"] * 3
    for name, check in checks.items():
        assert check.finite_difference == pytest.approx(graph.node(name).grad, rel=1e-6, abs=1e-9)


def test_a_derivative_that_differs_is_told_with_the_exit_code(call, monkeypatch):
    def wrong(expression, words):
        graph = read_graph(expression, words)
        graph.node("x").grad *= 1.001
        return graph

    monkeypatch.setattr(_explain, "read_graph", wrong)
    code, out, err = call("explain", "x*y", "x=2", "y=3", "--check")
    assert (code, err) == (1, "")
    table = rows(out.split("\n\n")[1])
    assert table["x"][-1] == "differs"
    assert table["y"] == ["3", "2", "2", table["y"][3], "ok"]


@pytest.mark.parametrize(
    ("expression", "verdict"), [("relu(x)", "kink"), ("sqrt(x)", "unsettled"), ("x*abs(x)", "ok")]
)
def test_where_there_is_no_derivative_finite_differences_say_so(expression, verdict, call):
    code, out, _ = call("explain", expression, "x=0", "--check", "--json")
    assert (code, json.loads(out)["check"]["x"]["verdict"]) == (0, verdict)


def test_checking_too_much_is_refused_before_it_takes_long(call):
    names = [f"n{i}" for i in range(400)]
    code, _, err = call("explain", "+".join(names), *(f"{n}=1" for n in names), "--check")
    assert (code, "--check of so long an expression takes fewer than 400 names" in err) == (2, True)
    assert call("explain", "+".join(names), *(f"{n}=1" for n in names), "--check", "--wrt", "n7").code == 0


def test_latex_is_that_of_the_library_and_nothing_else(call):
    graph = read_graph("z = w*x; z**2", ["w=1", "x=2"])
    out = call("explain", "z = w*x; z**2", "w=1", "x=2", "--latex", "--wrt", "w").out
    assert out == explain(graph.result, graph.node("w")).to_latex() + "\n"
    code, _, err = call("explain", "a*b*c*d*g", *(f"{x}=1" for x in "abcdg"), "--latex")
    assert (code, "choose one with --wrt NAME" in err) == (2, True)


def test_ascii_is_plain_and_says_the_same(call):
    out = call("explain", "ŷ = σ(z); ŷ**2", "z=1", "--ascii").out
    assert out.isascii()
    assert "dy_hat/dz" in out.replace(" ", "")


def test_a_name_that_is_not_there_is_answered_with_one_that_is(call):
    code, out, err = call("explain", "weight*x", "weight=1", "x=2", "--wrt", "wieght")
    assert (code, out) == (2, "")
    assert err == "autograd-lite: error: there is no 'wieght' in the expression (did you mean 'weight'?)\n"


def test_numbers_alone_have_a_value_and_no_derivatives(call):
    assert call("explain", "2*3 + sqrt(4)") == (0, "f = 8\n", "")


def test_a_domain_error_is_pointed_at(call):
    assert call("explain", "y + log(x)", "x=-1", "y=2") == (
        2,
        "",
        "autograd-lite: error: log needs a number > 0, but x is -1\n  y + log(x)\n      ^^^^^^\n",
    )


@given(st.sampled_from(["w", "x", "b"]), st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5))
def test_derivatives_are_those_of_the_function(name, w, x, b):
    got = read_graph("sigmoid(w*x + b)**2", [f"w={w}", f"x={x}", f"b={b}"]).node(name).grad
    expected = grad(lambda w, x, b: sigmoid(w * x + b) ** 2, argnums="wxb".index(name))(w, x, b)
    assume(math.isfinite(expected))
    assert got == pytest.approx(expected, rel=1e-12)


def test_nothing_of_the_package_is_shown_when_it_fails_in_an_unforeseen_way(call, monkeypatch):
    def fail(*arguments, **options):
        raise RecursionError("too deep")

    monkeypatch.setattr(_explain, "explain", fail)
    code, out, err = call("explain", "x", "x=1")
    assert (code, out) == (command_line.FAILED, "")
    assert (
        err
        == "autograd-lite: error: unexpected RecursionError, please report it with this command: too deep\n"
    )
