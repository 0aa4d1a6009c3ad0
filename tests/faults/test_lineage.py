"""Each invariant of what follows an order turns red when what it says is broken."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.evidence import Evidence
from tests.faults.lineage import LINEAGE, pending_reissues

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
AN_HOUR_AGO = "2026-11-26T11:00:00Z"
WAITS = {"status": "in_progress", "actor": "approver", "next_action": "Approve the name."}


def an_order(*serials: str, status: str = "issued", **more: Any) -> dict[str, Any]:
    made = [{"serial": serial, "not_before": AN_HOUR_AGO, "status": "active"} for serial in serials]
    return {"status": status, "certificates": made, "actions": {"reissue": {"reason": None}}, **more}


def a_reissue(number: int, status: str, **more: Any) -> dict[str, Any]:
    return {"reissue_id": f"rei_{number}", "status": status, "authentication": {"steps": [WAITS]}, **more}


@pytest.fixture
def seen() -> Evidence:
    """A reissued order with another reissue under way, a renewed one, and a replaced one."""
    reissued = an_order("serial-2", "serial-1")
    newest, former = reissued["certificates"]
    newest["reissue_id"] = "rei_1"
    former |= {"status": "revoked", "reason": "superseded"}
    gone = {"at": AN_HOUR_AGO, "reason": "superseded"}
    issued = {"serial": "serial-2", "previous": "serial-1", "revoke_previous_after_hours": 0}
    return Evidence(
        orders={
            "ord_reissued": reissued,
            "ord_renewed": an_order("serial-3", renewed_by="ord_renewal"),
            "ord_renewal": an_order("serial-4", renewal_of="ord_renewed"),
            "ord_given_up": an_order(status="cancelled", renewal_of="ord_renewed"),
            "ord_replaced": an_order("serial-5", status="revoked", replaced_by="ord_new", revoked=gone),
            "ord_new": an_order("serial-6", replaces="ord_replaced", revoke_original_after_hours=1),
        },
        reissued={"rei_1": "ord_reissued", "rei_2": "ord_reissued"},
        reissues={
            "ord_reissued": [
                a_reissue(1, "issued", ended_at=AN_HOUR_AGO, **issued),
                a_reissue(2, "pending", previous="serial-2"),
            ]
        },
        executions={"ord_reissued-rei_1": ["SUCCEEDED"], "ord_reissued-rei_2": ["RUNNING"]},
        now=NOW.timestamp(),
    )


@pytest.mark.parametrize("name", LINEAGE)
def test_nothing_is_said_of_what_is_as_it_must_be(seen: Evidence, name: str) -> None:
    assert list(LINEAGE[name](seen)) == []
    assert pending_reissues(seen, "ord_reissued") == {"rei_2"}


def _order(order_id: str, **change: Any) -> Callable[[Evidence], None]:
    def alter(seen: Evidence) -> None:
        order: Any = seen.orders[order_id]
        order.update(change)

    return alter


def _reissue(place: int, **change: Any) -> Callable[[Evidence], None]:
    def alter(seen: Evidence) -> None:
        found: Any = seen.reissues["ord_reissued"][place]
        found.update(change)

    return alter


def _lost(seen: Evidence) -> None:
    seen.reissued = {**seen.reissued, "rei_9": "ord_reissued"}


def _of_nobody(seen: Evidence) -> None:
    seen.reissued = {"rei_1": "ord_reissued"}


def _certificate(place: int, **change: Any) -> Callable[[Evidence], None]:
    def alter(seen: Evidence) -> None:
        order: Any = seen.orders["ord_reissued"]
        order["certificates"][place].update(change)

    return alter


def _executions(reissue_id: str, *statuses: str) -> Callable[[Evidence], None]:
    def change(seen: Evidence) -> None:
        seen.executions = {**seen.executions, f"ord_reissued-{reissue_id}": statuses}

    return change


def _stuck(seen: Evidence) -> None:
    _order("ord_reissued", actions={"reissue": {"reason": "reissue_pending"}})(seen)
    seen.reissues = {"ord_reissued": seen.reissues["ord_reissued"][:1]}


def _called_compromised(time: str) -> Callable[[Evidence], None]:
    """A certificate was signed with the key at 11:30, as its notBefore says."""

    def alter(seen: Evidence) -> None:
        seen.orders["ord_new"]["certificates"][0]["spki_sha256"] = "ab"  # type: ignore[index]
        seen.called = {"ab": datetime.fromisoformat(f"2026-11-26T{time}Z").timestamp()}

    return alter


BROKEN: list[tuple[str, str, Callable[[Evidence], None]]] = [
    ("an answered reissue cannot be read", "reissues", _lost),
    ("a reissue that nobody was told of", "reissues", _of_nobody),
    ("issued without a certificate", "reissues", _reissue(1, status="issued", serial="serial-7")),
    ("a certificate of one that is pending", "reissues", _certificate(1, reissue_id="rei_2")),
    ("no execution", "slots", _executions("rei_2", "FAILED")),
    ("two executions", "slots", _executions("rei_2", "RUNNING", "RUNNING")),
    ("an execution of what is over", "slots", _executions("rei_1", "RUNNING")),
    ("waits for nobody", "slots", _reissue(1, authentication={"steps": [{**WAITS, "actor": "system"}]})),
    ("a place that nobody has", "slots", _stuck),
    ("a renewal that its predecessor does not know", "lineage", _order("ord_renewed", renewed_by=None)),
    ("another renewal than the one named", "lineage", _order("ord_renewal", renewal_of="ord_new")),
    ("named by what came to nothing", "lineage", _order("ord_renewed", renewed_by="ord_given_up")),
    ("the original stays for ever", "superseded", _order("ord_replaced", status="issued", revoked=None)),
    ("the original went too early", "superseded", _order("ord_new", revoke_original_after_hours=2)),
    ("the original went for nothing", "superseded", _order("ord_new", status="pending", certificates=[])),
    ("the certificate before stays", "superseded", _certificate(1, status="active", reason=None)),
    ("it went too early", "superseded", _reissue(0, revoke_previous_after_hours=2)),
    ("signed with a key that was called compromised", "barred", _called_compromised("11:09:59")),
]


@pytest.mark.parametrize(
    ("invariant", "breaks"),
    [(name, change) for _, name, change in BROKEN],
    ids=[said for said, _, _ in BROKEN],
)
def test_what_is_broken_is_told_by_the_invariant_that_forbids_it(
    seen: Evidence, invariant: str, breaks: Callable[[Evidence], None]
) -> None:
    broken = deepcopy(seen)
    breaks(broken)
    assert list(LINEAGE[invariant](broken))


@pytest.mark.parametrize("time", ["11:10:00", "11:59:59"])
def test_what_was_signed_at_that_moment_or_before_may_have_the_key(seen: Evidence, time: str) -> None:
    _called_compromised(time)(seen)
    assert list(LINEAGE["barred"](seen)) == []


def test_every_invariant_has_its_broken_case() -> None:
    assert {name for _, name, _ in BROKEN} == set(LINEAGE)
