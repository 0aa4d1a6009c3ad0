"""Lists come in pages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and where the next one begins."""

    limit: int
    cursor: str | None
