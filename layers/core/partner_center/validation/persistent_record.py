"""The persistent TXT record: which CA may issue, to which account, until when (BR 3.2.2.4.22).

`policy` is unknown to the BR, which let a proof serve all names below. The draft that the method comes from
limits it to the very name unless the owner wrote `policy=wildcard` (draft-ietf-acme-dns-persist, sections 4 and
5). Honouring that only refuses more, and what an owner withheld is not taken.
"""

import re
from datetime import datetime

from partner_center.validation.control_verdict import ControlReason, Expected
from partner_center.validation.issue_value import IssueValue, parse_issue_value

_ACCOUNT, _UNTIL, _POLICY = "accounturi", "persistuntil", "policy"
_WILDCARD = "wildcard"
_UNIX_TIME = re.compile(r"[0-9]{1,20}")


def persistent_text(
    issuer_domain: str, account_uri: str | None, persist_until: datetime | None, below: bool
) -> str:
    """The record to publish. Raises ValueError when the parts do not make one that is read back the same."""
    parameters = [("accounturi", account_uri or "")]
    if below:
        parameters.append(("policy", _WILDCARD))
    if persist_until is not None:
        parameters.append(("persistUntil", str(int(_unix_time(persist_until)))))
    text = "; ".join([issuer_domain, *(f"{tag}={value}" for tag, value in parameters)])
    meant = IssueValue(issuer_domain, tuple((tag.lower(), value) for tag, value in parameters))
    if not (issuer_domain and account_uri) or parse_issue_value(text.encode()) != meant:
        raise ValueError(f"no record names {issuer_domain!r} and {account_uri!r}")
    return text


def persistent_reason(record: bytes, expected: Expected, moment: datetime) -> ControlReason:
    """What one record says. Unknown parameters are ignored, and so is how often they stand there."""
    value = parse_issue_value(record)
    if value is None:
        return ControlReason.RECORD_MALFORMED
    return (
        _issuer_objection(value, expected)
        or _account_objection(value, expected)
        or _time_objection(value, moment)
        or _scope_objection(value, expected)
        or ControlReason.SHOWN
    )


def permits_below(record: bytes) -> bool:
    """Whether the owner extends the record to names below; the value has no case (section 4 of the draft)."""
    value = parse_issue_value(record)
    return value is not None and [each.lower() for each in value.values_of(_POLICY)] == [_WILDCARD]


def _issuer_objection(value: IssueValue, expected: Expected) -> ControlReason | None:
    if value.domain not in {domain.lower() for domain in expected.issuer_domains}:
        return ControlReason.OTHER_ISSUER
    if any(len(value.values_of(tag)) > 1 for tag in (_ACCOUNT, _UNTIL, _POLICY)):
        return ControlReason.PARAMETER_REPEATED
    return None


def _account_objection(value: IssueValue, expected: Expected) -> ControlReason | None:
    accounts = value.values_of(_ACCOUNT)
    if not accounts or not accounts[0]:
        return ControlReason.ACCOUNT_MISSING
    return None if accounts == (expected.account_uri,) else ControlReason.OTHER_ACCOUNT


def _time_objection(value: IssueValue, moment: datetime) -> ControlReason | None:
    """The second named is the last one in which the record serves."""
    ends = value.values_of(_UNTIL)
    if ends and not _UNIX_TIME.fullmatch(ends[0]):
        return ControlReason.RECORD_MALFORMED
    return ControlReason.RECORD_ENDED if ends and _unix_time(moment) > int(ends[0]) else None


def _scope_objection(value: IssueValue, expected: Expected) -> ControlReason | None:
    policies = [each.lower() for each in value.values_of(_POLICY)]
    return ControlReason.POLICY_TOO_NARROW if expected.below and policies != [_WILDCARD] else None


def _unix_time(moment: datetime) -> float:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone names no second")
    return moment.timestamp()
