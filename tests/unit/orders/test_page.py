"""Pages of lists: a number is clamped, what is no number is refused, and no item is lost between two pages."""

import pytest

from partner_center.kernel.errors import Malformed
from partner_center.orders.page import cut, read_page


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1", 1),
        ("50", 50),
        ("200", 200),
        ("0", 1),
        ("201", 200),
        ("999999999", 200),
        ("007", 7),
        ("-1", 1),
        ("-0", 1),
        ("-" + "9" * 100, 1),
    ],
)
def test_a_limit_is_clamped(text, limit):
    assert read_page({"limit": text}).limit == limit


def test_a_page_has_fifty_items_unless_asked_otherwise():
    assert (read_page({}).limit, read_page({}).cursor) == (50, None)


@pytest.mark.parametrize(
    "text", ["", "-", "--1", "1-", "+1", "1.5", "1e2", "ten", " 5", "0x10", "٥", "²", "9" * 100_000, "NaN"]
)
def test_a_limit_that_is_no_number_is_malformed(text):
    with pytest.raises(Malformed):
        read_page({"limit": text})


def test_an_empty_cursor_is_the_first_page():
    assert read_page({"cursor": ""}).cursor is None


# ---- lists that are at hand whole


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 10, 250])
def test_the_pages_of_a_whole_list_are_the_list(count):
    items, found, cursor = list(range(count)), [], ""
    while True:
        page = cut(items, {"limit": "5"} | ({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 5
        found, cursor = found + page["items"], page["next_cursor"]
        if cursor is None:
            break
    assert found == items


def test_a_whole_list_comes_at_once_unless_asked_otherwise():
    assert cut(list(range(250)), {}) == {"items": list(range(250)), "next_cursor": None}
    assert cut(list(range(250)), {"limit": "999"})["next_cursor"] == "at-200"


def test_a_list_that_has_become_shorter_ends():
    assert cut([1, 2], {"limit": "5", "cursor": "at-5"}) == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    "cursor", ["5", "at-", "at--1", "at-x", "at-5 ", "at-\u0665", "AT-5", "at-" + "9" * 7, "x" * 100_000]
)
def test_a_cursor_of_another_list_is_malformed(cursor):
    with pytest.raises(Malformed):
        cut([1, 2, 3], {"cursor": cursor})
