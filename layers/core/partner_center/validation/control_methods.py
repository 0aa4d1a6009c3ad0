"""Control of a domain shown by what its owner publishes: what must stand where, where to look, what a proof covers.

E-mail has its approvers in `contacts`. The verdict on what was seen is given by `record_check` for records and
by `file_check` for the file.
"""

import re
from base64 import b32encode, urlsafe_b64decode
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

from partner_center.kernel.names import MAX_NAME, base_name
from partner_center.orders.content import Method
from partner_center.validation.authorization_domain import authorization_domains
from partner_center.validation.dns import RecordType
from partner_center.validation.looks import FILE_PATH, FileLook, Look, RecordsLook
from partner_center.validation.persistent_record import persistent_text

CONTROL_LABEL = "_partner-center"
"""The underscore label of BR 3.2.2.4.7."""

PERSIST_LABEL = "_validation-persist"
"""Prescribed by BR 3.2.2.4.22."""

_LABELS = {
    Method.DNS_TXT: CONTROL_LABEL,
    Method.DNS_CNAME: CONTROL_LABEL,
    Method.DNS_PERSIST: PERSIST_LABEL,
}

PERSIST_REUSE = timedelta(days=10)
"""How long a validation by persistent record may be reused, if that day's limit is not shorter (BR 3.2.2.4.22)."""

PUBLISHED_SECTIONS: Mapping[Method, str] = {
    Method.DNS_TXT: "3.2.2.4.7",
    Method.DNS_CNAME: "3.2.2.4.7",
    Method.HTTP_FILE: "3.2.2.4.18",
    Method.DNS_PERSIST: "3.2.2.4.22",
}
"""The section of the BR behind each method by publication."""

_TARGET_LABEL = "dcv"
_VALUE = re.compile(r"[a-z0-9]{23,63}")
"""At least 112 bits in base 32 (BR 1.6.1, "Random Value"), and one label of a DNS name, whose case is no matter."""


def control_value(secret: str) -> str:
    """The random value made of a URL-safe secret (`Ids.secret`), in letters and digits that any zone can hold.

    Nothing of the entropy is lost, though DNS names, unlike the secret, do not tell "a" from "A".
    """
    octets = urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    return require_value(b32encode(octets).decode("ascii").rstrip("=").lower())


def require_value(value: str) -> str:
    """The same text. Raises ValueError unless it can be a random value: an empty one would be found anywhere."""
    if not _VALUE.fullmatch(value):
        raise ValueError("a random value is 23 to 63 lower-case letters and digits")
    return value


# ---- what must be published


@dataclass(frozen=True, slots=True)
class PublishRecord:
    """A DNS record to be put into the zone; `value` is the TXT text or the CNAME target, without quotes."""

    type: Literal["TXT", "CNAME"]
    name: str
    value: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PublishFile:
    """A file to be served; `body` is all that it may hold."""

    url: str
    body: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


Publish = PublishRecord | PublishFile


def publish_of(
    method: str,
    authorization_domain: str,
    value: str,
    issuer_domain: str,
    account_uri: str | None = None,
    persist_until: datetime | None = None,
    *,
    below: bool = False,
) -> Publish:
    """What the owner of `authorization_domain` must publish.

    Only the persistent record takes `account_uri` (the subscriber's), `persist_until`, and `below`, whether
    names below the domain are asked for as well; it alone does without `value`. Raises ValueError for e-mail
    and for what does not make a proper record.
    """
    match Method(method):
        case Method.DNS_TXT:
            return PublishRecord("TXT", control_name(authorization_domain), require_value(value))
        case Method.DNS_CNAME:
            return PublishRecord(
                "CNAME", control_name(authorization_domain), control_target(value, issuer_domain)
            )
        case Method.HTTP_FILE:
            return PublishFile(
                f"http://{_require_domain(authorization_domain)}{FILE_PATH}", require_value(value)
            )
        case Method.DNS_PERSIST:
            text = persistent_text(issuer_domain, account_uri, persist_until, below)
            return PublishRecord("TXT", persist_name(authorization_domain), text)
        case Method.EMAIL:
            raise ValueError("nothing is published for e-mail")


def control_name(authorization_domain: str) -> str:
    """Where a TXT or CNAME record shows control.

    Instructions, checks, pages and mails all have it from here: the underscore was once missing on one of
    several order paths (2024). Raises ValueError when the label does not fit before the domain.
    """
    return _below(CONTROL_LABEL, authorization_domain)


