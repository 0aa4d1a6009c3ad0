"""Stripe as a payment gateway: PaymentIntents captured by hand, their holder absent, and refunds.

An intent is created and confirmed in two requests, so that its id is stored before any money is asked for. What
Stripe's answers mean is decided here alone (Stripe: "PaymentIntent lifecycle", "Place a hold on a payment
method", "Declines").
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from partner_center.adapters.stripe_http import Answered, Fields, StripeHttp
from partner_center.adapters.stripe_money import from_minor_units, minor_units
from partner_center.billing.payments import (
    Card,
    Intent,
    IntentStatus,
    PaymentPurpose,
    PaymentRefused,
    Refund,
    RefundStatus,
)
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.money import Money

SHORTEST_AUTHORISATION = timedelta(days=4)
"""How long an authorisation holds when Stripe does not say: Visa gives payments without their holder 4 days and 18
hours, every other network more (Stripe: "Place a hold on a payment method")."""

AUTHENTICATION_REQUIRED = "authentication_required"
_WITH_CHARGE: Fields = {"expand[]": "latest_charge"}
_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_WORD = re.compile(r"[a-z0-9_]{1,64}")

_STATUS = {
    "requires_confirmation": IntentStatus.UNCONFIRMED,
    "requires_payment_method": IntentStatus.UNCONFIRMED,
    "requires_capture": IntentStatus.AUTHORISED,
    "succeeded": IntentStatus.CAPTURED,
    "canceled": IntentStatus.CANCELLED,
}
_REFUND = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}


class StripeGateway:
    """`PaymentGateway` of the billing context."""

    def __init__(self, http: StripeHttp, statement: str = "CERTIFICATE") -> None:
        """`statement` stands on the card's statement behind the account's own prefix: 22 letters together."""
        self._http, self._statement = http, statement

    def prepare(self, purpose: PaymentPurpose, amount: Money, card: Card) -> str:
        fields = {
            "amount": str(minor_units(amount)),
            "currency": amount.currency.lower(),
            "customer": card.customer,
            "payment_method": card.token,
            "payment_method_types[]": "card",
            "capture_method": "manual",
            "description": f"Order {purpose.order_id}",
            "statement_descriptor_suffix": self._statement,
            **_metadata(purpose),
        }
        step = f"prepare-{_digest(fields)}"  # with one key, Stripe refuses to be asked for something else
        answered = self._http.post("/v1/payment_intents", fields, _key(purpose, step))
        if answered.status != 200:
            raise refused(answered)
        return _id_of(answered.body)

    def authorise(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        fields = {"off_session": "true", **_WITH_CHARGE}
        answered = self._change(intent_id, "confirm", fields, _key(purpose, "authorise"))
        if answered.status == 402 and not answered.replayed:
            return self._declined(intent_id, answered)
        return self._now(intent_id, answered, set(IntentStatus) - {IntentStatus.UNCONFIRMED})

    def capture(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        answered = self._change(intent_id, "capture", _WITH_CHARGE, _key(purpose, "capture"), anew=True)
        return self._now(intent_id, answered, {IntentStatus.CAPTURED, IntentStatus.CANCELLED})

    def cancel(self, intent_id: str, purpose: PaymentPurpose) -> Intent:
        answered = self._change(intent_id, "cancel", _WITH_CHARGE, _key(purpose, "cancel"), anew=True)
        return self._now(intent_id, answered, {IntentStatus.CANCELLED, IntentStatus.CAPTURED})

    def refund(self, intent_id: str, purpose: PaymentPurpose, refund_attempt: int) -> Refund:
        attempt = str(refund_attempt)
        fields = {"payment_intent": intent_id, **_metadata(purpose), "metadata[refund_attempt]": attempt}
        answered = self._http.post("/v1/refunds", fields, _key(purpose, f"refund-{attempt}"), anew=True)
        if answered.status == 200:
            made = _refund(answered.body)
            return self.refund_of(made.refund_id) if answered.replayed else made
        known = self._known_refund(intent_id, attempt)
        if known is None:
            raise refused(answered)
        return known

    def intent(self, intent_id: str) -> Intent:
        answered = self._http.get(f"/v1/payment_intents/{segment(intent_id)}", _WITH_CHARGE)
        if answered.status != 200:
            raise refused(answered)
        return _intent(answered.body)

    def refund_of(self, refund_id: str) -> Refund:
        answered = self._http.get(f"/v1/refunds/{segment(refund_id)}")
        if answered.status != 200:
            raise refused(answered)
        return _refund(answered.body)

    def purpose_of(self, intent_id: str) -> tuple[str, str] | None:
        """Reseller and order that an intent was made for; None for one that is none of ours."""
        answered = self._http.get(f"/v1/payment_intents/{segment(intent_id)}")
        if answered.status != 200:
            return None
        return named_in(answered.body)

    def _change(self, intent_id: str, verb: str, fields: Fields, key: str, *, anew: bool = False) -> Answered:
        return self._http.post(f"/v1/payment_intents/{segment(intent_id)}/{verb}", fields, key, anew=anew)

    def _now(self, intent_id: str, answered: Answered, wanted: set[IntentStatus]) -> Intent:
        """The intent after a change. A refused or repeated one is read again, and believed if it is as `wanted`."""
        if answered.status == 200 and not answered.replayed:
            return _intent(answered.body)
        found = self.intent(intent_id)
        if answered.status != 200 and found.status not in wanted:
            raise refused(answered)
        return found

    def _declined(self, intent_id: str, answered: Answered) -> Intent:
        """The error carries the intent as the decline left it; without one it is read."""
        told = answered.error.get("payment_intent")
        found = _intent(told) if isinstance(told, Mapping) else self.intent(intent_id)
        if found.status is not IntentStatus.DECLINED:
            raise TryAgain("The gateway declined a payment that does not say so; ask again.", 5)
        return found

    def _known_refund(self, intent_id: str, attempt: str) -> Refund | None:
        """The refund that this very attempt made, when Stripe has forgotten its key: they are kept for a day."""
        answered = self._http.get("/v1/refunds", {"payment_intent": intent_id, "limit": "100"})
        rows = answered.body.get("data") if answered.status == 200 else None
        for row in rows if isinstance(rows, list) else []:
            metadata = row.get("metadata") if isinstance(row, Mapping) else None
            if isinstance(metadata, Mapping) and metadata.get("refund_attempt") == attempt:
                return _refund(row)
        return None


def refused(answered: Answered) -> PaymentRefused:
    """Repeating is useless. Stripe's code is told, and none of its words: they may repeat what we sent."""
    error = answered.error
    code = word(error.get("code")) or word(error.get("type")) or f"status_{answered.status}"
    parameter = word(error.get("param"))
    about = f" ({parameter})" if parameter else ""
    return PaymentRefused(code, f"The payment gateway refused the request: {code}{about}.")


