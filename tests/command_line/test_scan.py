"""The first look at an expression: what is let through, and that whatever is not is pointed at."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.command_line._errors import UsageError
from autograd_lite.command_line._scan import DEEPEST, LONGEST, LONGEST_NAME, LONGEST_NUMBER, MOST_TOKENS, scan


def refused(text):
    """The message about a text, and the part of it that is underlined."""
    with pytest.raises(UsageError) as caught:
        scan(text)
    shown, carets = caught.value.place.splitlines() if caught.value.place else ("", "")
    return caught.value.message, shown[carets.find("^") : carets.rfind("^") + 1] if carets else ""


@pytest.mark.parametrize(
    ("text", "message", "underlined"),
    [
        ("2x + 1", "an operator is missing here, such as *: 2*x", "2x"),
        ("x y", "an operator is missing here, such as *: x*y", "x y"),
        ("(x + 1)(x - 1)", "an operator is missing here, such as *", ")("),
        ("3(x)", "an operator is missing here, such as *", "3("),
        ("x²", "write **2 for ²", "²"),
        ("w₁*x", "write 1 for ₁", "₁"),
        ("√x", "write sqrt(x) for √x", "√"),
        ("'x'", "text in quotes cannot stand in an expression", "'"),
        ("{x}", "write ( ) for { }", "{"),
        ("x # 1", "# cannot stand in an expression", "#"),
        ("x\x00", "U+0000 cannot stand in an expression", "\N{REPLACEMENT CHARACTER}"),
        ("x + \ud800", "U+D800 cannot stand in an expression", "\N{REPLACEMENT CHARACTER}"),
        ("\ufeffx", "U+FEFF cannot stand in an expression", "\N{REPLACEMENT CHARACTER}"),
        ("exp(x", "( is never closed", "("),
        ("x)", ") closes nothing: ( is missing before it", ")"),
        ("sum([x)]", ") closes nothing: ( is missing before it", ")"),
        ("x!", "! is not known: a factorial has no derivative", "!"),
        ("|x|", "write abs(x) for |x|", "|"),
        ("2*|x - 1|", "write abs(x) for |x|", "|"),
        ("(|x|)", "write abs(x) for |x|", "|"),
        ("2 - x|", "write abs(x) for |x|", "|"),
        ("x if x > 0 || x < 1 else 2", "write or for ||", "||"),
        ("x if x > 0 && x < 1 else 2", "write and for &&", "&&"),
        ("x +", "the expression ends too early", "+"),
        ("z =", "the expression ends too early", "="),
        ("; x", "there is nothing before this semicolon", ";"),
        ("z = x;; z", "there is nothing before this semicolon", ";"),
        ("x = y = 1", "one name stands before an =, as in z = w*x + b", "x = y ="),
        ("= x", "one name stands before an =, as in z = w*x + b", "="),
        ("(z) = x", "one name stands before an =, as in z = w*x + b", "(z) ="),
        ("٣ + x", "٣ is no name: a name begins with a letter", "٣"),
    ],
)
def test_a_slip_is_underlined_with_what_to_write(text, message, underlined):
    assert refused(text) == (message, underlined)


@pytest.mark.parametrize("word", ["lambda", "import", "for", "True", "None", "yield", "ｌａｍｂｄａ"])
def test_a_word_of_pythons_is_no_name(word):
    message, underlined = refused(f"x + {word}")
    assert message.startswith(f"{word} is a word of Python's")
    assert underlined


def test_the_smallest_thing_beyond_each_bound_is_refused():
    for inside, beyond in [
        ("x" + " " * (LONGEST - 1), "x" + " " * LONGEST),
        ("+".join("x" * (MOST_TOKENS // 2)), "+".join("x" * (MOST_TOKENS // 2)) + "+x"),
        ("(" * DEEPEST + "x" + ")" * DEEPEST, "(" * (DEEPEST + 1) + "x" + ")" * (DEEPEST + 1)),
        ("a" * LONGEST_NAME, "a" * (LONGEST_NAME + 1)),
        ("1" * LONGEST_NUMBER, "1" * (LONGEST_NUMBER + 1)),
    ]:
        scan(inside)
        assert "at most" in refused(beyond)[0] or "more than" in refused(beyond)[0]


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_an_empty_expression_is_answered_with_an_example(text):
    assert refused(text)[0] == "the expression is empty: write one, such as 'sigmoid(w*x + b)'"


def test_signs_of_slides_and_white_space_are_read_as_what_they_mean():
    assert scan("a − b × c · d\n\t÷ e")[0] == "a - b * c * d  / e"


def test_parts_stand_between_semicolons_that_are_in_no_parentheses():
    source, parts = scan("z = w*x ; J = z**2;")
    assert [(part.name, source[part.start : part.end]) for part in parts] == [("z", "w*x"), ("J", "z**2")]


@given(st.text(st.one_of(st.characters(), st.sampled_from(string.printable))))
def test_any_text_is_let_through_or_refused_and_no_sign_is_moved(text):
    try:
        source, parts = scan(text)
    except UsageError:
        return
    assert len(source) == len(text.strip(string.whitespace + "\N{NO-BREAK SPACE}"))
    assert all(0 <= part.start < part.end <= len(source) for part in parts)
