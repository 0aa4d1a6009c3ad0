"""Certificates and CAs, wired for reading."""

from functools import cache

from partner_center.adapters.issuance_store import DynamoDbIssuanceStore
from partner_center.entry.wiring.base import client, settings


@cache
def issuance_store() -> DynamoDbIssuanceStore:
    return DynamoDbIssuanceStore(client("dynamodb"), settings().tables.issuance)
