"""The authentication status: where each step stands, why, and who must act until when (M3, M5)."""

from dataclasses import replace

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.orders.authentication import overall, steps_of
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import (
    LONGEST_PENDING,
    Closed,
    CloseReason,
    OrderKind,
    OrderStatus,
    PaymentKind,
    Review,
)
from partner_center.orders.restarts import MOST_RESTARTS, Restarts
from partner_center.orders.steps import Actor, Step, StepStatus
from partner_center.validation.caa_refusal import CaaRefusal, CaaRefusals
from partner_center.validation.challenges import VALUE_LIFETIME, ChallengeStatus
from partner_center.validation.standing import standing
from tests.fakes.determined import NOW
from tests.fakes.samples import (
    APPROVER,
    US,
    a_challenge,
    a_content,
    a_day,
    a_head,
    a_proof,
    a_second,
    a_standing,
    an_order,
    asked_of,
)

NAMES = ("www.example.com", "example.org")
VALID = {"status": ChallengeStatus.VALID, "decided_at": NOW + a_day}
HERE = a_challenge("www.example.com")
THERE = a_challenge(
    "example.org", token="token-2", approver_email="admin@example.org", authorization_domain="example.org"
)
LATER = NOW + 2 * a_day


def steps(*challenges, moment=LATER, names=NAMES, **head):
    order = an_order(a_head(**head), a_content(*names, methods=asked_of(*names)))
    found = a_standing(order, *challenges, moment=moment)
    return {step.step: step for step in steps_of(order, found, moment)}


def closed(reason=CloseReason.REQUESTED):
    return {"status": OrderStatus.CANCELLED, "closed": Closed(LATER, "key:key_1", reason)}


OF_A_BOUNCE = (
    "The mail to {address} could not be delivered, so nobody is asked about {names}: choose another address or "
    "method (PUT /v1/orders/{{id}}/domains/{{name}}/method), or other names (PATCH /v1/orders/{{id}}), or see that "
    "the mailbox takes mail and ask again (POST /v1/orders/{{id}}/domains/{{name}}/resend)."
)
OF_A_COMPLAINT = (
    "{address} reported a mail of ours as unwanted and gets no other, so nobody is asked about {names}: choose "
    "another address or method (PUT /v1/orders/{{id}}/domains/{{name}}/method), or other names "
    "(PATCH /v1/orders/{{id}})."
)


@pytest.mark.parametrize(
    ("why", "later", "told"),
    [
        (Undelivered.BOUNCED, -1, None),
        (Undelivered.BOUNCED, 0, OF_A_BOUNCE),
        (Undelivered.BOUNCED, 5, OF_A_BOUNCE),
        (Undelivered.COMPLAINED, -1, OF_A_COMPLAINT),
        (Undelivered.COMPLAINED, 5, None),
    ],
)
def test_who_gets_no_mail_is_not_waited_for(why, later, told):
    """A mail that bounced before the last one tells nothing of it; one that was complained of did arrive."""
    suppression = Suppression(US, APPROVER, why, HERE.sent_at + later * a_second, "550 no such user")
    order = an_order(a_head(), a_content(*NAMES, methods=asked_of(*NAMES)))
    found = a_standing(order, HERE, moment=LATER)
    step = steps_of(order, found, LATER, {APPROVER: suppression})[1]
    if told is None:
        usual = steps(HERE)["domain_verification"].next_action
        assert (step.actor, step.next_action) == (Actor.APPROVER, usual)
    else:
        expected = told.format(address=APPROVER, names=", ".join(HERE.names))
        assert (step.actor, step.next_action) == (Actor.RESELLER, expected)


def test_the_steps_are_those_of_the_interface_in_the_order_of_the_story():
    assert list(steps()) == [
        *("agreement", "domain_verification", "organization_verification", "verification_call"),
        *("quality_review", "payment", "issuance"),
    ]


def test_what_a_domain_validated_order_does_not_need_is_not_required():
    found = steps()
    for name in ("organization_verification", "verification_call"):
        assert found[name] == Step(name, StepStatus.NOT_REQUIRED)
    assert found["quality_review"] == Step("quality_review", StepStatus.NOT_REQUIRED, NOW)


def test_the_agreement_was_accepted_with_the_order():
    assert steps()["agreement"] == Step("agreement", StepStatus.COMPLETE, NOW)


