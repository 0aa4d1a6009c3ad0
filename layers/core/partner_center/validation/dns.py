"""What a DNS look-up answers, and the port behind which it is made.

"There is no such record" is an answer; trouble on the way to one raises `LookupFailed`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from partner_center.kernel.errors import PartnerCenterError


class RecordType(StrEnum):
    """The record types the system asks for or serves."""

    A = "A"
    AAAA = "AAAA"
    CAA = "CAA"
    CNAME = "CNAME"
    MX = "MX"
    NS = "NS"
    SOA = "SOA"
    TXT = "TXT"


class Dnssec(StrEnum):
    """The validating resolver's judgement (RFC 4035, section 4.3)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"


class Rcode(StrEnum):
    """The two response codes that are answers; every other one is trouble."""

    NOERROR = "NOERROR"
    NXDOMAIN = "NXDOMAIN"


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """One CAA record as published (RFC 8659, section 4.1): the tag keeps its case, the value its octets."""

    flags: int
    tag: str
    value: bytes


Record = str | bytes | CaaRecord


@dataclass(frozen=True, slots=True)
class Answer:
    """What the resolver said about `name`.

    `records` hold, for TXT, the octets of each record with its strings joined; for CAA, `CaaRecord`; for
    addresses, aliases and name servers, text without a trailing dot; for MX and SOA, presentation format.
    They may live at the last of `aliases`, the CNAME targets that were followed, in order. `ttl` is in
    seconds, the least along the chain.
    """

    name: str
    type: RecordType
    records: tuple[Record, ...]
    ttl: int
    dnssec: Dnssec
    rcode: Rcode = Rcode.NOERROR
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rcode is Rcode.NXDOMAIN and self.records:
            raise ValueError(f"records at {self.name}, which does not exist")

    @property
    def caa(self) -> tuple[CaaRecord, ...]:
        return tuple(record for record in self.records if isinstance(record, CaaRecord))

    @property
    def octets(self) -> tuple[bytes, ...]:
        """The TXT records."""
        return tuple(record for record in self.records if isinstance(record, bytes))

    @property
    def texts(self) -> tuple[str, ...]:
        """The records that are text: addresses, targets, and so on."""
        return tuple(record for record in self.records if isinstance(record, str))


class FailureKind(StrEnum):
    """How a look-up went wrong."""

    TIMEOUT = "timeout"
    """No answer in time."""
    SERVFAIL = "servfail"
    """The resolver got no usable answer from the name servers of the zone."""
    BOGUS = "bogus"
    """There is an answer, and its signatures do not hold."""
    REFUSED = "refused"
    """Our own resolver will not serve us."""
    UNREACHABLE = "unreachable"
    """Our own resolver cannot be reached."""
    UNUSABLE = "unusable"
    """The response cannot be read or contradicts itself."""

    @property
    def is_ours(self) -> bool:
        """Whether nothing was asked outside, for trouble with our own resolver."""
        return self in {FailureKind.REFUSED, FailureKind.UNREACHABLE}

    @property
    def outside(self) -> bool:
        """Whether the trouble may lie outside our infrastructure (BR 3.2.2.8)."""
        return self in {FailureKind.TIMEOUT, FailureKind.SERVFAIL}


@dataclass(frozen=True, slots=True)
class Failure:
    """A look-up that brought no answer, as it is recorded.

    `attempts` counts the queries for this very question. `zone_unsigned` is true only when the resolver,
    shown to be alive and validating, proved that no chain of trust reaches the zone.
    """

    name: str
    type: RecordType
    kind: FailureKind
    attempts: int = 1
    zone_unsigned: bool = False


class LookupFailed(PartnerCenterError):
    """A look-up brought no answer; `failure` says how. Never permission, never proof of absence."""

    code = "lookup_failed"

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"The {failure.type} look-up for {failure.name} failed: {failure.kind}.")
        self.failure = failure

    @property
    def kind(self) -> FailureKind:
        return self.failure.kind

    @property
    def zone_unsigned(self) -> bool:
        return self.failure.zone_unsigned


class Resolver(Protocol):
    """A DNSSEC-validating resolver, as seen from one network perspective."""

    def lookup(self, name: str, record_type: RecordType) -> Answer:
        """Asks for `name`: A-labels, lower case, no trailing dot. CNAMEs are followed.

        Raises LookupFailed, and ValueError for a text that cannot be a domain name.
        """
        ...
