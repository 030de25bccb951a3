"""`train`: what it finds in a table, what it learns, what it writes, and what it refuses."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from commands import FLOWERS, HOUSES, run, table, write
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import datasets
from sklearn.neural_network import MLPClassifier, MLPRegressor

import autograd_lite
from autograd_lite.command_line.tables import _train
from autograd_lite.command_line.tables._data import Rows, Wanted, rows_of, scaled, split
from autograd_lite.command_line.tables._encoding import Column, Encoding, encoding_of
from autograd_lite.command_line.tables._table import table_at
from autograd_lite.training import DivergenceError, History, load, predict, save

FILES = ["curves.svg", "model.npz", "report.html"]
FAST = ("--epochs", 3)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(capsys, text, *words, name="data.csv"):
    """What `train` says as JSON."""
    write(Path(name), text)
    assert run("train", name, "--json", *words) == 0
    return json.loads(capsys.readouterr().out)


# What it learns


def test_classes_are_learnt_and_said(capsys):
    write(Path("flowers.csv"), FLOWERS)
    assert run("train", "flowers.csv", "--target", "kind") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "flowers.csv: 60 rows, 6 columns, separated by commas\n" in out
    assert "target 'kind': 3 different texts, so classification\n" in out
    assert "inputs: 3 columns: length, width, colour (2 texts)\n" in out
    assert "left out: name (60 different texts); seven (the same in all rows)\n" in out
    assert "rows: 36 to train on, 12 to find out when to stop, 12 to judge with\n" in out
    assert "It is right for 100.0% of the 12 test rows; always saying" in out
    assert "wrote flowers_model/model.npz  flowers_model/curves.svg  flowers_model/report.html\n" in out
    assert sorted(os.listdir("flowers_model")) == FILES


def test_numbers_are_learnt_and_said(capsys):
    found = trained(capsys, HOUSES, "--target", "price")
    assert (found["task"], found["reason"]) == ("regression", "80 different numbers")
    assert found["rows"] == {"training": 48, "validation": 16, "test": 16}
    assert found["metrics"]["test"]["r2"] > 0.98
    assert found["baseline"]["r2"] <= 0
    assert found["metrics"]["test"]["rmse"] == pytest.approx(found["metrics"]["test"]["mse"] ** 0.5)
    assert found["metrics"]["test"]["rmse"] < 20_000
    assert found["files"] == [f"data_model/{name}" for name in ("model.npz", "curves.svg", "report.html")]


def sklearn_scores(network, data, target, seeds):
    """Test scores of scikit-learn's network of the same size, on the same rows."""
    for seed in seeds:
        rows = rows_of(table_at(data), Wanted(target))
        chosen = split(rows, 0.2, 0.2, np.random.default_rng(seed))
        known = np.append(chosen["training"], chosen["validation"])
        encoding = scaled(rows, known)
        X, y = encoding.encode(rows.read), encoding.encode_target(rows.targets)
        model = network(hidden_layer_sizes=(16, 16), max_iter=400, random_state=seed)
        yield model.fit(X[known], y[known]).score(X[chosen["test"]], y[chosen["test"]])


