"""Orders in DynamoDB: each change is one transaction over the business and audit tables."""

from collections.abc import Sequence
from dataclasses import replace

from partner_center.adapters import keys
from partner_center.adapters.contract_items import contract_from_item
from partner_center.adapters.cursors import decode_cursor, encode_cursor
from partner_center.adapters.dynamodb import Action, Check, Condition, Database, Item, Put, Update
from partner_center.adapters.order_actions import (
    closing_actions,
    content_put,
    exists,
    guard_from_item,
    guard_put,
    head_update,
    known_key_put,
    ledger_line,
    lineage_moved,
    number_taken,
    open_index,
    reissue_ended,
    search_put,
    units_moved,
    units_used,
)
from partner_center.adapters.order_items import (
    from_micros,
    head_from_item,
    head_to_item,
    to_micros,
)
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.reissue_items import reissue_from_item, reissue_to_item
from partner_center.adapters.supersession_store import supersession_put
from partner_center.adapters.tables import TableNames
from partner_center.billing.contracts import EntryKind, contract_problems
from partner_center.kernel.errors import ContentRefused, TryAgain
from partner_center.orders.content import OrderContent, content_from_json
from partner_center.orders.order import OrderHead, OrderStatus, PaymentKind
from partner_center.orders.page import Page
from partner_center.orders.ports import (
    Amendment,
    Closing,
    Completion,
    Placement,
    ReissueBeginning,
    RequestGuard,
)
from partner_center.orders.reissue import Reissue
from partner_center.validation.ports import Message


