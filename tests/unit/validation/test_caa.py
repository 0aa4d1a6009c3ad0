"""CAA: RFC 8659, RFC 8657 and BR 3.2.2.8, one named case for each rule."""

from datetime import UTC, datetime, timedelta

import pytest

from partner_center.validation.caa import (
    CaaReason,
    CaaRequest,
    CaaRules,
    CaaSet,
    CaaStep,
    Freshness,
    caa_verdict,
    check_caa,
    iodef_targets,
    pardonable,
    relevant_caa_set,
)
from partner_center.validation.dns import (
    Answer,
    CaaRecord,
    Dnssec,
    Failure,
    FailureKind,
    LookupFailed,
    Rcode,
    RecordType,
)
from partner_center.validation.issue_value import IssueValue, method_labels, parse_issue_value

OURS = ("ca.example-ca.net",)
ACCOUNT = "acct:subscriber-1@ca.example-ca.net"
CHECKED_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

ALLOWED = {CaaReason.NO_RECORDS, CaaReason.NOT_RESTRICTED, CaaReason.AUTHORIZED}


def caa(text, flags=0):
    tag, _, value = text.partition(" ")
    return CaaRecord(flags, tag, value.encode("latin-1"))


def answer(name, *records, ttl=300, dnssec=Dnssec.INSECURE, aliases=()):
    return Answer(name, RecordType.CAA, records, ttl, dnssec, aliases=aliases)


def failure(name="example.com", kind=FailureKind.SERVFAIL, attempts=2, unsigned=True):
    return Failure(name, RecordType.CAA, kind, attempts, unsigned)


class ScriptedResolver:
    """Answers from a table; a name that is not in it does not exist. Keeps what it was asked."""

    def __init__(self, **by_name):
        self.by_name = {name.replace("_", "."): outcome for name, outcome in by_name.items()}
        self.asked = []

    def lookup(self, name, record_type):
        self.asked.append((name, record_type))
        outcome = self.by_name.get(name)
        if isinstance(outcome, Failure):
            raise LookupFailed(outcome)
        return outcome or Answer(name, record_type, (), 300, Dnssec.INSECURE, Rcode.NXDOMAIN)


class FixedClock:
    def now(self):
        return CHECKED_AT


def judge(records, name="www.example.com", method="3.2.2.4.7", account=None):
    base = name.removeprefix("*.")
    return caa_verdict(CaaSet(base, (CaaStep(base, answer(base, *records)),)), name, OURS, method, account)


US = "issue ca.example-ca.net"
OTHER = "issue other-ca.org"

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
    "method", ["dns_txt", "3.2.2.4", "3.2.2.4.", "3.2.2.4.07", "3.2.2.5.7", "3.2.2.4.7 ", "x\n"]
)
def test_a_method_is_a_section_of_the_requirements(method):
    with pytest.raises(ValueError, match=r"3\.2\.2\.4"):
        method_labels(method)


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


# climbing


def test_the_nearest_set_is_relevant_and_parents_are_not_asked():
    resolver = ScriptedResolver(
        b_example_com=answer("b.example.com", caa(US)), example_com=answer("example.com", caa(OTHER))
    )
    found = relevant_caa_set("a.b.example.com", resolver)
    assert found.found_at == "b.example.com"
    assert [name for name, _ in resolver.asked] == ["a.b.example.com", "b.example.com"]


def test_the_climb_includes_the_top_level_domain_and_not_the_root():
    resolver = ScriptedResolver()
    assert relevant_caa_set("www.example.com", resolver).records == ()
    assert [name for name, _ in resolver.asked] == ["www.example.com", "example.com", "com"]


def test_a_top_level_domain_may_refuse():
    resolver = ScriptedResolver(com=answer("com", caa("issue ;")))
    verdict = caa_verdict(relevant_caa_set("example.com", resolver), "example.com", OURS, "3.2.2.4.7")
    assert (verdict.reason, verdict.found_at) == (CaaReason.FORBIDDEN, "com")


