"""The repository: where the world finds the certificates of CAs and their CRLs, by plain http (RFC 5280, 8)."""

from pathlib import Path
from typing import Any

CERTIFICATE = "application/pkix-cert"  # RFC 2585 section 4.1
CRL = "application/pkix-crl"  # RFC 2585 section 4.2
_FRESH_FOR = "max-age=3600"


class BucketRepository:
    """Objects in a bucket, through one S3 client."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, name: str, body: bytes, content_type: str) -> str:
        """Where it is now."""
        self._client.put_object(
            Bucket=self._bucket, Key=name, Body=body, ContentType=content_type, CacheControl=_FRESH_FOR
        )
        return f"s3://{self._bucket}/{name}"


class FolderRepository:
    """Files in a folder, to be uploaded by whoever made them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, body: bytes, _content_type: str) -> str:
        path = self._folder / name
        path.write_bytes(body)
        return str(path)
