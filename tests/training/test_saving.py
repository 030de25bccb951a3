"""Saved files: what comes back, what a crash leaves behind, and that bad files change nothing."""

import copy
import json
import os
import pickle
import stat
import subprocess
import sys
import tracemalloc
import zipfile
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.nn import ACTIVATIONS, MLP, Dropout, Layer, Module, Neuron, Sequential
from autograd_lite.optim import SGD, Adam, AdamW, CosineDecay, ExponentialDecay, RMSprop, StepDecay
from autograd_lite.training import History, Saved, _archive, fit, load, predict, save
from autograd_lite.training._saved_history import history_of, history_parts

X = np.random.default_rng(0).normal(size=(9, 2))
Y = (X[:, 0] > X[:, 1]).astype(int)


def trained(model, optimizer=None, epochs=2, **how):
    return fit(model, X, Y, **{"loss": "mse", "optimizer": optimizer, "epochs": epochs, "seed": 0} | how)


class Line(Module):
    """A module of nobody's package, with noise."""

    def __init__(self, slope=1.0):
        self.slope, self.intercept = Value(slope), Value(0.5)
        self.rng = np.random.default_rng(3)

    def __call__(self, x):
        return self.slope * x[0] + self.intercept + (self.rng.normal() if self.training else 0.0)


# What comes back


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    activation=st.sampled_from(sorted(ACTIVATIONS.keys() - {"softmax"})),
    seed=st.integers(0, 1000),
)
def test_a_model_comes_back_with_its_weights(tmp_path_factory, sizes, activation, seed):
    path = tmp_path_factory.mktemp("saved") / "model.npz"
    model = MLP(2, sizes, activation, seed=seed)
    save(path, model)
    loaded, optimizer, history = load(path)
    assert repr(loaded) == repr(model)
    assert loaded.state_dict() == model.state_dict()
    assert optimizer is None
    assert history is None
    np.testing.assert_array_equal(predict(loaded, X), predict(model, X))


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    "bits", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64, np.random.PCG64DXSM]
)
def test_dropout_goes_on_with_its_random_numbers_also_if_several_share_a_generator(tmp_path, bits, shared):
    rng = np.random.Generator(bits(0))
    rng.random(5)
    other = rng if shared else np.random.default_rng(1)
    model = Sequential(Dropout(0.5, rng), Layer(3, 3, seed=1), Dropout(0.5, other))
    save(tmp_path / "m", model)
    loaded = load(tmp_path / "m").model
    same = load(tmp_path / "m", Sequential(Dropout(0.5), Layer(3, 3), Dropout(0.5))).model
    assert (loaded.steps[0].rng is loaded.steps[2].rng) == shared
    for _ in range(3):
        expected = [v.data if isinstance(v, Value) else v for v in model([1.0, 2.0, 3.0])]
        for other in (loaded, same):
            assert [v.data if isinstance(v, Value) else v for v in other([1.0, 2.0, 3.0])] == expected


class Noisy(Module):
    """A module with generators in all kinds of containers, one of them twice."""

    def __init__(self, seed):
        self.w = Value(1.0)
        self.sources = [np.random.default_rng(seed), {"a.b": [np.random.default_rng(seed + 1)]}]
        self.table = np.array([[None, np.random.default_rng(seed + 2)]], dtype=object)
        self.rng = self.sources[0]

    def __call__(self, x):
        noise = (self.rng, self.sources[0], self.sources[1]["a.b"][0], self.table[0, 1])
        return self.w * x[0] + sum(rng.normal() for rng in noise)


def test_generators_in_containers_are_saved_and_loaded(tmp_path):
    model, other = Noisy(0), Noisy(7)
    model([1.0])
    save(tmp_path / "m", model)
    load(tmp_path / "m", other)
    assert [other([1.0]).data for _ in range(3)] == [model([1.0]).data for _ in range(3)]
    assert other.rng is other.sources[0]


def test_a_training_with_generators_in_containers_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    whole, model = Noisy(0), Noisy(0)
    trained(whole, SGD(0.01), 6, engine="eager")
    history = trained(model, SGD(0.01), 3, engine="eager")
    save(tmp_path / "m", model, history=history)
    other = Noisy(7)
    trained(other, SGD(0.01), 6, engine="eager", history=load(tmp_path / "m", other).history)
    assert other.state_dict() == whole.state_dict()


