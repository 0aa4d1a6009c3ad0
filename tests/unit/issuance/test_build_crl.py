"""Building CRLs: numbers rise, the newest stays, an entry outlives its certificate by one scheduled CRL."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from cryptography import x509

from partner_center.issuance.build_crl import LATE_READING, BuildCrl, BuildCrls, CrlDisagrees, CrlRefused
from partner_center.issuance.crl_lint import lint_crl
from partner_center.issuance.crl_record import RevokedCertificate
from partner_center.issuance.deadlines import CRL_AGE, REPORT_WAITS, UNPUBLISHED, ReadClocks
from partner_center.issuance.ports import Finding, SigningKeyUnusable
from partner_center.issuance.record import Reason
from partner_center.kernel.errors import TryAgain
from tests.fakes.determined import NOW, FixedClock
from tests.fakes.revocations import Cas, MemoryCrls, MemoryRepository
from tests.unit.issuance.world import new_hierarchy

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def a_row(serial="0a1b", **changes):
    usual = RevokedCertificate(serial, NOW + 100 * DAY, NOW, Reason.SUPERSEDED, NOW, False)
    return replace(usual, **changes)


class Yard:
    """One CA, its rows and its repository."""

    def __init__(self, issuing_ca, keys, *rows, lint=lint_crl):
        self.ca = issuing_ca
        self.clock = FixedClock()
        self.crls, self.repository = MemoryCrls({"tls-e1": list(rows)}), MemoryRepository()
        self.build = BuildCrl(self.crls, self.repository, keys, lint, self.clock)
        self.authorities_told = []
        tell = self.authorities_told.append
        self.all = BuildCrls(Cas([issuing_ca]), self.build, self.repository, self.clock, tell)

    def crl(self):
        return x509.load_der_x509_crl(self.repository.objects[self.ca.crl_url])

    def number(self):
        return self.crl().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    def serials(self):
        return {f"{each.serial_number:04x}" for each in self.crl()}

    def revoke(self, serial, **changes):
        self.crls.rows["tls-e1"].append(a_row(serial, revoked_at=self.clock.now(), **changes))


@pytest.fixture
def yard(issuing_ca, keys):
    return Yard(issuing_ca, keys)


def test_a_first_crl_comes_before_the_first_revocation(yard):
    yard.all.scheduled()
    assert (yard.number(), yard.serials()) == (1, set())
    assert yard.repository.objects[yard.ca.aia_url] == yard.ca.certificate_der


def test_every_crl_has_a_higher_number_and_tells_all_that_is_revoked(yard):
    yard.revoke("0001")
    yard.build(yard.ca, scheduled=False)
    yard.revoke("0002", reason=Reason.UNSPECIFIED)
    yard.build(yard.ca, scheduled=True)
    assert (yard.number(), yard.serials()) == (2, {"0001", "0002"})


def test_what_is_published_is_noted_and_marked(yard):
    yard.revoke("0001")
    assert yard.crls.oldest_unpublished("tls-e1") == NOW
    published = yard.build(yard.ca, scheduled=False)
    assert yard.crls.noted["tls-e1"] == published
    assert (published.number, published.scheduled_at) == (1, None)
    assert yard.crls.oldest_unpublished("tls-e1") is None


def test_an_entry_stays_until_one_scheduled_crl_after_the_certificates_end(yard):
    end = NOW + timedelta(hours=5)
    yard.revoke("0001", not_after=end)
    yard.revoke("0002")
    yard.build(yard.ca, scheduled=True)
    yard.clock.moment = end + SECOND
    yard.build(yard.ca, scheduled=False)
    yard.build(yard.ca, scheduled=False)
    assert yard.serials() == {"0001", "0002"}, "no scheduled one came since the end"
    yard.clock.moment = end + LATE_READING + SECOND
    yard.build(yard.ca, scheduled=True)
    assert yard.serials() == {"0001", "0002"}, "this is the scheduled one after the end"
    yard.build(yard.ca, scheduled=False)
    assert yard.serials() == {"0002"}


def test_a_builder_that_was_overtaken_begins_again(yard):
    """Both read, the other publishes first; a revocation came between the two readings."""
    yard.revoke("0001")
    overtaking = [None]

    def other_is_faster():
        if overtaking:
            overtaking.pop()
            yard.revoke("0002")
            yard.build(yard.ca, scheduled=False)

    yard.repository.before = other_is_faster
    published = yard.build(yard.ca, scheduled=False)
    assert (published.number, yard.number(), yard.serials()) == (3, 3, {"0001", "0002"})


@pytest.mark.parametrize("moment", ["next_number", "revoked"])
def test_of_two_builders_at_once_the_published_number_never_falls(yard, moment):
    """The other comes in between, wherever the first is; the last published CRL tells every revocation."""
    numbers, pending = [], [None]

    def come_between(name):
        if name == moment and pending:
            pending.pop()
            yard.revoke("0002")
            yard.build(yard.ca, scheduled=False)
            numbers.append(yard.number())

    yard.revoke("0001")
    yard.crls.before = come_between
    yard.build(yard.ca, scheduled=False)
    numbers.append(yard.number())
    assert numbers == sorted(set(numbers))
    assert yard.serials() == {"0001", "0002"}


def test_builders_that_overtake_each_other_without_end_give_up_and_come_back(yard):
    newer = count(1000)

    def always_newer():
        number = next(newer)
        yard.repository.objects[yard.ca.crl_url] = b"CRL %d" % number
        yard.repository.numbers[yard.ca.crl_url] = number

    yard.repository.before = always_newer
    with pytest.raises(TryAgain):
        yard.build(yard.ca, scheduled=False)


@pytest.mark.parametrize("left", [{}, {"tls-e1": 1}], ids=["lost", "restored from a backup"])
def test_a_counter_that_is_behind_what_is_published_keeps_no_crl_back(yard, left):
    for _ in range(20):
        yard.build(yard.ca, scheduled=True)
    yard.crls.numbers = dict(left)
    yard.crls.noted.clear()
    yard.revoke("0001")
    published = yard.build(yard.ca, scheduled=False)
    assert (published.number, yard.number(), yard.serials()) == (21, 21, {"0001"})
    assert yard.crls.noted["tls-e1"] == published


def test_a_crl_whose_publishing_went_unanswered_is_told_again_under_another_number(yard):
    """The client sent it twice, and was told of the second time only: what lay there was its own."""

    class Unanswered(MemoryRepository):
        def replace_crl(self, url, der, number, seen):
            return super().replace_crl(url, der, number, seen) and number > 1

    yard.repository = Unanswered()
    yard.revoke("0001")
    published = replace(yard.build, repository=yard.repository)(yard.ca, scheduled=False)
    assert (published.number, yard.number(), yard.serials()) == (2, 2, {"0001"})
    assert yard.crls.oldest_unpublished("tls-e1") is None


def test_what_was_revoked_while_the_crl_was_built_stays_unpublished(yard):
    yard.revoke("0001")

    def late(name):
        if name == "note":
            yard.revoke("0002")

    yard.crls.before = late
    yard.build(yard.ca, scheduled=False)
    assert yard.serials() == {"0001"}
    assert yard.crls.oldest_unpublished("tls-e1") is not None


@pytest.mark.parametrize("dies_at", ["next_number", "revoked", "note", "mark"])
def test_a_run_that_dies_is_repeated(yard, dies_at):
    yard.revoke("0001")

    def die(name):
        if name == dies_at:
            raise TryAgain("The process ended here.")

    yard.crls.before = die
    with pytest.raises(TryAgain):
        yard.build(yard.ca, scheduled=True)
    yard.crls.before = lambda name: None
    yard.build(yard.ca, scheduled=True)
    assert yard.serials() == {"0001"}
    assert yard.crls.oldest_unpublished("tls-e1") is None
    assert yard.crls.noted["tls-e1"].number == yard.number()


def test_a_clock_that_is_behind_the_revokers_puts_nothing_into_the_future(yard):
    yard.crls.rows["tls-e1"].append(a_row(revoked_at=NOW + 2 * SECOND))
    yard.build(yard.ca, scheduled=False)
    assert yard.crl().last_update_utc == NOW + 2 * SECOND


def test_what_lint_refuses_is_neither_signed_nor_published(issuing_ca, keys):
    yard = Yard(issuing_ca, keys, lint=lambda plan: [Finding("ERROR", "x", "no")])
    with pytest.raises(CrlRefused):
        yard.build(issuing_ca, scheduled=True)
    assert (keys.signed, yard.repository.objects) == ([], {})


def test_a_wrong_signature_is_not_published(issuing_ca, keys):
    class Wrong:
        def sign_digest(self, issuer, digest):
            return keys.sign_digest(issuer, bytes(32))

    yard = Yard(issuing_ca, keys)
    with pytest.raises(CrlDisagrees):
        replace(yard.build, signer=Wrong())(issuing_ca, scheduled=True)
    assert yard.repository.objects == {}


def test_only_the_cas_that_are_named_are_built_and_all_of_them_on_schedule():
    first, keys = new_hierarchy()
    second, others = new_hierarchy()
    second = replace(second, issuer_id="tls-e2", crl_url="http://pki.example.com/tls-e2.crl", active=False)

    class Both:
        def sign_digest(self, issuer, digest):
            return (keys if issuer.issuer_id == "tls-e1" else others).sign_digest(issuer, digest)

    yard = Yard(first, Both())
    both = replace(yard.all, cas=Cas([first, second]))
    both.named(["tls-e2", "tls-e2", "unknown"])
    assert set(yard.repository.numbers.values()) == {1}
    assert yard.repository.numbers.keys() == {second.crl_url}
    both.scheduled()
    assert yard.repository.numbers == {first.crl_url: 1, second.crl_url: 2}


class OneKeyIsOut:
    """The keys of several CAs, of which those in `out` are disabled."""

    def __init__(self, out, **keys):
        self.out, self.keys = set(out), keys

    def sign_digest(self, issuer, digest):
        if issuer.issuer_id in self.out:
            raise SigningKeyUnusable(f"The key of {issuer.issuer_id} is disabled.")
        return self.keys[issuer.issuer_id].sign_digest(issuer, digest)


@pytest.mark.parametrize("out", ["a1", "a2", "a3"])
@pytest.mark.parametrize("occasion", ["schedule", "revocation"])
def test_a_ca_whose_crl_fails_keeps_no_other_from_its_own(out, occasion):
    made = {name: new_hierarchy() for name in ("a1", "a2", "a3")}
    cas = [
        replace(ca, issuer_id=name, crl_url=f"http://pki.example.com/{name}.crl")
        for name, (ca, _) in made.items()
    ]
    signer = OneKeyIsOut([out], **{name: keys for name, (_, keys) in made.items()})
    yard = Yard(cas[0], signer)
    every = replace(yard.all, cas=Cas(cas))
    with pytest.raises(SigningKeyUnusable):
        every.scheduled() if occasion == "schedule" else every.named(made)
    assert yard.repository.numbers.keys() == {ca.crl_url for ca in cas if ca.issuer_id != out}


def test_of_several_failures_none_is_lost():
    made = {name: new_hierarchy() for name in ("a1", "a2")}
    cas = [replace(ca, issuer_id=name) for name, (ca, _) in made.items()]
    yard = Yard(cas[0], OneKeyIsOut(made))
    with pytest.raises(ExceptionGroup) as failed:
        replace(yard.all, cas=Cas(cas)).scheduled()
    assert [str(each) for each in failed.value.exceptions] == [
        "The key of a1 is disabled.",
        "The key of a2 is disabled.",
    ]


def test_a_ca_whose_certificate_has_ended_makes_no_more_crls(yard):
    yard.clock.moment = yard.ca.certificate.not_valid_after_utc + SECOND
    yard.all.scheduled()
    yard.all.named(["tls-e1"])
    assert yard.repository.objects == {}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_authority_of_private_ca_is_told_and_no_crl_of_ours_is_made_for_it(yard, order):
    authority = replace(
        yard.ca,
        issuer_id="pca-1",
        key_id="arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/1",
        aia_url="http://pki.example.com/pca-1.crt",
        crl_url="http://pki.example.com/crl/1.crl",
    )
    every = replace(yard.all, cas=Cas([(yard.ca, authority)[each] for each in order]))
    every.scheduled()
    assert yard.authorities_told == [authority]
    assert yard.repository.numbers == {yard.ca.crl_url: 1}
    assert yard.repository.objects[authority.aia_url] == authority.certificate_der
    every.named(["pca-1"])
    assert yard.authorities_told == [authority, authority]
    read = ReadClocks(every.cas, yard.crls, Reports(), yard.clock)()
    assert [(each.about, each.issuer_id) for each in read] == [(CRL_AGE, yard.ca.issuer_id)]


# ---- the clocks


class Reports:
    def __init__(self, due=None):
        self.due = due

    def first_due(self):
        return self.due


def readings(yard, due=None):
    read = ReadClocks(Cas([yard.ca]), yard.crls, Reports(due), yard.clock)()
    return {each.about: each.seconds for each in read}


def test_nothing_waits_when_all_is_published(yard):
    yard.revoke("0001")
    yard.all.scheduled()
    assert readings(yard) == {CRL_AGE: 0}


def test_a_revocation_that_waits_is_told_with_its_seconds(yard):
    yard.all.scheduled()
    yard.revoke("0001")
    yard.clock.advance(hours=20)
    assert readings(yard) == {UNPUBLISHED: 72_000, CRL_AGE: 72_000}


def test_a_revocation_hides_no_schedule_that_does_not_run(yard):
    yard.all.scheduled()
    yard.clock.advance(days=3)
    yard.revoke("0001")
    yard.all.named([yard.ca.issuer_id])
    assert readings(yard) == {CRL_AGE: 3 * 86_400}


def test_a_ca_without_any_crl_is_as_old_as_its_certificate(yard):
    yard.clock.advance(days=3)
    begun = yard.ca.certificate.not_valid_before_utc
    assert readings(yard) == {CRL_AGE: (yard.clock.now() - begun).total_seconds()}


def test_a_report_is_told_with_the_seconds_that_are_left(yard):
    yard.all.scheduled()
    assert readings(yard, NOW + 4 * 3600 * SECOND)[REPORT_WAITS] == 14_400
    assert readings(yard, NOW - SECOND)[REPORT_WAITS] == -1
