"""The persistent TXT record: our issuer, this subscriber's account, not past its end (BR 3.2.2.4.22)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partner_center.validation.control_methods import publish_of
from partner_center.validation.control_verdict import ControlReason
from tests.unit.validation.control_world import ACCOUNT, ADN, EXPECTED, ISSUER, NOW, judge_persistent

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True, database=None)

OURS = f"{ISSUER}; accounturi={ACCOUNT}"
LATER, BEFORE = 1795521600, 1764072000  # a year after and before

RECORDS = {
    "issuer and account": (OURS, ControlReason.SHOWN),
    "another of our issuer domains": (f"second.net; accounturi={ACCOUNT}", ControlReason.SHOWN),
    "the issuer in capitals": (f"{ISSUER.upper()}; accounturi={ACCOUNT}", ControlReason.SHOWN),
    "tags have no case": (f"{ISSUER}; AccountURI={ACCOUNT}", ControlReason.SHOWN),
    "white space": (f" {ISSUER} ;\taccounturi = {ACCOUNT} ", ControlReason.SHOWN),
    "unknown parameters": (f"{OURS}; foo=bar; x-1=", ControlReason.SHOWN),
    "unknown parameters, repeated": (f"{OURS}; foo=1; foo=2", ControlReason.SHOWN),
    "a policy that is not defined": (f"{OURS}; policy=everything", ControlReason.SHOWN),
    "an end to come": (f"{OURS}; persistUntil={LATER}", ControlReason.SHOWN),
    "an end in the far future": (f"{OURS}; persistUntil=99999999999999", ControlReason.SHOWN),
    "an end that is past": (f"{OURS}; persistUntil={BEFORE}", ControlReason.RECORD_ENDED),
    "an end in 1970": (f"{OURS}; persistUntil=0", ControlReason.RECORD_ENDED),
    "an end in another notation": (f"{OURS}; persistUntil=2027-01-01", ControlReason.RECORD_MALFORMED),
    "a negative end": (f"{OURS}; persistUntil=-1", ControlReason.RECORD_MALFORMED),
    "a signed end": (f"{OURS}; persistUntil=+{LATER}", ControlReason.RECORD_MALFORMED),
    "an end with a fraction": (f"{OURS}; persistUntil={LATER}.5", ControlReason.RECORD_MALFORMED),
    "an end with separators": (f"{OURS}; persistUntil=1_795_521_600", ControlReason.RECORD_MALFORMED),
    "a hexadecimal end": (f"{OURS}; persistUntil=0x7fffffff", ControlReason.RECORD_MALFORMED),
    "an empty end": (f"{OURS}; persistUntil=", ControlReason.RECORD_MALFORMED),
    "an end of 5,000 digits": (f"{OURS}; persistUntil={'9' * 5000}", ControlReason.RECORD_MALFORMED),
    "no account": (ISSUER, ControlReason.ACCOUNT_MISSING),
    "an empty account": (f"{ISSUER}; accounturi=", ControlReason.ACCOUNT_MISSING),
    "another subscriber": (f"{ISSUER}; accounturi={ACCOUNT}0", ControlReason.OTHER_ACCOUNT),
    "a part of the account": (f"{ISSUER}; accounturi={ACCOUNT[:-1]}", ControlReason.OTHER_ACCOUNT),
    "the account in capitals": (f"{ISSUER}; accounturi={ACCOUNT.upper()}", ControlReason.OTHER_ACCOUNT),
    "the account with an escape": (
        f"{ISSUER}; accounturi={ACCOUNT.replace('_', '%5F')}",
        ControlReason.OTHER_ACCOUNT,
    ),
    "the account twice": (f"{OURS}; accounturi={ACCOUNT}", ControlReason.PARAMETER_REPEATED),
    "two accounts, one of them ours": (f"{OURS}; accounturi=other", ControlReason.PARAMETER_REPEATED),
    "two ends": (f"{OURS}; persistUntil={LATER}; persistuntil={LATER}", ControlReason.PARAMETER_REPEATED),
    "two policies": (f"{OURS}; policy=wildcard; policy=wildcard", ControlReason.PARAMETER_REPEATED),
    "another CA": (f"other-ca.org; accounturi={ACCOUNT}", ControlReason.OTHER_ISSUER),
    "our name as a suffix of theirs": (f"evil.{ISSUER}; accounturi={ACCOUNT}", ControlReason.OTHER_ISSUER),
    "our name as a prefix of theirs": (
        f"{ISSUER}.evil.org; accounturi={ACCOUNT}",
        ControlReason.OTHER_ISSUER,
    ),
    "no issuer": (f"; accounturi={ACCOUNT}", ControlReason.OTHER_ISSUER),
    "an empty record": ("", ControlReason.OTHER_ISSUER),
    "a semicolon behind the last parameter": (f"{OURS};", ControlReason.RECORD_MALFORMED),
    "a parameter without value": (f"{OURS}; policy", ControlReason.RECORD_MALFORMED),
    "a blank within a value": (f"{OURS} x", ControlReason.RECORD_MALFORMED),
    "quotes that were published": (f'"{OURS}"', ControlReason.RECORD_MALFORMED),
    "a trailing dot": (f"{ISSUER}.; accounturi={ACCOUNT}", ControlReason.RECORD_MALFORMED),
    "a line feed": (f"{OURS}\n", ControlReason.RECORD_MALFORMED),
    "a NUL": (f"{OURS}\0", ControlReason.RECORD_MALFORMED),
    "64 KB": (f"{OURS}; a={'=' * 64_000}\x7f", ControlReason.RECORD_MALFORMED),
}


@pytest.mark.parametrize(("record", "reason"), RECORDS.values(), ids=RECORDS.keys())
def test_one_record_names_our_issuer_and_this_account_and_is_not_past_its_end(record, reason):
    verdict = judge_persistent(record.encode("latin-1"))
    assert verdict.reason is reason
    assert verdict.passed is (reason is ControlReason.SHOWN)


def test_our_issuer_domain_has_no_case():
    assert judge_persistent(
        OURS.encode(), expected=replace(EXPECTED, issuer_domains=(ISSUER.upper(),))
    ).passed


def test_nothing_published():
    assert judge_persistent().reason is ControlReason.NOTHING_PUBLISHED


@pytest.mark.parametrize(
    ("seconds", "passes"),
    [(-1, True), (0, True), (0.000001, False), (1, False)],
    ids=["the second before", "the last second", "a microsecond later", "a second later"],
)
def test_the_record_serves_through_the_second_named(seconds, passes):
    end = datetime(2027, 1, 1, tzinfo=UTC)
    record = f"{OURS}; persistUntil={int(end.timestamp())}".encode()
    verdict = judge_persistent(record, moment=end + timedelta(seconds=seconds))
    assert verdict.passed is passes


@pytest.mark.parametrize("account", [None, "", "https://api.example-ca.net/resellers/res_1"])
def test_the_resellers_account_or_none_is_not_the_subscribers(account):
    assert not judge_persistent(OURS.encode(), expected=replace(EXPECTED, account_uri=account)).passed


def test_an_empty_account_matches_no_empty_account():
    record = f"{ISSUER}; accounturi=".encode()
    assert not judge_persistent(record, expected=replace(EXPECTED, account_uri="")).passed


def test_each_record_speaks_for_itself():
    records = [
        b"v=spf1 -all",
        f"other-ca.org; accounturi={ACCOUNT}".encode(),
        f"{OURS};".encode(),
        OURS.encode(),
    ]
    assert judge_persistent(*records).passed
    assert judge_persistent(*records[:3]).reason is ControlReason.RECORD_MALFORMED
    ended = f"{OURS}; persistUntil={BEFORE}".encode()
    assert judge_persistent(records[1], ended).reason is ControlReason.RECORD_ENDED


def test_the_record_may_be_reached_through_a_cname():
    assert judge_persistent(OURS.encode(), aliases=("persist.hoster.net",)).passed


# ---- names below

SCOPES = {
    "no policy": ("", False),
    "policy=wildcard": ("; policy=wildcard", True),
    "in any case": ("; Policy=WildCard", True),
    "a policy that is not defined": ("; policy=subdomains", False),
    "an empty policy": ("; policy=", False),
    "wildcard as another parameter": ("; wildcard=policy", False),
}


@pytest.mark.parametrize(("policy", "below"), SCOPES.values(), ids=SCOPES.keys())
def test_names_below_are_served_only_if_the_owner_said_so(policy, below):
    record = f"{OURS}{policy}".encode()
    alone = judge_persistent(record)
    assert (alone.passed, alone.below) == (True, below)
    asked = judge_persistent(record, expected=replace(EXPECTED, below=True))
    assert asked.reason is (ControlReason.SHOWN if below else ControlReason.POLICY_TOO_NARROW)


def test_one_wide_record_beside_a_narrow_one_is_enough():
    verdict = judge_persistent(OURS.encode(), f"{OURS}; policy=wildcard".encode())
    assert verdict.below


def test_another_accounts_wide_record_widens_nothing():
    other = f"{ISSUER}; accounturi=other; policy=wildcard".encode()
    assert not judge_persistent(OURS.encode(), other).below


# ---- told and found


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize("until", [None, NOW + timedelta(days=30)])
def test_what_is_told_to_be_published_passes(below, until):
    publish = publish_of("dns_persist", ADN, "", ISSUER, ACCOUNT, until, below=below)
    verdict = judge_persistent(publish.value.encode(), expected=replace(EXPECTED, below=below))
    assert (verdict.passed, verdict.below) == (True, below)


@PROPERTY
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60))
@example(ACCOUNT)
def test_no_account_but_the_exact_one_passes(account):
    verdict = judge_persistent(f"{ISSUER}; accounturi={account}".encode())
    if verdict.passed:
        assert account.partition(";")[0].strip(" ") == ACCOUNT


@PROPERTY
@given(st.binary(max_size=100))
def test_noise_shows_nothing(record):
    assert not judge_persistent(record).passed


def test_a_time_without_a_zone_judges_nothing():
    with pytest.raises(ValueError, match="zone"):
        judge_persistent(f"{OURS}; persistUntil={LATER}".encode(), moment=NOW.replace(tzinfo=None))