def test_a_generator_in_a_tuple_is_refused_as_it_cannot_be_replaced(tmp_path):
    model = Line()
    model.rngs = (np.random.default_rng(0),)
    with pytest.raises(
        TypeError, match=r"expected random generators in attributes, .* but rngs.0 is in a tuple"
    ):
        save(tmp_path / "m", model)
    del model.rngs
    save(tmp_path / "m", model)
    model.rngs = (np.random.default_rng(0),)
    with pytest.raises(TypeError, match=r"rngs.0 is in a tuple"):
        load(tmp_path / "m", model)


def test_generators_of_one_name_are_refused(tmp_path):
    model = Line()
    model.rngs = {1: np.random.default_rng(0), "1": np.random.default_rng(0)}
    with pytest.raises(
        ValueError, match=r"expected random generators of different names, but two are called 'rngs.1'"
    ):
        save(tmp_path / "m", model)


OPTIMIZERS = [
    SGD(0.25),
    SGD(0.1, momentum=0.9, nesterov=True, max_norm=1.0),
    RMSprop(0.01, alpha=0.9, momentum=0.5),
    Adam(betas=(0.8, 0.95)),
    AdamW(CosineDecay(0.1, 10), weight_decay=0.1),
    Adam(StepDecay(0.1, 0.5, 3), max_value=2.0),
    SGD(ExponentialDecay(np.float32(0.1), np.array(0.9))),
    SGD(StepDecay(Fraction(1, 10), 0.9, np.int64(2)), momentum=np.float32(0.9), nesterov=np.True_),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_an_optimizer_comes_back_with_its_arguments_and_its_state(tmp_path, optimizer):
    model = MLP(2, [3, 1], seed=0)
    history = trained(model, optimizer)
    save(tmp_path / "m", model, optimizer=optimizer, history=history)
    loaded = load(tmp_path / "m").optimizer
    assert repr(loaded) == repr(optimizer)
    assert type(loaded) is type(optimizer)
    states = loaded.state_dict(), optimizer.state_dict()
    assert states[0].keys() == states[1].keys()
    for name in states[0]:
        np.testing.assert_array_equal(states[0][name], states[1][name])
    rates = [[o.learning_rate(epoch) for epoch in range(20)] for o in (loaded, optimizer)]
    assert rates[0] == rates[1]


@pytest.mark.parametrize("restarts", [1, 3])
def test_a_history_comes_back(tmp_path, restarts):
    model = MLP(2, [3, 1], seed=0)
    nan = [lambda outputs, targets: np.nan, "mae"]
    history = trained(model, validation=0.4, metrics=nan, restarts=restarts)
    save(tmp_path / "m", model, history=history)
    loaded = load(tmp_path / "m").history
    assert repr(loaded) == repr(history)
    assert loaded.metrics["mae"] == history.metrics["mae"]
    assert np.isnan(loaded.metrics["<lambda>"]).all()
    assert [start.loss for start in loaded.restarts] == [start.loss for start in history.restarts]
    assert sum(start is loaded for start in loaded.restarts) == (restarts > 1)


def test_a_training_goes_on_in_a_new_process(tmp_path):
    whole, model, optimizer = MLP(2, [4, 1], seed=0), MLP(2, [4, 1], seed=0), Adam(0.05)
    trained(whole, Adam(0.05), 6, batch_size=4)
    save(tmp_path / "m", model, optimizer=optimizer, history=trained(model, optimizer, 2, batch_size=4))
    program = f"""
import numpy as np
from autograd_lite.training import fit, load, save
X, Y = np.array({X.tolist()}), np.array({Y.tolist()})
model, optimizer, history = load({str(tmp_path / "m")!r})
fit(model, X, Y, loss="mse", optimizer=optimizer, epochs=6, batch_size=4, history=history)
save({str(tmp_path / "m")!r}, model)
"""
    folder = Path(_archive.__file__).parents[2]
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=folder, check=True)
    assert load(tmp_path / "m").model.state_dict() == whole.state_dict()


def test_a_module_of_ones_own_is_loaded_into_one_of_the_same_form(tmp_path):
    model = Line(2.5)
    model.rng.random(7)
    save(tmp_path / "m", model)
    mine = Line()
    assert load(tmp_path / "m", mine).model is mine
    assert mine.slope.data == 2.5
    assert [mine([1.0]).data for _ in range(3)] == [model([1.0]).data for _ in range(3)]
    match = r"expected a model to load the weights of Line into: pass model=, .* to describe, but got Line\)$"
    with pytest.raises(ValueError, match=match):
        load(tmp_path / "m")


