"""The approval link: looking changes nothing, one answer counts, and it asks nothing once its time is over."""

from dataclasses import replace

import pytest

from partner_center.kernel.errors import NotFound, TryAgain
from partner_center.orders.close import CloseOverdue, closing
from partner_center.orders.content import ChosenMethod, Method, content_to_json
from partner_center.orders.order import LONGEST_PENDING, CloseReason, OrderKind, OrderStatus
from partner_center.orders.page import Page
from partner_center.validation.approve import (
    ApprovalClosed,
    Approvals,
    WhyClosed,
    why_closed,
)
from partner_center.validation.challenges import VALUE_LIFETIME, ChallengeStatus, Decision
from partner_center.validation.standing import answerable_until
from tests.fakes.determined import HURRIED, MICROSECOND, NOW, CountingIds, FixedClock
from tests.fakes.samples import (
    APPROVER,
    ORDER,
    US,
    a_challenge,
    a_chronicle,
    a_content,
    a_contract,
    a_day,
    a_head,
    a_placement,
    a_preflight,
    a_second,
    an_audit,
    an_order,
    asked_of,
)
from tests.fakes.stores import MemoryStores

NAMES = ("www.example.com", "*.example.com")
TOKEN = "token-1"


@pytest.fixture
def ids():
    return CountingIds()


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def stores(ids):
    stores = MemoryStores()
    stores.grant(a_contract())
    stores.orders.place(a_placement(ids, content=a_content(*NAMES)))
    stores.challenges.create(a_challenge(*NAMES, token=TOKEN))
    return stores


@pytest.fixture
def approvals(stores, clock, ids):
    return Approvals(stores.challenges, stores.orders, clock, ids, HURRIED)


def answer(approvals, decision=Decision.APPROVE, token=TOKEN):
    return approvals.decide(token, decision, "192.0.2.7", "request-9")


def cancel(stores, ids, at=NOW):
    head = stores.orders.head(US, ORDER)
    change = closing(head, OrderStatus.CANCELLED, CloseReason.REQUESTED, a_chronicle(ids, at))
    stores.orders.close(change)


def ask_for(stores, challenge):
    """The order needs what `challenge` asks for."""
    chosen = ChosenMethod(method=Method.EMAIL, approver_email=challenge.approver_email)
    content = a_content(*challenge.names, methods=dict.fromkeys(challenge.names, chosen))
    stores.tables.contents[US, ORDER, 1] = content_to_json(content)
    stores.challenges.create(challenge)


def challenge_in(stores):
    return stores.tables.challenges[US, ORDER, f"chl_{TOKEN}"]


def on_file(stores):
    return stores.challenges.proofs(US, "customer:c-1", "example.com", NOW - 300 * a_day)


def why(approvals, action="look"):
    with pytest.raises(ApprovalClosed) as closed:
        approvals.look(TOKEN) if action == "look" else answer(approvals)
    return closed.value.why


# ---- looking


def test_the_link_shows_the_request_and_its_order(approvals):
    asked = approvals.look(TOKEN)
    assert asked.challenge.names == NAMES
    assert asked.order.head.order_id == ORDER


def test_looking_changes_nothing_however_often(approvals, stores):
    before = repr(stores.tables)
    for _ in range(3):
        approvals.look(TOKEN)
    assert repr(stores.tables) == before


@pytest.mark.parametrize("token", ["", "token-2", "TOKEN-1", "x" * 100_000, "☂", "\x00"])
@pytest.mark.parametrize("action", ["look", "decide"])
def test_an_unknown_link_is_not_known(approvals, stores, token, action):
    before = repr(stores.tables)
    with pytest.raises(NotFound):
        approvals.look(token) if action == "look" else answer(approvals, token=token)
    assert repr(stores.tables) == before


def test_a_link_whose_order_is_gone_is_not_known(approvals, stores):
    stores.tables.heads.clear()
    with pytest.raises(NotFound):
        approvals.look(TOKEN)


# ---- approving


