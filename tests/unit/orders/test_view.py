"""An order as read: one shape whenever it is read, and never more than the reseller may know."""

import json
from dataclasses import replace

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.issuance.record import CertificateStatus
from partner_center.kernel.money import Money
from partner_center.orders.order import Closed, CloseReason, OrderStatus, PaymentKind
from partner_center.orders.view import certificate_as_json, order_as_json
from tests.fakes.determined import NOW
from tests.fakes.payments import a_card
from tests.fakes.samples import (
    A_KEY,
    a_challenge,
    a_content,
    a_day,
    a_head,
    a_record,
    a_second,
    a_standing,
    an_order,
)

STATUSES = list(OrderStatus)


def shown(challenges=(), certificates=(), moment=NOW, content=None, card=None, **head):
    order = an_order(a_head(**head), content)
    seen = order_as_json(order, a_standing(order, *challenges, moment=moment), certificates, moment, card)
    return json.loads(json.dumps(seen))


def test_what_was_ordered_is_shown():
    seen = shown(partner_order_id="PO-1")
    assert seen["order_id"] == "ord_1"
    assert (seen["status"], seen["kind"], seen["product"]) == ("pending", "new", "geotrust_quickssl_premium")
    assert (seen["partner_order_id"], seen["customer_id"]) == ("PO-1", "c-1")
    assert (seen["common_name"], seen["names"]) == ("www.example.com", ["www.example.com"])
    assert seen["contacts"]["technical"]["first_name"] == "Åsa"
    assert seen["note"] == "Zimmer 4 ☂"
    assert seen["lifecycle"]["auto_reissue"] is True


def test_the_shape_is_the_same_in_every_state():
    fields = set(shown())
    for status in STATUSES:
        assert set(shown(status=status)) == fields


def test_of_more_certificates_than_an_answer_holds_the_newest_are_shown():
    """A function answers 6 MB at most, and reissues are not counted."""
    names = tuple(f"{'x' * 63}.{'y' * 63}.{'z' * 63}.n{number:03}.example.com" for number in range(100))
    many = [replace(a_record(), serial_hex=f"{number:040x}", names=names) for number in range(1, 1001)]
    seen = shown(certificates=many)
    kept = len(seen["certificates"])
    assert [each["serial"] for each in seen["certificates"]] == [each.serial_hex for each in many[:kept]]
    assert kept + seen["older_certificates"] == 1000
    assert kept > 50
    assert len(json.dumps(json.dumps(seen))) < 3_000_000
    assert "older_certificates" not in shown(certificates=many[:50])


def test_times_are_utc_and_whole_seconds():
    seen = shown(updated_at=NOW + a_second / 2)
    assert seen["placed_at"] == seen["updated_at"] == "2026-11-23T10:00:00Z"


def test_no_inner_matter_is_shown():
    text = json.dumps(shown([a_challenge()], signing=True))
    for secret in ("csr_der", "encrypted", "token", "version", "subscriber", "attempt", "reseller_id"):
        assert secret not in text.replace('"version": "2026', "")


# ---- how long it may be pending


@pytest.mark.parametrize(
    ("challenges", "until"),
    [
        ([], "2026-12-23T10:00:00Z"),
        ([a_challenge(sent_at=NOW + a_day)], "2026-12-24T10:00:00Z"),
        ([a_challenge(sent_at=NOW + 80 * a_day)], "2027-02-21T10:00:00Z"),
    ],
    ids=["not mailed", "mailed", "90 days at most"],
)
def test_a_pending_order_tells_when_it_will_be_cancelled(challenges, until):
    assert shown(challenges)["pending_until"] == until


@pytest.mark.parametrize("status", [status for status in STATUSES if status is not OrderStatus.PENDING])
def test_an_order_that_is_not_pending_has_no_such_end(status):
    assert shown(status=status)["pending_until"] is None


def test_a_closed_order_tells_when_by_whom_and_why():
    end = Closed(NOW + a_day, "system", CloseReason.TIMED_OUT)
    assert shown(status=OrderStatus.CANCELLED, closed=end)["closed"] == {
        "at": "2026-11-24T10:00:00Z",
        "by": "system",
        "reason": "timed_out",
    }
    assert shown()["closed"] is None


# ---- money


def test_the_price_is_shown_as_it_was_fixed():
    assert shown()["price"] == {
        "net": {"amount": "149.00", "currency": "USD"},
        "lines": [
            {
                "kind": "base",
                "quantity": 1,
                "unit": {"amount": "149.00", "currency": "USD"},
                "amount": {"amount": "149.00", "currency": "USD"},
            }
        ],
    }


