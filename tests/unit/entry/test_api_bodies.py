"""What the door reads: bodies, query parameters, Idempotency-Keys; hostile ones are refused before any handler."""

import json

import pytest

from partner_center.entry.api import MAX_BODY
from tests.fakes.http import REQUEST_ID
from tests.fakes.posted import a_private_key, key_material
from tests.unit.entry.office import Office, refused

JSON = {"content-type": "application/json"}


@pytest.fixture
def office():
    return Office()


# ---- bodies

DEEP = 100_000
HOSTILE = {
    "nothing": b"",
    "blank": b"   ",
    "half an object": b'{"a":',
    "trailing comma": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "a comment": b'{"a":1} // b',
    "two documents": b"{}{}",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "hexadecimal": b'{"a":0x10}',
    "leading zero": b'{"a":01}',
    "repeated name": b'{"a":1,"a":2}',
    "repeated name deep down": b'{"b":[{"a":1,"a":1}]}',
    "repeated by escape": b'{"a":1,"\\u0061":2}',
    "lone surrogate": b'{"a":"\\ud800"}',
    "lone surrogate in a name": b'{"\\udfff":1}',
    "reversed surrogates": b'{"a":"\\udc00\\ud800"}',
    "raw control character": b'{"a":"\x01"}',
    "raw line end": b'{"a":"\n"}',
    "bad UTF-8": b'{"a":"\xff"}',
    "overlong UTF-8": b'{"a":"\xc0\x80"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "100,000 arrays": b"[" * DEEP + b"]" * DEEP,
    "100,000 open arrays": b"[" * DEEP,
    "20,000 objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "40 levels": b'{"a":' * 40 + b"1" + b"}" * 40,
    "900 levels": b'{"a":' * 900 + b"1" + b"}" * 900,
    "a field's name of 8,193 letters": b'{"' + b"x" * 8193 + b'":1}',
    "such a name deep down": b'{"a":[{"' + b"x" * 8193 + b'":1}]}',
    "a name of 513 letters around a list": b'{"' + b"x" * 513 + b'":[1]}',
    "a name of 513 letters around an object": b'{"a":[[{"' + b"x" * 513 + b'":{}}]]}',
    "names of 513 letters around each other": b'{"%s":{"%s":[[]]}}' % (b"x" * 256, b"y" * 257),
    "an endless number": b'{"a":' + b"9" * 5000 + b"}",
    "an array": b"[]",
    "text": b'"text"',
    "a number": b"7",
    "null": b"null",
    "true": b"true",
    "a zip": b"PK\x03\x04\x00",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_not_one_json_object_is_malformed(office, raw):
    refused(office.ask("POST", "/things", raw, JSON), 400, "malformed")
    assert office.seen == []


READABLE = {
    "empty object": (b"{}", {}),
    "white space": (b' \r\n\t{ "a" : 1 } ', {"a": 1}),
    "a byte order mark": (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    "surrogate pair": (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
    "null character": (b'{"a":"\\u0000"}', {"a": "\x00"}),
    "same name in two objects": (b'{"a":{"x":1},"b":{"x":1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    "30 levels": (b'{"a":' * 30 + b"1" + b"}" * 30, None),
    "a field's name of 8,192 letters": (b'{"' + b"x" * 8192 + b'":1}', {"x" * 8192: 1}),
    "a name of 512 letters around a list": (b'{"' + b"x" * 512 + b'":[1]}', {"x" * 512: [1]}),
    "names of 512 letters around each other": (
        b'{"%s":{"%s":[{"z":1}]}}' % (b"x" * 256, b"y" * 256),
        {"x" * 256: {"y" * 256: [{"z": 1}]}},
    ),
    "names of 512 letters beside each other": (
        b'{"%s":{},"%s":{}}' % (b"x" * 512, b"y" * 512),
        {"x" * 512: {}, "y" * 512: {}},
    ),
    "a large number": (b'{"a":' + b"9" * 4000 + b"}", None),
    "a large exponent": (b'{"a":1e400}', {"a": float("inf")}),
}


@pytest.mark.parametrize(("raw", "value"), READABLE.values(), ids=READABLE.keys())
def test_what_is_one_json_object_is_read(office, raw, value):
    assert office.ask("POST", "/things", raw, JSON).status == 200
    assert value is None or office.seen[0][0] == value


def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_not(office):
    wrapping = len(b'{"a":""}')
    largest = b'{"a":"' + b"x" * (MAX_BODY - wrapping) + b'"}'
    assert len(largest) == MAX_BODY == 256 * 1024
    assert office.ask("POST", "/things", largest, JSON).status == 200
    refused(office.ask("POST", "/things", largest + b" ", JSON), 413, "body_too_large")


def test_the_size_counts_bytes_and_not_letters(office):
    body = '{"a":"' + "☂" * (MAX_BODY // 3) + '"}'
    assert len(body) < MAX_BODY
    refused(office.ask("POST", "/things", body, JSON), 413, "body_too_large")


@pytest.mark.parametrize(
    "media_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json", "*/*"],
)
def test_another_media_type_is_not_read(office, media_type):
    headers = {} if media_type is None else {"content-type": media_type}
    refused(office.ask("POST", "/things", b"{}", headers), 415, "unsupported_media_type")


# ---- small bodies


@pytest.mark.parametrize(
    ("body", "value"),
    [(None, None), (b"  ", None), ({}, None), ({"reason": None}, None), ({"reason": "x" * 10}, "x" * 10)],
    ids=["none", "blank", "empty", "null", "longest"],
)
def test_an_optional_text_may_be_left_out(office, body, value):
    assert office.ask("POST", "/things/1/end", body).status == 200
    assert office.seen[0][0] == value


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"reason": "x" * 11}, [("invalid_field", "/reason")]),
        ({"reason": 7}, [("invalid_field", "/reason")]),
        ({"reason": ["x"]}, [("invalid_field", "/reason")]),
        ({"why": "x"}, [("unknown_field", "/why")]),
        (
            {"a/b": 1, "reason": 7, "c": 2},
            [("unknown_field", "/a~1b"), ("unknown_field", "/c"), ("invalid_field", "/reason")],
        ),
    ],
    ids=["too long", "number", "list", "unknown", "all at once"],
)
def test_an_optional_text_is_judged_with_all_its_problems(office, body, problems):
    document = refused(office.ask("POST", "/things/1/end", body), 422, "content_refused")
    assert [(problem["code"], problem["field"]) for problem in document["problems"]] == problems
    assert office.seen == []


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff"], ids=["array", "half", "bad UTF-8"])
def test_an_optional_body_that_is_there_is_read_like_any_other(office, body):
    refused(office.ask("POST", "/things/1/end", body, JSON), 400, "malformed")
    refused(office.ask("POST", "/things/1/end", body), 415, "unsupported_media_type")


