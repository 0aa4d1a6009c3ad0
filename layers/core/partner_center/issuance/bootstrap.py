"""Create the CAs and sign for the root: record, sign, compare, store, by keys that stay where they were made.

Whatever the root signs is linted in a twin first, and its to-be-signed bytes are stored under their serial or number
before its key is asked. Keys are found by their alias, so a run that died is taken up with the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from partner_center.issuance.ca_certificates import (
    ROOT_ALGORITHM,
    ROOT_CRL_LIFETIME,
    CaPrivateKey,
    HierarchyRequest,
    der_of,
    issuing_twin,
    root_crl_twin,
    root_twin,
    signed,
)
from partner_center.issuance.ca_lint import CaDocument, lint_ca
from partner_center.issuance.ports import CaStore, Finding
from partner_center.issuance.profile import Authority, CaReason, IssuingCa, RootCa, SignatureAlgorithm
from partner_center.issuance.serials import Entropy, new_serial, serial_hex
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import PartnerCenterError
from partner_center.kernel.level import Level


class CaExists(PartnerCenterError):
    """There is a CA under that id already; nothing was signed."""

    code = "ca_exists"


class UnknownCa(PartnerCenterError):
    """There is no CA under that id."""

    code = "unknown_ca"


class CaRefused(PartnerCenterError):
    """What the root would sign breaks a rule; nothing was signed."""

    code = "ca_refused"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("Refused before signing: " + "; ".join(finding.code for finding in findings))


class CaKeys(Protocol):
    """The keys of CAs, found by an alias; their private part never leaves the device that holds them."""

    def key(self, alias: str, algorithm: SignatureAlgorithm) -> tuple[str, CaPrivateKey]:
        """Id and handle of the key with that alias, generated on the first call."""
        ...

    def is_enabled(self, alias: str) -> bool | None:
        """Whether the key with that alias may be used now; None when there is none."""
        ...

    def disable(self, alias: str) -> None:
        """Bar the key from being used until a person enables it."""
        ...


_NO_CRL = "what it issues could not be revoked: let it make one complete CRL, with OmitExtension"


def key_alias(ca_id: str) -> str:
    """The alias of a CA's key."""
    return f"ca/{ca_id}"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a person does with the root's key, and how the CAs are put into and out of service."""

    keys: CaKeys
    store: CaStore
    clock: Clock
    entropy: Entropy

    def create_root(self, request: HierarchyRequest) -> RootCa:
        """Raises CaExists, CaRefused."""
        if self.store.root(request.root_id) is not None:
            raise CaExists(f"There is a root {request.root_id} already.")
        key_id, key = self.keys.key(key_alias(request.root_id), ROOT_ALGORITHM)
        twin = root_twin(request, key.public_key(), new_serial(self.entropy), self.clock.now())
        certificate = self._certificate(twin, key, CaDocument.ROOT)
        certificate.verify_directly_issued_by(certificate)
        return self.store.add_root(RootCa(request.root_id, der_of(certificate), key_id, ROOT_ALGORITHM))

    def create_issuing_ca(self, request: HierarchyRequest) -> IssuingCa:
        """Raises UnknownCa without the root, CaExists, CaRefused, SigningKeyUnusable while the root is disabled."""
        if self.store.issuing_ca(request.issuer_id) is not None:
            raise CaExists(f"There is an issuing CA {request.issuer_id} already.")
        root = self.root(request.root_id)
        key_id, key = self.keys.key(key_alias(request.issuer_id), request.algorithm)
        serial, moment = new_serial(self.entropy), self.clock.now()
        twin = issuing_twin(request, key.public_key(), root.certificate, serial, moment)
        certificate = self._certificate(twin, self._root_key(root), CaDocument.ISSUING)
        certificate.verify_directly_issued_by(root.certificate)
        return self.store.add_issuing_ca(
            IssuingCa(
                issuer_id=request.issuer_id,
                certificate_der=der_of(certificate),
                root_der=root.certificate_der,
                key_id=key_id,
                signature_algorithm=request.algorithm,
                aia_url=f"{request.repository_url}/{request.issuer_id}.crt",
                crl_url=f"{request.repository_url}/{request.issuer_id}.crl",
                active=request.active,
                level=request.only_level,
            )
        )

    def adopt(self, request: HierarchyRequest, authority: Authority) -> IssuingCa:
        """An issuing CA that AWS Private CA is; out of service like any other new one. Raises CaExists, CaRefused."""
        if self.store.issuing_ca(request.issuer_id) is not None:
            raise CaExists(f"There is an issuing CA {request.issuer_id} already.")
        certificate = x509.load_der_x509_certificate(authority.certificate_der)
        if certificate.issuer == certificate.subject:
            raise CaRefused([Finding("ERROR", "root", "a root issues no certificates of subscribers")])
        if authority.crl_bucket is None:
            raise CaRefused([Finding("ERROR", "crl", _NO_CRL)])
        algorithm = _algorithm_of(certificate.public_key())
        return self.store.add_issuing_ca(
            IssuingCa(
                issuer_id=request.issuer_id,
                certificate_der=authority.certificate_der,
                root_der=authority.root_der,
                key_id=authority.arn,
                signature_algorithm=algorithm,
                aia_url=f"{request.repository_url}/{request.issuer_id}.crt",
                crl_url=f"{request.repository_url}/crl/{authority.arn.rpartition('/')[2]}.crl",
                active=False,
                level=Level.DV,
            )
        )

    def sign_root_crl(self, root_id: str) -> bytes:
        """The next CRL of the root, DER; its number is taken first, so that no two lists ever share one.

        Raises UnknownCa, CaRefused, SigningKeyUnusable while the root is disabled.
        """
        root, moment = self.root(root_id), self.clock.now()
        number = root.crl_number + 1
        revoked = [ca for ca in self.issued_by(root) if ca.revoked_at is not None]
        twin = root_crl_twin(root, revoked, number, moment)
        _require_clean(lint_ca(der_of(twin), CaDocument.CRL))
        ends = twin.next_update_utc or moment + ROOT_CRL_LIFETIME
        self.store.take_crl_number(replace(root, crl_number=number, crl_ends=ends))
        der = signed(twin.tbs_certlist_bytes, self._root_key(root), root.signature_algorithm)
        crl = x509.load_der_x509_crl(der)
        if not crl.is_signature_valid(root.certificate.public_key()):  # type: ignore[arg-type]
            raise CaRefused([Finding("ERROR", "signature", "not made by the root's key")])
        return der

    def activate(self, issuer_id: str) -> IssuingCa:
        """From now on it may sign certificates.

        Raises UnknownCa, CaRefused for one that is revoked, ChangedMeanwhile.
        """
        issuing_ca = self.issuing_ca(issuer_id)
        if issuing_ca.revoked_at is not None:
            raise CaRefused([Finding("ERROR", "revoked", f"{issuer_id} is revoked")])
        return self.store.change_issuing_ca(issuing_ca, replace(issuing_ca, active=True))

    def retire(self, issuer_id: str) -> IssuingCa:
        """From now on it signs CRLs only; its certificates stay valid. Raises UnknownCa, ChangedMeanwhile."""
        issuing_ca = self.issuing_ca(issuer_id)
        return self.store.change_issuing_ca(issuing_ca, replace(issuing_ca, active=False))

    def revoke(self, issuer_id: str, reason: CaReason) -> IssuingCa:
        """Note that it is revoked, which the root's next CRL tells: within 24 hours (BR 4.9.7). Raises UnknownCa.

        A repetition leaves the first moment and reason. Raises ChangedMeanwhile.
        """
        issuing_ca = self.issuing_ca(issuer_id)
        if issuing_ca.revoked_at is not None:
            return issuing_ca
        moment = self.clock.now().replace(microsecond=0)
        changed = replace(issuing_ca, active=False, revoked_at=moment, revocation_reason=reason)
        return self.store.change_issuing_ca(issuing_ca, changed)

    def root(self, root_id: str) -> RootCa:
        root = self.store.root(root_id)
        if root is None:
            raise UnknownCa(f"There is no root {root_id}.")
        return root

    def issuing_ca(self, issuer_id: str) -> IssuingCa:
        issuing_ca = self.store.issuing_ca(issuer_id)
        if issuing_ca is None:
            raise UnknownCa(f"There is no issuing CA {issuer_id}.")
        return issuing_ca

    def issued_by(self, root: RootCa) -> Sequence[IssuingCa]:
        """Every issuing CA under that root, in service or not."""
        return [ca for ca in self.store.issuing_cas() if ca.root_der == root.certificate_der]

    def _root_key(self, root: RootCa) -> CaPrivateKey:
        return self.keys.key(key_alias(root.root_id), root.signature_algorithm)[1]

    def _certificate(self, twin: x509.Certificate, key: CaPrivateKey, kind: CaDocument) -> x509.Certificate:
        """The twin's bytes, signed by the root's key once they are linted and known."""
        _require_clean(lint_ca(der_of(twin), kind))
        tbs, moment = twin.tbs_certificate_bytes, self.clock.now()
        self.store.record_ca_serial(
            serial_hex(twin.serial_number), tbs, twin.subject.rfc4514_string(), moment
        )
        return x509.load_der_x509_certificate(signed(tbs, key, ROOT_ALGORITHM))


def create_hierarchy(
    request: HierarchyRequest, keys: CaKeys, store: CaStore, clock: Clock, entropy: Entropy
) -> IssuingCa:
    """The issuing CA of that id, created with its root as far as they are not there; a repetition changes nothing."""
    existing = store.issuing_ca(request.issuer_id)
    if existing is not None:
        return existing
    ceremony = Ceremony(keys, store, clock, entropy)
    if store.root(request.root_id) is None:
        ceremony.create_root(request)
    return ceremony.create_issuing_ca(request)


def _algorithm_of(key: object) -> SignatureAlgorithm:
    """How a CA with that key signs (BR 7.1.3.2). Raises CaRefused for a key that no CA of ours has."""
    if isinstance(key, rsa.RSAPublicKey):
        return SignatureAlgorithm.RSA_SHA256
    curves = {"secp256r1": SignatureAlgorithm.ECDSA_SHA256, "secp384r1": SignatureAlgorithm.ECDSA_SHA384}
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in curves:
        return curves[key.curve.name]
    raise CaRefused([Finding("ERROR", "key", "RSA, P-256 or P-384")])


def _require_clean(findings: Sequence[Finding]) -> None:
    if findings:
        raise CaRefused(findings)
