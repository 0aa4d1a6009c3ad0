"""CAA: may we issue for this name? (RFC 8659, RFC 8657, BR 3.2.2.8)

Looking up (`relevant_caa_set`) is apart from deciding (`caa_verdict`); `caa_everywhere` joins the two for every
name of a certificate. All of it is due at every signing, for proofs that are reused as well.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from partner_center.validation.dns import (
    Answer,
    CaaRecord,
    Dnssec,
    Failure,
    FailureKind,
    LookupFailed,
    RecordType,
    Resolver,
)
from partner_center.validation.iodef import iodef_targets
from partner_center.validation.issue_value import IssueValue, method_labels, parse_issue_value

_CRITICAL = 128 | 1
"""Bit 0 of RFC 8659 is the 128; many zones set the 1 and mean the same, and taking it so only refuses more."""

_KNOWN_TAGS = frozenset(
    {"issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"}
)
"""The last two restrict other kinds of certificate (RFC 9495 and VMC), so they ask nothing of us."""

_METHOD_LIST = re.compile(r"[A-Za-z0-9-]+(?:,[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class CaaRules:
    """The numbers of BR 3.2.2.8, and our bound on patience.

    A check serves for `fresh_for`, or for the TTL if that is longer. A failed look-up may be pardoned after
    `attempts` queries; after `pardons` of them in one climb the next one refuses, so that a deep name in a
    dead zone cannot hold a worker.
    """

    fresh_for: timedelta = timedelta(hours=8)
    attempts: int = 2
    pardons: int = 5


STANDING_RULES = CaaRules()


@dataclass(frozen=True, slots=True)
class CaaStep:
    """One look-up of the climb: an answer, or a failure that was pardoned or ended the climb."""

    name: str
    answer: Answer | None = None
    failure: Failure | None = None
    pardoned: bool = False

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.failure is None):
            raise ValueError(f"the look-up for {self.name} either answered or failed")

    @property
    def records(self) -> tuple[CaaRecord, ...]:
        return self.answer.caa if self.answer else ()


@dataclass(frozen=True, slots=True)
class CaaSet:
    """Every look-up made for `name` (without "*."), nearest first; the last one decided."""

    name: str
    steps: tuple[CaaStep, ...]

    @property
    def found_at(self) -> str | None:
        """The name whose look-up brought the relevant set, directly or through an alias."""
        return next((step.name for step in self.steps if step.records), None)

    @property
    def records(self) -> tuple[CaaRecord, ...]:
        """The relevant set (RFC 8659, section 3); empty if there is none."""
        return next((step.records for step in self.steps if step.records), ())

    @property
    def failure(self) -> Failure | None:
        """The failure that ended the climb, if one did."""
        return next((step.failure for step in self.steps if step.failure and not step.pardoned), None)

    @property
    def pardoned(self) -> Failure | None:
        """The first failure that was passed over."""
        return next((step.failure for step in self.steps if step.pardoned), None)

    @property
    def dnssec(self) -> Dnssec:
        """Secure only if every look-up was."""
        secure = all(step.answer and step.answer.dnssec is Dnssec.SECURE for step in self.steps)
        return Dnssec.SECURE if self.steps and secure else Dnssec.INSECURE

    @property
    def ttl(self) -> int:
        """The least TTL of the answers, in seconds: what they say together holds no longer."""
        return min((step.answer.ttl for step in self.steps if step.answer), default=0)


def relevant_caa_set(name: str, resolver: Resolver, rules: CaaRules = STANDING_RULES) -> CaaSet:
    """Climbs from `name` towards the top-level domain until a CAA set is found (RFC 8659, section 3).

    A failure ends the climb, because it may hide a set. One that BR 3.2.2.8 lets pass for permission does
    not: the climb goes on, so that a parent's prohibition still counts.
    """
    base = name.removeprefix("*.")
    steps: list[CaaStep] = []
    for domain in upwards(base):
        pardons_used = sum(step.pardoned for step in steps)
        step = _look_up(domain, resolver, rules, may_pardon=pardons_used < rules.pardons)
        steps.append(step)
        if step.records or (step.failure and not step.pardoned):
            break
    return CaaSet(base, tuple(steps))


def upwards(name: str) -> Iterator[str]:
    """`name` and its parents, the top-level domain last."""
    while name:
        yield name
        name = name.partition(".")[2]


def _look_up(name: str, resolver: Resolver, rules: CaaRules, may_pardon: bool) -> CaaStep:
    try:
        answer = resolver.lookup(name, RecordType.CAA)
    except LookupFailed as failed:
        return CaaStep(
            name, failure=failed.failure, pardoned=may_pardon and pardonable(failed.failure, rules)
        )
    if answer.dnssec is Dnssec.BOGUS:
        return CaaStep(name, failure=Failure(name, RecordType.CAA, FailureKind.BOGUS))
    return CaaStep(name, answer)


def pardonable(failure: Failure, rules: CaaRules = STANDING_RULES) -> bool:
    """Whether BR 3.2.2.8 lets this failure pass for "no records".

    It must lie outside our infrastructure, have been retried, and concern a zone proven unsigned: an attacker
    who can drop packets may not thereby remove a signed zone's CAA.
    """
    return failure.kind.outside and failure.attempts >= rules.attempts and failure.zone_unsigned


class CaaReason(StrEnum):
    """Why a verdict is what it is: four permissions, then the refusals."""

    NO_RECORDS = "caa_no_records"
    FAILURE_PARDONED = "caa_failure_pardoned"
    """Nothing was found, and not every look-up was answered."""
    NOT_RESTRICTED = "caa_not_restricted"
    AUTHORIZED = "caa_authorized"
    LOOKUP_FAILED = "caa_lookup_failed"
    UNKNOWN_CRITICAL = "caa_unknown_critical"
    FORBIDDEN = "caa_forbidden"
    ISSUER_NOT_LISTED = "caa_issuer_not_listed"
    MALFORMED = "caa_malformed"
    ACCOUNT_NOT_LISTED = "caa_account_not_listed"
    METHOD_NOT_LISTED = "caa_method_not_listed"

    @property
    def permits(self) -> bool:
        return self in _PERMISSIONS


_PERMISSIONS = frozenset(
    {CaaReason.NO_RECORDS, CaaReason.FAILURE_PARDONED, CaaReason.NOT_RESTRICTED, CaaReason.AUTHORIZED}
)


_NEAREST_TO_PERMISSION = (
    CaaReason.METHOD_NOT_LISTED,
    CaaReason.ACCOUNT_NOT_LISTED,
    CaaReason.MALFORMED,
    CaaReason.ISSUER_NOT_LISTED,
    CaaReason.FORBIDDEN,
)
"""Of several objections the one that takes least to mend is told."""


class Freshness(StrEnum):
    """What a verdict's age is measured by (BR 3.2.2.8)."""

    EIGHT_HOURS = "eight_hours"
    TTL = "ttl"


