"""What micrograd's README, tests and notebooks compute, of whichever engine they are given.

The recorder runs these programs with micrograd, the tests run them with autograd_lite: nothing but
the imports differs. https://github.com/karpathy/micrograd (MIT licence)
"""


def readme(Value):
    """The example of the README, also the second test of the engine."""
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    return {"g": g.data, "da": a.grad, "db": b.grad}


def sanity_check(Value):
    """The first test of the engine."""
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    return {"y": y.data, "dx": x.grad}


def trace(root):
    """The nodes of a graph and its edges, as trace_graph.ipynb collects them."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def draw_dot(root, Digraph, rankdir="LR"):
    """The picture that trace_graph.ipynb makes of a graph."""
    nodes, edges = trace(root)
    dot = Digraph(format="svg", graph_attr={"rankdir": rankdir})
    for n in nodes:
        dot.node(name=str(id(n)), label=f"{{ data {n.data:.4f} | grad {n.grad:.4f} }}", shape="record")
        if n._op:
            dot.node(name=str(id(n)) + n._op, label=n._op)
            dot.edge(str(id(n)) + n._op, str(id(n)))
    for n1, n2 in edges:
        dot.edge(str(id(n1)), str(id(n2)) + n2._op)
    return dot


def simple_graph(Value):
    """The first graph of trace_graph.ipynb."""
    x = Value(1.0)
    y = (x * 2 + 1).relu()
    y.backward()
    return y


def neuron_graph(Value, w, b, x=(1.0, -2.0)):
    """A neuron of two inputs, the second graph of trace_graph.ipynb, written out."""
    w, b, x = [Value(v) for v in w], Value(b), [Value(v) for v in x]
    y = sum((wi * xi for wi, xi in zip(w, x, strict=True)), b).relu()
    y.backward()
    return y


def describe(root):
    """What a picture shows of a graph: data, gradient and operation of its nodes, ends of its edges."""
    nodes, edges = trace(root)
    return {
        "nodes": sorted([n._op, float(n.data), float(n.grad)] for n in nodes),
        "edges": sorted([float(child.data), float(parent.data)] for child, parent in edges),
    }


def moons(Value, model, X, y, steps=100):
    """demo.ipynb: the loss and the accuracy of each step of training on the two moons."""

    def loss():
        inputs = [list(map(Value, row)) for row in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        accuracy = [(yi > 0) == (score.data > 0) for yi, score in zip(y, scores, strict=True)]
        return data_loss + reg_loss, sum(accuracy) / len(accuracy)

    losses, accuracies = [], []
    for k in range(steps):
        total_loss, accuracy = loss()
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        losses.append(float(total_loss.data))
        accuracies.append(float(accuracy))
    return losses, accuracies


def boundary(Value, model, X, h=0.25):
    """demo.ipynb: on which side of the boundary the points of a grid lie."""
    import numpy as np

    x_min, x_max = X[:, 0].min() - 1, X[:, 0].max() + 1
    y_min, y_max = X[:, 1].min() - 1, X[:, 1].max() + 1
    xx, yy = np.meshgrid(np.arange(x_min, x_max, h), np.arange(y_min, y_max, h))
    inputs = [list(map(Value, row)) for row in np.c_[xx.ravel(), yy.ravel()]]
    scores = list(map(model, inputs))
    return np.array([s.data > 0 for s in scores]).reshape(xx.shape)