class OrderStore:
    """`Orders` of the orders context, on DynamoDB."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    # ---- reading

    def head(self, reseller_id: str, order_id: str) -> OrderHead | None:
        item = self._database.get(self._tables.business, keys.order_head(reseller_id, order_id))
        return head_from_item(item) if item else None

    def content(self, reseller_id: str, order_id: str, revision: int) -> OrderContent:
        key = keys.order_content(reseller_id, order_id, revision)
        item = self._database.get(self._tables.business, key)
        if item is None:
            raise TryAgain("The order's content cannot be read at the moment.")
        return content_from_json(item["body"])

    def reissue(self, reseller_id: str, order_id: str, reissue_id: str) -> Reissue | None:
        item = self._database.get(self._tables.business, keys.reissue(reseller_id, order_id, reissue_id))
        return reissue_from_item(item) if item else None

    def is_running(self, reseller_id: str, order_id: str) -> bool:
        head = self.head(reseller_id, order_id)
        return head is not None and head.status is OrderStatus.ISSUED

    def is_claimed(self, reseller_id: str, enrolment_id: str, revision: int) -> bool:
        head = self.head(reseller_id, enrolment_id)
        return head is not None and head.is_claimed(revision)

    def reissues(self, reseller_id: str, order_id: str, page: Page) -> tuple[Sequence[Reissue], str | None]:
        """The order's reissues, newest first."""
        prefix = keys.reissue(reseller_id, order_id, "").sk
        partition = keys.order_partition(reseller_id, order_id)
        items, cursor = self._page(partition, prefix, page, newest_first=True)
        return [reissue_from_item(item) for item in items], cursor

    def guard(self, reseller_id: str, method: str, path: str, idempotency_key: str) -> RequestGuard | None:
        key = keys.request_guard(reseller_id, method, path, idempotency_key)
        item = self._database.get(self._tables.business, key)
        return guard_from_item(item, idempotency_key) if item else None

    def partner_order(self, reseller_id: str, partner_order_id: str) -> str | None:
        key = keys.partner_order_guard(reseller_id, partner_order_id)
        item = self._database.get(self._tables.business, key)
        return item["order_id"] if item else None

    def by_common_name(
        self, reseller_id: str, prefix: str, page: Page
    ) -> tuple[Sequence[tuple[str, str]], str | None]:
        """Common names that begin with `prefix`, in order, each with the order that has it or had it once."""
        items, cursor = self._page(keys.common_name_search(reseller_id, "", "").pk, prefix, page)
        return [(item["sk"].rpartition("#")[0], item["order_id"]) for item in items], cursor

    def messages(self, reseller_id: str, order_id: str, page: Page) -> tuple[Sequence[Message], str | None]:
        """Messages on the order, newest first."""
        partition = keys.order_partition(reseller_id, order_id)
        items, cursor = self._page(partition, "MESSAGE#", page, newest_first=True)
        messages = [
            Message(item["sk"].removeprefix("MESSAGE#"), from_micros(item["at"]), item["text"])
            for item in items
        ]
        return messages, cursor

    def _page(
        self, pk: str, prefix: str, page: Page, *, newest_first: bool = False
    ) -> tuple[list[Item], str | None]:
        """A page of a partition that the reseller may read; the cursor is the last sort key, wrapped."""
        after = decode_cursor(page.cursor, prefix) if page.cursor else None
        items, last = self._database.query(
            self._tables.business,
            pk,
            prefix,
            limit=page.limit,
            after=after,
            newest_first=newest_first,
        )
        return items, encode_cursor(last) if last else None

    # ---- writing

    def place(self, placement: Placement) -> None:
        self._database.transact(self._placing(placement))

    def reissue_order(self, beginning: ReissueBeginning) -> None:
        """At most eight actions. The enrolment is in the index of unfinished orders, as an order is."""
        begins, business = beginning.begins, self._tables.business
        head, reissue = begins.head, begins.reissue
        ids = (head.reseller_id, reissue.order_id)
        self._database.transact(
            [
                *([guard_put(business, beginning.guard, beginning.audit.at)] if beginning.guard else []),
                head_update(business, begins.order, beginning.expected_version),
                Put(business, keys.reissue(*ids, reissue.reissue_id), reissue_to_item(reissue), exists),
                Put(
                    business,
                    keys.order_head(head.reseller_id, head.order_id),
                    head_to_item(head) | open_index(head),
                    exists,
                ),
                content_put(business, head, beginning.content),
                known_key_put(business, head, beginning.content),
                event_put(business, beginning.event),
                audit_put(self._tables.audit, beginning.audit),
            ]
        )

    def complete(self, completion: Completion) -> None:
        head, business = completion.head, self._tables.business
        self._database.transact(
            [
                head_update(business, head, completion.expected_version),
                *(supersession_put(business, each) for each in completion.supersessions),
                *units_used(business, head, completion.use),
                *reissue_ended(business, completion.reissue),
                event_put(business, completion.event),
                *([event_put(business, completion.replaced)] if completion.replaced else []),
                audit_put(self._tables.audit, completion.audit),
            ]
        )

    def close(self, closing: Closing) -> None:
        self._database.transact(closing_actions(self._tables, closing))

    def amend(self, amendment: Amendment) -> None:
        """At most eight actions; the contract first, since its refusal says most."""
        head, table = amendment.head, self._tables.business
        actions: list[Action] = []
        if amendment.entry is not None:
            actions += [*self._more_or_less(amendment), ledger_line(table, head, amendment.entry)]
        actions += [
            head_update(table, head, amendment.expected_version),
            content_put(table, head, amendment.content),
        ]
        if amendment.another_key:
            actions.append(known_key_put(table, head, amendment.content))
        if amendment.another_common_name:
            actions.append(search_put(table, head))
        accompany = [event_put(table, amendment.event), audit_put(self._tables.audit, amendment.audit)]
        self._database.transact([*actions, *accompany])

    def _more_or_less(self, amendment: Amendment) -> list[Action]:
        """What comes on top is bought now, of a contract that serves now; what is given back is taken always."""
        head, extra = amendment.head, amendment.extra_units
        if extra < 0:
            return units_moved(self._tables.business, head, held=extra, left=-extra, least_held=-extra)
        if amendment.entry is None or amendment.entry.kind is EntryKind.RELEASE:
            return []
        moment = to_micros(head.updated_at)

        def refused(old: Item | None) -> Exception:
            present = contract_from_item(old) if old else None
            problems = contract_problems(present, head.product, extra, head.updated_at)
            told = [replace(each, field=None) for each in problems]
            return ContentRefused(told) if told else TryAgain("The contract changed; ask again.")

        key = keys.contract(head.reseller_id, head.contract_id)
        serves: list[Condition] = [("valid_from", "<=", moment), ("valid_to", ">", moment)]
        if head.payment_kind is PaymentKind.PAY_AS_YOU_GO:
            return [Check(self._tables.business, key, refused, conditions=serves)]
        return [
            Update(
                self._tables.business,
                key,
                refused,
                conditions=[*serves, ("units_left", ">=", extra)],
                add={"units_left": -extra, "units_held": extra},
            )
        ]

    def _placing(self, placement: Placement) -> list[Action]:
        """At most eleven actions, the guards first: their refusals say most."""
        head = placement.head
        actions: list[Action] = []
        if placement.guard is not None:
            actions.append(guard_put(self._tables.business, placement.guard, placement.audit.at))
        if head.partner_order_id is not None:
            actions.append(
                Put(
                    self._tables.business,
                    keys.partner_order_guard(head.reseller_id, head.partner_order_id),
                    {"order_id": head.order_id},
                    number_taken,
                )
            )
        if placement.before is not None:
            actions += lineage_moved(self._tables.business, placement.before)
        return [
            *actions,
            self._hold(placement),
            ledger_line(self._tables.business, head, placement.hold),
            Put(
                self._tables.business,
                keys.order_head(head.reseller_id, head.order_id),
                head_to_item(head) | open_index(head),
                exists,
            ),
            content_put(self._tables.business, head, placement.content),
            known_key_put(self._tables.business, head, placement.content),
            search_put(self._tables.business, head),
            event_put(self._tables.business, placement.event),
            audit_put(self._tables.audit, placement.audit),
        ]

    def _hold(self, placement: Placement) -> Action:
        """Takes the units off the contract, or demands that its card is still the order's.

        The conditions repeat what the gate saw a moment ago. What costs nothing demands that there is a contract.
        """
        head = placement.head
        moment = to_micros(head.placed_at)

        def refused(old: Item | None) -> Exception:
            present = contract_from_item(old) if old else None
            problems = contract_problems(present, head.product, head.units, head.placed_at)
            return ContentRefused(problems) if problems else TryAgain("The contract changed; ask again.")

        key = keys.contract(head.reseller_id, placement.contract.contract_id)
        if not (head.units or head.net.amount):
            return Check(self._tables.business, key, refused)
        serves: list[Condition] = [("valid_from", "<=", moment), ("valid_to", ">", moment)]
        if head.payment_kind is PaymentKind.PAY_AS_YOU_GO:
            of_the_card: Condition = ("card_id", "=", head.card_id)
            return Check(self._tables.business, key, refused, conditions=[*serves, of_the_card])
        return Update(
            self._tables.business,
            key,
            refused,
            conditions=[*serves, ("units_left", ">=", head.units)],
            add={"units_left": -head.units, "units_held": head.units},
        )
