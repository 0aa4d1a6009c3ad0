"""What was told of CAA refusals: `CaaReports` of the notifications context."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Action, Database, Item, Put, Update
from partner_center.adapters.keys import Key
from partner_center.adapters.records import audit_put
from partner_center.adapters.tables import TableNames
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.events import AuditRecord
from partner_center.notifications.report_refusals import Report, Told

_DAYS_KEPT = timedelta(days=3)


class CaaReportStore:
    """A row for each order and one for each mailbox and day; both grow by the reports that are claimed."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    def was_sent(self, reseller_id: str, order_id: str, mail_id: str) -> bool:
        key = keys.sent_mail(reseller_id, order_id, mail_id)
        return self._database.get(self._tables.business, key) is not None

    def of_order(self, reseller_id: str, order_id: str) -> Told:
        return self._told(keys.caa_reports(reseller_id, order_id))

    def of_day(self, mailbox: str, day: str) -> Told:
        return self._told(keys.reports_to_mailbox(mailbox, day))

    def claim(
        self, report: Report, refusals: Sequence[str], names: Sequence[str], of_order: Told, of_day: Told
    ) -> None:
        order_key = keys.caa_reports(report.reseller_id, report.order_id)
        day_key = keys.reports_to_mailbox(report.mailbox, report.day)
        ends = datetime.fromisoformat(f"{report.day}T00:00:00+00:00") + _DAYS_KEPT
        self._database.transact(
            [
                self._added(order_key, of_order, report.report_id, refusals),
                self._added(day_key, of_day, report.report_id, names, int(ends.timestamp())),
            ]
        )

    def conclude(self, report: Report, audit: AuditRecord) -> None:
        key = keys.sent_mail(report.reseller_id, report.order_id, report.report_id)
        sent = Put(self._tables.business, key, {"at": int(audit.at.timestamp())}, _moved, may_exist=True)
        self._database.transact([sent, audit_put(self._tables.audit, audit)])

    def _told(self, key: Key) -> Told:
        item = self._database.get(self._tables.business, key)
        return Told({name: tuple(digests) for name, digests in item["reports"].items()}) if item else Told()

    def _added(
        self, key: Key, told: Told, report_id: str, digests: Sequence[str], expires_at: int | None = None
    ) -> Action:
        reports = {name: list(each) for name, each in told.reports.items()} | {report_id: list(digests)}
        attributes: Item = {"reports": reports, "version": told.version + 1, "expires_at": expires_at}
        if not told.version:
            return Put(self._tables.business, key, attributes, _moved)
        changed = {name: value for name, value in attributes.items() if value is not None}
        return Update(
            self._tables.business, key, _moved, conditions=[("version", "=", told.version)], set=changed
        )


def _moved(_: Item | None) -> Exception:
    return ChangedMeanwhile("Another report was written meanwhile.")
