"""What must be published for each method, where it is looked for, and which names a proof serves (BR 3.2.2.4)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.kernel.ids import RandomIds
from partner_center.orders.content import Method
from partner_center.validation.authorization_domain import authorization_domains
from partner_center.validation.control_methods import (
    PERSIST_REUSE,
    PUBLISHED_SECTIONS,
    PublishFile,
    PublishRecord,
    authorization_domain_for,
    control_name,
    control_value,
    covers,
    domains_over,
    fits,
    looks_for,
    publish_of,
    reaches_below,
)
from partner_center.validation.dns import RecordType
from partner_center.validation.looks import FileLook, RecordsLook
from tests.unit.validation.control_world import ACCOUNT, ADN, ISSUER, VALUE

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True, database=None)

BY_DNS = ("dns_txt", "dns_cname", "dns_persist")
LONG = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 58, "example.com"])

# ---- what must be published

PUBLISHED = {
    "TXT": (
        "dns_txt",
        {},
        {"type": "TXT", "name": "_partner-center.example.com", "value": VALUE},
    ),
    "CNAME": (
        "dns_cname",
        {},
        {"type": "CNAME", "name": "_partner-center.example.com", "value": f"{VALUE}.dcv.{ISSUER}"},
    ),
    "file": (
        "http_file",
        {},
        {"url": "http://example.com/.well-known/pki-validation/partner-center.txt", "body": VALUE},
    ),
    "persistent record": (
        "dns_persist",
        {"account_uri": ACCOUNT},
        {
            "type": "TXT",
            "name": "_validation-persist.example.com",
            "value": f"{ISSUER}; accounturi={ACCOUNT}",
        },
    ),
    "persistent record for names below": (
        "dns_persist",
        {"account_uri": ACCOUNT, "below": True},
        {
            "type": "TXT",
            "name": "_validation-persist.example.com",
            "value": f"{ISSUER}; accounturi={ACCOUNT}; policy=wildcard",
        },
    ),
    "persistent record with an end": (
        "dns_persist",
        {"account_uri": ACCOUNT, "persist_until": datetime(2026, 1, 1, tzinfo=UTC)},
        {
            "type": "TXT",
            "name": "_validation-persist.example.com",
            "value": f"{ISSUER}; accounturi={ACCOUNT}; persistUntil=1767225600",
        },
    ),
}


@pytest.mark.parametrize(("method", "more", "expected"), PUBLISHED.values(), ids=PUBLISHED.keys())
def test_the_instruction_is_exact(method, more, expected):
    publish = publish_of(method, ADN, VALUE, ISSUER, **more)
    assert publish.as_json() == expected
    assert isinstance(publish, PublishFile if method == "http_file" else PublishRecord)


NOT_PUBLISHED = {
    "nothing is published for e-mail": ("email", ADN, VALUE, {}),
    "an unknown method": ("whois", ADN, VALUE, {}),
    "an empty value": ("dns_txt", ADN, "", {}),
    "a value with too little entropy": ("dns_txt", ADN, "a" * 22, {}),
    "a value that is no label": ("dns_cname", ADN, "a" * 64, {}),
    "a value whose case would matter": ("dns_cname", ADN, VALUE.upper(), {}),
    "a value with a dot": ("dns_cname", ADN, f"{VALUE}.x", {}),
    "a value with a line feed": ("http_file", ADN, f"{VALUE}\n", {}),
    "a wildcard is not where control is shown": ("dns_txt", "*.example.com", VALUE, {}),
    "a file for a wildcard": ("http_file", "*.example.com", VALUE, {}),
    "a public suffix": ("dns_txt", "co.uk", VALUE, {}),
    "a name in capitals": ("dns_txt", "Example.com", VALUE, {}),
    "a path behind the host": ("http_file", "example.com/x", VALUE, {}),
    "no room for the label": ("dns_txt", LONG, VALUE, {}),
    "a persistent record without account": ("dns_persist", ADN, VALUE, {}),
    "an account that adds a parameter": ("dns_persist", ADN, VALUE, {"account_uri": "x; policy=wildcard"}),
    "an account with a blank": ("dns_persist", ADN, VALUE, {"account_uri": "a b"}),
    "an account outside ASCII": ("dns_persist", ADN, VALUE, {"account_uri": "bücher"}),
    "an end without a zone": (
        "dns_persist",
        ADN,
        VALUE,
        {"account_uri": ACCOUNT, "persist_until": datetime(2026, 1, 1)},  # noqa: DTZ001
    ),
}


@pytest.mark.parametrize(
    ("method", "domain", "value", "more"), NOT_PUBLISHED.values(), ids=NOT_PUBLISHED.keys()
)
def test_what_would_not_show_control_is_never_told_to_be_published(method, domain, value, more):
    with pytest.raises(ValueError):  # noqa: PT011 - each has a sentence of its own
        publish_of(method, domain, value, ISSUER, **more)


@pytest.mark.parametrize("method", BY_DNS)
def test_the_underscore_is_dropped_on_no_path(method):
    """One of several order paths told and checked a CNAME label without its underscore (2024)."""
    publish = publish_of(method, ADN, VALUE, ISSUER, ACCOUNT)
    assert publish.name.startswith("_")
    assert publish.name == looks_for(method, ADN)[0].name


def test_the_file_is_looked_for_where_it_was_told_to_be_and_the_value_is_in_no_request():
    publish = publish_of("http_file", ADN, VALUE, ISSUER)
    assert looks_for("http_file", ADN) == (FileLook(ADN),)
    assert VALUE not in publish.url


def test_txt_is_read_at_the_underscore_label_first_and_then_at_the_bare_name():
    assert looks_for("dns_txt", ADN) == (
        RecordsLook("_partner-center.example.com", RecordType.TXT),
        RecordsLook("example.com", RecordType.TXT),
    )


def test_a_cname_is_asked_for_as_such_so_that_nobody_follows_it():
    assert looks_for("dns_cname", ADN) == (RecordsLook(control_name(ADN), RecordType.CNAME),)


@pytest.mark.parametrize(
    ("method", "domain"), [("email", ADN), ("dns_txt", LONG), ("dns_persist", "*.a.com")]
)
def test_there_are_no_looks_for_what_cannot_be_looked_at(method, domain):
    with pytest.raises(ValueError):  # noqa: PT011
        looks_for(method, domain)


@pytest.mark.parametrize("length", range(225, 254))
@pytest.mark.parametrize("method", BY_DNS)
def test_a_label_fits_or_the_method_does_not(method, length):
    stem = ".".join(["a" * 60] * 3)
    domain = f"{stem}.{'b' * 20}.{'c' * (length - len(stem) - 26)}.com"
    assert len(domain) == length
    if fits(method, domain):
        assert len(looks_for(method, domain)[0].name) <= 253
    else:
        with pytest.raises(ValueError, match="does not fit"):
            looks_for(method, domain)


def test_a_file_always_fits():
    assert fits("http_file", LONG)


def test_a_value_keeps_all_160_bits_of_its_secret():
    value = control_value(RandomIds().secret(160))
    assert len(value) == 32
    assert control_value("A" * 27) == "a" * 32
    assert control_value("A" * 26 + "E") != control_value("A" * 27)


@pytest.mark.parametrize("secret", ["", "AAAA", "!" * 40])
def test_a_poor_secret_makes_no_value(secret):
    with pytest.raises(ValueError):  # noqa: PT011
        control_value(secret)


def test_every_method_by_publication_has_its_section():
    assert set(PUBLISHED_SECTIONS) == set(Method) - {Method.EMAIL}
    assert PERSIST_REUSE.days == 10


# ---- what a proof covers

WHOLE, EXACT = ("email", "dns_txt", "dns_cname"), ("http_file",)
COVERED = {
    "the domain itself": ("example.com", True, True),
    "its wildcard": ("*.example.com", True, False),
    "a name below": ("www.example.com", True, False),
    "a wildcard below": ("*.shop.example.com", True, False),
    "deep below": ("a.b.c.d.example.com", True, False),
    "the public suffix above": ("com", False, False),
    "a wildcard over the suffix": ("*.com", False, False),
    "a sister": ("example.org", False, False),
    "a name that ends with the same letters": ("evilexample.com", False, False),
    "the domain as a prefix": ("example.com.evil.org", False, False),
    "nothing": ("", False, False),
}


@pytest.mark.parametrize(("name", "whole", "exact"), COVERED.values(), ids=COVERED.keys())
def test_a_proof_covers_its_domain_and_what_is_below_unless_it_is_a_file(name, whole, exact):
    assert [covers(method, ADN, name) for method in WHOLE] == [whole] * 3
    assert [covers(method, ADN, name) for method in EXACT] == [exact]
    assert covers("dns_persist", ADN, name, persist_below=True) is whole
    assert covers("dns_persist", ADN, name) is exact


@pytest.mark.parametrize("method", list(Method))
def test_a_proof_for_a_sub_domain_never_serves_its_parent(method):
    """A proof for a sub-domain was issued for its parent (2015)."""
    for above in ("example.com", "*.example.com", "com"):
        assert not covers(method, "shop.example.com", above, persist_below=True)


def test_a_method_that_is_not_known_covers_nothing():
    with pytest.raises(ValueError, match="whois"):
        covers("whois", ADN, ADN)


labels = st.text("abc", min_size=1, max_size=3)
names = st.builds(
    lambda left, wild: wild + ".".join([*left, "com"]),
    st.lists(labels, min_size=1, max_size=4),
    st.sampled_from(["", "*."]),
)


@PROPERTY
@given(domain=names, name=names, method=st.sampled_from(list(Method)), below=st.booleans())
def test_no_name_outside_is_covered(domain, name, method, below):
    """Whatever is covered has the domain among its own authorization domain names."""
    domain = domain.removeprefix("*.")
    if covers(method, domain, name, persist_below=below):
        assert domain in domains_over(name)
        assert domain in authorization_domains(name)
        if method is Method.HTTP_FILE:
            assert name == domain


# ---- where control is shown

SHARED = {
    "alone": ("www.example.com", [], "dns_txt", "www.example.com"),
    "name, www and wildcard share one": (
        "www.example.com",
        ["example.com", "*.example.com"],
        "dns_txt",
        "example.com",
    ),
    "the wildcard, too": ("*.example.com", ["example.com", "www.example.com"], "dns_txt", "example.com"),
    "a wildcard asks for its base": ("www.example.com", ["*.example.com"], "dns_cname", "example.com"),
    "a wildcard alone": ("*.shop.example.com", [], "dns_persist", "shop.example.com"),
    "the topmost of several": ("a.b.example.com", ["b.example.com", "example.com"], "dns_txt", "example.com"),
    "never above what is asked for": ("a.b.example.com", ["b.example.com"], "dns_txt", "b.example.com"),
    "sisters share nothing": ("a.example.com", ["b.example.com"], "dns_txt", "a.example.com"),
    "another domain shares nothing": ("a.example.com", ["example.org"], "dns_txt", "a.example.com"),
    "letters in common are not labels": ("evilexample.com", ["example.com"], "dns_txt", "evilexample.com"),
    "a name below is no authorization domain": ("example.com", ["www.example.com"], "dns_txt", "example.com"),
    "a suffix in the order shares nothing": ("a.co.uk", ["co.uk"], "dns_txt", "a.co.uk"),
    "a file is looked for at the name": ("www.example.com", ["example.com"], "http_file", "www.example.com"),
}


@pytest.mark.parametrize(("name", "others", "method", "domain"), SHARED.values(), ids=SHARED.keys())
def test_names_of_an_order_share_a_proof_where_they_can(name, others, method, domain):
    assert authorization_domain_for(name, others, method) == domain
    assert authorization_domain_for(name, [name, *others], method) == domain


@pytest.mark.parametrize(
    ("name", "method"),
    [("*.example.com", "http_file"), ("co.uk", "dns_txt"), ("*.co.uk", "dns_txt"), ("x", "dns_txt")],
)
def test_a_name_without_a_place_to_show_control_is_refused(name, method):
    with pytest.raises(ValueError):  # noqa: PT011
        authorization_domain_for(name, [], method)


@PROPERTY
@given(order=st.lists(names, min_size=1, max_size=6), method=st.sampled_from(["dns_txt", "dns_cname"]))
def test_the_domain_chosen_covers_the_name_and_is_asked_for(order, method):
    for name in order:
        domain = authorization_domain_for(name, order, method)
        assert covers(method, domain, name)
        assert domain in {each.removeprefix("*.") for each in order}
        assert looks_for(method, domain)


def test_only_other_names_than_the_domain_reach_below():
    assert not reaches_below(ADN, [ADN])
    assert reaches_below(ADN, [ADN, "*.example.com"])
    assert reaches_below(ADN, ["www.example.com"])
