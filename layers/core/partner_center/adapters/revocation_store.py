"""Revocations in DynamoDB: `Revocations` of the issuance context.

A revoked serial has a row in its CA's partition, from which CRLs are made; while no published CRL tells it, the row
is in the sparse index `unpublished`.
"""

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Action, Database, Item, Put, Update
from partner_center.adapters.key_register import block_puts
from partner_center.adapters.order_actions import guard_put, head_update, lineage_moved
from partner_center.adapters.order_items import to_micros
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.refund_actions import refund_actions
from partner_center.adapters.tables import TableNames
from partner_center.issuance.key_block import KeyBlock
from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.issuance.revoke import CertificateRevocation, OrderRevocation
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import ChangedMeanwhile


class RevocationStore:
    """Writes; what is read of certificates stands in `certificate_store`."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    def revoke_certificate(self, change: CertificateRevocation) -> None:
        business = self._tables.business
        actions: list[Action] = [
            *([guard_put(business, change.guard, change.audit.at)] if change.guard else []),
            self._serial(change),
            self._crl_row(change),
            event_put(business, change.event),
            audit_put(self._tables.audit, change.audit),
        ]
        if change.message is not None:
            record, message = change.revocation.record, change.message
            key = keys.order_message(record.reseller_id, record.order_id, message.message_id)
            told: Item = {"at": to_micros(message.at), "text": message.text}
            actions.append(Put(business, key, told, _changed))
        block = block_puts(self._tables, change.block, _BlockedBefore) if change.block else []
        try:
            self._database.transact([*actions, *block])
        except _BlockedBefore:
            self._database.transact(actions)  # no block ever ends

    def bar(self, block: KeyBlock) -> None:
        try:
            self._database.transact(block_puts(self._tables, block, _BlockedBefore))
        except _BlockedBefore:
            return

    def revoke_order(self, change: OrderRevocation) -> None:
        head, business = change.head, self._tables.business
        actions: list[Action] = [
            *([guard_put(business, change.guard, change.audit.at)] if change.guard else []),
            head_update(business, head, change.expected_version),
            *(action for each in change.lineage for action in lineage_moved(business, each)),
        ]
        if change.refund is not None:
            actions += refund_actions(business, change.refund)
        if change.event is not None:
            actions.append(event_put(business, change.event))
        self._database.transact([*actions, audit_put(self._tables.audit, change.audit)])

    def _serial(self, change: CertificateRevocation) -> Update:
        """The serial, if it is as it was read: of two revocations at once the first sets the date."""
        before, after = change.before, change.revocation.record
        present = (
            [("revocation_reason", "=", before.reason)]
            if before.status is CertificateStatus.REVOKED
            else [("revoked_at", "absent")]
        )
        return Update(
            self._tables.issuance,
            keys.serial(after.serial_hex),
            _changed,
            conditions=[("status", "=", before.status), *present],
            set={
                "status": after.status,
                "revoked_at": to_micros(after.revoked_at) if after.revoked_at else None,
                "revocation_reason": after.reason,
                "order_follows": after.order_follows,
            },
        )

    def _crl_row(self, change: CertificateRevocation) -> Action:
        record = change.revocation.record
        told: Item = {
            "reason": record.reason,
            "unpublished_since": to_micros(change.event.occurred_at),
            "unpublished": record.issuer_id,
        }
        row, table = _row_key(record), self._tables.issuance
        if not change.revocation.first:
            return Update(table, row, _changed, set=told)
        fixed: Item = {
            "serial_hex": record.serial_hex,
            "revoked_at": to_micros(record.revoked_at) if record.revoked_at else None,
        }
        return Put(table, row, fixed | told, _changed)


class _BlockedBefore(Exception):
    """The key is blocked already; nothing was written."""

    def __init__(self, _: Item | None) -> None:
        super().__init__()


def _row_key(record: CertificateRecord) -> keys.Key:
    return keys.revoked_certificate(record.issuer_id, rfc3339(record.not_after), record.serial_hex)


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("It changed meanwhile; look again.")
