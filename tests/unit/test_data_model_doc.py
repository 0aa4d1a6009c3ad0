"""docs/data-model.md names every key, every attribute and every action of every transaction, as the code has them."""

import inspect
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.openapi.story import certificate_of
from partner_center.accounts.api_keys import Role, make_key, make_staff_key
from partner_center.accounts.resellers import ReminderPreferences, Reseller
from partner_center.accounts.staff import StaffRole
from partner_center.adapters import keys
from partner_center.adapters.access_store import AccessStore
from partner_center.adapters.account_store import AccountStore
from partner_center.adapters.caa_report_store import CaaReportStore
from partner_center.adapters.calendar_store import CalendarStore
from partner_center.adapters.call_guards import CallGuardStore
from partner_center.adapters.card_store import CardStore
from partner_center.adapters.certificate_store import DynamoDbCertificates
from partner_center.adapters.challenge_store import ChallengeStore
from partner_center.adapters.charge_store import ChargeStore
from partner_center.adapters.check_store import CheckStore
from partner_center.adapters.check_times import CheckTimes
from partner_center.adapters.claim_store import ClaimStore
from partner_center.adapters.contract_notice_store import ContractNoticeStore
from partner_center.adapters.contract_store import ContractStore
from partner_center.adapters.crl_store import CrlStore
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.issuance_store import DynamoDbIssuanceStore
from partner_center.adapters.key_register import DynamoDbKeyRegister
from partner_center.adapters.open_orders import OpenOrderStore
from partner_center.adapters.order_items import head_to_item
from partner_center.adapters.order_store import OrderStore
from partner_center.adapters.planned_reissues import PlannedReissueStore
from partner_center.adapters.problem_report_store import ProblemReportStore
from partner_center.adapters.quota_store import QuotaStore
from partner_center.adapters.refund_actions import refund_actions
from partner_center.adapters.revocation_store import RevocationStore
from partner_center.adapters.screening_store import ScreeningStore
from partner_center.adapters.sent_mail_store import SentMailStore
from partner_center.adapters.settlement_queue import GatewayEventStore
from partner_center.adapters.supersession_store import SupersessionStore, supersession_put
from partner_center.adapters.suppression_store import SuppressionStore
from partner_center.adapters.tables import TableNames
from partner_center.adapters.wait_store import WaitStore
from partner_center.billing.charge_ports import PaymentChange
from partner_center.billing.contracts import EntryKind, LedgerEntry
from partner_center.billing.payments import PaymentStatus
from partner_center.billing.refunds import started_refund
from partner_center.issuance.crl_record import PublishedCrl, RevokedCertificate
from partner_center.issuance.key_block import KeyBlock
from partner_center.issuance.objection import CheckRun, Ground, Objection
from partner_center.issuance.objection_queue import Settlement
from partner_center.issuance.preflight import Outcome
from partner_center.issuance.problem_reports import Finding, ProblemReport, ReportChange, ReportDecision
from partner_center.issuance.profile import CaReason, IssuingCa, RootCa, SignatureAlgorithm
from partner_center.issuance.record import CertificateStatus, OrderFollows, Reason
from partner_center.issuance.revocation import Cause, revocation_of
from partner_center.issuance.revoke import CertificateRevocation, Wish, order_revocation
from partner_center.issuance.supersede import Supersession, SupersessionEnd
from partner_center.kernel.events import Chronicle
from partner_center.kernel.level import Level
from partner_center.kernel.money import Money
from partner_center.notifications.reminders import Digest, Replan
from partner_center.notifications.report_refusals import Report, Told
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.orders.call_guards import CallGuard
from partner_center.orders.close import closing, completion, reissue_completion
from partner_center.orders.flags import Flag
from partner_center.orders.fulfil import WaitStep
from partner_center.orders.order import CloseReason, OrderStatus, PaymentKind, Review
from partner_center.orders.ports import Amendment, LineageChange, ReissueBeginning, Release
from partner_center.orders.reconcile_order import Restart, UnitsRelease
from partner_center.orders.reissue import Reissued, begun
from partner_center.orders.restarts import Restarts
from partner_center.orders.review import Decision as Decided
from partner_center.orders.review import Screening, Verdict
from partner_center.validation.challenges import Attempt, ChallengeStatus, Decision
from partner_center.validation.ports import AttemptRecord, Message, Observation
from tests.adapters.test_card_store import a_card, a_link, added, removed
from tests.adapters.test_card_store import a_guard as a_link_guard
from tests.fakes.contract_calendar import a_reminder, an_entry
from tests.fakes.contract_charges import a_card_head, a_charge
from tests.fakes.contract_contract_notices import a_notice
from tests.fakes.determined import NOW, CountingIds, FixedClock
from tests.fakes.samples import (
    US,
    a_challenge,
    a_content,
    a_contract,
    a_guard,
    a_head,
    a_placement,
    a_preflight,
    a_ruling,
    an_activation,
    an_asking,
    an_audit,
    an_event,
    an_order,
)

