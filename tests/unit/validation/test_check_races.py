"""Checks among all else that happens: what is over while they look, two at once, a crash, and their repeats."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.catalog.products import Catalog
from partner_center.issuance.preflight import Outcome
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import OrderStatus
from partner_center.validation.challenges import VALUE_LIFETIME, Attempt, ChallengeStatus
from partner_center.validation.check_control import TOO_LATE
from partner_center.validation.publishing import Publishing
from partner_center.validation.quorum import SITES
from tests.fakes.catalog import without_sale_of
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.perspectives import SeenWorld
from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import (
    APPROVER,
    ORDER,
    PRODUCT,
    THEM,
    US,
    a_challenge,
    a_preflight,
    a_proof,
    an_audit,
)
from tests.unit.validation.publisher import PUBLISHED, Publisher, by

BY_MAIL = {"example.com": ChosenMethod(method=Method.EMAIL, approver_email=APPROVER)}


def cancel(desk):
    desk.world.cancel_order(a_principal(), a_call(), ORDER, None)


def amend(desk, **patch):
    desk.world.amend_order(a_principal(), "request-2", ORDER, patch)


def another_round(desk):
    desk.tables.heads[US, ORDER] = replace(desk.world.head(), round=2, version=9)


def decided(status):
    def decide(desk):
        for key, challenge in desk.tables.challenges.items():
            desk.tables.challenges[key] = replace(challenge, status=status, decided_at=NOW)

    return decide


def only_after(desk, happening):
    """It happens once, while the perspectives look."""

    def once():
        desk.perspectives.before = lambda: None
        happening(desk)

    desk.perspectives.before = once


# ---- over while we looked

OVER = {
    "cancelled": cancel,
    "proven again from the beginning": another_round,
    "the value ended": lambda desk: desk.clock.advance(days=30),
    "proven by somebody else": decided(ChallengeStatus.VALID),
    "declined": decided(ChallengeStatus.DECLINED),
    "failed": decided(ChallengeStatus.FAILED),
    "another method": lambda desk: desk.choose(by("dns_cname", "example.com")),
}


@pytest.mark.parametrize("happening", OVER.values(), ids=OVER)
def test_what_was_over_before_the_look_ended_is_not_proven(happening):
    desk = Publisher()
    desk.publish()
    asked = desk.challenge
    only_after(desk, happening)
    desk.check()
    assert desk.proofs == []
    assert "domain.proven" not in [event.type for event in desk.tables.events.values()]
    (record,) = (each for each in desk.records if each.challenge_id == asked.challenge_id)
    assert (record.attempt.result, record.attempt.detail) == (ChallengeStatus.PENDING, TOO_LATE)
    assert {each.vote for each in record.observations} == {"passed"}  # the check was made, and is on record


@pytest.mark.parametrize("method", PUBLISHED)
def test_an_amendment_that_changes_nothing_of_it_does_not_undo_the_look(method):
    desk = Publisher(method=method)
    desk.publish()
    only_after(desk, lambda desk: amend(desk, note="Zimmer 5"))
    desk.check()
    assert desk.proof.authorization_domain == "example.com"
    (event,) = (each for each in desk.tables.events.values() if each.type == "domain.proven")
    assert (event.data["revision"], desk.world.head().revision) == (2, 2)


def test_an_amendment_and_a_cancellation_while_we_looked_end_it():
    desk = Publisher()
    desk.publish()
    only_after(desk, lambda desk: (amend(desk, note="Zimmer 5"), cancel(desk)))
    desk.check()
    assert (desk.proofs, desk.attempt.detail) == ([], TOO_LATE)


def test_a_write_that_is_refused_though_nothing_was_amended_is_not_repeated():
    def refused():
        raise ChangedMeanwhile("This row exists already.")

    desk = Publisher()
    desk.publish()
    desk.tables.before["rule"].append(refused)
    desk.check()
    assert (desk.proofs, desk.attempt.detail) == ([], TOO_LATE)
    assert desk.challenge.due_at == NOW + timedelta(minutes=1)


def test_of_several_names_the_rest_is_proven_when_one_came_too_late():
    desk = Publisher("example.com", "example.org")
    desk.publish()
    first = desk.challenges[0]

    def expire(desk):
        key = (US, ORDER, first.challenge_id)
        desk.tables.challenges[key] = replace(desk.tables.challenges[key], expires_at=NOW + MICROSECOND)
        desk.clock.advance(seconds=1)

    only_after(desk, expire)
    desk.check()
    assert len(desk.proofs) == 1
    assert desk.proof.challenge_id != first.challenge_id


# ---- not looked at

CLOSED = {
    "cancelled": cancel,
    "issued": lambda desk: desk.tables.heads.update(
        {(US, ORDER): replace(desk.world.head(), status=OrderStatus.ISSUED, issued_at=NOW)}
    ),
    "another round": another_round,
    "the value ended": lambda desk: desk.clock.advance(days=30),
    "declined": decided(ChallengeStatus.DECLINED),
    "failed": decided(ChallengeStatus.FAILED),
    "another method": lambda desk: desk.choose(by("email", "example.com")),
}


@pytest.mark.parametrize("happening", CLOSED.values(), ids=CLOSED)
def test_what_is_over_is_neither_looked_at_nor_due_any_more(happening):
    desk = Publisher()
    desk.publish()
    happening(desk)
    desk.check()
    assert desk.perspectives.asked == []
    assert [each.due_at for each in desk.challenges] == [None] * len(desk.challenges)
    assert desk.world.begin_due_checks() == 0


def test_what_is_proven_is_not_looked_at_again():
    desk = Publisher()
    desk.publish()
    desk.check()
    desk.check()
    assert len(desk.perspectives.asked) == 1


def test_a_name_that_another_order_of_the_subscriber_proved_is_not_looked_at():
    desk = Publisher()
    desk.place(by("dns_txt", "example.com"), order_id="ord_2")
    desk.publish(order_id="ord_2")
    desk.check(order_id="ord_2")
    desk.check()
    assert len(desk.perspectives.asked) == 1
    assert desk.challenge.due_at is None


def refused_by_caa(desk):
    """Until now it was proven by mail."""
    order = desk.order()
    caa = ({"name": "example.com", "found_at": "example.com", "judged": [MAIL], "permitted": [RECORD]},)
    preflight = a_preflight(Outcome.PROVE_AGAIN, caa=caa)
    desk.world.stores.claims.ask_as_chosen(order, preflight, an_audit(desk.world.ids))
    desk.open()


def chosen_again(desk):
    desk.choose(by("dns_txt", "example.com"))


def proven_by_mail(desk):
    proof = a_proof(a_challenge("example.com"), order_id="ord_0", br_section=MAIL)
    desk.tables.proofs[US, proof.subscriber, "example.com", proof.proof_id] = proof


MAIL, RECORD = "3.2.2.4.4", "3.2.2.4.7"
ASKED_AGAIN = {
    "chosen again": (lambda desk: desk.choose(BY_MAIL), chosen_again),
    "refused by CAA": (proven_by_mail, refused_by_caa),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("needless", "asked_again"), ASKED_AGAIN.values(), ids=ASKED_AGAIN)
def test_what_is_asked_again_while_it_is_laid_to_rest_is_looked_at(needless, asked_again, when):
    desk = Publisher()
    desk.publish()
    needless(desk)
    getattr(desk.tables, when)["rest"].append(lambda: asked_again(desk))
    desk.check()
    assert desk.perspectives.asked == []
    assert [each.due_at for each in desk.challenges if each.method == "dns_txt"] != [None]
    desk.clock.advance(minutes=1)
    assert desk.world.begin_due_checks() == 1
    assert [each.status for each in desk.challenges if each.method == "dns_txt"] == [ChallengeStatus.VALID]


def test_what_another_check_has_begun_meanwhile_is_not_laid_to_rest():
    desk = Publisher()
    desk.choose(BY_MAIL)

    def begun():
        chosen_again(desk)
        desk.check()

    desk.tables.before["rest"].append(begun)
    desk.check()
    (due_at,) = [each.due_at for each in desk.challenges if each.method == "dns_txt"]
    assert due_at == desk.clock.moment + timedelta(minutes=1)


@pytest.mark.parametrize("method", PUBLISHED)
def test_for_a_product_that_is_not_known_nothing_is_looked_at_until_it_is(method):
    """A newer version sold it and another is deployed that knows nothing of it."""
    desk = Publisher(method=method)
    desk.publish()
    nothing_known = Publishing(Catalog([], []), "https://partners.example.net")
    replace(desk.world.check_control, publishing=nothing_known)(US, ORDER, "request-1")
    assert desk.perspectives.asked == []
    assert desk.challenge.due_at == NOW + timedelta(minutes=1)
    desk.clock.advance(minutes=1)
    assert desk.world.begin_due_checks() == 1
    assert desk.challenge.status is ChallengeStatus.VALID


@pytest.mark.parametrize("method", PUBLISHED)
def test_an_order_of_a_product_that_was_withdrawn_meanwhile_is_proven(method):
    desk = Publisher(method=method)
    desk.publish()
    withdrawn = Publishing(without_sale_of(PRODUCT), "https://partners.example.net")
    replace(desk.world.check_control, publishing=withdrawn)(US, ORDER, "request-1")
    assert desk.challenge.status is ChallengeStatus.VALID


@pytest.mark.parametrize(("reseller_id", "order_id"), [(US, "ord_9"), (THEM, ORDER)])
def test_an_unknown_order_and_a_foreign_one_are_left_alone(reseller_id, order_id):
    desk = Publisher()
    desk.publish()
    desk.check(order_id=order_id, reseller_id=reseller_id)
    assert (desk.perspectives.asked, desk.challenge.checks) == ([], 0)


def test_only_the_names_asked_for_are_looked_at():
    desk = Publisher("example.com", "example.org", "example.net")
    desk.publish()
    desk.check(["example.org", "unknown.example.net"])
    assert [proof.authorization_domain for proof in desk.proofs] == ["example.org"]
    others = [each for each in desk.challenges if each.names != ("example.org",)]
    assert [(each.checks, each.due_at) for each in others] == [(0, NOW)] * 2
    desk.check([])
    assert len(desk.perspectives.asked) == 1


def test_a_name_is_looked_at_where_it_shares_a_value():
    desk = Publisher("example.com", "*.example.com")
    desk.publish()
    desk.check(["*.example.com"])
    assert [item["status"] for item in desk.domains().values()] == ["valid", "valid"]


def test_an_approver_s_challenge_is_not_looked_at_and_nothing_is_written():
    desk = Publisher(methods=BY_MAIL)
    desk.tables.before["rest"].append(out)
    desk.check()
    assert desk.perspectives.asked == []


# ---- a hundred names


def test_a_hundred_names_are_looked_at_in_questions_of_a_hundred_looks_at_most():
    names = tuple(f"host-{number}.example-{number}.com" for number in range(100))
    desk = Publisher(*names)
    desk.publish()
    desk.check()
    assert [len(question) for question in desk.perspectives.asked] == [100, 100]  # two looks for each TXT
    assert {name: item["status"] for name, item in desk.domains().items()} == dict.fromkeys(names, "valid")
    assert len({proof.proof_id for proof in desk.proofs}) == 100


def test_a_perspective_that_failed_in_one_part_has_answered_none_of_it():
    names = tuple(f"host-{number}.example-{number}.com" for number in range(60))
    desk = Publisher(*names)
    desk.publish()

    def in_trouble_from_now_on():
        if desk.perspectives.asked:
            desk.perspectives.trouble = {SITES[1].region: "out_of_time"}

    desk.perspectives.before = in_trouble_from_now_on
    desk.check()
    assert len(desk.proofs) == 60
    assert {proof.evidence["quorum"] for proof in desk.proofs} == {"5/6"}


# ---- at once, and after a crash


def test_two_checks_at_once_look_once():
    desk = Publisher()
    desk.publish()
    desk.tables.before["begin_check"].append(desk.check)
    desk.check()
    assert (len(desk.perspectives.asked), len(desk.proofs), desk.challenge.checks) == (1, 1, 1)


def test_a_check_that_begins_while_another_looks_is_the_next_and_makes_no_second_proof():
    desk = Publisher()
    desk.publish()
    only_after(desk, lambda desk: desk.check())
    desk.check()
    assert (len(desk.perspectives.asked), len(desk.proofs), len(desk.records)) == (2, 1, 2)


def out():
    raise TryAgain("The database is out.")


CRASHES = {
    "before the look": lambda desk: setattr(desk.perspectives, "before", out),
    "between look and proof": lambda desk: desk.tables.before["rule"].append(out),
}


@pytest.mark.parametrize("crash", CRASHES.values(), ids=CRASHES)
def test_what_a_crash_left_undone_the_next_due_run_does(crash):
    desk = Publisher()
    desk.publish()
    crash(desk)
    with pytest.raises(TryAgain):
        desk.check()
    desk.perspectives.before = lambda: None
    assert (desk.proofs, desk.challenge.status) == ([], ChallengeStatus.PENDING)
    desk.clock.advance(seconds=59)
    assert desk.world.begin_due_checks() == 0
    desk.clock.advance(seconds=1)
    assert desk.world.begin_due_checks() == 1
    assert desk.proof.checked_at == NOW + timedelta(minutes=1)


def test_a_record_that_could_not_be_written_is_made_by_the_next_check():
    desk = Publisher()
    desk.tables.before["note"].append(out)
    with pytest.raises(TryAgain):
        desk.check()
    assert (desk.records, desk.challenge.attempts) == ([], ())
    desk.check()
    assert [type(each) for each in desk.challenge.attempts] == [Attempt]


# ---- by itself, ever less often


def test_what_is_asked_for_is_due_at_once_then_ever_less_often():
    desk = Publisher()
    assert desk.challenge.due_at == NOW
    pauses = []
    for _ in range(13):
        desk.clock.moment = desk.challenge.due_at
        assert desk.world.begin_due_checks() == 1
        pauses.append((desk.challenge.due_at - desk.clock.moment) / timedelta(minutes=1))
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 720, 720, 720]
    assert desk.challenge.checks == 13


def test_what_was_published_late_is_found_without_anybody_asking():
    desk = Publisher()
    end = desk.clock.moment + VALUE_LIFETIME
    while desk.clock.moment < NOW + timedelta(days=12):
        desk.clock.advance(hours=1)
        desk.world.begin_due_checks()
    desk.publish()
    while not desk.proofs and desk.clock.moment < end:
        desk.clock.advance(hours=1)
        desk.world.begin_due_checks()
    assert desk.clock.moment <= NOW + timedelta(days=12, hours=13)
    assert desk.domains()["example.com"]["status"] == "valid"


def test_after_its_thirty_days_a_value_is_not_looked_for_again():
    desk = Publisher()
    desk.clock.moment = NOW + VALUE_LIFETIME - MICROSECOND
    assert desk.world.begin_due_checks() == 1
    desk.clock.advance(days=1)
    desk.publish()
    assert desk.world.begin_due_checks() == 1  # handed over, and laid to rest
    assert desk.world.begin_due_checks() == 0
    assert (desk.proofs, len(desk.perspectives.asked)) == ([], 1)
    assert desk.domains()["example.com"]["status"] == "expired"


def test_an_expired_value_is_not_shown_as_something_to_publish():
    desk = Publisher()
    assert "publish" in desk.domains()["example.com"]
    desk.clock.advance(days=30)
    assert "publish" not in desk.domains()["example.com"]


def test_of_a_cancelled_order_nothing_is_to_be_published():
    desk = Publisher()
    cancel(desk)
    assert "publish" not in desk.domains()["example.com"]
    assert desk.publish() == SeenWorld()
