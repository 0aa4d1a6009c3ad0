"""The CA's keys in KMS: digests go in, signatures come out, private keys stay.

Only digests are sent (MessageType=DIGEST): RAW stops at 4,096 bytes, which a certificate of a hundred names
or a CRL exceeds. KMS answers ECDSA signatures as DER, just as X.509 carries them.
"""

import json
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric import utils as asymmetric_utils

from partner_center.adapters.service_errors import is_out
from partner_center.issuance.ports import SigningKeyUnusable
from partner_center.issuance.profile import IssuingCa, SignatureAlgorithm
from partner_center.kernel.errors import TryAgain

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_SIGNING_ALGORITHM = {
    SignatureAlgorithm.ECDSA_SHA256: "ECDSA_SHA_256",
    SignatureAlgorithm.ECDSA_SHA384: "ECDSA_SHA_384",
    SignatureAlgorithm.RSA_SHA256: "RSASSA_PKCS1_V1_5_SHA_256",
}
_KEY_SPEC = {
    SignatureAlgorithm.ECDSA_SHA256: "ECC_NIST_P256",
    SignatureAlgorithm.ECDSA_SHA384: "ECC_NIST_P384",
    SignatureAlgorithm.RSA_SHA256: "RSA_3072",
}
_ALGORITHM_OF_HASH = {"sha256": SignatureAlgorithm.ECDSA_SHA256, "sha384": SignatureAlgorithm.ECDSA_SHA384}
_PASSING_TROUBLE = {
    "ThrottlingException",
    "KMSInternalException",
    "DependencyTimeoutException",
    "KeyUnavailableException",
    "LimitExceededException",
}
_ORPHAN_DAYS = 7


class KeyStaysInKms(TypeError):
    """Something asked a KMS key for what only the key's own bits could answer."""


