"""What a reseller may set in motion for the domains of a pending order: another look, another mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Protocol

from partner_center.accounts.api_keys import Principal
from partner_center.kernel.clock import WHILE_ASKED, Clock
from partner_center.kernel.errors import NotFound, PartnerCenterError, StateConflict, TooSoon
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.notifications.suppressions import Suppressions, Undelivered
from partner_center.orders.call_guards import (
    CallGuard,
    CallGuards,
    CallSeenBefore,
    guard_of,
    repeated,
)
from partner_center.orders.content import Method
from partner_center.orders.fulfil import HeldBack
from partner_center.orders.idempotency import Call
from partner_center.orders.order import Order, OrderHead, OrderStatus
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.under_way import enrolment_meant, enrolments_meant, with_present_contacts
from partner_center.validation.authenticate import LEAST_LEFT
from partner_center.validation.challenges import (
    MAIL_INTERVAL,
    MOST_CHALLENGES,
    Challenge,
    ChallengeStatus,
    barred,
    mailed_at,
)
from partner_center.validation.due_checks import Checking
from partner_center.validation.ports import ChallengeReader
from partner_center.validation.standing import Standing, read_as_asked

INTERVAL = MAIL_INTERVAL

AFTER_A_BOUNCE = timedelta(hours=1)
"""Between a mail that came back and the next one to its address: bounces count against all that we send, and whoever
bounces too much is not let mail any more (AWS: "Amazon SES sending review process FAQs")."""

EVENTS_ARRIVE = timedelta(minutes=10)
"""So long after a proof its own event is on the way, or a preflight is under way, which a check would have begin
again. Later it may have been set aside."""


class Asking(Protocol):
    """Mails once more, in the function that may. Only ids and names are handed over."""

    def ask_again(self, reseller_id: str, order_id: str, names: list[str]) -> None:
        """Raises TooSoon when another request has just had the same mail sent, TryAgain."""
        ...


class CheckTimes(Protocol):
    """Keeps when somebody last had the domains of an order looked at."""

    def last(self, reseller_id: str, order_id: str, name: str | None) -> datetime | None:
        """When what a check of `name` would look at was last checked; without a name, anything of the order."""
        ...

    def note(
        self,
        reseller_id: str,
        order_ids: Sequence[str],
        name: str | None,
        moment: datetime,
        guard: CallGuard | None = None,
    ) -> None:
        """All of them, and the request's key, in one transaction. Raises CallSeenBefore, TryAgain."""
        ...


