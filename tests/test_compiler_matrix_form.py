"""The matrix form of programs: it is Python that computes the same, with the names of the lecture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import compile, grad, nn, ops
from autograd_lite.compiler import _matrix_form
from autograd_lite.compiler._kernels import kernel_of
from autograd_lite.compiler._listing import listing, profile, slots
from autograd_lite.compiler._matrix_form import matrix_form
from autograd_lite.compiler._symbolic import BATCHED, execute

N = 5
LOSSES = {
    "squares": lambda s, y: sum((a - b) ** 2 for a, b in zip(s, y, strict=True)),
    "mse": nn.mse,
    "hinge": lambda s, y: sum((1 - b * a).relu() for a, b in zip(s, y, strict=True)),
    "logistic": lambda s, y: sum(ops.softplus(-b * a) for a, b in zip(s, y, strict=True)),
    "logits": lambda s, y: ops.logsumexp([0.0, *s]) - ops.dot(y, s),
    "softmax": lambda s, y: -sum(b * ops.log(a) for a, b in zip(ops.softmax(s), y, strict=True)),
}


def _function(p):
    """A primitive on arrays of any shape, as NumPy's functions are."""

    def function(*xs):
        arrays = np.broadcast_arrays(*(np.array(x, dtype=float) for x in xs))
        out = np.empty(arrays[0].shape)
        kernel_of(p)(*arrays, out)
        return out

    return function


def logsumexp(x, axis):
    return np.log(np.exp(x).sum(axis))


def softmax(x, axis):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


NAMESPACE = {name: _function(p) for name, p in ops.TABLE.items() if not p.is_nary and name != "where"}
NUMPY = "add array broadcast_to concatenate where zeros ones inf nan"
NAMESPACE |= {name: getattr(np, name) for name in NUMPY.split()}
NAMESPACE |= {"logsumexp": logsumexp, "softmax": softmax, "norm": np.linalg.norm}


def results_of(program, theta, inputs, n):
    """The leaves, as the matrix form computes them."""
    trace = execute(program)
    names = {"N": n} | NAMESPACE
    place, _ = trace.parameters
    arrays = iter(inputs)
    for k, symbol in enumerate(trace.symbols):
        if symbol.dims is None or (symbol.op == "theta" and not len(theta)):
            continue
        shape = [n if d == BATCHED else 1 if d is None else symbol.shape[d] for d in symbol.dims]
        if symbol.op == "input":
            numbers = np.asarray(next(arrays)).T
        elif symbol.op == "theta":
            numbers = theta
        else:
            rows = np.flatnonzero(place == k)
            numbers = np.zeros(len(rows))
            numbers[trace.parameters[1][rows]] = theta[rows]
        names[symbol.name] = np.reshape(numbers, shape)
    text = matrix_form(program)
    exec("def f():\n" + "\n".join(f"    {line}" for line in text.splitlines()), names)
    found = names["f"]()
    found = found if isinstance(found, tuple) else (found,)
    return [_leaf(x, *leaf, n, program, trace.symbols) for x, leaf in zip(found, trace.leaves, strict=True)]


def _leaf(found, owner, index, n, program, symbols):
    """A leaf from its parts: whole symbols, or else runs of their rows."""
    is_batched = program.has_batch_axis
    items = found if isinstance(found, list) else [found]
    leaf = np.zeros((len(owner), n) if is_batched else len(owner))
    runs = np.cumsum(np.diff(owner, prepend=owner[:1]) != 0)
    order = list(dict.fromkeys(owner.tolist()))
    is_whole = all(
        sorted(index[owner == k]) == list(range(np.prod(symbols[k].shape, dtype=int))) for k in order
    )
    groups = [owner == k for k in order] if is_whole else [runs == k for k in range(runs[-1] + 1)]
    for rows, item in zip(groups, items, strict=True):
        size = (rows.sum(), n) if is_batched else (rows.sum(),)
        full = np.broadcast_to(item, size) if np.size(item) < np.prod(size) else np.reshape(item, size)
        leaf[rows] = full[index[rows]] if is_whole else full
    return leaf.T if is_batched else leaf


