"""What was told of CAA refusals, in DynamoDB: of an order, to a mailbox, and of two at once one is written."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from partner_center.adapters.caa_report_store import CaaReportStore
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.notifications.report_refusals import Report, Told
from tests.fakes.determined import CountingIds
from tests.fakes.samples import ORDER, THEM, US, an_audit

MAILBOX, DAY = "security@example.com", "2026-11-23"


@pytest.fixture
def reports(stores):
    return CaaReportStore(stores.database, stores.tables)


def a_report(number=1, order_id=ORDER, mailbox=MAILBOX, day=DAY):
    return Report(f"caa_{number}", US, order_id, mailbox, day, ())


def claim(reports, report, *digests):
    of_order, of_day = reports.of_order(US, report.order_id), reports.of_day(report.mailbox, report.day)
    reports.claim(
        report, [f"r-{each}" for each in digests], [f"n-{each}" for each in digests], of_order, of_day
    )


def test_before_the_first_report_nothing_was_told(reports):
    assert reports.of_order(US, ORDER) == reports.of_day(MAILBOX, DAY) == Told()


def test_claims_add_up(reports):
    claim(reports, a_report(1), "a", "b")
    claim(reports, a_report(2), "c")
    claim(reports, a_report(3), "d")
    assert reports.of_order(US, ORDER) == Told(
        {"caa_1": ("r-a", "r-b"), "caa_2": ("r-c",), "caa_3": ("r-d",)}
    )
    assert reports.of_day(MAILBOX, DAY) == Told(
        {"caa_1": ("n-a", "n-b"), "caa_2": ("n-c",), "caa_3": ("n-d",)}
    )


def test_orders_resellers_mailboxes_and_days_are_apart(reports):
    claim(reports, a_report(1), "a")
    assert reports.of_order(THEM, ORDER) == reports.of_order(US, "ord_2") == Told()
    assert reports.of_day("noc@example.com", DAY) == reports.of_day(MAILBOX, "2026-11-24") == Told()


def test_a_claim_on_what_was_read_too_early_writes_nothing(reports):
    claim(reports, a_report(1), "a")
    before = reports.of_order(US, ORDER), reports.of_day(MAILBOX, DAY)
    for of_order, of_day in ((Told(), before[1]), (before[0], Told())):
        with pytest.raises(ChangedMeanwhile):
            reports.claim(a_report(2), ["r"], ["n"], of_order, of_day)
    assert (reports.of_order(US, ORDER), reports.of_day(MAILBOX, DAY)) == before


def test_of_several_claims_at_once_one_is_written(reports):
    all_are_here = Barrier(4)

    def claimed(number):
        of_day = reports.of_day(MAILBOX, DAY)
        all_are_here.wait(timeout=10)
        try:
            reports.claim(a_report(number, f"ord_{number}"), ["r"], ["n"], Told(), of_day)
        except ChangedMeanwhile:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(claimed, range(4))) == 1
    assert len(reports.of_day(MAILBOX, DAY).reports) == 1


def test_what_is_concluded_was_sent_and_is_on_record(reports, stores):
    assert not reports.was_sent(US, ORDER, "caa_1")
    reports.conclude(a_report(1), an_audit(CountingIds(), "caa.refusal_reported"))
    assert reports.was_sent(US, ORDER, "caa_1")
    assert not reports.was_sent(US, ORDER, "caa_2")
    assert stores.audited(US, ORDER) == ["caa.refusal_reported"]
    reports.conclude(a_report(1), an_audit(CountingIds(10), "caa.refusal_reported"))
    assert len(stores.audited(US, ORDER)) == 2


def test_a_mailbox_does_not_stand_in_the_table_in_the_clear(reports, stores):
    claim(reports, a_report(1), "a")
    stored = str(stores.database._client.scan(TableName=stores.tables.business)["Items"])
    assert "IODEF#" in stored
    assert "security" not in stored


def test_the_row_of_a_day_ends_by_itself(reports, stores):
    claim(reports, a_report(1), "a")
    claim(reports, a_report(2), "b")
    rows = stores.database._client.scan(TableName=stores.tables.business)["Items"]
    ends = {row["pk"]["S"][:5]: row.get("expires_at") for row in rows}
    assert ends["IODEF"] == {"N": "1795651200"}  # 2026-11-26T00:00:00Z
    assert ends["R#res"] is None


def test_under_contention_nothing_is_claimed(reports, contention):
    contention(1.0)
    with pytest.raises(TryAgain):
        claim(reports, a_report(1), "a")
    contention(0.0)
    assert reports.of_order(US, ORDER) == Told()
