"""Another CA signs by now than the one for which a serial was recorded: one certificate, on file as whose it is.

A serial of a key in KMS is closed, and another CA's follows. One of an authority of AWS Private CA stays the
authority's, since it may have made the certificate already.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from partner_center.adapters.private_ca import AcmPrivateCa
from partner_center.issuance.issue import NotClaimed
from partner_center.issuance.ports import SigningKeyUnusable
from partner_center.issuance.private_ca import TOKEN_LIFE, OutcomeUnknown, PrivateCaIssuer
from partner_center.issuance.record import CertificateStatus, Reason
from partner_center.issuance.sign import SignOrder
from partner_center.issuance.unfinished import A_RUNS_TIME, UnfinishedSerials
from partner_center.kernel.errors import TryAgain
from partner_center.orders.content import content_to_json
from tests.fakes.acm_pca import FakeAcmPca
from tests.fakes.posted import a_csr
from tests.fakes.samples import ORDER, US, a_contract, a_preflight, an_audit
from tests.fakes.world import World
from tests.unit.issuance.world import (
    NOW,
    Died,
    MemoryStore,
    Running,
    SetClock,
    certificate,
    new_hierarchy,
    new_issuer,
    stored,
    with_status,
)

ARN = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/11111111-2222-3333-4444-555555555555"
KEY, NEXT_KEY, AUTHORITY = "tls-e1", "tls-e2", "pca-1"


class Bench:
    """A claimed order, two CAs with keys in KMS and an authority of AWS Private CA."""

    def __init__(self):
        self.world, self.store, self.clock = World(), MemoryStore(), SetClock()
        self.world.stores.grant(a_contract())
        self.world.put("www.example.com")
        order = self.world.order(ORDER)
        content = replace(order.content, csr_der=_der(a_csr("www.example.com")).hex())
        self.world.tables.contents[US, ORDER, 1] = content_to_json(content)
        self.world.stores.claims.claim(order, a_preflight(at=NOW), an_audit(self.world.ids))
        self.keys, self.is_claimed = None, True
        for issuer_id in (KEY, NEXT_KEY):
            issuing_ca, keys = new_hierarchy()
            self.keys = self.keys or keys
            self.keys.keys[issuer_id] = keys.keys[issuing_ca.key_id]
            self.store.add_issuing_ca(replace(issuing_ca, issuer_id=issuer_id, key_id=issuer_id))
        issuing_ca, keys = new_hierarchy()
        self.authority = FakeAcmPca(keys.keys[issuing_ca.key_id], issuing_ca.certificate, self.clock)
        self.store.add_issuing_ca(replace(issuing_ca, issuer_id=AUTHORITY, key_id=ARN))
        running = Running(claims=lambda _enrolment, _revision: self.is_claimed)
        issuer = new_issuer(self.keys, self.store, self.clock, running=running)
        through = PrivateCaIssuer(issuer, self.store, AcmPrivateCa(self.authority))
        stores = self.world.stores
        self.sign_order = SignOrder(stores.orders, stores.claims, self.store, issuer, lambda: through)

    def serve(self, *issuer_ids):
        """`activate` of these, and `retire` of the others."""
        for each in self.store.issuing_cas():
            self.change(each.issuer_id, active=each.issuer_id in issuer_ids)

    def change(self, issuer_id, **changes):
        self.store.issuers[issuer_id] = replace(self.store.issuers[issuer_id], **changes)

    def sign(self):
        return self.sign_order(US, ORDER, 1, "pre_1")

    def sign_and_die(self, when, write):
        """One run; it lives when it does not come to that write."""

        def die(each):
            if each == write:
                raise Died

        setattr(self.store, when, die)
        with suppress(Died):
            self.sign()
        self.store.before = self.store.after = lambda _write: None

    def record_while_out(self, issuer_id):
        """A serial is recorded for a CA that does not answer."""
        self.serve(issuer_id)
        self.authority.refuse = {"IssueCertificate": "ThrottlingException"}
        self.keys.sign_digest, answering = _out, self.keys.sign_digest
        with pytest.raises(TryAgain):
            self.sign()
        self.authority.refuse, self.keys.sign_digest = {}, answering
        return self.held

    def revoke_held(self):
        """Its key became known before its certificate was there."""
        revoked = replace(
            self.held, status=CertificateStatus.REVOKED, revoked_at=NOW, reason=Reason.SUPERSEDED
        )
        self.store.serials[revoked.serial_hex] = revoked

    def close_held_by_hand(self):
        """A person has looked into the authority's audit report."""
        self.clock.moment = NOW + A_RUNS_TIME
        operator = UnfinishedSerials(self.store, self.store, self.clock)
        operator.close(self.held.serial_hex, "revoked what was there")

    @property
    def held(self):
        return self.store.current(US, ORDER, 1)

    def made(self):
        """How many certificates there may be anywhere."""
        return len(self.authority.issued) + len(set(self.keys.signed))

    def require_one(self, issuer_id):
        """The one certificate of the generation, on file with the CA that signed it."""
        assert stored(self.store) == [self.held]
        assert self.held.issuer_id == issuer_id
        issuing_ca = self.store.issuing_ca(issuer_id)
        certificate(self.held.certificate_der).verify_directly_issued_by(issuing_ca.certificate)
        assert with_status(self.store, CertificateStatus.RECORDED) == []