DOC = (Path(__file__).parents[2] / "docs/data-model.md").read_text("utf-8")
TABLES = TableNames("business", "validation", "issuance", "access", "audit")
BUILDERS = {
    name: builder
    for name, builder in inspect.getmembers(keys, inspect.isfunction)
    if builder.__module__ == keys.__name__
}


class Placeholder(str):
    """Stands in a key for whatever its format asks for."""

    def __format__(self, _):
        return str(self)


def pattern_of(builder):
    """The key as the document writes it."""
    key = builder(*(Placeholder("{" + name + "}") for name in inspect.signature(builder).parameters))
    return tuple(re.sub(r"[0-9a-f]{64}", "{digest}", part) for part in (key.pk, key.sk))


ITEMS = {
    name: pattern_of(builder)
    for name, builder in BUILDERS.items()
    if inspect.signature(builder).return_annotation in {keys.Key, "Key"}
}


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_every_key_builder_is_named(name):
    assert f"`{name}`" in DOC


def rows():
    """Item rows by builder: the cells of their line."""
    found = {}
    for line in DOC.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0].startswith("`"):
            found[cells[0].strip("`")] = cells
    return found


def test_every_item_has_one_row_with_its_key():
    assert {name: (cells[1].strip("`"), cells[2].strip("`")) for name, cells in rows().items()} == ITEMS


def test_every_section_and_policy_names_existing_functions():
    folders = {path.parent.name for path in (Path(__file__).parents[2] / "functions").rglob("app.py")}
    writers = {
        writer
        for cells in rows().values()
        if not cells[5].startswith(("(", "the "))
        for writer in cells[5].split(", ")
    }
    assert writers <= folders


def matches(pattern, text):
    parts = re.split(r"\{\w+\}", pattern)
    return re.fullmatch(".+".join(map(re.escape, parts)), text) is not None


def builder_of(pk, sk):
    """The builder whose key this is; of several that fit, the one with the most letters of its own."""
    found = [name for name, (for_pk, for_sk) in ITEMS.items() if matches(for_pk, pk) and matches(for_sk, sk)]
    return max(found, key=lambda name: len(re.sub(r"\{\w+\}", "", "".join(ITEMS[name]))))


class Recorder:
    """A DynamoDB client that writes down what it is sent; `refusing` cancels transactions at an action."""

    def __init__(self, refusing=()):
        self.sent = []
        self.items = []
        self._refusing = list(refusing)

    def transact_write_items(self, TransactItems, ClientRequestToken):  # noqa: N803
        actions = [next(iter(each.items())) for each in TransactItems]
        if self._refusing:
            refused = self._refusing.pop()
            reasons = [
                {"Code": "ConditionalCheckFailed" if at == refused else "None"} for at in range(len(actions))
            ]
            error = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")
        self.sent.append([self._note(kind, parameters) for kind, parameters in actions])

    def put_item(self, **parameters):
        self._note("Put", parameters)

    def update_item(self, **parameters):
        self._note("Update", parameters)
        return {"Attributes": {name: {"N": "1"} for name in ("used", "number", "confirmations")}}

    def get_item(self, **_):
        return {}

    def _note(self, kind, parameters):
        key = parameters.get("Item") or parameters["Key"]
        name = builder_of(key["pk"]["S"], key["sk"]["S"])
        attributes = set(parameters.get("Item", {})) | set(
            parameters.get("ExpressionAttributeNames", {}).values()
        )
        self.items.append((name, attributes - {"pk", "sk"}))
        return ("Check" if kind == "ConditionCheck" else kind, name)


