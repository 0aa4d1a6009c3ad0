"""The last look asks whether the money is there: nothing is signed that nobody pays."""

from dataclasses import replace

import pytest

from partner_center.billing.payments import ChargeStatus, PaymentStatus
from partner_center.issuance.preflight import Outcome
from partner_center.kernel.money import Money
from partner_center.orders.order import PaymentKind
from partner_center.orders.reconcile import held_back_answer
from tests.fakes.contract_charges import a_charge
from tests.fakes.determined import NOW
from tests.fakes.perspectives import REMOTES
from tests.fakes.samples import ORDER, US, a_day
from tests.unit.issuance.preflighting import THEIRS, failed
from tests.unit.validation.caa_world import answer


def by_card(desk, payment=PaymentStatus.AUTHORISED, charged=None, **changes):
    """The order paid by card, its latest charge authorised for a week unless `charged` says otherwise."""
    head = replace(
        desk.head,
        payment_kind=PaymentKind.PAY_AS_YOU_GO,
        payment=payment,
        card_id="card_1",
        payment_attempt=1,
        **changes,
    )
    desk.world.tables.heads[US, ORDER] = head
    charge = a_charge(
        head,
        payment_attempt=1,
        amount=Money.of("149.00"),
        status=ChargeStatus.AUTHORISED,
        authorised_at=NOW,
        capture_before=NOW + 7 * a_day,
    )
    desk.world.tables.charges[US, ORDER, 1] = replace(charge, **(charged or {}))
    return desk


def test_money_that_is_authorised_passes(desk):
    preflight = by_card(desk).run()
    assert (preflight.outcome, failed(preflight)) == (Outcome.GO, {})
    assert desk.head.signing


@pytest.mark.parametrize(
    "short",
    [
        pytest.param({"payment": PaymentStatus.NONE}, id="no card was asked"),
        pytest.param({"payment": PaymentStatus.DECLINED}, id="declined"),
        pytest.param({"net": Money.of("150.00")}, id="the price rose"),
        pytest.param({"net": Money.of("99.00")}, id="the price fell"),
        pytest.param({"charged": {"capture_before": NOW}}, id="it has run out"),
        pytest.param({"charged": {"capture_before": NOW, "authorised_at": NOW - a_day}}, id="long ago"),
        pytest.param({"charged": {"status": ChargeStatus.VOIDED}}, id="it was let go"),
    ],
)
def test_money_that_is_missing_is_asked_for_again(desk, short):
    preflight = by_card(desk, **short).run()
    assert preflight.outcome is Outcome.PAY_AGAIN
    assert list(failed(preflight)) == ["payment"]
    assert (desk.head.signing, desk.head.held_back) == (False, None)
    assert desk.world.stores.claims.find(US, ORDER, preflight.preflight_id) == preflight
    assert list(desk.world.tables.audit.values())[-1].action == "preflight.pay_again"


def test_what_was_claimed_before_goes_back_over_the_line_for_its_money(desk):
    by_card(desk).run()
    assert desk.head.signing
    desk.world.tables.charges[US, ORDER, 1] = replace(
        desk.world.tables.charges[US, ORDER, 1], capture_before=NOW
    )
    assert desk.run().outcome is Outcome.PAY_AGAIN
    assert not desk.head.signing


def test_proofs_and_caa_come_before_money(desk):
    by_card(desk, payment=PaymentStatus.NONE)
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    assert desk.run().outcome is Outcome.HELD_BACK
    assert "payment" in desk.head.held_back
    desk.world.tables.proofs.clear()
    assert desk.run().outcome is Outcome.PROVE_AGAIN


def test_what_waits_for_answers_alone_is_looked_at_again_though_its_authorisation_lapsed_meanwhile(desk):
    """Authorised for a week, relied upon for half of it."""
    by_card(desk)
    desk.perspectives.trouble = dict.fromkeys(REMOTES, "out_of_time")
    for moment, lacking in ((NOW, {"caa"}), (NOW + 4 * a_day, {"caa", "payment"})):
        desk.world.clock.moment = moment
        preflight = desk.run()
        assert (preflight.outcome, preflight.is_unanswered) == (Outcome.HELD_BACK, True)
        assert set(failed(preflight)) == lacking
        assert held_back_answer(desk.head, NOW + 11 * a_day) is not None
    desk.perspectives.trouble = {}
    assert desk.run().outcome is Outcome.PAY_AGAIN


def test_what_costs_nothing_needs_no_card(desk):
    assert by_card(desk, payment=PaymentStatus.NONE, net=Money.of("0")).run().outcome is Outcome.GO


def test_units_that_came_back_hold_the_order(desk):
    """Only a defect leads here; it must not end in a certificate."""
    desk.world.tables.heads[US, ORDER] = replace(desk.head, payment=PaymentStatus.RELEASED)
    assert desk.run().outcome is Outcome.HELD_BACK
