"""What a reseller may read of its orders: one order, its domains, its messages, and the search."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from partner_center.billing.payments import Card
from partner_center.issuance.record import CertificateRecord
from partner_center.kernel.clock import Clock, rfc3339
from partner_center.kernel.errors import Malformed, NotFound
from partner_center.kernel.ids import reissue_of
from partner_center.kernel.names import NameRefused, canonical_name, is_as_short_as_a_name
from partner_center.notifications.suppressions import Suppression, Suppressions
from partner_center.orders.deadlines import Deadline, is_renewed, next_deadline
from partner_center.orders.order import Order, OrderHead, OrderStatus
from partner_center.orders.page import Page, cut, read_page
from partner_center.orders.ports import OrderReader, load, successors_of
from partner_center.orders.reissue import Reissue
from partner_center.orders.under_way import enrolment_meant, enrolments_under_way
from partner_center.orders.view import order_as_json, reissue_as_json
from partner_center.validation.challenges import Proof
from partner_center.validation.ports import ChallengeReader, Message
from partner_center.validation.publishing import Publishing
from partner_center.validation.standing import Standing, proofs_on_file, read_as_asked
from partner_center.validation.view import DomainsView, domains_as_json


class OrderIndex(Protocol):
    """Finds orders and messages, page by page, inside one reseller's partition."""

    def by_common_name(
        self, reseller_id: str, prefix: str, page: Page
    ) -> tuple[Sequence[tuple[str, str]], str | None]: ...

    def partner_order(self, reseller_id: str, partner_order_id: str) -> str | None: ...

    def messages(
        self, reseller_id: str, order_id: str, page: Page
    ) -> tuple[Sequence[Message], str | None]: ...

    def reissues(
        self, reseller_id: str, order_id: str, page: Page
    ) -> tuple[Sequence[Reissue], str | None]: ...


class Certificates(Protocol):
    """Reads the certificates of an order, newest first."""

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[CertificateRecord]: ...


class CaaFindings(Protocol):
    """Reads what CAA said of each name of an order, at its newest preflight; nothing before the first."""

    def latest(self, reseller_id: str, order_id: str) -> Sequence[Mapping[str, Any]]: ...


