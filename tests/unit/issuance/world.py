"""What the tests of issuing share: a clock that is set, keys in memory, a store that keeps its promises."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from math import gcd, prod
from secrets import token_bytes

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from partner_center.issuance.bootstrap import create_hierarchy
from partner_center.issuance.ca_certificates import HierarchyRequest
from partner_center.issuance.issue import Issuer, IssueRequest
from partner_center.issuance.profile import (
    ExtendedIdentity,
    IssuingCa,
    OrganizationSubject,
    RootCa,
    SignatureAlgorithm,
)
from partner_center.issuance.record import (
    CertificateRecord,
    CertificateStatus,
    SerialTaken,
    SlotTaken,
    StoredSerial,
)
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.level import Level

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)

ORGANIZATION = OrganizationSubject(
    country="NL", state="Zuid-Holland", locality="Rotterdam", organization="Voorbeeld Bloemen B.V."
)
ENTITY = replace(
    ORGANIZATION,
    extended=ExtendedIdentity(
        business_category="Private Organization", jurisdiction_country="NL", registration_number="24123456"
    ),
)
SUBJECT_OF_LEVEL = {Level.DV: None, Level.OV: ORGANIZATION, Level.EV: ENTITY}


@dataclass
class SetClock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def advance(self, **how_far: float) -> None:
        self.moment += timedelta(**how_far)


@dataclass
class MemoryKeys:
    """`CaKeys` and `DigestSigner` in memory; counts what it signs."""

    keys: dict[str, object] = field(default_factory=dict)
    signed: list[bytes] = field(default_factory=list)
    disabled: set[str] = field(default_factory=set)

    def is_enabled(self, alias):
        return alias not in self.disabled if alias in self.keys else None

    def disable(self, alias):
        self.disabled.add(alias)

    def key(self, alias: str, algorithm: SignatureAlgorithm):
        if alias not in self.keys:
            self.keys[alias] = _new_key(algorithm)
        return alias, self.keys[alias]

    def sign_digest(self, issuer: IssuingCa, digest: bytes) -> bytes:
        self.signed.append(digest)
        key = self.keys[issuer.key_id]
        if issuer.signature_algorithm is SignatureAlgorithm.RSA_SHA256:
            return key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        strength = {32: hashes.SHA256(), 48: hashes.SHA384()}[len(digest)]
        return key.sign(digest, ec.ECDSA(utils.Prehashed(strength)))


def _new_key(algorithm: SignatureAlgorithm):
    if algorithm is SignatureAlgorithm.RSA_SHA256:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(
        ec.SECP384R1() if algorithm is SignatureAlgorithm.ECDSA_SHA384 else ec.SECP256R1()
    )


class Died(Exception):
    """The process ended there."""


@dataclass
class MemoryStore:
    """`CertificateStore`, `SerialLists` and `CaStore`; `before` and `after` are called around writes by name."""

    serials: dict[str, CertificateRecord] = field(default_factory=dict)
    slots: dict[tuple[str, str, int], str] = field(default_factory=dict)
    issuers: dict[str, IssuingCa] = field(default_factory=dict)
    roots_: dict[str, RootCa] = field(default_factory=dict)
    ca_serials: dict[str, bytes] = field(default_factory=dict)
    before: Callable[[str], None] = lambda write: None
    after: Callable[[str], None] = lambda write: None

    def current(self, reseller_id, order_id, generation):
        serial = self.slots.get((reseller_id, order_id, generation))
        return self.serials[serial] if serial else None

    def record(self, record):
        self.before("record")
        if record.serial_hex in self.serials:
            raise SerialTaken("taken")
        if _slot(record) in self.slots:
            raise SlotTaken("taken")
        self.serials[record.serial_hex] = record
        self.slots[_slot(record)] = record.serial_hex
        self.after("record")

    def close(self, record, closed_at, why):
        self.before("close")
        if self.slots.get(_slot(record)) != record.serial_hex:
            raise SlotTaken("moved on")
        if record.status is not CertificateStatus.REVOKED:
            self._require_recorded(record)
            self.serials[record.serial_hex] = replace(record, status=CertificateStatus.CLOSED)
        del self.slots[_slot(record)]
        self.after("close")

    def keep(self, record, certificate_der, stored_at):
        self.before("keep")
        self._require_recorded(record)
        self.serials[record.serial_hex] = replace(
            record, status=CertificateStatus.STORED, certificate_der=certificate_der, stored_at=stored_at
        )
        self.after("keep")

    def note_request(self, record, request_id):
        self.before("note_request")
        self._require_recorded(record)
        self.serials[record.serial_hex] = replace(record, request_id=request_id)
        self.after("note_request")

    def keep_as(self, record, issued):
        self.before("keep_as")
        self._require_recorded(record)
        if issued.serial_hex in self.serials:
            raise SerialTaken("taken")
        self.serials[issued.serial_hex] = issued
        closed = replace(record, status=CertificateStatus.CLOSED, issued_as=issued.serial_hex)
        self.serials[record.serial_hex] = closed
        self.slots[_slot(record)] = issued.serial_hex
        self.after("keep_as")

    def _require_recorded(self, record):
        known = self.serials.get(record.serial_hex)
        if known is None or known.status is not CertificateStatus.RECORDED or known.tbs_der != record.tbs_der:
            raise SlotTaken("moved on")
        if self.slots.get(_slot(record)) != record.serial_hex:
            raise SlotTaken("moved on")

    def by_serial(self, serial_hex):
        return self.serials.get(serial_hex)

    def unfinished(self, recorded_until):
        open_ones = with_status(self, CertificateStatus.RECORDED)
        yield from (record for record in open_ones if record.recorded_at <= recorded_until)

    def recorded_until(self, moment):
        yield from (record.serial_hex for record in self.unfinished(moment))

    def stored_between(self, after, until):
        stored_ones = [record for record in self.serials.values() if record.stored_at]
        for record in stored_ones:
            if after < record.stored_at <= until:
                yield StoredSerial(record.serial_hex, record.stored_at)

    def issuing_ca(self, issuer_id):
        return self.issuers.get(issuer_id)

    def issuing_cas(self):
        return tuple(self.issuers.values())

    def add_issuing_ca(self, issuing_ca):
        return self.issuers.setdefault(issuing_ca.issuer_id, issuing_ca)

    def change_issuing_ca(self, before, after):
        if self.issuers[before.issuer_id] != before:
            raise ChangedMeanwhile("It changed.")
        self.issuers[before.issuer_id] = after
        return after

    def root(self, root_id):
        return self.roots_.get(root_id)

    def roots(self):
        return tuple(self.roots_.values())

    def add_root(self, root):
        return self.roots_.setdefault(root.root_id, root)

    def record_ca_serial(self, serial_hex, tbs_der, subject, moment):
        if serial_hex in self.ca_serials:
            raise SerialTaken("taken")
        self.ca_serials[serial_hex] = tbs_der

    def take_crl_number(self, root):
        if self.roots_[root.root_id].crl_number >= root.crl_number:
            raise SerialTaken("taken")
        self.roots_[root.root_id] = root


def _slot(record):
    return (record.reseller_id, record.order_id, record.generation)


def new_hierarchy(
    algorithm: SignatureAlgorithm = SignatureAlgorithm.ECDSA_SHA256,
) -> tuple[IssuingCa, MemoryKeys]:
    keys = MemoryKeys()
    request = HierarchyRequest("tls-e1", "http://pki.example.com", algorithm=algorithm)
    return create_hierarchy(request, keys, MemoryStore(), SetClock(), token_bytes), keys


@cache
def leaf_key(kind: str):
    match kind:
        case "rsa-2048":
            return rsa.generate_private_key(65537, 2048)
        case _:
            curves = {"p-256": ec.SECP256R1(), "p-384": ec.SECP384R1(), "p-521": ec.SECP521R1()}
            return ec.generate_private_key(curves[kind])


@cache
def spki(kind: str = "p-256") -> bytes:
    large = {"rsa-3072": 3072, "rsa-4096": 4096}
    public_key = _public_rsa_key(large[kind]) if kind in large else leaf_key(kind).public_key()
    return public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _public_rsa_key(bits: int):
    """A large public key without the seconds that its private half would cost: no small factor divides it."""
    small_factors = prod(range(3, 752, 2))
    modulus = int.from_bytes(token_bytes(bits // 8), "big") | (1 << (bits - 1)) | 1
    while gcd(modulus, small_factors) != 1:
        modulus += 2
    return rsa.RSAPublicNumbers(65537, modulus).public_key()


def names(count: int) -> tuple[str, ...]:
    return ("www.example.com", *(f"host-{number}.example.com" for number in range(1, count)))


def new_request(issuing_ca: IssuingCa, **changes) -> IssueRequest:
    level = changes.pop("level", Level.DV)
    wanted = changes.pop("names", names(2))
    return replace(
        IssueRequest(
            reseller_id="res_1",
            order_id="ord_1",
            generation=1,
            level=level,
            names=wanted,
            common_name=wanted[0],
            subject=SUBJECT_OF_LEVEL[level],
            spki_der=spki(),
            term_end=NOW + timedelta(days=365),
            issuer=issuing_ca,
            caa_valid_until=NOW + timedelta(hours=8),
            revision=1,
        ),
        **changes,
    )


def no_findings(der, level, signed_at):
    return ()


@dataclass
class Blocks:
    """`KeyBlocks` in memory: reasons by digest."""

    reasons: dict[str, str] = field(default_factory=dict)

    def is_blocked(self, spki_sha256):
        return self.reasons.get(spki_sha256)


@dataclass
class Running:
    """`RunningOrders` in memory: all of them, but for those that are over, all claimed while `claims` says so."""

    over: set[tuple[str, str]] = field(default_factory=set)
    claims: Callable[[str, int], bool] = lambda _enrolment_id, _revision: True

    def is_running(self, reseller_id, order_id):
        return (reseller_id, order_id) not in self.over

    def is_claimed(self, reseller_id, enrolment_id, revision):
        return self.claims(enrolment_id, revision)


def new_issuer(
    keys,
    store=None,
    clock=None,
    check=no_findings,
    entropy=token_bytes,
    blocked=None,
    running=None,
) -> Issuer:
    store = store if store is not None else MemoryStore()
    others = (clock or SetClock(), entropy, blocked or Blocks(), running or Running())
    return Issuer(store, keys, check, *others)


def no_private_ca():
    raise AssertionError("no issuing CA here is one of AWS Private CA")


def certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def with_status(store, status):
    return [record for record in store.serials.values() if record.status is status]


def stored(store):
    return with_status(store, CertificateStatus.STORED)
