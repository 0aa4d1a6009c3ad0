"""Looks and sightings as JSON, on their way to a network perspective and back.

    {"version": 1, "looks": [{"kind": "caa", "name": "example.com"}, ...]}
    {"version": 1, "perspective": "eu-west-1", "sightings": [{"kind": "caa", ...}, ...]}

Octets are base64. Readers know every kind and value or refuse, and bound every size. Perspectives are deployed
apart from those who ask, so a version is understood for a year after the next one: within a version a field may
be added that readers without it may safely overlook, and nothing else changes.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from partner_center.kernel.errors import Malformed
from partner_center.validation.caa import CaaSet, CaaStep
from partner_center.validation.dns import (
    Answer,
    CaaRecord,
    Dnssec,
    Failure,
    FailureKind,
    Rcode,
    Record,
    RecordType,
)
from partner_center.validation.looks import (
    CaaLook,
    CaaSeen,
    FileLook,
    Hop,
    Look,
    PageSeen,
    PageTrouble,
    RecordsLook,
    RecordsSeen,
    Sighting,
)
from partner_center.validation.perspectives import LOOKS_AT_MOST, Unseen, UnseenReason

VERSION = 1
SIGHTING_AT_MOST = 50_000
"""Characters of JSON; a hundred of them stay below the 6 MB that Lambda lets a function answer."""

_LISTED_AT_MOST = 5000
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_PERSPECTIVE = re.compile(r"[a-z0-9-]{1,63}")
_NUMBER_AT_MOST = 2**31 - 1

Json = Mapping[str, Any]
E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


# ---- messages


def encode_question(looks: Sequence[Look], seconds: float | None = None) -> Json:
    """What a perspective is invoked with; `seconds` are all that it may take, if anybody waits."""
    question = {"version": VERSION, "looks": [encode_look(look) for look in looks]}
    return question if seconds is None else {**question, "milliseconds": int(seconds * 1000)}


def decode_seconds(message: object) -> float | None:
    """How many seconds the looks may take; None where nobody waits. Raises Malformed."""
    fields = _versioned(message)
    if fields.get("milliseconds") is None:
        return None
    return _number(fields, "milliseconds", _NUMBER_AT_MOST) / 1000


def decode_question(message: object) -> tuple[Look | Unseen, ...]:
    """The looks in order; one that cannot be read is marked, for the others can. Raises Malformed."""
    entries = _listed(_versioned(message), "looks", LOOKS_AT_MOST)
    if not entries:
        raise Malformed("looks is empty")
    return tuple(_look_or_unseen(entry) for entry in entries)


def _look_or_unseen(entry: object) -> Look | Unseen:
    try:
        return decode_look(entry)
    except Malformed:
        return Unseen(UnseenReason.MALFORMED)


def encode_answer(perspective_id: str, sightings: Sequence[Sighting | Unseen]) -> Json:
    """What a perspective answers; a sighting that would not fit is left out, and that is told in its place."""
    entries = [_bounded(encode_sighting(seen)) for seen in sightings]
    return {"version": VERSION, "perspective": perspective_id, "sightings": entries}


def _bounded(entry: Json) -> Json:
    fits = len(json.dumps(entry)) <= SIGHTING_AT_MOST
    return entry if fits else encode_sighting(Unseen(UnseenReason.TOO_LARGE))


def decode_answer(message: object) -> tuple[str, tuple[Sighting | Unseen, ...]]:
    """The perspective's id and its sightings in order. Raises Malformed."""
    fields = _versioned(message)
    entries = _listed(fields, "sightings", LOOKS_AT_MOST)
    return _matching(fields, "perspective", _PERSPECTIVE, 63), tuple(map(decode_sighting, entries))


def _versioned(message: object) -> Json:
    fields = _fields(message)
    if _number(fields, "version", _NUMBER_AT_MOST) != VERSION:
        raise Malformed(f"version is not {VERSION}")
    return fields


# ---- looks


