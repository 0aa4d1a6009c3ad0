"""Serials that were recorded and came to nothing: perhaps signed by a run that died, so nobody may lose sight of it.

The run's own retry takes them up or closes them, and so does the execution that takes the order over. What is left a
person closes; a closed serial is never issued under, stays known for ever, and can be revoked, in case it was signed
(BR 4.9.1.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from partner_center.issuance.ports import CertificateStore, SerialLists
from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import NotFound, PartnerCenterError

A_RUNS_TIME = timedelta(minutes=30)
"""How long a run and its retries may take; a younger serial is likely to be at work."""


class NotUnfinished(PartnerCenterError):
    """The serial has a certificate, was closed already, or is so young that a run may be at work with it."""

    code = "not_unfinished"


@dataclass(frozen=True, slots=True)
class UnfinishedSerials:
    """The operator's use cases: which serials are left over, and giving one up."""

    lists: SerialLists
    store: CertificateStore
    clock: Clock

    def left_over(self, older_than: timedelta = A_RUNS_TIME) -> Sequence[CertificateRecord]:
        """Recorded at least so long ago and neither stored nor closed, oldest first."""
        found = self.lists.unfinished(self.clock.now() - older_than)
        return sorted(found, key=lambda record: (record.recorded_at, record.serial_hex))

    def close(self, serial_hex: str, why: str) -> CertificateRecord:
        """Raises NotFound, NotUnfinished, and SlotTaken when a run was faster."""
        record = self.lists.by_serial(serial_hex.lower())
        if record is None:
            raise NotFound(f"No serial {serial_hex} was ever recorded here.")
        if not _waits(record):
            raise NotUnfinished(f"The serial is {record.status}.")
        if self.clock.now() - record.recorded_at < A_RUNS_TIME:
            raise NotUnfinished("The serial is so young that a run may be at work with it.")
        self.store.close(record, self.clock.now(), why)
        return record


def _waits(record: CertificateRecord) -> bool:
    """Whether its generation may wait for it: also one that was revoked while an authority may have made its
    certificate, which only a person can tell (docs/adr/0013).
    """
    is_revoked_unissued = record.status is CertificateStatus.REVOKED and record.certificate_der is None
    return record.status is CertificateStatus.RECORDED or is_revoked_unissued