def persist_name(authorization_domain: str) -> str:
    """Where the persistent record stands. Raises ValueError as `control_name` does."""
    return _below(PERSIST_LABEL, authorization_domain)


def _below(label: str, authorization_domain: str) -> str:
    name = f"{label}.{_require_domain(authorization_domain)}"
    if len(name) > MAX_NAME:
        raise ValueError(f"{label} does not fit before a name of {len(authorization_domain)} characters")
    return name


def _require_domain(text: str) -> str:
    if text not in authorization_domains(text):
        raise ValueError(f"not an authorization domain name: {text!r}")
    return text


def fits(method: str, authorization_domain: str) -> bool:
    """Whether `method` has room for its label before the domain, within the 253 characters of a name."""
    label = _LABELS.get(Method(method))
    return label is None or len(label) + 1 + len(authorization_domain) <= MAX_NAME


def can_be_shown(method: str, authorization_domain: str) -> bool:
    """Whether control can be shown there by the present public suffix list, which may be newer than the order."""
    return authorization_domain in authorization_domains(authorization_domain) and fits(
        method, authorization_domain
    )


def control_target(value: str, issuer_domain: str) -> str:
    """The target of the CNAME: with the value in it, so that a wildcard CNAME in the zone shows nothing."""
    return f"{require_value(value)}.{_TARGET_LABEL}.{issuer_domain}"


# ---- where to look


def looks_for(method: str, authorization_domain: str) -> tuple[Look, ...]:
    """What every perspective is asked, in the order in which the sightings are judged. Raises as `publish_of`."""
    match Method(method):
        case Method.DNS_TXT:
            return (
                RecordsLook(control_name(authorization_domain), RecordType.TXT),
                RecordsLook(authorization_domain, RecordType.TXT),
            )
        case Method.DNS_CNAME:
            return (RecordsLook(control_name(authorization_domain), RecordType.CNAME),)
        case Method.HTTP_FILE:
            return (FileLook(_require_domain(authorization_domain)),)
        case Method.DNS_PERSIST:
            return (RecordsLook(persist_name(authorization_domain), RecordType.TXT),)
        case Method.EMAIL:
            raise ValueError("there is nothing to look at for e-mail")


# ---- what a proof covers


def covers(method: str, authorization_domain: str, name: str, *, persist_below: bool = False) -> bool:
    """Whether a proof by `method` for `authorization_domain` serves `name`; never a name above (incident of 2015).

    A file serves exactly its name (BR 3.2.2.4.18). E-mail and DNS serve the names below too, wildcards
    included. A persistent record does so only if it said `policy=wildcard`, which is `persist_below`: BR
    3.2.2.4.22 permits more, the owner did not (draft-ietf-acme-dns-persist, "Scope of policy=wildcard").
    """
    exactly = {Method.HTTP_FILE: True, Method.DNS_PERSIST: not persist_below}.get(Method(method), False)
    base = name if exactly else base_name(name)
    return base == authorization_domain or (not exactly and base.endswith("." + authorization_domain))


def domains_over(name: str) -> tuple[str, ...]:
    """Every authorization domain name whose proof could cover `name` (`covers`): it, its base, and the parents."""
    labels = base_name(name).split(".")
    return tuple(dict.fromkeys([name, *(".".join(labels[first:]) for first in range(len(labels)))]))


def reaches_below(authorization_domain: str, names: Collection[str]) -> bool:
    """Whether one of `names` needs more than a proof for exactly `authorization_domain`."""
    return any(name != authorization_domain for name in names)


def authorization_domain_for(name: str, names: Collection[str], method: str) -> str:
    """Where control is to be shown for `name`, so that one proof serves as many of `names` as it can.

    `names` are those of the order that use this `method`: example.com, www.example.com and *.example.com meet
    at example.com. Nothing is asked above what the order asks for, nor above the registrable domain. A file
    is looked for at the very name. Raises ValueError for a name that cannot be shown so.
    """
    if method == Method.HTTP_FILE:
        return _require_domain(name)
    asked = {base_name(each) for each in (*names, name)}
    shared = [domain for domain in authorization_domains(name) if domain in asked]
    if not shared:
        raise ValueError(f"{name!r} has no authorization domain name")
    return shared[-1]
