"""The demos run as scripts, print what they promise and write what they say, without Graphviz' dot."""

import re
from pathlib import Path

import pytest

MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG\r\n\x1a\n"}


@pytest.fixture(scope="module")
def chain_rule(run):
    return run("chain_rule")


@pytest.fixture(scope="module")
def circles(run):
    return run("circles")


def written(folder, output):
    """The files that the output names, which are all that were written."""
    paths = [Path(path) for path in re.findall(r"^wrote (.*)$", output, flags=re.MULTILINE)]
    assert sorted(paths) == sorted(p for p in (folder / "output").rglob("*") if p.is_file())
    return paths


def check_files(folder, output):
    paths = written(folder, output)
    assert paths
    for path in paths:
        content = path.read_bytes()
        assert content.startswith(MAGIC[path.suffix])
        assert len(content) > 5000


@pytest.mark.parametrize("demo", ["chain_rule", "circles"])
def test_the_files_are_those_that_the_demo_says_it_wrote(request, demo):
    check_files(*request.getfixturevalue(demo))


def test_the_chain_rule_gives_the_lecture_s_figures(chain_rule):
    numbers = {}
    for when in ("before", "after 500 steps"):
        line = re.search(rf"^{when}: ŷ = (\S+), J = (\S+)$", chain_rule[1], flags=re.MULTILINE)
        numbers[when] = tuple(map(float, line.groups()))
    assert numbers["before"] == pytest.approx((0.5055122322416645, 0.6821830425123782), abs=1e-12)
    assert numbers["after 500 steps"] == pytest.approx((0.989572063894159, 0.010482687996989789), abs=1e-12)


def test_the_chain_rule_agrees_with_the_closed_forms(chain_rule):
    rows = re.findall(r"^∂J/∂(\w+) +(\S+) +(\S+)$", chain_rule[1], flags=re.MULTILINE)
    assert [name for name, _, _ in rows] == ["w1", "b1", "w2", "b2"]
    for _, autodiff, closed_form in rows:
        assert float(autodiff) == pytest.approx(float(closed_form), rel=1e-12)
        assert float(autodiff) != 0


def test_the_circles_are_learnt(circles):
    accuracies = dict(re.findall(r"^(train|test) accuracy +(\S+)$", circles[1], flags=re.MULTILINE))
    assert float(accuracies["train"]) >= 0.94
    assert float(accuracies["test"]) >= 0.90


def test_the_circles_report_their_progress(circles):
    lines = re.findall(r"^epoch +(\d+) +loss (\S+) +lr (\S+)$", circles[1], flags=re.MULTILINE)
    assert [int(epoch) for epoch, _, _ in lines] == [1, 25, 50, 75, 100, 125, 150]
    losses = [float(loss) for _, loss, _ in lines]
    assert losses == sorted(losses, reverse=True)
    assert lines[0][2] == "0.3000"


def test_the_circles_draw_graph_curves_and_boundary(circles):
    names = [path.name for path in written(*circles)]
    assert names == ["graph.svg", "training_curves.png", "decision_boundary.png"]


def test_the_digits_are_learnt(run):
    """All in one test, so that one process runs the longest demo, once."""
    folder, output = run("digits")
    accuracies = dict(re.findall(r"^(train|test) accuracy +(\S+)$", output, flags=re.MULTILINE))
    assert float(accuracies["train"]) >= 0.98
    assert float(accuracies["test"]) >= 0.97
    assert "50610 parameters" in output
    lines = re.findall(r"^epoch +(\d+) +loss (\S+) +lr (\S+)$", output, flags=re.MULTILINE)
    assert [int(epoch) for epoch, _, _ in lines] == [1, 5, 10, 15, 20, 25, 30]
    assert float(lines[-1][1]) < 0.3
    check_files(folder, output)
    assert [path.name for path in written(folder, output)] == ["training_curves.png", "confusion_matrix.png"]


def test_the_matrix_form_is_that_of_the_lecture(run):
    _, output = run("matrix_form")
    assert "Z1 = W1 @ X + b1" in output
    differences = re.findall(r"^(?:loss|gradient) +(\S+)$", output, flags=re.MULTILINE)
    assert len(differences) == 2
    assert all(float(d) < 1e-12 for d in differences)
