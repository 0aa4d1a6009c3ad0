"""The file check (BR 3.2.2.4.18): 2xx, exactly the value, and the value in no request."""

import dataclasses
from urllib.parse import quote

import pytest

from partner_center.validation.file_check import FileReason, check_file
from partner_center.validation.looks import FILE_PATH, FileLook, Hop, PageSeen, PageTrouble

VALUE = "k7Qz0aXw3ySq9TgV5nRm2pLc8dJf4hBe"
LOOK = FileLook("www.example.com")
RIGHT = VALUE.encode()
ADDRESS = "93.184.215.14"


def hop(url=LOOK.url, status=200, address=ADDRESS):
    return Hop(url, address, status)


def page(body=RIGHT, status=200, *further, trouble=None):
    first = hop(status=302 if further else status)
    return PageSeen((first, *further), status, body, trouble)


def check(seen, value=VALUE):
    return check_file(LOOK, seen, value)


BODIES = {
    "exactly the value": (VALUE, True),
    "a line feed behind it": (VALUE + "\n", True),
    "CR LF behind it": (VALUE + "\r\n", True),
    "two line ends": (VALUE + "\n\n", False),
    "CR alone": (VALUE + "\r", False),
    "two CR before LF": (VALUE + "\r\r\n", False),
    "LF CR": (VALUE + "\n\r", False),
    "a line end before it": ("\n" + VALUE, False),
    "a blank behind it": (VALUE + " ", False),
    "a blank before it": (" " + VALUE, False),
    "NUL behind it": (VALUE + "\0", False),
    "a byte order mark": ("\ufeff" + VALUE, False),
    "twice": (VALUE * 2, False),
    "in a list": (f"{VALUE}\n{VALUE}x\n", False),
    "in mark-up": (f"<html><body>{VALUE}</body></html>", False),
    "in quotes": (f'"{VALUE}"', False),
    "its beginning": (VALUE[:-1], False),
    "in another case": (VALUE.lower(), False),
    "another value": (VALUE[::-1], False),
    "nothing": ("", False),
    "only a line end": ("\n", False),
    "the requested path": (FILE_PATH, False),
    "the requested URL": (LOOK.url, False),
    "the path in an error text": (f"The page {FILE_PATH} was not found.", False),
    "the whole request": (f"GET {FILE_PATH} HTTP/1.1\r\nHost: {LOOK.host}\r\n\r\n", False),
    "escaped": (quote(VALUE.replace("k", "%6b")), False),
}


@pytest.mark.parametrize(("body", "passed"), BODIES.values(), ids=BODIES)
def test_the_body_is_the_value_and_nothing_else(body, passed):
    found = check(page(body.encode()))
    assert (found.passed, found.completed) == (passed, True)
    assert found.reason is (FileReason.FOUND if passed else FileReason.DIFFERENT)


def test_utf_16_is_not_the_value():
    assert not check(page(VALUE.encode("utf-16"))).passed


@pytest.mark.parametrize("status", [200, 201, 203, 206, 299])
def test_any_2xx_passes(status):
    assert check(page(status=status)).passed


@pytest.mark.parametrize("status", [100, 101, 199, 300, 301, 304, 401, 403, 404, 410, 500, 503, 999])
def test_no_other_status_passes_whatever_the_body(status):
    found = check(page(status=status))
    assert (found.passed, found.reason) == (False, FileReason.NOT_SERVED)
    assert str(status) in found.detail


def test_an_echoing_404_is_told_by_its_status():
    echo = f"Cannot GET {FILE_PATH}".encode()
    assert check(page(echo, 404)).reason is FileReason.NOT_SERVED
    assert check(page(echo, 404, trouble=PageTrouble.TOO_LARGE)).reason is FileReason.NOT_SERVED
    assert check(page(echo, 404, trouble=PageTrouble.TIMEOUT)).reason is FileReason.NOT_SERVED


@pytest.mark.parametrize("trouble", PageTrouble)
def test_no_trouble_passes_even_with_the_value_in_hand(trouble):
    found = check(page(trouble=trouble))
    assert (found.passed, found.reason) == (False, f"file_{trouble}")
    assert found.completed is not trouble.is_ours


@pytest.mark.parametrize("trouble", [PageTrouble.REDIRECT_REFUSED, PageTrouble.TOO_MANY_REDIRECTS])
def test_a_redirect_that_ends_nowhere_is_not_told_as_a_missing_file(trouble):
    assert check(page(b"", 302, trouble=trouble)).reason == f"file_{trouble}"


