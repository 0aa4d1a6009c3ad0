"""What a reseller may be called, and that whatever is made of its id is taken where it goes."""

import inspect
import re

import pytest

from partner_center.adapters import keys
from partner_center.adapters.contract_store import ContractStore
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.stripe_cards import StripeCards
from partner_center.adapters.stripe_gateway import StripeGateway
from partner_center.adapters.stripe_http import Answered
from partner_center.adapters.tables import TableNames
from partner_center.billing.hear_gateway import HearGateway
from partner_center.billing.payments import PaymentPurpose
from partner_center.entry.api import _LONGEST_ID
from partner_center.entry.payment_body import reseller_in
from partner_center.kernel.errors import ContentRefused
from partner_center.kernel.ids import enrolment_of_reissue, require_reseller_id
from partner_center.kernel.money import Money
from partner_center.notifications.domain_mailer import tags_of
from partner_center.orders.review import ReviewTask
from tests.fakes.determined import FixedClock
from tests.fakes.payments import a_card
from tests.fakes.samples import a_contract, a_head

LONGEST = "r" * 64
RESELLERS = ["northwind", "res_1", "res_01kapm3y8qv5d8r2x7c4n9b1zt", "North-Wind", "7", "a--b__c", LONGEST]
NO_RESELLERS = [
    *("", "-", "_a", "-a", "a.b", ".", "shop.example.com", "a#b", "R#res_1", "res_1#O#ord_1"),
    *("a b", " a", "a ", "a\n", "a\tb", "a\u00a0b", "a\x00", "a/b", "a:b", "a%20b", "a@b"),
    *("Z\u00fcrich", "\u0430", "\u0663", "\u2602", "r" * 65, "r" * 5000),
]
ORDER = "ord_" + "7" * 26
REISSUE = enrolment_of_reissue(ORDER, "rei_" + "7" * 26)
SES_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""AWS: SES API v2, MessageTag."""
ANYTHING = "x" * 400
"""More than any other part of a key has: names have 253 octets, numbers of resellers 64, addresses 320."""


@pytest.mark.parametrize("reseller_id", RESELLERS, ids=repr)
def test_a_reseller_may_be_called_so(reseller_id):
    require_reseller_id(reseller_id)
    assert reseller_in({"reseller_id": reseller_id}) == reseller_id


@pytest.mark.parametrize("reseller_id", NO_RESELLERS, ids=lambda text: repr(text)[:40])
def test_no_reseller_is_called_so_wherever_one_is_named(reseller_id):
    with pytest.raises(ValueError, match="not a reseller's id"):
        require_reseller_id(reseller_id)
    with pytest.raises(ContentRefused):
        reseller_in({"reseller_id": reseller_id})
    contracts = ContractStore(Database(None), TableNames())
    with pytest.raises(ValueError, match="not a reseller's id"):
        contracts.create(a_contract(reseller_id=reseller_id), "staff", "led_1")
    assert not heard(reseller_id)


def heard(reseller_id):
    """Whether what the gateway tells of this reseller's order has it looked at."""

    class Everything:
        def __init__(self):
            self.looked_at = []

        def was_heard(self, _):
            return False

        def heard(self, *_):
            pass

        def head(self, *_):
            return a_head()

        def look_at(self, *ids):
            self.looked_at.append(ids[:2])

    all_of_it = Everything()
    hear = HearGateway(all_of_it, all_of_it, lambda: all_of_it, all_of_it, FixedClock(), print)
    named = {"id": "pi_1", "metadata": {"reseller_id": reseller_id, "order_id": ORDER}}
    hear({"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": named}})
    return all_of_it.looked_at == [(reseller_id, ORDER)]


@pytest.mark.parametrize("reseller_id", RESELLERS, ids=repr)
def test_what_the_gateway_tells_of_a_reseller_is_heard(reseller_id):
    assert heard(reseller_id)


# ---- what is made of it

OF_A_RESELLER = [
    builder
    for _, builder in inspect.getmembers(keys, inspect.isfunction)
    if "reseller_id" in inspect.signature(builder).parameters
    and inspect.signature(builder).return_annotation in {keys.Key, "Key"}
]


@pytest.mark.parametrize("builder", OF_A_RESELLER, ids=lambda builder: builder.__name__)
def test_no_key_is_longer_than_dynamodb_takes(builder):
    """AWS, "Quotas in Amazon DynamoDB": a partition key has 1 to 2,048 octets, a sort key 1 to 1,024."""
    parts = {
        name: LONGEST if name == "reseller_id" else 999_999 if each.annotation is int else ANYTHING
        for name, each in inspect.signature(builder).parameters.items()
    }
    key = builder(**parts)
    assert len(key.pk.encode()) <= 2048
    assert len(key.sk.encode()) <= 1024


@pytest.mark.parametrize("enrolment_id", [ORDER, REISSUE], ids=["order", "reissue"])
def test_a_task_of_staff_fits_into_a_path_and_is_read_back(enrolment_id):
    task = ReviewTask(LONGEST, enrolment_id, 999_999)
    assert len(task.task_id) <= _LONGEST_ID
    assert ReviewTask.read(task.task_id) == task


@pytest.mark.parametrize("reseller_id", RESELLERS, ids=repr)
def test_a_mail_may_be_tagged_with_it(reseller_id):
    for name, value in tags_of(a_head(reseller_id=reseller_id, order_id=REISSUE), "certificate"):
        assert SES_TAG.fullmatch(name)
        assert SES_TAG.fullmatch(value)


class Keyed:
    """The gateway, which answers everything and keeps what it was sent."""

    def __init__(self):
        self.keys, self.metadata = [], []

    def post(self, _, fields, key, **__):
        self.keys.append(key)
        self.metadata += [value for name, value in fields.items() if name.startswith("metadata[")]
        return Answered(200, {"id": "re_1", "status": "succeeded", "amount": 1, "currency": "usd"})


def test_the_gateway_takes_what_is_made_of_it():
    """Stripe: an Idempotency-Key has 255 letters at most, of which our own repetitions add two; metadata have 500."""
    gateway, purpose = Keyed(), PaymentPurpose(LONGEST, ORDER, 9999)
    StripeCards(gateway).new_customer(LONGEST, "A reseller")
    StripeGateway(gateway).prepare(purpose, Money.of("1.00", "USD"), a_card())
    StripeGateway(gateway).refund("pi_1", purpose, 9999)
    assert len(gateway.keys) == 3
    assert max(map(len, gateway.keys)) <= 255 - len("-4")
    assert max(map(len, gateway.metadata)) <= 500