def sections():
    """Transactions of the document: title -> its actions as (kind, builder), with those of `or` apart."""
    part = DOC[DOC.index("## Transactions") : DOC.index("## What must add up")]
    found = {}
    for section in part.split("\n### ")[1:]:
        title, _, text = section.partition("\n")
        lines = re.findall(r"^\d+\. (.+)$", text, re.MULTILINE)
        found[title] = [re.findall(r"(Put|Update|Check) `(\w+)`", line) for line in lines]
    return found


IDS = CountingIds()
CHRONICLE = Chronicle(IDS, NOW, "system", "execution")
HEAD = a_head(partner_order_id="NW-1", review=Review.WAITING)
BY_CARD = replace(HEAD, payment_kind=PaymentKind.PAY_AS_YOU_GO, card_id="card_1", units=0)
ORDER = an_order(HEAD)
CHALLENGE = a_challenge()
RECORD_OF_ATTEMPT = AttemptRecord(
    "att_1",
    US,
    "ord_1",
    CHALLENGE.challenge_id,
    Attempt(NOW, ChallengeStatus.FAILED, "Not there.", (("eu-west-1", "refused"),)),
    "0/6",
    "primary_refused",
    (Observation("eu-west-1", "refused", "Not there.", ("x",), None),),
)
RECORD = replace(certificate_of(ORDER), certificate_der=None, stored_at=None)


def placement():
    return a_placement(IDS, HEAD, guard=a_guard(HEAD))


def closed():
    change = closing(HEAD, OrderStatus.CANCELLED, CloseReason.REQUESTED, CHRONICLE)
    return replace(change, guard=a_guard(change.head))


RUNNING = replace(HEAD, status=OrderStatus.ISSUED, serial="ab", issued_at=NOW, term_to=NOW)
BEGINS = begun(an_order(RUNNING), a_content("new.example.com"), ["new.example.com"], "rei_1", NOW, 24)
FOUND = Reissued(BEGINS.order, BEGINS.reissue)


def reissue_begun():
    event, audit = an_event(IDS, "reissue.placed"), an_audit(IDS)
    return ReissueBeginning(BEGINS, 1, a_content(), a_guard(BEGINS.head), event, audit)


def reissue_issued():
    reissue = an_order(BEGINS.head, a_content("new.example.com"))
    return reissue_completion(reissue, FOUND, a_content(), "cd", CHRONICLE)


def reissue_given_up():
    why = (OrderStatus.CANCELLED, CloseReason.REQUESTED)
    change = closing(BEGINS.head, *why, CHRONICLE, found=FOUND)
    return replace(change, guard=a_guard(change.head))


REPLACING = replace(
    HEAD, replaces="ord_0", term_from=NOW, term_to=NOW + timedelta(days=365), revoke_original_after_hours=1
)
ORIGINAL = replace(HEAD, order_id="ord_0", status=OrderStatus.ISSUED, issued_at=NOW, replaced_by="ord_1")


def follows(change):
    """The same, of an order that replaces another."""
    return replace(change, before=LineageChange(replace(ORIGINAL, version=2), 1))


def replaced():
    return completion(REPLACING, "ab", CHRONICLE, ORIGINAL)


def amended(extra):
    entry = LedgerEntry(IDS.new("led", NOW), EntryKind.HOLD, abs(extra), "ord_1", "key:1", NOW)
    return Amendment(
        head=replace(HEAD, revision=2),
        expected_version=1,
        content=a_content(),
        another_key=True,
        another_common_name=True,
        extra_units=extra,
        entry=entry,
        event=an_event(IDS, "order.amended"),
        audit=an_audit(IDS, "order.amended"),
    )


