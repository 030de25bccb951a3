"""Commands run in this process."""

from typing import NamedTuple

import pytest

from autograd_lite.__main__ import main


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
