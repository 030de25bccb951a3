"""Hostile expressions for the command line: `python -m tests.fuzz_expressions 100000` tries so many of them.

Each must get an answer or an error in the documented form, run nothing, open nothing, and be done in 2 s
(of the processor: others may be busy) and 500 MB. With ``--processes n``, n of them are also given to a
process of their own.
"""

import argparse
import io
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

from autograd_lite.__main__ import main as command
from autograd_lite._primitive import REAL
from autograd_lite.command_line._whitelist import CONSTANTS, FUNCTIONS
from autograd_lite.ops import TABLE

SECONDS, MEGABYTES = 2.0, 500
NAMES = ["x", "y", "w1", "w2", "b", "ŷ", "σ0", "e", "pi", "f", "J", "_", "λ", "max"]
TAME = ["0.5", "0.9", "1/3", "0.25", "1e-3", "0.1", "pi/4"]
NUMBERS = ["0", "1", "2", "3.0", "0.5", ".5", "1e-3", "1_000", "0x1F", "1e300", "5e-324", "10**10**10"]
VALUES = ["0", "1", "-1", "2", "3.14", "-0.0", "pi/2", "1e300", "-1e308", "5e-324", "20", "-40"]
WRONG_VALUES = [
    "",
    "nan",
    "inf",
    "1/0",
    "x",
    "1e999",
    "--1",
    "'1'",
    "10**400",
    "1,2",
    "lambda: 0",
    "\x00",
    "=",
    "9" * 5000,
]
# Functions that are defined for all numbers, so that more expressions have an answer.
EVERYWHERE = [name for name, row in FUNCTIONS.items() if all(domain == REAL for domain in TABLE[row].domain)]
OPTIONS = [
    ["--second"],
    ["--check"],
    ["--detail", "labels"],
    ["--detail", "operations"],
]
ATTACKS = [
    "__import__('os').system('touch pwned')",
    '__import__("os")',
    "__import__(x)",
    "eval(x)",
    "exec('import os')",
    "open(x)",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "(lambda: x)()",
    "lambda x: x",
    "[x for x in [1, 2]]",
    "{x: 1 for x in [1]}",
    "f'{x}'",
    "f'{__import__(\"os\")}'",
    "x := 3",
    "(x := 3)",
    "import os",
    "from os import *",
    "def f(): pass",
    "while 1: pass",
    "x if True else y",
    "print(x)",
    "globals()",
    "getattr(x, y)",
    "x; import os",
    "x = __builtins__",
    "10**10**10",
    "10**10**10**10**10",
    "2**2**2**2**2**2",
    "9**9**9**9*x",
    "1e999",
    "x**1e308",
    "exp(exp(exp(exp(x))))",
    "yield x",
    "await x",
    "*x, y = 1, 2",
    "del x",
    "x.y = 1",
    "x[0] = 1",
    "assert x",
    "raise x",
    "global x",
    "@x",
    "...",
    "None",
    "b'x'",
    "'x' * 10**9",
    "[0] * 10**9",
    "'%s' % x",
    "softmax([x])[10**9]",
    "softmax([x])[x]",
    "sum(range(10**9))",
    "x # comment",
    "x \\",
    "type(x)(1)",
    "x if x > 0 else __import__('os')",
    "%n%s%x",
    "$(touch pwned)",
    "`touch pwned`",
    "--help",
    "-",
    "--",
    "@/etc/passwd",
    "",
    " ",
    ";",
    "=",
]
CHARACTERS = "x1.+-*/()[]{},;:=<>!&|^~%@#'\"\\`$?_ \t\n\r\x00\x1b\x7f\ud800\ufeff\u202e\u200bé²½∞√−×ŷσ中😀٣ªǅ"