@pytest.mark.parametrize(
    ("load_data", "network", "metric"),
    [
        (datasets.load_iris, MLPClassifier, "accuracy"),
        (datasets.load_wine, MLPClassifier, "accuracy"),
        (datasets.load_diabetes, MLPRegressor, "r2"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_learns_as_well_as_scikit_learn(capsys, load_data, network, metric):
    data = load_data()
    names = [*data.feature_names, "answer"]
    answers = data.target_names[data.target] if "target_names" in data else data.target
    text = table(names, zip(*data.data.T, answers, strict=True))
    ours = [
        trained(capsys, text, "--target", "answer", "--seed", seed)["metrics"]["test"][metric]
        for seed in range(3)
    ]
    theirs = list(sklearn_scores(network, Path("data.csv"), "answer", range(3)))
    assert np.mean(ours) > np.mean(theirs) - 0.02


@pytest.mark.parametrize("hidden", ["none", "4", "8,4,2"])
@pytest.mark.parametrize("text", [FLOWERS, HOUSES])
def test_the_options_shape_the_network_and_its_training(capsys, text, hidden):
    target = "kind" if text is FLOWERS else "price"
    words = ["--target", target, "--hidden", hidden, "--activation", "relu", "--epochs", 2, "--lr", 0.1]
    found = trained(capsys, text, *words, "--batch-size", 7, "--seed", 3)
    model, _, history = load("data_model/model.npz")
    sizes = [] if hidden == "none" else [int(n) for n in hidden.split(",")]
    n_inputs, n_outputs = (4, 3) if text is FLOWERS else (4, 1)
    assert [len(layer.neurons[0].w) for layer in model.layers] == [n_inputs, *sizes]
    assert [len(layer.neurons) for layer in model.layers] == [*sizes, n_outputs]
    assert not sizes or model.layers[0].activation == "relu"
    assert found["optimizer"].startswith("Adam(lr=0.1")
    assert (len(history), history.learning_rate[0], found["batch_size"], found["seed"]) == (2, 0.1, 7, 3)


def test_the_features_can_be_chosen_also_if_a_name_has_a_comma(capsys):
    rows = [(i, -i, i % 7, i * i) for i in range(20)]
    text = table(["a", '"b,c"', "d", "y"], rows)
    found = trained(capsys, text, "--target", "y", "--features", '"b,c", d', *FAST)
    assert [column["name"] for column in found["inputs"]] == ["b,c", "d"]


def test_numbers_can_be_names(capsys):
    rows = [(1000 + i % 3, i, i % 2) for i in range(30)]
    found = trained(capsys, table("zxy", rows), "--target", "y", "--categorical", "z", *FAST)
    assert found["inputs"][0] == {"name": "z", "categories": ["1000", "1001", "1002"]}


def test_rows_in_which_something_is_missing_are_dropped_if_it_is_wanted(capsys):
    rows = [["1", "", "2"], ["NA", "2", "2"], ["3", "1", "?"], *([i, i % 4, 2 * i] for i in range(20))]
    found = trained(capsys, table("aby", rows), "--target", "y", "--drop-missing", *FAST)
    assert (found["dropped_rows"], sum(found["rows"].values())) == (3, 20)


def test_columns_that_are_left_out_may_have_anything_in_them(capsys):
    rows = [(f"text {i}", "inf" if i else "x", i, 2 * i + 0.5) for i in range(30)]
    found = trained(capsys, table("abxy", rows), "--target", "y", "--features", "x", *FAST)
    assert [column["name"] for column in found["inputs"]] == ["x"]


@pytest.mark.parametrize(
    ("values", "words", "task", "reason", "classes"),
    [
        (["yes", "no"] * 10, [], "classification", "2 different texts", ["no", "yes"]),
        ([0, 1] * 10, [], "classification", "2 different numbers", [0, 1]),
        ([0.5, -1] * 10, [], "classification", "2 different numbers", [-1, 0.5]),
        ([3, 1, 2] * 7, [], "classification", "whole numbers, only 3 different ones", [1, 2, 3]),
        ([1, 2, 3, 4, 5] * 4, [], "regression", "5 different numbers", None),
        ([1.5, 2, 3] * 10, [], "regression", "3 different numbers", None),
        (range(20), [], "regression", "20 different numbers", None),
        ([3, 1, 2] * 7, ["--task", "regression"], "regression", "as --task says", None),
        ([1.5, 2, 3] * 7, ["--task", "classification"], "classification", "as --task says", [1.5, 2, 3]),
        (
            ["1", "2", "x"] * 7,
            ["--task", "classification"],
            "classification",
            "as --task says",
            ["1", "2", "x"],
        ),
    ],
)
def test_the_task_is_found_from_the_target_and_said(capsys, values, words, task, reason, classes):
    text = table("xy", [(i**0.5, y) for i, y in enumerate(values)])
    found = trained(capsys, text, "--target", "y", *words, *FAST)
    assert (found["task"], found["reason"], found["classes"]) == (task, reason, classes)


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ([0, 1] * 10, "so classification (--task regression to override)"),
        ([1.5, 2, 3] * 7, "so regression (--task classification to override)"),
        (range(200), "so regression\n"),
        (["a", "b"] * 10, "so classification\n"),
    ],
)
def test_another_task_is_offered_where_there_is_one(capsys, values, advice):
    write(Path("t.csv"), table("xy", [(i**0.5, y) for i, y in enumerate(values)]))
    run("train", "t.csv", "--target", "y", *FAST)
    assert advice in capsys.readouterr().out


# What it writes


@pytest.mark.parametrize("text", [FLOWERS, HOUSES])
def test_the_same_seed_gives_the_same_files_and_another_one_others(text):
    target = "kind" if text is FLOWERS else "price"
    write(Path("t.csv"), text)
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        run("train", "t.csv", "--target", target, "--quiet", "--epochs", 5, "--seed", seed, "-o", name)
    for name in FILES:
        a, b, c = (Path(folder, name).read_bytes() for folder in "abc")
        assert a == b
        assert a != c


def test_the_model_says_what_it_was_trained_on(capsys):
    trained(capsys, HOUSES, "--target", "price", *FAST)
    saved = load("data_model/model.npz")
    encoding = encoding_of(saved.metadata)
    assert encoding.metadata() | {"data": "data.csv"} == saved.metadata
    assert [column.name for column in encoding.columns] == ["area", "age", "town"]
    assert encoding.columns[2].categories == ("no", "yes")
    assert predict(saved.model, [[0.0, 0.0, 1.0, 0.0]]).shape == (1,)
    assert len(saved.history) == 3


class Page(HTMLParser):
    """What a page refers to, and whether its tags are closed."""

    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attributes):
        self.links += [x for name, x in attributes if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("text", [FLOWERS, HOUSES])
def test_the_report_is_one_page_with_everything_in_it(capsys, text):
    target = "kind" if text is FLOWERS else "price"
    found = trained(capsys, text, "--target", target, *FAST)
    report = Path("data_model/report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(report)
    assert page.open == []
    assert [link[:26] for link in page.links] == ["data:image/svg+xml;base64,"]
    metric = "accuracy" if text is FLOWERS else "r2"
    for part in ("training", "validation", "test"):
        assert f">{found['metrics'][part][metric]:z.3f}</td>" in report
    assert found["stopped"] in report
    assert sum(map(sum, found.get("confusion", [[12]]))) == 12


def test_names_from_the_data_are_no_tags_in_the_report(capsys):
    rows = [(i, "<b>" if i % 2 else "&amp;") for i in range(20)]
    trained(capsys, table(["<script>", "<i>"], rows), "--target", "<i>", *FAST)
    report = Path("data_model/report.html").read_text(encoding="utf-8")
    assert "<script>" not in report
    assert "<b>" not in report
    assert "&lt;script&gt;" in report
    assert "&amp;amp;" in report


def test_the_report_has_its_content_in_main_and_may_load_nothing(capsys):
    trained(capsys, FLOWERS, "--target", "kind", *FAST)
    report = Path("data_model/report.html").read_text(encoding="utf-8")
    assert re.search(r"<body>\n<main>\n.*</main>\n</body>", report, re.DOTALL)
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', report)[1].split("; ")
    assert {"default-src 'none'", "img-src data:"} <= set(policy)
    assert not any(rule.startswith("script-src") for rule in policy)


def test_names_from_the_data_do_not_move_the_cursor(capsys):
    write(Path("t.csv"), table(["a\x1b[31m", "y"], [(i, 2 * i) for i in range(20)]))
    run("train", "t.csv", "--target", "y", *FAST)
    assert "\x1b" not in capsys.readouterr().out


def test_numbers_that_hardly_differ_are_not_scaled(capsys):
    trained(capsys, table("axy", [(i * 5e-324, i, 2 * i) for i in range(20)]), "--target", "y", *FAST)
    assert encoding_of(load("data_model/model.npz").metadata).columns[0].scale == 1


def test_quiet_says_nothing(capsys):
    write(Path("t.csv"), FLOWERS)
    run("train", "t.csv", "--target", "kind", "--quiet", *FAST)
    assert capsys.readouterr() == ("", "")


def test_without_matplotlib_there_are_no_curves_and_it_is_said(capsys, monkeypatch):
    write(Path("t.csv"), FLOWERS)
    run("train", "t.csv", "--target", "kind", "--quiet", *FAST)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run("train", "t.csv", "--target", "kind", *FAST)
    out, err = capsys.readouterr()
    assert err.startswith("there will be no curves.svg: this needs matplotlib, which is not installed: pip")
    assert "wrote t_model/model.npz  t_model/report.html (in place of those of an earlier training)\n" in out
    # Those of the training before are not left beside a model that they do not belong to.
    assert sorted(os.listdir("t_model")) == ["model.npz", "report.html"]
    assert "matplotlib was not installed" in Path("t_model/report.html").read_text(encoding="utf-8")


def test_a_second_training_takes_the_place_of_the_first_and_leaves_other_files(capsys):
    trained(capsys, FLOWERS, "--target", "kind", *FAST)
    Path("data_model/notes.txt").write_text("mine")
    before = Path("data_model/model.npz").read_bytes()
    trained(capsys, FLOWERS, "--target", "kind", "--seed", 1, *FAST)
    assert Path("data_model/model.npz").read_bytes() != before
    assert Path("data_model/notes.txt").read_text() == "mine"
    assert sorted(os.listdir("data_model")) == sorted([*FILES, "notes.txt"])


@pytest.mark.parametrize("file", ["data.csv", "other/data.csv"])
def test_the_same_target_of_a_file_of_the_same_name_is_replaced_and_it_is_said(capsys, file):
    trained(capsys, HOUSES, "--target", "price", *FAST)
    Path("other").mkdir()
    write(Path(file), HOUSES)
    run("train", file, "--target", "price", *FAST)
    assert "(in place of those of an earlier training)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "target", "advice"),
    [("data.csv", "area", "data_area_model"), ("new houses.csv", "price", "'new houses_price_model'")],
)
def test_a_model_of_another_target_or_file_is_not_replaced_and_another_folder_is_named(
    call, capsys, file, target, advice
):
    trained(capsys, HOUSES, "--target", "price", *FAST)
    before = Path("data_model/model.npz").read_bytes()
    write(Path(file), HOUSES)
    words = ["--target", target, "--epochs", "3", "--quiet"]
    code, out, err = call("train", file, *words, "-o", "data_model")
    assert (code, out) == (2, "")
    assert "'data_model' has one of 'price' in 'data.csv', which would be lost: pass -o " in err
    assert err.endswith(f"-o {advice} or remove it\n")
    assert Path("data_model/model.npz").read_bytes() == before
    assert call("train", file, *words, "-o", advice.strip("'")).code == 0


def test_a_model_that_does_not_say_its_file_is_replaced_if_its_target_is_the_same(capsys):
    trained(capsys, HOUSES, "--target", "price", *FAST)
    saved = load("data_model/model.npz")
    save("data_model/model.npz", saved.model, metadata=encoding_of(saved.metadata).metadata())
    trained(capsys, HOUSES, "--target", "price", *FAST)
    assert load("data_model/model.npz").metadata["data"] == "data.csv"


def test_without_rows_to_judge_with_it_says_what_it_is_judged_on(capsys):
    found = trained(capsys, HOUSES, "--target", "price", "--test", 0, *FAST)
    assert (found["judged_on"], list(found["metrics"])) == ("validation", ["training", "validation"])
    found = trained(capsys, HOUSES, "--target", "price", "--test", 0, "--validation", 0, *FAST)
    assert (found["judged_on"], list(found["metrics"]), found["patience"]) == ("training", ["training"], None)
    assert load("data_model/model.npz").history.val_loss == []


# Ctrl-C


def interrupted_after(monkeypatch, epochs):
    """Ctrl-C after so many epochs, as fit meets it."""
    fit = _train.fit

    def callback(history):
        if len(history) == epochs:
            raise KeyboardInterrupt

    monkeypatch.setattr(_train, "fit", lambda *a, **how: fit(*a, **({"callbacks": [callback]} | how)))


def test_ctrl_c_keeps_the_best_weights_so_far(monkeypatch):
    write(Path("t.csv"), HOUSES)
    words = ["t.csv", "--target", "price", "--lr", 0.5, "--quiet"]
    run("train", *words, "--epochs", 11, "-o", "whole")
    interrupted_after(monkeypatch, 11)
    assert run("train", *words, "-o", "stopped") == 130
    stopped, whole = (load(f"{name}/model.npz") for name in ("stopped", "whole"))
    lowest = int(np.argmin(whole.history.val_loss))
    assert lowest < 10  # the learning rate is too large, so that the last weights are not the best
    assert stopped.model.state_dict() == whole.model.state_dict()
    assert stopped.history.val_loss == whole.history.val_loss
    assert stopped.history.stop_reason == (
        f"interrupted in epoch 12, the weights are those of epoch {lowest + 1}"
    )
    assert sorted(os.listdir("stopped")) == FILES


def test_ctrl_c_in_the_first_epoch_leaves_nothing(monkeypatch):
    write(Path("t.csv"), HOUSES)
    nothing = History(stop_reason="interrupted in epoch 1", is_interrupted=True)
    monkeypatch.setattr(_train, "fit", lambda *args, **how: nothing)
    with pytest.raises(KeyboardInterrupt):
        run("train", "t.csv", "--target", "price", "--quiet")
    assert os.listdir() == ["t.csv"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_process_that_is_interrupted_writes_what_there_is():
    rng = np.random.default_rng(0)
    write(Path("t.csv"), table("abcy", rng.normal(size=(3000, 4)).tolist()))
    root = Path(autograd_lite.__file__).parents[1]
    program = (
        "import sys; from commands import run; sys.exit(run('train', 't.csv', '--target', 'y', '--epochs', "
        "10**6, '--patience', 10**6))"
    )
    path = os.pathsep.join([str(root), str(Path(__file__).parent)])
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("t.csv: 3000 rows")
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "epochs: interrupted in epoch" in out
    assert sorted(os.listdir("t_model")) == FILES


# What it refuses


def refused(error, match, text, *words, name="t.csv"):
    """That nothing is left of a training."""
    write(Path(name), text) if text is not None else None
    before = sorted(os.listdir())
    with pytest.raises(error, match=match):
        run("train", name, *words)
    assert sorted(os.listdir()) == before


N = [(i, i % 3, 2 * i) for i in range(20)]


def changed(row, column, cell, rows=N):
    """The rows with another cell."""
    copy = [list(each) for each in rows]
    copy[row][column] = cell
    return table("abc", copy)


@pytest.mark.parametrize(
    ("text", "words", "match"),
    [
        ("", ["--target", "c"], "is empty"),
        ("a,b,c\n", ["--target", "c"], "expected rows below the header of 't.csv', but there are none"),
        ("1,2,3\n4,5,6\n", ["--target", "3"], "there are only numbers"),
        ("a,b,a\n1,2,3\n", ["--target", "a"], "'a' is there twice"),
        ("a,,c\n1,2,3\n", ["--target", "a"], "column 2 has none"),
        ("a,b,c\n1,2,3\n4,5\n", ["--target", "a"], "line 3 has 2"),
        (
            table("abc", N),
            ["--target", "C"],
            "expected a target of 't.csv', but it has no 'C' .did you mean 'c'",
        ),
        (table("abc", N), ["--target", "d"], "it has 'a', 'b', 'c'$"),
        (table("abc", N), ["--target", "c", "--features", "a,x"], "a column for --features of .* no 'x'"),
        (table("abc", N), ["--target", "c", "--categorical", "x"], "a column for --categorical of .* no 'x'"),
        (table("abc", N), ["--target", "c", "--features", "a,a"], "different columns for --features"),
        (table("abc", N), ["--target", "c", "--features", "a,c"], "but 'c' is the target: leave it out"),
        (table("abc", N), ["--target", "c", "--categorical", "c"], "pass --task classification instead"),
        (
            changed(4, 0, ""),
            ["--target", "c"],
            "line 6 of 't.csv' has none for 'a', and 1 of 20 rows miss one",
        ),
        (changed(4, 2, "?"), ["--target", "c"], "line 6 of 't.csv' has none for 'c'"),
        (changed(4, 1, "x"), ["--target", "c"], "in the column 'b', .* line 6 has 'x': .* --categorical 'b'"),
        (
            changed(4, 2, "x"),
            ["--target", "c"],
            "in the column 'c', .* line 6 has 'x': .*--task classification",
        ),
        (changed(4, 0, "inf"), ["--target", "c"], "finite numbers in the column 'a', but line 6 has 'inf'"),
        (
            changed(4, 0, "1,5").replace("1,5", '"1,5"'),
            ["--target", "c"],
            "decimal points in .* line 6 has '1,5'",
        ),
        (
            changed(4, 0, "1e300"),
            ["--target", "c"],
            "of which a standard deviation can be computed in .* 'a'",
        ),
        (table("abc", N[:9]), ["--target", "c"], "expected at least 10 rows to train on, but there are 9"),
        (table("ab", [(1, i) for i in range(20)]), ["--target", "b"], "'a' is the same in all"),
        (table("ab", [(i, 5) for i in range(20)]), ["--target", "b"], "but it is 5 in all rows"),
        (table("ab", [(i, "x") for i in range(20)]), ["--target", "b"], "but it is 'x' in all rows"),
        (
            table("ab", [(i, "y" if i == 3 else "x") for i in range(20)]),
            ["--target", "b"],
            "at least two rows of each class, but 'y' of the target 'b' is in line 5 only",
        ),
        (
            table("ab", [(i, f"t{i}") for i in range(200)]),
            ["--target", "b"],
            "at most 100 different texts in the",
        ),
        (
            table("ab", [(i, i) for i in range(200)]),
            ["--target", "b", "--task", "classification"],
            "at most 100 classes in the target 'b', but it has 200",
        ),
        (
            table("ab", [(i, "xy"[i % 2]) for i in range(20)]),
            ["--target", "b", "--task", "regression"],
            "expected numbers in the target 'b' for regression, but line 2 has 'x'",
        ),
        (
            table("ab", [(f"t{i}", i) for i in range(40)]),
            ["--target", "b"],
            "expected other columns .* 'a' has not: 40 different texts",
        ),
        (
            table("ab", [(f"t{i}", i) for i in range(1200)]),
            ["--target", "b", "--features", "a"],
            "at most 1000 different texts in the column 'a'",
        ),
        (table("b", [[i] for i in range(40)]), ["--target", "b"], "expected other columns .* there are none"),
        (table("ab", [("", i) for i in range(40)]), ["--target", "b"], "'a' has not: empty"),
        (table("ab", [("", 1), (1, "")] * 10), ["--target", "b", "--drop-missing"], "all 20 miss something"),
        (
            table("abc", N),
            ["--target", "c", "--test", "0.01"],
            "expected a fraction for --test .* 0.01 of 20",
        ),
        (
            table("abc", N),
            ["--target", "c", "--test", "0.9", "--validation", "0.2"],
            "fraction for --validation",
        ),
        (table("abc", N), ["--target", "c", "--delimiter", ";"], "it has no 'c'"),
    ],
)
def test_a_table_that_cannot_be_learnt_from_is_one_error_and_leaves_nothing(text, words, match):
    refused(ValueError, match, text, *words, "--quiet")


def test_a_training_that_diverges_is_an_error_and_leaves_nothing(call):
    words = ["--target", "c", "--lr", "1e300", "--quiet"]
    refused(DivergenceError, r"diverged .* \(--lr is 1e\+300\)", table("abc", N), *words)
    assert call("train", "t.csv", *words).code == 1


def test_a_file_that_is_not_there_is_an_error_of_the_system():
    refused(FileNotFoundError, "No such file", None, "--target", "x")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--hidden", "16,x"], "such as 16,16, or none, but got '16,x'"),
        (["--hidden", "0"], "such as 16,16, or none, but got '0'"),
        (["--activation", "softmax"], "expected one of linear, step"),
        (["--epochs", "0"], "expected a whole number of at least 1, but got '0'"),
        (["--seed", "-1"], "expected a whole number of at least 0, but got '-1'"),
        (["--batch-size", "1.5"], "expected a whole number of at least 1"),
        (["--lr", "nan"], "expected a number above 0, but got 'nan'"),
        (["--lr", "inf"], "expected a number above 0, but got 'inf'"),
        (["--lr", "fast"], "expected a number above 0, but got 'fast'"),
        (["--test", "1"], "expected a number from 0 to less than 1, but got '1'"),
        (["--validation", "-0.1"], "expected a number from 0 to less than 1"),
        (["--features", "a,,b"], "expected names of columns, separated by commas"),
        (["--features", ""], "expected names of columns, separated by commas"),
        (["--delimiter", "ab"], "expected one character, or comma"),
        (["--task", "ranking"], "invalid choice: 'ranking'"),
    ],
)
def test_options_are_checked(capsys, words, message):
    write(Path("t.csv"), table("abc", N))
    with pytest.raises(SystemExit):
        run("train", "t.csv", "--target", "c", *words)
    assert message in capsys.readouterr().err
    assert os.listdir() == ["t.csv"]