ALL_PROVEN = "All names are proven."
GOING_ON = {
    "proven by another order": ({}, (ALL_PROVEN, Actor.SYSTEM)),
    "by card, not asked for yet": (
        {"payment_kind": PaymentKind.PAY_AS_YOU_GO, "payment": PaymentStatus.NONE},
        (ALL_PROVEN, Actor.SYSTEM),
    ),
    "the card was declined": (
        {"payment_kind": PaymentKind.PAY_AS_YOU_GO, "payment": PaymentStatus.DECLINED},
        ("The certificate follows the last proof.", None),
    ),
    "not screened yet": ({"review": Review.DUE}, ("The certificate follows the last proof.", None)),
}


@pytest.mark.parametrize(("head", "told"), GOING_ON.values(), ids=GOING_ON)
def test_an_order_that_others_proved_says_that_it_goes_on_by_itself_or_after_a_check(head, told):
    proven = [replace(each, **VALID) for each in (HERE, THERE)]
    issuance = steps(*proven, **head)["issuance"]
    assert (issuance.reason, issuance.actor) == told
    action = issuance.next_action or ""
    assert ("within a day" in action, "/domains/check" in action) == (told[0] == ALL_PROVEN,) * 2


# ---- domains

DOMAINS = {
    "nothing mailed yet": ([], StepStatus.PENDING, Actor.SYSTEM, NOW, "0 of 2"),
    "made and not mailed": ([replace(HERE, sent_at=None)], StepStatus.PENDING, Actor.SYSTEM, NOW, "0 of 2"),
    "waiting for one approver": ([HERE], StepStatus.IN_PROGRESS, Actor.APPROVER, NOW, "0 of 2"),
    "waiting for two approvers": ([HERE, THERE], StepStatus.IN_PROGRESS, Actor.APPROVER, NOW, "0 of 2"),
    "one of two proven": (
        [replace(HERE, **VALID), THERE],
        StepStatus.IN_PROGRESS,
        Actor.APPROVER,
        NOW,
        "1 of 2",
    ),
    "one declined": (
        [replace(HERE, status=ChallengeStatus.DECLINED, decided_at=NOW + a_day), THERE],
        StepStatus.IN_PROGRESS,
        Actor.RESELLER,
        NOW + a_day,
        "0 of 2",
    ),
    "one expired": (
        [replace(HERE, expires_at=LATER), THERE],
        StepStatus.IN_PROGRESS,
        Actor.RESELLER,
        NOW,
        "0 of 2",
    ),
    "one contact not seen": (
        [replace(HERE, status=ChallengeStatus.FAILED), THERE],
        StepStatus.IN_PROGRESS,
        Actor.RESELLER,
        NOW,
        "0 of 2",
    ),
    "all proven": (
        [replace(HERE, **VALID), replace(THERE, **VALID)],
        StepStatus.COMPLETE,
        None,
        NOW,
        "2 of 2",
    ),
    "proven before the order was amended": (
        [replace(HERE, round=0, **VALID), replace(THERE, round=0, **VALID)],
        StepStatus.COMPLETE,
        None,
        NOW,
        "2 of 2",
    ),
    "asked before the order was amended": (
        [replace(HERE, round=0), replace(THERE, round=0)],
        StepStatus.PENDING,
        Actor.SYSTEM,
        NOW,
        "0 of 2",
    ),
    "declined before the order was amended": (
        [replace(HERE, round=0, status=ChallengeStatus.DECLINED, decided_at=NOW + a_day), THERE],
        StepStatus.IN_PROGRESS,
        Actor.RESELLER,
        NOW + a_day,
        "0 of 2",
    ),
}


@pytest.mark.parametrize(
    ("challenges", "status", "actor", "updated", "count"), DOMAINS.values(), ids=DOMAINS.keys()
)
def test_the_domains_tell_who_must_act(challenges, status, actor, updated, count):
    step = steps(*challenges)["domain_verification"]
    assert (step.status, step.actor, step.updated_at) == (status, actor, updated)
    assert step.reason == f"{count} names are proven."
    assert (step.next_action is None) == (status is StepStatus.COMPLETE)


def test_the_approvers_are_named_and_the_first_end_is_the_deadline():
    sooner = replace(THERE, expires_at=NOW + 9 * a_day)
    step = steps(HERE, sooner)["domain_verification"]
    assert APPROVER in step.next_action
    assert "admin@example.org" in step.next_action
    assert step.due_at == NOW + 9 * a_day


@pytest.mark.parametrize(
    "head",
    [
        {"kind": OrderKind.REISSUE, "term_to": NOW + 5 * a_day},
        {"placed_at": NOW + 5 * a_day - LONGEST_PENDING},
    ],
    ids=["a reissue", "an old order"],
)
def test_what_is_asked_is_due_before_the_order_ends(head):
    assert steps(HERE, THERE, **head)["domain_verification"].due_at == NOW + 5 * a_day


