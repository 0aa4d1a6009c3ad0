"""Queue: a CRL for each CA that has revoked, or on schedule for every CA. It holds the key's permission."""

from typing import Any

from partner_center.entry.coalescing import coalescing_handler
from partner_center.entry.wiring.crls import build_crls

EVERY_CA = "*"


def read(message: dict[str, Any]) -> str:
    return EVERY_CA if message.get("scheduled") else str(message["issuer_id"])


def build(wanted: set[str]) -> None:
    if EVERY_CA in wanted:
        build_crls().scheduled()
    else:
        build_crls().named(wanted)


handler = coalescing_handler(read, build)
