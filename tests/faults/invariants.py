"""What must hold whatever fails: an order that was answered is never lost, issued twice, charged twice, or stuck.

Each invariant is a pure function of the evidence, and yields a sentence for each thing that is not as it must be.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.reminders.expected import Life, expected_of
from tests.faults.evidence import Evidence, Link
from tests.faults.lineage import LINEAGE, PEOPLE, pending_reissues

Order = Mapping[str, Any]
Check = Callable[[Evidence], Iterator[str]]

WITH_CERTIFICATE = {"issued", "revoked", "expired"}
OVER = {"cancelled", "rejected"}
AUDITED = {
    "issued": "order.issued",
    "expired": "order.issued",
    "cancelled": "order.cancelled",
    "rejected": "order.rejected",
    "revoked": "order.revoked",
}
GIVEN_BACK = {"refunded", "released"}
"""Of a card: money that was taken is back, or was never taken and is let go."""
MAILED, SIGNED = 3, 5
"""How often one mail goes out, and one certificate is signed, at most: who follows one that died between an effect
and its record has it once more. More often than that somebody repeats what is done.
"""
REFUNDED_WITHIN = timedelta(days=30)
UNTOLD_WITHIN = timedelta(days=2)
"""What is revoked before its mail went out is mailed to nobody; mails that fail come to their end in a day, and those
whose event is a day late in another one.
"""
_RUN_AT = timedelta(hours=6)


def _orders(seen: Evidence) -> Iterator[tuple[str, Order]]:
    return ((order_id, order) for order_id, order in seen.orders.items() if order is not None)


def readable(seen: Evidence) -> Iterator[str]:
    """An order that was answered is there, and no other is."""
    for order_id in seen.answered:
        if seen.orders.get(order_id) is None:
            yield f"{order_id} was answered and cannot be read"
    for name, found in seen.found.items():
        answered = {order_id for order_id, of in seen.answered.items() if of == name}
        for order_id in answered - set(found):
            yield f"{order_id} is not found by its name"
        for order_id in set(found) - answered:
            yield f"{order_id} is an order for {name} that was answered to nobody"
        if len(found) > len(set(found)):
            yield f"{name}: an order is listed twice"


def one_certificate(seen: Evidence) -> Iterator[str]:
    """One certificate for each generation of an order that is issued, the newest with its names; none before."""
    owners: dict[str, str] = {}
    for order_id, order in _orders(seen):
        certificates = order["certificates"]
        generations = Counter(each.get("reissue_id") for each in certificates)
        for generation, count in generations.items():
            if count > 1:
                yield f"{order_id} has {count} certificates for {generation or 'its first issue'}"
        if order["status"] in WITH_CERTIFICATE and not certificates:
            yield f"{order_id} is {order['status']} and has no certificate"
        if order["status"] not in WITH_CERTIFICATE and certificates:
            yield f"{order_id} is {order['status']} and has a certificate"
        if order["status"] == "issued" and certificates:
            for name in set(order["names"]) - set(certificates[0]["names"]):
                yield f"{order_id} is for {name}, which {certificates[0]['serial']} does not hold"
        for each in certificates:
            if owners.setdefault(each["serial"], order_id) != order_id:
                yield f"{each['serial']} is of two orders"
            if not seen.digests.get(each["serial"]):
                yield f"{order_id}: {each['serial']} cannot be downloaded"


def signatures(seen: Evidence) -> Iterator[str]:
    """Whatever was signed is a stored certificate, or a serial that is known and may be revoked.

    The same bytes may be signed again by whoever follows one that died.
    """
    known = [*seen.digests.values(), *(each.digests for each in seen.serials.values())]
    signed = Counter(seen.signed)
    for digest in signed.keys() - frozenset().union(*known):
        yield f"{digest} was signed and is of no serial that is known"
    for digest, times in signed.items():
        if times > SIGNED:
            yield f"{digest} was signed {times} times"
    for serial, digests in seen.digests.items():
        if digests and not digests & signed.keys():
            yield f"{serial} can be downloaded and was never signed"
    for serial, known_serial in seen.serials.items():
        order = seen.orders.get(known_serial.order_id)
        if pending_reissues(seen, known_serial.order_id):
            continue
        if known_serial.status == "recorded" and order is not None and order["status"] != "pending":
            yield f"{serial} is left over, and {known_serial.order_id} is {order['status']}"


def charges(seen: Evidence) -> Iterator[str]:
    """A card is charged once at most, only for what was issued, and for all that was, unless staff know of it.

    What an order cost that was revoked in time is back.
    """
    for order_id, order in _orders(seen):
        if order["payment"]["kind"] != "pay_as_you_go":
            continue
        intents = [each for each in seen.intents if each["metadata"]["order_id"] == order_id]
        ids = {each["id"] for each in intents}
        taken = [each["amount_received"] for each in intents if each["amount_received"]]
        back = sum(
            each["amount"]
            for each in seen.refunds
            if each["payment_intent"] in ids and each["status"] == "succeeded"
        )
        reserved = [each["id"] for each in intents if each["status"] == "requires_capture"]
        is_free = not Decimal(order["price"]["net"]["amount"])
        status, in_queue = order["status"], order_id in seen.payment_troubles
        by_ledger = _paid_by_ledger(order_id, seen.lines.get(order["payment"]["contract_id"], ()))
        if by_ledger not in {None, sum(taken) - back} and not in_queue:
            yield f"{order_id} paid {sum(taken) - back}, and {by_ledger} by its ledger"
        if is_free and (taken or reserved):
            yield f"{order_id} costs nothing, and a card was asked"
        if len(taken) > 1:
            yield f"{order_id} was charged {len(taken)} times"
        if taken and status not in WITH_CERTIFICATE and sum(taken) > back:
            yield f"{order_id} was charged and is {status}"
        if back > sum(taken):
            yield f"{order_id} was given back more than it paid"
        if status in {"issued", "expired"} and sum(taken) <= back and not in_queue and not is_free:
            yield f"{order_id} is {status}, was not charged, and nobody knows"
        if status == "revoked" and not is_free:
            yield from _revoked_by_card(order_id, order, sum(taken), back, in_queue=in_queue)
        if status != "pending" and reserved and not in_queue:
            yield f"{order_id} is {status}, and {', '.join(reserved)} still reserves money"
        if len(reserved) > 1:
            yield f"{order_id} reserves money {len(reserved)} times"


def _paid_by_ledger(order_id: str, lines: Sequence[Mapping[str, Any]]) -> int | None:
    """In cents; None where the ledger has no line of the order."""
    moved: Counter[str] = Counter()
    for line in lines:
        if line["order_id"] == order_id and line["amount"] is not None:
            moved[line["kind"]] += int(Decimal(line["amount"]["amount"]) * 100)
    return moved["capture"] - moved["repay"] + moved["repay_failed"] if moved else None


def _revoked_by_card(order_id: str, order: Order, taken: int, back: int, *, in_queue: bool) -> Iterator[str]:
    status, goes_back = order["payment"]["status"], _goes_back(order)
    is_back = status in GIVEN_BACK
    if is_back and taken != back:
        yield f"{order_id} says {status}, but {back} of {taken} went back"
    if in_queue:
        return
    if goes_back is not None and goes_back != is_back:
        yield f"{order_id} was revoked {'in time' if goes_back else 'too late'}, and its payment is {status}"
    if not is_back and taken <= back:
        yield f"{order_id} is revoked, was not charged, and nobody knows"


def _goes_back(order: Order) -> bool | None:
    """Whether the price of a revoked order is to go back: 30 days from its first certificate were not over.

    None if it was replaced, since its price may be that of its replacement.
    """
    if order.get("replaced_by"):
        return None
    at = (order.get("revoked") or {}).get("at")
    return at is None or _moment(at) < _moment(order["term"]["from"]) + REFUNDED_WITHIN


def units(seen: Evidence) -> Iterator[str]:
    """A contract's counters are the sum of its ledger, and each order has what its status says."""
    for contract_id, contract in seen.contracts.items():
        if contract.get("kind") != "bulk":
            continue
        counted = {name: contract[f"units_{name}"] for name in ("left", "held", "used")}
        if sum(counted.values()) != contract["units_granted"] or min(counted.values()) < 0:
            yield f"{contract_id}: {counted} of {contract['units_granted']}"
        lines = seen.lines.get(contract_id, ())
        if not lines or lines[-1]["balance"] != counted:
            yield f"{contract_id}: the ledger ends with {lines[-1]['balance'] if lines else None}, not {counted}"
        for order_id, order in _orders(seen):
            if order["payment"]["contract_id"] == contract_id:
                yield from _units_of(order_id, order, lines)


