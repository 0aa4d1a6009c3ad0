"""What the gateway tells: it makes us look, once, and is believed in nothing."""

from dataclasses import dataclass, field

import pytest

from partner_center.billing.hear_gateway import HearGateway
from partner_center.kernel.errors import Malformed, TryAgain
from tests.fakes.determined import NOW, FixedClock
from tests.fakes.samples import US, a_head

ORDER = "ord_" + "7" * 26

INTENT = {"id": "pi_1", "metadata": {"reseller_id": US, "order_id": ORDER}}
CHARGE = {"id": "ch_1", "payment_intent": "pi_1", "metadata": {}}


@dataclass
class Office:
    """Queue, memory, gateway and orders in one."""

    known: set = field(default_factory=set)
    looked_at: list = field(default_factory=list)
    told: dict = field(default_factory=dict)
    purpose: object = (US, ORDER)
    asked: list = field(default_factory=list)
    out: bool = False
    rung: list = field(default_factory=list)
    stop: str = ""
    """Where a run ends before its time: `before` or `after` what was heard is remembered."""

    def was_heard(self, event_id):
        return event_id in self.known

    def heard(self, event_id, moment):
        if self.stop == "before":
            raise TryAgain("out")
        self.known.add(event_id)
        if self.stop == "after":
            raise TryAgain("the answer is lost")

    def tell(self, reseller_id, order_id, event_id, moment, text):
        self.told[reseller_id, order_id, event_id] = text

    def look_at(self, reseller_id, order_id, reason):
        if self.out:
            raise TryAgain("out")
        self.looked_at.append((reseller_id, order_id, reason))

    def purpose_of(self, intent_id):
        self.asked.append(intent_id)
        return self.purpose

    def head(self, reseller_id, order_id):
        return a_head() if (reseller_id, order_id) == (US, ORDER) else None


@pytest.fixture
def office():
    return Office()


@pytest.fixture
def hear(office):
    return HearGateway(office, office, lambda: office, office, FixedClock(), office.rung.append)


def an_event(type_, about, event_id="evt_1", **more):
    return {"id": event_id, "type": type_, "created": int(NOW.timestamp()), "data": {"object": about}} | more


RELEVANT = {
    "payment_intent.succeeded": INTENT,
    "payment_intent.canceled": INTENT,
    "payment_intent.payment_failed": INTENT,
    "payment_intent.amount_capturable_updated": INTENT,
    "charge.refunded": CHARGE | {"metadata": INTENT["metadata"]},
    "charge.refund.updated": CHARGE,
    "refund.failed": {"id": "re_1", "payment_intent": "pi_1", "metadata": INTENT["metadata"]},
    "refund.updated": {"id": "re_1", "payment_intent": "pi_1"},
}


@pytest.mark.parametrize(("type_", "about"), RELEVANT.items(), ids=RELEVANT)
def test_what_concerns_an_order_has_it_looked_at_once(office, hear, type_, about):
    for _ in range(2):
        hear(an_event(type_, about))
    assert office.looked_at == [(US, ORDER, type_)]
    assert office.told == {}


@pytest.mark.parametrize(
    "type_",
    ["customer.created", "charge.succeeded", "payment_method.attached", "setup_intent.succeeded", "x"],
)
def test_other_types_are_taken_without_effect(office, hear, type_):
    assert hear(an_event(type_, INTENT)).order_id is None
    assert (office.looked_at, office.known) == ([], set())


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        [],
        {"reseller_id": US},
        {"reseller_id": 1, "order_id": ORDER},
        {"reseller_id": "others", "order_id": ORDER},
        {"reseller_id": US, "order_id": "ord_" + "0" * 26},
        {"reseller_id": US, "order_id": "ord_1#HEAD"},
        {"reseller_id": "a#b", "order_id": ORDER},
        {"reseller_id": f"{US} ", "order_id": ORDER},
    ],
    ids=str,
)
def test_a_payment_that_is_for_no_order_of_ours_is_taken_and_remembered(office, hear, metadata):
    hear(an_event("payment_intent.succeeded", {"id": "pi_1", "metadata": metadata}))
    assert (office.looked_at, office.known) == ([], {"evt_1"})


