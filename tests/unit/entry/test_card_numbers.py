"""Card numbers in requests: what is one, what only looks like one, and that nobody repeats it."""

import hashlib
import json
import time

import pytest

from local.openapi.story import order_request
from partner_center.entry.card_numbers import card_number_problems, holds_card_number
from partner_center.entry.json_body import read_json_object
from partner_center.kernel.errors import ContentRefused
from tests.fakes.samples import ORDER
from tests.unit.orders.csr_workshop import Workshop

VISA = "4242424242424242"

NUMBERS = {
    "Visa": VISA,
    "Visa of 13 digits": "4222222222222",
    "Visa of 19 digits": "4000000000000000006",
    "Mastercard": "5555555555554444",
    "Mastercard, the new range": "2223003122003222",
    "American Express": "378282246310005",
    "Diners": "30569309025904",
    "Discover": "6011111111111117",
    "JCB": "3530111333300000",
    "UnionPay": "6200000000000005",
    "Maestro": "6759649826438453",
    "an issuer nobody knows": "1234567890123452",
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("words", ["{}", "card {}, thanks", "({})", "card:{}.", "no={};", "{}\n"])
def test_a_card_number_is_one_in_any_sentence(number, words):
    assert holds_card_number(words.format(number))


WRITTEN = {
    "in fours": "4242 4242 4242 4242",
    "with dashes": "4242-4242-4242-4242",
    "with both": "4242 - 4242 4242-4242",
    "over two lines": "4242 4242\n4242 4242",
    "with tabs": "4242\t4242\t4242\t4242",
    "with non-breaking blanks": "4242\u00a04242\u00a04242\u00a04242",
    "with en dashes": "4242\u20134242\u20134242\u20134242",
    "with invisible letters": "4242\u200b4242\u200b4242\u200b4242",
    "in full width": "".join(chr(0xFF10 + int(digit)) for digit in VISA),
    "in Arabic digits": "".join(chr(0x0660 + int(digit)) for digit in VISA),
    "with expiry and code": "4242 4242 4242 4242 12 27 123",
    "after another number": "invoice 17 4242 4242 4242 4242",
    "American Express as printed": "3782 822463 10005",
    "Diners as printed": "3056 930902 5904",
    "digit by digit": " ".join(VISA),
    "in odd groups": "42 42424 2424242 42",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_card_number_is_one_however_it_is_written(text):
    assert holds_card_number(text)


OTHERS = {
    "a wrong check digit": "4242424242424241",
    "12 digits": "424242424242",
    "20 digits": "42424242424242424242",
    "noughts": "0000000000000000",
    "one digit again and again": "8888888888888888",
    "a number that begins with nought": "0424242424242424",
    "a UUID of digits": "12345678-1234-5678-9012-345678901234",
    "a UUID": "b3f0c7a2-4242-4242-8242-424242424242",
    "an IBAN": "DE89 3704 0044 0532 0130 00",
    "an IBAN in one piece": "NL91ABNA0417164300",
    "an order's id": ORDER,
    "a serial of hexadecimal digits": "4242424242424242424242424242424242",
    "a serial with colons": "42:42:42:42:42:42:42:42:42:42",
    "hexadecimal with letters": "a4242424242424242",
    "an identifier": "id_4242424242424242",
    "dates": "2026-11-23 2026-11-24 2026-11-27",
    "times": "2026-11-23T10:00:00Z 2026-11-24T11:00:00Z",
    "a telephone number": "+31 10 123 4567",
    "a long one": "call +49 30 1234 5678 901",
    "one with the trunk's noughts": "0049 30 1234 56789",
    "amounts": "1 000 000 000 000 EUR",
    "version and OID": "1.2.840.113549.1.1.11",
    "addresses": "192.168.100.100 10.20.30.40",
    "nothing": "",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_what_only_looks_like_one_is_none(text):
    assert not holds_card_number(text)


# Numbers that pass the check in fields that are made for numbers: (field, text, whether it is a card's).
IN_FIELDS = [
    ("phone", "+4242424242424242", True),
    ("phone", VISA, True),
    ("phone", "4242 4242 4242 4242", True),
    ("phone", "378282246310005", True),
    ("phone", "+37 8282 2463 10005", False),
    ("phone", "0049 89 1234 5676", False),
    ("phone", "(010) 123 4567", False),
    ("phone", "86 13 8001 3800 9", False),
    ("registration_number", "73282932000074", False),
    ("registration_number", "30569309025904", False),
    ("registration_number", VISA, True),
    ("registration_number", "1234567890123452", False),
    ("partner_order_id", "1764108000005", False),
    ("partner_order_id", "1234567890123452", False),
    ("partner_order_id", "1234 5678 9012 3452", False),
    ("partner_order_id", VISA, True),
    ("customer_id", "4242-4242-4242-4242", True),
    ("customer_id", "CUST4242424242424242", False),
    ("email", "4242424242424242@example.com", True),
    ("email", "1234567890123452@example.com", False),
    ("common_name", "1234567890123452.example.com", False),
    ("note", "1234567890123452", True),
]


@pytest.mark.parametrize(("field", "text", "expected"), IN_FIELDS)
def test_the_field_decides_how_much_it_takes(field, text, expected):
    assert holds_card_number(text, field) is expected


def test_csrs_are_never_refused():
    """With the words of a tool before them, a serial number that passes the check among them."""
    csr = Workshop().csr_pem()
    for text in (csr, f"serialNumber = {VISA}\n{csr}", csr.replace("\n", "\r\n")):
        assert card_number_problems({"csr": text, "proof": {"csr": text}}) == ()
    for text in (VISA, f"-- {VISA} --"):
        assert card_number_problems({"csr": text}) != ()


def test_base64_of_any_bytes_is_none():
    for seed in range(200):
        text = hashlib.shake_256(bytes([seed])).hexdigest(1000)
        assert not holds_card_number(" ".join(text[n : n + 64] for n in range(0, 2000, 64)))


BODIES = {
    "in a field": ({"note": VISA}, ["/note"]),
    "deep down": ({"a": [{"b": ["x", f"x {VISA}"]}]}, ["/a/0/b/1"]),
    "as a number": ({"units": int(VISA)}, ["/units"]),
    "as a number with a point": ({"units": float(VISA)}, ["/units"]),
    "in several": ({"a": VISA, "b": VISA}, ["/a", "/b"]),
    "as a field's name": ({"a": {VISA: "x"}}, ["/a"]),
    "as a name at the top": ({VISA: VISA}, [""]),
    "nowhere": ({"a": True, "b": None, "c": 1.5, "d": 17, "e": []}, []),
}


@pytest.mark.parametrize(("body", "places"), BODIES.values(), ids=BODIES.keys())
def test_every_place_is_named_and_no_number_is_repeated(body, places):
    problems = card_number_problems(body)
    assert [problem.field for problem in problems] == places
    assert all(problem.code == "card_number_in_field" for problem in problems)
    assert VISA not in repr(problems)


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"a": [VISA] * 18_000}, [f"/a/{number}" for number in range(101)]),
        ({f"{number}": VISA for number in range(10_000)}, [f"/{number}" for number in range(101)]),
        ({"a": {" " * blanks + VISA: 1 for blanks in range(300)}, "b": VISA}, ["/a", "/b"]),
    ],
    ids=["a list", "fields", "one place again and again"],
)
def test_of_very_many_places_no_more_are_named_than_an_answer_tells(body, places):
    assert [problem.field for problem in card_number_problems(body)] == places