def test_an_approval_proves_the_names_for_this_subscriber(approvals, stores):
    answer(approvals)
    challenge = challenge_in(stores)
    (proof,) = on_file(stores)
    assert challenge.status is ChallengeStatus.VALID
    assert (proof.names, proof.authorization_domain) == (NAMES, "example.com")
    assert (proof.method, proof.br_section) == ("email", "3.2.2.4.4")
    assert proof.by == f"approver:{APPROVER}"


def test_the_proof_is_as_old_as_the_mail(approvals, stores, clock):
    clock.advance(days=29)
    answer(approvals)
    (proof,) = on_file(stores)
    assert (proof.checked_at, proof.completed_at) == (NOW, NOW + 29 * a_day)


@pytest.mark.parametrize(
    ("sent_at", "checked_at"),
    [(NOW + a_day, NOW + a_day), (None, NOW), (NOW + 3 * a_day, NOW + 2 * a_day)],
    ids=["the mail's day", "no mail recorded", "by a clock ahead"],
)
def test_the_age_runs_from_the_mail_and_from_the_value_without_one(
    approvals, stores, clock, sent_at, checked_at
):
    clock.advance(days=2)
    stores.tables.challenges[US, ORDER, f"chl_{TOKEN}"] = replace(challenge_in(stores), sent_at=sent_at)
    answer(approvals)
    assert [proof.checked_at for proof in on_file(stores)] == [checked_at]


def test_a_proof_is_for_the_domain_asked_about_and_not_for_the_approvers(approvals, stores):
    """A challenge of a lower domain proves that domain only (incident of 2025)."""
    lower = a_challenge(
        "a.b.example.com",
        token="token-2",
        authorization_domain="b.example.com",
        approver_email="admin@b.example.com",
    )
    ask_for(stores, lower)
    answer(approvals, token="token-2")
    (proof,) = on_file(stores)
    assert proof.authorization_domain == "b.example.com"


def test_an_approval_is_told_and_recorded_with_its_address(approvals, stores):
    answer(approvals)
    assert stores.events(US, ORDER) == ["order.placed", "domain.approved"]
    (record,) = (each for each in stores.tables.audit.values() if each.action == "domain.approved")
    assert (record.actor, record.facts["from_address"]) == (f"approver:{APPROVER}", "192.0.2.7")
    (event,) = (each for each in stores.tables.events.values() if each.type == "domain.approved")
    assert (event.data["attempt"], event.data["revision"]) == (1, 1)
    assert event.correlation_id == "request-9"


def test_a_refusal_proves_nothing_and_tells_the_reseller(approvals, stores):
    answer(approvals, Decision.DECLINE)
    assert challenge_in(stores).status is ChallengeStatus.DECLINED
    assert stores.tables.proofs == {}
    ((message,), _) = stores.orders.messages(US, ORDER, Page(10, None))
    assert APPROVER in message.text
    assert "www.example.com" in message.text
    assert stores.orders.head(US, ORDER).status is OrderStatus.PENDING


@pytest.mark.parametrize(
    ("kind", "cancel"),
    [
        (OrderKind.NEW, "or cancel the order."),
        (OrderKind.REISSUE, "or cancel the reissue (POST /v1/orders/{id}/reissues/{reissue_id}/cancel)."),
    ],
)
def test_a_refusal_says_what_may_be_given_up(approvals, stores, kind, cancel):
    stores.tables.heads[US, ORDER] = replace(stores.orders.head(US, ORDER), kind=kind)
    answer(approvals, Decision.DECLINE)
    ((message,), _) = stores.orders.messages(US, ORDER, Page(10, None))
    assert message.text.endswith(cancel)


def test_a_refusal_of_a_hundred_names_names_a_few(approvals, stores):
    names = [f"host-{number}.example.com" for number in range(100)]
    ask_for(stores, a_challenge(*names, token="token-2"))
    answer(approvals, Decision.DECLINE, "token-2")
    ((message,), _) = stores.orders.messages(US, ORDER, Page(10, None))
    assert "host-4.example.com and others" in message.text
    assert len(message.text) < 500


