"""Time and identifiers that a test determines."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from partner_center.kernel.patience import Patience

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass
class FixedClock:
    """`Clock` that stands still until it is moved."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def advance(self, **how_far: float) -> None:
        self.moment += timedelta(**how_far)


HURRIED = Patience(sleep=lambda _: None)
"""As often as the real one, at once."""


@dataclass
class CountingIds:
    """`Ids` that count: unique, in the form of the real ones, and the same in every run."""

    made: int = 0

    def new(self, prefix: str, moment: datetime) -> str:
        self.made += 1
        return f"{prefix}_{self.made:026d}"

    def secret(self, bits: int) -> str:
        self.made += 1
        return urlsafe_b64encode(self.made.to_bytes(ceil(bits / 8))).decode().rstrip("=")
