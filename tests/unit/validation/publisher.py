"""An order whose names are shown by what their owner publishes, and the owner, who does as the order's page says."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from partner_center.orders.content import ChosenMethod, Method, content_to_json
from partner_center.orders.order import Order
from partner_center.orders.ports import load
from partner_center.validation.challenges import Attempt, Challenge, Proof
from partner_center.validation.dns import Dnssec, RecordType
from partner_center.validation.looks import Hop, PageSeen, PageTrouble
from partner_center.validation.ports import AttemptRecord
from tests.fakes.perspectives import SeenWorld
from tests.fakes.samples import ORDER, US, a_content, a_contract, a_head, a_placement
from tests.fakes.world import World

WEB = "198.51.100.7"
PUBLISHED = ("dns_txt", "dns_cname", "http_file", "dns_persist")


def by(method: str, *names: str) -> dict[str, ChosenMethod]:
    return dict.fromkeys(names, ChosenMethod(method=Method(method)))


def a_page(
    url: str,
    body: bytes = b"",
    status: int = 200,
    trouble: PageTrouble | None = None,
    by_way_of: tuple[str, ...] = (),
) -> PageSeen:
    """The answer at `url`, or at the end of redirects when the first request was for the first of `by_way_of`."""
    redirects = (Hop(each, WEB, 302, Dnssec.SECURE) for each in by_way_of)
    hops = (*redirects, Hop(url, WEB, status, Dnssec.SECURE))
    return PageSeen(hops, status, body, trouble)


class Publisher:
    """One reseller's world with an order: of `names` by one method, or of `methods`. All perspectives see `seen`."""

    def __init__(
        self,
        *names: str,
        method: str = "dns_txt",
        methods: dict[str, ChosenMethod] | None = None,
        seen: SeenWorld | None = None,
        **head: Any,
    ) -> None:
        self.world = World()
        self.world.stores.grant(a_contract(1000))
        self.perspectives, self.clock = self.world.perspectives, self.world.clock
        self.tables = self.world.tables
        self.seen = seen or SeenWorld()
        self.perspectives.world = self.seen
        self.place(methods or by(method, *names or ("example.com",)), **head)

    # ---- the order

    def place(self, methods: dict[str, ChosenMethod], **head: Any) -> Order:
        """An order with these choices, as it is once its validation is open."""
        names = tuple(methods)
        placed = a_head(common_name=names[0], **head)
        content = a_content(*names, methods=methods)
        self.world.stores.orders.place(a_placement(self.world.ids, placed, content=content))
        return self.open(placed.order_id, placed.reseller_id)

    def order(self, order_id: str = ORDER, reseller_id: str = US) -> Order:
        order = load(self.world.stores.orders, reseller_id, order_id)
        assert order is not None
        return order

    def open(self, order_id: str = ORDER, reseller_id: str = US, again: tuple[str, ...] = ()) -> Order:
        order = self.order(order_id, reseller_id)
        self.world.open_validation(order, again)
        return order

    def choose(self, methods: dict[str, ChosenMethod]) -> Order:
        """The reseller amends the methods of the order's names, a moment later; its validation is opened again."""
        head = self.order().head
        revision = head.revision + 1
        content = a_content(*methods, methods=methods)
        self.tables.contents[US, ORDER, revision] = content_to_json(content)
        self.tables.heads[US, ORDER] = replace(head, revision=revision, version=head.version + 1)
        self.clock.advance(seconds=1)
        return self.open()

    def domains(self, order_id: str = ORDER, reseller_id: str = US) -> dict[str, dict[str, Any]]:
        """Every name as its reseller reads it."""
        items = self.world.reading.domains(reseller_id, order_id, {})["items"]
        return {item["name"]: item for item in items}

    # ---- publishing

    def publish(self, *names: str, order_id: str = ORDER, where: SeenWorld | None = None) -> SeenWorld:
        """What is asked for these names, or for all, is published to the letter."""
        where = where or self.seen
        for name, domain in self.domains(order_id).items():
            if (not names or name in names) and "publish" in domain:
                put(domain["publish"], where)
        return where

    def elsewhere(self, *regions: str, world: SeenWorld | None = None) -> None:
        """These perspectives see another world: one in which nothing is published."""
        self.perspectives.others |= dict.fromkeys(regions, world or SeenWorld())

    # ---- checking

    def check(self, names: list[str] | None = None, order_id: str = ORDER, reseller_id: str = US) -> None:
        self.world.check_control(reseller_id, order_id, "request-1", names)

    @property
    def challenges(self) -> list[Challenge]:
        return self.world.challenges()

    @property
    def challenge(self) -> Challenge:
        (challenge,) = self.challenges
        return challenge

    @property
    def attempt(self) -> Attempt:
        """The latest attempt of the only challenge."""
        return self.challenge.attempts[-1]

    @property
    def records(self) -> list[AttemptRecord]:
        return list(self.tables.attempts.values())

    @property
    def proofs(self) -> list[Proof]:
        return list(self.tables.proofs.values())

    @property
    def proof(self) -> Proof:
        (proof,) = self.proofs
        return proof


def put(published: dict[str, str], where: SeenWorld) -> None:
    """Publishes one instruction beside whatever stands there."""
    if "url" in published:
        url, body = published["url"], published["body"].encode()
        where.pages[urlsplit(url).hostname or ""] = a_page(url, body + b"\n")
        return
    kind = RecordType(published["type"])
    value = published["value"].encode() if kind is RecordType.TXT else published["value"]
    present = where.records.get((published["name"], kind), ())
    assert isinstance(present, tuple)
    where.records[published["name"], kind] = (*present, value)
