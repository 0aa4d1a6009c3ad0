"""The reconciler at work: each repair once, whoever comes in between, and whatever was lost is made up for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.billing.contracts import EntryKind
from partner_center.billing.payments import PaymentStatus
from partner_center.issuance.preflight import Outcome
from partner_center.issuance.record import CertificateStatus
from partner_center.kernel.clock import CLOCK_IS_OFF, WHILE_ASKED
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.ids import encode_time_ordered
from partner_center.orders.fulfil import WaitStep, Woken
from partner_center.orders.order import OrderStatus, PaymentKind, Review
from partner_center.orders.reconcile import LONGEST_TASK, Execution, ExecutionStatus, Repair
from partner_center.orders.reconcile_due import DueOrders
from partner_center.orders.restarts import MOST_RESTARTS, Restarts
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import ORDER, THEM, US, a_contract, a_preflight, an_audit, an_event
from tests.fakes.world import World

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


class TimedIds(CountingIds):
    """Ids that begin with their time, as the real ones: the ledger is read from a moment on."""

    def new(self, prefix, moment):
        self.made += 1
        return f"{prefix}_{encode_time_ordered(int(moment.timestamp() * 1000), self.made)}"


@pytest.fixture
def world():
    world = World(TimedIds())
    world.stores.grant(a_contract(10))
    world.put()
    world.relay()
    return world


def look(world, order_id=ORDER, reseller_id=US):
    return world.reconcile_order(reseller_id, order_id, "schedule")


def end(world, status=ExecutionStatus.FAILED, attempt=1, error="SigningFailed"):
    """The execution of this attempt ends now; time passes until none of its tasks is at work, by any clock."""
    moment = world.clock.moment
    world.machine.ended[f"{ORDER}-g1-a{attempt}"] = Execution(status, NOW, moment, error)
    world.clock.moment += LONGEST_TASK + CLOCK_IS_OFF


def claim(world):
    order = world.order(ORDER)
    preflight = a_preflight(preflight_id=world.ids.new("pre", NOW))
    world.stores.claims.claim(order, preflight, an_audit(world.ids))


def store(world, **changes):
    return world.certify(**changes)


def everything(world):
    """All rows, but for when the order is looked at next."""
    tables = world.tables
    return (
        dict(tables.heads),
        dict(tables.events),
        dict(tables.audit),
        {key: dict(lines) for key, lines in tables.ledger.items()},
        dict(tables.contracts),
        dict(world.machine.answers),
    )


def audited(world, prefix="reconcile."):
    return [each.action for each in world.tables.audit.values() if each.action.startswith(prefix)]


# ---- started anew


@pytest.mark.parametrize(
    "status", [ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT, ExecutionStatus.ABORTED]
)
def test_an_order_whose_execution_ended_goes_on_in_another(world, status):
    end(world, status)
    assert look(world).repair is Repair.RESTART
    assert (world.head().attempt, world.head().restarts) == (2, Restarts(1, world.clock.moment, 1))
    world.relay()
    assert world.machine.executions == [f"{ORDER}-g1-a1", f"{ORDER}-g1-a2"]
    (record,) = [each for each in world.tables.audit.values() if each.action == "reconcile.restart"]
    assert (record.facts["attempt"], record.facts["error"]) == (1, "SigningFailed")


def test_a_start_that_got_lost_is_made_up_for_after_an_hour(world):
    world.machine.executions.clear()
    assert look(world).repair is Repair.NOTHING
    world.clock.advance(hours=1)
    assert look(world).repair is Repair.RESTART
    world.relay()
    assert world.machine.executions == [f"{ORDER}-g1-a1"]
    assert (world.head().attempt, world.head().restarts.count) == (1, 1)


def test_a_start_that_is_a_day_late_begins_what_its_repetitions_did_not(world):
    """Were each repetition another attempt, the late ones would be void when they come, one after the other."""
    world.machine.executions.clear()
    for hours in (1, 1, 3, 6, 12, 24):
        world.clock.advance(hours=hours)
        assert look(world).repair is Repair.RESTART
    (first, *later) = [each for each in world.tables.events.values() if each.type.startswith("order.")]
    world.relay_event(first)
    assert world.machine.executions == [f"{ORDER}-g1-a1"]
    for event in later:
        world.relay_event(event)
    assert world.machine.executions == [f"{ORDER}-g1-a1"]


def test_a_claimed_order_that_is_started_anew_is_claimed_by_its_next_preflight(world):
    """Before that it may have to wait for a proof that has ended, and whoever waits may be cancelled."""
    claim(world)
    end(world)
    assert look(world).repair is Repair.RESTART
    assert not world.head().signing


def test_a_clock_that_is_ahead_takes_no_claim_from_what_may_be_signing(world):
    """An execution is stopped while it signs, and a person has the order looked at a moment later."""
    claim(world)
    end(world, ExecutionStatus.ABORTED)
    world.clock.moment -= timedelta(seconds=1)
    found = look(world)
    assert (found.repair, found.why) == (Repair.NOTHING, "its last task may be at work still")
    assert world.head().signing


def test_what_was_stored_before_its_execution_was_found_ended_completes_the_order(world):
    claim(world)
    end(world)
    asked = world.machine.execution

    def meanwhile(*which):
        store(world)
        return asked(*which)

    world.machine.execution = meanwhile
    assert look(world).repair is Repair.COMPLETE


def test_an_order_that_nobody_signs_may_be_cancelled_before_it_is_started_anew(world):
    claim(world)
    end(world)
    look(world)
    world.relay()
    claim(world)
    end(world, attempt=2)
    assert look(world).repair is Repair.UNCLAIM
    assert audited(world) == ["reconcile.restart", "reconcile.unclaim"]
    assert look(world).repair is Repair.NOTHING
    assert due(world) == []
    world.cancel_order(a_principal(), a_call({}, None, f"/v1/orders/{ORDER}/cancel"), ORDER, None)
    assert world.head().status is OrderStatus.CANCELLED


def ask_an_authority(world):
    """The order is claimed and its certificate asked for; the answer is lost, and the execution ends."""
    world.certificates.private_ca = "private"
    claim(world)
    recorded = {"status": CertificateStatus.RECORDED, "certificate_der": None, "stored_at": None}
    store(world, issuer_id="private", **recorded)
    end(world)


def test_what_an_authority_may_have_made_stays_claimed_from_one_execution_to_the_next(world):
    world.ask()
    world.approve()
    ask_an_authority(world)
    assert look(world).repair is Repair.RESTART
    assert world.head().signing
    world.relay()
    end(world, attempt=2)
    assert look(world).repair is Repair.NOTHING
    assert world.head().signing


def test_whom_another_execution_must_ask_may_answer_though_an_authority_may_have_made_the_certificate(world):
    ask_an_authority(world)  # and what proved the name has ended
    assert look(world).repair is Repair.RESTART
    world.relay()
    world.screen_order(US, ORDER, 2, "execution-2")
    world.await_domains(US, ORDER, 2, "token-2")
    world.approve()
    world.relay()
    assert world.machine.answers["token-2"] is Woken.PROVEN


def test_an_order_that_waits_though_it_stayed_claimed_may_be_answered_and_ended(world):
    """Its names are proven; of its money another execution finds that the card declines it by now."""
    world.ask()
    world.approve()
    ask_an_authority(world)
    look(world)
    declined = {"payment_kind": PaymentKind.PAY_AS_YOU_GO, "payment": PaymentStatus.DECLINED}
    world.tables.heads[US, ORDER] = replace(world.head(), **declined)
    world.relay()
    world.await_payment(US, ORDER, 2, "token-2")
    assert look(world).repair is Repair.UNCLAIM
    assert look(world).repair is Repair.NOTHING
    world.cancel_order(a_principal(), a_call(), ORDER, None)
    assert world.head().status is OrderStatus.CANCELLED


def test_a_wait_that_somebody_else_answers_meanwhile_is_no_repair(world):
    prove(world)
    world.clock.advance(hours=1)
    asked = world.machine.is_awaited

    def meanwhile(token):
        awaited = asked(token)
        world.relay()
        return awaited

    world.machine.is_awaited = meanwhile
    found = look(world)
    assert (found.repair, found.why) == (Repair.NOTHING, "somebody else woke it at this moment")
    assert audited(world) == []


def test_an_order_whose_signing_fails_for_good_ends_when_its_time_is_up(world):
    for attempt in range(1, 200):
        claim(world)
        end(world, attempt=attempt)
        while (found := look(world)).repair in {Repair.NOTHING, Repair.UNCLAIM}:
            world.clock.advance(hours=1)
        if found.repair is Repair.CLOSE:
            break
        assert found.repair is Repair.RESTART
        world.relay()
    assert world.head().status is OrderStatus.CANCELLED
    assert world.tables.contracts[US, "con_1"].units_held == 0


def test_tasks_of_the_attempt_before_do_nothing(world):
    end(world)
    look(world)
    world.await_domains(US, ORDER, 1, "token-of-the-first")
    assert world.machine.answers["token-of-the-first"] is Woken.OVER
    assert world.tables.waits == {}


def test_the_seventh_trouble_in_a_row_is_told_and_each_one_after_it(world):
    told = []
    for attempt in range(1, 9):
        end(world, attempt=attempt)
        while (found := look(world)).repair is Repair.NOTHING:
            world.clock.advance(hours=1)
        told.append(found.is_told)
        world.relay()
    assert told == [False] * (MOST_RESTARTS - 1) + [True] * 3
    assert world.head().is_stuck


def test_an_amendment_of_a_stuck_order_has_it_looked_at_at_once(world):
    end(world)
    look(world)
    world.relay()
    head = replace(world.head(), restarts=Restarts(MOST_RESTARTS, world.clock.moment, 1))
    world.tables.heads[US, ORDER] = head
    end(world, attempt=2)
    assert look(world).repair is Repair.NOTHING
    world.amend({"note": "another"})
    assert due(world) == [(US, ORDER)]
    assert look(world).repair is Repair.RESTART
    assert world.head().restarts.count == 1


# ---- woken


def prove(world):
    """The approver's yes, whose event nobody relays."""
    world.await_domains(US, ORDER, 1, "token-1")
    world.approve()


