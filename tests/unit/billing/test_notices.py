"""When a contract's holder is told: few units, near the end, once each, whatever runs were missed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.billing.contracts import ContractStatus
from partner_center.billing.notices import NoticeKind, due_notices, low_threshold, next_look
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import a_card_contract, a_contract, a_day

END = NOW + 100 * a_day
UNWATCHED = frozenset({"units_low"})


def ids(contract, moment=NOW):
    return [notice.notice_id for notice in due_notices(contract, moment)]


def low(granted, left, **changes):
    return a_contract(granted, units_left=left, units_held=granted - left, valid_to=END, **changes)


THRESHOLDS = {
    "a tenth": (a_contract(500), 50),
    "a tenth, rounded up": (a_contract(11), 2),
    "of one unit": (a_contract(1), 1),
    "as agreed": (a_contract(500, units_low=7), 7),
    "none left, as agreed": (a_contract(500, units_low=0), 0),
}


@pytest.mark.parametrize(("contract", "units"), THRESHOLDS.values(), ids=THRESHOLDS.keys())
def test_the_threshold_is_what_was_agreed_or_a_tenth(contract, units):
    assert low_threshold(contract) == units


UNITS = {
    "plenty": (low(500, 51), []),
    "the threshold": (low(500, 50), ["units_low"]),
    "fewer": (low(500, 3), ["units_low"]),
    "none": (low(500, 0), ["units_low"]),
    "told already": (low(500, 3, noticed=UNWATCHED), []),
    "none, and that is when to tell": (low(500, 0, units_low=0), ["units_low"]),
    "one, and none is when to tell": (low(500, 1, units_low=0), []),
    "only asked for": (low(500, 0, status=ContractStatus.REQUESTED), []),
    "not begun": (low(500, 0, valid_from=NOW + MICROSECOND), []),
    "a card has no units": (a_card_contract(valid_to=END), []),
}


@pytest.mark.parametrize(("contract", "expected"), UNITS.values(), ids=UNITS.keys())
def test_few_units_are_told_once(contract, expected):
    assert ids(contract) == expected


def ending(**changes):
    return a_contract(valid_from=NOW, valid_to=END, noticed=changes.pop("noticed", UNWATCHED), **changes)


def before_end(days):
    return END - timedelta(days=days)


def name(days, end=END):
    return f"ends-{days}-{end:%Y%m%d}"


ENDS = {
    "31 days before": (31, [], []),
    "30 days before": (30, [], [name(30)]),
    "29 days before, told": (29, [30], []),
    "29 days before, a run was missed": (29, [], [name(30)]),
    "7 days before": (7, [30], [name(7)]),
    "6 days before, all runs were missed": (6, [], [name(7)]),
    "half a day before": (0.5, [30, 7], [name(1)]),
    "at the end, told": (0, [30, 7, 1], []),
    "after the end, never told": (-5, [], [name(1)]),
}


@pytest.mark.parametrize(("days", "told", "expected"), ENDS.values(), ids=ENDS.keys())
def test_the_end_is_told_at_each_of_its_days_once(days, told, expected):
    contract = ending(noticed=UNWATCHED | {name(each) for each in told})
    assert ids(contract, before_end(days)) == expected


def test_one_mail_tells_of_all_days_that_passed():
    (notice,) = due_notices(ending(), before_end(6))
    assert notice.kind is NoticeKind.ENDS
    assert notice.covers == {name(30), name(7)}
    assert ids(ending(noticed=UNWATCHED | notice.covers), before_end(6)) == []
    assert ids(ending(noticed=UNWATCHED | notice.covers), before_end(1)) == [name(1)]


def test_a_contract_shorter_than_a_notice_is_not_told_of_it():
    short = ending(ends_in_days=(300, 100, 99))
    assert ids(short, NOW) == []
    assert ids(short, NOW + a_day) == [name(99)]


def test_a_card_that_prolongs_its_contract_is_told_of_again():
    told = frozenset(name(days) for days in (30, 7, 1))
    contract = a_card_contract(valid_from=NOW, valid_to=END, noticed=told)
    assert next_look(contract, END) is None
    later = END + 365 * a_day
    prolonged = a_card_contract(valid_from=NOW, valid_to=later, noticed=told)
    assert next_look(prolonged, END) == later - 30 * a_day
    assert ids(prolonged, later - 30 * a_day) == [name(30, later)]


LOOKS = {
    "watched until it ends": (ending(noticed=frozenset()), NOW, NOW),
    "units are watched no more at its end": (
        ending(noticed=frozenset({name(30), name(7)})),
        END,
        before_end(1),
    ),
    "the next of its days": (ending(), NOW, before_end(30)),
    "the one after": (ending(noticed=UNWATCHED | {name(30)}), NOW, before_end(7)),
    "nothing is left to tell": (ending(noticed=UNWATCHED | {name(30), name(7), name(1)}), NOW, None),
    "only asked for": (ending(status=ContractStatus.REQUESTED), NOW, None),
}


@pytest.mark.parametrize(("contract", "moment", "expected"), LOOKS.values(), ids=LOOKS.keys())
def test_it_is_known_when_to_look_next(contract, moment, expected):
    assert next_look(contract, moment) == expected


@given(
    st.lists(st.integers(-2, 101), max_size=20).map(sorted),
    st.lists(st.integers(1, 120), max_size=4).map(tuple),
)
def test_whichever_runs_there_are_each_notice_goes_out_once_and_the_last_one_always(runs, days):
    """Runs at these days after the begin: no notice twice, and after a run nothing that is due is untold."""
    contract, sent = a_contract(units_left=0, valid_from=NOW, valid_to=END, ends_in_days=days), []
    for run in runs:
        moment = NOW + timedelta(days=run)
        due = due_notices(contract, moment)
        assert not due or next_look(contract, moment) <= moment
        sent += [notice.notice_id for notice in due]
        told = contract.noticed.union(*(notice.covers for notice in due))
        contract = a_contract(units_left=0, valid_from=NOW, valid_to=END, ends_in_days=days, noticed=told)
        assert due_notices(contract, moment) == ()
    assert len(sent) == len(set(sent))
