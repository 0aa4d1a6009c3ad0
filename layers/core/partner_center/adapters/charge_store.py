"""Payment attempts in the order's partition, and the queues of money that is to move: `Charges`, on DynamoDB."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Action, Database, Item, Put, Update
from partner_center.adapters.order_actions import guard_put, head_update, ledger_line
from partner_center.adapters.order_items import from_micros, optional_micros, optional_moment, to_micros
from partner_center.adapters.queues import due_in, put_off_in, waiting_in
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.billing.charge_ports import PaymentChange
from partner_center.billing.payments import Charge, ChargeStatus
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderHead
from partner_center.orders.page import Page
from partner_center.validation.ports import Message


class ChargeStore:
    """A row a payment attempt, and the head that says where the money stands, always written together."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    def charge(self, reseller_id: str, order_id: str, payment_attempt: int) -> Charge | None:
        key = keys.charge(reseller_id, order_id, payment_attempt)
        item = self._database.get(self._tables.business, key)
        return _from_item(item) if item else None

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Charge]:
        partition = keys.order_partition(reseller_id, order_id)
        return [
            _from_item(item) for item in self._database.all_of(self._tables.business, partition, "CHARGE#")
        ]

    def due(self, shard: int, moment: datetime, at_most: int) -> Sequence[tuple[str, str]]:
        return due_in(self._database, self._tables.business, keys.settle_queue(shard), moment, at_most)

    def put_off(self, reseller_id: str, order_id: str, moment: datetime) -> None:
        queue = keys.settle_queue(keys.settle_shard(order_id))
        key = keys.order_head(reseller_id, order_id)
        put_off_in(self._database, self._tables.business, key, queue, moment)

    def waiting(self, page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        return waiting_in(self._database, self._tables.business, keys.PAYMENTS_QUEUE, page)

    def record(self, change: PaymentChange) -> None:
        head, table = change.head, self._tables.business
        actions: list[Action] = [guard_put(table, change.guard, head.updated_at)] if change.guard else []
        actions.append(head_update(table, head, change.expected_version))
        if change.charge is not None:
            actions.append(_charge_write(table, change.charge))
        if change.entry is not None:
            actions.append(ledger_line(table, head, change.entry))
        if change.event is not None:
            actions.append(event_put(table, change.event))
        if change.audit is not None:
            actions.append(audit_put(self._tables.audit, change.audit))
        if change.message is not None:
            actions.append(_message_put(table, head, change.message))
        self._database.transact(actions)


def _charge_write(table: str, charge: Charge) -> Put | Update:
    key = keys.charge(charge.reseller_id, charge.order_id, charge.payment_attempt)
    attributes = _to_item(charge)
    if charge.version == 1:
        return Put(table, key, attributes, _moved)
    return Update(
        table,
        key,
        _moved,
        conditions=[("version", "=", charge.version - 1)],
        set={name: value for name, value in attributes.items() if value is not None},
        remove=[name for name, value in attributes.items() if value is None],
    )


def _message_put(table: str, head: OrderHead, message: Message) -> Put:
    key = keys.order_message(head.reseller_id, head.order_id, message.message_id)
    return Put(table, key, {"at": to_micros(message.at), "text": message.text}, _drawn_twice)


def _to_item(charge: Charge) -> Item:
    return {
        "reseller_id": charge.reseller_id,
        "order_id": charge.order_id,
        "payment_attempt": charge.payment_attempt,
        "card_id": charge.card_id,
        "amount": str(charge.amount.amount),
        "currency": charge.amount.currency,
        "status": charge.status.value,
        "intent_id": charge.intent_id,
        "created_at": to_micros(charge.created_at),
        "updated_at": to_micros(charge.updated_at),
        "authorised_at": optional_micros(charge.authorised_at),
        "capture_before": optional_micros(charge.capture_before),
        "captured_at": optional_micros(charge.captured_at),
        "decline_code": charge.decline_code,
        "refund_id": charge.refund_id,
        "refunded_at": optional_micros(charge.refunded_at),
        "failed_refunds": charge.failed_refunds or None,
        "version": charge.version,
    }


def _from_item(item: Item) -> Charge:
    return Charge(
        reseller_id=item["reseller_id"],
        order_id=item["order_id"],
        payment_attempt=item["payment_attempt"],
        card_id=item["card_id"],
        amount=Money(Decimal(item["amount"]), item["currency"]),
        status=ChargeStatus(item["status"]),
        intent_id=item["intent_id"],
        created_at=from_micros(item["created_at"]),
        updated_at=from_micros(item["updated_at"]),
        authorised_at=optional_moment(item.get("authorised_at")),
        capture_before=optional_moment(item.get("capture_before")),
        captured_at=optional_moment(item.get("captured_at")),
        decline_code=item.get("decline_code"),
        refund_id=item.get("refund_id"),
        refunded_at=optional_moment(item.get("refunded_at")),
        failed_refunds=item.get("failed_refunds", 0),
        version=item["version"],
    )


def _moved(_: Item | None) -> Exception:
    return ChangedMeanwhile("The payment changed meanwhile; read it again.")


def _drawn_twice(_: Item | None) -> Exception:
    return TryAgain("An identifier was drawn twice; nothing was written.")
