"""The repository of CRLs and CA certificates in S3, behind CloudFront: `Repository` of the issuance context.

An object is replaced only as it was seen (If-Match): of two CRLs the one of the higher number stays, whichever is
written last.
"""

from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain

_NUMBER = "crl-number"
_ROUNDS = 5
_OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
CRL_TYPE, CERTIFICATE_TYPE = "application/pkix-crl", "application/pkix-cert"  # RFC 2585 section 4
# A revocation shall be seen soon after it is published; a CA's certificate never changes under its name.
_CRL_CACHING, _CERTIFICATE_CACHING = "public, max-age=60", "public, max-age=86400"


@dataclass(frozen=True, slots=True)
class _Held:
    etag: str
    number: int


class S3Repository:
    """Objects under the paths of the addresses inside certificates."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def replace_crl(self, url: str, der: bytes, number: int) -> bool:
        key = object_key(url)
        for _ in range(_ROUNDS):
            held = self._held(key)
            if held is not None and held.number >= number:
                return False
            as_seen = {"IfMatch": held.etag} if held is not None else {"IfNoneMatch": "*"}
            try:
                self._put(key, der, CRL_TYPE, _CRL_CACHING, Metadata={_NUMBER: str(number)}, **as_seen)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _OVERTAKEN:
                    _out(error)
                continue
            return True
        raise TryAgain("The CRL is being replaced by others; look again shortly.")

    def publish_certificate(self, url: str, der: bytes) -> None:
        try:
            self._put(object_key(url), der, CERTIFICATE_TYPE, _CERTIFICATE_CACHING)
        except ClientError as error:
            _out(error)

    def _held(self, key: str) -> _Held | None:
        try:
            answer = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            _out(error)
        except BotoCoreError as error:
            _out(error)
        return _Held(answer["ETag"], int(answer["Metadata"][_NUMBER]))

    def _put(self, key: str, body: bytes, media_type: str, caching: str, **more: Any) -> None:
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=media_type, CacheControl=caching, **more
            )
        except BotoCoreError as error:
            _out(error)


def object_key(url: str) -> str:
    """The key of what is published at a plain http address: its path, without the slash before it."""
    return urlsplit(url).path.removeprefix("/")


def _out(error: Exception) -> NoReturn:
    raise TryAgain("The repository did not answer; the same may be done again.") from error
