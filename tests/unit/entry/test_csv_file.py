"""Who gets a list as CSV, and how a file that is not all of it says so."""

import pytest

from partner_center.entry.api import Request
from partner_center.entry.csv_file import csv_file, wants_csv
from partner_center.kernel.errors import Malformed

PATH = "/v1/contracts/con_1/ledger"


def a_request(accept=None, **query):
    headers = {} if accept is None else {"accept": accept}
    return Request("GET", PATH, headers, query, b"", "192.0.2.7", "request-1")


@pytest.mark.parametrize(
    ("accept", "query", "csv"),
    [
        (None, {}, False),
        ("*/*", {}, False),
        ("application/json", {}, False),
        ("text/csv", {}, True),
        ("TEXT/CSV; charset=utf-8, */*;q=0.1", {}, True),
        ("text/csv, application/json", {}, False),
        ("text/csvx", {}, False),
        ("text/csv", {"format": "json"}, False),
        ("application/json", {"format": "csv"}, True),
        ("", {"format": "csv"}, True),
    ],
)
def test_the_format_decides_and_without_it_the_accept_header(accept, query, csv):
    assert wants_csv(a_request(accept, **query)) is csv


@pytest.mark.parametrize("wanted", ["", "xml", "CSV", "csv ", "csv,json"])
def test_another_format_is_malformed(wanted):
    with pytest.raises(Malformed):
        wants_csv(a_request(format=wanted))


def test_a_whole_file_names_no_next_one():
    answer = csv_file(a_request(), "ledger.csv", "a\r\n", None)
    assert answer.headers == {"Content-Disposition": 'attachment; filename="ledger.csv"'}
    assert (answer.status, answer.body) == (200, "a\r\n")
    assert answer.content_type == "text/csv; charset=utf-8; header=present"


def test_a_part_names_the_next_one_with_what_was_asked_for():
    answer = csv_file(a_request("text/csv", limit="2", cursor="old"), "ledger.csv", "a\r\n", "a+b/c>")
    link = f'<{PATH}?limit=2&cursor=a%2Bb%2Fc%3E&format=csv>; rel="next"'
    assert answer.headers["Link"] == link
