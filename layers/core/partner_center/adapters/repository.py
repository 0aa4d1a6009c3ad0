"""The repository of CRLs and CA certificates in S3, behind CloudFront: `Repository` of the issuance context.

A CRL is replaced only as it was seen (If-Match), so that of two builders who saw the same one publishes.
"""

from typing import Any, NoReturn
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.issuance.crl_record import SeenCrl
from partner_center.kernel.errors import TryAgain

_NUMBER = "crl-number"
_OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
CRL_TYPE, CERTIFICATE_TYPE = "application/pkix-crl", "application/pkix-cert"  # RFC 2585 section 4
# A revocation shall be seen soon after it is published; a CA's certificate never changes under its name.
_CRL_CACHING, _CERTIFICATE_CACHING = "public, max-age=60", "public, max-age=86400"


class S3Repository:
    """Objects under the paths of the addresses inside certificates."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def seen(self, url: str) -> SeenCrl | None:
        try:
            answer = self._client.head_object(Bucket=self._bucket, Key=object_key(url))
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            _out(error)
        except BotoCoreError as error:
            _out(error)
        return SeenCrl(int(answer["Metadata"][_NUMBER]), answer["ETag"])

    def replace_crl(self, url: str, der: bytes, number: int, seen: SeenCrl | None) -> bool:
        if seen is not None and seen.number >= number:
            return False
        as_seen = {"IfMatch": seen.tag} if seen is not None else {"IfNoneMatch": "*"}
        numbered = {"Metadata": {_NUMBER: str(number)}}
        try:
            self._put(object_key(url), der, CRL_TYPE, _CRL_CACHING, **numbered, **as_seen)
        except ClientError as error:
            if error.response["Error"]["Code"] in _OVERTAKEN:
                return False
            _out(error)
        return True

    def publish_certificate(self, url: str, der: bytes) -> None:
        try:
            self._put(object_key(url), der, CERTIFICATE_TYPE, _CERTIFICATE_CACHING)
        except ClientError as error:
            _out(error)

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
