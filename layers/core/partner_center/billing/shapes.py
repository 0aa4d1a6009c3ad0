"""What is posted about contracts (docs/openapi.json): shapes and sizes, nothing of meaning."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from partner_center.catalog.products import Brand, LineKind
from partner_center.kernel.clock import parse_rfc3339
from partner_center.orders.requests import Line, Reference, plain_text

MOST_UNITS = 1_000_000
LONGEST_NOTICE_DAYS = 365
AMOUNT_PATTERN = r"^[0-9]{1,7}\.[0-9]{2}$"


def _an_amount(text: str) -> str:
    if not re.fullmatch(AMOUNT_PATTERN, text) or not Decimal(text):
        raise ValueError("this must be an amount above nothing with two decimals, such as 149.00")
    return text


def _a_moment(text: str) -> str:
    try:
        parse_rfc3339(text)
    except ValueError as error:
        raise ValueError("this must be a time in UTC, such as 2026-11-23T00:00:00Z") from error
    return text


Units = Annotated[StrictInt, Field(ge=1, le=MOST_UNITS)]
Days = Annotated[StrictInt, Field(ge=1, le=LONGEST_NOTICE_DAYS)]
Products = Annotated[list[Line], Field(min_length=1, max_length=100)]
Note = Annotated[str, StringConstraints(max_length=2000), AfterValidator(plain_text)]
Moment = Annotated[str, StringConstraints(max_length=40), AfterValidator(_a_moment)]
Amount = Annotated[str, AfterValidator(_an_amount), Field(json_schema_extra={"pattern": AMOUNT_PATTERN})]


class Shape(BaseModel):
    """Unknown fields are refused: a misspelt one that is silently ignored costs money later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ContractRequest(Shape):
    """The body of POST /v1/contracts."""

    units: Units
    brand: Brand | None = None
    products: Products | None = None
    note: Note | None = None


class AgreedAmount(Shape):
    """An amount without tax."""

    amount: Amount
    currency: Literal["USD", "EUR", "GBP"]


class AgreedPrice(Shape):
    """What one of something costs on the contract."""

    product: Line
    term_days: Annotated[StrictInt, Field(ge=1, le=3660)]
    kind: LineKind
    price: AgreedAmount


class AgreedNotices(Shape):
    """When the holder of the contract is told that it runs out."""

    units_low: Annotated[StrictInt, Field(ge=0, le=MOST_UNITS)] | None = None
    ends_in_days: Annotated[list[Days], Field(max_length=10)] | None = None


class ContractActivation(Shape):
    """The body of POST /v1/staff/contracts/{contract_id}/activate. What is left out is as it was asked for."""

    invoice_reference: Reference
    reseller_id: Reference | None = None
    units: Units | None = None
    brand: Brand | None = None
    products: Products | None = None
    prices: Annotated[list[AgreedPrice], Field(max_length=1000)] | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    sales_representative: Line | None = None
    notices: AgreedNotices | None = None


def moment_of(text: str | None) -> datetime | None:
    """The moment that a `Moment` names."""
    return parse_rfc3339(text) if text is not None else None
