"""Reports of CAA refusals, wired."""

from functools import cache

from partner_center.adapters.caa_findings import DynamoDbCaaFindings
from partner_center.adapters.caa_report_store import CaaReportStore
from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.base import clock, database, ids, settings
from partner_center.entry.wiring.mail import mailer
from partner_center.entry.wiring.orders import order_store
from partner_center.notifications.report_refusals import ReportCaaRefusals


@cache
def report_caa_refusals() -> ReportCaaRefusals:
    return ReportCaaRefusals(
        orders=order_store(),
        evidence=DynamoDbCaaFindings(database(), settings().tables.validation),
        reports=CaaReportStore(database(), settings().tables),
        catalog=load_catalog(),
        mailer=mailer(),
        clock=clock(),
        ids=ids(),
        sender=settings().mail_sender,
    )
