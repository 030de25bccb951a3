"""Structures taken apart and put together again: nested lists, tuples, dicts and arrays."""

from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite._trees import flatten, scalars_of


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


def scalars_in(tree: Any) -> list[Any]:
    """The scalars in order, by recursion."""
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else None
    return [tree] if children is None else [scalar for child in children for scalar in scalars_in(child)]


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


def row(leaves: list[Any]) -> list[Any]:
    """All scalars of the leaves."""
    return [x for leaf in leaves for x in scalars_of(leaf)]


def refill(structure: Any, scalars: list[Any]) -> Any:
    return structure.fill(scalars, lambda part: np.array(part, dtype=float))


@given(TREES)
def test_scalars_are_found_in_order_and_put_back(tree: Any) -> None:
    leaves, structure = flatten(tree)
    scalars = row(leaves)
    assert scalars == scalars_in(tree)
    assert same(structure.rebuild(leaves), tree)
    assert same(refill(structure, scalars), tree)
    places = refill(structure, list(range(len(scalars))))
    assert scalars_in(places) == list(range(len(scalars)))


@given(TREES)
def test_a_tree_fits_its_own_structure_whatever_the_order_of_keys(tree: Any) -> None:
    leaves, structure = flatten(tree)
    assert structure.leaves_of(tree, "what") == leaves
    assert structure.leaves_of(reversed_keys(tree), "what") == leaves


@given(TREES, TREES)
def test_a_tree_fits_another_structure_only_if_it_has_the_same(a: Any, b: Any) -> None:
    structure = flatten(a)[1]
    if same_but_for_order(a, b):
        assert len(row(structure.leaves_of(b, "what"))) == len(scalars_in(a))
    else:
        with pytest.raises(ValueError, match=r"what: expected .*, but got "):
            structure.leaves_of(b, "what")


