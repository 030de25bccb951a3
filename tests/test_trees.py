"""Structures taken apart and put together again: nested lists, tuples, dicts and arrays."""

from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite._trees import flatten


class Pair(NamedTuple):
    """A tuple with names."""

    first: Any
    second: Any = None


SCALARS = st.floats(allow_nan=False) | st.text(max_size=2) | st.none()
TREES = st.recursive(
    SCALARS,
    lambda trees: (
        st.lists(trees, max_size=3)
        | st.lists(trees, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2) | st.integers() | st.tuples(st.integers()), trees, max_size=3)
        | st.builds(Pair, trees, trees)
    ),
    max_leaves=12,
)


def leaves_of(tree: Any) -> list[Any]:
    """The leaves in order, by recursion."""
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else None
    return [tree] if children is None else [leaf for child in children for leaf in leaves_of(child)]


def same(a: Any, b: Any) -> bool:
    """Equality of trees and of the types in them."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def reversed_keys(tree: Any) -> Any:
    """The same tree with the keys of all dicts in another order."""
    if isinstance(tree, dict):
        return {key: reversed_keys(tree[key]) for key in reversed(tree)}
    if isinstance(tree, list | tuple):
        children = [reversed_keys(child) for child in tree]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    return tree


@given(TREES)
def test_leaves_are_found_in_order_and_put_back(tree: Any) -> None:
    leaves, structure = flatten(tree)
    assert leaves == leaves_of(tree)
    assert same(structure.rebuild(leaves), tree)
    assert same(structure.rebuild(map_to_text(leaves)), structure.rebuild(map_to_text(leaves_of(tree))))
    assert len(structure.shapes) == len(leaves)


def map_to_text(leaves: list[Any]) -> list[str]:
    return [repr(leaf) for leaf in leaves]


@given(TREES)
def test_a_tree_fits_its_own_structure_whatever_the_order_of_keys(tree: Any) -> None:
    leaves, structure = flatten(tree)
    assert structure.leaves_of(tree, "what") == leaves
    assert structure.leaves_of(reversed_keys(tree), "what") == leaves


@given(TREES, TREES)
def test_a_tree_fits_another_structure_only_if_it_has_the_same(a: Any, b: Any) -> None:
    structure = flatten(a)[1]
    other = flatten(b)[1]
    numbered = other.rebuild(list(range(len(other.shapes))))
    refilled = structure.rebuild(list(range(len(structure.shapes))))
    if same_but_for_order(numbered, refilled):
        assert len(structure.leaves_of(b, "what")) == len(structure.shapes)
    else:
        with pytest.raises(ValueError, match=r"what: expected .*, but got "):
            structure.leaves_of(b, "what")


def same_but_for_order(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(same_but_for_order(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(map(same_but_for_order, a, b))
    return type(a) is type(b) is int


@given(TREES)
def test_paths_lead_to_the_leaves(tree: Any) -> None:
    leaves, structure = flatten(tree)
    paths = structure.paths()
    assert len(paths) == len(leaves)
    for path, leaf in zip(paths, leaves, strict=True):
        assert eval(f"tree{path}", {"tree": tree}) == leaf


def test_paths_lead_to_the_elements_of_arrays() -> None:
    tree = {"weights": [np.zeros((2, 1)), 1.0], "bias": np.zeros(2), "none": np.zeros((0, 3))}
    _, structure = flatten(tree)
    assert structure.paths() == [
        "['weights'][0][0, 0]", "['weights'][0][1, 0]", "['weights'][1]", "['bias'][0]", "['bias'][1]",
    ]  # fmt: skip
    assert flatten(3.0)[1].paths() == [""]


def test_arrays_are_leaves_with_a_shape() -> None:
    a = np.zeros((2, 3))
    leaves, structure = flatten([a, 1.0, (np.zeros(0), np.float64(2.0))])
    assert leaves[0] is a
    assert structure.shapes == [(2, 3), (), (0,), ()]


@given(st.lists(st.sampled_from([(), (2,), (2, 3), (0,), (1, 0, 2), (1,)]), max_size=5))
def test_arrays_are_cut_from_one_row_of_numbers(shapes: list[tuple[int, ...]]) -> None:
    _, structure = flatten([np.zeros(shape) if shape else 0.0 for shape in shapes])
    count = sum(int(np.prod(shape)) for shape in shapes)
    numbers = np.arange(float(count))
    filled = structure.fill(numbers)
    assert [np.shape(leaf) for leaf in filled] == shapes
    assert all(type(leaf) is float for leaf, shape in zip(filled, shapes, strict=True) if not shape)
    assert np.concatenate([np.zeros(0), *map(np.ravel, filled)]).tolist() == numbers.tolist()


def test_axes_before_the_last_stay_in_front() -> None:
    _, structure = flatten([1.0, np.zeros((2, 2))])
    number, array = structure.fill(np.arange(15.0).reshape(3, 5))
    assert number.tolist() == [0.0, 5.0, 10.0]
    assert array.shape == (3, 2, 2)
    assert array[1].tolist() == [[6.0, 7.0], [8.0, 9.0]]


def test_subclasses_of_lists_and_dicts_become_lists_and_dicts() -> None:
    class Names(list[Any]):
        pass

    for tree, expected in ((OrderedDict(b=1, a=2), {"b": 1, "a": 2}), (Names([1, 2]), [1, 2])):
        leaves, structure = flatten(tree)
        assert same(structure.rebuild(leaves), expected)
        assert structure.leaves_of(expected, "what") == leaves


def test_named_tuples_are_those_of_their_class() -> None:
    class Other(NamedTuple):
        first: Any
        second: Any

    leaves, structure = flatten(Pair(1.0, [2.0]))
    assert same(structure.rebuild(leaves), Pair(1.0, [2.0]))
    for wrong in (Other(1.0, [2.0]), (1.0, [2.0])):
        with pytest.raises(ValueError, match=r"expected a Pair of 2, but got a (Other|tuple) of 2"):
            structure.leaves_of(wrong, "what")


@pytest.mark.parametrize("leaf", ["text", b"bytes", {1, 2}, frozenset(), range(3), print, object(), None, 1j])
def test_everything_else_is_a_leaf(leaf: Any) -> None:
    leaves, structure = flatten([leaf])
    assert leaves == [leaf]
    assert structure.shapes == [()]


def test_what_a_structure_is_called_in_messages() -> None:
    names = {
        "a number": 1.0, "an array of shape (2, 3)": np.zeros((2, 3)), "a list of 2": [1, 2],
        "a tuple of 0": (),
        "a dict with the keys 'a', 3": {"a": 1, 3: 2}, "a dict with the keys (none)": {},
        "a Pair of 2": Pair(1),
    }  # fmt: skip
    for name, tree in names.items():
        assert str(flatten(tree)[1][0]) == name


def test_what_contains_itself_is_refused() -> None:
    a: list[Any] = []
    a.append((a, 1))
    b: dict[str, Any] = {}
    b["b"] = [b]
    c: list[Any] = [[]]
    c[0].append([c])
    for tree, kind in ((a, "list"), (b, "dict"), (c, "list"), ([1.0, {"a": a}], "list")):
        with pytest.raises(ValueError, match=f"but got a {kind} that contains itself"):
            flatten(tree)


def test_what_is_there_twice_does_not_contain_itself() -> None:
    shared = [1.0]
    leaves, structure = flatten([shared, {"a": shared, "b": (shared, shared)}])
    assert leaves == [1.0] * 4
    rebuilt = structure.rebuild(leaves)
    assert rebuilt[0] is not rebuilt[1]["a"]


def test_a_tree_that_contains_itself_fits_no_structure() -> None:
    a: list[Any] = []
    a.append(a)
    with pytest.raises(ValueError, match="expected a number, but got a list of 1"):
        flatten([[1.0]])[1].leaves_of(a, "what")


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_a_hundred_thousand_levels(kind: Any) -> None:
    tree: Any = 3.0
    for _ in range(100_000):
        tree = {0: tree} if kind is dict else kind([tree])
    leaves, structure = flatten(tree)
    assert leaves == [3.0]
    assert structure.leaves_of(tree, "what") == [3.0]
    assert structure.fill(np.array([4.0])) is not None
    with pytest.raises(ValueError, match="what: expected a number, but got a list of 0"):
        flatten(1.0)[1].leaves_of([], "what")


def test_a_long_list() -> None:
    leaves, structure = flatten(list(range(50_000)))
    assert structure.rebuild(leaves) == list(range(50_000))
