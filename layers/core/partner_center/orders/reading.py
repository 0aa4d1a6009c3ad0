"""What a reseller may read of its orders: one order, its domains, its messages, and the search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.errors import Malformed, NotFound
from partner_center.kernel.names import MAX_NAME
from partner_center.notifications.suppressions import Suppression, Suppressions
from partner_center.orders.deadlines import Deadline, is_renewed, next_deadline
from partner_center.orders.order import Order, OrderStatus
from partner_center.orders.page import Page
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.view import order_as_json
from partner_center.validation.ports import ChallengeReader, Message
from partner_center.validation.publishing import Publishing
from partner_center.validation.standing import proofs_on_file, read_standing
from partner_center.validation.view import DomainsView, domains_as_json

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200


class OrderIndex(Protocol):
    """Finds orders and messages, page by page, inside one reseller's partition."""

    def by_common_name(
        self, reseller_id: str, prefix: str, page: Page
    ) -> tuple[Sequence[tuple[str, str]], str | None]: ...

    def partner_order(self, reseller_id: str, partner_order_id: str) -> str | None: ...

    def messages(
        self, reseller_id: str, order_id: str, page: Page
    ) -> tuple[Sequence[Message], str | None]: ...


class Certificates(Protocol):
    """Reads the certificates of an order, newest first."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]: ...


class CaaFindings(Protocol):
    """Reads what CAA said of each name of an order, at its newest preflight; nothing before the first."""

    def latest(self, reseller_id: str, order_id: str) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class OrderReading:
    """The use cases. An unknown id and another reseller's id answer alike: NotFound."""

    orders: OrderReader
    index: OrderIndex
    challenges: ChallengeReader
    certificates: Certificates
    caa: CaaFindings
    publishing: Publishing
    suppressions: Suppressions
    clock: Clock

    def domain(self, reseller_id: str, order_id: str, name: str) -> dict[str, Any]:
        """One name of the order, as `domains` shows it; NotFound for any other name."""
        for item in self.domains(reseller_id, order_id)["items"]:
            if item["name"] == name:
                return dict(item)
        raise NotFound("The order has no such name.")

    def order(self, reseller_id: str, order_id: str) -> dict[str, Any]:
        return self.shown(self._load(reseller_id, order_id))

    def shown(self, order: Order) -> dict[str, Any]:
        """The order information; all but head and content is read afresh."""
        head, moment = order.head, self.clock.now()
        certificates = self.certificates.of_order(head.reseller_id, head.order_id) if head.serial else ()
        found = read_standing(self.challenges, order, moment)
        deadline = self._deadline(order, certificates, moment)
        return order_as_json(order, found, certificates, moment, deadline, self._suppressed(order))

    def _suppressed(self, order: Order) -> Mapping[str, Suppression]:
        contacts = order.content.contacts
        people = [contacts.technical, *([contacts.organization] if contacts.organization else [])]
        found = {
            each.email.lower(): self.suppressions.suppression(order.head.reseller_id, each.email)
            for each in people
        }
        return {address: each for address, each in found.items() if each is not None}

    def _deadline(
        self, order: Order, certificates: Sequence[CertificateRecord], moment: datetime
    ) -> Deadline | None:
        if order.head.status is not OrderStatus.ISSUED:
            return None
        proofs = proofs_on_file(self.challenges, order, moment)
        return next_deadline(order, certificates, proofs, moment, renewed=is_renewed(self.orders, order.head))

    def domains(self, reseller_id: str, order_id: str) -> dict[str, Any]:
        order = self._load(reseller_id, order_id)
        moment = self.clock.now()
        found = self.caa.latest(reseller_id, order_id)
        view = DomainsView(self.publishing, {each["name"]: each for each in found})
        items = domains_as_json(order, read_standing(self.challenges, order, moment), view, moment)
        return {"items": items, "next_cursor": None}

    def messages(self, reseller_id: str, order_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        self._load(reseller_id, order_id)
        messages, cursor = self.index.messages(reseller_id, order_id, read_page(query))
        items = [
            {"message_id": each.message_id, "at": rfc3339(each.at), "from": "system", "text": each.text}
            for each in messages
        ]
        return {"items": items, "next_cursor": cursor}

    def search(self, reseller_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Orders by the beginning of their common name, or the one with the reseller's own number (M1)."""
        page = read_page(query)
        cursor = None
        if "partner_order_id" in query and "common_name" in query:
            raise Malformed("Search by common_name or by partner_order_id, not by both.")
        named: Sequence[tuple[str | None, str]] = ()
        if "partner_order_id" in query:
            number = query["partner_order_id"]
            found = self.index.partner_order(reseller_id, number) if _fits(number) else None
            named = [(None, found)] if found else []
        elif "common_name" in query:
            prefix = query["common_name"].lower()
            if _fits(prefix):
                named, cursor = self.index.by_common_name(reseller_id, prefix, page)
        else:
            raise Malformed("Search by common_name (its beginning) or by partner_order_id.")
        heads = [
            head
            for common_name, order_id in named
            if (head := self.orders.head(reseller_id, order_id)) is not None
            and common_name in {None, head.common_name}  # else it was amended since
        ]
        moment = self.clock.now()
        items = [
            {
                "order_id": head.order_id,
                "status": head.status_at(moment),
                "kind": head.kind,
                "product": head.product,
                "common_name": head.common_name,
                "partner_order_id": head.partner_order_id,
                "customer_id": head.customer_id,
                "placed_at": rfc3339(head.placed_at),
                "serial": head.serial,
            }
            for head in heads
        ]
        return {"items": items, "next_cursor": cursor}

    def _load(self, reseller_id: str, order_id: str) -> Order:
        order = load(self.orders, reseller_id, order_id)
        if order is None:
            raise NotFound("There is no such order.")
        return order


def _fits(wanted: str) -> bool:
    """Whether anything searched for can be so long: no name has more than 253 characters, no number more than 64."""
    return len(wanted.encode()) <= MAX_NAME


def read_page(query: Mapping[str, str]) -> Page:
    """`limit` (1 to 200, clamped) and `cursor`. Raises Malformed for what is no number."""
    text = query.get("limit", str(DEFAULT_LIMIT))
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 100):
        raise Malformed("limit must be a number; it is clamped to 1 to 200.")
    return Page(max(1, min(int(text), LARGEST_LIMIT)), query.get("cursor") or None)
