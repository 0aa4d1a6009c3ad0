"""A flagged order and its reviewer: no wake-up is lost, each decision counts once and for what was shown."""

from dataclasses import replace

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.errors import IdempotencyKeyReused, NotFound, StateConflict
from partner_center.kernel.ids import enrolment_of_reissue
from partner_center.orders.fulfil import WaitStep, Woken
from partner_center.orders.order import Closed, CloseReason, OrderStatus, Review
from partner_center.orders.review import QUEUE, Decision, ReviewTask, Verdict
from tests.fakes.posted import a_body, a_call, a_csr, a_principal
from tests.fakes.samples import ORDER, THEM, US, a_contract, a_staff
from tests.fakes.world import World

FLAGGED = "paypal.example.com"
APPROVE, REJECT = Verdict.APPROVE, Verdict.REJECT


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(20))
    return world


@pytest.fixture
def order_id(world):
    """A flagged order of one unit, an hour old."""
    order_id = world.posted(a_body(FLAGGED)).head.order_id
    world.relay()
    world.clock.advance(hours=1)
    return order_id


def wait(world, order_id, token="token-1", attempt=1, reseller_id=US):  # noqa: S107
    world.await_review(reseller_id, order_id, attempt, token)


def decide(
    world, order_id, verdict=APPROVE, *, task=None, key=None, by=None, evidence="Looked it up.", note=None
):
    task = task or world.task(order_id)
    call = a_call(
        {"decision": verdict, "evidence": evidence, "note": note}, key, f"/tasks/{task.task_id}/decide"
    )
    return world.decide_review(by or a_staff(), call, task, verdict, evidence, note)


def cancel(world, order_id):
    world.cancel_order(a_principal(), a_call(), order_id, None)


def amend(world, order_id):
    world.amend({"csr": a_csr("www.example.com")}, order_id)


def conflict(world, *arguments, **more):
    before = repr(world.tables)
    with pytest.raises(StateConflict) as refused:
        decide(world, *arguments, **more)
    assert repr(world.tables) == before
    return refused.value.code


# ---- waiting

ENDS = {
    "released": (decide, Woken.RELEASED),
    "rejected": (lambda world, order_id: decide(world, order_id, REJECT), Woken.OVER),
    "cancelled": (cancel, Woken.OVER),
    "amended": (amend, Woken.AMENDED),
}


def test_a_flagged_order_waits_and_nobody_is_asked(world, order_id):
    wait(world, order_id)
    assert world.machine.answers == {}
    assert world.mail.asked == []
    assert world.stores.waits.token(US, order_id, WaitStep.REVIEW) == "token-1"


@pytest.mark.parametrize(("happening", "word"), ENDS.values(), ids=ENDS.keys())
def test_what_happens_after_the_wait_was_armed_ends_it(world, order_id, happening, word):
    wait(world, order_id)
    happening(world, order_id)
    assert world.machine.answers == {}  # only the relay wakes
    world.relay()
    assert world.machine.answers == {"token-1": word}


@pytest.mark.parametrize(("happening", "word"), ENDS.values(), ids=ENDS.keys())
def test_what_happened_before_the_wait_was_armed_is_seen_when_it_is(world, order_id, happening, word):
    happening(world, order_id)
    world.relay()
    assert world.machine.answers == {}
    wait(world, order_id)
    assert world.machine.answers == {"token-1": word}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "relayed later"])
@pytest.mark.parametrize(("happening", "word"), ENDS.values(), ids=ENDS.keys())
def test_what_happens_at_the_moment_of_arming_is_seen(world, order_id, happening, word, relayed, when):
    def happen():
        happening(world, order_id)
        if relayed:
            world.relay()

    getattr(world.tables, when)["arm"].append(happen)
    wait(world, order_id)
    assert world.machine.answers == {"token-1": word}
    world.relay()
    assert world.machine.answers == {"token-1": word}


def test_a_wait_that_is_repeated_has_a_new_token_and_the_old_one_is_dead(world, order_id):
    wait(world, order_id, "token-1")
    wait(world, order_id, "token-2")
    decide(world, order_id)
    world.relay()
    assert world.machine.answers == {"token-2": Woken.RELEASED}


def test_an_order_that_is_clear_waits_for_nobody(world):
    order_id = world.posted(a_body("www.example.com")).head.order_id
    wait(world, order_id)
    assert world.machine.answers == {"token-1": Woken.RELEASED}


