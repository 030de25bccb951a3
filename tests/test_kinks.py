"""The derivatives at kinks are those of docs/primitives.md, and PyTorch's unless the page gives a reason."""

import re
import runpy
from pathlib import Path

import pytest
from references.recording import read
from test_ops import KINKS as NOT_DIFFERENTIABLE

from autograd_lite import ops
from autograd_lite.engine import Value

PAGE = runpy.run_path(str(Path(__file__).parent.parent / "docs" / "make_primitives.py"))
FIRST, SECOND = PAGE["KINKS"].values()
TORCH = read("kinks.json")


def cases(kinks):
    return [
        pytest.param(function, point, kink.derivatives, id=f"{function} at {point}")
        for kink in kinks
        for function, point in kink.cases()
    ]


def at(function, point, differentiated=None):
    """The function at the point, with Values for the variables, or for those that are differentiated."""
    numbers = PAGE["numbers"](function, point)
    leaves = [Value(x) if differentiated in (None, name) else x for name, x in numbers.items()]
    return eval(function, vars(ops) | dict(zip(numbers, leaves, strict=True))), leaves


def same(xs, ys):
    """Whether derivatives are equal, NaN being equal to NaN, as far as they are known."""
    pairs = [(x, y) for x, y in zip(xs, ys, strict=True) if y is not None]
    return all(x == pytest.approx(y, rel=1e-12, abs=0, nan_ok=True) for x, y in pairs)


@pytest.mark.parametrize(("function", "point", "derivatives"), cases(FIRST))
def test_first_derivatives_are_those_of_the_page(function, point, derivatives):
    if derivatives is ops.DomainError:
        with pytest.raises(ops.DomainError):
            at(function, point)
        return
    y, leaves = at(function, point)
    assert same([slope.data for slope in y.gradient(leaves)], derivatives)
    y.backward()
    assert same([x.grad for x in leaves], derivatives)
    for name, derivative in zip(PAGE["numbers"](function, point), derivatives, strict=True):
        y, leaves = at(function, point, name)
        (x,) = (x for x in leaves if isinstance(x, Value))
        y.backward()
        assert same([x.grad, y.gradient(x).data], [derivative] * 2)


@pytest.mark.parametrize(("function", "point", "derivatives"), cases(SECOND))
def test_second_derivatives_are_those_of_the_page(function, point, derivatives):
    y, leaves = at(function, point)
    assert same([y.gradient(x).gradient(x).data for x in leaves], derivatives)


@pytest.mark.parametrize("order", PAGE["KINKS"])
def test_every_difference_from_pytorch_has_its_reason_and_no_reason_is_idle(order):
    for kink in PAGE["KINKS"][order]:
        if kink.derivatives is not ops.DomainError:
            recorded = [TORCH[PAGE["key"](order, *case)] for case in kink.cases()]
            assert [same(kink.derivatives, theirs) for theirs in recorded] == [not kink.reason] * len(
                recorded
            )


def test_the_page_has_every_primitive_with_a_kink():
    named = {name for kink in FIRST for name in re.findall(r"\w+(?=\()", kink.functions)}
    assert set(NOT_DIFFERENTIABLE) - {"ieee_pow"} <= named
