"""Signed zones and an authoritative server for them, in memory: what stands behind a validating resolver in tests.

Signing is dnspython's, with one P-256 key a zone and NSEC. Nothing here is random but the keys.
"""

import time
from collections.abc import Iterable, Mapping

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm
from dns.name import Name, from_text, root
from dns.rdataset import Rdataset

_TTL = 3600
_APEX = f"@ {_TTL} SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 {_TTL}"
_ZONE_KEY, _SECURE_ENTRY_POINT = 0x100, 0x001
VALID = (-3600, 86400)
"""Seconds from now: when signatures begin and end to be good."""


class Zone:
    """One zone; `records` are lines of a zone file without the time to live. `write` replaces all of them.

    `host` is the address of its name server ns.<zone>; a zone without one is served by those that `delegation`
    is told.
    """

    def __init__(
        self,
        origin: str,
        *records: str,
        host: str | None = None,
        signed: bool = True,
        valid: tuple[int, int] = VALID,
    ) -> None:
        self.origin = from_text(origin)
        self.host, self.signed, self.valid = host, signed, valid
        self.server = f"ns.{origin}" if origin != "." else "ns."
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.dnskey = dns.dnssec.make_dnskey(
            self._key.public_key(), Algorithm.ECDSAP256SHA256, _ZONE_KEY | _SECURE_ENTRY_POINT
        )
        self.write(*records)

    def write(self, *records: str) -> None:
        own = [f"@ NS {self.server}", f"{self.server} A {self.host}"] if self.host else []
        lines = [_APEX, *(record.replace(" ", f" {_TTL} ", 1) for record in (*own, *records))]
        zone = dns.zone.from_text("\n".join(lines) + "\n", self.origin, relativize=False, check_origin=False)
        if self.signed:
            now, (begin, end) = int(time.time()), self.valid
            keys = [(self._key, self.dnskey)]
            dns.dnssec.sign_zone(zone, keys=keys, inception=now + begin, expiration=now + end)
        self.content = zone

    def tamper(self, name: str, type: str, value: str) -> None:
        """Replaces a record set and leaves its signature as it was."""
        self.content.replace_rdataset(from_text(name), dns.rdataset.from_text("IN", type, _TTL, value))

    def unsign(self, name: str) -> None:
        """Takes the signatures of a name away."""
        node = self.content.get_node(from_text(name))
        node.rdatasets = [each for each in node.rdatasets if each.rdtype != dns.rdatatype.RRSIG]

    @property
    def ds(self) -> str:
        """The line for the parent that makes this zone secure."""
        return f"{self.origin} DS {dns.dnssec.make_ds(self.origin, self.dnskey, 'SHA256')}"


def delegation(zone: Zone, *servers: str) -> list[str]:
    """The lines for the parent: name servers, their address if the zone has a host, the DS if it is signed."""
    glue = [f"{zone.server} A {zone.host}"] if zone.host else []
    names = [f"{zone.origin} NS {server}" for server in servers or (zone.server,)]
    return [*names, *glue, *([zone.ds] if zone.signed else [])]


class Authority:
    """Answers for its zones, and refers to the others that these delegate; `queries` are those it got."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self._zones: Mapping[Name, Zone] = {zone.origin: zone for zone in zones}
        self.queries: list[tuple[str, str]] = []

    def __call__(self, wire: bytes, over_udp: bool) -> bytes:
        """An `Answerer` of local.dns_server."""
        query = dns.message.from_wire(wire)
        name, type = query.question[0].name, query.question[0].rdtype
        self.queries.append((name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(type)))
        response = dns.message.make_response(query)
        zone = self._zone_of(name, type)
        if zone is None:
            response.set_rcode(dns.rcode.REFUSED)
        else:
            _Reply(response, zone).fill(name, type)
        if not over_udp:
            return response.to_wire(max_size=65535)
        try:
            return response.to_wire(max_size=max(query.payload, 512))
        except dns.exception.TooBig:
            truncated = dns.message.make_response(query)
            truncated.flags |= dns.flags.TC
            return truncated.to_wire()

    def _zone_of(self, name: Name, type: int) -> Zone | None:
        """The deepest zone with the name; a DS stands in the parent."""
        at = name.parent() if type == dns.rdatatype.DS and name != root else name
        while at not in self._zones:
            if at == root:
                return None
            at = at.parent()
        return self._zones[at]


class _Reply:
    def __init__(self, response: dns.message.Message, zone: Zone) -> None:
        self._response, self._zone, self._content = response, zone, zone.content

    def fill(self, name: Name, type: int) -> None:
        cut = self._cut_above(name, type)
        if cut is not None:
            self._refer(cut)
            return
        self._response.flags |= dns.flags.AA
        for wanted in (type, dns.rdatatype.CNAME):
            if self._content.get_rdataset(name, wanted):
                self._add(self._response.answer, name, wanted)
                return
        self._deny(name)

    def _cut_above(self, name: Name, type: int) -> Name | None:
        """The delegation that the name lies at or below, in this zone."""
        at = name.parent() if type == dns.rdatatype.DS else name
        while at != self._zone.origin:
            if self._content.get_rdataset(at, "NS"):
                return at
            at = at.parent()
        return None

    def _refer(self, cut: Name) -> None:
        self._add(self._response.authority, cut, dns.rdatatype.NS)
        if self._content.get_rdataset(cut, "DS"):
            self._add(self._response.authority, cut, dns.rdatatype.DS)
        elif self._zone.signed:
            self._add(self._response.authority, cut, dns.rdatatype.NSEC)
        for server in self._content.get_rdataset(cut, "NS"):
            if server.target.is_subdomain(cut) and self._content.get_rdataset(server.target, "A"):
                self._add(self._response.additional, server.target, dns.rdatatype.A)

    def _deny(self, name: Name) -> None:
        exists = self._exists(name)
        if not exists:
            self._response.set_rcode(dns.rcode.NXDOMAIN)
        self._add(self._response.authority, self._zone.origin, dns.rdatatype.SOA)
        if self._zone.signed:
            denied = [name] if exists else [name, Name((b"*", *self._nearest(name).labels))]
            for owner in sorted({self._covering(each) for each in denied}):
                self._add(self._response.authority, owner, dns.rdatatype.NSEC)

    def _exists(self, name: Name) -> bool:
        return any(owner.is_subdomain(name) for owner in self._content)

    def _nearest(self, name: Name) -> Name:
        while not self._exists(name):
            name = name.parent()
        return name

    def _covering(self, name: Name) -> Name:
        return max(
            owner for owner in self._content if owner <= name and self._content.get_rdataset(owner, "NSEC")
        )

    def _add(self, section: list[dns.rrset.RRset], name: Name, type: int) -> None:
        signatures = self._content.get_rdataset(name, dns.rdatatype.RRSIG, type)
        for rdataset in (self._content.get_rdataset(name, type), signatures):
            if rdataset:
                section.append(_rrset(name, rdataset))


def _rrset(name: Name, rdataset: Rdataset) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
