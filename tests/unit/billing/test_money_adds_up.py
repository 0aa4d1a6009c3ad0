"""Whatever happens in whatever order to orders that units and cards pay: units and money add up after each step."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.errors import ContentRefused, PartnerCenterError
from partner_center.kernel.money import Money
from partner_center.orders.order import OrderStatus
from tests.fakes.samples import US, a_contract
from tests.unit.billing.money_world import MoneyWorld

GRANTED = 20
CLOSED = {OrderStatus.CANCELLED, OrderStatus.REJECTED}
which = st.integers(0, 3)
NO_TROUBLE, LOST, LOST_AFTER, OUT = "", "lost_before", "lost_after", "out"
trouble = st.sampled_from([NO_TROUBLE] * 4 + [LOST, LOST_AFTER, OUT])


class MoneyAddsUp(RuleBasedStateMachine):
    """Orders are placed, paid, declined, updated, amended, issued, cancelled, revoked; any call may fail,
    and what was given back may come back."""

    def __init__(self):
        super().__init__()
        self.world = MoneyWorld()
        self.world.stores.grant(a_contract(GRANTED, contract_id="con_2"))
        self.made = 0
        self.by_card = []
        self.by_units = []

    def pick(self, orders, which):
        return orders[-1 - which % len(orders)] if orders else "ord_none"

    # ---- steps

    @initialize()
    def begin(self):
        """An order at every turn of the road of a card, and one of units."""
        for steps in ("", "a", "ai", "ais", "aisr", "aisrs", "ac", "acs", "air"):
            self.place_by_card("149.00")
            for step in steps:
                {
                    "a": self.authorise,
                    "i": self.issue,
                    "s": self.settle,
                    "r": self.revoke,
                    "c": self.cancel,
                }[step](0, True, NO_TROUBLE)
        self.place_by_units(3)

    @rule(price=st.sampled_from(["0.00", "99.00", "149.00"]))
    def place_by_card(self, price):
        self.made += 1
        order_id = f"ord_{self.made}"
        try:
            self.world.order_by_card(order_id, net=Money.of(price))
        except ContentRefused:
            return  # the contract is over
        self.by_card.append(order_id)

    @rule(units=st.integers(0, 6))
    def place_by_units(self, units):
        self.made += 1
        order_id = f"ord_{self.made}"
        try:
            self.world.put(
                order_id=order_id, units=units, contract_id="con_2", placed_at=self.world.clock.moment
            )
        except ContentRefused:
            return
        self.by_units.append(order_id)

    @rule(which=which, by_card=st.just(True), trouble=trouble)
    def authorise(self, which, by_card, trouble):
        self._amid(trouble, self.world.authorise, self.pick(self.by_card, which))

    @rule(which=which, trouble=trouble)
    def issue_when_paid(self, which, trouble):
        """As the machine does: what the preflight finds unpaid is not signed."""
        order_id = self.pick(self.by_card, which)
        self._amid(trouble, self.world.authorise, order_id)
        self.issue(which, True, trouble)

    @rule(which=which, by_card=st.booleans(), trouble=trouble)
    def issue(self, which, by_card, trouble):
        order_id = self.pick(self.by_card if by_card else self.by_units, which)
        head = self.world.stores.orders.head(US, order_id)
        if head is None or head.status is not OrderStatus.PENDING:
            return
        paid = {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED}
        if head.has_a_price and head.payment not in paid:
            return
        self.world.claim(order_id)
        self.world.certify(order_id, serial_hex=order_id[4:])
        self.world.complete_order(US, order_id, 1, "execution-1")

    @rule(which=which, by_card=st.booleans(), trouble=trouble)
    def cancel(self, which, by_card, trouble):
        self._try(self.world.cancel, self.pick(self.by_card if by_card else self.by_units, which))

    @rule(which=which, price=st.sampled_from(["0.00", "49.00", "249.00"]))
    def amend(self, which, price):
        """Another price, with its difference on the ledger, as an amendment writes it."""
        order_id = self.pick(self.by_card, which)
        head = self.world.stores.orders.head(US, order_id)
        if head is None or not head.is_open:
            return
        self.world.reprice(head, Money.of(price))

    @rule(which=which, by_card=st.booleans(), trouble=trouble)
    def revoke(self, which, by_card, trouble):
        order_id = self.pick(self.by_card if by_card else self.by_units, which)
        head = self.world.stores.orders.head(US, order_id)
        if head is not None and head.status is OrderStatus.ISSUED:
            self.world.revoke(order_id)

    @rule(which=which, by_card=st.just(True), trouble=trouble)
    def settle(self, which, by_card, trouble):
        self._amid(trouble, self.world.settle, self.pick(self.by_card, which))

    @rule(trouble=trouble)
    def run_the_schedule(self, trouble):
        self._amid(trouble, self.world.settle_what_is_due)

    @rule(which=which, card_id=st.sampled_from([None, "card_1", "card_2", "card_3"]))
    def update_payment(self, which, card_id):
        self._try(self.world.update_payment, card_id, self.pick(self.by_card, which))

    @rule(which=which)
    def try_again(self, which):
        self._try(self.world.try_again, self.pick(self.by_card, which))

    @rule(declining=st.sets(st.sampled_from(["pm_card_1", "pm_card_2"])))
    def cards_change_their_mind(self, declining):
        self.world.gateway.declines = dict.fromkeys(declining, "insufficient_funds")

    @rule(failing=st.integers(0, 2), slow=st.booleans())
    def refunds_go_badly(self, failing, slow):
        self.world.gateway.failing_refunds = ["unknown"] * failing
        self.world.gateway.slow_refunds = slow

    @rule()
    def refunds_arrive(self):
        self.world.gateway.arrive()

    @rule(which=which)
    def a_refund_that_had_arrived_comes_back(self, which):
        """The gateway tells it, and the message is repeated until it was heard."""
        order_id = self.pick(self.by_card, which)
        self.world.gateway.return_refunds(of=order_id)
        self._try(self.world.settle, order_id)

    @rule(hours=st.sampled_from([1, 7, 80, 24 * 8, 24 * 31]))
    def time_passes(self, hours):
        self.world.clock.advance(hours=hours)

    # ---- what holds after each

    @invariant()
    def nobody_pays_twice_or_for_nothing(self):
        self.world.assert_nobody_pays_twice_or_for_nothing()

    @invariant()
    def units_add_up(self):
        contract = self.world.tables.contracts[US, "con_2"]
        assert contract.units_left + contract.units_held + contract.units_used == GRANTED
        assert min(contract.units_left, contract.units_held, contract.units_used) >= 0
        moved = Counter()
        for entry in self.world.tables.ledger[US, "con_2"].values():
            moved[str(entry.kind)] += entry.units
        assert contract.units_held == moved["hold"] - moved["use"] - moved["release"]
        assert contract.units_used == moved["use"] - moved["refund"]

    @invariant()
    def the_ledger_says_what_the_order_and_the_gateway_say(self):
        for order_id in self.by_card:
            head, sums = self.world.head(order_id), self.world.sums(order_id)
            promised = head.net.amount if head.status is OrderStatus.PENDING else 0
            assert sums["promised"] == promised
            assert sums["owed"] in {0, head.net.amount}
            assert 0 <= sums["paid"] <= max(head.net.amount, sums["paid"])
            if head.status in CLOSED or head.issued_at is None:
                assert sums["owed"] == 0
            if head.payment is PaymentStatus.AUTHORISED:
                assert sums["reserved"] > 0
            if head.payment in {PaymentStatus.CAPTURED, PaymentStatus.REFUNDED, PaymentStatus.RELEASED}:
                self.world.assert_money_is_at_rest(order_id)

    def teardown(self):
        """When all troubles end, everything comes to rest, or stands before staff."""
        world = self.world
        world.gateway.out, world.gateway.declines = None, {}
        world.gateway.failing_refunds, world.gateway.slow_refunds = [], False
        world.gateway.lost_before.clear()
        world.gateway.lost_after.clear()
        world.gateway.arrive()
        for _ in range(40):
            world.clock.advance(hours=7)
            world.settle_what_is_due()
        assert list(world.due_settlements()) == []
        waiting = world.payment_queue_ids()
        for order_id in self.by_card:
            head = world.head(order_id)
            if head.status is not OrderStatus.PENDING and order_id not in waiting:
                world.assert_money_is_at_rest(order_id)

    def _amid(self, trouble, step, *arguments):
        gateway = self.world.gateway
        calls = ["prepare", "authorise", "capture", "cancel", "refund"]
        if trouble == OUT:
            gateway.out = "The gateway is out."
        elif trouble:
            getattr(gateway, trouble).extend(calls)
        self._try(step, *arguments)
        gateway.out = None
        gateway.lost_before.clear()
        gateway.lost_after.clear()

    @staticmethod
    def _try(step, *arguments):
        try:
            step(*arguments)
        except PartnerCenterError:
            return


TestMoneyAddsUp = MoneyAddsUp.TestCase
TestMoneyAddsUp.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