def test_the_door_refuses_the_whole_request():
    with pytest.raises(ContentRefused) as caught:
        read_json_object(json.dumps(order_request() | {"note": f"my card is {VISA}"}).encode())
    assert [problem.field for problem in caught.value.problems] == ["/note"]


def test_an_ordinary_order_is_let_through():
    body = order_request() | {"partner_order_id": "1764108000005", "note": "Call +31 10 123 4567."}
    assert read_json_object(json.dumps(body).encode()) == body


HOSTILE = {
    "one long number": "4" * 250_000,
    "single digits": "4 2 " * 60_000,
    "pairs": "42 24 " * 40_000,
    "fours": "4242 4241 " * 25_000,
    "dashes": "-" * 250_000,
    "blanks": " " * 250_000,
    "letters of banks": "DE89 " * 50_000,
    "letters with two bytes": "\u0664 " * 100_000,
}


def times_slower(text):
    """Than a sum is made 250,000 times."""
    started = time.process_time()
    holds_card_number(text)
    spent = time.process_time() - started
    started = time.process_time()
    for _ in range(250_000):
        sum((1, 2, 3, 4, 5, 6, 7, 8))
    return spent / (time.process_time() - started)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_longer_than_others_of_its_size(text):
    """One of three measures is enough: whoever shares the machine slows some of them."""
    assert any(times_slower(text) < 60 for _ in range(3))
