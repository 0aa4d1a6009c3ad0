"""Private keys where none may be: found in any text, refused, and the key behind them blocked (incident of 2018).

Nothing here returns, logs or raises with a piece of the text: callers get a yes, or the hash of the public half.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from partner_center.orders.der import INTEGER, OCTET_STRING, OID, SEQUENCE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers

_SHORTEST = 20
_KEYS_TRIED = 8
_LAYERS = 4
_LARGEST_RSA = 8192  # bits; no larger key can have been certified
_LARGEST_DER = 16 * 1024

_ESCAPE = re.compile(r"\\{1,4}(?:u00([0-9a-f]{2})|x([0-9a-f]{2})|([nrt/\"]))|%([0-9a-f]{2})", re.IGNORECASE)
_ESCAPED_LETTERS = {"n": "\n", "r": "\n", "t": " "}
_SPACE = re.compile(r"\s+")

_GAP = r"[\s+_]{0,4}"
_ARMOUR = re.compile(
    rf"--{_GAP}BEGIN[A-Z0-9\s+_]{{0,40}}?PRIVATE{_GAP}KEY"  # PEM, PGP, OpenSSH, SSH2
    r"|PuTTY-User-Key-File-\d|Private-Lines:"
    r"|\bprivateExponent:|\bprime1:|AGE-SECRET-KEY-1"  # what `openssl rsa -text` prints; age
    r"|<D>[A-Za-z0-9+/=\s]{40,}</D>"  # XML of .NET
    r"|\"[dk]\"\s*:\s*\"[A-Za-z0-9_-]{32,}={0,2}\"",  # JSON Web Key
    re.IGNORECASE,
)
_TELLING_BASE64 = (
    "b3BlbnNzaC1rZXktd",  # «openssh-key-v1»
    "/u3+7QAAAA",  # a Java key store
    # Password-based encryption of PKCS #5 and #12: the identifier at each of its three places in base64.
    *("KoZIhvcNAQU", "qGSIb3DQEF", "hkiG9w0BBQ"),
    *("KoZIhvcNAQwB", "qGSIb3DQEMA", "hkiG9w0BDA"),
)
# DER as base64: SEQUENCE with a long, middle or short length, then INTEGER 0, 1 or 3, then another element.
_DER_START = re.compile(
    r"MI[I-L][A-Za-z0-9+/_-]{2}[AQgw]IBA[ADQTz]"
    r"|MI[GH][A-Za-z0-9+/_-]AgE[ABD][ABM]"
    r"|M[A-H][AEIMQUYcgkosw048]CAQ[AEM][CEw]"
)
_HEX_START = re.compile(
    r"30(?:82[0-9a-f]{4}|81[0-9a-f]{2}|[0-7][0-9a-f])0201"
    r"(?:000282|000281|0030(?:0d06|1[0-9a-f]06|0506)|010420|010430|010442)",
    re.IGNORECASE,
)
_ENCODED_ARMOUR = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{12,}={0,2}")  # base64 of «-----BEGIN»
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/]+")
_OPENSSH_RUN = re.compile(r"b3BlbnNzaC1rZXktd[A-Za-z0-9+/]+={0,2}")


def contains_private_key(text: str) -> bool:
    """Whether private key material stands anywhere in `text`, whole or begun, plain, escaped or encrypted.

    Knows PEM and its relatives, JSON Web Keys, and bare PKCS #1, #8, #12 and SEC 1 in base64 or hexadecimal.
    """
    if len(text) < _SHORTEST:
        return False
    return any(_holds_key(layer) for layer in _layers(text))


def private_key_spkis(text: str) -> tuple[str, ...]:
    """SHA-256 (hex) of the SubjectPublicKeyInfo of each whole, unencrypted and consistent RSA or EC key in `text`.

    A key whose halves do not belong together is left out: it proves nothing about the public one (incident of 2017).
    """
    found: dict[str, None] = {}
    for layer in _layers(text):
        compact = _SPACE.sub("", layer)
        for tried, key in enumerate(_loadable_keys(compact)):
            if tried == _KEYS_TRIED:
                break
            spki = _public_half(key)
            if spki is not None:
                found[hashlib.sha256(spki).hexdigest()] = None
    return tuple(found)


def private_key_spki(text: str) -> str | None:
    """The first of `private_key_spkis`, or None."""
    return next(iter(private_key_spkis(text)), None)


def _layers(text: str) -> Iterator[str]:
    """The text without escapes (JSON, URL), then PEM that base64 hides once more (as in Kubernetes secrets)."""
    plain = _ESCAPE.sub(_unescaped, text)
    yield plain
    for count, match in enumerate(_ENCODED_ARMOUR.finditer(_SPACE.sub("", plain))):
        if count == _LAYERS:
            return
        yield _decoded(match[0]).decode("latin-1")


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[4]
    if code:
        return chr(int(code, 16))
    return _ESCAPED_LETTERS.get(match[3], match[3])


def _holds_key(text: str) -> bool:
    if _ARMOUR.search(text):
        return True
    compact = _SPACE.sub("", text)
    if any(sign in compact for sign in _TELLING_BASE64) or _HEX_START.search(compact.replace(":", "")):
        return True
    return any(_begins_private_key(_decoded(compact[at : at + 80])) for at in _starts(compact))


def _starts(compact: str) -> Iterator[int]:
    return (match.start() for match in _DER_START.finditer(compact))


def _begins_private_key(der: bytes) -> bool:
    """Whether what `_DER_START` found (a SEQUENCE that begins with INTEGER 0, 1 or 3) goes on like a private key."""
    _, start, _ = _header(der, 0)
    version = int.from_bytes(der[start + 2 : start + 3])
    tag, body, length = _header(der, start + 3)
    if tag == SEQUENCE:  # PKCS #8 and #12; the parameters of a curve look alike, but no OCTET STRING follows
        begins_with_type = der[body : body + 1] == bytes((OID,))
        behind = der[body + length : body + length + 1]
        return begins_with_type and (version != 1 or behind == bytes((OCTET_STRING,)))
    if version == 1:  # SEC 1
        return tag == OCTET_STRING and 16 <= length <= 66
    return tag == INTEGER and length >= 64  # PKCS #1


def _header(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start of the content and its length, of which the content may be cut off; zeros where nothing stands."""
    if len(der) < at + 2:
        return 0, at, 0
    length = der[at + 1]
    if length < 0x80:
        return der[at], at + 2, length
    size = length & 0x7F
    return der[at], at + 2 + size, int.from_bytes(der[at + 2 : at + 2 + size], "big")