class KmsDigestSigner:
    """Signs digests with the issuing CA's key, through one botocore KMS client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def sign_digest(self, issuer: IssuingCa, digest: bytes) -> bytes:
        return _sign(self._client, issuer.key_id, issuer.signature_algorithm, digest)

    def private_key(self, issuer: IssuingCa) -> PrivateKey:
        """A handle with which `cryptography` builds what else the CA signs, such as CRLs."""
        return _handle(self._client, issuer.key_id, issuer.certificate.public_key())


def issuing_key_policy(root_arn: str, endpoint: str) -> str:
    """The policy of an issuing CA's key, as the one in the template: Sign comes through that endpoint only.

    `root_arn` is the account's root (`arn:aws:iam::123456789012:root`), `endpoint` the KMS endpoint's id.
    """
    statements = [
        {
            "Sid": "AccountDecidesThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": root_arn},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "SignOnlyThroughTheEndpoint",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "kms:Sign",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:SourceVpce": endpoint}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class KmsCaKeys:
    """Finds or generates the keys of CAs; one key for each alias. `policy` is that of keys it generates."""

    def __init__(self, client: Any, policy: str | None = None) -> None:
        self._client = client
        self._policy = {"Policy": policy} if policy else {}

    def key(self, alias: str, algorithm: SignatureAlgorithm) -> tuple[str, PrivateKey]:
        name = f"alias/{alias}"
        key_id = self._find(name) or self._generate(name, algorithm)
        public = self._client.get_public_key(KeyId=key_id)["PublicKey"]
        return key_id, _handle(self._client, key_id, serialization.load_der_public_key(public))

    def is_enabled(self, alias: str) -> bool | None:
        metadata = self._describe(f"alias/{alias}")
        return metadata["KeyState"] == "Enabled" if metadata else None

    def disable(self, alias: str) -> None:
        metadata = self._describe(f"alias/{alias}")
        if metadata is not None:  # KMS takes no alias here
            self._client.disable_key(KeyId=metadata["KeyId"])

    def _find(self, name: str) -> str | None:
        metadata = self._describe(name)
        return str(metadata["Arn"]) if metadata else None

    def _describe(self, name: str) -> Any:
        try:
            return self._client.describe_key(KeyId=name)["KeyMetadata"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            return None

    def _generate(self, name: str, algorithm: SignatureAlgorithm) -> str:
        """Of two that generate at once, the one whose alias came first keeps its key."""
        metadata = self._client.create_key(
            KeySpec=_KEY_SPEC[algorithm],
            KeyUsage="SIGN_VERIFY",
            MultiRegion=True,
            Description=f"Signs as {name}",
            **self._policy,
        )["KeyMetadata"]
        try:
            self._client.create_alias(AliasName=name, TargetKeyId=metadata["KeyId"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise
            self._client.schedule_key_deletion(KeyId=metadata["KeyId"], PendingWindowInDays=_ORPHAN_DAYS)
            return str(self._client.describe_key(KeyId=name)["KeyMetadata"]["Arn"])
        return str(metadata["Arn"])


class KmsEllipticCurveKey(ec.EllipticCurvePrivateKey):
    """An elliptic curve key whose `sign` is a call of KMS."""

    def __init__(self, client: Any, key_id: str, public_key: ec.EllipticCurvePublicKey) -> None:
        self._client = client
        self._key_id = key_id
        self._public_key = public_key

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        if not isinstance(signature_algorithm, ec.ECDSA):
            raise KeyStaysInKms("KMS keys of this kind sign ECDSA")
        digest, hash_name = _digest(bytes(data), signature_algorithm.algorithm)
        return _sign(self._client, self._key_id, _ALGORITHM_OF_HASH[hash_name], digest)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public_key

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        return self._public_key.key_size

    def exchange(self, *_: object) -> NoReturn:
        raise KeyStaysInKms("a CA's key signs and does nothing else")

    def private_numbers(self) -> NoReturn:
        raise KeyStaysInKms("the private key is in KMS")

    def private_bytes(self, *_: object) -> NoReturn:
        raise KeyStaysInKms("the private key is in KMS")

    def __copy__(self) -> "KmsEllipticCurveKey":
        return self

    def __deepcopy__(self, _: object) -> "KmsEllipticCurveKey":
        return self


class KmsRsaKey(rsa.RSAPrivateKey):
    """An RSA key whose `sign` is a call of KMS; PKCS #1 v1.5 with SHA-256, as X.509 uses it here."""

    def __init__(self, client: Any, key_id: str, public_key: rsa.RSAPublicKey) -> None:
        self._client = client
        self._key_id = key_id
        self._public_key = public_key

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:
        digest, hash_name = _digest(bytes(data), algorithm)
        if hash_name != "sha256" or not _is_pkcs1(padding):
            raise KeyStaysInKms("this key signs PKCS #1 v1.5 with SHA-256 only")
        return _sign(self._client, self._key_id, SignatureAlgorithm.RSA_SHA256, digest)

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public_key

    @property
    def key_size(self) -> int:
        return self._public_key.key_size

    def decrypt(self, *_: object) -> NoReturn:
        raise KeyStaysInKms("a CA's key signs and does nothing else")

    def private_numbers(self) -> NoReturn:
        raise KeyStaysInKms("the private key is in KMS")

    def private_bytes(self, *_: object) -> NoReturn:
        raise KeyStaysInKms("the private key is in KMS")

    def __copy__(self) -> "KmsRsaKey":
        return self

    def __deepcopy__(self, _: object) -> "KmsRsaKey":
        return self


def _handle(client: Any, key_id: str, public_key: Any) -> PrivateKey:
    if isinstance(public_key, rsa.RSAPublicKey):
        return KmsRsaKey(client, key_id, public_key)
    return KmsEllipticCurveKey(client, key_id, public_key)


def _is_pkcs1(scheme: object) -> bool:
    return isinstance(scheme, padding.PKCS1v15)


def _digest(data: bytes, algorithm: Any) -> tuple[bytes, str]:
    """The digest of `data` and its hash's name; data that is a digest already stays what it is."""
    if isinstance(algorithm, asymmetric_utils.Prehashed):
        return data, {32: "sha256", 48: "sha384"}[algorithm.digest_size]
    hashing = hashes.Hash(algorithm)
    hashing.update(data)
    return hashing.finalize(), algorithm.name


def _sign(client: Any, key_id: str, algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
    try:
        answer = client.sign(
            KeyId=key_id,
            Message=digest,
            MessageType="DIGEST",
            SigningAlgorithm=_SIGNING_ALGORITHM[algorithm],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in _PASSING_TROUBLE or is_out(error):
            raise TryAgain("The signer is busy; nothing was signed.") from error
        raise SigningKeyUnusable(f"KMS refused to sign: {error.response['Error']['Code']}.") from error
    except BotoCoreError as error:
        raise TryAgain("The signer did not answer.") from error
    return bytes(answer["Signature"])
