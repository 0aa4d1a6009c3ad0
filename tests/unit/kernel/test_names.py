"""The one form of a DNS name: what is mapped, what is refused, and that nothing is mapped silently."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.kernel.names import CanonicalName, NameRefused, base_name, canonical_name, covers, shown

LABEL_63 = "a" * 63
NAME_253 = ".".join([LABEL_63, LABEL_63, LABEL_63, "a" * 57, "com"])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("example.com", "example.com", id="as it is"),
        pytest.param("WWW.Example.COM", "www.example.com", id="upper case"),
        pytest.param("*.Example.com", "*.example.com", id="wildcard"),
        pytest.param("localhost", "localhost", id="one label: only its form is judged here"),
        pytest.param("4you.example.com", "4you.example.com", id="a label that begins with a digit"),
        pytest.param("a--b.example.com", "a--b.example.com", id="two hyphens in second and third place"),
        pytest.param("xn--mnchen-3ya.de", "xn--mnchen-3ya.de", id="a valid A-label"),
        pytest.param("XN--MNCHEN-3YA.de", "xn--mnchen-3ya.de", id="an A-label in upper case"),
        pytest.param(f"{LABEL_63}.com", f"{LABEL_63}.com", id="a label of 63"),
        pytest.param(NAME_253, NAME_253, id="a name of 253"),
    ],
)
def test_ascii_names_only_lose_their_case(text: str, name: str) -> None:
    assert canonical_name(text) == CanonicalName(name, None)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("münchen.de", "xn--mnchen-3ya.de", id="an umlaut"),
        pytest.param("*.MÜNCHEN.de", "*.xn--mnchen-3ya.de", id="a wildcard in upper case"),
        pytest.param(
            "straße.de", "xn--strae-oqa.de", id="the sharp s stays (the standard library makes strasse.de)"
        ),
        pytest.param("βόλος.com", "xn--nxasmm1c.com", id="the final sigma stays"),
        pytest.param("mu\u0308nchen.de", "xn--mnchen-3ya.de", id="a combining mark is composed"),
        pytest.param("例え。テスト", "xn--r8jz45g.xn--zckzah", id="an ideographic full stop"),
        pytest.param("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com", id="full width letters"),
        pytest.param("\u212aernel.com", "kernel.com", id="the Kelvin sign"),
        pytest.param("ශ්\u200dරී.com", "xn--10cl1a0b660p.com", id="a joiner where its script needs it"),
    ],
)
def test_what_is_mapped_is_shown(text: str, name: str) -> None:
    assert canonical_name(text) == CanonicalName(name, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "The name is empty", id="nothing"),
        pytest.param("example.com.", "dot at the end", id="trailing dot"),
        pytest.param(".", "empty label", id="a dot alone"),
        pytest.param("a..com", "empty label", id="two dots"),
        pytest.param(".a.com", "empty label", id="leading dot"),
        pytest.param("*.", "empty label", id="wildcard of nothing"),
        pytest.param("*", "whole first label", id="asterisk alone"),
        pytest.param("*.*.example.com", "whole first label", id="two asterisks"),
        pytest.param("www.*.example.com", "whole first label", id="asterisk further right"),
        pytest.param("w*.example.com", "whole first label", id="part of a label"),
        pytest.param("*．example.com", "whole first label", id="asterisk before a full width dot"),
        pytest.param("my_host.example.com", "Underscores", id="underscore"),
        pytest.param("-a.com", "hyphen", id="hyphen first"),
        pytest.param("a-.com", "hyphen", id="hyphen last"),
        pytest.param("ab--cd.com", "reserved", id="reserved label"),
        pytest.param("xn--abc.com", "reserved", id="A-label that encodes nothing valid"),
        pytest.param("xn--n3h.com", "reserved", id="A-label of a snowman (not IDNA 2008)"),
        pytest.param("xn--.com", "hyphen", id="A-label without content"),
        pytest.param("xn--ls8h.la", "reserved", id="A-label of an emoji"),
        pytest.param("☃.com", "U+2603", id="symbol"),
        pytest.param("a\u200cb.com", "U+200C", id="joiner where no script needs it"),
        pytest.param("א1a.com", "IDNA 2008", id="mixed directions"),
        pytest.param("ä" * 64 + ".com", "IDNA 2008", id="internationalised label too long"),
        pytest.param("a" * 64 + ".com", "63", id="label of 64"),
        pytest.param("a" + NAME_253, "253", id="name of 254"),
        pytest.param("*." + NAME_253, "253", id="wildcard name of 255"),
        pytest.param("a." * 500_000, "at most 253 characters.", id="a megabyte"),
        pytest.param("192.0.2.1", "IP address", id="IPv4"),
        pytest.param("2001:db8::1", "IP address", id="IPv6"),
        pytest.param("[2001:db8::1]", "IP address", id="IPv6 in brackets"),
        pytest.param("10.0.0.0/8", "IP address", id="a network"),
        pytest.param("１.２.３.４", "number", id="IPv4 in full width digits"),
        pytest.param("127.1", "number", id="short IPv4"),
        pytest.param("0x7f.0x1", "number", id="hexadecimal IPv4"),
        pytest.param("example.123", "number", id="numeric top-level domain"),
        pytest.param("https://example.com/", "URL", id="URL"),
        pytest.param("admin@example.com", "e-mail", id="e-mail address"),
        pytest.param("example.com:443", "port", id="port"),
        pytest.param("example.com/path", "path", id="path"),
        pytest.param("a.com,b.com", "commas", id="comma"),
        pytest.param("a.com;b.com", "semicolons", id="semicolon"),
        pytest.param("exa$mple.com", "letters, digits", id="dollar sign"),
        pytest.param(" example.com", "(U+0020)", id="leading blank"),
        pytest.param("a.com b.com", "(U+0020)", id="two names"),
        pytest.param("example.com\x00.evil.com", "(U+0000)", id="NUL"),
        pytest.param("example.com\r\n", "(U+000D)", id="CR LF"),
        pytest.param("exam\u00adple.com", "(U+00AD)", id="soft hyphen"),
        pytest.param("exam\u200bple.com", "(U+200B)", id="zero width space"),
        pytest.param("\u202emoc.elpmaxe", "(U+202E)", id="direction override"),
        pytest.param("\ud800.com", "(U+D800)", id="half a surrogate pair"),
        pytest.param("a\ue000.com", "(U+E000)", id="private use"),
        pytest.param("a\u0378.com", "(U+0378)", id="unassigned"),
        pytest.param("a\u2028.com", "(U+2028)", id="line separator"),
        pytest.param("a\u2029.com", "(U+2029)", id="paragraph separator"),
        pytest.param("a\u00a0.com", "(U+00A0)", id="no-break space"),
    ],
)
def test_refused_names_say_why(text: str, told: str) -> None:
    with pytest.raises(NameRefused) as refused:
        canonical_name(text)
    assert any(told in problem.detail for problem in refused.value.problems)
    assert {problem.code for problem in refused.value.problems} == {"name_invalid"}


def test_all_faults_of_a_name_are_told_together() -> None:
    with pytest.raises(NameRefused) as refused:
        canonical_name("*.a_b.-c." + "d" * 64 + ".com.")
    told = " ".join(problem.detail for problem in refused.value.problems)
    assert all(word in told for word in ("Underscores", "hyphen", "63", "dot at the end"))


def test_a_hostile_text_is_cut_and_escaped_before_it_is_repeated() -> None:
    with pytest.raises(NameRefused) as refused:
        canonical_name("\x1b[31m\ud800" + "x" * 1_000_000)
    (problem,) = refused.value.problems
    assert problem.name is not None
    assert len(problem.name) < 300
    assert problem.name.isprintable()
    assert shown("a\nb") == "a\\u000ab"


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("www.example.com", True),
        ("example.com", False),
        ("a.www.example.com", False),
        ("www.example.org", False),
        ("*.example.com", False),
        ("com", False),
    ],
)
def test_a_wildcard_covers_exactly_one_label(name: str, covered: bool) -> None:
    assert covers("*.example.com", name) is covered
    assert not covers("example.com", name)
    assert not covers("example.com", "www.ample.com")


def test_base_name_is_without_the_wildcard_label() -> None:
    assert base_name("*.example.com") == base_name("example.com") == "example.com"


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.text(max_size=40) | st.from_regex(r"(\*\.)?[a-zA-Z0-9üßçé。_.-]{1,30}\.(com|DE|рф)", fullmatch=True)
)
def test_a_canonical_name_is_its_own_canonical_form_in_one_alphabet(text: str) -> None:
    try:
        found = canonical_name(text)
    except NameRefused:
        return
    assert re.fullmatch(
        r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", found.name
    )
    assert len(found.name) <= 253
    assert canonical_name(found.name) == CanonicalName(found.name, None)
    assert (found.mapped_from is None) == text.isascii()