def same_but_for_order(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(same_but_for_order(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(map(same_but_for_order, a, b))
    return not any(isinstance(x, list | tuple | dict) for x in (a, b))


@given(TREES)
def test_paths_lead_to_the_scalars(tree: Any) -> None:
    leaves, structure = flatten(tree)
    for path, scalar in zip(structure.paths(), row(leaves), strict=True):
        assert eval(f"tree{path}", {"tree": tree}) == scalar


def test_paths_lead_to_the_elements_of_arrays() -> None:
    tree = {"weights": [np.zeros((2, 1)), 1.0], "bias": np.zeros(2), "none": np.zeros((0, 3)), "list": [1.0]}
    _, structure = flatten(tree)
    assert structure.paths() == [
        "['weights'][0][0, 0]", "['weights'][0][1, 0]", "['weights'][1]", "['bias'][0]", "['bias'][1]",
        "['list'][0]",
    ]  # fmt: skip
    assert flatten(3.0)[1].paths() == [""]


def test_arrays_are_leaves() -> None:
    a = np.zeros((2, 3))
    leaves, _ = flatten([a, 1.0, (np.zeros(0), np.float64(2.0))])
    assert leaves[0] is a
    assert row(leaves) == [0.0] * 6 + [1.0, 2.0]


SHAPES = st.lists(st.sampled_from([(), (2,), (2, 3), (0,), (1, 0, 2), (1,)]), max_size=5)


@given(SHAPES)
def test_arrays_are_cut_from_one_row_of_numbers(shapes: list[tuple[int, ...]]) -> None:
    _, structure = flatten([np.zeros(shape) if shape else 0.0 for shape in shapes])
    numbers = [float(i) for i in range(sum(int(np.prod(shape)) for shape in shapes))]
    for filled in (refill(structure, numbers), structure.fill_columns(np.array(numbers, dtype=float))):
        assert [np.shape(leaf) for leaf in filled] == shapes
        assert all(type(leaf) is float for leaf, shape in zip(filled, shapes, strict=True) if not shape)
        assert np.concatenate([np.zeros(0), *map(np.ravel, filled)]).tolist() == numbers


@given(SHAPES, SHAPES)
def test_a_matrix_becomes_a_structure_of_structures(
    outer: list[tuple[int, ...]], inner: list[tuple[int, ...]]
) -> None:
    """A number by a number is a number, an array of shape s by one of shape t is one of shape s + t."""
    counts = [sum(int(np.prod(shape)) for shape in shapes) for shapes in (outer, inner)]
    structures = [
        flatten({i: np.zeros(s) if s else 0.0 for i, s in enumerate(shapes)})[1] for shapes in (outer, inner)
    ]
    matrix = np.arange(float(counts[0] * counts[1])).reshape(counts)
    filled = structures[0].fill_rows(matrix, structures[1])
    assert list(filled) == list(range(len(outer)))
    start = 0
    for i, s in enumerate(outer):
        rows = matrix[start : (start := start + int(np.prod(s)))]
        left = 0
        for j, t in enumerate(inner):
            block = rows[:, left : (left := left + int(np.prod(t)))].reshape(s + t)
            assert np.shape(filled[i][j]) == s + t
            assert np.array_equal(filled[i][j], block)


def test_axes_before_the_last_stay_in_front() -> None:
    _, structure = flatten([1.0, np.zeros((2, 2))])
    number, array = structure.fill_columns(np.arange(15.0).reshape(3, 5))
    assert number.tolist() == [0.0, 5.0, 10.0]
    assert array.shape == (3, 2, 2)
    assert array[1].tolist() == [[6.0, 7.0], [8.0, 9.0]]


def test_subclasses_of_lists_and_dicts_become_lists_and_dicts() -> None:
    class Names(list[Any]):
        pass

    trees = (OrderedDict(b=1, a=2), {"b": 1, "a": 2}), (Names([1, 2]), [1, 2]), (Names([[1], 2]), [[1], 2])
    for tree, expected in trees:
        leaves, structure = flatten(tree)
        assert same(refill(structure, row(leaves)), expected)
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


@pytest.mark.parametrize(
    "scalar", ["text", b"bytes", {1, 2}, frozenset(), range(3), print, object(), None, 1j]
)
def test_everything_else_is_a_scalar(scalar: Any) -> None:
    for tree in (scalar, [scalar], {"a": (scalar, [])}):
        leaves, structure = flatten(tree)
        assert row(leaves) == [scalar]
        assert same(refill(structure, [scalar]), tree)


def test_what_a_structure_is_called_in_messages() -> None:
    names = {
        "a number": 1.0, "an array of shape (2, 3)": np.zeros((2, 3)), "a list of 2": [1, 2],
        "a list of 1": [[1]], "a tuple of 0": (), "a dict with the keys 'a', 3": {"a": 1, 3: 2},
        "a dict with the keys (none)": {}, "a Pair of 2": Pair(1),
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
    assert row(leaves) == [1.0] * 4
    rebuilt = refill(structure, [1.0] * 4)
    assert rebuilt == [shared, {"a": shared, "b": (shared, shared)}]
    assert rebuilt[0] is not rebuilt[1]["a"]


def test_a_tree_that_contains_itself_fits_no_structure() -> None:
    a: list[Any] = []
    a.append(a)
    for structure in (flatten([[1.0]])[1], flatten([[[[1.0]]]])[1]):
        with pytest.raises(ValueError, match=r"expected a number, but got a list of 1"):
            structure.leaves_of(a, "what")


@pytest.mark.parametrize(("kind", "levels"), [(list, 100_000), (tuple, 10_000), (dict, 10_000)])
def test_a_hundred_thousand_levels(kind: Any, levels: int) -> None:
    tree: Any = 3.0
    for _ in range(levels):
        tree = {0: tree} if kind is dict else kind([tree])
    leaves, structure = flatten(tree)
    assert row(leaves) == row(structure.leaves_of(tree, "what")) == [3.0]
    rebuilt = refill(structure, [4.0])
    for _ in range(levels):
        rebuilt = rebuilt[0]
    assert rebuilt == 4.0


def test_a_long_list() -> None:
    leaves, structure = flatten(list(range(50_000)))
    assert refill(structure, row(leaves)) == list(range(50_000))
