"""Who must be reminded on which day: read off the documented table, and not off the code that reminds.

An order's life is a list of certificates; each counts from one moment on and, perhaps, until another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

A_DAY, A_SECOND = timedelta(days=1), timedelta(seconds=1)
HUNDRED_DAYS_FROM = datetime(2027, 3, 15, tzinfo=UTC)
DAYS = (
    (120, (90, 60, 30, 14, 7, 3, 1, 0, -7)),
    (60, (45, 30, 14, 7, 3, 1, 0, -7)),
    (30, (21, 14, 7, 3, 1, 0, -7)),
)
SHORT = (7, 3, 1, 0, -7)
PROOF_DAYS = (14, 3)
REISSUE_OPENS = 30 * A_DAY


@dataclass(frozen=True)
class Expected:
    """One reminder: the order, what ends when, and so many days before."""

    order_id: str
    kind: str
    ends: datetime
    days: int


@dataclass
class Life:
    """One order as the year went: `certificates` are (issued, not before, not after)."""

    order_id: str
    term_to: datetime
    issued_at: datetime
    muted: bool = False
    certificates: list[tuple[datetime, datetime, datetime]] = field(default_factory=list)
    over: datetime | None = None
    """When it was revoked."""


def expected_of(
    life: Life, runs: Sequence[datetime], reached: Mapping[tuple[str, str], Sequence[datetime]]
) -> Iterator[Expected]:
    """What must be sent for the order when the good runs were at these moments.

    `reached`: when runs that died had come as far as this order and kind.
    """
    if life.muted:
        return

    def moments(kind: str) -> Sequence[datetime]:
        return sorted([*runs, *reached.get((life.order_id, kind), ())])

    end_of_all = life.over or datetime.max.replace(tzinfo=UTC)
    yield from _of(
        life.order_id,
        "term_ends",
        life.issued_at,
        life.term_to,
        (life.issued_at, end_of_all),
        moments("term_ends"),
    )
    successors = [issued for issued, _, _ in life.certificates[1:]] + [end_of_all]
    for (issued, begins, ends), replaced in zip(life.certificates, successors, strict=True):
        if ends >= life.term_to.replace(microsecond=0):
            continue
        alive = (issued, min(replaced, end_of_all))
        yield from _of(life.order_id, "certificate_ends", begins, ends, alive, moments("certificate_ends"))
        proven = _proven_until(issued)
        opens = max(ends + A_SECOND - REISSUE_OPENS, begins + (ends + A_SECOND - begins) / 2)
        if proven < opens and proven - begins >= 30 * A_DAY:
            yield from _of(life.order_id, "proofs_end", begins, proven, alive, moments("proofs_end"))


def _of(
    order_id: str,
    kind: str,
    begins: datetime,
    ends: datetime,
    alive: tuple[datetime, datetime],
    runs: Sequence[datetime],
) -> Iterator[Expected]:
    """At each run one reminder if any day of the table has come since the one before."""
    last = ends.replace(hour=0, minute=0, second=0, microsecond=0)
    life = (ends + A_SECOND - begins) // A_DAY
    table = next((days for least, days in DAYS if life >= least), SHORT)
    days = PROOF_DAYS if kind == "proofs_end" else table
    done = begins
    for run in runs:
        if not alive[0] <= run < alive[1]:
            continue
        due = [each for each in days if done < last - each * A_DAY <= run]
        if due:
            yield Expected(order_id, kind, ends, due[-1])
            done = run


def _proven_until(checked_at: datetime) -> datetime:
    """200 days, but no more than 100 from 2027-03-15 on (BR 4.2.1)."""
    if checked_at >= HUNDRED_DAYS_FROM:
        return checked_at + 100 * A_DAY
    return min(checked_at + 200 * A_DAY, max(HUNDRED_DAYS_FROM, checked_at + 100 * A_DAY))