def _units_of(order_id: str, order: Order, lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    sums: Counter[str] = Counter()
    for line in lines:
        if line["order_id"] == order_id:
            sums[line["kind"]] += line["units"]
    held, used = sums["hold"] - sums["release"] - sums["use"], sums["use"] - sums["refund"]
    status, price = order["status"], order["payment"]["units"]
    is_refunded = order["payment"]["status"] == "refunded"
    expected = {
        "pending": (price, 0),
        "issued": (0, price),
        "expired": (0, price),
        "revoked": (0, 0 if is_refunded else price),
    }.get(status, (0, 0))
    if (held, used) != expected:
        yield f"{order_id} is {status} and holds {held}, uses {used}, not {expected}"
    goes_back = _goes_back(order) if status == "revoked" and price else None
    if goes_back is not None and goes_back != is_refunded:
        when, payment = "in time" if goes_back else "too late", order["payment"]["status"]
        yield f"{order_id} was revoked {when}, and its payment is {payment}"


def one_live_value(seen: Evidence) -> Iterator[str]:
    """One approver at most can approve a domain, by one value, as the API says; of what is over nobody can."""
    for order_id, order in _orders(seen):
        live = [link for link in seen.links if link.order_id == order_id and link.live]
        for domain, count in Counter(link.domain for link in live).items():
            if count > 1:
                yield f"{order_id}: {domain} can be approved by {count} links"
        asking = {None} if order["status"] == "pending" else pending_reissues(seen, order_id)
        items = [
            item
            for item in seen.domains.get(order_id, ())
            if item.get("reissue_id") in asking and item["method"] == "email" and item["status"] == "pending"
        ]
        yield from _waiting_for_links(order_id, items, live)
        if order["status"] != "pending":
            asked = {item["authorization_domain"] for item in items}
            yield from (
                f"{order_id} is {order['status']}, and {link.url} is live"
                for link in live
                if link.domain not in asked
            )


def _waiting_for_links(
    order_id: str, items: Sequence[Mapping[str, Any]], live: Sequence[Link]
) -> Iterator[str]:
    for item in items:
        of = [link for link in live if link.domain == item["authorization_domain"]]
        if [link.to for link in of] != [item["approver_email"]]:
            yield f"{order_id}: {item['name']} waits for {item['approver_email']}, live are {of}"


def finished_or_waiting(seen: Evidence) -> Iterator[str]:
    """A pending order waits for a person, who is named and told what to do; one execution waits with it."""
    for order_id, order in _orders(seen):
        running = [each for each in seen.executions.get(order_id, ()) if each == "RUNNING"]
        if order["status"] != "pending":
            if running:
                yield f"{order_id} is {order['status']}, and an execution still runs"
            continue
        if len(running) != 1:
            yield f"{order_id} is pending with {len(running)} executions: {seen.executions.get(order_id)}"
        steps = order["authentication"]["steps"]
        waits = [each for each in steps if each["status"] in {"in_progress", "failed"}]
        if not any(each["actor"] in PEOPLE and each["next_action"] for each in waits):
            yield f"{order_id} is pending and waits for nobody: {waits or steps}"


def told(seen: Evidence) -> Iterator[str]:
    """Each certificate is mailed; a mail that was sent once more has the Message-ID and the text of the first.

    One that was revoked at once may be mailed to nobody: whoever is late does not send what nobody is to install.
    """
    sent = Counter(_reference(mail) for mail in seen.mails)
    issued = [each for _, order in _orders(seen) for each in order["certificates"] if each["names"]]
    serials = {each["serial"] for each in issued}
    untold = {each["serial"] for each in issued if not seen.undisturbed and _revoked_at_once(each)}
    told_of = {
        reference.removeprefix("<issued-").partition("@")[0]
        for reference in sent
        if reference.startswith("<issued-")
    }
    for serial in serials - told_of - untold:
        yield f"{serial} was not announced"
    for serial in told_of - serials:
        yield f"{serial} was announced and is of no order"
    for reference, times in sent.items():
        if times > MAILED:
            yield f"{reference} was mailed {times} times"
    content: dict[str, set[str]] = {}
    for mail in seen.mails:
        content.setdefault(_reference(mail), set()).add(mail["text"])
    for reference, texts in content.items():
        if len(texts) > 1:
            yield f"{reference} is the Message-ID of {len(texts)} texts"


def _revoked_at_once(certificate: Mapping[str, Any]) -> bool:
    at = certificate.get("revoked_at")
    return at is not None and _moment(at) < _moment(certificate["not_before"]) + UNTOLD_WITHIN


def _reference(mail: Mapping[str, Any]) -> str:
    """The Message-ID as we gave it: SES puts its own in the header of that name."""
    return str(mail["headers"].get("X-Message-Reference", "")).strip()


def reminders(seen: Evidence) -> Iterator[str]:
    """Every reminder that was due was sent, under one Message-ID, and none that was not due."""
    now = datetime.fromtimestamp(seen.now, UTC)
    sent = Counter(
        (order_id, kind, days)
        for reference in {_reference(mail) for mail in seen.mails}
        for order_id, kind, days in _reminded(reference)
    )
    expected = Counter(
        (each.order_id, each.kind, each.days)
        for order_id, order in _orders(seen)
        if order["certificates"] and order["status"] in {"issued", "expired"}
        for each in _due(order_id, order, now, seen.reissues.get(order_id, ()))
    )
    for order_id, kind, days in expected - sent:
        yield f"{order_id} was not reminded: {kind}, {days} days"
    for order_id, kind, days in sent - expected:
        if order_id in seen.orders:
            yield f"{order_id} was reminded: {kind}, {days} days, more often than due"


def _reminded(reference: str) -> Iterator[tuple[str, str, int]]:
    """From `<order.kind-end-days.mailbox@...>`; nothing of other mails."""
    order_id, _, rest = reference.removeprefix("<").partition("@")[0].partition(".")
    kind, _, facts = rest.partition(".")[0].partition("-")
    _, _, days = facts.partition("-")
    if order_id.startswith("ord_") and days.lstrip("-").isdecimal():
        yield order_id, kind, int(days)


def _due(order_id: str, order: Order, now: datetime, reissues: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """A certificate counts from its issue on, and not from its `notBefore`, which is earlier."""
    first, last = (_moment(order["term"][each]) for each in ("from", "to"))
    issued = {each["reissue_id"]: _moment(each["ended_at"]) for each in reissues if each.get("ended_at")}
    life = Life(order_id, last, first)
    for each in order["certificates"]:
        begins, ends = _moment(each["not_before"]), _moment(each["not_after"])
        life.certificates.append((issued.get(each.get("reissue_id"), max(first, begins)), begins, ends))
    life.certificates.sort()
    days = (now - first).days + 1
    runs = [
        first.replace(hour=0, minute=0, second=0) + _RUN_AT + timedelta(days=day) for day in range(days + 1)
    ]
    yield from expected_of(life, [run for run in runs if first <= run <= now], {})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def audited(seen: Evidence) -> Iterator[str]:
    """What became of an order and of its reissues stands in its audit trail once, and with it what led to that."""
    for order_id, order in _orders(seen):
        actions = Counter(seen.audit.get(order_id, ()))
        expected = ["order.placed", *filter(None, [AUDITED.get(order["status"])])]
        for each in seen.reissues.get(order_id, ()):
            expected += [
                "reissue.placed",
                *([] if each["status"] == "pending" else [f"reissue.{each['status']}"]),
            ]
        if order["status"] == "revoked":
            expected.append("order.issued")
        if order["payment"]["kind"] == "pay_as_you_go" and order["payment"]["status"] in {
            "captured",
            "refunded",
        }:
            expected.append("payment.captured")
        for action, times in Counter(expected).items():
            if actions[action] != times:
                yield f"{order_id}: {action} stands {actions[action]} times in the audit trail, not {times}"
        revoked = [each["serial"] for each in order["certificates"] if each.get("status") == "revoked"]
        if actions["certificate.revoked"] < len(revoked):
            yield f"{order_id}: {', '.join(revoked)} revoked without a word in the audit trail"
        if order["certificates"] and not actions["preflight.go"]:
            yield f"{order_id}: a certificate without a preflight in the audit trail"
        proven = {item["name"] for item in seen.domains.get(order_id, ()) if item["status"] == "valid"}
        for other_id, other in _orders(seen):
            if other_id != order_id and other["customer_id"] == order["customer_id"] is not None:
                actions.update(seen.audit.get(other_id, ()))  # a proof is the customer's, not the order's
        if proven and not actions["domain.approved"] + actions["domain.proven"]:
            yield f"{order_id}: {', '.join(sorted(proven))} proven without a word in the audit trail"


def no_dead_letters(seen: Evidence) -> Iterator[str]:
    """Nothing was given up: no journey sends poison."""
    for queue, count in seen.dead.items():
        if count:
            yield f"{queue} holds {count}"


INVARIANTS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        readable,
        one_certificate,
        signatures,
        charges,
        units,
        one_live_value,
        finished_or_waiting,
        told,
        reminders,
        audited,
        no_dead_letters,
    )
} | LINEAGE


def violations(seen: Evidence) -> list[str]:
    """Every broken invariant, with its name."""
    return [f"{name}: {said}" for name, check in INVARIANTS.items() for said in check(seen)]
