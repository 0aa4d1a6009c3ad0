"""How a validating resolver answers in front of the local world.

Nothing is signed here. A record is declared secure, insecure or bogus, and the answer is that of a resolver in
front of such a zone: AD where all of it is secure, SERVFAIL for bogus data unless CD is set.

A zone needs no declaration: the last two labels of a name with an entry are an apex with an implied SOA, as
signed as the zone's records are. The root and the top-level domains are signed; unknown names are NXDOMAIN
under an unsigned SOA, as below a top-level domain that uses opt-out (RFC 5155, section 6).
TXT values are plain text; values of the other types are in presentation format.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.name import Name, from_text, root
from dns.rdataclass import IN
from dns.rdtypes.ANY.TXT import TXT

TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "TXT")
RCODES = ("NXDOMAIN", "SERVFAIL", "REFUSED", "NOTIMP", "TIMEOUT")
"""What an entry may answer instead of its values; TIMEOUT answers nothing."""
DNSSEC = ("secure", "insecure", "bogus")

_ALIASES_AT_MOST = 8
_STRING_AT_MOST = 255


@dataclass(frozen=True, slots=True)
class Entry:
    """One record set, or the trouble in its place, as one perspective or (None) all of them see it."""

    name: Name
    type: str
    values: tuple[str, ...]
    rcode: str | None
    dnssec: str
    perspective: str | None
    rdatas: tuple[dns.rdata.Rdata, ...]

    @classmethod
    def parse(
        cls,
        name: str,
        type: str,
        values: Sequence[str],
        rcode: str | None,
        dnssec: str,
        perspective: str | None,
    ) -> Self:
        """Raises ValueError, saying why, for what cannot be served."""
        if type not in TYPES or rcode not in (None, *RCODES) or dnssec not in DNSSEC:
            raise ValueError(f"type is one of {TYPES}, rcode of {RCODES}, dnssec of {DNSSEC}")
        if type in {"CNAME", "SOA"} and len(values) > 1:
            raise ValueError(f"a name has one {type} record at most")
        if isinstance(values, str) or not all(isinstance(value, str) for value in values):
            raise ValueError("values is a list of texts")
        rdatas = tuple(_rdata(type, value) for value in values)
        return cls(owner_name(name), type, tuple(values), rcode, dnssec, perspective, rdatas)

    def described(self) -> dict[str, Any]:
        """The body of the POST that makes this entry."""
        owner = self.name.to_text(omit_final_dot=True)
        said = {"name": owner, "type": self.type, "values": list(self.values), "dnssec": self.dnssec}
        return said | {key: value for key in ("rcode", "perspective") if (value := getattr(self, key))}


class World:
    """All entries as one perspective sees them; `ttl`, in seconds, is that of every record.

    It counts what it holds below each name, so that an answer does not take longer the more there is.
    """

    def __init__(self, ttl: int) -> None:
        self._ttl = ttl
        self._entries: dict[tuple[Name, str], Entry] = {}
        self._below: Counter[Name] = Counter()
        """Entries at each name and below it."""
        self._states: Counter[tuple[Name, str]] = Counter()
        """Entries at each apex and below it, by how they are signed."""

    def put(self, name: Name, type: str, entry: Entry | None) -> None:
        """What this perspective sees at a name from now on; None: nothing."""
        before = self._entries.pop((name, type), None)
        if before:
            self._count(before, -1)
        if entry:
            self._entries[name, type] = entry
            self._count(entry, 1)

    def _count(self, entry: Entry, times: int) -> None:
        for ancestor in _upwards(entry.name):
            self._below[ancestor] += times
        if apex := _apex_of(entry.name):
            self._states[apex, entry.dnssec] += times

    def respond(self, query: dns.message.Message) -> dns.message.Message | None:
        """The response to a query, or None where there shall be silence."""
        response = dns.message.make_response(query, recursion_available=True)
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            response.set_rcode(dns.rcode.NOTIMP)
            return response
        question = query.question[0]
        states = self._fill(response, question.name, dns.rdatatype.to_text(question.rdtype))
        if states is None:
            return None
        if query.flags & dns.flags.CD:
            return response
        if "bogus" in states:
            failure = dns.message.make_response(query, recursion_available=True)
            failure.set_rcode(dns.rcode.SERVFAIL)
            return failure
        if states == {"secure"} and response.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            response.flags |= dns.flags.AD
        return response

    def _fill(self, response: dns.message.Message, name: Name, type: str) -> set[str] | None:
        """Adds what there is, following aliases. The states of all that was used, or None for silence."""
        states: set[str] = set()
        for _ in range(_ALIASES_AT_MOST):
            entry = self._entries.get((name, type)) or self._entries.get((name, "CNAME"))
            if entry:
                states.add(entry.dnssec)
            if entry is None or not (entry.rdatas or entry.rcode):
                return states | {self._deny(response, name, type)}
            if entry.rcode == "TIMEOUT":
                return None
            if entry.rcode:
                response.set_rcode(dns.rcode.from_text(entry.rcode))
                return states
            response.answer.append(dns.rrset.from_rdata_list(name, self._ttl, entry.rdatas))
            if entry.type == type:
                return states
            (alias,) = entry.rdatas
            name = alias.target  # type: ignore[attr-defined]
        response.set_rcode(dns.rcode.SERVFAIL)
        return states

    def _deny(self, response: dns.message.Message, name: Name, type: str) -> str:
        """Adds the SOA that denies the name or the type, or the implied SOA if that was asked for."""
        exists = name == root or self._below[name] > 0
        apex, state = self._zone_of(name) if exists or len(name.labels) > 2 else (root, "secure")
        times = f"ns.invalid. hostmaster.invalid. 1 3600 600 86400 {self._ttl}"
        soa = dns.rrset.from_rdata_list(apex, self._ttl, [_rdata("SOA", times)])
        asked_for = exists and type == "SOA" and apex == name
        (response.answer if asked_for else response.authority).append(soa)
        response.set_rcode(dns.rcode.NOERROR if exists else dns.rcode.NXDOMAIN)
        return state

    def _zone_of(self, name: Name) -> tuple[Name, str]:
        for ancestor in _upwards(name):
            declared = self._entries.get((ancestor, "SOA"))
            if declared and declared.rdatas:
                return ancestor, declared.dnssec
        apex = _apex_of(name)
        if apex is None:
            return name, "secure"
        states = {state for state in DNSSEC if self._states[apex, state] > 0}
        if not states:
            return Name(name.labels[-2:]), "insecure"
        return apex, "insecure" if states == {"insecure"} else "secure"


def owner_name(text: str) -> Name:
    """Raises ValueError for what is no domain name."""
    if not text.isascii() or not text.strip("."):
        raise ValueError(f"not a domain name in A-labels: {text!r}")
    try:
        return from_text(text.lower())
    except dns.exception.DNSException as error:
        raise ValueError(f"not a domain name: {text!r}") from error


def _apex_of(name: Name) -> Name | None:
    """The last two labels; None for the root and the top-level domains."""
    return Name(name.labels[-3:]) if len(name.labels) > 2 else None


def _upwards(name: Name) -> Iterator[Name]:
    while name != root:
        yield name
        name = name.parent()


def _rdata(type: str, text: str) -> dns.rdata.Rdata:
    if type == "TXT":
        octets = text.encode()
        strings = [octets[at : at + _STRING_AT_MOST] for at in range(0, len(octets) or 1, _STRING_AT_MOST)]
        return TXT(IN, dns.rdatatype.TXT, strings)
    if ";" in text.partition('"')[0]:
        raise ValueError(f"a semicolon outside quotes begins a comment: {text!r}")
    try:
        return dns.rdata.from_text(IN, dns.rdatatype.from_text(type), text, origin=root, relativize=False)
    except dns.exception.DNSException as error:
        raise ValueError(f"not a {type} value in presentation format: {text!r}") from error