def test_what_is_to_be_published_is_told_before_who_is_to_answer():
    chosen = {"www.example.com": ChosenMethod(method=Method.DNS_TXT), **asked_of("example.org")}
    order = an_order(a_head(), a_content(*NAMES, methods=chosen))
    record = a_challenge(
        "www.example.com", method="dns_txt", approver_email="", authorization_domain="www.example.com"
    )
    found = a_standing(order, record, THERE, moment=LATER)
    step = steps_of(order, found, LATER)[1]
    assert (step.status, step.actor) == (StepStatus.IN_PROGRESS, Actor.RESELLER)
    assert step.next_action == (
        "Publish what GET /v1/orders/{id}/domains says for www.example.com; it is looked for by itself, or at once "
        "after POST /v1/orders/{id}/domains/check. Approve example.org through the link in the mail to "
        "admin@example.org."
    )


def test_what_was_not_published_is_said_with_the_way_on():
    step = steps(replace(HERE, status=ChallengeStatus.FAILED), THERE)["domain_verification"]
    assert "address chosen for www.example.com cannot be asked" in step.next_action
    assert "/v1/orders/{id}/domains/{name}/resend" in step.next_action


def test_a_refusal_outweighs_an_expired_link_and_names_the_name():
    declined = replace(HERE, status=ChallengeStatus.DECLINED, decided_at=NOW)
    step = steps(declined, replace(THERE, expires_at=LATER))["domain_verification"]
    assert "declined www.example.com" in step.next_action


@pytest.mark.parametrize(
    ("moment", "actor"),
    [(NOW + VALUE_LIFETIME - a_second, Actor.APPROVER), (NOW + VALUE_LIFETIME, Actor.RESELLER)],
)
def test_a_link_expires_to_the_second(moment, actor):
    step = steps(HERE, THERE, moment=moment)["domain_verification"]
    assert step.actor is actor


def test_of_many_names_a_few_are_told():
    names = [f"host-{number}.example.com" for number in range(100)]
    step = steps(a_challenge(*names), names=names)["domain_verification"]
    assert "host-0.example.com, host-1.example.com, host-2.example.com and 97 more" in step.next_action


STUCK = {
    "declined": {"status": ChallengeStatus.DECLINED, "decided_at": NOW},
    "expired": {"expires_at": LATER},
}


@pytest.mark.parametrize("changes", STUCK.values(), ids=STUCK)
@pytest.mark.parametrize(
    ("kind", "cancel"),
    [
        (OrderKind.NEW, "or cancel the order."),
        (OrderKind.REISSUE, "or cancel the reissue (POST /v1/orders/{id}/reissues/{reissue_id}/cancel)."),
    ],
)
def test_what_is_given_up_is_the_order_or_the_reissue(changes, kind, cancel):
    step = steps(replace(HERE, **changes), THERE, kind=kind)["domain_verification"]
    assert step.next_action.endswith(cancel)
    assert "(PUT /v1/orders/{id}/domains/{name}/method)" in step.next_action


@pytest.mark.parametrize(
    ("kind", "are_other_names_told"), [(OrderKind.NEW, True), (OrderKind.REISSUE, False)]
)
def test_a_reissue_is_not_told_to_amend_its_order_which_is_issued(kind, are_other_names_told):
    step = steps(replace(HERE, **STUCK["declined"]), THERE, kind=kind)["domain_verification"]
    assert ("PATCH" in step.next_action) == are_other_names_told


# ---- quality review

REVIEWS = {
    "not screened yet": (Review.DUE, StepStatus.PENDING, Actor.SYSTEM),
    "nothing flagged": (Review.CLEAR, StepStatus.NOT_REQUIRED, None),
    "flagged": (Review.WAITING, StepStatus.IN_PROGRESS, Actor.STAFF),
    "released": (Review.RELEASED, StepStatus.COMPLETE, None),
}


@pytest.mark.parametrize(("review", "status", "actor"), REVIEWS.values(), ids=REVIEWS.keys())
def test_the_review_tells_where_it_stands(review, status, actor):
    step = steps(review=review)["quality_review"]
    assert (step.status, step.actor) == (status, actor)


def test_a_flag_is_told_with_its_reason_and_its_day():
    step = steps(review=Review.WAITING, review_reason="paypa1.com resembles paypal.")["quality_review"]
    assert step.reason == "paypa1.com resembles paypal."
    assert step.due_at == NOW + a_day  # a Tuesday


