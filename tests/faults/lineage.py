"""What must hold of certificates and orders that follow others: reissues, renewals and replacements, and of keys."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from partner_center.issuance.validity import BACKDATING
from partner_center.kernel.clock import CLOCKS_DIFFER
from tests.faults.evidence import Evidence

Check = Callable[[Evidence], Iterator[str]]

PEOPLE = {"approver", "reseller", "staff"}
LINEAGES = {"renewal_of": "renewed_by", "replaces": "replaced_by"}
"""What a successor says of its predecessor, and the predecessor of it."""


def pending_reissues(seen: Evidence, order_id: str) -> set[str]:
    return {each["reissue_id"] for each in seen.reissues.get(order_id, ()) if each["status"] == "pending"}


def reissues(seen: Evidence) -> Iterator[str]:
    """Each that was answered is there, and has one certificate once it is issued and none before."""
    for reissue_id, order_id in seen.reissued.items():
        if reissue_id not in {each["reissue_id"] for each in seen.reissues.get(order_id, ())}:
            yield f"{reissue_id} of {order_id} was answered and cannot be read"
    for order_id, found in seen.reissues.items():
        order = seen.orders[order_id] or {}
        made = {
            each["reissue_id"]: each["serial"] for each in order["certificates"] if each.get("reissue_id")
        }
        issued = {each["reissue_id"]: each.get("serial") for each in found if each["status"] == "issued"}
        if made != issued:
            yield f"{order_id} has certificates of reissues {made}, and reissues were issued {issued}"
        for each in found:
            if each["reissue_id"] not in seen.reissued and not (order.get("lifecycle") or {}).get(
                "auto_reissue"
            ):
                yield f"{each['reissue_id']} of {order_id} was answered to nobody"


def slots(seen: Evidence) -> Iterator[str]:
    """A reissue is under way while its execution is, and waits for a person; once it has ended it is in no way."""
    for order_id, found in seen.reissues.items():
        order = seen.orders[order_id] or {}
        if order["actions"]["reissue"]["reason"] == "reissue_pending" and not pending_reissues(
            seen, order_id
        ):
            yield f"{order_id} cannot be reissued for a reissue that is not there"
        for each in found:
            name = f"{order_id}-{each['reissue_id']}"
            running = Counter(seen.executions.get(name, ()))["RUNNING"]
            if running != (each["status"] == "pending"):
                yield f"{name} is {each['status']} with {running} executions"
            steps = each["authentication"]["steps"] if each["status"] == "pending" else ()
            waits = [step for step in steps if step["status"] in {"in_progress", "failed"}]
            if steps and not any(step["actor"] in PEOPLE and step["next_action"] for step in waits):
                yield f"{name} is pending and waits for nobody: {waits}"


def lineage(seen: Evidence) -> Iterator[str]:
    """Successor and predecessor name each other; a successor that came to nothing is named by none."""
    for order_id, order in seen.orders.items():
        for back, forth in LINEAGES.items():
            before, after = (order or {}).get(back), (order or {}).get(forth)
            came_to_nothing = order is not None and order["status"] in {"cancelled", "rejected"}
            if before and ((seen.orders.get(before) or {}).get(forth) == order_id) == came_to_nothing:
                yield f"{order_id} is {(order or {})['status']} with {back} {before}, which says otherwise"
            if after and (seen.orders.get(after) or {}).get(back) != order_id:
                yield f"{order_id} is {forth} {after}, which says otherwise"


def superseded(seen: Evidence) -> Iterator[str]:
    """What is replaced is revoked when it was to be, and never before its replacement has a certificate."""
    for order_id, order in seen.orders.items():
        original = seen.orders.get((order or {}).get("replaces") or "")
        if order is not None and original is not None:
            begun = order["certificates"][-1]["not_before"] if order["status"] == "issued" else None
            is_due = _is_due(seen, begun, order["revoke_original_after_hours"])
            told = [(original.get("revoked") or {}).get("reason")]
            yield from _judged(f"{order['replaces']}, replaced by {order_id},", is_due, told)
        made = {each["serial"]: each for each in (order or {}).get("certificates", ())}
        for each in seen.reissues.get(order_id, ()):
            hours = each.get("revoke_previous_after_hours")
            if hours is not None:
                is_due = _is_due(seen, each.get("ended_at") if each["status"] == "issued" else None, hours)
                told = [made[each["previous"]].get("reason")]
                yield from _judged(f"{each['previous']} of {order_id}", is_due, told)


def barred(seen: Evidence) -> Iterator[str]:
    """No key is certified that was called compromised before, as far as clocks can tell."""
    for order in seen.orders.values():
        for each in (order or {}).get("certificates", ()):
            since = seen.called.get(each.get("spki_sha256"))
            signed_at = datetime.fromisoformat(each["not_before"]) + BACKDATING
            if since is not None and signed_at.timestamp() > since + CLOCKS_DIFFER.total_seconds():
                yield f"{each['serial']} was signed though its key had been called compromised"


def _is_due(seen: Evidence, begun: str | None, hours: int | None) -> bool:
    return begun is not None and datetime.fromisoformat(begun).timestamp() + (hours or 0) * 3600 <= seen.now


def _judged(what: str, is_due: bool, reasons: list[str | None]) -> Iterator[str]:
    if is_due and None in reasons:
        yield f"{what} was to be revoked and is not"
    if not is_due and "superseded" in reasons:
        yield f"{what} was revoked too early"


LINEAGE: Mapping[str, Check] = {
    check.__name__: check for check in (reissues, slots, lineage, superseded, barred)
}
