"""Certificates and the CAs that issue them, together in the issuance table."""

from datetime import datetime
from typing import Any

from partner_center.adapters import keys
from partner_center.adapters.certificate_store import DynamoDbCertificates
from partner_center.adapters.dynamodb import Item, Put, Update, as_read
from partner_center.issuance.profile import CaReason, IssuingCa, RootCa, SignatureAlgorithm
from partner_center.issuance.record import SerialTaken
from partner_center.kernel.clock import parse_rfc3339, rfc3339
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.kernel.level import Level


class DynamoDbIssuanceStore(DynamoDbCertificates):
    """Implements `CertificateStore` and `CaStore`."""

    def issuing_ca(self, issuer_id: str) -> IssuingCa | None:
        item = self._database.get(self._table, keys.issuing_ca(issuer_id))
        return _issuing_ca(item) if item else None

    def issuing_cas(self) -> tuple[IssuingCa, ...]:
        items = self._database.all_of(self._table, keys.issuing_ca("").pk, keys.issuing_ca("").sk)
        return tuple(_issuing_ca(item) for item in items)

    def add_issuing_ca(self, issuing_ca: IssuingCa) -> IssuingCa:
        key = keys.issuing_ca(issuing_ca.issuer_id)
        try:
            self._database.write(Put(self._table, key, _issuer_item(issuing_ca), _Exists))
        except _Exists as found:
            return _issuing_ca(found.item)
        return issuing_ca

    def change_issuing_ca(self, before: IssuingCa, after: IssuingCa) -> IssuingCa:
        update = Update(
            self._table,
            keys.issuing_ca(before.issuer_id),
            _changed,
            conditions=as_read(_service(before)),
            set={name: value for name, value in _service(after).items() if value is not None},
        )
        self._database.write(update)
        return after

    def root(self, root_id: str) -> RootCa | None:
        item = self._database.get(self._table, keys.root_ca(root_id))
        return _root(item) if item else None

    def roots(self) -> tuple[RootCa, ...]:
        items = self._database.all_of(self._table, keys.root_ca("").pk, keys.root_ca("").sk)
        return tuple(_root(item) for item in items)

    def add_root(self, root: RootCa) -> RootCa:
        try:
            self._database.write(Put(self._table, keys.root_ca(root.root_id), _root_item(root), _Exists))
        except _Exists as found:
            return _root(found.item)
        return root

    def record_ca_serial(self, serial_hex: str, tbs_der: bytes, subject: str, moment: datetime) -> None:
        attributes: dict[str, Any] = {"tbs_der": tbs_der, "subject": subject, "recorded_at": rfc3339(moment)}
        self._database.write(Put(self._table, keys.ca_serial(serial_hex), attributes, _taken))

    def take_crl_number(self, root: RootCa) -> None:
        self._database.write(
            Update(
                self._table,
                keys.root_ca(root.root_id),
                _taken,
                conditions=[("crl_number", "<", root.crl_number)],
                set={"crl_number": root.crl_number, "crl_ends": _text(root.crl_ends)},
            )
        )


class _Exists(Exception):
    """Carries the CA that was there first."""

    def __init__(self, item: Item | None) -> None:
        super().__init__()
        self.item = item or {}


def _changed(_: Item | None) -> ChangedMeanwhile:
    return ChangedMeanwhile("The CA changed meanwhile; look at it again.")


def _taken(_: Item | None) -> SerialTaken:
    return SerialTaken("This serial or CRL number was given before.")


def _issuer_item(issuing_ca: IssuingCa) -> dict[str, Any]:
    return {
        "issuer_id": issuing_ca.issuer_id,
        "certificate_der": issuing_ca.certificate_der,
        "root_der": issuing_ca.root_der,
        "key_id": issuing_ca.key_id,
        "signature_algorithm": issuing_ca.signature_algorithm,
        "aia_url": issuing_ca.aia_url,
        "crl_url": issuing_ca.crl_url,
        "active": issuing_ca.active,
        "level": issuing_ca.level,
        "revoked_at": _text(issuing_ca.revoked_at),
        "revocation_reason": issuing_ca.revocation_reason,
    }


def _service(issuing_ca: IssuingCa) -> dict[str, Any]:
    """What may change of it."""
    item = _issuer_item(issuing_ca)
    return {name: item[name] for name in ("active", "revoked_at", "revocation_reason")}


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
        level=Level(item["level"]) if "level" in item else None,
        revoked_at=_moment(item.get("revoked_at")),
        revocation_reason=CaReason(item["revocation_reason"]) if "revocation_reason" in item else None,
    )


def _root_item(root: RootCa) -> dict[str, Any]:
    return {
        "root_id": root.root_id,
        "certificate_der": root.certificate_der,
        "key_id": root.key_id,
        "signature_algorithm": root.signature_algorithm,
        "crl_number": root.crl_number,
        "crl_ends": _text(root.crl_ends),
    }


def _root(item: Item) -> RootCa:
    return RootCa(
        root_id=item["root_id"],
        certificate_der=bytes(item["certificate_der"]),
        key_id=item["key_id"],
        signature_algorithm=SignatureAlgorithm(item["signature_algorithm"]),
        crl_number=item["crl_number"],
        crl_ends=_moment(item.get("crl_ends")),
    )


def _text(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment is not None else None


def _moment(text: str | None) -> datetime | None:
    return parse_rfc3339(text) if text is not None else None
