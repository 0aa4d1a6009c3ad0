"""Which names a certificate will carry, from CSR and order together, and which are refused (M29, M54, M72-M75)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.orders.names_gate import NameRules, NamesReading, examine_names
from partner_center.orders.requests import OrderRequest
from tests.unit.orders.csr_workshop import Workshop, codes, private_pem

ANY = NameRules(max_names=100, wildcard_allowed=True, wildcard_required=False, wildcard_san_allowed=True)
PLAIN = NameRules(max_names=100, wildcard_allowed=False, wildcard_required=False, wildcard_san_allowed=False)
WILDCARD = NameRules(max_names=100, wildcard_allowed=True, wildcard_required=True, wildcard_san_allowed=False)
WILDCARD_SANS = NameRules(
    max_names=100, wildcard_allowed=False, wildcard_required=False, wildcard_san_allowed=True
)


def examine(csr_names=(), csr_cn=None, cn=None, additional=(), rules=ANY) -> NamesReading:
    return examine_names(csr_names, csr_cn, cn, additional, rules)


@pytest.mark.parametrize(
    ("given_names", "names"),
    [
        pytest.param({"cn": "a.com"}, ["a.com"], id="the order's common name alone"),
        pytest.param({"csr_cn": "a.com"}, ["a.com"], id="the CSR's common name alone"),
        pytest.param({"csr_names": ["a.com", "b.com"]}, ["a.com", "b.com"], id="the CSR's names alone"),
        pytest.param({"additional": ["a.com", "b.com"]}, ["a.com", "b.com"], id="the order's names alone"),
        pytest.param(
            {"csr_cn": "b.com", "csr_names": ["a.com", "b.com"]}, ["b.com", "a.com"], id="common name first"
        ),
        pytest.param(
            {"csr_cn": "a.com", "csr_names": ["b.com", "a.com"], "additional": ["d.com", "c.com", "b.com"]},
            ["a.com", "b.com", "d.com", "c.com"],
            id="order kept, repeats dropped",
        ),
        pytest.param(
            {"csr_cn": "a.com", "csr_names": ["a.com", "b.com"], "cn": "b.com"},
            ["b.com", "a.com"],
            id="the order's common name goes before the CSR's",
        ),
        pytest.param(
            {"csr_cn": "A.com", "cn": "a.COM", "csr_names": ["a.com"]}, ["a.com"], id="case makes no name"
        ),
        pytest.param(
            {"cn": "münchen.de", "csr_cn": "xn--mnchen-3ya.de"}, ["xn--mnchen-3ya.de"], id="mapping neither"
        ),
    ],
)
def test_the_reading_lists_what_the_certificate_will_carry(given_names, names) -> None:
    reading = examine(**given_names)
    assert reading.problems == ()
    assert list(reading.names) == names
    assert reading.common_name == names[0]


def test_what_was_mapped_is_shown() -> None:
    reading = examine(cn="straße.de", csr_names=["Plain.de"], additional=["*.bücher.de"])
    assert reading.mapped == (("straße.de", "xn--strae-oqa.de"), ("*.bücher.de", "*.xn--bcher-kva.de"))


def test_a_name_over_64_characters_still_heads_the_names() -> None:
    name = ".".join(["a" * 60, "b" * 60, "com"])
    assert examine(cn=name).common_name == name


# Names that no public CA may certify

INTERNAL = [
    "localhost",
    "intranet",
    "server01",
    "printer.local",
    "db.internal",
    "mail.corp",
    "www.home",
    "www.test",
    "www.example",
    "www.invalid",
    "x.localhost",
    "router.lan",
    "nas.home.arpa",
    "ipv4only.arpa",
    "a.6tisch.arpa",
    "eap-noob.arpa",
    "www.eap.arpa",
    "resolver.arpa",
    "a.service.arpa",
    "abcdefghij234567.onion",
    "www.alt",
    "例え.テスト",
    "*.local",
    "*.corp.internal",
]


@pytest.mark.parametrize("name", INTERNAL)
def test_internal_and_reserved_names_are_refused(name: str) -> None:
    reading = examine(cn=name)
    assert codes(reading.problems) == ["name_internal"]
    assert (reading.problems[0].field, reading.problems[0].name) == ("/common_name", name)
    assert reading.names == ()


@pytest.mark.parametrize(
    "name", ["1.2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "in-addr.arpa", "*.ip6.arpa"]
)
def test_reverse_zones_are_refused(name: str) -> None:
    assert codes(examine(cn=name).problems) == ["name_invalid"]


@pytest.mark.parametrize(
    "name",
    ["com", "co.uk", "*.com", "*.co.uk", "foo.kobe.jp", "*.foo.kobe.jp", "*.kobe.jp", "*.ck", "*.za", "中国"],
)
def test_public_suffixes_and_wildcards_over_them_are_refused(name: str) -> None:
    reading = examine(cn=name)
    assert codes(reading.problems) == ["name_public_suffix"]
    assert reading.problems[0].name == name


def test_a_wildcard_that_would_span_a_public_suffix_is_refused() -> None:
    assert codes(examine(cn="*.akershus.no").problems) == ["name_public_suffix"]  # nes.akershus.no is one
    assert examine(cn="akershus.no").problems == ()


@pytest.mark.parametrize(
    "name",
    ["example.com", "*.example.com", "example.co.uk", "city.kobe.jp", "me.github.io", "*.github.io", "a.za"],
)
def test_registrable_names_are_accepted(name: str) -> None:
    assert examine(cn=name).problems == ()


@pytest.mark.parametrize(
    "name",
    [
        "a_b.com",
        "a.com.",
        "192.0.2.1",
        "::1",
        "a..com",
        "ab--c.com",
        "w*.a.com",
        "*.*.a.com",
        "x" * 64 + ".com",
        "",
    ],
)
def test_malformed_names_are_refused(name: str) -> None:
    reading = examine(cn="example.com", additional=["www.example.com", name])
    assert set(codes(reading.problems)) == {"name_invalid"}
    assert {problem.field for problem in reading.problems} == {"/additional_domains/1"}
    assert reading.names == ("example.com", "www.example.com")


@pytest.mark.parametrize(
    "name", ["example.com\x00.evil.com", "a\r\nb.com", " c.com", "d.com ", "münchen.de\u200b"]
)
def test_nul_line_breaks_and_blanks_of_a_csr_are_refused(name: str) -> None:
    """Trap: cryptography accepts them in DNS names."""
    reading = examine(csr_names=[name, "example.com"])
    assert codes(reading.problems) == ["name_invalid"]
    assert reading.problems[0].field == "/csr"
    assert (reading.problems[0].name or "").isprintable()


def test_each_place_of_a_bad_name_is_told_and_each_once() -> None:
    reading = examine(
        csr_names=["localhost", "localhost"], csr_cn="localhost", cn="localhost", additional=["localhost"]
    )
    assert [problem.field for problem in reading.problems] == [
        "/common_name",
        "/csr",
        "/additional_domains/0",
    ]


def test_all_problems_of_all_names_are_told_together() -> None:
    reading = examine(csr_names=["a_b.com"], cn="*.co.uk", additional=["localhost", "example.com", "1.2.3.4"])
    assert sorted(codes(reading.problems)) == [
        "name_internal",
        "name_invalid",
        "name_invalid",
        "name_public_suffix",
    ]


# Wildcards


@pytest.mark.parametrize(
    ("rules", "given_names", "expected"),
    [
        pytest.param(
            PLAIN, {"cn": "*.a.com"}, ["wildcard_not_allowed"], id="plain product, wildcard common name"
        ),
        pytest.param(
            PLAIN,
            {"cn": "a.com", "additional": ["*.a.com"]},
            ["wildcard_not_allowed"],
            id="plain, wildcard SAN",
        ),
        pytest.param(
            PLAIN, {"csr_names": ["a.com", "*.a.com"]}, ["wildcard_not_allowed"], id="plain, wildcard in CSR"
        ),
        pytest.param(WILDCARD, {"cn": "*.a.com"}, [], id="wildcard product"),
        pytest.param(
            WILDCARD,
            {"cn": "*.a.com", "additional": ["a.com"]},
            [],
            id="wildcard product and the bare domain",
        ),
        pytest.param(
            WILDCARD, {"cn": "a.com"}, ["wildcard_required"], id="wildcard product without wildcard"
        ),
        pytest.param(
            WILDCARD,
            {"cn": "*.a.com", "additional": ["*.b.com"]},
            ["wildcard_not_allowed"],
            id="a second wildcard",
        ),
        pytest.param(
            WILDCARD, {"csr_names": ["a.com", "*.a.com"]}, [], id="wildcard product finds its wildcard"
        ),
        pytest.param(
            WILDCARD_SANS, {"cn": "a.com", "additional": ["*.a.com"]}, [], id="wildcard SANs allowed"
        ),
        pytest.param(
            WILDCARD_SANS, {"cn": "*.a.com"}, ["wildcard_not_allowed"], id="but no wildcard common name"
        ),
        pytest.param(
            WILDCARD_SANS, {"csr_names": ["*.a.com", "a.com"]}, [], id="wildcard SANs, a host comes first"
        ),
        pytest.param(ANY, {"cn": "*.a.com", "additional": ["*.b.com"]}, [], id="everything allowed"),
    ],
)
def test_wildcards_are_where_the_product_allows_them(
    rules: NameRules, given_names, expected: list[str]
) -> None:
    assert codes(examine(**given_names, rules=rules).problems) == expected


def test_without_a_stated_common_name_the_first_fitting_name_is_taken() -> None:
    assert examine(csr_names=["a.com", "*.a.com"], rules=WILDCARD).common_name == "*.a.com"
    assert examine(csr_names=["*.a.com", "a.com"], rules=WILDCARD_SANS).common_name == "a.com"
    assert examine(csr_names=["*.a.com", "a.com"], rules=ANY).common_name == "*.a.com"
    assert examine(csr_names=["a_b.com", "a.com"], rules=ANY).common_name == "a.com"


def test_the_name_taken_heads_the_list_and_is_known_even_if_refused() -> None:
    assert examine(csr_names=["a.com", "*.a.com"], rules=WILDCARD).names == ("*.a.com", "a.com")
    refused = examine(csr_names=["*.a.com"], rules=PLAIN)
    assert (codes(refused.problems), refused.common_name) == (["wildcard_not_allowed"], "*.a.com")


def test_a_product_that_requires_a_wildcard_allows_it() -> None:
    rules = NameRules(max_names=1, wildcard_allowed=False, wildcard_required=True, wildcard_san_allowed=False)
    assert examine(cn="*.a.com", rules=rules).problems == ()


def test_the_field_of_a_missing_wildcard_is_where_the_name_stands() -> None:
    (problem,) = examine(csr_cn="a.com", rules=WILDCARD).problems
    assert (problem.field, problem.name) == ("/csr", "a.com")
    assert "*.a.com" in problem.detail
    assert codes(examine(csr_names=["a_b.com", "a.com"], rules=WILDCARD).problems) == [
        "name_invalid",
        "wildcard_required",
    ]


# CSR and order


@pytest.mark.parametrize(
    ("given_names", "expected"),
    [
        pytest.param({"cn": "a.com", "csr_cn": "b.com"}, ["common_name_mismatch"], id="another name"),
        pytest.param({"cn": "a.com", "csr_cn": "A.COM"}, [], id="the same in upper case"),
        pytest.param(
            {"cn": "a.com", "csr_cn": "b.com", "additional": ["b.com"]}, [], id="an additional name"
        ),
        pytest.param({"cn": "a.com", "csr_cn": "b.com", "csr_names": ["b.com"]}, [], id="a name of the CSR"),
        pytest.param({"csr_cn": "b.com", "additional": ["a.com"]}, [], id="no common name in the order"),
        pytest.param({"cn": "a.com", "csr_cn": "My Server"}, ["name_invalid"], id="no name at all"),
    ],
)
def test_the_csrs_common_name_is_a_name_of_the_order(given_names, expected: list[str]) -> None:
    reading = examine(**given_names)
    assert codes(reading.problems) == expected
    assert all(problem.field == "/csr" for problem in reading.problems)


def test_a_request_without_names_is_refused() -> None:
    reading = examine()
    assert codes(reading.problems) == ["names_missing"]
    assert (reading.names, reading.common_name) == ((), None)
    assert examine(rules=WILDCARD).problems == reading.problems


# How many


@pytest.mark.parametrize(("count", "expected"), [(100, []), (101, ["too_many_names"])])
def test_up_to_a_hundred_different_names(count: int, expected: list[str]) -> None:
    names = [f"host{number}.example.com" for number in range(count)]
    reading = examine(csr_names=names, csr_cn=names[0].upper(), additional=names[:50])
    assert codes(reading.problems) == expected
    assert len(reading.names) == count


@pytest.mark.parametrize(
    ("given_names", "field"),
    [
        ({"csr_names": ["a.com", "b.com"]}, "/csr"),
        ({"cn": "a.com", "additional": ["b.com"]}, "/additional_domains"),
    ],
)
def test_too_many_names_are_told_where_they_stand(given_names, field: str) -> None:
    rules = NameRules(
        max_names=1, wildcard_allowed=False, wildcard_required=False, wildcard_san_allowed=False
    )
    (problem,) = examine(**given_names, rules=rules).problems
    assert (problem.code, problem.field) == ("too_many_names", field)
    assert "2 names" in problem.detail


def test_a_list_of_absurd_length_is_answered_for_its_length_alone() -> None:
    reading = examine(additional=[f"{number}.localhost" for number in range(60_000)])
    assert codes(reading.problems) == ["too_many_names"]
    assert reading.names == ()
    reading = examine(csr_names=[f"{number}.localhost" for number in range(1001)])
    assert codes(reading.problems) == ["too_many_names"]


@pytest.mark.parametrize("text", ["-", "www.example.com"])
@pytest.mark.parametrize("count", [1001, 65_000])
def test_so_is_one_that_says_the_same_again_and_again(text: str, count: int) -> None:
    reading = examine(cn="www.example.com", additional=[text] * count)
    (problem,) = reading.problems
    assert (problem.code, problem.field) == ("too_many_names", "/additional_domains")
    assert f"{count} names" in problem.detail


def test_as_many_names_are_judged_as_an_order_may_list() -> None:
    listed = OrderRequest.model_fields["additional_domains"].metadata
    (most,) = (each.max_length for each in listed if hasattr(each, "max_length"))
    assert codes(examine(additional=["-"] * most).problems) == ["name_invalid"] * most
    assert examine(additional=["a.com"] * most).problems == ()
    assert codes(examine(additional=["a.com"] * (most + 1)).problems) == ["too_many_names"]


# Key material and hostile texts


@pytest.mark.parametrize("place", ["cn", "csr_cn", "additional"])
def test_a_private_key_in_a_name_is_refused_and_not_repeated(workshop: Workshop, place: str) -> None:
    secret = private_pem(workshop.ec)
    given_names = {place: [secret] if place == "additional" else secret}
    reading = examine(**{"csr_names": ["example.com"], **given_names})
    assert "private_key_not_accepted" in codes(reading.problems)
    pieces = "".join(secret.splitlines()[1:-1])
    assert not any(pieces[at : at + 10] in repr(reading) for at in range(len(pieces) - 10))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "a." * 100_000,
        "*." * 1_000,
        "\ud800",
        "\x1b[2J",
        "ä" * 500,
        "xn--" + "9" * 59 + ".com",
    ],
)
def test_hostile_names_get_a_short_printable_answer(text: str) -> None:
    reading = examine(csr_names=[text], cn=text, additional=[text])
    assert reading.problems
    json.dumps([problem.name for problem in reading.problems]).encode()
    assert all(problem.name is None or problem.name.isprintable() for problem in reading.problems)
    assert all(len(problem.name or "") < 2_000 and len(problem.detail) < 400 for problem in reading.problems)


names = st.sampled_from(
    ["a.com", "*.a.com", "B.com", "a_b.com", "münchen.de", "co.uk", "localhost", "x.b.com", ""]
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(names, max_size=4), names | st.none(), names | st.none(), st.lists(names, max_size=4))
def test_whatever_is_given_the_reading_holds_together(csr_names, csr_cn, cn, additional) -> None:
    reading = examine(csr_names, csr_cn, cn, additional)
    assert len(set(reading.names)) == len(reading.names)
    assert reading.common_name == (reading.names[0] if reading.common_name else None)
    assert reading.problems or reading.names
    if not reading.problems:
        again = examine((), None, reading.names[0], reading.names[1:])
        assert (again.names, again.problems, again.mapped) == (reading.names, (), ())
