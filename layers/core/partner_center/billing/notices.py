"""When the holder of a contract is told that it runs out: of units, or of time.

Decided from what the contract says and what was told, so a run that was missed loses nothing: what was due then is
due now. Of several days that passed meanwhile one mail tells, with the days that are really left.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from partner_center.billing.contracts import Contract, ContractKind, ContractStatus

NOTICE_SHARDS = 8
_LOW_SHARE = 10


class NoticeKind(StrEnum):
    """What is running out."""

    UNITS_LOW = "units_low"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. `covers` are the notices that need not be told any more once this one was."""

    kind: NoticeKind
    notice_id: str
    covers: frozenset[str]


def low_threshold(contract: Contract) -> int:
    """The number of units left from which on the holder is told: as agreed, else a tenth of the grant, rounded up."""
    if contract.units_low is not None:
        return contract.units_low
    return -(-contract.units_granted // _LOW_SHARE)


def due_notices(contract: Contract, moment: datetime) -> tuple[Notice, ...]:
    """What is to be told now and was not told yet."""
    if contract.status is ContractStatus.REQUESTED or moment < contract.valid_from:
        return ()
    found = []
    low = contract.units_left <= low_threshold(contract)
    if _watches_units(contract) and moment < contract.valid_to and low:
        name = NoticeKind.UNITS_LOW.value
        found.append(Notice(NoticeKind.UNITS_LOW, name, frozenset({name})))
    passed = [days for at, days in _ends(contract) if at <= moment]
    untold = [days for days in passed if _end_id(contract, days) not in contract.noticed]
    if untold and min(passed) in untold:
        names = frozenset(_end_id(contract, days) for days in passed)
        found.append(Notice(NoticeKind.ENDS, _end_id(contract, min(passed)), names))
    return tuple(found)


def next_look(contract: Contract, moment: datetime) -> datetime | None:
    """From when on the contract is to be looked at, as seen now; None when nothing will have to be told.

    One whose units are watched is due until it ends: orders take units without a word to anybody.
    """
    if contract.status is ContractStatus.REQUESTED:
        return None
    if _watches_units(contract) and moment < contract.valid_to:
        return contract.valid_from
    ahead = [at for at, days in _ends(contract) if _end_id(contract, days) not in contract.noticed]
    return min(ahead, default=None)


def _watches_units(contract: Contract) -> bool:
    told = NoticeKind.UNITS_LOW.value in contract.noticed
    return contract.kind is ContractKind.BULK and not told


def _ends(contract: Contract) -> list[tuple[datetime, int]]:
    """When to tell of the end, and how many days before it; not before the contract began."""
    found = [(contract.valid_to - timedelta(days=days), days) for days in contract.ends_in_days]
    return [(at, days) for at, days in found if at > contract.valid_from]


def _end_id(contract: Contract, days: int) -> str:
    """The end is part of it: a contract that another card prolongs is told of again."""
    return f"ends-{days}-{contract.valid_to:%Y%m%d}"
