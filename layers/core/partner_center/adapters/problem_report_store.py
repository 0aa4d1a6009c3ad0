"""Problem reports in the business table, each in a partition of its own: `ProblemReports` of the issuance context."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from partner_center.adapters import keys
from partner_center.adapters.call_guards import call_guard_put
from partner_center.adapters.cursors import decode_cursor, encode_cursor
from partner_center.adapters.dynamodb import Action, Database, Index, Item, Put, Update
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.issuance.problem_reports import (
    Finding,
    ProblemReport,
    ReportChange,
    ReportDecision,
    ReportStatus,
)
from partner_center.issuance.record import Reason
from partner_center.issuance.revocation import Cause
from partner_center.kernel.errors import ChangedMeanwhile, Malformed
from partner_center.orders.call_guards import CallGuard
from partner_center.orders.page import Page

_INDEX = Index("queues", "queue", keys.REPORT_QUEUE, "queued_at")
_KEPT = timedelta(days=3)
_MICROS = re.compile(r"[0-9]{1,18}")
_PREFIX = keys.problem_report("").pk


class ProblemReportStore:
    """A report is in the index `queues` while it is open, by when its next answer is due."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    def find(self, report_id: str) -> ProblemReport | None:
        item = self._database.get(self._tables.business, keys.problem_report(report_id))
        return _from_item(item, report_id) if item else None

    def write(self, change: ReportChange) -> None:
        business = self._tables.business
        guard = [_guard_put(business, change, change.guard)] if change.guard else []
        event = [event_put(business, change.event)] if change.event else []
        accompany = [*event, audit_put(self._tables.audit, change.audit)]
        self._database.transact([*guard, self._report(change), *accompany])

    def waiting(self, page: Page) -> tuple[Sequence[str], str | None]:
        after = _start(page.cursor) if page.cursor else None
        items, last = self._database.query_index(self._tables.business, _INDEX, limit=page.limit, after=after)
        found = [item["pk"].removeprefix(_PREFIX) for item in items]
        return found, encode_cursor(f"{last['queued_at']}#{last['pk']}") if last else None

    def first_due(self) -> datetime | None:
        """When the most urgent answer is due; None while no report is open."""
        items, _ = self._database.query_index(self._tables.business, _INDEX, limit=1)
        return from_micros(items[0]["queued_at"]) if items else None

    def was_mailed(self, report_id: str, mail_id: str) -> bool:
        key = keys.report_mail(report_id, mail_id)
        return self._database.get(self._tables.business, key) is not None

    def note_mail(self, report_id: str, mail_id: str, moment: datetime) -> None:
        key = keys.report_mail(report_id, mail_id)
        self._database.replace(self._tables.business, key, {"at": int(moment.timestamp())})

    def confirmations(self, address: str, moment: datetime) -> int:
        item = self._database.get(self._tables.business, _of_reporter(address, moment))
        return int(item["confirmations"]) if item else 0

    def count_confirmation(self, address: str, moment: datetime) -> None:
        kept: Item = {"expires_at": int((moment + _KEPT).timestamp())}
        key = _of_reporter(address, moment)
        self._database.count(self._tables.business, key, "confirmations", kept)

    def _report(self, change: ReportChange) -> Action:
        report = change.report
        key, item = keys.problem_report(report.report_id), _to_item(report)
        if change.expected_version is None:
            return Put(self._tables.business, key, item, _changed)
        return Update(
            self._tables.business,
            key,
            _changed,
            conditions=[("version", "=", change.expected_version)],
            set={name: value for name, value in item.items() if value is not None},
            remove=[name for name, value in item.items() if value is None],
        )


def _guard_put(table: str, change: ReportChange, guard: CallGuard) -> Put:
    """Whoever reports is known by the network; whoever decides by name, as everywhere."""
    is_new = change.expected_version is None
    key = keys.report_guard(guard.caller, guard.idempotency_key) if is_new else None
    return call_guard_put(table, guard, key)


def _of_reporter(address: str, moment: datetime) -> keys.Key:
    return keys.reports_of_reporter(address, f"{moment:%Y-%m-%d}")


def _start(cursor: str) -> Item:
    """Where the index goes on. Raises Malformed for a cursor that is none of this list."""
    at, _, pk = decode_cursor(cursor, "").partition("#")
    if not _MICROS.fullmatch(at) or not pk.startswith(_PREFIX):
        raise Malformed("This cursor belongs to another list.")
    return {"queue": keys.REPORT_QUEUE, "queued_at": int(at), "pk": pk, "sk": "HEAD"}


def _to_item(report: ProblemReport) -> Item:
    is_open = report.is_open
    return {
        "received_at": to_micros(report.received_at),
        "reporter_email": report.reporter_email,
        "category": report.cause.value,
        "serials": list(report.serials),
        "names": list(report.names),
        "text": report.text,
        "status": report.status.value,
        "decisions": [_decision_to_item(each) for each in report.decisions],
        "begun": _decision_to_item(report.begun) if report.begun else None,
        "version": report.version,
        "queue": keys.REPORT_QUEUE if is_open else None,
        "queued_at": to_micros(report.due_at) if is_open else None,
    }


def _from_item(item: Item, report_id: str) -> ProblemReport:
    return ProblemReport(
        report_id=report_id,
        received_at=from_micros(item["received_at"]),
        reporter_email=item["reporter_email"],
        cause=Cause(item["category"]),
        serials=tuple(item["serials"]),
        names=tuple(item["names"]),
        text=item["text"],
        status=ReportStatus(item["status"]),
        decisions=tuple(map(_decision_from_item, item["decisions"])),
        begun=_decision_from_item(item["begun"]) if item.get("begun") else None,
        version=item["version"],
    )


def _decision_from_item(item: Item) -> ReportDecision:
    return ReportDecision(
        from_micros(item["at"]),
        item["by"],
        Finding(item["finding"]),
        item["grounds"],
        tuple(item["serials"]),
        Reason(item["reason"]) if "reason" in item else None,
    )


def _decision_to_item(decision: ReportDecision) -> Item:
    item: Item = {
        "at": to_micros(decision.at),
        "by": decision.by,
        "finding": decision.finding.value,
        "grounds": decision.grounds,
        "serials": list(decision.serials),
    }
    return item | {"reason": decision.reason.value} if decision.reason else item


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("The report changed meanwhile; read it again.")
