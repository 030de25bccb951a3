"""A few hundred of the hostile expressions, in a process that has nothing else in its memory."""

import random
import re
import subprocess
import sys
import time
from pathlib import Path

from fuzz_expressions import arguments

from autograd_lite.command_line import _whitelist

ROOT = Path(__file__).parent.parent.parent


def test_hostile_expressions_get_an_answer_or_an_error():
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz_expressions", "600", "--processes", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert sum(int(n) for n in re.findall(r"^ *(\d+) .*: (?:answers|errors)$", done.stdout, re.M)) == 600


def test_long_names_are_made_into_arguments_at_once():
    start = time.process_time()
    command = arguments(random.Random(0), "a" * 100_000)
    assert command[0] == "explain"
    assert time.process_time() - start < 1


def test_the_list_of_what_is_read_is_short():
    numbers = {"BinOp", "Call", "Constant", "IfExp", "Name", "Subscript", "UnaryOp"}
    assert {node.__name__ for node in _whitelist.NUMBERS} == numbers
    assert {node.__name__ for node in _whitelist.CONDITIONS} == {"BinOp", "BoolOp", "Compare", "UnaryOp"}
