"""Requests that no tool on this machine makes, written byte by byte: those of Windows servers, and hostile ones."""

from collections.abc import Iterator

from bench.corpora.samples import Sample, armoured
from tests.unit.orders.csr_workshop import (
    CRITICAL,
    EXTENSION_REQUEST,
    MICROSOFT_EXTENSIONS,
    NULL,
    SAN,
    Workshop,
    attribute,
    bit_string,
    cn,
    dns,
    extension,
    extensions,
    integer,
    octets,
    odd_number,
    oid,
    private_pem,
    rdn,
    rsa_spki,
    seq,
    tlv,
)

_VERSION, _CLIENT = "1.3.6.1.4.1.311.13.2.3", "1.3.6.1.4.1.311.21.20"
_PROVIDER, _CHALLENGE = "1.3.6.1.4.1.311.13.2.2", "1.2.840.113549.1.9.7"
_USAGES = (
    extension("2.5.29.15", tlv(0x03, b"\x04\xf0"), CRITICAL),
    extension("2.5.29.37", seq(oid("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.14", octets(bytes(range(20)))),
)
_SUBJECT = tuple(
    rdn(kind, value)
    for kind, value in (
        ("2.5.4.6", "NL"),
        ("2.5.4.8", "Zuid-Holland"),
        ("2.5.4.7", "Rotterdam"),
        ("2.5.4.10", "Example"),
        ("2.5.4.11", "IT"),
        ("2.5.4.3", "www.example.com"),
    )
)


def _of_windows(listed: str, *more: bytes) -> list[bytes]:
    """The attributes that a Windows server adds, in the order of a DER set."""
    provider = seq(integer(1), tlv(0x1E, "Microsoft RSA SChannel".encode("utf-16-be")), bit_string(bytes(64)))
    client = seq(
        integer(5),
        tlv(0x0C, b"web01.example.com"),
        tlv(0x0C, b"EX\\administrator"),
        tlv(0x0C, b"InetMgr.exe"),
    )
    attributes = [
        attribute(_VERSION, tlv(0x16, b"10.0.20348.2")),
        attribute(_CLIENT, client),
        attribute(_PROVIDER, provider),
        extensions(*_USAGES, *more, kind=listed),
    ]
    return sorted(attributes)


def written(workshop: Workshop) -> Iterator[Sample]:
    """Good and bad ones, each with its verdict."""
    names = dns("www.example.com", "example.com")
    good = {
        "Windows, names in PKCS #9's attribute": workshop.csr(
            *_of_windows(EXTENSION_REQUEST, names), subject=_SUBJECT
        ),
        "Windows, names in Microsoft's attribute": workshop.csr(
            *_of_windows(MICROSOFT_EXTENSIONS, names), subject=_SUBJECT
        ),
        "Windows, a common name only": workshop.csr(*_of_windows(EXTENSION_REQUEST), subject=_SUBJECT),
        "names in both attributes, once each": workshop.csr(
            *sorted((extensions(names), extensions(*_USAGES, kind=MICROSOFT_EXTENSIONS)))
        ),
        "text of 32 bits a letter": workshop.csr(
            subject=(rdn("2.5.4.10", "Łódź".encode("utf-32-be"), 0x1C), cn("a.example.com"))
        ),
        "an unknown attribute": workshop.csr(attribute("1.3.6.1.4.1.99999.7", seq(NULL))),
    }
    key = private_pem(workshop.ec).encode()
    bad = {
        "a private key as challenge password": workshop.csr(attribute(_CHALLENGE, tlv(0x0C, key))),
        "a private key as organization": workshop.csr(subject=(rdn("2.5.4.10", key), cn("www.example.com"))),
        "names in both attributes": workshop.csr(
            *sorted((extensions(names), extensions(names, kind=MICROSOFT_EXTENSIONS)))
        ),
        "the same extension twice": workshop.csr(extensions(*_USAGES, *_USAGES)),
        "an attribute twice": workshop.csr(extensions(names), extensions(*_USAGES)),
        "a CA in Microsoft's attribute": workshop.csr(
            extensions(extension("2.5.29.19", seq(b"\x01\x01\xff")), kind=MICROSOFT_EXTENSIONS)
        ),
        "a control character in the subject": workshop.csr(
            subject=(rdn("2.5.4.10", "A\x00B"), cn("www.example.com"))
        ),
        "a NUL in a name": workshop.csr(extensions(dns(b"www.example.com\x00.example.org"))),
        "a line break in a name": workshop.csr(extensions(dns(b"www.example.com\r\nexample.org"))),
        "a blank in a name": workshop.csr(extensions(dns(b"www.example.com "))),
        "UTF-8 in a name": workshop.csr(extensions(dns("bücher.example.com"))),
        "an empty list of names": workshop.csr(extensions(dns())),
        "a common name of 65 letters": workshop.csr(subject=(cn("a" * 49 + ".b.example.com..."),)),
        "version 1": workshop.csr(version=b"\x02\x01\x02"),
        "attributes out of order": workshop.csr(*reversed(_of_windows(EXTENSION_REQUEST, names))),
        "an exponent of 1": workshop.csr(spki=rsa_spki(odd_number(2048), 1)),
        "16384 bits": workshop.csr(spki=rsa_spki(odd_number(16_384))),
        "an even modulus": workshop.csr(spki=rsa_spki(odd_number(2048) - 1)),
        "an identifier of 35,000 bits": workshop.csr(
            attribute("1.2.3", tlv(0x06, b"\xff" * 4_999 + b"\x7f"))
        ),
        "nested 200 deep": workshop.csr(attribute("1.2.3", _nested(200))),
        "a critical flag spelled out": workshop.csr(
            extensions(extension(SAN, seq(tlv(0x82, b"a.example.com")), b"\x01\x01\x00"))
        ),
        "another key's signature": workshop.csr(key=workshop.ec, spki=rsa_spki(odd_number(2048))),
    }
    for name, der in good.items():
        yield Sample("written here, good", name, armoured(der), acceptable=True)
    for name, der in bad.items():
        yield Sample("written here, bad", name, armoured(der), acceptable=False)


def _nested(depth: int) -> bytes:
    data = NULL
    for _ in range(depth):
        data = seq(data)
    return data
