"""The authentication status of an order (M3, M5): derived from what happened, never stored beside it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from partner_center.kernel.clock import a_business_day_after
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.orders.content import Method
from partner_center.orders.order import CloseReason, Order, OrderHead, OrderStatus, Review
from partner_center.orders.payment_step import payment_step
from partner_center.orders.steps import Actor, Step, StepStatus
from partner_center.orders.ways_out import or_other_names, to_cancel, with_another_key, without_the_names
from partner_center.validation.challenges import Challenge, ChallengeStatus, mailed_at
from partner_center.validation.standing import NameStanding, Standing, answerable_until

_DOMAIN = "/v1/orders/{{id}}/domains/{{name}}"
_STUCK = {
    ChallengeStatus.DECLINED: (
        "The approver declined {names}: talk to the domain's owner, then choose another address or method "
        f"(PUT {_DOMAIN}/method){{or_other_names}}, or {{to_cancel}}."
    ),
    ChallengeStatus.FAILED: (
        "The address chosen for {names} cannot be asked; the domain's attempts say why. Mend that, then ask for the "
        f"mail (POST {_DOMAIN}/resend), or choose another address or method "
        f"(PUT {_DOMAIN}/method)."
    ),
    ChallengeStatus.EXPIRED: (
        f"What was asked for {{names}} has expired: ask anew (POST {_DOMAIN}/resend), or choose another address or "
        f"method (PUT {_DOMAIN}/method), or {{to_cancel}}."
    ),
}
"""What a reseller can do about a domain that waits for nobody else; the first that applies is told."""
_RETURNED = (
    "The mail to {address} could not be delivered, so nobody is asked about {names}: choose another address or "
    f"method (PUT {_DOMAIN}/method){{or_other_names}}, or see that the mailbox takes mail and ask again "
    f"(POST {_DOMAIN}/resend)."
)
_UNWANTED = (
    "{address} reported a mail of ours as unwanted and gets no other, so nobody is asked about {names}: choose "
    f"another address or method (PUT {_DOMAIN}/method){{or_other_names}}."
)
_ENDED = (
    "By the rules of today no mail proves {names}: choose another method "
    f"(PUT {_DOMAIN}/method), or {{to_cancel}}."
)
_STUCK_HERE = "Trouble on our side keeps the order from getting on."
_STAFF_ACT = "Staff were told, and it is tried again by itself; nothing is needed from you."


def steps_of(
    order: Order, found: Standing, moment: datetime, suppressed: Mapping[str, Suppression] | None = None
) -> tuple[Step, ...]:
    """All steps; `found` is how the order's names stand, `suppressed` are addresses, in lower case, that take no
    mail.
    """
    head, content = order.head, order.content
    steps = (
        Step("agreement", StepStatus.COMPLETE, content.agreement.accepted_at),
        _domain_verification(order, found, moment, suppressed or {}),
        Step("organization_verification", StepStatus.NOT_REQUIRED),
        Step("verification_call", StepStatus.NOT_REQUIRED),
        _quality_review(order),
        payment_step(head),
        _issuance(order, found),
    )
    if head.closed is None:
        return steps
    return tuple(_failed(each, order) for each in steps)


def overall(steps: Sequence[Step]) -> StepStatus:
    """One word for all steps: what fails or needs somebody outweighs what is under way."""
    found = {step.status for step in steps}
    for status in (StepStatus.FAILED, StepStatus.IN_PROGRESS, StepStatus.PENDING):
        if status in found:
            return status
    return StepStatus.COMPLETE


def _failed(step: Step, order: Order) -> Step:
    closed = order.head.closed
    at_rest = {StepStatus.COMPLETE, StepStatus.NOT_REQUIRED}
    if closed is None or step.status in at_rest or step.step == "payment":
        return step  # money may still be on its way after the order's end
    what = "reissue" if order.head.is_reissue else "order"
    reason = f"The {what} was closed: {closed.reason}."
    if step.step == "quality_review" and closed.reason is CloseReason.REVIEW:
        reason = f"A reviewer rejected the {what}; ask support for the grounds."
    return Step(step.step, StepStatus.FAILED, closed.at, reason)


def _quality_review(order: Order) -> Step:
    head, step = order.head, "quality_review"
    match head.review:
        case Review.DUE:
            return Step(
                step, StepStatus.PENDING, head.revised_at, "The order is being screened.", None, Actor.SYSTEM
            )
        case Review.CLEAR:
            return Step(step, StepStatus.NOT_REQUIRED, head.review_since)
        case Review.RELEASED:
            return Step(step, StepStatus.COMPLETE, head.review_since, "A reviewer released the order.")
    due = a_business_day_after(head.review_since) if head.review_since else None
    action = "A reviewer looks at the order before anything else is done; nothing is needed from you."
    return Step(step, StepStatus.IN_PROGRESS, head.review_since, head.review_reason, action, Actor.STAFF, due)


def _domain_verification(
    order: Order, found: Standing, moment: datetime, suppressed: Mapping[str, Suppression]
) -> Step:
    name = "domain_verification"
    proven, total = found.proofs, len(order.content.names)
    current = _live(found.names)
    times = [
        *(each.decided_at for each in current if each.decided_at),
        *(each.sent_at for each in current if each.sent_at),
        *(each.completed_at for each in proven.values()),
    ]
    updated = max(times, default=order.head.placed_at)
    if found.is_proven:
        return Step(name, StepStatus.COMPLETE, updated, f"{total} of {total} names are proven.")
    reason = f"{len(proven)} of {total} names are proven."
    anew = [each.name for each in found.names if each.is_asked_anew]
    if anew:
        reason += f" CAA refuses what {_some(anew)} {'is' if len(anew) == 1 else 'are'} proven by already."
    if not order.head.is_screened:
        return Step(
            name, StepStatus.PENDING, updated, reason, "Validation follows the screening.", Actor.SYSTEM
        )
    void = [each.name for each in found.names if each.proof is None and not each.wanted.may_prove_at(moment)]
    if void:
        action = _told(_ENDED, void, order.head)
        return Step(name, StepStatus.IN_PROGRESS, updated, reason, action, Actor.RESELLER)
    for status, told in _STUCK.items():
        stuck = [each.name for each in found.names if each.status_at(moment) is status]
        if stuck:
            action = _told(told, stuck, order.head)
            return Step(name, StepStatus.IN_PROGRESS, updated, reason, action, Actor.RESELLER)
    waiting = [
        each
        for each in current
        if each.status_at(moment) is ChallengeStatus.PENDING and (each.sent_at or each.method != Method.EMAIL)
    ]
    if not waiting:
        return Step(name, StepStatus.PENDING, updated, reason, "What to do is being mailed.", Actor.SYSTEM)
    due = min(answerable_until(each, order) for each in waiting)
    returned = [each for each in waiting if _came_back(each, suppressed)]
    action, actor = _mended(returned, suppressed, order.head) if returned else _asked_of(waiting)
    return Step(name, StepStatus.IN_PROGRESS, updated, reason, action, actor, due)


def _came_back(challenge: Challenge, suppressed: Mapping[str, Suppression]) -> bool:
    """Whether the last mail of its link reached nobody."""
    suppression, mailed = suppressed.get(challenge.approver_email.lower()), mailed_at(challenge)
    if suppression is None or mailed is None:
        return False
    if suppression.why is Undelivered.COMPLAINED:
        return mailed > suppression.at  # the one that was complained of arrived; SES sends no other
    return suppression.at >= mailed


def _mended(
    returned: Sequence[Challenge], suppressed: Mapping[str, Suppression], head: OrderHead
) -> tuple[str, Actor]:
    """What is to be done about links that reached nobody."""
    address = returned[0].approver_email
    told = _RETURNED if suppressed[address.lower()].why is Undelivered.BOUNCED else _UNWANTED
    return _told(told, _names(returned), head, address=address), Actor.RESELLER


def _told(what: str, names: Sequence[str], head: OrderHead, **more: str) -> str:
    ways = {"or_other_names": or_other_names(head), "to_cancel": to_cancel(head)}
    return what.format(names=_some(names), **ways, **more)


def _asked_of(waiting: Sequence[Challenge]) -> tuple[str, Actor]:
    """What is to be done for all of `waiting`; whoever must publish goes before whoever must only answer."""
    mailed = [each for each in waiting if each.method == Method.EMAIL]
    published = [each for each in waiting if each.method != Method.EMAIL]
    actions = []
    if published:
        actions.append(
            f"Publish what GET /v1/orders/{{id}}/domains says for {_some(_names(published))}; it is looked for "
            "by itself, or at once after POST /v1/orders/{id}/domains/check."
        )
    if mailed:
        addresses = ", ".join(sorted({each.approver_email for each in mailed}))
        actions.append(f"Approve {_some(_names(mailed))} through the link in the mail to {addresses}.")
    return " ".join(actions), Actor.RESELLER if published else Actor.APPROVER


def _live(names: Sequence[NameStanding]) -> list[Challenge]:
    """What is asked for the unproven names, each challenge once."""
    asked = (each.challenge for each in names if each.proof is None and each.challenge is not None)
    return list({each.challenge_id: each for each in asked}.values())


def _names(challenges: Sequence[Challenge]) -> list[str]:
    return [name for each in challenges for name in each.names]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _issuance(order: Order, found: Standing) -> Step:
    head = order.head
    if head.status in {OrderStatus.ISSUED, OrderStatus.REVOKED, OrderStatus.EXPIRED}:
        return Step("issuance", StepStatus.COMPLETE, head.issued_at)
    if head.is_stuck and head.restarts is not None:
        return Step(
            "issuance", StepStatus.IN_PROGRESS, head.restarts.at, _STUCK_HERE, _STAFF_ACT, Actor.STAFF
        )
    if head.held_back is not None:
        return Step(
            "issuance",
            StepStatus.IN_PROGRESS,
            head.updated_at,
            head.held_back,
            _ASKED_AGAIN if head.unanswered else _remedy(head, found),
            Actor.RESELLER,
        )
    if head.signing:
        return Step("issuance", StepStatus.PENDING, head.updated_at, "The certificate is being signed.")
    if found.is_proven and head.is_screened and _is_paid_or_to_be_asked(head):
        return Step(
            "issuance", StepStatus.PENDING, head.placed_at, "All names are proven.", _GOES_ON, Actor.SYSTEM
        )
    return Step("issuance", StepStatus.PENDING, head.placed_at, "The certificate follows the last proof.")


def _is_paid_or_to_be_asked(head: OrderHead) -> bool:
    """Whether nobody has to do anything about the order's money before the certificate."""
    return payment_step(head).status is not StepStatus.IN_PROGRESS