def encode_look(look: Look) -> Json:
    match look:
        case RecordsLook():
            return {"kind": "records", "name": look.name, "type": look.type}
        case CaaLook():
            return {"kind": "caa", "name": look.name}
        case FileLook():
            return {"kind": "file", "host": look.host}


def decode_look(value: object) -> Look:
    """Raises Malformed."""
    fields = _fields(value)
    match fields.get("kind"):
        case "records":
            return RecordsLook(_name(fields, "name"), _one_of(fields, "type", RecordType))
        case "caa":
            return CaaLook(_name(fields, "name"))
        case "file":
            return FileLook(_name(fields, "host"))
        case _:
            raise Malformed("kind is not that of a look")


# ---- sightings


def encode_sighting(seen: Sighting | Unseen) -> Json:
    match seen:
        case RecordsSeen():
            return {"kind": "records", **_encode_outcome(seen.answer, seen.failure)}
        case CaaSeen():
            return {
                "kind": "caa",
                "name": seen.caa_set.name,
                "steps": [_encode_step(step) for step in seen.caa_set.steps],
            }
        case PageSeen():
            hops = [_encode_hop(hop) for hop in seen.hops]
            page = {"status": seen.status, "body": _encode_octets(seen.body), "trouble": seen.trouble}
            return {"kind": "page", "hops": hops, **page}
        case Unseen():
            return {"kind": "unseen", "reason": seen.reason}


def decode_sighting(value: object) -> Sighting | Unseen:
    """Raises Malformed."""
    fields = _fields(value)
    try:
        match fields.get("kind"):
            case "records":
                return RecordsSeen(*_decode_outcome(fields))
            case "caa":
                steps = _listed(fields, "steps", LOOKS_AT_MOST)
                return CaaSeen(CaaSet(_name(fields, "name"), tuple(map(_decode_step, steps))))
            case "page":
                return _decode_page(fields)
            case "unseen":
                return Unseen(_one_of(fields, "reason", UnseenReason))
            case _:
                raise Malformed("kind is not that of a sighting")
    except ValueError as error:  # what the values themselves do not allow
        raise Malformed(str(error)) from error


def _encode_outcome(answer: Answer | None, failure: Failure | None) -> Json:
    if answer is not None:
        return {"answer": _encode_answer(answer)}
    return {"failure": _encode_failure(failure)} if failure is not None else {}


def _decode_outcome(fields: Json) -> tuple[Answer | None, Failure | None]:
    return _optional(fields, "answer", _decode_answer), _optional(fields, "failure", _decode_failure)


def _encode_answer(answer: Answer) -> Json:
    return {
        "name": answer.name,
        "type": answer.type,
        "records": [_encode_record(record) for record in answer.records],
        "ttl": answer.ttl,
        "dnssec": answer.dnssec,
        "rcode": answer.rcode,
        "aliases": answer.aliases,
    }


def _decode_answer(value: object) -> Answer:
    fields = _fields(value)
    record_type = _one_of(fields, "type", RecordType)
    return Answer(
        name=_name(fields, "name"),
        type=record_type,
        records=tuple(_decode_record(each, record_type) for each in _listed(fields, "records")),
        ttl=_number(fields, "ttl", _NUMBER_AT_MOST),
        dnssec=_one_of(fields, "dnssec", Dnssec),
        rcode=_one_of(fields, "rcode", Rcode),
        aliases=tuple(_text_itself(each) for each in _listed(fields, "aliases", LOOKS_AT_MOST)),
    )


def _encode_failure(failure: Failure) -> Json:
    return {
        "name": failure.name,
        "type": failure.type,
        "failure": failure.kind,
        "attempts": failure.attempts,
        "zone_unsigned": failure.zone_unsigned,
    }


def _decode_failure(value: object) -> Failure:
    fields = _fields(value)
    return Failure(
        name=_name(fields, "name"),
        type=_one_of(fields, "type", RecordType),
        kind=_one_of(fields, "failure", FailureKind),
        attempts=_number(fields, "attempts", _NUMBER_AT_MOST),
        zone_unsigned=_truth(fields, "zone_unsigned"),
    )


