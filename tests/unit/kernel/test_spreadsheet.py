"""CSV that a spreadsheet shows as it is and does not compute."""

import csv
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.kernel.spreadsheet import as_csv


def read(text):
    return list(csv.reader(StringIO(text, newline="")))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1+1",
        '=HYPERLINK("https://evil.example.org")',
        "=cmd|' /C calc'!A0",
    ],
)
def test_no_text_is_taken_for_a_formula(text):
    ((cell,),) = read(as_csv(["x"], [[text]]))[1:]
    assert cell == f"'{text}"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("INV-1", "INV-1"),
        ("a=b", "a=b"),
        ("Ärger ☂", "Ärger ☂"),
        ("", ""),
        (None, ""),
        (-5, "-5"),
        (0, "0"),
        (Decimal("-5.00"), "-5.00"),
        ('say "no", twice\nor more', 'say "no", twice\nor more'),
    ],
)
def test_everything_else_is_left_alone(cell, shown):
    assert read(as_csv(["x", "y"], [[cell, "end"]])) == [["x", "y"], [shown, "end"]]


def test_lines_end_as_the_standard_says():
    assert as_csv(["a", "b"], [[1, 2]]) == "a,b\r\n1,2\r\n"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1), min_size=1))
def test_whatever_the_texts_are_the_table_keeps_its_cells(texts):
    (row,) = read(as_csv(["x"] * len(texts), [texts]))[1:]
    assert [cell.removeprefix("'") for cell in row] == [text.removeprefix("'") for text in texts]
    assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)
