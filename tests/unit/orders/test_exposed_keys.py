"""Which keys a request exposes: those that are whole and consistent, in any field, a bounded number of them."""

import json
import time
import tracemalloc
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from partner_center.orders.csr import read_csr
from partner_center.orders.exposed_keys import ReportExposed
from partner_center.orders.inspect import exposed_in
from partner_center.orders.key_material import screen
from tests.fakes.outside import MemoryExposedKeys
from tests.fakes.posted import a_body, a_csr, a_key, a_principal, a_private_key, key_material, spki_of, with_
from tests.unit.orders.csr_workshop import Workshop, attribute, tlv

EXPOSED = sha256(spki_of(9)).hexdigest()  # of `a_private_key`


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def spki_sha256(key):
    return sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


PLACES = {
    "beside the csr": (["csr"], lambda pem: a_csr() + pem),
    "note": (["note"], lambda pem: f"our key is {pem}"),
    "deep down": (["extra"], lambda pem: {"a": [[{"b": pem}]]}),
    "name of a field": (["extra"], lambda pem: {pem: 1}),
    "name of a top field": ([a_private_key()], lambda _: 1),
    "line by line": (
        ["additional_domains"],
        lambda pem: ["www.example.com", *pem.splitlines(), "example.com"],
    ),
    "line by line, unknown field": (["extra"], lambda pem: pem.splitlines()),
    "twice": (["extra"], lambda pem: [pem, {"again": pem}]),
}


@pytest.mark.parametrize(("place", "value"), PLACES.values(), ids=PLACES.keys())
def test_a_key_is_named_once_wherever_it_stands(place, value):
    body = with_(a_body(), place, value(a_private_key()))
    assert screen(body).exposed == (EXPOSED,)
    assert exposed_in(body) == (EXPOSED,)


def test_a_request_without_keys_exposes_none():
    assert screen(a_body()).exposed == ()
    assert exposed_in(a_body()) == ()
    assert exposed_in({}) == ()
    assert exposed_in({"csr": 5}) == ()


def test_a_key_that_is_cut_off_or_encrypted_is_refused_and_names_nothing():
    for text in (a_private_key()[:120], "-----BEGIN ENCRYPTED PRIVATE " + "KEY-----\nAAAA"):
        screened = screen({"note": text})
        assert screened.problems != ()
        assert screened.exposed == ()


def test_a_key_that_hides_within_a_csr_is_named(workshop: Workshop):
    hidden = attribute("1.2.840.113549.1.9.7", tlv(0x0C, a_private_key().encode()))
    csr = workshop.csr_pem(hidden)
    assert read_csr(csr).exposed == (EXPOSED,)
    assert exposed_in({"csr": csr}) == (EXPOSED,)


def test_what_is_found_holds_no_key_material():
    screened = screen(a_body(note=a_private_key()))
    assert [piece for piece in key_material() if piece in repr(screened)] == []


def test_a_flood_of_keys_is_named_in_part_and_costs_little():
    """A body of 256 KiB holds a thousand keys; each takes a multiplication on its curve to prove."""
    keys = [ec.derive_private_key(number, ec.SECP521R1()) for number in range(1000, 1200)]
    body = {f"field {number}": pem_of(key) for number, key in enumerate(keys)}
    one_text = {"note": "\n".join(body.values())}
    for flood in (body, one_text):
        began = time.process_time()
        found = screen(flood).exposed
        assert time.process_time() - began < 1
        assert 1 <= len(found) <= 8
        assert {*found} <= {*map(spki_sha256, keys)}


WITHHELD = {
    "a text": ({"note": "KEY"}, {"/note"}),
    "deep down": ({"a": [{"b/c": "KEY"}, "x"]}, {"/a/0/b~1c", "/a/1"}),
    "line by line": ({"a": ["x", "KEY", 7, {}, "y"]}, {"/a/0", "/a/1", "/a/4"}),
    "in a name": ({"a": {"KEY": 1}}, set()),
    "at an empty name": ({"": {"": "KEY"}}, {"//"}),
    "nowhere": ({"a": ["x"], "note": "x"}, set()),
}


@pytest.mark.parametrize(("body", "places"), WITHHELD.values(), ids=WITHHELD.keys())
def test_what_was_blanked_is_known_by_its_place(body, places):
    withheld = screen(json.loads(json.dumps(body).replace('"KEY"', json.dumps(a_private_key())))).withheld
    tried = {
        "",
        "/",
        "//",
        "/a",
        "/note",
        "/a/0",
        "/a/1",
        "/a/2",
        "/a/3",
        "/a/4",
        "/a/0/b~1c",
        "/a/0/b/c",
        "/x",
    }
    assert {each for each in tried if each in withheld} == places


FLOODS = {
    "of keys": ["-----BEGIN PRIVATE KEY-----"] * 4000,
    "of lines behind a key": ["-----BEGIN PRIVATE KEY-----", *[""] * 20_000],
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_where_the_keys_stand_is_not_repeated_for_each(flood):
    """What is around them may have a name of 512 letters, of four octets each."""
    body = {"\U0001f600" * 512: flood}
    tracemalloc.start()
    try:
        screened = screen(body)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert len(screened.problems) <= 101


def test_every_key_is_reported_with_its_sender_and_nothing_of_its_text():
    queue = MemoryExposedKeys()
    spkis = screen({"a": a_private_key(), "b": pem_of(a_key(8))}).exposed
    ReportExposed(queue)(spkis, a_principal(), "request-7")
    assert [each.spki_sha256 for each in queue.reported] == [EXPOSED, sha256(spki_of(8)).hexdigest()]
    assert {(each.reseller_id, each.key_id, each.request_id) for each in queue.reported} == {
        (a_principal().reseller_id, a_principal().key_id, "request-7")
    }
    assert [piece for piece in key_material() if piece in repr(queue.reported)] == []
