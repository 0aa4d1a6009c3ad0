"""What the routes of contracts do, take and answer, in words."""

from collections.abc import Mapping

from local.openapi.operation import (
    BOOKKEEPERS,
    EVERYONE,
    FINANCE,
    KEYED,
    RESTRICTED,
    WITH_BODY,
    Answer,
    Body,
    Operation,
)
from partner_center.accounts.api_keys import Role

CONTRACT_OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/contracts"): Operation(
        "listContracts",
        "Contracts",
        "All contracts",
        "What can be bought on, what could, and what was asked for; the oldest first.",
        {200: Answer("The contracts.", "ContractList", ("ContractList",))},
        KEYED,
        EVERYONE,
        ("Limit", "Cursor"),
    ),
    ("POST", "/v1/contracts"): Operation(
        "requestContract",
        "Contracts",
        "Ask for a bulk contract",
        "Nothing can be bought on it until staff have activated it against an invoice. At most 20 of a reseller may "
        "wait at a time (too_many_requested). A pay-as-you-go contract is opened by giving a card.",
        {201: Answer("The contract, as requested.", "Contract", ("ContractRequested",), ("Location",))},
        (*RESTRICTED, *WITH_BODY, "Conflict"),
        (Role.BILLING,),
        ("IdempotencyKey",),
        Body("ContractRequest", "At most 256 KiB.", examples=("ContractRequest",)),
    ),
    ("GET", "/v1/contracts/{contract_id}"): Operation(
        "getContract",
        "Contracts",
        "One contract",
        "Its terms, and its units as they are now.",
        {200: Answer("The contract.", "Contract", ("Contract",))},
        (*KEYED, "NotFound"),
        EVERYONE,
        ("ContractId",),
    ),
    ("GET", "/v1/contracts/{contract_id}/ledger"): Operation(
        "readLedger",
        "Contracts",
        "The statement of a contract",
        "Every entry of its ledger with the balance after it, the oldest first. As CSV it is one file; if that does "
        "not hold all, a Link header names the next one.",
        {
            200: Answer(
                "The statement.",
                "Ledger",
                ("Ledger",),
                media_types=("text/csv",),
            )
        },
        (*RESTRICTED, "NotFound"),
        BOOKKEEPERS,
        ("ContractId", "LedgerFormat", "Limit", "Cursor"),
    ),
    ("GET", "/v1/staff/queues/contracts"): Operation(
        "listRequestedContracts",
        "Staff",
        "Contracts that wait to be activated",
        "Those that resellers asked for, longest waiting first. The list may be a moment late.",
        {200: Answer("The contracts.", "ContractQueue", ("ContractQueue",))},
        RESTRICTED,
        FINANCE,
        ("Limit", "Cursor"),
    ),
    ("POST", "/v1/staff/contracts/{contract_id}/activate"): Operation(
        "activateContract",
        "Staff",
        "Activate a contract",
        "Against an invoice, which pays for one contract only (invoice_taken). Grants the units and fixes the terms; "
        "what is left out is as it was asked for, and validity is a year from now. The same again is a 200 and "
        "changes nothing; another invoice or other terms are refused with already_active.",
        {200: Answer("The contract, active.", "ContractOfReseller", ("ContractActive",))},
        (*RESTRICTED, *WITH_BODY, "NotFound", "Conflict"),
        FINANCE,
        ("ContractId", "IdempotencyKey"),
        Body("ContractActivation", "At most 256 KiB.", examples=("ContractActivation",)),
    ),
}
