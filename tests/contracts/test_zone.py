"""The local world's DNS behaves like a validating resolver in front of a world: what adapters rely on."""

import itertools
import random
import socket
import struct
import threading

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from local.zone import DEFAULT_WORLD, ZoneServer

POST_FIELDS = {"name", "type", "values", "rcode", "dnssec", "perspective"}


@pytest.fixture
def zone():
    with ZoneServer(perspectives=["p1", "p2"]) as server:
        yield server


def ask(zone, name, record_type="TXT", perspective=None, cd=False, tcp=False, **options):
    host, port = zone.address(perspective).split(":")
    query = dns.message.make_query(name, record_type, **({"want_dnssec": True, "payload": 1232} | options))
    query.flags |= dns.flags.CD if cd else 0
    exchange = dns.query.tcp if tcp else dns.query.udp
    return exchange(query, host, timeout=2, port=int(port))


def rcode(response):
    return dns.rcode.to_text(response.rcode())


def is_secure(response):
    return bool(response.flags & dns.flags.AD)


def texts(response):
    return [text for rrset in response.answer for text in (f"{rrset.name} {rd}" for rd in rrset)]


def test_the_default_world_lets_a_first_order_pass(zone):
    for name in DEFAULT_WORLD:
        assert rcode(ask(zone, name, "CAA")) == "NOERROR"
        assert not ask(zone, name, "CAA").answer
        assert ask(zone, name, "A").answer


def test_an_unknown_name_is_nxdomain_under_an_unsigned_soa(zone):
    response = ask(zone, "www.unknown.net")
    assert (rcode(response), is_secure(response)) == ("NXDOMAIN", False)
    assert [dns.rdatatype.to_text(rrset.rdtype) for rrset in response.authority] == ["SOA"]


def test_the_root_and_top_level_domains_are_signed(zone):
    for name in (".", "com", "net"):
        response = ask(zone, name, "SOA")
        assert (rcode(response), is_secure(response), len(response.answer)) == ("NOERROR", True, 1)


def test_a_name_with_other_types_or_names_below_exists(zone):
    zone.set("a.b.example.org", "TXT", ["v"])
    for name, record_type in (("a.b.example.org", "A"), ("b.example.org", "TXT")):
        response = ask(zone, name, record_type)
        assert (rcode(response), response.answer) == ("NOERROR", [])
    assert rcode(ask(zone, "x.a.b.example.org")) == "NXDOMAIN"


STATES = {
    "insecure": ("insecure", False, "NOERROR", False),
    "secure": ("secure", False, "NOERROR", True),
    "secure, checking disabled": ("secure", True, "NOERROR", False),
    "bogus": ("bogus", False, "SERVFAIL", False),
    "bogus, checking disabled": ("bogus", True, "NOERROR", False),
}


@pytest.mark.parametrize(("state", "cd", "code", "ad"), STATES.values(), ids=STATES)
def test_dnssec_states(zone, state, cd, code, ad):
    zone.set("x.example.com", "TXT", ["v"], dnssec=state)
    response = ask(zone, "x.example.com", cd=cd)
    assert (rcode(response), is_secure(response)) == (code, ad)
    assert bool(response.answer) is (code == "NOERROR")


def test_a_zone_is_as_signed_as_its_records(zone):
    assert not is_secure(ask(zone, "example.com", "SOA"))
    zone.set("x.example.com", "TXT", ["v"], dnssec="secure")
    assert is_secure(ask(zone, "example.com", "SOA"))
    assert is_secure(ask(zone, "gone.example.com"))
    zone.set("example.com", "SOA", ["a. b. 1 2 3 4 5"], dnssec="insecure")
    assert not is_secure(ask(zone, "gone.example.com"))


def test_a_denial_can_be_bogus(zone):
    zone.set("x.example.com", "CAA", [], dnssec="bogus")
    assert rcode(ask(zone, "x.example.com", "CAA")) == "SERVFAIL"
    assert rcode(ask(zone, "x.example.com", "CAA", cd=True)) == "NOERROR"


def test_aliases_are_followed_across_zones(zone):
    zone.set("www.example.com", "CNAME", ["a.example.net."])
    zone.set("a.example.net", "TXT", ["v"])
    assert texts(ask(zone, "www.example.com")) == ["www.example.com. a.example.net.", 'a.example.net. "v"']
    assert texts(ask(zone, "www.example.com", "CNAME")) == ["www.example.com. a.example.net."]


def test_an_alias_is_as_bogus_as_its_target(zone):
    zone.set("www.example.com", "CNAME", ["a.example.net."], dnssec="secure")
    zone.set("a.example.net", "TXT", ["v"], dnssec="bogus")
    assert rcode(ask(zone, "www.example.com")) == "SERVFAIL"


