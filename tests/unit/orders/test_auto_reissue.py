"""Certificates that make themselves: when, for which orders, once, and again when one did not come to be."""

from dataclasses import replace

import pytest

from partner_center.entry.reissuing import reissuing_handler
from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.kernel.errors import TryAgain
from partner_center.orders.auto_reissue import AGAIN_AFTER, Outcome, ReissueByItself, reissues_itself_at
from partner_center.orders.close import closing
from partner_center.orders.content import Lifecycle
from partner_center.orders.deadlines import DeadlineKind, next_deadline
from partner_center.orders.order import CloseReason, Order, OrderStatus
from partner_center.orders.ports import load
from partner_center.orders.reissue import reissued
from tests.fakes.determined import NOW
from tests.fakes.planned_reissues import MemoryPlannedReissues
from tests.fakes.samples import (
    ORDER,
    US,
    a_challenge,
    a_chronicle,
    a_content,
    a_contract,
    a_day,
    a_head,
    a_placement,
    a_proof,
    a_record,
    a_second,
)
from tests.fakes.world import World

TERM = 365 * a_day
CHOSEN = Lifecycle(auto_reissue=True, key="same", days_before=30)
ENDS = NOW + 200 * a_day - a_second
HEAD = a_head(status=OrderStatus.ISSUED, serial="0a1b", issued_at=NOW, term_to=NOW + TERM - a_second)
RECORD = a_record(not_before=NOW, not_after=ENDS)
DUE = NOW + 170 * a_day


def an_order(head=HEAD, lifecycle=CHOSEN):
    return Order(head, a_content(lifecycle=lifecycle))


CASES = [
    ("chosen", an_order(), [RECORD], DUE),
    ("nothing chosen", an_order(lifecycle=None), [RECORD], None),
    ("not chosen", an_order(lifecycle=replace(CHOSEN, auto_reissue=False)), [RECORD], None),
    ("a new key is awaited", an_order(lifecycle=replace(CHOSEN, key="new_csr")), [RECORD], None),
    ("sooner", an_order(lifecycle=replace(CHOSEN, days_before=60)), [RECORD], NOW + 140 * a_day),
    (
        "not in the first half of its life",
        an_order(lifecycle=replace(CHOSEN, days_before=90)),
        [a_record(not_before=NOW, not_after=NOW + 100 * a_day - a_second)],
        NOW + 50 * a_day,
    ),
    (
        "the certificate lasts as long as the term",
        an_order(),
        [a_record(not_before=NOW, not_after=HEAD.term_to)],
        None,
    ),
    ("no certificate is left", an_order(), [], None),
    ("revoked", an_order(replace(HEAD, status=OrderStatus.REVOKED)), [RECORD], None),
    ("pending", an_order(a_head()), [], None),
]


@pytest.mark.parametrize(
    ("order", "certificates", "expected"), [pytest.param(*each[1:], id=each[0]) for each in CASES]
)
def test_when_an_order_is_reissued_by_itself(order, certificates, expected):
    assert reissues_itself_at(order, certificates) == expected


class Bench:
    """An issued order that is to be reissued by itself, at the moment when it is due."""

    def __init__(self, *, proven=True):
        self.world = World()
        self.planned = MemoryPlannedReissues()
        self.world.stores.grant(a_contract(10))
        content = a_content(lifecycle=CHOSEN)
        self.world.stores.orders.place(a_placement(self.world.ids, HEAD, content=content))
        if proven:
            proof = replace(a_proof(a_challenge()), checked_at=DUE - a_day, completed_at=DUE - a_day)
            self.world.tables.proofs[US, proof.subscriber, "example.com", proof.proof_id] = proof
        self.certificates = [RECORD]
        self.reissue = ReissueByItself(
            self.world.stores.orders,
            self,
            self.world.stores.challenges,
            self.planned,
            self.world.clock,
            self.world.ids,
        )
        self.world.clock.moment = DUE

    def of_order(self, *_):
        return self.certificates

    def run(self):
        return self.reissue(US, ORDER, "schedule")

    def head(self):
        return self.world.stores.orders.head(US, ORDER)

    def renewed(self):
        heads = self.world.tables.heads
        heads[US, ORDER] = replace(self.head(), renewed_by="ord_2")
        heads[US, "ord_2"] = replace(HEAD, order_id="ord_2", renewal_of=ORDER)

    def row(self):
        return self.planned.rows.get((US, ORDER))


def test_what_is_due_is_asked_for_with_the_same_key_and_names():
    bench = Bench()
    assert bench.run() is Outcome.BEGUN
    (reissue_id,) = bench.head().passing_reissues
    made = load(bench.world.stores.orders, US, f"{ORDER}-{reissue_id}")
    order = load(bench.world.stores.orders, US, ORDER)
    assert made.content == order.content
    assert bench.world.stores.events(US, ORDER)[-1] == "reissue.placed"
    assert bench.row() == DUE + AGAIN_AFTER


def test_names_whose_proofs_have_ended_are_asked_anew():
    bench = Bench(proven=False)
    assert bench.run() is Outcome.BEGUN
    assert bench.head().open_reissue is not None


def test_while_one_is_under_way_no_other_is_asked_for():
    bench = Bench()
    bench.run()
    before = bench.head()
    assert bench.run() is Outcome.UNDER_WAY
    assert bench.head() == before


def test_of_two_runs_at_once_one_asks():
    bench = Bench()
    bench.world.tables.before["reissue_order"].append(bench.run)
    assert bench.run() is Outcome.UNDER_WAY
    assert len(bench.head().reissues_under_way) == 1


