"""Tables in a terminal."""

from autograd_lite.command_line._columns import table


def test_names_stand_on_the_left_and_numbers_on_the_right():
    assert table(["name", "value"], [["w", -0.0], ["long name", 1234567.0]]).splitlines() == [
        "name             value",
        "w                    0",
        "long name  1.23457e+06",
    ]


def test_a_row_that_ends_early_is_filled():
    assert table(["a", "b", "c"], [["x"], ["y", 1.0, "ok"]]).splitlines() == ["a  b   c", "x", "y  1  ok"]


def test_columns_are_aligned_by_what_is_seen_and_plain_ascii_is_ascii():
    assert table(["名", "b"], [["y\u0302", 1.0]]).splitlines() == ["名  b", "y\u0302   1"]
    assert table(["σ"], [["ŷ"]], unicode=False).splitlines() == ["sigma", "y_hat"]
