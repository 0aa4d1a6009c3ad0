"""What examining an order starts from, and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from partner_center.billing.contracts import Contract
from partner_center.catalog.pricing import Quote
from partner_center.catalog.products import Catalog, Product
from partner_center.kernel.errors import Problem
from partner_center.kernel.level import Level
from partner_center.orders.content import (
    Method,
    OrderContent,
    PricePart,
)
from partner_center.orders.key_gate import BlockedKeys
from partner_center.orders.names_gate import NamesReading
from partner_center.orders.order import Order
from partner_center.orders.requests import OrderRequest
from partner_center.orders.succession import Succession
from partner_center.validation.contacts import Approver

# Methods and levels whose checks exist. An order that could only wait for ever is refused instead.
METHODS_CHECKED = frozenset(Method)
LEVELS_VALIDATED = frozenset({Level.DV})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the gate needs to know beside the body; `contracts` are those of the reseller's that may be meant."""

    key_id: str
    moment: datetime
    catalog: Catalog
    contracts: Sequence[Contract]
    blocked: BlockedKeys
    amended: Order | None = None
    """The order whose content is replaced: product, term, contract and acceptance are then its own."""
    placed: Sequence[PricePart] = ()
    """The price of the order that is amended, as it was when it was placed; a reissue needs none."""
    is_free: bool = False
    """For a reissue nothing is bought, so the contract need not serve any more."""
    restated: Mapping[str, Any] | None = None
    """What the amendment itself says of `domain_control`."""
    succession: Succession | None = None
    """The order that is to be renewed or replaced: its contract pays if it serves, and the price may be nothing."""
    barred: frozenset[str] = frozenset()
    """Addresses of approvers who declined, in lower case: none shall be chosen again."""
    contacts: Mapping[str, Sequence[Approver]] = field(default_factory=dict)
    """By name: who may approve it besides the constructed addresses, as DNS says at this moment."""
    methods: frozenset[Method] = METHODS_CHECKED
    levels: frozenset[Level] = LEVELS_VALIDATED


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that may be placed."""

    request: OrderRequest
    product: Product
    content: OrderContent
    contract: Contract
    quote: Quote
    term_days: int


@dataclass(frozen=True, slots=True)
class Examination:
    """Every problem found, the names as far as they are known, and the order if nothing is wrong.

    `content` is what would be stored if nothing is wrong. `exposed` are the SHA-256 (hex) of the SPKI of private
    keys that stood in the body: to be reported.
    """

    problems: tuple[Problem, ...]
    names: NamesReading
    quote: Quote | None
    accepted: Accepted | None
    exposed: tuple[str, ...] = ()
    content: OrderContent | None = None