def test_a_required_text_is_required(office):
    for body, problem in (
        ({}, "missing_field"),
        ({"csr": 7}, "invalid_field"),
        ({"csr": None}, "invalid_field"),
    ):
        document = refused(office.ask("POST", "/texts", body), 422, "content_refused")
        assert [(each["code"], each["field"]) for each in document["problems"]] == [(problem, "/csr")]


def test_a_required_text_reaches_its_reader_whatever_it_is(office):
    assert office.ask("POST", "/texts", {"csr": a_private_key()}).status == 200
    assert office.seen[0][0] == a_private_key()


@pytest.mark.parametrize("path", ["/things/1/end", "/texts"])
@pytest.mark.parametrize(
    "body",
    [
        {"reason": a_private_key()},
        {a_private_key(): 1},
        {"csr": "x", "other": a_private_key()},
        {"reason": {a_private_key(): a_private_key()}},
        {f"-----BEGIN RSA PRIVATE KEY-----\n{'QUJD' * 1600}\n-----END RSA PRIVATE KEY-----\n": 1},
    ],
    ids=["value", "name", "another field", "nested", "a name as long as any key"],
)
def test_a_private_key_in_a_small_body_is_refused_and_never_quoted(office, path, body):
    answer = office.ask("POST", path, body)
    document = refused(answer, 422, "content_refused")
    assert "private_key_not_accepted" in [problem["code"] for problem in document["problems"]]
    assert [piece for piece in key_material() if piece in json.loads(json.dumps(answer.text))] == []
    assert office.seen == []


# ---- query parameters


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("", {}),
        ("limit=5", {"limit": "5"}),
        ("limit=", {"limit": ""}),
        ("limit=5&cursor=a%20b%2Bc+d", {"limit": "5", "cursor": "a b+c d"}),
        ("cursor=%E2%98%82", {"cursor": "☂"}),
        ("cursor=%FF", {"cursor": "\ufffd"}),
        ("cursor=%00", {"cursor": "\x00"}),
        ("cursor=a;limit=3", {"cursor": "a;limit=3"}),
    ],
)
def test_query_parameters_are_decoded_once(office, query, value):
    assert office.ask("GET", "/things", query=query).status == 200
    assert office.seen[0][0] == value


def test_unknown_parameters_are_told_all_at_once(office):
    document = refused(office.ask("GET", "/things", query="zebra=1&limit=2&ape=3"), 400, "malformed")
    assert [problem["code"] for problem in document["problems"]] == ["unknown_parameter"] * 2
    assert "ape, zebra" in document["detail"]


@pytest.mark.parametrize("query", ["limit=1&limit=1", "limit=1&limit=2", "limit&limit", "x=1&x=2"])
def test_a_parameter_given_twice_is_ambiguous(office, query):
    refused(office.ask("GET", "/things", query=query), 400, "malformed")


def test_names_of_parameters_are_told_as_they_are(office):
    answer = office.ask("GET", "/things", query="%3Cscript%3E=1&%E2%98%82=2&%22=3")
    assert "<script>" in refused(answer, 400, "malformed")["detail"]


# ---- Idempotency-Key


@pytest.mark.parametrize("key", ["k", "x" * 255, "with blank", "~!@#$%^&*()"])
def test_a_good_idempotency_key_is_bound_to_method_path_and_body(office, key):
    office.ask("POST", "/calls", {"a": 1}, {"Idempotency-Key": key})
    call = office.seen[0][0]
    assert (call.method, call.path, call.idempotency_key) == ("POST", "/calls", key)
    assert call.request_id == REQUEST_ID
    assert len(call.body_sha256) == 64


def test_without_the_header_there_is_no_key(office):
    office.ask("POST", "/calls", {})
    assert office.seen[0][0].idempotency_key is None


@pytest.mark.parametrize("key", ["", "x" * 256, "☂", "ü", "a\tb", "a\nb", "\x00", "\x7f"])
def test_a_bad_idempotency_key_is_malformed(office, key):
    refused(office.ask("POST", "/calls", {}, {"Idempotency-Key": key}), 400, "malformed")
    assert office.seen == []
