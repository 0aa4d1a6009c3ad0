"""What is kept of a CAA check, so that the verdict can be reached again from it (BR 5.4.1)."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from partner_center.kernel.clock import rfc3339
from partner_center.validation.caa import CaaStep
from partner_center.validation.caa_everywhere import CaaResult
from partner_center.validation.dns import CaaRecord
from partner_center.validation.issue_value import parse_issue_value

_LONGEST_RECORD = 500
_ROOM_OF_ALL = 40_000
_ROOM_AT_MOST = 2000
_FAILURE_LENGTH = 80
"""Of what is said of a failed look-up, beside its name."""

T = TypeVar("T")

_TO_ESCAPE = re.compile(r'[^\x20-\x7e]|["\\]')


def caa_evidence(result: CaaResult, names: int = 1) -> dict[str, Any]:
    """One name's check in plain values, out of those of so many `names`: together they fit into an item of 400 KB.

    `records` are the relevant set in the form of zone files (RFC 1035, section 5.1), the weightiest first.
    """
    verdict, corroboration = result.verdict, result.corroboration
    room = min(_ROOM_AT_MOST, _ROOM_OF_ALL // names)
    found = _by_weight(verdict.relied_on, result.issuer_domains) if verdict else []
    records = _within(room, found, len)
    unanswered = verdict.failed if verdict else ()
    failed = _within(room, unanswered, lambda step: len(step.name) + _FAILURE_LENGTH)
    unseen = "caa_too_large" if result.is_too_large else "caa_not_seen"
    return {
        "name": result.name,
        "allowed": result.allowed,
        "reason": verdict.reason.value if verdict else unseen,
        "found_at": verdict.found_at if verdict else None,
        "dnssec": verdict.dnssec.value if verdict else None,
        "quorum": corroboration.quorum if corroboration else None,
        "votes": {site.id: vote.value for site, vote in corroboration.votes} if corroboration else {},
        "agreement": corroboration.reason.value if corroboration else "no_perspective",
        "br_section": result.section,
        "judged": list(result.request.proven),
        "permitted": list(result.permitted),
        "account_uri": result.request.account_uri,
        "issuer_domains": list(result.issuer_domains),
        "records": records,
        "records_left_out": len(found) - len(records),
        "failed": [_failed(step) for step in failed],
        "failed_left_out": len(unanswered) - len(failed),
        "iodef": _within(room, verdict.iodef, len) if verdict else [],
        "checked_at": rfc3339(result.checked_at),
        "valid_until": rfc3339(result.valid_until) if result.valid_until else None,
    }


def in_zone_form(record: CaaRecord) -> str:
    """`0 issue "ca.example"`, printable and without loss; of a very long one its beginning and its digest."""
    value = _TO_ESCAPE.sub(_escaped, record.value.decode("latin-1"))
    text = f'{record.flags} {record.tag} "{value}"'
    if len(text) <= _LONGEST_RECORD:
        return text
    return f"{text[:_LONGEST_RECORD]}... sha256:{sha256(record.value).hexdigest()}"


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\{character}" if character in '"\\' else f"\\{ord(character):03d}"


def _within(room: int, entries: Iterable[T], length: Callable[[T], int]) -> list[T]:
    """The first of them that fit together; one at least."""
    kept: list[T] = []
    for entry in entries:
        room -= length(entry)
        if room < 0 and kept:
            break
        kept.append(entry)
    return kept


def _by_weight(records: Iterable[CaaRecord], issuer_domains: Collection[str]) -> list[str]:
    """In the form of zone files, and always in the same order: name servers turn theirs with every answer."""
    return [
        text for _, text in sorted((_weight(each, issuer_domains), in_zone_form(each)) for each in records)
    ]


def _weight(record: CaaRecord, issuer_domains: Collection[str]) -> int:
    """First what names us, then what is critical, then what names others: a crowd of records hides none."""
    tag = record.tag.lower()
    value = parse_issue_value(record.value) if tag in {"issue", "issuewild"} else None
    if value is not None and value.domain in {each.lower() for each in issuer_domains}:
        return 0
    if record.flags:
        return 1
    return 2 if tag in {"issue", "issuewild"} else 3


def _failed(step: CaaStep) -> Mapping[str, Any]:
    failure = step.failure
    if failure is None:
        raise ValueError(f"the look-up for {step.name} did not fail")
    return {
        "name": step.name,
        "failure": failure.kind.value,
        "attempts": failure.attempts,
        "zone_unsigned": failure.zone_unsigned,
        "pardoned": step.pardoned,
    }
