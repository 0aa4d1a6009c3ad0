"""Proofs that end while their order waits for others: the names are asked again, once, and nobody else is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.kernel.clock import WHILE_ASKED
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.fulfil import Woken
from partner_center.orders.reconcile import Repair
from partner_center.validation.approve import ApprovalClosed, WhyClosed
from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.control_methods import persist_name
from partner_center.validation.dns import RecordType
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import ORDER, US, a_challenge, a_content, a_contract, a_head, a_placement, a_proof
from tests.fakes.world import World

COM, ORG = "www.example.com", "www.example.org"
MAILS = {
    name: ChosenMethod(method=Method.EMAIL, approver_email=f"admin@{name.removeprefix('www.')}")
    for name in (COM, ORG)
}
A_RECORD, PERSISTENT = ChosenMethod(method=Method.DNS_TXT), ChosenMethod(method=Method.DNS_PERSIST)
LONG_AGO = timedelta(days=196)


def placed(at=NOW, proven=LONG_AGO, **chosen):
    """An order of two names; `com` and `org` may be chosen otherwise than by mail. Another order proved the first."""
    world = World()
    world.clock.moment = at
    world.stores.grant(a_contract(10, valid_from=at, valid_to=at + timedelta(days=400)))
    methods = {COM: chosen.get("com", MAILS[COM]), ORG: chosen.get("org", MAILS[ORG])}
    content = replace(a_content(COM, ORG), methods=methods)
    head = a_head(placed_at=at, revised_at=at, updated_at=at)
    world.stores.orders.place(a_placement(world.ids, head, content=content))
    world.relay()
    if proven is not None:
        prove_elsewhere(world, at - proven)
    return world


def prove_elsewhere(world, checked_at):
    proof = a_proof(a_challenge(COM), order_id="ord_0", checked_at=checked_at, completed_at=checked_at)
    world.tables.proofs[US, proof.subscriber, "example.com", proof.proof_id] = proof


def wait(world, number):
    """The step, as the machine runs it: again whenever it is woken to begin anew. The token it sleeps on."""
    for token in (f"token-{number}-{turn}" for turn in range(3)):
        world.await_domains(US, ORDER, 1, token)
        if world.machine.answers.get(token) is not Woken.AMENDED:
            return token
    raise AssertionError("the step wakes itself without end")


def asked(world):
    return [request.challenge.approver_email for request in world.mail.asked]


def answer_of(world, token):
    world.relay()
    return world.machine.answers.get(token)


def look(world):
    return world.reconcile_order(US, ORDER, "schedule").repair


def challenge_of(world, method):
    return [each for each in world.challenges() if each.method == method][-1]


def test_who_was_carried_by_a_proof_that_ended_is_asked_when_the_other_has_answered():
    world = placed()
    token = wait(world, 1)
    assert asked(world) == ["admin@example.org"]
    world.clock.advance(days=6)
    world.approve()
    assert answer_of(world, token) is Woken.AMENDED
    again = wait(world, 2)
    assert asked(world) == ["admin@example.org", "admin@example.com"]
    assert {each.round for each in world.challenges()} == {1}
    world.approve()
    assert answer_of(world, again) is Woken.PROVEN


def test_while_nobody_answers_the_daily_look_finds_it_and_open_links_stay_open():
    world = placed()
    token = wait(world, 1)
    world.clock.advance(days=3)
    assert look(world) is Repair.NOTHING
    world.clock.advance(days=2)
    assert look(world) is Repair.WAKE
    assert world.machine.answers == {token: Woken.AMENDED}
    again = wait(world, 2)
    world.clock.advance(days=1)
    assert look(world) is Repair.NOTHING
    assert asked(world) == ["admin@example.org", "admin@example.com"]
    world.approve(0)
    assert answer_of(world, again) is None
    world.approve(1)
    assert answer_of(world, again) is Woken.PROVEN


def test_a_persistent_record_that_was_read_is_read_again_after_its_ten_days():
    world = placed(proven=None, com=PERSISTENT)
    token = wait(world, 1)
    challenge = challenge_of(world, "dns_persist")
    record = world.reading.publishing.publish(world.order(ORDER), challenge).value.encode()
    world.perspectives.world.records[persist_name(challenge.authorization_domain), RecordType.TXT] = (record,)
    world.begin_due_checks()
    assert answer_of(world, token) is None
    world.clock.advance(days=11)
    assert look(world) is Repair.WAKE
    again = wait(world, 2)
    world.begin_due_checks()
    assert challenge_of(world, "dns_persist").status is ChallengeStatus.VALID
    world.approve()
    assert answer_of(world, again) is Woken.PROVEN
    assert asked(world) == ["admin@example.org"]


def test_a_record_that_another_orders_proof_made_needless_is_looked_for_again_when_that_ends():
    world = placed(proven=None, com=A_RECORD)
    wait(world, 1)
    prove_elsewhere(world, NOW - LONG_AGO)
    world.begin_due_checks()
    assert challenge_of(world, "dns_txt").due_at is None
    assert look(world) is Repair.NOTHING
    world.clock.advance(days=5)
    assert look(world) is Repair.WAKE
    wait(world, 2)
    assert challenge_of(world, "dns_txt").due_at == world.clock.moment
    assert world.begin_due_checks() == 1
    assert look(world) is Repair.NOTHING
    assert len(world.mail.instructed) == 1


@pytest.mark.parametrize(
    ("changes_on", "age", "com"),
    [
        (datetime(2027, 3, 15, tzinfo=UTC), timedelta(days=101), MAILS[COM]),
        (datetime(2029, 3, 15, tzinfo=UTC), timedelta(days=11), A_RECORD),
    ],
    ids=["2027", "2029"],
)
def test_so_it_is_when_the_rules_of_a_date_end_a_proof(changes_on, age, com):
    world = placed(changes_on - timedelta(days=1), proven=None, com=com, org=A_RECORD)
    proof = a_proof(
        a_challenge(COM),
        order_id="ord_0",
        method=com.method,
        checked_at=changes_on - age,
        completed_at=changes_on - age,
    )
    world.tables.proofs[US, proof.subscriber, "example.com", proof.proof_id] = proof
    wait(world, 1)
    world.clock.moment = changes_on - WHILE_ASKED - MICROSECOND
    assert look(world) is Repair.NOTHING
    world.clock.moment = changes_on - WHILE_ASKED
    assert look(world) is Repair.WAKE
    wait(world, 2)
    assert len(world.challenges()) == 2
    assert look(world) is Repair.NOTHING


@pytest.mark.parametrize(("left", "anew"), [(WHILE_ASKED, False), (WHILE_ASKED - MICROSECOND, True)])
def test_what_ends_while_clocks_may_differ_about_it_is_asked_anew_in_time(left, anew):
    """Whose clock is ahead sends the order back, and whose clock is behind must not send it there again."""
    world = placed(proven=timedelta(days=200) - left)
    token = wait(world, 1)
    assert asked(world) == ["admin@example.com", "admin@example.org"][not anew :]
    world.approve()
    assert answer_of(world, token) is (None if anew else Woken.PROVEN)


def test_a_mail_is_not_asked_for_again_once_no_mail_proves_anything():
    """Its reseller is told to choose another method; another approval would be void as well."""
    last_day = datetime(2028, 3, 14, 12, tzinfo=UTC)
    world = placed(last_day, proven=None)
    token = wait(world, 1)
    world.clock.moment += timedelta(hours=12) - MICROSECOND
    world.approve(0)
    world.clock.advance(days=1)
    with pytest.raises(ApprovalClosed) as closed:
        world.approve(1)
    assert closed.value.why is WhyClosed.METHOD_ENDED
    assert answer_of(world, token) is None
    assert look(world) is Repair.NOTHING
    world.open_validation(world.order(ORDER), [COM, ORG])
    assert len(asked(world)) == 2
    (read, *_) = world.reading.domains(US, ORDER, {})["items"]
    assert read["status"] == "expired"


def left_alone(world, change):
    challenge = challenge_of(world, "email")
    key = (US, ORDER, challenge.challenge_id)
    world.tables.challenges[key] = replace(challenge, **change)


WAITS_FOR_SOMEBODY = {
    "unanswered": {},
    "expired": {"expires_at": NOW},
    "refused": {"status": ChallengeStatus.FAILED},
    "declined": {"status": ChallengeStatus.DECLINED},
}


@pytest.mark.parametrize("change", WAITS_FOR_SOMEBODY.values(), ids=WAITS_FOR_SOMEBODY)
def test_a_name_that_somebody_must_see_to_wakes_nobody(change):
    world = placed(proven=timedelta(0))
    wait(world, 1)
    left_alone(world, change)
    world.clock.advance(days=1)
    assert look(world) is Repair.NOTHING
    assert world.machine.answers == {}


def test_an_approval_that_comes_while_the_order_is_read_is_not_taken_for_one_that_ended():
    """Challenges are read before proofs: one that was answered has its proof on file."""
    world = placed(proven=timedelta(0))
    wait(world, 1)
    read = world.stores.challenges.proofs

    def answered_after(*search):
        found = read(*search)
        if search[2] == "example.org" and len(world.tables.proofs) == 1:
            world.approve()
        return found

    world.stores.challenges.proofs = answered_after
    wait(world, 2)
    assert asked(world) == ["admin@example.org"]