@pytest.mark.parametrize("review", [Review.DUE, Review.WAITING])
def test_nobody_is_asked_about_a_domain_before_the_review_is_over(review):
    step = steps(review=review)["domain_verification"]
    assert (step.status, step.actor) == (StepStatus.PENDING, Actor.SYSTEM)
    assert "screening" in step.next_action or "screening" in (step.reason or "")


def test_a_rejected_order_says_that_a_reviewer_did_it():
    found = steps(review=Review.WAITING, **closed(CloseReason.REVIEW))
    assert found["quality_review"].status is StepStatus.FAILED
    assert "A reviewer rejected the order" in found["quality_review"].reason
    assert found["issuance"].reason == "The order was closed: review."


# ---- payment and issue


@pytest.mark.parametrize(
    ("payment", "words"),
    [
        (PaymentStatus.HELD, "are held"),
        (PaymentStatus.CAPTURED, "were used"),
        (PaymentStatus.RELEASED, "given back"),
        (PaymentStatus.REFUNDED, "given back"),
    ],
)
def test_payment_says_what_became_of_the_units(payment, words):
    step = steps(payment=payment)["payment"]
    assert words in step.reason
    assert step.reason.startswith("2 units")


ISSUANCE = {
    "before the proofs": ({}, StepStatus.PENDING, None, NOW),
    "signing": ({"signing": True, "updated_at": LATER}, StepStatus.PENDING, None, LATER),
    "held back": (
        {"held_back": "caa: www.example.com: forbidden", "updated_at": LATER},
        StepStatus.IN_PROGRESS,
        Actor.RESELLER,
        LATER,
    ),
    "stuck": (
        {"signing": True, "updated_at": NOW, "restarts": Restarts(MOST_RESTARTS, LATER, 1)},
        StepStatus.IN_PROGRESS,
        Actor.STAFF,
        LATER,
    ),
    "started anew once": (
        {"signing": True, "updated_at": LATER, "restarts": Restarts(1, NOW, 1)},
        StepStatus.PENDING,
        None,
        LATER,
    ),
    "issued": ({"status": OrderStatus.ISSUED, "issued_at": LATER}, StepStatus.COMPLETE, None, LATER),
    "revoked": ({"status": OrderStatus.REVOKED, "issued_at": LATER}, StepStatus.COMPLETE, None, LATER),
    "expired": ({"status": OrderStatus.EXPIRED, "issued_at": LATER}, StepStatus.COMPLETE, None, LATER),
}


@pytest.mark.parametrize(("head", "status", "actor", "updated"), ISSUANCE.values(), ids=ISSUANCE.keys())
def test_the_issue_tells_where_it_stands(head, status, actor, updated):
    step = steps(**head)["issuance"]
    assert (step.status, step.actor, step.updated_at) == (status, actor, updated)


def test_what_holds_back_is_told_with_the_way_out():
    step = steps(held_back="caa: www.example.com: forbidden")["issuance"]
    assert step.reason == "caa: www.example.com: forbidden"
    assert "domains/check" in step.next_action


@pytest.mark.parametrize(
    ("reason", "ways"),
    [
        (
            "key: This key is blocked.",
            ["Send a CSR for another key (PATCH /v1/orders/{id}), or cancel the order."],
        ),
        ("names: No.", ["Choose other names (PATCH /v1/orders/{id}), or cancel the order."]),
        ("payment: unpaid; key: Blocked.; names: No.", ["another key", "Choose other names"]),
    ],
    ids=["key", "names", "both"],
)
def test_what_no_check_will_ever_pass_is_to_be_changed(reason, ways):
    step = steps(held_back=reason)["issuance"]
    assert all(way in step.next_action for way in ways)
    assert "domains/check" not in step.next_action


def test_a_key_that_was_not_judged_for_want_of_a_list_is_not_to_be_changed():
    step = steps(held_back="caa: no; block_lists: missing; key: not judged without the block lists")[
        "issuance"
    ]
    assert "another key" not in step.next_action


def test_a_reissue_with_a_key_that_nobody_may_certify_is_given_up():
    step = steps(held_back="key: This key is blocked.", kind=OrderKind.REISSUE)["issuance"]
    assert step.next_action == (
        "Cancel the reissue (POST /v1/orders/{id}/reissues/{reissue_id}/cancel), and ask for one with another key "
        "(POST /v1/orders/{id}/reissues)."
    )


BOUND = {"caa_refusal": "pre_1", "held_back": "caa: www.example.com: refused", "updated_at": LATER}


def refused(name, *permitted):
    return CaaRefusal(name, "example.com", frozenset({"3.2.2.4.4"}), permitted or ("3.2.2.4.7",))


