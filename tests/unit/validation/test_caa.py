"""CAA: RFC 8659, RFC 8657 and BR 3.2.2.8, one named case for each rule."""

import pytest

from partner_center.validation.caa import (
    CaaReason,
    CaaSet,
    CaaStep,
    caa_verdict,
)
from tests.unit.validation.caa_world import ACCOUNT, OTHER, US, answer, caa, judge

ALLOWED = {CaaReason.NO_RECORDS, CaaReason.NOT_RESTRICTED, CaaReason.AUTHORIZED}

CASES = {
    # no restriction
    "no records: any CA may issue": ([], "www.example.com", CaaReason.NO_RECORDS),
    "no records, wildcard": ([], "*.example.com", CaaReason.NO_RECORDS),
    "iodef alone does not restrict": (
        [caa("iodef mailto:sec@example.com")],
        "example.com",
        CaaReason.NOT_RESTRICTED,
    ),
    "unknown tag without critical flag does not restrict": (
        [caa("tbs xyz")],
        "example.com",
        CaaReason.NOT_RESTRICTED,
    ),
    "issuewild alone does not restrict a plain name": (
        [caa("issuewild other-ca.org")],
        "example.com",
        CaaReason.NOT_RESTRICTED,
    ),
    "contactemail alone does not restrict": (
        [caa("contactemail a@example.com")],
        "example.com",
        CaaReason.NOT_RESTRICTED,
    ),
    "issuemail concerns other certificates": ([caa("issuemail ;")], "example.com", CaaReason.NOT_RESTRICTED),
    # issue
    "issue names us": ([caa(US)], "example.com", CaaReason.AUTHORIZED),
    "issue names another": ([caa(OTHER)], "example.com", CaaReason.ISSUER_NOT_LISTED),
    "one of several names us": ([caa(OTHER), caa(US)], "example.com", CaaReason.AUTHORIZED),
    "the empty issuer forbids": ([caa("issue ;")], "example.com", CaaReason.FORBIDDEN),
    "an empty value forbids": ([caa("issue ")], "example.com", CaaReason.FORBIDDEN),
    "white space alone forbids": ([caa("issue  \t ")], "example.com", CaaReason.FORBIDDEN),
    "an empty issuer beside us changes nothing": (
        [caa("issue ;"), caa(US)],
        "example.com",
        CaaReason.AUTHORIZED,
    ),
    "an empty issuer with parameters forbids": (
        [caa("issue ; validationmethods=ca-tbr-7")],
        "example.com",
        CaaReason.FORBIDDEN,
    ),
    "the tag in mixed case": ([caa("IsSuE other-ca.org")], "example.com", CaaReason.ISSUER_NOT_LISTED),
    "the issuer in mixed case": ([caa("issue CA.Example-CA.net")], "example.com", CaaReason.AUTHORIZED),
    "white space around the issuer": (
        [caa("issue \t ca.example-ca.net \t ;")],
        "example.com",
        CaaReason.AUTHORIZED,
    ),
    "our name as a suffix of theirs": (
        [caa("issue evil.ca.example-ca.net")],
        "example.com",
        CaaReason.ISSUER_NOT_LISTED,
    ),
    "our name as a prefix of theirs": (
        [caa("issue ca.example-ca.net.evil.org")],
        "example.com",
        CaaReason.ISSUER_NOT_LISTED,
    ),
    "our parent is not us": ([caa("issue example-ca.net")], "example.com", CaaReason.ISSUER_NOT_LISTED),
    # wildcards
    "issue counts for a wildcard without issuewild": ([caa(US)], "*.example.com", CaaReason.AUTHORIZED),
    "issue refuses a wildcard without issuewild": (
        [caa(OTHER)],
        "*.example.com",
        CaaReason.ISSUER_NOT_LISTED,
    ),
    "issuewild permits what issue refuses": (
        [caa(OTHER), caa("issuewild ca.example-ca.net")],
        "*.example.com",
        CaaReason.AUTHORIZED,
    ),
    "issuewild refuses what issue permits": (
        [caa(US), caa("issuewild other-ca.org")],
        "*.example.com",
        CaaReason.ISSUER_NOT_LISTED,
    ),
    "issuewild forbids": ([caa(US), caa("issuewild ;")], "*.example.com", CaaReason.FORBIDDEN),
    "issuewild is ignored for a plain name": (
        [caa(US), caa("issuewild ;")],
        "www.example.com",
        CaaReason.AUTHORIZED,
    ),
    "one of several issuewild names us": (
        [caa("issuewild other-ca.org"), caa("issuewild ca.example-ca.net")],
        "*.example.com",
        CaaReason.AUTHORIZED,
    ),
    "a malformed issuewild still replaces issue": (
        [caa(US), caa("issuewild ca.example-ca.net; what")],
        "*.example.com",
        CaaReason.MALFORMED,
    ),
    # the critical flag
    "an unknown critical tag refuses": (
        [caa(US), caa("tbs xyz", 128)],
        "example.com",
        CaaReason.UNKNOWN_CRITICAL,
    ),
    "an unknown critical tag alone refuses": (
        [caa("tbs xyz", 128)],
        "example.com",
        CaaReason.UNKNOWN_CRITICAL,
    ),
    "an unknown critical tag refuses wildcards": (
        [caa("issuewild ca.example-ca.net"), caa("tbs xyz", 128)],
        "*.example.com",
        CaaReason.UNKNOWN_CRITICAL,
    ),
    "flag 1 is read as critical": ([caa(US), caa("tbs xyz", 1)], "example.com", CaaReason.UNKNOWN_CRITICAL),
    "reserved flag bits are not critical": (
        [caa(US), caa("tbs xyz", 0x7E)],
        "example.com",
        CaaReason.AUTHORIZED,
    ),
    "a critical issue is known": ([caa(US, 128)], "example.com", CaaReason.AUTHORIZED),
    "a critical issue still refuses": ([caa(OTHER, 128)], "example.com", CaaReason.ISSUER_NOT_LISTED),
    "a critical iodef is known": (
        [caa(US), caa("iodef mailto:a@b.org", 128)],
        "example.com",
        CaaReason.AUTHORIZED,
    ),
    "a critical contactemail is known": (
        [caa("contactemail a@b.org", 128)],
        "example.com",
        CaaReason.NOT_RESTRICTED,
    ),
    **{
        f"a critical {tag} is known": ([caa(f"{tag} x", 128)], "example.com", CaaReason.NOT_RESTRICTED)
        for tag in ("issuewild", "contactphone", "issuemail", "issuevmc")
    },
    "a tag that only resembles issue": ([caa("issues x", 128)], "example.com", CaaReason.UNKNOWN_CRITICAL),
    # malformed values count as an empty issuer
    "a parameter without value": ([caa(f"{US}; policy")], "example.com", CaaReason.MALFORMED),
    "an underscore in a parameter's tag": ([caa(f"{US}; a_b=1")], "example.com", CaaReason.MALFORMED),
    "a blank in a parameter's value": ([caa(f"{US}; ab=1 2")], "example.com", CaaReason.MALFORMED),
    "an empty parameter in between": ([caa(f"{US}; a=1;; b=2")], "example.com", CaaReason.MALFORMED),
    "a semicolon behind the last parameter": ([caa(f"{US}; a=1;")], "example.com", CaaReason.MALFORMED),
    "a trailing dot": ([caa("issue ca.example-ca.net.")], "example.com", CaaReason.MALFORMED),
    "a comma instead of a semicolon": (
        [caa("issue ca.example-ca.net, other-ca.org")],
        "example.com",
        CaaReason.MALFORMED,
    ),
    "a URL instead of a name": ([caa("issue https://ca.example-ca.net")], "example.com", CaaReason.MALFORMED),
    "quotes that were published": ([caa('issue "ca.example-ca.net"')], "example.com", CaaReason.MALFORMED),
    "a line break behind our name": ([caa("issue ca.example-ca.net\n")], "example.com", CaaReason.MALFORMED),
    "a NUL behind our name": ([caa("issue ca.example-ca.net\0")], "example.com", CaaReason.MALFORMED),
    "a letter outside ASCII": ([caa("issue cä.example-ca.net")], "example.com", CaaReason.MALFORMED),
    "a malformed value beside a good one": ([caa("issue %%%"), caa(US)], "example.com", CaaReason.AUTHORIZED),
    "64 KB of hyphens": ([caa("issue " + "a-" * 32_000)], "example.com", CaaReason.MALFORMED),
    # parameters nobody defined
    "unknown parameters are ignored": ([caa(f"{US}; foo=bar; baz=")], "example.com", CaaReason.AUTHORIZED),
    "an equals sign in a value": ([caa(f"{US}; foo=bar=baz")], "example.com", CaaReason.AUTHORIZED),
}


