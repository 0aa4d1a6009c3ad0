"""Queue: a CRL for each CA that has revoked, or on schedule for every CA. It holds the key's permission."""

from typing import Any

from partner_center.entry.stream import coalescing_handler
from partner_center.entry.wiring.crls import build_crls


def build(messages: list[dict[str, Any]]) -> None:
    if any(message.get("scheduled") for message in messages):
        build_crls().scheduled()
    else:
        build_crls().named(str(message["issuer_id"]) for message in messages)


handler = coalescing_handler(build)
