"""The products, as data (`products.json`) and as values: those on sale, and those that orders were placed for before.

What was ever sold stays in the data, since orders name it for years; `on_sale` says whether it may be bought.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from partner_center.kernel.level import Level
from partner_center.kernel.money import Money

MAX_NAMES = 100
"""The most names one certificate of any product holds (M75)."""


class Brand(StrEnum):
    """The three brands of the Partner Center."""

    SYMANTEC = "symantec"
    THAWTE = "thawte"
    GEOTRUST = "geotrust"


class WildcardRule(StrEnum):
    """Which names of an order may be wildcards.

    `base`: one of them. `san`: any, beside at least one plain name. `base_and_san`: any.
    """

    NONE = "none"
    BASE = "base"
    SAN = "san"
    BASE_AND_SAN = "base_and_san"

    @property
    def base_may_be_wildcard(self) -> bool:
        return self in {WildcardRule.BASE, WildcardRule.BASE_AND_SAN}

    @property
    def additional_may_be_wildcards(self) -> bool:
        return self in {WildcardRule.SAN, WildcardRule.BASE_AND_SAN}


class LineKind(StrEnum):
    """What is paid for: the names that come with the product, each further name, each wildcard of these."""

    BASE = "base"
    NAME = "name"
    WILDCARD_NAME = "wildcard_name"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one of something costs: money on a pay-as-you-go contract, units on a bulk contract."""

    price: Money
    units: int


@dataclass(frozen=True, slots=True)
class Term:
    """How long an order runs, and its rates for that time.

    Not the life of a certificate: a chain of certificates covers the term (BR 6.3.2).
    """

    days: int
    rates: Mapping[LineKind, Rate]
    on_sale: bool = True

    @property
    def base(self) -> Rate:
        return self.rates[LineKind.BASE]


@dataclass(frozen=True, slots=True)
class BrandFacts:
    """How a brand presents itself; `caa_issuers` are the issuer domains it answers to in CAA (RFC 8659)."""

    brand: Brand
    name: str
    sign_in: str
    caa_issuers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A certificate that is sold, or was. The first of the terms on sale holds when an order names none."""

    code: str
    name: str
    brand: Brand
    level: Level
    max_names: int
    included_names: int
    wildcard: WildcardRule
    terms: tuple[Term, ...]
    validation_methods: tuple[str, ...]
    caa_issuers: tuple[str, ...]
    currency: str
    agreement: str
    on_sale: bool = True

    @property
    def terms_on_sale(self) -> tuple[Term, ...]:
        """None of a product that is withdrawn."""
        return tuple(term for term in self.terms if term.on_sale and self.on_sale)

    @property
    def terms_days(self) -> tuple[int, ...]:
        """The terms that may be bought."""
        return tuple(term.days for term in self.terms_on_sale)

    def term(self, days: int) -> Term | None:
        """The term, on sale or not."""
        return next((term for term in self.terms if term.days == days), None)

    def refused_wildcards(self, names: Iterable[str]) -> tuple[str, ...]:
        """The wildcard names among `names` that this product cannot hold, in their order; none: all is well.

        Which name is the common name makes no difference.
        """
        distinct = tuple(dict.fromkeys(names))
        wildcards = tuple(name for name in distinct if is_wildcard(name))
        allowed = {
            WildcardRule.NONE: 0,
            WildcardRule.BASE: 1,
            WildcardRule.SAN: len(wildcards) if len(wildcards) < len(distinct) else 0,
            WildcardRule.BASE_AND_SAN: len(wildcards),
        }[self.wildcard]
        return wildcards[allowed:]


class Catalog:
    """All products that are or were sold, in the order of the data file."""

    def __init__(self, products: Iterable[Product], brands: Iterable[BrandFacts]) -> None:
        self._products: Mapping[str, Product] = MappingProxyType({each.code: each for each in products})
        self._brands: Mapping[Brand, BrandFacts] = MappingProxyType({each.brand: each for each in brands})

    def product(self, code: str) -> Product | None:
        """The product, on sale or not: an order keeps its product when that is withdrawn."""
        return self._products.get(code)

    def products(self) -> tuple[Product, ...]:
        return tuple(self._products.values())

    def on_sale(self) -> tuple[Product, ...]:
        return tuple(each for each in self.products() if each.on_sale)

    def brand(self, brand: Brand) -> BrandFacts:
        return self._brands[brand]


def is_wildcard(name: str) -> bool:
    return name.startswith("*.")


@cache
def load_catalog() -> Catalog:
    """The catalog that ships with the code; `checks.catalog_problems` has judged its data at build time."""
    return catalog_from(catalog_data())


def catalog_data() -> Any:
    """The content of `products.json`, unchecked."""
    return json.loads(Path(__file__).with_name("products.json").read_text("utf-8"))


def catalog_from(data: Mapping[str, Any]) -> Catalog:
    """The catalog that `data` describes. Expects data in which `checks.catalog_problems` found nothing."""
    brands = {
        Brand(code): BrandFacts(Brand(code), facts["name"], facts["sign_in"], tuple(facts["caa_issuers"]))
        for code, facts in data["brands"].items()
    }
    return Catalog((_product(block, brands) for block in data["products"]), brands.values())


def _product(block: Mapping[str, Any], brands: Mapping[Brand, BrandFacts]) -> Product:
    brand = brands[Brand(block["brand"])]
    return Product(
        code=block["code"],
        name=block["name"],
        brand=brand.brand,
        level=Level(block["level"]),
        max_names=block["max_names"],
        included_names=block["included_names"],
        wildcard=WildcardRule(block["wildcard"]),
        terms=tuple(_term(term, block["currency"]) for term in block["terms"]),
        validation_methods=tuple(block["validation_methods"]),
        caa_issuers=brand.caa_issuers,
        currency=block["currency"],
        agreement=block["agreement"],
        on_sale=block.get("on_sale", True),
    )


def _term(term: Mapping[str, Any], currency: str) -> Term:
    rates = {kind: _rate(term[kind.value], currency) for kind in LineKind if kind.value in term}
    return Term(term["days"], MappingProxyType(rates), term.get("on_sale", True))


def _rate(rate: Mapping[str, Any], currency: str) -> Rate:
    return Rate(Money.of(rate["price"], currency), rate["units"])


def product_as_json(product: Product) -> dict[str, object]:
    """A product on sale as GET /v1/products shows it.

    `price` and `units` are those of an order with the first term and no more than the included names.
    """
    terms = product.terms_on_sale
    return {
        "code": product.code,
        "name": product.name,
        "brand": product.brand.value,
        "level": product.level.value,
        "max_names": product.max_names,
        "included_names": product.included_names,
        "wildcard": product.wildcard.value,
        "default_term_days": terms[0].days,
        "terms": [_term_as_json(term) for term in terms],
        "price": terms[0].base.price.as_json(),
        "units": terms[0].base.units,
        "validation_methods": list(product.validation_methods),
        "caa_issuer": product.caa_issuers[0],
        "caa_issuers": list(product.caa_issuers),
        "agreement_version": product.agreement,
    }


def _term_as_json(term: Term) -> dict[str, object]:
    return {
        "days": term.days,
        "price": {kind.value: rate.price.as_json() for kind, rate in term.rates.items()},
        "units": {kind.value: rate.units for kind, rate in term.rates.items()},
    }