def _loadable_keys(compact: str) -> Iterator[bytes]:
    """Each candidate as the bytes that `_public_half` loads: DER, or the text of an OpenSSH file."""
    for at in _starts(compact):
        head = _decoded(compact[at : at + 80])
        if not _begins_private_key(head):
            continue
        _, start, length = _header(head, 0)
        size = start + length
        if size <= _LARGEST_DER:
            yield _decoded(compact[at : at + (size + 2) // 3 * 4])[:size]
    for match in _OPENSSH_RUN.finditer(compact):
        lines = "\n".join(match[0][at : at + 70] for at in range(0, min(len(match[0]), 2 * _LARGEST_DER), 70))
        armour = "-----{} OPENSSH PRIVATE KEY-----\n"
        yield f"{armour.format('BEGIN')}{lines}\n{armour.format('END')}".encode()


def _decoded(base64_text: str) -> bytes:
    """The bytes of the longest prefix that is base64, in the alphabet of RFC 4648, 4 or 5."""
    run = _BASE64_RUN.match(base64_text.replace("-", "+").replace("_", "/"))
    text = run[0] if run else ""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:  # one letter too many or too few at the end
        return base64.b64decode(text[: len(text) // 4 * 4])


def _public_half(key: bytes) -> bytes | None:
    """The SubjectPublicKeyInfo of a private key whose halves belong together."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - needed once in a blue moon
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415

    try:
        private = (
            serialization.load_ssh_private_key(key, None, unsafe_skip_rsa_key_validation=True)
            if key.startswith(b"-")
            else serialization.load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True)
        )
        if isinstance(private, rsa.RSAPrivateKey):
            consistent = private.key_size <= _LARGEST_RSA and _rsa_consistent(private.private_numbers())
        elif isinstance(private, ec.EllipticCurvePrivateKey):
            derived = ec.derive_private_key(private.private_numbers().private_value, private.curve)
            consistent = derived.public_key() == private.public_key()
        else:
            return None
    except (ValueError, TypeError, UnsupportedAlgorithm):  # unreadable, encrypted, unknown kind
        return None
    if not consistent:
        return None
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _rsa_consistent(numbers: "RSAPrivateNumbers") -> bool:
    # Who knows the factors and a fitting exponent of the modulus has the key; whether the factors are prime does
    # not matter, for nobody can factor another's modulus otherwise.
    p, q, public = numbers.p, numbers.q, numbers.public_numbers
    product = numbers.d * public.e
    return min(p, q) > 1 and p * q == public.n and product % (p - 1) == 1 and product % (q - 1) == 1
