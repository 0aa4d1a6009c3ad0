"""The daily check: a clean certificate passes, everything that is wrong with one is told, no day is lost."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_csr

from partner_center.adapters.private_ca import request_parameters
from partner_center.issuance.daily_check import LEFT_OVER_AFTER, SETTLING, CheckCertificates
from partner_center.issuance.issue import issue_certificate
from partner_center.issuance.lint import lint
from partner_center.issuance.objection import Ground
from partner_center.issuance.preflight import Check, Outcome
from partner_center.issuance.profile import CertificatePlan, RootCa, SignatureAlgorithm
from partner_center.issuance.record import CertificateStatus
from partner_center.issuance.sign import SignOrder
from partner_center.issuance.to_be_signed import assemble, build_twin, digest
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import NOBODY
from partner_center.kernel.level import Level
from partner_center.orders.flags import Flag
from partner_center.orders.order import OrderStatus
from partner_center.orders.ports import load
from partner_center.orders.review import Decision, Screening, Verdict
from partner_center.validation.challenges import Proof
from tests.fakes.acm_pca import FakeAcmPca
from tests.fakes.check_store import MemoryChecks
from tests.fakes.posted import a_csr, spki_of
from tests.fakes.samples import ORDER, US, a_challenge, a_contract, a_preflight, a_proof, an_audit
from tests.fakes.world import World
from tests.unit.issuance.world import (
    NOW,
    Died,
    MemoryKeys,
    MemoryStore,
    SetClock,
    certificate,
    leaf_key,
    names,
    new_issuer,
    new_request,
    no_private_ca,
    spki,
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


class Reading(SimpleNamespace):
    """Stands for one of the stores that evidence is read from."""


@pytest.fixture
def bench(keys, issuing_ca):
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
        lambda bench: bench.put_preflight(at=NOW + timedelta(seconds=2)),
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


def test_an_agreement_that_was_accepted_later_is_objected_to(bench):
    order = load(bench.world.stores.orders, US, ORDER)
    late = replace(order.content.agreement, accepted_at=NOW + 2 * SECOND)
    content = replace(order.content, agreement=late)

    class Orders:
        def head(self, *_):
            return order.head

        def content(self, *_):
            return content

    bench.check = replace(bench.check, orders=Orders())
    assert bench.grounds() == {Ground.AGREEMENT}


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


# ---- which certificates a run looks at


def another(bench, number, stored_at):
    """One more certificate, of an order that nobody knows."""
    request = new_request(
        next(iter(bench.store.issuers.values())), order_id=f"ord_{number}", names=names(1),
        caa_valid_until=stored_at + DAY, term_end=stored_at + 300 * DAY,
    )  # fmt: skip
    return issue_certificate(request, new_issuer(bench.keys, bench.store, SetClock(stored_at)))


def test_a_run_begins_where_the_last_one_ended(bench):
    assert bench.run().checked == 1
    bench.clock.advance(days=1)
    again = bench.run()
    assert (again.checked, again.after) == (0, NOW + DAY - SETTLING)


def test_days_that_were_missed_are_made_up_for(bench):
    for number in range(2, 6):
        another(bench, number, NOW + number * DAY)
    bench.clock.moment = NOW + 9 * DAY
    assert bench.run().checked == 5


def test_each_day_is_read_once_and_no_midnight_hides_a_certificate(bench, monkeypatch):
    asked, read = [], bench.store.stored_between
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0) + 2 * DAY
    for number, moment in enumerate((midnight - MICROSECOND, midnight, midnight + MICROSECOND), 2):
        another(bench, number, moment)
    monkeypatch.setattr(
        bench.store, "stored_between", lambda after, until: asked.append((after, until)) or read(after, until)
    )
    bench.run()
    bench.clock.moment = midnight + 2 * DAY
    assert bench.run().checked == 3
    days = [((after + MICROSECOND).date(), until.date()) for after, until in asked]
    assert all(first == last for first, last in days)
    assert len(days) == (bench.clock.moment - SETTLING - NOW).days + 2


@pytest.mark.parametrize(
    ("later", "checked"), [(SETTLING, 1), (SETTLING - SECOND, 0)], ids=["settled", "a second before"]
)
def test_what_was_just_stored_is_left_to_the_next_run(bench, later, checked):
    bench.clock.moment = NOW + later
    assert bench.run().checked == checked
    bench.clock.advance(days=1)
    assert bench.run().checked == 1 - checked


def test_when_time_runs_out_the_next_run_goes_on_and_nothing_is_looked_at_twice(bench):
    for number in range(2, 5):
        another(bench, number, NOW + number * timedelta(hours=1))
    bench.time_is_left = False
    first = bench.run()
    assert (first.checked, first.is_complete) == (1, False)
    second = bench.run()
    assert (second.checked, second.is_complete) == (1, False)
    bench.time_is_left = True
    third = bench.run()
    assert (third.checked, third.is_complete) == (2, True)


def test_certificates_of_the_same_microsecond_are_not_torn_apart(bench):
    for number in range(2, 4):
        another(bench, number, NOW)
    bench.time_is_left = False
    assert bench.run().checked == 3


def test_a_run_that_breaks_off_is_no_run(bench):
    def die(*_):
        raise Died

    whole = bench.check
    bench.check = replace(whole, screenings=Reading(of_order=die))
    with pytest.raises(Died):
        bench.run()
    bench.check = whole
    assert bench.run().checked == 1


# ---- what cannot be looked at


def damaged(error):
    def read(*_):
        raise error

    return read


def with_damage(part, **reads):
    return lambda bench: setattr(bench, "check", replace(bench.check, **{part: Reading(**reads)}))


DAMAGE = {
    "its order": with_damage("orders", head=damaged(KeyError("status"))),
    "a preflight": with_damage("preflights", newest_first=damaged(ValueError("no outcome"))),
    "a proof": with_damage("proofs", proofs=damaged(TypeError("no time"))),
    "a screening": with_damage("screenings", of_order=damaged(AttributeError("flags"))),
    "a time without rules": lambda bench: bench.put_record(recorded_at=NOW - 4000 * DAY),
    "what the linter cannot take": lambda bench: setattr(
        bench, "check", replace(bench.check, lint=damaged(Died("in a library")))
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_cannot_be_read_is_objected_to_by_name_and_the_run_goes_on(bench, damage):
    damage(bench)
    run = bench.run()
    assert (run.checked, run.objections, run.is_complete, bench.checks.runs) == (1, 1, True, [run])
    assert bench.unreadable == [bench.record.serial_hex]
    ((key, on_file),) = bench.checks.on_file.items()
    assert key == (bench.record.serial_hex, Ground.UNREADABLE)
    assert (on_file.objection.reseller_id, on_file.objection.order_id) == (US, ORDER)


@pytest.mark.parametrize("listed", ["stored", "recorded"])
def test_a_serial_whose_own_row_cannot_be_read_keeps_no_other_from_being_looked_at(
    bench, monkeypatch, listed
):
    another(bench, 2, NOW + SECOND)
    read, poison = bench.store.by_serial, bench.record_of(1).serial_hex

    def by_serial(serial_hex):
        if serial_hex == poison:
            raise KeyError("status")
        return read(serial_hex)

    monkeypatch.setattr(bench.store, "by_serial", by_serial)
    if listed == "recorded":
        monkeypatch.setattr(bench.store, "stored_between", lambda *_: iter(()))
        monkeypatch.setattr(bench.store, "recorded_until", lambda _: iter([poison]))
    run = bench.run()
    assert (run.checked, run.is_complete) == (2 if listed == "stored" else 0, True)
    assert bench.unreadable == [poison]
    objection = bench.checks.on_file[poison, Ground.UNREADABLE].objection
    assert (objection.reseller_id, objection.order_id) == (NOBODY, "")
    assert objection.detail == "it or its evidence: KeyError: 'status'"


@pytest.mark.parametrize("error", [TryAgain("out"), Died("a permission is missing")], ids=repr)
def test_a_service_that_is_out_ends_the_run_and_objects_to_nothing(bench, error):
    bench.check = replace(bench.check, screenings=Reading(of_order=damaged(error)))
    with pytest.raises(type(error)):
        bench.run()
    assert (bench.checks.runs, bench.checks.on_file, bench.unreadable) == ([], {}, [])


def test_of_an_orders_preflights_none_is_read_that_is_older_than_the_one_relied_on(bench):
    newest = bench.world.tables.preflights[US, ORDER, "pre_1"]

    class Thousands:
        def newest_first(self, *_):
            yield replace(newest, outcome=Outcome.HELD_BACK)
            yield newest
            raise AssertionError("an older one was read")

    bench.check = replace(bench.check, preflights=Thousands())
    assert (bench.run().checked, bench.checks.on_file) == (1, {})


def test_before_there_is_any_ca_nothing_is_looked_at(bench):
    bench.store.issuers.clear()
    run = bench.run()
    assert (run.checked, run.is_complete, run.after) == (0, True, run.until)


def test_a_second_run_in_the_same_moment_looks_at_nothing(bench):
    bench.run()
    assert bench.run().checked == 0


def test_a_clock_that_was_set_back_harms_nothing(bench):
    until = bench.run().until
    bench.clock.advance(days=-3)
    run = bench.run()
    assert (run.until, run.is_complete, run.checked) == (until, True, 0)


# ---- serials that came to nothing


def test_a_serial_that_nobody_will_take_up_any_more_is_objected_to(bench):
    def fail(write):
        if write == "keep":
            raise TryAgain("The database did not answer.")

    bench.store.before = fail
    with pytest.raises(TryAgain):
        another(bench, 2, NOW)
    bench.clock.moment = NOW + LEFT_OVER_AFTER - SECOND
    assert bench.run().objections == 0
    bench.clock.advance(seconds=1)
    assert bench.run().objections == 1
    ((_, ground),) = bench.checks.on_file
    assert ground is Ground.UNFINISHED


# ---- the root's CRL


@pytest.mark.parametrize(
    ("ends", "told"),
    [(NOW + 31 * DAY, []), (NOW + 31 * DAY - SECOND, ["root-r1"]), (None, ["root-r1"])],
    ids=str,
)
def test_a_month_before_the_roots_crl_ends_the_operator_is_told(bench, issuing_ca, ends, told):
    bench.store.add_root(
        RootCa("root-r1", issuing_ca.root_der, "key", SignatureAlgorithm.ECDSA_SHA384, 1, ends)
    )
    assert bench.check.ending_root_crls() == told
