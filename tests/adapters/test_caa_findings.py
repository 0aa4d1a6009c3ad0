"""What CAA said at the newest preflight, for readers that know nothing of issuance."""

import pytest

from partner_center.adapters.caa_findings import DynamoDbCaaFindings
from partner_center.issuance.preflight import Outcome
from partner_center.orders.ports import load
from tests.fakes.determined import CountingIds
from tests.fakes.samples import ORDER, THEM, US, a_contract, a_placement, a_preflight, an_audit, an_event


def a_finding(name="www.example.com", **changes):
    return {
        "name": name,
        "allowed": False,
        "reason": "caa_issuer_not_listed",
        "found_at": "example.com",
        "dnssec": None,
        "quorum": "0/6",
        "agreement": "primary_refused",
    } | changes


@pytest.fixture
def ids():
    return CountingIds()


@pytest.fixture(autouse=True)
def order(stores, ids):
    stores.grant(a_contract())
    stores.orders.place(a_placement(ids))


@pytest.fixture
def findings(stores):
    return DynamoDbCaaFindings(stores.database, stores.tables.validation)


def hold_back(stores, ids, number, *caa, outcome=Outcome.HELD_BACK):
    preflight = a_preflight(outcome, preflight_id=f"pre_{number:026d}", caa=caa)
    stores.claims.hold_back(
        load(stores.orders, US, ORDER), preflight, "caa", an_audit(ids), an_event(ids, "order.held_back")
    )


def test_before_the_first_preflight_there_is_nothing(findings):
    assert findings.latest(US, ORDER) == ()


def test_the_newest_preflight_tells(stores, ids, findings):
    for number, quorum in enumerate(["0/6", "1/6", "2/6"]):
        hold_back(stores, ids, number, a_finding(quorum=quorum), a_finding("example.org"))
    assert findings.latest(US, ORDER) == [a_finding(quorum="2/6"), a_finding("example.org")]


def test_a_preflight_that_asked_nobody_tells_nothing(stores, ids, findings):
    hold_back(stores, ids, 1, a_finding())
    hold_back(stores, ids, 2)
    assert list(findings.latest(US, ORDER)) == []


def test_other_orders_and_resellers_have_their_own(stores, ids, findings):
    hold_back(stores, ids, 1, a_finding())
    assert findings.latest(THEM, ORDER) == findings.latest(US, "ord_2") == ()


def test_the_claim_reads_the_same_as_evidence(stores, ids, findings):
    hold_back(stores, ids, 1, a_finding())
    assert list(stores.claims.find(US, ORDER, f"pre_{1:026d}").caa) == findings.latest(US, ORDER)


def test_a_preflight_is_found_by_its_id(stores, ids, findings):
    hold_back(stores, ids, 1, a_finding())
    hold_back(stores, ids, 2)
    assert findings.of_preflight(US, ORDER, f"pre_{1:026d}") == [a_finding()]
    assert findings.of_preflight(US, ORDER, f"pre_{2:026d}") == []
    assert findings.of_preflight(US, ORDER, f"pre_{3:026d}") is None
    assert findings.of_preflight(THEM, ORDER, f"pre_{1:026d}") is None
