"""The hypothesis profile of all tests, the same examples on every run, and what the tests of demos share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import autograd_lite

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
