"""An order as read (docs/openapi.json, Order): one shape for placing, reading and replaying."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from partner_center.billing.payments import Card
from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.kernel.clock import rfc3339
from partner_center.notifications.suppressions import Suppression
from partner_center.orders.authentication import overall, steps_of
from partner_center.orders.content import Contacts, plain
from partner_center.orders.deadlines import Deadline, names_to_prove
from partner_center.orders.lifecycle import (
    NO_SUCCESSORS,
    Refusal,
    Successors,
    reissue_refusal,
    renewal_refusal,
    replacement_refusal,
)
from partner_center.orders.order import (
    Closed,
    Order,
    OrderHead,
    OrderStatus,
    PaymentKind,
    Revoked,
    pending_until,
)
from partner_center.orders.page import fitting
from partner_center.orders.reissue import Reissue
from partner_center.orders.steps import Step
from partner_center.validation.challenges import Proof, last_mail_at
from partner_center.validation.standing import Standing


def order_as_json(
    order: Order,
    found: Standing,
    certificates: Sequence[CertificateRecord],
    moment: datetime,
    card: Card | None = None,
    deadline: Deadline | None = None,
    suppressed: Mapping[str, Suppression] | None = None,
    proofs: Sequence[Proof] = (),
    successors: Successors = NO_SUCCESSORS,
) -> dict[str, Any]:
    """The order information of GET /v1/orders/{id}; `found` is how its names stand, `card` the one that pays.

    `suppressed` are addresses of contacts and approvers, in lower case, that take no mail; `proofs` those on file
    once the order is issued, `successors` the orders after it.
    """
    head, content = order.head, order.content
    steps = steps_of(order, found, moment, suppressed)
    issued = [certificate_as_json(each, moment) for each in certificates]
    shown = fitting(issued)
    return {
        "order_id": head.order_id,
        "status": head.status_at(moment),
        "kind": head.kind,
        "product": head.product,
        "partner_order_id": head.partner_order_id,
        "customer_id": head.customer_id,
        "placed_at": rfc3339(head.placed_at),
        "updated_at": rfc3339(head.updated_at),
        "pending_until": _time(
            pending_until(head, last_mail_at(found.challenges))
            if head.status is OrderStatus.PENDING
            else None
        ),
        "closed": _ended(head.closed),
        "revoked": _ended(head.revoked),
        "authentication": {"status": overall(steps), "steps": [_step(step) for step in steps]},
        "common_name": content.common_name,
        "names": list(content.names),
        "spki_sha256": content.spki_sha256,
        "contacts": _contacts(content.contacts, suppressed or {}),
        "organization": plain(content.organization) if content.organization else None,
        "agreement": {
            "version": content.agreement.version,
            "sha256": content.agreement.sha256,
            "accepted_by": content.agreement.accepted_by,
            "capacity": content.agreement.capacity,
            "accepted_at": rfc3339(content.agreement.accepted_at),
        },
        "lifecycle": plain(content.lifecycle) if content.lifecycle else None,
        "note": content.note,
        "term": {"days": head.term_days, "from": _time(head.term_began_at), "to": _time(head.term_to)},
        "certificates": shown,
        **({"older_certificates": len(issued) - len(shown)} if len(shown) < len(issued) else {}),
        "price": _price(order),
        "payment": _payment(head, card),
        "renewal_of": head.renewal_of,
        "renewed_by": head.renewed_by,
        "replaces": head.replaces,
        "replaced_by": head.replaced_by,
        "revoke_original_after_hours": head.revoke_original_after_hours,
        "actions": _actions(order, proofs, moment, successors),
        "next_deadline": deadline.as_json() if deadline else None,
    }


def certificate_as_json(record: CertificateRecord, moment: datetime) -> dict[str, Any]:
    """One certificate, as it stands in an order and under /v1/certificates."""
    revoked = {"revoked_at": rfc3339(record.revoked_at), "reason": record.reason} if record.revoked_at else {}
    return {
        "serial": record.serial_hex,
        **({"reissue_id": record.reissue_id} if record.reissue_id else {}),
        "status": _certificate_status(record, moment),
        "not_before": rfc3339(record.not_before),
        "not_after": rfc3339(record.not_after),
        "names": list(record.names),
        "spki_sha256": record.spki_sha256,
        **revoked,
    }


def _certificate_status(record: CertificateRecord, moment: datetime) -> str:
    if record.status is CertificateStatus.REVOKED:
        return "revoked"
    return "expired" if moment > record.not_after else "active"


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment is not None else None


def _contacts(contacts: Contacts, suppressed: Mapping[str, Suppression]) -> dict[str, Any]:
    shown = plain(contacts)
    for contact in shown.values():
        if (found := suppressed.get(contact["email"].lower())) is not None:
            contact["delivery"] = found.why
    return shown


def _ended(ended: Closed | Revoked | None) -> dict[str, str] | None:
    if ended is None:
        return None
    kind, _, _ = ended.by.partition(":")
    by = kind if kind == "staff" else ended.by  # who of the staff it was concerns the audit alone
    return {"at": rfc3339(ended.at), "by": by, "reason": ended.reason}


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.step,
        "status": step.status,
        "updated_at": _time(step.updated_at),
        "reason": step.reason,
        "next_action": step.next_action,
        "actor": step.actor,
        "due_at": _time(step.due_at),
    }


def _price(order: Order) -> dict[str, Any]:
    currency, because = order.head.net.currency, order.content.free_because
    return {
        "net": order.head.net.as_json(),
        "lines": [
            {
                "kind": line.kind,
                "quantity": line.quantity,
                "unit": {"amount": line.unit, "currency": currency},
                "amount": {"amount": line.amount, "currency": currency},
            }
            for line in order.content.price
        ],
        **({"free_because": because} if because is not None else {}),
    }


def _payment(head: OrderHead, card: Card | None) -> dict[str, Any]:
    """Of a card nothing is shown but its brand and its last four digits."""
    payment: dict[str, Any] = {"contract_id": head.contract_id, "kind": head.payment_kind}
    if head.payment_kind is PaymentKind.BULK:
        payment["units"] = head.units
    elif card is not None:
        payment["card"] = {"brand": card.brand, "last4": card.last4}
    return {**payment, "status": head.payment}


def reissue_as_json(
    reissue: Reissue,
    enrolment: Order,
    found: Standing,
    moment: datetime,
    suppressed: Mapping[str, Suppression] | None = None,
) -> dict[str, Any]:
    """One reissue, with the steps of its enrolment; `suppressed` as of an order."""
    steps = steps_of(enrolment, found, moment, suppressed)
    shown = {"status": overall(steps), "steps": [_step(step) for step in steps]}
    return reissue.as_json() | {"authentication": shown}


def _actions(
    order: Order, proofs: Sequence[Proof], moment: datetime, successors: Successors
) -> dict[str, Any]:
    head, renewal, replacement = order.head, successors.renewal, successors.replacement
    needs_proof = bool(names_to_prove(order.content, proofs, moment))
    refusals = {
        "cancel": _no_cancelling(head),
        "reissue": _code(reissue_refusal(head, moment, needs_proof=needs_proof)),
        "renew": _code(renewal_refusal(head, renewal, moment, replacement)),
        "replace": _code(replacement_refusal(head, replacement, moment, renewal)),
        "revoke": _no_revoking(head, moment),
    }
    return {name: {"allowed": code is None, "reason": code} for name, code in refusals.items()}


def _code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


def _no_cancelling(head: OrderHead) -> str | None:
    if head.signing:
        return "issuing"
    if head.status is OrderStatus.PENDING:
        return None
    return "already_issued" if head.status is OrderStatus.ISSUED else "order_closed"


def _no_revoking(head: OrderHead, moment: datetime) -> str | None:
    """A revoked order may be revoked again, which changes nothing; it is told as what it is."""
    match head.status_at(moment):
        case OrderStatus.ISSUED:
            return None
        case OrderStatus.PENDING:
            return "issuing" if head.signing else "not_issued"
    return "order_closed"
