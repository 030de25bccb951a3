"""The hypothesis profile of all tests, the same examples on every run, and how demos and commands are run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

import autograd_lite
from autograd_lite.__main__ import main

DEMOS = Path(__file__).parent.parent / "demos"

settings.register_profile(
    "deterministic",
    derandomize=True,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("deterministic")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a copy of a demo in a new directory and returns the directory and what was printed."""

    def run(name):
        folder = tmp_path_factory.mktemp(name)
        script = shutil.copy(DEMOS / f"{name}.py", folder)
        package = str(Path(autograd_lite.__file__).parent.parent)
        environment = os.environ | {
            "PATH": str(folder),
            "PYTHONPATH": package,
            "PYTHONIOENCODING": "utf-8",
            "PYTHONWARNINGS": "error",
            "OPENBLAS_NUM_THREADS": "1",  # the tests keep all cores busy, so that its threads would wait
        }
        done = subprocess.run(
            [sys.executable, script],
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return folder, done.stdout

    return run


class Outcome(NamedTuple):
    """The exit code of a command, and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """Runs a command, given as its arguments, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*argv):
        capsys.readouterr()
        code = main(argv)
        return Outcome(code, *capsys.readouterr())

    return call
