"""What one run comes to last, another comes to first: a run that dies of one item keeps no other waiting for ever."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from partner_center.billing.settle import DueSettlements
from partner_center.issuance.supersede import RevokeSuperseded
from partner_center.kernel.turns import in_turn
from partner_center.notifications.notify_contracts import NotifyContracts
from partner_center.orders.auto_reissue import ReissueByItself
from partner_center.orders.reconcile_due import DueOrders
from tests.fakes.determined import NOW, FixedClock

SIX = list("abcdef")


@pytest.mark.parametrize("count", range(4))
def test_all_come_once_and_in_their_order(count):
    for minutes in range(10):
        turned = in_turn(SIX[:count], NOW + timedelta(minutes=minutes))
        assert sorted(turned) == SIX[:count]
        assert "".join(turned) in "abcdef"[:count] * 2


@pytest.mark.parametrize("minutes", [1, 15, 60, 24 * 60])
@pytest.mark.parametrize("count", [2, 5, 6, 8, 25])
def test_each_comes_first_some_time_however_often_there_is_a_run(count, minutes):
    moments = (NOW + timedelta(minutes=number * minutes) for number in range(10 * count))
    assert {in_turn(range(count), moment)[0] for moment in moments} == set(range(count))


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


NOBODY = None
LISTS = {
    "open orders": lambda clock, at: DueOrders(Listed(at), clock),
    "money": lambda clock, at: DueSettlements(Listed(at), clock),
    "superseded": lambda clock, at: RevokeSuperseded(Listed(at), NOBODY, NOBODY, clock, NOBODY).due,
    "reissues": lambda clock, at: ReissueByItself(NOBODY, NOBODY, NOBODY, Listed(at), clock, NOBODY).due,
    "contracts": lambda clock, at: NotifyContracts(Noticed(at), NOBODY, NOBODY, NOBODY, clock, NOBODY).due,
}


def name_of(due):
    return getattr(due, "contract_id", None) or due[1]


@pytest.mark.parametrize("at", [(0, 1), (3, 3), (7, 2)], ids=["neighbours", "one shard", "far apart"])
@pytest.mark.parametrize("lists", LISTS.values(), ids=LISTS.keys())
def test_what_kills_a_run_keeps_none_of_the_others_waiting_for_ever(lists, at):
    clock, done = FixedClock(), set()
    due = lists(clock, at)
    for _ in range(40):
        for each in due():
            if name_of(each) == "ord_4":
                break
            done.add(name_of(each))
        clock.advance(minutes=5)
    assert done == {f"ord_{number}" for number in range(20)} - {"ord_4"}
