"""The daily run meets what cannot be read: it is told and put off, and everybody else is reminded."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice

import pytest

from partner_center.adapters.keys import remind_shard
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.calendar import reminder_at
from tests.fakes.contract_calendar import a_reminder
from tests.fakes.reminding import Reminding
from tests.fakes.samples import ORDER, THEM, US

SIX = timedelta(hours=6)
ENDS = datetime(2027, 6, 10, 9, 29, 59, tzinfo=UTC)


@pytest.fixture
def office():
    office = Reminding()
    office.issued()
    return office


def on(office, days):
    """The morning so many days before the end."""
    office.at(reminder_at(ENDS, days) + SIX)


def subjects(mails):
    return [mail.subject for mail in mails if not mail.subject[0].isdigit()]


class Crash(Exception):
    """The function was killed."""


def crash():
    raise Crash


def test_an_order_that_cannot_be_read_keeps_nobody_else_from_being_reminded():
    office = Reminding()
    for number in range(5):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    content = office.world.tables.contents.pop((US, "ord_3", 1))
    on(office, 30)
    assert office.run().failed == 1
    assert office.failures == ["ord_3"]
    assert len(subjects(office.deliver())) == 4
    office.world.tables.contents[US, "ord_3", 1] = content
    on(office, 29)
    assert len(subjects(office.day())) == 1


def test_when_nothing_can_be_read_the_run_ends_and_is_not_good():
    office = Reminding()
    for number in range(30):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    contents, office.world.tables.contents = office.world.tables.contents, {}
    on(office, 30)
    with pytest.raises(TryAgain):
        office.run()
    assert office.calendar.last is None
    assert len(office.failures) == 10, "told before the run ended"
    office.world.tables.contents = contents
    office.clock.advance(hours=1)
    assert len(subjects(office.day())) == 30


def in_one_shard(number):
    """Ids of so many orders that are found together."""
    found = (f"ord_{each}" for each in count() if remind_shard(f"ord_{each}") == "REMIND#3")
    return list(islice(found, number))


def lose(office, order_id):
    del office.world.tables.contents[US, order_id, 1]


def spoil(office, order_id):
    office.world.tables.contents[US, order_id, 1] = "{}"


def a_day_of_runs(office):
    """The three runs of a morning, and which of them were good."""
    good = []
    for _ in range(3):
        with suppress(TryAgain):
            office.run()
        good.append(office.calendar.last == office.clock.now().date())
        office.clock.advance(hours=1)
    return good


@pytest.mark.parametrize("breaks", [lose, spoil])
@pytest.mark.parametrize("broken", [9, 10, 25])
def test_many_broken_orders_in_one_place_keep_nobody_else_from_being_reminded(breaks, broken):
    office, ids = Reminding(), in_one_shard(broken + 5)
    for order_id in [*ids, *(f"ord_other_{each}" for each in range(20))]:
        office.issued(f"{order_id.replace('_', '-')}.example.com", order_id=order_id)
    for order_id in ids[:broken]:
        breaks(office, order_id)
    for days in (90, 60, 30, 14, 7, 3, 1, 0, -7):
        on(office, days)
        good = a_day_of_runs(office)
        assert len(subjects(office.deliver())) == 25
        assert good[0] or days == 90, "from the second day on they are known"
        assert set(office.failures) == set(ids[:broken])


def test_an_entry_that_cannot_be_judged_is_put_off_behind_the_others(office):
    spoil(office, ORDER)
    on(office, 30)
    due = dict(office.calendar.rows)
    office.run()
    (moved,) = [entry for key, entry in office.calendar.rows.items() if entry != due[key]]
    assert moved == replace(due[US, ORDER, moved.kind], remind_at=office.clock.now() + timedelta(minutes=50))
    assert moved.was_put_off


def test_an_order_that_kills_the_run_keeps_nobody_else_from_being_reminded(monkeypatch):
    """It can be put off by nobody: whoever stands behind it stands before it another time."""
    office, ids = Reminding(), [*in_one_shard(8), *(f"ord_other_{each}" for each in range(8))]
    for order_id in ids:
        office.issued(f"{order_id.replace('_', '-')}.example.com", order_id=order_id)
    read = office.calendar.entries

    def entries(reseller_id, order_id):
        if order_id == ids[3]:
            raise SystemExit
        return read(reseller_id, order_id)

    monkeypatch.setattr(office.calendar, "entries", entries)
    on(office, 30)
    for _ in range(80):
        with pytest.raises(SystemExit):
            office.run()
        office.clock.advance(minutes=15)
    monkeypatch.undo()
    assert office.run().claimed == 1, "the one alone is left"
    assert len(subjects(office.deliver())) == len(ids)


def test_faults_of_orders_are_no_outage():
    office = Reminding()
    for number in range(30):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
        spoil(office, f"ord_{number}")
    on(office, 30)
    assert office.run().failed == 30
    assert office.calendar.last is not None


def test_what_cannot_even_be_put_off_is_told_and_keeps_nobody(office):
    office.issued("other.example.com", order_id="ord_2")
    spoil(office, ORDER)
    on(office, 30)

    def out(where):
        if where == "before put_off":
            raise TryAgain("The database is busy.")

    office.calendar.happen = out
    assert len(subjects(office.day())) == 1
    assert office.failures == [ORDER, ORDER]


def test_the_digest_of_an_earlier_day_is_mailed_whatever_becomes_of_the_claims():
    office = Reminding()
    for number in range(10):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    on(office, 30)
    office.calendar.happen = lambda where: crash() if where == "before end" else None
    office.queue.happen = lambda where: crash() if where == "before digest" else None
    with pytest.raises(Crash):
        office.run()
    office.calendar.happen = office.queue.happen = lambda _: None
    office.queue.waiting.clear()
    on(office, 14)
    office.world.tables.contents.clear()
    with pytest.raises(TryAgain):
        office.run()
    assert [message for message in office.queue.waiting if isinstance(message, tuple)] == [
        (US, reminder_at(ENDS, 30).date())
    ]


def test_todays_digest_waits_for_the_run_that_completes_it():
    office = Reminding()
    for number in range(15):
        office.issued(f"host-{number}.example.com", order_id=f"ord_{number}")
    on(office, 30)
    contents = dict(office.world.tables.contents)

    def goes_out(where):
        if where == "after claim":
            office.world.tables.contents.clear()

    office.calendar.happen = goes_out
    with pytest.raises(TryAgain):
        office.run()
    assert office.deliver() == []
    office.calendar.happen = lambda _: None
    office.world.tables.contents |= contents
    office.clock.advance(hours=1)
    *mails, digest = office.day()
    assert len(mails) == 15
    assert digest.subject == "15 certificates to look after: 11 May 2027"


def test_a_digest_that_cannot_be_read_keeps_no_other_from_its_reseller(office):
    on(office, 30)
    today = office.clock.now().date()
    office.calendar.open(THEM, today, office.clock.now())
    theirs = a_reminder(reseller_id=THEM, day=today)
    office.calendar.lines[THEM, today] = {(theirs.order_id, theirs.kind): theirs}
    reminders = office.calendar.reminders

    def unreadable(reseller_id, day):
        if reseller_id == US:
            raise KeyError("ends")
        return reminders(reseller_id, day)

    office.calendar.reminders = unreadable
    office.run()
    assert office.queue.waiting == [theirs, (THEM, today)]
    assert office.failures == ["2027-05-11"]


def test_other_days_that_cannot_be_planned_keep_nobody_from_being_reminded(office):
    on(office, 30)
    office.calendar.ask_replan(THEM, office.clock.now())

    def unreadable(reseller_id):
        raise KeyError(reseller_id)

    office.calendar.replan = unreadable
    assert len(subjects(office.day())) == 1
    assert office.failures == [THEM]