@dataclass(frozen=True, slots=True)
class RequestCheck:
    """Look now: at what is published, and, for a whole order, at what else keeps it from going on."""

    orders: OrderReader
    challenges: ChallengeReader
    held_back: HeldBack
    checking: Checking
    times: CheckTimes
    guards: CallGuards
    clock: Clock
    ids: Ids
    patience: Patience

    def __call__(self, principal: Principal, call: Call, order_id: str, name: str | None = None) -> None:
        """The look at what is published is over on return, now or by an earlier request with this Idempotency-Key.

        The key is bound when all is over: a run that died leaves it free, and a repetition looks once more. A check
        of a whole order is one of each of its reissues under way, as far as one may be made.

        Raises NotFound, StateConflict for a closed order or a proven name, TooSoon within 30 seconds of the last
        check, by whatever method the names are proven, IdempotencyKeyReused, TryAgain.
        """
        reseller_id, moment = principal.reseller_id, self.clock.now()
        if repeated(self.guards, reseller_id, call) is not None:
            return
        meant = enrolments_meant(self.orders, reseller_id, order_id, name)
        looked, refusals = self._look(principal, call, meant if name is None else meant[:1], name)
        if not looked:
            if repeated(self.guards, reseller_id, call) is not None:
                return  # meanwhile the first request of this key had them looked at
            raise refusals[0]
        try:
            self.times.note(reseller_id, looked, name, moment, guard_of(call, reseller_id, moment))
        except CallSeenBefore as seen:
            call.same(seen.guard)

    def _look(
        self, principal: Principal, call: Call, meant: Sequence[str], name: str | None
    ) -> tuple[list[str], list[PartnerCenterError]]:
        """What was looked at, and why the others were not."""
        reseller_id, actor = principal.reseller_id, f"key:{principal.key_id}"
        looked, refusals = list[str](), list[PartnerCenterError]()
        for each in meant:
            begin = partial(self._begin, reseller_id, each, actor, call.request_id, name)
            try:
                is_published = while_it_moves(self.patience, begin)
            except (StateConflict, TooSoon) as refusal:
                refusals.append(refusal)
                continue
            if is_published:
                self.checking.check(reseller_id, each, [name] if name is not None else None)
            looked.append(each)
        return looked, refusals

    def _begin(
        self, reseller_id: str, order_id: str, actor: str, correlation_id: str, name: str | None
    ) -> bool:
        """Whether there is anything published to look at; what was held back is released."""
        moment = self.clock.now()
        order = _open_order(self.orders, reseller_id, order_id, name, moment)
        found = read_as_asked(self.challenges, order, moment)
        if name is not None:
            _require_unproven(found, name, order_id)
        head = order.head
        asked = found.open([name] if name is not None else None)
        published = [each for each in asked if each.method != Method.EMAIL]
        checked = [each.checked_at for each in published]
        checked += [self.times.last(reseller_id, order_id, name), head.checked_at if name is None else None]
        _require_pause(max(filter(None, checked), default=None), moment, "The last check")
        if name is None and _may_go_on(head, found, moment):
            self._release(head, Chronicle(self.ids, moment, actor, correlation_id))
        return bool(published)

    def _release(self, head: OrderHead, chronicle: Chronicle) -> None:
        ids = (head.reseller_id, head.order_id)
        event = chronicle.event("order.check_requested", *ids, attempt=head.attempt)
        self.held_back.release(head, event)


@dataclass(frozen=True, slots=True)
class Resend:
    """The mail about one name once more (M28): the same value to the same recipient while it lives, or a new one."""

    orders: OrderReader
    challenges: ChallengeReader
    suppressions: Suppressions
    asking: Asking
    guards: CallGuards
    clock: Clock

    def __call__(self, principal: Principal, call: Call, order_id: str, name: str) -> None:
        """The mail is out on return, now or by an earlier request with this Idempotency-Key.

        The key is bound when it is: a run that died between the two leaves it free, and a repetition mails once more.

        Raises NotFound, StateConflict, TooSoon within 30 seconds of the last try, or an hour of one that came back,
        IdempotencyKeyReused, TryAgain. StateConflict too when it would need another challenge of an order that has
        too many.
        """
        reseller_id, moment = principal.reseller_id, self.clock.now()
        if repeated(self.guards, reseller_id, call) is not None:
            return
        try:
            self._mail(reseller_id, enrolment_meant(self.orders, reseller_id, order_id, name), name, moment)
        except (StateConflict, TooSoon):
            if repeated(self.guards, reseller_id, call) is None:
                raise
            return  # meanwhile the first request of this key had it sent
        guard = guard_of(call, reseller_id, moment)
        if guard is not None:
            try:
                self.guards.bind(guard)
            except CallSeenBefore as seen:
                call.same(seen.guard)

    def _mail(self, reseller_id: str, order_id: str, name: str, moment: datetime) -> None:
        order = _open_order(self.orders, reseller_id, order_id, name, moment)
        if not order.head.is_screened:
            raise StateConflict(
                "not_asked_yet", "Nothing was mailed yet: the order is being screened.", order_id
            )
        found = read_as_asked(self.challenges, order, moment)
        _require_unproven(found, name, order_id)
        asked = found.open([name])
        (wanted,) = (each.wanted for each in found.names if each.name == name)
        if not wanted.may_prove_at(moment + WHILE_ASKED):
            detail = "By the rules of today no mail proves a name any more; choose another method."
            raise StateConflict("method_ended", detail, order_id)
        if wanted.approver_email.lower() in barred(found.challenges):
            detail = "This approver declined and is not asked again; choose another address or method."
            raise StateConflict("approver_declined", detail, order_id)
        last = max(filter(None, map(_tried_at, asked)), default=None)
        self._require_no_bounce(order, wanted.approver_email, last, moment)
        _require_pause(last, moment, "The last mail")
        _require_room(found, asked, order_id, moment)
        self.asking.ask_again(reseller_id, order_id, [name])

    def _require_no_bounce(
        self, order: Order, approver: str, last: datetime | None, moment: datetime
    ) -> None:
        """Who had the last mail: the approver, or the technical contact, who is told what to publish."""
        present = with_present_contacts(self.orders, order)
        address = approver or present.content.contacts.technical.email
        suppression = self.suppressions.suppression(order.head.reseller_id, address)
        if last is None or suppression is None or suppression.at < last:
            return
        if suppression.why is not Undelivered.BOUNCED:
            return  # the mail arrived
        left = AFTER_A_BOUNCE - (moment - last)
        if left > timedelta(0):
            what = f"The last mail to {address} {suppression.why.in_words}"
            detail = f"{what}; ask again an hour after it, or choose another address or method."
            raise TooSoon(detail, ceil(min(left, AFTER_A_BOUNCE).total_seconds()))


