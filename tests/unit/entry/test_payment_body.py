"""Staff name a payment by ids alone; what else they send is refused and not repeated."""

import json

import pytest

from partner_center.entry.payment_body import card_and_reseller_in, reseller_in
from partner_center.kernel.errors import ContentRefused


def problems(read, body):
    with pytest.raises(ContentRefused) as refused:
        read(body)
    return [(each.code, each.field) for each in refused.value.problems]


def test_the_ids_are_read():
    assert reseller_in({"reseller_id": "northwind"}) == "northwind"
    assert card_and_reseller_in({"reseller_id": "res_1"}) == ("res_1", None)
    assert card_and_reseller_in({"reseller_id": "res_1", "card_id": "card_1"}) == ("res_1", "card_1")
    assert card_and_reseller_in({"reseller_id": "res_1", "card_id": None}) == ("res_1", None)


@pytest.mark.parametrize("read", [reseller_in, card_and_reseller_in])
def test_the_reseller_is_required(read):
    assert problems(read, {}) == [("missing_field", "/reseller_id")]


@pytest.mark.parametrize(
    "value", [None, "", 1, True, [], {}, " res_1", "res 1", "R#1", "-", "a" * 65, "res_1\n", "☂", "res/1"]
)
def test_what_is_no_id_is_refused(value):
    assert problems(reseller_in, {"reseller_id": value}) == [("invalid_field", "/reseller_id")]
    if value is not None:
        body = {"reseller_id": "res_1", "card_id": value}
        assert problems(card_and_reseller_in, body) == [("invalid_field", "/card_id")]


def test_every_problem_is_told():
    body = {"reseller_id": 1, "card_id": 2, "cvc": "123", "a/b": 1}
    assert problems(card_and_reseller_in, body) == [
        ("unknown_field", "/cvc"),
        ("unknown_field", "/a~1b"),
        ("invalid_field", "/reseller_id"),
        ("invalid_field", "/card_id"),
    ]


def test_another_try_takes_no_card():
    assert problems(reseller_in, {"reseller_id": "res_1", "card_id": "card_1"}) == [
        ("unknown_field", "/card_id")
    ]


def test_a_card_number_is_not_repeated():
    body = {"reseller_id": "res_1", "card_id": "4242 4242 4242 4242", "number": "4000056655665556"}
    with pytest.raises(ContentRefused) as refused:
        card_and_reseller_in(body)
    told = json.dumps([each.as_json() for each in refused.value.problems])
    assert "4242" not in told
    assert "4000" not in told
