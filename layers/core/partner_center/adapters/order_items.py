"""Orders as DynamoDB items and back. Heads stay under 1 KB, so that a status change costs one unit."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from partner_center.adapters.dynamodb import Item
from partner_center.billing.payments import PaymentStatus
from partner_center.issuance.record import Reason
from partner_center.kernel.level import Level
from partner_center.kernel.money import Money
from partner_center.orders.order import (
    Closed,
    CloseReason,
    OrderHead,
    OrderKind,
    OrderStatus,
    PaymentKind,
    Review,
    Revoked,
)
from partner_center.orders.restarts import Restarts


def to_micros(moment: datetime) -> int:
    """Times in tables are whole microseconds since 1970: exact, sortable, short."""
    seconds = int(moment.timestamp())
    return seconds * 1_000_000 + moment.microsecond


def from_micros(micros: int) -> datetime:
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def optional_micros(moment: datetime | None) -> int | None:
    return to_micros(moment) if moment is not None else None


def optional_moment(micros: int | None) -> datetime | None:
    return from_micros(micros) if micros is not None else None


def head_to_item(head: OrderHead) -> Item:
    """All attributes of the head; None is left out when it is written."""
    return {
        "reseller_id": head.reseller_id,
        "order_id": head.order_id,
        "status": head.status.value,
        "kind": head.kind.value,
        "product": head.product,
        "level": head.level.value,
        "common_name": head.common_name,
        "subscriber": head.subscriber,
        "contract_id": head.contract_id,
        "payment_kind": head.payment_kind.value,
        "units": head.units,
        "net": str(head.net.amount),
        "currency": head.net.currency,
        "term_days": head.term_days,
        "placed_at": to_micros(head.placed_at),
        "revised_at": to_micros(head.revised_at),
        "updated_at": to_micros(head.updated_at),
        "revision": head.revision,
        "round": head.round,
        "generation": head.generation,
        "attempt": head.attempt,
        "version": head.version,
        "signing": head.signing or None,
        "payment": head.payment.value,
        "card_id": head.card_id,
        "payment_attempt": head.payment_attempt or None,
        "settle_at": optional_micros(head.settle_at),
        "payment_since": optional_micros(head.payment_since),
        "payment_misfits": head.payment_misfits or None,
        "review": head.review.value,
        "review_since": optional_micros(head.review_since),
        "review_reason": head.review_reason,
        "held_back": head.held_back,
        "unanswered": head.unanswered or None,
        "checked_at": optional_micros(head.checked_at),
        "caa_refusal": head.caa_refusal,
        "checked_refusal": head.checked_refusal,
        "serial": head.serial,
        "issued_at": optional_micros(head.issued_at),
        "term_from": optional_micros(head.term_from),
        "term_to": optional_micros(head.term_to),
        "partner_order_id": head.partner_order_id,
        "customer_id": head.customer_id,
        "closed": _ended_to_item(head.closed),
        "revoked": _ended_to_item(head.revoked),
        "open_reissue": head.open_reissue,
        "passing_reissues": list(head.passing_reissues) or None,
        "early_reissues": head.early_reissues or None,
        "renewal_of": head.renewal_of,
        "renewed_by": head.renewed_by,
        "replaces": head.replaces,
        "replaced_by": head.replaced_by,
        "restarts": _restarts_to_item(head.restarts),
        "revoke_original_after_hours": head.revoke_original_after_hours,
    }


def head_from_item(item: Item) -> OrderHead:
    closed: dict[str, Any] | None = item.get("closed")
    revoked: dict[str, Any] | None = item.get("revoked")
    restarts: dict[str, Any] | None = item.get("restarts")
    return OrderHead(
        reseller_id=item["reseller_id"],
        order_id=item["order_id"],
        status=OrderStatus(item["status"]),
        kind=OrderKind(item["kind"]),
        product=item["product"],
        level=Level(item["level"]),
        common_name=item["common_name"],
        subscriber=item["subscriber"],
        contract_id=item["contract_id"],
        payment_kind=PaymentKind(item["payment_kind"]),
        units=item["units"],
        net=Money(Decimal(item["net"]), item["currency"]),
        term_days=item["term_days"],
        placed_at=from_micros(item["placed_at"]),
        revised_at=from_micros(item["revised_at"]),
        updated_at=from_micros(item["updated_at"]),
        revision=item["revision"],
        round=item["round"],
        generation=item["generation"],
        attempt=item["attempt"],
        version=item["version"],
        signing=item.get("signing", False),
        payment=PaymentStatus(item["payment"]),
        card_id=item.get("card_id"),
        payment_attempt=item.get("payment_attempt", 0),
        settle_at=optional_moment(item.get("settle_at")),
        payment_since=optional_moment(item.get("payment_since")),
        payment_misfits=item.get("payment_misfits", False),
        review=Review(item["review"]),
        review_since=optional_moment(item.get("review_since")),
        review_reason=item.get("review_reason"),
        held_back=item.get("held_back"),
        unanswered=item.get("unanswered", 0),
        checked_at=optional_moment(item.get("checked_at")),
        caa_refusal=item.get("caa_refusal"),
        checked_refusal=item.get("checked_refusal"),
        serial=item.get("serial"),
        issued_at=optional_moment(item.get("issued_at")),
        term_from=optional_moment(item.get("term_from")),
        term_to=optional_moment(item.get("term_to")),
        partner_order_id=item.get("partner_order_id"),
        customer_id=item.get("customer_id"),
        closed=Closed(from_micros(closed["at"]), closed["by"], CloseReason(closed["reason"]))
        if closed
        else None,
        revoked=Revoked(from_micros(revoked["at"]), revoked["by"], Reason(revoked["reason"]))
        if revoked
        else None,
        open_reissue=item.get("open_reissue"),
        passing_reissues=tuple(item.get("passing_reissues", ())),
        early_reissues=item.get("early_reissues", 0),
        renewal_of=item.get("renewal_of"),
        renewed_by=item.get("renewed_by"),
        replaces=item.get("replaces"),
        replaced_by=item.get("replaced_by"),
        restarts=Restarts(restarts["count"], from_micros(restarts["at"]), restarts["revision"])
        if restarts
        else None,
        revoke_original_after_hours=item.get("revoke_original_after_hours"),
    )


def _ended_to_item(ended: Closed | Revoked | None) -> Item | None:
    if ended is None:
        return None
    return {"at": to_micros(ended.at), "by": ended.by, "reason": ended.reason.value}


def _restarts_to_item(restarts: Restarts | None) -> Item | None:
    if restarts is None:
        return None
    return {"count": restarts.count, "at": to_micros(restarts.at), "revision": restarts.revision}
