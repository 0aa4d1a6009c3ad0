"""Paying by card: what a charge is, and what is asked of a payment gateway.

A card is asked for the money right before signing and gives it after the certificate is stored (M58): first
authorised, then captured. One order has at most one charge that took money; each new card, or a card tried again,
is another payment attempt with its own authorisation, so that a decline is not repeated for ever and no lost answer
charges twice. Card numbers never come here: the gateway's form takes them and answers a token.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.money import Money


class PaymentStatus(StrEnum):
    """Where the money of an order is. `none`: nothing is owed, or a card has not been asked yet."""

    NONE = "none"
    HELD = "held"
    """Units of a bulk contract, set aside."""
    AUTHORISED = "authorised"
    DECLINED = "declined"
    CAPTURED = "captured"
    """Paid: units used, or money taken."""
    RELEASED = "released"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"


@dataclass(frozen=True, slots=True)
class Card:
    """A card on file: what may be shown of it, and the gateway's tokens for it.

    `token` is the gateway's payment method, `customer` its customer. The card may be used until before
    `usable_until`: the end of its last month, or a year after it was given, whichever is first (M63).
    """

    card_id: str
    reseller_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    token: str
    customer: str
    added_at: datetime
    usable_until: datetime


class ChargeStatus(StrEnum):
    """How far one payment attempt is; the gateway's word decides, this is what was recorded of it."""

    PREPARED = "prepared"
    """The gateway knows the intent; no money has been asked for."""
    AUTHORISED = "authorised"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"
    """The authorisation was given back, or ran out."""
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Charge:
    """One payment attempt of one order, from the first word to the gateway on.

    `intent_id` is the gateway's, stored before any money is asked for. `capture_before`: when an authorisation runs
    out. `decline_code` is the gateway's reason; `failed_refunds` counts what it could not give back. `version` counts
    its changes.
    """

    reseller_id: str
    order_id: str
    payment_attempt: int
    card_id: str
    amount: Money
    status: ChargeStatus
    intent_id: str
    created_at: datetime
    updated_at: datetime
    authorised_at: datetime | None = None
    capture_before: datetime | None = None
    captured_at: datetime | None = None
    decline_code: str | None = None
    refund_id: str | None = None
    refunded_at: datetime | None = None
    failed_refunds: int = 0
    version: int = 1


class IntentStatus(StrEnum):
    """Where the gateway says that a payment is."""

    UNCONFIRMED = "unconfirmed"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    CAPTURED = "captured"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment as the gateway sees it now. `decline_code` is set for DECLINED, `capture_before` for AUTHORISED.

    `amount` is what was asked for, `captured` and `refunded` what was taken and given back.
    """

    intent_id: str
    status: IntentStatus
    amount: Money
    captured: Money
    refunded: Money
    decline_code: str | None = None
    capture_before: datetime | None = None


class RefundStatus(StrEnum):
    """Where the gateway says that a refund is."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as the gateway sees it now; `failure_code` is set for FAILED."""

    refund_id: str
    status: RefundStatus
    amount: Money
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentPurpose:
    """What a payment is for; with `payment_attempt` it makes the idempotency key of every request to the gateway."""

    reseller_id: str
    order_id: str
    payment_attempt: int


class PaymentRefused(PartnerCenterError):
    """The gateway refuses the request itself, so repeating it is useless: an unknown card, a wrong amount or state.

    `reason` is the gateway's own code.
    """

    code = "payment_refused"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class PaymentGateway(Protocol):
    """Moves money. Each call may be repeated: it takes effect once.

    Every method raises TryAgain when the gateway does not answer, answers nonsense or throttles: then the effect is
    unknown and the same call asks again; and PaymentRefused when repeating is useless. A decline is a value.
    """

    def prepare(self, purpose: PaymentPurpose, amount: Money, card: Card) -> str:
        """The id of a payment that has asked for no money yet; the same one for the same purpose, amount and card.

        A run may die before the payment is on record, and the next one want another amount: that is another payment,
        and the one before is never asked for.
        """
        ...

    def authorise(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        """Asks the card for the money, its holder being absent: AUTHORISED, DECLINED, or as it was already."""
        ...

    def capture(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        """Takes all of what was authorised: CAPTURED; CANCELLED when the authorisation had run out."""
        ...

    def cancel(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        """Gives an authorisation back, or ends a payment that was never confirmed: CANCELLED; CAPTURED stays so."""
        ...

    def refund(self, intent_id: str, purpose: PaymentPurpose, refund_attempt: int) -> Refund:
        """Gives all of a captured payment back; a failed refund is tried again under a new `refund_attempt`."""
        ...

    def intent(self, intent_id: str) -> Intent:
        """The payment as it is now."""
        ...

    def refund_of(self, refund_id: str) -> Refund:
        """The refund as it is now."""
        ...


class Cards(Protocol):
    """Cards on file, of one reseller each."""

    def card(self, reseller_id: str, card_id: str) -> Card | None: ...
