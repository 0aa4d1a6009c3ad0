"""The door: who comes in, what it reads, and every refusal as a problem document with nothing of our insides."""

import json
import sys

import pytest

from partner_center.accounts.api_keys import Role
from partner_center.entry.api import Answer
from partner_center.kernel.errors import (
    ChangedMeanwhile,
    ContentRefused,
    IdempotencyKeyReused,
    NotFound,
    PartnerCenterError,
    Problem,
    StateConflict,
    TryAgain,
)
from tests.fakes.determined import NOW
from tests.fakes.http import REQUEST_ID
from tests.fakes.samples import a_second
from tests.unit.entry.office import Office, refused

SECRET = "the connection string of the database"


@pytest.fixture
def office():
    return Office()


# ---- a good request


def test_a_handler_gets_the_request_and_who_is_calling(office):
    answer = office.ask("POST", "/things", {"name": "☂"})
    ((body, principal, request),) = office.seen
    assert body == {"name": "☂"}
    assert (principal.reseller_id, principal.role) == ("res_1", Role.ORDERS)
    assert (request.method, request.path, request.address) == ("POST", "/things", "192.0.2.7")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_answered_is_utf_8_and_compact(office):
    office.answer = Answer(200, {"name": "Zürich ☂"})
    assert office.ask("GET", "/things").text == '{"name":"Zürich ☂"}'


def test_bytes_come_back_as_they_are(office):
    office.answer = Answer(200, b"bytes", {"Content-Disposition": "attachment"}, "application/zip")
    answer = office.ask("GET", "/things")
    assert (answer.text, answer.headers["content-type"]) == ("bytes", "application/zip")
    assert answer.headers["content-disposition"] == "attachment"


def test_a_public_route_needs_no_key(office):
    assert office.ask("GET", "/open", key={}).status == 200


def test_header_names_are_read_in_any_case(office):
    key = {name.upper(): value for name, value in office.key.items()}
    headers = {"Content-TYPE": "APPLICATION/JSON; charset=utf-8"}
    assert office.ask("POST", "/things", "{}", headers, key).status == 200


# ---- who comes in


@pytest.mark.parametrize(
    "key",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer pck_x"}, {"Authorization": "Basic eDp5"}],
    ids=["none", "empty", "malformed", "another scheme"],
)
def test_without_a_good_key_nobody_comes_in(office, key):
    answer = office.ask("POST", "/things", {}, key=key)
    refused(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert office.seen == []


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": NOW},
        {"revoked_at": NOW - a_second},
        {"addresses": ("198.51.100.0/24",)},
        {"secret_sha256": "0" * 64},
    ],
    ids=["expired", "revoked", "elsewhere", "another secret"],
)
def test_all_bad_keys_get_the_same_answer(office, changes):
    bad = office.ask("GET", "/things", key=office.keys.header(**changes))
    none = office.ask("GET", "/things", key={})
    refused(bad, 401, "unauthenticated")
    assert bad.text == none.text


@pytest.mark.parametrize("source", ["", "nowhere", "1.2.3.4, 5.6.7.8", "x" * 10_000])
def test_a_malformed_source_address_is_a_refusal_for_a_bound_key(office, source):
    key = office.keys.header(addresses=("192.0.2.0/24",))
    refused(office.ask("GET", "/things", key=key, source=source), 401, "unauthenticated")


@pytest.mark.parametrize("thing_id", ["thing_1", "unknown", "x" * 2000])
def test_a_role_is_checked_before_the_id(office, thing_id):
    """Whoever may not look learns nothing about what is there."""
    answer = office.ask("GET", f"/things/{thing_id}", key=office.keys.header(Role.BILLING))
    refused(answer, 403, "forbidden")
    assert office.seen == []


def test_a_role_is_checked_before_the_body(office):
    refused(office.ask("POST", "/things", "{", key=office.keys.header(Role.READ)), 403, "forbidden")


def test_an_admin_may_everything(office):
    assert office.ask("POST", "/things", {}, key=office.keys.header(Role.ADMIN)).status == 200


# ---- paths


@pytest.mark.parametrize(
    "thing_id", ["a", "ord_01kapm3y8qv5d8r2x7c4n9b1zt", "*.example.com", "x" * 255, "\U00010348" * 63]
)
def test_an_id_reaches_the_handler(office, thing_id):
    key = office.keys.header(Role.READ)
    assert office.ask("GET", f"/things/{thing_id}", key=key).status == 200
    assert office.seen[0][0] == thing_id


