"""The names of an order and their proofs, as answered, and the approver's form."""

from typing import Literal

from pydantic import BaseModel

from partner_center.entry.schemas.shared import Moment, OrderId, ReissueId, Shape
from partner_center.orders.content import Method
from partner_center.validation.approvers import ApproverSource
from partner_center.validation.challenges import ChallengeStatus, Decision
from partner_center.validation.dns import Dnssec, FailureKind
from partner_center.validation.quorum import Registry, Vote


class PerspectiveVote(Shape):
    """What one network perspective said."""

    id: str
    result: Vote


class PerspectiveEvidence(PerspectiveVote):
    """The same with its place."""

    region: str
    registry: Registry


class FailedLookup(Shape):
    """A CAA look-up without an answer. One that was pardoned counts as no records (BR 3.2.2.8)."""

    name: str
    failure: FailureKind
    attempts: int
    zone_unsigned: bool
    """Whether the zone was proven to be unsigned."""
    pardoned: bool


class CaaEvidence(Shape):
    """What CAA said of the name, at the last look before signing."""

    allowed: bool
    reason: str
    br_section: str | None
    """Section of the proof that was judged: the one relied on, or the preferred one when none is permitted."""
    found_at: str | None
    """The name whose records decided; null without any."""
    records: list[str] | None
    """The records that decided, as in a zone file; of very many the weightiest."""
    failed: list[FailedLookup] | None
    quorum: str | None
    dnssec: Dnssec | None
    checked_at: Moment | None
    valid_until: Moment | None
    """Until when this may support a signature; null for a refusal."""


class Attempt(Shape):
    """One answer or check. failed: not there yet, or something else; pending: nothing was learnt."""

    at: Moment
    result: ChallengeStatus
    detail: str
    perspectives: list[PerspectiveVote]
    """Empty for an answer to a mail, which is given at one place."""


class Evidence(Shape):
    """What the proof rests on."""

    method: Method
    br_section: str
    """Section of the Baseline Requirements."""
    authorization_domain: str
    perspectives: list[PerspectiveEvidence]
    """Empty for an answer to a mail to a constructed address."""
    quorum: str | None
    """How many of how many perspectives agreed, the primary one among them."""
    dnssec: Dnssec | None
    """How the answer relied on was signed, of a file that with the address; null without a DNS record."""
    caa: CaaEvidence | None
    """null before the last look."""
    checked_at: Moment
    """The oldest datum of the check; the age of the proof counts from it."""


class PublishRecord(Shape):
    """A DNS record to be published; `value` without quotes."""

    type: Literal["TXT", "CNAME"]
    name: str
    value: str


class PublishFile(Shape):
    """A file to be served over plain http; it holds `body` and nothing else."""

    url: str
    body: str


class Domain(Shape):
    """One name of the order. Before its challenge is made, only what was chosen is there."""

    name: str
    method: Method
    status: ChallengeStatus
    authorization_domain: str
    reissue_id: ReissueId | None = None
    """The reissue under way whose name it is; absent for the order's own."""
    shared_with: list[str]
    """Names of the order that the same proof serves."""
    approver_email: str | None
    publish: PublishRecord | PublishFile | None = None
    """What must be published, exactly; absent for e-mail and once the name is proven."""
    sent_at: Moment | None = None
    expires_at: Moment | None = None
    """When the approval link or the value ends."""
    attempts: list[Attempt]
    next_action: str | None = None
    """What to do when the name is proven and CAA permits it by another method only."""
    valid_until: Moment | None = None
    """How long the proof may be used, by the dated rules as they are known."""
    evidence: Evidence | None = None


class DomainList(Shape):
    """The names of the order; all of them unless a limit is asked for."""

    items: list[Domain]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class MethodRequest(Shape):
    """How the name is to be proven instead. Another recipient or method makes another value."""

    method: Method
    approver_email: str | None = None
    """For email: one of the addresses that may approve."""


class ApproverChoice(Shape):
    """An address that may approve, and the domain that its approval proves control of."""

    approver_email: str
    source: ApproverSource
    """constructed from the name, or published in its DNS."""
    authorization_domain: str


class ApproverList(Shape):
    """Everybody who may approve the name, the nearest domain first; all of them unless a limit is asked for."""

    items: list[ApproverChoice]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class ProofOnFile(Shape):
    """A proof that orders of the same customer need not repeat."""

    name: str
    """The domain; by DNS and e-mail it serves names below as well, by file itself alone."""
    customer_id: str | None
    """null: it serves the one order and its renewals, reissues and replacements."""
    order_id: OrderId
    method: Method
    br_section: str
    checked_at: Moment
    valid_until: Moment
    """By the dated rules as they are known."""


class ProofList(Shape):
    """A page of proofs, in the order of their domains; what is too old is left out."""

    items: list[ProofOnFile]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class ApprovalForm(BaseModel):
    """The form of the approval page."""

    decision: Decision
