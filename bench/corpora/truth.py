"""Should this text be accepted as a CSR? The rules again, from the other side.

Written from the rules, not from the gate: bytes are compared with their own re-encoding; signatures, keys and
extensions are read by `cryptography`, the openssl command and the whole of badkeys; names by the packages behind
`truth_names`. Where the two disagree one of them is wrong, and it is looked into.
"""

import base64
import binascii
import re
import shutil
import subprocess
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import iso3166
from badkeys import checks as badkeys
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from bench.corpora.samples import armoured
from bench.corpora.truth_der import NotBer, Value, dotted, is_der, read, text_of
from bench.corpora.truth_names import as_issued, name_objection

_LONGEST_TEXT = 65_536
_MOST_NAMES = 100
_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_HASHES = ("sha224", "sha256", "sha384", "sha512", "sha3-224", "sha3-256", "sha3-384", "sha3-512")
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_REQUESTS = ("1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14")
_SAN, _BASIC, _USAGE, _PURPOSES = "2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37"
_TLS_FEATURES = "1.3.6.1.5.5.7.1.24"
_NEVER = re.compile(
    r"2\.5\.29\.(30|33|36|54)|1\.3\.6\.1\.4\.1\.(311\.21\.1|11129\.2\.4\.[23])|1\.3\.6\.1\.5\.5\.7\.(1\.31|48\.1\.5)"
)
_KNOWN = re.compile(
    r"2\.5\.29\.(9|14|15|16|17|18|19|31|32|35|37|46)|1\.3\.6\.1\.5\.5\.7\.1\.(1|11|24)"
    r"|1\.3\.6\.1\.4\.1\.311\.(20\.2|21\.7|21\.10)|1\.2\.840\.113549\.1\.9\.15|2\.16\.840\.1\.113730\.1\.(1|13)"
)
_BOUNDS = {"2.5.4.7": 128, "2.5.4.8": 128, "2.5.4.9": 128, "2.5.4.13": 1024, "2.5.4.15": 128, "2.5.4.17": 40}
_BOUNDS |= dict.fromkeys(
    ("2.5.4.3", "2.5.4.4", "2.5.4.5", "2.5.4.10", "2.5.4.11", "2.5.4.12", "2.5.4.42"), 64
)
_BOUNDS |= {"0.9.2342.19200300.100.1.1": 256, "0.9.2342.19200300.100.1.25": 63}
_BOUNDS |= {"1.3.6.1.4.1.311.60.2.1.1": 128, "1.3.6.1.4.1.311.60.2.1.2": 128}
_COUNTRY, _COMMON_NAME = ("2.5.4.6", "1.3.6.1.4.1.311.60.2.1.3"), "2.5.4.3"
_FILLER = re.compile(r"[\W_]*|n/?a|n\.a\.|none|nil|null|unknown|undefined|not applicable", re.IGNORECASE)
_WEAKNESSES = tuple(set(badkeys.defaultchecks) - {"blocklist"} - set(badkeys.warningchecks))


@dataclass(frozen=True, slots=True)
class Truth:
    """Why the text must be refused, or None; and the names that a certificate for it would have."""

    objection: str | None
    names: frozenset[str] = frozenset()


class _Refuse(Exception):
    """The reason is its text."""


def truth(text: str) -> Truth:
    """The verdict of the rules on a text sent as a CSR, block lists aside."""
    try:
        der = _der(text)
        request = _structure(der)
        names = frozenset(_names(request.subject, request.extensions))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _signature(der)
        return Truth(None, names)
    except _Refuse as reason:
        return Truth(str(reason))
    except NotBer as reason:
        return Truth(f"no DER: {reason}")


