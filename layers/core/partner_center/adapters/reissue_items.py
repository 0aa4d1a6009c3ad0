"""Reissues as DynamoDB items and back."""

from partner_center.adapters.dynamodb import Item
from partner_center.adapters.order_items import (
    from_micros,
    optional_micros,
    optional_moment,
    to_micros,
)
from partner_center.orders.reissue import Reissue, ReissueStatus


def reissue_to_item(reissue: Reissue) -> Item:
    """All attributes; None is left out when it is written."""
    return {
        "reseller_id": reissue.reseller_id,
        "order_id": reissue.order_id,
        "reissue_id": reissue.reissue_id,
        "generation": reissue.generation,
        "status": reissue.status.value,
        "asked_at": to_micros(reissue.asked_at),
        "names": list(reissue.names),
        "previous": reissue.previous,
        "revoke_previous_after_hours": reissue.revoke_previous_after_hours,
        "serial": reissue.serial,
        "ended_at": optional_micros(reissue.ended_at),
        "reason": reissue.reason,
    }


def reissue_from_item(item: Item) -> Reissue:
    return Reissue(
        reseller_id=item["reseller_id"],
        order_id=item["order_id"],
        reissue_id=item["reissue_id"],
        generation=item["generation"],
        status=ReissueStatus(item["status"]),
        asked_at=from_micros(item["asked_at"]),
        names=tuple(item["names"]),
        previous=item["previous"],
        revoke_previous_after_hours=item.get("revoke_previous_after_hours"),
        serial=item.get("serial"),
        ended_at=optional_moment(item.get("ended_at")),
        reason=item.get("reason"),
    )
