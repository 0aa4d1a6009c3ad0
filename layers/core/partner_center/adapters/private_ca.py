"""AWS Private CA as `PrivateCa`: it builds the certificate itself, from what the API passes through.

The template is the blank one, so that nothing but the passed extensions and the authority's own (authority and
subject key identifier) stands in the certificate; basic constraints come with it, critical. The authority must be set
up to leave its CRL distribution point out (OmitExtension), since ours is passed.
"""

import ssl
from base64 import b64encode
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from partner_center.issuance.ports import SigningKeyUnusable
from partner_center.issuance.profile import (
    POLICY_OF_LEVEL,
    Authority,
    CertificatePlan,
    IssuingCa,
    SignatureAlgorithm,
)
from partner_center.issuance.record import Reason
from partner_center.issuance.to_be_signed import ca_issuers, distribution_point
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.level import Level

TEMPLATE = "arn:aws:acm-pca:::template/BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough/V1"
_SIGNING_ALGORITHM = {
    SignatureAlgorithm.ECDSA_SHA256: "SHA256WITHECDSA",
    SignatureAlgorithm.ECDSA_SHA384: "SHA384WITHECDSA",
    SignatureAlgorithm.RSA_SHA256: "SHA256WITHRSA",
}
_REVOCATION_REASON = {
    Reason.UNSPECIFIED: "UNSPECIFIED",
    Reason.KEY_COMPROMISE: "KEY_COMPROMISE",
    Reason.AFFILIATION_CHANGED: "AFFILIATION_CHANGED",
    Reason.SUPERSEDED: "SUPERSEDED",
    Reason.CESSATION_OF_OPERATION: "CESSATION_OF_OPERATION",
    Reason.PRIVILEGE_WITHDRAWN: "PRIVILEGE_WITHDRAWN",
}
_NOT_YET, _DONE_BEFORE = "RequestInProgressException", "RequestAlreadyProcessedException"
_PASSING_TROUBLE = {
    "ConcurrentModificationException",
    "LimitExceededException",
    "RequestFailedException",
    "ThrottlingException",
    _NOT_YET,
}
_REQUEST_LABEL = "CERTIFICATE REQUEST"


class AcmPrivateCa:
    """Asks through one botocore client of acm-pca."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def request(self, plan: CertificatePlan, csr_der: bytes, token: str) -> str:
        parameters = request_parameters(plan, csr_der, token)
        return str(self._asked("issue_certificate", **parameters)["CertificateArn"])

    def certificate(self, issuer: IssuingCa, request_id: str) -> bytes | None:
        where = {"CertificateAuthorityArn": issuer.key_id, "CertificateArn": request_id}
        answer = self._asked("get_certificate", _NOT_YET, **where)
        return ssl.PEM_cert_to_DER_cert(answer["Certificate"]) if answer else None

    def revoke(self, issuer: IssuingCa, serial_hex: str, reason: Reason) -> None:
        self._asked("revoke_certificate", _DONE_BEFORE, **revocation_parameters(issuer, serial_hex, reason))

    def _asked(self, operation: str, expected: str = "", **parameters: Any) -> Any:
        """The answer; None for the `expected` error."""
        try:
            return getattr(self._client, operation)(**parameters)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == expected:
                return None
            if code in _PASSING_TROUBLE:
                raise TryAgain("The certification authority is busy.") from error
            raise SigningKeyUnusable(f"The certification authority refused: {code}.") from error
        except BotoCoreError as error:
            raise TryAgain("The certification authority did not answer.") from error


def read_authority(client: Any, arn: str) -> Authority:
    """The authority with its certificate and its root's; a root is its own."""
    answer = client.get_certificate_authority_certificate(CertificateAuthorityArn=arn)
    certificate = ssl.PEM_cert_to_DER_cert(answer["Certificate"])
    chain = (
        x509.load_pem_x509_certificates(answer["CertificateChain"].encode())
        if answer.get("CertificateChain")
        else []
    )
    root = chain[-1].public_bytes(Encoding.DER) if chain else certificate
    return Authority(arn, certificate, root, _crl_bucket(client, arn))


def _crl_bucket(client: Any, arn: str) -> str | None:
    """Where the authority puts its CRL, if that is one whole list of which it writes nothing into certificates."""
    described = client.describe_certificate_authority(CertificateAuthorityArn=arn)["CertificateAuthority"]
    told = described.get("RevocationConfiguration", {}).get("CrlConfiguration", {})
    omitted = told.get("CrlDistributionPointExtensionConfiguration", {}).get("OmitExtension", False)
    usable = told.get("Enabled", False) and omitted and told.get("CrlType", "COMPLETE") == "COMPLETE"
    return told.get("S3BucketName") if usable else None


def revocation_parameters(issuer: IssuingCa, serial_hex: str, reason: Reason) -> dict[str, str]:
    """What RevokeCertificate is told; the serial in octets with colons, as openssl prints it."""
    digits = serial_hex.zfill(len(serial_hex) + len(serial_hex) % 2)
    return {
        "CertificateAuthorityArn": issuer.key_id,
        "CertificateSerial": ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
        "RevocationReason": _REVOCATION_REASON[reason],
    }


def request_parameters(plan: CertificatePlan, csr_der: bytes, token: str) -> dict[str, Any]:
    """What IssueCertificate is told. Raises ValueError for a plan that it cannot be told exactly.

    Without a subject of ours the authority takes the CSR's, and it is not known in which string types it writes an
    organization; so only DV certificates with a common name are asked for.
    """
    if plan.level is not Level.DV or plan.common_name is None:
        raise ValueError("AWS Private CA is asked for DV certificates with a common name only")
    return {
        "CertificateAuthorityArn": plan.issuer.key_id,
        "Csr": _pem(csr_der),
        "SigningAlgorithm": _SIGNING_ALGORITHM[plan.issuer.signature_algorithm],
        "TemplateArn": TEMPLATE,
        "ValidityNotBefore": {"Type": "ABSOLUTE", "Value": int(plan.not_before.timestamp())},
        "Validity": {"Type": "ABSOLUTE", "Value": int(plan.not_after.timestamp())},
        "IdempotencyToken": token,
        "ApiPassthrough": {
            "Subject": {"CommonName": plan.common_name},
            "Extensions": {
                "CertificatePolicies": [{"CertPolicyId": POLICY_OF_LEVEL[plan.level]}],
                "ExtendedKeyUsage": [{"ExtendedKeyUsageType": "SERVER_AUTH"}],
                "KeyUsage": {"DigitalSignature": True},
                "SubjectAlternativeNames": [{"DnsName": name} for name in plan.names],
                "CustomExtensions": [
                    _custom(x509.AuthorityInformationAccess([ca_issuers(plan.issuer.aia_url)])),
                    _custom(x509.CRLDistributionPoints([distribution_point(plan.issuer.crl_url)])),
                ],
            },
        },
    }


def _custom(extension: x509.AuthorityInformationAccess | x509.CRLDistributionPoints) -> dict[str, Any]:
    value = b64encode(extension.public_bytes()).decode()
    return {"ObjectIdentifier": extension.oid.dotted_string, "Value": value, "Critical": False}


def _pem(csr_der: bytes) -> bytes:
    lines = b64encode(csr_der).decode()
    body = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return f"-----BEGIN {_REQUEST_LABEL}-----\n{body}\n-----END {_REQUEST_LABEL}-----\n".encode()