def test_the_lines_are_in_the_currency_of_the_order():
    seen = shown(net=Money.of("149.00", "EUR"))
    assert seen["price"]["lines"][0]["unit"]["currency"] == "EUR"


OF_UNITS = {
    PaymentStatus.HELD,
    PaymentStatus.CAPTURED,
    PaymentStatus.RELEASED,
    PaymentStatus.REFUNDED,
}


@pytest.mark.parametrize("payment", sorted(OF_UNITS))
def test_payment_says_where_the_units_are(payment):
    seen = shown(payment=payment)["payment"]
    assert seen == {"contract_id": "con_1", "kind": "bulk", "units": 2, "status": payment}


@pytest.mark.parametrize("payment", sorted(set(PaymentStatus) - {PaymentStatus.HELD}))
def test_payment_says_where_the_money_is_and_of_the_card_two_things(payment):
    by_card = {"payment_kind": PaymentKind.PAY_AS_YOU_GO, "units": 0, "card_id": "card_1"}
    by_card["status"] = OrderStatus.REVOKED
    seen = shown(card=a_card(), payment=payment, **by_card)
    assert seen["payment"] == {
        "contract_id": "con_1",
        "kind": "pay_as_you_go",
        "card": {"brand": "visa", "last4": "4242"},
        "status": payment,
    }
    assert not {"pm_card_1", "cus_1", "2030", "card_1"} & set(json.dumps(seen).split('"'))


def test_a_card_that_is_not_known_yet_is_not_shown():
    by_card = {"payment_kind": PaymentKind.PAY_AS_YOU_GO, "units": 0, "payment": PaymentStatus.NONE}
    assert shown(**by_card)["payment"].keys() == {"contract_id", "kind", "status"}


# ---- what may be done


@pytest.mark.parametrize(
    ("head", "allowed", "reason"),
    [
        ({}, True, None),
        ({"held_back": "CAA"}, True, None),
        ({"signing": True}, False, "issuing"),
        ({"status": OrderStatus.ISSUED}, False, "already_issued"),
        *(
            ({"status": status}, False, "order_closed")
            for status in STATUSES
            if status not in {OrderStatus.PENDING, OrderStatus.ISSUED}
        ),
    ],
)
def test_the_order_says_whether_it_can_be_cancelled(head, allowed, reason):
    assert shown(**head)["actions"]["cancel"] == {"allowed": allowed, "reason": reason}


@pytest.mark.parametrize(
    ("status", "moment", "seen"),
    [
        (OrderStatus.ISSUED, NOW, "issued"),
        (OrderStatus.ISSUED, NOW + a_second, "expired"),
        (OrderStatus.REVOKED, NOW + a_second, "revoked"),
        (OrderStatus.PENDING, NOW + a_second, "pending"),
    ],
    ids=["the last second of its term", "its term is over", "revoked stays", "pending stays"],
)
def test_an_issued_order_expires_with_its_term(status, moment, seen):
    assert shown(status=status, term_to=NOW, moment=moment)["status"] == seen


# ---- certificates


def test_an_issued_order_shows_its_term_and_its_certificate():
    seen = shown(
        certificates=[a_record()],
        status=OrderStatus.ISSUED,
        issued_at=NOW,
        term_to=NOW + 365 * a_day - a_second,
    )
    assert seen["term"] == {"days": 365, "from": "2026-11-23T10:00:00Z", "to": "2027-11-23T09:59:59Z"}
    assert seen["certificates"] == [
        {
            "serial": "0a1b",
            "status": "active",
            "not_before": "2026-11-23T10:00:00Z",
            "not_after": "2027-06-10T09:59:59Z",
            "names": ["www.example.com"],
            "spki_sha256": A_KEY,
        }
    ]


@pytest.mark.parametrize(
    ("status", "moment", "word"),
    [
        (CertificateStatus.STORED, a_record().not_after, "active"),
        (CertificateStatus.STORED, a_record().not_after + a_second, "expired"),
        (CertificateStatus.REVOKED, NOW, "revoked"),
        (CertificateStatus.REVOKED, a_record().not_after + a_second, "revoked"),
    ],
    ids=["its last second", "a second later", "revoked", "revoked, its time over"],
)
def test_a_certificate_is_active_to_its_last_second_unless_it_is_revoked(status, moment, word):
    assert certificate_as_json(replace(a_record(), status=status), moment)["status"] == word


def test_two_readings_of_one_state_are_the_same():
    content = a_content("b.example.com", "a.example.com")
    assert json.dumps(shown(content=content)) == json.dumps(shown(content=content))