def test_a_network_that_is_too_large_is_refused_before_it_is_made():
    words = ["--target", "price", "--hidden", "100000,100000", "--quiet"]
    refused(ValueError, r"at most 1000000 parameters, .* has 10000\d+: choose fewer neurons", HOUSES, *words)


def test_other_peoples_files_are_not_touched():
    Path("full").mkdir()
    Path("full/model.npz").write_text("mine")
    refused(
        ValueError,
        "a new or an empty folder, or one that train wrote, but 'full'",
        HOUSES,
        "--target",
        "price",
        "-o",
        "full",
    )
    assert os.listdir("full") == ["model.npz"]
    assert Path("full/model.npz").read_text() == "mine"
    refused(ValueError, "'.' has other files", HOUSES, "--target", "price", "-o", ".")
    Path("dangling").symlink_to("nowhere")
    refused(
        FileNotFoundError, "'dangling' is a link to nothing", HOUSES, "--target", "price", "-o", "dangling"
    )
    refused(NotADirectoryError, "'t.csv' is a file", HOUSES, "--target", "price", "-o", "t.csv")
    refused(FileNotFoundError, "there is no 'none'", HOUSES, "--target", "price", "-o", "none/model")


def test_what_a_killed_training_left_does_not_keep_the_next_one_away(capsys):
    Path("data_model/.autograd_lite-x").mkdir(parents=True)
    trained(capsys, HOUSES, "--target", "price", *FAST)
    assert sorted(os.listdir("data_model")) == [".autograd_lite-x", *FILES]


