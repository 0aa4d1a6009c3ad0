"""What localstripe keeps of intents, refunds and cards, and what Stripe would say of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.http_api import Request, Response
from local.payments.faults import Faults, Kind
from local.payments.process import LocalstripeProcess
from local.payments.wire import Refused, as_json, fields_of, formed, read, refusal

AUTHORISATION_HOLDS = 7 * 86_400.0
"""Seconds; what most card networks grant."""

UNKNOWN_TO_LOCALSTRIPE = {"description", "statement_descriptor_suffix"}
AUTHENTICATED_AT_SETUP = "3155"
"""The test card 4000 0025 0000 3155 asks its holder once, when it is set up."""

_CANCELLABLE = {"requires_payment_method", "requires_capture", "requires_confirmation", "requires_action"}
_ENOUGH_FOR = {
    "authorise": {"requires_confirmation"},
    "capture": {"requires_capture"},
    "cancel": _CANCELLABLE,
}
_TOLD = {
    "requires_capture": "payment_intent.amount_capturable_updated",
    "succeeded": "payment_intent.succeeded",
    "canceled": "payment_intent.canceled",
    "requires_payment_method": "payment_intent.payment_failed",
}

Notify = Callable[[str, Mapping[str, Any]], None]


@dataclass
class _Payment:
    """An intent beside localstripe's own: times, a decline that localstripe knows nothing of, its refunds."""

    made_at: float
    more: dict[str, str]
    charged_at: float | None = None
    error: dict[str, Any] | None = None
    refunds: list[str] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)


