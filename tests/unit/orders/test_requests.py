"""The shape of a posted order: sizes, characters, kinds; nothing that is not on the list comes in."""

import pytest
from pydantic import ValidationError

from partner_center.orders.requests import (
    Contact,
    DomainControl,
    Lifecycle,
    Method,
    OrderRequest,
    Organization,
)
from partner_center.orders.structure import read_shape
from tests.fakes.posted import a_body, with_
from tests.fakes.samples import APPROVER

CONTACT = a_body()["contacts"]["technical"]
ORGANIZATION = {
    "name": "Voorbeeld Bloemen B.V.",
    "street": "Lange Straat 1",
    "locality": "Rotterdam",
    "postal_code": "3011 AB",
    "country": "nl",
}


def told(shape, body):
    found, problems = read_shape(shape, body)
    assert (found is None) == bool(problems)
    return [(problem.code, problem.field) for problem in problems]


def test_of_very_many_faults_no_more_are_told_than_an_answer_has_room_for():
    """And each as it would be told alone."""
    body = {"method": "dns_txt", "names": {"a.com": {f"field {number}": 1 for number in range(5000)}}}
    assert told(DomainControl, body) == [
        ("missing_field", "/names/a.com/method"),
        *(("unknown_field", f"/names/a.com/field {number}") for number in range(100)),
    ]


# ---- lines of text

LINES = {
    "plain": ("Åsa Lindqvist-O'Neill", True),
    "other scripts": ("山田 太郎", True),
    "trimmed": ("  Åsa  ", True),
    "longest": ("x" * 128, True),
    "too long": ("x" * 129, False),
    "huge": ("x" * 200_000, False),
    "empty": ("", False),
    "blank": ("   ", False),
    "line end": ("Åsa\nBcc: x", False),
    "carriage return": ("Åsa\rx", False),
    "null": ("Åsa\x00", False),
    "escape": ("\x1b[31m", False),
    "right-to-left override": ("\u202egnp.exe", False),
    "zero width": ("Å\u200bsa", False),
    "byte order mark inside": ("Å\ufeffsa", False),
    "private use": ("\ue000", False),
}


@pytest.mark.parametrize(("text", "good"), LINES.values(), ids=LINES.keys())
def test_a_line_of_text_is_short_and_printable(text, good):
    problems = told(Contact, CONTACT | {"first_name": text})
    assert (problems == []) is good
    assert good or problems[0][1] == "/first_name"


def test_a_line_is_trimmed():
    contact, _ = read_shape(Contact, CONTACT | {"first_name": "  Åsa  "})
    assert contact.first_name == "Åsa"