def test_a_wake_up_that_got_lost_is_made_up_for(world):
    prove(world)
    world.clock.advance(hours=1)
    assert look(world).repair is Repair.WAKE
    assert world.machine.answers == {"token-1": Woken.PROVEN}
    assert audited(world) == ["reconcile.wake"]


def test_a_token_on_which_nobody_waits_any_more_is_no_repair(world):
    prove(world)
    world.machine.dead.add("token-1")
    world.clock.advance(hours=1)
    assert look(world).repair is Repair.NOTHING
    assert audited(world) == []


def test_an_execution_that_an_approval_has_just_woken_is_not_taken_over(world):
    """It is in its preflight, for up to half an hour in an outage, and waits on no token; the order's head is old."""
    world.await_domains(US, ORDER, 1, "token-1")
    world.clock.advance(days=5)
    world.approve()
    world.relay()
    assert world.machine.answers == {"token-1": Woken.PROVEN}
    world.clock.advance(minutes=30)
    assert look(world).repair is Repair.NOTHING
    assert world.head().attempt == 1


@pytest.mark.parametrize("is_proven", [True, False])
def test_an_execution_whose_tokens_are_those_of_others_is_taken_over_a_day_after_it_began(world, is_proven):
    """As in a table that was restored: nobody who is told the word waits for it."""
    world.await_domains(US, ORDER, 1, "token-1")
    if is_proven:
        world.approve()
    world.machine.dead.add("token-1")
    world.clock.advance(hours=23)
    assert look(world).repair is Repair.NOTHING
    world.clock.advance(hours=1)
    assert look(world).repair is Repair.RESTART
    assert audited(world) == ["reconcile.restart"]