@dataclass(frozen=True, slots=True)
class CaaVerdict:
    """The answer for one name. `relied_on` is the relevant set, found by looking up `found_at`.

    The certificate must be signed within `fresh_for` of the beginning of the look-ups. `failed` are the look-ups
    of the climb that brought no answer, `iodef` the targets that the set wants refusals reported to.
    """

    name: str
    reason: CaaReason
    detail: str
    found_at: str | None
    relied_on: tuple[CaaRecord, ...]
    dnssec: Dnssec
    fresh_for: timedelta
    freshness: Freshness
    iodef: tuple[str, ...] = ()
    failed: tuple[CaaStep, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.reason.permits


def caa_verdict(
    caa_set: CaaSet,
    name: str,
    issuer_domains: Collection[str],
    method: str,
    account_uri: str | None = None,
    rules: CaaRules = STANDING_RULES,
) -> CaaVerdict:
    """Whether `caa_set` lets us issue for `name` on a proof by `method`, a section "3.2.2.4.<n>" of the BR.

    `issuer_domains` are the names we answer to in `issue` values; `account_uri` is that of the subscriber to
    whom the proof belongs, compared letter by letter (RFC 8657, section 3). Both RFC 8657 parameters bind us
    already, though they become mandatory only on 2027-03-15. Raises ValueError when the set was looked up for
    another name.
    """
    base = name.removeprefix("*.")
    if caa_set.name != base or not caa_set.steps:
        raise ValueError(f"CAA was looked up for {caa_set.name!r}, not for {base!r}")
    wildcard = name != base
    applicant = _Applicant(frozenset(map(str.lower, issuer_domains)), method_labels(method), account_uri)
    reason = _reason(caa_set, wildcard, applicant)
    ttl = timedelta(seconds=caa_set.ttl) if caa_set.records else timedelta()
    return CaaVerdict(
        name=name,
        reason=reason,
        detail=_sentence(reason, caa_set, applicant, wildcard),
        found_at=caa_set.found_at,
        relied_on=caa_set.records,
        dnssec=caa_set.dnssec,
        fresh_for=max(rules.fresh_for, ttl),
        freshness=Freshness.TTL if ttl > rules.fresh_for else Freshness.EIGHT_HOURS,
        iodef=iodef_targets(caa_set.records),
        failed=tuple(step for step in caa_set.steps if step.failure),
    )


@dataclass(frozen=True, slots=True)
class _Applicant:
    issuer_domains: frozenset[str]
    methods: frozenset[str]
    account_uri: str | None


def _reason(caa_set: CaaSet, wildcard: bool, applicant: _Applicant) -> CaaReason:
    if caa_set.failure:
        return CaaReason.LOOKUP_FAILED
    if caa_set.records:
        return _judge(caa_set.records, wildcard, applicant)
    return CaaReason.FAILURE_PARDONED if caa_set.pardoned else CaaReason.NO_RECORDS


def _judge(records: Collection[CaaRecord], wildcard: bool, applicant: _Applicant) -> CaaReason:
    if any(record.flags & _CRITICAL and record.tag.lower() not in _KNOWN_TAGS for record in records):
        return CaaReason.UNKNOWN_CRITICAL
    values = _restricting_values(records, wildcard)
    if not values:
        return CaaReason.NOT_RESTRICTED
    objections = [_objection(parse_issue_value(value), applicant) for value in values]
    if None in objections:
        return CaaReason.AUTHORIZED
    return next(reason for reason in _NEAREST_TO_PERMISSION if reason in objections)


def _restricting_values(records: Collection[CaaRecord], wildcard: bool) -> list[bytes]:
    """`issuewild` replaces `issue` for a wildcard name, and counts for no other (RFC 8659, section 4.3)."""
    tag = _deciding_tag(records, wildcard)
    return [record.value for record in records if record.tag.lower() == tag]


def _deciding_tag(records: Collection[CaaRecord], wildcard: bool) -> str:
    return "issuewild" if wildcard and any(each.tag.lower() == "issuewild" for each in records) else "issue"


def _objection(value: IssueValue | None, applicant: _Applicant) -> CaaReason | None:
    if value is None:
        return CaaReason.MALFORMED  # counts as an empty issuer, not as absent (RFC 8659, section 4.2)
    if not value.domain:
        return CaaReason.FORBIDDEN
    if value.domain not in applicant.issuer_domains:
        return CaaReason.ISSUER_NOT_LISTED
    # A parameter given twice cannot be satisfied (RFC 8657, section 3; for methods by analogy).
    accounts = value.values_of("accounturi")
    if accounts and (not applicant.account_uri or accounts != (applicant.account_uri,)):
        return CaaReason.ACCOUNT_NOT_LISTED
    lists = value.values_of("validationmethods")
    if lists and (len(lists) > 1 or not _lists_one_of(applicant.methods, lists[0])):
        return CaaReason.METHOD_NOT_LISTED
    return None


def _lists_one_of(labels: frozenset[str], listed: str) -> bool:
    return _METHOD_LIST.fullmatch(listed) is not None and not labels.isdisjoint(listed.split(","))


def _sentence(reason: CaaReason, caa_set: CaaSet, applicant: _Applicant, wildcard: bool) -> str:
    tag = _deciding_tag(caa_set.records, wildcard)
    where = f"The CAA records found for {caa_set.name} (at {caa_set.found_at})"
    ours = sorted(applicant.issuer_domains)[0] if applicant.issuer_domains else "the CA"
    labels = " or ".join(sorted(applicant.methods))
    failure, pardoned = caa_set.failure, caa_set.pardoned
    sentences = {
        CaaReason.NO_RECORDS: f"There are no CAA records for {caa_set.name}; any CA may issue.",
        CaaReason.FAILURE_PARDONED: (
            f"The CAA look-up for {pardoned.name} failed ({pardoned.kind}) at its own name servers, was retried, and "
            f"its zone is proven unsigned; no records were found for {caa_set.name} elsewhere, so any CA may issue."
            if pardoned
            else ""
        ),
        CaaReason.NOT_RESTRICTED: f"{where} do not restrict who may issue.",
        CaaReason.AUTHORIZED: f"{where} permit {ours} to issue.",
        CaaReason.LOOKUP_FAILED: _failure_sentence(failure) if failure else "",
        CaaReason.UNKNOWN_CRITICAL: (
            f"{where} hold a critical property that we do not know. Remove it or clear its critical flag."
        ),
        CaaReason.FORBIDDEN: f"{where} let no CA issue. Add an {tag} record that names {ours}.",
        CaaReason.ISSUER_NOT_LISTED: f"{where} name other CAs only. Add an {tag} record that names {ours}.",
        CaaReason.MALFORMED: f"{where} cannot be read (RFC 8659, section 4.2). Correct the one for {ours}.",
        CaaReason.ACCOUNT_NOT_LISTED: (
            f"{where} bind {ours} to another account. Set accounturi to "
            f"{applicant.account_uri or 'an account that is known here'}, or leave it out."
        ),
        CaaReason.METHOD_NOT_LISTED: (
            f"{where} bind {ours} to other validation methods. Add {labels} to validationmethods, or choose "
            "a method that is listed."
        ),
    }
    return sentences[reason]


def _failure_sentence(failure: Failure) -> str:
    what = f"The CAA look-up for {failure.name} failed ({failure.kind})"
    if failure.kind.is_ours:
        return f"{what} for no fault of yours; ask for another check later."
    return (
        f"{what}. Make its name servers answer CAA queries with valid signatures, then ask for another check."
    )