@pytest.mark.parametrize(
    "thing_id",
    ["x" * 256, "x" * 5000, "ü" * 128, "\U00010348" * 64],
    ids=["letters", "very many", "two octets each", "four octets each"],
)
def test_an_id_that_no_table_could_hold_is_not_looked_up(office, thing_id):
    answer = office.ask("GET", f"/things/{thing_id}", key=office.keys.header(Role.READ))
    refused(answer, 404, "not_found")
    assert office.seen == []


@pytest.mark.parametrize("thing_id", ["a/b", "", '"', "\x00", "a\\b", "#"])
def test_a_path_that_no_route_reads_is_not_found_in_our_shape(office, thing_id):
    answer = office.ask("GET", f"/things/{thing_id}", key=office.keys.header(Role.READ))
    if answer.status != 200:
        refused(answer, 404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/things"), ("GET", "/nothing"), ("POST", "/open")])
def test_what_the_function_does_not_know_is_not_found_in_our_shape(office, method, path):
    refused(office.ask(method, path), 404, "not_found")


# ---- ETag


def test_a_body_has_an_etag_and_the_caller_who_has_it_gets_no_body(office):
    key = office.keys.header(Role.READ)
    first = office.ask("GET", "/things/1", key=key)
    again = office.ask("GET", "/things/1", headers={"If-None-Match": first.headers["etag"]}, key=key)
    assert (first.status, again.status, again.text) == (200, 304, "")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("{etag}", 304),
        ("W/{etag}", 304),
        ('"other", {etag}', 304),
        ('"other",{etag},"more"', 304),
        ("*", 304),
        ('"other"', 200),
        ("{bare}", 200),
        ("", 200),
        (",,,", 200),
        ("x" * 10_000, 200),
        ("☂", 200),
    ],
)
def test_if_none_match_is_a_list(office, template, status):
    key = office.keys.header(Role.READ)
    etag = office.ask("GET", "/things/1", key=key).headers["etag"]
    header = template.format(etag=etag, bare=etag.strip('"'))
    assert office.ask("GET", "/things/1", headers={"If-None-Match": header}, key=key).status == status


def test_another_body_has_another_etag(office):
    key = office.keys.header(Role.READ)
    etags = {office.ask("GET", f"/things/{number}", key=key).headers["etag"] for number in range(5)}
    assert len(etags) == 5


# ---- If-Match, and patches

PATCH = {"content-type": "application/merge-patch+json"}


def etag_of(office):
    """The tag of the present state."""
    return office.ask("GET", "/things/1", key=office.keys.header(Role.READ)).headers["etag"]


@pytest.fixture
def seen_state(office):
    """What GET shows is the state that PATCH compares with."""
    office.answer = Answer(200, office.state)
    return etag_of(office)


@pytest.mark.parametrize(
    ("template", "status"),
    [
        (None, 200),
        ("{etag}", 200),
        ('"other", {etag}', 200),
        ('"other",{etag},"more"', 200),
        ("*", 200),
        ('"other"', 412),
        ("W/{etag}", 412),  # RFC 9110, 13.1.1: compared strongly
        ("{bare}", 412),
        ("", 412),
        (",,,", 412),
        ("x" * 10_000, 412),
        ("☂", 412),
    ],
)
def test_if_match_lets_only_the_state_be_changed_that_was_seen(office, seen_state, template, status):
    bare = seen_state.strip('"')
    match = {} if template is None else {"If-Match": template.format(etag=seen_state, bare=bare)}
    office.seen.clear()
    answer = office.ask("PATCH", "/things/1", b"{}", {**PATCH, **match})
    if status == 412:
        refused(answer, 412, "changed_meanwhile")
        assert office.seen == []
    else:
        assert answer.status == 200


def test_a_patch_answers_with_the_tag_of_what_it_made(office, seen_state):
    office.state = {"value": "another"}
    office.answer = Answer(200, office.state)
    answer = office.ask("PATCH", "/things/1", b"{}", PATCH)
    assert answer.headers["etag"] == etag_of(office) != seen_state


@pytest.mark.parametrize("header", ["*", "{etag}"])
def test_a_patch_always_answers_with_the_body(office, seen_state, header):
    """304 is for GET and HEAD: here it would say that nothing was done."""
    headers = {**PATCH, "If-None-Match": header.format(etag=seen_state)}
    answer = office.ask("PATCH", "/things/1", b"{}", headers)
    assert (answer.status, answer.json) == (200, office.state)


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/merge-patch+json", 200),
        ("Application/Merge-Patch+JSON; charset=utf-8", 200),
        ("application/json", 200),
        ("application/json-patch+json", 415),
        ("merge-patch+json", 415),
        ("text/plain", 415),
        (None, 415),
    ],
)
def test_a_patch_is_a_merge_patch_or_plain_json(office, media_type, status):
    headers = {} if media_type is None else {"content-type": media_type}
    answer = office.ask("PATCH", "/things/1", b'{"a":null}', headers)
    if status == 415:
        assert "merge-patch" in refused(answer, 415, "unsupported_media_type")["detail"]
    else:
        assert (answer.status, office.seen[0][0]) == (200, {"a": None})


