"""The daily check: a clean certificate passes, everything that is wrong with one is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_csr

from partner_center.adapters.private_ca import request_parameters
from partner_center.issuance.daily_check import SETTLING
from partner_center.issuance.objection import Ground
from partner_center.issuance.preflight import Check, Outcome
from partner_center.issuance.record import CertificateStatus
from partner_center.issuance.to_be_signed import assemble, digest
from partner_center.kernel.clock import CLOCKS_DIFFER
from partner_center.kernel.level import Level
from partner_center.orders.order import OrderStatus
from partner_center.orders.ports import load
from partner_center.orders.review import Decision, Screening, Verdict
from tests.fakes.acm_pca import FakeAcmPca
from tests.fakes.posted import a_csr
from tests.fakes.samples import ORDER, US, a_challenge, a_proof
from tests.unit.issuance.checked import ALLOWED, DAY, FLAG, NAMES, SECOND
from tests.unit.issuance.world import (
    NOW,
    MemoryKeys,
    SetClock,
    certificate,
    leaf_key,
    spki,
)


def test_a_certificate_as_it_should_be_passes_and_the_run_is_on_record(bench):
    run = bench.run()
    assert (run.checked, run.objections, run.is_complete) == (1, 0, True)
    assert run.until == NOW + DAY - SETTLING
    assert (bench.checks.runs, bench.checks.on_file) == ([run], {})


# ---- what is wrong with a certificate

CERTIFICATES = {
    "another name": ({"names": (*NAMES, "evil.example.com")}, {Ground.CONTENT}),
    "a name less": ({"names": NAMES[:1]}, {Ground.CONTENT}),
    "another common name": ({"common_name": "*.example.com"}, {Ground.CONTENT}),
    "another key": ({"spki_der": spki()}, {Ground.CONTENT}),
    "a day longer": ({"not_after": NOW + 199 * DAY}, {Ground.CONTENT, Ground.LINT}),
    "longer than is allowed": (
        {"not_after": NOW + 398 * DAY},
        {Ground.CONTENT, Ground.LINT, Ground.LIFETIME},
    ),
    "begun long ago": ({"not_before": NOW - 3 * DAY}, {Ground.CONTENT, Ground.LINT, Ground.LIFETIME}),
    "another serial": ({"serial": (1 << 158) + 5}, {Ground.CONTENT, Ground.SERIAL}),
    "over a public suffix": ({"names": ("*.co.uk",), "common_name": None}, {Ground.CONTENT, Ground.LINT}),
}


@pytest.mark.parametrize(("changes", "grounds"), CERTIFICATES.values(), ids=CERTIFICATES)
def test_a_certificate_that_is_not_the_one_ordered_is_objected_to(bench, changes, grounds):
    bench.put_record(certificate_der=bench.really_signed(**changes))
    assert bench.grounds() == grounds


def test_the_recorded_bytes_may_agree_with_a_wrong_certificate_and_the_order_does_not(bench):
    der = bench.really_signed(names=("evil.example.com",), common_name=None)
    bench.put_record(certificate_der=der, tbs_der=certificate(der).tbs_certificate_bytes)
    assert Ground.CONTENT in bench.grounds()


def test_a_signature_of_another_key_is_objected_to(bench, issuing_ca):
    keys = MemoryKeys(keys={issuing_ca.key_id: leaf_key("p-256")})
    tbs = bench.record.tbs_der
    signature = keys.sign_digest(issuing_ca, digest(tbs, issuing_ca.signature_algorithm))
    bench.put_record(certificate_der=assemble(tbs, signature, issuing_ca))
    assert bench.grounds() == {Ground.CONTENT}


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"no certificate"], ids=repr)
def test_what_cannot_be_read_is_objected_to(bench, der):
    bench.put_record(certificate_der=der)
    assert bench.grounds() == {Ground.UNREADABLE, Ground.LINT}


# ---- what is missing beside it


def gone(table, *keys):
    def take(bench):
        for key in [each for each in getattr(bench.world.tables, table) if each[: len(keys)] == keys]:
            del getattr(bench.world.tables, table)[key]

    return take


def unknown_serial(bench):
    bench.store.slots.clear()


EVIDENCE = {
    "no order": (gone("heads", US, ORDER), {Ground.ORDER}),
    "the order is not issued": (
        lambda bench: bench.put_head(status=OrderStatus.PENDING, serial=None, signing=True),
        {Ground.ORDER},
    ),
    "the order knows another": (lambda bench: bench.put_head(serial="ab"), {Ground.ORDER}),
    "another level": (
        lambda bench: bench.put_head(level=Level.OV),
        {Ground.ORDER, Ground.CONTENT},
    ),
    "an unknown serial": (unknown_serial, {Ground.SERIAL}),
    "a closed serial": (
        lambda bench: bench.put_record(status=CertificateStatus.CLOSED),
        {Ground.SERIAL},
    ),
    "no preflight": (gone("preflights", US, ORDER), {Ground.PREFLIGHT}),
    "the preflight of another generation": (
        lambda bench: bench.put_preflight(generation=2),
        {Ground.PREFLIGHT},
    ),
    "a preflight that refused": (
        lambda bench: bench.put_preflight(outcome=Outcome.HELD_BACK),
        {Ground.PREFLIGHT},
    ),
    "a preflight that came later": (
        lambda bench: bench.put_preflight(at=NOW + CLOCKS_DIFFER + timedelta(seconds=1)),
        {Ground.PREFLIGHT},
    ),
    "a preflight of another end": (
        lambda bench: bench.put_preflight(caa_valid_until=NOW + 9 * SECOND),
        {Ground.PREFLIGHT},
    ),
    "a check that did not pass": (
        lambda bench: bench.put_preflight(checks=(Check("key", False, "weak"),)),
        {Ground.PREFLIGHT},
    ),
    "no CAA look-up": (lambda bench: bench.put_preflight(caa=()), {Ground.CAA}),
    "CAA of one name only": (lambda bench: bench.put_preflight(caa=ALLOWED[:1]), {Ground.CAA}),
    "CAA that forbids": (
        lambda bench: bench.put_preflight(caa=(ALLOWED[0], {"name": NAMES[1], "allowed": False})),
        {Ground.CAA},
    ),
    "CAA too old at the signature": (
        lambda bench: bench.put_record(stored_at=NOW + timedelta(hours=8, minutes=5, seconds=1)),
        {Ground.CAA},
    ),
    "no proof": (gone("proofs", US), {Ground.DOMAIN_PROOFS}),
    "a proof too old": (
        lambda bench: bench.put_proof(
            a_proof(a_challenge(*NAMES), proof_id="prf_1", checked_at=NOW - 201 * DAY)
        ),
        {Ground.DOMAIN_PROOFS},
    ),
    "a proof of another domain": (
        lambda bench: bench.put_proof(
            a_proof(a_challenge(*NAMES), proof_id="prf_1", authorization_domain="other.com")
        ),
        {Ground.DOMAIN_PROOFS},
    ),
    "a proof that covers no wildcard": (
        lambda bench: bench.put_proof(
            a_proof(
                a_challenge(*NAMES),
                proof_id="prf_1",
                method="http_file",
                authorization_domain="www.example.com",
            )
        ),
        {Ground.DOMAIN_PROOFS},
    ),
    "another proof than the one relied on": (
        lambda bench: bench.put_preflight(proof_ids=("prf_9",)),
        {Ground.DOMAIN_PROOFS},
    ),
    "no screening": (gone("screenings", US, ORDER), {Ground.SCREENING}),
    "a flag that nobody released": (lambda bench: bench.put_screening(FLAG), {Ground.SCREENING}),
    "a flag that was rejected": (
        lambda bench: bench.put_screening(FLAG, decision=Decision(NOW, "staff:r", Verdict.REJECT, "x", None)),
        {Ground.SCREENING},
    ),
    "no such CA": (lambda bench: bench.put_record(issuer_id="tls-e9"), {Ground.ISSUER}),
    "a term that ended": (
        lambda bench: bench.put_head(term_to=NOW + 30 * DAY),
        {Ground.LIFETIME},
    ),
}


@pytest.mark.parametrize(("damage", "grounds"), EVIDENCE.values(), ids=EVIDENCE)
def test_a_certificate_without_its_evidence_is_objected_to(bench, damage, grounds):
    damage(bench)
    assert bench.grounds() == grounds


@pytest.mark.parametrize(
    ("later", "grounds"), [(CLOCKS_DIFFER, set()), (CLOCKS_DIFFER + SECOND, {Ground.AGREEMENT})]
)
def test_an_agreement_that_was_accepted_later_by_every_clock_is_objected_to(bench, later, grounds):
    order = load(bench.world.stores.orders, US, ORDER)
    late = replace(order.content.agreement, accepted_at=bench.record.recorded_at + later)
    content = replace(order.content, agreement=late)

    class Orders:
        def head(self, *_):
            return order.head

        def content(self, *_):
            return content

    bench.check = replace(bench.check, orders=Orders())
    assert bench.grounds() == grounds


def test_a_preflight_by_a_clock_that_is_ahead_is_found(bench):
    bench.put_preflight(at=NOW + CLOCKS_DIFFER)
    assert bench.grounds() == set()


@pytest.mark.parametrize("revision", [1, 2])
def test_a_flag_that_a_reviewer_released_is_none(bench, revision):
    released = Decision(NOW, "staff:r", Verdict.APPROVE, "Called.", None)
    bench.put_screening(FLAG, decision=released)
    if revision == 2:
        bench.world.tables.screenings[US, ORDER, 2] = Screening(2, NOW, (FLAG,))
        bench.world.tables.contents[US, ORDER, 2] = bench.world.tables.contents[US, ORDER, 1]
        bench.put_preflight(revision=2)
    assert bench.grounds() == set()


def test_a_revoked_certificate_is_looked_at_like_any_other(bench):
    bench.put_record(status=CertificateStatus.REVOKED)
    assert bench.run().checked == 1
    assert bench.checks.on_file == {}


def test_an_order_whose_next_certificate_is_issued_does_not_disown_the_first(bench):
    bench.put_head(generation=2, serial="ab")
    assert bench.grounds() == set()


@pytest.mark.parametrize(("private", "grounds"), [(True, set()), (False, {Ground.CONTENT, Ground.LINT})])
def test_what_aws_private_ca_adds_is_objected_to_in_certificates_of_others_only(bench, private, grounds):
    (issuing_ca,) = bench.store.issuers.values()
    arn = "arn:aws:acm-pca:eu-west-1:1:certificate-authority/1"
    plan = replace(bench.plan(), issuer=replace(issuing_ca, key_id=arn))
    authority = FakeAcmPca(bench.keys.keys[issuing_ca.key_id], issuing_ca.certificate, SetClock())
    csr = load_pem_x509_csr(a_csr().encode()).public_bytes(Encoding.DER)
    asked = authority.issue_certificate(**request_parameters(plan, csr, "token"))["CertificateArn"]
    issued = certificate(authority.issued[asked])
    serial = f"{issued.serial_number:x}"
    stored = {
        "serial_hex": serial,
        "tbs_der": issued.tbs_certificate_bytes,
        "certificate_der": authority.issued[asked],
    }
    bench.store.serials = {serial: replace(bench.record, **stored)}
    bench.store.slots[US, ORDER, 1] = serial
    bench.put_head(serial=serial)
    if private:
        bench.store.issuers[issuing_ca.issuer_id] = plan.issuer
    assert bench.grounds() == grounds


# ---- what becomes of it


def test_an_objection_is_recorded_once_with_who_and_why(bench):
    bench.put_record(certificate_der=bench.really_signed(spki_der=spki()))
    assert bench.run().objections == 1
    bench.checks.runs.clear()
    bench.clock.advance(days=1)
    assert bench.run().objections == 0
    ((key, on_file),) = bench.checks.on_file.items()
    assert key == (bench.record.serial_hex, Ground.CONTENT)
    objection = on_file.objection
    assert (objection.reseller_id, objection.order_id, objection.found_at) == (US, ORDER, NOW + DAY)
    assert objection.detail.startswith("the signed bytes are not those that were recorded; public key")
    (audit,) = bench.checks.audit
    assert (audit.action, audit.actor, audit.facts["ground"]) == (
        "certificate.objected_to",
        "system",
        "content",
    )


@pytest.mark.parametrize(
    ("damage", "days"),
    [
        (lambda bench: bench.put_preflight(caa=()), 1),
        (gone("proofs", US), 1),
        (lambda bench: bench.put_head(serial="ab"), 5),
    ],
    ids=["CAA", "proofs", "order"],
)
def test_the_time_to_revoke_is_a_day_for_unproven_domains_and_five_for_the_rest(bench, damage, days):
    damage(bench)
    bench.run()
    (on_file,) = bench.checks.on_file.values()
    assert on_file.objection.due_at == bench.clock.moment + days * DAY
