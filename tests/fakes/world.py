"""The use cases of the core, wired to the fakes: what entry/wiring does with the adapters."""

from hashlib import sha256
from typing import Any

from partner_center.accounts.api_keys import Principal
from partner_center.billing.activate import ActivateContract
from partner_center.billing.authorise import AuthorisePayment, payment_answer
from partner_center.billing.charge_steps import MoveMoney
from partner_center.billing.payment_desk import PaymentDesk
from partner_center.billing.payment_queue import PaymentQueue
from partner_center.billing.reading import ContractReading
from partner_center.billing.request import RequestContract
from partner_center.billing.settle import DueSettlements, SettlePayment
from partner_center.catalog.products import load_catalog
from partner_center.issuance.record import CertificateRecord
from partner_center.orders.amend import AmendOrder, Precondition
from partner_center.orders.close import CancelOrder, CloseOverdue, CompleteOrder
from partner_center.orders.domain_actions import RequestCheck, Resend
from partner_center.orders.enrolment_gate import EnrolmentGate
from partner_center.orders.examine import ExamineOrder
from partner_center.orders.exposed_keys import ReportExposed
from partner_center.orders.fulfil import AwaitAnswer, AwaitDomains, RelayEvent, WaitStep, release_answer
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.place import PlaceOrder
from partner_center.orders.ports import load
from partner_center.orders.reading import OrderReading
from partner_center.orders.reconcile_order import ReconcileOrder
from partner_center.orders.review import DecideReview, ReviewTask, review_answer
from partner_center.orders.review_queue import ReviewQueue
from partner_center.orders.screen import ScreenOrder
from partner_center.orders.succeed import PlaceSuccessor
from partner_center.validation.approve import Approvals
from partner_center.validation.ask_again import AskAgain
from partner_center.validation.authenticate import OpenValidation
from partner_center.validation.challenges import Challenge, Decision
from partner_center.validation.check_control import CheckControl
from partner_center.validation.contact_check import CheckContact
from partner_center.validation.due_checks import BeginDueChecks
from partner_center.validation.proof_list import ListProofs
from partner_center.validation.published_contacts import PublishedContacts, ReadApprovers
from partner_center.validation.publishing import Publishing
from tests.fakes.calendar_store import MemorySuppressions
from tests.fakes.charge_store import MemoryCards
from tests.fakes.determined import HURRIED, CountingIds, FixedClock
from tests.fakes.open_orders import MemoryOpenOrders
from tests.fakes.outside import (
    MemoryBus,
    MemoryCertificates,
    MemoryDomainMail,
    MemoryExposedKeys,
    MemoryMachine,
    MemoryVault,
)
from tests.fakes.payments import MemoryGateway
from tests.fakes.perspectives import MemoryPerspectives
from tests.fakes.posted import MemoryBlockedKeys, a_body, a_call, a_principal, spki_of
from tests.fakes.samples import ORDER, US, a_content, a_head, a_placement, a_record
from tests.fakes.stores import MemoryStores