def test_an_object_without_names_is_followed_to_its_payment(office, hear):
    hear(an_event("refund.updated", {"id": "re_1", "payment_intent": "pi_1"}))
    assert (office.asked, len(office.looked_at)) == (["pi_1"], 1)
    office.purpose = None
    hear(an_event("refund.updated", {"id": "re_1", "payment_intent": "pi_2"}, "evt_2"))
    hear(an_event("refund.updated", {"id": "re_1", "payment_intent": "../x"}, "evt_3"))
    assert office.asked == ["pi_1", "pi_2"]
    assert len(office.looked_at) == 1


def test_a_dispute_is_told_on_the_order_as_well(office, hear):
    heard = hear(an_event("charge.dispute.created", {"id": "du_1", "payment_intent": "pi_1"}))
    assert (heard.order_id, office.rung) == (ORDER, [ORDER])
    assert "disputed" in office.told[US, ORDER, "evt_1"]
    assert office.looked_at == [(US, ORDER, "charge.dispute.created")]
    hear(an_event("charge.dispute.created", {"id": "du_1", "payment_intent": "pi_1"}))
    assert office.rung == [ORDER]


@pytest.mark.parametrize("stop", ["before", "after"])
def test_the_alarm_for_a_dispute_rings_wherever_the_run_ends(office, hear, stop):
    """What was heard is not looked at again: rung for afterwards, a dispute could be heard and never rung for."""
    dispute = an_event("charge.dispute.created", {"id": "du_1", "payment_intent": "pi_1"})
    office.stop = stop
    with pytest.raises(TryAgain):
        hear(dispute)
    office.stop = ""
    hear(dispute)
    assert set(office.rung) == {ORDER}


def test_nothing_but_a_dispute_rings(office, hear):
    for number, (type_, about) in enumerate(RELEVANT.items()):
        hear(an_event(type_, about, f"evt_{number}"))
    assert office.rung == []


def test_a_dispute_about_no_order_of_ours_rings_all_the_same(office, hear):
    office.purpose = None
    hear(an_event("charge.dispute.created", {"id": "du_1", "payment_intent": "pi_1"}))
    assert (office.rung, office.told) == ([None], {})


@pytest.mark.parametrize("created", [10**30, 10**15, -(10**15), "soon", None, 1.5])
def test_a_dispute_at_no_moment_is_told_all_the_same(office, hear, created):
    about = {"id": "du_1", "payment_intent": "pi_1"}
    assert hear(an_event("charge.dispute.created", about, created=created)).order_id == ORDER
    assert "disputed" in office.told[US, ORDER, "evt_1"]


def test_what_could_not_be_passed_on_is_not_remembered(office, hear):
    office.out = True
    with pytest.raises(TryAgain):
        hear(an_event("payment_intent.succeeded", INTENT))
    assert office.known == set()
    office.out = False
    hear(an_event("payment_intent.succeeded", INTENT))
    assert len(office.looked_at) == 1


BAD = [
    {},
    {"id": "evt_1"},
    {"id": 1, "type": "payment_intent.succeeded"},
    {"id": "evt_", "type": "x"},
    {"id": "evt_#", "type": "x"},
    {"id": "pi_1", "type": "x"},
    {"id": "evt_1", "type": None},
    {"id": "evt_1", "type": "payment_intent.succeeded"},
    {"id": "evt_1", "type": "payment_intent.succeeded", "data": []},
    {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": "pi_1"}},
]


@pytest.mark.parametrize("message", BAD, ids=range(len(BAD)))
def test_what_is_no_event_is_refused(office, hear, message):
    with pytest.raises(Malformed):
        hear(message)
    assert office.known == set()