def _encode_record(record: Record) -> str | Json:
    match record:
        case bytes():
            return {"octets": _encode_octets(record)}
        case CaaRecord():
            return {"flags": record.flags, "tag": record.tag, "value": _encode_octets(record.value)}
        case str():
            return record


def _decode_record(value: object, record_type: RecordType) -> Record:
    match record_type:
        case RecordType.TXT:
            return _octets(_fields(value), "octets")
        case RecordType.CAA:
            fields = _fields(value)
            return CaaRecord(_number(fields, "flags", 255), _text(fields, "tag"), _octets(fields, "value"))
        case _:
            return _text_itself(value)


def _encode_step(step: CaaStep) -> Json:
    return {"name": step.name, "pardoned": step.pardoned, **_encode_outcome(step.answer, step.failure)}


def _decode_step(value: object) -> CaaStep:
    fields = _fields(value)
    return CaaStep(_name(fields, "name"), *_decode_outcome(fields), _truth(fields, "pardoned"))


def _encode_hop(hop: Hop) -> Json:
    return {"url": hop.url, "address": hop.address, "status": hop.status, "dnssec": hop.dnssec}


def _decode_page(fields: Json) -> PageSeen:
    return PageSeen(
        hops=tuple(map(_decode_hop, _listed(fields, "hops", LOOKS_AT_MOST))),
        status=_optional(fields, "status", _status),
        body=_octets(fields, "body"),
        trouble=_optional(fields, "trouble", lambda _: _one_of(fields, "trouble", PageTrouble)),
    )


def _decode_hop(value: object) -> Hop:
    fields = _fields(value)
    return Hop(
        _text(fields, "url"),
        _optional(fields, "address", _text_itself),
        _optional(fields, "status", _status),
        _optional(fields, "dnssec", lambda _: _one_of(fields, "dnssec", Dnssec)),
    )


# ---- single values


def _fields(value: object) -> Json:
    if not isinstance(value, dict):
        raise Malformed("not an object")
    return value


def _listed(fields: Json, name: str, at_most: int = _LISTED_AT_MOST) -> Sequence[object]:
    value = fields.get(name)
    if not isinstance(value, list | tuple) or len(value) > at_most:
        raise Malformed(f"{name} is not a list of at most {at_most}")
    return value


def _optional(fields: Json, name: str, read: Callable[[object], T]) -> T | None:
    value = fields.get(name)
    return None if value is None else read(value)


def _text(fields: Json, name: str) -> str:
    return _text_itself(fields.get(name))


def _text_itself(value: object) -> str:
    if not isinstance(value, str) or len(value) > SIGHTING_AT_MOST:
        raise Malformed(f"not a text of at most {SIGHTING_AT_MOST} characters")
    return value


def _matching(fields: Json, name: str, pattern: re.Pattern[str], at_most: int) -> str:
    text = _text(fields, name)
    if len(text) > at_most or not pattern.fullmatch(text):
        raise Malformed(f"{name} is not what it should be: {text[:at_most]!r}")
    return text


def _name(fields: Json, name: str) -> str:
    return _matching(fields, name, _NAME, 253)


def _one_of(fields: Json, name: str, choices: type[E]) -> E:
    try:
        return choices(_text(fields, name))
    except ValueError as error:
        raise Malformed(f"{name} is not one of {', '.join(choices)}") from error


def _number(fields: Json, name: str, at_most: int) -> int:
    return _number_itself(fields.get(name), 0, at_most)


def _number_itself(value: object, at_least: int, at_most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= at_most:
        raise Malformed(f"not a number from {at_least} to {at_most}")
    return value


def _status(value: object) -> int:
    return _number_itself(value, 100, 999)


def _truth(fields: Json, name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise Malformed(f"{name} is neither true nor false")
    return value


def _encode_octets(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _octets(fields: Json, name: str) -> bytes:
    try:
        return base64.b64decode(_text(fields, name), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{name} is not base64") from error