def test_a_wait_whose_answer_is_not_there_is_left_alone(world):
    world.await_domains(US, ORDER, 1, "token-1")
    world.clock.advance(hours=1)
    assert look(world).repair is Repair.NOTHING
    assert world.machine.answers == {}


@pytest.mark.parametrize(
    ("step", "changes", "word"),
    [
        (WaitStep.REVIEW, {"review": Review.RELEASED}, Woken.RELEASED),
        (WaitStep.REVIEW, {"review": Review.DUE}, Woken.AMENDED),
        (WaitStep.HELD_BACK, {"held_back": None}, Woken.RELEASED),
        (WaitStep.PAYMENT, {}, Woken.PAYMENT_UPDATED),
    ],
    ids=str,
)
def test_every_kind_of_wait_is_answered(world, step, changes, word):
    world.tables.heads[US, ORDER] = replace(world.head(), **changes)
    world.stores.waits.arm(US, ORDER, step, "token-9", 1)
    assert look(world).repair is Repair.WAKE
    assert world.machine.answers == {"token-9": word}


def test_an_order_for_which_nobody_answered_is_looked_at_again_by_itself(world):
    for pause in (timedelta(minutes=15), AN_HOUR):
        preflight = a_preflight(Outcome.HELD_BACK, preflight_id=f"pre_{pause}", is_unanswered=True)
        preflight = replace(preflight, at=world.clock.moment)
        event = an_event(world.ids, "order.held_back")
        world.stores.claims.hold_back(world.order(ORDER), preflight, "CAA", an_audit(world.ids), event)
        world.stores.waits.arm(US, ORDER, WaitStep.HELD_BACK, f"token-{pause}", 1)
        assert look(world).repair is Repair.NOTHING
        world.clock.moment += pause
        assert look(world).repair is Repair.WAKE
        assert world.machine.answers[f"token-{pause}"] is Woken.RELEASED
    assert audited(world) == ["reconcile.wake"] * 2


