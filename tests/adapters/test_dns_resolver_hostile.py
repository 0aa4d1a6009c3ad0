"""The resolver adapter against servers that lie, stall or talk nonsense, all on loopback."""

import itertools
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from local.dns_server import DnsServer
from partner_center.adapters.dns_resolver import DnsResolver
from partner_center.validation.dns import FailureKind, LookupFailed, RecordType

QUICK = 0.1
"""Seconds to wait where the test is about waiting."""


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


def failure_of(resolver, name):
    with pytest.raises(LookupFailed) as failed:
        resolver.lookup(name, RecordType.CAA)
    return failed.value.failure


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