_MOST_APPROVERS = 20
"""Whose mailbox is looked up while an order is shown."""


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
    card_of: Callable[[OrderHead], Card | None]

    def domain(self, reseller_id: str, order_id: str, name: str) -> dict[str, Any]:
        """One name of the order, as `domains` shows it; NotFound for any other name."""
        for item in self._all_domains(reseller_id, order_id):
            if item["name"] == name:
                return dict(item)
        raise NotFound("The order has no such name.")

    def order(self, reseller_id: str, order_id: str) -> dict[str, Any]:
        return self.shown(self._load(reseller_id, order_id))

    def shown(self, order: Order) -> dict[str, Any]:
        """The order information; all but head and content is read afresh."""
        head, moment = order.head, self.clock.now()
        certificates = self.certificates.of_order(head.reseller_id, head.order_id) if head.serial else ()
        standing, card = read_as_asked(self.challenges, order, moment), self.card_of(head)
        proofs = proofs_on_file(self.challenges, order, moment) if head.issued_at else ()
        deadline = self._deadline(order, certificates, proofs, moment)
        suppressed, successors = self._suppressed(order, standing), successors_of(self.orders, head)
        return order_as_json(
            order, standing, certificates, moment, card, deadline, suppressed, proofs, successors
        )

    def _suppressed(self, order: Order, standing: Standing) -> Mapping[str, Suppression]:
        """Of its contacts, and of those whose approval is waited for, a few of very many."""
        contacts = order.content.contacts
        people = [contacts.technical, *([contacts.organization] if contacts.organization else [])]
        asked = standing.open() if order.head.status is OrderStatus.PENDING else ()
        approvers = sorted({each.approver_email.lower() for each in asked if each.approver_email})
        addresses = dict.fromkeys([*(each.email.lower() for each in people), *approvers[:_MOST_APPROVERS]])
        found = {
            address: self.suppressions.suppression(order.head.reseller_id, address) for address in addresses
        }
        return {address: each for address, each in found.items() if each is not None}

    def _deadline(
        self,
        order: Order,
        certificates: Sequence[CertificateRecord],
        proofs: Sequence[Proof],
        moment: datetime,
    ) -> Deadline | None:
        if order.head.status is not OrderStatus.ISSUED:
            return None
        return next_deadline(order, certificates, proofs, moment, renewed=is_renewed(self.orders, order.head))

    def domains(self, reseller_id: str, order_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        return cut(self._all_domains(reseller_id, order_id), query)

    def _all_domains(self, reseller_id: str, order_id: str) -> list[dict[str, Any]]:
        """The names of reissues under way, as they stand there, then those of the order that are in none of them."""
        order = self._load(reseller_id, order_id)
        shown: dict[str, dict[str, Any]] = {}
        for each in enrolments_under_way(order.head):
            reissue = load(self.orders, reseller_id, each)
            items = self._domains(reissue)[0] if reissue is not None else []
            shown = {item["name"]: item | {"reissue_id": reissue_of(each)} for item in items} | shown
        return list(({item["name"]: item for item in self._domains(order)[0]} | shown).values())

    def checked(self, reseller_id: str, order_id: str) -> dict[str, Any]:
        """The answer to a check of the whole order, or of its reissue under way: how it stands after it."""
        meant = enrolment_meant(self.orders, reseller_id, order_id)
        order, reissue_id = self._load(reseller_id, meant), reissue_of(meant)
        items, is_proven = self._domains(order)
        head = order.head
        goes_on = is_proven and head.is_screened and head.held_back is None and not head.awaits_payment
        return {
            "order_id": order_id,
            **({"reissue_id": reissue_id} if reissue_id else {}),
            "check": "under_way" if goes_on else "not_yet",
            "items": items,
        }

    def reissues(self, reseller_id: str, order_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        """The reissues of an order, newest first."""
        self._load(reseller_id, order_id)
        found, cursor = self.index.reissues(reseller_id, order_id, read_page(query))
        return {"items": [each.as_json() for each in found], "next_cursor": cursor}

    def reissue(self, reseller_id: str, order_id: str, reissue_id: str) -> dict[str, Any]:
        """One reissue, and what keeps it from being issued."""
        found = self.orders.reissue(reseller_id, order_id, reissue_id)
        enrolment = load(self.orders, reseller_id, found.enrolment_id) if found else None
        if found is None or enrolment is None:
            raise NotFound("There is no such reissue.")
        return self.reissue_shown(found, enrolment)

    def reissue_shown(self, found: Reissue, enrolment: Order) -> dict[str, Any]:
        moment = self.clock.now()
        standing = read_as_asked(self.challenges, enrolment, moment)
        return reissue_as_json(found, enrolment, standing, moment, self._suppressed(enrolment, standing))

    def _domains(self, order: Order) -> tuple[list[dict[str, Any]], bool]:
        """Every name of the order, and whether all are proven."""
        moment = self.clock.now()
        caa = self.caa.latest(order.head.reseller_id, order.head.order_id)
        view = DomainsView(self.publishing, {each["name"]: each for each in caa})
        found = read_as_asked(self.challenges, order, moment)
        return domains_as_json(order, found, view, moment), found.is_proven

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
            may_be_one = is_as_short_as_a_name(number)  # numbers have 64 characters at most
            found = self.index.partner_order(reseller_id, number) if may_be_one else None
            named = [(None, found)] if found else []
        elif "common_name" in query:
            prefix = _as_kept(query["common_name"])
            if is_as_short_as_a_name(prefix):
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


def _as_kept(beginning: str) -> str:
    """The beginning of a name as orders keep it: in lower case, labels with other letters as A-labels, once whole.

    The last label may be a part of one, unless it has such letters.
    """
    whole, dot, last = beginning.rpartition(".")
    if not last.isascii():
        whole, dot, last = beginning, "", ""
    if not whole.isascii() and is_as_short_as_a_name(beginning):
        with suppress(NameRefused):
            return canonical_name(whole).name + dot + last.lower()
    return beginning.lower()
