"""The request for a file that shows control of a name, made of a server that nobody trusts (BR 3.2.2.4.18).

urllib3 gets a socket that is connected already, and never a chance to resolve a name, to take a proxy from the
environment, to follow a redirect or to decompress. Whatever the server does ends within the limits and is a
PageSeen; nothing is raised for it. The random value is not known here, so it can be in no request.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, cast

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util.response import assert_header_parsing

from partner_center.adapters.dialing import AddressRefused, Dial, dial_directly
from partner_center.validation.dns import Dnssec, FailureKind, LookupFailed, RecordType, Resolver
from partner_center.validation.global_addresses import refused_as
from partner_center.validation.looks import FileLook, Hop, PageSeen, PageTrouble
from partner_center.validation.redirects import FOLLOWED, MOST_REDIRECTS, Target

_HEADERS = {
    "User-Agent": "PartnerCenter-DomainValidation/1.0",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}

_BUFFER = 4096


class _Trouble(Exception):
    """The page cannot be had."""

    def __init__(self, kind: PageTrouble) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """What a probe spends at most.

    `seconds` are for all requests of a probe together, plus one look-up that has begun; `connect_seconds` for
    each of at most `addresses` of a host. `head_bytes` bound an answer's head with all interim answers before
    it, `body_bytes` its body: a value and a line end need less than a hundred.
    """

    seconds: float = 20.0
    connect_seconds: float = 4.0
    addresses: int = 4
    head_bytes: int = 16 * 1024
    body_bytes: int = 10 * 1024


@dataclass(slots=True)
class _Exchange:
    """One request as far as it got; `left` says how many seconds there are, and raises when there are none."""

    target: Target
    left: Callable[[], float]
    address: str | None = None
    dnssec: Dnssec | None = None
    status: int | None = None
    locations: tuple[str, ...] = ()
    body: bytes = b""
    trouble: PageTrouble | None = None

    @property
    def is_redirect(self) -> bool:
        return self.status is not None and 300 <= self.status <= 399 and bool(self.locations)

    @property
    def leads_to(self) -> Target | None:
        """The next target. Several Location headers are as good as none: servers differ in which one counts."""
        if self.status not in FOLLOWED or len(self.locations) != 1:
            return None
        return self.target.redirected(self.locations[0].strip(" \t"))


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Fetches what a FileLook asks for. `dial` opens connections; every address is judged before it is dialled."""

    resolver: Resolver
    dial: Dial = dial_directly
    limits: ProbeLimits = ProbeLimits()
    monotonic: Callable[[], float] = time.monotonic

    def fetch(self, look: FileLook) -> PageSeen:
        """Follows redirects, each target resolved and judged anew. ValueError if the host is no canonical name."""
        ends_at = self.monotonic() + self.limits.seconds

        def left() -> float:
            seconds = ends_at - self.monotonic()
            if seconds <= 0:
                raise _Trouble(PageTrouble.TIMEOUT)
            return seconds

        target: Target = Target.of_file(look.host)
        hops: dict[Target, Hop] = {}
        while True:
            exchange = self._ask(_Exchange(target, left))
            hops[target] = Hop(target.url, exchange.address, exchange.status, exchange.dnssec)
            following = exchange.leads_to
            if following in hops or (following and len(hops) > MOST_REDIRECTS):
                exchange.trouble = PageTrouble.TOO_MANY_REDIRECTS
            if exchange.trouble or not following:
                return PageSeen(tuple(hops.values()), exchange.status, exchange.body, exchange.trouble)
            target = following

    def _ask(self, exchange: _Exchange) -> _Exchange:
        try:
            addresses = self._resolved(exchange)
            with closing(self._connected(exchange, addresses)) as connection:
                _converse(exchange, connection, self.limits)
        except _Trouble as trouble:
            exchange.trouble = trouble.kind
        return exchange

    def _resolved(self, exchange: _Exchange) -> list[str]:
        """The addresses of the target's host, asked for once; IPv4 first, since not every perspective has IPv6."""
        found, states = [], set()
        for record_type in (RecordType.A, RecordType.AAAA):
            exchange.left()
            try:
                answer = self.resolver.lookup(exchange.target.host, record_type)
            except LookupFailed as failed:
                outside = failed.kind.outside or failed.kind is FailureKind.BOGUS
                raise _Trouble(
                    PageTrouble.LOOKUP_FAILED if outside else PageTrouble.RESOLVER_FAILED
                ) from failed
            if answer.dnssec is Dnssec.BOGUS:
                raise _Trouble(PageTrouble.LOOKUP_FAILED)
            found.append(answer.texts)
            states.add(answer.dnssec)
        exchange.dnssec = Dnssec.SECURE if states == {Dnssec.SECURE} else Dnssec.INSECURE
        in_turn = [address for pair in zip_longest(*found) for address in pair if address]
        if not in_turn:
            raise _Trouble(PageTrouble.NO_ADDRESS)
        return in_turn

    def _connected(self, exchange: _Exchange, addresses: list[str]) -> socket.socket:
        """The first connection that comes about. Addresses that may not be asked are passed over."""
        allowed = [address for address in addresses if refused_as(address) is None]
        if not allowed:
            exchange.address = addresses[0]
            raise _Trouble(PageTrouble.ADDRESS_REFUSED)
        trouble = PageTrouble.UNREACHABLE
        for address in allowed[: self.limits.addresses]:
            exchange.address = address
            try:
                return self.dial(
                    address, exchange.target.port, min(exchange.left(), self.limits.connect_seconds)
                )
            except AddressRefused:
                raise _Trouble(PageTrouble.ADDRESS_REFUSED) from None
            except TimeoutError:
                trouble = PageTrouble.TIMEOUT
            except OSError:
                continue
        raise _Trouble(trouble)


