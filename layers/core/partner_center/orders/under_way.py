"""Which enrolment is meant when the domains of an order are asked for: the order's own, or a reissue under way."""

from dataclasses import replace

from partner_center.kernel.ids import enrolment_of_reissue, order_of
from partner_center.orders.order import Order, OrderHead, OrderStatus
from partner_center.orders.ports import OrderReader, load


def enrolments_under_way(head: OrderHead) -> tuple[str, ...]:
    """The enrolments of the order's reissues that have not ended, the one that needed proof first."""
    return tuple(enrolment_of_reissue(head.order_id, each) for each in head.reissues_under_way)


def enrolment_meant(orders: OrderReader, reseller_id: str, order_id: str, name: str | None = None) -> str:
    """Id of the first reissue under way, of those that hold `name` if one is given; else of the order itself.

    An unknown id is given back as it is.
    """
    return enrolments_meant(orders, reseller_id, order_id, name)[0]


def enrolments_meant(
    orders: OrderReader, reseller_id: str, order_id: str, name: str | None = None
) -> tuple[str, ...]:
    """All of them: a check of an order is one of each of its reissues under way."""
    head = orders.head(reseller_id, order_id)
    found = []
    for each in enrolments_under_way(head) if head is not None else ():
        reissue = load(orders, reseller_id, each)
        if reissue is None or reissue.head.status is not OrderStatus.PENDING:
            continue
        if name is None or name in reissue.content.names:
            found.append(each)
    return tuple(found) or (order_id,)


def with_present_contacts(orders: OrderReader, enrolment: Order) -> Order:
    """A reissue with the contacts that its order has by now, an order as it is.

    Contacts are corrected on the order alone, and it keeps them when the reissue is issued: what was copied when the
    reissue was asked for may be an address that takes no mail.
    """
    if not enrolment.head.is_reissue:
        return enrolment
    order = load(orders, enrolment.head.reseller_id, order_of(enrolment.head.order_id))
    if order is None:
        return enrolment
    return replace(enrolment, content=replace(enrolment.content, contacts=order.content.contacts))
