"""The grammar of CAA issue values (RFC 8659, section 4.2) and the labels of methods (RFC 8657)."""

import pytest

from partner_center.validation.issue_value import IssueValue, method_labels, parse_issue_value

GRAMMAR = {
    "domain alone": (b"ca.org", IssueValue("ca.org")),
    "domain, semicolon": (b"ca.org ; ", IssueValue("ca.org")),
    "hyphens inside a label": (b"a--b.org", IssueValue("a--b.org")),
    "one label": (b"ca", IssueValue("ca")),
    "nothing": (b"", IssueValue("")),
    "parameters": (b"ca.org;a=1 ;\tB = 2", IssueValue("ca.org", (("a", "1"), ("b", "2")))),
    "an empty value": (b"ca.org; a=", IssueValue("ca.org", (("a", ""),))),
    "a label that begins with a hyphen": (b"-ca.org", None),
    "a label that ends with a hyphen": (b"ca-.org", None),
    "an empty label": (b"ca..org", None),
    "two domains": (b"ca.org ca.net", None),
    "a tag that ends with a hyphen": (b"ca.org; a-=1", None),
    "an empty tag": (b"ca.org; =1", None),
    "DEL in a value": (b"ca.org; a=\x7f", None),
    "a byte above ASCII": (b"ca.org; a=\xff", None),
    "a vertical tab is no white space": (b"ca.org\x0b", None),
}


@pytest.mark.parametrize(("value", "parsed"), GRAMMAR.values(), ids=GRAMMAR.keys())
def test_issue_value_grammar(value, parsed):
    assert parse_issue_value(value) == parsed


@pytest.mark.parametrize(
    "method", ["dns_txt", "3.2.2.4", "3.2.2.4.", "3.2.2.4.07", "3.2.2.5.7", "3.2.2.4.7 ", "x\n"]
)
def test_a_method_is_a_section_of_the_requirements(method):
    with pytest.raises(ValueError, match=r"3\.2\.2\.4"):
        method_labels(method)


@pytest.mark.parametrize(
    ("section", "labels"),
    [
        ("3.2.2.4.4", {"ca-tbr-4"}),
        ("3.2.2.4.7", {"ca-tbr-7"}),
        ("3.2.2.4.19", {"ca-tbr-19", "http-01"}),
        ("3.2.2.4.21", {"ca-tbr-21", "dns-account-01"}),
        ("3.2.2.4.22", {"ca-tbr-22"}),
    ],
)
def test_labels_of_a_method(section, labels):
    assert method_labels(section) == labels
