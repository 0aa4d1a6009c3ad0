"""What is asked of an order that is there: another content, a successor, its end."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from partner_center.entry.schemas.shared import (
    Shape,
)
from partner_center.orders.requests import (
    Acceptance,
    Contacts,
    DomainControl,
    Lifecycle,
    Organization,
)


class AmendRequest(BaseModel):
    """A JSON Merge Patch of an order; what is left out stays, null removes what may be absent."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    csr: str | None = None
    """A new CSR; it replaces the key and its names."""
    common_name: str | None = None
    additional_domains: list[str] | None = None
    contacts: dict[str, Any] | None = None
    """Merged member by member: {"technical": {"email": "..."}} changes the address alone."""
    organization: dict[str, Any] | None = None
    domain_control: dict[str, Any] | None = None
    lifecycle: dict[str, Any] | None = None
    note: str | None = None


class RenewalRequest(BaseModel):
    """The applicant's acceptance, and what shall be different; each other field is that of the order before."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    agreement: Acceptance
    """The applicant's own acceptance, anew."""
    product: str | None = None
    csr: str | None = None
    """Absent: the same key once more."""
    common_name: str | None = None
    additional_domains: list[str] | None = None
    term_days: int | None = None
    contract_id: str | None = None
    """Absent: the contract of the order before if it still serves, else as for any order."""
    partner_order_id: str | None = None
    """Your own number; unique, so it is not copied."""
    customer_id: str | None = None
    """Another customer than before proves its names anew."""
    contacts: Contacts | None = None
    organization: Organization | None = None
    domain_control: DomainControl | None = None
    """Absent: as before, as far as the names are the same."""
    lifecycle: Lifecycle | None = None
    note: str | None = None


class ReplacementRequest(RenewalRequest):
    """The applicant's acceptance, and what is new; each other field is that of the original."""

    revoke_original_after_hours: Annotated[int, Field(ge=0, le=120)] = 0
    """How long after the issue of the replacement the original stays valid."""


class CancelRequest(Shape):
    """The reseller's own words; kept in the audit record and not shown to anybody."""

    reason: Annotated[str, StringConstraints(max_length=500)] | None = None
