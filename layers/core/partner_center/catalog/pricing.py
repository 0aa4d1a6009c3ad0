"""What an order costs: one calculation for the quote, the order and every later change of its names."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from partner_center.catalog.products import LineKind, Product, Term, is_wildcard
from partner_center.kernel.money import Money


@dataclass(frozen=True, slots=True)
class PriceLine:
    """`quantity` times `unit` is `amount`; each takes `units` of a bulk contract."""

    kind: LineKind
    quantity: int
    unit: Money
    amount: Money
    units: int


@dataclass(frozen=True, slots=True)
class Quote:
    """The price without tax and, for bulk contracts, the units; `free_because` says why it costs nothing."""

    net: Money
    units: int
    lines: tuple[PriceLine, ...]
    free_because: str | None = None


def quote(product: Product, names: Iterable[str], term_days: int) -> Quote | None:
    """The quote for a certificate with these names, whatever their order; a repeated name counts once.

    None when the product is not sold so: another term, too many names, none, or wildcards it cannot hold.
    """
    distinct = set(names)
    term = product.term(term_days)
    if term is None or not 1 <= len(distinct) <= product.max_names or product.refused_wildcards(distinct):
        return None
    return _total(term, _counted(product, distinct), product.currency)


def _counted(product: Product, names: set[str]) -> dict[LineKind, int]:
    """How many of each kind; a wildcard that is the base leaves its other included names to plain ones."""
    wildcards = sum(1 for name in names if is_wildcard(name))
    wildcards_in_base = min(wildcards, 1) if product.wildcard.base_may_be_wildcard else 0
    plain = len(names) - wildcards
    plain_in_base = product.included_names - wildcards_in_base
    return {
        LineKind.BASE: 1,
        LineKind.NAME: max(0, plain - plain_in_base),
        LineKind.WILDCARD_NAME: wildcards - wildcards_in_base,
    }


def _total(term: Term, counts: dict[LineKind, int], currency: str) -> Quote:
    net, units, lines = Money.of("0", currency), 0, []
    for kind, quantity in counts.items():
        if quantity == 0:
            continue
        rate = term.rates[kind]
        line = PriceLine(kind, quantity, rate.price, rate.price.times(quantity), rate.units)
        net, units = net + line.amount, units + quantity * rate.units
        lines.append(line)
    return Quote(net, units, tuple(lines))


def free_of_charge(priced: Quote, because: str) -> Quote:
    """The same order for nothing: a replacement within the first 30 days of its term, for example (M47)."""
    nothing = Money.of("0", priced.net.currency)
    lines = tuple(replace(line, unit=nothing, amount=nothing, units=0) for line in priced.lines)
    return Quote(nothing, 0, lines, because)


def price_as_json(priced: Quote) -> dict[str, object]:
    """The `price` of an order or a quote; `free_because` appears only where it costs nothing."""
    shown: dict[str, object] = {
        "net": priced.net.as_json(),
        "lines": [
            {
                "kind": line.kind.value,
                "quantity": line.quantity,
                "unit": line.unit.as_json(),
                "amount": line.amount.as_json(),
            }
            for line in priced.lines
        ],
    }
    if priced.free_because is not None:
        shown["free_because"] = priced.free_because
    return shown
