"""The probe for a file: what is asked, and of whom (BR 3.2.2.4.18). All servers are on loopback."""

import pytest

from local.web_world import WebWorld
from local.zone import ZoneServer
from partner_center.adapters.dialing import AddressRefused, dialer_through
from partner_center.adapters.dns_resolver import DnsResolver
from partner_center.adapters.http_probe import HttpProbe
from partner_center.validation.dns import Dnssec, FailureKind, RecordType
from partner_center.validation.file_check import check_file
from partner_center.validation.looks import FILE_PATH, FileLook, Hop, PageTrouble
from tests.adapters.hostile_server import answer, redirect
from tests.adapters.probe_world import HERE, HOST, LOOK, V6, VALUE, Dialler, WorldResolver, fetch, pages

# what is asked


def test_the_file_is_fetched_from_the_fixed_path_of_port_80(serve_web):
    server = serve_web(answer(VALUE))
    dialler = Dialler(server)
    page = HttpProbe(WorldResolver(), dialler).fetch(LOOK)
    assert (page.status, page.body, page.trouble) == (200, VALUE, None)
    assert page.hops == (Hop(f"http://{HOST}{FILE_PATH}", HERE, 200, Dnssec.INSECURE),)
    assert dialler.dialled == [(HERE, 80)]
    assert check_file(LOOK, page, VALUE.decode()).passed


def test_the_request_says_who_asks_and_nothing_else(serve_web):
    server = serve_web(answer(VALUE))
    fetch(server)
    (asked,) = server.asked
    assert asked.line == f"GET {FILE_PATH} HTTP/1.1"
    assert dict(asked.headers) == {
        "Host": HOST,
        "User-Agent": "PartnerCenter-DomainValidation/1.0",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    assert len(asked.headers) == 5
    assert asked.rest == b""


def test_cookies_are_not_kept_and_no_referer_is_sent(serve_web):
    cookie = "Set-Cookie: a=b; Domain=example.com"
    server = serve_web(
        pages({LOOK.url: answer(b"", 302, "Location: /x", cookie, 'WWW-Authenticate: Basic realm="x"')})
    )
    fetch(server)
    assert len(server.asked) == 2
    assert {name for name, _ in server.asked[1].headers} == {name for name, _ in server.asked[0].headers}


def test_proxies_of_the_environment_are_not_asked(serve_web, monkeypatch):
    proxy, server = serve_web(answer(b"by proxy")), serve_web(answer(VALUE))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{proxy.address}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert fetch(server).body == VALUE
    assert proxy.accepted == 0


@pytest.mark.parametrize(
    "host", ["*.example.com", "localhost", "127.0.0.1", "a.com:80", "a.com/x", "A.com", ""]
)
def test_only_a_canonical_name_is_asked(host):
    with pytest.raises(ValueError, match="not for a probe"):
        HttpProbe(WorldResolver()).fetch(FileLook(host))


# whose address


def test_each_name_is_resolved_once_for_both_families(serve_web):
    """A name that is rebound: public when it is looked up, loopback when it is looked up again."""
    resolver = WorldResolver(www_example_com=[(HERE,), (), ("127.0.0.1",), ("::1",)])
    dialler = Dialler(serve_web(answer(VALUE)))
    assert HttpProbe(resolver, dialler).fetch(LOOK).body == VALUE
    assert resolver.asked == [(HOST, RecordType.A), (HOST, RecordType.AAAA)]
    assert dialler.dialled == [(HERE, 80)]


def test_a_name_that_is_rebound_between_redirects_is_judged_again(serve_web):
    resolver = WorldResolver(www_example_com=[(HERE,), (), ("169.254.169.254",), ()])
    server = serve_web(pages({LOOK.url: redirect("/latest/meta-data/")}))
    dialler = Dialler(server)
    page = HttpProbe(resolver, dialler).fetch(LOOK)
    assert page.trouble is PageTrouble.ADDRESS_REFUSED
    assert page.hops[1] == Hop(f"http://{HOST}/latest/meta-data/", "169.254.169.254", None, Dnssec.INSECURE)
    assert dialler.dialled == [(HERE, 80)]


NOT_GLOBAL = [
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "2002:7f00:1::",
    "not an address",
    "0177.0.0.1",
]


@pytest.mark.parametrize("address", NOT_GLOBAL)
def test_an_address_outside_global_unicast_is_not_dialled(serve_web, address):
    server = serve_web(answer(VALUE))
    dialler = Dialler(server)
    page = HttpProbe(WorldResolver(www_example_com=[(address,), (address,)]), dialler).fetch(LOOK)
    assert (page.trouble, page.status, page.body) == (PageTrouble.ADDRESS_REFUSED, None, b"")
    assert page.hops == (Hop(LOOK.url, address, None, Dnssec.INSECURE),)
    assert (dialler.dialled, server.accepted) == ([], 0)


def test_an_address_that_is_refused_is_passed_over_for_one_that_is_not(serve_web):
    dialler = Dialler(serve_web(answer(VALUE)))
    resolver = WorldResolver(www_example_com=("10.0.0.1", "fd00::1", HERE, V6))
    assert HttpProbe(resolver, dialler).fetch(LOOK).body == VALUE
    assert dialler.dialled == [(HERE, 80)]


def test_addresses_are_tried_in_turn_of_their_families(serve_web):
    dead = {each: ConnectionRefusedError() for each in ("1.0.0.1", "2a00::1", "1.0.0.2")}
    dialler = Dialler(serve_web(answer(VALUE)), **dead)
    resolver = WorldResolver(www_example_com=("1.0.0.1", "1.0.0.2", "1.0.0.3", "2a00::1"))
    page = HttpProbe(resolver, dialler).fetch(LOOK)
    assert dialler.dialled == [("1.0.0.1", 80), ("2a00::1", 80), ("1.0.0.2", 80), ("1.0.0.3", 80)]
    assert page.hops == (Hop(LOOK.url, "1.0.0.3", 200, Dnssec.INSECURE),)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [(ConnectionRefusedError(), PageTrouble.UNREACHABLE), (TimeoutError(), PageTrouble.TIMEOUT)],
)
def test_only_a_few_addresses_are_tried(serve_web, error, trouble):
    addresses = tuple(f"1.0.0.{number}" for number in range(100))
    dialler = Dialler(serve_web(answer(VALUE)), **dict.fromkeys(addresses, error))
    page = HttpProbe(WorldResolver(www_example_com=addresses), dialler).fetch(LOOK)
    assert (page.trouble, len(dialler.dialled)) == (trouble, 4)
    assert page.hops == (Hop(LOOK.url, "1.0.0.3", None, Dnssec.INSECURE),)