def bound_steps(*refusals, names=NAMES, chosen=None, **head):
    order = an_order(a_head(**head), a_content(*names, methods=asked_of(*names) | (chosen or {})))
    proofs = [
        a_proof(a_challenge(name, token=name, authorization_domain=name.removeprefix("www.")))
        for name in names
    ]
    found = standing(order, [], proofs, LATER, CaaRefusals(NOW, {each.name: each for each in refusals}))
    return {step.step: step for step in steps_of(order, found, LATER)}


def test_the_way_out_of_a_refused_method_is_another_one():
    step = bound_steps(refused(NAMES[0]), **BOUND)["issuance"]
    assert step.next_action == (
        "CAA of example.com permits only dns_txt or dns_cname for www.example.com: choose one with PUT "
        "/v1/orders/{id}/domains/www.example.com/method. Or remove what forbids the issue, then ask for a check "
        "(POST /v1/orders/{id}/domains/check)."
    )
    assert bound_steps(refused(NAMES[0]), **BOUND)["domain_verification"].status is StepStatus.COMPLETE


def test_of_many_refused_names_three_are_told():
    names = tuple(f"host-{number}.example.com" for number in range(5))
    action = bound_steps(*map(refused, names), names=names, **BOUND)["issuance"].next_action
    assert [name in action for name in names] == [True] * 3 + [False] * 2
    assert "So it is with 2 more names." in action
    few = bound_steps(*map(refused, names[:3]), names=names, **BOUND)["issuance"].next_action
    assert "more names" not in few


@pytest.mark.parametrize("count", [1, 2])
def test_names_that_are_asked_anew_say_so(count):
    chosen = dict.fromkeys(NAMES[:count], ChosenMethod(method=Method.DNS_TXT))
    refusals = map(refused, NAMES[:count])
    step = bound_steps(*refusals, chosen=chosen, caa_refusal="pre_1")["domain_verification"]
    assert step.status is StepStatus.PENDING
    told = ["www.example.com is", "www.example.com, example.org are"][count - 1]
    assert step.reason == f"{2 - count} of 2 names are proven. CAA refuses what {told} proven by already."


# ---- closed


@pytest.mark.parametrize("reason", CloseReason)
def test_a_closed_order_fails_where_it_stood_and_says_why(reason):
    found = steps(HERE, **closed(reason))
    for name in ("domain_verification", "issuance"):
        expected = Step(name, StepStatus.FAILED, LATER, f"The order was closed: {reason}.")
        assert found[name] == expected


def test_of_a_reissue_it_is_the_reissue_that_was_closed():
    found = steps(HERE, kind=OrderKind.REISSUE, **closed(CloseReason.REQUESTED))
    assert found["issuance"].reason == "The reissue was closed: requested."


def test_what_was_complete_stays_complete_after_closing():
    found = steps(replace(HERE, **VALID), replace(THERE, **VALID), **closed())
    assert found["domain_verification"].status is StepStatus.COMPLETE
    assert found["agreement"].status is StepStatus.COMPLETE
    assert found["organization_verification"].status is StepStatus.NOT_REQUIRED


def test_nobody_is_asked_to_act_on_a_closed_order():
    assert {step.actor for step in steps(HERE, **closed()).values()} == {None}


# ---- one word

ONE_WORD = {
    "all done": (["complete", "not_required"], "complete"),
    "we are at work": (["complete", "pending"], "pending"),
    "somebody must act": (["pending", "in_progress", "complete"], "in_progress"),
    "failed": (["failed", "in_progress", "pending", "complete"], "failed"),
    "nothing required": (["not_required"], "complete"),
}


@pytest.mark.parametrize(("statuses", "word"), ONE_WORD.values(), ids=ONE_WORD.keys())
def test_one_word_for_all_steps(statuses, word):
    assert overall([Step("x", StepStatus(status)) for status in statuses]) == word


@pytest.mark.parametrize(
    ("challenges", "head", "word"),
    [
        ([], {}, "pending"),
        ([HERE, THERE], {}, "in_progress"),
        ([replace(HERE, **VALID), replace(THERE, **VALID)], {"signing": True}, "pending"),
        (
            [replace(HERE, **VALID), replace(THERE, **VALID)],
            {"status": OrderStatus.ISSUED, "issued_at": LATER},
            "complete",
        ),
        ([HERE], closed(), "failed"),
    ],
    ids=["placed", "mailed", "signing", "issued", "cancelled"],
)
def test_the_order_as_a_whole(challenges, head, word):
    assert overall(list(steps(*challenges, **head).values())) == word
