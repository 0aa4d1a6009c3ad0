"""A CSR, read strictly: text, DER, subject, extensions, self-signature; what is wrong with it is told all at once.

Whether its key and its names may be certified is judged by `key_gate` and `names_gate`.
"""

import hashlib
from dataclasses import dataclass

from partner_center.kernel.errors import Problem
from partner_center.orders.csr_extensions import read_extensions
from partner_center.orders.csr_pem import NotOneCsr, der_of
from partner_center.orders.csr_signature import read_signature
from partner_center.orders.csr_structure import read_outline
from partner_center.orders.csr_subject import common_names, read_subject, subject_problems
from partner_center.orders.der import NotDer
from partner_center.orders.private_keys import contains_private_key, private_key_spki, private_key_spkis
from partner_center.orders.public_key import KeyFacts, read_public_key

__all__ = ["Csr", "CsrReading", "KeyFacts", "contains_private_key", "private_key_spki", "read_csr"]

_MAKE_ANOTHER = "Make a new CSR with common software and send it unchanged."


@dataclass(frozen=True, slots=True)
class Csr:
    """What a CSR holds, as given; to be relied on only if its reading has no problems.

    `spki_sha256` is hexadecimal; `signature_hash` as in `sha256`; `subject` pairs of short name (or dotted type) and
    value in order, parts included that no certificate will carry; `dns_names` in order, repeats included.
    """

    der: bytes
    spki_der: bytes
    spki_sha256: str
    key: KeyFacts
    signature_hash: str
    subject: tuple[tuple[str, str], ...]
    common_name: str | None
    dns_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsrReading:
    """A CSR is acceptable, its key and names aside, exactly when there are no problems.

    `csr` is there whenever the request could be taken apart, so that the rest can be examined and shown too.
    `exposed` are the SHA-256 (hex) of the SPKI of private keys that hide within the request.
    """

    csr: Csr | None
    problems: tuple[Problem, ...]
    exposed: tuple[str, ...] = ()


def read_csr(text: str, field: str = "/csr") -> CsrReading:
    """Read the text of one CSR (PEM; at most 64 Ki characters). Never raises, whatever the text.

    An unusable key, where it prevents the self-signature from being checked, is reported in the very words of
    `key_gate.key_problems`: equal problems, of which one may be dropped.
    """
    if contains_private_key(text):
        return CsrReading(None, (_private_key(field),))
    try:
        der = der_of(text)
        # A key can also hide within the request, in a challenge password for instance.
        if contains_private_key(hidden := der.decode("latin-1")):
            return CsrReading(None, (_private_key(field),), private_key_spkis(hidden))
        return _read(der, field)
    except NotOneCsr as reason:
        return CsrReading(None, (Problem("csr_malformed", str(reason), field),))
    except NotDer as reason:
        detail = f"The CSR cannot be read: {reason}. {_MAKE_ANOTHER}"
        return CsrReading(None, (Problem("csr_malformed", detail, field),))


def _read(der: bytes, field: str) -> CsrReading:
    outline = read_outline(der)
    subject = read_subject(outline.subject)
    extensions = read_extensions(outline.attributes, field)
    spki = outline.spki.raw
    key = read_public_key(spki, field)
    signature = read_signature(der, outline.signature_algorithm, key, field)
    csr = Csr(
        der=der,
        spki_der=spki,
        spki_sha256=hashlib.sha256(spki).hexdigest(),
        key=key.facts,
        signature_hash=signature.hash_name,
        subject=subject,
        common_name=next(iter(common_names(subject)), None),
        dns_names=extensions.dns_names,
    )
    problems = (*signature.problems, *subject_problems(subject, field), *extensions.problems)
    return CsrReading(csr, tuple(dict.fromkeys(problems)))


def _private_key(field: str) -> Problem:
    return Problem(
        "csr_contains_private_key",
        "This field holds a private key. It was not stored, but treat the key as exposed: make a new key and a CSR "
        "from it, and send the CSR alone.",
        field,
    )
