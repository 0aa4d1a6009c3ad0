"""Somebody with a card at the card form, as their browser does it; and the form's script, in words."""

import html
import json
import re
from dataclasses import dataclass
from typing import Any

from local.cloud import EmbeddedCloud
from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database
from tests.functions.journeys import Reply, Reseller, call

VISA = "4242424242424242"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class CardHolder:
    """Opens one link; `setup_id` is the id of the gateway's form behind it."""

    cloud: EmbeddedCloud
    link: str

    def look(self) -> Reply:
        return call("GET", self.link)

    def fills_in(
        self, number: str = VISA, exp_year: int = 2030, exp_month: int = 12, page: str | None = None
    ) -> str:
        """What the gateway's script does when the button is pressed; the id that the page posts then.

        `page` is the form where it was opened before.
        """
        page = self.look().text if page is None else page
        secret = _data(page, "secret")
        setup_id = secret.partition("_secret_")[0]
        card = {"number": number, "exp_month": exp_month, "exp_year": exp_year, "cvc": "123"}
        asked = {
            "key": _data(page, "key"),
            "use_stripe_sdk": True,
            "client_secret": secret,
            "payment_method_data": {"type": "card", "card": card},
        }
        url = f"{self.cloud.payments.url}/v1/setup_intents/{setup_id}/confirm"
        call("POST", url, json.dumps(asked).encode(), {"Content-Type": "text/plain"})
        return setup_id

    def sends(self, setup_id: str) -> Reply:
        return call("POST", self.link, f"setup_intent={setup_id}".encode(), FORM)

    def gives(self, number: str = VISA, **expiry: int) -> Reply:
        return self.sends(self.fills_in(number, **expiry))


def _data(page: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def a_link(reseller: Reseller, **headers: str) -> CardHolder:
    """A new link to the form."""
    made: Any = reseller.call("POST", "/v1/payment-method", **headers)
    assert made.status == 201, made.text
    return CardHolder(reseller.cloud, made.json["url"])


def card_of(cloud: EmbeddedCloud, reseller: Reseller) -> dict[str, Any]:
    contract_id = on_file(reseller).json["contract_id"]
    (contract,) = rows(cloud, keys.contract(reseller.reseller_id, contract_id).pk, "HEAD")
    (card,) = rows(cloud, keys.card(reseller.reseller_id, contract["card_id"]).pk)
    return card


def rows(cloud: EmbeddedCloud, pk: str, prefix: str = "") -> list[dict[str, Any]]:
    return Database(cloud.client("dynamodb")).all_of(cloud.output("BusinessTable"), pk, prefix)


def on_file(reseller: Reseller) -> Reply:
    return reseller.call("GET", "/v1/payment-method")


def charged(cloud: EmbeddedCloud, reseller: Reseller, order_id: str) -> str:
    """A payment for an order with the reseller's card."""
    if on_file(reseller).status == 404:
        assert a_link(reseller).gives().status == 200
    card = card_of(cloud, reseller)
    headers = {"Authorization": "Bearer sk_test_local", "Content-Type": "application/x-www-form-urlencoded"}
    form = (
        f"amount=14900&currency=usd&customer={card['customer']}&payment_method={card['token']}&capture_method=manual"
        f"&metadata[reseller_id]={reseller.reseller_id}&metadata[order_id]={order_id}"
    )
    intent_id = call("POST", f"{cloud.payments.url}/v1/payment_intents", form.encode(), headers).json["id"]
    for verb in ("confirm", "capture"):
        url = f"{cloud.payments.url}/v1/payment_intents/{intent_id}/{verb}"
        assert call("POST", url, b"", headers).status == 200
    return str(intent_id)
