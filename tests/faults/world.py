"""Those who deal with the Partner Center in a journey, and repeat what was not answered, as real clients do.

A refusal is an answer. No connection, 429 and 5xx are none: the same request is sent again, with the same
Idempotency-Key.
"""

import json
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from local.cloud import EmbeddedCloud
from tests.functions.cardholder import FORM, CardHolder
from tests.functions.journeys import (
    Reply,
    Reseller,
    approval_links,
    call,
    csr_for,
    order_body,
    publish,
    staff_key,
)

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
TRIES = 20
PAUSES = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY)
"""How long a client waits for something before it looks again, and then gives up."""


class NotReached(Exception):
    """The journey cannot go on: what it waits for does not come, or was refused."""


@dataclass
class World:
    """One run of a journey in a cloud that many share: its reseller, and what was answered to it.

    `tag` is in every name of this run, and is its customer, so that no other run's proofs serve it. `pause` is called
    whenever time has passed, and at rest.
    """

    cloud: EmbeddedCloud
    tag: str
    reseller: Reseller
    pause: Callable[[], None] = lambda: None
    answered: dict[str, str] = field(default_factory=dict)
    """The common name of each order that was answered with 201, by its id."""
    reissued: dict[str, str] = field(default_factory=dict)
    """The order of each reissue that was answered with 201, by its id."""
    contracts: list[str] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)
    """Contracts on a card that orders of this run were placed on; other runs' orders stand on them as well."""
    repeated: int = 0
    longest_pause: float = MINUTE
    """Before a client that was not answered sends its request again."""
    _asked: int = 0

    def __post_init__(self) -> None:
        self.called: dict[str, float] = {}
        self.undisturbed = False
        self.began = self.cloud.clock.now()
        self.mails_before = len(self.cloud.mails())
        self.signed_before = len(self.cloud.signatures())

    # ---- time

    def advance(self, seconds: float) -> None:
        """What a fault keeps back for a minute or a day comes on the way, and not at the end of months."""
        for soon in (2 * MINUTE, DAY) if seconds > 2 * DAY else ():
            self._goes_on(soon)
            seconds -= soon
        self._goes_on(seconds)

    def _goes_on(self, seconds: float) -> None:
        self.cloud.advance(seconds)
        self.pause()

    def rest(self, at_most: float = 6 * HOUR) -> None:
        """Until nothing is on its way: what failed is repeated when its time has come."""
        end = self.cloud.clock.now() + at_most
        while True:
            if not self.cloud.settle(soon=0.0):
                raise NotReached("the cloud comes to no rest")
            self.pause()
            due = self.cloud.unfinished()
            if due is None or due > end:
                return
            self.advance(max(0.0, due - self.cloud.clock.now()) + 0.01)

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """What `holds` says when it holds at last. Raises NotReached."""
        self.rest()
        if found := holds():
            return found
        for seconds in PAUSES:
            self.advance(seconds)
            self.rest()
            if found := holds():
                return found
        raise NotReached(what)

    # ---- requests

    def patiently(self, send: Callable[[], Reply], *good: int) -> Reply:
        """The first answer. Raises NotReached when it is another than was hoped for, or none."""
        for tries in range(TRIES):
            try:
                reply = send()
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                reply = None
            if reply is not None and reply.status < 500 and reply.status != 429:
                if reply.status not in good:
                    raise NotReached(f"{reply.status}: {reply.text[:300]}")
                return reply
            self.repeated += 1
            told = float(reply.headers.get("retry-after", 0)) if reply else 0.0
            self.advance(max(told, min(2.0**tries, self.longest_pause)))
        raise NotReached("nobody answers")

    def ask(self, method: str, path: str, body: Any = None, *good: int, **headers: str) -> Reply:
        """A request of the reseller; a POST has an Idempotency-Key of its own."""
        if method == "POST":
            headers["Idempotency_Key"] = self._new_key()
        return self.patiently(
            lambda: self.reseller.call(method, path, body, **headers), *(good or (200, 201, 202))
        )

    def staff(self, role: str, method: str, path: str, body: Any = None, *good: int) -> Reply:
        """A request of a member of staff."""
        headers = {
            "Authorization": f"Bearer {staff_key(self.cloud, role)}",
            "Content-Type": "application/json",
        }
        if method in ("POST", "PUT"):
            headers["Idempotency-Key"] = self._new_key()
        data = None if body is None else json.dumps(body).encode()
        return self.patiently(
            lambda: call(method, f"{self.cloud.url}{path}", data, headers), *(good or (200, 201, 202))
        )

    def queued(self, role: str, queue: str, about: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
        """The first task of a staff queue that is about this."""
        cursor = ""
        while True:
            page = self.staff(role, "GET", f"/v1/staff/queues/{queue}?limit=200{cursor}").json
            for item in page["items"]:
                if about(item):
                    return dict(item)
            if page["next_cursor"] is None:
                return None
            cursor = f"&cursor={page['next_cursor']}"

    def _new_key(self) -> str:
        self._asked += 1
        return f"{self.tag}-{self._asked}"

    def calls_compromised(self, order_id: str) -> None:
        """The reseller revokes the order because of its keys; from the answer on none of them may be certified."""
        self.ask("POST", f"/v1/orders/{order_id}/revoke", {"reason": "keyCompromise"}, 200)
        for each in self.order(order_id)["certificates"]:
            self.called.setdefault(each["spki_sha256"], self.cloud.clock.now())

    # ---- what most journeys begin with

    def name(self, label: str = "www") -> str:
        return f"{label}.{self.tag}.example.com"

    def contract(self, units: int = 10) -> str:
        """A bulk contract for this run alone, so that its units can be counted."""
        if not self.contracts:
            self.contracts.append(self.reseller.new_contract(units))
        return self.contracts[0]

    def card_contract(self) -> str:
        """The contract on the reseller's card; a card is given first if none is on file."""
        reply = self.ask("GET", "/v1/payment-method", None, 200, 404)
        if reply.status == 404:
            self.give_card()
            reply = self.ask("GET", "/v1/payment-method")
        self.cards.append(str(reply.json["contract_id"]))
        return self.cards[-1]

    def give_card(self) -> None:
        """A link to the card form, and a card typed into it.

        Then twenty minutes pass: of a card that was given to a clock ten minutes ahead, one that is ten behind says
        until then that its contract has not begun.
        """
        holder = CardHolder(self.cloud, self.ask("POST", "/v1/payment-method").json["url"])
        setup_id = holder.fills_in(page=self.patiently(holder.look, 200).text)
        self.patiently(lambda: holder.sends(setup_id), 200, 410)
        self.advance(20 * MINUTE)

    def place(self, *also: str, name: str = "", **more: Any) -> str:
        """The id of a new order; `also` are further names."""
        name = name or self.name()
        more.setdefault("contract_id", None if self.contracts or self.cards else self.contract())
        if more["contract_id"] is None:
            more["contract_id"] = (self.contracts or self.cards)[-1]
        more.setdefault("customer_id", self.tag)
        body = order_body(name, csr=more.pop("csr", None) or csr_for(name, label=self.tag), **more)
        if also:
            body["additional_domains"] = list(also)
        order_id = str(self.ask("POST", "/v1/orders", body, 201).json["order_id"])
        self.answered[order_id] = name
        return order_id

    def amend(self, order_id: str, patch: Any) -> None:
        self.ask("PATCH", f"/v1/orders/{order_id}", patch, 200, Content_Type="application/merge-patch+json")

    def reissue(self, order_id: str, **body: Any) -> str:
        """The id of a new reissue."""
        reply = self.ask("POST", f"/v1/orders/{order_id}/reissues", body, 201)
        self.reissued[str(reply.json["reissue_id"])] = order_id
        return str(reply.json["reissue_id"])

    def reissue_is(self, order_id: str, reissue_id: str, status: str) -> dict[str, Any]:
        """The reissue, once it has this status."""

        def has_become() -> dict[str, Any] | None:
            found = self.ask("GET", f"/v1/orders/{order_id}/reissues/{reissue_id}").json
            return dict(found) if found["status"] == status else None

        return dict(self.until(f"{reissue_id} is {status}", has_become))

    def succeed(self, order_id: str, how: str, **body: Any) -> str:
        """The id of a renewal or replacement (`how`: renewals, replacements) of the same name."""
        sent = {"agreement": order_body()["agreement"]} | body
        reply = self.ask("POST", f"/v1/orders/{order_id}/{how}", sent, 201)
        self.answered[str(reply.json["order_id"])] = str(reply.json["common_name"])
        return str(reply.json["order_id"])

    def order(self, order_id: str) -> dict[str, Any]:
        return dict(self.ask("GET", f"/v1/orders/{order_id}").json)

    def domains(self, order_id: str) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"/v1/orders/{order_id}/domains").json["items"])

    def becomes(self, order_id: str, status: str) -> dict[str, Any]:
        """The order, once it has this status."""

        def has_become() -> dict[str, Any] | None:
            order = self.order(order_id)
            return order if order["status"] == status else None

        return dict(self.until(f"{order_id} is {status}", has_become))

    def is_held_back(self, order_id: str) -> bool:
        """Whether the reseller must mend something and ask for a check."""
        steps = self.order(order_id)["authentication"]["steps"]
        return any(each["step"] == "issuance" and each["actor"] == "reseller" for each in steps)

    def pays(self, order_id: str, status: str) -> dict[str, Any]:
        """The order, once its payment has this status."""

        def has_become() -> dict[str, Any] | None:
            order = self.order(order_id)
            return order if order["payment"]["status"] == status else None

        return dict(self.until(f"the payment of {order_id} is {status}", has_become))

    def link(self, order_id: str, least: int = 1) -> str:
        """The newest of at least so many links that approvers of the order were mailed."""

        def mailed() -> str | None:
            links = list(dict.fromkeys(approval_links(self.cloud, order_id)))
            return links[-1] if len(links) >= least else None

        return str(self.until(f"{least} links of {order_id}", mailed))

    def answers(self, link: str, decision: str = "approve") -> None:
        """An approver looks and presses a button; whoever pressed it and saw no answer presses it again.

        A name may be proven by then, as by what was proven for another order of the same customer.
        """
        if self.patiently(lambda: call("GET", link), 200, 410).status == 410:
            return
        form = urlencode({"decision": decision}).encode()
        self.patiently(lambda: call("POST", link, form, FORM), 200, 410)

    def approved(self, order_id: str) -> dict[str, Any]:
        """The order, issued after its newest link was approved."""
        self.answers(self.link(order_id))
        return self.becomes(order_id, "issued")

    def bought_by_card(self) -> str:
        """The id of an order that is issued and paid."""
        self.card_contract()
        order_id = self.place()
        self.approved(order_id)
        self.pays(order_id, "captured")
        return order_id

    def asks_for_a_check(self, order_id: str) -> None:
        """Whoever saw no answer asks again, and may be told that the order is issued by now."""
        reply = self.ask("POST", f"/v1/orders/{order_id}/domains/check", None, 200, 409)
        if reply.status == 409 and reply.json["code"] != "order_closed":
            raise NotReached(reply.text)

    def publishes(self, order_id: str) -> None:
        """The customer publishes whatever the order asks for."""

        def asked() -> list[dict[str, Any]]:
            items = self.domains(order_id)
            return items if all(item.get("publish") for item in items) else []

        for item in self.until(f"{order_id} says what to publish", asked):
            publish(self.cloud, item)
