"""Cards on file and the links by which they are given: `CardShelf`, on DynamoDB."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.contract_items import contract_queue, contract_to_item
from partner_center.adapters.dynamodb import Action, Condition, Database, Index, Item, Put, Update
from partner_center.adapters.order_actions import GUARD_LIFETIME
from partner_center.adapters.order_items import from_micros, optional_moment, to_micros
from partner_center.adapters.queues import put_off_in
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.billing.cards import (
    LAST_ORDER_DONE,
    CardAdded,
    CardGuard,
    CardLink,
    CardRemoved,
    Exchange,
    LinkEnded,
    LinkGuard,
    LinkSeenBefore,
    WhyEnded,
)
from partner_center.billing.contracts import Contract
from partner_center.billing.payments import Card
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.events import AuditRecord

_INDEX = "queues"


class CardStore:
    """A card never changes; beside it stands when the gateway is to forget it, in the index `queues`."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._table, self._audit = tables.business, tables.audit

    # ---- reading

    def card(self, reseller_id: str, card_id: str) -> Card | None:
        item = self._database.get(self._table, keys.card(reseller_id, card_id))
        return _card_from_item(item) if item else None

    def customer(self, reseller_id: str) -> str | None:
        item = self._database.get(self._table, keys.gateway_customer(reseller_id))
        return str(item["customer"]) if item else None

    def guard(self, reseller_id: str, method: str, path: str, idempotency_key: str) -> LinkGuard | None:
        key = keys.request_guard(reseller_id, method, path, idempotency_key)
        item = self._database.get(self._table, key)
        return _guard_from_item(idempotency_key, item) if item else None

    def link(self, token_sha256: str) -> CardLink | None:
        item = self._database.get(self._table, keys.card_link(token_sha256))
        return _link_from_item(token_sha256, item) if item else None

    def card_guard(self, reseller_id: str) -> CardGuard | None:
        item = self._database.get(self._table, keys.card_guard(reseller_id))
        return CardGuard(item["contract_id"], item["card_id"]) if item else None

    def to_forget(self, moment: datetime) -> Iterator[tuple[str, str]]:
        index = Index(_INDEX, "queue", keys.CARDS_QUEUE, "queued_at", to_micros(moment))
        after: Item | None = None
        while True:
            items, after = self._database.query_index(self._table, index, after=after)
            yield from (keys.ids_of_card(item["pk"]) for item in items)
            if after is None:
                return

    # ---- writing

    def keep_customer(self, reseller_id: str, customer: str) -> str:
        first: list[Item] = []

        def known(old: Item | None) -> Exception:
            first.extend([old] if old else [])
            return ChangedMeanwhile("The reseller is a customer already.")

        try:
            self._database.write(
                Put(self._table, keys.gateway_customer(reseller_id), {"customer": customer}, known)
            )
        except ChangedMeanwhile:
            return str(first[0]["customer"]) if first else (self.customer(reseller_id) or customer)
        return customer

    def open_link(self, link: CardLink, guard: LinkGuard | None, audit: AuditRecord) -> None:
        guards = [self._guard_put(link, guard)] if guard else []
        put = Put(self._table, keys.card_link(link.token_sha256), _link_to_item(link), _drawn_twice)
        self._database.transact([*guards, put, audit_put(self._audit, audit)])

    def add(self, change: CardAdded) -> None:
        """The link first: of two who use it at once the second is told so.

        Five actions, and three for a contract that is opened, or two for each whose card is exchanged.
        """
        link, card = change.link, change.card
        actions: list[Action] = [
            Update(
                self._table,
                keys.card_link(link.token_sha256),
                lambda _: LinkEnded(WhyEnded.USED),
                conditions=[("used_at", "absent")],
                set={"used_at": to_micros(card.added_at), "card_id": card.card_id},
            ),
            Put(
                self._table,
                keys.card(card.reseller_id, card.card_id),
                _card_to_item(card) | _forget_at(card.usable_until),
                _drawn_twice,
            ),
            self._guarded(change),
        ]
        if change.opened:
            actions += self._opened(change.contract)
        for each in change.exchanged:
            now = {"card_id": card.card_id, "valid_to": to_micros(each.contract.valid_to)}
            # Its end has moved, and with it when to tell of that.
            queue = contract_queue(each.contract, card.added_at)
            actions.append(self._contract(each, card.added_at, now | queue))
        actions += [self._let_go(each, card.added_at) for each in change.let_go]
        accompany = [event_put(self._table, change.event), audit_put(self._audit, change.audit)]
        self._database.transact([*actions, *accompany])

    def remove(self, change: CardRemoved) -> None:
        self._database.transact(
            [
                *(self._contract(each, change.at, {"card_id": None}) for each in change.exchanged),
                *(self._let_go(each, change.at) for each in change.let_go),
                *(event_put(self._table, each) for each in change.events),
                *(audit_put(self._audit, each) for each in change.audits),
            ]
        )

    def put_off(self, reseller_id: str, card_id: str, moment: datetime) -> None:
        key = keys.card(reseller_id, card_id)
        put_off_in(self._database, self._table, key, keys.CARDS_QUEUE, moment)

    def forgotten(self, card: Card, moment: datetime) -> None:
        self._database.write(
            Update(
                self._table,
                keys.card(card.reseller_id, card.card_id),
                _changed,
                set={"forgotten_at": to_micros(moment)},
                remove=["queue", "queued_at"],
            )
        )

    # ---- actions

    def _guarded(self, change: CardAdded) -> Action:
        """The guard, if it is as it was read."""
        key, before = keys.card_guard(change.card.reseller_id), change.guard
        now = {"contract_id": change.contract.contract_id, "card_id": change.card.card_id}
        if before is None:
            return Put(self._table, key, now, _changed)
        return Update(self._table, key, _changed, conditions=[("card_id", "=", before.card_id)], set=now)

    def _opened(self, contract: Contract) -> list[Action]:
        ids = (contract.reseller_id, contract.contract_id)
        listed = {"kind": contract.kind.value}
        return [
            Put(self._table, keys.contract(*ids), contract_to_item(contract), _drawn_twice),
            Put(self._table, keys.contract_of_reseller(*ids), listed, _drawn_twice),
            Put(
                self._table,
                keys.contract_owner(contract.contract_id),
                {"reseller_id": contract.reseller_id},
                _drawn_twice,
            ),
        ]

    def _contract(self, exchange: Exchange, moment: datetime, now: Mapping[str, Any]) -> Update:
        """A change of the contract's card, if it runs and still has the one that it was read with."""
        contract, card_before = exchange.contract, exchange.card_before
        had: Condition = ("card_id", "absent") if card_before is None else ("card_id", "=", card_before)
        return Update(
            self._table,
            keys.contract(contract.reseller_id, contract.contract_id),
            _changed,
            conditions=[had, ("valid_to", ">", to_micros(moment))],
            set={name: value for name, value in now.items() if value is not None},
            remove=[name for name, value in now.items() if value is None],
        )

    def _let_go(self, card: Card, moment: datetime) -> Update:
        """From now on no order is placed with it."""
        key = keys.card(card.reseller_id, card.card_id)
        return Update(self._table, key, _changed, conditions=[("queue", "present")], set=_forget_at(moment))

    def _guard_put(self, link: CardLink, guard: LinkGuard) -> Put:
        key = keys.request_guard(link.reseller_id, guard.method, guard.path, guard.idempotency_key)
        attributes: Item = {
            "method": guard.method,
            "path": guard.path,
            "body_sha256": guard.body_sha256,
            "link_id": guard.link_id,
            "sealed": b64encode(guard.sealed).decode(),
            "link_expires_at": to_micros(guard.expires_at),
            "expires_at": int((link.created_at + GUARD_LIFETIME).timestamp()),
        }
        return Put(self._table, key, attributes, partial(_seen_before, guard.idempotency_key))


