"""Keys of requests that leave no head, contract or link, in DynamoDB."""

from partner_center.adapters import keys
from partner_center.adapters.order_actions import GUARD_LIFETIME
from tests.fakes.contract_call_guards import GUARD, CallGuardsContract


class TestCallGuardsInDynamoDb(CallGuardsContract):
    """The promises, kept by DynamoDB."""


def test_a_guard_lives_seven_days_from_the_request_on_and_holds_no_key(stores):
    stores.call_guards.bind(GUARD)
    key = keys.request_guard(GUARD.caller, GUARD.method, GUARD.path, GUARD.idempotency_key)
    row = stores.database.get(stores.tables.business, key)
    assert row["expires_at"] == int((GUARD.at + GUARD_LIFETIME).timestamp())
    assert GUARD.idempotency_key not in repr(row)