def test_a_circle_of_aliases_is_servfail(zone):
    zone.set("a.example.com", "CNAME", ["a.example.com."])
    assert rcode(ask(zone, "a.example.com")) == "SERVFAIL"


@pytest.mark.parametrize("code", ["NXDOMAIN", "SERVFAIL", "REFUSED", "NOTIMP"])
def test_a_response_code_can_be_forced_for_one_type(zone, code):
    zone.set("example.com", "CAA", [], rcode=code)
    assert rcode(ask(zone, "example.com", "CAA")) == code
    assert rcode(ask(zone, "example.com", "A")) == "NOERROR"


def test_silence_can_be_forced(zone):
    zone.set("example.com", "CAA", [], rcode="TIMEOUT")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(
            dns.message.make_query("example.com", "CAA"),
            "127.0.0.1",
            timeout=0.1,
            port=int(zone.address().split(":")[1]),
        )


def test_records_carry_the_ttl():
    with ZoneServer(ttl=7) as zone:
        assert ask(zone, "example.com", "A").answer[0].ttl == 7


def test_names_are_case_insensitive_and_the_question_keeps_its_case(zone):
    zone.set("Host.Example.COM", "TXT", ["v"])
    assert texts(ask(zone, "hOST.example.com")) == ['hOST.example.com. "v"']


def test_setting_replaces_and_deleting_removes(zone):
    zone.set("x.example.com", "TXT", ["one"])
    zone.set("x.example.com", "TXT", ["two", "three"])
    zone.set("x.example.com", "CAA", ['0 issue ";"'])
    assert len(texts(ask(zone, "x.example.com"))) == 2
    zone.delete("X.example.com", "TXT")
    assert rcode(ask(zone, "x.example.com")) == "NOERROR"
    zone.delete("x.example.com")
    zone.delete("x.example.com")
    assert rcode(ask(zone, "x.example.com")) == "NXDOMAIN"


def test_an_entry_for_one_perspective_hides_the_common_one_there_only(zone):
    zone.set("example.com", "TXT", ["common"])
    zone.set("example.com", "TXT", [], perspective="p1")
    zone.set("example.com", "TXT", ["hijacked"], perspective="p2")
    assert texts(ask(zone, "example.com")) == ['example.com. "common"']
    assert texts(ask(zone, "example.com", perspective="p1")) == []
    assert texts(ask(zone, "example.com", perspective="p2")) == ['example.com. "hijacked"']
    zone.delete("example.com", "TXT")
    assert texts(ask(zone, "example.com", perspective="p2")) == []


def test_the_order_of_entries_does_not_matter_to_a_perspective(zone):
    zone.set("example.com", "TXT", ["hijacked"], perspective="p2")
    zone.set("example.com", "TXT", ["common"])
    assert texts(ask(zone, "example.com", perspective="p2")) == ['example.com. "hijacked"']


def test_records_are_the_bodies_that_make_them_again(zone):
    zone.set("a.example.com", "TXT", ["v"], dnssec="secure", perspective="p1")
    zone.set("b.example.com", "CAA", [], rcode="SERVFAIL")
    zone.set("c.example.com", "CAA", ['128 issue "ca.net; a=b"'])
    described = zone.records()
    assert all(
        set(record) <= POST_FIELDS and {"name", "type", "values"} <= set(record) for record in described
    )
    assert {
        "name": "b.example.com",
        "type": "CAA",
        "values": [],
        "dnssec": "insecure",
        "rcode": "SERVFAIL",
    } in described
    with ZoneServer(perspectives=["p1", "p2"], world={}) as again:
        for body in described:
            again.set(**body)
        assert again.records() == described