def test_an_execution_that_did_not_hear_of_the_end_is_told(world):
    world.await_domains(US, ORDER, 1, "token-1")
    world.cancel_order(a_principal(), a_call(), ORDER, None)
    assert look(world).repair is Repair.WAKE
    assert world.machine.answers == {"token-1": Woken.OVER}


def store_behind_a_wait(world):
    """1. SignCertificate has looked at the order; its retry finds CAA too old. 2. The preflight has its name proven
    again. 3. What had looked before stores its certificate.
    """
    claim(world)
    preflight = a_preflight(Outcome.PROVE_AGAIN, preflight_id="pre_again", at=world.clock.moment)
    world.stores.claims.prove_again(world.order(ORDER), preflight, an_audit(world.ids))
    store(world)
    world.screen_order(US, ORDER, 1, "execution-1")
    world.await_domains(US, ORDER, 1, "token-1")


def test_a_wake_up_is_made_up_for_though_a_certificate_is_stored(world):
    store_behind_a_wait(world)
    assert look(world).repair is Repair.NOTHING
    world.approve()
    world.clock.advance(hours=1)
    assert look(world).repair is Repair.WAKE
    assert world.machine.answers == {"token-1": Woken.PROVEN}


def test_an_execution_that_nobody_can_wake_is_taken_over_though_a_certificate_is_stored(world):
    store_behind_a_wait(world)
    world.machine.dead.add("token-1")
    world.clock.advance(days=1)
    assert look(world).repair is Repair.RESTART


# ---- completed, closed


def test_a_stored_certificate_completes_its_order(world):
    claim(world)
    record = store(world)
    end(world, error="CompletionFailed")
    assert look(world).repair is Repair.COMPLETE
    head = world.head()
    assert (head.status, head.serial) == (OrderStatus.ISSUED, record.serial_hex)
    assert world.counted() == (8, 0, 2)


@pytest.mark.parametrize("changes", [{"spki_sha256": "ef" * 32}, {"names": ("other.example.com",)}], ids=str)
def test_a_certificate_of_something_else_completes_nothing_and_is_told(world, changes):
    """It stays so while its reseller may amend it back or cancel it, and ends when its time is up."""
    claim(world)
    record = store(world, **changes)
    end(world)
    assert look(world).repair is Repair.UNCLAIM
    assert due(world) == [(US, ORDER)]
    before = everything(world)
    found = look(world)
    assert (found.repair, found.is_told) == (Repair.REPORT, True)
    assert everything(world) == before
    world.clock.advance(days=30)
    assert look(world).repair is Repair.CLOSE
    assert world.counted() == (10, 0, 0)
    assert look(world).repair is Repair.REVOKE
    (event,) = [each for each in world.tables.events.values() if each.type == "serial.orphaned"]
    assert event.data["serial"] == record.serial_hex


def test_an_overdue_order_is_closed_and_its_units_are_back(world):
    end(world)
    world.clock.advance(days=31)
    assert look(world).repair is Repair.CLOSE
    assert world.head().status is OrderStatus.CANCELLED
    assert world.counted() == (10, 0, 0)
    assert audited(world) == ["reconcile.close"]


# ---- what an order leaves when it ended


def cancelled(world):
    world.cancel_order(a_principal(), a_call(), ORDER, None)
    end(world, ExecutionStatus.SUCCEEDED, error=None)