def a_restart():
    head = replace(HEAD, restarts=Restarts(1, NOW, 1))
    return Restart(head, 1, an_event(IDS, "order.restarted"), an_audit(IDS))


def a_units_release():
    entry = LedgerEntry(IDS.new("led", NOW), EntryKind.RELEASE, 2, "ord_1", "system", NOW)
    return UnitsRelease(HEAD, 1, entry, an_audit(IDS))


def released():
    return Release(HEAD, 1, an_event(IDS, "order.released"), an_audit(IDS), a_guard(HEAD))


def screenings(database):
    return ScreeningStore(database, TABLES)


SCREENING = Screening(1, NOW, (Flag("webmail_domain", "gmail.com", "Strangers."),))
DECIDED = replace(SCREENING, decision=Decided(NOW, "staff:rosa", Verdict.APPROVE, "Called.", "ok"))


def orders(database):
    return OrderStore(database, TABLES)


def challenges(database):
    return ChallengeStore(database, TABLES)


def calendar(database):
    return CalendarStore(database, "business")


def notices(database):
    return ContractNoticeStore(database, TABLES)


def register(database):
    return DynamoDbKeyRegister(database, TABLES)


def reports(database):
    return CaaReportStore(database, TABLES)


CALL_GUARD = CallGuard(US, "POST", "/v1/orders/ord_1/domains/check", "key-1", "body-1", NOW)
REPORT = Report("caa_1", US, "ord_1", "security@example.com", "2026-11-23", ())


def claims(database):
    return ClaimStore(database, TABLES)


def checks(database):
    return CheckStore(database, TABLES)


OBJECTION = Objection("ab", Ground.CAA, "none", US, "ord_1", NOW, "chk_1")


def cards(database):
    return CardStore(database, TABLES)


LINK = a_link()
CARD = a_card()


class Certificates(DynamoDbCertificates):
    def __init__(self, database):
        self._database = database
        self._table = "issuance"


class Cas(DynamoDbIssuanceStore):
    def __init__(self, database):
        self._database = database
        self._table = "issuance"


ISSUING_CA = IssuingCa(
    *("tls-e1", b"", b"", "key", SignatureAlgorithm.ECDSA_SHA256, "http://aia", "http://crl"),
    level=Level.DV,
    revoked_at=NOW,
    revocation_reason=CaReason.SUPERSEDED,
)


BY_CARD = a_card_head()
CHARGE = a_charge(BY_CARD, capture_before=NOW, authorised_at=NOW, captured_at=NOW, decline_code="x")
WHOLE_CHARGE = replace(CHARGE, refund_id="re", refunded_at=NOW, failed_refunds=1)


def money_moved(charge):
    ids = (US, "ord_1")
    return PaymentChange(
        head=replace(BY_CARD, version=2, settle_at=NOW, payment_since=NOW, payment_attempt=1),
        expected_version=1,
        charge=charge,
        entry=LedgerEntry(IDS.new("led", NOW), EntryKind.VOID, 0, "ord_1", "system", NOW, BY_CARD.net, "pi"),
        event=an_event(IDS, "order.paid"),
        audit=CHRONICLE.audit("payment.captured", *ids),
        message=Message("msg_1", NOW, "Declined."),
        guard=a_guard(BY_CARD),
    )


def refund(head, database):
    revoked = replace(head, status=OrderStatus.REVOKED, issued_at=NOW, payment=PaymentStatus.CAPTURED)
    database.transact(refund_actions("business", started_refund(revoked, CHRONICLE)))


def revocations(database):
    return RevocationStore(database, TABLES)


SUPERSESSION = Supersession(US, "ord_1", "ab", NOW, "rei_1", regardless=True)
WISH = Wish(Reason.KEY_COMPROMISE, "key:1", "request-1", OrderFollows.ALWAYS)
REVOKED_ROW = RevokedCertificate("ab", NOW, NOW, Reason.UNSPECIFIED, NOW, False)


