"""The first look at an expression, which bounds it before Python's parser sees it."""

import keyword
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd_lite.command_line._errors import Source, UsageError

LONGEST = 10_000  # characters
MOST_TOKENS = 2_000
DEEPEST = 100  # parentheses in parentheses
LONGEST_NAME = 50
LONGEST_NUMBER = 400  # a float has 309 digits before its point at most

# What slides and books write, each a single character so that places stay where they are.
READ_AS = str.maketrans("−–·×⋅∗÷∕\t\r\n\v\f\N{NO-BREAK SPACE}", "--****//      ")
TOKEN = re.compile(
    r"(?P<number>0[xXoObB]\w*|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>\w+)|(?P<sign>\*\*|//|[<>=!:]=|[-+*/()\[\],;=<>&|~^%@:.!])|(?P<space> +)|(?P<other>.)"
)
CHOICE = frozenset({"if", "else", "and", "or", "not"})  # the only words of Python's that are read
OPENING = {")": "(", "]": "["}
INSTEAD = {
    '"': "text in quotes cannot stand in an expression",
    "'": "text in quotes cannot stand in an expression",
    "{": "write ( ) for { }",
    "}": "write ( ) for { }",
    "√": "write sqrt(x) for √x",
    **{sign: f"write **{digit} for {sign}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: f"write {digit} for {sign}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}
MAGNITUDE = "write abs(x) for |x|"
TWICE = {"|": "write or for ||", "&": "write and for &&"}

Token = re.Match[str]


class Part(NamedTuple):
    """A name, empty for that of the result, and where the expression stands that belongs to it."""

    name: str
    start: int
    end: int


def scan(text: str) -> tuple[Source, list[Part]]:
    """The text as it is read, white space as spaces, − and × as - and *, and its parts between semicolons.

    Raises
    ------
    UsageError
        If it is empty, too long, nested too deeply, or has a sign or a word that no expression has.
    """
    if len(text) > LONGEST:
        raise UsageError(f"an expression has at most {LONGEST} characters, but this one has {len(text)}")
    source = Source(text.translate(READ_AS).strip(" "))
    if not source:
        raise UsageError("the expression is empty: write one, such as 'sigmoid(w*x + b)'")
    unclosed: list[Token] = []
    parts: list[list[Token]] = [[]]
    for count, token in enumerate(_tokens(source)):
        if count == MOST_TOKENS:
            message = f"an expression has at most {MOST_TOKENS} names, numbers and signs"
            raise source.error(message, *token.span())
        CHECKS.get(str(token.lastgroup), _check_sign)(source, token)
        if parts[-1]:
            _check_neighbours(source, parts[-1][-1], token)
        if token[0] == "|" and not (parts[-1] and _ends_operand(parts[-1][-1])):
            raise source.error(MAGNITUDE, *token.span())
        if token[0] in ("(", "["):
            unclosed.append(token)
            if len(unclosed) > DEEPEST:
                raise source.error(f"more than {DEEPEST} parentheses in each other", *token.span())
        elif (opening := OPENING.get(token[0])) and (not unclosed or unclosed.pop()[0] != opening):
            raise source.error(f"{token[0]} closes nothing: {opening} is missing before it", *token.span())
        if token[0] == "=" and not unclosed and not (len(parts[-1]) == 1 and _is_name(parts[-1][0])):
            start = (*parts[-1], token)[0].start()
            raise source.error("one name stands before an =, as in z = w*x + b", start, token.end())
        if token[0] == ";" and not unclosed:
            if not parts[-1]:
                raise source.error("there is nothing before this semicolon", *token.span())
            parts.append([])
        else:
            parts[-1].append(token)
    if unclosed:
        raise source.error(f"{unclosed[-1][0]} is never closed", *unclosed[-1].span())
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    return source, [_part(source, tokens) for tokens in parts]


def _part(source: Source, tokens: Sequence[Token]) -> Part:
    """The part that these tokens are."""
    start, end = tokens[0].start(), tokens[-1].end()
    if not _ends_operand(tokens[-1]):
        message = MAGNITUDE if tokens[-1][0] == "|" else "the expression ends too early"
        raise source.error(message, *tokens[-1].span())
    if len(tokens) > 1 and tokens[1][0] == "=":
        return Part(unicodedata.normalize("NFKC", tokens[0][0]), tokens[2].start(), end)
    return Part("", start, end)


def _tokens(source: Source) -> Iterator[Token]:
    return (token for token in TOKEN.finditer(source) if token.lastgroup != "space")


def _check_number(source: Source, token: Token) -> None:
    if len(token[0]) > LONGEST_NUMBER:
        raise source.error(f"a number has at most {LONGEST_NUMBER} digits", *token.span())


def _check_word(source: Source, token: Token) -> None:
    word = token[0]
    for i, character in enumerate(word[:LONGEST_NAME]):
        if not f"x{character}".isidentifier():
            raise _foreign(source, character, token.start() + i)
    if len(word) > LONGEST_NAME:
        raise source.error(
            f"a name has at most {LONGEST_NAME} characters, but this one {len(word)}", *token.span()
        )
    if not word.isidentifier():
        raise source.error(f"{word} is no name: a name begins with a letter", *token.span())
    if keyword.iskeyword(unicodedata.normalize("NFKC", word)) and word not in CHOICE:
        message = f"{word} is a word of Python's that no expression has: if it is a name, choose another"
        raise source.error(message, *token.span())


def _check_sign(source: Source, token: Token) -> None:
    if token.lastgroup == "other":
        raise _foreign(source, token[0], token.start())
    if token[0] == "!":
        raise source.error("! is not known: a factorial has no derivative", *token.span())


CHECKS = {"number": _check_number, "word": _check_word}


def _foreign(source: Source, character: str, start: int) -> UsageError:
    """The error about a character that no expression has; one that cannot be seen is told by its number."""
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    message = INSTEAD.get(character) or f"{shown} cannot stand in an expression"
    return source.error(message, start, start + 1)


def _check_neighbours(source: Source, before: Token, token: Token) -> None:
    """Raise UsageError if an operator is missing: 2x, x y, (x)(y)."""
    if before[0] == token[0] and token[0] in TWICE:
        raise source.error(TWICE[token[0]], before.start(), token.end())
    if not _ends_operand(before):
        return
    if _is_operand(token) or (token[0] == "(" and before.lastgroup != "word"):
        example = f": {before[0]}*{token[0]}" if _is_operand(before) and _is_operand(token) else ""
        raise source.error(f"an operator is missing here, such as *{example}", before.start(), token.end())


def _is_operand(token: Token) -> bool:
    return token.lastgroup == "number" or _is_name(token)


def _ends_operand(token: Token) -> bool:
    return _is_operand(token) or token[0] in OPENING


def _is_name(token: Token) -> bool:
    return token.lastgroup == "word" and token[0] not in CHOICE
