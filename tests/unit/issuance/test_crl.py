"""A CRL as RFC 5280 and the BR want it: its bytes, what lint says of them, and at a hundred thousand entries."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from time import process_time

import pytest
from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID

from partner_center.issuance.crl import (
    CrlEntry,
    crl_disagreements,
    crl_to_be_signed,
    crl_twin,
    plan_crl,
)
from partner_center.issuance.crl_lint import READ_WHOLE, lint_crl, shown_entries
from partner_center.issuance.profile import SignatureAlgorithm
from partner_center.issuance.record import Reason
from partner_center.issuance.to_be_signed import assemble, digest
from tests.unit.issuance.world import NOW, new_hierarchy

CODES = {
    Reason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    Reason.AFFILIATION_CHANGED: x509.ReasonFlags.affiliation_changed,
    Reason.SUPERSEDED: x509.ReasonFlags.superseded,
    Reason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
    Reason.PRIVILEGE_WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
}


def entries(count):
    reasons = list(Reason)
    return [
        CrlEntry(
            (1 << 158) | int.from_bytes(sha256(number.to_bytes(4)).digest()[:19]),
            NOW - timedelta(seconds=number),
            reasons[number % len(reasons)],
        )
        for number in range(count)
    ]


def signed(plan, keys):
    tbs_der = crl_to_be_signed(plan)
    signature = keys.sign_digest(plan.issuer, digest(tbs_der, plan.issuer.signature_algorithm))
    return assemble(tbs_der, signature, plan.issuer)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
@pytest.mark.parametrize("count", [0, 1, 7])
def test_the_bytes_are_those_of_the_plan_whoever_signs(algorithm, count):
    issuing_ca, keys = new_hierarchy(algorithm)
    plan = plan_crl(issuing_ca, 7, NOW, entries(count))
    der = signed(plan, keys)
    assert crl_disagreements(der, plan) == ()
    assert lint_crl(plan) == ()
    crl = x509.load_der_x509_crl(der)
    assert crl.issuer == issuing_ca.certificate.subject
    assert (crl.last_update_utc, crl.next_update_utc) == (NOW, NOW + timedelta(days=7))
    assert len(crl) == count


def test_number_and_authority_key_identifier_and_no_distribution_point(issuing_ca, keys):
    crl = x509.load_der_x509_crl(signed(plan_crl(issuing_ca, 300, NOW, entries(2)), keys))
    found = {type(each.value): each for each in crl.extensions}
    assert found.keys() == {x509.CRLNumber, x509.AuthorityKeyIdentifier}
    assert found[x509.CRLNumber].value.crl_number == 300
    identifier = issuing_ca.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert found[x509.AuthorityKeyIdentifier].value.key_identifier == identifier.value.digest
    assert not any(each.critical for each in found.values())


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_its_code_and_unspecified_none(issuing_ca, keys, reason):
    plan = plan_crl(issuing_ca, 1, NOW, [CrlEntry(99, NOW, reason)])
    (entry,) = x509.load_der_x509_crl(signed(plan, keys))
    told = [each.value.reason for each in entry.extensions if each.oid == CRLEntryExtensionOID.CRL_REASON]
    assert told == ([CODES[reason]] if reason in CODES else [])
    assert len(entry.extensions) == len(told)
    assert (entry.serial_number, entry.revocation_date_utc) == (99, NOW)


@pytest.mark.parametrize("number", [1, 127, 128, 255, 256, 1 << 64, (1 << 159) - 1])
def test_numbers_and_serials_of_any_size_are_positive(issuing_ca, keys, number):
    plan = plan_crl(issuing_ca, number, NOW, [CrlEntry(number, NOW, Reason.UNSPECIFIED)])
    crl = x509.load_der_x509_crl(signed(plan, keys))
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number
    assert crl[0].serial_number == number
    assert crl_disagreements(signed(plan, keys), plan) == ()


def test_the_twin_is_the_crl_but_for_its_signature(issuing_ca, keys):
    plan = plan_crl(issuing_ca, 7, NOW, entries(3))
    twin = x509.load_der_x509_crl(crl_twin(crl_to_be_signed(plan), issuing_ca))
    assert twin.tbs_certlist_bytes == crl_to_be_signed(plan)
    assert not twin.is_signature_valid(issuing_ca.certificate.public_key())


def test_microseconds_of_the_clock_are_no_part_of_a_crl(issuing_ca):
    plan = plan_crl(issuing_ca, 7, NOW + timedelta(microseconds=999_999), [])
    assert plan.this_update == NOW


IMPOSSIBLE = {
    "no number": {"number": 0},
    "a negative number": {"number": -1},
    "too large a number": {"number": 1 << 159},
    "more than ten days": {"next_update": NOW + timedelta(days=10, seconds=1)},
    "no time at all": {"next_update": NOW},
    "a time without zone": {"this_update": NOW.replace(tzinfo=None)},
    "a part of a second": {"this_update": NOW + timedelta(microseconds=1)},
    "after 2049": {"this_update": NOW.replace(year=2050), "next_update": NOW.replace(year=2050, day=25)},
}


@pytest.mark.parametrize("changes", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_crl_that_breaks_a_rule_cannot_be_planned(issuing_ca, changes):
    plan = plan_crl(issuing_ca, 7, NOW, entries(1))
    with pytest.raises((ValueError, TypeError)):
        replace(plan, **changes)


def test_ten_days_are_allowed(issuing_ca):
    plan = plan_crl(issuing_ca, 7, NOW, entries(1))
    assert lint_crl(replace(plan, next_update=NOW + timedelta(days=10))) == ()


DIFFERENCES = {
    "number": lambda plan: replace(plan, number=8),
    "thisUpdate": lambda plan: replace(plan, this_update=NOW + timedelta(seconds=1)),
    "nextUpdate": lambda plan: replace(plan, next_update=NOW + timedelta(days=8)),
    "an entry less": lambda plan: replace(plan, entries=plan.entries[1:]),
    "an entry more": lambda plan: replace(plan, entries=(*plan.entries, plan.entries[0])),
    "another order": lambda plan: replace(plan, entries=plan.entries[::-1]),
    "a reason": lambda plan: replace(
        plan, entries=(replace(plan.entries[0], reason=Reason.SUPERSEDED), *plan.entries[1:])
    ),
    "a date": lambda plan: replace(
        plan,
        entries=(
            replace(plan.entries[0], revoked_at=NOW - timedelta(seconds=1)),
            *plan.entries[1:],
        ),
    ),
    "the CA": lambda plan: replace(plan, issuer=new_hierarchy()[0]),
}


@pytest.mark.parametrize("changed", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_a_crl_that_is_not_the_plans_is_found_out(issuing_ca, keys, changed):
    plan = plan_crl(issuing_ca, 7, NOW, entries(3))
    assert crl_disagreements(signed(plan, keys), changed(plan)) != ()


@pytest.mark.parametrize("der", [b"", b"\x30", b"nonsense", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_crl_disagrees(issuing_ca, der):
    (problem,) = crl_disagreements(der, plan_crl(issuing_ca, 7, NOW, []))
    assert "unreadable" in problem


FAULTS = {
    "crl_repeated_serial": lambda plan: replace(plan, entries=(*plan.entries, plan.entries[0])),
    "crl_serial_out_of_range": lambda plan: replace(
        plan, entries=(CrlEntry(1 << 159, NOW, Reason.UNSPECIFIED),)
    ),
    "crl_revoked_in_the_future": lambda plan: replace(
        plan, entries=(CrlEntry(5, NOW + timedelta(seconds=1), Reason.UNSPECIFIED),)
    ),
    "crl_issuer_not_valid": lambda plan: replace(
        plan, this_update=NOW + timedelta(days=2000), next_update=NOW + timedelta(days=2001)
    ),
}


@pytest.mark.parametrize(("code", "broken"), FAULTS.items(), ids=FAULTS.keys())
def test_what_pkilint_misses_is_found_too(issuing_ca, code, broken):
    findings = lint_crl(broken(plan_crl(issuing_ca, 7, NOW, entries(3))))
    assert f"partner_center.{code}" in [each.code for each in findings]


def test_of_a_long_list_every_kind_of_entry_is_read_by_pkilint():
    many = entries(3 * READ_WHOLE)
    rare = CrlEntry(3, NOW - timedelta(days=9), Reason.SUPERSEDED)
    shown = shown_entries([*many, rare])
    assert rare in shown
    assert {each.reason for each in shown} == set(Reason)
    assert len(shown) <= 2 * READ_WHOLE
    assert len(set(shown)) == len(shown)
    assert shown_entries(many[:READ_WHOLE]) == tuple(many[:READ_WHOLE])


def made_and_checked(issuing_ca, keys, count):
    plan = plan_crl(issuing_ca, 7, NOW, entries(count))
    der = signed(plan, keys)
    assert lint_crl(plan) == ()
    assert crl_disagreements(der, plan) == ()


def test_a_hundred_thousand_entries_take_time_in_proportion(issuing_ca, keys):
    made_and_checked(issuing_ca, keys, 10)  # what pkilint loads is loaded once
    spent = []
    for count in (10_000, 100_000):
        begun = process_time()
        made_and_checked(issuing_ca, keys, count)
        spent.append(process_time() - begun)
    assert spent[1] < 20 * spent[0]


def test_many_entries_take_memory_in_proportion(issuing_ca, keys):
    made_and_checked(issuing_ca, keys, 10)
    most = []
    for count in (600, 6_000):
        tracemalloc.start()
        made_and_checked(issuing_ca, keys, count)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < 15 * most[0]
