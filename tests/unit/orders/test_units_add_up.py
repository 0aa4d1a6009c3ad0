"""Whatever happens in whatever order: granted = left + held + used, and each order's units move once."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from partner_center.billing.contracts import EntryKind
from partner_center.issuance.preflight import Outcome
from partner_center.kernel.errors import ContentRefused, PartnerCenterError
from partner_center.orders.order import OrderStatus
from partner_center.orders.ports import load
from partner_center.orders.review import ReviewTask, Verdict
from tests.fakes.posted import a_body, a_call, a_principal
from tests.fakes.samples import US, a_contract, a_preflight, a_staff, an_audit, an_event
from tests.fakes.world import World

GRANTED = 14

CLOSED = {OrderStatus.CANCELLED, OrderStatus.REJECTED}
FLAGGED = "paypal.example.com"

OUTCOMES = [Outcome.GO, Outcome.GO, Outcome.GO, Outcome.HELD_BACK, Outcome.PROVE_AGAIN]
which = st.integers(0, 3)


class UnitsAddUp(RuleBasedStateMachine):
    """Orders are placed, screened, reviewed, amended, claimed, held back, issued, cancelled and time out.

    Each step may meet another one.
    """

    def __init__(self):
        super().__init__()
        self.world = World()
        self.world.stores.grant(a_contract(GRANTED))
        self.made = 0
        self.put = set()

    def pick(self, which, wanted=lambda head: True):
        """An order's id, the newest first; one that nobody knows when there is none."""
        ids = [head.order_id for head in self.world.tables.heads.values() if wanted(head)]
        return ids[-1 - which % len(ids)] if ids else "ord_none"

    # ---- steps

    @initialize()
    def begin(self):
        """Orders at every turn of the road: pending, signed, held back after it was signed, flagged, amended."""
        self.place(1)
        for outcome in (Outcome.GO, Outcome.HELD_BACK):
            self.place(2)
            self.preflight(0, Outcome.GO)
            self.sign(0)
            self.preflight(0, outcome)
        for name in (FLAGGED, "www.example.com"):
            self.post(None, "a", name)
            self.amend(0, 3, "")
            self.screen(0)

    @rule(units=st.integers(0, 4))
    def place(self, units):
        self.made += 1
        self.put.add(f"ord_{self.made}")
        try:
            self.world.put(order_id=f"ord_{self.made}", units=units)
        except ContentRefused:
            assert self.world.counted()[0] < units

    @rule(
        key=st.sampled_from(["key-1", "key-2", None]),
        note=st.sampled_from(["a", "b"]),
        name=st.sampled_from([FLAGGED, "www.example.com"]),
    )
    def post(self, key, note, name):
        self._try(self.world.post, a_body(name, note=note), key)

    @rule(which=which)
    def screen(self, which):
        self._try(self.world.screen_order, US, self.pick(which, lambda head: head.review == "due"), 1, "x")

    @rule(which=which, verdict=st.sampled_from(Verdict), interrupted=st.booleans())
    def review(self, which, verdict, interrupted):
        order_id = self.pick(which, lambda head: head.awaits_review)
        if interrupted:
            for write in ("close", "release_review"):
                self.world.tables.before[write].append(lambda: self._try(self._amend, order_id, 3))
        self._try(self._decide, order_id, verdict)
        self._forget("close", "release_review")

    @rule(which=which, names=st.integers(1, 6), meanwhile=st.sampled_from(["", "cancel", "amend", "claim"]))
    def amend(self, which, names, meanwhile):
        """Up and down; another amendment, a cancellation or the claim may come in between."""
        order_id = self.pick(which, lambda head: head.order_id not in self.put)
        between = {
            "cancel": lambda: self._try(self._cancel, order_id),
            "amend": lambda: self._try(self._amend, order_id, 7 - names),
            "claim": lambda: self._try(self._claim, order_id),
        }
        if meanwhile:
            self.world.tables.before["amend"].append(between[meanwhile])
        self._try(self._amend, order_id, names)
        self._forget("amend")

    @rule(which=which, other=st.none() | which)
    def cancel(self, which, other):
        if other is not None:
            self.world.tables.before["close"].append(lambda: self._try(self._cancel, self.pick(other)))
        self._try(self._cancel, self.pick(which))
        self._forget("close")

    @rule(which=which, outcome=st.sampled_from(OUTCOMES))
    def preflight(self, which, outcome):
        order = load(self.world.stores.orders, US, self.pick(which, lambda head: head.status == "pending"))
        if order is None:
            return
        self.made += 1
        preflight = a_preflight(outcome, preflight_id=f"pre_{self.made}", at=self.world.clock.moment)
        claims, audit = self.world.stores.claims, an_audit(self.world.ids)
        match outcome:
            case Outcome.GO:
                claims.claim(order, preflight, audit)
            case Outcome.HELD_BACK:
                claims.hold_back(order, preflight, "CAA", audit, an_event(self.world.ids, "order.held_back"))
            case Outcome.PROVE_AGAIN:
                claims.prove_again(order, preflight, audit)

    @rule(which=which)
    def sign(self, which):
        """The certificate is stored; the answer may be lost, and the order held back by a later look."""
        order_id = self.pick(which, lambda head: head.signing)
        if self.world.stores.orders.head(US, order_id) is not None:
            self.world.certify(order_id, serial_hex=order_id[4:])

    @rule(which=which, interrupted=st.booleans())
    def complete(self, which, interrupted):
        """Also of an order that was held back or cancelled after its certificate was stored."""
        signed = {order_id for _, order_id, _ in self.world.certificates.records}
        order_id = self.pick(which, lambda head: head.order_id in signed)
        if interrupted:
            self.world.tables.before["complete"].append(lambda: self._try(self._complete, order_id))
        self._try(self._complete, order_id)
        self._forget("complete")

    @rule(which=which, days=st.sampled_from([0, 29, 30, 91]))
    def time_passes(self, which, days):
        self.world.clock.advance(days=days)
        self._try(self.world.close_overdue, US, self.pick(which), "execution-1")

    # ---- what holds after each

    @invariant()
    def the_contract_adds_up(self):
        left, held, used = self.world.counted()
        assert left + held + used == GRANTED
        assert min(left, held, used) >= 0

    @invariant()
    def the_ledger_says_the_same(self):
        moved = Counter()
        for kind, units, _ in self.world.stores.ledger(US, "con_1"):
            moved[kind] += units
        held = moved["hold"] - moved["use"] - moved["release"]
        assert self.world.counted() == (moved["grant"] - held - moved["use"], held, moved["use"])

    @invariant()
    def each_order_holds_uses_or_gave_back_what_it_says(self):
        entries = {}
        for entry in self.world.tables.ledger[US, "con_1"].values():
            entries.setdefault(entry.order_id, []).append(entry)
        for (_, order_id), head in self.world.tables.heads.items():
            own = entries.pop(order_id)
            moved = Counter()
            for entry in own:
                moved[entry.kind] += entry.units
            held = moved[EntryKind.HOLD] - moved[EntryKind.RELEASE] - moved[EntryKind.USE]
            assert held == (head.units if head.status is OrderStatus.PENDING else 0)
            assert moved[EntryKind.USE] == (head.units if head.status is OrderStatus.ISSUED else 0)
            assert own[0].kind is EntryKind.HOLD
            if head.status in CLOSED:
                assert (own[-1].kind, own[-1].units) == (EntryKind.RELEASE, head.units)
        assert list(entries) == [""]  # the grant, and nothing of an order that was refused

    @invariant()
    def an_amended_order_has_as_many_units_as_names(self):
        """So it is sold: one unit for each name."""
        for (_, order_id), head in self.world.tables.heads.items():
            if order_id not in self.put:
                assert head.units == len(self.world.order(order_id).content.names)

    @staticmethod
    def _try(step, *arguments):
        try:
            step(*arguments)
        except PartnerCenterError:
            return

    def _forget(self, *writes):
        for write in writes:
            self.world.tables.before[write].clear()

    def _amend(self, order_id, names):
        self.world.amend(
            {"additional_domains": [f"{number}.example.com" for number in range(1, names)]}, order_id
        )

    def _decide(self, order_id, verdict):
        task = self.world.task(order_id) if order_id != "ord_none" else ReviewTask(US, order_id, 1)
        self.world.decide_review(a_staff(), a_call(path="/decide"), task, verdict, "Looked.", None)

    def _claim(self, order_id):
        order = load(self.world.stores.orders, US, order_id)
        if order is not None and order.head.status is OrderStatus.PENDING:
            self.made += 1
            preflight = a_preflight(Outcome.GO, preflight_id=f"pre_{self.made}", at=self.world.clock.moment)
            self.world.stores.claims.claim(order, preflight, an_audit(self.world.ids))

    def _cancel(self, order_id):
        self.world.cancel_order(a_principal(), a_call(), order_id, None)

    def _complete(self, order_id):
        self.world.complete_order(US, order_id, 1, "execution-1")


TestUnitsAddUp = UnitsAddUp.TestCase
TestUnitsAddUp.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
