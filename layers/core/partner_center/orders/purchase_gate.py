"""The gate of what is bought: the contract that pays, the price on it, and why it cannot be bought there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from partner_center.billing.contracts import Contract, choose_contract, contract_problems
from partner_center.catalog.pricing import Quote, quote
from partner_center.catalog.products import Product
from partner_center.kernel.errors import Problem
from partner_center.orders.amendment import exceeds, extra_units, repriced
from partner_center.orders.examination import Circumstances
from partner_center.orders.succession import more_than_paid


def price_of(
    names: Sequence[str],
    product: Product | None,
    term_days: int | None,
    around: Circumstances,
    contract: Contract | None = None,
) -> Quote | None:
    """What it costs on the contract, or by the catalog alone; the units are the same on every contract."""
    agreed = contract.prices if contract else None
    price = quote(product, names, term_days, agreed) if product and names and term_days else None
    if price and around.amended:
        return repriced(price, around.amended, around.placed)
    return around.succession.priced(price, around.moment) if price and around.succession else price


def contract_of(
    body: Mapping[str, Any], product: Product | None, listed: Quote | None, around: Circumstances
) -> Contract | None:
    """The contract that pays: the order's own, the one that was named, or the first of those that serve.

    `listed` is the price by the catalog, which an order that has a contract does not need.
    """
    if product is None:
        return None
    wanted = around.amended.head.contract_id if around.amended else body.get("contract_id")
    if wanted is None:
        units = listed.units if listed else 0
        former = around.succession.before.head.contract_id if around.succession else None
        own = next((one for one in around.contracts if one.contract_id == former), None)
        free = listed is not None and listed.free_because is not None
        if own is not None and (free or not contract_problems(own, product.code, units, around.moment)):
            return own
        return choose_contract(around.contracts, product.code, units, around.moment)
    return next((one for one in around.contracts if one.contract_id == wanted), None)


PLACED_ANEW = "cancel the order and place it on another contract"


def purchase_problems(
    contract: Contract | None,
    product: Product,
    names: Sequence[str],
    term_days: int | None,
    price: Quote | None,
    around: Circumstances,
) -> Iterator[Problem]:
    """Why this cannot be bought on the contract. Of an amended order only what comes on top must be there now."""
    is_sold = term_days is not None and quote(product, names, term_days) is not None
    if price is None and contract is not None and is_sold:
        yield Problem(
            "price_not_agreed",
            f"Contract {contract.contract_id} has no price for this; choose another contract, or ask your sales "
            "representative for one.",
            "/contract_id",
        )
    if around.amended is None and contract is not None and price is not None and price.free_because:
        return  # nothing is bought
    if around.amended is None:
        yield from contract_problems(contract, product.code, price.units if price else 0, around.moment)
    elif contract is None or exceeds(around.amended, price):
        # The reseller amends names and sends no contract: there is no field to point at.
        extra = extra_units(around.amended, price)
        for each in contract_problems(contract, product.code, extra, around.moment, PLACED_ANEW):
            yield replace(each, field=None)


def free_problems(
    product: Product, term_days: int | None, price: Quote | None, around: Circumstances
) -> Iterator[Problem]:
    """What costs nothing holds no more than was paid for, nor does it after any number of amendments."""
    if around.succession is not None:
        yield from around.succession.problems(product, term_days, price, around.moment)
    elif around.amended is not None and around.amended.content.free_because is not None:
        yield from more_than_paid(around.placed, price)
