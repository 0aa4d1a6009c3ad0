"""What may be agreed of a contract, judged against the catalog: every problem at once."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from partner_center.billing.contracts import Contract
from partner_center.billing.shapes import AgreedPrice as PostedPrice
from partner_center.billing.shapes import ContractActivation, moment_of
from partner_center.catalog.pricing import AgreedPrice, PriceList
from partner_center.catalog.products import Brand, Catalog, Product
from partner_center.kernel.errors import Problem
from partner_center.kernel.money import Money

USUAL_VALIDITY = timedelta(days=365)
LONGEST_VALIDITY = timedelta(days=5 * 366)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


def product_problems(codes: Sequence[str] | None, brand: Brand | None, catalog: Catalog) -> Iterator[Problem]:
    """Products that are not sold, or not under the contract's brand, if it has one."""
    for at, code in enumerate(codes or ()):
        product = catalog.product(code)
        if product is None or not product.on_sale:
            detail = "There is no such product; see GET /v1/products."
            yield Problem("unknown_product", detail, f"/products/{at}")
        elif brand is not None and product.brand is not brand:
            detail = f"{product.name} is sold under the brand {product.brand}; name that one, or none."
            yield Problem("product_of_another_brand", detail, f"/products/{at}")


def products_covered(codes: Sequence[str] | None, brand: Brand | None, catalog: Catalog) -> frozenset[str]:
    """The products that were named; without any, all of the brand; without a brand, every one (an empty set)."""
    if codes is not None:
        return frozenset(codes)
    if brand is None:
        return frozenset()
    return frozenset(each.code for each in catalog.products() if each.brand is brand)


def activation_problems(
    terms: ContractActivation, contract: Contract, catalog: Catalog, moment: datetime
) -> Iterator[Problem]:
    """Why a contract that was asked for cannot become active like this."""
    yield from product_problems(terms.products, terms.brand or contract.brand, catalog)
    begins, ends = validity(terms, moment)
    if ends <= max(begins, moment):
        yield Problem(
            "invalid_field", "The contract must end after it begins, and in the future.", "/valid_to"
        )
    elif ends - begins > LONGEST_VALIDITY:
        yield Problem("invalid_field", "A contract runs for five years at most.", "/valid_to")
    elif begins - moment > LONGEST_VALIDITY:
        yield Problem("invalid_field", "A contract begins within five years.", "/valid_from")
    units = terms.units or contract.units_asked or 0
    low = terms.notices.units_low if terms.notices else None
    if low is not None and low > units:
        detail = "This must not be more than the units of the contract."
        yield Problem("invalid_field", detail, "/notices/units_low")
    covered = products_covered(terms.products, terms.brand, catalog) or contract.products
    yield from price_problems(terms.prices or (), covered, catalog)


def validity(terms: ContractActivation, moment: datetime) -> tuple[datetime, datetime]:
    """From when until before when: from now for a year, if nothing else was agreed."""
    begins = moment_of(terms.valid_from) or moment
    return begins, moment_of(terms.valid_to) or begins + min(USUAL_VALIDITY, LAST_MOMENT - begins)


def price_problems(
    prices: Sequence[PostedPrice], covered: Collection[str], catalog: Catalog
) -> Iterator[Problem]:
    """Prices of what is not sold, or not on this contract; prices twice; several currencies; and gaps.

    A list in another currency than the catalog's has none to fall back upon: it must be complete.
    """
    seen: set[tuple[str, int, str]] = set()
    for at, each in enumerate(prices):
        product = catalog.product(each.product)
        term = product.term(each.term_days) if product else None
        if product is None or (covered and each.product not in covered):
            yield Problem("unknown_product", "This contract has no such product.", f"/prices/{at}/product")
        elif term is None:
            days = ", ".join(map(str, product.terms_days))
            detail = f"{product.name} is sold for {days} days."
            yield Problem("term_not_offered", detail, f"/prices/{at}/term_days")
        elif each.kind not in term.rates:
            detail = f"{product.name} has no such line; it has {', '.join(term.rates)}."
            yield Problem("invalid_field", detail, f"/prices/{at}/kind")
        if each.price.currency != prices[0].price.currency:
            detail = "All prices of a contract are in one currency."
            yield Problem("invalid_field", detail, f"/prices/{at}/price/currency")
        line = (each.product, each.term_days, each.kind.value)
        if line in seen:
            yield Problem("invalid_field", "This price is given twice.", f"/prices/{at}")
        seen.add(line)
    if prices:
        yield from _gaps(seen, prices[0].price.currency, covered, catalog)


def _gaps(
    seen: Collection[tuple[str, int, str]], currency: str, covered: Collection[str], catalog: Catalog
) -> Iterator[Problem]:
    sold = [each for each in catalog.on_sale() if not covered or each.code in covered]
    for product in sold:
        missing = [line for line in _lines(product) if line not in seen]
        if product.currency != currency and missing:
            _, days, kind = missing[0]
            yield Problem(
                "price_missing",
                f"The catalog has no prices in {currency}: give one of {product.code} for {days} days, {kind}.",
                "/prices",
            )


def _lines(product: Product) -> list[tuple[str, int, str]]:
    return [(product.code, term.days, kind.value) for term in product.terms_on_sale for kind in term.rates]


def price_list(prices: Sequence[PostedPrice] | None) -> PriceList | None:
    """The prices as the contract keeps them, in an order of their own."""
    if not prices:
        return None
    agreed = [
        AgreedPrice(each.product, each.term_days, each.kind, Money.of(each.price.amount, each.price.currency))
        for each in prices
    ]
    agreed.sort(key=lambda each: (each.product, each.term_days, each.kind))
    return PriceList(prices[0].price.currency, tuple(agreed))