def _der(pem):
    return x509.load_pem_x509_csr(pem.encode()).public_bytes(Encoding.DER)


def _out(_issuer, _digest):
    raise TryAgain("KMS is out")


@pytest.fixture
def bench():
    return Bench()


# ---- recorded for an authority: it stays the authority's


@pytest.mark.parametrize(
    "in_service", [(KEY,), (KEY, NEXT_KEY), ()], ids=["a key in KMS", "two of them", "no CA at all"]
)
@pytest.mark.parametrize("later", [timedelta(seconds=10), timedelta(hours=30)], ids=str)
def test_what_a_retired_authority_was_asked_for_is_fetched_and_made_by_nobody_else(bench, in_service, later):
    bench.serve(AUTHORITY)
    bench.authority.in_progress = 1
    with pytest.raises(TryAgain):
        bench.sign()
    bench.serve(*in_service)
    bench.clock.moment += later
    bench.sign()
    bench.require_one(AUTHORITY)
    assert bench.made() == 1


def test_while_a_retired_authority_is_making_it_the_step_is_repeated(bench):
    bench.serve(AUTHORITY)
    bench.authority.in_progress = 3
    for in_service in (AUTHORITY, KEY, NEXT_KEY):
        with pytest.raises(TryAgain):
            bench.sign()
        bench.serve(in_service)
    bench.sign()
    bench.require_one(AUTHORITY)
    assert bench.made() == 1


AUTHORITYS_WRITES = [
    ("before", "record"),
    ("after", "record"),
    ("before", "note_request"),
    ("after", "note_request"),
    ("before", "keep_as"),
    ("after", "keep_as"),
]


@pytest.mark.parametrize("again", AUTHORITYS_WRITES, ids=" ".join)
@pytest.mark.parametrize("first", AUTHORITYS_WRITES, ids=" ".join)
def test_after_deaths_at_any_write_an_authority_that_was_retired_meanwhile_leaves_one(bench, first, again):
    """The run that asks the authority dies, and so does the one after the rotation."""
    bench.serve(AUTHORITY)
    bench.sign_and_die(*first)
    bench.serve(KEY)
    bench.sign_and_die(*again)
    bench.sign()
    bench.require_one(KEY if first == ("before", "record") else AUTHORITY)
    assert bench.made() == 1


def test_a_request_whose_answer_was_lost_is_repeated_though_the_authority_was_retired(bench):
    bench.serve(AUTHORITY)
    bench.authority.lose = {"IssueCertificate"}
    with pytest.raises(TryAgain):
        bench.sign()
    bench.authority.lose = set()
    bench.serve(KEY)
    bench.clock.advance(minutes=3)
    bench.sign()
    bench.require_one(AUTHORITY)
    assert bench.made() == 1


def test_what_a_retired_authority_may_have_made_waits_for_a_person_and_is_then_made_by_the_next_ca(bench):
    bench.serve(AUTHORITY)
    bench.authority.lose = {"IssueCertificate"}
    with pytest.raises(TryAgain):
        bench.sign()
    bench.serve(KEY)
    bench.clock.moment = NOW + TOKEN_LIFE
    with pytest.raises(OutcomeUnknown):
        bench.sign()
    assert (bench.held.status, bench.keys.signed) == (CertificateStatus.RECORDED, [])
    bench.close_held_by_hand()
    bench.sign()
    bench.require_one(KEY)


