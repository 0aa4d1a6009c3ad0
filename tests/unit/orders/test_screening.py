"""What is flagged, by which rule, and what is not; each rule on its own, so that none can go unnoticed."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from partner_center.kernel.level import Level
from partner_center.kernel.names import canonical_name
from partner_center.kernel.public_suffix import registrable_domain
from partner_center.orders import screening
from partner_center.orders.content import Organization
from partner_center.orders.flags import Flag
from partner_center.orders.order import Order
from partner_center.orders.screening import RULES, Facts, facts_of, flags_of, terms, unreviewed
from tests.fakes.samples import ORDER, PRODUCT, US, a_content, a_head


def facts(*names, **changes):
    return replace(facts_of(Order(a_head(), a_content(*names))), **changes)


def flagged(*names):
    """Rule and subject of each flag."""
    return [(flag.rule, flag.subject) for flag in flags_of(facts(*names))]


# ---- the facts


def test_a_rule_knows_the_order_and_its_reseller():
    organization = Organization(
        name="Lindqvist AB", street="1", locality="Lund", postal_code="1", country="SE"
    )
    content = a_content("www.example.com", "*.example.org", organization=organization)
    assert facts_of(Order(a_head(), content)) == Facts(
        US,
        ORDER,
        PRODUCT,
        Level.DV,
        ("www.example.com", "*.example.org"),
        content.contacts,
        organization,
    )


# ---- webmail

WEBMAIL = {
    "the domain": "gmail.com",
    "a host": "mail.gmail.com",
    "deep below": "a.b.c.gmail.com",
    "a wildcard": "*.gmail.com",
    "a wildcard below": "*.a.gmail.com",
    "below a suffix of two labels": "x.yahoo.co.uk",
    "of a country": "www.gmx.de",
}

NO_WEBMAIL = {
    "example.com": "www.example.com",
    "the word as a host of another": "webmail.example.com",
    "a longer domain": "notaol.com",
    "a domain that ends alike": "xqq.com",
    "the domain as a label": "gmx.net.example.com",
    "another suffix": "gmx.example.org",
    "the suffix itself": "co.uk",
    "no known top-level domain": "gmx.nowhere",
}


@pytest.mark.parametrize("name", WEBMAIL.values(), ids=WEBMAIL.keys())
def test_a_name_at_a_public_webmail_domain_is_flagged(name):
    assert ("webmail_domain", name) in flagged(name)


@pytest.mark.parametrize("name", NO_WEBMAIL.values(), ids=NO_WEBMAIL.keys())
def test_a_name_elsewhere_is_not(name):
    assert "webmail_domain" not in [rule for rule, _ in flagged(name)]


def test_the_flag_says_which_domain_it_is_about():
    (flag,) = screening.webmail_domains(facts("www.example.com", "*.x.gmx.de"))
    assert flag.subject == "*.x.gmx.de"
    assert "gmx.de" in flag.reason


# ---- look-alikes


@pytest.mark.parametrize(
    "name", ["paypal.example.com", "paypa1.com", "*.rnicrosoft.com", "xn--80ak6aa92e.com"]
)
def test_a_look_alike_is_flagged(name):
    assert ("lookalike_name", name) in flagged(name)


@pytest.mark.parametrize("name", ["www.example.com", "pineapple.example.com", "cloud.example.com"])
def test_what_only_looks_so_is_not(name):
    assert flagged(name) == []


def test_the_flag_says_whom_it_resembles():
    (flag,) = screening.lookalike_names(facts("www.example.com", "paypa1.example.com"))
    assert flag.subject == "paypa1.example.com"
    assert "paypal" in flag.reason


# ---- all rules together


def test_an_ordinary_order_has_no_flags():
    assert flags_of(facts("www.example.com", "*.example.com", "example.org")) == ()


def test_every_name_is_judged_by_every_rule():
    names = ("www.example.com", "gmail.com", "paypal.example.com", "x.gmx.de")
    assert flagged(*names) == [
        ("webmail_domain", "gmail.com"),
        ("webmail_domain", "x.gmx.de"),
        ("lookalike_name", "gmail.com"),
        ("lookalike_name", "paypal.example.com"),
    ]


# What each rule alone finds: whoever takes a rule away sees its line fail.
ALONE = {"webmail_domains": "www.gmx.de", "lookalike_names": "paypa1.example.com"}


def test_each_rule_is_asked_and_none_is_unknown_to_this_test():
    assert [rule.__name__ for rule in RULES] == list(ALONE)


@pytest.mark.parametrize(("rule", "name"), ALONE.items(), ids=ALONE.keys())
def test_each_rule_finds_what_no_other_does(rule, name):
    assert len(flagged(name)) == 1
    others = [each for each in RULES if each.__name__ != rule]
    assert flags_of(facts(name), others) == ()


def test_each_flag_is_told_once():
    def twice(_):
        yield Flag("a", "b", "c")
        yield Flag("a", "b", "c")

    assert flags_of(facts(), [twice, twice]) == (Flag("a", "b", "c"),)


def test_without_rules_nothing_is_flagged():
    assert flags_of(facts("gmail.com"), []) == ()


# ---- what was released before

ONE, OTHER = Flag("webmail_domain", "gmail.com", "x"), Flag("webmail_domain", "gmx.de", "x")
UNREVIEWED = {
    "nothing released": ([ONE], [], [ONE]),
    "released": ([ONE], [ONE], []),
    "released in other words": ([ONE], [replace(ONE, reason="y")], []),
    "another name": ([ONE], [OTHER], [ONE]),
    "another rule": ([ONE], [replace(ONE, rule="lookalike_name")], [ONE]),
    "one of two": ([ONE, OTHER], [ONE], [OTHER]),
    "no flags": ([], [ONE], []),
}


@pytest.mark.parametrize(("flags", "released", "left"), UNREVIEWED.values(), ids=UNREVIEWED.keys())
def test_what_a_reviewer_released_is_not_reviewed_again(flags, released, left):
    assert unreviewed(flags, released) == tuple(left)


# ---- the lists


def stored():
    return json.loads(screening._TERMS.read_text("utf-8"))


@pytest.mark.parametrize("name", ["webmail", "well_known", "ordinary"])
def test_a_list_is_sorted_and_holds_each_once(name):
    assert all(one < other for one, other in pairwise(stored()[name]))
    assert terms()[name] == set(stored()[name])


@pytest.mark.parametrize("domain", stored()["webmail"])
def test_a_webmail_domain_is_a_registrable_domain_as_names_are_kept(domain):
    assert canonical_name(domain).name == domain
    assert registrable_domain(domain) == domain


@pytest.mark.parametrize("word", [*stored()["well_known"], *stored()["ordinary"]])
def test_a_word_is_lower_case_and_could_stand_in_a_label(word):
    assert word.isascii()
    assert word.isalnum()
    assert word == word.lower()
    assert 4 <= len(word) <= 63


def test_no_word_is_both_well_known_and_ordinary():
    assert not terms()["well_known"] & terms()["ordinary"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("booking.example.com", "bears the well-known name booking"),
        ("my-booking.example.com", "bears the well-known name booking"),
        ("pay-pal.example.com", "bears the well-known name paypal"),
        ("boooking.example.com", "looks like the well-known name booking"),
        ("b00king.example.com", "looks like the well-known name booking"),
        ("xn--pypal-4ve.example.com", "looks like the well-known name paypal"),
    ],
)
def test_a_reviewer_reads_whether_a_name_bears_a_well_known_one_or_looks_like_it(name, told):
    (flag,) = flags_of(facts(name))
    assert flag.reason == f"{name} {told}."
