"""Tests of what pictures call a derivative, and of what they say of numbers that do not belong together."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lecture_graph import labelled, lecture_network

from autograd_lite import ops, sigmoid
from autograd_lite.drawing import draw
from autograd_lite.drawing._gradients import adjoints_of
from autograd_lite.engine import Value, topological_order
from autograd_lite.nn import MLP
from autograd_lite.testing import expressions

ADD_UP = "calls of backward() add up until zero_grad()"


def neuron():
    w, x, b = Value(0.6, label="w"), Value(3.14, label="x"), Value(-1.0, label="b")
    J = labelled((sigmoid(w * x + b) - 1) ** 2, "J")
    return w, x, b, J


def fractions(picture):
    return re.findall(r"∂J/∂(\w+) = ", picture.source)


@given(expressions(max_steps=30))
def test_adjoints_are_the_gradients_of_backward_and_touch_none(expression):
    root = expression(*map(Value, expression.leaves))
    order = topological_order(root)
    adjoints = adjoints_of(order)
    assert not any(node.has_grad for node in order)
    root.backward()
    assert [repr(adjoints.get(node, 0.0)) for node in order] == [repr(node.grad) for node in order]


@given(st.permutations([1e16, 1.0, -1e16, 0.3]))
def test_gradients_that_cancel_are_still_derivatives(factors):
    x = Value(1.0, label="x")
    J = labelled(ops.sum([x * factors[0] + x * factors[1], x * factors[2], x * factors[3]]), "J")
    J.backward()
    assert "x" in fractions(draw(J))


def test_what_one_backward_left_is_a_derivative():
    *_, J = neuron()
    J.backward()
    assert len(fractions(draw(J))) == len(topological_order(J))
    assert ADD_UP not in draw(J).source


def test_what_several_backwards_left_is_no_derivative():
    *_, J = neuron()
    J.backward()
    J.backward()
    source = draw(J).source
    assert source.count("grad = ") == 3
    assert set(fractions(draw(J))).isdisjoint("wxb")
    assert source.count(f"the grad of w is not ∂J/∂w: {ADD_UP}") == 1


def test_what_was_assigned_or_forgotten_is_no_derivative():
    w, _, b, J = neuron()
    J.backward()
    w.grad, b.grad = 5, 0.0
    source = draw(J).source
    assert "grad = 5" in source
    assert "grad = 0<" in source
    assert ADD_UP in source


def test_merged_boxes_and_layers_say_so_too():
    model = MLP(2, [16, 16, 1], seed=1)
    J = labelled((model([1.0, 2.0]) - 1) ** 2, "J")
    for times in (0, 1):
        J.backward()
        for options in ({"detail": "layers"}, {"detail": "neurons", "weigh": "gradient"}):
            assert (ADD_UP in draw(J, **options).source) == bool(times)
    x = Value(1.0, label="x")
    y = x
    for _ in range(200):
        y = y * 1.001
    y.backward()
    y.backward()
    assert ADD_UP in draw(y).source


def test_edges_are_weighed_by_a_derivative_only_if_it_is_one():
    w = [Value(1.0, label="w0"), Value(1.0, label="w1")]
    J = labelled(ops.dot(w, [2.0, -5.0]).tanh(), "J")
    J.backward()
    assert "on an edge: ∂J/∂weight" in draw(J, detail="neurons", weigh="gradient").source
    J.backward()
    source = draw(J, detail="neurons", weigh="gradient").source
    assert "on an edge: grad" in source
    assert "∂J/∂weight" not in source


def test_a_leaf_that_was_changed_since_is_marked_and_the_caption_says_what_to_do():
    w, _, _, J = neuron()
    J.backward()
    assert "changed" not in draw(J).source
    w.data -= 10 * w.grad
    source = draw(J).source
    assert "<B>w</B> = 4.398 (changed)" in source
    assert source.count("(changed)") == 1
    assert "w was changed after v1 was computed: compute J again" in source
    assert "w was changed" in J._repr_mimebundle_()["image/svg+xml"]


def test_several_leaves_that_were_changed_are_one_sentence():
    w, _, b, J = neuron()
    w.data, b.data = 1.0, 2.0
    source = draw(J).source
    assert source.count("(changed)") == 2
    assert "w and b were changed after J was computed: compute J again" in source
    model = MLP(2, [3, 1], seed=1)
    J = labelled(model([1.0, 2.0]) ** 2, "J")
    for p in model.parameters():
        p.data += 1.0
    assert re.search(r"b1\S+ and others were changed after J was computed", draw(J).source)


def test_where_it_is_not_known_what_was_changed_no_leaf_is_blamed():
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    y = labelled(a + b, "y")
    a.data = 3.0
    assert "data was changed after y was computed: compute y again" in draw(y).source
    assert "(changed)" not in draw(y).source
    z = labelled(a * b, "z")
    z.data = 7.0
    assert "data was changed after z was computed" in draw(z).source


@pytest.mark.parametrize("detail", ["operations", "neurons", "layers", "auto"])
def test_every_picture_says_that_something_was_changed(detail):
    J = lecture_network()
    next(node for node in topological_order(J) if node.label == "w1").data = 5.0
    assert "w1 was changed after v1 was computed: compute J again" in draw(J, detail=detail).source