def assert_same(f, *args):
    """The compiled function and its matrix form agree."""
    f(*args)
    arrays = [np.asarray(x, dtype=float) for x in args]
    theta = np.array([p.data for p in f.parameters])
    inputs = [a if a.ndim < 2 else a.reshape(len(a), -1) for a in arrays]
    bases = [f.program.bases[k] for k in f.program.sources]
    shaped = [a.reshape((N, -1) if b.is_batched else -1) for a, b in zip(inputs, bases, strict=True)]
    expected = f.program.run(theta, shaped, N)
    found = results_of(f.program, theta, shaped, N)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            np.reshape(a, np.shape(b)), b, rtol=1e-9, atol=1e-12, err_msg=str(matrix_form(f.program))
        )


def network(
    sizes, activation="relu", output="linear", loss="mse", penalty=0.0, reduce="mean", unlabelled=False
):
    model = nn.MLP(sizes[0], sizes[1:], activation, output, seed=1)
    parameters = model.parameters()
    rng = np.random.default_rng(0)
    for p in parameters:
        p.data = rng.normal()
        p.label = "" if unlabelled else p.label

    def step(x, y):
        s = model(x)
        s, y = (s if isinstance(s, list) else [s]), (list(y) if np.ndim(y) else [y])
        total = LOSSES[loss](s, y)
        if penalty:
            total = total + penalty * sum(p * p for p in parameters)
        return total, total.gradient(parameters)

    targets = rng.integers(0, 2, (N, sizes[-1])).astype(float)
    if loss == "hinge":
        targets = 2 * targets - 1
    return (
        compile(step, in_axes=0, reduce=reduce),
        rng.normal(size=(N, sizes[0])),
        targets if sizes[-1] > 1 else targets[:, 0],
    )


@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
    # The derivatives of step, which are 0, would be constants whose numbers are not printed.
    st.sampled_from(sorted(nn.ACTIVATIONS.keys() - {"softmax", "step"})),
    st.sampled_from(["linear", "sigmoid", "tanh"]),
    st.sampled_from(sorted(LOSSES)),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from(["mean", "sum", None]),
    st.booleans(),
)
def test_the_matrix_form_of_a_network_computes_the_same(
    sizes, activation, output, loss, penalty, reduce, bare
):
    if penalty and reduce is None:
        penalty = 0.0
    assert_same(*network(sizes, activation, output, loss, penalty, reduce, bare))


def test_a_network_reads_like_the_lecture():
    f, x, y = network([2, 3, 4, 1], loss="hinge", penalty=0.1)
    f(x, y)
    assert matrix_form(f.program).splitlines() == [
        "# X: 2 x N, y: N",
        "# W1: 3 x 2, b1: 3 x 1, W2: 4 x 3, b2: 4 x 1, W3: 1 x 4, b3: 1 x 1",
        "# theta: all 30 parameters",
        "Z1 = W1 @ X + b1",
        "A1 = maximum(Z1, 0)",
        "Z2 = W2 @ A1 + b2",
        "A2 = maximum(Z2, 0)",
        "Z3 = W3 @ A2 + b3",
        "T1 = 1 - Z3 * y",
        "D3 = -y * (T1 > 0)",
        "D2 = (W3.T @ D3) * (Z2 > 0)",
        "D1 = (W2.T @ D2) * (Z1 > 0)",
        "loss = maximum(T1, 0).sum() / N + 0.1 * (theta @ theta)",
        "dW1 = D1 @ X.T / N + 0.2 * W1",
        "db1 = D1.sum(1, keepdims=True) / N + 0.2 * b1",
        "dW2 = D2 @ A1.T / N + 0.2 * W2",
        "db2 = D2.sum(1, keepdims=True) / N + 0.2 * b2",
        "dW3 = D3 @ A2.T / N + 0.2 * W3",
        "db3 = D3.sum() / N + 0.2 * b3",
        "return loss, [dW1, db1, dW2, db2, dW3, db3]",
    ]


@pytest.mark.parametrize("unlabelled", [False, True])
def test_names_are_found_without_labels_too(unlabelled):
    f, x, y = network([2, 3, 2], loss="squares", unlabelled=unlabelled)
    f(x, y)
    text = matrix_form(f.program)
    assert text.startswith(
        "# X: 2 x N, Y: 2 x N\n# W1: 3 x 2, b1: 3 x 1, W2: 2 x 3, b2: 2 x 1\nZ1 = W1 @ X + b1\n"
    )
    assert "\ndW1 = D1 @ X.T / N\ndb1 = D1.sum(1) / N\n" in text


