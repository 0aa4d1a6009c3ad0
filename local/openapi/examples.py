"""Examples that cannot go stale: the application's own code makes them, from one order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from local.openapi import money, successors
from local.openapi.account_operations import account_examples
from local.openapi.contracts import contract_examples
from local.openapi.reissues import reissue_examples
from local.openapi.story import (
    APPROVED,
    CSR,
    ISSUED,
    MAILED,
    PLACED,
    PROOF_CSR,
    REQUEST_ID,
    RESELLER,
    REVOKED,
    SERIAL,
    CountedIds,
    OneOrder,
    SetClock,
    Story,
    a_contract,
    examined,
    known_product,
    order_request,
)
from partner_center.accounts.quota import Allowance, Policy, QuotaUsedUp
from partner_center.billing.cards import KEEP, usable_until
from partner_center.billing.payment_method import payment_method_as_json
from partner_center.billing.payments import Card
from partner_center.catalog.agreements import agreement_as_json
from partner_center.catalog.products import load_catalog, product_as_json
from partner_center.entry.api import internal_error_answer, problem_answer
from partner_center.issuance.compromise import read_proof
from partner_center.issuance.objection import Ground, Objection
from partner_center.issuance.objection_queue import Settlement, objection_as_json, settlement_as_json
from partner_center.issuance.problem_reports import Finding, ReportDecision, ReportStatus, report_as_json
from partner_center.issuance.reading import CertificateReading
from partner_center.issuance.record import CertificateRecord
from partner_center.issuance.revocation import Cause, deadline
from partner_center.kernel.clock import rfc3339
from partner_center.kernel.errors import (
    BodyTooLarge,
    ChangedMeanwhile,
    ContentRefused,
    Forbidden,
    IdempotencyKeyReused,
    Malformed,
    NotFound,
    PartnerCenterError,
    StateConflict,
    TooSoon,
    TryAgain,
    Unauthenticated,
    UnsupportedMediaType,
)
from partner_center.notifications.suppressions import Suppression
from partner_center.orders.content import OrderContent
from partner_center.orders.inspect import examination_as_json, inspect_csr
from partner_center.orders.order import Order, OrderHead
from partner_center.orders.page import Page
from partner_center.orders.reading import OrderReading
from partner_center.orders.reissue import Reissue
from partner_center.orders.review import Screening
from partner_center.orders.review_queue import task_as_json
from partner_center.orders.view import order_as_json
from partner_center.validation.challenges import Challenge, Proof
from partner_center.validation.contacts import approvers_of
from partner_center.validation.ports import Challenges, Message
from partner_center.validation.proof_list import ListProofs
from partner_center.validation.publishing import Publishing
from partner_center.validation.standing import standing


@dataclass(frozen=True)
class Shelf:
    """Everything that reading one order looks at: `OrderReader` and `OrderIndex`."""

    order: Order
    challenges: Sequence[Challenge] = ()
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    certificates: Sequence[CertificateRecord] = ()
    notes: Sequence[Message] = ()
    caa: Sequence[Mapping[str, Any]] = ()
    reissued: Reissue | None = None

    def head(self, _reseller_id: str, order_id: str) -> OrderHead | None:
        return self.order.head if order_id == self.order.head.order_id else None

    def content(self, _reseller_id: str, _order_id: str, _revision: int) -> OrderContent:
        return self.order.content

    def reissue(self, _reseller_id: str, _order_id: str, _reissue_id: str) -> Reissue | None:
        return self.reissued

    def reissues(
        self, _reseller_id: str, _order_id: str, _page: Page
    ) -> tuple[Sequence[Reissue], str | None]:
        return [self.reissued] if self.reissued else [], None

    def by_common_name(
        self, _reseller_id: str, _prefix: str, _page: Page
    ) -> tuple[Sequence[tuple[str, str]], str | None]:
        return [(self.order.head.common_name, self.order.head.order_id)], None

    def partner_order(self, _reseller_id: str, _number: str) -> str | None:
        return self.order.head.order_id

    def messages(
        self, _reseller_id: str, _order_id: str, _page: Page
    ) -> tuple[Sequence[Message], str | None]:
        return self.notes, None

    def latest(self, _reseller_id: str, _order_id: str) -> Sequence[Mapping[str, Any]]:
        return self.caa

    def reading(self, moment: datetime) -> OrderReading:
        return OrderReading(
            self,
            self,
            cast(Challenges, ShelfOfChallenges(self)),
            ShelfOfCertificates(self),
            self,
            Publishing(load_catalog(), "https://partner-center.example.com"),
            Mailboxes(),
            SetClock(moment),
            lambda _: None,
        )


class Mailboxes:
    """`Suppressions`: every mailbox takes mail."""

    def suppression(self, _reseller_id: str, _address: str) -> None:
        return None

    def suppress(self, suppression: Suppression) -> None:
        raise ValueError(f"reading suppresses nothing, {suppression.address} included")


@dataclass(frozen=True)
class ShelfOfChallenges:
    """As much of `Challenges` as reading needs."""

    shelf: Shelf

    def of_order(self, _reseller_id: str, _order_id: str) -> Sequence[Challenge]:
        return self.shelf.challenges

    def proofs(self, _reseller_id: str, _subscriber: str, _zone: str, _since: datetime) -> Sequence[Proof]:
        return list(self.shelf.proofs.values())


@dataclass(frozen=True)
class ShelfOfCertificates:
    """`Certificates` of the orders context and `ResellersCertificates` of issuance."""

    shelf: Shelf

    def of_order(self, _reseller_id: str, _order_id: str) -> Sequence[CertificateRecord]:
        return self.shelf.certificates

    def of_reseller(self, _reseller_id: str, serial_hex: str) -> CertificateRecord | None:
        return next((each for each in self.shelf.certificates if each.serial_hex == serial_hex), None)

    def issuing_ca(self, _issuer_id: str) -> None:
        return None


def answers() -> dict[str, Any]:
    """Examples of requests and answers by the name under which the document holds them."""
    story, now = Story(), APPROVED + timedelta(hours=1)
    order_id = story.placed.head.order_id
    waiting = Shelf(story.placed, story.challenges)
    declined = Shelf(story.placed, story.challenges, notes=[story.message()])
    cancelled = Shelf(story.cancelled, story.challenges)
    issued = Shelf(story.issued, story.approved, story.proofs, [story.certificate], caa=caa_findings(story))
    to_publish = Shelf(story.by_dns, story.published)
    return {
        **account_examples(),
        "OrderRequest": story.request,
        "OrderPlaced": order_as_json(story.fresh, standing(story.fresh, [], [], PLACED), [], PLACED),
        "OrderWaiting": waiting.reading(MAILED).order(RESELLER, order_id),
        "OrderIssued": issued.reading(now).order(RESELLER, order_id),
        "OrderCancelled": cancelled.reading(now).order(RESELLER, order_id),
        "OrderExamination": examination_as_json(examined(faulty_request())),
        "OrderList": issued.reading(now).search(RESELLER, {"common_name": "www."}),
        "AmendRequest": {"additional_domains": ["example.com", "shop.example.com"], "note": "One more host."},
        "ReviewQueue": {"items": [review_task(story)], "next_cursor": None},
        "DecisionRequest": {"decision": "approve", "evidence": "Called the registrant, who owns it."},
        "DecisionAnswer": {
            "task_id": review_task(story)["task_id"],
            "order_id": order_id,
            "decision": "approve",
            "order_status": "pending",
        },
        "ObjectionQueue": {"items": [objection_as_json(an_objection(story))], "next_cursor": None},
        "SettlementRequest": SETTLEMENT,
        "SettlementAnswer": settlement_as_json(
            an_objection(story), Settlement(now, "staff:vera", SETTLEMENT["evidence"], None)
        ),
        **money.examples(story),
        **successors.examples(story),
        "CancelRequest": {"reason": "The customer ordered twice."},
        "CardLink": {
            "url": "https://partner-center.example.com/card/JQ0p3cAlcX7ruVb1XFsKYbjdpdU",
            "expires_at": "2026-11-24T09:00:00Z",
            "notice": KEEP,
        },
        "PaymentMethod": payment_method_as_json(a_card(), a_contract(CountedIds())),
        **revocations(story),
        "CsrRequest": {"csr": CSR},
        "CsrInspection": inspect_csr(CSR, OneOrder(a_contract(CountedIds()))),
        "CheckAnswer": {
            "order_id": order_id,
            "check": "not_yet",
            "items": to_publish.reading(MAILED).domains(RESELLER, order_id, {})["items"],
        },
        "DomainToPublish": to_publish.reading(MAILED).domain(RESELLER, order_id, "example.com"),
        "MethodRequest": {"method": "email", "approver_email": "hostmaster@example.com"},
        "ApproverList": {
            "items": [
                {
                    "approver_email": each.address,
                    "source": each.source,
                    "authorization_domain": each.authorization_domain,
                }
                for each in approvers_of("example.com", {}, {})
            ],
            "next_cursor": None,
        },
        "ProofList": ListProofs(OneProof(next(iter(story.proofs.values()))), SetClock(now))(
            RESELLER, "", Page(50, None)
        ),
        **reissue_examples(story, issued.reading, lambda done: replace(issued, reissued=done).reading),
        "MessageList": declined.reading(now).messages(RESELLER, order_id, {}),
        "DomainList": issued.reading(now).domains(RESELLER, order_id, {}),
        "Certificate": CertificateReading(ShelfOfCertificates(issued), SetClock(now)).certificate(
            RESELLER, SERIAL
        ),
        **contract_examples(),
        "Product": product_as_json(known_product()),
        "Agreement": agreement_as_json(known_product()),
    }


def a_card() -> Card:
    """A card that was given on the day of the order."""
    until = usable_until(3, 2030, PLACED)
    ids = ("crd_01m83xj880tnm8mmpnb81erjqa", RESELLER)
    return Card(*ids, "visa", "4242", 3, 2030, "pm_1", "cus_1", PLACED, until)


def revocations(story: Story) -> dict[str, Any]:
    """Of revoking, and of what anybody may report."""
    order_id = story.placed.head.order_id
    revoked = Shelf(story.revoked, story.approved, story.proofs, [story.revoked_certificate])
    report = report_as_json(story.report)
    noted = ReportDecision(
        REVOKED + timedelta(hours=3), "staff:vera.validator", Finding.NOTE, "We asked its reseller."
    )
    return {
        "OrderRevocationRequest": {"reason": "cessationOfOperation"},
        "OrderRevoked": revoked.reading(REVOKED).order(RESELLER, order_id),
        "CertificateRevocationRequest": {"reason": "superseded", "keep_order": True},
        "CertificateRevoked": CertificateReading(ShelfOfCertificates(revoked), SetClock(REVOKED)).certificate(
            RESELLER, SERIAL
        ),
        "CompromisedKeyRequest": {"proof": {"csr": PROOF_CSR}},
        "CompromisedKeyAnswer": {
            "spki_sha256": read_proof({"csr": PROOF_CSR}).spki_sha256,
            "revoked_by": rfc3339(deadline(Cause.KEY_COMPROMISE, REVOKED)),
        },
        "ProblemReportRequest": {
            name: report[name] for name in ("reporter_email", "category", "serials", "text")
        },
        "ProblemReportAnswer": {
            name: report[name] for name in ("report_id", "received_at", "preliminary_due_at")
        },
        "ProblemReportQueue": {"items": [report], "next_cursor": None},
        "ReportDecisionRequest": {"decision": "note", "grounds": noted.grounds},
        "ProblemReport": report_as_json(replace(story.report, status=ReportStatus.NOTED, decisions=(noted,))),
    }


def caa_findings(story: Story) -> list[dict[str, Any]]:
    """What the last look found: no records at all."""
    found = {
        "allowed": True,
        "reason": "caa_no_records",
        "br_section": "3.2.2.4.4",
        "found_at": None,
        "records": [],
        "failed": [],
        "dnssec": "insecure",
        "quorum": "6/6",
        "checked_at": rfc3339(APPROVED),
        "valid_until": rfc3339(APPROVED + timedelta(hours=8)),
    }
    return [{"name": name, **found} for name in story.placed.content.names]


@dataclass(frozen=True)
class OneProof:
    """`ProvenDomains` of one proof."""

    proof: Proof

    def listed(self, _reseller_id: str, _prefix: str, _page: Page) -> tuple[Sequence[Proof], str | None]:
        return [self.proof], None


SETTLEMENT = {
    "evidence": "The execution was stopped before it could complete the order; it was started again."
}


def an_objection(story: Story) -> Objection:
    """A certificate whose order does not know it."""
    told = "the order is pending and knows the certificate None"
    where = (RESELLER, story.placed.head.order_id)
    found_at = ISSUED + timedelta(hours=17)
    run_id = CountedIds().new("chk", found_at)
    return Objection(SERIAL, Ground.ORDER, told, *where, found_at, run_id)


def review_task(story: Story) -> dict[str, Any]:
    """The flagged order in the queue of the reviewers."""
    return task_as_json(story.flagged, Screening(1, PLACED, story.flags))


@cache
def refusals() -> dict[str, dict[str, Any]]:
    """Examples of problem documents: by shared response, then by name."""
    order_id = Story().placed.head.order_id
    errors: dict[str, dict[str, PartnerCenterError]] = {
        "Malformed": {"malformed": Malformed("The body is not a JSON document we can read.")},
        "Unauthenticated": {
            "unauthenticated": Unauthenticated("A valid API key is needed: Authorization: Bearer pck_...")
        },
        "Forbidden": {"forbidden": Forbidden("This needs a key with one of the roles: orders, admin.")},
        "NotFound": {"not_found": NotFound("There is no such order.")},
        "Conflict": {
            "issuing": StateConflict("issuing", "The certificate is being signed; ask again.", order_id),
            "order_closed": StateConflict("order_closed", "The order is cancelled.", order_id),
        },
        "ChangedMeanwhile": {
            "changed_meanwhile": ChangedMeanwhile("The order is no longer as you saw it; read it again.")
        },
        "BodyTooLarge": {
            "body_too_large": BodyTooLarge("The body may hold 262144 bytes, this one has 300000.")
        },
        "UnsupportedMediaType": {
            "unsupported_media_type": UnsupportedMediaType("Send the body as application/json.")
        },
        "Refused": {
            "content_refused": refused_order(),
            "idempotency_key_reused": IdempotencyKeyReused(
                "This Idempotency-Key was used with another body; use a new key for a new request."
            ),
        },
        "TooSoon": {
            "quota": QuotaUsedUp(Allowance(Policy("key", 600), 601, 12)),
            "check": TooSoon("The last check is less than 30 seconds old.", 21),
        },
        "TryAgain": {"try_again": TryAgain("Many changes met at once; nothing was written.")},
    }
    told = {
        response: {name: problem_answer(error, REQUEST_ID).body for name, error in named.items()}
        for response, named in errors.items()
    }
    return {**told, "InternalError": {"internal_error": internal_error_answer(REQUEST_ID).body}}


def refused_order() -> ContentRefused:
    """What an order with three faults is answered."""
    return ContentRefused(examined(faulty_request()).problems)


def faulty_request() -> dict[str, Any]:
    """A contact without a telephone number, an address that may not approve, a misspelt option."""
    request = order_request()
    del request["contacts"]["technical"]["phone"]
    request["domain_control"]["approver_email"] = "ada@example.com"
    return request | {"term_day": 365}
