"""An objection to a certificate, as the daily check would leave it."""

from typing import Any

from local.cloud import EmbeddedCloud
from partner_center.adapters.check_store import CheckStore
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.tables import TableNames
from partner_center.issuance.objection import Ground, Objection
from partner_center.issuance.objection_queue import objection_id
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import RandomIds
from tests.fakes.determined import NOW


def objected(cloud: EmbeddedCloud, order: dict[str, Any]) -> str:
    """The objection's id."""
    serial = order["certificates"][0]["serial"]
    tables = TableNames(business=cloud.resource("BusinessTable"), audit=cloud.resource("AuditTable"))
    where = ("northwind", order["order_id"])
    objection = Objection(serial, Ground.CAA, "no look-up", *where, NOW, "chk_1")
    audit = Chronicle(RandomIds(), NOW, "system", "run").audit("certificate.objected_to", *where)
    CheckStore(Database(cloud.client("dynamodb")), tables).object(objection, audit)
    return objection_id(objection)