FUNCTIONS = {
    "one number": lambda x: x[0] * ops.sin(x[1]) + x[2],
    "slopes": grad(lambda x: x[0] * ops.sin(x[1]) * ops.exp(x[2])),
    "choices": lambda x: ops.where((x[0] > 0) & (x[1] <= 0), x[0], -x[2]),
    "or and not": lambda x: ops.where(~(x[0] > 0) | (x[1] < 1), 2.0, x[2]),
    "powers": lambda x: [x[0] ** 2, abs(x[1]) ** 1.5, 1 / (1 + x[2] ** 2)],
    "reductions": lambda x: [ops.max(x), ops.min(x), ops.prod(x), ops.norm(x), ops.logsumexp(x)],
    "softmax": lambda x: ops.softmax(x),
    "in turn": lambda x: [x[2], x[0], 1.0],
    "constants": lambda x: [3.0, ops.clip(x[1], -1, 1)],
    "differences": lambda x: [x[0] - x[1], x[1] - x[2], -(x[2] - x[0])],
    "tables": lambda x: [sum(k * j * x[j] for j in range(3)) for k in range(1, 3)],
    "all pairs": lambda x: [a * b for a in x for b in x],
}


@pytest.mark.parametrize("reduce", ["mean", "sum", None])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_matrix_form_of_other_functions(name, reduce):
    assert_same(
        compile(FUNCTIONS[name], in_axes=0, reduce=reduce), np.random.default_rng(0).normal(size=(N, 3))
    )


def test_a_network_without_a_batch():
    model = nn.MLP(2, [40, 30, 1], "tanh", seed=1)
    f = compile(lambda x: (model(x), model(x).gradient(model.parameters())))
    x = np.array([0.5, -1.0])
    f(x)
    theta = np.array([p.data for p in f.parameters])
    assert "z1 = W1 @ x + b1" in matrix_form(f.program).lower().replace("w1", "W1")
    for a, b in zip(results_of(f.program, theta, [x], 1), f.program.run(theta, [x], 1), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_what_cannot_be_read_is_written_as_slots(monkeypatch):
    f = compile(FUNCTIONS["slopes"], in_axes=0)
    f(np.ones((2, 3)))
    monkeypatch.setattr(_matrix_form, "execute", lambda program: 1 / 0)
    assert matrix_form(f.program) == "\n".join(slots(f.program))


def test_a_long_program_is_cut_in_the_middle(monkeypatch):
    f, x, y = network([2, 3, 4, 1])
    f(x, y)
    full = matrix_form(f.program).splitlines()
    monkeypatch.setattr(_matrix_form, "LINES", 6)
    lines = matrix_form(f.program).splitlines()
    assert lines == [*full[:3], f"# ... {len(full) - 6} lines are left out here ...", *full[-3:]]


def test_a_listing_has_a_line_for_each_call_and_the_sum_of_the_bytes():
    f, x, y = network([2, 3, 1])
    f(x, y)
    first, *calls, last = listing(f.program, N).splitlines()
    assert first.split() == ["#", "call", "shapes", "bytes"]
    assert len(calls) == len(f.program.calls)
    assert calls[0].split() == ["0", "matmul", "3x3,", "3x5", "->", "3x5", "120"]
    assert int(last.split()[-1]) == sum(int(line.split()[-1]) for line in calls)


def test_a_profile_has_the_time_of_each_call():
    f, x, y = network([2, 3, 1])
    f(x, y)
    theta = np.array([p.data for p in f.parameters])
    lines = profile(f.program, theta, [x, y], N, repeat=3).splitlines()
    assert len(lines) == len(f.program.calls) + 2
    assert all(float(line.split()[-1]) > 0 for line in lines[1:])


@pytest.mark.parametrize("size", [0, -1, 2.5, "all"])
def test_a_listing_is_for_a_positive_number_of_examples(size):
    f, x, y = network([2, 1])
    f(x, y)
    with pytest.raises(ValueError, match="expected a positive integer as the size of the batch, but got"):
        f.program.listing(size)
