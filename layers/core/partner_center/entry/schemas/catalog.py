"""Products and agreements, as answered."""

from typing import Literal

from partner_center.catalog.products import Brand, WildcardRule
from partner_center.entry.schemas.shared import Count, Money, Sha256, Shape
from partner_center.kernel.level import Level
from partner_center.orders.content import Method


class Prices(Shape):
    """What the product, each further name and each further wildcard cost for a term."""

    base: Money
    name: Money | None = None
    wildcard_name: Money | None = None


class Units(Shape):
    """The same in units of a bulk contract."""

    base: Count
    name: Count | None = None
    wildcard_name: Count | None = None


class Term(Shape):
    """How long an order may run, and its rates."""

    days: Count
    price: Prices
    units: Units


class Product(Shape):
    """A certificate on sale."""

    code: str
    name: str
    brand: Brand
    level: Level
    max_names: Count
    included_names: Count
    """How many names the base price covers."""
    wildcard: WildcardRule
    """Which names may be wildcards: none; base, one of them; san, any beside a plain name; base_and_san, any."""
    default_term_days: Count
    terms: list[Term]
    price: Money
    """Of an order with the default term and no more than the included names."""
    units: Count
    """Likewise."""
    validation_methods: list[Method]
    caa_issuer: str
    """The issuer domain name to put into CAA records (RFC 8659)."""
    caa_issuers: list[str]
    agreement_version: str


class ProductList(Shape):
    """The products; all of them unless a limit is asked for."""

    items: list[Product]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class Agreement(Shape):
    """The subscriber agreement that an applicant accepts."""

    product: str
    version: str
    text: str
    hash: Sha256
    hash_algorithm: Literal["SHA-256"]
    """Over the UTF-8 bytes of the text."""