def test_a_refusal_of_five_names_names_them_all(approvals, stores):
    names = [f"host-{number}.example.com" for number in range(5)]
    ask_for(stores, a_challenge(*names, token="token-2"))
    answer(approvals, Decision.DECLINE, "token-2")
    ((message,), _) = stores.orders.messages(US, ORDER, Page(10, None))
    assert "host-4.example.com" in message.text
    assert "others" not in message.text


# ---- one answer counts


@pytest.mark.parametrize("second", Decision)
@pytest.mark.parametrize("first", Decision)
def test_a_link_is_used_once(approvals, stores, first, second):
    answer(approvals, first)
    before = repr(stores.tables)
    with pytest.raises(ApprovalClosed) as closed:
        answer(approvals, second)
    assert closed.value.why is WhyClosed.USED
    assert why(approvals) is WhyClosed.USED
    assert repr(stores.tables) == before


@pytest.mark.parametrize("second", Decision)
@pytest.mark.parametrize("first", Decision)
def test_of_two_answers_at_once_one_counts(approvals, stores, first, second):
    """Both looked before either wrote."""
    stores.tables.before["rule"].append(lambda: answer(approvals, first))
    with pytest.raises(ApprovalClosed) as closed:
        answer(approvals, second)
    assert closed.value.why is WhyClosed.USED
    word = "domain.approved" if first is Decision.APPROVE else "domain.declined"
    assert stores.events(US, ORDER) == ["order.placed", word]
    assert len(stores.tables.proofs) == (first is Decision.APPROVE)


# ---- too late


@pytest.mark.parametrize("action", ["look", "decide"])
def test_a_cancelled_order_asks_nothing(approvals, stores, ids, action):
    cancel(stores, ids)
    assert why(approvals, action) is WhyClosed.CANCELLED
    assert stores.tables.proofs == {}


def test_an_order_cancelled_between_look_and_answer_takes_no_answer(approvals, stores, ids):
    stores.tables.before["rule"].append(lambda: cancel(stores, ids))
    assert why(approvals, "decide") is WhyClosed.CANCELLED
    assert stores.tables.proofs == {}
    assert challenge_in(stores).status is ChallengeStatus.PENDING


def test_a_used_link_stays_used_when_the_order_is_cancelled(approvals, stores, ids):
    answer(approvals)
    cancel(stores, ids)
    assert why(approvals) is WhyClosed.USED


@pytest.mark.parametrize("action", ["look", "decide"])
def test_a_link_of_an_earlier_round_asks_nothing(approvals, stores, ids, action):
    order = approvals.look(TOKEN).order
    stores.claims.prove_again(order, a_preflight(), an_audit(ids))
    assert why(approvals, action) is WhyClosed.CANCELLED


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (OrderStatus.ISSUED, WhyClosed.TOO_LATE),
        (OrderStatus.CANCELLED, WhyClosed.CANCELLED),
        (OrderStatus.REJECTED, WhyClosed.CANCELLED),
        (OrderStatus.REVOKED, WhyClosed.CANCELLED),
        (OrderStatus.EXPIRED, WhyClosed.CANCELLED),
    ],
)
def test_an_order_that_is_over_asks_nothing(approvals, stores, status, expected):
    stores.tables.heads[US, ORDER] = a_head(status=status)
    assert why(approvals) is expected


@pytest.mark.parametrize("decision", Decision)
def test_while_the_order_is_signed_no_answer_is_taken(approvals, stores, decision):
    """A no would be recorded as holding what it does not hold; the claim may come between look and answer."""
    signing = replace(stores.orders.head(US, ORDER), signing=True)
    if decision is Decision.APPROVE:
        stores.tables.heads[US, ORDER] = signing
    else:
        stores.tables.before["rule"].append(lambda: stores.tables.heads.update({(US, ORDER): signing}))
    with pytest.raises(ApprovalClosed) as closed:
        answer(approvals, decision)
    assert closed.value.why is why(approvals) is WhyClosed.TOO_LATE
    assert challenge_in(stores).status is ChallengeStatus.PENDING
    assert stores.tables.messages == {}


