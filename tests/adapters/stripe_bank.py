"""The adapter over localstripe and what stands before it, with a hand on what a gateway may do wrong."""

import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from local.payments import LocalStripe
from local.payments.payments import AUTHORISATION_HOLDS
from partner_center.adapters.stripe_gateway import StripeGateway
from partner_center.adapters.stripe_http import Limits, StripeHttp
from partner_center.billing.payments import Card
from tests.fakes.determined import NOW

VISA = "4242424242424242"
EXPIRY = {"exp_month": "12", "exp_year": "2030", "cvc": "123"}


class StripeBank:
    """Time is moved by hand; an answer that is lost is not asked for again by the adapter itself."""

    def __init__(self) -> None:
        self.moment = time.time()
        self.told: list[tuple[str, Any]] = []
        self.stripe = LocalStripe(lambda: self.moment, lambda *told: self.told.append(told))
        self.http = StripeHttp(self.stripe.url, lambda _: "sk_test_local", Limits(tries=1))
        self.gateway = StripeGateway(self.http)
        self._numbers = count(1)

    def close(self) -> None:
        self.stripe.close()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.moment, UTC)

    def card(self, decline_code: str | None = None, number: str = VISA) -> Card:
        card_id = f"card_{next(self._numbers)}"
        customer = self.post("/v1/customers", {"name": "Northwind"}, card_id)["id"]
        setup = self.post("/v1/setup_intents", {"customer": customer}, f"setup-{card_id}")["id"]
        form = {f"payment_method_data[card][{name}]": value for name, value in EXPIRY.items()}
        form |= {"payment_method_data[type]": "card", "payment_method_data[card][number]": number}
        token = self.post(f"/v1/setup_intents/{setup}/confirm", form, f"confirm-{card_id}")["payment_method"]
        if decline_code is not None:
            fault = {"call": "authorise", "kind": "decline", "times": None, "code": decline_code}
            self.stripe.faults.set(fault | {"payment_method": token})
        return self._card(card_id, number[-4:], token, customer)

    def unknown_card(self) -> Card:
        return self._card("card_unknown", "4242", "pm_unknown", "cus_unknown")

    def lose_answer(self, call: str, effect: bool) -> None:
        self.stripe.faults.set({"call": call, "kind": "lose_after" if effect else "lose_before"})

    def be_out(self, out: bool) -> None:
        if out:
            self.stripe.faults.set({"call": "*", "kind": "fail_before", "times": None})
        else:
            self.stripe.faults.clear()

    def run_out(self, intent_id: str) -> None:
        self.moment += AUTHORISATION_HOLDS

    def fail_next_refund(self, code: str) -> None:
        self.stripe.faults.set({"call": "refund", "kind": "refund_fails", "code": code})

    def post(self, path: str, fields: dict[str, str], key: str) -> Any:
        answered = self.http.post(path, fields, key)
        assert answered.status == 200, answered.body
        return answered.body

    def _card(self, card_id: str, last4: str, token: str, customer: str) -> Card:
        until = NOW + timedelta(days=365)
        return Card(card_id, "res_1", "visa", last4, 12, 2030, token, customer, NOW, until)