def test_one_authority_after_another_asks_the_first_for_what_it_was_asked_for(bench):
    bench.serve(AUTHORITY)
    bench.sign_and_die("after", "note_request")
    other = replace(bench.store.issuing_ca(AUTHORITY), issuer_id="pca-2", key_id=f"{ARN[:-1]}6")
    bench.store.add_issuing_ca(other)
    bench.serve("pca-2")
    bench.sign()
    bench.require_one(AUTHORITY)
    assert bench.made() == 1


def test_an_authority_that_refuses_keeps_its_serial_until_a_person_has_looked(bench):
    """It was shut off at AWS as well."""
    bench.serve(AUTHORITY)
    bench.sign_and_die("after", "note_request")
    bench.serve(KEY)
    bench.authority.refuse = {"GetCertificate": "InvalidStateException"}
    with pytest.raises(SigningKeyUnusable):
        bench.sign()
    assert (bench.held.status, bench.keys.signed) == (CertificateStatus.RECORDED, [])


@pytest.mark.parametrize("write", ["record", "note_request"])
def test_on_a_revoked_authority_nobody_can_rely_so_the_next_ca_issues(bench, write):
    bench.serve(AUTHORITY)
    bench.sign_and_die("after", write)
    given_up = bench.held
    bench.serve(KEY)
    bench.change(AUTHORITY, revoked_at=NOW)
    bench.clock.advance(minutes=5)
    bench.sign()
    bench.require_one(KEY)
    closed = bench.store.by_serial(given_up.serial_hex)
    assert (closed.status, closed.request_id) == (CertificateStatus.CLOSED, given_up.request_id)


def test_a_revoked_serial_whose_request_is_known_is_given_up_for_the_next_ca(bench):
    """What was made for it is found by its request, and revoked at the authority."""
    bench.serve(AUTHORITY)
    bench.sign_and_die("after", "note_request")
    given_up = bench.held
    bench.revoke_held()
    bench.serve(KEY)
    bench.sign()
    bench.require_one(KEY)
    revoked = bench.store.by_serial(given_up.serial_hex)
    assert (revoked.status, revoked.request_id) == (CertificateStatus.REVOKED, given_up.request_id)


def test_a_revoked_serial_whose_request_may_have_been_lost_waits_for_a_person(bench):
    bench.record_while_out(AUTHORITY)
    bench.revoke_held()
    bench.serve(KEY)
    with pytest.raises(OutcomeUnknown):
        bench.sign()
    assert (bench.held.status, bench.keys.signed) == (CertificateStatus.REVOKED, [])
    bench.close_held_by_hand()
    bench.sign()
    bench.require_one(KEY)


# ---- recorded for a key in KMS: it is closed, and another follows


@pytest.mark.parametrize("later", [timedelta(minutes=2), timedelta(minutes=5), timedelta(hours=3)], ids=str)
@pytest.mark.parametrize("next_ca", [AUTHORITY, NEXT_KEY])
def test_a_serial_of_a_key_that_did_not_sign_is_closed_and_the_next_ca_issues(bench, next_ca, later):
    """However late: no authority was asked for it, so no outcome is unknown and no person could find anything."""
    given_up = bench.record_while_out(KEY)
    bench.serve(next_ca)
    bench.clock.moment += later
    bench.sign()
    bench.require_one(next_ca)
    closed = bench.store.by_serial(given_up.serial_hex)
    assert (closed.status, closed.issuer_id) == (CertificateStatus.CLOSED, KEY)
    assert bench.made() == 1


@pytest.mark.parametrize("next_ca", [AUTHORITY, NEXT_KEY])
def test_a_serial_of_a_key_that_was_revoked_before_it_was_signed_is_left_behind(bench, next_ca):
    bench.record_while_out(KEY)
    bench.revoke_held()
    bench.serve(next_ca)
    bench.sign()
    bench.require_one(next_ca)


KEYS_WRITES = [("before", "record"), ("after", "record"), ("before", "keep"), ("after", "keep")]


