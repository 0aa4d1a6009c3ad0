"""The rules of revocation: reasons, deadlines, what may change, what becomes of the order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.record import CertificateStatus, OrderFollows, Reason
from partner_center.issuance.revocation import (
    REASON_CODES,
    STAFFS_REASONS,
    SUBSCRIBERS_REASONS,
    Cause,
    deadline,
    is_at_risk,
    keeps_order,
    may_change_reason,
    none_is_live,
    order_ended_at,
    revocation_of,
)
from tests.fakes.determined import NOW
from tests.fakes.samples import a_day, a_record, a_second

LIVE = a_record()
END = LIVE.not_after
REVOKED = replace(LIVE, status=CertificateStatus.REVOKED, revoked_at=NOW, reason=Reason.UNSPECIFIED)


def test_subscribers_have_five_reasons_and_staff_one_more():
    assert [each.value for each in SUBSCRIBERS_REASONS] == [
        "unspecified",
        "keyCompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
    ]
    assert set(STAFFS_REASONS) - set(SUBSCRIBERS_REASONS) == {Reason.PRIVILEGE_WITHDRAWN}
    assert set(STAFFS_REASONS) == set(Reason)


def test_reason_codes_are_those_of_rfc_5280_and_unspecified_has_none():
    assert {reason.value: code for reason, code in REASON_CODES.items()} == {
        "keyCompromise": 1,
        "affiliationChanged": 3,
        "superseded": 4,
        "cessationOfOperation": 5,
        "privilegeWithdrawn": 9,
    }


@pytest.mark.parametrize("reason", Reason)
def test_the_order_stays_open_for_a_new_key_or_certificate_only(reason):
    assert keeps_order(reason) is (reason in {Reason.KEY_COMPROMISE, Reason.SUPERSEDED})


DEADLINES = {
    Cause.SUBSCRIBERS_REQUEST: 24,
    Cause.UNAUTHORISED_REQUEST: 24,
    Cause.KEY_COMPROMISE: 24,
    Cause.WEAK_KEY: 24,
    Cause.UNRELIABLE_VALIDATION: 24,
    Cause.MISUSE: 120,
    Cause.BREACH_OF_AGREEMENT: 120,
    Cause.NAME_NO_LONGER_HELD: 120,
    Cause.WRONG_DATA: 120,
    Cause.MISISSUED: 120,
}


@pytest.mark.parametrize("cause", Cause)
def test_a_day_or_five_by_what_is_the_matter(cause):
    assert deadline(cause, NOW) - NOW == timedelta(hours=DEADLINES[cause])


CHANGES = {
    "none was given": (None, Reason.KEY_COMPROMISE, False, True),
    "unspecified": (Reason.UNSPECIFIED, Reason.KEY_COMPROMISE, False, True),
    "another reason, without proof": (Reason.SUPERSEDED, Reason.KEY_COMPROMISE, False, False),
    "another reason, with proof": (Reason.SUPERSEDED, Reason.KEY_COMPROMISE, True, True),
    "said already": (Reason.KEY_COMPROMISE, Reason.KEY_COMPROMISE, True, False),
    "away from keyCompromise": (Reason.KEY_COMPROMISE, Reason.UNSPECIFIED, True, False),
    "between others": (Reason.UNSPECIFIED, Reason.SUPERSEDED, True, False),
}


@pytest.mark.parametrize(("present", "wanted", "proven", "may"), CHANGES.values(), ids=CHANGES.keys())
def test_a_reason_may_only_become_key_compromise(present, wanted, proven, may):
    assert may_change_reason(present, wanted, proven=proven) is may


@pytest.mark.parametrize("status", [each for each in CertificateStatus if each != "revoked"])
def test_whatever_may_have_been_signed_can_be_revoked(status):
    revocation = revocation_of(replace(LIVE, status=status), Reason.SUPERSEDED, NOW)
    assert revocation.first
    assert revocation.record == replace(
        LIVE, status=CertificateStatus.REVOKED, revoked_at=NOW, reason=Reason.SUPERSEDED
    )


@pytest.mark.parametrize(
    ("moment", "revocable"), [(END, True), (END + a_second, False)], ids=["its last second", "ended"]
)
def test_an_ended_certificate_is_left_alone(moment, revocable):
    assert (revocation_of(LIVE, Reason.UNSPECIFIED, moment) is not None) is revocable
    assert is_at_risk(LIVE, moment) is revocable
    assert none_is_live([LIVE], moment) is not revocable


def test_the_first_date_stays():
    later = NOW + 3 * a_day
    assert revocation_of(REVOKED, Reason.SUPERSEDED, later) is None
    changed = revocation_of(REVOKED, Reason.KEY_COMPROMISE, later)
    assert not changed.first
    assert (changed.record.revoked_at, changed.record.reason) == (NOW, Reason.KEY_COMPROMISE)


def test_what_was_to_become_of_the_order_is_said_with_the_first():
    first = revocation_of(LIVE, Reason.UNSPECIFIED, NOW, order_follows=OrderFollows.ALWAYS).record
    assert first.order_follows is OrderFollows.ALWAYS
    again = revocation_of(first, Reason.KEY_COMPROMISE, NOW, order_follows=OrderFollows.NEVER).record
    assert again.order_follows is OrderFollows.ALWAYS


def revoked(days, follows, **changes):
    return replace(REVOKED, revoked_at=NOW + days * a_day, order_follows=follows, **changes)


ALWAYS, WHEN_LAST, NEVER = OrderFollows.ALWAYS, OrderFollows.WHEN_LAST, OrderFollows.NEVER
ASKED = 40
EXPIRED = replace(LIVE, not_after=NOW + 20 * a_day)
ENDED = {
    "nothing began before": ([LIVE], ASKED),
    "no certificate at all": ([], ASKED),
    "one for the order's sake": ([revoked(29, ALWAYS), LIVE], 29),
    "two for the order's sake": ([revoked(30, ALWAYS), revoked(29, ALWAYS)], 29),
    "one that was not issued": ([revoked(29, ALWAYS, certificate_der=None), LIVE], 29),
    "one alone, and the order was to be kept": ([revoked(5, NEVER)], ASKED),
    "one alone, by a version that did not say": ([revoked(5, None)], ASKED),
    "the last, which the order was to follow": ([revoked(5, NEVER), revoked(29, WHEN_LAST)], 29),
    "one before the last": ([revoked(5, WHEN_LAST), revoked(29, NEVER)], ASKED),
    "one while another lives": ([revoked(5, WHEN_LAST), LIVE], ASKED),
    "one before another expired": ([revoked(5, WHEN_LAST), EXPIRED], ASKED),
    "one after another expired": ([revoked(29, WHEN_LAST), EXPIRED], 29),
    "what is asked for later": ([revoked(ASKED + 1, ALWAYS)], ASKED),
}


@pytest.mark.parametrize(("records", "days"), ENDED.values(), ids=ENDED.keys())
def test_an_order_ends_as_of_when_its_revocation_began(records, days):
    assert order_ended_at(records, NOW + ASKED * a_day) == NOW + days * a_day


@pytest.mark.parametrize("status", [each for each in CertificateStatus if each != "stored"])
def test_only_what_was_issued_is_live(status):
    assert none_is_live([replace(LIVE, status=status)], NOW)
    assert not none_is_live([replace(LIVE, status=status), LIVE], NOW)
