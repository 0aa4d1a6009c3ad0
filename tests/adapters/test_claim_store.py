"""Claims in DynamoDB keep every promise of the issuance context; of several preflights one claims."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Barrier

import pytest

from partner_center.adapters import keys
from partner_center.adapters.claim_store import _to_item as preflight_item
from partner_center.issuance.preflight import Outcome
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.orders.ports import load
from tests.fakes.contract_challenges import MOVES, ClaimsContract
from tests.fakes.determined import CountingIds
from tests.fakes.samples import ORDER, US, a_contract, a_placement, a_preflight, an_audit


class TestClaimsInDynamoDb(ClaimsContract):
    """The promises, kept by DynamoDB."""


@pytest.fixture
def order(stores):
    stores.grant(a_contract())
    stores.orders.place(a_placement(CountingIds()))
    return load(stores.orders, US, ORDER)


def held_back(stores, times):
    key = keys.preflight(US, ORDER, "")
    for number in range(times):
        attributes = preflight_item(a_preflight(Outcome.HELD_BACK, generation=number))
        at = keys.Key(key.pk, f"{key.sk}pre_{number:05d}")
        stores.database.replace(stores.tables.validation, at, attributes)


def test_preflights_are_read_newest_first_and_no_more_of_them_than_are_asked_for(stores, monkeypatch):
    held_back(stores, 12)
    pages, query = [], stores.database.query
    monkeypatch.setattr(stores.database, "query", lambda *a, **more: pages.append(a) or query(*a, **more))
    preflights = stores.claims.newest_first(US, ORDER)
    assert [(each.preflight_id, each.generation) for each in islice(preflights, 2)] == [
        ("pre_00011", 11),
        ("pre_00010", 10),
    ]
    assert len(pages) == 1
    assert [each.generation for each in preflights][-1] == 0
    assert list(stores.claims.newest_first(US, "ord_2")) == []


def test_of_several_preflights_at_once_one_claims(stores, order):
    all_are_here = Barrier(4)

    def claim(number):
        all_are_here.wait(timeout=10)
        preflight = a_preflight(preflight_id=f"pre_{number}")
        try:
            stores.claims.claim(order, preflight, an_audit(CountingIds(1000 * (number + 1))))
        except ChangedMeanwhile:
            return None
        return preflight.preflight_id

    with ThreadPoolExecutor(4) as pool:
        claimed = [preflight_id for preflight_id in pool.map(claim, range(4)) if preflight_id]
    assert len(claimed) == 1
    evidence = [number for number in range(4) if stores.claims.find(US, ORDER, f"pre_{number}")]
    assert [f"pre_{number}" for number in evidence] == claimed
    assert stores.orders.head(US, ORDER).version == order.head.version + 1


@pytest.mark.parametrize("move", MOVES)
def test_under_contention_nothing_moves(stores, order, contention, move):
    contention(1.0)
    with pytest.raises(TryAgain):
        MOVES[move](stores.claims, order, a_preflight(), CountingIds(500))
    contention(0.0)
    assert load(stores.orders, US, ORDER) == order
    assert stores.claims.find(US, ORDER, "pre_1") is None
