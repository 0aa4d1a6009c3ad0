"""Each invariant turns red when what it says is broken, and none does for orders that are as they must be."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.evidence import Evidence, Link, Serial
from tests.faults.invariants import INVARIANTS, violations
from tests.faults.lineage import LINEAGE

PLACED = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
ENDS = "2027-06-13T01:00:17Z"
NINETY_DAYS_BEFORE = datetime(2027, 3, 15, 9, 0, tzinfo=UTC)
IN_TIME, TOO_LATE = "2026-12-26T08:59:59Z", "2026-12-26T09:00:00Z"
"""30 days from the first certificate."""
ADMIN = "admin@example.com"
WAITS = {
    "step": "domain_verification",
    "status": "in_progress",
    "actor": "approver",
    "next_action": "Approve the name.",
}


def an_order(status: str, **more: Any) -> dict[str, Any]:
    """As the API reads it, as far as the invariants look."""
    is_issued = status in {"issued", "revoked"}
    certificate = {
        "serial": f"serial-{status}",
        "names": [f"{status}.example.com"],
        "status": "revoked" if status == "revoked" else "active",
        "not_before": "2026-11-26T09:00:00Z",
        "not_after": ENDS,
    }
    return {
        "status": status,
        "customer_id": f"of-{status}",
        "revoked": {"at": IN_TIME, "reason": "superseded"} if status == "revoked" else None,
        "common_name": f"{status}.example.com",
        "names": [f"{status}.example.com"],
        "certificates": [certificate] if is_issued else [],
        "payment": {"kind": "bulk", "contract_id": "con_1", "units": 2, "status": "none"},
        "authentication": {"steps": [WAITS] if status == "pending" else []},
        "price": {"net": {"amount": "149.00"}},
        "term": {"from": "2026-11-26T09:00:00Z", "to": "2027-11-26T09:00:00Z"},
        **more,
    }


def a_line(kind: str, order_id: str | None, units: int, left: int, held: int, used: int) -> dict[str, Any]:
    balance = {"left": left, "held": held, "used": used}
    return {"kind": kind, "order_id": order_id, "units": units, "balance": balance}


def a_mail(reference: str, text: str = "text") -> dict[str, Any]:
    return {"headers": {"X-Message-Reference": reference}, "text": text}


def an_intent(order_id: str, status: str, number: int = 1) -> dict[str, Any]:
    return {
        "id": f"pi_{order_id}_{number}",
        "status": status,
        "amount_received": 14900 if status == "succeeded" else 0,
        "metadata": {"order_id": order_id},
    }


def a_card(status: str) -> dict[str, Any]:
    return {"kind": "pay_as_you_go", "contract_id": "con_2", "status": status}


@pytest.fixture
def seen() -> Evidence:
    """A pending order, an issued, a cancelled and a revoked one on units; an issued one on a card."""
    by_card = an_order("issued", common_name="card.example.com", payment=a_card("captured"))
    by_card["certificates"][0]["serial"] = "serial-card"
    orders: dict[str, Any] = {
        "ord_pending": an_order("pending"),
        "ord_issued": an_order("issued"),
        "ord_cancelled": an_order("cancelled"),
        "ord_revoked": an_order("revoked"),
        "ord_card": by_card,
    }
    orders["ord_revoked"]["payment"]["status"] = "refunded"
    answered = {order_id: order["common_name"] for order_id, order in orders.items()}
    serials = ("serial-issued", "serial-revoked", "serial-card")
    owners = dict(zip(serials, ("ord_issued", "ord_revoked", "ord_card"), strict=True))
    return Evidence(
        answered=answered,
        found={name: [order_id] for order_id, name in answered.items()},
        orders=orders,
        domains={
            "ord_pending": [
                {
                    "name": "pending.example.com",
                    "method": "email",
                    "status": "pending",
                    "authorization_domain": "example.com",
                    "approver_email": ADMIN,
                }
            ],
            "ord_issued": [
                {"name": "issued.example.com", "method": "email", "status": "valid", "approver_email": ADMIN}
            ],
        },
        digests={serial: frozenset({f"digest-{serial}"}) for serial in serials},
        serials={
            serial: Serial(owner, "stored", frozenset({f"digest-{serial}"}))
            for serial, owner in owners.items()
        },
        signed=[f"digest-{serial}" for serial in serials],
        mails=[a_mail(f"<issued-{serial}@us>") for serial in serials],
        links=[
            Link("ord_pending", "example.com", ADMIN, "/approve/1", live=True),
            Link("ord_issued", "example.com", ADMIN, "/approve/2", live=False),
        ],
        intents=[an_intent("ord_card", "succeeded")],
        contracts={
            "con_1": {
                "kind": "bulk",
                "units_granted": 10,
                "units_left": 6,
                "units_held": 2,
                "units_used": 2,
            },
            "con_2": {"kind": "pay_as_you_go"},
        },
        lines={
            "con_1": [
                a_line("grant", None, 10, 10, 0, 0),
                a_line("hold", "ord_pending", 2, 8, 2, 0),
                a_line("hold", "ord_issued", 2, 6, 4, 0),
                a_line("use", "ord_issued", 2, 6, 2, 2),
                a_line("hold", "ord_cancelled", 2, 4, 4, 2),
                a_line("release", "ord_cancelled", 2, 6, 2, 2),
                a_line("hold", "ord_revoked", 2, 4, 4, 2),
                a_line("use", "ord_revoked", 2, 4, 2, 4),
                a_line("refund", "ord_revoked", 2, 6, 2, 2),
            ]
        },
        executions={"ord_pending": ["RUNNING"], "ord_issued": ["SUCCEEDED"]},
        audit={
            "ord_pending": ["order.placed"],
            "ord_issued": ["order.placed", "domain.approved", "preflight.go", "order.issued"],
            "ord_cancelled": ["order.placed", "order.cancelled"],
            "ord_revoked": [
                "order.placed",
                "preflight.go",
                "order.issued",
                "certificate.revoked",
                "order.revoked",
            ],
            "ord_card": ["order.placed", "preflight.go", "order.issued", "payment.captured"],
        },
        dead={"RelayFailures": 0},
        now=PLACED.timestamp(),
    )


def test_nothing_is_said_of_orders_that_are_as_they_must_be(seen: Evidence) -> None:
    assert violations(seen) == []


def _lost(seen: Evidence) -> None:
    seen.orders = {**seen.orders, "ord_issued": None}


def _not_found(seen: Evidence) -> None:
    seen.found = {**seen.found, "issued.example.com": []}


def _placed_twice(seen: Evidence) -> None:
    seen.found = {**seen.found, "pending.example.com": ["ord_pending", "ord_twin"]}


def _two_certificates(seen: Evidence) -> None:
    certificates = seen.orders["ord_issued"]["certificates"]  # type: ignore[index]
    certificates.append({**certificates[0], "serial": "serial-card"})


def _none(seen: Evidence) -> None:
    seen.orders["ord_issued"]["certificates"].clear()  # type: ignore[index]


def _too_early(seen: Evidence) -> None:
    order: Any = seen.orders["ord_cancelled"]
    order["certificates"] = [{"serial": "serial-issued", "names": ["a"]}]


def _other_names(seen: Evidence) -> None:
    seen.orders["ord_issued"]["certificates"][0]["names"] = ["www.example.org"]  # type: ignore[index]


def _no_download(seen: Evidence) -> None:
    seen.digests = {**seen.digests, "serial-issued": frozenset()}


def _orphan(seen: Evidence) -> None:
    seen.signed = [*seen.signed, "digest-of-nothing"]


def _unsigned(seen: Evidence) -> None:
    seen.signed = seen.signed[1:]


def _signed(times: int) -> Callable[[Evidence], None]:
    def change(seen: Evidence) -> None:
        seen.signed = [*seen.signed, *seen.signed[:1] * (times - 1)]

    return change


def _left_over(seen: Evidence) -> None:
    seen.serials = {**seen.serials, "serial-x": Serial("ord_issued", "recorded", frozenset({"x"}))}


def _charged_twice(seen: Evidence) -> None:
    seen.intents = [*seen.intents, an_intent("ord_card", "succeeded", 2)]


def _card_of(status: str, *intents: str) -> Callable[[Evidence], None]:
    """Another order on a card, with payments that stand so."""

    def change(seen: Evidence) -> None:
        order = an_order(status, common_name="other.example.com", payment=a_card("none"))
        order["certificates"] = []
        seen.orders = {**seen.orders, "ord_other": order}
        seen.intents = [
            *seen.intents,
            *(an_intent("ord_other", each, number) for number, each in enumerate(intents)),
        ]

    return change


def _not_charged(seen: Evidence) -> None:
    seen.intents = []


def _charged_for_nothing(seen: Evidence) -> None:
    seen.orders["ord_card"]["price"] = {"net": {"amount": "0.00"}}  # type: ignore[index]


def _still_reserved(seen: Evidence) -> None:
    seen.intents = [*seen.intents, an_intent("ord_card", "requires_capture", 2)]


def _given_back_too_much(seen: Evidence) -> None:
    refund = {"payment_intent": "pi_ord_card_1", "amount": 20000, "status": "succeeded"}
    seen.refunds = [refund]


def _revoked_by_card(payment: str, *intents: str, at: str = IN_TIME) -> Callable[[Evidence], None]:
    """The order on a card, revoked, with its payment as the API tells it and as the gateway has it."""

    def change(seen: Evidence) -> None:
        order: Any = seen.orders["ord_card"]
        order |= {"status": "revoked", "revoked": {"at": at, "reason": "superseded"}}
        order["payment"]["status"] = payment
        seen.intents = [an_intent("ord_card", each) for each in intents]

    return change


def _units_kept(seen: Evidence) -> None:
    """Ledger, counters and order agree."""
    order: Any = seen.orders["ord_revoked"]
    order["payment"]["status"] = "captured"
    _line_lost(8)(seen)
    _counter("left", -2)(seen)
    _counter("used", 2)(seen)


def _units_back_too_late(seen: Evidence) -> None:
    order: Any = seen.orders["ord_revoked"]
    order["revoked"]["at"] = TOO_LATE


def _counter(name: str, change: int) -> Callable[[Evidence], None]:
    def alter(seen: Evidence) -> None:
        contract: Any = seen.contracts["con_1"]
        contract[f"units_{name}"] += change

    return alter


def _line_lost(place: int) -> Callable[[Evidence], None]:
    def change(seen: Evidence) -> None:
        lines: Any = seen.lines["con_1"]
        del lines[place]

    return change


def _second_link(seen: Evidence) -> None:
    seen.links = [
        *seen.links,
        Link("ord_pending", "example.com", "root@example.com", "/approve/3", live=True),
    ]


def _link(place: int, **change: Any) -> Callable[[Evidence], None]:
    def alter(seen: Evidence) -> None:
        links = list(seen.links)
        links[place] = replace(links[place], **change)
        seen.links = links

    return alter


def _step(**change: Any) -> Callable[[Evidence], None]:
    def alter(seen: Evidence) -> None:
        order: Any = seen.orders["ord_pending"]
        order["authentication"] = {"steps": [{**WAITS, **change}]}

    return alter


def _executions(order_id: str, *statuses: str) -> Callable[[Evidence], None]:
    def change(seen: Evidence) -> None:
        seen.executions = {**seen.executions, order_id: statuses}

    return change


def _unannounced(seen: Evidence) -> None:
    seen.mails = seen.mails[1:]


def _revoked_unannounced(at: str) -> Callable[[Evidence], None]:
    """The certificate of the revoked order was mailed to nobody."""

    def change(seen: Evidence) -> None:
        seen.mails = [mail for mail in seen.mails if mail != a_mail("<issued-serial-revoked@us>")]
        (certificate,) = seen.orders["ord_revoked"]["certificates"]  # type: ignore[index]
        certificate["revoked_at"] = at

    return change


def _undisturbed(seen: Evidence) -> None:
    _revoked_unannounced("2026-11-26T09:00:01Z")(seen)
    seen.undisturbed = True


def _mailed(times: int) -> Callable[[Evidence], None]:
    def change(seen: Evidence) -> None:
        seen.mails = [*seen.mails, *seen.mails[:1] * (times - 1)]

    return change


def _announced_for_nobody(seen: Evidence) -> None:
    seen.mails = [*seen.mails, a_mail("<issued-serial-x@us>")]


def _two_texts(seen: Evidence) -> None:
    seen.mails = [*seen.mails, a_mail("<issued-serial-issued@us>", "another text")]


def _not_reminded(seen: Evidence) -> None:
    seen.now = NINETY_DAYS_BEFORE.timestamp()


def _reminded_too_early(seen: Evidence) -> None:
    seen.mails = [*seen.mails, a_mail("<ord_issued.certificate_ends-1812848417-90.0@us>")]


def _unaudited(order_id: str, action: str) -> Callable[[Evidence], None]:
    def change(seen: Evidence) -> None:
        actions: Any = seen.audit[order_id]
        actions.remove(action)

    return change


def _reissued(status: str, *actions: str) -> Callable[[Evidence], None]:
    """A reissue that stands so, with these actions in the audit trail."""

    def change(seen: Evidence) -> None:
        seen.reissues = {"ord_issued": [{"reissue_id": "rei_1", "status": status}]}
        seen.audit = {**seen.audit, "ord_issued": [*seen.audit["ord_issued"], *actions]}

    return change


def _audited_twice(seen: Evidence) -> None:
    actions: Any = seen.audit["ord_issued"]
    actions.append("order.issued")


def _dead(seen: Evidence) -> None:
    seen.dead = {"RelayFailures": 1}


def _card_lines(*kinds: str) -> Callable[[Evidence], None]:
    """The ledger of the order on a card."""

    def change(seen: Evidence) -> None:
        amount = {"amount": "149.00", "currency": "USD"}
        lines = [{"kind": kind, "order_id": "ord_card", "units": 0, "amount": amount} for kind in kinds]
        seen.lines = {**seen.lines, "con_2": lines}

    return change


BROKEN: list[tuple[str, str, Callable[[Evidence], None]]] = [
    ("an answered order cannot be read", "readable", _lost),
    ("an answered order is in no list", "readable", _not_found),
    ("an order that nobody was told of", "readable", _placed_twice),
    ("two certificates", "one_certificate", _two_certificates),
    ("issued without one", "one_certificate", _none),
    ("cancelled with one", "one_certificate", _too_early),
    ("a certificate for other names", "one_certificate", _other_names),
    ("no download", "one_certificate", _no_download),
    ("signed for no serial", "signatures", _orphan),
    ("a certificate that KMS knows nothing of", "signatures", _unsigned),
    ("signed again and again", "signatures", _signed(6)),
    ("a serial left over", "signatures", _left_over),
    ("charged twice", "charges", _charged_twice),
    ("charged, still pending", "charges", _card_of("pending", "succeeded")),
    ("charged, cancelled", "charges", _card_of("cancelled", "succeeded")),
    ("reserved, cancelled", "charges", _card_of("cancelled", "requires_capture")),
    ("reserved twice", "charges", _card_of("pending", "requires_capture", "requires_capture")),
    ("issued, not charged", "charges", _not_charged),
    ("charged for what is free", "charges", _charged_for_nothing),
    ("issued, charged and reserved", "charges", _still_reserved),
    ("given back too much", "charges", _given_back_too_much),
    ("paid, and not by the ledger", "charges", _card_lines("hold", "use")),
    ("given back by the ledger alone", "charges", _card_lines("hold", "use", "capture", "repay")),
    ("says refunded", "charges", _revoked_by_card("refunded", "succeeded")),
    ("revoked in time, never given back", "charges", _revoked_by_card("refund_pending", "succeeded")),
    ("revoked in time, still paid", "charges", _revoked_by_card("captured", "succeeded")),
    ("says released, was charged", "charges", _revoked_by_card("released", "succeeded")),
    ("revoked, never charged", "charges", _revoked_by_card("authorised")),
    ("revoked too late, never charged", "charges", _revoked_by_card("authorised", at=TOO_LATE)),
    ("let go, revoked too late", "charges", _revoked_by_card("released", at=TOO_LATE)),
    ("a unit too many", "units", _counter("left", 1)),
    ("a unit oversold", "units", _counter("left", -7)),
    ("held without a line", "units", _line_lost(1)),
    ("never used", "units", _line_lost(3)),
    ("never released", "units", _line_lost(5)),
    ("never refunded", "units", _line_lost(8)),
    ("revoked in time, units kept", "units", _units_kept),
    ("revoked too late, units back", "units", _units_back_too_late),
    ("two links for one domain", "one_live_value", _second_link),
    ("the link of another address", "one_live_value", _link(0, to="root@example.com")),
    ("no link for who is asked", "one_live_value", _link(0, live=False)),
    ("a live link of an issued order", "one_live_value", _link(1, live=True)),
    ("waits for the system", "finished_or_waiting", _step(actor="system")),
    ("waits for whom nobody told what to do", "finished_or_waiting", _step(next_action=None)),
    ("at work for ever", "finished_or_waiting", _step(status="pending")),
    ("its execution is gone", "finished_or_waiting", _executions("ord_pending", "FAILED")),
    ("two executions", "finished_or_waiting", _executions("ord_pending", "RUNNING", "RUNNING")),
    ("an execution of what is over", "finished_or_waiting", _executions("ord_cancelled", "RUNNING")),
    ("not announced", "told", _unannounced),
    ("not announced, revoked at once, and nothing was late", "told", _undisturbed),
    ("not announced, revoked two days later", "told", _revoked_unannounced("2026-11-28T09:00:00Z")),
    ("announced for nobody", "told", _announced_for_nobody),
    ("announced again and again", "told", _mailed(4)),
    ("two texts under one Message-ID", "told", _two_texts),
    ("not reminded", "reminders", _not_reminded),
    ("reminded too early", "reminders", _reminded_too_early),
    ("placing not audited", "audited", _unaudited("ord_pending", "order.placed")),
    ("issue not audited", "audited", _unaudited("ord_revoked", "order.issued")),
    ("cancelling not audited", "audited", _unaudited("ord_cancelled", "order.cancelled")),
    ("preflight not audited", "audited", _unaudited("ord_card", "preflight.go")),
    ("proof not audited", "audited", _unaudited("ord_issued", "domain.approved")),
    ("charge not audited", "audited", _unaudited("ord_card", "payment.captured")),
    ("revocation not audited", "audited", _unaudited("ord_revoked", "certificate.revoked")),
    ("reissue not audited", "audited", _reissued("issued", "reissue.placed")),
    ("placing a reissue not audited", "audited", _reissued("pending")),
    ("cancelling a reissue not audited", "audited", _reissued("cancelled", "reissue.placed")),
    ("reissue audited twice", "audited", _reissued("issued", "reissue.placed", *["reissue.issued"] * 2)),
    ("audited twice", "audited", _audited_twice),
    ("a dead letter", "no_dead_letters", _dead),
]


@pytest.mark.parametrize(
    ("invariant", "breaks"),
    [(name, change) for _, name, change in BROKEN],
    ids=[said for said, _, _ in BROKEN],
)
def test_what_is_broken_is_told_by_the_invariant_that_forbids_it(
    seen: Evidence, invariant: str, breaks: Callable[[Evidence], None]
) -> None:
    broken = deepcopy(seen)
    breaks(broken)
    assert list(INVARIANTS[invariant](seen)) == []
    assert list(INVARIANTS[invariant](broken))


def test_every_invariant_has_its_broken_case() -> None:
    assert {name for _, name, _ in BROKEN} == set(INVARIANTS) - set(LINEAGE)


def test_a_reminder_that_was_due_and_sent_is_as_it_must_be(seen: Evidence) -> None:
    due = NINETY_DAYS_BEFORE.timestamp()
    sent = [
        a_mail(f"<{order_id}.{ends}.0@us>")
        for order_id in ("ord_issued", "ord_card")
        for ends in ("certificate_ends-1812848417-90", "proofs_end-1805068800-14", "proofs_end-1805068800-3")
    ]
    assert list(INVARIANTS["reminders"](replace(seen, now=due, mails=[*seen.mails, *sent]))) == []


def test_the_certificate_before_is_reminded_of_until_its_reissue_is_issued(seen: Evidence) -> None:
    """Its successor's `notBefore` is earlier than its issue, and may be earlier than the reminder."""
    order: Any = deepcopy(seen.orders["ord_issued"])
    dawn, begins, ended = (f"2027-03-15T{clock}Z" for clock in ("09:00:00", "05:50:00", "06:20:00"))
    newer = {"serial": "0e", "reissue_id": "rei_1", "not_before": begins, "not_after": order["term"]["to"]}
    order["certificates"].insert(0, order["certificates"][0] | newer)
    order["names"] = order["certificates"][0]["names"]
    known = replace(
        seen,
        orders={"ord_issued": order},
        reissues={"ord_issued": [{"reissue_id": "rei_1", "status": "issued", "ended_at": ended}]},
        now=datetime.fromisoformat(dawn).timestamp(),
    )
    assert any("certificate_ends, 90 days" in said for said in INVARIANTS["reminders"](known))