def revoked(first):
    """A stored certificate that is revoked, or one that was revoked without a reason before."""
    stored = replace(RECORD, status=CertificateStatus.STORED)
    before = stored if first else revocation_of(stored, Reason.UNSPECIFIED, NOW).record
    return CertificateRevocation(
        before,
        revocation_of(before, Reason.KEY_COMPROMISE, NOW),
        an_event(IDS, "certificate.revoked"),
        an_audit(IDS, "certificate.revoked"),
        Message("msg_1", NOW, "It was revoked."),
        a_guard(HEAD),
        KeyBlock("ab" * 32, "compromised", NOW, an_audit(IDS, "key.blocked")),
    )


def order_revoked():
    head = replace(completion(HEAD, "ab", CHRONICLE).head, settle_at=NOW)
    return replace(order_revocation(head, WISH, CHRONICLE, NOW), guard=a_guard(head))


def last_of_a_lineage_revoked():
    change, payer = (
        order_revoked(),
        replace(HEAD, order_id="ord_0", status=OrderStatus.REVOKED, issued_at=NOW),
    )
    refund = started_refund(replace(payer, payment=PaymentStatus.CAPTURED), CHRONICLE)
    living = LineageChange(a_head(order_id="ord_2", version=2), 1)
    return replace(change, refund=None, lineage=(living, LineageChange(refund.head, 1, refund)))


def reported(version):
    decision = ReportDecision(NOW, "staff:vera", Finding.NOTE, "Looked at.", ("ab",), Reason.SUPERSEDED)
    report = ProblemReport("rep_1", NOW, "a@example.net", Cause.MISUSE, ("ab",), (), "It is.")
    report = replace(report, decisions=(decision,))
    event = CHRONICLE.event_of_report("problem.reported", "rep_1", category="misuse")
    return ReportChange(report, version, event, an_audit(IDS))