EMAILS = {
    "plain": ("asa@example.com", True),
    "plus": ("asa+tls@example.com", True),
    "international domain": ("asa@bücher.example.com", True),
    "no at": ("asa.example.com", False),
    "two ats": ("a@b@example.com", False),
    "no dot": ("asa@localhost", False),
    "trailing text": ("asa@example.com, b@example.com", False),
    "header": ("asa@example.com\r\nBcc: b@example.com", False),
    "markup": ("<script>@example.com", False),
    "too long": (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.com", False),
    "huge": ("a" * 100_000 + "@example.com", False),
    "null": ("a\x00@example.com", False),
    "number": (7, False),
}


@pytest.mark.parametrize(("text", "good"), EMAILS.values(), ids=EMAILS.keys())
def test_an_address_is_one_plain_address(text, good):
    assert (told(Contact, CONTACT | {"email": text}) == []) is good


PHONES = {
    "international": ("+46 8 123 456 78", True),
    "brackets": ("(08) 123-456.78", True),
    "short": ("12345", False),
    "letters": ("CALL ME NOW", False),
    "long": ("1" * 33, False),
    "other digits": ("٠١٢٣٤٥٦٧", False),
    "line end": ("12345678\n", True),
    "line end inside": ("1234\n5678", False),
}


@pytest.mark.parametrize(("text", "good"), PHONES.values(), ids=PHONES.keys())
def test_a_phone_number_is_digits_and_a_few_signs(text, good):
    contact, problems = read_shape(Contact, CONTACT | {"phone": text})
    assert (problems == ()) is good
    assert contact is None or contact.phone.isprintable()


REFERENCES = {
    "usual": ("PO-2026/1184:a_b.c#1", True),
    "longest": ("x" * 64, True),
    "too long": ("x" * 65, False),
    "empty": ("", False),
    "blank inside": ("PO 1", False),
    "line end": ("PO-1\n", False),
    "letter outside ASCII": ("PÖ-1", False),
    "null": ("PO\x00", False),
}


@pytest.mark.parametrize("field", ["contract_id", "partner_order_id", "customer_id"])
@pytest.mark.parametrize(("text", "good"), REFERENCES.values(), ids=REFERENCES.keys())
def test_a_reference_is_printable_ascii_without_blanks(field, text, good):
    assert (told(OrderRequest, a_body(**{field: text})) == []) is good


# ---- whole shapes


def test_everything_optional_may_be_left_out_or_null():
    optional = [name for name, info in OrderRequest.model_fields.items() if not info.is_required()]
    nullable = [name for name in optional if name != "additional_domains"]
    assert told(OrderRequest, a_body()) == []
    assert told(OrderRequest, a_body(**dict.fromkeys(nullable))) == []


def test_what_is_required_is_told_at_once():
    assert told(OrderRequest, {}) == [
        ("missing_field", f"/{field}") for field in ("product", "csr", "contacts", "agreement")
    ]


UNKNOWN = {
    "top": (["colour"], "/colour"),
    "contact": (["contacts", "technical", "fax"], "/contacts/technical/fax"),
    "billing contact": (["contacts", "billing"], "/contacts/billing"),
    "agreement": (["agreement", "accepted_at"], "/agreement/accepted_at"),
    "method": (["domain_control", "validated"], "/domain_control/validated"),
    "slash and tilde": (["a/b~c"], "/a~1b~0c"),
    "empty": ([""], "/"),
}


@pytest.mark.parametrize(("place", "field"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_field_that_does_not_exist_is_refused_where_it_stands(place, field):
    assert told(OrderRequest, with_(a_body(), place, "x")) == [("unknown_field", field)]


@pytest.mark.parametrize(
    "body",
    [None, [], "text", 7, True, [a_body()]],
    ids=["null", "a list", "text", "a number", "a boolean", "an order in a list"],
)
def test_anything_but_an_object_is_no_order(body):
    assert told(OrderRequest, body) == [("invalid_field", "")]


LIMITS = {
    "names": ("additional_domains", ["a.example.com"] * 1001, "too_many"),
    "a name": ("additional_domains", ["a" * 1025], "too_long"),
    "csr": ("csr", "x" * 262_145, "too_long"),
    "note": ("note", "x" * 2001, "too_long"),
    "term": ("term_days", 3661, "invalid_field"),
    "term of a whole library": ("term_days", 10**4000, "invalid_field"),
    "term of none": ("term_days", 0, "invalid_field"),
    "half a day": ("term_days", 365.5, "invalid_field"),
    "infinite term": ("term_days", float("inf"), "invalid_field"),
}


@pytest.mark.parametrize(("field", "value", "code"), LIMITS.values(), ids=LIMITS.keys())
def test_everything_has_a_limit(field, value, code):
    assert [code for code, _ in told(OrderRequest, a_body(**{field: value}))] == [code]


def test_a_limit_is_told():
    _, (problem,) = read_shape(OrderRequest, a_body(note="x" * 2001))
    assert problem.detail == "This is too long: at most 2000."


def test_exceptions_of_methods_are_at_most_a_hundred():
    names = {f"host-{number}.example.com": {"method": "email"} for number in range(101)}
    assert told(DomainControl, {"method": "email", "names": names}) == [("too_many", "/names")]


@pytest.mark.parametrize("method", [*Method, "whois", "EMAIL", "", None, 7])
def test_methods_are_the_known_ones(method):
    problems = told(DomainControl, {"method": method, "approver_email": APPROVER})
    assert problems == ([] if method in list(Method) else [("invalid_field", "/method")])


@pytest.mark.parametrize(
    ("days", "good"), [(1, True), (90, True), (0, False), (91, False), (-1, False), (10**30, False)]
)
def test_the_lifecycle_acts_one_to_ninety_days_before(days, good):
    assert (told(Lifecycle, {"auto_reissue": True, "days_before": days}) == []) is good


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country": "NLD"}, "/country"),
        ({"country": "N1"}, "/country"),
        ({"country": ""}, "/country"),
        ({"name": "x" * 65}, "/name"),
        ({"name": "x"}, "/name"),
        ({"postal_code": "1" * 17}, "/postal_code"),
        ({"business_category": "Hobby"}, "/business_category"),
        ({"registration_number": "two words"}, "/registration_number"),
        ({"organizational_unit": "IT"}, "/organizational_unit"),
    ],
)
def test_an_organization_is_what_a_certificate_can_hold(changes, field):
    assert field in [where for _, where in told(Organization, ORGANIZATION | changes)]


def test_a_country_is_read_in_any_case_and_kept_in_capitals():
    organization, _ = read_shape(Organization, ORGANIZATION)
    assert organization.country == "NL"


def test_a_request_cannot_be_changed_after_it_was_examined():
    request, _ = read_shape(OrderRequest, a_body())
    with pytest.raises(ValidationError):
        request.note = "later"


def test_sentences_are_sentences():
    _, problems = read_shape(OrderRequest, a_body(contacts={"technical": {"email": "@"}}, csr="", note=7))
    assert all(problem.detail.endswith(".") and ".." not in problem.detail for problem in problems)
