"""What a network perspective is asked, and what it saw: facts only, the verdict is for whoever asked (BR 3.2.2.9)."""

from dataclasses import dataclass
from enum import StrEnum

from partner_center.validation.caa import CaaSet
from partner_center.validation.dns import Answer, Dnssec, Failure, RecordType

FILE_PATH = "/.well-known/pki-validation/partner-center.txt"
"""Where a file shows control of a name (BR 3.2.2.4.18); the same for everybody, and without the value in it."""


@dataclass(frozen=True, slots=True)
class RecordsLook:
    """One look-up: the records of `type` at `name`."""

    name: str
    type: RecordType


@dataclass(frozen=True, slots=True)
class CaaLook:
    """The climb for the CAA set that governs `name`, without "*." (RFC 8659, section 3)."""

    name: str


@dataclass(frozen=True, slots=True)
class FileLook:
    """The page at FILE_PATH of exactly `host`."""

    host: str

    @property
    def url(self) -> str:
        return f"http://{self.host}{FILE_PATH}"


Look = RecordsLook | CaaLook | FileLook


@dataclass(frozen=True, slots=True)
class RecordsSeen:
    """What the perspective's resolver answered to a RecordsLook, or how it failed."""

    answer: Answer | None = None
    failure: Failure | None = None

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.failure is None):
            raise ValueError("a look-up either answered or failed")


@dataclass(frozen=True, slots=True)
class CaaSeen:
    """Every look-up of a climb."""

    caa_set: CaaSet


class PageTrouble(StrEnum):
    """Why a page could not be had; each is the world's no, unless `is_ours`."""

    NO_ADDRESS = "no_address"
    """The name has no address."""
    LOOKUP_FAILED = "lookup_failed"
    """The name servers of the name gave no usable answer, or a bogus one."""
    RESOLVER_FAILED = "resolver_failed"
    """Our own resolver could not be asked."""
    ADDRESS_REFUSED = "address_refused"
    """An address outside global unicast: nothing of ours is asked on somebody's behalf."""
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS_FAILED = "tls_failed"
    NOT_HTTP = "not_http"
    """No answer of HTTP/1, or one that breaks off."""
    TOO_LARGE = "too_large"
    REDIRECT_REFUSED = "redirect_refused"
    """To another scheme or port, to a target that is no URL, or by a status that may not be followed."""
    TOO_MANY_REDIRECTS = "too_many_redirects"
    """More than ten, or back to where the probe had been."""

    @property
    def is_ours(self) -> bool:
        """Whether nothing was learnt about the domain."""
        return self is PageTrouble.RESOLVER_FAILED


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a probe: the URL that was asked, the address that answered (or was refused), and the status.

    `dnssec` is that of the look-ups of its host's addresses together; None unless every one was answered.
    """

    url: str
    address: str | None
    status: int | None
    dnssec: Dnssec | None = None


@dataclass(frozen=True, slots=True)
class PageSeen:
    """What a FileLook met: every request made, and the last answer's status and body (without its headers).

    `body` is the whole body, or what there was of it before `trouble`.
    """

    hops: tuple[Hop, ...]
    status: int | None = None
    body: bytes = b""
    trouble: PageTrouble | None = None

    @property
    def dnssec(self) -> Dnssec | None:
        """Secure only if every host's addresses were; None unless all are known."""
        found = {hop.dnssec for hop in self.hops} or {None}
        if None in found:
            return None
        return Dnssec.SECURE if found == {Dnssec.SECURE} else Dnssec.INSECURE


Sighting = RecordsSeen | CaaSeen | PageSeen