@pytest.mark.parametrize("review", Review)
def test_an_older_attempt_arms_nothing_and_ends(world, order_id, review):
    world.tables.heads[US, order_id] = replace(world.head(order_id), attempt=2, review=review)
    wait(world, order_id, "token-2", attempt=2)
    wait(world, order_id, "token-1", attempt=1)
    assert world.machine.answers["token-1"] is Woken.OVER
    if review is Review.WAITING:
        assert world.stores.waits.token(US, order_id, WaitStep.REVIEW) == "token-2"


@pytest.mark.parametrize(("order", "reseller_id"), [("ord_none", US), (None, THEM)])
def test_an_unknown_or_foreign_order_ends_the_wait(world, order_id, order, reseller_id):
    wait(world, order or order_id, reseller_id=reseller_id)
    assert world.machine.answers == {"token-1": Woken.OVER}
    assert world.tables.waits == {}


def test_a_note_of_the_reseller_leaves_the_order_where_it_waits(world, order_id):
    """The relay may wake the wait; the machine finds the order flagged as before and waits again."""
    wait(world, order_id)
    world.amend({"note": "x"}, order_id)
    world.relay()
    rows = repr(world.tables)
    assert world.ask(order_id) == []
    assert repr(world.tables) == rows
    wait(world, order_id, "token-2")
    assert "token-2" not in world.machine.answers


# ---- releasing


def test_a_release_lets_the_order_go_on(world, order_id):
    before = world.head(order_id)
    after = decide(world, order_id)
    moment = world.clock.moment
    assert after == world.head(order_id)
    assert after == replace(
        before,
        review=Review.RELEASED,
        review_since=moment,
        review_reason=None,
        updated_at=moment,
        version=before.version + 1,
    )
    assert world.ask(order_id) == ["admin@example.com"]


def test_a_release_is_kept_with_who_when_and_on_which_evidence(world, order_id):
    decide(
        world, order_id, evidence="Called the registrant.", note="Known customer.", by=a_staff("mia.mentor")
    )
    (screening,) = world.stores.screenings.of_order(US, order_id)
    assert screening.decision == Decision(
        world.clock.moment, "staff:mia.mentor", APPROVE, "Called the registrant.", "Known customer."
    )
    record = list(world.tables.audit.values())[-1]
    assert (record.action, record.actor) == ("order.released", "staff:mia.mentor")
    assert record.facts == {"revision": 1, "words": "Called the registrant. / Known customer."}


def test_a_release_tells_the_outbox_without_names_of_staff(world, order_id):
    decide(world, order_id)
    event = list(world.tables.events.values())[-1]
    assert event.type == "order.released"
    assert dict(event.data) == {"reseller_id": US, "order_id": order_id, "attempt": 1, "revision": 1}


def test_a_release_moves_no_units(world, order_id):
    decide(world, order_id)
    assert world.counted() == (19, 1, 0)


# ---- rejecting


def test_a_rejection_ends_the_order_and_gives_its_units_back(world, order_id):
    before = world.head(order_id)
    after = decide(world, order_id, REJECT)
    moment = world.clock.moment
    assert after == world.head(order_id)
    assert after == replace(
        before,
        status=OrderStatus.REJECTED,
        payment=PaymentStatus.RELEASED,
        closed=Closed(moment, "staff:rosa.reviewer", CloseReason.REVIEW),
        updated_at=moment,
        version=before.version + 1,
    )
    assert world.counted() == (20, 0, 0)
    assert world.stores.ledger(US, "con_1")[-1] == ("release", 1, order_id)


def test_a_rejection_is_kept_and_told(world, order_id):
    decide(world, order_id, REJECT, evidence="No such company.")
    (screening,) = world.stores.screenings.of_order(US, order_id)
    assert (screening.decision.verdict, screening.decision.evidence) == (REJECT, "No such company.")
    record = list(world.tables.audit.values())[-1]
    assert (record.action, record.actor) == ("order.rejected", "staff:rosa.reviewer")
    assert record.facts == {"reason": "review", "words": "No such company."}
    event = list(world.tables.events.values())[-1]
    assert event.type == "order.rejected"
    assert dict(event.data) == {
        "reseller_id": US,
        "order_id": order_id,
        "attempt": 1,
        "reason": "review",
        "payment_kind": "bulk",
    }


def test_nothing_can_be_done_with_a_rejected_order(world, order_id):
    decide(world, order_id, REJECT)
    for attempt in (
        lambda: cancel(world, order_id),
        lambda: amend(world, order_id),
        lambda: world.request_check(a_principal(), a_call(), order_id),
    ):
        with pytest.raises(StateConflict) as refused:
            attempt()
        assert refused.value.code == "order_closed"
    assert world.counted() == (20, 0, 0)