# Each transaction of the document and the calls that make it.
TRANSACTIONS = {
    "Placing an order": [
        lambda db: orders(db).place(placement()),
        lambda db: orders(db).place(replace(placement(), head=BY_CARD)),
        lambda db: orders(db).place(follows(placement())),
        lambda db: orders(db).place(replace(placement(), head=replace(HEAD, units=0, net=Money.of("0")))),
    ],
    "Opening a validation": [lambda db: challenges(db).create(CHALLENGE)],
    "An approver's answer, or a check that passed": [
        lambda db: challenges(db).rule(a_ruling(IDS, CHALLENGE, Decision.APPROVE)),
        lambda db: challenges(db).rule(a_ruling(IDS, CHALLENGE, Decision.DECLINE)),
        lambda db: challenges(db).rule(replace(a_ruling(IDS, CHALLENGE), record=RECORD_OF_ATTEMPT)),
    ],
    "A check that proved nothing": [
        lambda db: challenges(db).note(CHALLENGE, RECORD_OF_ATTEMPT),
        lambda db: challenges(db).fail(CHALLENGE, RECORD_OF_ATTEMPT),
    ],
    "A preflight": [
        lambda db: claims(db).claim(ORDER, a_preflight(), an_audit(IDS)),
        lambda db: claims(db).hold_back(
            ORDER, a_preflight(Outcome.HELD_BACK), "caa", an_audit(IDS), an_event(IDS, "order.held_back")
        ),
        lambda db: claims(db).prove_again(ORDER, a_preflight(Outcome.PROVE_AGAIN), an_audit(IDS)),
    ],
    "Recording a serial": [lambda db: Certificates(db).record(RECORD)],
    "Storing a certificate": [
        lambda db: Certificates(db).keep(RECORD, b"certificate", NOW),
        lambda db: Certificates(db).close(RECORD, NOW, "test"),
    ],
    "Storing a certificate of AWS Private CA": [
        lambda db: Certificates(db).keep_as(RECORD, replace(RECORD, serial_hex="cd", certificate_der=b"x"))
    ],
    "Asking for a reissue": [lambda db: orders(db).reissue_order(reissue_begun())],
    "Completing a reissue": [lambda db: orders(db).complete(reissue_issued())],
    "Giving a reissue up": [lambda db: orders(db).close(reissue_given_up())],
    "Completing an order": [
        lambda db: orders(db).complete(completion(HEAD, "ab", CHRONICLE)),
        lambda db: orders(db).complete(replaced()),
    ],
    "Closing an order": [
        lambda db: orders(db).close(closed()),
        lambda db: orders(db).close(follows(closed())),
    ],
    "Amending an order": [
        lambda db: orders(db).amend(amended(2)),
        lambda db: orders(db).amend(amended(-1)),
        lambda db: orders(db).amend(replace(amended(0), head=replace(BY_CARD, revision=2))),
    ],
    "A screening": [lambda db: screenings(db).record(HEAD, 1, SCREENING, an_audit(IDS))],
    "Releasing a flagged order": [lambda db: screenings(db).release(released(), DECIDED)],
    "Rejecting a flagged order": [
        lambda db: screenings(db).reject(closed(), DECIDED),
        lambda db: screenings(db).reject(follows(closed()), DECIDED),
    ],
    "Moving money": [
        lambda db: ChargeStore(db, TABLES).record(money_moved(WHOLE_CHARGE)),
        lambda db: ChargeStore(db, TABLES).record(money_moved(replace(CHARGE, version=2))),
        lambda db: ChargeStore(db, TABLES).record(PaymentChange(replace(BY_CARD, version=2), 1)),
    ],
    "A refund": [lambda db: refund(BY_CARD, db), lambda db: refund(HEAD, db)],
    "Asking for a check": [lambda db: WaitStore(db, "business").release(HEAD, an_event(IDS))],
    "Noting a check": [
        lambda db: CheckTimes(db, "business").note(US, ["ord_1"], None, NOW, CALL_GUARD),
        lambda db: CheckTimes(db, "business").note(US, ["ord_1"], "www.example.com", NOW),
    ],
    "Claiming a report of CAA refusals": [
        lambda db: reports(db).claim(REPORT, ["a"], ["b"], Told(), Told()),
        lambda db: reports(db).claim(REPORT, ["a"], ["b"], Told({"x": ()}), Told({"x": ()})),
    ],
    "Concluding a report of CAA refusals": [lambda db: reports(db).conclude(REPORT, an_audit(IDS))],
    "Claiming a reminder": [
        lambda db: calendar(db).claim(replace(an_entry(), remind_at=NOW), an_entry(), a_reminder())
    ],
    "Blocking an exposed key": [
        lambda db: register(db).block("ab" * 32, "known", NOW, an_audit(IDS)),
        lambda db: revocations(db).bar(KeyBlock("ab" * 32, "called", NOW, an_audit(IDS))),
    ],
    "An objection to a certificate": [lambda db: checks(db).object(OBJECTION, an_audit(IDS))],
    "Settling an objection": [
        lambda db: checks(db).settle(
            OBJECTION, Settlement(NOW, "staff:vera", "x", "y"), an_audit(IDS), CALL_GUARD
        )
    ],
    "A card link": [lambda db: cards(db).open_link(LINK, a_link_guard(LINK), an_audit(IDS))],
    "A card was given": [
        lambda db: cards(db).add(added(LINK, CARD)),
        lambda db: cards(db).add(added(LINK, CARD, a_card("crd_0"))),
    ],
    "A card was removed": [lambda db: cards(db).remove(removed(CARD))],
    "Revoking a certificate": [
        lambda db: revocations(db).revoke_certificate(revoked(first=True)),
        lambda db: revocations(db).revoke_certificate(revoked(first=False)),
    ],
    "Revoking an order": [
        lambda db: revocations(db).revoke_order(order_revoked()),
        lambda db: revocations(db).revoke_order(last_of_a_lineage_revoked()),
    ],
    "Ending a supersession": [
        lambda db: SupersessionStore(db, TABLES).end(
            SUPERSESSION, SupersessionEnd.KEPT, NOW, Message("msg_1", NOW, "It stays.")
        )
    ],
    "Beginning a supersession anew": [
        lambda db: SupersessionStore(db, TABLES).begin_anew(
            SUPERSESSION, NOW, Message("msg_1", NOW, "It goes.")
        )
    ],
    "Telling revocations on a CRL": [
        lambda db: CrlStore(db, "issuance").mark("tls-e1", 1, NOW, [REVOKED_ROW])
    ],
    "A problem report": [
        lambda db: ProblemReportStore(db, TABLES).write(replace(reported(None), guard=CALL_GUARD)),
        lambda db: ProblemReportStore(db, TABLES).write(replace(reported(1), guard=CALL_GUARD)),
    ],
    "A new contract": [
        lambda db: ContractStore(db, TABLES).create(a_contract(), "staff", IDS.new("led", NOW))
    ],
    "Starting an order anew": [lambda db: OpenOrderStore(db, TABLES).restart(a_restart())],
    "Releasing what an order kept": [lambda db: OpenOrderStore(db, TABLES).release(a_units_release())],
    "Telling an orphan": [
        lambda db: OpenOrderStore(db, TABLES).tell_orphan(an_event(IDS, "serial.orphaned"), an_audit(IDS))
    ],
    "Choosing how to be reminded": [
        lambda db: AccountStore(db, TABLES).remind(
            Reseller(US, "Us", "us@example.com"), ReminderPreferences(), an_audit(IDS), replan=True
        )
    ],
    "Asking for a contract": [lambda db: ContractStore(db, TABLES).ask(an_asking(IDS, key="key-1"))],
    "Activating a contract": [
        lambda db: ContractStore(db, TABLES).activate(an_activation(IDS, an_asking(IDS).contract, "key-1"))
    ],
    "Telling that a contract runs out": [
        lambda db: notices(db).claim(
            a_contract(), frozenset({"units_low"}), [a_notice()], NOW, an_audit(IDS, "contract.noticed")
        )
    ],
}
SINGLE_WRITES = [
    lambda db: db.write(supersession_put("business", SUPERSESSION)),
    lambda db: PlannedReissueStore(db, TABLES).plan(US, "ord_1", NOW),
    lambda db: OpenOrderStore(db, TABLES).look_later(HEAD, NOW, gets_on=True),
    lambda db: OpenOrderStore(db, TABLES).put_off(US, "ord_1", NOW),
    lambda db: PlannedReissueStore(db, TABLES).put_off(US, "ord_1", NOW),
    lambda db: SupersessionStore(db, TABLES).put_off(SUPERSESSION.id, NOW),
    lambda db: ChargeStore(db, TABLES).put_off(US, "ord_1", NOW),
    lambda db: OpenOrderStore(db, TABLES).leave(HEAD),
    lambda db: OpenOrderStore(db, TABLES).note(an_audit(IDS)),
    lambda db: Certificates(db).note_request(RECORD, "arn"),
    lambda db: checks(db).finish(CheckRun("chk_1", NOW, NOW, NOW, NOW, True, 1, 1)),
    lambda db: Cas(db).add_root(RootCa("root-r1", b"", "key", SignatureAlgorithm.ECDSA_SHA384, 1, NOW)),
    lambda db: Cas(db).add_issuing_ca(ISSUING_CA),
    lambda db: Cas(db).change_issuing_ca(ISSUING_CA, replace(ISSUING_CA, active=False)),
    lambda db: Cas(db).record_ca_serial("ab", b"bytes", "CN=Our CA", NOW),
    lambda db: notices(db).look_later(a_contract(), NOW),
    lambda db: notices(db).queued(a_notice()),
    lambda db: notices(db).record(a_notice(), "0a1b", "sent"),
    lambda db: CrlStore(db, "issuance").next_number("tls-e1", NOW, 0),
    lambda db: CrlStore(db, "issuance").note("tls-e1", PublishedCrl(1, NOW, NOW, NOW)),
    lambda db: ProblemReportStore(db, TABLES).note_mail("rep_1", "evt_1", NOW),
    lambda db: ProblemReportStore(db, TABLES).count_confirmation("a@example.net", NOW),
    lambda db: calendar(db).write(an_entry(remind_at=None), None),
    lambda db: calendar(db).write(an_entry(), an_entry()),
    lambda db: calendar(db).open(US, NOW.date(), NOW),
    lambda db: calendar(db).queued(Digest(US, NOW.date()), NOW),
    lambda db: calendar(db).sent(Digest(US, NOW.date()), NOW),
    lambda db: calendar(db).record(Digest(US, NOW.date()), "0a1b", "sent"),
    lambda db: calendar(db).replanned(Replan(US, NOW), "cursor"),
    lambda db: calendar(db).begin(NOW, NOW),
    lambda db: calendar(db).end(NOW.date(), NOW),
    lambda db: SuppressionStore(db, "business", FixedClock()).suppress(
        Suppression(US, "a@example.com", Undelivered.BOUNCED, NOW, "550")
    ),
    lambda db: SentMailStore(db, "business").tell(US, "ord_1", Message("msg_1", NOW, "Told.")),
    lambda db: register(db).tell(an_event(IDS)),
    lambda db: challenges(db).mark_sent(replace(CHALLENGE, evidence={}), NOW),
    lambda db: challenges(db).mark_resent(CHALLENGE, NOW),
    lambda db: challenges(db).end(CHALLENGE, NOW),
    lambda db: challenges(db).claim_mail(CHALLENGE, NOW),
    lambda db: challenges(db).unclaim_mail(CHALLENGE, NOW),
    lambda db: challenges(db).begin_check(CHALLENGE, NOW, NOW),
    lambda db: challenges(db).uncount(CHALLENGE),
    lambda db: challenges(db).rest(CHALLENGE),
    lambda db: challenges(db).resume(CHALLENGE, NOW),
    lambda db: WaitStore(db, "business").arm(US, "ord_1", WaitStep.DOMAINS, "token", 1),
    lambda db: CallGuardStore(db, "business").bind(CALL_GUARD),
    lambda db: SentMailStore(db, "business").record(US, "ord_1", "issued-ab", 1),
    lambda db: AccessStore(db, "access").add_key(make_key(US, Role.ORDERS, IDS, NOW)[0]),
    lambda db: AccessStore(db, "access").add_key(make_staff_key("rosa", StaffRole, IDS, NOW)[0]),
    lambda db: cards(db).keep_customer(US, "cus_1"),
    lambda db: cards(db).forgotten(CARD, NOW),
    lambda db: GatewayEventStore(db, "business").heard("evt_1", NOW),
    lambda db: GatewayEventStore(db, "business").tell(US, "ord_1", "evt_1", NOW, "Disputed."),
    lambda db: QuotaStore(db, "quota").add("key", "0" * 26, 1_795_000_020),
    lambda db: AccessStore(db, "access").add_reseller(
        Reseller(
            US,
            "Us",
            "us@example.com",
            "bill@example.com",
            ReminderPreferences((60, 7), "d@example.com", True, "https://x.example.com"),
        )
    ),
]


