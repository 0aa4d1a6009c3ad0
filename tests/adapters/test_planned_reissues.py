"""Reissues that make themselves, listed by their time in DynamoDB."""

import pytest

from partner_center.adapters import keys
from partner_center.adapters.planned_reissues import PlannedReissueStore
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, US, a_day


@pytest.fixture
def planned(stores):
    return PlannedReissueStore(stores.database, stores.tables)


def due(planned, moment, at_most=10):
    found = [planned.due(shard, moment, at_most) for shard in range(keys.REISSUE_SHARDS)]
    return [each for some in found for each in some]


def test_an_order_is_due_from_its_time_on_and_the_newest_plan_counts(planned):
    planned.plan(US, ORDER, NOW)
    assert due(planned, NOW) == [(US, ORDER)]
    planned.plan(US, ORDER, NOW + a_day)
    assert due(planned, NOW) == []
    assert due(planned, NOW + a_day) == [(US, ORDER)]


def test_what_is_planned_no_more_is_not_listed(planned):
    planned.plan(US, ORDER, NOW)
    planned.plan(US, ORDER, None)
    assert due(planned, NOW + 1000 * a_day) == []
    planned.plan(US, ORDER, None)


def test_the_longest_due_come_first_and_a_run_takes_a_few(planned):
    same = [f"ord_{number}" for number in range(200) if keys.reissue_shard(f"ord_{number}") == 3][:4]
    for days, order_id in enumerate(same):
        planned.plan(US, order_id, NOW - days * a_day)
    assert planned.due(3, NOW, 2) == [(US, same[3]), (US, same[2])]


def test_what_is_put_off_is_due_later(planned):
    planned.plan(US, ORDER, NOW)
    planned.put_off(US, ORDER, NOW + a_day)
    assert due(planned, NOW) == []
    assert due(planned, NOW + a_day) == [(US, ORDER)]


def test_what_is_planned_no_more_is_not_put_off(planned):
    planned.plan(US, ORDER, None)
    planned.put_off(US, ORDER, NOW)
    planned.put_off(US, "ord_unknown", NOW)
    assert due(planned, NOW) == []


def test_what_was_planned_for_later_meanwhile_stays_for_later(planned):
    planned.plan(US, ORDER, NOW + 2 * a_day)
    planned.put_off(US, ORDER, NOW + a_day)
    assert due(planned, NOW + a_day) == []
    assert due(planned, NOW + 2 * a_day) == [(US, ORDER)]