def _der(text: str) -> bytes:
    if len(text) > _LONGEST_TEXT:
        raise _Refuse("too long")
    text = re.sub("^(\ufeff|\u00ef\u00bb\u00bf)", "", text)
    marks = re.findall(r"-----(?:BEGIN|END)\b[^\n]*?-----", text)
    if marks:
        label = next((each for each in _LABELS if marks[0] == f"-----BEGIN {each}-----"), "")
        if marks != [f"-----BEGIN {label}-----", f"-----END {label}-----"]:
            raise _Refuse("not one CSR")
        before, body, behind = re.split("|".join(map(re.escape, marks)), text)
        if behind.strip(" \t\r\n") or not re.match(r"\s*($|Certificate Request:\s+Data:\s)", before):
            raise _Refuse("text beside the CSR")
    else:
        body = text
    compact = re.sub("[ \t\r\n]", "", body)
    try:
        der = base64.b64decode(compact.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise _Refuse("no base64") from None
    if base64.b64encode(der).decode() != compact:
        raise _Refuse("base64 with spare bits")
    if b"PRIVATE KEY" in der:
        raise _Refuse("a private key within")
    return der


@dataclass(frozen=True, slots=True)
class _Extension:
    kind: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class _Structure:
    subject: Sequence[tuple[str, str]]
    extensions: Sequence[_Extension]


def _structure(der: bytes) -> _Structure:
    if not is_der(der):
        raise _Refuse("no DER")
    information = _parts(_exactly(_parts(read(der), 16), 3)[0], 16)
    if len(information) not in (3, 4) or information[0] != Value(0, 2, b"\x00", None):
        raise _Refuse("no request of version 0")
    subject = [_pair(one) for group in _parts(information[1], 16) for one in _parts(group, 17)]
    if any(not group.parts for group in _parts(information[1], 16)):
        raise _Refuse("an empty part of the subject")
    _judge_subject(subject)
    extensions = list(_extensions(information[3] if len(information) == 4 else None))
    if len({each.kind for each in extensions}) < len(extensions):
        raise _Refuse("an extension twice")
    for each in extensions:
        _judge_extension(each)
    return _Structure(subject, extensions)


def _parts(value: Value, number: int) -> Sequence[Value]:
    if not value.is_universal(number) or value.parts is None:
        raise _Refuse("another structure than a request has")
    return value.parts


def _pair(value: Value) -> tuple[str, str]:
    kind, text = _exactly(_parts(value, 16), 2)
    return dotted(kind), text_of(text)


def _exactly(parts: Sequence[Value], count: int) -> Sequence[Value]:
    if len(parts) != count:
        raise _Refuse("another structure than a request has")
    return parts


def _judge_subject(subject: Sequence[tuple[str, str]]) -> None:
    if sum(kind == _COMMON_NAME for kind, _ in subject) > 1:
        raise _Refuse("two common names")
    for kind, value in subject:
        if any(
            unicodedata.category(letter) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp") for letter in value
        ):
            raise _Refuse("a control character in the subject")
        if kind in _COUNTRY:
            if value.upper() not in iso3166.countries_by_alpha2:
                raise _Refuse("an unknown country")
        elif _FILLER.fullmatch(value.strip()) or len(value) > _BOUNDS.get(kind, 255):
            raise _Refuse("a filler or an over-long value in the subject")


def _extensions(attributes: Value | None) -> Iterator[_Extension]:
    if attributes is None:
        return
    if (attributes.kind, attributes.number) != (2, 0) or attributes.parts is None:
        raise _Refuse("another structure than a request has")
    seen = set()
    for attribute in attributes.parts:
        kind, values = _exactly(_parts(attribute, 16), 2)
        if dotted(kind) in seen or not _parts(values, 17):
            raise _Refuse("an attribute twice, or without a value")
        seen.add(dotted(kind))
        if dotted(kind) in _REQUESTS:
            (listed,) = _exactly(_parts(values, 17), 1)
            yield from map(_extension, _parts(listed, 16))


def _extension(value: Value) -> _Extension:
    parts = _parts(value, 16)
    if not 2 <= len(parts) <= 3:
        raise _Refuse("an extension of another structure")
    kind, *flag, content = parts
    if not content.is_universal(4) or any(each != Value(0, 1, b"\xff", None) for each in flag):
        raise _Refuse("an extension of another structure")
    return _Extension(dotted(kind), bool(flag), content.content)


def _judge_extension(extension: _Extension) -> None:
    if not is_der(extension.value):
        raise _Refuse("an extension that is no DER")
    if _NEVER.fullmatch(extension.kind):
        raise _Refuse("an extension that no server certificate has")
    if extension.critical and not _KNOWN.fullmatch(extension.kind):
        raise _Refuse("an unknown critical extension")
    if not _KNOWN.fullmatch(extension.kind) or extension.kind.startswith(("1.3.6.1.4.1.311", "2.16")):
        return
    if extension.kind == _TLS_FEATURES:  # `cryptography` reads only those that have a name
        if not all(each.is_universal(2) for each in _parts(read(extension.value), 16)):
            raise _Refuse("features of TLS that are no numbers")
        return
    try:
        read_value = _decoded(extension)
    except ValueError:
        raise _Refuse("an extension that cannot be decoded") from None
    if isinstance(read_value, x509.BasicConstraints) and (
        read_value.ca or read_value.path_length is not None
    ):
        raise _Refuse("a CA's basic constraints")
    if isinstance(read_value, x509.KeyUsage) and (read_value.key_cert_sign or read_value.crl_sign):
        raise _Refuse("a CA's key usage")
    if isinstance(read_value, x509.ExtendedKeyUsage):
        purposes = {purpose.dotted_string for purpose in read_value}
        if purposes & {"1.3.6.1.5.5.7.3.9", "1.3.6.1.4.1.11129.2.4.4"}:
            raise _Refuse("the purpose of a CA or a log")


def _decoded(extension: _Extension) -> x509.ExtensionType:
    """The extension alone in a request, as `cryptography` reads it. Raises ValueError."""
    alone = x509.UnrecognizedExtension(x509.ObjectIdentifier(extension.kind), extension.value)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    der = (
        builder.add_extension(alone, critical=False)
        .sign(_any_key(), None)
        .public_bytes(serialization.Encoding.DER)
    )
    value: x509.ExtensionType = x509.load_der_x509_csr(der).extensions[0].value
    return value


@cache
def _any_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def _names(subject: Sequence[tuple[str, str]], extensions: Sequence[_Extension]) -> Iterator[str]:
    given = [value for kind, value in subject if kind == _COMMON_NAME]
    for extension in extensions:
        if extension.kind == _SAN:
            given += _alternative_names(extension.value)
    if not given:
        raise _Refuse("no name")
    for text in dict.fromkeys(given):
        objection = name_objection(text)
        issued = as_issued(text)
        if objection or issued is None:
            raise _Refuse(f"a name: {objection}")
        yield issued
    if len({as_issued(text) for text in given}) > _MOST_NAMES:
        raise _Refuse("too many names")


def _alternative_names(value: bytes) -> Iterator[str]:
    listed = _parts(read(value), 16)
    if not listed:
        raise _Refuse("a list of no names")
    for name in listed:
        if name.kind != 2 or name.number not in (1, 2) or name.parts is not None:
            raise _Refuse("another name than a DNS name")
        if name.number == 2:
            if not name.content.isascii():
                raise _Refuse("a DNS name that is not ASCII")
            yield name.content.decode("ascii")


def _signature(der: bytes) -> None:
    try:
        request = x509.load_der_x509_csr(der)
        key = request.public_key()
        used = request.signature_hash_algorithm
        valid = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, TypeError):
        raise _Refuse("a key or signature that cannot be read") from None
    _judge_key(key, der)
    if used is None or used.name not in _HASHES:
        raise _Refuse("a signature over a broken hash")
    if not valid or not _valid_for_openssl(der):
        raise _Refuse("a signature that does not fit")
    weak = badkeys.detectandcheck(armoured(der), checks=_WEAKNESSES)
    if weak["results"]:
        raise _Refuse(f"a weak key: {', '.join(weak['results'])}")


def _judge_key(key: object, der: bytes) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        if not 2048 <= key.key_size <= 8192 or key.key_size % 8:
            raise _Refuse("an RSA key of another size")
        exponent = key.public_numbers().e
        if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 256:
            raise _Refuse("another exponent")
    elif not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise _Refuse("another kind of key")
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_bytes(serialization.Encoding.DER, spki) not in der:
        raise _Refuse("a key in another encoding than its one")


@cache
def _openssl() -> str | None:
    return shutil.which("openssl")


def _valid_for_openssl(der: bytes) -> bool:
    """Whether openssl verifies the signature too, as far as it is there and knows the algorithm."""
    command = _openssl()
    if command is None:
        return True
    asked = [command, "req", "-inform", "DER", "-verify", "-noout"]
    done = subprocess.run(asked, input=der, capture_output=True, check=False)
    said = done.stderr + done.stdout
    return b"verify OK" in said or b"unknown signature algorithm" in said