def test_a_folder_that_cannot_be_written_is_found_before_the_training(monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("it was trained")

    monkeypatch.setattr(_train, "fit", fail)
    monkeypatch.setattr(Path, "mkdir", lambda *a, **how: (_ for _ in ()).throw(PermissionError(13, "denied")))
    refused(PermissionError, "denied", HOUSES, "--target", "price", "--quiet")


@pytest.mark.parametrize("place", ["page", "_curves", "scores"])
@pytest.mark.parametrize("is_new", [True, False])
def test_an_error_at_the_end_leaves_what_was_there_before(monkeypatch, place, is_new):
    write(Path("t.csv"), HOUSES)
    if not is_new:
        run("train", "t.csv", "--target", "price", "--quiet", *FAST)
    before = {str(file): file.read_bytes() for file in Path().rglob("*") if file.is_file()}

    def fail(*args):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(_train, place, fail)
    refused(OSError, "no space left", HOUSES, "--target", "price", "--quiet", "--seed", 1, *FAST)
    assert {str(file): file.read_bytes() for file in Path().rglob("*") if file.is_file()} == before


# The rows that are held out


@given(
    sizes=st.lists(st.integers(2, 30), min_size=2, max_size=4),
    test=st.floats(0.05, 0.45),
    validation=st.floats(0.05, 0.45),
    seed=st.integers(0, 99),
)
@settings(max_examples=200)
def test_every_row_is_in_one_part_and_every_class_is_trained_on(sizes, test, validation, seed):
    targets = np.repeat(np.arange(len(sizes)), sizes).astype(float)
    n = len(targets)
    rows = Rows(Encoding((), "y", tuple(range(len(sizes)))), np.zeros((n, 0)), targets, "", None, {}, 0)
    try:
        parts = split(rows, test, validation, np.random.default_rng(seed))
    except ValueError:
        assert (
            not round(test * n)
            or not round(validation * n)
            or round(test * n) + round(validation * n) > n - len(sizes)
        )
        return
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(n))
    assert (len(parts["test"]), len(parts["validation"])) == (round(test * n), round(validation * n))
    assert set(targets[parts["training"]]) == set(targets)
    # Of each class as many as its share, but for the rows that are always trained on.
    shares = (np.array(sizes) - 1) * len(parts["test"]) / (n - len(sizes))
    held_out = np.bincount(targets[parts["test"]].astype(int), minlength=len(sizes))
    assert (np.abs(held_out - shares) <= 1 + 1e-9).all()


