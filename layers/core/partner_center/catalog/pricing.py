"""What an order costs: one calculation for the quote, the order and every later change of its names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partner_center.catalog.products import LineKind, Product, Rate, Term, is_wildcard
from partner_center.kernel.money import Money

FREE_REPLACEMENT = timedelta(days=30)
"""How long after the begin of its term an order is replaced for nothing (M47)."""


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


@dataclass(frozen=True, slots=True)
class AgreedPrice:
    """What one of something costs on a contract; `term_days` is one of the product's terms."""

    product: str
    term_days: int
    kind: LineKind
    price: Money


@dataclass(frozen=True, slots=True)
class PriceList:
    """A contract's own prices, all in `currency`; what is not on it costs what the catalog says."""

    currency: str
    prices: tuple[AgreedPrice, ...]

    def price(self, product: str, term_days: int, kind: LineKind) -> Money | None:
        found = (
            each.price
            for each in self.prices
            if (each.product, each.term_days, each.kind) == (product, term_days, kind)
        )
        return next(found, None)


def quote(
    product: Product, names: Iterable[str], term_days: int, agreed: PriceList | None = None
) -> Quote | None:
    """The quote for a certificate with these names, whatever their order; a repeated name counts once.

    None when the product is not sold so: another term, too many names, none, or wildcards it cannot hold; or when
    `agreed` is in another currency than the catalog and lacks one of the prices.
    """
    distinct = set(names)
    term = product.term(term_days)
    if term is None or not 1 <= len(distinct) <= product.max_names or product.refused_wildcards(distinct):
        return None
    counts = {kind: count for kind, count in _counted(product, distinct).items() if count}
    currency = agreed.currency if agreed else product.currency
    rates = {kind: _rate(product, term, kind, agreed) for kind in counts}
    if any(rate.price.currency != currency for rate in rates.values()):
        return None
    return _total(rates, counts, currency)


def _rate(product: Product, term: Term, kind: LineKind, agreed: PriceList | None) -> Rate:
    """The catalog's rate, its price replaced by the one that was agreed; units are the same on every contract."""
    rate = term.rates[kind]
    price = agreed.price(product.code, term.days, kind) if agreed else None
    return replace(rate, price=price) if price is not None else rate


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


def _total(rates: Mapping[LineKind, Rate], counts: Mapping[LineKind, int], currency: str) -> Quote:
    net, units, lines = Money.of("0", currency), 0, []
    for kind, quantity in counts.items():
        rate = rates[kind]
        line = PriceLine(kind, quantity, rate.price, rate.price.times(quantity), rate.units)
        net, units = net + line.amount, units + quantity * rate.units
        lines.append(line)
    return Quote(net, units, tuple(lines))


def free_of_charge(priced: Quote, because: str) -> Quote:
    """The same order for nothing: a replacement within the first 30 days of its term, for example (M47)."""
    nothing = Money.of("0", priced.net.currency)
    lines = tuple(replace(line, unit=nothing, amount=nothing, units=0) for line in priced.lines)
    return Quote(nothing, 0, lines, because)


def price_of_replacement(priced: Quote, began_at: datetime, moment: datetime) -> Quote:
    """Nothing until 30 days after the begin of the term that is replaced are over, then the full price (M47).

    A renewal buys a term of its own and costs the full price from its first day (M51).
    """
    if moment >= began_at + FREE_REPLACEMENT:
        return priced
    return free_of_charge(priced, "Replaces an order within 30 days of the begin of its term.")


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