def test_what_is_loaded_has_names(tmp_path):
    save(tmp_path / "m", Neuron(1), optimizer=SGD(0.5))
    saved = load(tmp_path / "m")
    assert isinstance(saved, Saved)
    model, optimizer, history = saved
    assert (model, optimizer, history) == (saved.model, saved.optimizer, saved.history)
    assert repr(model) == repr(Neuron(1))
    assert optimizer.lr == 0.5
    assert history is None


def test_the_file_has_the_name_that_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("model", "model.npz", Path("other.bin")):
        save(name, Neuron(1))
        load(name)
    assert sorted(os.listdir()) == ["model", "model.npz", "other.bin"]


def test_the_same_model_makes_the_same_file(tmp_path):
    for name in "ab":
        save(tmp_path / name, MLP(2, [3, 1], seed=0))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_link_goes_on_pointing_to_the_file(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    save(tmp_path / "link", Neuron(1))
    assert (tmp_path / "link").is_symlink()
    assert os.listdir(tmp_path / "folder") == ["file"]


def test_a_file_keeps_its_permissions(tmp_path):
    for mode in (0o600, 0o640):
        (tmp_path / "m").touch()
        (tmp_path / "m").chmod(mode)
        save(tmp_path / "m", Neuron(1))
        assert stat.S_IMODE((tmp_path / "m").stat().st_mode) == mode


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "loop", "link"):
        with pytest.raises(
            OSError, match=r"expected the name of a file to save to, but .* is a device, a pipe"
        ):
            save(tmp_path / name, Neuron(1))
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert (tmp_path / "loop").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["link", "loop", "pipe"]


# Crashes


def test_the_folder_is_synced_after_the_file_is_in_its_place_if_it_can_be(tmp_path, monkeypatch):
    synced = []

    def fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append((is_folder, os.listdir(tmp_path) == ["m"]))
        if is_folder:
            raise OSError("not on this file system")

    monkeypatch.setattr(os, "fsync", fsync)
    save(tmp_path / "m", Neuron(1))
    assert synced == [(False, False), (True, True)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_process_that_is_killed_while_it_saves_leaves_the_old_file_or_the_new_one(tmp_path):
    program = Path(__file__).with_name("saving_until_killed.py")
    folder = Path(_archive.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, program, tmp_path / "model.npz"],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("50 kills")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("place", ["write_array", "fsync", "replace"])
def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_nothing_else(
    tmp_path, monkeypatch, place, error
):
    def fail(*args, **kwargs):
        raise error

    save(tmp_path / "m", Neuron(1, init="zeros"))
    before = (tmp_path / "m").read_bytes()
    owner = {"write_array": np.lib.format, "fsync": os, "replace": Path}[place]
    monkeypatch.setattr(owner, place, fail)
    with pytest.raises(error):
        save(tmp_path / "m", Neuron(1, seed=0))
    monkeypatch.undo()
    assert (tmp_path / "m").read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]


# What is refused


def refused(path, error, match):
    """That `load` raises and changes nothing in the model."""
    model = Sequential(Layer(2, 3, seed=5), Dropout(0.5, seed=5), Layer(3, 1, seed=5))
    state, generator = model.state_dict(), model.steps[1].rng
    for into in (model, None):
        with pytest.raises(error, match=match):
            load(path, into)
    assert model.state_dict() == state
    assert model.steps[1].rng is generator


@pytest.fixture
def saved(tmp_path):
    """A file with everything in it."""
    model = Sequential(Layer(2, 3, seed=0), Dropout(0.5, seed=0), Layer(3, 1, seed=0))
    optimizer = Adam(CosineDecay(0.1, 10))
    history = trained(model, optimizer, validation=0.3, metrics=["mae"], restarts=2)
    save(tmp_path / "m", model, optimizer=optimizer, history=history)
    return tmp_path / "m"


def changed(path, place, value):
    """The same file with something else at a place in its tree."""
    content = _archive.content_of(path.read_bytes())
    *outer, last = place
    part = content
    for key in outer:
        part = part[key]
    if value is KeyError:
        del part[last]
    else:
        part[last] = value
    _archive.write(path, content)


