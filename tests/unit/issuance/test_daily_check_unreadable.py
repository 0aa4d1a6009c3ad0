"""What the daily check cannot read is objected to by name, and keeps nothing else from being looked at."""

from dataclasses import replace

import pytest

from partner_center.issuance.objection import Ground
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import NOBODY
from tests.fakes.samples import ORDER, US
from tests.unit.issuance.checked import DAY, SECOND, Reading
from tests.unit.issuance.world import (
    NOW,
    Died,
)


def damaged(error):
    def read(*_):
        raise error

    return read


def with_damage(part, **reads):
    return lambda bench: setattr(bench, "check", replace(bench.check, **{part: Reading(**reads)}))


DAMAGE = {
    "its order": with_damage("orders", head=damaged(KeyError("status"))),
    "a preflight": with_damage("preflights", newest_first=damaged(ValueError("no outcome"))),
    "a proof": with_damage("proofs", proofs=damaged(TypeError("no time"))),
    "a screening": with_damage("screenings", of_order=damaged(AttributeError("flags"))),
    "a time without rules": lambda bench: bench.put_record(recorded_at=NOW - 4000 * DAY),
    "what the linter cannot take": lambda bench: setattr(
        bench, "check", replace(bench.check, lint=damaged(Died("in a library")))
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_cannot_be_read_is_objected_to_by_name_and_the_run_goes_on(bench, damage):
    damage(bench)
    run = bench.run()
    assert (run.checked, run.objections, run.is_complete, bench.checks.runs) == (1, 1, True, [run])
    assert bench.unreadable == [bench.record.serial_hex]
    ((key, on_file),) = bench.checks.on_file.items()
    assert key == (bench.record.serial_hex, Ground.UNREADABLE)
    assert (on_file.objection.reseller_id, on_file.objection.order_id) == (US, ORDER)


@pytest.mark.parametrize("listed", ["stored", "recorded"])
def test_a_serial_whose_own_row_cannot_be_read_keeps_no_other_from_being_looked_at(
    bench, monkeypatch, listed
):
    bench.another(2, NOW + SECOND)
    read, poison = bench.store.by_serial, bench.record_of(1).serial_hex

    def by_serial(serial_hex):
        if serial_hex == poison:
            raise KeyError("status")
        return read(serial_hex)

    monkeypatch.setattr(bench.store, "by_serial", by_serial)
    if listed == "recorded":
        monkeypatch.setattr(bench.store, "stored_between", lambda *_: iter(()))
        monkeypatch.setattr(bench.store, "recorded_until", lambda _: iter([poison]))
    run = bench.run()
    assert (run.checked, run.is_complete) == (2 if listed == "stored" else 0, True)
    assert bench.unreadable == [poison]
    objection = bench.checks.on_file[poison, Ground.UNREADABLE].objection
    assert (objection.reseller_id, objection.order_id) == (NOBODY, "")
    assert objection.detail == "it or its evidence: KeyError: 'status'"


@pytest.mark.parametrize("error", [TryAgain("out"), Died("a permission is missing")], ids=repr)
def test_a_service_that_is_out_ends_the_run_and_objects_to_nothing(bench, error):
    bench.check = replace(bench.check, screenings=Reading(of_order=damaged(error)))
    with pytest.raises(type(error)):
        bench.run()
    assert (bench.checks.runs, bench.checks.on_file, bench.unreadable) == ([], {}, [])