def _may_go_on(head: OrderHead, found: Standing, moment: datetime) -> bool:
    """Whether a check may move the order: it was held back, CAA refused a name, another order proved one, or nothing
    was heard of its own last proof.
    """
    if head.signing:
        return False
    if head.held_back or head.caa_refusal:
        return True
    elsewhere = any(proof.order_id != head.order_id for proof in found.proofs.values())
    return found.is_proven and (elsewhere or _is_unheard(head, found, moment))


def _is_unheard(head: OrderHead, found: Standing, moment: datetime) -> bool:
    """Whether the event of the last proof has had time to arrive, and no check was asked for since.

    One is enough: each moves the head, and puts off when the order is looked at by itself.
    """
    late_at = max(proof.completed_at for proof in found.proofs.values()) + EVENTS_ARRIVE
    return moment >= late_at and (head.checked_at is None or head.checked_at < late_at)


def _open_order(
    orders: OrderReader, reseller_id: str, order_id: str, name: str | None, moment: datetime
) -> Order:
    order = load(orders, reseller_id, order_id)
    if order is None:
        raise NotFound("There is no such order.")
    if name is not None and name not in order.content.names:
        raise NotFound("The order has no such name.")
    if order.head.status is not OrderStatus.PENDING:
        raise StateConflict("order_closed", f"The order is {order.head.status_at(moment)}.", order_id)
    return order


def _tried_at(challenge: Challenge) -> datetime | None:
    """When the challenge was last mailed, or its contact last looked for."""
    looked = challenge.attempts[-1].at if challenge.method == Method.EMAIL and challenge.attempts else None
    return max(filter(None, (mailed_at(challenge), looked)), default=None)


def _require_unproven(found: Standing, name: str, order_id: str) -> None:
    if name in found.proofs:
        raise StateConflict("already_valid", f"{name} is proven already.", order_id)


def _require_room(found: Standing, asked: Sequence[Challenge], order_id: str, moment: datetime) -> None:
    """A value that serves may be mailed at any time; another one is a challenge more."""
    serves = any(each.status_at(moment + LEAST_LEFT) is ChallengeStatus.PENDING for each in asked)
    if not serves and len(found.challenges) >= MOST_CHALLENGES:
        detail = "Too much was asked for this order to ask anew; cancel it and place another."
        raise StateConflict("asked_too_often", detail, order_id)


def _require_pause(last: datetime | None, moment: datetime, what: str) -> None:
    since = moment - last if last else INTERVAL
    if since < INTERVAL:
        # Whoever wrote the last may be ahead of this clock: nobody waits longer than the whole pause.
        left = ceil(min(INTERVAL - since, INTERVAL).total_seconds())
        raise TooSoon(f"{what} is less than 30 seconds old; ask again a little later.", left)
