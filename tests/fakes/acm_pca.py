"""AWS Private CA as its documentation tells it, as far as the adapter asks; see docs/adr/0013 for what is not known.

Blank template with API passthrough: the passed extensions, basic constraints, authority and subject key identifier.
The serial is the authority's own. A token names the same request for five minutes, and another one afterwards. A
certificate is there a moment after it was asked for.
"""

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import randbits
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_TOKEN_LIFE = timedelta(minutes=5)


@dataclass
class FakeAcmPca:
    """A botocore client. `key` and `certificate` are the authority's; `clock` its time.

    `lose` operations are done and their answers lost; `in_progress` is how often a certificate is not there yet;
    `twist` changes the parameters before they are obeyed.
    """

    key: Any
    certificate: x509.Certificate
    clock: Any
    lose: set[str] = field(default_factory=set)
    refuse: dict[str, str] = field(default_factory=dict)
    in_progress: int = 0
    twist: dict[str, Any] = field(default_factory=dict)
    issued: dict[str, bytes] = field(default_factory=dict)
    tokens: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    revoked: dict[str, str] = field(default_factory=dict)

    def issue_certificate(self, **parameters: Any) -> dict[str, str]:
        self._stumble("IssueCertificate")
        self.asked.append(parameters)
        arn = self._known(parameters["IdempotencyToken"])
        if arn is None:
            serial = randbits(127) | 1 << 127
            arn = f"{parameters['CertificateAuthorityArn']}/certificate/{serial:x}"
            self.issued[arn] = self._made(serial, parameters | self.twist)
            self.tokens[parameters["IdempotencyToken"]] = (self.clock.now(), arn)
        self._answer("IssueCertificate")
        return {"CertificateArn": arn}

    def get_certificate(self, CertificateAuthorityArn: str, CertificateArn: str) -> dict[str, str]:  # noqa: N803
        self._stumble("GetCertificate")
        assert CertificateArn.startswith(CertificateAuthorityArn)
        if self.in_progress:
            self.in_progress -= 1
            raise ClientError({"Error": {"Code": "RequestInProgressException"}}, "GetCertificate")
        certificate = x509.load_der_x509_certificate(self.issued[CertificateArn])
        self._answer("GetCertificate")
        return {"Certificate": certificate.public_bytes(Encoding.PEM).decode(), "CertificateChain": ""}

    def revoke_certificate(self, **parameters: str) -> None:
        self._stumble("RevokeCertificate")
        serial = parameters["CertificateSerial"].replace(":", "")
        made = {x509.load_der_x509_certificate(each).serial_number for each in self.issued.values()}
        if int(serial, 16) not in made:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "RevokeCertificate")
        if serial in self.revoked:
            raise ClientError({"Error": {"Code": "RequestAlreadyProcessedException"}}, "RevokeCertificate")
        self.revoked[serial] = parameters["RevocationReason"]
        self._answer("RevokeCertificate")

    def _known(self, token: str) -> str | None:
        at, arn = self.tokens.get(token, (datetime.min.replace(tzinfo=UTC), ""))
        return arn if self.clock.now() - at < _TOKEN_LIFE else None

    def _stumble(self, operation: str) -> None:
        if code := self.refuse.get(operation):
            raise ClientError({"Error": {"Code": code}}, operation)

    def _answer(self, operation: str) -> None:
        if operation in self.lose:
            raise EndpointConnectionError(endpoint_url="acm-pca")

    def _made(self, serial: int, parameters: dict[str, Any]) -> bytes:
        csr = x509.load_pem_x509_csr(parameters["Csr"])
        assert csr.is_signature_valid
        passed = parameters["ApiPassthrough"]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, passed["Subject"]["CommonName"])])
        builder = (
            x509.CertificateBuilder()
            .issuer_name(self.certificate.subject)
            .subject_name(name)
            .public_key(csr.public_key())
            .serial_number(serial)
            .not_valid_before(_moment(parameters["ValidityNotBefore"]))
            .not_valid_after(_moment(parameters["Validity"]))
        )
        for extension, critical in self._extensions(csr, passed["Extensions"]):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _extensions(self, csr: x509.CertificateSigningRequest, passed: dict[str, Any]) -> Any:
        own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        yield x509.BasicConstraints(ca=False, path_length=None), True
        yield x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), False
        yield x509.SubjectKeyIdentifier.from_public_key(csr.public_key()), False
        assert passed["KeyUsage"] == {"DigitalSignature": True}
        yield x509.KeyUsage(True, False, False, False, False, False, False, False, False), True
        assert passed["ExtendedKeyUsage"] == [{"ExtendedKeyUsageType": "SERVER_AUTH"}]
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False
        policies = (x509.ObjectIdentifier(each["CertPolicyId"]) for each in passed["CertificatePolicies"])
        yield x509.CertificatePolicies([x509.PolicyInformation(oid, None) for oid in policies]), False
        names = [x509.DNSName(each["DnsName"]) for each in passed["SubjectAlternativeNames"]]
        yield x509.SubjectAlternativeName(names), False
        for each in passed["CustomExtensions"]:
            oid = x509.ObjectIdentifier(each["ObjectIdentifier"])
            yield x509.UnrecognizedExtension(oid, b64decode(each["Value"])), each["Critical"]


def _moment(validity: dict[str, Any]) -> datetime:
    assert validity["Type"] == "ABSOLUTE"
    return datetime.fromtimestamp(validity["Value"], UTC)
