"""Examples of a contract from its request to its statement, made by the application's own code."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from local.openapi.story import PLACED, REQUEST_ID, RESELLER, CountedIds, SetClock, known_product
from partner_center.accounts.api_keys import Principal, Role
from partner_center.accounts.staff import Staff, StaffRole
from partner_center.billing.activate import ActivateContract
from partner_center.billing.contracts import Contract, EntryKind, LedgerEntry
from partner_center.billing.ports import Activation, Asking, ContractGuard
from partner_center.billing.reading import ContractReading, contract_as_json, contract_for_staff
from partner_center.billing.request import RequestContract
from partner_center.catalog.products import load_catalog
from partner_center.kernel.ids import encode_time_ordered
from partner_center.orders.exposed_keys import ExposedKey, ReportExposed
from partner_center.orders.idempotency import Call, body_digest
from partner_center.orders.page import Page

ACTIVATED = PLACED + timedelta(days=1)


@dataclass
class Desk:
    """As much of the stores as one contract needs."""

    contract: Contract | None = None
    lines: Sequence[LedgerEntry] = ()

    def find(self, _reseller_id: str, _contract_id: str) -> Contract | None:
        return self.contract

    def of_reseller(self, _reseller_id: str) -> Sequence[Contract]:
        return [self.contract] if self.contract else []

    def page(self, reseller_id: str, _page: Page) -> tuple[Sequence[Contract], str | None]:
        return self.of_reseller(reseller_id), None

    def requested(self, _page: Page) -> tuple[Sequence[tuple[str, str]], str | None]:
        return [(each.reseller_id, each.contract_id) for each in self.of_reseller(RESELLER)], None

    def owner(self, _contract_id: str) -> str | None:
        return RESELLER

    def guard(self, *_call: str) -> ContractGuard | None:
        return None

    def ask(self, asking: Asking) -> None:
        self.contract = asking.contract

    def activate(self, activation: Activation) -> None:
        self.contract, self.lines = activation.contract, [activation.grant]

    def entries(
        self, _reseller_id: str, _contract_id: str, _after: str | None, _limit: int
    ) -> tuple[Sequence[LedgerEntry], bool]:
        return self.lines, False

    def report(self, exposed: ExposedKey) -> None:
        raise LookupError(f"an example holds a private key: {exposed.spki_sha256}")


def contract_examples() -> dict[str, Any]:
    """By the name under which the document holds them."""
    ids, desk, catalog = CountedIds(1000), Desk(), load_catalog()
    product = known_product()
    asked = {"units": 500, "brand": product.brand.value, "products": [product.code], "note": "For 2027."}
    agreed = {
        "invoice_reference": "INV-2026-0815",
        "prices": [
            {
                "product": product.code,
                "term_days": product.terms_days[0],
                "kind": "base",
                "price": {"amount": "129.00", "currency": product.currency},
            }
        ],
        "valid_to": "2027-12-01T00:00:00Z",
        "sales_representative": "Sally Seller, sally@partner-center.example.com",
    }
    request = RequestContract(desk, catalog, ReportExposed(desk), SetClock(PLACED), ids)
    principal = Principal(RESELLER, ids.new("key", PLACED).removeprefix("key_"), Role.BILLING)
    requested = request(principal, call("/v1/contracts", asked), asked)
    waiting = ContractReading(desk, desk, SetClock(PLACED)).waiting(Page(50, None))
    staff = Staff("fay.finance", "key", frozenset({StaffRole.FINANCE}))
    activate = ActivateContract(desk, catalog, SetClock(ACTIVATED), ids)
    path = f"/v1/staff/contracts/{requested.contract_id}/activate"
    active = activate(staff, call(path, agreed), requested.contract_id, agreed)
    ordered = replace(active, units_left=active.units_left - 2, units_held=2)
    hold = line_of_order(ids, ACTIVATED + timedelta(hours=2))
    desk.contract, desk.lines = ordered, [*desk.lines, hold]
    reading = ContractReading(desk, desk, SetClock(hold.at))
    return {
        "ContractRequest": asked,
        "ContractRequested": contract_as_json(requested, PLACED),
        "ContractQueue": waiting,
        "ContractActivation": agreed,
        "ContractActive": contract_for_staff(active, ACTIVATED),
        "Contract": reading.contract(RESELLER, ordered.contract_id),
        "ContractList": reading.contracts_of(RESELLER, {}),
        "Ledger": reading.ledger(RESELLER, ordered.contract_id, {}),
    }


def line_of_order(ids: CountedIds, moment: datetime) -> LedgerEntry:
    """An order that holds two units."""
    key = encode_time_ordered(int(PLACED.timestamp() * 1000), 1)
    return LedgerEntry(
        ids.new("led", moment), EntryKind.HOLD, 2, ids.new("ord", moment), f"key:{key}", moment
    )


def call(path: str, body: dict[str, Any]) -> Call:
    return Call("POST", path, None, body_digest(body), REQUEST_ID)
