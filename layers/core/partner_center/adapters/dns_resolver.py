"""Look-ups through one validating resolver, which must share this machine's loopback.

dnspython validates nothing by itself: the resolver does, and says so with the AD bit, which nothing protects
on the wire. The deployed resolver is the `unbound` of the same container image; it keeps no cache, so an
answer is as fresh as the question. Only name servers it asked in vain are "outside".
"""

import ipaddress
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.CAA import CAA
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.TXT import TXT

from partner_center.validation.dns import (
    Answer,
    CaaRecord,
    Dnssec,
    Failure,
    FailureKind,
    LookupFailed,
    Rcode,
    Record,
    RecordType,
)

_UDP_PAYLOAD = 1232
"""Large enough for nearly all, small enough never to be fragmented (the DNS flag day's figure)."""

_ALIASES_AT_MOST = 8

_LOOKUP_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


class _Trouble(Exception):
    """One question got no answer, after `attempts` queries."""

    def __init__(self, kind: FailureKind, attempts: int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.attempts = attempts


@dataclass(frozen=True, slots=True)
class DnsResolver:
    """Implements `validation.dns.Resolver` with dnspython.

    `server` is "address:port" of a validating resolver on loopback. One exchange takes at most `timeout`
    seconds, one look-up with all its retries and proofs at most `budget` seconds of `monotonic`. `anchor` is
    the zone whose signed SOA shows that the resolver validates; it is the root unless a test has its own.
    """

    server: str
    timeout: float = 5.0
    attempts: int = 2
    budget: float = 20.0
    anchor: str = "."
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        host, port = _endpoint(self.server)
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"{host} is not on loopback: its AD bit could be forged on the way")
        if not 0 < port < 65536 or self.attempts < 1 or self.timeout <= 0:
            raise ValueError("a resolver needs a port, a positive time limit and at least one attempt")

    def lookup(self, name: str, record_type: RecordType) -> Answer:
        """Implements `Resolver.lookup`. Every failure is retried `attempts` - 1 times."""
        ends_at = self.monotonic() + self.budget
        question = _to_name(name)
        try:
            return _answer(name, record_type, self._ask(question, record_type, ends_at))
        except _Trouble as trouble:
            failure = self._failure(name, question, record_type, trouble, ends_at)
        raise LookupFailed(failure)

    def _failure(
        self, name: str, question: dns.name.Name, record_type: RecordType, trouble: _Trouble, ends_at: float
    ) -> Failure:
        kind = trouble.kind
        if kind is FailureKind.SERVFAIL and self._answers_unchecked(question, record_type, ends_at):
            kind = FailureKind.BOGUS
        unsigned = kind.outside and self._proven_unsigned(question, ends_at)
        return Failure(name, record_type, kind, trouble.attempts, unsigned)

    def _ask(
        self, question: dns.name.Name, record_type: RecordType, ends_at: float
    ) -> dns.message.QueryMessage:
        """The response of the first attempt that brought a usable one. Raises _Trouble."""
        kind = FailureKind.TIMEOUT
        for attempt in range(1, self.attempts + 1):
            try:
                response = self._exchange(question, record_type, ends_at)
                _require_answer(response)
            except _Trouble as trouble:
                kind = trouble.kind
                if self.monotonic() >= ends_at:
                    raise _Trouble(kind, attempt) from None
            else:
                return response
        raise _Trouble(kind, self.attempts)

    def _exchange(
        self, question: dns.name.Name, record_type: RecordType, ends_at: float, checking: bool = True
    ) -> dns.message.QueryMessage:
        host, port = _endpoint(self.server)
        query = dns.message.make_query(
            question, record_type.value, use_edns=0, want_dnssec=True, payload=_UDP_PAYLOAD
        )
        if not checking:
            query.flags |= dns.flags.CD
        try:
            response = dns.query.udp(
                query, host, self._left(ends_at), port, ignore_unexpected=True, raise_on_truncation=True
            )
        except dns.message.Truncated:
            response = self._over_tcp(query, host, port, ends_at)
        except (dns.exception.DNSException, OSError) as error:
            raise _Trouble(_kind(error), 1) from error
        if not isinstance(response, dns.message.QueryMessage):
            raise _Trouble(FailureKind.UNUSABLE, 1)
        return response

    def _over_tcp(
        self, query: dns.message.QueryMessage, host: str, port: int, ends_at: float
    ) -> dns.message.Message:
        try:
            return dns.query.tcp(query, host, self._left(ends_at), port)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise _Trouble(_kind(error), 1) from error

    def _left(self, ends_at: float) -> float:
        left = min(self.timeout, ends_at - self.monotonic())
        if left <= 0:
            raise _Trouble(FailureKind.TIMEOUT, 1)
        return left

    def _answers_unchecked(self, question: dns.name.Name, record_type: RecordType, ends_at: float) -> bool:
        """Whether the same question is answered once validation is switched off: then it was bogus."""
        try:
            _require_answer(self._exchange(question, record_type, ends_at, checking=False))
        except _Trouble:
            return False
        return True

    def _proven_unsigned(self, name: dns.name.Name, ends_at: float) -> bool:
        """Whether `name` and all it is an alias of are "Insecure" (RFC 4035, section 4.3), by live answers.

        Needed to pardon a failure (BR 3.2.2.8). A signed answer for the anchor comes first: without it an
        absent AD bit would say nothing about the zone, and the trouble could be ours.
        """
        try:
            anchor = self._ask(_to_name(self.anchor), RecordType.SOA, ends_at)
            if not anchor.flags & dns.flags.AD:
                return False
            for _ in range(_ALIASES_AT_MOST):
                if not self._in_unsigned_zone(name, ends_at):
                    return False
                aliases = self._ask(name, RecordType.CNAME, ends_at).get_rrset(
                    dns.message.ANSWER, name, dns.rdataclass.IN, dns.rdatatype.CNAME
                )
                if aliases is None:
                    return True
                name = aliases[0].target
        except _Trouble:
            return False
        return False

    def _in_unsigned_zone(self, name: dns.name.Name, ends_at: float) -> bool:
        """Climbs to the nearest apex that shows its SOA; what is below an insecure one is insecure too."""
        while name != dns.name.root:
            try:
                response = self._ask(name, RecordType.SOA, ends_at)
            except _Trouble:
                name = name.parent()
                continue
            if response.get_rrset(dns.message.ANSWER, name, dns.rdataclass.IN, dns.rdatatype.SOA):
                return not response.flags & dns.flags.AD
            name = name.parent()
        return False


