"""The page on the command line: its commands run and print what it says.

``python tests/command_line/test_page.py`` writes into the page what they print.
"""

import contextlib
import io
import os
import re
import shlex
import tempfile
from pathlib import Path

from autograd_lite.__main__ import main

PAGE = Path(__file__).parent.parent.parent / "docs" / "command_line.md"
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)


def session(block: str) -> str:
    """A block of commands, each followed by what it prints now."""
    lines = []
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        program, *argv = shlex.split(command)
        assert program == "autograd-lite"
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            main(argv)
        lines += [f"$ {command}\n", printed.getvalue()]
    return "".join(lines)


def test_the_commands_of_the_page_print_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) >= 7
    for block in blocks:
        assert block == session(block)


if __name__ == "__main__":
    os.environ["COLUMNS"] = "100"
    text = PAGE.read_text(encoding="utf-8")
    with contextlib.chdir(tempfile.mkdtemp()):
        PAGE.write_text(BLOCK.sub(lambda block: session(block[0]), text), encoding="utf-8")
