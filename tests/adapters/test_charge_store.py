"""Charges in DynamoDB keep every promise of the billing context; and what only the tables know."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.repairs.capacity import METER
from partner_center.adapters import keys
from partner_center.adapters.charge_store import _from_item, _to_item
from partner_center.adapters.dynamodb import from_item, to_item
from partner_center.billing.charge_ports import PaymentChange
from partner_center.billing.payments import Charge, ChargeStatus, PaymentStatus
from partner_center.kernel.money import Money
from tests.adapters.test_order_items import moments, texts
from tests.fakes.contract_charges import ChargesContract, a_card_contract, a_card_head, a_charge, moved
from tests.fakes.determined import NOW, CountingIds
from tests.fakes.samples import ORDER, US, a_placement


class TestChargesInDynamoDb(ChargesContract):
    """The promises, kept by DynamoDB."""


charges = st.builds(
    Charge,
    reseller_id=texts,
    order_id=texts,
    payment_attempt=st.integers(1, 9999),
    card_id=texts,
    amount=st.decimals(0, 10**9, places=2).map(lambda amount: Money(amount, "USD")),
    status=st.sampled_from(ChargeStatus),
    intent_id=texts,
    created_at=moments,
    updated_at=moments,
    authorised_at=st.none() | moments,
    capture_before=st.none() | moments,
    captured_at=st.none() | moments,
    decline_code=st.none() | texts,
    refund_id=st.none() | texts,
    refunded_at=st.none() | moments,
    failed_refunds=st.integers(0, 99),
    version=st.integers(1, 99),
)


@given(charges)
def test_a_charge_comes_back_as_it_was_written(charge):
    assert _from_item(from_item(to_item(_to_item(charge)))) == charge


@pytest.fixture
def head(stores):
    stores.grant(a_card_contract())
    head = a_card_head()
    stores.orders.place(a_placement(CountingIds(), head, a_card_contract()))
    return head


def row(stores):
    return stores.database.get(stores.tables.business, keys.order_head(US, ORDER))


def test_only_a_head_whose_money_waits_has_the_attributes_of_the_index(stores, head):
    assert not {"queue", "queued_at"} & row(stores).keys()
    declined = moved(head, payment=PaymentStatus.DECLINED, payment_since=NOW)
    stores.charges.record(PaymentChange(declined, 1))
    micros = int(NOW.timestamp()) * 1_000_000
    assert (row(stores)["queue"], row(stores)["queued_at"]) == ("payments", micros)
    stores.charges.record(PaymentChange(moved(declined, payment=PaymentStatus.NONE), 2))
    assert not {"queue", "queued_at"} & row(stores).keys()


def test_a_look_for_what_is_due_reads_the_index_alone(stores):
    METER.reset()
    stores.charges.due(0, NOW, 5)
    assert set(METER.read_units) == {f"{stores.tables.business}"}
    assert sum(METER.write_units.values()) == 0


def test_all_of_an_attempt_fits_one_unit(stores, head):
    """A change costs two units for each KB of each item in its transaction; heads and charges have less than one."""
    full = replace(a_charge(head), decline_code="x" * 40, refund_id="re_" + "x" * 24)
    item = to_item(_to_item(full))
    assert sum(len(name) + len(str(value)) for name, value in item.items()) < 1024