def _endpoint(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)


def _to_name(text: str) -> dns.name.Name:
    """Label by label: dnspython's own reading would unescape backslashes and map U-labels by IDNA 2003."""
    if text == ".":
        return dns.name.root
    if not _LOOKUP_NAME.fullmatch(text) or len(text) > 253:
        raise ValueError(f"not a name to look up: {text[:253]!r}")
    return dns.name.Name([*(label.encode("ascii") for label in text.split(".")), b""])


def _kind(error: Exception) -> FailureKind:
    if isinstance(error, dns.exception.Timeout):
        return FailureKind.TIMEOUT
    return FailureKind.UNREACHABLE if isinstance(error, OSError) else FailureKind.UNUSABLE


def _require_answer(response: dns.message.QueryMessage) -> None:
    """Raises _Trouble unless the response says what there is, or that there is nothing."""
    rcode = response.rcode()
    if rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        kinds = {dns.rcode.SERVFAIL: FailureKind.SERVFAIL, dns.rcode.REFUSED: FailureKind.REFUSED}
        raise _Trouble(kinds.get(rcode, FailureKind.UNUSABLE), 1)
    try:
        response.resolve_chaining()
    except dns.exception.DNSException as error:
        raise _Trouble(FailureKind.UNUSABLE, 1) from error


def _answer(name: str, record_type: RecordType, response: dns.message.QueryMessage) -> Answer:
    chain = response.resolve_chaining()
    return Answer(
        name=name,
        type=record_type,
        records=tuple(map(_record, chain.answer or ())),
        ttl=chain.minimum_ttl,
        dnssec=Dnssec.SECURE if response.flags & dns.flags.AD else Dnssec.INSECURE,
        rcode=Rcode(dns.rcode.to_text(response.rcode())),
        aliases=tuple(_host(alias[0].target) for alias in chain.cnames),
    )


def _record(rdata: dns.rdata.Rdata) -> Record:
    if isinstance(rdata, CAA):
        return CaaRecord(rdata.flags, rdata.tag.decode("ascii"), rdata.value)
    if isinstance(rdata, TXT):
        return b"".join(rdata.strings)
    if isinstance(rdata, CNAME | NS):
        return _host(rdata.target)
    return rdata.to_text()


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
