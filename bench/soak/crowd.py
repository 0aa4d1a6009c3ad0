"""What the orders of a soak do: each a generator that acts, and waits at `yield` while time passes.

So hundreds go on together on one clock. A client who is not answered asks again at once, with the same
Idempotency-Key.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.error import URLError

from tests.faults.world import NotReached, World
from tests.functions.journeys import approval_links, csr_for

Steps = Iterator[None]
ROUNDS = 14
"""How often a client looks for one thing before it goes on without; the clock moves further each time."""


@dataclass
class Client(World):
    """Who orders once. It never moves the clock, which all share."""

    def advance(self, seconds: float) -> None:
        """Others wait as well; who may ask again later asks now."""

    def rest(self, at_most: float = 0.0) -> None:
        """Whoever moves the clock waits for rest: here it would be waited for for ever."""

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """One look; `waiting` is what waits. Raises NotReached."""
        if found := holds():
            return found
        raise NotReached(what)

    def mailed(self, order_id: str, least: int = 1) -> str | None:
        """The newest link, if so many were mailed."""
        links = list(dict.fromkeys(approval_links(self.cloud, order_id)))
        return links[-1] if len(links) >= least else None

    def looks(self, order_id: str) -> bool:
        """Whether a look was answered; one that comes too soon after another is asked for later."""
        try:
            return self.reseller.call("POST", f"/v1/orders/{order_id}/domains/check").status in {200, 409}
        except (URLError, ConnectionError, TimeoutError):
            return False

    def is_(self, order_id: str, status: str) -> bool:
        return bool(self.order(order_id)["status"] == status)


def waiting(holds: Callable[[], Any]) -> Iterator[None]:
    """Yields until it holds, or long enough."""
    for _ in range(ROUNDS):
        if holds():
            return
        yield


def email(client: Client) -> Steps:
    order_id = client.place()
    yield
    yield from waiting(lambda: client.mailed(order_id))
    if link := client.mailed(order_id):
        client.answers(link)
    yield from waiting(lambda: client.is_(order_id, "issued"))


def dns(client: Client) -> Steps:
    yield from _published(client, "dns_txt")


def file(client: Client) -> Steps:
    yield from _published(client, "http_file")


def _published(client: Client, method: str) -> Steps:
    order_id = client.place(domain_control={"method": method})
    yield
    yield from waiting(lambda: all(item.get("publish") for item in client.domains(order_id)))
    client.publishes(order_id)  # not to be done if nothing was asked: its client gives up
    yield from waiting(lambda: client.looks(order_id))
    yield from waiting(lambda: client.is_(order_id, "issued"))


def card(client: Client) -> Steps:
    client.card_contract()
    yield from email(client)


def cancel(client: Client) -> Steps:
    order_id = client.place()
    yield
    client.ask("POST", f"/v1/orders/{order_id}/cancel", {}, 200, 409)
    yield


def amend(client: Client) -> Steps:
    order_id = client.place()
    yield from waiting(lambda: client.mailed(order_id))
    csr = csr_for(client.name(), label=f"{client.tag}-2")
    client.amend(order_id, {"csr": csr, "additional_domains": [client.name("more")]})
    yield from waiting(lambda: client.mailed(order_id, 2))
    if link := client.mailed(order_id, 2):
        client.answers(link)
    yield from waiting(lambda: client.is_(order_id, "issued"))


def revoke(client: Client) -> Steps:
    yield from email(client)
    (order_id,) = client.answered
    client.ask("POST", f"/v1/orders/{order_id}/revoke", {"reason": "superseded"}, 200)
    yield from waiting(lambda: client.is_(order_id, "revoked"))


def reissue(client: Client) -> Steps:
    """Another key, for a name that is proven."""
    yield from email(client)
    (order_id,) = client.answered
    reissue_id = client.reissue(order_id, csr=csr_for(client.name(), label=f"{client.tag}-2"))
    path = f"/v1/orders/{order_id}/reissues/{reissue_id}"
    yield from waiting(lambda: client.ask("GET", path).json["status"] == "issued")


def replace(client: Client) -> Steps:
    """In the first days, for nothing; the original goes at once."""
    yield from email(client)
    (order_id,) = client.answered
    csr = csr_for(client.name(), label=f"{client.tag}-2")
    successor = client.succeed(order_id, "replacements", csr=csr)
    yield from waiting(lambda: client.is_(successor, "issued") and client.is_(order_id, "revoked"))


def held_back(client: Client) -> Steps:
    """CAA forbids the issue; it is mended and a look asked for."""
    client.cloud.zone.set(client.name(), "CAA", ['0 issue "another-ca.example"'])
    order_id = client.place()
    yield from waiting(lambda: client.mailed(order_id))
    if link := client.mailed(order_id):
        client.answers(link)
    yield from waiting(lambda: client.is_held_back(order_id))
    client.cloud.zone.delete(client.name())
    yield from waiting(lambda: client.looks(order_id))
    yield from waiting(lambda: client.is_(order_id, "issued"))


MIXED: Mapping[Callable[[Client], Steps], int] = {
    email: 8,
    dns: 3,
    file: 2,
    card: 3,
    cancel: 1,
    amend: 2,
    revoke: 1,
    reissue: 1,
    replace: 1,
    held_back: 1,
}


# No renewal: whoever renews moves the term's end in the table, since nobody waits a year, and the certificate's mail
# tells that end. One that is sent again after a crash would tell another.


def drawn(chance: Random) -> Callable[[Client], Steps]:
    """What the next order is, most often one by e-mail."""
    return chance.choices(list(MIXED), list(MIXED.values()))[0]