@pytest.mark.parametrize(("records", "name", "reason"), CASES.values(), ids=CASES.keys())
def test_verdict(records, name, reason):
    verdict = judge(records, name)
    assert verdict.reason is reason
    assert verdict.allowed is (reason in ALLOWED)
    assert verdict.detail.endswith(".")
    assert verdict.relied_on == tuple(records)


BINDINGS = {
    "our method": ("validationmethods=ca-tbr-7", "3.2.2.4.7", None, CaaReason.AUTHORIZED),
    "our method among others": ("validationmethods=dns-01,ca-tbr-7", "3.2.2.4.7", None, CaaReason.AUTHORIZED),
    "white space around the parameter": (
        " validationmethods = ca-tbr-4 ",
        "3.2.2.4.4",
        None,
        CaaReason.AUTHORIZED,
    ),
    "e-mail where only DNS is listed": (
        "validationmethods=ca-tbr-7",
        "3.2.2.4.4",
        None,
        CaaReason.METHOD_NOT_LISTED,
    ),
    "dns-01 does not cover our own DNS method": (
        "validationmethods=dns-01",
        "3.2.2.4.7",
        None,
        CaaReason.METHOD_NOT_LISTED,
    ),
    "file": ("validationmethods=ca-tbr-18", "3.2.2.4.18", None, CaaReason.AUTHORIZED),
    "persistent TXT": ("validationmethods=ca-tbr-22", "3.2.2.4.22", None, CaaReason.AUTHORIZED),
    "CAA contact is not the constructed address": (
        "validationmethods=ca-tbr-4",
        "3.2.2.4.13",
        None,
        CaaReason.METHOD_NOT_LISTED,
    ),
    "an ACME method by its ACME name": (
        "validationmethods=http-01",
        "3.2.2.4.19",
        None,
        CaaReason.AUTHORIZED,
    ),
    "an ACME method by its BR number": (
        "validationmethods=ca-tbr-19",
        "3.2.2.4.19",
        None,
        CaaReason.AUTHORIZED,
    ),
    "no prefix of a label": ("validationmethods=ca-tbr-7", "3.2.2.4.77", None, CaaReason.METHOD_NOT_LISTED),
    "labels are in lower case": (
        "validationmethods=CA-TBR-7",
        "3.2.2.4.7",
        None,
        CaaReason.METHOD_NOT_LISTED,
    ),
    "an empty list": ("validationmethods=", "3.2.2.4.7", None, CaaReason.METHOD_NOT_LISTED),
    "a list that breaks the grammar": (
        "validationmethods=ca-tbr-7,,x",
        "3.2.2.4.7",
        None,
        CaaReason.METHOD_NOT_LISTED,
    ),
    "two lists cannot be satisfied": (
        "validationmethods=ca-tbr-7; validationmethods=ca-tbr-7",
        "3.2.2.4.7",
        None,
        CaaReason.METHOD_NOT_LISTED,
    ),
    "the parameter's tag in capitals still binds": (
        "ValidationMethods=ca-tbr-4",
        "3.2.2.4.7",
        None,
        CaaReason.METHOD_NOT_LISTED,
    ),
    "our account": (f"accounturi={ACCOUNT}", "3.2.2.4.7", ACCOUNT, CaaReason.AUTHORIZED),
    "another account": ("accounturi=acct:else@ca", "3.2.2.4.7", ACCOUNT, CaaReason.ACCOUNT_NOT_LISTED),
    "an account and none known": (f"accounturi={ACCOUNT}", "3.2.2.4.7", None, CaaReason.ACCOUNT_NOT_LISTED),
    "an empty account and none known": ("accounturi=", "3.2.2.4.7", "", CaaReason.ACCOUNT_NOT_LISTED),
    "accounts are compared letter by letter": (
        f"accounturi={ACCOUNT.upper()}",
        "3.2.2.4.7",
        ACCOUNT,
        CaaReason.ACCOUNT_NOT_LISTED,
    ),
    "a prefix is not the account": (
        f"accounturi={ACCOUNT}0",
        "3.2.2.4.7",
        ACCOUNT,
        CaaReason.ACCOUNT_NOT_LISTED,
    ),
    "two accounts cannot be satisfied": (
        f"accounturi={ACCOUNT}; accounturi={ACCOUNT}",
        "3.2.2.4.7",
        ACCOUNT,
        CaaReason.ACCOUNT_NOT_LISTED,
    ),
    "account and method": (
        f"accounturi={ACCOUNT}; validationmethods=ca-tbr-7",
        "3.2.2.4.7",
        ACCOUNT,
        CaaReason.AUTHORIZED,
    ),
    "account fits, method does not": (
        f"accounturi={ACCOUNT}; validationmethods=ca-tbr-4",
        "3.2.2.4.7",
        ACCOUNT,
        CaaReason.METHOD_NOT_LISTED,
    ),
    "method fits, account does not": (
        "accounturi=acct:else@ca; validationmethods=ca-tbr-7",
        "3.2.2.4.7",
        ACCOUNT,
        CaaReason.ACCOUNT_NOT_LISTED,
    ),
}


