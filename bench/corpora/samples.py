"""One text that somebody might send as a CSR, and the forms in which bytes arrive as text."""

import base64
from dataclasses import dataclass

LABEL = "CERTIFICATE REQUEST"


@dataclass(frozen=True, slots=True)
class Sample:
    """A text to try; `acceptable` is known where the maker knows it, else `truth` is asked."""

    source: str
    name: str
    text: str
    acceptable: bool | None = None


def armoured(der: bytes, label: str = LABEL, end: str = "\n") -> str:
    """PEM as most software writes it (RFC 7468)."""
    text = base64.b64encode(der).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return end.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def bare(der: bytes) -> str:
    """Base64 in one line, without armour."""
    return base64.b64encode(der).decode("ascii")