@pytest.mark.parametrize("path", ["/things", "/calls"])
def test_what_takes_no_patch_takes_no_media_type_of_one(office, path):
    refused(office.ask("POST", path, b"{}", PATCH), 415, "unsupported_media_type")


# ---- refusals

REFUSALS = {
    "state": (StateConflict("order_closed", "The order is closed.", "ord_1"), 409, "order_closed"),
    "signing": (StateConflict("issuing", "Being signed.", "ord_1"), 409, "issuing"),
    "changed": (ChangedMeanwhile("Changed."), 412, "changed_meanwhile"),
    "not found": (NotFound("There is no such order."), 404, "not_found"),
    "reused": (IdempotencyKeyReused("Used."), 422, "idempotency_key_reused"),
    "content": (ContentRefused([Problem("a", "A."), Problem("b", "B.")]), 422, "content_refused"),
    "busy": (TryAgain("Busy.", 7), 503, "try_again"),
}


@pytest.mark.parametrize(("error", "status", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_an_error_is_translated_once(office, error, status, code):
    office.answer = error
    document = refused(office.ask("GET", "/things"), status, code)
    assert document["detail"] == error.detail


def test_a_service_that_is_out_is_logged_with_its_own_words(office, logged):
    office.answer = TryAgain("The database refuses us.")
    office.answer.__cause__ = RuntimeError("not authorized to perform: dynamodb:GetItem")
    refused(office.ask("GET", "/things"), 503, "try_again")
    (line,) = (json.loads(each) for each in logged.getvalue().splitlines())
    assert (line["message"], line["detail"]) == ("a service is out", "The database refuses us.")
    assert line["cause"] == "not authorized to perform: dynamodb:GetItem"


def test_a_conflict_names_its_order(office):
    office.answer = StateConflict("order_closed", "The order is closed.", "ord_1")
    assert office.ask("GET", "/things").json["order_id"] == "ord_1"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (TryAgain("Busy.", 7), "7"),
        (StateConflict("issuing", "Signing.", "ord_1"), "5"),
        (NotFound("No."), None),
    ],
    ids=["busy", "signing", "not found"],
)
def test_where_waiting_helps_the_seconds_are_told(office, error, seconds):
    office.answer = error
    assert office.ask("GET", "/things").headers.get("retry-after") == seconds


def test_every_problem_has_what_it_has_and_nothing_empty(office):
    office.answer = ContentRefused(
        [
            Problem("plain", "A."),
            Problem("full", "B ☂.", "/names/0", "www.example.com", "ord_1"),
        ]
    )
    assert office.ask("GET", "/things").json["problems"] == [
        {"code": "plain", "detail": "A."},
        {
            "code": "full",
            "field": "/names/0",
            "name": "www.example.com",
            "detail": "B ☂.",
            "order_id": "ord_1",
        },
    ]


# ---- our own trouble


class Unforeseen(PartnerCenterError):
    """An error of ours that has no place in the interface."""

    code = "unforeseen"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SECRET),
        KeyError(SECRET),
        ValueError(SECRET),
        RecursionError(SECRET),
        MemoryError(SECRET),
        AssertionError(SECRET),
        Unforeseen(SECRET),
        PartnerCenterError(SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_goes_wrong_tells_nothing_of_our_insides(office, error, logged):
    office.answer = error
    answer = office.ask("GET", "/things")
    document = refused(answer, 500, "internal_error")
    assert SECRET not in answer.text
    assert type(error).__name__ not in answer.text
    assert "Traceback" not in answer.text
    assert document["problems"] == []
    assert SECRET in logged.getvalue()
    assert REQUEST_ID in logged.getvalue()


def test_an_answer_that_cannot_be_written_is_our_own_trouble(office):
    office.answer = Answer(200, {"value": object()})
    answer = office.ask("GET", "/things")
    refused(answer, 500, "internal_error")
    assert "object" not in answer.text


def test_a_handler_that_recurses_for_ever_is_our_own_trouble(office):
    limit = sys.getrecursionlimit()

    def recurse():
        return recurse()

    office._answer = lambda *_: recurse()
    refused(office.ask("GET", "/things"), 500, "internal_error")
    assert sys.getrecursionlimit() == limit
