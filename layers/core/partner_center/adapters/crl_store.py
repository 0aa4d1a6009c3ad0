"""Numbers and revoked certificates of CRLs, in the partition of their CA: `Crls` of the issuance context."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import MAX_ACTIONS, Database, Index, Item, Update
from partner_center.adapters.order_items import from_micros, optional_micros, optional_moment, to_micros
from partner_center.issuance.crl_record import PublishedCrl, RevokedCertificate
from partner_center.issuance.record import Reason
from partner_center.kernel.clock import parse_rfc3339, rfc3339

_INDEX = "unpublished"
_PAGE = 5000
"""Rows of about 200 bytes: DynamoDB ends a page at 1 MB."""


class CrlStore:
    """One partition a CA: its state, and a row for each revoked certificate by its end."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def next_number(self, issuer_id: str, moment: datetime, above: int) -> int:
        number = self._count(issuer_id, moment)
        if number > above:
            return number
        self._catch_up(issuer_id, above)
        return self._count(issuer_id, moment)

    def published(self, issuer_id: str) -> PublishedCrl | None:
        item = self._database.get(self._table, keys.crl_state(issuer_id))
        if item is None or "published_number" not in item:
            return None
        return PublishedCrl(
            number=item["published_number"],
            this_update=from_micros(item["this_update"]),
            next_update=from_micros(item["next_update"]),
            scheduled_at=optional_moment(item.get("scheduled_at")),
        )

    def revoked(self, issuer_id: str, ended_after: datetime | None) -> Sequence[RevokedCertificate]:
        first = keys.revoked_certificate(issuer_id, rfc3339(ended_after) if ended_after else "", "")
        prefix = first.sk.partition("#")[0] + "#"
        found: list[RevokedCertificate] = []
        after: str | None = first.sk if ended_after else None
        while True:
            page, after = self._database.query(self._table, first.pk, prefix, limit=_PAGE, after=after)
            found += map(_revoked, page)
            if after is None:
                return found

    def note(self, issuer_id: str, published: PublishedCrl) -> None:
        newer = Update(
            self._table,
            keys.crl_state(issuer_id),
            _NewerIsNoted,
            conditions=[("published_number", "<", published.number)],
            set=_state(published),
        )
        try:
            self._database.write(newer)
        except _NewerIsNoted as present:
            if present.is_first:
                self._note_first(issuer_id, published)

    def mark(
        self, issuer_id: str, number: int | None, moment: datetime, told: Iterable[RevokedCertificate]
    ) -> None:
        updates = [self._told(issuer_id, number, moment, each) for each in told]
        for start in range(0, len(updates), MAX_ACTIONS):
            some = updates[start : start + MAX_ACTIONS]
            try:
                self._database.transact(some)
            except _ChangedSince:
                self._mark_singly(some)

    def oldest_unpublished(self, issuer_id: str) -> datetime | None:
        """Since when the revocation that waits longest has stood on no published CRL."""
        index = Index(_INDEX, "unpublished", issuer_id, "unpublished_since")
        items, _ = self._database.query_index(self._table, index, limit=1)
        return from_micros(items[0]["unpublished_since"]) if items else None

    def _count(self, issuer_id: str, moment: datetime) -> int:
        told: Item = {"counted_at": to_micros(moment)}
        return self._database.count(self._table, keys.crl_state(issuer_id), "number", told)

    def _catch_up(self, issuer_id: str, number: int) -> None:
        """The counter stands at `number` at least: one that was lost or restored is behind what is published."""
        behind = Update(
            self._table,
            keys.crl_state(issuer_id),
            _CaughtUp,
            conditions=[("number", "<", number)],
            set={"number": number},
        )
        try:
            self._database.write(behind)
        except _CaughtUp:
            return

    def _mark_singly(self, updates: Iterable[Update]) -> None:
        for each in updates:
            try:
                self._database.write(each)
            except _ChangedSince:
                continue

    def _note_first(self, issuer_id: str, published: PublishedCrl) -> None:
        first = Update(
            self._table,
            keys.crl_state(issuer_id),
            _NewerIsNoted,
            conditions=[("published_number", "absent")],
            set=_state(published),
        )
        try:
            self._database.write(first)
        except _NewerIsNoted:
            self.note(issuer_id, published)

    def _told(self, issuer_id: str, number: int | None, moment: datetime, each: RevokedCertificate) -> Update:
        """On a CRL now, if it is still as it was read."""
        by_number = {"crl_number": number} if number is not None else {}
        return Update(
            self._table,
            keys.revoked_certificate(issuer_id, rfc3339(each.not_after), each.serial_hex),
            _ChangedSince,
            conditions=[("unpublished_since", "=", to_micros(each.recorded_at))],
            set={**by_number, "published_at": to_micros(moment)},
            remove=["unpublished"],
        )


class _NewerIsNoted(Exception):
    """Carries whether nothing is noted yet."""

    def __init__(self, item: Item | None) -> None:
        super().__init__()
        self.is_first = "published_number" not in (item or {})


class _CaughtUp(Exception):
    """The counter is not behind any more."""

    def __init__(self, _: Item | None) -> None:
        super().__init__()


class _ChangedSince(Exception):
    """The row was changed after it was read."""

    def __init__(self, _: Item | None) -> None:
        super().__init__()


def _state(published: PublishedCrl) -> Item:
    scheduled = {"scheduled_at": optional_micros(published.scheduled_at)} if published.scheduled_at else {}
    return {
        "published_number": published.number,
        "this_update": to_micros(published.this_update),
        "next_update": to_micros(published.next_update),
        **scheduled,
    }


def _revoked(item: Item) -> RevokedCertificate:
    _, not_after, serial_hex = item["sk"].split("#")
    return RevokedCertificate(
        serial_hex=serial_hex,
        not_after=parse_rfc3339(not_after),
        revoked_at=from_micros(item["revoked_at"]),
        reason=Reason(item["reason"]),
        recorded_at=from_micros(item["unpublished_since"]),
        is_published="unpublished" not in item,
    )
