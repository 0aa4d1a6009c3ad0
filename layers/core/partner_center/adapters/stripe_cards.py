"""Stripe's forms for cards: customers, SetupIntents for later payments without the holder, and their end."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from partner_center.adapters.stripe_gateway import refused, segment, word
from partner_center.adapters.stripe_http import Answered, StripeHttp
from partner_center.billing.cards import CardFacts, CardSetup
from partner_center.billing.payments import Card
from partner_center.kernel.errors import TryAgain

_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_LAST4 = re.compile(r"[0-9]{4}")


class StripeCards:
    """`CardForms` of the billing context."""

    def __init__(self, http: StripeHttp) -> None:
        self._http = http

    def new_customer(self, reseller_id: str, name: str) -> str:
        fields = {"name": name[:200], "metadata[reseller_id]": reseller_id}
        digest = sha256(name.encode()).hexdigest()[:16]  # a reseller that was renamed is asked for anew
        answered = self._http.post("/v1/customers", fields, f"customer-{reseller_id}-{digest}")
        return _text(_done(answered), "id")

    def begin(self, link_id: str, reseller_id: str, customer: str) -> str:
        fields = {
            "customer": customer,
            "usage": "off_session",
            "payment_method_types[]": "card",
            "metadata[link_id]": link_id,
            "metadata[reseller_id]": reseller_id,
        }
        return _text(_done(self._http.post("/v1/setup_intents", fields, f"setup-{link_id}")), "id")

    def setup(self, setup_id: str) -> CardSetup:
        path = f"/v1/setup_intents/{segment(setup_id)}"
        body = _done(self._http.get(path, {"expand[]": "payment_method"}))
        metadata = body.get("metadata")
        return CardSetup(
            setup_id=_text(body, "id"),
            customer=_text(body, "customer"),
            link_id=str(metadata.get("link_id")) if isinstance(metadata, Mapping) else "",
            client_secret=_text(body, "client_secret"),
            card=_card(body.get("payment_method")) if body.get("status") == "succeeded" else None,
        )

    def forget(self, card: Card) -> None:
        path = f"/v1/payment_methods/{segment(card.token)}/detach"
        answered = self._http.post(path, {}, f"detach-{card.card_id}")
        if answered.status not in {200, 400, 404}:  # 400 and 404: it is attached to nobody, or gone
            raise refused(answered)


def _done(answered: Answered) -> Mapping[str, Any]:
    if answered.status != 200:
        raise refused(answered)
    return answered.body


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise _nonsense()
    return found


def _card(method: object) -> CardFacts:
    """Raises TryAgain for what is no card."""
    try:
        card = method["card"]  # type: ignore[index]
        last4, month, year = str(card["last4"]), int(card["exp_month"]), int(card["exp_year"])
        if not _LAST4.fullmatch(last4) or not (1 <= month <= 12 and 2000 <= year <= 2200):
            raise ValueError("no card")
        return CardFacts(_text(method, "id"), word(card["brand"]) or "card", last4, month, year)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        raise _nonsense() from error


def _nonsense() -> TryAgain:
    return TryAgain("The payment gateway answered what nobody can read.", 5)
