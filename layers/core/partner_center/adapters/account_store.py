"""A reseller's own account in the access table, with the audit record of each change."""

from datetime import datetime

from partner_center.accounts.resellers import ReminderPreferences, Reseller
from partner_center.adapters import keys
from partner_center.adapters.access_store import AccessStore, preferences_to_item
from partner_center.adapters.dynamodb import Database, Item, Put, Update, as_read
from partner_center.adapters.order_items import to_micros
from partner_center.adapters.records import audit_put
from partner_center.adapters.tables import TableNames
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord


class AccountStore:
    """`Accounts` of the accounts context: what a reseller changes of itself, with its audit record."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database, self._tables = database, tables

    def reseller(self, reseller_id: str) -> Reseller | None:
        return AccessStore(self._database, self._tables.access).reseller(reseller_id)

    def remind(
        self, before: Reseller, preferences: ReminderPreferences, audit: AuditRecord, *, replan: bool
    ) -> None:
        attributes = preferences_to_item(preferences)
        update = Update(
            self._tables.access,
            keys.reseller(before.reseller_id),
            _changed,
            conditions=as_read(preferences_to_item(before.reminders)),
            set={name: value for name, value in attributes.items() if value is not None},
            remove=[name for name, value in attributes.items() if value is None],
        )
        replans = [replan_put(self._tables.business, before.reseller_id, audit.at)] if replan else []
        self._database.transact([update, audit_put(self._tables.audit, audit), *replans])


def replan_put(table: str, reseller_id: str, moment: datetime) -> Put:
    """The reseller chose other days: the next daily run plans its entries anew, from the first."""
    attributes: Item = {
        "remind_shard": keys.remind_shard(reseller_id),
        "remind_at": to_micros(moment),
    }
    return Put(table, keys.replan(reseller_id), attributes, _changed, may_exist=True)


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The account changed meanwhile; read it again.")
