"""The graph of the lecture with one hidden node, for the tests of what shows graphs."""

from autograd_lite import Value


def labelled(value, label):
    value.label = label
    return value


def lecture_network():
    """One hidden node, sigmoid twice, cross-entropy."""
    x, y = Value(3.14, label="x"), Value(1.0, label="y")
    w1, w2 = Value(0.6394, label="w1"), Value(0.025, label="w2")
    b1, b2 = Value(0.0, label="b1"), Value(0.0, label="b2")
    a1 = labelled(labelled(w1 * x + b1, "z1").sigmoid(), "a1")
    y_hat = labelled(labelled(w2 * a1 + b2, "z2").sigmoid(), "ŷ")
    return labelled(-(y * y_hat.log() + (1 - y) * (1 - y_hat).log()), "J")