def test_an_order_that_ended_is_looked_at_once_more_and_left(world):
    cancelled(world)
    world.clock.advance(hours=2)
    assert due(world) == [(US, ORDER)]
    assert look(world).repair is Repair.LEAVE
    world.clock.advance(days=400)
    assert due(world) == []


@pytest.mark.parametrize("status", [CertificateStatus.RECORDED, CertificateStatus.STORED])
def test_a_serial_under_a_cancelled_order_is_told_to_who_revokes_once(world, status):
    record = store(world, status=status)
    cancelled(world)
    assert look(world).repair is Repair.REVOKE
    (event,) = [each for each in world.tables.events.values() if each.type == "serial.orphaned"]
    assert event.data["serial"] == record.serial_hex
    again = look(world)
    assert (again.repair, again.is_told) == (Repair.REPORT, True)
    world.certificates.keep(replace(record, status=CertificateStatus.REVOKED))
    assert look(world).repair is Repair.LEAVE


def test_a_serial_is_revoked_though_nobody_can_wake_the_execution_of_its_order(world):
    """It sleeps on, until its time limit, on a token that is not the one that is known."""
    record = store(world, status=CertificateStatus.RECORDED)
    world.await_domains(US, ORDER, 1, "token-1")
    world.machine.dead.add("token-1")
    world.cancel_order(a_principal(), a_call(), ORDER, None)
    assert look(world).repair is Repair.REVOKE
    world.certificates.keep(replace(record, status=CertificateStatus.REVOKED))
    assert look(world).repair is Repair.NOTHING
    world.machine.ended[f"{ORDER}-g1-a1"] = Execution(ExecutionStatus.SUCCEEDED, NOW, world.clock.moment)
    assert look(world).repair is Repair.LEAVE


def test_units_that_an_order_kept_at_its_end_come_back_once(world):
    cancelled(world)
    contract, key = world.tables.contracts[US, "con_1"], (US, "con_1")
    lines = world.tables.ledger[key]
    (release,) = [name for name, line in lines.items() if line.kind is EntryKind.RELEASE]
    del lines[release]
    world.tables.contracts[key] = replace(contract, units_left=8, units_held=2)
    assert look(world).repair is Repair.RELEASE
    assert world.counted() == (10, 0, 0)
    before = everything(world)
    assert look(world).repair is Repair.LEAVE
    assert everything(world) == before


def test_units_that_the_contract_does_not_hold_are_not_released(world):
    cancelled(world)
    lines = world.tables.ledger[US, "con_1"]
    (release,) = [name for name, line in lines.items() if line.kind is EntryKind.RELEASE]
    del lines[release]
    before = everything(world)
    found = look(world)
    assert (found.repair, found.is_told, found.contract_id) == (Repair.REPORT, True, "con_1")
    assert found.why == "what must be done is refused: Contract con_1 does not hold 2 units."
    assert everything(world) == before


def test_what_is_refused_again_and_again_stands_in_nobodys_way(world):
    """It is asked about once an hour and told each time, by hand as well once it is not listed any more."""
    cancelled(world)
    lines = world.tables.ledger[US, "con_1"]
    (release,) = [name for name, line in lines.items() if line.kind is EntryKind.RELEASE]
    del lines[release]
    world.clock.advance(hours=2)
    assert due(world) == [(US, ORDER)]
    look(world)
    assert due(world) == []
    world.clock.advance(hours=1)
    assert due(world) == [(US, ORDER)]
    world.open_orders.leave(world.head())
    assert look(world).is_told


# ---- twice, two at once, in trouble

