"""GET /v1/contracts, one of them, and its ledger."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.csv_file import csv_file, wants_csv
from partner_center.entry.wiring.access import door
from partner_center.entry.wiring.contracts import contract_reading

handler = Api(door)


@handler.route("GET", "/v1/contracts", *Role)
def search(request: Request, principal: Principal) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, contract_reading().contracts_of(principal.reseller_id, request.query))


@handler.route("GET", "/v1/contracts/<contract_id>", *Role)
def read(request: Request, principal: Principal, contract_id: str) -> Answer:
    request.only_query()
    return Answer(200, contract_reading().contract(principal.reseller_id, contract_id))


@handler.route("GET", "/v1/contracts/<contract_id>/ledger", Role.BILLING, Role.READ)
def ledger(request: Request, principal: Principal, contract_id: str) -> Answer:
    request.only_query("limit", "cursor", "format")
    owner = principal.reseller_id
    if wants_csv(request):
        text, cursor = contract_reading().ledger_as_csv(owner, contract_id, request.query)
        return csv_file(request, f"ledger-{contract_id}.csv", text, cursor)
    return Answer(200, contract_reading().ledger(owner, contract_id, request.query))
