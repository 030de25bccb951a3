"""Every node has a name of its own, its label where it has one."""

from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, topological_order
from autograd_lite._names import names_of

LABELS = st.sampled_from(["", "x", "x#2", "v1", "v2", "x#3", "y"])


@given(st.lists(LABELS, min_size=1, max_size=20))
def test_names_are_unique_and_labels_are_kept(labels):
    nodes = [Value(1.0, label) for label in labels]
    order = topological_order(*nodes)
    names = names_of(order)
    assert len(set(names.values())) == len(order)
    for label in {node.label for node in order} - {""}:
        assert names[next(node for node in order if node.label == label)] == label


def test_the_names_of_a_graph_are_the_same_each_time():
    x = Value(2.0, "x")
    y = (x * x).exp() + x.sin()
    first = names_of(topological_order(y))
    assert list(first.values()) == ["x", "v1", "v2", "v3", "v4"]
    assert names_of(topological_order(y)) == first
