"""How a route is described: who may call it, what it takes, what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from partner_center.accounts.api_keys import Role
from partner_center.accounts.staff import StaffRole

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
HTML = "text/html"
FORM = "application/x-www-form-urlencoded"
FILES = (
    "application/pem-certificate-chain",
    "application/x-pkcs7-certificates",
    "application/pkix-cert",
    "application/zip",
)

READERS = (Role.ORDERS, Role.READ)
WRITERS = (Role.ORDERS,)
EVERYONE = tuple(Role)
PAYERS = (Role.BILLING,)
REVIEWERS = (StaffRole.REVIEW,)
VALIDATORS = (StaffRole.VALIDATION,)
BOOKKEEPERS = (Role.BILLING, Role.READ)
FINANCE = (StaffRole.FINANCE,)


@dataclass(frozen=True, slots=True)
class Body:
    """A request body: the component that describes it, and examples by name."""

    shape: str
    description: str
    required: bool = True
    media_type: str = JSON
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no problem document: JSON of a `shape`, or text or a file of one of `media_types`."""

    description: str
    shape: str | None = None
    examples: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """`roles` that may call it (admin always may); none for a public page. `refusals` name shared responses."""

    id: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, Answer]
    refusals: tuple[str, ...]
    roles: tuple[Role, ...] | tuple[StaffRole, ...] = ()
    parameters: tuple[str, ...] = ()
    body: Body | None = None


KEYED = ("Malformed", "Unauthenticated", "TooSoon", "InternalError", "TryAgain")
RESTRICTED = (*KEYED, "Forbidden")
PUBLIC = ("Malformed", "TooSoon", "InternalError", "TryAgain")
WITH_BODY = ("BodyTooLarge", "UnsupportedMediaType", "Refused")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `schema` as JSON Schema."""

    name: str
    where: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    example: str | None = None
