from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from partner_center.notifications.certificate_issued import CertificateIssuedFacts
from tests.fakes.reminding import Reminding
from tests.unit.notifications.facts import NOON
from tests.unit.notifications.reminded import MORNING


def _certificate(
    common_name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
):
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(0x0ABCDEF0123456789)
        .not_valid_before(NOON)
        .not_valid_after(NOON + timedelta(days=199, seconds=-1))
        .sign(signer, hashes.SHA256())
    )


@pytest.fixture(scope="session")
def chain() -> list[x509.Certificate]:
    """A leaf and two intermediates."""
    leaf, near, far = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    return [
        _certificate("www.example.com", leaf, "Near CA", near),
        _certificate("Near CA", near, "Far CA", far),
        _certificate("Far CA", far, "Root CA", far),
    ]


@pytest.fixture(scope="session")
def usual_issued(chain) -> CertificateIssuedFacts:
    leaf, *intermediates = chain
    return CertificateIssuedFacts(
        technical_name="Åsa Lindqvist",
        technical_email="asa@example.com",
        order_id="ord_01kapm3y8qv5d8r2x7c4n9b1zt",
        partner_order_id="PO-2026-1184",
        product_name="QuickSSL Premium",
        brand="GeoTrust",
        level="DV",
        reseller_name="Nordic Hosting AB",
        common_name="www.example.com",
        names=("www.example.com", "example.com", "xn--bcher-kva.example.com"),
        serial_hex="abcdef0123456789",
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        term_ends=NOON + timedelta(days=365),
        leaf_pem=leaf.public_bytes(Encoding.PEM).decode(),
        chain_pem="".join(each.public_bytes(Encoding.PEM).decode() for each in intermediates),
        pkcs7_der=pkcs7.serialize_certificates(chain, Encoding.DER),
        support_contact="support@partners.example.net",
    )


@pytest.fixture
def issued(usual_issued):
    """The facts of an issued certificate, with changes."""

    def changed(**changes: object) -> CertificateIssuedFacts:
        return replace(usual_issued, **changes)  # type: ignore[arg-type]

    return changed


@pytest.fixture
def office():
    office = Reminding()
    office.issued("www.example.com", "*.example.com", partner_order_id="PO-7")
    office.at(MORNING)
    return office
