"""Two changes of an order at the same moment: one comes first, the other is judged by what is then there."""

from dataclasses import replace

import pytest

from partner_center.issuance.preflight import Outcome
from partner_center.kernel.errors import (
    ChangedMeanwhile,
    ContentRefused,
    NotFound,
    PreconditionFailed,
    StateConflict,
    TryAgain,
)
from partner_center.orders.order import OrderStatus, Review
from partner_center.orders.ports import load
from partner_center.orders.review import Verdict
from partner_center.validation.approve import ApprovalClosed, WhyClosed
from partner_center.validation.challenges import Decision
from partner_center.validation.dns import RecordType
from partner_center.validation.standing import read_standing
from tests.fakes.determined import HURRIED
from tests.fakes.posted import a_body, a_call, a_principal
from tests.fakes.samples import THEM, US, a_contract, a_preflight, a_staff, an_audit
from tests.fakes.world import World

ADD = {"additional_domains": ["b.example.com", "c.example.com"]}
OTHER = {"additional_domains": ["d.example.com"]}
NAMES, NOTE, BAD = ADD, {"note": "x"}, {"csr": "x", "nothing": 1}


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(20))
    return world


@pytest.fixture
def order_id(world):
    order_id = world.post(a_body("www.example.com")).head.order_id
    world.ask(order_id)
    return order_id


def conflict(act):
    with pytest.raises(StateConflict) as refused:
        act()
    return refused.value.code


# ---- If-Match


def no_match(_):
    raise PreconditionFailed("Another state.")


@pytest.mark.parametrize("patch", [NAMES, NOTE, BAD, {}], ids=["names", "note", "bad", "nothing"])
def test_a_precondition_that_fails_writes_nothing_and_is_told_as_it_is(world, order_id, patch):
    before = repr(world.tables)
    with pytest.raises(PreconditionFailed):
        world.amend(patch, order_id, precondition=no_match)
    assert repr(world.tables) == before


@pytest.mark.parametrize(
    "since",
    [
        {},
        {"signing": True},
        {"status": OrderStatus.ISSUED, "serial": "0a"},
        {"status": OrderStatus.CANCELLED},
    ],
    ids=["nothing", "signing", "issued", "cancelled"],
)
def test_what_was_amended_before_is_answered_as_done_whatever_happened_since(world, order_id, since):
    """The first answer was lost, and the ETag that comes with the second is of the order before."""
    world.amend(NAMES, order_id)
    world.tables.heads[US, order_id] = replace(world.head(order_id), **since)
    before = repr(world.tables)
    for precondition in (no_match, lambda _: None):
        assert world.amend(NAMES, order_id, precondition=precondition).head.revision == 2
    assert repr(world.tables) == before


def test_what_another_amended_since_is_told(world, order_id):
    world.amend(ADD, order_id)
    world.amend(OTHER, order_id)
    with pytest.raises(PreconditionFailed):
        world.amend(ADD, order_id, precondition=no_match)


def test_a_precondition_sees_the_order_that_would_be_changed(world, order_id):
    seen = []
    before = world.order(order_id)
    world.amend(NAMES, order_id, precondition=seen.append)
    assert seen == [before]


def test_of_a_foreign_order_no_precondition_is_asked(world, order_id):
    with pytest.raises(NotFound):
        world.amend(NAMES, order_id, by=a_principal(THEM), precondition=no_match)


@pytest.mark.parametrize("moved", ["amended", "screened"])
def test_what_happens_between_precondition_and_write_is_judged_by_the_precondition_again(
    world, order_id, moved
):
    """Whatever it was that moved the order: the precondition alone says whether the caller saw it."""
    seen = world.order(order_id)

    def unchanged(order):
        if order.content != seen.content:
            raise PreconditionFailed("Another content.")

    if moved == "amended":
        world.tables.before["amend"].append(lambda: world.amend(OTHER, order_id))
        with pytest.raises(PreconditionFailed):
            world.amend(ADD, order_id, precondition=unchanged)
        assert world.order(order_id).content.names == ("www.example.com", "d.example.com")
    else:
        world.tables.before["amend"].append(lambda: touch(world, order_id))
        assert len(world.amend(ADD, order_id, precondition=unchanged).content.names) == 3


def touch(world, order_id):
    """The machine moves the head."""
    head = world.head(order_id)
    world.tables.heads[US, order_id] = replace(head, version=head.version + 1)


# ---- an order that moves all the time


