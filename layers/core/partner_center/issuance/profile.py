"""What a certificate shall say, as data: the plan that is built, linted, signed and compared with the result.

BR 7.1.2.7 (subscriber certificate profile), 7.1.4.2 (subject), 7.1.6.1 (reserved policy identifiers).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from partner_center.issuance.record import is_private_ca
from partner_center.kernel.level import Level

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LONGEST_COMMON_NAME = 64  # RFC 5280 appendix A, ub-common-name

POLICY_OF_LEVEL = {
    Level.DV: "2.23.140.1.2.1",
    Level.OV: "2.23.140.1.2.2",
    Level.EV: "2.23.140.1.1",
}

_LONGEST_ORGANIZATION = 64
_LONGEST_PLACE = 128
_LONGEST_NUMBER = 64


class SignatureAlgorithm(StrEnum):
    """How an issuing CA signs (BR 7.1.3.2): P-256 goes with SHA-256 and P-384 with SHA-384."""

    ECDSA_SHA256 = "ecdsa-sha256"
    ECDSA_SHA384 = "ecdsa-sha384"
    RSA_SHA256 = "rsa-pkcs1-sha256"


class CaReason(StrEnum):
    """Why an issuing CA was revoked (BR 4.9.1.2; reasonCode is mandatory for a CA certificate, BR 7.2.2)."""

    CA_COMPROMISE = "cACompromise"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"


@dataclass(frozen=True, slots=True)
class RootCa:
    """The root above the issuing CAs; its key is disabled but while a person uses it. `crl_number` is the highest
    that was ever given to one of its CRLs, and `crl_ends` the nextUpdate of that one.
    """

    root_id: str
    certificate_der: bytes
    key_id: str
    signature_algorithm: SignatureAlgorithm
    crl_number: int = 0
    crl_ends: datetime | None = None

    @property
    def certificate(self) -> "Certificate":
        from cryptography import x509  # noqa: PLC0415 - as below

        return x509.load_der_x509_certificate(self.certificate_der)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority of AWS Private CA, with its certificate and its root's.

    `crl_bucket` is where it puts its own CRL; None if it makes none, or not one that we can name.
    """

    arn: str
    certificate_der: bytes
    root_der: bytes
    crl_bucket: str | None = None


@dataclass(frozen=True, slots=True)
class IssuingCa:
    """A CA of ours that signs subscribers' certificates; `key_id` names its key at the signer.

    Only an active one signs certificates, and only of its `level` if it has one; a retired one still signs CRLs,
    and an authority of AWS Private CA still issues what was recorded for it before.
    """

    issuer_id: str
    certificate_der: bytes
    root_der: bytes
    key_id: str
    signature_algorithm: SignatureAlgorithm
    aia_url: str
    crl_url: str
    active: bool = True
    level: Level | None = None
    revoked_at: datetime | None = None
    revocation_reason: CaReason | None = None

    @property
    def is_private_ca(self) -> bool:
        """Whether AWS Private CA issues for it; `key_id` is then the ARN of that authority (docs/adr/0013)."""
        return is_private_ca(self.key_id)

    @property
    def certificate(self) -> "Certificate":
        from cryptography import x509  # noqa: PLC0415 - 60 ms that those who only read records are spared

        return x509.load_der_x509_certificate(self.certificate_der)


@dataclass(frozen=True, slots=True)
class ExtendedIdentity:
    """What EV adds to the subject (EVG 7.1.4.2): kind of entity, place and number of registration."""

    business_category: str
    jurisdiction_country: str
    registration_number: str
    jurisdiction_state: str | None = None
    jurisdiction_locality: str | None = None

    def __post_init__(self) -> None:
        _require_text("business category", self.business_category, _LONGEST_PLACE)
        _require_country("jurisdiction country", self.jurisdiction_country)
        _require_text("registration number", self.registration_number, _LONGEST_NUMBER)
        _require_optional_text("jurisdiction state", self.jurisdiction_state, _LONGEST_PLACE)
        _require_optional_text("jurisdiction locality", self.jurisdiction_locality, _LONGEST_PLACE)


@dataclass(frozen=True, slots=True)
class OrganizationSubject:
    """The verified organization of an OV or EV certificate; state or locality is there, or both (BR 7.1.2.7.4)."""

    country: str
    organization: str
    state: str | None = None
    locality: str | None = None
    extended: ExtendedIdentity | None = None

    def __post_init__(self) -> None:
        _require_country("country", self.country)
        _require_text("organization", self.organization, _LONGEST_ORGANIZATION)
        _require_optional_text("state", self.state, _LONGEST_PLACE)
        _require_optional_text("locality", self.locality, _LONGEST_PLACE)
        if self.state is None and self.locality is None:
            raise ValueError("a subject needs a state or province, a locality, or both")


@dataclass(frozen=True, slots=True)
class CertificatePlan:
    """Everything that distinguishes one certificate from another. Times are aware, in whole seconds.

    `names` are A-labels in the order's order; `common_name` is one of them or None; `spki_der` is the
    subscriber's SubjectPublicKeyInfo.
    """

    level: Level
    names: tuple[str, ...]
    common_name: str | None
    subject: OrganizationSubject | None
    spki_der: bytes
    serial: int
    not_before: datetime
    not_after: datetime
    issuer: IssuingCa

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) != len(self.names):
            raise ValueError("a certificate has names, each once")
        if self.common_name is not None and self.common_name not in self.names:
            raise ValueError("the common name is one of the names (BR 7.1.4.3)")
        if self.common_name is not None and len(self.common_name) > LONGEST_COMMON_NAME:
            raise ValueError("a name of more than 64 characters cannot be the common name")
        if (self.subject is None) != (self.level is Level.DV):
            raise ValueError("an organization stands in OV and EV certificates, and only there")
        if (self.subject is not None and self.subject.extended is not None) != (self.level is Level.EV):
            raise ValueError("category, jurisdiction and number stand in EV certificates, and only there")
        for moment in (self.not_before, self.not_after):
            if moment.tzinfo is None or moment.microsecond:
                raise ValueError("validity is told in whole seconds of a known zone")
        if self.not_after <= self.not_before:
            raise ValueError("a certificate ends after it begins")


def fitting_common_name(name: str | None) -> str | None:
    """The name as common name, or None above 64 characters: it then stands in the alternative names only."""
    return name if name is not None and len(name) <= LONGEST_COMMON_NAME else None


def _require_text(what: str, text: str, longest: int) -> None:
    if not text.strip() or text != text.strip() or len(text) > longest:
        raise ValueError(f"{what}: 1 to {longest} characters, without blanks around")
    if not text.isprintable():
        raise ValueError(f"{what}: control characters are no text")


def _require_optional_text(what: str, text: str | None, longest: int) -> None:
    if text is not None:
        _require_text(what, text, longest)


def _require_country(what: str, code: str) -> None:
    if not (len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(f"{what}: two upper-case letters (ISO 3166-1)")
