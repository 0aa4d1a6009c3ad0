"""The public suffix list: where registries end (BR 3.2.2.6), and how old the list may be."""

from datetime import UTC, datetime, timedelta

import idna
import publicsuffixlist
import pytest

from partner_center.kernel.public_suffix import (
    WARN_AFTER,
    has_known_tld,
    is_above_public_suffix,
    is_older,
    is_public_suffix,
    list_date,
    list_version,
    parse_list,
    registrable_domain,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("example.com", "example.com", id="the domain itself"),
        pytest.param("a.b.example.com", "example.com", id="names below it"),
        pytest.param("com", None, id="a top-level domain"),
        pytest.param("co.uk", None, id="a suffix of two labels"),
        pytest.param("www.example.co.uk", "example.co.uk", id="below a suffix of two labels"),
        pytest.param("www.foo.kobe.jp", "www.foo.kobe.jp", id="below a wildcard rule"),
        pytest.param("foo.kobe.jp", None, id="matched by a wildcard rule"),
        pytest.param("kobe.jp", None, id="the base of a wildcard rule"),
        pytest.param("www.city.kobe.jp", "city.kobe.jp", id="an exception to a wildcard rule"),
        pytest.param("a.foo.za", "foo.za", id="a top-level domain that has no rule of its own"),
        pytest.param("www.example.xn--fiqs8s", "example.xn--fiqs8s", id="an internationalised suffix"),
        pytest.param("me.github.io", "github.io", id="the private section does not count"),
        pytest.param("server.corp", None, id="an unknown top-level domain"),
        pytest.param("localhost", None, id="one unknown label"),
    ],
)
def test_registrable_domain_is_one_label_more_than_the_suffix(name: str, expected: str | None) -> None:
    assert registrable_domain(name) == expected


@pytest.mark.parametrize(
    "name", ["com", "co.uk", "foo.kobe.jp", "kobe.jp", "ck", "za", "xn--fiqs8s", "gs.aa.no"]
)
def test_suffixes_are_known_as_such(name: str) -> None:
    assert is_public_suffix(name)


@pytest.mark.parametrize(
    "name", ["example.com", "github.io", "city.kobe.jp", "www.ck", "localhost", "corp", "server.corp"]
)
def test_other_names_are_no_suffixes(name: str) -> None:
    assert not is_public_suffix(name)


def test_a_name_directly_above_a_suffix_is_known() -> None:
    assert is_above_public_suffix("akershus.no")  # nes.akershus.no is a suffix
    assert is_above_public_suffix("kobe.jp")
    assert not is_above_public_suffix("example.no")


def test_top_level_domains() -> None:
    assert has_known_tld("example.com")
    assert has_known_tld("example.za")
    assert not has_known_tld("printer.local")
    assert not has_known_tld("printer")


def test_it_agrees_with_the_package_on_every_rule_of_the_list() -> None:
    reference = publicsuffixlist.PublicSuffixList(only_icann=True)
    rules = [rule.lstrip("!*.") for rule in reference._publicsuffix if rule.isascii()]
    assert len(rules) > 6_000
    differing = [
        name
        for rule in rules
        for name in (rule, f"a.{rule}", f"b.a.{rule}")
        if registrable_domain(name) != reference.privatesuffix(name)
    ]
    assert differing == []


def test_internationalised_rules_are_encoded_as_idna_2008_does() -> None:
    with open(publicsuffixlist.PSLFILE, encoding="utf-8") as file:
        section = file.read().partition("===END ICANN DOMAINS===")[0]
    rules = [
        line for line in section.splitlines() if line and not line.startswith("//") and not line.isascii()
    ]
    assert len(rules) > 100
    assert [
        rule for rule in rules if not _is_suffix_or_parent(idna.encode(rule.lstrip("!*.")).decode())
    ] == []


def _is_suffix_or_parent(name: str) -> bool:
    return is_public_suffix(name) or is_above_public_suffix(name)


def test_the_bundled_list_says_its_version_and_date() -> None:
    version = list_version()
    assert version is not None
    assert version.startswith(f"{list_date():%Y-%m-%d}")


@pytest.mark.parametrize(("days", "older"), [(-1, False), (0, False), (45, False), (46, True), (91, True)])
def test_a_list_is_old_after_45_days(days: int, older: bool) -> None:
    dated = datetime(2026, 10, 22, tzinfo=UTC)
    assert is_older(dated, WARN_AFTER, dated + timedelta(days=days)) is older


def test_a_list_without_a_date_is_of_no_known_age() -> None:
    assert is_older(None, WARN_AFTER, datetime(2026, 11, 23, tzinfo=UTC))
    parsed = parse_list("// VERSION: soon\n// ===BEGIN ICANN DOMAINS===\ncom\n// ===END ICANN DOMAINS===\n")
    assert (parsed.version, parsed.dated) == ("soon", None)
    assert parse_list("").version is None


def test_only_the_icann_section_is_read() -> None:
    parsed = parse_list(
        "// VERSION: x\nbefore\n// ===BEGIN ICANN DOMAINS===\n// a comment\n\ncom\n*.ck  trailing words\n!www.ck\n"
        "// ===END ICANN DOMAINS===\n// ===BEGIN PRIVATE DOMAINS===\ngithub.io\n"
    )
    assert (parsed.exact, parsed.wildcards, parsed.exceptions) == ({"com"}, {"ck"}, {"www.ck"})
    assert parsed.top_level == {"com", "ck"}
