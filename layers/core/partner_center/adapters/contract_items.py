"""Contracts and lines of their ledgers as DynamoDB items and back."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Item, Put, Refusal
from partner_center.adapters.order_items import from_micros, optional_micros, optional_moment, to_micros
from partner_center.billing.contracts import (
    Contract,
    ContractKind,
    ContractStatus,
    EntryKind,
    LedgerEntry,
)
from partner_center.billing.notices import NOTICE_SHARDS, next_look
from partner_center.catalog.pricing import AgreedPrice, PriceList
from partner_center.catalog.products import Brand, LineKind
from partner_center.kernel.money import Money


def contract_to_item(contract: Contract) -> Item:
    """All attributes of the contract, those of the index `queues` included; None is left out when it is written."""
    return {
        "reseller_id": contract.reseller_id,
        "contract_id": contract.contract_id,
        "kind": contract.kind.value,
        "status": contract.status.value,
        "brand": contract.brand.value if contract.brand else None,
        "products": sorted(contract.products),
        "sales_representative": contract.sales_representative,
        "prices": _prices_to_item(contract.prices),
        "card_id": contract.card_id,
        "valid_from": to_micros(contract.valid_from),
        "valid_to": to_micros(contract.valid_to),
        "invoice_reference": contract.invoice_reference,
        "note": contract.note,
        "units_asked": contract.units_asked,
        "requested_at": optional_micros(contract.requested_at),
        "units_granted": contract.units_granted,
        "units_left": contract.units_left,
        "units_held": contract.units_held,
        "units_used": contract.units_used,
        "units_low": contract.units_low,
        "ends_in_days": list(contract.ends_in_days),
        "noticed": sorted(contract.noticed),
    } | contract_queue(contract, contract.valid_from)


def contract_from_item(item: Item) -> Contract:
    return Contract(
        reseller_id=item["reseller_id"],
        contract_id=item["contract_id"],
        kind=ContractKind(item["kind"]),
        products=frozenset(item["products"]),
        valid_from=from_micros(item["valid_from"]),
        valid_to=from_micros(item["valid_to"]),
        units_granted=item["units_granted"],
        units_left=item["units_left"],
        units_held=item["units_held"],
        units_used=item["units_used"],
        status=ContractStatus(item["status"]),
        brand=Brand(item["brand"]) if "brand" in item else None,
        sales_representative=item.get("sales_representative"),
        prices=_prices_from_item(item.get("prices")),
        card_id=item.get("card_id"),
        invoice_reference=item.get("invoice_reference"),
        note=item.get("note"),
        units_asked=item.get("units_asked"),
        requested_at=optional_moment(item.get("requested_at")),
        units_low=item.get("units_low"),
        ends_in_days=tuple(item["ends_in_days"]),
        noticed=frozenset(item["noticed"]),
    )


def contract_queue(contract: Contract, moment: datetime) -> Item:
    """Membership of the sparse index `queues`, as seen now: staff must activate it, or it may have to be told of."""
    if contract.status is ContractStatus.REQUESTED:
        return {"queue": keys.CONTRACT_QUEUE, "queued_at": optional_micros(contract.requested_at)}
    look = next_look(contract, moment)
    if look is None:
        return {"queue": None, "queued_at": None}
    return {"queue": keys.notice_queue(notice_shard(contract.contract_id)), "queued_at": to_micros(look)}


def notice_shard(contract_id: str) -> int:
    return int(sha256(contract_id.encode()).hexdigest(), 16) % NOTICE_SHARDS


def ledger_put(table: str, reseller_id: str, contract_id: str, entry: LedgerEntry, refused: Refusal) -> Put:
    """The line, which must be new."""
    attributes: Item = {
        "kind": entry.kind.value,
        "units": entry.units,
        "order_id": entry.order_id or None,
        "actor": entry.actor,
        "at": to_micros(entry.at),
        "amount": str(entry.amount.amount) if entry.amount else None,
        "currency": entry.amount.currency if entry.amount else None,
        "reference": entry.reference,
    }
    return Put(table, keys.ledger_entry(reseller_id, contract_id, entry.entry_id), attributes, refused)


def entry_from_item(item: Item) -> LedgerEntry:
    return LedgerEntry(
        entry_id=item["sk"].partition("#")[2],
        kind=EntryKind(item["kind"]),
        units=item["units"],
        order_id=item.get("order_id", ""),
        actor=item["actor"],
        at=from_micros(item["at"]),
        amount=Money(Decimal(item["amount"]), item["currency"]) if "amount" in item else None,
        reference=item.get("reference"),
    )


def _prices_to_item(agreed: PriceList | None) -> Item | None:
    if agreed is None:
        return None
    prices = [
        {
            "product": each.product,
            "term_days": each.term_days,
            "kind": each.kind.value,
            "price": str(each.price.amount),
        }
        for each in agreed.prices
    ]
    return {"currency": agreed.currency, "prices": prices}


def _prices_from_item(item: Mapping[str, Any] | None) -> PriceList | None:
    if item is None:
        return None
    currency = item["currency"]
    prices = (
        AgreedPrice(
            each["product"],
            each["term_days"],
            LineKind(each["kind"]),
            Money(Decimal(each["price"]), currency),
        )
        for each in item["prices"]
    )
    return PriceList(currency, tuple(prices))
