"""One order that was issued as it should be, and the daily check of its certificate."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace

from partner_center.issuance.daily_check import CheckCertificates
from partner_center.issuance.issue import issue_certificate
from partner_center.issuance.lint import lint
from partner_center.issuance.profile import CertificatePlan
from partner_center.issuance.sign import SignOrder
from partner_center.issuance.to_be_signed import assemble, build_twin, digest
from partner_center.orders.flags import Flag
from partner_center.orders.order import OrderStatus
from partner_center.orders.ports import load
from partner_center.orders.review import Screening
from partner_center.validation.challenges import Proof
from tests.fakes.check_store import MemoryChecks
from tests.fakes.posted import spki_of
from tests.fakes.samples import ORDER, US, a_challenge, a_contract, a_preflight, a_proof, an_audit
from tests.fakes.world import World
from tests.unit.issuance.world import (
    NOW,
    MemoryKeys,
    MemoryStore,
    SetClock,
    names,
    new_issuer,
    new_request,
    no_private_ca,
)

NAMES = ("www.example.com", "*.example.com")
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
ALLOWED = tuple({"name": name, "allowed": True} for name in NAMES)
FLAG = Flag("lookalike_name", "www.example.com", "It resembles a well-known one.")


@dataclass
class Bench:
    """One order that was issued as it should be, and the check that looks at it on the next day."""

    world: World
    store: MemoryStore
    clock: SetClock
    keys: MemoryKeys
    checks: MemoryChecks
    check: CheckCertificates
    time_is_left: bool = True
    unreadable: list[str] = field(default_factory=list)

    def run(self):
        return self.check(
            "run-1", lambda: self.time_is_left, lambda serial, _: self.unreadable.append(serial)
        )

    def grounds(self):
        """On which grounds the next run objects, for the first time."""
        before = set(self.checks.on_file)
        self.run()
        return {ground for _, ground in set(self.checks.on_file) - before}

    @property
    def record(self):
        (record,) = self.store.serials.values()
        return record

    def record_of(self, number):
        return list(self.store.serials.values())[number - 1]

    def put_record(self, **changes):
        self.store.serials[self.record.serial_hex] = replace(self.record, **changes)

    def put_head(self, **changes):
        self.world.tables.heads[US, ORDER] = replace(self.world.head(), **changes)

    def put_preflight(self, **changes):
        key = (US, ORDER, "pre_1")
        self.world.tables.preflights[key] = replace(self.world.tables.preflights[key], **changes)

    def put_screening(self, *flags, **changes):
        self.world.tables.screenings[US, ORDER, 1] = Screening(1, NOW, flags, **changes)

    def put_proof(self, proof: Proof):
        self.world.tables.proofs[US, "customer:c-1", "example.com", proof.proof_id] = proof

    def really_signed(self, **changes):
        """The stored certificate becomes another one, signed by the CA all the same."""
        plan = self.plan()
        tbs = build_twin(replace(plan, **changes)).tbs_der
        signature = self.keys.sign_digest(plan.issuer, digest(tbs, plan.issuer.signature_algorithm))
        return assemble(tbs, signature, plan.issuer)

    def plan(self):
        """What was signed."""
        record = self.record
        return CertificatePlan(
            level=record.level,
            names=record.names,
            common_name=record.common_name,
            subject=None,
            spki_der=spki_of(),
            serial=int(record.serial_hex, 16),
            not_before=record.not_before,
            not_after=record.not_after,
            issuer=next(iter(self.store.issuers.values())),
        )

    def another(self, number, stored_at):
        """One more certificate, of an order that nobody knows."""
        request = new_request(
            next(iter(self.store.issuers.values())), order_id=f"ord_{number}", names=names(1),
            caa_valid_until=stored_at + DAY, term_end=stored_at + 300 * DAY,
        )  # fmt: skip
        return issue_certificate(request, new_issuer(self.keys, self.store, SetClock(stored_at)))


class Reading(SimpleNamespace):
    """Stands for one of the stores that evidence is read from."""


def new_bench(keys, issuing_ca):
    """What is looked at, on the day after it was issued."""
    world, store, clock, checks = World(), MemoryStore(), SetClock(), MemoryChecks()
    store.add_issuing_ca(issuing_ca)
    world.stores.grant(a_contract())
    world.put(*NAMES)
    stores = world.stores
    check = CheckCertificates(
        store, store, stores.orders, stores.claims, stores.challenges, stores.screenings,
        checks, lint, clock, world.ids,
    )  # fmt: skip
    bench = Bench(world, store, clock, keys, checks, check)
    bench.put_screening()
    bench.put_proof(a_proof(a_challenge(*NAMES), proof_id="prf_1"))
    order = load(stores.orders, US, ORDER)
    stores.claims.claim(order, a_preflight(at=NOW, caa=ALLOWED), an_audit(world.ids))
    issuer = new_issuer(keys, store, clock, check=lint)
    record = SignOrder(stores.orders, stores.claims, store, issuer, no_private_ca)(US, ORDER, 1, "pre_1")
    term_to = NOW + timedelta(days=365, seconds=-1)
    bench.put_head(
        status=OrderStatus.ISSUED, serial=record.serial_hex, signing=False, issued_at=NOW, term_to=term_to
    )
    clock.moment = NOW + DAY
    return bench
