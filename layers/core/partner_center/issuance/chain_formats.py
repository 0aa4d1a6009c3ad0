"""A certificate as the files that servers want.

`pem` is the leaf; `chain` the leaf and its intermediates, without the root; `ca` intermediates and root; `p7b`
leaf and intermediates as PKCS#7 (RFC 5652, certificates only); `der` the leaf; `zip` all of them, explained.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from textwrap import wrap
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_EARLIEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_LONGEST_STEM = 100
_UNIX = 3
_READABLE_FILE = 0o100644 << 16

_README = """Certificate for {name}

certificate.pem   the certificate itself
chain.pem         the intermediate certificates, without the certificate and without the root
fullchain.pem     the certificate followed by the intermediates
ca-bundle.pem     the intermediates followed by the root
certificate.p7b   the certificate and the intermediates in one PKCS#7 file

nginx, HAProxy, Caddy    fullchain.pem (HAProxy: append your private key to a copy of it)
Apache 2.4.8 and later   SSLCertificateFile fullchain.pem
Apache before 2.4.8      SSLCertificateFile certificate.pem, SSLCertificateChainFile chain.pem
IIS, Windows             certificate.p7b, imported where the request was made
Tomcat, Java keystores   certificate.p7b, or certificate.pem after ca-bundle.pem
cPanel, Plesk            certificate.pem, and ca-bundle.pem in the field for the CA bundle

The private key is where you made the request. It is in none of these files, and we never had it.
"""


class Format(StrEnum):
    """The values of `?format=`."""

    PEM = "pem"
    CHAIN = "chain"
    CA = "ca"
    P7B = "p7b"
    DER = "der"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be sent: name, media type, bytes."""

    filename: str
    content_type: str
    body: bytes


def render(
    wanted: str, leaf_der: bytes, chain: Sequence[bytes], root_der: bytes, common_name: str
) -> Download | None:
    """The certificate in the `wanted` format, or None when there is no such format.

    `chain` holds the intermediates, nearest to the leaf first; `common_name` (or the first name) only names
    the file.
    """
    stem = _file_stem(common_name)
    download: Download | None = None
    match wanted:
        case Format.PEM:
            download = _pem_file(f"{stem}.pem", [leaf_der])
        case Format.CHAIN:
            download = _pem_file(f"{stem}-fullchain.pem", [leaf_der, *chain])
        case Format.CA:
            download = _pem_file(f"{stem}-ca-bundle.pem", [*chain, root_der])
        case Format.P7B:
            download = Download(f"{stem}.p7b", "application/x-pkcs7-certificates", p7b([leaf_der, *chain]))
        case Format.DER:
            download = Download(f"{stem}.cer", "application/pkix-cert", leaf_der)
        case Format.ZIP:
            files = _files(leaf_der, chain, root_der, common_name)
            download = zipped(f"{stem}.zip", files)
    return download


def pem(certificates: Sequence[bytes]) -> bytes:
    """The certificates one after the other (RFC 7468, 64 columns)."""
    return b"".join(_pem_block(certificate) for certificate in certificates)


def _pem_block(der: bytes) -> bytes:
    lines = wrap(b64encode(der).decode("ascii"), 64)
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]).encode("ascii")


def _pem_file(filename: str, certificates: Sequence[bytes]) -> Download:
    return Download(filename, "application/pem-certificate-chain", pem(certificates))


def p7b(certificates: Sequence[bytes]) -> bytes:
    """The certificates in one certificates-only PKCS#7 file, DER."""
    from cryptography import x509  # noqa: PLC0415 - 60 ms that the other formats are spared
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7  # noqa: PLC0415

    loaded = [x509.load_der_x509_certificate(der) for der in certificates]
    return pkcs7.serialize_certificates(loaded, Encoding.DER)


def _files(leaf_der: bytes, chain: Sequence[bytes], root_der: bytes, name: str) -> dict[str, bytes]:
    return {
        "certificate.pem": pem([leaf_der]),
        "chain.pem": pem(chain),
        "fullchain.pem": pem([leaf_der, *chain]),
        "ca-bundle.pem": pem([*chain, root_der]),
        "certificate.p7b": p7b([leaf_der, *chain]),
        "README.txt": _README.format(name=_printable(name)).encode("utf-8"),
    }


def zipped(filename: str, files: Mapping[str, bytes]) -> Download:
    """The files in one."""
    return Download(filename, "application/zip", _zip(files))


def _zip(files: Mapping[str, bytes]) -> bytes:
    """Equal content gives equal bytes: no time of day, no compression that differs between libraries."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        for filename, body in files.items():
            entry = ZipInfo(filename, _EARLIEST_ZIP_DATE)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE_FILE
            archive.writestr(entry, body)
    return packed.getvalue()


def _file_stem(name: str) -> str:
    """Letters that are safe in a header and on every file system; `*.example.com` becomes `star.example.com`."""
    plain = re.sub(r"[^a-z0-9.-]+", "_", name.lower().replace("*", "star"))
    return plain.strip("._-")[:_LONGEST_STEM] or "certificate"


def _printable(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())
