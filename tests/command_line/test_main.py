"""The program as a process: streams, exit codes, the console script."""

import io
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import autograd_lite
from autograd_lite.__main__ import main
from autograd_lite.command_line import BROKEN_PIPE, FAILED, INTERRUPTED, USAGE, _explain

ROOT = Path(autograd_lite.__file__).parent.parent


def process(*argv, **options):
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "autograd_lite", *argv],
        capture_output=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        **options,
    )


def test_results_go_to_standard_output_and_errors_to_standard_error():
    done = process("explain", "x**2", "x=3", "--wrt", "x")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"f = 9")
    done = process("explain", "x**", "x=3")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"autograd-lite: error: the expression ends too early\n  x**\n   ^^\n"


def test_a_terminal_without_unicode_gets_ascii():
    done = process("explain", "ŷ*log(x)", "ŷ=2", "x=3", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"df/dy_hat" in done.stdout
    done = process("explain", "ŷ*log(x)", "ŷ=2", "x=-3", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"})
    assert done.stderr.splitlines()[1:] == [b"  ?*log(x)", b"    ^^^^^^"]


def test_the_console_script_is_this_function():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"autograd-lite": "autograd_lite.__main__:main"}
    assert main.__module__ == "autograd_lite.__main__"


def test_without_arguments_those_of_the_process_are_read(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["autograd-lite", "explain", "1 + 1"])
    assert main() == 0
    assert capsys.readouterr().out == "f = 2\n"


def test_a_reader_that_has_left_is_no_error(capfd, monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

        def fileno(self):
            raise io.UnsupportedOperation

    monkeypatch.setattr(sys, "stdout", Closed())
    assert main(["explain", "x", "x=1"]) == BROKEN_PIPE
    assert capfd.readouterr().err == ""


def test_a_pipe_that_is_closed_early_leaves_no_message():
    reader = [sys.executable, "-c", "pass"]
    command = [sys.executable, "-m", "autograd_lite", "explain", "x", "x=1"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as writer,
        subprocess.Popen(reader, stdin=writer.stdout) as done,
    ):
        writer.stdout.close()
        done.wait(60)
        assert writer.stderr.read() == b""
        assert writer.wait(60) in (0, BROKEN_PIPE)


def test_a_closed_standard_output_is_no_error():
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m autograd_lite explain x x=1 >&-"],
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), INTERRUPTED, "interrupted"),
        (MemoryError(), FAILED, "this needs more memory than there is"),
        (OSError(28, "No space left on device"), FAILED, "No space left on device"),
        (PermissionError(13, "no permission", "a.svg"), FAILED, "a.svg: no permission"),
        (ImportError("this needs pygraphviz"), FAILED, "this needs pygraphviz"),
        (ValueError("wrong\nin two lines"), USAGE, "wrong in two lines"),
    ],
)
def test_whatever_happens_is_one_line_and_an_exit_code(error, code, message, monkeypatch, capsys):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(_explain, "read_graph", fail)
    assert main(["explain", "x", "x=1"]) == code
    assert capsys.readouterr() == ("", f"autograd-lite: error: {message}\n")


TABLE = "x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(20))


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["explain", "x**", "x=1"], USAGE),
        (["explain", "x", "--nothing"], USAGE),
        (["explain", "log(x)", "x=0"], USAGE),
        (["draw", "x*x", "x=1", "-o", "a.foo"], USAGE),
        (["draw", "x*x", "x=1", "-o", "nowhere/a.svg"], FAILED),
        (["train", "t.csv", "--target", "Y"], USAGE),
        (["train", "t.csv", "--target", "y", "--epochs", "0"], USAGE),
        (["train", "words.csv", "--target", "y"], USAGE),
        (["train", "none.csv", "--target", "y"], FAILED),
        (["train", "t.csv", "--target", "y", "-o", "nowhere/m"], FAILED),
        (["train", "t.csv", "--target", "y", "--lr", "1e300"], FAILED),
        (["predict", "t.csv", "t.csv"], USAGE),
        (["predict", "none.npz", "t.csv"], FAILED),
    ],
)
def test_the_exit_code_is_2_if_arguments_or_data_are_wrong_and_1_if_something_failed(argv, code, call):
    Path("t.csv").write_text(TABLE)
    Path("words.csv").write_text(TABLE.replace("5,10", "five,10"))
    got, _, err = call(*argv)
    assert (got, err.count("autograd-lite: error: ")) == (code, 1)


def test_the_page_and_the_help_have_every_exit_code(call):
    page = (ROOT / "docs/command_line.md").read_text(encoding="utf-8")
    assert "| 2 | the arguments or the data are wrong" in page
    assert "2 the arguments or the data are wrong" in call("--help").out
