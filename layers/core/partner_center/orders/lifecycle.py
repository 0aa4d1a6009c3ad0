"""What may be done with an issued order, and why not: reissue, renewal, replacement (M42-M53).

A term is counted in days of 86,400 s of UTC (BR 6.3.2), so neither a leap day nor a change of the clocks moves any of
these moments. `term_to` is the term's last second: the term is over one second later. A span of 30 days from a moment
includes its first instant and excludes its last.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partner_center.kernel.errors import StateConflict
from partner_center.orders.order import OrderHead, OrderStatus

FIRST_DAYS = timedelta(days=30)
"""In the first days of an order's term reissues are counted (M42) and a replacement is free (M47)."""

EARLY_REISSUES = 20
MOST_AT_ONCE = 5
"""Reissues of one order that need no proof may be under way together: a certificate for each of a few servers."""

RENEWAL_OPENS = timedelta(days=90)
RENEWAL_CLOSES = timedelta(days=30)
LONGEST_DELAY_HOURS = 120
"""Five days: how long a certificate whose data is known to be wrong may live (BR 4.9.1.1)."""

A_SECOND = timedelta(seconds=1)
_WITHOUT_A_CERTIFICATE = {OrderStatus.CANCELLED, OrderStatus.REJECTED}
_OVER = {*_WITHOUT_A_CERTIFICATE, OrderStatus.REVOKED}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be done: the stable code, and a sentence that says what to do instead."""

    code: str
    detail: str

    def conflict(self, order_id: str) -> StateConflict:
        return StateConflict(self.code, self.detail, order_id)


def in_the_first_days(head: OrderHead, moment: datetime) -> bool:
    """Whether fewer than 30 days have gone by since the order's first certificate."""
    return head.issued_at is not None and moment < head.issued_at + FIRST_DAYS


def reissue_refusal(head: OrderHead, moment: datetime, *, needs_proof: bool = True) -> Refusal | None:
    """Why the order may not be reissued now; None when it may. It costs nothing, however often (M44).

    A reissue that needs no proof passes one that waits for some, and others that are being issued.
    """
    refusal = _not_running(head, moment, "reissued")
    if refusal is not None:
        return refusal
    if head.open_reissue is not None and needs_proof:
        return Refusal(
            "reissue_pending",
            f"The reissue {head.open_reissue} of this order waits for its names to be proven: finish or cancel it "
            "first.",
        )
    if len(head.passing_reissues) >= MOST_AT_ONCE:
        return Refusal(
            "reissue_pending",
            f"{MOST_AT_ONCE} reissues of this order are under way: wait until one is done, or cancel one of "
            f"{', '.join(head.passing_reissues)}.",
        )
    if in_the_first_days(head, moment) and head.early_reissues >= EARLY_REISSUES:
        free_from = head.issued_at + FIRST_DAYS if head.issued_at else moment
        return Refusal(
            "reissue_limit",
            f"The order was reissued {EARLY_REISSUES} times in its first 30 days. From {free_from:%Y-%m-%d %H:%M} "
            "UTC on there is no limit.",
        )
    return None


def renewal_window(head: OrderHead) -> tuple[datetime, datetime] | None:
    """From when, and until before when, the order may be renewed; None while it has no term."""
    if head.term_to is None:
        return None
    over = head.term_to + A_SECOND
    return over - RENEWAL_OPENS, over + RENEWAL_CLOSES


@dataclass(frozen=True, slots=True)
class Successors:
    """What lives of the orders that were placed after an order: after the one that renews it, and the one that
    replaces it. None where nothing does.
    """

    renewal: OrderHead | None = None
    replacement: OrderHead | None = None


NO_SUCCESSORS = Successors()


def renewal_refusal(
    head: OrderHead, renewal: OrderHead | None, moment: datetime, replacement: OrderHead | None = None
) -> Refusal | None:
    """Why the order may not be renewed now; `renewal` is the order that renews it already, in whatever state.

    What is left of its term goes over to one order only, so one with a living `replacement` is not renewed.
    """
    if head.status is OrderStatus.PENDING:
        return _without_certificate(head, "renewed")
    window = renewal_window(head)
    if head.status is not OrderStatus.ISSUED or window is None:
        return Refusal("order_closed", f"The order is {head.status}; place another.")
    if renewal is not None and renewal.status not in _OVER:
        return Refusal(
            "already_renewed", f"The order is renewed already, by {renewal.order_id}: go on with that one."
        )
    if replacement is not None and replacement.status not in _OVER:
        return _replaced(replacement)
    opens, closes = window
    if not opens <= moment < closes:
        when = f"from {opens:%Y-%m-%d %H:%M} until before {closes:%Y-%m-%d %H:%M} UTC"
        what_else = "Reissue it meanwhile." if moment < opens else "Place another order."
        return Refusal("renewal_window", f"The order may be renewed {when}. {what_else}")
    return None