def test_a_host_of_ipv6_alone_is_asked(serve_web):
    dialler = Dialler(serve_web(answer(VALUE)))
    page = HttpProbe(WorldResolver(www_example_com=(V6,)), dialler).fetch(LOOK)
    assert (page.body, page.hops[0].address, dialler.dialled) == (VALUE, V6, [(V6, 80)])


def test_a_socket_that_ends_elsewhere_gets_no_byte(serve_web):
    server = serve_web(answer(VALUE))
    dialler = Dialler(server, **{HERE: AddressRefused("elsewhere")})
    page = HttpProbe(WorldResolver(www_example_com=(HERE, V6)), dialler).fetch(LOOK)
    assert (page.trouble, page.hops[0].address) == (PageTrouble.ADDRESS_REFUSED, HERE)
    assert (server.asked, dialler.dialled) == ([], [(HERE, 80)])


LOOKUPS = {
    "no such name": ((), PageTrouble.NO_ADDRESS),
    "dead name servers": (FailureKind.SERVFAIL, PageTrouble.LOOKUP_FAILED),
    "silent name servers": (FailureKind.TIMEOUT, PageTrouble.LOOKUP_FAILED),
    "bogus, as a failure": (FailureKind.BOGUS, PageTrouble.LOOKUP_FAILED),
    "bogus, as an answer": (Dnssec.BOGUS, PageTrouble.LOOKUP_FAILED),
    "only IPv6 is bogus": ([(HERE,), Dnssec.BOGUS], PageTrouble.LOOKUP_FAILED),
    "only IPv6 fails": ([(HERE,), FailureKind.SERVFAIL], PageTrouble.LOOKUP_FAILED),
    "our resolver is gone": (FailureKind.UNREACHABLE, PageTrouble.RESOLVER_FAILED),
    "our resolver refuses": (FailureKind.REFUSED, PageTrouble.RESOLVER_FAILED),
    "our resolver talks nonsense": (FailureKind.UNUSABLE, PageTrouble.RESOLVER_FAILED),
}


@pytest.mark.parametrize(("outcome", "trouble"), LOOKUPS.values(), ids=LOOKUPS)
def test_without_a_validated_answer_nobody_is_asked(serve_web, outcome, trouble):
    server = serve_web(answer(VALUE))
    page = HttpProbe(WorldResolver(www_example_com=outcome), Dialler(server)).fetch(LOOK)
    dnssec = Dnssec.INSECURE if trouble is PageTrouble.NO_ADDRESS else None
    assert (page.trouble, page.hops, server.accepted) == (trouble, (Hop(LOOK.url, None, None, dnssec),), 0)


# in the embedded cloud


def test_the_local_world_is_asked_with_every_guard_in_place():
    """The zone's addresses are judged as in the world; then its one web server answers, over http alone."""
    web = WebWorld()
    try:
        with ZoneServer() as zone:
            zone.set("www.example.com", "A", [HERE])
            zone.set("private.example.com", "A", ["127.0.0.1"])
            for host in ("www.example.com", "private.example.com"):
                web.set({"host": host, "path": FILE_PATH, "body": VALUE.decode()})
            secured = {"Location": f"https://www.example.com{FILE_PATH}"}
            web.set({"host": "tls.example.com", "path": FILE_PATH, "status": 301, "headers": secured})
            zone.set("tls.example.com", "A", [HERE])
            probe = HttpProbe(DnsResolver(zone.address()), dialer_through(web.address))
            assert probe.fetch(LOOK).body == VALUE
            assert probe.fetch(FileLook("private.example.com")).trouble is PageTrouble.ADDRESS_REFUSED
            assert probe.fetch(FileLook("nowhere.example.com")).trouble is PageTrouble.NO_ADDRESS
            assert probe.fetch(FileLook("tls.example.com")).trouble is PageTrouble.TLS_FAILED
    finally:
        web.close()


SIGNED = {
    "both look-ups": ([Dnssec.SECURE, Dnssec.SECURE], Dnssec.SECURE),
    "the one for IPv4 alone": ([Dnssec.SECURE, Dnssec.INSECURE], Dnssec.INSECURE),
    "the one for IPv6 alone": ([Dnssec.INSECURE, Dnssec.SECURE], Dnssec.INSECURE),
    "neither": ([Dnssec.INSECURE, Dnssec.INSECURE], Dnssec.INSECURE),
}


@pytest.mark.parametrize(("states", "told"), SIGNED.values(), ids=SIGNED)
def test_the_addresses_are_signed_if_all_of_them_are(serve_web, states, told):
    server = serve_web(answer(VALUE))
    page = HttpProbe(WorldResolver(www_example_com=states), Dialler(server)).fetch(LOOK)
    assert (page.body, page.dnssec) == (VALUE, told)