TROUBLES = {
    "restart": end,
    "lost start": lambda world: (world.machine.executions.clear(), world.clock.advance(hours=1)),
    "wake": lambda world: (prove(world), world.clock.advance(hours=1)),
    "complete": lambda world: (claim(world), store(world), end(world)),
    "close": lambda world: (end(world), world.clock.advance(days=31)),
    "orphan": lambda world: (store(world, status=CertificateStatus.RECORDED), cancelled(world)),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_looking_again_at_once_changes_nothing(world, trouble):
    TROUBLES[trouble](world)
    assert look(world).is_repair
    after = everything(world)
    assert not look(world).is_repair
    assert everything(world) == after


@pytest.mark.parametrize(
    ("trouble", "write"),
    [("restart", "restart"), ("lost start", "restart"), ("complete", "complete"), ("close", "close")],
)
def test_of_two_at_once_one_repairs(world, trouble, write):
    TROUBLES[trouble](world)
    first = []
    world.tables.before[write].append(lambda: first.append(look(world)))
    second = look(world)
    assert first[0].is_repair
    assert not second.is_repair
    assert len(audited(world)) == 1


@pytest.mark.parametrize("trouble", ["restart", "lost start", "complete", "close"])
def test_a_repair_that_was_made_since_the_order_was_read_is_not_told_as_ones_own(world, trouble):
    TROUBLES[trouble](world)
    first, asked = [], world.machine.execution

    def meanwhile(*which):
        world.machine.execution = asked
        first.append(look(world))
        return asked(*which)

    world.machine.execution = meanwhile
    second = look(world)
    assert first[0].is_repair
    assert (second.repair, second.why) == (Repair.NOTHING, "it moves at this moment")
    assert len(audited(world)) == 1


def test_an_order_that_is_mailed_meanwhile_is_not_closed(world):
    """The mail gives it more time, and moves no head."""
    world.ask()
    end(world)
    world.clock.advance(days=31)
    (challenge,) = world.challenges()

    def close(*asked):
        world.stores.challenges.mark_resent(challenge, world.clock.moment)
        return world.close_overdue(*asked)

    found = replace(world.reconcile_order, close=close)(US, ORDER, "schedule")
    assert (found.repair, found.why) == (Repair.NOTHING, "it was mailed at this moment")
    assert (world.head().status, audited(world)) == (OrderStatus.PENDING, [])


def test_an_order_that_moves_meanwhile_is_left_to_who_moved_it(world):
    end(world)
    world.tables.before["restart"].append(lambda: world.cancel_order(a_principal(), a_call(), ORDER, None))
    assert look(world).repair is Repair.NOTHING
    assert world.head().status is OrderStatus.CANCELLED


@pytest.mark.parametrize("status", [OrderStatus.ISSUED, OrderStatus.REVOKED, OrderStatus.EXPIRED])
def test_an_order_that_is_done_is_left_alone(world, status):
    end(world)
    world.tables.heads[US, ORDER] = replace(world.head(), status=status)
    before = everything(world)
    assert look(world).repair is Repair.NOTHING
    assert everything(world) == before


@pytest.mark.parametrize(
    ("reseller_id", "order_id"), [(THEM, ORDER), (US, "ord_unknown"), ("", ""), ("#", "#")]
)
def test_an_order_that_is_not_there_is_nothing(world, reseller_id, order_id):
    assert look(world, order_id, reseller_id).repair is Repair.NOTHING


def test_while_the_machine_cannot_be_asked_nothing_is_done(world):
    def out(*_):
        raise TryAgain("out")

    end(world)
    world.machine.execution = out
    before = everything(world)
    with pytest.raises(TryAgain):
        look(world)
    assert everything(world) == before


def due(world):
    return list(DueOrders(world.open_orders, world.clock)())


def test_an_order_nobody_touches_is_looked_at_after_two_hours_and_then_every_day(world):
    world.await_domains(US, ORDER, 1, "token-1")
    world.clock.advance(hours=1)
    assert due(world) == []
    world.clock.advance(hours=1)
    assert due(world) == [(US, ORDER)]
    look(world)
    world.clock.advance(hours=23)
    assert due(world) == []
    world.clock.advance(hours=1)
    assert due(world) == [(US, ORDER)]


def test_an_order_that_cannot_be_read_stands_in_nobodys_way(world):
    world.clock.advance(hours=2)
    world.reconcile_order.put_off(US, ORDER)
    assert due(world) == []
    world.clock.advance(hours=1)
    assert due(world) == [(US, ORDER)]


def test_a_claim_is_not_kept_where_somebody_is_about_to_be_asked(world):
    """By a clock that is behind all is proven for an hour yet; by that of who asks the approver it is not."""
    world.ask()
    world.approve()
    ask_an_authority(world)
    true = world.clock.moment + CLOCK_IS_OFF
    ends = true + WHILE_ASKED + timedelta(minutes=5)
    for key, proof in world.tables.proofs.items():
        world.tables.proofs[key] = replace(proof, checked_at=ends - timedelta(days=200))
    world.clock.moment = true - CLOCK_IS_OFF
    look(world)
    assert not world.head().signing, "nobody may be told that it is too late to answer"
