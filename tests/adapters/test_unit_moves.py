"""Units that move in one transaction: each contract is named once, with all that its counters must hold."""

import pytest

from partner_center.adapters import keys
from partner_center.adapters.unit_moves import UnitsMove, unit_updates
from partner_center.kernel.errors import ChangedMeanwhile
from tests.fakes.samples import US


def move(contract_id="con_1", needed=None, **counted):
    return UnitsMove(US, contract_id, counted, needed or {})


RELEASE = move(needed={"units_held": 3}, units_held=-3, units_left=3)
REFUND = move(needed={"units_used": 2}, units_used=-2, units_left=2)
CASES = {
    "nothing moves": ([move(needed={"units_held": 0}, units_held=0)], []),
    "one": ([RELEASE], [("con_1", {"units_held": 3}, {"units_held": -3, "units_left": 3})]),
    "two of one contract": (
        [RELEASE, REFUND],
        [
            (
                "con_1",
                {"units_held": 3, "units_used": 2},
                {"units_held": -3, "units_left": 5, "units_used": -2},
            )
        ],
    ),
    "both need the same": (
        [REFUND, REFUND],
        [("con_1", {"units_used": 4}, {"units_used": -4, "units_left": 4})],
    ),
    "what ends where it began": (
        [RELEASE, move(units_left=-3, units_held=3, needed={"units_left": 3})],
        [("con_1", {"units_held": 3, "units_left": 3}, {})],
    ),
    "of two contracts": (
        [move("con_2", units_left=1), RELEASE],
        [
            ("con_2", {}, {"units_left": 1}),
            ("con_1", {"units_held": 3}, {"units_held": -3, "units_left": 3}),
        ],
    ),
}


@pytest.mark.parametrize(("moves", "updates"), CASES.values(), ids=CASES.keys())
def test_each_contract_is_named_once(moves, updates):
    found = unit_updates("business", moves)
    assert [(each.key, set(each.conditions), dict(each.add)) for each in found] == [
        (keys.contract(US, name), {(counter, ">=", units) for counter, units in needed.items()}, counted)
        for name, needed, counted in updates
    ]


def test_units_that_are_not_there_mean_that_somebody_was_faster():
    (update,) = unit_updates("business", [RELEASE])
    assert isinstance(update.refused(None), ChangedMeanwhile)
