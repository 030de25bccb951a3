"""Dropout: what is drawn, eager and compiled, and what is refused."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value, compile
from autograd_lite.nn import Dropout


@given(st.floats(0, 0.95), st.integers(1, 20), st.integers(0, 1000))
def test_dropout_drops_with_its_probability_and_scales_what_is_left(p, n, seed):
    x = np.arange(1.0, n + 1)
    kept = np.random.default_rng(seed).random((3, n)) >= p
    dropout = Dropout(p, seed=seed)
    expected = x * kept / (1 - p) if p else np.array([x] * 3)
    for row in expected:
        y = dropout(x)
        assert isinstance(y, list)
        np.testing.assert_allclose(y, row, rtol=1e-15)


def test_the_mean_of_what_comes_out_of_dropout_is_what_went_in():
    dropout = Dropout(0.3, seed=0)
    drawn = np.array([dropout([1.0] * 100) for _ in range(200)])
    assert drawn.mean() == pytest.approx(1.0, abs=0.02)
    assert (drawn == 0).mean() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("make", [lambda: Dropout(0.5, seed=0).eval(), lambda: Dropout(0.0, seed=0)])
def test_dropout_out_of_training_or_without_a_probability_gives_back_its_inputs_and_draws_nothing(make):
    dropout = make()
    x = [Value(1.0), 2.0]
    assert dropout(x) == x
    assert dropout(tuple(x)) == x
    assert dropout.rng.random() == np.random.default_rng(0).random()


def test_dropout_passes_on_the_derivatives_of_what_it_keeps():
    x = [Value(3.0) for _ in range(50)]
    y = Dropout(0.75, seed=1)(x)
    sum(y).backward()
    assert {(v.grad, out.data) for v, out in zip(x, y, strict=True)} == {(0.0, 0.0), (4.0, 12.0)}


def dropping(*p, seed=0):
    """A function through dropouts of one generator, and that generator."""
    rng = np.random.default_rng(seed)
    steps = [Dropout(q, seed=rng) for q in p]

    def f(x):
        out = []
        for k, step in enumerate(steps):
            out += step(list(x)[k:])
        return out

    return f, rng


@settings(max_examples=25)
@given(st.lists(st.floats(0, 0.9), min_size=1, max_size=3), st.integers(1, 5), st.integers(1, 3))
def test_compiled_dropout_draws_the_same_masks_in_every_call(p, batch, calls):
    eager, rng = dropping(*p)
    to_compile, same_rng = dropping(*p)
    compiled = compile(to_compile, in_axes=0)
    X = np.arange(1.0, 1 + 4 * batch).reshape(batch, 4)
    for _ in range(calls):
        np.testing.assert_array_equal(compiled(X), [eager(x) for x in X.tolist()])
    assert rng.random() == same_rng.random()


def test_compiled_dropout_of_one_example_draws_a_mask_in_every_call():
    dropout = Dropout(0.5, seed=0)
    compiled = compile(Dropout(0.5, seed=0))
    masks = {tuple(compiled([1.0] * 8)) for _ in range(5)}
    assert masks == {tuple(dropout([1.0] * 8)) for _ in range(5)}
    assert len(masks) == 5


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, np.nan, np.inf, "0.5", None, True])
def test_a_probability_out_of_range_is_refused(p):
    with pytest.raises(ValueError, match="expected a probability 0 <= p < 1 to drop an input, but got"):
        Dropout(p)


@pytest.mark.parametrize("x", [3.0, Value(1.0), np.array(1.0), None, {"x": 1.0}, {1.0}])
def test_dropout_takes_sequences(x):
    with pytest.raises(TypeError, match=r"Dropout\(0.5\) takes a sequence of numbers, but got"):
        Dropout(0.5)(x)


def test_dropout_has_no_parameters_and_can_be_copied_and_pickled():
    dropout = Dropout(0.2, seed=0)
    assert dropout.parameters() == []
    assert repr(dropout) == "Dropout(0.2)"
    others = [copy.deepcopy(dropout), pickle.loads(pickle.dumps(dropout))]
    masks = [d([1.0] * 9) for d in (dropout, *others)]
    assert masks[0] == masks[1] == masks[2]


def test_dropouts_of_one_seed_are_the_same_and_of_none_differ():
    x = [1.0] * 60
    assert Dropout(seed=3)(x) == Dropout(0.5, 3)(x) == Dropout(seed=np.random.default_rng(3))(x)
    assert Dropout()(x) != Dropout()(x)