def _forget_at(let_go: datetime) -> Item:
    return {"queue": keys.CARDS_QUEUE, "queued_at": to_micros(let_go + LAST_ORDER_DONE)}


def _card_to_item(card: Card) -> Item:
    return {
        "reseller_id": card.reseller_id,
        "card_id": card.card_id,
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "token": card.token,
        "customer": card.customer,
        "added_at": to_micros(card.added_at),
        "usable_until": to_micros(card.usable_until),
    }


def _card_from_item(item: Item) -> Card:
    return Card(
        card_id=item["card_id"],
        reseller_id=item["reseller_id"],
        brand=item["brand"],
        last4=item["last4"],
        exp_month=item["exp_month"],
        exp_year=item["exp_year"],
        token=item["token"],
        customer=item["customer"],
        added_at=from_micros(item["added_at"]),
        usable_until=from_micros(item["usable_until"]),
    )


def _link_to_item(link: CardLink) -> Item:
    """Kept a while longer than it lasts, so that who comes late is told so."""
    return {
        "link_id": link.link_id,
        "reseller_id": link.reseller_id,
        "customer": link.customer,
        "setup_id": link.setup_id,
        "created_at": to_micros(link.created_at),
        "link_expires_at": to_micros(link.expires_at),
        "expires_at": int((link.expires_at + LAST_ORDER_DONE).timestamp()),
    }


def _link_from_item(token_sha256: str, item: Item) -> CardLink:
    return CardLink(
        token_sha256=token_sha256,
        link_id=item["link_id"],
        reseller_id=item["reseller_id"],
        customer=item["customer"],
        setup_id=item["setup_id"],
        created_at=from_micros(item["created_at"]),
        expires_at=from_micros(item["link_expires_at"]),
        used_at=optional_moment(item.get("used_at")),
    )


def _guard_from_item(idempotency_key: str, item: Item) -> LinkGuard:
    return LinkGuard(
        item["method"],
        item["path"],
        idempotency_key,
        item["body_sha256"],
        item["link_id"],
        b64decode(item["sealed"]),
        from_micros(item["link_expires_at"]),
    )


def _seen_before(idempotency_key: str, old: Item | None) -> Exception:
    if old is None:
        return TryAgain("The request is being answered.")
    return LinkSeenBefore(_guard_from_item(idempotency_key, old))


def _drawn_twice(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The contract or its card changed meanwhile; read it again.")