def test_a_wildcard_is_looked_up_without_its_star():
    resolver = ScriptedResolver()
    assert relevant_caa_set("*.example.com", resolver).name == "example.com"
    assert resolver.asked[0] == ("example.com", RecordType.CAA)


def test_records_behind_an_alias_count_and_the_parents_of_the_target_are_not_climbed():
    aliased = answer("www.example.com", caa(OTHER), aliases=("cdn.other.net",))
    resolver = ScriptedResolver(www_example_com=aliased)
    assert relevant_caa_set("www.example.com", resolver).records == (caa(OTHER),)
    empty_target = answer("www.example.com", aliases=("cdn.other.net",))
    resolver = ScriptedResolver(www_example_com=empty_target, other_net=answer("other.net", caa(OTHER)))
    assert relevant_caa_set("www.example.com", resolver).records == ()


def test_a_set_with_one_non_restricting_record_hides_the_parents():
    resolver = ScriptedResolver(
        www_example_com=answer("www.example.com", caa("iodef mailto:a@b.org")),
        example_com=answer("example.com", caa(OTHER)),
    )
    caa_set = relevant_caa_set("www.example.com", resolver)
    assert caa_verdict(caa_set, "www.example.com", OURS, "3.2.2.4.7").reason is CaaReason.NOT_RESTRICTED


# failures

FAILURES = {
    "outside, retried, unsigned: pardoned": (failure(), True),
    "time-out, retried, unsigned: pardoned": (failure(kind=FailureKind.TIMEOUT), True),
    "not retried": (failure(attempts=1), False),
    "zone signed, or not proven unsigned": (failure(unsigned=False), False),
    "bogus, whatever else is claimed": (failure(kind=FailureKind.BOGUS), False),
    "our resolver refuses us": (failure(kind=FailureKind.REFUSED), False),
    "our resolver cannot be reached": (failure(kind=FailureKind.UNREACHABLE), False),
    "a response that cannot be read": (failure(kind=FailureKind.UNUSABLE), False),
}


