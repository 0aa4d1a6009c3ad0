"""Renewals and replacements in DynamoDB keep every promise of the orders context; and who waits for a revocation."""

from partner_center.adapters.supersession_store import SupersessionStore
from partner_center.orders.close import completion
from partner_center.orders.order import OrderKind
from tests.fakes.contract_lineages import FREE, NEW, LineagesContract
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, US, a_chronicle, a_second


class TestLineagesInDynamoDb(LineagesContract):
    """The promises, kept by DynamoDB."""

    def test_the_original_waits_from_the_issue_on(self, stores, original, follow, ids):
        head = follow(original, OrderKind.REPLACEMENT, **FREE)
        waiting = SupersessionStore(stores.database, stores.tables)
        assert waiting.of_order(US, ORDER) == []
        change = completion(head, "0b", a_chronicle(ids, NOW + a_second), stores.orders.head(US, ORDER))
        stores.orders.complete(change)
        (superseded,) = change.supersessions
        assert waiting.of_order(US, ORDER) == [superseded]
        assert (superseded.successor, superseded.due_at) == (NEW, NOW + a_second)