def test_what_the_reseller_reads_of_a_rejected_order_names_nobody(world, order_id):
    decide(world, order_id, REJECT, evidence="Called the registrant.")
    order = world.reading.order(US, order_id)
    assert (order["status"], order["payment"]["status"]) == ("rejected", "released")
    assert (order["closed"]["by"], order["closed"]["reason"]) == ("staff", "review")
    steps = {step["step"]: step for step in order["authentication"]["steps"]}
    assert order["authentication"]["status"] == steps["quality_review"]["status"] == "failed"
    assert "support" in steps["quality_review"]["reason"]
    assert order["actions"]["cancel"] == {"allowed": False, "reason": "order_closed"}
    assert order["pending_until"] is None
    assert not any(words in repr(order) for words in ("rosa", "Called the registrant"))


# ---- once


@pytest.mark.parametrize("second", Verdict)
def test_a_released_order_is_decided(world, order_id, second):
    decide(world, order_id)
    assert conflict(world, order_id, second) == "already_decided"


@pytest.mark.parametrize("second", Verdict)
def test_a_rejected_order_is_closed(world, order_id, second):
    decide(world, order_id, REJECT)
    assert conflict(world, order_id, second) == "order_closed"


@pytest.mark.parametrize("verdict", Verdict)
def test_an_order_that_is_clear_is_not_decided(world, verdict):
    order_id = world.posted(a_body("www.example.com")).head.order_id
    assert conflict(world, order_id, verdict) == "already_decided"


@pytest.mark.parametrize("verdict", Verdict)
def test_an_order_that_is_not_screened_yet_is_not_decided(world, verdict):
    order_id = world.post(a_body(FLAGGED)).head.order_id
    assert conflict(world, order_id, verdict) == "already_decided"


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("first", Verdict)
def test_a_repeated_request_is_answered_again_and_done_once(world, order_id, first, verdict):
    told = decide(world, order_id, first, key="key-1")
    rows = repr(world.tables)
    if verdict is first:
        assert decide(world, order_id, first, key="key-1") == told
    else:
        with pytest.raises(IdempotencyKeyReused):
            decide(world, order_id, verdict, key="key-1")
    assert repr(world.tables) == rows


@pytest.mark.parametrize("verdict", Verdict)
def test_a_refused_decision_binds_no_key(world, order_id, verdict):
    task = world.task(order_id)
    amend(world, order_id)
    assert conflict(world, order_id, verdict, task=task, key="key-1") == "task_outdated"
    world.amend({"csr": a_csr(FLAGGED)}, order_id)
    world.ask(order_id)
    assert decide(world, order_id, verdict, key="key-1").revision == 3


@pytest.mark.parametrize("second", Verdict)
@pytest.mark.parametrize("first", Verdict)
def test_of_two_reviewers_at_once_one_decides(world, order_id, first, second):
    write = "release_review" if second is APPROVE else "close"
    world.tables.before[write].append(lambda: decide(world, order_id, first, by=a_staff("mia.mentor")))
    with pytest.raises(StateConflict) as refused:
        decide(world, order_id, second)
    assert refused.value.code == ("already_decided" if first is APPROVE else "order_closed")
    assert world.head(order_id).status is (OrderStatus.PENDING if first is APPROVE else OrderStatus.REJECTED)
    (screening,) = world.stores.screenings.of_order(US, order_id)
    assert (screening.decision.verdict, screening.decision.by) == (first, "staff:mia.mentor")
    assert world.counted() == ((19, 1, 0) if first is APPROVE else (20, 0, 0))


@pytest.mark.parametrize("verdict", Verdict)
def test_of_two_requests_with_one_key_at_once_both_get_the_one_answer(world, order_id, verdict):
    write = "release_review" if verdict is APPROVE else "close"
    told = []
    world.tables.before[write].append(lambda: told.append(decide(world, order_id, verdict, key="key-1")))
    told.append(decide(world, order_id, verdict, key="key-1"))
    assert told[0] == told[1] == world.head(order_id)
    assert (
        world.stores.events(US, order_id).count(f"order.{'released' if verdict is APPROVE else 'rejected'}")
        == 1
    )