def segment(identifier: str) -> str:
    """An id of Stripe's as a part of a path. Raises PaymentRefused for what cannot be one."""
    if not _ID.fullmatch(identifier):
        raise PaymentRefused("resource_missing", "The payment gateway gives no such ids.")
    return quote(identifier, safe="")


def word(value: object) -> str | None:
    """A code of the gateway's, if it looks like one."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def named_in(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Reseller and order in the metadata of an object of Stripe's."""
    metadata = body.get("metadata")
    if not isinstance(metadata, Mapping):
        return None
    reseller_id, order_id = metadata.get("reseller_id"), metadata.get("order_id")
    return (reseller_id, order_id) if isinstance(reseller_id, str) and isinstance(order_id, str) else None


def _key(purpose: PaymentPurpose, step: str) -> str:
    return f"{purpose.reseller_id}-{purpose.order_id}-{purpose.payment_attempt}-{step}"


def _digest(fields: Fields) -> str:
    return sha256(urlencode(fields).encode()).hexdigest()[:16]


def _metadata(purpose: PaymentPurpose) -> Fields:
    return {
        "metadata[reseller_id]": purpose.reseller_id,
        "metadata[order_id]": purpose.order_id,
        "metadata[payment_attempt]": str(purpose.payment_attempt),
    }


def _id_of(body: Mapping[str, Any]) -> str:
    found = body.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise _nonsense()
    return found


def _intent(body: Mapping[str, Any]) -> Intent:
    """Raises TryAgain for an intent that is still being processed, and for one that makes no sense."""
    try:
        status, decline_code = _status(body)
        charge = body.get("latest_charge")
        charge = charge if isinstance(charge, Mapping) else {}
        currency = body["currency"]
        return Intent(
            intent_id=_id_of(body),
            status=status,
            amount=from_minor_units(body["amount"], currency),
            captured=from_minor_units(body.get("amount_received") or 0, currency),
            refunded=from_minor_units(charge.get("amount_refunded") or 0, currency),
            decline_code=decline_code,
            capture_before=_capture_before(charge) if status is IntentStatus.AUTHORISED else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _nonsense() from error


def _status(body: Mapping[str, Any]) -> tuple[IntentStatus, str | None]:
    told = body["status"]
    if told == "processing":
        raise TryAgain("The payment is being processed; ask again.", 5)
    if told == "requires_action":  # the holder would have to act, and is not here
        return IntentStatus.DECLINED, AUTHENTICATION_REQUIRED
    error = body.get("last_payment_error")
    if told == "requires_payment_method" and isinstance(error, Mapping):
        return IntentStatus.DECLINED, _decline_code(error)
    return _STATUS[told], None


def _decline_code(error: Mapping[str, Any]) -> str:
    """The issuer's reason where there is one: `code` alone is nearly always card_declined."""
    return word(error.get("decline_code")) or word(error.get("code")) or "card_declined"


def _capture_before(charge: Mapping[str, Any]) -> datetime:
    details = charge.get("payment_method_details") or {}
    told = (details.get("card") or {}).get("capture_before")
    if told is not None:
        return datetime.fromtimestamp(int(told), UTC)
    return datetime.fromtimestamp(int(charge["created"]), UTC) + SHORTEST_AUTHORISATION


def _refund(body: Mapping[str, Any]) -> Refund:
    try:
        status = _REFUND[body["status"]]
        failure = word(body.get("failure_reason")) or word(body["status"])
        return Refund(
            refund_id=_id_of(body),
            status=status,
            amount=from_minor_units(body["amount"], body["currency"]),
            failure_code=failure if status is RefundStatus.FAILED else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _nonsense() from error


def _nonsense() -> TryAgain:
    return TryAgain("The payment gateway answered what nobody can read; the effect is unknown.", 5)
