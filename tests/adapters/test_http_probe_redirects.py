"""Where the probe for a file lets itself be sent, and what that proves (BR 3.2.2.4.18)."""

from itertools import pairwise

import pytest

from partner_center.adapters.http_probe import HttpProbe
from partner_center.validation.dns import Dnssec
from partner_center.validation.file_check import FileReason, check_file
from partner_center.validation.looks import FILE_PATH, Hop, PageTrouble
from tests.adapters.hostile_server import answer, redirect
from tests.adapters.probe_world import HERE, HOST, LOOK, V6, VALUE, Dialler, WorldResolver, fetch, pages


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_https_is_followed_whatever_the_certificate(serve_web, status):
    there = f"https://files.example.net{FILE_PATH}"
    server = serve_web(pages({LOOK.url: redirect(there, status), there: answer(VALUE)}))
    dialler = Dialler(server)
    page = HttpProbe(WorldResolver(files_example_net=(V6,)), dialler).fetch(LOOK)
    assert (page.body, page.trouble) == (VALUE, None)
    assert page.hops == (Hop(LOOK.url, HERE, status, Dnssec.INSECURE), Hop(there, V6, 200, Dnssec.INSECURE))
    assert dialler.dialled == [(HERE, 80), (V6, 443)]
    assert [asked.sni for asked in server.asked] == [None, "files.example.net"]
    assert server.asked[1].header("host") == "files.example.net"


def test_a_redirect_back_to_http_is_followed(serve_web):
    first, second = "https://a.example.net/", "http://b.example.net/"
    page = fetch(
        serve_web(pages({LOOK.url: redirect(first), first: redirect(second), second: answer(VALUE)}))
    )
    assert (page.body, [hop.status for hop in page.hops]) == (VALUE, [302, 302, 200])


TARGETS = {
    "another port": "http://www.example.com:8080/x",
    "the port of ssh": "http://www.example.com:22/x",
    "http on the port of https": "http://www.example.com:443/x",
    "ftp": "ftp://www.example.com/x",
    "a local file": "file:///etc/passwd",
    "gopher": "gopher://www.example.com/x",
    "an address": "http://93.184.215.14/x",
    "loopback": "http://127.0.0.1/x",
    "the metadata service": "http://169.254.169.254/latest/meta-data/",
    "an address of IPv6": "http://[::1]/x",
    "a number": "http://2130706433/",
    "localhost": "http://localhost/x",
    "one label": "http://intranet/x",
    "userinfo": "http://www.example.com@internal.example.net/x",
    "a password": "https://a:b@www.example.com/x",
    "nothing": "",
    "non-ASCII": "http://www.example.com/\xe4",
    "a blank": "/a b",
    "a folded line": "/a\r\n b",
    "NUL": "/a\0",
    "mark-up": "/<script>",
    "very long": "/" + "a" * 3000,
}


@pytest.mark.parametrize("location", TARGETS.values(), ids=TARGETS)
def test_a_redirect_elsewhere_is_not_followed(serve_web, location):
    server = serve_web(redirect(location))
    page = fetch(server)
    assert (page.trouble, page.status, page.body) == (PageTrouble.REDIRECT_REFUSED, 302, b"")
    assert (len(page.hops), server.accepted) == (1, 1)


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"], ids=["CR LF", "LF", "CR"])
def test_what_follows_a_line_break_in_a_location_reaches_no_request(serve_web, line_break):
    server = serve_web(pages({LOOK.url: redirect(f"/a{line_break}X-Injected: y")}))
    fetch(server)
    assert [asked.line for asked in server.asked][1:] == ["GET /a HTTP/1.1"]
    assert all(name != "X-Injected" for asked in server.asked for name, _ in asked.headers)


def test_blanks_around_a_location_are_none_of_it(serve_web):
    there = f"http://{HOST}/x"
    assert fetch(serve_web(pages({LOOK.url: redirect(" \t/x \t"), there: answer(VALUE)}))).body == VALUE


def test_several_locations_lead_nowhere(serve_web):
    server = serve_web(answer(b"", 302, "Location: /a", "Location: /a"))
    page = fetch(server)
    assert (page.trouble, server.accepted) == (PageTrouble.REDIRECT_REFUSED, 1)


