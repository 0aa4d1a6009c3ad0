"""What every calendar of reminders promises, in memory and on DynamoDB.

To run the suite on a calendar: subclass `CalendarContract` in a test module under a name that begins with Test, and
define there a fixture `calendar` that yields an EMPTY one, anew for each test, and `ask_replan(reseller_id, moment)`.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from partner_center.adapters.keys import REMINDER_SHARDS, remind_shard
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.notifications.calendar import Entry, ReminderKind
from partner_center.notifications.reminders import Digest, Reminder, Replan, RunUnderWay
from partner_center.orders.deadlines import DeadlineKind
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import THEM, US, a_day

DAY = date(2026, 11, 23)


def an_entry(**changes):
    usual = Entry(
        reseller_id=US,
        order_id="ord_1",
        kind=ReminderKind.CERTIFICATE_ENDS,
        ends=NOW + 199 * a_day,
        begins=NOW,
        done_until=NOW,
        remind_at=NOW + 109 * a_day,
        serial="0a1b",
    )
    return replace(usual, **changes)


def a_reminder(**changes):
    usual = Reminder(
        reseller_id=US,
        order_id="ord_1",
        kind=ReminderKind.CERTIFICATE_ENDS,
        day=DAY,
        ends=NOW + 199 * a_day,
        days=90,
        action=DeadlineKind.REISSUE,
        common_name="www.example.com",
        names_total=2,
        contact="asa@example.com",
        serial="0a1b",
        partner_order_id="PO-1 ☂",
        names=("www.example.com", "*.example.com"),
        renewed_by=None,
        automatic=True,
        price="1 unit of contract con_1",
    )
    return replace(usual, **changes)


def due(calendar, moment):
    """Every entry and digest that is due, over all shards."""
    pages = [page for shard in range(REMINDER_SHARDS) for page in calendar.due(shard, moment)]
    return [each for page in pages for each in page.entries], [e for page in pages for e in page.digests]


class CalendarContract:
    """Entries, digests, runs."""

    # ---- entries

    def test_what_was_written_is_read(self, calendar):
        entry, other = an_entry(), an_entry(kind=ReminderKind.TERM_ENDS, serial=None)
        calendar.write(entry, None)
        calendar.write(other, None)
        assert calendar.entries(US, "ord_1") == {entry.kind: entry, other.kind: other}

    def test_an_entry_may_fall_and_stand_again(self, calendar):
        stands = an_entry()
        fallen = replace(stands, remind_at=None, stands=False)
        calendar.write(stands, None)
        calendar.write(fallen, stands)
        assert calendar.entries(US, "ord_1") == {stands.kind: fallen}
        calendar.write(stands, fallen)
        assert calendar.entries(US, "ord_1") == {stands.kind: stands}

    @pytest.mark.parametrize(("reseller_id", "order_id"), [(THEM, "ord_1"), (US, "ord_2"), (US, "ord_")])
    def test_entries_are_of_one_order_of_one_reseller(self, calendar, reseller_id, order_id):
        calendar.write(an_entry(), None)
        assert calendar.entries(reseller_id, order_id) == {}

    def test_an_entry_is_made_once(self, calendar):
        calendar.write(an_entry(), None)
        with pytest.raises(ChangedMeanwhile):
            calendar.write(an_entry(serial="other"), None)

    @pytest.mark.parametrize(
        "meanwhile",
        [
            {"done_until": NOW + a_day},
            {"remind_at": NOW + a_day},
            {"remind_at": None},
            {"ends": NOW + 300 * a_day},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_an_entry_that_moved_meanwhile_is_left_as_it_is(self, calendar, meanwhile):
        before, moved = an_entry(), an_entry(**meanwhile)
        calendar.write(before, None)
        calendar.write(moved, before)
        with pytest.raises(ChangedMeanwhile):
            calendar.write(an_entry(remind_at=NOW + 2 * a_day), before)
        calendar.open(US, DAY, NOW)
        with pytest.raises(ChangedMeanwhile):
            calendar.claim(an_entry(remind_at=NOW + 2 * a_day), before, a_reminder())
        assert calendar.entries(US, "ord_1")[before.kind] == moved
        assert list(calendar.reminders(US, DAY)) == []

    def test_an_entry_that_is_over_may_begin_again(self, calendar):
        over, again = an_entry(remind_at=None), an_entry(serial="0b", ends=NOW + 300 * a_day)
        calendar.write(over, None)
        calendar.write(again, over)
        assert calendar.entries(US, "ord_1")[over.kind] == again
        assert due(calendar, NOW + 400 * a_day)[0] == [(US, "ord_1", over.kind)]

    @pytest.mark.parametrize(
        ("offset", "found"), [(-MICROSECOND, False), (timedelta(0), True), (400 * a_day, True)]
    )
    def test_an_entry_is_due_from_its_moment_on_however_late_somebody_looks(self, calendar, offset, found):
        calendar.write(an_entry(), None)
        entries, _ = due(calendar, NOW + 109 * a_day + offset)
        assert entries == ([(US, "ord_1", ReminderKind.CERTIFICATE_ENDS)] if found else [])

    def test_an_entry_without_a_next_reminder_is_never_due(self, calendar):
        calendar.write(an_entry(remind_at=None), None)
        assert due(calendar, NOW + 10_000 * a_day) == ([], [])

    def test_the_longest_due_comes_first_and_no_page_is_left_out(self, calendar):
        shard = remind_shard("ord_0")
        ids = [f"ord_{number}" for number in range(2500) if remind_shard(f"ord_{number}") == shard][:230]
        for number, order_id in enumerate(ids):
            calendar.write(an_entry(order_id=order_id, remind_at=NOW + (number * 37 % 230) * a_day), None)
        found = [order_id for _, order_id, _ in due(calendar, NOW + 229 * a_day)[0]]
        assert sorted(found) == sorted(ids)
        assert [ids.index(order_id) * 37 % 230 for order_id in found] == list(range(230))

    @pytest.mark.parametrize("offset", [timedelta(0), 30 * a_day], ids=["just due", "for long"])
    def test_what_is_put_off_is_due_later_and_otherwise_as_it_was(self, calendar, offset):
        entry, moment = an_entry(), NOW + 109 * a_day + offset
        calendar.write(entry, None)
        later = moment + timedelta(minutes=50)
        calendar.put_off(US, "ord_1", entry.kind, later)
        assert calendar.entries(US, "ord_1")[entry.kind] == replace(entry, remind_at=later)
        assert due(calendar, later - MICROSECOND) == ([], [])
        assert due(calendar, later)[0] == [(US, "ord_1", entry.kind)]

    @pytest.mark.parametrize("remind_at", [None, NOW + 139 * a_day], ids=["over", "due later"])
    def test_what_is_not_due_is_not_put_off(self, calendar, remind_at):
        entry = an_entry(remind_at=remind_at)
        calendar.write(entry, None)
        calendar.put_off(US, "ord_1", entry.kind, NOW + 110 * a_day)
        calendar.put_off(US, "ord_2", entry.kind, NOW + 110 * a_day)
        assert calendar.entries(US, "ord_1")[entry.kind] == entry
        assert calendar.entries(US, "ord_2") == {}

    # ---- claims

    def test_a_claim_moves_the_entry_and_keeps_the_reminder(self, calendar):
        before, after = an_entry(), an_entry(done_until=NOW + 109 * a_day, remind_at=NOW + 139 * a_day)
        reminder = a_reminder()
        calendar.open(US, DAY, NOW)
        calendar.write(before, None)
        calendar.claim(after, before, reminder)
        assert calendar.entries(US, "ord_1")[before.kind] == after
        assert list(calendar.reminders(US, DAY)) == [reminder]
        assert calendar.reminder(US, DAY, "ord_1", before.kind) == reminder

    def test_of_two_claims_one_takes_effect(self, calendar):
        before, after = an_entry(), an_entry(done_until=NOW + 109 * a_day, remind_at=None)
        calendar.write(before, None)
        for day in (DAY, DAY + a_day):
            calendar.open(US, day, NOW)
        calendar.claim(after, before, a_reminder())
        with pytest.raises(ChangedMeanwhile):
            calendar.claim(after, before, a_reminder(day=DAY + a_day))
        assert list(calendar.reminders(US, DAY + a_day)) == []

    @pytest.mark.parametrize("mark", ["queued", "close", "sent", None])
    def test_a_digest_that_is_on_its_way_or_was_never_opened_takes_no_more(self, calendar, mark):
        before = an_entry()
        calendar.write(before, None)
        if mark is not None:
            getattr(calendar, mark)(calendar.open(US, DAY, NOW), NOW)
            assert not calendar.digest(US, DAY).takes_more
        with pytest.raises(ChangedMeanwhile):
            calendar.claim(replace(before, remind_at=None), before, a_reminder())
        assert calendar.entries(US, "ord_1")[before.kind] == before
        assert list(calendar.reminders(US, DAY)) == []

    def test_a_digest_that_is_closed_is_due_until_its_mails_are_queued(self, calendar):
        calendar.close(calendar.open(US, DAY, NOW), NOW)
        assert due(calendar, NOW) == ([], [(US, DAY)])

    def test_reminders_are_of_one_reseller_and_day_however_many(self, calendar):
        for reseller_id in (US, THEM):
            calendar.open(reseller_id, DAY, NOW)
        for number in range(120):
            order_id = f"ord_{number:03}"
            before = an_entry(order_id=order_id)
            calendar.write(before, None)
            calendar.claim(replace(before, remind_at=None), before, a_reminder(order_id=order_id))
        other = an_entry(reseller_id=THEM)
        calendar.write(other, None)
        calendar.claim(replace(other, remind_at=None), other, a_reminder(reseller_id=THEM))
        assert [each.order_id for each in calendar.reminders(US, DAY)] == [f"ord_{n:03}" for n in range(120)]
        assert list(calendar.reminders(US, DAY + a_day)) == []
        assert calendar.reminder(US, DAY, "ord_999", ReminderKind.TERM_ENDS) is None

    # ---- digests

    def test_a_digest_is_due_until_its_mails_are_queued(self, calendar):
        digest = calendar.open(US, DAY, NOW)
        assert digest == Digest(US, DAY)
        assert due(calendar, NOW - MICROSECOND) == ([], [])
        assert due(calendar, NOW) == ([], [(US, DAY)])
        calendar.queued(digest, NOW)
        assert due(calendar, NOW + 10 * a_day) == ([], [])
        assert calendar.digest(US, DAY) == Digest(US, DAY, queued=True)
        calendar.sent(replace(digest, queued=True), NOW)
        assert calendar.digest(US, DAY) == Digest(US, DAY, queued=True, sent=True)

    def test_what_became_of_each_mail_is_kept_whoever_else_writes(self, calendar):
        """Each says what it knows of its own mailbox, and has read the digest before the others wrote."""
        digest = calendar.open(US, DAY, NOW)
        for mailbox, result in (
            ("one", "sent"),
            ("other", "sent"),
            ("one", "came_back"),
            ("one", "came_back"),
        ):
            calendar.record(digest, mailbox, result)
        calendar.sent(digest, NOW)
        found = calendar.digest(US, DAY)
        assert found == Digest(US, DAY, sent=True, results={"one": "came_back", "other": "sent"})

    def test_a_digest_is_opened_once(self, calendar):
        digest = calendar.open(US, DAY, NOW)
        calendar.queued(digest, NOW)
        assert calendar.open(US, DAY, NOW + a_day) == Digest(US, DAY, queued=True)
        assert due(calendar, NOW + 10 * a_day) == ([], [])

    def test_an_unknown_digest_is_none(self, calendar):
        assert calendar.digest(US, DAY) is None

    # ---- other days

    def replans(self, calendar, moment):
        pages = [page for shard in range(REMINDER_SHARDS) for page in calendar.due(shard, moment)]
        return [each for page in pages for each in page.replans]

    def test_a_reseller_that_chose_other_days_is_found_until_all_is_planned_anew(self, calendar, ask_replan):
        assert calendar.replan(US) is None
        ask_replan(US, NOW)
        assert self.replans(calendar, NOW - MICROSECOND) == []
        assert self.replans(calendar, NOW) == [US]
        assert due(calendar, NOW) == ([], [])
        replan = calendar.replan(US)
        assert replan == Replan(US, NOW)
        calendar.replanned(replan, "cursor")
        assert calendar.replan(US) == Replan(US, NOW, "cursor")
        calendar.replanned(replan, None)
        assert (self.replans(calendar, NOW + a_day), calendar.replan(US)) == ([], None)

    def test_who_chooses_again_begins_anew(self, calendar, ask_replan):
        ask_replan(US, NOW)
        replan = calendar.replan(US)
        calendar.replanned(replan, "cursor")
        ask_replan(US, NOW + a_day)
        assert calendar.replan(US) == Replan(US, NOW + a_day)
        with pytest.raises(ChangedMeanwhile):
            calendar.replanned(replan, None)

    # ---- runs

    def test_a_run_is_good_when_it_ends_with_its_day(self, calendar):
        assert calendar.begin(NOW, NOW + a_day) is None
        calendar.end(DAY, NOW)
        assert calendar.begin(NOW, NOW + a_day) == DAY
        calendar.end(None, NOW)
        assert calendar.begin(NOW, NOW + a_day) == DAY

    def test_one_run_at_a_time(self, calendar):
        calendar.begin(NOW, NOW + a_day)
        with pytest.raises(RunUnderWay):
            calendar.begin(NOW + a_day - MICROSECOND, NOW + 2 * a_day)

    def test_a_run_that_died_is_over_in_the_end(self, calendar):
        calendar.begin(NOW, NOW + a_day)
        assert calendar.begin(NOW + a_day, NOW + 2 * a_day) is None
