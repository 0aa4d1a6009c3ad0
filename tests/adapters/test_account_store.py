"""What a reseller says of its reminders, in the access table: written only over what was read."""

from dataclasses import replace

import pytest

from partner_center.accounts.account import Account
from partner_center.accounts.api_keys import Principal, Role
from partner_center.accounts.resellers import ReminderPreferences, Reseller
from partner_center.adapters.access_store import AccessStore
from partner_center.adapters.account_store import AccountStore
from partner_center.adapters.calendar_store import CalendarStore
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.patience import Patience
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.samples import an_audit

IDS = CountingIds()
ALL_CHOSEN = ReminderPreferences((30, 7), "certs@example.com", True, "https://shop.example.com/{order_id}")
AS_USUAL, NO_DAYS = ReminderPreferences(), ReminderPreferences(days=())


class Interrupted(AccountStore):
    """Lets another request come between what is read and what is written, once."""

    def __init__(self, *args):
        super().__init__(*args)
        self.other = None

    def remind(self, *args, **more):
        other, self.other = self.other, None
        if other:
            other()
        super().remind(*args, **more)


@pytest.fixture
def store(database, tables):
    return Interrupted(database, tables)


@pytest.fixture
def new_reseller(database, tables):
    def add(reminders=AS_USUAL):
        reseller = Reseller(IDS.new("res", NOW), "Northwind", "support@example.com", None, reminders)
        AccessStore(database, tables.access).add_reseller(reseller)
        return reseller

    return add


def remind(store, before, chosen, **more):
    store.remind(before, chosen, an_audit(IDS, "account.changed"), **{"replan": False, **more})


STATES = [AS_USUAL, NO_DAYS, ALL_CHOSEN, replace(ALL_CHOSEN, mute_contacts=False)]


@pytest.mark.parametrize("before", STATES, ids=["as usual", "no days", "all chosen", "not muted"])
@pytest.mark.parametrize("after", STATES, ids=["as usual", "no days", "all chosen", "not muted"])
def test_what_is_chosen_is_written_over_what_was_read_and_over_nothing_else(
    store, new_reseller, before, after
):
    reseller = new_reseller(before)
    remind(store, reseller, after)
    assert store.reseller(reseller.reseller_id) == replace(reseller, reminders=after)
    for stale in STATES:
        if stale != after:
            with pytest.raises(ChangedMeanwhile):
                remind(store, replace(reseller, reminders=stale), ReminderPreferences(days=(1,)))
    assert store.reseller(reseller.reseller_id).reminders == after


def test_a_reseller_that_is_not_there_is_not_made(store):
    reseller = Reseller(IDS.new("res", NOW), "Nobody", "nobody@example.com")
    with pytest.raises(ChangedMeanwhile):
        remind(store, reseller, ALL_CHOSEN)
    assert store.reseller(reseller.reseller_id) is None


@pytest.mark.parametrize("days_first", [True, False], ids=["days, then muted", "muted, then days"])
def test_two_patches_at_once_are_both_there_and_other_days_are_planned(
    store, new_reseller, database, tables, days_first
):
    reseller_id = new_reseller().reseller_id
    principal = Principal(reseller_id, "key_1", Role.ADMIN)
    account = Account(store, FixedClock(), IDS, Patience(sleep=lambda _: None))
    choices = [{"days": [30, 7]}, {"mute_contacts": True}]
    first, second = choices if days_first else choices[::-1]
    store.other = lambda: account.change(principal, "req-1", {"reminders": first})
    answered = account.change(principal, "req-2", {"reminders": second})
    told = account.read(reseller_id)
    assert answered == told
    assert (told["reminders"]["days"], told["reminders"]["mute_contacts"]) == ([30, 7], True)
    assert CalendarStore(database, tables.business).replan(reseller_id) is not None