def test_two_certificates_of_one_second_are_reminded_of_like_any(seen: Evidence) -> None:
    order = seen.orders["ord_issued"] or {}
    twice = order | {"certificates": [{**order["certificates"][0], "serial": "0f"}, *order["certificates"]]}
    known = replace(seen, orders={**seen.orders, "ord_issued": twice})
    assert list(INVARIANTS["reminders"](known)) == list(INVARIANTS["reminders"](seen))


@pytest.mark.parametrize(
    ("invariant", "happens"),
    [
        ("signatures", _signed(2)),
        ("told", _mailed(2)),
        ("told", _revoked_unannounced("2026-11-27T08:59:59Z")),
        ("charges", _revoked_by_card("released", "canceled")),
        ("charges", _revoked_by_card("captured", "succeeded", at=TOO_LATE)),
        ("audited", _reissued("issued", "reissue.placed", "reissue.issued")),
        ("audited", _reissued("pending", "reissue.placed")),
    ],
    ids=[
        "signed once more",
        "mailed once more",
        "revoked before it was mailed",
        "let go",
        "paid for all",
        "reissued",
        "being reissued",
    ],
)
def test_what_may_be_is_no_violation(
    seen: Evidence, invariant: str, happens: Callable[[Evidence], None]
) -> None:
    happens(seen)
    assert list(INVARIANTS[invariant](seen)) == []


def test_what_was_replaced_pays_for_its_replacement(seen: Evidence) -> None:
    _revoked_by_card("captured", "succeeded")(seen)
    _units_kept(seen)
    for order_id in ("ord_card", "ord_revoked"):
        seen.orders[order_id]["replaced_by"] = "ord_issued"  # type: ignore[index]
    for name in ("charges", "units"):
        assert list(INVARIANTS[name](seen)) == []


def test_an_issued_order_that_was_not_charged_may_lie_before_staff(seen: Evidence) -> None:
    known = replace(seen, intents=[], payment_troubles=frozenset({"ord_card"}))
    assert list(INVARIANTS["charges"](known)) == []


def test_a_revoked_order_whose_money_is_not_back_may_lie_before_staff(seen: Evidence) -> None:
    _revoked_by_card("refund_pending", "succeeded")(seen)
    assert list(INVARIANTS["charges"](replace(seen, payment_troubles=frozenset({"ord_card"})))) == []
