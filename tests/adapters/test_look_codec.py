"""Looks and sightings as JSON: nothing lost, nothing guessed, nothing unbounded."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.adapters.look_codec import (
    SIGHTING_AT_MOST,
    VERSION,
    decode_answer,
    decode_look,
    decode_question,
    decode_sighting,
    encode_answer,
    encode_look,
    encode_question,
    encode_sighting,
)
from partner_center.kernel.errors import Malformed
from partner_center.validation.caa import CaaSet, CaaStep
from partner_center.validation.dns import (
    Answer,
    CaaRecord,
    Dnssec,
    Failure,
    FailureKind,
    Rcode,
    RecordType,
)
from partner_center.validation.looks import (
    CaaLook,
    CaaSeen,
    FileLook,
    Hop,
    PageSeen,
    PageTrouble,
    RecordsLook,
    RecordsSeen,
)
from partner_center.validation.perspectives import LOOKS_AT_MOST, Unseen, UnseenReason

names = st.sampled_from(
    ["com", "example.com", "_dnsauth.www.example.com", "a" * 63 + ".xn--p1ai", "a." * 126 + "a"]
)
types = st.sampled_from(RecordType)
texts = st.text(max_size=80)
numbers = st.integers(0, 2**31 - 1)
statuses = st.none() | st.integers(100, 999)

looks = st.builds(RecordsLook, names, types) | st.builds(CaaLook, names) | st.builds(FileLook, names)
caa_records = st.builds(CaaRecord, st.integers(0, 255), texts, st.binary(max_size=80))
failures = st.builds(Failure, names, types, st.sampled_from(FailureKind), numbers, st.booleans())


def answers(record_types):
    def of(record_type):
        records = {RecordType.TXT: st.binary(max_size=300), RecordType.CAA: caa_records}
        rcode = st.sampled_from(Rcode)
        return st.builds(
            lambda name, records, ttl, dnssec, rcode, aliases: Answer(
                name, record_type, records if rcode is Rcode.NOERROR else (), ttl, dnssec, rcode, aliases
            ),
            names,
            st.lists(records.get(record_type, texts), max_size=5).map(tuple),
            numbers,
            st.sampled_from(Dnssec),
            rcode,
            st.lists(texts, max_size=4).map(tuple),
        )

    return record_types.flatmap(of)


climbed = answers(st.just(RecordType.CAA))
steps = st.builds(CaaStep, names, climbed) | st.builds(
    lambda name, failure, pardoned: CaaStep(name, None, failure, pardoned), names, failures, st.booleans()
)
sightings = (
    st.builds(RecordsSeen, answers(types))
    | st.builds(lambda failure: RecordsSeen(failure=failure), failures)
    | st.builds(CaaSeen, st.builds(CaaSet, names, st.lists(steps, max_size=6).map(tuple)))
    | st.builds(
        PageSeen,
        st.lists(
            st.builds(Hop, texts, st.none() | texts, statuses, st.none() | st.sampled_from(Dnssec)),
            max_size=11,
        ).map(tuple),
        statuses,
        st.binary(max_size=1000),
        st.none() | st.sampled_from(PageTrouble),
    )
    | st.builds(Unseen, st.sampled_from(UnseenReason))
)


def sent(message):
    """The message as the other side reads it."""
    return json.loads(json.dumps(message))


@settings(max_examples=50, deadline=None)
@given(looks)
def test_a_look_comes_back_as_it_went(look):
    assert decode_look(sent(encode_look(look))) == look


@settings(max_examples=150, deadline=None)
@given(sightings)
def test_a_sighting_comes_back_as_it_went(seen):
    assert decode_sighting(sent(encode_sighting(seen))) == seen


@settings(max_examples=30, deadline=None)
@given(st.lists(looks, min_size=1, max_size=10), st.lists(sightings, max_size=10))
def test_messages_keep_the_order(asked, seen):
    assert decode_question(sent(encode_question(asked))) == tuple(asked)
    assert decode_answer(sent(encode_answer("af-south-1", seen))) == ("af-south-1", tuple(seen))


A_LOOK = {"kind": "records", "name": "example.com", "type": "TXT"}
AN_ANSWER = {
    "name": "example.com",
    "type": "TXT",
    "records": [{"octets": "dmFsdWU="}],
    "ttl": 0,
    "dnssec": "secure",
    "rcode": "NOERROR",
    "aliases": [],
}
A_FAILURE = {
    "name": "example.com",
    "type": "TXT",
    "failure": "timeout",
    "attempts": 2,
    "zone_unsigned": False,
}
RECORDS = {"kind": "records", "answer": AN_ANSWER}
A_HOP = {"url": "http://example.com/", "address": "93.184.215.14", "status": 200}
A_PAGE = {"kind": "page", "hops": [A_HOP], "status": 200, "body": "", "trouble": None}
A_CAA = {"flags": 0, "tag": "issue", "value": "Ow=="}
A_STEP = {
    "name": "example.com",
    "pardoned": False,
    "answer": AN_ANSWER | {"type": "CAA", "records": [A_CAA]},
}
A_CLIMB = {"kind": "caa", "name": "example.com", "steps": [A_STEP]}


def test_the_examples_are_good_ones():
    """Each is spoilt in one place below, so each must be whole here."""
    decode_look(A_LOOK)
    for seen in (RECORDS, {"kind": "records", "failure": A_FAILURE}, A_PAGE, A_CLIMB):
        decode_sighting(seen)


BAD_LOOKS = {
    "nothing": None,
    "a text": "example.com",
    "a list": [A_LOOK],
    "no kind": {"name": "example.com", "type": "TXT"},
    "an unknown kind": A_LOOK | {"kind": "zone_transfer"},
    "an unknown type": A_LOOK | {"type": "ANY"},
    "a type in lower case": A_LOOK | {"type": "txt"},
    "no name": {"kind": "caa"},
    "an empty name": A_LOOK | {"name": ""},
    "a name that is a number": A_LOOK | {"name": 7},
    "upper case": A_LOOK | {"name": "Example.com"},
    "a wildcard": {"kind": "caa", "name": "*.example.com"},
    "a trailing dot": A_LOOK | {"name": "example.com."},
    "a line end": A_LOOK | {"name": "example.com\n"},
    "a NUL": A_LOOK | {"name": "example.com\0.example.net"},
    "an address with its port": {"kind": "file", "host": "example.com:8080"},
    "a path": {"kind": "file", "host": "example.com/x"},
    "a U-label": A_LOOK | {"name": "münchen.de"},
    "a lone surrogate": A_LOOK | {"name": "\ud800.de"},
    "a label of 64": A_LOOK | {"name": "a" * 64 + ".com"},
    "a name of 254": A_LOOK | {"name": "a." * 126 + "ab"},
    "a name of a megabyte": A_LOOK | {"name": "a." * 500_000 + "com"},
}


@pytest.mark.parametrize("look", BAD_LOOKS.values(), ids=BAD_LOOKS)
def test_a_bad_look_is_refused_and_spoils_no_other(look):
    with pytest.raises(Malformed):
        decode_look(look)
    good = RecordsLook("example.com", RecordType.TXT)
    message = {"version": VERSION, "looks": [A_LOOK, look, A_LOOK]}
    assert decode_question(message) == (good, Unseen(UnseenReason.MALFORMED), good)


BAD_QUESTIONS = {
    "nothing": None,
    "a list": [],
    "no version": {"looks": [A_LOOK]},
    "a later version": {"version": 2, "looks": [A_LOOK]},
    "a version that is a text": {"version": "1", "looks": [A_LOOK]},
    "a version that is a truth": {"version": True, "looks": [A_LOOK]},
    "no looks": {"version": 1},
    "an empty list": {"version": 1, "looks": []},
    "looks that are no list": {"version": 1, "looks": A_LOOK},
    "more than a hundred": {"version": 1, "looks": [A_LOOK] * (LOOKS_AT_MOST + 1)},
}


@pytest.mark.parametrize("message", BAD_QUESTIONS.values(), ids=BAD_QUESTIONS)
def test_a_bad_question_is_refused_as_a_whole(message):
    with pytest.raises(Malformed):
        decode_question(message)


def test_a_hundred_looks_are_taken():
    assert len(decode_question({"version": 1, "looks": [A_LOOK] * LOOKS_AT_MOST})) == LOOKS_AT_MOST


def without(value, name):
    return {key: part for key, part in value.items() if key != name}


def answered(**change):
    return {"kind": "records", "answer": AN_ANSWER | change}


def failed(**change):
    return {"kind": "records", "failure": A_FAILURE | change}


BAD_SIGHTINGS = {
    "nothing": None,
    "an unknown kind": {"kind": "verdict", "passed": True},
    "neither answer nor failure": {"kind": "records"},
    "answer and failure": {"kind": "records", "answer": AN_ANSWER, "failure": A_FAILURE},
    "an answer that is a list": {"kind": "records", "answer": [AN_ANSWER]},
    "an unknown state of DNSSEC": answered(dnssec="signed"),
    "an unknown state of DNSSEC of a hop": A_PAGE | {"hops": [A_HOP | {"dnssec": "signed"}]},
    "no state of DNSSEC": {"kind": "records", "answer": without(AN_ANSWER, "dnssec")},
    "an unknown response code": answered(rcode="SERVFAIL"),
    "records at a name that does not exist": answered(rcode="NXDOMAIN"),
    "a negative ttl": answered(ttl=-1),
    "a ttl beyond 31 bits": answered(ttl=2**31),
    "a ttl that is a fraction": answered(ttl=0.5),
    "a ttl that is a truth": answered(ttl=True),
    "octets that are no base64": answered(records=[{"octets": "a"}]),
    "octets with blanks": answered(records=[{"octets": "dmFs dWU="}]),
    "octets outside ASCII": answered(records=[{"octets": "ä==="}]),
    "text in the place of octets": answered(records=["value"]),
    "octets in the place of text": answered(type="CNAME"),
    "an alias that is no text": answered(aliases=[7]),
    "records that are no list": answered(records={"octets": ""}),
    "more records than fit a message": answered(records=[{"octets": ""}] * 5001),
    "a text that is too long": answered(type="MX", records=["x" * (SIGHTING_AT_MOST + 1)]),
    "an unknown failure": failed(failure="pardoned"),
    "attempts that are a text": failed(attempts="2"),
    "a truth that is a number": failed(zone_unsigned=1),
    "a step without an outcome": A_CLIMB | {"steps": [without(A_STEP, "answer")]},
    "a step without its pardon": A_CLIMB | {"steps": [without(A_STEP, "pardoned")]},
    "a flag beyond an octet": A_CLIMB
    | {"steps": [A_STEP | {"answer": AN_ANSWER | {"type": "CAA", "records": [A_CAA | {"flags": 256}]}}]},
    "a tag that is none": A_CLIMB
    | {"steps": [A_STEP | {"answer": AN_ANSWER | {"type": "CAA", "records": [A_CAA | {"tag": None}]}}]},
    "a climb without end": A_CLIMB | {"steps": [A_STEP] * 101},
    "a status of two figures": A_PAGE | {"status": 20},
    "a status that is a text": A_PAGE | {"status": "200"},
    "an unknown trouble": A_PAGE | {"trouble": "teapot"},
    "no body": without(A_PAGE, "body"),
    "a hop without an address of a page": A_PAGE | {"hops": [without(A_HOP, "url")]},
    "hops without end": A_PAGE | {"hops": [A_HOP] * 101},
    "an unknown reason": {"kind": "unseen", "reason": "passed"},
}


@pytest.mark.parametrize("seen", BAD_SIGHTINGS.values(), ids=BAD_SIGHTINGS)
def test_a_bad_sighting_spoils_the_answer(seen):
    with pytest.raises(Malformed):
        decode_sighting(seen)
    with pytest.raises(Malformed):
        decode_answer({"version": 1, "perspective": "eu-west-1", "sightings": [RECORDS, seen]})


@pytest.mark.parametrize(
    "change", [{"perspective": None}, {"perspective": "EU"}, {"perspective": "a" * 64}, {"version": 0}]
)
def test_an_answer_of_nobody_is_refused(change):
    with pytest.raises(Malformed):
        decode_answer({"version": 1, "perspective": "eu-west-1", "sightings": []} | change)


def added(value):
    """The value as a later writer of the same version may send it: a further field in every object."""
    if isinstance(value, dict):
        return {key: added(part) for key, part in value.items()} | {"added_later": [1, {"x": None}]}
    return [added(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seen", [RECORDS, A_PAGE, A_CLIMB], ids=lambda seen: seen["kind"])
def test_fields_may_be_added_within_a_version(seen):
    assert decode_sighting(added(seen)) == decode_sighting(seen)
    assert decode_look(added(A_LOOK)) == decode_look(A_LOOK)


def test_what_version_1_looks_like_stays():
    """Perspectives and those who ask them are deployed apart: these very texts are read for a year."""
    assert sent(encode_look(RecordsLook("example.com", RecordType.TXT))) == A_LOOK
    assert sent(encode_look(FileLook("example.com"))) == {"kind": "file", "host": "example.com"}
    answer = Answer("example.com", RecordType.TXT, (b"value",), 0, Dnssec.SECURE)
    assert sent(encode_sighting(RecordsSeen(answer))) == RECORDS
    climb = CaaStep(
        "example.com",
        Answer("example.com", RecordType.CAA, (CaaRecord(0, "issue", b";"),), 0, Dnssec.SECURE),
    )
    assert sent(encode_sighting(CaaSeen(CaaSet("example.com", (climb,))))) == A_CLIMB
    page = PageSeen((Hop("http://example.com/", "93.184.215.14", 200),), 200)
    assert sent(encode_sighting(page)) == A_PAGE | {"hops": [A_HOP | {"dnssec": None}]}


def test_a_sighting_that_is_too_large_is_told_and_the_others_fit():
    large = RecordsSeen(Answer("example.com", RecordType.TXT, (b"x" * SIGHTING_AT_MOST,), 0, Dnssec.INSECURE))
    small = RecordsSeen(failure=Failure("example.com", RecordType.TXT, FailureKind.BOGUS))
    _, seen = decode_answer(sent(encode_answer("eu-west-1", [large, small])))
    assert seen == (Unseen(UnseenReason.TOO_LARGE), small)


def test_the_largest_answer_is_one_that_lambda_lets_through():
    body = b"x" * 36_000
    page = PageSeen((Hop("http://example.com/", None, 200),), 200, body)
    message = json.dumps(encode_answer("eu-west-1", [page] * LOOKS_AT_MOST))
    assert decode_answer(json.loads(message))[1] == (page,) * LOOKS_AT_MOST
    assert len(message) < 6 * 1024 * 1024


def test_a_perspective_of_former_days_tells_no_dnssec_of_a_page():
    """The field was added within the version: images are deployed apart from those who ask."""
    (hop,) = decode_sighting(A_PAGE).hops
    assert hop.dnssec is None
