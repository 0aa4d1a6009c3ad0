"""Whatever is sent, the answer is small: it names a hundred problems, and none from far away."""

import json

import pytest

from partner_center.entry.api import MAX_BODY, problem_answer
from partner_center.entry.json_body import read_json_object
from partner_center.issuance.compromise import read_compromised_key
from partner_center.kernel.errors import ContentRefused, PartnerCenterError
from partner_center.orders.inspect import examination_as_json, inspect_csr
from tests.fakes.gate import around, examine
from tests.fakes.posted import a_body, a_csr

CARD = 4222222222222
MARK = "-----BEGIN PRIVATE KEY-----"
LARGEST = 1_000_000
"""Octets, of the 6 MB that a function may answer."""


def fields(number, beginning=""):
    return {f"{beginning}{each:x}": 0 for each in range(number)}


def behind(name, of_domain):
    return a_body(domain_control={"method": "dns_txt", "names": {name: of_domain}})


SENT = {
    "card numbers behind an endless name": ({"a" * 20_000: [CARD] * 2000}, 400),
    "card numbers behind a long name": ({"a" * 512: [CARD] * 15_000}, 422),
    "card numbers behind a name that is escaped": ({"\x01" * 512: [CARD] * 15_000}, 422),
    "unknown fields behind an endless name": (behind("a" * 20_000, fields(2500)), 400),
    "unknown fields behind a long name": (behind("a" * 480, fields(20_000)), 422),
    "unknown fields": (a_body() | fields(20_000), 422),
    "unknown fields with long names": (a_body() | fields(31, "~" * 8000), 422),
    "a name again and again": (a_body(additional_domains=["-"] * 60_000), 422),
    "many bad names": (a_body(additional_domains=[f"-{each}" for each in range(900)]), 422),
    "names that are none": (a_body(additional_domains=[7] * 1000), 422),
    "choices for very many names": (
        a_body(
            domain_control={
                "method": "dns_txt",
                "names": {f"{each}.com": {"method": "dns_txt"} for each in range(6000)},
            }
        ),
        422,
    ),
    "keys behind a long name": (a_body() | {"a" * 512: [MARK] * 8000}, 422),
    "lines behind a key": (a_body() | {"a" * 512: [MARK, *[""] * 60_000]}, 422),
}


@pytest.mark.parametrize(("body", "status"), SENT.values(), ids=SENT.keys())
def test_a_refusal_is_small_whatever_was_sent(body, status):
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(raw) <= MAX_BODY
    for judge in (
        lambda read: examine(read, around()).problems,
        lambda read: read_compromised_key(read).problems,
    ):
        with pytest.raises(PartnerCenterError) as refused:
            raise ContentRefused(judge(read_json_object(raw)))
        answer = problem_answer(refused.value, "request-1")
        assert len(json.dumps(json.dumps(answer.body))) < LARGEST
        assert answer.status == status
        problems = answer.body["problems"]
        assert len(problems) <= 101
        assert [each["code"] for each in problems[100:]] in ([], ["too_many_problems"])


def test_a_look_before_ordering_tells_no_more_at_once():
    """It is no refusal, and has the same list."""
    examination = examine(a_body(additional_domains=[f"-{each}" for each in range(900)]), around())
    told = examination_as_json(examination)["problems"]
    assert (len(told), told[-1]["code"]) == (101, "too_many_problems")
    inspected = inspect_csr(a_csr(*(f"a{each}.localhost" for each in range(101))), around().blocked)
    assert (len(inspected["problems"]), inspected["valid"]) == (101, False)
    assert inspected["problems"][-1]["code"] == "too_many_problems"
