"""The resolver adapter, against the local world's server and against hostile ones, all on loopback."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from local.zone import ZoneServer
from partner_center.adapters.dns_resolver import DnsResolver
from partner_center.validation.caa import CaaReason, caa_verdict, relevant_caa_set
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
    "dead servers of an unsigned zone": (
        [("www.example.com", "CAA", [], "SERVFAIL")],
        CaaReason.FAILURE_PARDONED,
    ),
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
    caa_set = relevant_caa_set("www.example.com", resolver)
    verdict = caa_verdict(caa_set, "www.example.com", ["ca.example-ca.net"], "3.2.2.4.7")
    assert verdict.reason is reason
