"""What is answered to a look before ordering."""

from pydantic import BaseModel, ConfigDict

from partner_center.entry.schemas.orders import Price
from partner_center.entry.schemas.shared import Count, Problems, Sha256, Shape


class CsrRequest(Shape):
    """A CSR to be looked at."""

    csr: str
    """One CSR in PEM. Never send a private key."""


class SubjectPart(Shape):
    """One attribute of the CSR's subject; what the certificate does not carry is shown as well."""

    type: str
    """Its short name, or its dotted identifier."""
    value: str


class MappedName(Shape):
    """An internationalized name and the A-labels it became."""

    given: str
    name: str


class CsrKey(Shape):
    """The public key of the CSR."""

    type: str
    bits: Count
    curve: str | None
    spki_sha256: Sha256
    signature_hash: str
    """With which the CSR signs itself."""


class CsrInspection(Shape):
    """What the CSR holds and every problem of it; without a product, so names are judged as widely as any allows."""

    valid: bool
    subject: list[SubjectPart]
    names: list[str]
    mapped: list[MappedName]
    key: CsrKey | None
    """null when the CSR cannot be taken apart."""
    problems: Problems
    """As in a refusal."""


class OrderDraft(BaseModel):
    """An order as it would be posted (OrderRequest), however incomplete or wrong."""

    model_config = ConfigDict(extra="allow")


class OrderExamination(Shape):
    """What placing this order would be answered."""

    valid: bool
    names: list[str]
    """Exactly what the certificate would carry, as far as it is known."""
    mapped: list[MappedName]
    price: Price | None
    """null while product, names or term leave it open."""
    units: Count | None
    problems: Problems
    """As in a refusal."""
