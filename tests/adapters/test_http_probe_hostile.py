"""The probe for a file against servers that stall, flood and talk nonsense: it ends within its limits."""

import gzip
import itertools
import socket
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_center.adapters.http_probe import HttpProbe, ProbeLimits
from partner_center.validation.file_check import check_file
from partner_center.validation.looks import PageTrouble
from tests.adapters.hostile_server import answer, redirect
from tests.adapters.probe_world import HERE, LOOK, STANDING, VALUE, Ticking, WorldResolver, fetch

QUICK = ProbeLimits(seconds=0.1)
"""Where the test is about waiting."""
MANY_READS = ProbeLimits(seconds=40)
"""On a clock that ticks with every read."""
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TO_HTTPS = redirect("https://www.example.com/")


def flood(beginning, piece):
    """A script that sends `piece` without end."""

    def script(_, peer):
        peer.send(beginning)
        while not peer.stopped.is_set():
            peer.send(piece * 1000)

    return script


# what is HTTP

PAGES = {
    "length told": (answer(VALUE), VALUE),
    "until the end of the connection": (HEAD + b"\r\n" + VALUE, VALUE),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n" + VALUE, VALUE),
    "no reason phrase": (b"HTTP/1.1 200\r\n\r\n" + VALUE, VALUE),
    "lines that end with LF": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab", b"ab"),
    "more than the length told": (HEAD + b"Content-Length: 2\r\n\r\nabc", b"ab"),
    "a negative length": (HEAD + b"Content-Length: -2\r\n\r\nabc", b"abc"),
    "a length that is no number": (HEAD + b"Content-Length: x\r\n\r\nabc", b"abc"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\nabc", b""),
    "chunks": (CHUNKED + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX: y\r\n\r\n", b"abc"),
    "chunks and a length": (
        HEAD + b"Content-Length: 9\r\n" + CHUNKED.removeprefix(HEAD) + b"1\r\na\r\n0\r\n\r\n",
        b"a",
    ),
    "100 first": (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(VALUE), VALUE),
    "103 first": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 9\r\n\r\n" + answer(VALUE),
        VALUE,
    ),
    "several interim answers": (b"HTTP/1.1 102 Wait\r\n\r\n" * 9 + answer(VALUE), VALUE),
}


@pytest.mark.parametrize(("sent", "body"), PAGES.values(), ids=PAGES)
def test_what_http_allows_is_read(serve_web, sent, body):
    page = fetch(serve_web(sent))
    assert (page.body, page.trouble) == (body, None)


NOT_HTTP = {
    "nothing": b"",
    "HTTP/0.9": VALUE,
    "HTTP/0.9 of a page": b"<html>" + VALUE + b"</html>",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n" + VALUE,
    "HTTP/3.0": b"HTTP/3.0 200 OK\r\n\r\n" + VALUE,
    "a preface of HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "a greeting of SMTP": b"220 mail.example.com ESMTP\r\n",
    "a greeting of SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no status": b"HTTP/1.1\r\n\r\n" + VALUE,
    "a status that is no number": b"HTTP/1.1 OK 200\r\n\r\n" + VALUE,
    "too small a status": b"HTTP/1.1 99 Low\r\n\r\n" + VALUE,
    "too large a status": b"HTTP/1.1 1000 High\r\n\r\n" + VALUE,
    "a negative status": b"HTTP/1.1 -200 OK\r\n\r\n" + VALUE,
    "NUL": b"\0" * 100,
    "the end within the status line": b"HTTP/1.1 2",
    "an interim answer and no other": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\0\0\0\4",
    "a header without a colon": HEAD + b"nonsense\r\nContent-Length: 3\r\n\r\nabc",
    "too many headers": HEAD + b"X: y\r\n" * 101 + b"\r\n" + VALUE,
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "less than the length told": HEAD + b"Content-Length: 33\r\n\r\n" + VALUE,
    "far less than the length told": HEAD + b"Content-Length: " + b"9" * 4000 + b"\r\n\r\n" + VALUE,
    "a chunk of no size": CHUNKED + b"\r\n",
    "a chunk of nonsense": CHUNKED + b"zz\r\nab\r\n0\r\n\r\n",
    "a chunk that breaks off": CHUNKED + b"21\r\n" + VALUE,
    "a chunk of immense size": CHUNKED + b"f" * 4000 + b"\r\n" + VALUE,
    "no last chunk": CHUNKED + b"20\r\n" + VALUE + b"\r\n",
}


@pytest.mark.parametrize("sent", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_no_whole_answer_of_http_is_told_so(serve_web, sent):
    page = fetch(serve_web(sent))
    assert page.trouble is PageTrouble.NOT_HTTP
    assert not check_file(LOOK, page, VALUE.decode()).passed


def test_a_malformed_answer_is_not_logged(serve_web, caplog):
    """Nobody's text gets into the log by sending it as a header."""
    fetch(serve_web(NOT_HTTP["a header without a colon"]))
    assert caplog.records == []


def test_a_connection_that_is_reset(serve_web):
    page = fetch(serve_web(lambda _, peer: peer.reset()))
    assert (page.trouble, page.status) == (PageTrouble.NOT_HTTP, None)


def test_a_server_that_closes_at_once(serve_web):
    page = fetch(serve_web(lambda _, peer: peer.connection.shutdown(socket.SHUT_RDWR)))
    assert page.trouble is PageTrouble.NOT_HTTP


def test_what_came_before_the_trouble_is_kept(serve_web):
    page = fetch(serve_web(HEAD + b"Content-Length: 33\r\n\r\n" + VALUE))
    assert (page.status, page.body, page.trouble) == (200, VALUE, PageTrouble.NOT_HTTP)


def test_a_connection_that_is_kept_open_is_not_waited_for(serve_web):
    def script(_, peer):
        peer.send(HEAD + b"Connection: keep-alive\r\nContent-Length: 2\r\n\r\nab")
        peer.wait()

    assert fetch(serve_web(script)).body == b"ab"


# size


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x-gzip, gzip"])
def test_nothing_is_decompressed(serve_web, coding):
    bomb = gzip.compress(b"\0" * 1_000_000)
    page = fetch(serve_web(answer(bomb, 200, f"Content-Encoding: {coding}")))
    assert (page.body, page.trouble) == (bomb, None)


def test_a_compressed_value_is_not_the_value(serve_web):
    page = fetch(serve_web(answer(gzip.compress(VALUE), 200, "Content-Encoding: gzip")))
    assert not check_file(LOOK, page, VALUE.decode()).passed


@pytest.mark.parametrize(("size", "trouble"), [(0, None), (10_240, None), (10_241, PageTrouble.TOO_LARGE)])
@pytest.mark.parametrize("framing", ["length", "chunks", "end"])
def test_a_body_has_ten_kibibytes_at_most(serve_web, size, trouble, framing):
    body = b"x" * size
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:100], body[100:]) if part)
    sent = {"length": answer(body), "chunks": CHUNKED + chunks + b"0\r\n\r\n", "end": HEAD + b"\r\n" + body}
    page = fetch(serve_web(sent[framing]))
    assert (page.trouble, len(page.body)) == (trouble, min(size, 10_240))