class Outcome(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str
    seconds: float


# Expressions


def valid(rng: random.Random, depth: int = 4) -> str:
    """An expression of the grammar, of names, numbers, operators, functions and choices."""
    if depth == 0 or rng.random() < 0.1:
        return rng.choice(NAMES[:6]) if rng.random() < 0.7 else rng.choice(NUMBERS[: rng.choice([7, 7, 12])])
    below = [valid(rng, depth - 1) for _ in range(3)]
    kind = rng.randrange(8)
    if kind < 3:
        return f"({below[0]} {rng.choice(['+', '-', '*', '/', '**'])} {below[1]})"
    if kind == 3:
        return f"-{below[0]}"
    if kind == 4:
        return f"({below[0]} if {condition(rng, depth - 1)} else {below[1]})"
    return called(rng, rng.choice(EVERYWHERE if rng.random() < 0.8 else list(FUNCTIONS)), below, depth)


def called(rng: random.Random, name: str, below: list[str], depth: int) -> str:
    """A call of a function, mostly as it has to be."""
    row = TABLE[FUNCTIONS[name]]
    if FUNCTIONS[name] == "dot":
        return f"dot([{', '.join(below)}], [{', '.join(reversed(below))}])"
    if FUNCTIONS[name] == "softmax":
        return f"softmax([{', '.join(below)}])[{rng.randrange(-3, 4)}]"
    if row.is_nary:
        return f"{name}([{', '.join(below)}])" if rng.random() < 0.5 else f"{name}({', '.join(below)})"
    if FUNCTIONS[name] == "where":
        return f"where({condition(rng, depth - 1)}, {below[0]}, {below[1]})"
    return f"{name}({', '.join(below[: len(row.operands) - rng.choice([0, len(row.defaults)])])})"


def condition(rng: random.Random, depth: int) -> str:
    """A condition."""
    if depth > 0 and rng.random() < 0.3:
        parts = condition(rng, depth - 1), condition(rng, depth - 1)
        return rng.choice(["({} and {})", "(({}) & ({}))", "(({}) | ({}))", "not {}", "~({})"]).format(*parts)
    parts = valid(rng, 1), valid(rng, 1), valid(rng, 0)
    return rng.choice(["{} > {}", "{} <= {}", "{} < {} < {}"]).format(*parts)


def with_parts(rng: random.Random) -> str:
    """Statements that give names to parts."""
    parts = []
    for i in range(rng.randrange(1, 6)):
        text = valid(rng, 2)
        if parts:
            text = re.sub(r"\bx\b", f"z{i - 1}", text, count=1)
        parts.append(f"z{i} = {text}")
    return "; ".join([*parts, re.sub(r"\bx\b", f"z{len(parts) - 1}", valid(rng, 1))])


def mutated(rng: random.Random) -> str:
    """A valid expression with characters taken away, put in, doubled or exchanged."""
    text = list(rng.choice([valid, with_parts])(rng))
    for _ in range(rng.randrange(1, 4)):
        i = rng.randrange(len(text) + 1)
        j = min(i + rng.randrange(6), len(text))
        text[i:j] = rng.choice([[], list(rng.choice(CHARACTERS)), text[i:j] * 2, list(rng.choice(TOKENS))])
    return "".join(text)


PYTHON = """
+ - * / // % ** @ < > <= >= == != ( ) [ ] { } , : . ; = -> += & | ^ ~ << >> := ... ' " # \\
if else and or not in is lambda for import from as def class return yield await async with try
None True False print __import__ eval exec open pass del global assert raise while match case type
"""
TOKENS = [*PYTHON.split(), *NAMES, *NUMBERS, *FUNCTIONS, *CONSTANTS]


def tokens(rng: random.Random) -> str:
    """Tokens of Python in any order."""
    return rng.choice(["", " "]).join(rng.choice(TOKENS) for _ in range(rng.randrange(1, 25)))


def characters(rng: random.Random) -> str:
    """Characters of all of Unicode, unpaired surrogates too, or bytes that are no text."""
    size = rng.randrange(1, 40)
    if rng.random() < 0.3:
        return rng.randbytes(size).decode("utf-8", "surrogateescape")
    if rng.random() < 0.5:
        return "".join(rng.choice(CHARACTERS) for _ in range(size))
    return "".join(chr(rng.randrange(0x110000)) for _ in range(size))


def attack(rng: random.Random) -> str:
    """Python that would do something if it were run, alone or within an expression."""
    text = rng.choice(ATTACKS)
    return rng.choice(
        ["{}", "{} + x", "x + {}", "exp({})", "z = {}; z*x", "where({}, x, y)", "sum([{}])"]
    ).replace("{}", text)


def monster(rng: random.Random) -> str:
    """Something deep, long or explosive, around the limits and far beyond."""
    n = rng.choice([10, 50, 99, 100, 101, 300, 900, 1_000, 2_000, 10_000, 100_000])
    k = min(n, 330)
    deep = [
        "(",
        "[",
        "-",
        "~",
        "not ",
        "+",
        "(-",
        "sin(",
        "exp(-",
        "softmax([",
        "x**",
        "1/",
        "x if x > 0 else ",
        "x > ",
    ]
    text = rng.choice(deep)
    closing = "".join({"(": ")", "[": "]"}.get(c, "") for c in reversed(text))
    end = rng.choice(["x", "", "1", "x*y"])
    return rng.choice(
        [
            lambda: text * n + end + closing * n,
            lambda: text * n,
            lambda: rng.choice("+-*/").join(["x"] * n),
            lambda: "**".join(["x"] * n),
            lambda: "1" * n,
            lambda: "0x" + "f" * n,
            lambda: "1e" + "9" * n,
            lambda: "a" * n,
            lambda: " " * n + "x",
            lambda: f"sum([{','.join(['x'] * n)}])",
            lambda: (
                f"{rng.choice(['max', 'prod', 'logsumexp', 'norm'])}([{','.join(f'x{i}' for i in range(n))}])"
            ),
            lambda: (
                f"softmax([{','.join(rng.choice(['x', 'y', '1']) for _ in range(n))}])[{rng.randrange(n)}]"
            ),
            lambda: f"dot([{','.join(['x'] * n)}],[{','.join(['y'] * n)}])",
            lambda: "a0=x+x;" + ";".join(f"a{i + 1}=a{i}{rng.choice('+*')}a{i}" for i in range(k)) + f";a{k}",
            lambda: (
                "a0=x*y;" + ";".join(f"a{i + 1}=sin(a{i})*cos(a{i})+x" for i in range(k // 3)) + f";a{k // 3}"
            ),
            lambda: "(" * min(n, 99) + "x" + "**2)" * min(n, 99),
            lambda: "+".join(f"n{i}" for i in range(n)),
            lambda: "*".join(f"n{i}" for i in range(n)),
            lambda: "where(x>0," * min(n, 99) + "x" + ",y)" * min(n, 99),
            lambda: ";".join(f"a{i}=x" for i in range(k)) + ";x",
            lambda: "softmax([" * min(n, 49) + "x" + ",y])[0]" * min(n, 49),
            lambda: "x" + " and x>0" * n,
            lambda: "where(" + "not " * n + "x>0, x, y)",
            lambda: "where(" + "<".join(["x"] * n) + ", x, y)",
            lambda: "*".join(["softmax([x,y,x*y,x+y])[0]"] * (k // 8)),
            lambda: "logsumexp([" + ",".join(f"sin({i}*x)*y" for i in range(k // 2)) + "])",
        ]
    )()


KINDS: dict[str, tuple[Callable[[random.Random], str], int]] = {
    "valid": (valid, 30),
    "with parts": (with_parts, 15),
    "mutated": (mutated, 25),
    "tokens": (tokens, 10),
    "characters": (characters, 8),
    "attack": (attack, 8),
    "monster": (monster, 4),
}


def arguments(rng: random.Random, expression: str) -> list[str]:
    """A command about an expression, with numbers for its names, and options."""
    names = list(dict.fromkeys(re.findall(r"(?<![\w.])[^\W\d]\w*+(?!\()", expression)))
    free = [x for x in names if x not in TOKENS or x in NAMES]
    assigned = set(re.findall(r"\b(\w++) ?=", expression))
    usual = TAME if rng.random() < 0.7 else VALUES
    values = [
        f"{x}={rng.choice(usual)}"
        for x in free
        if x not in assigned and (x not in CONSTANTS or rng.random() < 0.3)
    ]
    if rng.random() < 0.05:
        values.append(f"{rng.choice([*NAMES, '', 'lambda', '1', 'x.y'])}={rng.choice(WRONG_VALUES)}")
    if rng.random() < 0.03 and values:
        values.pop(rng.randrange(len(values)))
    if rng.random() < 0.01:
        values += [f"n{i}=1" for i in range(rng.choice([100, 5_000]))]
    rng.shuffle(values)
    options = [word for option in OPTIONS if rng.random() < 0.2 for word in option]
    options += rng.choice([[], [], ["--json"], ["--ascii"], ["--latex"]])
    if rng.random() < 0.2:
        options += ["--wrt", rng.choice([*free[:20], "x", "nothing"])]
    command = ["explain", expression, *values, *options]
    return command if rng.random() < 0.9 else ["explain", *options, "--", expression, *values]


# Running and judging


unexpected: list[str] = []
is_watching = False


def audit(event: str, details: tuple[Any, ...]) -> None:
    """Note whatever a command has no reason to do: only Python's parser is asked, for a tree."""
    is_parsing = event == "compile" and details[1] == "<unknown>"
    if is_watching and not (is_parsing or event == "builtins.id"):  # JSON looks for circles by id
        unexpected.append(f"{event} {details!r:.200}")


def too_long(signal_number: int, frame: Any) -> None:
    """End a command that would never end."""
    raise TimeoutError("a command took more than 20 s")


def run(argv: Sequence[str]) -> Outcome:
    """A command in this process."""
    global is_watching
    out, err = io.StringIO(), io.StringIO()
    start = time.process_time()
    signal.alarm(20)
    with redirect_stdout(out), redirect_stderr(err):
        is_watching = True
        try:
            code = command(argv)
        finally:
            is_watching = False
            signal.alarm(0)
    return Outcome(code, out.getvalue(), err.getvalue(), time.process_time() - start)


def run_process(argv: Sequence[str]) -> Outcome:
    """A command in a process of its own."""
    start = children_seconds()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "autograd_lite", *argv],
        capture_output=True,
        timeout=60,
        check=False,
    )
    out, err = (x.decode("utf-8", "backslashreplace") for x in (done.stdout, done.stderr))
    return Outcome(done.returncode, out, err, children_seconds() - start)


def children_seconds() -> float:
    """The time that all processes started here have taken of the processor."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


ERROR = re.compile(r"autograd-lite: error: [^\n]+\n(  [^\n]+\n {2,}\^+\n)?")


def faults(argv: Sequence[str], outcome: Outcome) -> list[str]:
    """What is wrong with an outcome."""
    code, out, err, seconds = outcome
    found = [f"did {event}" for event in unexpected]
    unexpected.clear()
    if seconds > SECONDS:
        found.append(f"took {seconds:.1f} s")
    is_answer = code == 0 or (code == 1 and "--check" in argv and not err)
    if code not in (0, 1, 2) or (code == 1 and not is_answer) or "unexpected" in err:
        found.append(f"exit code {code}: {err[:500]}")
    elif is_answer and (err or not out):
        found.append(f"an answer with the error {err[:500]!r} and {len(out)} characters of output")
    elif not is_answer and (out or not ERROR.fullmatch(err)):
        found.append(f"an error in another form: {err[:500]!r}, {out[:200]!r}")
    if "Traceback" in err + out:
        found.append("a traceback")
    if is_answer and "--json" in argv and "-h" not in argv and "--help" not in argv:
        try:
            json.loads(out, parse_constant=lambda constant: found.append(f"JSON with {constant}"))
        except ValueError as error:
            found.append(f"no JSON: {error}")
    if is_answer and "--ascii" in argv and not out.isascii():
        found.append("output that is not ASCII")
    return found


def can_be_passed(argv: Sequence[str]) -> bool:
    """Whether a process can be given these arguments: not NUL, nor surrogates that stand for no byte."""
    try:
        return b"\0" not in b"".join(map(os.fsencode, argv)) and sum(map(len, argv)) < 100_000
    except UnicodeEncodeError:
        return False


def peak_megabytes() -> float:
    """The most memory that this process has had, or any of its children."""
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        / 1024
    )


def fuzz(
    number: int, seed: int, processes: int = 0, show: Callable[[str], None] = lambda line: None
) -> Counter[str]:
    """Try so many expressions, and count the outcomes; raises AssertionError at the first that is wrong."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    slowest = (0.0, "")
    makers, weights = zip(*KINDS.values(), strict=True)
    run(["explain", "sigmod(x) + exp(y)", "x=1", "y=2"])  # imports what is imported late
    run(["explain", "x**2", "x=1", "--check", "--second", "--json"])
    unexpected.clear()
    for i in range(number):
        make = rng.choices(makers, weights)[0]
        argv = arguments(rng, make(rng))
        outcomes = [run(argv)]
        if processes and i % max(number // processes, 1) == 0 and can_be_passed(argv):
            outcomes.append(run_process(argv))
        for outcome in outcomes:
            assert not (found := faults(argv, outcome)), (
                f"expression {i} of seed {seed}: {'; '.join(found)}\n{argv!r:.3000}"
            )
            slowest = max(slowest, (outcome.seconds, f"{argv!r:.150}"))
        counts[f"{make.__name__}: {'answers' if outcomes[0].code < 2 else 'errors'}"] += 1
        if (i + 1) % 1000 == 0:
            show(f"{i + 1} expressions, slowest {slowest[0]:.2f} s {slowest[1]}")
    assert peak_megabytes() < MEGABYTES, f"{peak_megabytes():.0f} MB"
    show(f"{number} expressions, slowest {slowest[0]:.2f} s, peak {peak_megabytes():.0f} MB: {slowest[1]}")
    return counts


def main() -> int:
    """Try so many expressions, and print how many had which outcome."""
    sys.addaudithook(audit)
    signal.signal(signal.SIGALRM, too_long)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=0)
    options = parser.parse_args()
    counts = fuzz(options.number, options.seed, options.processes, show=lambda line: print(line, flush=True))
    for outcome, count in sorted(counts.items()):
        print(f"{count:7} {outcome}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
