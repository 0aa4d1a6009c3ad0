"""What is done with an order, by its head, its execution, its certificate, its waits and the ledger: a table."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from partner_center.issuance.record import CertificateStatus
from partner_center.orders.fulfil import WaitStep, Woken
from partner_center.orders.order import OrderStatus, Review, look_at
from partner_center.orders.reconcile import (
    Armed,
    EndedFacts,
    Execution,
    ExecutionStatus,
    PendingFacts,
    Repair,
    held_back_answer,
    of_ended,
    of_pending,
    orphans,
)
from partner_center.orders.restarts import MOST_RESTARTS, PAUSES, Restarts, one_more
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import a_head, a_record

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
MINUTES = timedelta(minutes=1)
ENDINGS = (
    ExecutionStatus.FAILED,
    ExecutionStatus.TIMED_OUT,
    ExecutionStatus.ABORTED,
    ExecutionStatus.SUCCEEDED,
)
RUNS = Execution(ExecutionStatus.RUNNING, NOW)
FAILED = Execution(ExecutionStatus.FAILED, NOW, NOW, "SigningFailed")
MISSING = Execution(ExecutionStatus.MISSING)
ONCE = Restarts(1, NOW, 1)
STORED = a_record()
RECORDED = a_record(status=CertificateStatus.RECORDED, certificate_der=None, stored_at=None)
ARMED = {WaitStep.DOMAINS: Armed("token-1", 1)}


def facts(
    execution=RUNS,
    certificate=None,
    fits=True,
    armed=ARMED,
    answers=None,
    overdue_at=None,
    proven_at=None,
    **head,
):
    return PendingFacts(
        a_head(**head),
        execution,
        certificate,
        fits,
        armed,
        answers or {},
        overdue_at or NOW + 30 * A_DAY,
        proven_at=proven_at,
    )


def ended(execution=FAILED, serials=(), units_held=0, waits=False):
    return EndedFacts(a_head(status=OrderStatus.CANCELLED), execution, serials, units_held, waits)


LATER = NOW + 2 * A_DAY
PROVEN = {WaitStep.DOMAINS: Woken.PROVEN}


@pytest.mark.parametrize(
    ("known", "moment", "repair"),
    [
        # while an execution runs
        (facts(), LATER, Repair.NOTHING),
        (facts(signing=True, armed={}), NOW + A_DAY - MICROSECOND, Repair.NOTHING),
        # it stayed claimed from an execution before, and another one has to ask somebody
        (facts(signing=True), NOW, Repair.UNCLAIM),
        (facts(certificate=RECORDED, signing=True), NOW, Repair.UNCLAIM),
        (facts(signing=True, answers=PROVEN), NOW, Repair.WAKE),
        (facts(certificate=STORED, signing=True, armed={}), NOW + A_DAY - MICROSECOND, Repair.NOTHING),
        # a preflight had something proven again, and then the signer that was thought dead stored it
        (facts(certificate=STORED), LATER, Repair.NOTHING),
        (facts(certificate=STORED, answers=PROVEN), NOW, Repair.WAKE),
        (facts(certificate=STORED, armed={}), NOW + A_DAY, Repair.RESTART),
        (facts(certificate=STORED, overdue_at=NOW), NOW + AN_HOUR, Repair.NOTHING),
        (facts(certificate=STORED, held_back="key"), NOW, Repair.REPORT),
        (facts(certificate=STORED, held_back="CAA", unanswered=1), NOW, Repair.NOTHING),
        (facts(certificate=STORED, held_back="key", answers=PROVEN), NOW, Repair.WAKE),
        (facts(certificate=STORED, checked_at=LATER, answers=PROVEN), LATER, Repair.WAKE),
        (facts(certificate=RECORDED, signing=True, armed={}), NOW, Repair.NOTHING),
        (facts(answers=PROVEN), LATER, Repair.WAKE),
        (facts(armed={}), NOW + A_DAY - MICROSECOND, Repair.NOTHING),
        (facts(armed={}), NOW + A_DAY, Repair.RESTART),
        # it comes from one wait and has not come to the next
        (facts(armed={}, updated_at=NOW + A_DAY), NOW + A_DAY + AN_HOUR - MICROSECOND, Repair.NOTHING),
        (facts(armed={}, updated_at=NOW + A_DAY), NOW + A_DAY + AN_HOUR, Repair.RESTART),
        # an answer has just woken it, which moves no head
        (facts(armed={}, proven_at=NOW + A_DAY), NOW + A_DAY + AN_HOUR - MICROSECOND, Repair.NOTHING),
        (facts(armed={}, proven_at=NOW + A_DAY), NOW + A_DAY + AN_HOUR, Repair.RESTART),
        (facts(armed={WaitStep.DOMAINS: Armed("of-the-first", 1)}, attempt=2), NOW + A_DAY, Repair.RESTART),
        (facts(overdue_at=NOW), NOW + AN_HOUR - MICROSECOND, Repair.NOTHING),
        (facts(overdue_at=NOW), NOW + AN_HOUR, Repair.CLOSE),
        (facts(overdue_at=NOW, signing=True, armed={}), NOW + AN_HOUR, Repair.NOTHING),
        (facts(held_back="CAA", unanswered=1, answers={}), LATER, Repair.NOTHING),
        # it ended in trouble
        (facts(FAILED), NOW + 3 * MINUTES - MICROSECOND, Repair.NOTHING),
        (facts(FAILED), NOW + 3 * MINUTES, Repair.RESTART),
        # who signs has looked at the order, and the clock here may be ahead
        (facts(FAILED, signing=True), NOW + 13 * MINUTES - MICROSECOND, Repair.NOTHING),
        (facts(FAILED, signing=True), NOW + 13 * MINUTES, Repair.RESTART),
        (facts(FAILED, signing=True, restarts=ONCE), NOW + 13 * MINUTES - MICROSECOND, Repair.NOTHING),
        (facts(FAILED, signing=True, restarts=ONCE), NOW + 13 * MINUTES, Repair.UNCLAIM),
        (facts(FAILED, signing=True, restarts=ONCE), NOW + 15 * MINUTES, Repair.RESTART),
        (facts(FAILED, restarts=ONCE), NOW + 3 * MINUTES, Repair.NOTHING),
        (facts(RUNS, signing=True, armed={}, restarts=ONCE), NOW + 3 * MINUTES, Repair.NOTHING),
        (facts(FAILED, certificate=STORED, signing=True, restarts=ONCE), NOW + 3 * MINUTES, Repair.COMPLETE),
        (facts(FAILED, answers=PROVEN), LATER, Repair.RESTART),
        (facts(FAILED, certificate=RECORDED, signing=True), LATER, Repair.RESTART),
        (facts(FAILED, certificate=STORED, signing=True), NOW, Repair.COMPLETE),
        (facts(FAILED, certificate=STORED), NOW, Repair.COMPLETE),
        # what a later preflight refused is looked at once more before anybody gets it
        (facts(FAILED, certificate=STORED, held_back="key"), NOW + 3 * MINUTES, Repair.RESTART),
        (facts(FAILED, certificate=STORED, held_back="CAA", unanswered=1), NOW + 3 * MINUTES, Repair.RESTART),
        (facts(FAILED, certificate=STORED, checked_at=STORED.stored_at), NOW + 3 * MINUTES, Repair.RESTART),
        (facts(FAILED, certificate=STORED, signing=True, checked_at=NOW), NOW, Repair.COMPLETE),
        (
            facts(FAILED, certificate=STORED, checked_at=STORED.stored_at - MICROSECOND),
            NOW + 3 * MINUTES,
            Repair.COMPLETE,
        ),
        (facts(FAILED, certificate=STORED, fits=False), LATER, Repair.REPORT),
        (facts(RUNS, certificate=STORED, fits=False), NOW, Repair.REPORT),
        (facts(FAILED, certificate=STORED, fits=False, signing=True), NOW, Repair.REPORT),
        (facts(FAILED, certificate=STORED, fits=False, signing=True), LATER, Repair.UNCLAIM),
        (facts(RUNS, certificate=STORED, fits=False, signing=True), LATER, Repair.REPORT),
        (facts(FAILED, certificate=STORED, fits=False, overdue_at=NOW), NOW, Repair.CLOSE),
        (facts(RUNS, certificate=STORED, fits=False, overdue_at=NOW), NOW, Repair.REPORT),
        (facts(RUNS, certificate=STORED, fits=False, overdue_at=NOW), NOW + AN_HOUR, Repair.CLOSE),
        (facts(FAILED, certificate=STORED, overdue_at=NOW), NOW, Repair.COMPLETE),
        (facts(FAILED, overdue_at=NOW), NOW, Repair.CLOSE),
        (facts(FAILED, overdue_at=NOW, signing=True), LATER, Repair.RESTART),
        # it never began, or nobody remembers it
        (facts(MISSING), NOW + AN_HOUR - MICROSECOND, Repair.NOTHING),
        (facts(MISSING), NOW + AN_HOUR, Repair.RESTART),
        (
            facts(MISSING, attempt=2, restarts=Restarts(1, NOW, 1)),
            NOW + AN_HOUR - MICROSECOND,
            Repair.NOTHING,
        ),
        (facts(MISSING, attempt=2, restarts=Restarts(1, NOW, 1)), NOW + AN_HOUR, Repair.RESTART),
        (facts(MISSING, overdue_at=NOW), NOW, Repair.CLOSE),
        (facts(MISSING, certificate=STORED), NOW, Repair.COMPLETE),
    ],
)
def test_of_a_pending_order(known, moment, repair):
    assert of_pending(known, moment).repair is repair


@pytest.mark.parametrize("status", ENDINGS)
def test_however_its_execution_ended_a_pending_order_goes_on(status):
    """Even one that succeeded: the head is the truth, and says that it is not done."""
    verdict = of_pending(facts(Execution(status, NOW, NOW)), LATER)
    assert (verdict.repair, str(status) in verdict.why) == (Repair.RESTART, True)


@pytest.mark.parametrize(
    ("known", "repair"),
    [
        (ended(), Repair.LEAVE),
        (ended(MISSING), Repair.LEAVE),
        (ended(RUNS, waits=True), Repair.WAKE),
        (ended(RUNS, [RECORDED], 2, waits=True), Repair.WAKE),
        # it ends at this moment, or nobody knows on which token it waits
        (ended(RUNS), Repair.NOTHING),
        (ended(RUNS, [RECORDED]), Repair.REVOKE),
        (ended(RUNS, units_held=2), Repair.RELEASE),
        (ended(serials=[RECORDED]), Repair.REVOKE),
        (ended(serials=[STORED]), Repair.REVOKE),
        (ended(serials=[replace(RECORDED, status=CertificateStatus.CLOSED)]), Repair.LEAVE),
        (ended(serials=[replace(STORED, status=CertificateStatus.REVOKED)]), Repair.LEAVE),
        (ended(units_held=2), Repair.RELEASE),
        (ended(units_held=-1), Repair.REPORT),
        (ended(units_held=None), Repair.LEAVE),
        (ended(serials=[RECORDED], units_held=None), Repair.REVOKE),
        (ended(serials=[RECORDED], units_held=2), Repair.REVOKE),
    ],
)
def test_of_an_order_that_ended_without_a_certificate(known, repair):
    assert of_ended(known, LATER).repair is repair


def test_only_what_may_be_relied_upon_is_an_orphan():
    records = [replace(STORED, serial_hex=f"{status}", status=status) for status in CertificateStatus]
    assert {each.status for each in orphans(records)} == {
        CertificateStatus.RECORDED,
        CertificateStatus.STORED,
    }


def test_every_verdict_looks_again_later_and_says_why():
    for known in (facts(), facts(FAILED), facts(answers=PROVEN), facts(FAILED, certificate=STORED)):
        verdict = of_pending(known, LATER)
        assert verdict.look_at > LATER
        assert verdict.why


# ---- how often it is started anew


def test_the_pauses_grow_and_a_day_sees_six_restarts_and_no_more():
    assert list(PAUSES) == sorted(PAUSES)
    assert sum(PAUSES[:MOST_RESTARTS], timedelta()) < A_DAY < sum(PAUSES[: MOST_RESTARTS + 1], timedelta())
    assert PAUSES[-1] == A_DAY


def test_an_outage_is_met_by_restarts_ever_further_apart_and_then_by_a_person_every_day():
    restarts, moment, told = None, NOW, []
    for _ in range(9):
        head = a_head(attempt=2, restarts=restarts)
        known = replace(facts(Execution(ExecutionStatus.FAILED, NOW, NOW)), head=head)
        while of_pending(known, moment).repair is not Repair.RESTART:
            due = of_pending(known, moment).look_at
            assert due > moment
            moment = due
        restarts = one_more(restarts, head.revision, moment)
        told.append((moment - NOW, a_head(restarts=restarts).is_stuck))
    gaps = [after - before for (before, _), (after, _) in pairwise(told)]
    assert gaps == sorted(gaps)
    assert [stuck for _, stuck in told] == [False] * 5 + [True] * 4
    assert sum(at < A_DAY for at, _ in told) == MOST_RESTARTS


def test_what_was_amended_since_is_started_anew_at_once_and_counted_afresh():
    stuck = Restarts(9, NOW, 1)
    known = facts(FAILED, attempt=10, revision=2, restarts=stuck)
    assert of_pending(facts(FAILED, attempt=10, restarts=stuck), NOW + 4 * MINUTES).repair is Repair.NOTHING
    assert of_pending(known, NOW + 4 * MINUTES).repair is Repair.RESTART
    assert not known.head.is_stuck
    assert one_more(stuck, 2, LATER) == Restarts(1, LATER, 2)


def test_an_order_whose_certificate_is_stored_is_looked_at_again_within_the_hour():
    for known in (facts(certificate=STORED), facts(FAILED, certificate=STORED), facts(answers=PROVEN)):
        assert of_pending(known, NOW).look_at == NOW + AN_HOUR


def test_restarts_are_forgotten_once_the_order_got_on():
    known = facts(attempt=2, restarts=Restarts(3, NOW, 1))
    assert not of_pending(known, NOW + timedelta(hours=6) - MICROSECOND).gets_on
    assert of_pending(known, NOW + timedelta(hours=6)).gets_on
    assert not of_pending(facts(), LATER).gets_on


# ---- held back because nobody answered

AT_HELD_BACK = {WaitStep.HELD_BACK: Armed("token-1", 1)}


@pytest.mark.parametrize(
    ("head", "after", "word"),
    [
        ({"held_back": "CAA", "unanswered": 1}, 15 * MINUTES - MICROSECOND, None),
        ({"held_back": "CAA", "unanswered": 1}, 15 * MINUTES, Woken.RELEASED),
        ({"held_back": "CAA", "unanswered": 2}, AN_HOUR - MICROSECOND, None),
        ({"held_back": "CAA", "unanswered": 2}, AN_HOUR, Woken.RELEASED),
        ({"held_back": "CAA", "unanswered": 99}, A_DAY - MICROSECOND, None),
        ({"held_back": "CAA", "unanswered": 99}, A_DAY, Woken.RELEASED),
        ({"held_back": "CAA"}, 99 * A_DAY, None),
        ({"held_back": None, "unanswered": 1}, 0 * MINUTES, Woken.RELEASED),
        ({"held_back": "CAA", "unanswered": 1, "review": Review.DUE}, A_DAY, Woken.AMENDED),
    ],
    ids=str,
)
def test_what_nobody_answered_is_looked_up_again_later_and_later_and_a_refusal_is_not(head, after, word):
    assert held_back_answer(a_head(**head), NOW + after) is word


def test_the_next_look_at_an_order_is_when_its_look_ups_are_due():
    known = facts(armed=AT_HELD_BACK, held_back="CAA", unanswered=3)
    assert of_pending(known, NOW + AN_HOUR).look_at == NOW + 3 * AN_HOUR
    assert of_pending(facts(armed=AT_HELD_BACK, held_back="CAA"), NOW + AN_HOUR).look_at > NOW + A_DAY


def test_an_execution_on_whose_tokens_nobody_waits_is_looked_at_when_another_one_may_take_over():
    assert of_pending(facts(armed={}), NOW + 2 * AN_HOUR).look_at == NOW + A_DAY
    assert of_pending(facts(), NOW + 2 * AN_HOUR).look_at == NOW + A_DAY + 2 * AN_HOUR


# ---- which orders are looked at, by when


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({}, NOW + 2 * AN_HOUR),
        ({"signing": True}, NOW + 2 * AN_HOUR),
        ({"status": OrderStatus.CANCELLED}, NOW + 2 * AN_HOUR),
        ({"status": OrderStatus.REJECTED}, NOW + 2 * AN_HOUR),
        ({"status": OrderStatus.ISSUED}, None),
        ({"status": OrderStatus.REVOKED}, None),
        ({"updated_at": NOW + MINUTES}, NOW + 2 * AN_HOUR),
        ({"updated_at": NOW + 59 * MINUTES}, NOW + 2 * AN_HOUR),
        ({"restarts": Restarts(6, NOW, 1)}, NOW + 2 * AN_HOUR),
        ({"restarts": Restarts(6, NOW, 1), "revision": 2}, NOW),
        ({"held_back": "CAA"}, NOW + 2 * AN_HOUR),
        ({"held_back": "CAA", "unanswered": 1}, NOW + 15 * MINUTES),
        ({"held_back": "CAA", "unanswered": 4}, NOW + 6 * AN_HOUR),
        ({"held_back": "CAA", "unanswered": 1, "status": OrderStatus.CANCELLED}, NOW + 2 * AN_HOUR),
    ],
    ids=str,
)
def test_an_order_is_looked_at_an_hour_or_two_after_its_last_change_until_it_is_done(changes, at):
    assert look_at(a_head(**changes)) == at


@pytest.mark.parametrize("status", [each for each in OrderStatus if each is not OrderStatus.PENDING])
def test_only_a_pending_order_is_stuck(status):
    restarts = Restarts(MOST_RESTARTS, NOW, 1)
    assert a_head(restarts=restarts).is_stuck
    assert not a_head(restarts=restarts, status=status).is_stuck


@pytest.mark.parametrize("moment", [NOW + 3 * MINUTES, NOW + 15 * MINUTES])
def test_what_an_authority_may_have_made_stays_claimed(moment):
    """Nothing that is ordered otherwise could close it; who looks into the authority's report needs the order."""
    known = replace(facts(FAILED, certificate=RECORDED, signing=True, restarts=ONCE), keeps_claim=True)
    assert of_pending(known, moment).repair is (
        Repair.NOTHING if moment < NOW + 15 * MINUTES else Repair.RESTART
    )
