"""`predict`: the rows of a table with what a model says of them, and what it refuses."""

import csv
import json
import os
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from commands import FLOWERS, HOUSES, run, table, write

from autograd_lite.command_line.tables import _predict, _table
from autograd_lite.command_line.tables._encoding import KEY, encoding_of
from autograd_lite.nn import MLP
from autograd_lite.training import load, save


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Models of flowers, of houses, and of two classes that are numbers."""
    folder = tmp_path_factory.mktemp("models")
    numbers = table("xy", [(i, 2 * (i > 20)) for i in range(40)])
    for name, text, target in (
        ("flowers", FLOWERS, "kind"),
        ("houses", HOUSES, "price"),
        ("numbers", numbers, "y"),
    ):
        data = write(folder / f"{name}.csv", text)
        run("train", data, "--target", target, "--quiet", "--epochs", 60, "-o", folder / name)
    return folder


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predicted(capsys, *words):
    """The rows that are written to standard output, as dicts."""
    assert run("predict", *words) == 0
    return list(csv.DictReader(StringIO(capsys.readouterr().out)))


def test_rows_come_back_with_the_prediction_and_the_probabilities(models, capsys):
    rows = predicted(capsys, models / "flowers/model.npz", models / "flowers.csv")
    given = list(csv.DictReader(StringIO(FLOWERS)))
    added = ["prediction", "probability_iris", "probability_lily", "probability_rose"]
    assert list(rows[0]) == [*given[0], *added]
    assert [{name: row[name] for name in given[0]} for row in rows] == given
    for row in rows:
        p = [float(row[name]) for name in added[1:]]
        assert sum(p) == pytest.approx(1, abs=1e-5)
        assert row["prediction"] == ["iris", "lily", "rose"][int(np.argmax(p))]
    assert np.mean([row["prediction"] == row["kind"] for row in rows]) > 0.95


def test_numbers_are_predicted_in_the_units_of_the_target(models, capsys):
    rows = predicted(capsys, models / "houses/model.npz", models / "houses.csv")
    right, said = (np.array([float(row[name]) for row in rows]) for name in ("price", "prediction"))
    assert 1 - np.var(right - said) / np.var(right) > 0.97
    assert list(rows[0])[-1] == "prediction"


def test_classes_that_are_numbers_are_predicted_as_they_were_written(models, capsys):
    rows = predicted(capsys, models / "numbers/model.npz", models / "numbers.csv")
    assert {row["prediction"] for row in rows} == {"0", "2"}
    assert list(rows[0])[2:] == ["prediction", "probability_0", "probability_2"]
    assert rows[0]["prediction"] == "0"
    assert rows[-1]["prediction"] == "2"


def test_columns_are_found_by_name_in_any_order_and_with_any_delimiter(models, capsys):
    reader = csv.DictReader(StringIO(FLOWERS))
    turned = table(
        ["x", "colour", "width", "length"], [("-", r["colour"], r["width"], r["length"]) for r in reader], ";"
    )
    write(Path("turned.csv"), turned)
    assert run("predict", models / "flowers/model.npz", "turned.csv") == 0
    out, err = capsys.readouterr()
    assert err == ""
    said = [row["prediction"] for row in csv.DictReader(StringIO(out), delimiter=";")]
    expected = predicted(capsys, models / "flowers/model.npz", models / "flowers.csv")
    assert said == [row["prediction"] for row in expected]


def test_cells_are_kept_as_they_are(models, capsys):
    write(Path("t.csv"), 'note,x,y\n"a ""quote"", and\na line",007.50,\n"=1+1",1e1,2.0\n')
    rows = predicted(capsys, models / "numbers/model.npz", "t.csv")
    assert [(r["note"], r["x"], r["y"]) for r in rows] == [
        ('a "quote", and\na line', "007.50", ""),
        ("=1+1", "1e1", "2.0"),
    ]


@pytest.mark.parametrize("size", [1, 7])
def test_a_table_in_chunks_gives_the_same(models, capsys, monkeypatch, size):
    words = [models / "flowers/model.npz", models / "flowers.csv", "--json"]
    run("predict", *words)
    whole = capsys.readouterr().out
    monkeypatch.setattr(_table, "CHUNK", size)
    run("predict", *words)
    assert capsys.readouterr().out == whole


def test_the_metrics_are_those_of_the_training_and_come_on_standard_error(models, capsys):
    run("predict", models / "houses/model.npz", models / "houses.csv", "-o", "out.csv")
    out, err = capsys.readouterr()
    assert out == ""
    rows = list(csv.DictReader(StringIO(Path("out.csv").read_text())))
    right, said = (np.array([float(row[name]) for row in rows]) for name in ("price", "prediction"))
    mse = np.mean((right - said) ** 2)
    assert err.splitlines()[0].split() == ["rows", "R²", "MSE", "RMSE"]
    assert err.splitlines()[1].split()[-4:] == [
        "80",
        f"{1 - mse / np.var(right):.3f}",
        f"{mse:#.6g}",
        f"{mse**0.5:#.6g}",
    ]
    run("predict", models / "houses/model.npz", models / "houses.csv", "-o", "out.csv", "--quiet")
    assert capsys.readouterr() == ("", "")


def test_rows_whose_target_is_not_known_are_no_part_of_the_metrics(models, capsys):
    write(Path("t.csv"), "x,y\n1,0\n2,\n3,5\n4,text\n39,2.0\n")
    run("predict", models / "numbers/model.npz", "t.csv", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["rows"] == 2
    assert found["metrics"]["accuracy"] == 1
    assert [row["prediction"] for row in found["predictions"]] == [0, 0, 0, 0, 2]
    write(Path("t.csv"), "x,y\n1,\n2,\n")
    run("predict", models / "numbers/model.npz", "t.csv", "--json")
    assert json.loads(capsys.readouterr().out)["metrics"] is None


def test_json_says_the_same_as_csv(models, capsys):
    run("predict", models / "flowers/model.npz", models / "flowers.csv", "--json", "-o", "out.json")
    found = json.loads(Path("out.json").read_text())
    rows = predicted(capsys, models / "flowers/model.npz", models / "flowers.csv")
    assert (found["target"], found["task"], found["metrics"]["rows"]) == ("kind", "classification", 60)
    assert [row["line"] for row in found["predictions"]] == list(range(2, 62))
    assert [row["prediction"] for row in found["predictions"]] == [row["prediction"] for row in rows]
    for one, other in zip(found["predictions"], rows, strict=True):
        for label, p in one["probabilities"].items():
            assert f"{p:.6g}" == other[f"probability_{label}"]


def test_rows_in_which_something_is_missing_are_left_out_if_it_is_wanted(models, capsys):
    write(Path("t.csv"), "y,x\n,1\n,NA\n,39\n")
    run("predict", models / "numbers/model.npz", "t.csv", "--drop-missing")
    out, err = capsys.readouterr()
    assert [row["x"] for row in csv.DictReader(StringIO(out))] == ["1", "39"]
    assert err == "1 of 3 rows are left out, as something is missing\n"


def test_a_file_of_predictions_is_replaced_and_keeps_nothing_of_before(models):
    words = [models / "houses/model.npz", models / "houses.csv", "--quiet", "-o"]
    run("predict", *words, "out")
    first = Path("out").read_text()
    run("predict", *words, "out", "--json")
    run("predict", *words, "out")
    assert Path("out").read_text() == first
    assert os.listdir() == ["out"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "comma", "space", "|"])
@pytest.mark.parametrize("name", ["flowers", "houses"])
def test_predictions_with_any_delimiter_are_replaced(models, name, mark):
    character = {"comma": ",", "space": " "}.get(mark, mark)
    text = (models / f"{name}.csv").read_text().replace("flower ", "flower").replace(",", character)
    write(Path("t.csv"), text)
    words = [models / name / "model.npz", "t.csv", "--quiet", "--delimiter", mark, "-o", "out"]
    for _ in range(2):
        assert run("predict", *words) == 0


def test_without_standard_output_nothing_is_written(models, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert run("predict", models / "houses/model.npz", models / "houses.csv", "--quiet") == 0


def test_a_dash_is_standard_output(models, capsys):
    run("predict", models / "houses/model.npz", models / "houses.csv", "-o", "-")
    assert capsys.readouterr().out.startswith("area,age,town,price,prediction\n")
    assert os.listdir() == []


# What it refuses


def refused(error, match, *words):
    """That nothing is written."""
    before = {file: file.read_bytes() for file in Path().iterdir() if file.is_file()}
    with pytest.raises(error, match=match):
        run("predict", *words)
    assert {file: file.read_bytes() for file in Path().iterdir() if file.is_file()} == before


@pytest.mark.parametrize("to_file", [True, False])
@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        ("length,width,colour\n", "expected rows below the header of 't.csv', but there are none"),
        ("length,colour\n1,blue\n", "a column that the model needs of 't.csv', but it has no 'width'"),
        ("length,widths,colour\n1,2,blue\n", "did you mean 'widths'"),
        ("x\n1\n", "'length', 'width', 'colour' are not there: it has 'x'"),
        (
            "length,width,colour\n1,2,blue\n1,2,red\n",
            "one of 'blue', 'white' in the column 'colour', but line 3 has 'red'",
        ),
        (
            "length,width,colour\n1,wide,blue\n",
            "expected numbers in the column 'width', but line 2 has 'wide'",
        ),
        ("length,width,colour\n1,inf,blue\n", "finite numbers in the column 'width', but line 2 has 'inf'"),
        ("length,width,colour\n1,2,blue\n,2,\n", "line 3 of 't.csv' has none for 'length', and 1 of 2 rows"),
        ("length,width,colour\n1,2,blue\n1,2\n", "line 3 has 2"),
        ("length,width,colour,prediction\n1,2,blue,x\n", "has a column 'prediction': rename or remove it"),
        ("length,width,colour,probability_iris\n1,2,blue,x\n", "has a column 'probability_iris'"),
    ],
)
def test_a_table_that_does_not_fit_is_one_error_and_nothing_is_written(models, capsys, text, match, to_file):
    write(Path("t.csv"), text)
    words = ["-o", "out.csv"] if to_file else []
    refused(ValueError, match, models / "flowers/model.npz", "t.csv", *words)
    assert capsys.readouterr().out == ""


def test_all_rows_missing_is_an_error(models):
    write(Path("t.csv"), "x\nNA\nNA\n")
    refused(ValueError, "all 2 miss something", models / "numbers/model.npz", "t.csv", "--drop-missing")


def test_nothing_of_the_users_is_overwritten(models):
    model, data = write(Path("m.npz"), ""), write(Path("d.csv"), HOUSES)
    model.write_bytes((models / "houses/model.npz").read_bytes())
    write(Path("other.csv"), "a,b\n1,2\n")
    refused(
        ValueError, "expected another file for -o than 'd.csv', which would be lost", model, data, "-o", data
    )
    refused(ValueError, "expected another file for -o than 'm.npz'", model, data, "-o", model)
    Path("link.csv").symlink_to("d.csv")
    refused(ValueError, "expected another file for -o than 'd.csv'", model, data, "-o", "link.csv")
    refused(ValueError, "or one with predictions, but 'other.csv' is another", model, data, "-o", "other.csv")
    for text in (
        "My lecture notes on prediction\n",
        "My predictions for 2027: precious notes\n",
        "date,my_prediction_market\n1,2\n",
        "prediction,date\n1,2\n",
        "date,prediction,certainty\n1,2,3\n",
        "prediction\n",
        '{"prediction": 1}\n',
        '{"data": "x", "predictions": []}\n',
        "\0prediction",
        "[" * 10**5,
    ):
        write(Path("mine"), text)
        refused(ValueError, "or one with predictions, but 'mine' is another", model, data, "-o", "mine")
    refused(IsADirectoryError, "is a folder", model, data, "-o", models)
    refused(FileNotFoundError, "there is no", model, data, "-o", "none/out.csv")
    refused(OSError, "is a device", model, data, "-o", "/dev/null")
    write(Path("empty.csv"), "")
    assert run("predict", model, data, "-o", "empty.csv", "--quiet") == 0


def test_a_full_disk_leaves_the_old_file(models, monkeypatch):
    words = [models / "houses/model.npz", models / "houses.csv", "--quiet", "-o", "out.csv"]
    run("predict", *words)

    def fail(*args):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(_predict, "_write_csv", fail)
    refused(OSError, "no space left", *words)
    assert os.listdir() == ["out.csv"]


GOOD = {
    KEY: 1,
    "columns": [{"name": "a", "mean": 0.0, "scale": 1.0}, {"name": "b", "categories": ["x", "y"]}],
    "target": {"name": "t", "classes": [0, 1, 2.5]},
}


def test_metadata_are_read_as_they_are_written():
    assert encoding_of(GOOD).metadata() == GOOD
    other = GOOD | {"target": {"name": "t", "mean": 1.0, "scale": 2.0}}
    assert encoding_of(other).metadata() == other


@pytest.mark.parametrize(
    "change",
    [
        {KEY: 2},
        {"columns": []},
        {"columns": 3},
        {"columns": [{"name": "a"}]},
        {"columns": [{"name": 1, "mean": 0.0, "scale": 1.0}]},
        {"columns": [{"name": "t", "mean": 0.0, "scale": 1.0}]},
        {"columns": [{"name": "a", "mean": "0", "scale": 1.0}]},
        {"columns": [{"name": "a", "mean": 0.0, "scale": 0.0}]},
        {"columns": [{"name": "a", "mean": 0.0, "scale": 1e-320}]},
        {"columns": [{"name": "a", "mean": 10**400, "scale": 1.0}]},
        {"columns": [{"name": "a", "categories": []}]},
        {"columns": [{"name": "a", "categories": ["x", "x"]}]},
        {"columns": [{"name": "a", "categories": [[]]}]},
        {"columns": [{"name": "a", "categories": [1, 2]}]},
        {"target": {"name": "t"}},
        {"target": {"name": "t", "classes": ["x"]}},
        {"target": {"name": "t", "classes": ["x", 1]}},
        {"target": {"name": "t", "classes": [0, True]}},
        {"target": {"name": "t", "mean": True, "scale": 1.0}},
        {"columns": [{"name": "a", "mean": 0.0, "scale": 1.0}]},  # the model has three inputs
        {"target": {"name": "t", "classes": [0, 1]}},  # and three outputs
    ],
)
def test_a_model_that_train_did_not_write_is_an_error(change):
    save("m.npz", MLP(3, [3]), metadata=GOOD | change)
    write(Path("t.csv"), "a,b\n1,x\n")
    refused(ValueError, "expected a model that train wrote, but 'm.npz' is none", "m.npz", "t.csv")


def test_a_model_without_columns_or_another_file_is_an_error():
    write(Path("t.csv"), "a,b\n1,x\n")
    save("m.npz", MLP(3, [3]), metadata={"mine": 1})
    refused(
        ValueError, "expected a model that was trained on a table, but 'm.npz' does not", "m.npz", "t.csv"
    )
    refused(ValueError, "expected a file that save wrote", "t.csv", "t.csv")
    refused(FileNotFoundError, "No such file", "none.npz", "t.csv")
    save("m.npz", MLP(3, [3]), metadata=GOOD)
    assert load("m.npz").metadata == GOOD
    assert run("predict", "m.npz", "t.csv") == 0