def test_a_page_without_an_answer_does_not_pass():
    assert not check(PageSeen((hop(status=None),), None, RIGHT)).passed


URLS_WITH_THE_VALUE = {
    "in the path": f"http://www.example.com/{VALUE}",
    "in the query": f"http://www.example.com/echo?text={VALUE}",
    "within more": f"http://www.example.com/x{VALUE}x.txt",
    "in the host, lowered": f"http://{VALUE.lower()}.example.com/",
    "escaped": "http://www.example.com/" + "".join(f"%{ord(letter):02x}" for letter in VALUE),
    "escaped in part": f"http://www.example.com/{VALUE.replace('k', '%6B')}",
    "escaped twice": f"http://www.example.com/{VALUE.replace('k', '%256b')}",
}


@pytest.mark.parametrize("url", URLS_WITH_THE_VALUE.values(), ids=URLS_WITH_THE_VALUE)
def test_the_value_may_stand_in_no_request(url):
    """A redirect to such a URL of an echoing page would prove nothing."""
    last = hop(url)
    assert check(page(RIGHT, 200, last)).reason is FileReason.VALUE_IN_URL
    assert check(page(RIGHT, 200, last, hop("http://www.example.com/y"))).passed is False


def test_a_redirect_without_the_value_passes():
    found = check(page(RIGHT, 200, hop("https://cdn.example.net/x?y=%25%zz")))
    assert found.passed
    assert "https://cdn.example.net" in found.detail


def test_the_page_of_another_host_is_no_verdict():
    other = FileLook("example.com")
    with pytest.raises(ValueError, match="not looked for"):
        check_file(other, page(), VALUE)
    with pytest.raises(ValueError, match="not looked for"):
        check_file(LOOK, PageSeen(()), VALUE)


@pytest.mark.parametrize("value", ["", " ", "a b", "a\n", "\n", "ä"])
def test_a_value_that_anything_could_match_is_a_fault_of_ours(value):
    with pytest.raises(ValueError, match="visible ASCII"):
        check(page(b"\n"), value)


ADVICE = {
    PageTrouble.NO_ADDRESS: "Publish an A or AAAA record",
    PageTrouble.LOOKUP_FAILED: "Make its name servers answer",
    PageTrouble.RESOLVER_FAILED: "no fault of yours",
    PageTrouble.ADDRESS_REFUSED: "which is for private use (RFC 1918). Publish",
    PageTrouble.UNREACHABLE: "Open port 80",
    PageTrouble.TIMEOUT: "did not answer in time",
    PageTrouble.TLS_FAILED: "TLS 1.2",
    PageTrouble.NOT_HTTP: "holds exactly",
    PageTrouble.TOO_LARGE: "holds exactly",
    PageTrouble.REDIRECT_REFUSED: "301, 302, 307 or 308",
    PageTrouble.TOO_MANY_REDIRECTS: "without them",
}


@pytest.mark.parametrize("trouble", PageTrouble)
def test_the_sentence_says_what_to_do(trouble):
    detail = check(PageSeen((hop(status=None, address="10.0.0.1"),), trouble=trouble)).detail
    assert ADVICE[trouble] in detail
    assert "www.example.com" in detail
    assert detail.endswith(".")


def test_port_443_is_named_where_https_was_asked_for():
    further = hop("https://www.example.com/x", status=None)
    found = check(PageSeen((hop(status=301), further), trouble=PageTrouble.UNREACHABLE))
    assert "Open port 443" in found.detail


def test_an_address_that_was_refused_on_the_socket_is_told_without_a_kind():
    found = check(PageSeen((hop(status=None),), trouble=PageTrouble.ADDRESS_REFUSED))
    assert f"{ADDRESS}, which is not reached directly" in found.detail


@pytest.mark.parametrize(
    ("body", "told"), [("", "nothing"), (f"<b>{VALUE}</b>", "the value and more"), ("x", "something else")]
)
def test_what_is_wrong_with_the_body_is_told(body, told):
    found = check(page(body.encode()))
    assert (
        f"{LOOK.url} holds {told}. Put a plain text file at {LOOK.url} that holds exactly {VALUE}"
        in found.detail
    )


def test_nothing_of_the_page_is_repeated():
    """The sentence goes to resellers and into mails."""
    hostile = "<script>alert(1)</script>"
    further = hop(f"http://www.example.com/{quote('it is urgent')}")
    assert "script" not in check(page(hostile.encode())).detail
    assert "urgent" not in check(page(hostile.encode(), 500, further)).detail


def test_a_verdict_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        check(page(b"")).reason = FileReason.FOUND