def test_an_order_that_keeps_moving_is_given_up_and_nothing_is_written(world, order_id):
    tries = []

    def moves(order):
        tries.append(order.head.version)
        touch(world, order_id)

    contents = dict(world.tables.contents)
    with pytest.raises(TryAgain):
        world.amend(ADD, order_id, precondition=moves)
    assert 1 < len(set(tries)) == HURRIED.attempts
    assert world.tables.contents == contents
    assert world.counted() == (19, 1, 0)


def test_dns_is_asked_once_however_often_the_order_moves(world, order_id):
    contact = {"method": "email", "approver_email": "ops@provider.net"}
    where = ("_validation-contactemail.example.com", RecordType.TXT)
    world.perspectives.world.records[where] = (b"ops@provider.net",)
    world.tables.before["amend"].append(lambda: touch(world, order_id))
    before = len(world.perspectives.asked)
    assert world.amend({"domain_control": contact}, order_id).head.revision == 2
    assert len(world.perspectives.asked) == before + 1


# ---- two amendments


@pytest.mark.parametrize("second", [ADD, OTHER, NOTE], ids=["more units", "other units", "no units"])
@pytest.mark.parametrize("first", [ADD, OTHER, NOTE], ids=["more units", "other units", "no units"])
def test_of_two_amendments_the_second_is_made_of_what_the_first_left(world, order_id, first, second):
    world.tables.before["amend"].append(lambda: world.amend(first, order_id))
    after = world.amend(second, order_id)
    assert after.head.revision == (2 if first == second else 3)
    assert set(world.tables.contents) == {(US, order_id, n + 1) for n in range(after.head.revision)}
    assert world.stores.events(US, order_id).count("order.amended") == after.head.revision - 1
    assert after.head.units == len(after.content.names)
    assert world.counted() == (20 - after.head.units, after.head.units, 0)
    assert after.content.note == ("x" if NOTE in (first, second) else None)


# ---- against cancelling, and against a reviewer


def test_a_cancellation_in_between_wins_and_units_come_back_once(world, order_id):
    world.tables.before["amend"].append(lambda: cancel(world, order_id))
    with pytest.raises(StateConflict, match="cancelled"):
        world.amend(ADD, order_id)
    assert world.head(order_id).status is OrderStatus.CANCELLED
    assert world.counted() == (20, 0, 0)


def test_an_amendment_in_between_is_what_is_cancelled(world, order_id):
    world.tables.before["close"].append(lambda: world.amend(ADD, order_id))
    cancel(world, order_id)
    assert world.head(order_id).revision == 2
    assert world.counted() == (20, 0, 0)


def cancel(world, order_id):
    return world.cancel_order(a_principal(), a_call(), order_id, None)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_reviewer_decides_on_what_was_shown(world, verdict):
    """Amended in between: what the reviewer saw is not released, and not rejected either."""
    order_id = world.posted(a_body("paypal.example.com")).head.order_id
    task = world.task(order_id)
    write = "release_review" if verdict is Verdict.APPROVE else "close"
    world.tables.before[write].append(lambda: world.amend(ADD, order_id))
    decide = lambda: world.decide_review(a_staff(), a_call(path="/decide"), task, verdict, "Looked.", None)  # noqa: E731
    assert conflict(decide) == "task_outdated"
    head = world.head(order_id)
    assert (head.status, head.review) == (OrderStatus.PENDING, Review.DUE)


@pytest.mark.parametrize("verdict", Verdict)
def test_an_amendment_of_what_a_reviewer_decides_at_this_moment_is_judged_by_the_decision(world, verdict):
    order_id = world.posted(a_body("paypal.example.com")).head.order_id
    task = world.task(order_id)
    world.tables.before["amend"].append(
        lambda: world.decide_review(a_staff(), a_call(path="/decide"), task, verdict, "Looked.", None)
    )
    if verdict is Verdict.APPROVE:
        assert world.amend(ADD, order_id).head.review is Review.DUE
    else:
        assert conflict(lambda: world.amend(ADD, order_id)) == "order_closed"


# ---- against the point of no return


def claim(world, order):
    world.stores.claims.claim(order, a_preflight(Outcome.GO), an_audit(world.ids))


@pytest.mark.parametrize("patch", [ADD, NOTE], ids=["names", "note"])
def test_a_claim_in_between_wins_and_the_amendment_finds_the_order_being_signed(world, order_id, patch):
    order = world.order(order_id)
    world.tables.before["amend"].append(lambda: claim(world, order))
    assert conflict(lambda: world.amend(patch, order_id)) == "issuing"
    assert world.head(order_id).signing


