"""Certificates without their CAs, wired for functions that neither sign nor show a chain."""

from functools import cache

from partner_center.adapters.certificate_store import DynamoDbCertificates
from partner_center.entry.wiring.base import client, settings


@cache
def certificate_store() -> DynamoDbCertificates:
    return DynamoDbCertificates(client("dynamodb"), settings().tables.issuance)