class Payments:
    """Called by one thread at a time, but for `journal`."""

    def __init__(
        self, process: LocalstripeProcess, faults: Faults, now: Callable[[], float], notify: Notify
    ) -> None:
        self._ask, self._faults, self._now, self._notify = process.ask, faults, now, notify
        self._payments: dict[str, _Payment] = {}
        self._refunds: dict[str, dict[str, Any]] = {}

    def journal(self) -> dict[str, Any]:
        intents = [payment.shown for payment in list(self._payments.values())]
        return {"intents": intents, "refunds": list(self._refunds.values())}

    def serve(self, request: Request, call: str) -> Response:
        """Raises Refused, LocalstripeGone."""
        parts = request.target.partition("?")[0].strip("/").split("/")
        serve: dict[str, Callable[[], Response]] = {
            "prepare": lambda: self._prepare(request),
            "authorise": lambda: self._authorise(request, parts[2]),
            "capture": lambda: self._settle(request, parts[2], call),
            "cancel": lambda: self._settle(request, parts[2], call),
            "intent": lambda: as_json(_narrowed(self._intent(request, parts[2]), request)),
            "refund": lambda: self._refund(request),
            "refund_of": lambda: as_json(self._refund_shown(parts[2])),
            "other": lambda: self._other(request, parts),
        }
        return serve[call]()

    def _other(self, request: Request, parts: list[str]) -> Response:
        if request.method == "GET" and parts == ["v1", "refunds"]:
            return self._refunds_of(fields_of(request).get("payment_intent", ""))
        response = self._ask(request)
        if request.method == "POST" and parts[1:2] == ["setup_intents"] and response.status == 200:
            self._attach(read(response))
        return response

    def end_refund(self, refund_id: str, status: str, reason: str | None) -> None:
        """A refund that was under way arrives or fails, or one that had arrived comes back. Raises LookupError."""
        refund = self._refunds[refund_id]
        refund["status"] = status
        refund["failure_reason"] = reason
        self._look_again(refund["payment_intent"])
        self._notify("refund.failed" if status == "failed" else "refund.updated", refund)

    def dispute(self, intent_id: str) -> None:
        """The card's holder disputes the charge. Raises LookupError."""
        shown = self._payments[intent_id].shown
        charge = shown.get("latest_charge")
        if charge is None:
            raise LookupError(intent_id)
        dispute = {
            "id": f"du_{intent_id.removeprefix('pi_')}",
            "object": "dispute",
            "amount": shown["amount"],
            "currency": shown["currency"],
            "charge": charge["id"],
            "payment_intent": intent_id,
            "reason": "fraudulent",
            "status": "needs_response",
            "metadata": {},
        }
        self._notify("charge.dispute.created", dispute)

    # ---- intents

    def _prepare(self, request: Request) -> Response:
        fields = fields_of(request)
        more = {name: fields.pop(name) for name in UNKNOWN_TO_LOCALSTRIPE if name in fields}
        self._require_attached(request, fields.get("payment_method", ""), fields.get("customer", ""))
        response = self._ask(formed(request, fields))
        if response.status != 200:
            return _named_refusal(response)
        body = read(response)
        payment = self._payments[body["id"]] = _Payment(self._now(), more)
        return as_json(_narrowed(self._show(payment, body), request))

    def _authorise(self, request: Request, intent_id: str) -> Response:
        shown = self._require(request, intent_id, "authorise")
        payment, method = self._payments[intent_id], shown["payment_method"]
        self._require_attached(request, method, shown["customer"])
        absent = fields_of(request).get("off_session") == "true"
        declined = self._faults.meet("authorise", Kind.DECLINE, payment_method=method)
        if declined is not None:
            return self._decline(request, payment, declined.code or "generic_decline")
        payment.charged_at = self._now()
        fields = {name: value for name, value in fields_of(request).items() if name.startswith("expand")}
        response = self._ask(formed(request, fields))
        body = self._ask_intent(request, intent_id)
        if body["status"] == "requires_action" and absent:
            if self._last4(request, method) != AUTHENTICATED_AT_SETUP:
                return self._decline(request, payment, "authentication_required")
            body = self._authenticate(request, body)
        if response.status == 402:
            return self._decline(request, payment, "generic_decline")
        return self._changed(request, payment, body)

    def _settle(self, request: Request, intent_id: str, call: str) -> Response:
        self._require(request, intent_id, call)
        payment = self._payments[intent_id]
        fields = {name: value for name, value in fields_of(request).items() if name.startswith("expand")}
        response = self._ask(formed(request, fields))
        if response.status != 200:
            return _named_refusal(response)
        if call == "cancel":
            payment.error = None
        return self._changed(request, payment, self._ask_intent(request, intent_id))

    def _changed(self, request: Request, payment: _Payment, body: dict[str, Any]) -> Response:
        shown = self._show(payment, body)
        if shown["status"] in _TOLD:
            self._notify(_TOLD[shown["status"]], shown)
        return as_json(_narrowed(shown, request))

    def _decline(self, request: Request, payment: _Payment, reason: str) -> Response:
        needs_holder = reason == "authentication_required"
        code = reason if needs_holder else "card_declined"
        payment.error = {
            "type": "card_error",
            "code": code,
            "decline_code": reason,
            "message": "Your card was declined.",
        }
        shown = self._show(payment, self._ask_intent(request, payment.shown["id"]))
        self._notify(_TOLD["requires_payment_method"], shown)
        return as_json({"error": payment.error | {"payment_intent": _narrowed(shown, request)}}, 402)

    def _require(self, request: Request, intent_id: str, call: str) -> dict[str, Any]:
        shown = self._intent(request, intent_id)
        if shown["status"] not in _ENOUGH_FOR[call]:
            raise Refused(
                refusal(
                    400,
                    "invalid_request_error",
                    f"This PaymentIntent is {shown['status']}.",
                    code="payment_intent_unexpected_state",
                    payment_intent=_narrowed(shown, request),
                )
            )
        return shown

    def _intent(self, request: Request, intent_id: str) -> dict[str, Any]:
        """The intent as it is now; an authorisation that ran out is cancelled, as Stripe does by itself."""
        if intent_id not in self._payments:
            raise Refused(_unknown("payment_intent"))
        payment = self._payments[intent_id]
        shown = self._show(payment, self._ask_intent(request, intent_id))
        over = payment.charged_at is not None and self._now() >= payment.charged_at + AUTHORISATION_HOLDS
        if shown["status"] == "requires_capture" and over:
            target = f"/v1/payment_intents/{intent_id}/cancel"
            self._ask(Request("POST", target, request.headers))
            shown = self._show(payment, self._ask_intent(request, intent_id))
            self._notify(_TOLD["canceled"], shown)
        return shown

    def _ask_intent(self, request: Request, intent_id: str) -> dict[str, Any]:
        return read(self._ask(Request("GET", f"/v1/payment_intents/{intent_id}", request.headers)))

    def _authenticate(self, request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        target = f"/v1/payment_intents/{body['id']}/_authenticate"
        fields = {"client_secret": body["client_secret"], "success": "true"}
        asked = Request("POST", target, request.headers)
        return read(self._ask(formed(asked, fields)))

    def _show(self, payment: _Payment, body: dict[str, Any]) -> dict[str, Any]:
        """The intent as Stripe shows it; kept for the journal."""
        status = body["status"]
        if payment.error is not None and status != "canceled":
            status = "requires_payment_method"
        charge = body.get("latest_charge")
        shown = {
            name: value for name, value in body.items() if name not in {"charges", "invoice", "next_action"}
        }
        shown |= payment.more | {
            "status": status,
            "created": int(payment.made_at),
            "last_payment_error": payment.error,
            "amount_capturable": body["amount"] if status == "requires_capture" else 0,
            "amount_received": body["amount"] if status == "succeeded" else 0,
            "latest_charge": self._charge(payment, charge) if charge else None,
        }
        payment.shown = shown
        return shown

    def _charge(self, payment: _Payment, charge: Mapping[str, Any]) -> dict[str, Any]:
        charged_at = payment.charged_at or payment.made_at
        refunded = sum(
            self._refunds[each]["amount"]
            for each in payment.refunds
            if self._refunds[each]["status"] != "failed"
        )
        details = {"capture_before": int(charged_at + AUTHORISATION_HOLDS)}
        return {name: value for name, value in charge.items() if name != "refunds"} | {
            "created": int(charged_at),
            "amount_refunded": refunded,
            "refunded": refunded >= charge["amount"],
            "payment_method_details": {"type": "card", "card": details},
        }

    def _look_again(self, intent_id: str) -> None:
        payment = self._payments[intent_id]
        charge = payment.shown["latest_charge"]
        payment.shown["latest_charge"] = self._charge(payment, charge)

    # ---- refunds

    def _refund(self, request: Request) -> Response:
        fields = fields_of(request)
        intent_id = fields.get("payment_intent", "")
        shown = self._intent(request, intent_id)
        if shown["status"] != "succeeded":
            raise Refused(_bad("charge_not_captured", "Nothing was taken."))
        if shown["latest_charge"]["refunded"]:
            raise Refused(_bad("charge_already_refunded", "It was given back before."))
        failing = self._faults.meet("refund", Kind.REFUND_FAILS)
        slow = None if failing else self._faults.meet("refund", Kind.REFUND_PENDING)
        response = self._ask(request)
        if response.status != 200:
            return _named_refusal(response)
        refund = read(response) | {"created": int(self._now()), "failure_reason": None}
        if failing:
            refund |= {"status": "failed", "failure_reason": failing.code or "expired_or_canceled_card"}
        elif slow:
            refund["status"] = "pending"
        self._refunds[refund["id"]] = refund
        self._payments[intent_id].refunds.append(refund["id"])
        self._look_again(intent_id)
        self._notify(
            "charge.refunded",
            self._payments[intent_id].shown["latest_charge"] | {"metadata": shown["metadata"]},
        )
        return as_json(refund)

    def _refund_shown(self, refund_id: str) -> Mapping[str, Any]:
        if refund_id not in self._refunds:
            raise Refused(_unknown("id"))
        return self._refunds[refund_id]

    def _refunds_of(self, intent_id: str) -> Response:
        if intent_id not in self._payments:
            raise Refused(_unknown("payment_intent"))
        newest_first = [self._refunds[each] for each in reversed(self._payments[intent_id].refunds)]
        return as_json({"object": "list", "data": newest_first, "has_more": False})

    # ---- cards

    def _attach(self, setup: Mapping[str, Any]) -> None:
        """A card that was set up belongs to its customer from then on."""
        method = setup.get("payment_method")
        if setup.get("status") != "succeeded" or not isinstance(method, str) or not setup.get("customer"):
            return
        target = f"/v1/payment_methods/{method}/attach"
        headers = [("Authorization", "Bearer sk_test_local")]  # the browser's request brings none
        self._ask(formed(Request("POST", target, headers), {"customer": setup["customer"]}))

    def _require_attached(self, request: Request, method: str, customer: str) -> None:
        response = self._ask(Request("GET", f"/v1/payment_methods/{method}", request.headers))
        if response.status != 200 or read(response).get("customer") != customer:
            raise Refused(_unknown("payment_method"))

    def _last4(self, request: Request, method: str) -> str:
        response = self._ask(Request("GET", f"/v1/payment_methods/{method}", request.headers))
        return str(read(response)["card"]["last4"])


def _narrowed(shown: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """The charge by its id, unless the whole of it was asked for."""
    charge = shown["latest_charge"]
    if charge is None or fields_of(request).get("expand[]") == "latest_charge":
        return dict(shown)
    return {**shown, "latest_charge": charge["id"]}


def _named_refusal(response: Response) -> Response:
    """localstripe's own refusal of a request; it has no code."""
    error = read(response).get("error", {})
    missing = response.status == 404
    code = error.get("code") or ("resource_missing" if missing else "parameter_invalid")
    return refusal(response.status, "invalid_request_error", str(error.get("message")), code=code)


def _unknown(parameter: str) -> Response:
    return refusal(
        404, "invalid_request_error", "There is no such thing.", code="resource_missing", param=parameter
    )


def _bad(code: str, message: str) -> Response:
    return refusal(400, "invalid_request_error", message, code=code)