def renewed_term_to(issued_at: datetime, term_days: int, previous: OrderHead | None) -> datetime:
    """The last second of a term that begins with the issue; what is left of the `previous` order's term is added.

    A renewal that comes late begins when it is issued: the days without a certificate are not paid for. Of an order
    that was revoked nothing is left.
    """
    begins = issued_at
    if previous is not None and previous.status is OrderStatus.ISSUED and previous.term_to is not None:
        begins = max(issued_at, previous.term_to + A_SECOND)
    return begins + timedelta(days=term_days) - A_SECOND


def replacement_refusal(
    head: OrderHead, replacement: OrderHead | None, moment: datetime, renewal: OrderHead | None = None
) -> Refusal | None:
    """Why the order may not be replaced now; `replacement` is the order that replaces it already.

    It may be replaced again once that one is revoked, and is not replaced while a `renewal` lives.
    """
    refusal = _not_running(head, moment, "replaced")
    if refusal is not None:
        return refusal
    if replacement is not None and replacement.status not in _OVER:
        return _replaced(replacement)
    if renewal is not None and renewal.status not in _OVER:
        detail = f"The order is renewed already, by {renewal.order_id}: replace that one, or reissue this."
        return Refusal("already_renewed", detail)
    return None


def _replaced(replacement: OrderHead) -> Refusal:
    detail = f"The order is replaced already, by {replacement.order_id}: go on with that one, or cancel it."
    return Refusal("already_replaced", detail)


def replacement_is_free(head: OrderHead, moment: datetime) -> bool:
    """Whether a replacement that is placed now costs nothing: within 30 days of the start of the term (M47)."""
    began_at = head.term_began_at
    return began_at is not None and moment < began_at + FIRST_DAYS


def term_to_of(head: OrderHead, previous: OrderHead | None, issued_at: datetime) -> datetime:
    """The last second of the order's term when it is issued at `issued_at`; `previous`: what it renews or replaces.

    A replacement that costs nothing has the end of its original's term since it was placed. One that is paid for is
    paid for a whole term, so, as with a renewal, the days that were paid for before are added: none is paid twice.
    """
    return head.term_to or renewed_term_to(issued_at, head.term_days, previous)


def is_paid_by_itself(head: OrderHead) -> bool:
    """Whether neither the price nor a day of the order before is in it.

    The days that were left of that one were added if it ran when this was issued.
    """
    if not head.has_its_own_price:
        return False
    if head.issued_at is None or head.term_to is None:
        return True
    return head.term_to <= renewed_term_to(head.issued_at, head.term_days, None)


def followed(head: OrderHead, moment: datetime, **by: str | None) -> OrderHead:
    """The head that names its successor in `renewed_by` or `replaced_by` from now on, or none."""
    return replace(head, updated_at=moment, version=head.version + 1, **by)  # type: ignore[arg-type]


def freed(before: OrderHead, closed: OrderHead) -> OrderHead | None:
    """The head of the order before, once its successor ended without a certificate; None when it names another."""
    if before.renewed_by == closed.order_id:
        return followed(before, closed.updated_at, renewed_by=None)
    if before.replaced_by == closed.order_id:
        return followed(before, closed.updated_at, replaced_by=None)
    return None


def delay_refusal(hours: int) -> Refusal | None:
    """Why a certificate may not be revoked so many hours after the one that takes its place was issued."""
    if 0 <= hours <= LONGEST_DELAY_HOURS:
        return None
    return Refusal("delay_out_of_range", f"Choose 0 to {LONGEST_DELAY_HOURS} hours.")


def revoked_at(issued_at: datetime, hours: int, *, key_compromised: bool) -> datetime:
    """When the former certificate is revoked, once its successor was issued. Raises ValueError for a bad delay.

    A compromised key has no delay, whatever was chosen (BR 4.9.1.1).
    """
    if (refusal := delay_refusal(hours)) is not None:
        raise ValueError(refusal.detail)
    return issued_at if key_compromised else issued_at + timedelta(hours=hours)


def _not_running(head: OrderHead, moment: datetime, what: str) -> Refusal | None:
    """What is demanded of an order that gets, or gives way to, another certificate inside its term."""
    status = head.status_at(moment)
    if status is OrderStatus.PENDING:
        return _without_certificate(head, what)
    if status is not OrderStatus.ISSUED:
        return Refusal("order_closed", f"The order is {status}; it cannot be {what} any more.")
    return None


def _without_certificate(head: OrderHead, what: str) -> Refusal:
    if head.signing:
        return Refusal("issuing", "The certificate is being signed; ask again.")
    return Refusal(
        "not_issued", f"The order has no certificate yet; it cannot be {what}. Amend or cancel it."
    )
