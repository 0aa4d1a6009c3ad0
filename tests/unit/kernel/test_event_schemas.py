"""The published language: every event that the code makes has its schema, and every schema has an event."""

import ast
import json
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from local.openapi.story import PRODUCT, certificate_of, order_request
from local.template import described
from partner_center.accounts.api_keys import Principal, Role
from partner_center.accounts.resellers import Reseller
from partner_center.accounts.staff import Staff, StaffRole
from partner_center.adapters.dynamodb import to_item
from partner_center.adapters.records import event_put
from partner_center.billing.add_card import CardPage
from partner_center.billing.card_links import MakeCardLink
from partner_center.billing.payment_method import PaymentMethod
from partner_center.billing.payments import PaymentRefused, PaymentStatus
from partner_center.catalog.products import load_catalog
from partner_center.entry.queues import queue_handler
from partner_center.entry.stream import outbox_handler
from partner_center.issuance.exposed_keys import BlockExposedKey
from partner_center.issuance.preflight import RunPreflight
from partner_center.issuance.problem_reports import Finding, ReportDecision, ReportProblem, decided
from partner_center.issuance.record import CertificateStatus, OrderFollows, Reason
from partner_center.issuance.report_request import read_report
from partner_center.issuance.revoke import Revoker, Wish
from partner_center.kernel.events import Chronicle
from partner_center.orders.amend import AmendOrder
from partner_center.orders.close import CancelOrder, CloseOverdue, CompleteOrder, closing
from partner_center.orders.domain_actions import RequestCheck
from partner_center.orders.enrolment_gate import EnrolmentGate
from partner_center.orders.examine import ExamineOrder
from partner_center.orders.exposed_keys import ExposedKey, ReportExposed
from partner_center.orders.idempotency import Call
from partner_center.orders.order import CloseReason, Order, OrderStatus, Review
from partner_center.orders.place import PlaceOrder
from partner_center.orders.ports import load
from partner_center.orders.reissue import reissued
from partner_center.orders.reissue_order import ReissueOrder
from partner_center.orders.review import DecideReview, ReviewTask, Verdict
from partner_center.orders.screen import ScreenOrder
from partner_center.validation.approve import Approvals
from partner_center.validation.authenticate import OpenValidation
from partner_center.validation.challenges import Decision
from partner_center.validation.check_control import CheckControl
from partner_center.validation.contact_check import CheckContact
from partner_center.validation.control_methods import control_name
from partner_center.validation.dns import CaaRecord, RecordType
from partner_center.validation.publishing import Publishing
from tests.fakes.cards import MemoryCardForms, MemoryCardShelf
from tests.fakes.contract_charges import a_card_contract, a_card_head
from tests.fakes.determined import HURRIED, NOW, CountingIds, FixedClock
from tests.fakes.key_register import MemoryKeyRegister
from tests.fakes.outside import MemoryBlockLists
from tests.fakes.payments import a_card
from tests.fakes.perspectives import MemoryPerspectives
from tests.fakes.posted import a_call
from tests.fakes.problem_reports import MemoryReports
from tests.fakes.revocations import MemoryRevocations, MemorySerials
from tests.fakes.samples import US, a_contract, a_preflight, a_staff, an_audit
from tests.fakes.stores import MemoryStores
from tests.fakes.supersessions import MemorySupersessions
from tests.fakes.world import World

ROOT = Path(__file__).parents[3]
SCHEMAS = {path.name.removesuffix(".json"): path for path in (ROOT / "events/schemas").glob("*.json")}
SAMPLES = {path.name.removesuffix(".json"): path for path in (ROOT / "events/samples").glob("*.json")}
PRINCIPAL = Principal(US, "0" * 26, Role.ORDERS)


