"""What a person sees and is asked while CAs are made: nothing is signed that was not shown and confirmed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from partner_center.adapters.ca_files import CERTIFICATE, CRL
from partner_center.issuance.bootstrap import CaExists, Ceremony, key_alias
from partner_center.issuance.ca_certificates import (
    ROOT_ALGORITHM,
    HierarchyRequest,
    der_of,
    issuing_twin,
    root_crl_twin,
    root_twin,
)
from partner_center.issuance.ca_lint import CaDocument, lint_ca
from partner_center.issuance.chain_formats import pem
from partner_center.issuance.profile import Authority, CaReason, IssuingCa, RootCa
from partner_center.issuance.serials import new_serial
from partner_center.issuance.to_be_signed import throw_away_key
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import PartnerCenterError


class NotConfirmed(PartnerCenterError):
    """The person did not confirm; nothing was done."""

    code = "not_confirmed"


class RootDisabled(PartnerCenterError):
    """The root's key must be enabled by a person first."""

    code = "root_disabled"


class EndpointUnknown(PartnerCenterError):
    """A key would be made that anything with a permission may sign with."""

    code = "endpoint_unknown"


class Repository(Protocol):
    """Where files go that the world reads."""

    def put(self, name: str, body: bytes, content_type: str, /) -> str:
        """Where it is now."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """The commands. `say` prints; `confirm` is handed the word that a person must type.

    `endpoint_known`: a new issuing key will be usable through the signing network only.
    """

    ceremony: Ceremony
    repository: Repository
    say: Callable[[str], Any]
    confirm: Callable[[str], bool]
    endpoint_known: bool = True

    def create_root(self, request: HierarchyRequest, dry_run: bool) -> None:
        """Root and first CRL, then its key is disabled. Raises CaExists, CaRefused, NotConfirmed."""
        if self.ceremony.store.root(request.root_id) is not None:
            raise CaExists(f"There is a root {request.root_id} already.")
        key = throw_away_key(ROOT_ALGORITHM).public_key()
        twin = root_twin(request, key, new_serial(self.ceremony.entropy), self.ceremony.clock.now())
        self._show(twin, CaDocument.ROOT, self._key_told(request.root_id))
        if dry_run:
            return
        self._ask(request.root_id)
        root = self.ceremony.create_root(request)
        self._tell_certificate(root.certificate)
        self._write(f"{root.root_id}.crt", root.certificate_der, CERTIFICATE)
        self._sign_crl(root)

    def create_issuing_ca(self, request: HierarchyRequest, dry_run: bool) -> None:
        """Raises CaExists, UnknownCa, CaRefused, RootDisabled, EndpointUnknown, NotConfirmed."""
        if self.ceremony.store.issuing_ca(request.issuer_id) is not None:
            raise CaExists(f"There is an issuing CA {request.issuer_id} already.")
        root, key = self.ceremony.root(request.root_id), throw_away_key(request.algorithm).public_key()
        serial, moment = new_serial(self.ceremony.entropy), self.ceremony.clock.now()
        twin = issuing_twin(request, key, root.certificate, serial, moment)
        self._show(twin, CaDocument.ISSUING, self._key_told(request.issuer_id))
        if dry_run:
            return
        if self.ceremony.keys.is_enabled(key_alias(request.issuer_id)) is None and not self.endpoint_known:
            raise EndpointUnknown("Its key is yet to be made: name the endpoint through which it may sign.")
        self._require_root_key(root)
        self._ask(request.issuer_id)
        try:
            issuing_ca = self.ceremony.create_issuing_ca(request)
        finally:
            self._disable(root)
        self._tell_certificate(issuing_ca.certificate)
        self._write(f"{issuing_ca.issuer_id}.crt", issuing_ca.certificate_der, CERTIFICATE)
        self.say(f"Key: {issuing_ca.key_id}\nIt signs nothing until it is activated.\n")

    def adopt(self, request: HierarchyRequest, authority: Authority) -> None:
        """Raises CaExists, CaRefused, NotConfirmed."""
        self._tell_certificate(x509.load_der_x509_certificate(authority.certificate_der))
        self._ask(request.issuer_id)
        adopted = self.ceremony.adopt(request, authority)
        self.say(f"{_line(adopted)}CRL: {adopted.crl_url}, from the bucket {authority.crl_bucket}\n")

    def sign_root_crl(self, root_id: str, dry_run: bool) -> None:
        """Raises UnknownCa, CaRefused, RootDisabled, NotConfirmed."""
        root = self.ceremony.root(root_id)
        revoked = [ca for ca in self.ceremony.issued_by(root) if ca.revoked_at is not None]
        twin = root_crl_twin(root, revoked, root.crl_number + 1, self.ceremony.clock.now())
        findings = lint_ca(der_of(twin), CaDocument.CRL)
        names = ", ".join(f"{ca.issuer_id} ({ca.revocation_reason})" for ca in revoked) or "none"
        self.say(
            f"CRL {root.crl_number + 1} of {root.certificate.subject.rfc4514_string()}\n"
            f"  until    {rfc3339(twin.next_update_utc) if twin.next_update_utc else '-'}\n"
            f"  revoked  {names}\n"
            f"  pkilint  {'; '.join(finding.code for finding in findings) or 'nothing found'}\n"
        )
        if dry_run:
            return
        self._require_root_key(root)
        self._ask(root_id)
        self._sign_crl(root)

    def publish(self, root_id: str) -> None:
        """Every CA's certificate, retired ones too: they are needed as long as anything below them is valid."""
        root = self.ceremony.root(root_id)
        self._write(f"{root_id}.crt", root.certificate_der, CERTIFICATE)
        for issuing_ca in self.ceremony.store.issuing_cas():
            self._write(f"{issuing_ca.issuer_id}.crt", issuing_ca.certificate_der, CERTIFICATE)

    def activate(self, issuer_id: str) -> None:
        self._ask(issuer_id)
        self.say(_line(self.ceremony.activate(issuer_id)))

    def retire(self, issuer_id: str) -> None:
        self._ask(issuer_id)
        self.say(_line(self.ceremony.retire(issuer_id)))

    def revoke(self, issuer_id: str, reason: CaReason) -> None:
        self._ask(issuer_id)
        self.say(_line(self.ceremony.revoke(issuer_id, reason)))
        self.say("Sign and publish the root's CRL within 24 hours.\n")

    def tell(self, root_id: str) -> None:
        root = self.ceremony.root(root_id)
        state = {True: "ENABLED", False: "disabled", None: "not there"}
        enabled = self.ceremony.keys.is_enabled(key_alias(root_id))
        ends = rfc3339(root.crl_ends) if root.crl_ends else "-"
        self.say(f"{root_id}: key {state[enabled]}, CRL {root.crl_number} until {ends}\n")
        self.say("".join(_line(issuing_ca) for issuing_ca in self.ceremony.store.issuing_cas()))

    def _sign_crl(self, root: RootCa) -> None:
        try:
            crl = self.ceremony.sign_root_crl(root.root_id)
        finally:
            self._disable(root)
        self._write(f"{root.root_id}.crl", crl, CRL)

    def _show(self, twin: x509.Certificate, kind: CaDocument, key: str) -> None:
        findings = lint_ca(der_of(twin), kind)
        extensions = ", ".join(extension.oid._name for extension in twin.extensions)
        self.say(
            f"To be signed: {kind}\n"
            f"  subject     {twin.subject.rfc4514_string()}\n"
            f"  issuer      {twin.issuer.rfc4514_string()}\n"
            f"  valid       {rfc3339(twin.not_valid_before_utc)} to {rfc3339(twin.not_valid_after_utc)}\n"
            f"  extensions  {extensions}\n"
            f"  key         {key}\n"
            f"  pkilint     {'; '.join(finding.code for finding in findings) or 'nothing found'}\n"
        )

    def _key_told(self, ca_id: str) -> str:
        alias = key_alias(ca_id)
        there = self.ceremony.keys.is_enabled(alias) is not None
        return f"alias/{alias}" + ("" if there else ", to be generated")

    def _require_root_key(self, root: RootCa) -> None:
        if not self.ceremony.keys.is_enabled(key_alias(root.root_id)):
            raise RootDisabled(f"Enable the root's key first: aws kms enable-key --key-id {root.key_id}")

    def _ask(self, word: str) -> None:
        if not self.confirm(word):
            raise NotConfirmed("Not confirmed; nothing was done.")

    def _disable(self, root: RootCa) -> None:
        self.ceremony.keys.disable(key_alias(root.root_id))
        self.say(f"The key of {root.root_id} is disabled.\n")

    def _write(self, name: str, body: bytes, content_type: str) -> None:
        self.say(f"Written: {self.repository.put(name, body, content_type)}\n")

    def _tell_certificate(self, certificate: x509.Certificate) -> None:
        der = certificate.public_bytes(Encoding.DER)
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.say(
            f"{pem([der]).decode()}"
            f"  serial       {certificate.serial_number:x}\n"
            f"  SHA-256      {sha256(der).hexdigest()}\n"
            f"  SHA-1        {sha1(der, usedforsecurity=False).hexdigest()}\n"
            f"  SPKI SHA-256 {sha256(spki).hexdigest()}\n"
        )


def _line(issuing_ca: IssuingCa) -> str:
    parts: Sequence[str] = (
        issuing_ca.issuer_id,
        "active" if issuing_ca.active else "not in service",
        issuing_ca.level or "every level",
        issuing_ca.signature_algorithm,
        f"until {rfc3339(issuing_ca.certificate.not_valid_after_utc)}",
        issuing_ca.key_id,
        *([f"revoked: {issuing_ca.revocation_reason}"] if issuing_ca.revoked_at else []),
    )
    return "  ".join(parts) + "\n"