@pytest.mark.parametrize(
    ("parameters", "method", "account", "reason"), BINDINGS.values(), ids=BINDINGS.keys()
)
def test_rfc_8657_parameters_bind_account_and_method(parameters, method, account, reason):
    assert judge([caa(f"{US};{parameters}")], method=method, account=account).reason is reason


def test_several_records_for_several_accounts_are_alternatives():
    records = [caa(f"{US}; accounturi=acct:else@ca"), caa(f"{US}; accounturi={ACCOUNT}")]
    assert judge(records, account=ACCOUNT).reason is CaaReason.AUTHORIZED


def test_another_issuers_parameters_do_not_bind_us():
    assert judge([caa(f"{OTHER}; validationmethods=x"), caa(US)]).reason is CaaReason.AUTHORIZED


def test_any_of_our_issuer_names_permits_and_no_issuer_name_permits_nothing():
    caa_set = CaaSet("a.com", (CaaStep("a.com", answer("a.com", caa("issue second.org"))),))
    assert caa_verdict(caa_set, "a.com", ("first.org", "Second.org"), "3.2.2.4.7").allowed
    assert not caa_verdict(caa_set, "a.com", (), "3.2.2.4.7").allowed


@pytest.mark.parametrize(
    ("records", "name", "tag"),
    [
        ([caa(US), caa("issuewild ;")], "*.example.com", "issuewild"),
        ([caa(US), caa("issuewild other-ca.org")], "*.example.com", "issuewild"),
        ([caa(OTHER)], "*.example.com", "issue"),
        ([caa(OTHER), caa("issuewild ca.example-ca.net")], "example.com", "issue"),
    ],
    ids=["wildcards forbidden", "wildcards for others", "no issuewild", "a plain name"],
)
def test_the_advice_names_the_record_that_decides(records, name, tag):
    assert f"Add an {tag} record that names" in judge(records, name).detail