DAMAGED = "expected a file that save wrote, but .* is another one or damaged"


def test_a_file_that_is_cut_off_anywhere_is_refused(saved):
    data = saved.read_bytes()
    model = Layer(2, 3, seed=0)
    for n in range(len(data)):
        saved.write_bytes(data[:n])
        with pytest.raises(ValueError, match=DAMAGED):
            load(saved, model)
    assert model.state_dict() == Layer(2, 3, seed=0).state_dict()


def test_a_file_with_another_byte_anywhere_is_refused_or_the_same(saved):
    """Some bytes of an archive mean nothing, such as dates and file permissions."""
    data = saved.read_bytes()
    expected = load(saved)
    rng = np.random.default_rng(0)
    refusals = 0
    for place in rng.integers(len(data), size=400).tolist():
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        saved.write_bytes(changed)
        try:
            found = load(saved)
        except ValueError as error:
            assert "expected a file" in str(error)  # noqa: PT017
            refusals += 1
        else:
            assert found.model.state_dict() == expected.model.state_dict()
            assert found.history == expected.history
    assert refusals > 200


@pytest.mark.parametrize(
    ("bits", "place"),
    [(np.random.MT19937, ("state", "pos")), (np.random.Philox, ("buffer_pos",))],
)
@pytest.mark.parametrize("position", [-(10**9), -1, 625, 10**5, 10**9, 10**30])
def test_a_position_beyond_a_generator_s_numbers_is_refused(tmp_path, bits, place, position):
    """NumPy would read memory that is not the generator's."""
    model = Sequential(Layer(2, 3), Dropout(0.5, np.random.Generator(bits(0))), Layer(3, 1))
    save(tmp_path / "m", model, history=trained(model, epochs=1))
    path = tmp_path / "m"
    data = path.read_bytes()
    for outer in (("model", "generators", 0), ("history", "standing", "generators", "steps.1.rng")):
        path.write_bytes(data)
        load(path)
        changed(path, (*outer, *place), position)
        refused(path, ValueError, DAMAGED)


def archive(write=np.savez, *args, **arrays):
    """The bytes of a file that NumPy writes."""
    buffer = BytesIO()
    write(buffer, *args, **arrays)
    return buffer.getvalue()


OBJECTS = np.array([{}], dtype=object)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"weights: 1, 2, 3",
        pickle.dumps({"weights": [1.0]}),
        archive(np.save, np.ones(3)),
        archive(np.save, OBJECTS),
        archive(weights=np.ones(3)),
        archive(about=OBJECTS),
        archive(about=np.frombuffer(b"[" * 100_000, np.uint8)),
        archive(about=np.frombuffer(b'{"format": "other"}', np.uint8)),
    ],
)
def test_another_file_is_refused(tmp_path, data):
    (tmp_path / "m").write_bytes(data)
    refused(tmp_path / "m", ValueError, DAMAGED)


def test_nothing_in_a_file_is_executed(tmp_path):
    """A pickle that would make a file is not even read."""

    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "exploded",)

    (tmp_path / "m").write_bytes(archive(about=np.array([Bomb()], dtype=object)))
    refused(tmp_path / "m", ValueError, DAMAGED)
    (tmp_path / "m").write_bytes(pickle.dumps(Bomb()))
    refused(tmp_path / "m", ValueError, DAMAGED)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("version", [2, 99])
def test_a_file_of_a_newer_version_is_refused_with_its_number(saved, version, monkeypatch):
    content = _archive.content_of(saved.read_bytes())
    monkeypatch.setattr(_archive, "VERSION", version)
    _archive.write(saved, {k: x for k, x in content.items() if k not in ("format", "version")})
    monkeypatch.undo()
    refused(saved, ValueError, f"expected a file of version 1 or before, but got one of version {version}")


@pytest.mark.parametrize("version", [0, -5, True, 1.0, "1"])
def test_a_file_of_no_version_is_refused(saved, version):
    content = _archive.content_of(saved.read_bytes())
    _archive.write(saved, content | {"version": version})
    refused(saved, ValueError, "its version is")


# Files that would use up the memory


