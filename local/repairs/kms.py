"""KMS: moto hashes digests once more, signs messages of any length, with disabled keys too, and keeps no trail."""

import contextvars
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.core.exceptions import JsonRESTError
from moto.kms import utils
from moto.kms.models import KmsBackend
from moto.kms.responses import KmsResponse

from local.clock import CLOCK
from local.repairs.patching import Method, around


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature that KMS made: with which key, of what (a digest, if that was handed over), for whom, when.

    `by` is the access key id, which in a worker is the name of its function and in this process nothing; `at` epoch
    seconds.
    """

    key: str
    message: bytes
    by: str
    at: float


SIGNED: list[Signature] = []
_MAX_RAW = 4096
_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_is_digest: contextvars.ContextVar[bool] = contextvars.ContextVar("is_digest", default=False)


def _with_message_type(original: Method, response: Any) -> Any:
    message, algorithm = response._get_param("Message"), response._get_param("SigningAlgorithm") or ""
    is_digest = response._get_param("MessageType") == "DIGEST"
    if is_digest and algorithm[-3:] in _HASHES and len(message) != _HASHES[algorithm[-3:]].digest_size:
        raise JsonRESTError("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    if not is_digest and len(message) > _MAX_RAW:
        raise JsonRESTError(
            "ValidationException",
            "1 validation error detected: Value at 'message' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MAX_RAW}",
        )
    token = _is_digest.set(is_digest)
    try:
        return original(response)
    finally:
        _is_digest.reset(token)


def _hash(algorithm: Any) -> Any:
    return Prehashed(algorithm) if _is_digest.get() else algorithm


def _sign(original: Method, response: Any) -> Any:
    """The trail is written before the answer leaves, which may be lost on its way."""
    answer = _with_message_type(original, response)
    key, message = json.loads(answer)["KeyId"], response._get_param("Message")
    content = message.encode() if isinstance(message, str) else message
    asked_by = re.search(r"Credential=([^/,\s]+)", response.headers.get("Authorization", ""))
    SIGNED.append(Signature(key, content, asked_by[1] if asked_by else "", CLOCK.now()))
    return answer


def _padding_and_hash(original: Method, key: Any, signing_algorithm: str) -> Any:
    padding, algorithm = original(key, signing_algorithm)
    return padding, _hash(algorithm)


def _ecdsa_hash(original: Method, key: Any, signing_algorithm: str) -> Any:
    return _hash(original(key, signing_algorithm))


def _refuse_unusable(backend: Any, key_id: str) -> None:
    key = backend.describe_key(key_id)
    if key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    if key.key_state != "Enabled":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


def _with_usable_key(original: Method, backend: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
    _refuse_unusable(backend, key_id)
    return original(backend, key_id, *args, **kwargs)


def _decrypt(original: Method, backend: Any, *args: Any, **kwargs: Any) -> Any:
    plaintext, arn = original(backend, *args, **kwargs)
    _refuse_unusable(backend, arn)
    return plaintext, arn


def _verify(original: Method, backend: Any, *args: Any, **kwargs: Any) -> Any:
    arn, valid, algorithm = original(backend, *args, **kwargs)
    if not valid:
        raise JsonRESTError("KMSInvalidSignatureException", "")
    return arn, valid, algorithm


def _get_public_key(original: Method, response: Any) -> str:
    answer = json.loads(original(response))
    return json.dumps(answer | {"KeySpec": answer["CustomerMasterKeySpec"]})


def install() -> None:
    around(KmsResponse, "sign", _sign)
    around(KmsResponse, "verify", _with_message_type)
    around(KmsResponse, "get_public_key", _get_public_key)
    around(utils.RSAPrivateKey, "_RSAPrivateKey__padding_and_hash_algorithm", _padding_and_hash)
    around(utils.ECDSAPrivateKey, "_ECDSAPrivateKey__hash_algorithm", _ecdsa_hash)
    around(KmsBackend, "sign", _with_usable_key)
    around(KmsBackend, "verify", _with_usable_key)
    around(KmsBackend, "verify", _verify)
    around(KmsBackend, "encrypt", _with_usable_key)
    around(KmsBackend, "decrypt", _decrypt)