@pytest.mark.parametrize("verdict", Verdict)
def test_an_order_that_is_cancelled_in_between_is_not_decided(world, order_id, verdict):
    write = "release_review" if verdict is APPROVE else "close"
    world.tables.before[write].append(lambda: cancel(world, order_id))
    with pytest.raises(StateConflict) as refused:
        decide(world, order_id, verdict)
    assert refused.value.code == "order_closed"
    assert world.counted() == (20, 0, 0)


# ---- tasks


def test_a_task_is_about_what_was_shown(world, order_id):
    task = world.task(order_id)
    world.amend({"additional_domains": ["ebay.example.com"]}, order_id)
    world.ask(order_id)
    assert conflict(world, order_id, task=task) == "task_outdated"
    assert decide(world, order_id).review is Review.RELEASED


UNSCREENED = {"note": {"note": "This is really us."}, "life cycle": {"lifecycle": {"reminders": False}}}


@pytest.mark.parametrize("patch", UNSCREENED.values(), ids=UNSCREENED)
@pytest.mark.parametrize("verdict", Verdict)
def test_what_nobody_screens_leaves_the_task_as_it_was(world, order_id, patch, verdict):
    task = world.task(order_id)
    world.amend(patch, order_id)
    head = decide(world, order_id, verdict, task=task)
    assert (head.revision, head.awaits_review) == (2, False)
    assert world.stores.screenings.of_order(US, order_id)[0].decision.verdict is verdict
    assert [each.revision for each in world.stores.screenings.of_order(US, order_id)] == [1]


def test_a_task_of_no_order_is_not_found(world, order_id):
    for task in (ReviewTask(US, "ord_none", 1), ReviewTask(THEM, order_id, 1), ReviewTask("", "", 1)):
        with pytest.raises(NotFound):
            decide(world, order_id, task=task)


@pytest.mark.parametrize("revision", [1, 7, 123_456])
@pytest.mark.parametrize(
    "reseller_id", ["res_1", "north-wind", "shop.example.com", "a.ord_9.1", "quality-review.", "."]
)
@pytest.mark.parametrize(
    "enrolment_id", [ORDER, enrolment_of_reissue(ORDER, "rei_1")], ids=["order", "reissue"]
)
def test_a_task_is_read_as_it_was_written(reseller_id, enrolment_id, revision):
    task = ReviewTask(reseller_id, enrolment_id, revision)
    assert ReviewTask.read(task.task_id) == task
    assert task.task_id.startswith(QUEUE)


def test_an_order_of_a_reseller_with_a_dot_in_its_id_is_decided(world):
    whose = "shop.example.com"
    world.stores.grant(a_contract(20, reseller_id=whose))
    order_id = world.posted(a_body(FLAGGED), by=a_principal(whose)).head.order_id
    world.relay()
    task = ReviewTask.read(world.task(order_id, whose).task_id)
    assert decide(world, order_id, task=task).is_screened


HOSTILE = [
    *("", ".", "...", "x", QUEUE, f"{QUEUE}.", f"{QUEUE}...", "quality-review.res_1.ord_1", "1"),
    *("organization.res_1.ord_1.1", "QUALITY-REVIEW.res_1.ord_1.1", " quality-review.res_1.ord_1.1"),
    *(
        f"{QUEUE}.res_1.ord_1.{text}"
        for text in ("", "x", "-1", "+1", "1.0", " 1", "1 ", "1\n", "1e3", "0x1")
    ),
    *(f"{QUEUE}.res_1.ord_1.{text}" for text in ("0", "01", "٣", "²", "1" * 7, "9" * 5000, "1_0", "1\x00")),
    *(f"{QUEUE}.res_1.ord_1.1.1", f"{QUEUE}.res_1.ord.1.1", f".{QUEUE}.res_1.ord_1.1"),
]


@pytest.mark.parametrize("task_id", HOSTILE, ids=lambda text: repr(text)[:50])
def test_what_is_no_task_of_this_queue_is_not_found(task_id):
    with pytest.raises(NotFound):
        ReviewTask.read(task_id)


@pytest.mark.parametrize(
    ("reseller_id", "order_id_"),
    [
        ("res_1#O#ord_1", "x"),
        ("res_1", "ord_1#HEAD"),
        ("☂", "☂"),
        ("..", ".."),
        ("*", "*"),
        ("x" * 120, "x" * 120),
    ],
)
def test_whatever_ids_a_task_has_they_lead_to_an_order_or_nowhere(world, order_id, reseller_id, order_id_):
    assert order_id
    with pytest.raises(NotFound):
        decide(world, order_id, task=ReviewTask(reseller_id, order_id_, 1))