def _converse(exchange: _Exchange, connection: socket.socket, limits: ProbeLimits) -> None:
    """One request and its answer. Raises _Trouble; what came before it stays in `exchange`."""
    try:
        secured = _secured(connection, exchange) if exchange.target.scheme == "https" else connection
        with closing(secured):
            wire = _Wire(secured, exchange.left, limits.head_bytes)
            response = _answer(exchange.target, wire)
            exchange.status = response.status
            exchange.locations = tuple(response.headers.getlist("location"))
            if exchange.is_redirect and exchange.leads_to is None:
                raise _Trouble(PageTrouble.REDIRECT_REFUSED)
            if not exchange.is_redirect:
                wire.allow(2 * limits.body_bytes)  # with the sizes of its chunks
                _read_body(exchange, response, limits.body_bytes)
    except (TimeoutError, ReadTimeoutError):
        raise _Trouble(PageTrouble.TIMEOUT) from None
    except (OSError, http.client.HTTPException, HTTPError):
        raise _Trouble(PageTrouble.NOT_HTTP) from None


def _secured(connection: socket.socket, exchange: _Exchange) -> socket.socket:
    """TLS with the host's name as SNI, whatever certificate the server has.

    An applicant often asks because the certificate there has expired, or is none yet. Nothing rests on it: the
    requirements let a redirect lead to https and ask for no validation there, and the redirect itself came over
    plain http, so that who can change answers on the way could have kept the probe from TLS altogether.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        connection.settimeout(exchange.left())
        return context.wrap_socket(connection, server_hostname=exchange.target.host)
    except TimeoutError:
        raise
    except OSError:
        raise _Trouble(PageTrouble.TLS_FAILED) from None


def _answer(target: Target, wire: "_Wire") -> BaseHTTPResponse:
    connection = HTTPConnection(target.host, target.port)
    connection.sock = cast(socket.socket, wire)
    connection.auto_open = 0  # it never connects by itself, which would be by name
    connection.response_class = _FinalResponse
    connection.request(
        "GET", target.resource, headers={"Host": target.host, **_HEADERS}, preload_content=False
    )
    return connection.getresponse()


def _read_body(exchange: _Exchange, response: BaseHTTPResponse, most: int) -> None:
    """The octets as they were sent: what is compressed stays so, and is then not the value."""
    while piece := response.read1(most + 1 - len(exchange.body), decode_content=False):
        exchange.body += piece
        if len(exchange.body) > most:
            exchange.body = exchange.body[:most]
            raise _Trouble(PageTrouble.TOO_LARGE)


class _FinalResponse(http.client.HTTPResponse):
    """The first answer that is no interim one (RFC 9110, section 15.2; the base class knows 100 only)."""

    def begin(self) -> None:
        super().begin()
        while self.status < 200:
            self.headers = self.msg = cast(Any, None)
            super().begin()
        assert_header_parsing(self.msg)


class _Wire:
    """A socket as urllib3 uses it, on which no call outlasts the probe and no more is read than is allowed."""

    def __init__(self, connection: socket.socket, left: Callable[[], float], allowed: int) -> None:
        self._connection, self._left = connection, left
        self._source = _Source(connection, left, allowed)

    def allow(self, more: int) -> None:
        self._source.allowed += more

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._left())
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._source, _BUFFER)

    def settimeout(self, _seconds: float | None) -> None:
        """The probe's own time counts."""

    def close(self) -> None:
        """urllib3 closes before it reads; who dialled closes."""


class _Source(io.RawIOBase):
    """What comes from the socket, `allowed` bytes at most."""

    def __init__(self, connection: socket.socket, left: Callable[[], float], allowed: int) -> None:
        self._connection, self._left, self.allowed = connection, left, allowed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.allowed <= 0:
            raise _Trouble(PageTrouble.TOO_LARGE)
        self._connection.settimeout(self._left())
        count = self._connection.recv_into(memoryview(buffer)[: self.allowed])
        self.allowed -= count
        return count
