"""What the routes of the reseller's own account do, take and answer, in words."""

from collections.abc import Mapping
from typing import Any

from local.openapi.operation import (
    EVERYONE,
    KEYED,
    MERGE_PATCH,
    RESTRICTED,
    WITH_BODY,
    Answer,
    Body,
    Operation,
)
from partner_center.accounts.account import account_as_json
from partner_center.accounts.api_keys import Role
from partner_center.accounts.resellers import ReminderPreferences, Reseller

ACCOUNT_OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/account"): Operation(
        "getAccount",
        "Account",
        "The reseller's own account",
        "Whom approvers and customers read of, who is told of contracts, and how reminders go.",
        {200: Answer("The account.", "Account", ("Account",))},
        (*KEYED, "NotFound"),
        EVERYONE,
    ),
    ("PATCH", "/v1/account"): Operation(
        "changeAccount",
        "Account",
        "Say how to be reminded",
        "A JSON Merge Patch: what is left out stays, null means as usual. Other days hold from the next morning on; "
        "one that has passed by then is made up for by one reminder. Reminders of one order are muted on the "
        "order (lifecycle.reminders).",
        {200: Answer("The account, as it is now.", "Account", ("Account",))},
        (*RESTRICTED, *WITH_BODY, "NotFound"),
        (Role.ADMIN,),
        (),
        Body("AccountRequest", "At most 256 KiB.", media_type=MERGE_PATCH, examples=("AccountRequest",)),
    ),
}


def account_examples() -> dict[str, Any]:
    """An account, and a change of it."""
    chosen = ReminderPreferences((60, 30, 7), link="https://shop.example.com/orders/{order_id}")
    reseller = Reseller("northwind", "Northwind Hosting", "support@northwind.example.com", None, chosen)
    return {
        "Account": account_as_json(reseller),
        "AccountRequest": {"reminders": {"days": [60, 30, 7], "mute_contacts": False}},
    }