_GOES_ON = (
    "The order goes on by itself within a day, or at once after a check (POST /v1/orders/{id}/domains/check); "
    "nothing is needed from you."
)


_ASKED_AGAIN = (
    "Nothing forbids the issue: it is looked at again by itself, later and later. If name servers did not answer, "
    "see that they do; if it is a list of ours, nothing is needed from you. A check may be asked for at any time "
    "(POST /v1/orders/{id}/domains/check)."
)


_FAILED = re.compile(r"(?:^|; )([a-z_]+): ")
"""The checks that failed, by what a preflight writes of them."""
_FOR_EVER: Mapping[str, Callable[[OrderHead], str]] = {"key": with_another_key, "names": without_the_names}
"""What to do where no check will ever pass again."""


def _remedy(head: OrderHead, found: Standing) -> str:
    """What lets a held-back order go on; names that another method would save are told first, but for what nothing
    but another content saves.
    """
    failed = dict.fromkeys(_FAILED.findall(head.held_back or ""))
    if "block_lists" in failed:
        failed.pop("key", None)  # it was not judged
    lasting = [_FOR_EVER[check](head) for check in failed if check in _FOR_EVER]
    advice = [each.advice for each in found.names if each.advice is not None]
    more = f" So it is with {len(advice) - 3} more names." if len(advice) > 3 else ""
    if lasting:
        return " ".join([*lasting, *advice[:3]]) + more
    check = "emove what forbids the issue, then ask for a check (POST /v1/orders/{id}/domains/check)."
    return " ".join(advice[:3]) + f"{more} Or r{check}" if advice else f"R{check}"
