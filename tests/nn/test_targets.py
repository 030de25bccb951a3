"""One-hot vectors: what they hold, and what is no class."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograd_lite.nn import MLP, categorical_cross_entropy, one_hot
from autograd_lite.optim import SGD
from autograd_lite.training import fit


@given(arrays(int, array_shapes(max_dims=3, max_side=4), elements=st.integers(0, 9)), st.integers(0, 3))
def test_the_place_of_the_1_is_the_class(labels, more):
    n = int(labels.max()) + 1
    for n_classes, width in ((None, n), (n + more, n + more)):
        vectors = one_hot(labels, n_classes)
        assert vectors.shape == (*labels.shape, width)
        assert vectors.dtype == float
        assert (vectors.argmax(axis=-1) == labels).all()
        assert ((vectors == 1).sum(axis=-1) == 1).all()
        assert ((vectors == 0).sum(axis=-1) == width - 1).all()


@pytest.mark.parametrize("labels", [[2, 0], (2, 0), np.array([2.0, 0.0]), np.array([2, 0], dtype=np.uint8)])
def test_labels_may_be_of_any_kind_of_whole_number(labels):
    assert one_hot(labels).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_a_class_is_one_vector_and_truth_values_are_two_classes():
    assert one_hot(1, 3).tolist() == [0, 1, 0]
    assert one_hot([True, False]).tolist() == [[0, 1], [1, 0]]
    assert one_hot([], 3).shape == (0, 3)


@pytest.mark.parametrize("wrong", [-1, 1.5, math.nan, math.inf, 3])
def test_labels_that_are_no_classes_are_refused(wrong):
    with pytest.raises(ValueError, match=f"expected whole numbers from 0 to 2 as labels, but got {wrong}"):
        one_hot([0, wrong, 1], 3)


def test_without_a_number_of_classes_the_labels_have_to_be_whole_numbers_too():
    with pytest.raises(ValueError, match="expected whole numbers from 0 on as labels, but got -2"):
        one_hot([0, -2])


@pytest.mark.parametrize(
    "labels", [["setosa", "virginica"], [None], [1j], [[0], ["1"]], np.ma.array([0, 1], mask=[0, 1])]
)
def test_labels_that_are_no_numbers_are_refused_with_the_way_to_number_them(labels):
    with pytest.raises(
        TypeError, match=r"number them first, .*np.unique\(labels, return_inverse=True\)\[1\]"
    ):
        one_hot(labels)


@pytest.mark.parametrize(
    ("n_classes", "error", "match"),
    [
        (0, ValueError, "expected n_classes of at least 1, but got 0"),
        (-3, ValueError, "expected n_classes of at least 1, but got -3"),
        (2.0, TypeError, "expected an integer for n_classes, but got 2.0"),
        ("3", TypeError, "expected an integer for n_classes, but got '3'"),
        (True, TypeError, "expected an integer for n_classes, but got True"),
    ],
)
def test_a_number_of_classes_that_is_none_is_refused(n_classes, error, match):
    with pytest.raises(error, match=match):
        one_hot([0, 1], n_classes)


@pytest.mark.parametrize(
    ("labels", "n_classes"), [([1e300], None), ([2**63], None), ([10**12, 0], None), ([0], 10**10)]
)
def test_numbers_that_are_no_classes_are_refused_before_their_vectors_are_made(labels, n_classes):
    with pytest.raises(
        ValueError, match=r"labels of classes up to 1e\+|labels of classes up to 9\.22337e\+18"
    ):
        one_hot(labels, n_classes)


def test_no_labels_and_ragged_ones_are_refused():
    with pytest.raises(ValueError, match="at least one label to count the classes from"):
        one_hot([])
    with pytest.raises(ValueError, match="lists of different lengths"):
        one_hot([[0, 1], [2]])


def test_training_on_vectors_is_training_on_classes():
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(12, 2)), rng.integers(0, 3, 12)
    states = []
    for y in (labels, one_hot(labels, 3)):
        model = MLP(2, [4, 3], output="softmax", seed=0)
        history = fit(model, X, y, loss=categorical_cross_entropy, optimizer=SGD(0.3), epochs=20)
        assert history.loss[-1] < history.loss[0]
        states.append(list(model.state_dict().values()))
    assert states[0] == pytest.approx(states[1], rel=1e-9)
