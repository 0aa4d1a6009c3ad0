"""Mails that waited, or come again: what was done since is not asked for any more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.notifications.calendar import ReminderKind, reminder_at
from partner_center.notifications.reminders import still_stands
from partner_center.notifications.undelivered import read_notice
from partner_center.orders.order import OrderKind, OrderStatus
from tests.fakes.contract_calendar import a_reminder, an_entry
from tests.fakes.determined import NOW
from tests.fakes.reminding import Reminding
from tests.fakes.samples import ORDER, a_day
from tests.unit.notifications.reminded import a_bounce, a_complaint, two_contacts

ENDS = datetime(2027, 6, 10, 9, 29, 59, tzinfo=UTC)
MORNING = reminder_at(ENDS, 14) + timedelta(hours=6)
TERM_ENDS = NOW + 365 * a_day


@pytest.fixture
def office():
    office = Reminding()
    office.issued()
    office.at(MORNING)
    return office


def reissued(office):
    office.reissued()


def reissued_for_good(office):
    """The next certificate lasts until the term ends."""
    office.change(term_to=NOW + 230 * a_day)
    office.reissued()


def renewed(office):
    """The order that renews it has its certificate."""
    office.world.put(order_id="ord_2", kind=OrderKind.RENEWAL, renewal_of=ORDER)
    office.change(renewed_by="ord_2")
    office.change("ord_2", status=OrderStatus.ISSUED, issued_at=NOW, serial="ab")


def renewed_and_told(office):
    renewed(office)
    office.tell("ord_2", "order.issued")


def revoked(office):
    office.revoked()


DONE = pytest.mark.parametrize("done", [reissued, reissued_for_good, renewed_and_told, revoked])


@DONE
def test_a_reminder_that_waited_is_not_mailed_when_it_was_done(office, done):
    office.run()
    office.clock.advance(hours=24)
    done(office)
    office.clock.advance(hours=24 * 12)
    assert office.deliver() == []


@DONE
@pytest.mark.parametrize("comes_back", [a_bounce, a_complaint])
def test_one_that_comes_back_late_is_not_mailed_to_the_next_contact(office, done, comes_back):
    two_contacts(office)
    mail, _ = office.day()
    office.clock.advance(hours=24)
    done(office)
    office.record_undelivered(read_notice(comes_back(**dict(mail.tags))))
    assert office.deliver() == []


def test_a_renewal_is_seen_though_its_event_is_late(office):
    office.run()
    renewed(office)
    assert [mail.to for mail in office.deliver()] == [("support@nordic.example.com",)]


def test_what_still_stands_is_mailed_however_late(office):
    office.run()
    office.clock.advance(hours=24 * 13)
    assert len(office.deliver()) == 2


@pytest.mark.parametrize("ends", [ENDS, TERM_ENDS], ids=["certificate", "term"])
def test_the_last_reminder_is_mailed_though_none_follows(office, ends):
    office.at(reminder_at(ends, -7) + timedelta(hours=6))
    office.run()
    assert len(office.deliver()) == len(office.sent.rows) + 1


def test_a_digest_leaves_out_what_was_done_and_counts_the_rest():
    office = Reminding()
    for number in range(3):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    office.at(MORNING)
    office.run()
    office.reissued("ord_1")
    *mails, digest = office.deliver()
    assert len(mails) == 2
    assert digest.subject.startswith("2 certificates")
    assert [f"host-{number}.example.com" in digest.text for number in range(3)] == [True, False, True]


CHANGES = [
    ({}, {}, True),
    ({}, {"remind_at": None}, True),
    ({}, {"stands": False}, False),
    ({}, {"ends": NOW}, False),
    ({}, {"serial": "0b"}, False),
    ({}, {"serial": None}, True),
    ({"kind": ReminderKind.TERM_ENDS}, {}, False),
]


@pytest.mark.parametrize(("told", "found", "stands"), CHANGES)
def test_a_reminder_stands_as_long_as_the_calendar_has_its_end(told, found, stands):
    entry = an_entry(**found)
    assert still_stands(replace(a_reminder(), **told), {entry.kind: entry}) is stands