@pytest.mark.parametrize(("failed", "pardoned"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failed_look_up_refuses_unless_outside_retried_and_unsigned(failed, pardoned):
    assert pardonable(failed) is pardoned
    caa_set = relevant_caa_set("example.com", ScriptedResolver(example_com=failed))
    verdict = caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7")
    assert verdict.reason is (CaaReason.NO_RECORDS if pardoned else CaaReason.LOOKUP_FAILED)
    assert verdict.allowed is pardoned


def test_a_failure_hides_what_the_parent_permits():
    resolver = ScriptedResolver(
        www_example_com=failure(unsigned=False), example_com=answer("example.com", caa(US))
    )
    caa_set = relevant_caa_set("www.example.com", resolver)
    assert [name for name, _ in resolver.asked] == ["www.example.com"]
    assert not caa_verdict(caa_set, "www.example.com", OURS, "3.2.2.4.7").allowed


def test_a_pardoned_failure_does_not_hide_a_parents_refusal():
    resolver = ScriptedResolver(www_example_com=failure(), example_com=answer("example.com", caa(OTHER)))
    caa_set = relevant_caa_set("www.example.com", resolver)
    verdict = caa_verdict(caa_set, "www.example.com", OURS, "3.2.2.4.7")
    assert verdict.reason is CaaReason.ISSUER_NOT_LISTED


def test_a_failure_above_the_relevant_set_is_never_met():
    resolver = ScriptedResolver(
        www_example_com=answer("www.example.com", caa(US)), example_com=failure(unsigned=False)
    )
    caa_set = relevant_caa_set("www.example.com", resolver)
    assert caa_verdict(caa_set, "www.example.com", OURS, "3.2.2.4.7").allowed


def test_pardons_are_bounded_so_that_a_deep_dead_name_ends():
    name = ".".join(["a"] * 60 + ["com"])

    class Dead:
        asked = 0

        def lookup(self, name, record_type):
            self.asked += 1
            raise LookupFailed(failure(name))

    resolver = Dead()
    caa_set = relevant_caa_set(name, resolver, CaaRules(pardons=3))
    assert resolver.asked == 4
    assert not caa_verdict(caa_set, name, OURS, "3.2.2.4.7").allowed


def test_a_bogus_answer_is_never_permission():
    bogus = answer("example.com", caa(US), dnssec=Dnssec.BOGUS)
    caa_set = relevant_caa_set("example.com", ScriptedResolver(example_com=bogus))
    verdict = caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7")
    assert verdict.reason is CaaReason.LOOKUP_FAILED
    assert "bogus" in verdict.detail


# evidence


@pytest.mark.parametrize(
    ("ttl", "hours", "freshness"),
    [
        (0, 8, Freshness.EIGHT_HOURS),
        (8 * 3600, 8, Freshness.EIGHT_HOURS),
        (9 * 3600, 9, Freshness.TTL),
        (48 * 3600, 48, Freshness.TTL),
    ],
)
def test_a_check_serves_eight_hours_or_the_ttl_if_longer(ttl, hours, freshness):
    caa_set = CaaSet("example.com", (CaaStep("example.com", answer("example.com", caa(US), ttl=ttl)),))
    verdict = caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7")
    assert (verdict.fresh_for, verdict.freshness) == (timedelta(hours=hours), freshness)


def test_the_ttl_of_an_absence_lengthens_nothing():
    caa_set = CaaSet("example.com", (CaaStep("example.com", answer("example.com", ttl=10**6)),))
    assert caa_verdict(caa_set, "example.com", OURS, "3.2.2.4.7").fresh_for == timedelta(hours=8)


def test_the_least_ttl_of_the_climb_counts():
    steps = (
        CaaStep("www.example.com", answer("www.example.com", ttl=60)),
        CaaStep("example.com", answer("example.com", caa(US), ttl=10**6)),
    )
    verdict = caa_verdict(CaaSet("www.example.com", steps), "www.example.com", OURS, "3.2.2.4.7")
    assert verdict.fresh_for == timedelta(hours=8)


def test_dnssec_is_secure_only_if_every_look_up_was():
    secure = CaaStep("www.a.com", answer("www.a.com", dnssec=Dnssec.SECURE))
    insecure = CaaStep("a.com", answer("a.com", caa(US)))
    assert CaaSet("www.a.com", (secure,)).dnssec is Dnssec.SECURE
    assert CaaSet("www.a.com", (secure, insecure)).dnssec is Dnssec.INSECURE
    assert (
        CaaSet("www.a.com", (secure, CaaStep("a.com", failure=failure(), pardoned=True))).dnssec
        is Dnssec.INSECURE
    )


@pytest.mark.parametrize("name", ["other.com", "*.other.com", "www.example.com", "xexample.com"])
def test_one_names_look_up_never_serves_another(name):
    caa_set = CaaSet("example.com", (CaaStep("example.com", answer("example.com")),))
    with pytest.raises(ValueError, match="looked up for"):
        caa_verdict(caa_set, name, OURS, "3.2.2.4.7")


def test_an_empty_set_of_look_ups_is_no_permission():
    with pytest.raises(ValueError, match="looked up for"):
        caa_verdict(CaaSet("example.com", ()), "example.com", OURS, "3.2.2.4.7")


def test_a_step_either_answered_or_failed():
    with pytest.raises(ValueError, match="either"):
        CaaStep("example.com")
    with pytest.raises(ValueError, match="either"):
        CaaStep("example.com", answer("example.com"), failure())


IODEF = {
    "mailto": ("iodef mailto:security@example.com", ("mailto:security@example.com",)),
    "https": ("iodef https://iodef.example.com/report?x=1", ("https://iodef.example.com/report?x=1",)),
    "tag in capitals": ("IODEF mailto:a@b.org", ("mailto:a@b.org",)),
    "plain http is not expected of a CA": ("iodef http://iodef.example.com/", ()),
    "header fields in a mailto": ("iodef mailto:a@b.org?bcc=everyone@c.org", ()),
    "an encoded line break": ("iodef mailto:a%0d%0ab@c.org", ()),
    "a real line break": ("iodef mailto:a@b.org\r\nBcc: c@d.org", ()),
    "two addresses": ("iodef mailto:a@b.org,c@d.org", ()),
    "a local file": ("iodef file:///etc/passwd", ()),
    "script": ("iodef javascript:alert(1)", ()),
    "mark-up": ('iodef https://a.org/"><script>', ()),
    "far too long": ("iodef https://a.org/" + "x" * 2000, ()),
    "no target": ("iodef ", ()),
}


@pytest.mark.parametrize(("record", "targets"), IODEF.values(), ids=IODEF.keys())
def test_iodef_targets_are_bare_and_safe(record, targets):
    assert iodef_targets([caa(record)]) == targets


def test_iodef_targets_are_few_and_differ():
    records = [caa(f"iodef mailto:a{number // 2}@b.org") for number in range(40)]
    assert len(iodef_targets(records)) == 5


def test_a_refusal_carries_the_iodef_targets_of_the_set():
    verdict = judge([caa(OTHER), caa("iodef mailto:sec@example.com")])
    assert (verdict.allowed, verdict.iodef) == (False, ("mailto:sec@example.com",))


# the whole certificate


def test_each_name_has_look_ups_of_its_own_and_every_verdict_is_returned():
    """One check for one name, repeated for all of them: the incident of 2020."""
    resolver = ScriptedResolver(
        a_com=answer("a.com", caa(US)),
        b_com=answer("b.com", caa(OTHER)),
        c_com=failure("c.com", unsigned=False),
    )
    requests = [CaaRequest(name, "3.2.2.4.7") for name in ("a.com", "b.com", "c.com", "d.com", "*.a.com")]
    checks = check_caa(requests, resolver, OURS, FixedClock())
    assert [check.request.name for check in checks] == ["a.com", "b.com", "c.com", "d.com", "*.a.com"]
    assert [check.verdict.allowed for check in checks] == [True, False, False, True, True]
    assert [check.completed for check in checks] == [True, True, False, True, True]
    assert [name for name, _ in resolver.asked] == ["a.com", "b.com", "c.com", "d.com", "com", "a.com"]


def test_each_name_is_judged_by_the_proof_it_relies_on():
    resolver = ScriptedResolver(a_com=answer("a.com", caa(f"{US}; validationmethods=ca-tbr-7")))
    requests = [CaaRequest("a.com", "3.2.2.4.7"), CaaRequest("*.a.com", "3.2.2.4.4")]
    by_dns, by_mail = check_caa(requests, resolver, OURS, FixedClock())
    assert by_dns.verdict.allowed
    assert by_mail.verdict.reason is CaaReason.METHOD_NOT_LISTED


def test_a_permission_ends_and_a_refusal_has_no_validity():
    resolver = ScriptedResolver(b_com=answer("b.com", caa(OTHER)))
    allowed, refused = check_caa(
        [CaaRequest("a.com", "3.2.2.4.7"), CaaRequest("b.com", "3.2.2.4.7")], resolver, OURS, FixedClock()
    )
    assert allowed.valid_until == CHECKED_AT + timedelta(hours=8)
    assert refused.valid_until is None


def test_our_own_trouble_is_not_a_verdict():
    class Broken:
        def lookup(self, name, record_type):
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        check_caa([CaaRequest("a.com", "3.2.2.4.7")], Broken(), OURS, FixedClock())


def test_a_refusal_repeats_no_text_of_the_zone():
    """The sentence goes to resellers and into mails."""
    hostile = "issue <script>alert(1)</script>"
    assert "script" not in judge([caa(hostile)]).detail
