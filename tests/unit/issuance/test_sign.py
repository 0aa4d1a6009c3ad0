"""From a claimed order to its certificate: what is signed is what was proven, and nothing else is."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from partner_center.issuance.issue import CaaTooOld, NotClaimed
from partner_center.issuance.preflight import Outcome
from partner_center.issuance.record import CertificateStatus
from partner_center.issuance.sign import SignOrder
from partner_center.kernel.clock import CLOCK_IS_OFF
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.level import Level
from partner_center.orders.order import OrderKind, OrderStatus
from partner_center.orders.ports import load
from tests.fakes.posted import spki_of
from tests.fakes.samples import (
    A_KEY,
    ORDER,
    THEM,
    US,
    a_contract,
    a_day,
    a_preflight,
    a_record,
    a_second,
    an_audit,
)
from tests.fakes.world import World
from tests.unit.issuance.world import NOW, MemoryStore, SetClock, certificate, new_issuer, no_private_ca

NAMES = ("www.example.com", "*.example.com")


@dataclass
class Bench:
    """A claimed order before the issuing CA."""

    world: World
    store: MemoryStore
    clock: SetClock
    sign_order: SignOrder

    def claim(self, **changes):
        preflight = a_preflight(at=NOW, **changes)
        order = load(self.world.stores.orders, US, ORDER)
        move = self.world.stores.claims.claim
        move(order, preflight, an_audit(self.world.ids))
        return preflight

    def sign(self, preflight_id="pre_1", generation=1, reseller_id=US, order_id=ORDER):
        return self.sign_order(reseller_id, order_id, generation, preflight_id)


@pytest.fixture
def bench(keys, issuing_ca):
    world, store, clock = World(), MemoryStore(), SetClock()
    store.add_issuing_ca(issuing_ca)
    world.stores.grant(a_contract())
    world.put(*NAMES)
    issuer = new_issuer(keys, store, clock)
    return Bench(
        world, store, clock, SignOrder(world.stores.orders, world.stores.claims, store, issuer, no_private_ca)
    )


def refused(bench, error=NotClaimed, **how):
    with pytest.raises(error):
        bench.sign(**how)
    assert bench.store.serials == {}


def test_the_certificate_is_what_the_order_says(bench, issuing_ca):
    bench.claim()
    record = bench.sign()
    issued = certificate(record.certificate_der)
    issued.verify_directly_issued_by(issuing_ca.certificate)
    assert record.status is CertificateStatus.STORED
    assert (record.names, record.common_name) == (NAMES, "www.example.com")
    assert (record.reseller_id, record.order_id, record.generation) == (US, ORDER, 1)
    assert issued.public_key().public_numbers() == _public_numbers()


def _public_numbers():
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    return load_der_public_key(spki_of()).public_numbers()


def test_signing_again_returns_the_same_certificate(bench, keys):
    bench.claim()
    first = bench.sign()
    bench.clock.advance(hours=20)
    assert bench.sign() == first
    assert len(keys.signed) == 1


def test_a_retry_returns_the_certificate_even_when_the_order_has_gone_on(bench):
    """The answer of the first run was lost, and the order was completed or held back meanwhile."""
    bench.claim()
    first = bench.sign()
    bench.world.tables.heads[US, ORDER] = replace(bench.world.head(), signing=False)
    assert bench.sign() == first


@pytest.mark.parametrize(
    "changes", [{"names": ("www.example.com",)}, {"spki_sha256": A_KEY}], ids=["names", "key"]
)
def test_a_stored_certificate_of_something_else_is_not_returned(bench, changes):
    """Amended, when it was held back again after a run that nobody heard of had signed."""
    bench.claim()
    first = bench.sign()
    bench.store.serials[first.serial_hex] = replace(first, **changes)
    with pytest.raises(NotClaimed):
        bench.sign()


# ---- the claim


def test_an_order_that_was_not_claimed_is_not_signed(bench):
    refused(bench)


def test_a_preflight_that_nobody_made_signs_nothing(bench):
    bench.claim()
    refused(bench, preflight_id="pre_2")


@pytest.mark.parametrize(
    ("reseller_id", "order_id"), [(THEM, ORDER), (US, "ord_2")], ids=["foreign", "unknown"]
)
def test_a_foreign_order_is_not_signed(bench, reseller_id, order_id):
    bench.claim()
    refused(bench, reseller_id=reseller_id, order_id=order_id)


@pytest.mark.parametrize("outcome", [Outcome.HELD_BACK, Outcome.PROVE_AGAIN, Outcome.OVER])
def test_a_preflight_that_did_not_pass_signs_nothing(bench, outcome):
    bench.claim(outcome=outcome)
    refused(bench)


@pytest.mark.parametrize(
    "changes",
    [{"signing": False}, {"revision": 2}, {"generation": 2}],
    ids=["released", "amended", "reissued"],
)
def test_an_order_that_moved_since_its_preflight_is_not_signed(bench, changes):
    bench.claim()
    content = bench.world.tables.contents[US, ORDER, 1]
    bench.world.tables.contents[US, ORDER, 2] = content
    bench.world.tables.heads[US, ORDER] = replace(bench.world.head(), **changes)
    refused(bench)


def test_another_generation_than_the_claimed_one_is_not_signed(bench):
    bench.claim()
    refused(bench, generation=2)


def test_a_preflight_of_another_revision_signs_nothing(bench):
    bench.claim(revision=9)
    refused(bench)


# ---- how long a preflight holds


def test_a_preflight_is_relied_on_until_its_end_and_not_at_it(bench):
    preflight = bench.claim()
    bench.clock.moment = preflight.caa_valid_until - CLOCK_IS_OFF
    refused(bench, CaaTooOld)
    bench.clock.moment -= a_second
    assert bench.sign().status is CertificateStatus.STORED


def test_a_preflight_without_an_end_signs_nothing(bench):
    bench.claim(caa_valid_until=None)
    refused(bench, TryAgain)


# ---- the term


def test_before_the_first_issue_the_term_begins_with_the_preflight(bench):
    bench.world.tables.heads[US, ORDER] = replace(bench.world.head(), term_days=30)
    bench.claim()
    assert bench.sign().not_after == NOW + timedelta(days=30, seconds=-1)


def test_a_later_certificate_ends_with_the_term(bench):
    end = NOW + 40 * a_day - a_second
    bench.world.tables.heads[US, ORDER] = replace(bench.world.head(), term_to=end)
    bench.claim()
    assert bench.sign().not_after == end


def test_a_long_term_takes_a_chain_of_certificates(bench):
    bench.world.tables.heads[US, ORDER] = replace(bench.world.head(), term_days=730)
    bench.claim()
    assert bench.sign().not_after < NOW + 200 * a_day


# ---- the CA


def test_without_a_ca_nothing_is_signed(bench):
    bench.claim()
    bench.store.issuers.clear()
    refused(bench, TryAgain)


def test_a_ca_that_is_not_active_signs_nothing(bench, issuing_ca):
    bench.claim()
    bench.store.issuers[issuing_ca.issuer_id] = replace(issuing_ca, active=False)
    refused(bench, TryAgain)


@pytest.mark.parametrize("level", [Level.OV, Level.EV])
def test_a_level_whose_validation_does_not_exist_is_not_signed(bench, level):
    bench.world.tables.heads[US, ORDER] = replace(bench.world.head(), level=level)
    bench.claim()
    refused(bench, TryAgain)


def test_a_reissue_follows_the_certificate_that_its_order_has(bench):
    """The newest is the one that was stored last, though its signer's clock be behind the former one's."""
    enrolment, former = f"{ORDER}-rei_1", NOW + timedelta(minutes=10)
    world, head = bench.world, bench.world.head()
    changes = {"order_id": enrolment, "kind": OrderKind.REISSUE, "generation": 2}
    world.tables.heads[US, enrolment] = replace(head, term_to=NOW + 365 * a_day, **changes)
    world.tables.contents[US, enrolment, 1] = world.tables.contents[US, ORDER, 1]
    order = load(world.stores.orders, US, enrolment)
    world.stores.claims.claim(order, a_preflight(at=NOW, generation=2), an_audit(world.ids))
    world.tables.heads[US, ORDER] = replace(head, status=OrderStatus.ISSUED, serial="0a1b")
    bench.store.serials["0a1b"] = a_record(stored_at=former)
    record = bench.sign(generation=2, order_id=enrolment)
    assert record.stored_at == former + timedelta(seconds=1)
