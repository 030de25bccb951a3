"""CSV files: what is written comes back, and what is wrong with a file is one error that says where."""

import csv
import math
from io import StringIO

import numpy as np
import pytest
from commands import table, write
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.command_line.tables import _table
from autograd_lite.command_line.tables._table import (
    MAX_TEXTS,
    Chunk,
    finite_numbers_in,
    is_missing,
    listed,
    number_of,
    numbers_in,
    places_in,
    survey,
    table_at,
)

CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)


def rows_of(file, delimiter=None):
    return [row for chunk in table_at(file, delimiter).chunks() for row in chunk.rows]


@given(
    rows=st.integers(2, 4).flatmap(
        lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=5)
    ),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    bom=st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_what_csv_writes_comes_back(tmp_path_factory, rows, delimiter, end, bom):
    text = StringIO()
    names = [f"n{k}" for k in range(len(rows[0]))]
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    file = write(tmp_path_factory.mktemp("t") / "t.csv", text.getvalue(), bom)
    found = table_at(file, None if delimiter != "|" else "|")
    assert (found.names, found.delimiter) == (tuple(names), delimiter)
    assert rows_of(file, delimiter) == rows


def test_each_row_has_the_line_in_which_it_begins_whatever_is_in_its_cells(tmp_path):
    file = write(tmp_path / "t.csv", '\na,b\n\n1,"two\nlines"\r\n  \n2,x\r3,y\n')
    (chunk,) = table_at(file).chunks()
    assert chunk == Chunk([4, 7, 8], [["1", "two\nlines"], ["2", "x"], ["3", "y"]])


def test_rows_come_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(_table, "CHUNK", 4)
    file = write(tmp_path / "t.csv", table(["a", "b"], [(i, -i) for i in range(10)]))
    chunks = list(table_at(file).chunks())
    assert [len(chunk.rows) for chunk in chunks] == [4, 4, 2]
    assert [line for chunk in chunks for line in chunk.lines] == list(range(2, 12))


@pytest.mark.parametrize(
    ("text", "delimiter", "names"),
    [
        ("a,b\n", ",", ("a", "b")),
        ("a;b\n", ";", ("a", "b")),
        ("a\tb,c\td\n", "\t", ("a", "b,c", "d")),
        ('"a;b";c\n', ";", ("a;b", "c")),
        ('"a,b","c;d"\n', ",", ("a,b", "c;d")),
        (" a , b \n", ",", ("a", "b")),
        ("alone\n", ",", ("alone",)),
        ("größe;Länge\n", ";", ("größe", "Länge")),
    ],
)
def test_the_delimiter_is_found_in_the_header(tmp_path, text, delimiter, names):
    found = table_at(write(tmp_path / "t.csv", text))
    assert (found.delimiter, found.names) == (delimiter, names)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "but .*t.csv' is empty"),
        (b"\n \n\r\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"a,,c\n1,2,3\n", "column 2 has none: write one .*pandas writes such a column"),
        (b"a,b,a\n1,2,3\n", "but 'a' is there twice: rename one"),
        (b"1.5,2,3\n1,2,3\n", "there are only numbers: write such a line above them"),
        (
            b"a,b\n1,2\n3\n",
            r"expected 2 cells in each row of .*, but line 3 has 1: put a cell that has a ','",
        ),
        (b"a,b\n1,2\n3,4,5\n", "line 3 has 3"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "has an error in line 3: a quote is opened there and not closed"),
        (b'a,b\n1,"2"x\n', "has an error in line 2: ',' expected after '\"'"),
        (b'a,b\n1,"' + b"x" * 200_000 + b"\n", "error in line 2: a quote is opened there and not closed"),
        (b"a,b\n1,2\n3,\0\n", "line 3 of .* has a NUL character"),
        ("a,b\n1,é\n".encode("latin-1"), "line 2 of .* has the byte 0xe9: save the table as CSV in UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        (b"PK\x03\x04rest", "is a workbook or another packed file: export the table as CSV"),
        (b"\x1f\x8brest", "is packed with gzip: unpack it first"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path, data, match):
    file = tmp_path / "t.csv"
    file.write_bytes(data)
    with pytest.raises(ValueError, match=match):
        rows_of(file)


def test_a_file_that_is_not_there_or_no_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        table_at(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="is a folder"):
        table_at(tmp_path)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("specis", "but it has no 'specis' .did you mean 'species'"),
        ("SPECIES", "did you mean 'species'"),
        ("zzz", "it has 'length', 'species'$"),
    ],
)
def test_a_column_that_is_not_there_is_looked_for_among_the_names(tmp_path, name, match):
    found = table_at(write(tmp_path / "t.csv", "length,species\n1,2\n"))
    assert found.find("species") == 1
    with pytest.raises(ValueError, match=match):
        found.find(name)


