"""Addresses that take no mail, in the reseller's own partition: `Suppressions` of the notifications context."""

from datetime import timedelta

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Item, Put, Update
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.mail_domain import mailbox
from partner_center.notifications.suppressions import Suppression, Undelivered

BOUNCE_LIFETIME = timedelta(days=90)
"""Mailboxes are mended: after that an address is tried once more. A complaint stands for good."""


class SuppressionStore:
    """A row for each address."""

    def __init__(self, database: Database, table: str, clock: Clock) -> None:
        self._database, self._table, self._clock = database, table, clock

    def suppression(self, reseller_id: str, address: str) -> Suppression | None:
        name = mailbox(address)
        item = self._database.get(self._table, keys.suppressed_address(reseller_id, name))
        if item is None or item.get("expires_at", 1 << 62) <= self._clock.now().timestamp():
            return None  # deleted by DynamoDB some days later
        why, at = Undelivered(item["why"]), from_micros(item["at"])
        return Suppression(reseller_id, name, why, at, item["detail"])

    def suppress(self, suppression: Suppression) -> None:
        bounced = suppression.why is Undelivered.BOUNCED
        attributes: Item = {
            "why": suppression.why.value,
            "at": to_micros(suppression.at),
            "detail": suppression.detail,
            "expires_at": int((suppression.at + BOUNCE_LIFETIME).timestamp()) if bounced else None,
        }
        key = keys.suppressed_address(suppression.reseller_id, mailbox(suppression.address))
        over_a_bounce = Update(
            self._table,
            key,
            _stands,
            conditions=[("why", "=", Undelivered.BOUNCED.value)],
            set={name: value for name, value in attributes.items() if value is not None},
            remove=[name for name, value in attributes.items() if value is None],
        )
        if not self._is_written(Put(self._table, key, attributes, _stands)):
            self._is_written(over_a_bounce)

    def _is_written(self, action: Put | Update) -> bool:
        try:
            self._database.write(action)
        except _Stands:
            return False
        return True


class _Stands(Exception):
    """There is a row, or a complaint in it."""


def _stands(old: Item | None) -> Exception:
    return _Stands() if old else TryAgain("The address is being written; ask again.")
