"""Where a domain wants to hear of refused requests: the targets of `iodef` in its CAA set (RFC 8659, section 4.4)."""

import re
from collections.abc import Iterable

from partner_center.validation.dns import CaaRecord

_TARGET = re.compile(rb"mailto:[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+|https://[\x21\x23-\x3b\x3d\x3f-\x7e]+", re.I)
_LONGEST_TARGET = 255
_TARGETS_AT_MOST = 5

_LOCAL_PART = r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_MAILBOX = re.compile(rf"mailto:({_LOCAL_PART}@(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?)", re.I)
_LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
_LONGEST_LOCAL_PART = 64


def iodef_targets(records: Iterable[CaaRecord]) -> tuple[str, ...]:
    """Where refusals may be reported: mailto: and https: only, the first five of the alphabet.

    A mailto: target is one bare address; header fields in it would let a zone write our mail.
    """
    values = (record.value for record in records if record.tag.lower() == "iodef")
    fit = (
        value.decode("ascii")
        for value in values
        if len(value) <= _LONGEST_TARGET and _TARGET.fullmatch(value)
    )
    return tuple(sorted(set(fit))[:_TARGETS_AT_MOST])


def mailbox_of(target: str, own_domains: Iterable[str]) -> str | None:
    """The address to which a report may be mailed, its domain in lower case; None if the target has none.

    Neither is an address in one of `own_domains` or below: a zone could have us write to ourselves.
    """
    match = _MAILBOX.fullmatch(target)
    if match is None or len(match[1]) > _LONGEST_ADDRESS:
        return None
    local, _, domain = match[1].rpartition("@")
    domain = domain.lower()
    is_ours = any(f".{domain}".endswith(f".{own.lower()}") for own in own_domains)
    return None if is_ours or len(local) > _LONGEST_LOCAL_PART else f"{local}@{domain}"
