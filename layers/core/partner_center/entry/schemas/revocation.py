"""Revoking, and what anybody may report."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from partner_center.entry.schemas.shared import Moment, Serial, Sha256, Shape
from partner_center.issuance.problem_reports import Finding, ReportStatus

SubscribersReason = Literal[
    "unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation"
]
StaffsReason = Literal[
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
]
Category = Literal[
    "unauthorised_request",
    "key_compromise",
    "weak_key",
    "unreliable_validation",
    "misuse",
    "breach_of_agreement",
    "name_no_longer_held",
    "wrong_data",
    "misissued",
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
ReportId = Annotated[str, StringConstraints(pattern=r"^rep_[0-9a-z]{26}$")]


class Posted(BaseModel):
    """What is posted; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Proof(Posted):
    """That a key is compromised: one of the two."""

    csr: str | None = None
    """Signed with the key; its common name is "Proof of Key Compromise for Partner Center"."""
    private_key: Annotated[str, StringConstraints(max_length=16384)] | None = None
    """The key itself, whole and unencrypted: the only field where one may stand. It is compared in memory and
    forgotten."""


class OrderRevocationRequest(Posted):
    """Why all certificates of an order shall be revoked."""

    reason: SubscribersReason = "unspecified"
    proof: Proof | None = None
    """With keyCompromise only: then the key is blocked for ever, and every other certificate with it is revoked."""


class CertificateRevocationRequest(OrderRevocationRequest):
    """Why a certificate shall be revoked, and whether its order stays open."""

    keep_order: bool | None = None
    """Whether the order stays, to be reissued, though its last live certificate goes; absent: true for keyCompromise
    and superseded, else false."""


class CompromisedKeyRequest(Posted):
    """A proof that a key is compromised."""

    proof: Proof


class CompromisedKeyAnswer(Shape):
    """The proof was accepted. Nothing is said of certificates."""

    spki_sha256: Sha256
    """SHA-256 of the SubjectPublicKeyInfo of the key that was proven, in hexadecimal."""
    revoked_by: Moment
    """Until when whatever certificate has this key is revoked."""


class ProblemReportRequest(Posted):
    """Why a certificate must not go on; serial numbers, names, or both."""

    reporter_email: Annotated[str, StringConstraints(min_length=3, max_length=254)]
    """Who is told what was found."""
    category: Category
    serials: Annotated[list[str], Field(min_length=1, max_length=50)] | None = None
    """In hexadecimal, as tools print them."""
    names: Annotated[list[str], Field(min_length=1, max_length=50)] | None = None
    """DNS names in the certificates."""
    text: Text


class ProblemReportAnswer(Shape):
    """The report was taken."""

    report_id: ReportId
    received_at: Moment
    preliminary_due_at: Moment
    """Until when the reporter is told what was found first."""


class ReportDecision(Shape):
    """What staff found."""

    at: Moment
    by: str
    decision: Finding
    grounds: str
    serials: list[Serial]
    """What was revoked."""
    reason: StaffsReason | None
    """For which reason; null when nothing was."""


class ProblemReport(Shape):
    """A report, as staff read it."""

    report_id: ReportId
    queue: Literal["problem-reports"]
    status: ReportStatus
    received_at: Moment
    preliminary_due_at: Moment
    revocation_due_at: Moment
    """Until when a revocation that is called for stands on a published CRL."""
    reporter_email: str
    category: Category
    serials: list[Serial]
    names: list[str]
    text: str
    decisions: list[ReportDecision]
    revoking: ReportDecision | None
    """A revocation that has begun and may be half done: the same once more ends it, and nothing else does."""


class ProblemReportQueue(Shape):
    """A page of open reports, the most urgent first."""

    items: list[ProblemReport]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class ReportDecisionRequest(Posted):
    """What was found; the grounds are mailed to the reporter."""

    decision: Finding
    grounds: Text
    serials: Annotated[list[str], Field(min_length=1, max_length=50)] | None = None
    """With revoke: what is revoked."""
    reason: StaffsReason | None = None
    """With revoke: required."""
