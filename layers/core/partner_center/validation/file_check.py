"""Does the page that was seen show control of the name? (BR 3.2.2.4.18)

The body must be the value and nothing else, and the value may have stood in no request: a page that echoes
what it is asked for proves nothing (incident of 2017).
"""

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from partner_center.validation.global_addresses import refused_as
from partner_center.validation.looks import FileLook, PageSeen, PageTrouble

_VALUE = re.compile(r"[\x21-\x7e]+")


class FileReason(StrEnum):
    """Why a check of a file ended as it did; those of a PageTrouble bear its name."""

    FOUND = "file_found"
    NOT_SERVED = "file_not_served"
    """The answer's status is not 2xx."""
    DIFFERENT = "file_different"
    VALUE_IN_URL = "file_value_in_url"
    NO_ADDRESS = "file_no_address"
    LOOKUP_FAILED = "file_lookup_failed"
    RESOLVER_FAILED = "file_resolver_failed"
    ADDRESS_REFUSED = "file_address_refused"
    UNREACHABLE = "file_unreachable"
    TIMEOUT = "file_timeout"
    TLS_FAILED = "file_tls_failed"
    NOT_HTTP = "file_not_http"
    TOO_LARGE = "file_too_large"
    REDIRECT_REFUSED = "file_redirect_refused"
    TOO_MANY_REDIRECTS = "file_too_many_redirects"


@dataclass(frozen=True, slots=True)
class FileCheck:
    """The verdict on one page; `detail` tells the reseller what to do."""

    host: str
    reason: FileReason
    detail: str

    @property
    def passed(self) -> bool:
        return self.reason is FileReason.FOUND

    @property
    def completed(self) -> bool:
        """False when the trouble was ours: nothing was learnt, and it may be tried again."""
        return self.reason is not FileReason.RESOLVER_FAILED


def check_file(look: FileLook, page: PageSeen, value: str) -> FileCheck:
    """Whether `page` shows `value`: status 2xx and a body that is exactly the value.

    One line end, LF or CRLF, may follow the value, since editors and `echo` put it there; nothing else may.
    Raises ValueError when the page was seen elsewhere, or when the value is empty or holds a blank.
    """
    if not page.hops or page.hops[0].url != look.url:
        raise ValueError(f"the page was not looked for at {look.url}")
    if not _VALUE.fullmatch(value):
        raise ValueError("a value is visible ASCII")
    reason = _judge(page, value)
    return FileCheck(look.host, reason, _sentence(reason, look, page, value))


def _judge(page: PageSeen, value: str) -> FileReason:
    if any(_holds(hop.url, value) for hop in page.hops):
        return FileReason.VALUE_IN_URL
    refused = page.status is not None and not 200 <= page.status <= 299
    if refused and page.trouble not in {PageTrouble.REDIRECT_REFUSED, PageTrouble.TOO_MANY_REDIRECTS}:
        return FileReason.NOT_SERVED  # whatever befell the body of an error page
    if page.trouble is not None:
        return FileReason(f"file_{page.trouble}")
    if page.status is not None and hmac.compare_digest(_without_line_end(page.body), value.encode()):
        return FileReason.FOUND
    return FileReason.DIFFERENT


def _holds(url: str, value: str) -> bool:
    """Whether the value stands in the URL, in either case (hosts are lowered) and however often escaped."""
    while (plain := unquote(url, "latin-1")) != url:
        url = plain
    return value.lower() in url.lower()


def _without_line_end(body: bytes) -> bytes:
    return body.removesuffix(b"\n").removesuffix(b"\r") if body.endswith(b"\n") else body


def _sentence(reason: FileReason, look: FileLook, page: PageSeen, value: str) -> str:
    last = page.hops[-1]
    there = urlsplit(last.url)
    host = there.hostname
    subject = look.url
    if len(page.hops) > 1:
        subject += f" leads to {there.scheme}://{host}, which"
    put = f"Put a plain text file at {look.url} that holds exactly {value}, then ask for another check."
    again = "then ask for another check."
    kind = refused_as(last.address) if last.address else None
    sentences = {
        FileReason.FOUND: f"{subject} holds the value.",
        FileReason.NOT_SERVED: f"{subject} answered {page.status}. {put}",
        FileReason.DIFFERENT: f"{subject} holds {_difference(page.body, value)}. {put}",
        FileReason.VALUE_IN_URL: (
            f"{look.url} leads to a URL with the value in it, which proves nothing. Remove the redirect, {again}"
        ),
        FileReason.NO_ADDRESS: f"{host} has no address. Publish an A or AAAA record for it, {again}",
        FileReason.LOOKUP_FAILED: (
            f"The addresses of {host} could not be looked up. Make its name servers answer A and AAAA queries "
            f"with valid signatures, {again}"
        ),
        FileReason.RESOLVER_FAILED: (
            f"The addresses of {host} could not be looked up by us, for no fault of yours; ask for another "
            "check later."
        ),
        FileReason.ADDRESS_REFUSED: (
            f"{host} has the address {last.address}, which is {kind or 'not reached directly'}. Publish an "
            f"address of the public Internet, {again}"
        ),
        FileReason.UNREACHABLE: (
            f"The web server of {host} could not be reached at {last.address}. Open port "
            f"{443 if there.scheme == 'https' else 80} to everybody, {again}"
        ),
        FileReason.TIMEOUT: (
            f"{subject} did not answer in time. Let everybody reach it, without delays or challenges, {again}"
        ),
        FileReason.TLS_FAILED: (
            f"The web server of {host} does not speak TLS 1.2 or later. Mend that or serve the file over http, "
            f"{again}"
        ),
        FileReason.NOT_HTTP: f"{subject} gave no complete HTTP answer. {put}",
        FileReason.TOO_LARGE: f"{subject} sent far more than the value. {put}",
        FileReason.REDIRECT_REFUSED: (
            f"{subject} redirects in a way that may not be followed. Use status 301, 302, 307 or 308 and an http "
            f"or https URL with a host name and the usual port, or serve the file without a redirect, {again}"
        ),
        FileReason.TOO_MANY_REDIRECTS: (
            f"{look.url} leads through more than ten redirects or in a circle. Serve the file without them, {again}"
        ),
    }
    return sentences[reason]


def _difference(body: bytes, value: str) -> str:
    if not body:
        return "nothing"
    return "the value and more" if value.encode() in body else "something else"
