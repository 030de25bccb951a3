"""The commands in the page on training print what it says."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from commands import run

ROOT = Path(__file__).parents[3]
NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?:e[+-]\d+)?")


def test_the_commands_print_what_the_page_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "demos/iris.csv", tmp_path)
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"```console\n(.*?)```", page, re.DOTALL))
    commands = re.split(r"^\$ ", blocks, flags=re.MULTILINE)[1:]
    assert len(commands) == 3
    for command in commands:
        line, _, expected = command.partition("\n")
        program, *words = shlex.split(line)
        if program == "cat":
            Path(words[0]).write_text(expected)
            continue
        assert program == "autograd-lite"
        assert run(*words) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert NUMBER.sub("#", out) == NUMBER.sub("#", expected)
        # The last digits may be others with another NumPy.
        found, said = (list(map(float, NUMBER.findall(text))) for text in (out, expected))
        assert found == pytest.approx(said, rel=0.01)