@pytest.mark.parametrize("again", [("before", "close"), ("after", "close"), *AUTHORITYS_WRITES], ids=" ".join)
@pytest.mark.parametrize("first", KEYS_WRITES, ids=" ".join)
def test_after_deaths_at_any_write_an_authority_in_the_place_of_a_key_leaves_one(bench, first, again):
    """The run that has KMS sign dies, and so does the one after the rotation."""
    bench.serve(KEY)
    bench.sign_and_die(*first)
    bench.serve(AUTHORITY)
    bench.sign_and_die(*again)
    bench.sign()
    bench.require_one(KEY if first == ("after", "keep") else AUTHORITY)
    assert len(bench.authority.issued) == (0 if first == ("after", "keep") else 1)


def test_while_no_ca_is_in_service_a_keys_serial_stays_as_it_is(bench):
    given_up = bench.record_while_out(KEY)
    bench.serve()
    with pytest.raises(TryAgain):
        bench.sign()
    assert bench.held == given_up
    bench.serve(KEY)
    assert bench.sign().serial_hex == given_up.serial_hex


def test_a_serial_whose_ca_cannot_be_read_is_neither_closed_nor_followed(bench):
    """As after a restore: whether an authority was asked is not known then."""
    given_up = bench.record_while_out(AUTHORITY)
    bench.serve(KEY)
    del bench.store.issuers[AUTHORITY]
    with pytest.raises(TryAgain):
        bench.sign()
    assert (bench.held, bench.made()) == (given_up, 0)


def test_a_straggler_closes_no_serial_that_another_ca_has_since(bench):
    """Its order was given up, and perhaps claimed again, after it had looked whether it is claimed."""
    given_up = bench.record_while_out(KEY)
    bench.serve(AUTHORITY)
    bench.is_claimed = False
    with pytest.raises(NotClaimed):
        bench.sign()
    assert (bench.held, bench.made()) == (given_up, 0)


# ---- two runs at once, and the CA changes between them


def meanwhile(bench, when, write, act):
    """Let `act` happen once, at that moment of the first run."""

    def once(each):
        if each == write:
            bench.store.before = bench.store.after = lambda _write: None
            act()

    setattr(bench.store, when, once)


@pytest.mark.parametrize(("when", "write"), KEYS_WRITES[:3])
def test_a_run_at_the_old_key_leaves_alone_what_the_authority_was_asked_for_since(bench, when, write):
    """The later run has closed its serial, and waits for the authority."""

    def rotated():
        bench.serve(AUTHORITY)
        bench.authority.in_progress = 1
        with pytest.raises(TryAgain):
            bench.sign()

    bench.serve(KEY)
    meanwhile(bench, when, write, rotated)
    with pytest.raises(TryAgain):
        bench.sign()
    assert bench.held.request_id is not None
    bench.sign()
    bench.require_one(AUTHORITY)
    assert len(bench.authority.issued) == 1


def test_a_run_that_goes_to_the_authority_leaves_alone_what_a_key_has_signed_since(bench):
    bench.serve(AUTHORITY)
    meanwhile(bench, "before", "record", lambda: (bench.serve(KEY), bench.sign()))
    with pytest.raises(TryAgain):
        bench.sign()
    assert bench.sign() == bench.held
    bench.require_one(KEY)
    assert bench.made() == 1


def test_of_two_runs_that_find_the_old_serial_one_closes_it(bench):
    bench.record_while_out(KEY)
    bench.serve(AUTHORITY)
    meanwhile(bench, "before", "close", bench.sign)
    with pytest.raises(TryAgain):
        bench.sign()
    assert bench.sign() == bench.held
    bench.require_one(AUTHORITY)
    assert bench.made() == 1


def test_an_authority_is_not_asked_for_what_a_key_was_given_a_serial_for_since(bench):
    """A run has closed the old serial; before it records its own, another one does, for the next key in KMS."""
    bench.record_while_out(KEY)
    bench.serve(AUTHORITY)
    meanwhile(bench, "after", "close", lambda: bench.record_while_out(NEXT_KEY))
    with pytest.raises(TryAgain):
        bench.sign()
    assert (bench.held.issuer_id, bench.authority.asked) == (NEXT_KEY, [])
    bench.sign()
    bench.require_one(NEXT_KEY)
    assert bench.made() == 1
