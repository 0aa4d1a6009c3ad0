"""What a PATCH makes of an order (RFC 7396), before anything is judged: the body as it would have been posted."""

from base64 import encodebytes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from partner_center.catalog.pricing import PriceLine, Quote
from partner_center.kernel.errors import Problem
from partner_center.kernel.json_pointer import json_pointer
from partner_center.kernel.money import Money
from partner_center.orders.content import Method, OrderContent, PricePart, plain
from partner_center.orders.order import Order, PaymentKind

WHILE_PENDING = frozenset(
    {
        "contacts",
        "csr",
        "common_name",
        "additional_domains",
        "organization",
        "domain_control",
        "note",
        "lifecycle",
    }
)
"""What may be amended before the certificate is issued."""

_FIXED = {
    "product": "another product is another order",
    "term_days": "the term is fixed when the order is placed",
    "contract_id": "the contract is fixed when the order is placed",
    "partner_order_id": "the number is fixed when the order is placed",
    "customer_id": "proofs already belong to this customer",
    "agreement": "the acceptance is recorded and cannot be altered",
}


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2: objects merge, null removes, everything else replaces, arrays whole."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def amended_body(order: Order, patch: Mapping[str, Any]) -> dict[str, Any]:
    """The body that `patch` makes of the order; methods for single names need no method for all: it has a default."""
    body: dict[str, Any] = merged(posted(order), patch)
    control = body.get("domain_control")
    if isinstance(control, dict) and order.content.given.domain_control is None:
        body["domain_control"] = {"method": Method.DNS_TXT.value} | control
    return body


def method_patch(name: str, choice: Mapping[str, Any]) -> dict[str, Any]:
    """The patch that chooses anew for one name: nothing of the former choice stays."""
    known = {"method": None, "approver_email": None}
    return {"domain_control": {"names": {name: known | dict(choice)}}}


def posted(order: Order) -> dict[str, Any]:
    """The body that would place this order as it is now."""
    head, content = order.head, order.content
    body: dict[str, Any] = {
        "product": head.product,
        "csr": _pem(bytes.fromhex(content.csr_der)),
        "common_name": content.given.common_name,
        "additional_domains": list(content.given.additional_domains),
        "term_days": head.term_days,
        "contract_id": head.contract_id,
        "contacts": plain(content.contacts),
        "organization": plain(content.organization) if content.organization else None,
        "domain_control": content.given.domain_control,
        "agreement": {
            "version": content.agreement.version,
            "accepted_by": content.agreement.accepted_by,
            "capacity": content.agreement.capacity,
        },
        "lifecycle": plain(content.lifecycle) if content.lifecycle else None,
        "note": content.note,
    }
    return {name: value for name, value in body.items() if value is not None}


def field_problems(patch: Mapping[str, Any]) -> Iterator[Problem]:
    """The fields of the patch that no order has, or that no amendment can change."""
    for name in patch:
        if name in _FIXED:
            detail = f"This cannot be amended: {_FIXED[name]}. Cancel the order and place another."
            yield Problem("not_amendable", detail, json_pointer((name,)))
        elif name not in WHILE_PENDING:
            yield Problem(
                "unknown_field", "There is no such field here; check its spelling.", json_pointer((name,))
            )


def needs_a_pending_order(patch: Mapping[str, Any]) -> bool:
    """Whether the patch touches what a certificate or its proofs rest on; the rest may change at any time."""
    contacts = patch.get("contacts")
    only_technical = isinstance(contacts, Mapping) and set(contacts) <= {"technical"}
    at_any_time = {"note", "lifecycle"} | ({"contacts"} if only_technical else set())
    return not set(patch) <= at_any_time


def asks_anew(before: OrderContent, after: OrderContent) -> bool:
    """Whether an approver would be shown something else: then what was asked before is dead (open links end)."""

    def shown(content: OrderContent) -> tuple[object, ...]:
        who = content.contacts.technical
        requester = (who.first_name, who.last_name, who.email)
        return content.csr_der, frozenset(content.names), content.organization, requester

    return shown(before) != shown(after) or _is_asked_for_more(before, after)


def _is_asked_for_more(before: OrderContent, after: OrderContent) -> bool:
    """Whether an address shall approve names that its mail did not show: its yes would go further than it knew."""
    shown = _names_by_address(before)
    return any(
        address in shown and not names <= shown[address]
        for address, names in _names_by_address(after).items()
    )


def _names_by_address(content: OrderContent) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, choice in content.methods.items():
        if choice.approver_email is not None:
            found.setdefault(choice.approver_email, set()).add(name)
    return found


def screens_anew(before: OrderContent, after: OrderContent) -> bool:
    """Whether anything changed that screening or validation looks at; a note and the life cycle are not."""

    def without(content: OrderContent) -> OrderContent:
        return replace(content, note=None, lifecycle=None)

    return without(before) != without(after)


def repriced(price: Quote, order: Order, placed: Sequence[PricePart]) -> Quote | None:
    """The quote at the rates that the order was placed at, in money and units: its price is fixed when it is placed.

    `placed` is its price then; what has been taken off since is at the same rate when it comes back. Only a kind of
    line that it had neither then nor has now is at today's rates; None when these are in another currency.
    """
    fixed = {part.kind: part for part in (*placed, *order.content.price)}
    lines = tuple(
        _at_the_rates_of(fixed[line.kind], line, order.head.net.currency) if line.kind in fixed else line
        for line in price.lines
    )
    net = Money.of("0", order.head.net.currency)
    if any(line.amount.currency != net.currency for line in lines):
        return None
    for line in lines:
        net = net + line.amount
    units = sum(line.quantity * line.units for line in lines)
    because = None if net.amount else order.content.free_because
    return replace(price, net=net, units=units, lines=lines, free_because=because)


def extra_units(order: Order, price: Quote | None) -> int:
    """By how many units the amended order exceeds what it holds; negative when it needs fewer."""
    if price is None or order.head.payment_kind is not PaymentKind.BULK or order.head.is_reissue:
        return 0
    return price.units - order.head.units


def extra_amount(order: Order, price: Quote | None) -> Money:
    """By how much the amended order costs its card more than it was promised; negative when it costs less."""
    nothing = Money.of("0", order.head.net.currency)
    if price is None or order.head.payment_kind is not PaymentKind.PAY_AS_YOU_GO:
        return nothing
    return price.net - order.head.net


def exceeds(order: Order, price: Quote | None) -> bool:
    """Whether the amended order takes more of its contract than it was placed with."""
    return extra_units(order, price) > 0 or extra_amount(order, price).amount > 0


def _at_the_rates_of(part: PricePart, line: PriceLine, currency: str) -> PriceLine:
    unit = Money.of(part.unit, currency)
    return replace(line, unit=unit, amount=unit.times(line.quantity), units=part.units)


def _pem(der: bytes) -> str:
    body = encodebytes(der).decode().replace("\n", "")
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE REQUEST-----", *lines, "-----END CERTIFICATE REQUEST-----", ""])