REFUSED = {
    "unknown type": {"type": "SRV"},
    "unknown rcode": {"rcode": "BADVERS"},
    "unknown state": {"dnssec": "maybe"},
    "unknown perspective": {"perspective": "p9"},
    "an address that is none": {"type": "A", "values": ["93.184.215.300"]},
    "a CAA value without quotes around blanks": {"type": "CAA", "values": ["0 issue ca.net ; a=b"]},
    "a CAA flag that is too large": {"type": "CAA", "values": ['256 issue "x"']},
    "two aliases": {"type": "CNAME", "values": ["a.net.", "b.net."]},
    "a text in place of the list": {"values": "abc"},
    "a number in the list": {"values": [1]},
    "an empty name": {"name": ""},
    "an empty label": {"name": "a..com"},
    "a label that is too long": {"name": "a" * 64 + ".com"},
    "letters outside ASCII": {"name": "bücher.de"},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_served_is_refused_and_changes_nothing(zone, changes):
    before = zone.records()
    with pytest.raises(ValueError, match=r"."):
        zone.set(**({"name": "x.example.com", "type": "TXT", "values": ["v"]} | changes))
    assert zone.records() == before


@pytest.mark.parametrize("value", ["", 'quotes " inside', "back\\slash", "semi;colon", "é", "x" * 600])
def test_a_txt_value_is_served_as_it_was_written(zone, value):
    zone.set("t.example.com", "TXT", [value])
    (record,) = ask(zone, "t.example.com").answer[0]
    assert b"".join(record.strings) == value.encode()


def test_an_answer_too_large_for_udp_is_truncated_and_whole_over_tcp(zone):
    zone.set("big.example.com", "TXT", [f"{n}" + "x" * 250 for n in range(200)])
    truncated = ask(zone, "big.example.com")
    assert truncated.flags & dns.flags.TC
    assert not truncated.answer
    assert len(ask(zone, "big.example.com", tcp=True).answer[0]) == 200


def test_without_edns_the_limit_is_512_octets(zone):
    zone.set("mid.example.com", "TXT", ["x" * 600])
    assert ask(zone, "mid.example.com", want_dnssec=False, payload=None).flags & dns.flags.TC
    assert not ask(zone, "mid.example.com").flags & dns.flags.TC


def test_several_queries_on_one_tcp_connection(zone):
    host, port = zone.address().split(":")
    wire = dns.message.make_query("example.com", "A").to_wire()
    with (
        socket.create_connection((host, int(port)), timeout=2) as connection,
        connection.makefile("rb") as stream,
    ):
        for _ in range(3):
            connection.sendall(struct.pack("!H", len(wire)) + wire)
            (length,) = struct.unpack("!H", stream.read(2))
            assert dns.message.from_wire(stream.read(length)).answer


NOISE = {
    "empty": b"",
    "one octet": b"\0",
    "a header alone": b"\0" * 12,
    "all ones": b"\xff" * 512,
    "a question cut short": dns.message.make_query("example.com", "A").to_wire()[:-3],
    "a name that points at itself": b"\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1",
    "a response": dns.message.make_response(dns.message.make_query("example.com", "A")).to_wire(),
    "a type nobody knows": dns.message.make_query("example.com", 65280).to_wire(),
    "an update": b"\0\1\x28\0\0\1\0\0\0\0\0\0\7example\3com\0\0\6\0\1",
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_noise_does_not_stop_the_server(zone, noise):
    host, port = zone.address().split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(noise, (host, int(port)))
    with socket.create_connection((host, int(port)), timeout=2) as connection:
        connection.sendall(struct.pack("!H", len(noise)) + noise)
    assert ask(zone, "example.com", "A").answer
    assert ask(zone, "example.com", "A", tcp=True).answer


def test_closing_frees_ports_and_threads_and_may_be_repeated():
    before = set(threading.enumerate())
    zone = ZoneServer(perspectives=["p1"])
    ports = [int(zone.address(each).split(":")[1]) for each in (None, "p1")]
    assert len(set(ports)) == 2
    zone.close()
    zone.close()
    assert set(threading.enumerate()) <= before  # one of another test may have ended meanwhile
    for port in ports:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as taken:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                taken.bind(("127.0.0.1", port))


@pytest.mark.parametrize("seed", range(4))
def test_what_was_replaced_or_deleted_leaves_no_trace(zone, seed):
    """A zone that was changed a hundred times answers as one that was made as it is now."""
    draw = random.Random(seed)  # noqa: S311 - repeatable
    names = ["org", "example.org", "a.example.org", "b.a.example.org", "Example.NET", "c.b.a.example.net"]
    for _ in range(100):
        name, kind = draw.choice(names), draw.choice(("A", "TXT", "SOA"))
        if draw.random() < 0.4:
            zone.delete(name, draw.choice((kind, None)))
            continue
        value = {"A": "192.0.2.1", "TXT": "v", "SOA": "ns.invalid. hostmaster.invalid. 1 2 3 4 60"}[kind]
        values = [value] if draw.random() < 0.8 else []
        zone.set(
            name,
            kind,
            values,
            dnssec=draw.choice(("secure", "insecure", "bogus")),
            perspective=draw.choice((None, "p1", "p2")),
        )
    asked = [*names, "x.example.org", "b.a.example.net", "unknown.net", "net", "."]
    with ZoneServer(perspectives=zone.perspectives, world={}) as anew:
        for record in zone.records():
            anew.set(**record)
        for name, kind, perspective in itertools.product(asked, ("A", "SOA"), (None, "p1", "p2")):
            said, expected = (ask(each, name, kind, perspective, id=1) for each in (zone, anew))
            assert said.to_text() == expected.to_text()
