"""The verdict on the DNS records that should show control of a domain (BR 3.2.2.4.7, 3.2.2.4.22)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from partner_center.kernel.names import shown
from partner_center.orders.content import Method
from partner_center.validation.control_methods import control_target, looks_for, require_value
from partner_center.validation.control_verdict import ControlReason, ControlVerdict, Expected
from partner_center.validation.dns import Answer, CaaRecord, Dnssec, Failure, FailureKind, Rcode, Record
from partner_center.validation.looks import RecordsLook, RecordsSeen, Sighting
from partner_center.validation.persistent_record import permits_below, persistent_reason

_RECORDS_SEEN_AT_MOST = 5
_TEXTS_TOLD_AT_MOST = 3
_OCTETS_SHOWN_AT_MOST = 64

_NEAREST_TO_SHOWN = (
    ControlReason.POLICY_TOO_NARROW,
    ControlReason.RECORD_ENDED,
    ControlReason.OTHER_ACCOUNT,
    ControlReason.ACCOUNT_MISSING,
    ControlReason.PARAMETER_REPEATED,
    ControlReason.ONLY_THROUGH_ALIAS,
    ControlReason.OTHER_VALUE,
    ControlReason.RECORD_MALFORMED,
    ControlReason.OTHER_ISSUER,
    ControlReason.NOTHING_PUBLISHED,
)
"""Of several objections the one that takes least to mend is told."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What an answer says, or one `record` of it."""

    reason: ControlReason
    answer: Answer
    record: Record | None = None
    below: bool = True


def judge_records(
    method: str, sightings: Sequence[Sighting], expected: Expected, moment: datetime
) -> ControlVerdict:
    """Whether what one perspective saw shows control; `sightings` answer `looks_for`, in its order.

    Any bogus answer refuses, whatever else was found. Raises ValueError for sightings of anything else, and
    for a method that is not by records.
    """
    looks, seen = _paired(method, sightings, expected)
    answers = [each.answer for each in seen if each.answer]
    failures = [each.failure for each in seen if each.failure]
    judge = _judges(expected, moment)[Method(method)]
    findings = [finding for answer in answers for finding in judge(answer)]
    relied_on = [finding for finding in findings if finding.reason is ControlReason.SHOWN]
    reason = _reason(findings, answers, failures)
    if reason is not ControlReason.SHOWN:
        texts = tuple(text for each in seen for text in texts_of(each))
        detail = _sentence(reason, looks[0], expected, failures, texts)
        return ControlVerdict(reason, detail, _dnssec(reason, answers), texts)
    found_at = relied_on[0].answer
    return ControlVerdict(
        reason=reason,
        detail=f"Control of {expected.authorization_domain} is shown at {found_at.name}.",
        dnssec=found_at.dnssec,
        seen=tuple(_text(each.answer, each.record) for each in relied_on[:_RECORDS_SEEN_AT_MOST]),
        found_at=found_at.name,
        below=any(finding.below for finding in relied_on if finding.answer is found_at),
    )


def _paired(
    method: str, sightings: Sequence[Sighting], expected: Expected
) -> tuple[list[RecordsLook], list[RecordsSeen]]:
    looks = [
        each for each in looks_for(method, expected.authorization_domain) if isinstance(each, RecordsLook)
    ]
    seen = [each for each in sightings if isinstance(each, RecordsSeen)]
    met = [each.answer or each.failure for each in seen]
    asked = [(look.name, look.type) for look in looks]
    if not looks or len(seen) != len(sightings) or [(each.name, each.type) for each in met if each] != asked:
        raise ValueError(f"these are not the sightings for {method} at {expected.authorization_domain}")
    return looks, seen


def _reason(
    findings: Iterable[_Finding], answers: Iterable[Answer], failures: Sequence[Failure]
) -> ControlReason:
    reasons = {finding.reason for finding in findings}
    if any(answer.dnssec is Dnssec.BOGUS for answer in answers):
        return ControlReason.BOGUS
    if any(failure.kind is FailureKind.BOGUS for failure in failures):
        return ControlReason.BOGUS
    if ControlReason.SHOWN in reasons:
        return ControlReason.SHOWN
    if failures:
        return ControlReason.LOOKUP_FAILED  # what failed may have held what was looked for
    return next(reason for reason in _NEAREST_TO_SHOWN if reason in reasons)


def _dnssec(reason: ControlReason, answers: Sequence[Answer]) -> Dnssec | None:
    if reason is ControlReason.BOGUS:
        return Dnssec.BOGUS
    if not answers:
        return None
    secure = all(answer.dnssec is Dnssec.SECURE for answer in answers)
    return Dnssec.SECURE if secure else Dnssec.INSECURE


# ---- by method


def _judges(expected: Expected, moment: datetime) -> Mapping[Method, Callable[[Answer], Iterable[_Finding]]]:
    return {
        Method.DNS_TXT: lambda answer: [_text_finding(answer, expected)],
        Method.DNS_CNAME: lambda answer: [_alias_finding(answer, expected)],
        Method.DNS_PERSIST: lambda answer: _persistent_findings(answer, expected, moment),
    }


