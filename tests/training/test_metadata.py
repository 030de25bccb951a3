"""What else a file says about a model: it comes back as it went in, or nothing is written."""

import copy
import json
import os
import pickle
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.nn import Neuron
from autograd_lite.training import _metadata, load, save
from autograd_lite.training._archive import content_of, write

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(st.characters()), x, max_size=3),
)


@given(metadata=st.dictionaries(st.text(st.characters()), JSON, max_size=3))
def test_what_json_can_say_comes_back_as_it_was(tmp_path_factory, metadata):
    file = tmp_path_factory.mktemp("saved") / "m"
    save(file, Neuron(1), metadata=metadata)
    assert repr(load(file).metadata) == repr(metadata)


def test_what_looks_like_the_name_of_an_array_is_none(tmp_path):
    metadata = {"a": {"array of this file": "array0"}}
    save(tmp_path / "m", Neuron(1), metadata=metadata)
    assert load(tmp_path / "m").metadata == metadata


def test_a_mapping_comes_back_as_a_dict(tmp_path):
    save(tmp_path / "m", Neuron(1), metadata=types.MappingProxyType({"a": types.MappingProxyType({"b": 1})}))
    assert load(tmp_path / "m").metadata == {"a": {"b": 1}}


def test_metadata_are_an_attribute_and_no_part_of_the_tuple(tmp_path):
    save(tmp_path / "m", Neuron(1), metadata={"a": [1, 2]})
    saved = load(tmp_path / "m")
    model, optimizer, history = saved
    assert (model, optimizer, history) == (saved.model, None, None)
    assert saved.metadata == {"a": [1, 2]}
    assert copy.copy(saved).metadata == pickle.loads(pickle.dumps(saved)).metadata == {"a": [1, 2]}


def test_a_file_without_metadata_has_none_and_one_of_before_there_were_any_too(tmp_path):
    save(tmp_path / "m", Neuron(1))
    content = content_of((tmp_path / "m").read_bytes())
    assert load(tmp_path / "m").metadata is None
    del content["metadata"]
    write(tmp_path / "m", content)
    assert "metadata" not in content_of((tmp_path / "m").read_bytes())
    assert load(tmp_path / "m").metadata is None


def nested(depth):
    tree = {}
    for _ in range(depth - 1):
        tree = {"a": tree}
    return tree


def held_many_times():
    tree = []
    for _ in range(60):
        tree = [tree, tree]
    return {"a": tree}


def held_by_itself():
    tree = {}
    tree["a"] = tree
    return tree


@pytest.mark.parametrize(
    ("metadata", "error", "match"),
    [
        (
            [1],
            TypeError,
            r"expected a dict of what should be known about the model as metadata, but got \[1\]",
        ),
        ({"a": {3: 1}}, TypeError, r"expected texts as keys of metadata\['a'\], but got 3"),
        ({"a": [0, (1, 2)]}, TypeError, r"but metadata\['a'\]\[1\] is \(1, 2\)"),
        ({"a": np.float64(1)}, TypeError, r"metadata\['a'\] is np.float64"),
        ({"a": np.ones(2)}, TypeError, r"metadata\['a'\] is array"),
        ({"a": {1, 2}}, TypeError, r"metadata\['a'\] is \{1, 2\}"),
        ({"a": [float("nan")]}, ValueError, r"expected finite numbers in metadata, but .*\[0\] is nan"),
        ({"a": float("inf")}, ValueError, r"metadata\['a'\] is inf"),
        (nested(101), ValueError, "at most 100 levels"),
        (held_by_itself(), ValueError, "at most 100 levels"),
        (held_many_times(), ValueError, "at most 1000 things"),
        ({"a": "x" * 1000}, ValueError, "at most 1000 characters in JSON, but got 1009"),
    ],
)
def test_what_would_not_come_back_is_refused_before_anything_is_written(
    tmp_path, monkeypatch, metadata, error, match
):
    monkeypatch.setattr(_metadata, "MAX_CHARACTERS", 1000)
    with pytest.raises(error, match=match):
        save(tmp_path / "m", Neuron(1), metadata=metadata)
    assert os.listdir(tmp_path) == []


def test_a_hundred_levels_are_taken(tmp_path):
    save(tmp_path / "m", Neuron(1), metadata=nested(100))
    assert load(tmp_path / "m").metadata == nested(100)


@pytest.mark.parametrize(
    "text", [3, "", "[1]", "{", '{"a": NaN}', '{"a": 1e999}', json.dumps(nested(101)), "[" * 10**5, {"a": 1}]
)
def test_a_file_with_other_metadata_is_refused(tmp_path, text):
    save(tmp_path / "m", Neuron(1))
    content = content_of((tmp_path / "m").read_bytes())
    write(tmp_path / "m", content | {"metadata": text})
    with pytest.raises(
        ValueError, match=r"expected a file that save wrote, but .* is another one or damaged"
    ):
        load(tmp_path / "m")
