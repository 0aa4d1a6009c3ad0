"""What all shapes share: the strictness, the forms of texts, money, refusals."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from partner_center.kernel.errors import MOST_PROBLEMS

Moment = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"),
    Field(json_schema_extra={"format": "date-time"}),
]
OrderId = Annotated[str, StringConstraints(pattern=r"^ord_[0-9a-z]{26}$")]
ReissueId = Annotated[str, StringConstraints(pattern=r"^rei_[0-9a-z]{26}$")]
Serial = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,40}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class Shape(BaseModel):
    """Strict for us, so that a view cannot answer more than is written here; readers ignore what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Money(Shape):
    """An amount without tax."""

    amount: Annotated[str, StringConstraints(pattern=r"^\d+\.\d{2}$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Problem(Shape):
    """One thing wrong with a request."""

    code: str
    """Stable; codes are added and never renamed."""
    field: str | None = Field(default=None, json_schema_extra={"format": "json-pointer"})
    """Where in the body, as a JSON Pointer (RFC 6901); absent when it concerns no single field."""
    name: str | None = None
    """The DNS name concerned, if one is."""
    detail: str
    """What to do, in a sentence."""
    order_id: OrderId | None = None
    """The order that stands in the way."""
    reissue_id: ReissueId | None = None


Problems = Annotated[list[Problem], Field(max_length=MOST_PROBLEMS + 1)]


class ProblemDocument(Shape):
    """A refusal (RFC 9457), with every problem found, or the first hundred of them."""

    type: Annotated[str, StringConstraints(pattern=r"^urn:partner-center:problem:[a-z_]+$")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    code: str
    """Stable; what a program decides by."""
    detail: str
    request_id: str
    """Also in the X-Request-Id header; quote it when you ask."""
    problems: Problems
    """Of more than a hundred the first, and as the last one `too_many_problems`."""
    order_id: OrderId | None = None
    """The order concerned; in conflicts with its state."""
    reissue_id: ReissueId | None = None
    """The order's reissue, if it is the one concerned."""