@dataclass
class Office:
    """The use cases over stores in memory, with an approver whose mail is read."""

    stores: MemoryStores = field(default_factory=MemoryStores)
    clock: FixedClock = field(default_factory=FixedClock)
    ids: CountingIds = field(default_factory=CountingIds)
    links: list = field(default_factory=list)
    issued: list = field(default_factory=list)
    perspectives: MemoryPerspectives = field(default_factory=MemoryPerspectives)

    def __post_init__(self):
        self.stores.grant(a_contract())

    def place(self, **more):
        examiner = ExamineOrder(self.stores.orders, self.gate())
        place = PlaceOrder(self.stores.orders, examiner, self.clock, self.ids)
        body = {name: value for name, value in order_request().items() if name != "partner_order_id"}
        order = place(PRINCIPAL, self.call(), body | {"product": PRODUCT} | more)
        screenings = self.stores.screenings
        screen = ScreenOrder(self.stores.orders, screenings, self.stores.challenges, self.clock, self.ids)
        screen(US, order.head.order_id, 1, "execution-1")
        order = load(self.stores.orders, US, order.head.order_id)
        everywhere = self.perspectives.everywhere()
        contact = CheckContact(self.stores.challenges, everywhere, self.clock, self.ids)
        OpenValidation(self.stores.challenges, self, self, contact, self.clock, self.ids)(order)
        return order

    def call(self):
        return Call("POST", "/v1/orders", None, "0" * 64, "request-1")

    def is_blocked(self, _):
        return None

    def report(self, exposed):
        register = MemoryKeyRegister(
            {exposed.spki_sha256: [(record.reseller_id, record.order_id) for record in self.issued]}
        )
        BlockExposedKey(register, self, self.clock, self.ids)(exposed)
        self.stores.tables.events.update(register.told)

    def not_ended(self, *_):
        return self.issued

    def seal(self, secret, _):
        return secret.encode()

    def open(self, sealed, _):
        return sealed.decode()

    def instruct(self, order, challenges):
        pass

    def prove(self):
        order = self.place(domain_control={"method": "dns_txt"})
        (challenge,) = self.stores.challenges.of_order(US, order.head.order_id)
        name = (control_name(challenge.authorization_domain), RecordType.TXT)
        self.perspectives.world.records[name] = (challenge.value.encode(),)
        everywhere = self.perspectives.everywhere()
        publishing = Publishing(load_catalog(), "https://partners.example.net")
        check = CheckControl(
            self.stores.orders, self.stores.challenges, everywhere, publishing, self.clock, self.ids
        )
        check(US, order.head.order_id, "request-6")
        return order

    def published(self, names):
        return {}

    def ask(self, request):
        self.links.append(request.token)

    def decide(self, decision):
        self.place()
        approvals = Approvals(self.stores.challenges, self.stores.orders, self.clock, self.ids, HURRIED)
        approvals.decide(self.links[-1], decision, "192.0.2.7", "request-2")

    def hold_back(self):
        order = self.prove()
        name = (order.content.common_name, RecordType.CAA)
        self.perspectives.world.records[name] = (CaaRecord(0, "issue", b"another-ca.example"),)
        stores = self.stores
        run_preflight = RunPreflight(
            stores.orders,
            stores.challenges,
            stores.claims,
            stores.charges,
            self.perspectives.everywhere(),
            Publishing(load_catalog(), "https://partners.example.net"),
            self,
            MemoryBlockLists(),
            self.clock,
            self.ids,
        )
        run_preflight(US, order.head.order_id, 1, f"{order.head.order_id}-g1-a1")
        return order

    def check(self):
        order = self.hold_back()
        stores = self.stores
        RequestCheck(
            stores.orders,
            stores.challenges,
            stores.waits,
            self,
            stores.checks,
            stores.call_guards,
            self.clock,
            self.ids,
            HURRIED,
        )(PRINCIPAL, a_call(), order.head.order_id)

    def complete(self):
        order = self.place()
        self.stores.claims.claim(order, a_preflight(), an_audit(self.ids))
        complete = CompleteOrder(self.stores.orders, StoredCertificate(order), self.clock, self.ids)
        complete(US, order.head.order_id, 1, f"{order.head.order_id}-g1-a1")

    def replace(self):
        """An order that replaces another is issued."""
        order, original = self.place(), self.ids.new("ord", NOW)
        heads = self.stores.tables.heads
        heads[US, order.head.order_id] = replace(order.head, replaces=original)
        heads[US, original] = replace(order.head, order_id=original, replaced_by=order.head.order_id)
        complete = CompleteOrder(self.stores.orders, StoredCertificate(order), self.clock, self.ids)
        complete(US, order.head.order_id, 1, f"{order.head.order_id}-g1-a1")

    def gate(self):
        contracts, report = self.stores.contracts, ReportExposed(self)
        return EnrolmentGate(contracts, load_catalog(), self, report, self.published)

    def amend(self):
        order = self.place()
        stores = self.stores
        amend = AmendOrder(stores.orders, stores.challenges, self.gate(), self.clock, self.ids, HURRIED)
        amend(PRINCIPAL, "request-5", order.head.order_id, {"note": "Another note."})

    def review(self, verdict):
        order = self.place()
        head = replace(order.head, review=Review.WAITING)
        self.stores.tables.heads[US, head.order_id] = head
        decide = DecideReview(self.stores.orders, self.stores.screenings, self.clock, self.ids, HURRIED)
        staff = Staff("rosa.reviewer", "1", frozenset(StaffRole))
        decide(
            staff, self.call(), ReviewTask(US, head.order_id, head.revision), verdict, "Looked it up.", None
        )

    def pay(self, **happens):
        """A card order from its first question on; what is not said to happen goes well."""
        world = World(self.ids)
        self.stores = world.stores
        card = a_card()
        world.cards.keep(card)
        world.stores.grant(a_card_contract(card_id="card_1"))
        order_id = self.ids.new("ord", NOW)
        world.put(**{**vars_of(a_card_head()), "order_id": order_id})
        if "declined" in happens:
            world.gateway.declines[card.token] = "insufficient_funds"
        world.authorise_payment(US, order_id, 1, "execution-1")
        if "updated" in happens:
            world.payment_desk.change_method(a_staff(), a_call(path="/p"), US, order_id, None)
        if "cancelled" in happens:
            world.cancel_order(PRINCIPAL, a_call(path="/c"), order_id, None)
        elif "declined" not in happens:
            world.certify(order_id)
            world.complete_order(US, order_id, 1, "execution-1")
        if "stuck" in happens:
            world.gateway.before = refuse
        world.settle_payment(US, order_id, "queue-1")
        if "revoked" in happens:
            head = replace(world.head(order_id), status=OrderStatus.REVOKED, settle_at=NOW)
            head = replace(head, payment=PaymentStatus.REFUND_PENDING)
            world.tables.heads[US, order_id] = head
            world.settle_payment(US, order_id, "queue-2")
        if "returned" in happens:
            world.gateway.return_refunds()
            world.settle_payment(US, order_id, "queue-3")

    def expose(self):
        self.issued.append(certificate_of(self.place()))
        self.report(ExposedKey(self.issued[0].spki_sha256, US, PRINCIPAL.key_id, "request-4"))

    def give_card(self):
        """A reseller with a card, through the form's page."""
        shelf, forms, access = MemoryCardShelf(self.stores.tables), MemoryCardForms(), OneReseller()
        link = MakeCardLink(shelf, forms, access, self, self.clock, self.ids)(PRINCIPAL, self.call())
        forms.fill_in("seti_1")
        page = CardPage(shelf, forms, self.stores.contracts, access, self.clock, self.ids)
        page.add(link.token, "seti_1", "192.0.2.7", "request-7")
        return PaymentMethod(shelf, self.stores.contracts, self.clock, self.ids)

    def remove_card(self):
        self.give_card().remove(PRINCIPAL, "request-8")

    def revoke(self):
        self.complete()
        (order_id,) = [each.order_id for each in self.stores.tables.heads.values()]
        order = load(self.stores.orders, US, order_id)
        serials = MemorySerials()
        serials.add(certificate_of(order))
        revocations = MemoryRevocations(self.stores.tables, serials, self.stores.orders)
        revoker = Revoker(self.stores.orders, serials, revocations, self.clock, self.ids)
        revoker.order(order.head, Wish(Reason.SUPERSEDED, "key:1", "request-7", OrderFollows.ALWAYS))

    def report_problem(self):
        body = {
            "reporter_email": "security@example.net",
            "category": "misuse",
            "serials": ["0a1b"],
            "text": "It serves a copy of our sign-in page.",
        }
        report = replace(read_report(body).report, report_id=self.ids.new("rep", NOW), received_at=NOW)
        writer = MemoryReports(self.stores.tables)
        ReportProblem(writer, self.clock, self.ids)(report, "192.0.2.7", a_call(body))
        (kept,) = writer.kept.values()
        decision = ReportDecision(NOW, "staff:vera", Finding.NOTE, "We look into it.")
        writer.write(decided(kept, decision, Chronicle(self.ids, NOW, "staff:vera", "request-9")))

    def reissue(self):
        """Of an issued order, with a name that is to be proven: the id of its enrolment."""
        self.complete()
        (head,) = self.stores.tables.heads.values()
        stores = self.stores
        reissue = ReissueOrder(
            stores.orders,
            stores.challenges,
            MemorySupersessions(),
            self.gate(),
            self.clock,
            self.ids,
            HURRIED,
        )
        asked = {"csr": order_request()["csr"], "domain_control": {"method": "dns_txt"}}
        return reissue(PRINCIPAL, self.call(), head.order_id, asked).enrolment_id

    def issue_reissue(self):
        enrolment_id = self.reissue()
        stored = StoredCertificate(load(self.stores.orders, US, enrolment_id))
        CompleteOrder(self.stores.orders, stored, self.clock, self.ids)(US, enrolment_id, 2, "execution-2")

    def cancel_reissue(self):
        cancel = CancelOrder(self.stores.orders, self.clock, self.ids, HURRIED)
        cancel(PRINCIPAL, self.call(), self.reissue(), None)

    def reject_reissue(self):
        head = self.stores.orders.head(US, self.reissue())
        found = reissued(self.stores.orders, head)
        why = (OrderStatus.REJECTED, CloseReason.REVIEW)
        chronicle = Chronicle(self.ids, NOW, "staff:rosa", "request-10")
        self.stores.orders.close(closing(head, *why, chronicle, found=found))

    def cancel(self):
        order = self.place()
        CancelOrder(self.stores.orders, self.clock, self.ids, HURRIED)(
            PRINCIPAL, self.call(), order.head.order_id, "Ordered twice."
        )

    def reconcile(self, *, ended=False):
        """The execution of an order is gone; or the order is, and left a serial."""
        world = World(self.ids)
        self.stores = world.stores
        world.stores.grant(a_contract(10))
        order_id = self.ids.new("ord", NOW)
        world.put(order_id=order_id)
        if ended:
            recorded = {"status": CertificateStatus.RECORDED, "certificate_der": None, "stored_at": None}
            world.certify(order_id, **recorded)
            world.cancel_order(PRINCIPAL, a_call(path="/c"), order_id, None)
        world.clock.advance(hours=1)
        world.reconcile_order(US, order_id, "schedule")

    def overrun(self):
        order = self.place()
        self.clock.advance(days=91)
        close = CloseOverdue(self.stores.orders, self.stores.challenges, self.clock, self.ids)
        close(US, order.head.order_id, f"{order.head.order_id}-g1-a1")


