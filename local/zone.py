"""The DNS of the local world: what `/_local/dns` sets, served as a validating resolver would answer it.

`local.zone_answers` says how answers are made. A perspective is told apart by the port it asks; an entry made
for one perspective hides the common one there.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Any, Self

import dns.exception
import dns.flags
import dns.message
from dns.name import Name

from local.dns_server import DnsServer
from local.zone_answers import Entry, World, owner_name

DEFAULT_WORLD = {
    "example.com": "93.184.215.14",
    "www.example.com": "93.184.215.14",
    "example.net": "93.184.215.15",
    "example.org": "93.184.215.16",
}
"""Addresses of names that a first order can use at once; they have no CAA records."""


class ZoneServer:
    """Serves the local world on 127.0.0.1: one port for each perspective, one that sees common entries only."""

    def __init__(
        self, perspectives: Iterable[str] = (), world: Mapping[str, str] = DEFAULT_WORLD, ttl: int = 60
    ) -> None:
        self._entries: dict[tuple[Name, str, str | None], Entry] = {}
        self._lock = Lock()
        self._worlds = {each: World(ttl) for each in (None, *perspectives)}
        self._servers = {each: DnsServer(partial(self._reply, each)) for each in self._worlds}
        for name, address in world.items():
            self.set(name, "A", [address])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops serving and frees the ports."""
        for server in self._servers.values():
            server.close()

    @property
    def perspectives(self) -> tuple[str, ...]:
        """Who may have entries of its own."""
        return tuple(each for each in self._servers if each)

    def address(self, perspective: str | None = None) -> str:
        """The "host:port" that `perspective` asks."""
        return self._servers[self._known(perspective)].address

    def set(
        self,
        name: str,
        type: str,
        values: Sequence[str],
        rcode: str | None = None,
        dnssec: str = "insecure",
        perspective: str | None = None,
    ) -> None:
        """Replaces one record set. No values and no rcode: the name exists and has no such record.

        Raises ValueError for what cannot be served, saying why.
        """
        entry = Entry.parse(name, type, values, rcode, dnssec, self._known(perspective))
        with self._lock:
            self._entries[entry.name, type, perspective] = entry
            self._show(entry.name, type)

    def delete(self, name: str, type: str | None = None) -> None:
        """Removes one record set of a name, or all of them, for every perspective."""
        owner = owner_name(name)
        with self._lock:
            for key in [key for key in self._entries if key[0] == owner and type in (None, key[1])]:
                del self._entries[key]
                self._show(owner, key[1])

    def records(self) -> list[dict[str, Any]]:
        """Every entry, as the body of the POST that would make it again."""
        with self._lock:
            return [entry.described() for entry in self._entries.values()]

    def _known(self, perspective: str | None) -> str | None:
        if perspective not in self._servers:
            raise ValueError(f"no such perspective: {perspective!r}")
        return perspective

    def _show(self, name: Name, type: str) -> None:
        """Lets each perspective see its own entry there, or else the common one."""
        common = self._entries.get((name, type, None))
        for perspective, world in self._worlds.items():
            world.put(name, type, self._entries.get((name, type, perspective), common))

    def _reply(self, perspective: str | None, wire: bytes, over_udp: bool) -> bytes | None:
        try:
            query = dns.message.from_wire(wire)
            with self._lock:
                response = self._worlds[perspective].respond(query)
        except dns.exception.DNSException:
            return None
        if response is None:
            return None
        try:
            return response.to_wire(max_size=max(query.payload, 512) if over_udp else 65535)
        except dns.exception.TooBig:
            truncated = dns.message.make_response(query, recursion_available=True)
            truncated.flags |= dns.flags.TC
            return truncated.to_wire()