@given(
    st.lists(st.floats(-1e100, 1e100).map(lambda x: x if abs(x) > 1e-100 else 0.0), min_size=2, max_size=9)
)
def test_scaled_numbers_have_the_mean_0_and_the_standard_deviation_1(numbers):
    read = np.array(numbers)[:, None]
    rows = Rows(Encoding((Column("x"),), "y"), read, read[:, 0], "", None, {}, 0)
    encoding = scaled(rows, np.arange(len(read)))
    X = encoding.encode(read)
    if np.ptp(read) > 1e-6 * np.abs(read).max():
        np.testing.assert_allclose([X.mean(), X.std()], [0, 1], atol=1e-6)
    np.testing.assert_array_equal(encoding.encode_target(read[:, 0]), X[:, 0])


# Files of any content

CELL = st.sampled_from(
    ["", "1", "2.5", "-3", "1e400", "nan", "?", "a", "b", "1,5", '"', "é", "\0", "1e300", "x y", '"1,5"']
)
LINES = st.lists(st.lists(CELL, min_size=1, max_size=4).map(",".join), max_size=25)
NUMBERS, CLASSES = st.floats(-5, 5).map("{:.2f}".format), st.sampled_from("pq")
GOOD_ROWS = [st.tuples(NUMBERS, CLASSES, target).map(list) for target in (NUMBERS, CLASSES)]


