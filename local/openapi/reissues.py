"""Examples of reissues: one from the request to its certificate, and one that was given up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from local.openapi.story import CSR, ISSUED, RESELLER, CountedIds, Story
from partner_center.orders.order import CloseReason, Order, OrderStatus, Review
from partner_center.orders.reading import OrderReading
from partner_center.orders.reissue import Reissue, Reissued, begun, given_up, with_certificate

Reading = Callable[[datetime], OrderReading]


def reissue_examples(story: Story, reading: Reading, listing: Callable[[Reissue], Reading]) -> dict[str, Any]:
    """`reading` is of the issued order; `listing` of the same with its one reissue."""
    asked_at = ISSUED + timedelta(days=150)
    content = replace(story.issued.content, names=("example.com",), common_name="example.com")
    begins = begun(story.issued, content, (), CountedIds().new("rei", asked_at), asked_at, 24)
    before = Reissued(begins.order, begins.reissue)
    ended = asked_at + timedelta(seconds=3)
    done = with_certificate(before, story.issued.content, content, "5e" * 20, ended).reissue
    enrolment = Order(replace(begins.head, review=Review.CLEAR, serial=done.serial), content)
    gone = given_up(before, OrderStatus.CANCELLED, CloseReason.REQUESTED, ended).reissue
    return {
        "ReissueRequest": {"csr": CSR, "additional_domains": [], "revoke_previous_after_hours": 24},
        "ReissueAsked": begins.reissue.as_json(),
        "ReissueIssued": reading(ended).reissue_shown(done, enrolment),
        "ReissueCancelled": reading(ended).reissue_shown(gone, enrolment),
        "ReissueList": listing(done)(ended).reissues(RESELLER, done.order_id, {}),
    }
