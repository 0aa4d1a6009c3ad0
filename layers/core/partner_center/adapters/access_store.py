"""Resellers and their API keys in DynamoDB. Keys are read consistently: a revoked one is dead at once."""

from typing import Any

from partner_center.accounts.api_keys import ApiKey, Role
from partner_center.accounts.resellers import ReminderPreferences, Reseller
from partner_center.accounts.staff import StaffKey, StaffRole
from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database, Item, Put
from partner_center.adapters.order_items import (
    from_micros,
    optional_micros,
    optional_moment,
    to_micros,
)
from partner_center.kernel.errors import StateConflict
from partner_center.kernel.ids import require_reseller_id


class AccessStore:
    """`ApiKeys` of the accounts context, and reseller profiles."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def find(self, key_id: str) -> ApiKey | StaffKey | None:
        item = self._database.get(self._table, keys.api_key(key_id))
        if item is None:
            return None
        limits: dict[str, Any] = {
            "secret_sha256": item["secret_sha256"],
            "created_at": from_micros(item["created_at"]),
            "expires_at": optional_moment(item.get("expires_at")),
            "revoked_at": optional_moment(item.get("revoked_at")),
            "addresses": tuple(item.get("addresses", ())),
        }
        if "person" in item:
            return StaffKey(key_id, item["person"], frozenset(map(StaffRole, item["roles"])), **limits)
        return ApiKey(key_id, item["reseller_id"], Role(item["role"]), **limits)

    def add_key(self, key: ApiKey | StaffKey) -> None:
        """Raises StateConflict when the id is taken, ValueError for a reseller that cannot be."""
        if isinstance(key, ApiKey):
            require_reseller_id(key.reseller_id)
        whose: Item = (
            {"person": key.person, "roles": sorted(role.value for role in key.roles)}
            if isinstance(key, StaffKey)
            else {"reseller_id": key.reseller_id, "role": key.role.value}
        )
        attributes = whose | {
            "secret_sha256": key.secret_sha256,
            "created_at": to_micros(key.created_at),
            "expires_at": optional_micros(key.expires_at),
            "revoked_at": optional_micros(key.revoked_at),
            "addresses": list(key.addresses),
        }
        self._database.write(Put(self._table, keys.api_key(key.key_id), attributes, _taken))

    def reseller(self, reseller_id: str) -> Reseller | None:
        item = self._database.get(self._table, keys.reseller(reseller_id))
        return _reseller(reseller_id, item) if item else None

    def add_reseller(self, reseller: Reseller) -> None:
        """Raises StateConflict when the id is taken, ValueError for one that nobody may be called."""
        require_reseller_id(reseller.reseller_id)
        attributes = {
            "name": reseller.name,
            "support_email": reseller.support_email,
            "billing_email": reseller.billing_email,
            **preferences_to_item(reseller.reminders),
        }
        self._database.write(Put(self._table, keys.reseller(reseller.reseller_id), attributes, _taken))


def preferences_to_item(chosen: ReminderPreferences) -> Item:
    return {
        "reminder_days": list(chosen.days) if chosen.days is not None else None,
        "digest_email": chosen.digest_email,
        "mute_contacts": chosen.mute_contacts or None,
        "order_link": chosen.link,
    }


def _reseller(reseller_id: str, item: Item) -> Reseller:
    days = item.get("reminder_days")
    preferences = ReminderPreferences(
        days=tuple(days) if days is not None else None,
        digest_email=item.get("digest_email"),
        mute_contacts=item.get("mute_contacts", False),
        link=item.get("order_link"),
    )
    return Reseller(reseller_id, item["name"], item["support_email"], item.get("billing_email"), preferences)


def _taken(_: Item | None) -> Exception:
    return StateConflict("id_taken", "This id exists already.")