def with_member(path, name, data, method=zipfile.ZIP_DEFLATED):
    """The same file with another member."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for key, x in (members | {name: data}).items():
            archive.writestr(key, x)


def zeros(n, dtype="|u1"):
    return archive(np.save, np.zeros(n, dtype))


def peak(path, model=None):
    """The most memory that loading takes, in bytes."""
    tracemalloc.start()
    try:
        load(path, model)
    except ValueError:
        pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


def test_what_nothing_refers_to_is_not_read(saved):
    with_member(saved, "extra.npy", zeros(50_000_000))
    assert saved.stat().st_size < 10**6
    assert load(saved).history is not None
    assert peak(saved) < 5e6


@pytest.mark.parametrize("name", ["about", "array0"])
def test_a_member_that_is_too_large_is_not_unpacked(saved, name, monkeypatch):
    monkeypatch.setattr(_archive, "MAX_BYTES", 10**6)
    monkeypatch.setattr(_archive, "MAX_TEXT", 10**6)
    with_member(saved, f"{name}.npy", zeros(50_000_000))
    refused(saved, ValueError, f"the entry '{name}' has 50000128 bytes, and .* are allowed")
    assert peak(saved) < 5e6


def test_members_that_are_too_large_together_are_not_unpacked(saved, monkeypatch):
    with zipfile.ZipFile(saved) as file:
        size = sum(info.file_size for info in file.infolist())
    monkeypatch.setattr(_archive, "MAX_BYTES", size)
    load(saved)
    monkeypatch.setattr(_archive, "MAX_BYTES", size - 1)
    refused(saved, ValueError, "bytes, and .* are allowed")


@pytest.mark.parametrize("constant", ["MAX_BYTES", "MAX_TEXT"])
def test_more_than_can_be_loaded_is_not_saved(tmp_path, constant, monkeypatch):
    monkeypatch.setattr(_archive, constant, 3000)
    save(tmp_path / "m", MLP(2, [3, 1]))
    before = (tmp_path / "m").read_bytes()
    load(tmp_path / "m")
    with pytest.raises(ValueError, match=r"expected at most 3000 bytes .*to save, but got \d+: save less"):
        save(tmp_path / "m", MLP(2, [30, 10, 1]))
    assert (tmp_path / "m").read_bytes() == before


def test_an_array_that_claims_to_be_larger_than_it_is_makes_no_room_for_that(saved):
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**8,)})
    with_member(saved, "array0.npy", header.getvalue() + bytes(8))
    refused(saved, ValueError, "does not have the size that its beginning says")
    assert peak(saved) < 5e6


def test_members_that_are_packed_in_another_way_are_refused(saved):
    with_member(saved, "extra.npy", b"", zipfile.ZIP_LZMA)
    refused(saved, ValueError, "is compressed in a way that save does not use")


BAD_VECTORS = [
    np.ones(3),
    np.ones((13, 1)),
    np.ones(13, dtype=int),
    np.ones(13, dtype=complex),
    [1.0] * 13,
    None,
]


@pytest.mark.parametrize(
    "place", [("model", "weights"), *(("history", "standing", k) for k in ("weights", "best"))]
)
@pytest.mark.parametrize("vector", [*BAD_VECTORS, np.full(13, np.nan), np.full(13, np.inf)], ids=repr)
def test_weights_of_another_form_are_refused(saved, place, vector):
    changed(saved, place, vector)
    refused(saved, ValueError, DAMAGED)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("model",), None),
        (("model", "names"), KeyError),
        (("model", "names", 0), 3),
        (("model", "generators"), []),
        (("model", "generators", 0, "bit_generator"), "os"),
        (("model", "generators", 0, "state"), {}),
        (("model", "places", "steps.1.rng"), 7),
        (("model", "places"), None),
        (("model", "architecture", "class"), "os.system"),
        (("optimizer", "class"), "Optimizer"),
        (("optimizer", "class"), "eval"),
        (("optimizer", "class"), "CosineDecay"),
        (("optimizer", "arguments", "lr"), -1.0),
        (("optimizer", "arguments", "lr", "class"), "system"),
        (("optimizer", "arguments", "speed"), 1.0),
        (("optimizer", "state", "exp_avg"), np.ones(2)),
        (("optimizer", "state", "step"), "x"),
        (("history", "loss"), [1.0]),
        (("history", "loss"), ["a", "b"]),
        (("history", "metrics"), {"mae": [1.0]}),
        (("history", "val_loss"), [1.0]),
        (("history", "stop_reason"), 3),
        (("history", "best"), 9),
        (("history", "restarts"), None),
        (("history", "standing", "epochs"), 7),
        (("history", "standing", "lowest"), 2),
        (("history", "standing", "lowest"), "0"),
        (("history", "standing", "order"), {}),
        (("history", "standing", "shared"), "none"),
        (("history", "standing", "held_out"), np.array([-1])),
        (("history", "standing", "held_out"), np.ones(2)),
        (("history", "standing", "optimizer_state"), None),
        (("history", "standing", "optimizer_state"), {"n_parameters": 12}),
        (("history", "standing", "optimizer_state", "step"), True),
        (("history", "standing", "optimizer_state", "step"), -1),
        (("history", "standing", "optimizer_state", "exp_avg"), np.ones(2)),
        (("history", "standing", "optimizer_state", "exp_avg"), None),
        (("history", "standing", "optimizer"), None),
        (("history", "standing", "lowest"), True),
        (("history", "standing", "lowest"), 0.0),
        (("history", "standing", "lowest"), -1),
        (("history", "standing", "epochs"), 2.0),
        (("history", "standing", "held_out"), np.array([1, 1, 2])),
        (("history", "standing", "held_out"), np.array([2, 1])),
        (("history", "learning_rate"), []),
        (("history", "loss"), [1.0, 10**400]),
        (("history", "loss"), [1.0, True]),
        (("history", "best"), True),
        (("history", "best"), -1),
        (("model", "names"), "w" * 13),
        (("model", "architecture", "steps", 0, "n_out"), 4),
        (("model", "architecture", "steps"), []),
        (("history", "standing", "extra"), 1),
    ],
)
def test_a_file_in_which_something_is_wrong_is_refused(saved, place, value):
    changed(saved, place, value)
    refused(saved, ValueError, DAMAGED)


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (MLP(2, [3, 1], seed=0), "expected a model with the 13 parameters of the Sequential in the file"),
        (
            Sequential(Layer(2, 3), Layer(3, 1)),
            r"what differs first is parameter 9: steps.2.neurons.0.w.0 and steps.1.neurons.0.w.0",
        ),
        (
            Sequential(Layer(2, 3), Dropout(), Layer(3, 2)),
            "but got Sequential with 17, .* is parameter 13: none and steps.2.neurons.1.w.0",
        ),
        (Sequential(Layer(2, 3), Neuron(3), Layer(1, 1)), "what differs first is"),
    ],
)
def test_a_model_of_another_form_is_refused(saved, model, match):
    state = model.state_dict()
    with pytest.raises(ValueError, match=match):
        load(saved, model)
    assert model.state_dict() == state


@pytest.mark.parametrize(
    ("model", "difference"),
    [
        (
            Sequential(MLP(2, [3, 1], activation="tanh"), Dropout(0.5)),
            r"steps.0.activation: 'relu' and 'tanh'",
        ),
        (Sequential(MLP(2, [3, 1], output="tanh"), Dropout(0.5)), r"steps.0.output: 'linear' and 'tanh'"),
        (Sequential(MLP(2, [3, 1]), Dropout(0.1)), r"steps.1.p: 0.5 and 0.1"),
        (Sequential(MLP(2, [3, 1]), Dropout(0.5), Dropout(0.5)), r"steps: 2 and 3"),
        (Sequential(MLP(2, [3, 1]), Sequential(Dropout(0.5))), r"steps.1.class: 'Dropout' and 'Sequential'"),
    ],
)
def test_a_model_with_parameters_of_the_same_names_and_another_architecture_is_refused(
    tmp_path, model, difference
):
    save(tmp_path / "m", Sequential(MLP(2, [3, 1], seed=0), Dropout(0.5)))
    state = model.state_dict()
    match = f"expected a model of the form of the Sequential .*, and what differs first is {difference}"
    with pytest.raises(ValueError, match=match):
        load(tmp_path / "m", model)
    assert model.state_dict() == state


def test_a_model_that_differs_in_its_initializers_or_was_changed_gets_the_weights(tmp_path):
    model = MLP(2, [3, 1], seed=0)
    save(tmp_path / "m", model)
    changed = MLP(2, [3, 1])
    changed.layers[0].neurons[0].activation = "tanh"
    for other in (
        MLP(2, [3, 1], init="zeros"),
        MLP(2, [3, 1], init=lambda _, n, m: np.ones((n, m))),
        changed,
    ):
        assert load(tmp_path / "m", other).model.state_dict() == model.state_dict()


def test_a_model_is_not_built_if_the_file_has_other_parameters(saved):
    """It would take minutes, and the memory."""
    changed(saved, ("model", "architecture", "steps", 0, "n_out"), 3_000_000)
    assert peak(saved) < 5e6
    refused(saved, ValueError, "the model has 9000004 parameters, but there are the names of 13")


def test_messages_are_short_if_a_model_holds_itself_many_times(tmp_path):
    """Each Sequential holds the one before twice, so that its repr is twice as long."""
    model = Layer(1, 1)
    for _ in range(60):
        model = Sequential(model, model)
    save(tmp_path / "m", model)
    assert len(load(tmp_path / "m").model.parameters()) == 2
    save(tmp_path / "n", Layer(1, 1))
    with pytest.raises(ValueError, match="but got Sequential with 2, and what differs first") as caught:
        load(tmp_path / "n", model)
    assert len(str(caught.value)) < 1000


def test_a_model_with_other_generators_is_refused(saved):
    class NoDropout(Module):
        def __call__(self, x):
            return x

    model = Sequential(Layer(2, 3, seed=1), NoDropout(), Layer(3, 1, seed=1))
    state = model.state_dict()
    with pytest.raises(ValueError, match="expected a model with 1 random generators"):
        load(saved, model)
    assert model.state_dict() == state


def test_a_folder_or_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path):
    refused(tmp_path / "none", FileNotFoundError, "none")
    refused(tmp_path, OSError, str(tmp_path))
    with pytest.raises(IsADirectoryError, match="expected the name of a file to save to"):
        save(tmp_path, Neuron(1))
    with pytest.raises(FileNotFoundError, match=r"expected a folder to save in, but there is no .*none"):
        save(tmp_path / "none" / "m", Neuron(1))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_not_saved(tmp_path, bad):
    model = Neuron(1)
    model.b.data = bad
    with pytest.raises(ValueError, match=f"expected finite weights to save, but b is {bad}"):
        save(tmp_path / "m", model)
    assert os.listdir(tmp_path) == []


class Mine(SGD):
    """An optimizer that a file does not know."""


@pytest.mark.parametrize(
    ("how", "error", "match"),
    [
        ({"model": 3}, TypeError, "expected a Module to save, but got 3"),
        ({"optimizer": CosineDecay(0.1, 3)}, TypeError, "expected an Optimizer to save"),
        ({"history": [1.0]}, TypeError, "expected a History to save"),
        (
            {"optimizer": SGD(lambda epoch: 0.1)},
            TypeError,
            "which a file cannot hold: choose .* or leave out optimizer=",
        ),
        ({"optimizer": Mine(0.1)}, TypeError, "which a file cannot hold: choose .* or leave out optimizer="),
        ({"history": trained(MLP(2, [3, 1]))}, ValueError, "expected the history of this model's training"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(tmp_path, how, error, match):
    with pytest.raises(error, match=match):
        save(tmp_path / "m", how.pop("model", Neuron(2)), **how)
    assert os.listdir(tmp_path) == []


def test_what_is_no_module_cannot_be_loaded_into(saved):
    with pytest.raises(TypeError, match="expected a Module to load into"):
        load(saved, {"w": 1.0})


@pytest.mark.parametrize(
    "history", [History(loss=[1.0], learning_rate=[0.1]), History(loss=[0.5, 0.25]), History()], ids=repr
)
def test_a_history_of_ones_own_can_be_saved(tmp_path, history):
    save(tmp_path / "m", Neuron(1), history=history)
    assert load(tmp_path / "m").history == history


# What load would refuse


def saves_or_refuses(path, error, **what):
    """Save over a file: what is then loaded, or None if there was a ValueError and the file is as before."""
    model = MLP(2, [3, 1], seed=0)
    save(path, model)
    before = path.read_bytes()
    try:
        save(path, model, **what)
    except error as refusal:
        assert str(refusal).startswith("expected")  # noqa: PT017
        assert path.read_bytes() == before
        return None
    loaded = load(path)
    assert loaded.model.state_dict() == model.state_dict()
    return loaded


ANYTHING = st.one_of(
    st.sampled_from([None, True, 0, -1, 2, 0.0, 0.5, np.nan, np.inf, "a", 10**400, Fraction(1, 2), b"x"]),
    st.sampled_from([np.float32(0.5), np.ones(2), (0.5, 0.9), [0.5, 0.25], [None], [[1.0]], {}, ["a"]]),
    st.sampled_from([{"mae": [0.5, 0.25]}, {"mae": 3}, {3: [0.5]}, {_archive.ARRAY: [0.5, 0.25]}]),
    st.sampled_from([History(loss=[1.0]), [History(loss=[1.0])], StepDecay(0.1, 0.5, 3)]),
)


@settings(max_examples=200)
@given(
    kind=st.sampled_from([SGD, RMSprop, Adam, AdamW]),
    name=st.sampled_from(["lr", "momentum", "nesterov", "max_norm", "betas", "eps", "weight_decay"]),
    value=ANYTHING,
    updates=st.integers(0, 2),
)
def test_every_optimizer_that_save_takes_load_takes(tmp_path_factory, kind, name, value, updates):
    optimizer = kind()
    for _ in range(updates):
        optimizer.update(np.zeros(13), np.ones(13))
    setattr(optimizer, name, value)
    loaded = saves_or_refuses(
        tmp_path_factory.mktemp("saved") / "m", (ValueError, TypeError), optimizer=optimizer
    )
    assert loaded is None or type(loaded.optimizer) is kind


HISTORIES = [trained(MLP(2, [3, 1]), validation=0.4, metrics=["mae"], restarts=n) for n in (1, 2)]


@settings(max_examples=200)
@given(
    history=st.sampled_from([*HISTORIES, History(), History(loss=[0.5, 0.25])]),
    name=st.sampled_from(["loss", "learning_rate", "val_loss", "metrics", "stop_reason", "restarts"]),
    value=ANYTHING | st.just([History(loss=None)]),
)
def test_every_history_that_save_takes_load_takes(tmp_path_factory, history, name, value):
    history = copy.copy(history)
    setattr(history, name, value)
    loaded = saves_or_refuses(tmp_path_factory.mktemp("saved") / "m", ValueError, history=history)
    assert loaded is None or len(loaded.history) == len(history)


def late_momentum():
    optimizer = SGD()
    optimizer.update(np.zeros(13), np.ones(13))
    optimizer.momentum = 0.9
    return optimizer


def no_rate():
    optimizer = SGD()
    optimizer.lr = 0.0
    return optimizer


@pytest.mark.parametrize(
    ("what", "match"),
    [
        ({"optimizer": late_momentum()}, "the optimizer is not: .* 'momentum_buffer' is missing"),
        ({"optimizer": no_rate()}, "the optimizer is not: expected a positive finite learning rate"),
        ({"history": History(loss=np.array([0.5]))}, "the history is not: .* no lists of numbers"),
        ({"history": History(stop_reason=None)}, "the history is not: .* why the training ended"),
        ({"history": History(loss=[0.5], val_loss=[0.5, 0.25])}, "the history is not: .* different lengths"),
        ({"history": History(metrics={_archive.ARRAY: []})}, "the history is not: "),
    ],
)
def test_what_load_would_refuse_is_not_saved_and_the_file_is_as_before(tmp_path, what, match):
    model = MLP(2, [3, 1], seed=0)
    save(tmp_path / "m", model)
    before = (tmp_path / "m").read_bytes()
    with pytest.raises(ValueError, match=f"expected what load can read, but {match}"):
        save(tmp_path / "m", model, **what)
    assert (tmp_path / "m").read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]


def test_the_text_in_a_file_is_json_that_anybody_can_read(saved):
    with np.load(saved, allow_pickle=False) as arrays:
        text = json.loads(arrays["about"].tobytes())
        assert {arrays[name].dtype.kind for name in arrays.files} <= set("fiu")
    assert (text["format"], text["version"]) == ("autograd_lite.training", 1)
    assert text["optimizer"]["arguments"]["lr"] == {
        "class": "CosineDecay",
        "arguments": {"lr": 0.1, "epochs": 10, "lr_min": 0.0},
    }


def test_whether_a_training_was_interrupted_is_saved_and_earlier_files_do_not_say_it():
    history = History(loss=[1.0], stop_reason="interrupted in epoch 2", is_interrupted=True)
    parts = history_parts(history, 0)
    assert history_of(parts, 0).is_interrupted
    with pytest.raises(ValueError, match="whether the training was interrupted"):
        history_of(parts | {"is_interrupted": 1}, 0)
    del parts["is_interrupted"]
    assert not history_of(parts, 0).is_interrupted