@pytest.mark.parametrize("action", ["look", "decide"])
def test_a_link_lives_exactly_thirty_days(approvals, clock, action):
    clock.moment = NOW + VALUE_LIFETIME
    assert why(approvals, action) is WhyClosed.EXPIRED
    clock.moment -= MICROSECOND
    assert approvals.look(TOKEN) if action == "look" else answer(approvals)


def test_a_link_that_expires_between_look_and_answer_takes_none(approvals, stores, clock):
    """The answer is dated when it is given; the store compares that date with the link's end once more."""
    clock.moment = NOW + VALUE_LIFETIME - MICROSECOND
    shortened = replace(challenge_in(stores), expires_at=clock.moment)
    stores.tables.before["rule"].append(
        lambda: stores.tables.challenges.update({(US, ORDER, f"chl_{TOKEN}"): shortened})
    )
    with pytest.raises(ApprovalClosed):
        answer(approvals)
    assert stores.tables.proofs == {}


def test_at_equal_times_the_order_ends_and_not_only_the_link(approvals, stores, clock, ids):
    """pending_until is 30 days after the last mail, which is the link's end too (an order's life)."""
    clock.moment = NOW + VALUE_LIFETIME
    overdue = CloseOverdue(stores.orders, stores.challenges, clock, ids)
    assert overdue(US, ORDER, "execution-1") is None
    assert stores.orders.head(US, ORDER).closed.reason is CloseReason.TIMED_OUT
    assert why(approvals) is WhyClosed.CANCELLED


@pytest.mark.parametrize(
    ("kind", "ends"),
    [(OrderKind.NEW, NOW + VALUE_LIFETIME), (OrderKind.REISSUE, NOW + a_day)],
    ids=["an order", "a reissue"],
)
def test_a_link_of_a_reissue_ends_with_its_orders_term(kind, ends):
    head = a_head(kind=kind, term_to=NOW + a_day)
    order = an_order(head, a_content(*NAMES, methods=asked_of(*NAMES)))
    challenge = a_challenge(*NAMES, token=TOKEN)
    assert answerable_until(challenge, order) == ends
    assert why_closed(challenge, order, ends - MICROSECOND) is None
    assert why_closed(challenge, order, ends) is not None


@pytest.mark.parametrize(
    ("moment", "closed"),
    [(NOW + LONGEST_PENDING - MICROSECOND, None), (NOW + LONGEST_PENDING, WhyClosed.CANCELLED)],
    ids=["the last microsecond", "90 days"],
)
def test_no_link_outlives_the_ninety_days_of_its_order(approvals, stores, clock, moment, closed):
    """Also before anybody has closed the overdue order."""
    late = replace(challenge_in(stores), sent_at=NOW + 80 * a_day, expires_at=NOW + 110 * a_day)
    stores.tables.challenges[US, ORDER, f"chl_{TOKEN}"] = late
    clock.moment = moment
    if closed is None:
        answer(approvals)
    else:
        assert why(approvals, "decide") is closed


# ---- our own trouble


def test_an_answer_that_could_not_be_written_may_be_given_again(approvals, stores):
    def out():
        raise TryAgain("The database is busy.")

    stores.tables.before["rule"].append(out)
    with pytest.raises(TryAgain):
        answer(approvals)
    assert challenge_in(stores).status is ChallengeStatus.PENDING
    answer(approvals)
    assert challenge_in(stores).status is ChallengeStatus.VALID


def test_one_declined_name_leaves_the_others_to_their_approvers(approvals, stores, clock):
    other = a_challenge(
        "example.org", token="token-2", authorization_domain="example.org", approver_email="admin@example.org"
    )
    names = (*NAMES, "example.org")
    stores.tables.contents[US, ORDER, 1] = content_to_json(a_content(*names, methods=asked_of(*names)))
    stores.challenges.create(other)
    answer(approvals, Decision.DECLINE)
    clock.advance(seconds=1)
    answer(approvals, token="token-2")
    statuses = {each.status for each in stores.challenges.of_order(US, ORDER)}
    assert statuses == {ChallengeStatus.DECLINED, ChallengeStatus.VALID}
    assert clock.moment == NOW + a_second
