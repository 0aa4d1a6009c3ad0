"""The staff's queue of objections: shown until settled, settled once, by a named person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.accounts.staff import StaffRole
from partner_center.issuance.objection import Ground, Objection
from partner_center.issuance.objection_queue import ObjectionQueue, SettleObjection, objection_id
from partner_center.kernel.errors import IdempotencyKeyReused, NotFound, StateConflict
from partner_center.kernel.events import NOBODY
from partner_center.orders.page import Page
from tests.fakes.check_store import MemoryChecks
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.posted import a_call
from tests.fakes.samples import ORDER, US, a_staff, an_audit

VERA = a_staff("vera.validator", StaffRole.VALIDATION)
OBJECTION = Objection("ab" * 20, Ground.CONTENT, "another key", US, ORDER, NOW, "chk_1")
ID = objection_id(OBJECTION)


@pytest.fixture
def checks():
    checks = MemoryChecks()
    checks.object(OBJECTION, an_audit(CountingIds()))
    checks.audit.clear()
    return checks


@pytest.fixture
def settle(checks):
    settle = SettleObjection(checks, checks.guards, FixedClock(NOW + timedelta(hours=1)), CountingIds())

    def run(staff=VERA, id_=ID, evidence="Looked.", note=None, key=None):
        call = a_call({"evidence": evidence, "note": note}, key, f"/v1/staff/objections/{id_}/settle")
        return settle(staff, call, id_, evidence, note)

    return run


def test_the_queue_tells_what_is_held_against_which_certificate(checks):
    (item,) = ObjectionQueue(checks)(Page(50, None))["items"]
    assert item == {
        "objection_id": f"{'ab' * 20}.content",
        "queue": "certificates",
        "serial": "ab" * 20,
        "ground": "content",
        "detail": "another key",
        "reseller_id": US,
        "order_id": ORDER,
        "found_at": "2026-11-23T10:00:00Z",
        "due_at": "2026-11-28T10:00:00Z",
        "run_id": "chk_1",
    }


def test_an_objection_to_what_cannot_be_read_names_no_order(checks):
    unknown = replace(OBJECTION, ground=Ground.UNREADABLE, reseller_id=NOBODY, order_id="")
    checks.on_file.clear()
    checks.object(unknown, an_audit(CountingIds(2)))
    (item,) = ObjectionQueue(checks)(Page(50, None))["items"]
    assert (item["reseller_id"], item["order_id"]) == ("-", None)


def test_a_settled_objection_leaves_the_queue_with_an_audit_record(checks, settle):
    objection, settlement = settle(note="a defect")
    assert (objection, settlement.by, settlement.note) == (OBJECTION, "staff:vera.validator", "a defect")
    assert ObjectionQueue(checks)(Page(50, None)) == {"items": [], "next_cursor": None}
    (audit,) = checks.audit
    assert (audit.action, audit.actor) == ("certificate.objection_settled", "staff:vera.validator")
    assert audit.facts["words"] == "Looked. / a defect"


def test_the_same_words_once_more_change_nothing(checks, settle):
    assert settle() == settle()
    assert len(checks.audit) == 1


@pytest.mark.parametrize(
    "again",
    [{"evidence": "Something else."}, {"note": "Another note."}, {"staff": replace(VERA, person="sam")}],
    ids=["other words", "another note", "somebody else"],
)
@pytest.mark.parametrize("key", [None, "key-2"])
def test_of_two_answers_the_first_counts(settle, again, key):
    settle(key="key-1")
    with pytest.raises(StateConflict):
        settle(**again, key=key)


# ---- Idempotency-Key


def test_the_same_key_again_is_answered_with_the_settlement_and_changes_nothing(checks, settle):
    first = settle(note="a defect", key="key-1")
    assert settle(note="a defect", key="key-1") == first
    assert len(checks.audit) == 1


@pytest.mark.parametrize(
    "again", [{"evidence": "Something else."}, {"note": "Another note."}], ids=["evidence", "note"]
)
def test_the_same_key_with_another_body_is_refused(settle, again):
    settle(key="key-1")
    with pytest.raises(IdempotencyKeyReused):
        settle(**again, key="key-1")


def test_the_key_of_somebody_else_is_another_key(settle):
    settle(key="key-1")
    with pytest.raises(StateConflict):
        settle(staff=replace(VERA, person="sam"), evidence="Something else.", key="key-1")


def test_a_refusal_binds_no_key(checks, settle):
    settle()
    with pytest.raises(StateConflict):
        settle(evidence="Something else.", key="key-1")
    assert settle(key="key-1") == settle()
    assert checks.guards.tables.call_guards == {}


@pytest.mark.parametrize(
    ("note", "refused"), [(None, False), ("Another note.", True)], ids=["same", "another"]
)
def test_of_two_with_one_key_at_once_one_settles(checks, settle, note, refused):
    first = []
    checks.before_settling.append(lambda: first.append(settle(key="key-1")))
    if refused:
        with pytest.raises(IdempotencyKeyReused):
            settle(note=note, key="key-1")
    else:
        assert [settle(note=note, key="key-1")] == first
    assert len(checks.audit) == 1


@pytest.mark.parametrize(
    "id_",
    ["", ".", "ab", f"{'ab' * 20}.nothing", f"{'ab' * 20}.caa", f"{'AB' * 20}.content", "é.content", "a.b.c"],
)
def test_what_is_no_objection_is_not_settled(settle, id_):
    with pytest.raises(NotFound):
        settle(id_=id_)