@pytest.mark.parametrize("patch", [ADD, NOTE], ids=["names", "note"])
def test_an_amendment_in_between_stops_the_claim_of_what_was_looked_at(world, order_id, patch):
    order = world.order(order_id)
    world.tables.before["claim"].append(lambda: world.amend(patch, order_id))
    with pytest.raises(ChangedMeanwhile):
        claim(world, order)
    assert not world.head(order_id).signing


# ---- against an approver


def test_an_approval_in_between_counts_and_the_amendment_keeps_it(world, order_id):
    world.tables.before["amend"].append(lambda: world.approve(0))
    world.amend(ADD, order_id)
    order = world.order(order_id)
    assert read_standing(world.stores.challenges, order, world.clock.moment).is_proven
    assert world.ask(order_id) == []  # admin@example.com has answered for all below the domain


@pytest.mark.parametrize("decision", Decision)
def test_an_amendment_in_between_leaves_an_answer_without_effect(world, order_id, decision):
    """What was shown is not what would be certified: the link is closed."""
    world.tables.before["rule"].append(lambda: world.amend(ADD, order_id))
    with pytest.raises(ApprovalClosed) as closed:
        world.approve(0, decision)
    assert closed.value.why is WhyClosed.CANCELLED
    order = world.order(order_id)
    assert read_standing(world.stores.challenges, order, world.clock.moment).proofs == {}
    assert world.ask(order_id) == ["admin@example.com"]


def test_a_note_in_between_does_not_hinder_the_approver(world, order_id):
    world.tables.before["rule"].append(lambda: world.amend(NOTE, order_id))
    world.approve(0)
    assert read_standing(world.stores.challenges, world.order(order_id), world.clock.moment).is_proven


# ---- against the machine's own steps


def test_an_amendment_while_the_order_is_screened_is_screened_itself(world):
    order_id = world.post(a_body("www.example.com")).head.order_id
    world.tables.before["record"].append(lambda: world.amend({"common_name": "paypal.example.com"}, order_id))
    with pytest.raises(ChangedMeanwhile):
        world.ask(order_id)
    assert world.head(order_id).review is Review.DUE
    assert world.ask(order_id) == []
    assert world.head(order_id).review is Review.WAITING


def test_an_amendment_before_the_mail_leaves_a_link_that_asks_nothing(world):
    """The mail was on its way already; whoever opens its link is told so."""
    order_id = world.post(a_body("www.example.com")).head.order_id
    world.tables.before["mark_sent"].append(lambda: world.amend(ADD, order_id))
    world.ask(order_id)
    with pytest.raises(ApprovalClosed) as closed:
        world.approvals.look(world.mail.tokens[0])
    assert closed.value.why is WhyClosed.CANCELLED
    assert world.ask(order_id) == ["admin@example.com"]


def test_an_order_whose_time_is_up_is_closed_as_it_was_last_amended(world, order_id):
    world.clock.advance(days=30)
    world.tables.before["close"].append(lambda: world.amend(ADD, order_id))
    with pytest.raises(ChangedMeanwhile):
        world.close_overdue(US, order_id, "execution-1")
    assert world.close_overdue(US, order_id, "execution-1") == 30 * 86_400  # it has as long again
    assert world.counted() == (17, 3, 0)


# ---- units that others take


def test_units_that_are_taken_in_between_are_missing_by_name(world, order_id):
    world.tables.before["amend"].append(lambda: take(world, 18))
    before = load(world.stores.orders, US, order_id)
    with pytest.raises(ContentRefused) as refused:
        world.amend(ADD, order_id)
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == ("insufficient_units", None)
    assert "2" in problem.detail
    assert "con_1: 1." in problem.detail
    assert load(world.stores.orders, US, order_id) == before


def test_a_contract_that_ends_in_between_is_told(world, order_id):
    contract = world.tables.contracts[US, "con_1"]
    ended = replace(contract, valid_to=world.clock.moment)
    world.tables.before["amend"].append(lambda: world.tables.contracts.update({(US, "con_1"): ended}))
    with pytest.raises(ContentRefused) as refused:
        world.amend(ADD, order_id)
    assert [(each.code, each.field) for each in refused.value.problems] == [("contract_expired", None)]


def take(world, units):
    world.put(order_id="ord_other", units=units)
