"""Symbolic expressions and names as LaTeX, as the lectures write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd_lite._formula import figure
from autograd_lite._names import one_line
from autograd_lite._primitive import Primitive
from autograd_lite.explain._writing import Style, ascii_name, constant

FUNCTIONS = (
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "exp",
    "log",
    "arcsin",
    "arccos",
    "arctan",
    "max",
    "min",
)
GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi"
    "|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega"
)
LATEX_SIGNS = {"<=": r"\le", ">=": r"\ge", "and": r"\land", "or": r"\lor", "not": r"\lnot "}
LATEX_ESCAPES = {c: f"\\{c}" for c in "#$%&_{}"} | {
    "\\": r"\backslash ",
    "^": r"\wedge ",
    "~": r"\sim ",
    " ": "\\ ",
}


def latex_name(text: str) -> str:
    r"""A label as the lecture writes it.

    Examples
    --------
    >>> print(*map(latex_name, ["w2", "ŷ", "W1[0,2]", "alpha", "loss"]))
    w_{2} \hat{y} W^{(1)}_{0,2} \alpha \mathrm{loss}
    """
    text = one_line(text)
    if copy := re.fullmatch(r"(.+)#(\d+)", text):
        return f"{{{_plain_name(copy[1])}}}^{{[{copy[2]}]}}"
    return _plain_name(text)


def _plain_name(text: str) -> str:
    """A label that is no copy of another."""
    if layer := re.fullmatch(r"([A-Za-z]+)(\d*)\[(\d+(?:,\d+)*)\]", text):
        number = f"^{{({layer[2]})}}" if layer[2] else ""
        return f"{_latex_word(layer[1])}{number}_{{{layer[3]}}}"
    plain = ascii_name(text)
    if parts := re.fullmatch(r"([A-Za-z]+?)(?:_(hat|tilde|bar|dot))?_?(\d*)", plain):
        word = _latex_word(parts[1])
        word = f"\\{parts[2]}{{{word}}}" if parts[2] else word
        return f"{word}_{{{parts[3]}}}" if parts[3] else word
    return "\\mathrm{" + "".join(LATEX_ESCAPES.get(c, c) for c in text) + "}"


def _latex_word(word: str) -> str:
    if GREEK.fullmatch(word):
        return f"\\{word}"
    return word if len(word) == 1 else f"\\mathrm{{{word}}}"


def latex_figure(x: float) -> str:
    """A number of four digits, with its power of ten."""
    return _with_power_of_ten(figure(x))


def latex_constant(x: float) -> str:
    """A constant as it was typed, with its power of ten."""
    return _with_power_of_ten(constant(x))


def _with_power_of_ten(text: str) -> str:
    if text in ("inf", "-inf", "nan"):
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa} \\times 10^{{{int(exponent)}}}" if exponent else mantissa


def _latex_power(base: str, exponent: float) -> str:
    if exponent == 0.5:
        return f"\\sqrt{{{base}}}"
    return f"{{{base}}}^{{{latex_constant(exponent)}}}"


def _latex_call(row: Primitive, texts: Sequence[str]) -> str:
    inside = ", ".join(texts)
    match row.name:
        case "exp":
            return f"e^{{{inside}}}"
        case "abs":
            return f"\\left|{inside}\\right|"
        case "sigmoid":
            return f"\\sigma\\left({inside}\\right)"
        case "norm":
            return f"\\left\\|{inside}\\right\\|"
        case "where":
            branches = f"{texts[1]} & {texts[0]} \\\\ {texts[2]} & \\text{{otherwise}}"
            return f"\\begin{{cases}} {branches} \\end{{cases}}"
        case "pow" | "ieee_pow":
            return f"{{{texts[0]}}}^{{{texts[1]}}}"
        case "softmax":
            return f"\\mathrm{{softmax}}_{{{texts[-1]}}}\\left({', '.join(texts[:-1])}\\right)"
    escaped = row.name.replace("_", r"\_")
    name = f"\\{row.name}" if row.name in FUNCTIONS else f"\\operatorname{{{escaped}}}"
    return f"{name}\\left({inside}\\right)"


LATEX = Style(
    lambda name: latex_name(name.text),
    r"\,",
    lambda n, d: f"\\frac{{{n}}}{{{d}}}",
    _latex_power,
    _latex_call,
    (r"\left(", r"\right)"),
    (r"\left[", r"\right]"),
    LATEX_SIGNS,
    lambda f: f"\\operatorname{{{f}}}'",
    lambda top, below: rf"\frac{{\partial {top}}}{{\partial {below}}}",
    lambda name, i: f"{{{name}}}^{{[{i}]}}",
    latex_figure,
    latex_constant,
    True,
)
