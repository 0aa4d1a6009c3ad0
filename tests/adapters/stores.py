"""`tests.fakes.stores.Stores` on DynamoDB: what the contract suites ask for."""

from collections.abc import Sequence

from partner_center.adapters import keys
from partner_center.adapters.call_guards import CallGuardStore
from partner_center.adapters.challenge_store import ChallengeStore
from partner_center.adapters.charge_store import ChargeStore
from partner_center.adapters.check_times import CheckTimes
from partner_center.adapters.claim_store import ClaimStore
from partner_center.adapters.contract_store import ContractStore
from partner_center.adapters.dynamodb import Database, Item
from partner_center.adapters.order_items import from_micros
from partner_center.adapters.order_store import OrderStore
from partner_center.adapters.screening_store import ScreeningStore
from partner_center.adapters.tables import TableNames
from partner_center.adapters.wait_store import WaitStore
from partner_center.billing.contracts import Contract
from partner_center.validation.challenges import Attempt, ChallengeStatus
from partner_center.validation.ports import AttemptRecord, Observation


class DynamoStores:
    """All stores over the same tables, and a look at what they left there."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self.database, self.tables = database, tables
        self.orders = OrderStore(database, tables)
        self.contracts = ContractStore(database, tables)
        self.challenges = ChallengeStore(database, tables)
        self.claims = ClaimStore(database, tables)
        self.waits = WaitStore(database, tables.business)
        self.checks = CheckTimes(database, tables.business)
        self.call_guards = CallGuardStore(database, tables.business)
        self.screenings = ScreeningStore(database, tables)
        self.charges = ChargeStore(database, tables)

    def grant(self, contract: Contract) -> None:
        self.contracts.create(contract, "staff", f"led_grant_{contract.contract_id}")

    def ledger(self, reseller_id: str, contract_id: str) -> Sequence[tuple[str, int, str]]:
        rows = self.rows(self.tables.business, keys.contract(reseller_id, contract_id).pk, "LEDGER#")
        return [(row["kind"], row["units"], row.get("order_id", "")) for row in rows]

    def amounts(self, reseller_id: str, contract_id: str) -> Sequence[tuple[str, str, str | None]]:
        rows = self.rows(self.tables.business, keys.contract(reseller_id, contract_id).pk, "LEDGER#")
        return [(row["kind"], row["amount"], row.get("reference")) for row in rows if "amount" in row]

    def events(self, reseller_id: str, order_id: str) -> Sequence[str]:
        rows = self.rows(self.tables.business, keys.order_partition(reseller_id, order_id), "EVENT#")
        return [row["type"] for row in rows]

    def audited(self, reseller_id: str, order_id: str) -> Sequence[str]:
        month = keys.audit_record(reseller_id, "2026-11", "").pk
        return [row["action"] for row in self.rows(self.tables.audit, month) if row["order_id"] == order_id]

    def attempts(self, reseller_id: str, order_id: str) -> Sequence[AttemptRecord]:
        partition = keys.order_partition(reseller_id, order_id)
        rows = self.rows(self.tables.validation, partition, "ATTEMPT#")
        records = [_record(reseller_id, order_id, row) for row in rows]
        return sorted(records, key=lambda each: each.attempt_id)

    def rows(self, table: str, pk: str, prefix: str = "") -> list[Item]:
        return self.database.all_of(table, pk, prefix)


def _record(reseller_id: str, order_id: str, row: Item) -> AttemptRecord:
    """The record that a row tells of; nothing of the application reads it."""
    _, challenge_id, attempt_id = row["sk"].split("#")
    votes = tuple((each["site"], each["vote"]) for each in row["votes"])
    return AttemptRecord(
        attempt_id=attempt_id,
        reseller_id=reseller_id,
        order_id=order_id,
        challenge_id=challenge_id,
        attempt=Attempt(from_micros(row["at"]), ChallengeStatus(row["result"]), row["detail"], votes),
        quorum=row.get("quorum"),
        reason=row["reason"],
        observations=tuple(
            Observation(
                each["site"], each["vote"], each["detail"], tuple(each["seen"]), each["dnssec"] or None
            )
            for each in row["observations"]
        ),
    )