def test_every_transaction_is_a_section():
    assert sections().keys() == TRANSACTIONS.keys()


@pytest.mark.parametrize("title", TRANSACTIONS)
def test_a_transaction_has_the_actions_of_its_section_in_their_order(title):
    documented = sections()[title]
    unseen = {action for line in documented for action in line}
    for call in TRANSACTIONS[title]:
        recorder = Recorder()
        call(Database(recorder))
        (sent,) = recorder.sent
        remaining = iter(documented)
        for action in sent:
            assert any(action in line for line in remaining), f"{action} is missing or out of order"
        unseen -= set(sent)
    assert unseen == set()


def test_every_attribute_that_is_written_stands_in_the_row_of_its_item():
    recorder = Recorder()
    for call in [*SINGLE_WRITES, *(call for calls in TRANSACTIONS.values() for call in calls)]:
        call(Database(recorder))
    described = {name: set(re.findall(r"`(\w+)`", cells[4])) for name, cells in rows().items()}
    head = DOC[DOC.index("**Head.**") : DOC.index("Contracts and their first ledger line")]
    described["order_head"] = set(re.findall(r"`(\w+)`", head))
    for name, attributes in recorder.items:
        assert attributes <= described[name], f"{name}: {attributes - described[name]}"
    assert head_to_item(HEAD).keys() <= described["order_head"]
    assert {name for name, _ in recorder.items} >= ITEMS.keys()
