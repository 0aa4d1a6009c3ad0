"""Certificates and the CAs that issue them, together in the issuance table."""

from partner_center.adapters import keys
from partner_center.adapters.certificate_store import DynamoDbCertificates
from partner_center.adapters.dynamodb import Item, Put
from partner_center.issuance.profile import IssuingCa, SignatureAlgorithm


class DynamoDbIssuanceStore(DynamoDbCertificates):
    """Implements `CertificateStore` and `IssuingCaStore`."""

    def issuing_ca(self, issuer_id: str) -> IssuingCa | None:
        item = self._database.get(self._table, keys.issuing_ca(issuer_id))
        return _issuing_ca(item) if item else None

    def issuing_cas(self) -> tuple[IssuingCa, ...]:
        items = self._database.all_of(self._table, keys.issuing_ca("").pk, keys.issuing_ca("").sk)
        return tuple(_issuing_ca(item) for item in items)

    def add_issuing_ca(self, issuing_ca: IssuingCa) -> IssuingCa:
        put = Put(
            self._table,
            keys.issuing_ca(issuing_ca.issuer_id),
            {
                "issuer_id": issuing_ca.issuer_id,
                "certificate_der": issuing_ca.certificate_der,
                "root_der": issuing_ca.root_der,
                "key_id": issuing_ca.key_id,
                "signature_algorithm": issuing_ca.signature_algorithm,
                "aia_url": issuing_ca.aia_url,
                "crl_url": issuing_ca.crl_url,
                "active": issuing_ca.active,
            },
            _IssuerExists,
        )
        try:
            self._database.write(put)
        except _IssuerExists as found:
            return found.issuing_ca
        return issuing_ca


class _IssuerExists(Exception):
    """Carries the issuing CA that was there first."""

    def __init__(self, item: Item | None) -> None:
        super().__init__()
        self.issuing_ca = _issuing_ca(item or {})


def _issuing_ca(item: Item) -> IssuingCa:
    return IssuingCa(
        issuer_id=item["issuer_id"],
        certificate_der=bytes(item["certificate_der"]),
        root_der=bytes(item["root_der"]),
        key_id=item["key_id"],
        signature_algorithm=SignatureAlgorithm(item["signature_algorithm"]),
        aia_url=item["aia_url"],
        crl_url=item["crl_url"],
        active=item["active"],
    )