FLOODS = {
    "a body without end": (HEAD + b"\r\n", b"x"),
    "a body of immense length": (HEAD + b"Content-Length: 99999999999\r\n\r\n", b"x"),
    "one chunk without end": (CHUNKED + b"fffffffffff\r\n", b"x"),
    "small chunks": (CHUNKED, b"1\r\nx\r\n"),
    "a chunk's extension without end": (CHUNKED + b"1;", b"x"),
    "a chunk's size without end": (CHUNKED, b"0"),
    "trailers without end": (CHUNKED + b"0\r\n", b"X: y\r\n"),
    "a status line without end": (b"HTTP/1.1 200 ", b"x"),
    "no line at all": (b"", b"x"),
    "one header without end": (HEAD + b"X: ", b"x"),
    "a folded header without end": (HEAD + b"X: y\r\n", b" y\r\n"),
    "interim answers of 100": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim answers of 103": (b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"),
    "headers without end": (HEAD, b"X: y\r\n"),
}


@pytest.mark.parametrize(("beginning", "piece"), FLOODS.values(), ids=FLOODS)
def test_a_flood_is_cut_off(serve_web, beginning, piece):
    page = fetch(serve_web(flood(beginning, piece)))
    assert page.trouble in {PageTrouble.TOO_LARGE, PageTrouble.NOT_HTTP}
    assert len(page.body) <= STANDING.body_bytes


def test_headers_and_all_interim_answers_have_one_allowance(serve_web):
    interim = b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * 1000 + b"\r\n\r\n"
    assert fetch(serve_web(interim * 15 + answer(VALUE))).body == VALUE
    assert fetch(serve_web(interim * 16 + answer(VALUE))).trouble is PageTrouble.TOO_LARGE


def test_a_head_is_measured_to_the_octet(serve_web):
    sent = answer(VALUE)
    limits = ProbeLimits(head_bytes=len(sent) - len(VALUE))
    assert fetch(serve_web(sent), limits=limits).body == VALUE
    assert fetch(serve_web(answer(VALUE, 200, "X:")), limits=limits).trouble is PageTrouble.TOO_LARGE


def test_a_long_head_leaves_the_body_its_own_allowance(serve_web):
    body = b"x" * STANDING.body_bytes
    assert fetch(serve_web(answer(body, 200, "X: " + "y" * 15_000))).body == body


# time


def test_a_server_that_says_nothing(serve_web):
    page = fetch(serve_web(lambda _, peer: peer.wait()), limits=QUICK)
    assert (page.trouble, page.status) == (PageTrouble.TIMEOUT, None)


def test_a_head_that_drips(serve_web):
    """Each octet comes in time; the head does not."""
    page = fetch(
        serve_web(lambda _, peer: peer.drip(HEAD * 1000, 0.002)), limits=MANY_READS, monotonic=Ticking()
    )
    assert (page.trouble, page.status) == (PageTrouble.TIMEOUT, None)


