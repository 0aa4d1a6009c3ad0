"""How many requests a caller may make: counted in windows of fixed length (docs/adr/0009)."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Network, ip_address
from math import ceil, floor
from typing import Protocol
from zlib import crc32

from partner_center.kernel.errors import PartnerCenterError

_HOST_BITS = 64
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `quota` requests of one caller in each window of `seconds`; callers are told its `name`."""

    name: str
    quota: int
    seconds: int = 60

    def __post_init__(self) -> None:
        if self.quota < 1 or self.seconds < 1:
            raise ValueError(f"a quota that nobody can keep: {self.quota} in {self.seconds} s")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a policy once a request was counted as number `used` of its window.

    `resets_in`: whole seconds until the window ends, never less than 1 nor more than the policy's.
    """

    policy: Policy
    used: int
    resets_in: int

    @property
    def left(self) -> int:
        return max(0, self.policy.quota - self.used)

    @property
    def is_over(self) -> bool:
        return self.used > self.policy.quota


class NotCounted(PartnerCenterError):
    """The counter is out; whoever asked goes on without it."""


class QuotaUsedUp(PartnerCenterError):
    """The caller has made as many requests as the policy admits, until the window ends."""

    code = "too_many_requests"

    def __init__(self, allowance: Allowance) -> None:
        policy = allowance.policy
        super().__init__(
            f"The quota of {policy.quota} requests in {policy.seconds} s is used up; "
            f"ask again in {allowance.resets_in} s."
        )
        self.retry_after = allowance.resets_in


class RequestCounts(Protocol):
    """Counts requests, each window by itself."""

    def add(self, policy: str, caller: str, window_end: int) -> int:
        """One more of `caller` in the window that ends then (seconds since 1970), and how many that makes.

        No two get the same number. Raises NotCounted.
        """
        ...


class Quotas:
    """Spends quotas: `key` on whoever brought a good API key, `address` on where anybody else came from."""

    def __init__(self, counts: RequestCounts, key: Policy, address: Policy) -> None:
        self.key, self.address = key, address
        self._counts = counts
        self._used_up: dict[tuple[str, str], int] = {}

    def spend(self, policy: Policy, caller: str, moment: datetime) -> Allowance:
        """Counts one request; the answer says whether it is one too many. Raises NotCounted.

        A window that was found used up stays so: its further requests are not counted, which would only cost.
        """
        end = window_end(caller, moment, policy.seconds)
        resets_in = ceil(end - moment.timestamp())
        if self._used_up.get((policy.name, caller)) == end:
            return Allowance(policy, policy.quota + 1, resets_in)
        allowance = Allowance(policy, self._counts.add(policy.name, caller, end), resets_in)
        if allowance.is_over:
            self._remember(policy, caller, end)
        return allowance

    def _remember(self, policy: Policy, caller: str, end: int) -> None:
        if len(self._used_up) >= _REMEMBERED:
            self._used_up.clear()  # what is forgotten is counted again, and found used up again
        self._used_up[policy.name, caller] = end


def window_end(caller: str, moment: datetime, seconds: int) -> int:
    """When the window of `caller` at `moment` ends, in seconds since 1970.

    Callers begin their windows at different seconds: those who wait must not all come back at once.
    """
    begins = crc32(caller.encode()) % seconds
    return (floor(moment.timestamp()) - begins) // seconds * seconds + seconds + begins


def network_of(address: str) -> str:
    """Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64.

    A host may take every address of its /64 (RFC 4291, 2.5.1). All that is no address counts as one caller.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unreadable"
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> _HOST_BITS << _HOST_BITS, 128 - _HOST_BITS)))