def test_a_first_line_of_data_is_recognized_when_a_column_is_looked_for(tmp_path):
    found = table_at(write(tmp_path / "t.csv", "5.1,3.5,1.4,setosa\n4.9,3.0,1.4,setosa\n"))
    with pytest.raises(
        ValueError, match="its first line looks like data, write a line with the columns' names"
    ):
        found.find("species")


@given(st.floats(allow_nan=False))
def test_a_number_is_read_as_it_was_written(x):
    assert number_of(f" {x!r} ") == x


@pytest.mark.parametrize("cell", ["", " ", "NA", "n/a", "NaN", "nan", "NULL", "?", "-nan"])
def test_cells_that_say_that_nothing_is_there(cell):
    assert is_missing(cell)
    assert number_of(cell) is None
    assert math.isnan(numbers_in(["1", cell])[1])


@pytest.mark.parametrize("cell", ["x", "1_000", "1,5", "0x10", "None", "-", "1 2", "5%"])
def test_cells_that_are_no_numbers(cell):
    assert number_of(cell) is None
    assert not is_missing(cell)


@given(st.lists(st.floats(allow_nan=False).map(repr) | st.sampled_from(["", "NA", "?", " 7 "]), min_size=1))
def test_numbers_of_many_cells_are_those_of_each(cells):
    expected = [math.nan if is_missing(cell) else number_of(cell) for cell in cells]
    np.testing.assert_array_equal(numbers_in(cells), expected)


@pytest.mark.parametrize(
    ("cell", "match"),
    [
        ("abc", "expected numbers in the column 'a', but line 9 has 'abc'"),
        ("inf", "expected finite numbers in the column 'a', but line 9 has 'inf'"),
        ("-1e999", "expected finite numbers in the column 'a', but line 9 has '-1e999'"),
    ],
)
def test_other_cells_in_a_column_of_numbers_are_an_error_with_line_and_cell(cell, match):
    chunk = Chunk([7, 9, 10], [["1"], [cell], [""]])
    with pytest.raises(ValueError, match=match):
        finite_numbers_in(chunk, 0, "a")


def test_texts_have_places_and_unknown_ones_are_an_error():
    chunk = Chunk([2, 3, 4], [["b"], [" a "], ["?"]])
    np.testing.assert_array_equal(places_in(chunk, 0, "c", {"a": 0, "b": 1}), [1, 0, np.nan])
    with pytest.raises(ValueError, match="expected one of 'a' in the column 'c', but line 2 has 'b'"):
        places_in(chunk, 0, "c", {"a": 0})


@pytest.mark.parametrize("size", [1, 3, 4096])
def test_a_survey_counts_what_there_is(tmp_path, monkeypatch, size):
    monkeypatch.setattr(_table, "CHUNK", size)
    rows = [("1", "x", "1", "007"), ("?", "x ", "2", "A"), ("2", "", "x", "B"), ("1", "y", "3", "C")]
    found = survey(table_at(write(tmp_path / "t.csv", table("abcd", rows))), {"c"})
    assert [(c.n_numbers, c.n_texts, c.is_text) for c in found.values()] == [
        (3, 0, False),
        (0, 3, True),
        (0, 4, True),
        (1, 3, True),
    ]
    assert [c.texts for c in found.values()] == [
        {"1", "2"},
        {"x", "y"},
        {"1", "2", "3", "x"},
        {"007", "A", "B", "C"},
    ]
    assert found["d"].first_text == (3, "A")


def test_a_survey_keeps_no_more_texts_than_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(_table, "CHUNK", 500)
    rows = [(i, f"t{i}") for i in range(3 * MAX_TEXTS)]
    found = survey(table_at(write(tmp_path / "t.csv", table("ab", rows))))
    assert found["a"].n_numbers == found["b"].n_texts == len(rows)
    assert found["a"].has_too_many
    assert found["b"].has_too_many
    assert len(found["b"].texts) < 1.1 * MAX_TEXTS


def test_decimal_commas_are_an_error_unless_the_cells_are_wanted_as_text(tmp_path):
    found = table_at(write(tmp_path / "t.csv", "a;b\n1;3,14\n2;2,5\n3;7\n"))
    with pytest.raises(ValueError, match="decimal points in the column 'b', but line 2 has '3,14'"):
        survey(found)
    assert survey(found, {"b"})["b"].is_text


def test_a_header_alone_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="expected rows below the header of"):
        survey(table_at(write(tmp_path / "t.csv", "a,b\n")))


def test_long_lists_of_names_are_cut():
    assert listed("abc") == "'a', 'b', 'c'"
    assert listed("abc", most=2) == "'a', 'b' and 1 more"