@pytest.mark.parametrize(
    "head", [HEAD + b"\r\n", CHUNKED + b"fff\r\n", HEAD + b"Content-Length: 999\r\n\r\n"]
)
def test_a_body_that_drips(serve_web, head):
    def script(_, peer):
        peer.send(head)
        peer.drip(b"x" * 1000, 0.002)

    page = fetch(serve_web(script), limits=MANY_READS, monotonic=Ticking())
    assert (page.trouble, page.status, page.body[:1]) == (PageTrouble.TIMEOUT, 200, b"x")


def test_interim_answers_that_drip(serve_web):
    def script(_, peer):
        for _ in itertools.takewhile(lambda _: not peer.stopped.wait(0.002), itertools.count()):
            peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    assert fetch(serve_web(script), limits=MANY_READS, monotonic=Ticking()).trouble is PageTrouble.TIMEOUT


def test_all_requests_of_a_probe_share_its_time(serve_web):
    urls = itertools.count()
    server = serve_web(lambda _, peer: peer.send(redirect(f"/{next(urls)}")))
    page = fetch(server, limits=ProbeLimits(seconds=20), monotonic=Ticking())
    assert page.trouble is PageTrouble.TIMEOUT
    assert 2 <= len(page.hops) <= 5


def test_time_that_is_over_is_not_spent_on_another_look_up(serve_web):
    resolver = WorldResolver()
    page = fetch(serve_web(b""), resolver, ProbeLimits(seconds=1), Ticking())
    assert (page.trouble, resolver.asked) == (PageTrouble.TIMEOUT, [])


@pytest.mark.parametrize(("seconds", "granted"), [(9.0, 3.0), (5.0, 2.0)])
def test_a_connection_gets_what_is_left_and_no_more_than_its_share(seconds, granted):
    asked = []

    def dial(address, port, seconds):
        asked.append(seconds)
        raise TimeoutError

    limits = ProbeLimits(seconds=seconds, connect_seconds=3.0)
    HttpProbe(WorldResolver(), dial, limits, Ticking()).fetch(LOOK)
    assert asked == [granted]


# TLS


def test_a_server_without_tls_on_port_443(serve_web):
    server = serve_web(TO_HTTPS, on_hello=lambda peer: peer.send(answer(VALUE, 400)))
    page = fetch(server)
    assert (page.trouble, page.status, page.hops[1].address) == (PageTrouble.TLS_FAILED, None, HERE)


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_handshake_that_breaks_off(serve_web, end):
    server = serve_web(TO_HTTPS, on_hello=lambda peer: peer.reset() if end == "reset" else None)
    assert fetch(server).trouble is PageTrouble.TLS_FAILED


def test_a_handshake_that_stalls(serve_web):
    def stall(peer):
        while peer.connection.recv(4096):
            pass

    assert fetch(serve_web(TO_HTTPS, on_hello=stall), limits=QUICK).trouble is PageTrouble.TIMEOUT


def test_a_handshake_that_drips(serve_web):
    """A record is announced as long, and each octet of it comes in time."""
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + b"\0" * 0x3FF0
    server = serve_web(TO_HTTPS, on_hello=lambda peer: peer.drip(record, 0.002))
    assert fetch(server, limits=QUICK).trouble is PageTrouble.TIMEOUT


def test_a_flood_over_tls_is_cut_off(serve_web):
    endless = flood(HEAD + b"\r\n", b"x")
    server = serve_web(lambda asked, peer: peer.send(TO_HTTPS) if asked.sni is None else endless(asked, peer))
    page = fetch(server)
    assert (page.trouble, len(page.body)) == (PageTrouble.TOO_LARGE, STANDING.body_bytes)


# anything


def fetch_octets(sent):
    """The page of a server that sends `sent` to everybody and no more, without a server."""
    with ExitStack() as ends:

        def dial(address, port, seconds):
            near, far = map(ends.enter_context, socket.socketpair())
            far.sendall(sent)
            far.shutdown(socket.SHUT_WR)
            return near

        return HttpProbe(WorldResolver(), dial).fetch(LOOK)


def test_octets_without_a_server_are_read_like_any_others():
    assert fetch_octets(answer(VALUE)).body == VALUE


ANSWERS = [*NOT_HTTP.values(), *(sent for sent, _ in PAGES.values()), redirect("/x"), TO_HTTPS]


@st.composite
def spoilt_answers(draw):
    sent = draw(st.sampled_from(ANSWERS))
    at = draw(st.integers(0, len(sent)))
    return sent[:at] + draw(st.binary(max_size=8)) + sent[at + draw(st.integers(0, 4)) :]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(HEAD.__add__), spoilt_answers()))
def test_nothing_is_raised_for_whatever_is_sent(sent):
    page = fetch_octets(sent)
    assert page.hops
    assert len(page.body) <= STANDING.body_bytes