class World:
    """One reseller's Partner Center in memory. `tables` are its rows, `clock` and `ids` its determinism."""

    def __init__(self, ids: CountingIds | None = None) -> None:
        self.clock, self.ids = FixedClock(), ids or CountingIds()
        self.stores = MemoryStores()
        self.tables = self.stores.tables
        self.mail, self.machine, self.bus = MemoryDomainMail(), MemoryMachine(), MemoryBus()
        self.certificates, self.blocked = MemoryCertificates(), MemoryBlockedKeys()
        self.cards, self.gateway = MemoryCards(self.tables), MemoryGateway(self.clock)
        orders, challenges, waits = self.stores.orders, self.stores.challenges, self.stores.waits
        clock, ids = self.clock, self.ids
        self.exposed = MemoryExposedKeys()
        self.perspectives = MemoryPerspectives()
        everywhere = self.perspectives.everywhere()
        self.contacts = PublishedContacts(everywhere)
        publishing = Publishing(load_catalog(), "https://partners.example.net")
        report = ReportExposed(self.exposed)
        contracts = self.stores.contracts
        gate = EnrolmentGate(contracts, load_catalog(), self.blocked, report, self.contacts.of)
        self.examine = ExamineOrder(orders, gate)
        self.request_contract = RequestContract(contracts, load_catalog(), report, clock, ids)
        self.activate_contract = ActivateContract(contracts, load_catalog(), clock, ids)
        self.contract_reading = ContractReading(contracts, contracts, clock)
        self.place_order = PlaceOrder(orders, self.examine, clock, ids)
        self.place_successor = PlaceSuccessor(orders, self.examine, clock, ids, HURRIED)
        self.cancel_order = CancelOrder(orders, clock, ids, HURRIED)
        self.close_overdue = CloseOverdue(orders, challenges, clock, ids)
        self.complete_order = CompleteOrder(orders, self.certificates, clock, ids)
        check_contact = CheckContact(challenges, everywhere, clock, ids)
        self.open_validation = OpenValidation(challenges, MemoryVault(), self.mail, check_contact, clock, ids)
        self.ask_again = AskAgain(orders, self.open_validation)
        self.check_control = CheckControl(orders, challenges, everywhere, publishing, clock, ids)
        self.begin_due_checks = BeginDueChecks(challenges, self, clock)
        self.read_approvers = ReadApprovers(orders, challenges, self.contacts, clock)
        self.list_proofs = ListProofs(challenges, clock)
        self.approvals = Approvals(challenges, orders, clock, ids, HURRIED)
        self.await_domains = AwaitDomains(
            orders, challenges, self.open_validation, waits, self.machine, clock
        )
        self.await_release = AwaitAnswer(orders, waits, self.machine, WaitStep.HELD_BACK, release_answer)
        screenings = self.stores.screenings
        self.screen_order = ScreenOrder(orders, screenings, challenges, clock, ids)
        self.await_review = AwaitAnswer(orders, waits, self.machine, WaitStep.REVIEW, review_answer)
        self.decide_review = DecideReview(orders, screenings, clock, ids, HURRIED)
        self.review_queue = ReviewQueue(orders, screenings)
        charges = self.stores.charges
        self.move_money = MoveMoney(orders, charges, self.cards, self.gateway, clock, ids)
        self.await_payment = AwaitAnswer(orders, waits, self.machine, WaitStep.PAYMENT, payment_answer)
        self.alarms: list[str] = []
        self.authorise_payment = AuthorisePayment(
            orders, challenges, self.move_money, clock, self.alarms.append
        )
        self.settle_payment = SettlePayment(charges, self.move_money, clock, self.alarms.append)
        self.due_settlements = DueSettlements(charges, clock)
        self.payment_desk = PaymentDesk(orders, charges, self.cards, self.stores.contracts, clock, ids)
        self.payment_queue = PaymentQueue(orders, charges, self.cards)
        self.amend_order = AmendOrder(orders, challenges, gate, clock, ids, HURRIED)
        self.open_orders = MemoryOpenOrders(self.tables)
        self.reconcile_order = ReconcileOrder(
            orders,
            challenges,
            self.open_orders,
            self.machine,
            waits,
            self.certificates,
            contracts,
            self.complete_order,
            self.close_overdue,
            clock,
            ids,
        )
        self.relay_event = RelayEvent(orders, challenges, waits, self.machine, self.bus, clock)
        self.request_check = RequestCheck(
            orders,
            challenges,
            waits,
            self,
            self.stores.checks,
            self.stores.call_guards,
            clock,
            ids,
            HURRIED,
        )
        self.suppressions = MemorySuppressions()
        self.resend = Resend(orders, challenges, self.suppressions, self, self.stores.call_guards, clock)
        self.reading = OrderReading(
            orders,
            orders,
            challenges,
            self.certificates,
            self.stores.claims,
            publishing,
            self.suppressions,
            clock,
            lambda head: self.cards.card(head.reseller_id, head.card_id) if head.card_id else None,
        )

    # ---- what other functions are asked to do, done at once

    def begin(self, reseller_id: str, order_id: str) -> None:
        self.check_control(reseller_id, order_id, "due-check")

    def check(self, reseller_id: str, order_id: str, names: list[str] | None) -> None:
        self.check_control(reseller_id, order_id, "request-check", names, 18.0)

    def post(
        self, body: dict[str, Any] | None = None, key: str | None = None, by: Principal | None = None
    ) -> Order:
        body = a_body() if body is None else body
        return self.place_order(by or a_principal(), a_call(body, key), body)

    def posted(self, body: dict[str, Any] | None = None, by: Principal | None = None) -> Order:
        """An order that was posted and screened; as it is now."""
        placed = self.post(body, by=by)
        self.screen_order(placed.head.reseller_id, placed.head.order_id, 1, "execution-1")
        return self.order(placed.head.order_id, placed.head.reseller_id)

    def order(self, order_id: str, reseller_id: str = US) -> Order:
        """The order as it is now."""
        found = load(self.stores.orders, reseller_id, order_id)
        assert found is not None
        return found

    def certify(self, order_id: str = ORDER, **changes: Any) -> CertificateRecord:
        """The certificate of what the order holds now is stored."""
        content = self.order(order_id).content
        record = a_record(
            **{
                "order_id": order_id,
                "names": content.names,
                "common_name": content.common_name,
                "spki_sha256": content.spki_sha256,
                **changes,
            }
        )
        self.certificates.keep(record)
        return record

    def amend(
        self,
        patch: dict[str, Any],
        order_id: str = ORDER,
        by: Principal | None = None,
        precondition: Precondition = lambda _: None,
    ) -> Order:
        """The order after PATCH."""
        by = by or a_principal()
        self.amend_order(by, "request-2", order_id, patch, precondition)
        return self.order(order_id, by.reseller_id)

    def ask(self, order_id: str = ORDER) -> list[str]:
        """What the machine does next: screening, then mails to those who must approve; returns whom it asked."""
        before = len(self.mail.asked)
        self.screen_order(US, order_id, 1, "execution-1")
        if self.head(order_id).is_screened:
            self.open_validation(self.order(order_id))
        return [request.challenge.approver_email for request in self.mail.asked[before:]]

    def put(self, *names: str, **head: Any) -> OrderHead:
        """An order placed behind the gate's back, for tests of what comes after."""
        names = names or ("www.example.com",)
        spki = spki_of()
        key = {"spki_der": spki.hex(), "spki_sha256": sha256(spki).hexdigest()}
        placed = a_head(**{"common_name": names[0], **head})
        self.stores.orders.place(a_placement(self.ids, placed, content=a_content(*names, **key)))
        return placed

    def head(self, order_id: str = ORDER, reseller_id: str = US) -> OrderHead:
        found = self.stores.orders.head(reseller_id, order_id)
        assert found is not None
        return found

    def challenges(self, order_id: str = ORDER) -> list[Challenge]:
        return list(self.stores.challenges.of_order(US, order_id))

    def approve(self, number: int = -1, decision: Decision = Decision.APPROVE) -> None:
        """The approver of the mail of this number answers."""
        self.approvals.decide(self.mail.tokens[number], decision, "192.0.2.7", "request-9")

    def relay(self) -> None:
        """The stream delivers what was not delivered yet, in order."""
        published = {event.event_id for event in self.bus.published}
        for event in list(self.tables.events.values()):
            if event.event_id not in published:
                self.relay_event(event)

    def task(self, order_id: str = ORDER, reseller_id: str = US) -> ReviewTask:
        """What a reviewer would decide of the order now; of one that was never screened, its present content."""
        screenings = self.stores.screenings.of_order(reseller_id, order_id)
        revision = screenings[0].revision if screenings else self.head(order_id, reseller_id).revision
        return ReviewTask(reseller_id, order_id, revision)

    def counted(self, contract_id: str = "con_1") -> tuple[int, int, int]:
        """Units left, held and used on the contract."""
        contract = self.tables.contracts[US, contract_id]
        return contract.units_left, contract.units_held, contract.units_used
