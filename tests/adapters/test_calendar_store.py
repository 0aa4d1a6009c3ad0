"""The calendar in DynamoDB keeps every promise; and what only the table knows: the sparse index, what it costs."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier

import pytest

from local.repairs.capacity import METER
from partner_center.adapters import keys
from partner_center.adapters.account_store import replan_put
from partner_center.adapters.calendar_store import CalendarStore
from partner_center.adapters.dynamodb import Database, Patience
from partner_center.adapters.suppression_store import BOUNCE_LIFETIME, SuppressionStore
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.notifications.calendar import ReminderKind
from partner_center.notifications.reminders import RunUnderWay
from partner_center.notifications.suppressions import Suppression, Undelivered
from tests.fakes.contract_calendar import DAY, CalendarContract, a_reminder, an_entry, due
from tests.fakes.determined import MICROSECOND, NOW, FixedClock
from tests.fakes.samples import ORDER, THEM, US, a_day


@pytest.fixture
def business(new_table):
    return new_table("business")


@pytest.fixture
def store(dynamodb, business, pauses):
    return Database(dynamodb, Patience(sleep=pauses.append, jitter=lambda: 1.0)), business


@pytest.fixture
def calendar(store):
    return CalendarStore(*store)


@pytest.fixture
def ask_replan(store):
    database, table = store
    return lambda reseller_id, moment: database.write(replan_put(table, reseller_id, moment))


class TestCalendarInDynamoDb(CalendarContract):
    """The promises, kept by DynamoDB."""


def raced(action, times=4):
    """What so many at once get: an answer or an error each."""
    barrier = Barrier(times)

    def one(_):
        barrier.wait()
        try:
            return action()
        except (ChangedMeanwhile, RunUnderWay) as error:
            return type(error)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_of_many_claims_at_once_one_takes_effect(calendar):
    before = an_entry()
    calendar.open(US, DAY, NOW)
    calendar.write(before, None)
    results = raced(lambda: calendar.claim(replace(before, remind_at=None), before, a_reminder()))
    assert sorted(map(str, results)) == sorted(map(str, [None] + [ChangedMeanwhile] * 3))
    assert len(list(calendar.reminders(US, DAY))) == 1


@pytest.mark.parametrize("again", [False, True], ids=["the very first", "a later one"])
def test_of_many_runs_at_once_one_begins(calendar, again):
    if again:
        calendar.begin(NOW, NOW + a_day)
        calendar.end(DAY, NOW)
    results = raced(lambda: calendar.begin(NOW, NOW + a_day))
    assert results.count(RunUnderWay) == 3


def test_an_entry_that_is_over_leaves_the_index_and_gets_an_end(store, calendar):
    database, table = store
    before = an_entry()
    calendar.write(before, None)
    key = keys.reminder(US, "ord_1", before.kind)
    assert "expires_at" not in database.get(table, key)
    calendar.write(replace(before, remind_at=None), before)
    row = database.get(table, key)
    assert row["expires_at"] == int((before.ends + 90 * a_day).timestamp())
    assert not {"remind_shard", "remind_at"} & row.keys()


def test_what_a_look_at_the_calendar_costs_depends_on_what_is_due_and_not_on_what_there_is(calendar):
    """Keys of entries are some 200 bytes, so one read unit covers forty of them at half price."""

    def cost(moment):
        METER.reset()
        entries, _ = due(calendar, moment)
        return len(entries), sum(METER.read_units.values())

    costs = []
    for total in (100, 400):
        for number in range(total - 100 if total > 100 else 0, total):
            later = {} if number < 50 else {"remind_at": NOW + 300 * a_day}
            calendar.write(an_entry(order_id=f"ord_{number:05}", **later), None)
        costs.append(cost(NOW + 109 * a_day))
    assert costs[0] == costs[1]
    assert costs[0][0] == 50
    assert costs[0][1] <= 8
    assert cost(NOW)[1] == 4  # half a unit for each empty shard


# ---- addresses that take no mail


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def suppressions(store, clock):
    return SuppressionStore(*store, clock)


def a_suppression(why=Undelivered.BOUNCED, **changes):
    return replace(Suppression(US, "asa@example.com", why, NOW, "550 no such user ☂"), **changes)


def test_a_suppression_is_the_resellers_own_and_knows_no_case(suppressions):
    suppressions.suppress(a_suppression(address="Asa@Example.com"))
    assert suppressions.suppression(US, "asa@EXAMPLE.com") == a_suppression()
    assert suppressions.suppression(THEM, "asa@example.com") is None


def test_a_mailbox_that_bounced_is_tried_again_after_90_days(suppressions, clock):
    suppressions.suppress(a_suppression())
    clock.moment = NOW + BOUNCE_LIFETIME - MICROSECOND
    assert suppressions.suppression(US, "asa@example.com") is not None
    clock.moment = NOW + BOUNCE_LIFETIME
    assert suppressions.suppression(US, "asa@example.com") is None


def test_a_complaint_stands_for_good(suppressions, clock):
    complaint = a_suppression(Undelivered.COMPLAINED)
    suppressions.suppress(a_suppression())
    suppressions.suppress(complaint)
    suppressions.suppress(a_suppression(at=NOW + a_day))
    clock.advance(days=5000)
    assert suppressions.suppression(US, "asa@example.com") == complaint


def test_of_two_bounces_the_newer_counts(suppressions):
    suppressions.suppress(a_suppression())
    suppressions.suppress(a_suppression(at=NOW + a_day))
    assert suppressions.suppression(US, "asa@example.com") == a_suppression(at=NOW + a_day)


class Interrupted(Database):
    """Lets something else happen before its next write."""

    other = None

    def _before(self):
        other, self.other = self.other, None
        if other:
            other()

    def write(self, action):
        self._before()
        super().write(action)

    def replace(self, *args):
        self._before()
        super().replace(*args)


@pytest.mark.parametrize("known", [False, True], ids=["new", "one that bounced before"])
def test_a_complaint_is_not_lost_to_a_bounce_that_is_told_at_the_same_time(dynamodb, business, clock, known):
    database = Interrupted(dynamodb)
    suppressions = SuppressionStore(database, business, clock)
    if known:
        suppressions.suppress(a_suppression(at=NOW - a_day))
    complaint = a_suppression(Undelivered.COMPLAINED)
    database.other = lambda: SuppressionStore(Database(dynamodb), business, clock).suppress(complaint)
    suppressions.suppress(a_suppression())
    assert suppressions.suppression(US, "asa@example.com") == complaint


class OneShard:
    """What the index `reminders` has due, of resellers of these names."""

    def query_index(self, *_, **__):
        entries = [keys.reminder(each, ORDER, ReminderKind.TERM_ENDS) for each in ("res_1", "DIGEST")]
        due = [keys.digest("res_1", "2027-05-11"), *entries, keys.digest("DIGEST", "2027-05-11")]
        return [{"pk": each.pk, "sk": each.sk} for each in due], None


def test_what_is_due_is_told_apart_whatever_a_reseller_is_called():
    (page,) = CalendarStore(OneShard(), "business").due(0, NOW)
    assert page.digests == [(each, date(2027, 5, 11)) for each in ("res_1", "DIGEST")]
    assert page.entries == [(each, ORDER, ReminderKind.TERM_ENDS) for each in ("res_1", "DIGEST")]
