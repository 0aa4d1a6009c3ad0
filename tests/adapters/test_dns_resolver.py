"""The resolver adapter, against the local world's server and against hostile ones, all on loopback."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from local.dns_server import DnsServer
from local.zone import ZoneServer
from partner_center.adapters.dns_resolver import DnsResolver
from partner_center.validation.caa import CaaReason, CaaRequest, check_caa
from partner_center.validation.dns import CaaRecord, Dnssec, FailureKind, LookupFailed, Rcode, RecordType

QUICK = 0.1
"""Seconds to wait where the test is about waiting."""


@pytest.fixture
def zone():
    with ZoneServer(perspectives=["far"], ttl=120) as server:
        yield server


@pytest.fixture
def resolver(zone):
    return DnsResolver(zone.address())


@pytest.fixture
def serve():
    """Starts servers that answer as told."""
    servers = []

    def start(answer):
        servers.append(DnsServer(answer))
        return servers[-1].address

    yield start
    for server in servers:
        server.close()


class FixedClock:
    def now(self):
        return datetime(2026, 11, 23, tzinfo=UTC)


def failure_of(resolver, name, record_type=RecordType.CAA):
    with pytest.raises(LookupFailed) as failed:
        resolver.lookup(name, record_type)
    return failed.value.failure


VALUES = {
    "A": (["93.184.215.14"], ("93.184.215.14",)),
    "AAAA": (["2606:2800:21F::1"], ("2606:2800:21f::1",)),
    "TXT": (['a value; with "quotes" and ü'], ('a value; with "quotes" and ü'.encode(),)),
    "CAA": (
        ['128 IsSue "ca.net; a=1"', '0 iodef ""'],
        (CaaRecord(128, "IsSue", b"ca.net; a=1"), CaaRecord(0, "iodef", b"")),
    ),
    "CNAME": (["Target.Example.NET."], ("target.example.net",)),
    "MX": (["10 mail.example.net."], ("10 mail.example.net.",)),
    "NS": (["ns1.example.net."], ("ns1.example.net",)),
    "SOA": (["a.net. b.net. 1 2 3 4 5"], ("a.net. b.net. 1 2 3 4 5",)),
}


@pytest.mark.parametrize(
    ("record_type", "values", "records"), [(t, *v) for t, v in VALUES.items()], ids=VALUES
)
def test_record_values_are_preserved(zone, resolver, record_type, values, records):
    zone.set("host.example.com", record_type, values)
    answer = resolver.lookup("host.example.com", RecordType(record_type))
    assert sorted(map(repr, answer.records)) == sorted(map(repr, records))
    assert (answer.name, answer.type, answer.rcode, answer.ttl) == (
        "host.example.com",
        record_type,
        "NOERROR",
        120,
    )
    assert answer.aliases == ()


def test_a_long_txt_is_joined_from_its_strings(zone, resolver):
    zone.set("long.example.com", "TXT", ["x" * 700])
    assert resolver.lookup("long.example.com", RecordType.TXT).octets == (b"x" * 700,)


@pytest.mark.parametrize("state", ["secure", "insecure"])
def test_the_ad_bit_is_the_evidence_for_dnssec(zone, resolver, state):
    zone.set("host.example.com", "TXT", ["v"], dnssec=state)
    assert resolver.lookup("host.example.com", RecordType.TXT).dnssec == state


def test_a_name_that_does_not_exist_is_an_answer(resolver):
    answer = resolver.lookup("nowhere.example.org", RecordType.CAA)
    assert (answer.rcode, answer.records, answer.dnssec) == (Rcode.NXDOMAIN, (), Dnssec.INSECURE)


def test_a_type_that_does_not_exist_is_an_answer(resolver):
    answer = resolver.lookup("example.com", RecordType.CAA)
    assert (answer.rcode, answer.records) == (Rcode.NOERROR, ())


def test_aliases_are_followed_and_reported_in_order(zone, resolver):
    zone.set("www.example.com", "CNAME", ["one.example.net."], dnssec="secure")
    zone.set("one.example.net", "CNAME", ["Two.example.net."], dnssec="secure")
    zone.set("two.example.net", "CAA", ['0 issue ";"'], dnssec="secure")
    answer = resolver.lookup("www.example.com", RecordType.CAA)
    assert answer.aliases == ("one.example.net", "two.example.net")
    assert answer.caa == (CaaRecord(0, "issue", b";"),)
    assert answer.dnssec is Dnssec.SECURE


def test_one_insecure_link_makes_the_answer_insecure(zone, resolver):
    zone.set("www.example.com", "CNAME", ["one.example.net."], dnssec="secure")
    zone.set("one.example.net", "TXT", ["v"])
    assert resolver.lookup("www.example.com", RecordType.TXT).dnssec is Dnssec.INSECURE


def test_an_alias_to_nowhere_is_nxdomain_with_the_alias(zone, resolver):
    zone.set("www.example.com", "CNAME", ["gone.example.net."])
    answer = resolver.lookup("www.example.com", RecordType.TXT)
    assert (answer.rcode, answer.aliases, answer.records) == (Rcode.NXDOMAIN, ("gone.example.net",), ())


def test_a_circle_of_aliases_fails(zone, resolver):
    zone.set("a.example.com", "CNAME", ["b.example.com."])
    zone.set("b.example.com", "CNAME", ["a.example.com."])
    assert failure_of(resolver, "a.example.com").kind is FailureKind.SERVFAIL


def test_a_truncated_answer_is_asked_for_again_over_tcp(zone, resolver):
    values = [f"{number:04d}" + "x" * 200 for number in range(100)]
    zone.set("big.example.com", "TXT", values)
    assert len(resolver.lookup("big.example.com", RecordType.TXT).octets) == 100


def test_bogus_data_is_told_apart_from_dead_servers(zone, resolver):
    zone.set("bogus.example.com", "CAA", ['0 issue "ca.net"'], dnssec="bogus")
    zone.set("dead.example.com", "CAA", [], rcode="SERVFAIL")
    assert failure_of(resolver, "bogus.example.com").kind is FailureKind.BOGUS
    assert failure_of(resolver, "dead.example.com").kind is FailureKind.SERVFAIL


def test_a_bogus_zone_is_never_called_unsigned(zone, resolver):
    zone.set("bogus.example.com", "CAA", ['0 issue "ca.net"'], dnssec="bogus")
    assert failure_of(resolver, "bogus.example.com").zone_unsigned is False


UNSIGNED = {
    "an unsigned zone": ([("www.example.com", "CAA", [], "SERVFAIL", "insecure")], True),
    "a signed zone": (
        [
            ("www.example.com", "CAA", [], "SERVFAIL", "insecure"),
            ("example.com", "SOA", ["a. b. 1 2 3 4 5"], None, "secure"),
        ],
        False,
    ),
    "the nearest zone cannot be asked, its parent is unsigned": (
        [
            ("www.example.com", "CAA", [], "SERVFAIL", "insecure"),
            ("www.example.com", "SOA", [], "SERVFAIL", "insecure"),
        ],
        True,
    ),
    "no zone below the top-level domain can be asked": (
        [
            ("www.example.com", "CAA", [], "SERVFAIL", "insecure"),
            ("example.com", "SOA", [], "SERVFAIL", "insecure"),
        ],
        False,
    ),
    "it cannot be told whether the name is an alias": (
        [
            ("www.example.com", "CAA", [], "SERVFAIL", "insecure"),
            ("www.example.com", "CNAME", [], "SERVFAIL", "insecure"),
        ],
        False,
    ),
    "an alias into an unsigned zone": (
        [
            ("www.example.com", "CNAME", ["x.example.net."], None, "insecure"),
            ("x.example.net", "CAA", [], "SERVFAIL", "insecure"),
        ],
        True,
    ),
    "an alias into a signed zone": (
        [
            ("www.example.com", "CNAME", ["x.example.net."], None, "insecure"),
            ("x.example.net", "CAA", [], "SERVFAIL", "insecure"),
            ("example.net", "SOA", ["a. b. 1 2 3 4 5"], None, "secure"),
        ],
        False,
    ),
    "the root is not shown to be signed": (
        [
            ("www.example.com", "CAA", [], "SERVFAIL", "insecure"),
            ("anchor.net", "SOA", ["a. b. 1 2 3 4 5"], None, "insecure"),
        ],
        False,
    ),
}


@pytest.mark.parametrize(("entries", "proven"), UNSIGNED.values(), ids=UNSIGNED)
def test_a_zone_is_unsigned_only_by_live_proof(zone, entries, proven):
    for entry in entries:
        zone.set(*entry)
    anchor = "anchor.net" if any(entry[0] == "anchor.net" for entry in entries) else "."
    failure = failure_of(DnsResolver(zone.address(), anchor=anchor), "www.example.com")
    assert (failure.kind, failure.zone_unsigned) == (FailureKind.SERVFAIL, proven)


@pytest.mark.parametrize(
    ("rcode", "kind"),
    [("SERVFAIL", "servfail"), ("REFUSED", "refused"), ("NOTIMP", "unusable"), ("TIMEOUT", "timeout")],
)
def test_every_failure_is_retried_and_named(zone, rcode, kind):
    zone.set("dead.example.com", "CAA", [], rcode=rcode)
    failure = failure_of(DnsResolver(zone.address(), timeout=QUICK, attempts=3), "dead.example.com")
    assert (failure.kind, failure.attempts, failure.type) == (kind, 3, RecordType.CAA)


def test_only_trouble_outside_is_ever_called_unsigned(zone):
    zone.set("dead.example.com", "CAA", [], rcode="REFUSED")
    assert failure_of(DnsResolver(zone.address()), "dead.example.com").zone_unsigned is False


def test_a_zone_that_drops_caa_queries_is_a_timeout_and_proven_unsigned(zone):
    zone.set("drops.example.com", "CAA", [], rcode="TIMEOUT")
    failure = failure_of(DnsResolver(zone.address(), timeout=QUICK), "drops.example.com")
    assert (failure.kind, failure.zone_unsigned) == (FailureKind.TIMEOUT, True)


def reply_to(wire, **changes):
    query = dns.message.from_wire(wire)
    response = dns.message.make_response(query, recursion_available=True)
    for key, value in changes.items():
        setattr(response, key, value)
    return response


def test_a_second_attempt_may_succeed(serve):
    queries = itertools.count()

    def answer(wire, over_udp):
        response = reply_to(wire)
        if next(queries) == 0:
            response.set_rcode(dns.rcode.SERVFAIL)
        return response.to_wire()

    assert DnsResolver(serve(answer)).lookup("example.com", RecordType.CAA).records == ()


def test_the_query_asks_for_validation_and_signatures(serve):
    seen = []

    def answer(wire, over_udp):
        seen.append(dns.message.from_wire(wire))
        return reply_to(wire).to_wire()

    DnsResolver(serve(answer)).lookup("example.com", RecordType.CAA)
    (query,) = seen
    assert query.ednsflags & dns.flags.DO
    assert query.flags & dns.flags.RD
    assert not query.flags & dns.flags.CD
    assert query.payload == 1232


def _two_questions(wire, over_udp):
    response = reply_to(wire)
    response.question = response.question * 2
    return response.to_wire()


def _another_question(wire, over_udp):
    response = reply_to(wire)
    response.question = dns.message.make_query("evil.org", "CAA").question
    return response.to_wire()


def _bad_caa(wire, over_udp):
    """A CAA record whose tag holds a hyphen, which RFC 8659, section 4.1 does not allow."""
    response = reply_to(wire)
    response.answer.append(
        dns.rrset.from_text(response.question[0].name, 60, "IN", "CAA", '0 issue "ca.net"')
    )
    return response.to_wire().replace(b"\x05issue", b"\x05is-ue")


def _answer_for_nxdomain(wire, over_udp):
    response = reply_to(wire)
    response.answer.append(
        dns.rrset.from_text(response.question[0].name, 60, "IN", "CAA", '0 issue "ca.net"')
    )
    response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()


def _long_chain(wire, over_udp):
    response = reply_to(wire)
    owner = response.question[0].name
    for number in range(40):
        target = f"a{number}.example.net."
        response.answer.append(dns.rrset.from_text(owner, 60, "IN", "CNAME", target))
        owner = target
    return response.to_wire()


HOSTILE = {
    "noise": (lambda wire, over_udp: b"\xff" * 40, "unusable"),
    "nothing but the id": (lambda wire, over_udp: wire[:2], "unusable"),
    "empty": (lambda wire, over_udp: b"", "unusable"),
    "the query itself": (lambda wire, over_udp: wire, "unusable"),
    "cut in the middle": (lambda wire, over_udp: _answer_for_nxdomain(wire, over_udp)[:-5], "unusable"),
    "junk behind the message": (lambda wire, over_udp: reply_to(wire).to_wire() + b"junk", "unusable"),
    "another id": (lambda wire, over_udp: bytes([wire[0] ^ 1]) + reply_to(wire).to_wire()[1:], "unusable"),
    "another question": (_another_question, "unusable"),
    "two questions": (_two_questions, "unusable"),
    "an answer for a name that does not exist": (_answer_for_nxdomain, "unusable"),
    "forty aliases": (_long_chain, "unusable"),
    "a CAA tag that is no tag": (_bad_caa, "unusable"),
    "truncated for ever": (
        lambda wire, over_udp: (
            reply_to(wire, flags=reply_to(wire).flags | dns.flags.TC).to_wire() if over_udp else None
        ),
        "unusable",
    ),
}


@pytest.mark.parametrize(("answer", "kind"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_response_is_a_failure_and_never_an_answer(serve, answer, kind):
    failure = failure_of(DnsResolver(serve(answer), timeout=1.0), "example.com")
    assert (failure.kind, failure.zone_unsigned) == (kind, False)


def test_a_silent_server_ends_within_the_budget(serve):
    resolver = DnsResolver(serve(lambda wire, over_udp: None), timeout=QUICK, attempts=50, budget=3 * QUICK)
    began = time.monotonic()
    failure = failure_of(resolver, "a.b.c.d.e.f.example.com")
    assert time.monotonic() - began < 20 * QUICK
    assert (failure.kind, failure.zone_unsigned) == (FailureKind.TIMEOUT, False)
    assert failure.attempts < 50


def test_the_budget_runs_on_the_given_clock(serve):
    ticks = itertools.count(step=100)
    resolver = DnsResolver(serve(lambda wire, over_udp: None), monotonic=lambda: float(next(ticks)))
    assert failure_of(resolver, "example.com").kind is FailureKind.TIMEOUT


def test_a_resolver_that_is_gone(zone):
    with ZoneServer() as gone:
        address = gone.address()
    failure = failure_of(DnsResolver(address, timeout=QUICK), "example.com")
    assert failure.kind in {FailureKind.TIMEOUT, FailureKind.UNREACHABLE}
    assert failure.zone_unsigned is False


@pytest.mark.parametrize(
    "server", ["8.8.8.8:53", "192.168.1.1:53", "[2001:db8::1]:53", "127.0.0.1:0", "127.0.0.1:70000"]
)
def test_the_resolver_must_be_on_loopback(server):
    with pytest.raises(ValueError, match=r"loopback|port"):
        DnsResolver(server)


def test_loopback_in_either_family_is_accepted():
    assert DnsResolver("127.0.0.1:53").server
    assert DnsResolver("[::1]:53").server


@pytest.mark.parametrize("setting", [{"attempts": 0}, {"timeout": 0}])
def test_a_look_up_has_attempts_and_time(setting):
    with pytest.raises(ValueError, match="attempt"):
        DnsResolver("127.0.0.1:53", **setting)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a..com",
        "a.com.",
        "A.com",
        "*.a.com",
        "a\\.b.com",
        "a\\046b.com",
        "ä.com",
        "a\n.com",
        "a" * 64 + ".com",
        "a." * 127 + "com",
        "a b.com",
    ],
)
def test_what_is_no_canonical_name_is_not_asked(name):
    with pytest.raises(ValueError, match="not a name"):
        DnsResolver("127.0.0.1:9").lookup(name, RecordType.CAA)


def test_an_underscore_label_may_be_looked_up(zone, resolver):
    zone.set("_dnsauth.example.com", "TXT", ["value"])
    assert resolver.lookup("_dnsauth.example.com", RecordType.TXT).octets == (b"value",)


def test_one_resolver_serves_many_threads(zone, resolver):
    for number in range(50):
        zone.set(f"n{number}.example.com", "TXT", [f"v{number}"])
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda n: resolver.lookup(f"n{n}.example.com", RecordType.TXT).octets, range(50))
    assert list(answers) == [(f"v{number}".encode(),) for number in range(50)]


def test_each_perspective_sees_its_own_world(zone):
    zone.set("example.com", "TXT", ["near"])
    zone.set("example.com", "TXT", ["hijacked"], perspective="far")
    near, far = DnsResolver(zone.address()), DnsResolver(zone.address("far"))
    assert near.lookup("example.com", RecordType.TXT).octets == (b"near",)
    assert far.lookup("example.com", RecordType.TXT).octets == (b"hijacked",)


CAA_WORLDS = {
    "no records": ([], CaaReason.NO_RECORDS),
    "a parent forbids": ([("example.com", "CAA", ['0 issue ";"'])], CaaReason.FORBIDDEN),
    "an alias leads to a refusal": (
        [("www.example.com", "CNAME", ["x.example.net."]), ("x.example.net", "CAA", ['0 issue "other.org"'])],
        CaaReason.ISSUER_NOT_LISTED,
    ),
    "dead servers of an unsigned zone": ([("www.example.com", "CAA", [], "SERVFAIL")], CaaReason.NO_RECORDS),
    "dead servers of a signed zone": (
        [("www.example.com", "CAA", [], "SERVFAIL", "secure")],
        CaaReason.LOOKUP_FAILED,
    ),
    "bogus": (
        [("www.example.com", "CAA", ['0 issue "ca.example-ca.net"'], None, "bogus")],
        CaaReason.LOOKUP_FAILED,
    ),
}


@pytest.mark.parametrize(("entries", "reason"), CAA_WORLDS.values(), ids=CAA_WORLDS)
def test_caa_is_decided_on_what_the_world_answers(zone, resolver, entries, reason):
    zone.delete("www.example.com")
    for entry in entries:
        zone.set(*entry)
    request = CaaRequest("www.example.com", "3.2.2.4.7")
    (check,) = check_caa([request], resolver, ["ca.example-ca.net"], FixedClock())
    assert check.verdict.reason is reason