def test_one_that_came_to_nothing_is_asked_for_again_the_next_day():
    bench = Bench(proven=False)
    bench.run()
    orders = bench.world.stores.orders
    head = orders.head(US, f"{ORDER}-{bench.head().open_reissue}")
    why = (OrderStatus.CANCELLED, CloseReason.TIMED_OUT)
    chronicle = a_chronicle(bench.world.ids, DUE)
    orders.close(closing(head, *why, chronicle, found=reissued(orders, head)))
    bench.world.clock.moment = bench.row()
    assert list(bench.reissue.due()) == [(US, ORDER)]
    assert bench.run() is Outcome.BEGUN


@pytest.mark.parametrize(
    ("change", "row"),
    [
        (lambda bench: setattr(bench.world.clock, "moment", DUE - a_second), DUE),
        (lambda bench: setattr(bench, "certificates", []), None),
        (lambda bench: setattr(bench.world.clock, "moment", NOW + TERM), None),
        (lambda bench: bench.renewed(), None),
    ],
    ids=["not yet", "nothing is left", "the term is over", "its renewal has its certificate"],
)
def test_a_row_that_is_not_true_any_more_is_put_right(change, row):
    bench = Bench()
    bench.planned.plan(US, ORDER, NOW)
    change(bench)
    assert bench.run() is Outcome.NOT_DUE
    assert bench.row() == row
    assert bench.head().reissues_under_way == ()


def test_a_plan_is_not_undone_by_who_read_before_it_was_made():
    """The renewal is revoked while the row is put right, and whoever handles that has planned it anew."""
    bench = Bench()
    bench.renewed()
    plan, heads = bench.planned.plan, bench.world.tables.heads

    def late(*row):
        heads[US, "ord_2"] = replace(heads[US, "ord_2"], status=OrderStatus.REVOKED)
        plan(*row)

    bench.planned.plan = late
    assert bench.run() is Outcome.NOT_DUE
    assert bench.row() == DUE
    assert bench.run() is Outcome.BEGUN


def test_an_order_that_changes_all_the_time_is_looked_at_again():
    bench = Bench()
    bench.renewed()
    plan, heads = bench.planned.plan, bench.world.tables.heads

    def late(*row):
        other = heads[US, "ord_2"]
        was_issued = other.status is OrderStatus.ISSUED
        heads[US, "ord_2"] = replace(other, status=OrderStatus.REVOKED if was_issued else OrderStatus.ISSUED)
        plan(*row)

    bench.planned.plan = late
    with pytest.raises(TryAgain):
        bench.run()
    assert list(bench.reissue.due()) == [(US, ORDER)]


def test_an_unknown_order_is_left():
    bench = Bench()
    assert bench.reissue(US, "ord_2", "schedule") is Outcome.NOT_DUE


def test_trouble_with_one_order_keeps_no_other_from_its_certificate():
    bench = Bench()

    class Troubled:
        off = []

        def put_off(self, reseller_id, order_id):
            self.off.append(order_id)

        def due(self):
            return [(US, "ord_1"), (US, "ord_2"), (US, "ord_3")]

        def __call__(self, reseller_id, order_id, correlation_id):
            if order_id == "ord_1":
                raise TryAgain("no")
            if order_id == "ord_2":
                raise ValueError(order_id)
            return bench.run()

    told = reissuing_handler(Troubled)({}, None)
    assert (told["begun"], told["troubled"]) == (1, 2)
    assert Troubled.off == ["ord_1", "ord_2"]


def test_an_order_that_cannot_be_read_is_left_alone_for_an_hour():
    bench = Bench()
    bench.planned.plan(US, ORDER, DUE)
    bench.reissue.put_off(US, ORDER)
    assert list(bench.reissue.due()) == []
    bench.world.clock.advance(hours=1)
    assert list(bench.reissue.due()) == [(US, ORDER)]


# ---- a key that was called compromised


FORMER = replace(RECORD, spki_sha256="ab" * 32)
"""Of the key before the reissue, and valid, since the reseller let it stand."""


def of_its_key(reason):
    """A certificate of the order's present key that was revoked."""
    return replace(
        RECORD,
        serial_hex="0a2b",
        generation=2,
        stored_at=NOW + 10 * a_day,
        status=CertificateStatus.REVOKED,
        revoked_at=NOW + 20 * a_day,
        reason=reason,
    )


BY_REASON = {
    Reason.KEY_COMPROMISE: (DeadlineKind.CSR, False, None, Outcome.NOT_DUE),
    Reason.SUPERSEDED: (DeadlineKind.REISSUE, True, DUE, Outcome.BEGUN),
}


@pytest.mark.parametrize("reason", BY_REASON)
def test_a_key_that_was_compromised_makes_no_certificate_by_itself_and_somebody_is_told_to_send_another(
    reason,
):
    kind, automatic, at, outcome = BY_REASON[reason]
    certificates = [of_its_key(reason), FORMER]
    proof = replace(a_proof(a_challenge()), checked_at=DUE - a_day, completed_at=DUE - a_day)
    told = next_deadline(an_order(), certificates, [proof], NOW + 30 * a_day)
    assert (told.kind, told.automatic) == (kind, automatic)
    assert reissues_itself_at(an_order(), certificates) == at
    bench = Bench()
    bench.certificates = certificates
    assert bench.run() is outcome


def test_after_a_reissue_with_another_key_it_goes_on_by_itself():
    compromised = replace(of_its_key(Reason.KEY_COMPROMISE), spki_sha256="cd" * 32)
    assert reissues_itself_at(an_order(), [RECORD, compromised]) == DUE
