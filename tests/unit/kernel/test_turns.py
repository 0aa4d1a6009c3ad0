"""What one run comes to last, another comes to first: a run that dies of one item keeps no other waiting for ever."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from partner_center.billing.settle import DueSettlements
from partner_center.issuance.supersede import RevokeSuperseded
from partner_center.kernel.turns import in_turn
from partner_center.notifications.contract_reminders import ToTell
from partner_center.notifications.notify_contracts import NotifyContracts
from partner_center.orders.auto_reissue import ReissueByItself
from partner_center.orders.reconcile_due import DueOrders
from partner_center.validation.due_checks import BeginDueChecks
from tests.fakes.determined import NOW, FixedClock

SIX = list("abcdef")


@pytest.mark.parametrize("count", range(4))
def test_all_come_once_and_in_their_order(count):
    for minutes in range(10):
        turned = in_turn(SIX[:count], NOW + timedelta(minutes=minutes))
        assert sorted(turned) == SIX[:count]
        assert "".join(turned) in "abcdef"[:count] * 2


@pytest.mark.parametrize("minutes", [1, 5, 15, 60, 24 * 60])
@pytest.mark.parametrize("count", [2, 4, 5, 8, 25])
def test_each_comes_first_some_time_in_each_turn_of_another_however_often_there_is_a_run(count, minutes):
    """Shards are turned, and what each of them has: no shard begins at the same few for ever."""
    moments = [NOW + timedelta(minutes=number * minutes) for number in range(80 * count)]
    firsts = {(in_turn(range(8), each)[0], in_turn(range(count), each, 3)[0]) for each in moments}
    assert firsts == {(shard, item) for shard in range(8) for item in range(count)}


# ---- who lists what is due


class Listed:
    """Twenty that are due, on two of the shards; of each only the name matters."""

    def __init__(self, at):
        self.names = [f"ord_{number}" for number in range(20)]
        self.at = at

    def due(self, shard, _moment, _at_most=25):
        return [("res_1", name) for name in self.names if self.at[int(name[4:]) % 2] == shard]


class Noticed(Listed):
    def due(self, shard, moment):
        found = super().due(shard, moment)
        return SimpleNamespace(contracts=found, claimed=[(*each, "ntc_1") for each in found])


def handing_over(clock, at):
    """Checks are not listed for somebody else: each is handed over."""

    def run():
        found = []
        checking = SimpleNamespace(begin=lambda *ids: found.append(ids))
        BeginDueChecks(Listed(at), checking, clock)()
        return found

    return run


NOBODY = None
LISTS = {
    "open orders": lambda clock, at: DueOrders(Listed(at), clock),
    "money": lambda clock, at: DueSettlements(Listed(at), clock),
    "superseded": lambda clock, at: RevokeSuperseded(Listed(at), NOBODY, NOBODY, clock, NOBODY).due,
    "reissues": lambda clock, at: ReissueByItself(NOBODY, NOBODY, NOBODY, Listed(at), clock, NOBODY).due,
    "checks": handing_over,
    "contracts": lambda clock, at: NotifyContracts(Noticed(at), NOBODY, NOBODY, NOBODY, clock, NOBODY).due,
}


def name_of(due):
    """The order, or the contract and whether it is a notice of it."""
    return (due.contract_id, due.notice_id) if isinstance(due, ToTell) else due[1]


@pytest.mark.parametrize("at", [(0, 1), (3, 3), (7, 2)], ids=["neighbours", "one shard", "far apart"])
@pytest.mark.parametrize("lists", LISTS.values(), ids=LISTS.keys())
def test_what_kills_a_run_keeps_none_of_the_others_waiting_for_ever(lists, at):
    clock, done = FixedClock(), set()
    due = lists(clock, at)
    every = {name_of(each) for each in due()}
    assert len(every) >= 20
    for _ in range(200):
        for each in due():
            if name_of(each) in {"ord_4", ("ord_4", None)}:
                break
            done.add(name_of(each))
        clock.advance(minutes=5)
    assert done == every - {"ord_4", ("ord_4", None)}
