"""The contract of `CheckRuns` and `ObjectionFile`, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.adapters import keys
from partner_center.adapters.check_store import CheckStore
from partner_center.issuance.objection import CheckRun, Ground, Objection
from partner_center.issuance.objection_queue import Settlement
from partner_center.kernel.errors import Malformed, StateConflict
from partner_center.orders.call_guards import CallSeenBefore
from partner_center.orders.page import Page
from tests.fakes.check_store import MemoryChecks
from tests.fakes.contract_call_guards import GUARD
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import ORDER, US, an_audit

SECOND = timedelta(seconds=1)
SETTLED = Settlement(NOW + SECOND, "staff:vera", "Looked at the log.", "a defect")
IDS = CountingIds()


@pytest.fixture(params=["memory", "dynamodb"])
def checks(request):
    if request.param == "memory":
        return MemoryChecks()
    stores = request.getfixturevalue("stores")
    return CheckStore(stores.database, stores.tables)


def an_objection(number=1, **changes):
    usual = Objection(f"{number:040x}", Ground.CAA, "no look-up", US, ORDER, NOW + number * SECOND, "chk_1")
    return replace(usual, **changes)


def a_run(number, **changes):
    usual = CheckRun(f"chk_{number:03d}", NOW, NOW + SECOND, NOW - SECOND, NOW, True, 7, 1)
    return replace(usual, **changes)


def object_to(checks, objection):
    return checks.object(objection, an_audit(IDS, "certificate.objected_to"))


def settle(checks, objection, settlement=SETTLED, guard=None):
    checks.settle(objection, settlement, an_audit(IDS, "certificate.objection_settled"), guard)


def waiting(checks, limit=50, cursor=None):
    found, after = checks.waiting(Page(limit, cursor))
    return [each.objection for each in found], after


def test_before_the_first_run_there_is_none(checks):
    assert checks.last() is None


def test_the_last_run_is_read_back_whole(checks):
    for number in (1, 2):
        checks.finish(a_run(number, is_complete=number == 1))
    assert checks.last() == a_run(2, is_complete=False)


def test_a_serial_is_objected_to_once_on_each_ground(checks):
    assert object_to(checks, an_objection()) is True
    assert object_to(checks, an_objection(detail="other words", run_id="chk_2")) is False
    assert object_to(checks, an_objection(ground=Ground.LINT)) is True
    assert checks.find(an_objection().serial_hex, Ground.CAA).objection == an_objection()
    assert checks.find(an_objection().serial_hex, Ground.ORDER) is None


def test_those_that_wait_come_in_pages_longest_waiting_first(checks):
    objections = [an_objection(number) for number in (3, 1, 2)]
    for objection in objections:
        object_to(checks, objection)
    first, cursor = waiting(checks, limit=2)
    second, end = waiting(checks, limit=2, cursor=cursor)
    assert [*first, *second] == [objections[1], objections[2], objections[0]]
    assert end is None or waiting(checks, cursor=end) == ([], None)


def test_a_settled_one_waits_no_more_and_stays_on_file(checks):
    object_to(checks, an_objection())
    settle(checks, an_objection())
    assert waiting(checks) == ([], None)
    assert checks.find(an_objection().serial_hex, Ground.CAA).settlement == SETTLED
    assert object_to(checks, an_objection()) is False


def test_it_is_settled_once(checks):
    object_to(checks, an_objection())
    settle(checks, an_objection(), replace(SETTLED, note=None))
    with pytest.raises(StateConflict):
        settle(checks, an_objection(), replace(SETTLED, by="staff:sam"))
    assert checks.find(an_objection().serial_hex, Ground.CAA).settlement == replace(SETTLED, note=None)


def test_a_bound_key_refuses_before_anything_else_and_settles_nothing(checks):
    first, second = an_objection(), an_objection(2)
    object_to(checks, first)
    object_to(checks, second)
    settle(checks, first, guard=GUARD)
    for objection in (first, second):
        with pytest.raises(CallSeenBefore) as seen:
            settle(checks, objection, guard=replace(GUARD, body_sha256="body-2"))
        assert seen.value.guard == GUARD
    assert waiting(checks) == ([second], None)


def test_a_refused_settlement_binds_no_key(checks):
    object_to(checks, an_objection())
    object_to(checks, an_objection(2))
    settle(checks, an_objection())
    with pytest.raises(StateConflict):
        settle(checks, an_objection(), guard=GUARD)
    settle(checks, an_objection(2), guard=GUARD)
    assert waiting(checks) == ([], None)


@pytest.mark.parametrize("cursor", ["x", "eA", "_w", "MSMy", "a" * 2000])
def test_a_cursor_of_another_list_is_refused(checks, cursor):
    with pytest.raises(Malformed):
        checks.waiting(Page(50, cursor))


def test_objections_are_audited_with_their_order(stores):
    checks = CheckStore(stores.database, stores.tables)
    object_to(checks, an_objection())
    object_to(checks, an_objection())
    settle(checks, an_objection())
    assert stores.audited(US, ORDER) == ["certificate.objected_to", "certificate.objection_settled"]


def test_whoever_waits_is_in_the_index_and_nobody_else(stores):
    checks = CheckStore(stores.database, stores.tables)
    object_to(checks, an_objection())
    key = keys.objection(an_objection().serial_hex, "caa")
    assert stores.database.get(stores.tables.business, key)["queue"] == "certificates"
    settle(checks, an_objection())
    assert "queue" not in stores.database.get(stores.tables.business, key)