class OneReseller:
    """Looks resellers up, and finds one."""

    def reseller(self, reseller_id):
        return Reseller(reseller_id, "Northwind Hosting", "support@northwind.example.com")


@dataclass(frozen=True)
class StoredCertificate:
    order: Order

    def current(self, *_):
        return certificate_of(self.order)

    def by_serial(self, _):
        return None


def refuse(_):
    raise PaymentRefused("account_closed", "There is no such account.")


def vars_of(head):
    return {each.name: getattr(head, each.name) for each in fields(head)}


# What makes an event: where the code says so, and the walk that gets there.
WALKS = {
    ("billing/charge_records.py", "_event"): [
        lambda office: office.pay(),
        lambda office: office.pay(declined=True),
        lambda office: office.pay(cancelled=True),
        lambda office: office.pay(revoked=True),
    ],
    ("billing/charge_records.py", "_settlement_failed"): [
        lambda office: office.pay(stuck=True),
        lambda office: office.pay(revoked=True, returned=True),
    ],
    ("billing/payment_desk.py", "_write"): [lambda office: office.pay(declined=True, updated=True)],
    ("billing/add_card.py", "_change"): [Office.give_card],
    ("billing/payment_method.py", "remove"): [Office.remove_card],
    ("orders/place.py", "placement_of"): [lambda office: office.place()],
    ("orders/close.py", "completion"): [Office.complete, Office.replace],
    ("orders/close.py", "closing"): [
        Office.cancel,
        Office.overrun,
        Office.cancel_reissue,
        Office.reject_reissue,
    ],
    ("orders/close.py", "reissue_completion"): [Office.issue_reissue],
    ("orders/reissue_beginning.py", "beginning"): [Office.reissue],
    ("orders/domain_actions.py", "_release"): [Office.check],
    ("orders/reconcile_order.py", "_restart"): [Office.reconcile],
    ("orders/reconcile_order.py", "_orphaned"): [lambda office: office.reconcile(ended=True)],
    ("issuance/preflight.py", "_record"): [Office.hold_back],
    ("validation/check_control.py", "_ruling"): [Office.prove],
    ("orders/amend.py", "_amendment"): [Office.amend],
    ("orders/review.py", "_release"): [
        lambda office: office.review(Verdict.APPROVE),
        lambda office: office.review(Verdict.REJECT),
    ],
    ("issuance/exposed_keys.py", "_notice"): [Office.expose],
    ("issuance/revoke.py", "_certificate_event"): [Office.revoke],
    ("issuance/revoke.py", "order_revocation"): [Office.revoke],
    ("issuance/problem_reports.py", "__call__"): [Office.report_problem],
    ("issuance/problem_reports.py", "decided"): [Office.report_problem],
    ("validation/approve.py", "_ruling"): [
        lambda office: office.decide(Decision.APPROVE),
        lambda office: office.decide(Decision.DECLINE),
    ],
}


