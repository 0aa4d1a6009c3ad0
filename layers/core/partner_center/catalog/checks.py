"""Whether the catalog's data keeps the rules: run at build time and by the tests, never while serving."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from partner_center.catalog.products import MAX_NAMES, Brand, LineKind, WildcardRule
from partner_center.kernel.level import Level

KNOWN_METHODS = ("dns_txt", "dns_cname", "http_file", "dns_persist", "email")
CURRENCIES = ("USD", "EUR", "GBP")
LONGEST_TERM_DAYS = 3 * 365

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_PRICE = re.compile(r"[0-9]{1,7}\.[0-9]{2}")
_ISSUER = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")

_PRODUCT_FIELDS = {
    "code", "name", "brand", "level", "max_names", "included_names", "wildcard", "currency", "terms",
    "validation_methods", "agreement",
}  # fmt: skip
_ON_SALE = "on_sale"
_BRAND_FIELDS = {"name", "sign_in", "caa_issuers"}
_WILDCARDS_OF_LEVEL = {
    # EVG: no wildcard. Wildcard names beside the base are for organization-validated orders (M73).
    Level.EV: {WildcardRule.NONE},
    Level.DV: {WildcardRule.NONE, WildcardRule.BASE},
    Level.OV: set(WildcardRule),
}


def catalog_problems(data: object) -> list[str]:
    """Every fault of the catalog's data, a sentence each; empty when it may be sold from. Never raises."""
    if not isinstance(data, dict) or set(data) != {"brands", "products"}:
        return ["the catalog: must be an object of brands and products"]
    problems = list(_brands(data["brands"]))
    blocks = data["products"]
    if not isinstance(blocks, list) or not blocks:
        return [*problems, "products: must be a list of at least one product"]
    for position, block in enumerate(blocks):
        problems += _product(f"products[{position}]", block)
    for field in ("code", "name"):
        problems += _repeated(blocks, field)
    return problems


def _brands(brands: object) -> Iterator[str]:
    if not isinstance(brands, dict) or set(brands) != {brand.value for brand in Brand}:
        yield "brands: must hold exactly " + ", ".join(Brand)
        return
    for code, facts in brands.items():
        if not isinstance(facts, dict) or set(facts) != _BRAND_FIELDS:
            yield f"{code}: must hold exactly " + ", ".join(sorted(_BRAND_FIELDS))
            continue
        if not _is_text(facts["name"]):
            yield f"{code}: the name is missing"
        if not (_is_text(facts["sign_in"]) and facts["sign_in"].startswith("https://")):
            yield f"{code}: the sign-in address must be an https URL (M17)"
        issuers = facts["caa_issuers"]
        if not (isinstance(issuers, list) and issuers and all(_matches(_ISSUER, each) for each in issuers)):
            yield f"{code}: caa_issuers must be at least one issuer domain name in lower case (RFC 8659, 4.2)"


def _product(where: str, block: object) -> Iterator[str]:
    if not isinstance(block, dict):
        yield f"{where}: must be an object"
        return
    where = block["code"] if _is_text(block.get("code")) else where
    if missing := _PRODUCT_FIELDS - set(block):
        yield f"{where}: misses " + ", ".join(sorted(missing))
        return
    if unknown := set(block) - _PRODUCT_FIELDS - {_ON_SALE}:
        yield f"{where}: has unknown fields " + ", ".join(sorted(unknown))
    for check in (_identity, _names, _wildcard, _terms, _on_sale, _methods, _currency, _agreement):
        for problem in check(block):
            yield f"{where}: {problem}"


def _identity(block: Mapping[str, Any]) -> Iterator[str]:
    if not _is_one_of(block["brand"], Brand):
        yield "unknown brand"
    elif not _matches(_CODE, block["code"]) or not block["code"].startswith(block["brand"] + "_"):
        yield "the code must be snake_case and begin with the brand"
    if not _is_one_of(block["level"], Level):
        yield "the level must be DV, OV or EV"
    if not _is_text(block["name"]):
        yield "the name is missing"


def _names(block: Mapping[str, Any]) -> Iterator[str]:
    most, included = block["max_names"], block["included_names"]
    if not _is_count(most) or most > MAX_NAMES:
        yield f"max_names must be 1 to {MAX_NAMES} (M75)"
    elif not _is_count(included) or included > most:
        yield "included_names must be 1 to max_names"


def _wildcard(block: Mapping[str, Any]) -> Iterator[str]:
    if not _is_one_of(block["wildcard"], WildcardRule):
        yield "unknown wildcard rule"
    elif _is_one_of(block["level"], Level) and block["wildcard"] not in _WILDCARDS_OF_LEVEL[block["level"]]:
        yield f"the wildcard rule {block['wildcard']} is not for {block['level']}"


