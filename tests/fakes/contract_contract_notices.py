"""What everyone who keeps notices of contracts promises, in memory and on DynamoDB.

To run the suite: subclass `NoticesContract` in a test module under a name that begins with Test, and define there
fixtures `stores`, `calendar` and `notices` over the same EMPTY tables, anew for each test.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from partner_center.billing.notices import NOTICE_SHARDS, NoticeKind
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.notifications.contract_reminders import ContractReminder, ToTell
from tests.fakes.determined import MICROSECOND, NOW, CountingIds
from tests.fakes.samples import THEM, US, a_contract, a_day, an_asking, an_audit

DAY = date(2026, 11, 24)
UNWATCHED = frozenset({"units_low"})
UNTIL = NOW + timedelta(minutes=15)


def a_notice(**changes):
    usual = ContractReminder(US, "con_1", NoticeKind.UNITS_LOW, "units_low", a_contract().valid_to, DAY)
    return replace(usual, **changes)


class NoticesContract:
    """What to look at, claims, digests, results."""

    @pytest.fixture
    def ids(self):
        return CountingIds()

    @pytest.fixture
    def contract(self, stores, calendar, notices):
        """A contract, and an open digest of its reseller."""
        stores.grant(a_contract())
        calendar.open(US, DAY, NOW)
        return notices.find(US, "con_1")

    @pytest.fixture
    def claim(self, notices, ids):
        def claim(contract, *reminders):
            given = reminders or (a_notice(),)
            notices.claim(contract, UNWATCHED, given, UNTIL, an_audit(ids, "contract.noticed", ""))

        return claim

    @staticmethod
    def due(notices, moment):
        found = [notices.due(shard, moment) for shard in range(NOTICE_SHARDS)]
        return [each for one in found for each in one.contracts], [e for one in found for e in one.claimed]

    @pytest.mark.parametrize(
        ("changes", "days", "expected"),
        [
            ({}, 0, True),
            ({"valid_from": NOW + a_day}, 0, False),
            ({"noticed": UNWATCHED}, 304, False),
            ({"noticed": UNWATCHED}, 305, True),
            ({"noticed": UNWATCHED, "ends_in_days": ()}, 9999, False),
        ],
        ids=["watched", "not begun", "long before its end", "30 days before its end", "never"],
    )
    def test_what_may_have_to_be_told_of_is_looked_at(self, stores, notices, changes, days, expected):
        stores.grant(a_contract(**changes))
        assert self.due(notices, NOW + timedelta(days=days)) == ([(US, "con_1")] * expected, [])

    def test_what_was_only_asked_for_is_not(self, stores, notices, ids):
        stores.contracts.ask(an_asking(ids))
        assert self.due(notices, NOW + 999 * a_day) == ([], [])

    def test_what_was_claimed_is_kept_with_when_to_look_next(self, stores, notices, contract, claim):
        claim(contract)
        assert notices.find(US, "con_1") == replace(contract, noticed=UNWATCHED)
        assert notices.reminder(US, "con_1", "units_low") == a_notice()
        assert self.due(notices, NOW) == ([], [])
        assert stores.audited(US, "") == ["contract.noticed"]

    def test_what_was_claimed_and_not_queued_is_found_when_its_time_is_over(self, notices, contract, claim):
        claim(contract)
        assert self.due(notices, UNTIL) == ([], [(US, "con_1", "units_low")])
        notices.queued(a_notice())
        assert self.due(notices, UNTIL) == ([], [])
        assert self.due(notices, NOW + 305 * a_day) == ([(US, "con_1")], [])

    def test_what_is_put_off_is_due_later_and_otherwise_as_it_was(self, stores, notices):
        stores.grant(a_contract())
        before = notices.find(US, "con_1")
        notices.put_off(ToTell(US, "con_1"), NOW + a_day)
        assert self.due(notices, NOW + a_day - MICROSECOND) == ([], [])
        assert self.due(notices, NOW + a_day) == ([(US, "con_1")], [])
        assert notices.find(US, "con_1") == before

    def test_what_was_claimed_is_put_off_until_it_is_queued(self, notices, contract, claim):
        claim(contract)
        due = ToTell(US, "con_1", "units_low")
        notices.put_off(due, UNTIL + a_day)
        assert self.due(notices, UNTIL) == ([], [])
        assert self.due(notices, UNTIL + a_day) == ([], [due])
        notices.queued(a_notice())
        notices.put_off(due, UNTIL + 2 * a_day)
        assert self.due(notices, UNTIL + 2 * a_day) == ([], [])

    def test_a_notice_is_claimed_once(self, notices, contract, claim):
        claim(contract)
        with pytest.raises(ChangedMeanwhile):
            claim(contract)
        with pytest.raises(ChangedMeanwhile):
            claim(notices.find(US, "con_1"))

    def test_a_contract_that_was_prolonged_since_is_not_told_of_its_former_end(
        self, notices, contract, claim
    ):
        with pytest.raises(ChangedMeanwhile):
            claim(replace(contract, valid_to=contract.valid_to - a_day))
        with pytest.raises(ChangedMeanwhile):
            notices.look_later(replace(contract, valid_to=contract.valid_to - a_day), NOW)
        assert notices.find(US, "con_1") == contract

    def test_units_that_moved_since_do_not_matter(self, notices, contract, claim):
        claim(replace(contract, units_left=3))
        assert notices.find(US, "con_1").units_left == contract.units_left

    def test_nothing_is_claimed_into_a_digest_that_is_on_its_way(self, calendar, notices, contract, claim):
        calendar.queued(calendar.digest(US, DAY), NOW)
        with pytest.raises(ChangedMeanwhile):
            claim(contract)
        assert notices.find(US, "con_1") == contract
        assert notices.reminder(US, "con_1", "units_low") is None

    def test_a_digest_has_the_notices_of_its_day_and_reseller(self, calendar, notices, contract, claim):
        ends = a_notice(kind=NoticeKind.ENDS, notice_id="ends-30-20271123")
        claim(contract, a_notice(), ends)
        assert notices.of_digest(US, DAY) == [ends, a_notice()]
        assert notices.of_digest(US, DAY + a_day) == notices.of_digest(THEM, DAY) == []
        assert list(calendar.reminders(US, DAY)) == []

    def test_what_became_of_its_mails_is_kept_whoever_else_writes(self, notices, contract, claim):
        claim(contract)
        for mailbox, result in (("0", "address_invalid"), ("1", "sent"), ("1", "sent")):
            notices.record(a_notice(), mailbox, result)
        told = a_notice(results={"0": "address_invalid", "1": "sent"})
        assert notices.reminder(US, "con_1", "units_low") == told
        assert notices.of_digest(US, DAY) == [a_notice()]

    def test_an_unknown_notice_is_none(self, notices, contract):
        assert notices.reminder(US, "con_1", "units_low") is None
        assert notices.find(US, "con_9") is None