@st.composite
def nearly_good(draw):
    """Rows that can be learnt from, but for a cell or two."""
    rows = draw(st.lists(draw(st.sampled_from(GOOD_ROWS)), min_size=12, max_size=20))
    for _ in range(draw(st.integers(0, 2))):
        draw(st.sampled_from(rows))[draw(st.integers(0, 2))] = draw(CELL)
    return [",".join(row) for row in rows]


@settings(max_examples=40)
@given(
    lines=LINES | nearly_good() | nearly_good(),
    header=st.sampled_from(["a,b,y"] * 6 + ["a;b;y", "y", "a,,y", "1,2,3", '"a,b,y', "a,b,y,y", ""]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16"]),
    words=st.lists(
        st.sampled_from(["--drop-missing", "--categorical=b", "--task=classification", "--test=0"]),
        unique=True,
    ),
)
def test_any_file_is_learnt_from_or_refused_and_then_nothing_is_left(
    tmp_path_factory, lines, header, end, encoding, words
):
    folder = tmp_path_factory.mktemp("any")
    file = write(folder / "t.csv", end.join([header, *lines]), encoding)
    try:
        run("train", file, "--target", "y", "--quiet", "--epochs", 1, "-o", folder / "out", *words)
    except ValueError:
        assert os.listdir(folder) == ["t.csv"]
        return
    done = run("predict", folder / "out/model.npz", file, "-o", folder / "p", "--quiet", "--drop-missing")
    assert done == 0
    assert sorted(os.listdir(folder)) == ["out", "p", "t.csv"]
