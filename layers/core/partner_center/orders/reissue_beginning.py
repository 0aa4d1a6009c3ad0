"""What is written when a reissue begins, whoever asks for it; apart, so that not all of them load the gate."""

from partner_center.kernel.events import Chronicle
from partner_center.orders.content import OrderContent
from partner_center.orders.order import OrderHead
from partner_center.orders.ports import ReissueBeginning, RequestGuard
from partner_center.orders.reissue import Beginning


def beginning(
    begins: Beginning,
    before: OrderHead,
    content: OrderContent,
    guard: RequestGuard | None,
    chronicle: Chronicle,
) -> ReissueBeginning:
    """What is written when the reissue begins; `before` is the order's head as it was read."""
    head = begins.head
    ids = (head.reseller_id, head.order_id)
    return ReissueBeginning(
        begins=begins,
        expected_version=before.version,
        content=content,
        guard=guard,
        event=chronicle.event("reissue.placed", *ids, generation=head.generation, attempt=head.attempt),
        audit=chronicle.audit(
            "reissue.placed",
            *ids,
            names=" ".join(content.names)[:2000],
            spki_sha256=content.spki_sha256,
            revoke_previous_after_hours=begins.reissue.revoke_previous_after_hours,
        ),
    )
