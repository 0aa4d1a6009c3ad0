"""What is expected of the records that show control of a domain, and the verdict on them, as plain values."""

from dataclasses import dataclass
from enum import StrEnum

from partner_center.validation.dns import Dnssec


class ControlReason(StrEnum):
    """Why a verdict is what it is: control shown, then the world's refusals, then what is no answer."""

    SHOWN = "control_shown"
    NOTHING_PUBLISHED = "nothing_published"
    OTHER_VALUE = "other_value"
    ONLY_THROUGH_ALIAS = "only_through_alias"
    """The value stands behind a CNAME at the bare name, which may belong to somebody else."""
    RECORD_MALFORMED = "record_malformed"
    OTHER_ISSUER = "other_issuer"
    PARAMETER_REPEATED = "parameter_repeated"
    ACCOUNT_MISSING = "account_missing"
    OTHER_ACCOUNT = "other_account"
    RECORD_ENDED = "record_ended"
    POLICY_TOO_NARROW = "policy_too_narrow"
    BOGUS = "dnssec_bogus"
    LOOKUP_FAILED = "lookup_failed"

    @property
    def completed(self) -> bool:
        """False when nothing was learnt: a failed look-up, or an answer that DNSSEC exposes."""
        return self not in {ControlReason.BOGUS, ControlReason.LOOKUP_FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must be found for `authorization_domain`.

    `issuer_domains` are all that we answer to, the one named in the instructions first. `value` is needed by
    TXT and CNAME; `account_uri` (the subscriber's, never the reseller's) and `below` (whether names below the
    domain are asked for) by the persistent record.
    """

    authorization_domain: str
    issuer_domains: tuple[str, ...]
    value: str = ""
    account_uri: str | None = None
    below: bool = False

    def __post_init__(self) -> None:
        if not self.issuer_domains:
            raise ValueError("a CA answers to one issuer domain at least")


@dataclass(frozen=True, slots=True)
class ControlVerdict:
    """What one perspective's look says about control.

    `dnssec` is that of the answer relied on, or of all answers together; None if there was none. `seen` are a
    few printable texts for the record of the attempt. Of a verdict that passed, `found_at` is the name at
    which control was shown, and `below` whether that serves names below the domain as well.
    """

    reason: ControlReason
    detail: str
    dnssec: Dnssec | None
    seen: tuple[str, ...]
    found_at: str | None = None
    below: bool = False

    @property
    def passed(self) -> bool:
        return self.reason is ControlReason.SHOWN

    @property
    def completed(self) -> bool:
        return self.reason.completed
