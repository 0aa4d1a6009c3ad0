"""perspectives/image/unbound.conf, as deployed, under Debian's unbound before signed, broken and dead zones.

What a test adds to the file is its port, its root's key and address, and leave to ask on loopback. Name servers
stand on port 53 of loopback addresses of their own, and everything is found from the root, as in the world.
"""

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import dns.dnssec
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from dns.name import root

from local.dns_server import DnsServer
from partner_center.adapters.dns_resolver import DnsResolver
from partner_center.validation.dns import CaaRecord, Dnssec, FailureKind, LookupFailed, Rcode, RecordType
from tests.fakes.signed_zones import Authority, Zone, delegation

IMAGE = Path(__file__).parents[2] / "perspectives" / "image"
UNBOUND = shutil.which("unbound", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
HOSTS = f"127.53.{os.getpid() % 250}"
TOP, COM, BELOW, MOODY = (f"{HOSTS}.{number}" for number in (1, 2, 3, 4))
LONG = 20.0
"""Seconds that no test waits for."""


def port_53_is_ours():
    try:
        with socket.create_server((TOP, 53)):
            return True
    except OSError:
        return False


pytestmark = pytest.mark.unbound
needs_unbound = pytest.mark.skipif(
    UNBOUND is None or not port_53_is_ours(),
    reason="needs unbound (apt-get install unbound) and the right to listen on port 53 of loopback",
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Unbound:
    """The resolver as a process of its own; `close` ends it."""

    def __init__(self, folder, top, *more):
        self.address = f"127.0.0.1:{free_port()}"
        hints, configuration = folder / "root.hints", folder / "unbound.conf"
        hints.write_text(f". 3600 NS ns.\nns. 3600 A {TOP}\n")
        lines = [
            f'include: "{IMAGE / "unbound.conf"}"',
            "server:",
            f"port: {self.address.rpartition(':')[2]}",
            f'directory: "{IMAGE}"',
            f'root-hints: "{hints}"',
            f'trust-anchor: ". DS {dns.dnssec.make_ds(root, top.dnskey, "SHA256")}"',
            *more,
        ]
        configuration.write_text("\n".join(lines) + "\n")
        self.log = []
        self._process = subprocess.Popen(
            [UNBOUND, "-c", configuration], stderr=subprocess.PIPE, text=True, errors="replace"
        )
        self._up = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        if not self._up.wait(LONG) or self._process.poll() is not None:
            self.close()
            pytest.fail("unbound did not start:\n" + "".join(self.log))

    def _read(self):
        for line in self._process.stderr:
            self.log.append(line)
            if "start of service" in line:
                self._up.set()
        self._up.set()

    def close(self):
        self._process.terminate()
        self._process.wait(LONG)
        self._reader.join(LONG)
        self._process.stderr.close()


class Moody:
    """An authority that leaves some questions unanswered."""

    def __init__(self, *zones):
        self.authority, self.silent, self.tries = Authority(zones), lambda type: False, 0

    def __call__(self, wire, over_udp):
        if self.silent(dns.message.from_wire(wire).question[0].rdtype):
            self.tries += 1
            return None
        return self.authority(wire, over_udp)


class World:
    """A signed root and com, and zones below them that are as good or bad as their names say."""

    def __init__(self, folder):
        self.good = Zone(
            "good.com.", "a TXT value", "b CNAME a.good.com.", '@ CAA 0 issue "ca.net"', host=BELOW
        )
        self.broken = Zone("broken.com.", "a TXT value", "@ TXT value", host=BELOW)
        self.broken.tamper("a.broken.com.", "TXT", "forged")
        self.plain = Zone("plain.com.", "a TXT value", host=BELOW, signed=False)
        self._moody_zone = Zone("moody.com.", "a TXT value", host=MOODY, signed=False)
        self.moody = Moody(self._moody_zone)
        self._folder = folder
        self._closing = []

    def start(self, *added, hand_made=(), more=("do-not-query-localhost: no",)):
        """Serves every zone, with `added` ones; `hand_made` are delegations of com beside those it makes itself."""
        below = [self.good, self.broken, self.plain, *added]
        delegated = [each for each in below if each.host]
        lines = [line for zone in (*delegated, self._moody_zone) for line in delegation(zone)]
        com = Zone("com.", *lines, *hand_made, host=COM)
        top = Zone(".", *delegation(com), host=TOP)
        self.authorities = {TOP: Authority([top]), COM: Authority([com]), BELOW: Authority(below)}
        for host, answer in (self.authorities | {MOODY: self.moody}).items():
            self._closing.append(DnsServer(answer, host, 53))
        self.unbound = Unbound(self._folder, top, *more)
        self._closing.append(self.unbound)
        self.resolver = DnsResolver(self.unbound.address)
        return self

    def close(self):
        for each in reversed(self._closing):
            each.close()

    def lookup(self, name, record_type=RecordType.TXT):
        return self.resolver.lookup(name, record_type)

    def failure(self, name, record_type=RecordType.TXT):
        with pytest.raises(LookupFailed) as failed:
            self.lookup(name, record_type)
        return failed.value.failure


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


# ---- DNSSEC


@needs_unbound
def test_a_good_signature_is_secure(world):
    answer = world.start().lookup("a.good.com")
    assert (answer.octets, answer.dnssec) == ((b"value",), Dnssec.SECURE)
    answer = world.lookup("good.com", RecordType.CAA)
    assert (answer.caa, answer.dnssec) == ((CaaRecord(0, "issue", b"ca.net"),), Dnssec.SECURE)


@needs_unbound
def test_an_unsigned_zone_is_insecure(world):
    answer = world.start().lookup("a.plain.com")
    assert (answer.octets, answer.dnssec) == ((b"value",), Dnssec.INSECURE)
    answer = world.lookup("b.plain.com")
    assert (answer.rcode, answer.dnssec) == (Rcode.NXDOMAIN, Dnssec.INSECURE)


@needs_unbound
@pytest.mark.parametrize(
    ("name", "rcode"),
    [("b.good.com", "NOERROR"), ("gone.good.com", "NXDOMAIN"), ("gone.gone.good.com", "NXDOMAIN")],
    ids=["no such type", "no such name", "no name above it either"],
)
def test_a_denial_is_proven(world, name, rcode):
    world.good.write("b A 93.184.215.14")
    answer = world.start().lookup(name)
    assert (answer.records, answer.rcode, answer.dnssec) == ((), rcode, Dnssec.SECURE)


def tampered_denial():
    zone = Zone("bad.com.", "a TXT value", host=BELOW)
    zone.tamper("bad.com.", "NSEC", "z.bad.com. NS SOA RRSIG NSEC DNSKEY")
    return zone


def stripped():
    zone = Zone("bad.com.", "a TXT value", host=BELOW)
    zone.unsign("a.bad.com.")
    return zone


def with_the_key_of_another():
    zone, other = Zone("bad.com.", "a TXT value", host=BELOW), Zone("bad.com.", host=BELOW)
    other.content = zone.content  # com has the DS of `other`
    return other


BAD = {
    "a signature that ended ten minutes ago": (
        lambda: Zone("bad.com.", "a TXT value", host=BELOW, valid=(-86400, -600)),
        "a.bad.com",
    ),
    "a signature that begins in ten minutes": (
        lambda: Zone("bad.com.", "a TXT value", host=BELOW, valid=(600, 86400)),
        "a.bad.com",
    ),
    "a signed zone without signatures": (stripped, "a.bad.com"),
    "a zone signed by another key": (with_the_key_of_another, "a.bad.com"),
    "a denial that was changed": (tampered_denial, "gone.bad.com"),
}


@needs_unbound
@pytest.mark.parametrize(("make", "name"), BAD.values(), ids=BAD)
def test_what_cannot_be_validated_is_bogus(world, make, name):
    failure = world.start(make()).failure(name)
    assert (failure.kind, failure.zone_unsigned) == (FailureKind.BOGUS, False)


@needs_unbound
def test_a_forged_record_is_bogus_and_its_neighbour_is_not(world):
    assert world.start().failure("a.broken.com").kind is FailureKind.BOGUS
    assert world.lookup("broken.com").octets == (b"value",)


# ---- aliases


@needs_unbound
@pytest.mark.parametrize(
    ("target", "dnssec"),
    [("a.good.com.", Dnssec.SECURE), ("a.plain.com.", Dnssec.INSECURE)],
    ids=["to a signed zone", "to an unsigned zone"],
)
def test_an_alias_is_as_secure_as_all_of_its_way(world, target, dnssec):
    zone = Zone("alias.com.", "www CNAME next.alias.com.", f"next CNAME {target}", host=BELOW)
    answer = world.start(zone).lookup("www.alias.com")
    assert (answer.octets, answer.dnssec) == ((b"value",), dnssec)
    assert answer.aliases == ("next.alias.com", target.rstrip("."))


@needs_unbound
def test_an_alias_to_forged_data_is_bogus(world):
    zone = Zone("alias.com.", "www CNAME a.broken.com.", host=BELOW)
    assert world.start(zone).failure("www.alias.com").kind is FailureKind.BOGUS


@needs_unbound
def test_an_alias_to_nothing_is_a_proven_nothing(world):
    answer = world.start(Zone("alias.com.", "www CNAME gone.good.com.", host=BELOW)).lookup("www.alias.com")
    assert (answer.rcode, answer.dnssec, answer.records) == (Rcode.NXDOMAIN, Dnssec.SECURE, ())


@needs_unbound
@pytest.mark.parametrize("count", [3, 30])
def test_aliases_without_end_fail(world, count):
    circle = [f"n{at} CNAME n{(at + 1) % count}.alias.com." for at in range(count)]
    world.start(Zone("alias.com.", *circle, host=BELOW))
    assert world.failure("n0.alias.com").kind is FailureKind.SERVFAIL


# ---- no memory


@needs_unbound
@pytest.mark.parametrize("name", ["a.good.com", "b.good.com", "gone.good.com", "a.plain.com"])
def test_every_question_goes_all_the_way(world, name):
    """From the root down, each time, aliases and denials too."""
    world.start().lookup(name)
    for _ in range(2):
        for authority in world.authorities.values():
            authority.queries.clear()
        world.lookup(name)
        for authority in world.authorities.values():
            assert authority.queries.count((name, "TXT")) == 1


CHANGES = {
    "a record": (["a TXT old"], ["a TXT new"]),
    "an alias": (["a CNAME old.changing.com.", "old TXT old"], ["a CNAME new.changing.com.", "new TXT new"]),
    "the end of an alias": (
        ["a CNAME b.changing.com.", "b TXT old"],
        ["a CNAME b.changing.com.", "b TXT new"],
    ),
    "a name that was not there": ([], ["a TXT new"]),
    "a name below which there was nothing": (["x TXT old"], ["a TXT new"]),
    "a type that was not there": (["a A 93.184.215.14"], ["a A 93.184.215.14", "a TXT new"]),
}


@needs_unbound
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_what_changed_is_seen_by_the_next_question(world, before, after, signed):
    zone = Zone("changing.com.", *before, host=BELOW, signed=signed)
    world.start(zone)
    assert world.lookup("a.changing.com").octets != (b"new",)
    zone.write(*after)
    assert world.lookup("a.changing.com").octets == (b"new",)


@needs_unbound
def test_a_name_that_was_removed_is_gone(world):
    assert world.start().lookup("a.good.com").records
    world.good.write()
    assert world.lookup("a.good.com").rcode is Rcode.NXDOMAIN


@needs_unbound
def test_what_was_mended_is_good_at_once_and_what_was_broken_is_bogus_at_once(world):
    assert world.start().failure("a.broken.com").kind is FailureKind.BOGUS
    world.broken.write("a TXT mended")
    assert world.lookup("a.broken.com").octets == (b"mended",)
    world.broken.tamper("a.broken.com.", "TXT", "forged")
    assert world.failure("a.broken.com").kind is FailureKind.BOGUS


# ---- time


def exchange(world, name):
    """One question to the resolver, within the time that the function waits for one."""
    host, _, port = world.unbound.address.rpartition(":")
    query = dns.message.make_query(name, "TXT")
    return dns.query.udp(query, host, world.resolver.timeout, int(port)).rcode()


@needs_unbound
def test_servers_that_drop_a_question_fail_in_time_and_are_asked_again_by_the_next(world):
    """Unbound's own word, within the time of one exchange, tells dead servers from a dead resolver (BR 3.2.2.8)."""
    world.start()
    world.moody.silent = lambda type: type == dns.rdatatype.TXT
    assert exchange(world, "a.moody.com") == dns.rcode.SERVFAIL
    first = world.moody.tries
    assert first >= 2
    assert exchange(world, "a.moody.com") == dns.rcode.SERVFAIL
    assert world.moody.tries >= first + 2
    world.moody.silent = lambda type: False
    assert world.lookup("a.moody.com").octets == (b"value",)


@needs_unbound
def test_a_dead_zone_is_given_up_by_whoever_asked(world):
    world.start()
    world.moody.silent = lambda type: True
    world.resolver = DnsResolver(world.unbound.address, timeout=0.3, budget=1.0)
    failure = world.failure("a.moody.com")
    assert (failure.kind, failure.attempts) == (FailureKind.TIMEOUT, 2)


@needs_unbound
def test_long_answers_come_over_tcp(world):
    texts = [f'a TXT "{number:03d}{"x" * 200}"' for number in range(50)]
    answer = world.start(Zone("long.com.", *texts, host=BELOW)).lookup("a.long.com")
    assert (len(answer.octets), answer.dnssec) == (50, Dnssec.SECURE)


# ---- whom it asks


@needs_unbound
def test_loopback_is_asked_on_nobodys_behalf(world):
    """The file as it is, without the leave that the other tests add."""
    assert world.start(more=()).failure("a.plain.com").kind is FailureKind.SERVFAIL
    assert [authority.queries for authority in world.authorities.values()] == [[], [], []]


@needs_unbound
def test_name_servers_elsewhere_are_found_on_the_way(world):
    """Without glue, over two zones, though nothing of the way is remembered."""
    hosted = Zone("hosted.com.", "@ NS ns.good.com.", "a TXT value", f"ns A {BELOW}")
    remote = Zone("remote.com.", "@ NS ns.hosted.com.", "a TXT value", signed=False)
    world.good.write(f"ns A {BELOW}")
    delegated = delegation(hosted, "ns.good.com.") + delegation(remote, "ns.hosted.com.")
    world.start(hosted, remote, hand_made=delegated)
    assert world.lookup("a.hosted.com").dnssec is Dnssec.SECURE
    assert world.lookup("a.remote.com").octets == (b"value",)
