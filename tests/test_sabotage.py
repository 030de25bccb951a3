"""The tests notice wrong derivatives: a sample of what `python -m tests.sabotage` tries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sabotage import sabotages

from autograd_lite.ops import TABLE

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="sabotage happens in forked processes")


def sabotage(*arguments):
    """The exit status and what is printed."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "tests.sabotage", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def test_the_tests_notice_a_sample_of_wrong_derivatives():
    status, output = sabotage("--sample", "12", "--seed", "0")
    assert "\n12 of 12 sabotages noticed" in output
    assert status == 0, output


def test_what_no_test_notices_is_reported():
    status, output = sabotage("--sample", "3", "tests/nn/test_initializers.py")
    assert output.count("\nnot noticed: ") == 3
    assert status == 1


def test_a_test_that_always_fails_notices_nothing(tmp_path):
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    assert False\n", encoding="utf-8")
    status, output = sabotage("--sample", "3", str(tmp_path))
    assert "fails when nothing is sabotaged: test_nothing.py::test_nothing" in output.replace("\\", "/")
    assert status == 1


def test_every_derivative_of_the_table_is_sabotaged():
    names = {f"{s.primitive}, {s.what.partition(':')[0]}" for s in sabotages()[0]}
    for p in TABLE.values():
        operands = ["all"] if p.is_nary else [x for x, d in zip(p.operands, p.partials, strict=True) if d]
        assert names >= {f"{p.name}, by {x}" for x in operands}
