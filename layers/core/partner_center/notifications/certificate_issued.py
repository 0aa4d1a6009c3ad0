"""The mail that brings the technical contact the certificate and says how to install it (M10)."""

import base64
import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime

from partner_center.notifications.install_guides import CertificateFiles, file_stem, install_guides
from partner_center.notifications.mail import Attachment, Mail
from partner_center.notifications.one_line import one_line
from partner_center.notifications.render import MAIL_TEMPLATES, render

_PEM = "application/pem-certificate-chain"  # RFC 8555 9.1
_P7B = "application/x-pkcs7-certificates"


@dataclass(frozen=True, slots=True)
class CertificateIssuedFacts:
    """What the technical contact is told.

    `leaf_pem` is the certificate alone, `chain_pem` the intermediates without the root, `pkcs7_der` both as a
    certificates-only PKCS#7. `serial_hex` is lower-case. `common_name` is None where the certificate has none
    (BR 7.1.4.3: above 64 characters). `term_ends` is the end of the order's term, which one certificate need
    not cover. `previous_ends` is when what this one takes the place of is revoked, if it is.
    """

    technical_name: str
    technical_email: str
    order_id: str
    partner_order_id: str | None
    product_name: str
    brand: str
    level: str
    reseller_name: str
    common_name: str | None
    names: tuple[str, ...]
    serial_hex: str
    not_before: datetime
    not_after: datetime
    term_ends: datetime
    leaf_pem: str
    chain_pem: str
    pkcs7_der: bytes
    support_contact: str
    previous_ends: datetime | None = None


def certificate_issued_mail(facts: CertificateIssuedFacts, sender: str, message_id: str) -> Mail:
    """The mail for the technical contact, with the certificate in its text and as four files.

    The files end in `.pem` and `.p7b`: SES refuses a mail with a file named `.crt`, `.cer` or `.der`, and
    Outlook hides such files.
    """
    name = facts.common_name or facts.names[0]
    files = CertificateFiles.named(file_stem(name))
    leaf, chain = _tidy(facts.leaf_pem), _tidy(facts.chain_pem)
    told = asdict(facts) | {
        "name": name,
        "leaf_pem": leaf,
        "chain_pem": chain,
        "sha256": _fingerprint(leaf),
        "guides": install_guides(name, files, _thumbprint(leaf)),
        "files": files,
    }
    return Mail(
        message_id=message_id,
        sender=sender,
        to=(facts.technical_email,),
        reply_to=None,
        subject=f"Your certificate for {one_line(name)} has been issued",
        text=render(MAIL_TEMPLATES, "certificate_issued.txt.j2", **told),
        html=render(MAIL_TEMPLATES, "certificate_issued.html.j2", **told),
        attachments=(
            Attachment(files.leaf, _PEM, leaf.encode("ascii")),
            Attachment(files.chain, _PEM, chain.encode("ascii")),
            Attachment(files.fullchain, _PEM, (leaf + chain).encode("ascii")),
            Attachment(files.pkcs7, _P7B, facts.pkcs7_der),
        ),
    )


def _tidy(pem: str) -> str:
    """PEM with line feeds, one at the end, so that blocks can be put one behind the other."""
    return "\n".join(line.strip() for line in pem.strip().splitlines()) + "\n"


def _der(pem: str) -> bytes:
    return base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-----")))


def _fingerprint(pem: str) -> str:
    return hashlib.sha256(_der(pem)).hexdigest()


def _thumbprint(pem: str) -> str:
    """What Windows calls a certificate by: SHA-1, of which nothing but the lookup in its store depends."""
    return hashlib.sha1(_der(pem), usedforsecurity=False).hexdigest().upper()