def _methods(block: Mapping[str, Any]) -> Iterator[str]:
    methods = block["validation_methods"]
    if not isinstance(methods, list) or not all(_is_one_of(each, KNOWN_METHODS) for each in methods):
        yield "validation_methods must be a list out of " + ", ".join(KNOWN_METHODS)
        return
    if len(set(methods)) != len(methods):
        yield "a validation method is listed twice"
    if "dns_txt" not in methods:
        yield "dns_txt must be offered: it holds when an order names no method, and it proves wildcards"
    if block["level"] == Level.DV and "email" not in methods:
        yield "a DV product must offer email (M11)"
    if "email" in methods[:-1]:
        yield "email must be offered last: it ends on 2028-03-15"


def _currency(block: Mapping[str, Any]) -> Iterator[str]:
    if not _is_one_of(block["currency"], CURRENCIES):
        yield "the currency must be one of " + ", ".join(CURRENCIES)


def _agreement(block: Mapping[str, Any]) -> Iterator[str]:
    version = block["agreement"]
    try:
        written = isinstance(version, str) and date.fromisoformat(version).isoformat() == version
    except ValueError:
        written = False
    if not written:
        yield "the agreement's version must be a date, as in 2026-11-01"


def _terms(block: Mapping[str, Any]) -> Iterator[str]:
    terms = block["terms"]
    if not isinstance(terms, list) or not terms or not all(isinstance(term, dict) for term in terms):
        yield "terms must be a list of at least one object"
        return
    days = [term.get("days") for term in terms]
    if not all(_is_count(each) and each % 365 == 0 and each <= LONGEST_TERM_DAYS for each in days):
        yield f"days of a term must be a multiple of 365, at most {LONGEST_TERM_DAYS}"
        return
    if days != sorted(set(days)):
        yield "terms must be listed shortest first, each once"
    faults = [f"{term['days']} days: {problem}" for term in terms for problem in _rates(term, block)]
    yield from faults
    if not faults:
        yield from _dearer_when_longer([term for term in terms if term.get(_ON_SALE, True)])


def _on_sale(block: Mapping[str, Any]) -> Iterator[str]:
    terms = block["terms"]
    if not isinstance(terms, list) or not all(isinstance(term, dict) for term in terms):
        return  # told of the terms
    if not all(isinstance(each.get(_ON_SALE, True), bool) for each in (block, *terms)):
        yield "on_sale must be true or false"
    elif block.get(_ON_SALE, True) and not any(term.get(_ON_SALE, True) for term in terms):
        yield "a product on sale must have a term on sale"


def _rates(term: Mapping[str, Any], block: Mapping[str, Any]) -> Iterator[str]:
    wanted = {LineKind.BASE.value}
    if block["max_names"] != block["included_names"]:
        wanted.add(LineKind.NAME.value)
    if block["wildcard"] in (WildcardRule.SAN, WildcardRule.BASE_AND_SAN):
        wanted.add(LineKind.WILDCARD_NAME.value)
    if set(term) - {_ON_SALE} != wanted | {"days"}:
        yield "must have rates for exactly " + ", ".join(sorted(wanted))
        return
    for kind in sorted(wanted):
        rate = term[kind]
        if not isinstance(rate, dict) or set(rate) != {"price", "units"}:
            yield f"{kind} must have a price and units, nothing else"
            continue
        if not _matches(_PRICE, rate["price"]) or Decimal(rate["price"]) == 0:
            yield f"the price of {kind} must be positive, with two decimals, as in 149.00"
        if not _is_count(rate["units"]):
            yield f"the units of {kind} must be a whole number, at least 1"


def _dearer_when_longer(terms: list[dict[str, Any]]) -> Iterator[str]:
    measures: dict[str, Callable[[dict[str, Any]], Any]] = {
        "price": lambda rate: Decimal(rate["price"]),
        "units": lambda rate: rate["units"],
    }
    for shorter, longer in pairwise(terms):
        for kind in set(shorter) - {"days", _ON_SALE}:
            for what, measure in measures.items():
                if measure(longer[kind]) <= measure(shorter[kind]):
                    yield f"{longer['days']} days: the {what} of {kind} must exceed the shorter term's"


def _repeated(blocks: list[Any], field: str) -> Iterator[str]:
    values = (block.get(field) for block in blocks if isinstance(block, dict))
    for value, count in Counter(value for value in values if _is_text(value)).items():
        if count > 1:
            yield f"{value}: the {field} of {count} products"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_one_of(value: object, known: Any) -> bool:
    return isinstance(value, str) and value in {str(each) for each in known}


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