def _text_finding(answer: Answer, expected: Expected) -> _Finding:
    """One whole record must be the value. Other records at the bare name are nothing unusual."""
    value = require_value(expected.value).encode()
    found = sum(compare_digest(record, value) for record in answer.octets)
    bare = answer.name == expected.authorization_domain
    if found and bare and answer.aliases:
        return _Finding(ControlReason.ONLY_THROUGH_ALIAS, answer)
    if found:
        return _Finding(ControlReason.SHOWN, answer, value)
    unexpected = answer.octets and not bare
    return _Finding(ControlReason.OTHER_VALUE if unexpected else ControlReason.NOTHING_PUBLISHED, answer)


def _alias_finding(answer: Answer, expected: Expected) -> _Finding:
    """The CNAME itself must have the target; where that leads is no matter, nor is a CNAME further on."""
    target = control_target(expected.value, expected.issuer_domains[0]).lower().encode()
    if not answer.texts:
        return _Finding(ControlReason.NOTHING_PUBLISHED, answer)
    found = [compare_digest(text.encode().lower(), target) for text in answer.texts]
    if found == [True] and not answer.aliases:
        return _Finding(ControlReason.SHOWN, answer, answer.texts[0])
    return _Finding(ControlReason.OTHER_VALUE, answer)


def _persistent_findings(answer: Answer, expected: Expected, moment: datetime) -> list[_Finding]:
    """Each record speaks for itself: several CAs and accounts may be authorized side by side."""
    return [
        _Finding(persistent_reason(record, expected, moment), answer, record, permits_below(record))
        for record in answer.octets
    ] or [_Finding(ControlReason.NOTHING_PUBLISHED, answer)]


# ---- telling it


def texts_of(seen: RecordsSeen) -> list[str]:
    """What was met, for the record: few texts, short ones, and nothing in them that is not printable ASCII."""
    answer, failure = seen.answer, seen.failure
    if answer is None:
        return [f"{failure.type} {failure.name}: {failure.kind}"] if failure else []
    if not answer.records:
        return [f"{_where(answer)}: {'no such name' if answer.rcode is Rcode.NXDOMAIN else 'no such record'}"]
    told = answer.records[:_RECORDS_SEEN_AT_MOST]
    more = len(answer.records) - len(told)
    return [_text(answer, record) for record in told] + ([f"{_where(answer)}: {more} more"] if more else [])


def _text(answer: Answer, record: Record | None) -> str:
    return f"{_where(answer)}: {_quoted(record)}"


def _where(answer: Answer) -> str:
    where = f"{answer.type} {answer.name}"
    return f"{where} (a CNAME to {_quoted(answer.aliases[-1])})" if answer.aliases else where


def _quoted(record: Record | None) -> str:
    octets = _octets(record)
    text = octets[: _OCTETS_SHOWN_AT_MOST + 1].decode("ascii", "backslashreplace")
    return '"' + shown(text, _OCTETS_SHOWN_AT_MOST).replace('"', "'") + '"'


def _octets(record: Record | None) -> bytes:
    match record:
        case bytes():
            return record
        case CaaRecord():
            return f"{record.flags} {record.tag} ".encode("ascii", "backslashreplace") + record.value
    return str(record).encode("ascii", "backslashreplace")


def _sentence(
    reason: ControlReason,
    look: RecordsLook,
    expected: Expected,
    failures: Sequence[Failure],
    texts: Sequence[str],
) -> str:
    domain = expected.authorization_domain
    place = f"{look.type} {look.name}"
    of_ours = any(not failure.kind.outside for failure in failures)
    sentences = {
        ControlReason.NOTHING_PUBLISHED: (
            f"There is nothing at {place} yet. Publish what the instructions for {domain} say."
        ),
        ControlReason.OTHER_VALUE: (
            f"{place} holds something else. Publish exactly what the instructions for {domain} say, as a record "
            "of its own, without quotes, blanks or further text."
        ),
        ControlReason.ONLY_THROUGH_ALIAS: (
            f"{domain} is a CNAME, and what stands behind it does not count. Publish the value at {place}."
        ),
        ControlReason.RECORD_MALFORMED: (
            f"{place} holds a text that cannot be read (RFC 8659, section 4.2; persistUntil in Unix seconds). "
            f"Publish the text of the instructions for {domain}."
        ),
        ControlReason.OTHER_ISSUER: (
            f"{place} names other CAs only. Add a record that begins with {expected.issuer_domains[0]}."
        ),
        ControlReason.PARAMETER_REPEATED: (
            f"{place} gives accounturi, persistUntil or policy more than once. Leave each of them once."
        ),
        ControlReason.ACCOUNT_MISSING: (
            f"{place} names no account. Add the accounturi of the instructions for {domain}."
        ),
        ControlReason.OTHER_ACCOUNT: (
            f"{place} names another account. Set accounturi to that of the instructions for {domain}, letter by "
            "letter."
        ),
        ControlReason.RECORD_ENDED: f"{place} has ended. Set a later persistUntil or leave it out.",
        ControlReason.POLICY_TOO_NARROW: (
            f"{place} serves {domain} alone, and names below it are asked for. Add policy=wildcard."
        ),
        ControlReason.BOGUS: (
            f"DNSSEC shows an answer for {domain} to be false. Correct the signatures of the zone or the DS "
            "record above it."
        ),
        ControlReason.LOOKUP_FAILED: (
            "We could not look this up; the check is made again."
            if of_ours
            else f"The look-up for {domain} failed. Make its name servers answer."
        ),
    }
    more = " and more" if len(texts) > _TEXTS_TOLD_AT_MOST else ""
    return f"{sentences[reason]} Seen: {'; '.join(texts[:_TEXTS_TOLD_AT_MOST])}{more}."