@pytest.mark.parametrize("status", [300, 303, 304, 305, 306, 399])
def test_no_other_status_redirects(serve_web, status):
    assert fetch(serve_web(redirect("/x", status))).trouble is PageTrouble.REDIRECT_REFUSED


@pytest.mark.parametrize("status", [200, 201, 404, 500])
def test_a_location_without_a_redirect_is_nothing(serve_web, status):
    page = fetch(serve_web(redirect("/x", status)))
    assert (page.status, page.trouble, len(page.hops)) == (status, None, 1)


@pytest.mark.parametrize("status", [301, 304])
def test_a_redirect_without_a_location_is_a_page(serve_web, status):
    page = fetch(serve_web(answer(b"", status)))
    assert (page.status, page.trouble) == (status, None)


def test_markup_and_refresh_headers_do_not_redirect(serve_web):
    body = b'<meta http-equiv="refresh" content="0; url=/x">'
    page = answer(body, 200, "Refresh: 0; url=/x", 'Link: </x>; rel="canonical"')
    assert fetch(serve_web(page)).body == body


def test_a_redirect_to_a_name_with_a_private_address_is_refused(serve_web):
    server = serve_web(redirect("http://internal.example.net/"))
    resolver = WorldResolver(internal_example_net=("192.168.1.1", "fd00::1"))
    page = fetch(server, resolver)
    assert page.trouble is PageTrouble.ADDRESS_REFUSED
    assert page.hops == (
        Hop(LOOK.url, HERE, 302, Dnssec.INSECURE),
        Hop("http://internal.example.net/", "192.168.1.1", None, Dnssec.INSECURE),
    )
    assert server.accepted == 1


def test_a_redirect_to_a_name_that_does_not_exist(serve_web):
    page = fetch(serve_web(redirect("http://printer.internal/")), WorldResolver(printer_internal=()))
    assert (page.trouble, page.status) == (PageTrouble.NO_ADDRESS, None)


@pytest.mark.parametrize(
    "answers",
    [
        {LOOK.url: redirect(FILE_PATH)},
        {LOOK.url: redirect("#x")},
        {LOOK.url: redirect("/x"), f"http://{HOST}/x": redirect(FILE_PATH)},
        {LOOK.url: redirect(f"https://{HOST}/x"), f"https://{HOST}/x": redirect(LOOK.url)},
    ],
    ids=["to itself", "to itself by a fragment", "of two", "over https"],
)
def test_a_circle_ends_where_it_closes(serve_web, answers):
    server = serve_web(pages(answers))
    page = fetch(server)
    assert page.trouble is PageTrouble.TOO_MANY_REDIRECTS
    assert len(server.asked) == len(page.hops) == len(answers)


def chain(length):
    """LOOK.url leads over /1, /2, ... to the value at the last."""
    urls = [LOOK.url, *(f"http://{HOST}/{number}" for number in range(1, length + 1))]
    steps = {url: redirect(following) for url, following in pairwise(urls)}
    return pages(steps | {urls[-1]: answer(VALUE)})


def test_ten_redirects_are_followed(serve_web):
    page = fetch(serve_web(chain(10)))
    assert (page.body, len(page.hops), page.trouble) == (VALUE, 11, None)


def test_eleven_are_not(serve_web):
    server = serve_web(chain(11))
    page = fetch(server)
    assert (page.trouble, page.status, len(page.hops)) == (PageTrouble.TOO_MANY_REDIRECTS, 302, 11)
    assert len(server.asked) == 11


def test_a_redirect_that_hands_the_value_over_proves_nothing(serve_web):
    """The probe does not know the value, so it follows; the verdict sees every request that was made."""
    there = f"http://{HOST}/echo?{VALUE.decode()}"

    def echo(asked, peer):
        peer.send(redirect(there) if asked.url == LOOK.url else answer(asked.url.partition("?")[2].encode()))

    page = fetch(serve_web(echo))
    assert page.body == VALUE
    assert check_file(LOOK, page, VALUE.decode()).reason is FileReason.VALUE_IN_URL


@pytest.mark.parametrize("status", [200, 404])
def test_a_page_that_echoes_its_path_proves_nothing(serve_web, status):
    """The incident of 2017."""
    page = fetch(serve_web(lambda asked, peer: peer.send(answer(asked.line.split(" ")[1].encode(), status))))
    assert page.body == FILE_PATH.encode()
    assert not check_file(LOOK, page, VALUE.decode()).passed