OF_A_REISSUE = {"reissue_id"}
"""Only where an event is about a reissue."""

MAKE_EVENTS = {"event", "event_of_report"}


def walked():
    events = []
    for walks in WALKS.values():
        for walk in walks:
            office = Office()
            walk(office)
            events += office.stores.tables.events.values()
    return events


EVENTS = walked()


def validator(name):
    return Draft202012Validator(json.loads(SCHEMAS[name].read_text("utf-8")), format_checker=FormatChecker())


def complaints(name, envelope):
    return [error.message for error in validator(name).iter_errors(json.loads(json.dumps(envelope)))]


def test_the_walks_cover_every_place_that_makes_an_event():
    package = ROOT / "layers/core/partner_center"
    making = set()
    for path in package.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef):
                calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
                if any(isinstance(call, ast.Attribute) and call.attr in MAKE_EVENTS for call in calls):
                    making.add((str(path.relative_to(package)), function.name))
    assert making == WALKS.keys()


def test_no_schema_and_no_sample_is_unused():
    made = {f"{event.type}.v{event.version}" for event in EVENTS}
    assert made == SCHEMAS.keys() == SAMPLES.keys()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_event_is_as_its_schema_says(event):
    name = f"{event.type}.v{event.version}"
    assert complaints(name, event.envelope()) == []
    described = json.loads(SCHEMAS[name].read_text("utf-8"))["properties"]
    assert event.envelope().keys() == described.keys()
    told, known = event.envelope()["data"].keys(), described["data"]["properties"].keys()
    assert told == known - (OF_A_REISSUE - told)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_schemas_are_valid_and_named_after_their_event(name):
    schema = json.loads(SCHEMAS[name].read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    type_, _, version = name.rpartition(".v")
    assert schema["$id"] == f"urn:partner-center:event:{name}"
    assert schema["properties"]["type"] == {"const": type_}
    assert schema["properties"]["version"] == {"const": int(version)}
    assert set(schema["required"]) == schema["properties"].keys()


@pytest.mark.parametrize("name", sorted(SCHEMAS))
@pytest.mark.parametrize(
    "change",
    [{"type": "order.imagined"}, {"version": 2}, {"occurred_at": "yesterday"}, {"id": "1"}, {"data": {}}],
    ids=lambda change: next(iter(change)),
)
def test_schemas_refuse_what_is_no_such_event(name, change):
    event = next(each for each in EVENTS if f"{each.type}.v{each.version}" == name)
    assert complaints(name, event.envelope() | change) != []


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_samples_are_what_the_bus_delivers(name):
    sample = json.loads(SAMPLES[name].read_text("utf-8"))
    assert sample["detail-type"] == name
    assert sample["source"] == "partner-center"
    assert complaints(name, sample["detail"]) == []
    taken = []
    handled = queue_handler(lambda: taken.append)(
        {"Records": [{"messageId": "1", "body": json.dumps(sample)}]}, None
    )
    assert handled == {"batchItemFailures": []}
    assert [each.envelope() for each in taken] == [sample["detail"]]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_nothing_is_lost_between_the_outbox_and_the_bus(event):
    event = replace(event, occurred_at=NOW + timedelta(microseconds=123456))
    put = event_put("business", event)
    image = to_item({"pk": put.key.pk, "sk": put.key.sk, **put.attributes})
    relayed = []
    outcome = outbox_handler(lambda: relayed.append, lambda: None)(
        {"Records": [{"dynamodb": {"SequenceNumber": "1", "NewImage": image}}]}, None
    )
    assert outcome == {"batchItemFailures": []}
    assert [each.envelope() for each in relayed] == [event.envelope()]


def test_rules_of_the_template_wait_for_events_that_exist():
    resources = described(ROOT / "template.yaml")["Resources"]
    patterns = [
        resource["Properties"]["EventPattern"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Events::Rule" and "EventPattern" in resource["Properties"]
    ]
    ours = [pattern for pattern in patterns if pattern["source"] == ["partner-center"]]
    assert ours
    for pattern in ours:
        assert set(pattern["detail-type"]) <= SCHEMAS.keys()
