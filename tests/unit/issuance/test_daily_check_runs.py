"""Which certificates a run of the daily check looks at: no day is lost, and nothing is looked at twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.daily_check import LEFT_OVER_AFTER, SETTLING
from partner_center.issuance.objection import Ground
from partner_center.issuance.preflight import Outcome
from partner_center.issuance.profile import RootCa, SignatureAlgorithm
from partner_center.kernel.errors import TryAgain
from tests.fakes.samples import ORDER, US
from tests.unit.issuance.checked import DAY, MICROSECOND, SECOND, Reading
from tests.unit.issuance.world import (
    NOW,
    Died,
)


def test_a_run_begins_where_the_last_one_ended(bench):
    assert bench.run().checked == 1
    bench.clock.advance(days=1)
    again = bench.run()
    assert (again.checked, again.after) == (0, NOW + DAY - SETTLING)


def test_days_that_were_missed_are_made_up_for(bench):
    for number in range(2, 6):
        bench.another(number, NOW + number * DAY)
    bench.clock.moment = NOW + 9 * DAY
    assert bench.run().checked == 5


def test_each_day_is_read_once_and_no_midnight_hides_a_certificate(bench, monkeypatch):
    asked, read = [], bench.store.stored_between
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0) + 2 * DAY
    for number, moment in enumerate((midnight - MICROSECOND, midnight, midnight + MICROSECOND), 2):
        bench.another(number, moment)
    monkeypatch.setattr(
        bench.store, "stored_between", lambda after, until: asked.append((after, until)) or read(after, until)
    )
    bench.run()
    bench.clock.moment = midnight + 2 * DAY
    assert bench.run().checked == 3
    days = [((after + MICROSECOND).date(), until.date()) for after, until in asked]
    assert all(first == last for first, last in days)
    assert len(days) == (bench.clock.moment - SETTLING - NOW).days + 2


@pytest.mark.parametrize(
    ("later", "checked"), [(SETTLING, 1), (SETTLING - SECOND, 0)], ids=["settled", "a second before"]
)
def test_what_was_just_stored_is_left_to_the_next_run(bench, later, checked):
    bench.clock.moment = NOW + later
    assert bench.run().checked == checked
    bench.clock.advance(days=1)
    assert bench.run().checked == 1 - checked


def test_when_time_runs_out_the_next_run_goes_on_and_nothing_is_looked_at_twice(bench):
    for number in range(2, 5):
        bench.another(number, NOW + number * timedelta(hours=1))
    bench.time_is_left = False
    first = bench.run()
    assert (first.checked, first.is_complete) == (1, False)
    second = bench.run()
    assert (second.checked, second.is_complete) == (1, False)
    bench.time_is_left = True
    third = bench.run()
    assert (third.checked, third.is_complete) == (2, True)


def test_certificates_of_the_same_microsecond_are_not_torn_apart(bench):
    for number in range(2, 4):
        bench.another(number, NOW)
    bench.time_is_left = False
    assert bench.run().checked == 3


def test_a_run_that_breaks_off_is_no_run(bench):
    def die(*_):
        raise Died

    whole = bench.check
    bench.check = replace(whole, screenings=Reading(of_order=die))
    with pytest.raises(Died):
        bench.run()
    bench.check = whole
    assert bench.run().checked == 1


def test_of_an_orders_preflights_none_is_read_that_is_older_than_the_one_relied_on(bench):
    newest = bench.world.tables.preflights[US, ORDER, "pre_1"]

    class Thousands:
        def newest_first(self, *_):
            yield replace(newest, outcome=Outcome.HELD_BACK)
            yield newest
            raise AssertionError("an older one was read")

    bench.check = replace(bench.check, preflights=Thousands())
    assert (bench.run().checked, bench.checks.on_file) == (1, {})


def test_before_there_is_any_ca_nothing_is_looked_at(bench):
    bench.store.issuers.clear()
    run = bench.run()
    assert (run.checked, run.is_complete, run.after) == (0, True, run.until)


def test_a_second_run_in_the_same_moment_looks_at_nothing(bench):
    bench.run()
    assert bench.run().checked == 0


def test_a_clock_that_was_set_back_harms_nothing(bench):
    until = bench.run().until
    bench.clock.advance(days=-3)
    run = bench.run()
    assert (run.until, run.is_complete, run.checked) == (until, True, 0)


# ---- serials that came to nothing


def test_a_serial_that_nobody_will_take_up_any_more_is_objected_to(bench):
    def fail(write):
        if write == "keep":
            raise TryAgain("The database did not answer.")

    bench.store.before = fail
    with pytest.raises(TryAgain):
        bench.another(2, NOW)
    bench.clock.moment = NOW + LEFT_OVER_AFTER - SECOND
    assert bench.run().objections == 0
    bench.clock.advance(seconds=1)
    assert bench.run().objections == 1
    ((_, ground),) = bench.checks.on_file
    assert ground is Ground.UNFINISHED


# ---- the root's CRL


@pytest.mark.parametrize(
    ("ends", "told"),
    [(NOW + 31 * DAY, []), (NOW + 31 * DAY - SECOND, ["root-r1"]), (None, ["root-r1"])],
    ids=str,
)
def test_a_month_before_the_roots_crl_ends_the_operator_is_told(bench, issuing_ca, ends, told):
    bench.store.add_root(
        RootCa("root-r1", issuing_ca.root_der, "key", SignatureAlgorithm.ECDSA_SHA384, 1, ends)
    )
    assert bench.check.ending_root_crls() == told
