"""One order and what belongs to it, as values that a test changes where it matters."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from partner_center.accounts.staff import Staff, StaffRole
from partner_center.billing.contracts import (
    Contract,
    ContractKind,
    ContractStatus,
    EntryKind,
    LedgerEntry,
)
from partner_center.billing.payments import PaymentStatus
from partner_center.billing.ports import Activation, Asking, ContractGuard
from partner_center.issuance.preflight import Check, Outcome, Preflight
from partner_center.issuance.record import CertificateRecord, CertificateStatus
from partner_center.kernel.events import AuditRecord, Chronicle, Event
from partner_center.kernel.level import Level
from partner_center.kernel.money import Money
from partner_center.orders.content import (
    AcceptedAgreement,
    ChosenMethod,
    Contact,
    Contacts,
    Given,
    Lifecycle,
    Method,
    OrderContent,
    PricePart,
)
from partner_center.orders.ledger_lines import line_of, part_of
from partner_center.orders.order import (
    Order,
    OrderHead,
    OrderKind,
    OrderStatus,
    PaymentKind,
    Review,
)
from partner_center.orders.ports import Amendment, Placement, RequestGuard
from partner_center.validation.challenges import (
    VALUE_LIFETIME,
    Attempt,
    Challenge,
    ChallengeStatus,
    Decision,
    Proof,
)
from partner_center.validation.ports import Message, Ruling
from partner_center.validation.standing import Standing, standing, zone_of
from tests.fakes.determined import NOW, CountingIds

US, THEM = "res_1", "res_2"
ORDER = "ord_1"
PRODUCT = "geotrust_quickssl_premium"
A_KEY = sha256(b"0\0").hexdigest()
"""The digest of the public key that is ordered for and certified."""
APPROVER = "admin@example.com"

a_second = timedelta(seconds=1)
a_day = timedelta(days=1)


def contract_of(changes: Mapping[str, Any]) -> str:
    """The usual contract of the reseller; an id belongs to one of them alone."""
    return "con_1" if changes.get("reseller_id", US) == US else "con_theirs"


def a_contract(units: int = 10, **changes: Any) -> Contract:
    """A bulk contract of `units`, valid for a year around now."""
    usual = Contract(
        reseller_id=US,
        contract_id=contract_of(changes),
        kind=ContractKind.BULK,
        products=frozenset(),
        valid_from=NOW - 30 * a_day,
        valid_to=NOW + 335 * a_day,
        units_granted=units,
        units_left=units,
        units_held=0,
        units_used=0,
    )
    return replace(usual, **changes)


def a_card_contract(**changes: Any) -> Contract:
    """A pay-as-you-go contract on the card `card_1`, valid for a year around now."""
    return a_contract(0, **{"kind": ContractKind.PAY_AS_YOU_GO, "card_id": "card_1"} | changes)


def an_asking(ids: CountingIds, key: str | None = None, **changes: Any) -> Asking:
    """A bulk contract of 10 units is asked for, now."""
    usual: dict[str, Any] = {
        "contract_id": ids.new("con", NOW),
        "status": ContractStatus.REQUESTED,
        "valid_from": NOW,
        "valid_to": NOW,
        "requested_at": NOW,
        "units_asked": 10,
        "note": "For 2027 ☂.",
    }
    contract = a_contract(0, **usual | changes)
    guard = ContractGuard("POST", "/v1/contracts", key, "body-1", contract) if key else None
    audit = a_chronicle(ids).audit("contract.requested", contract.reseller_id, "")
    return Asking(contract, guard, audit)


def an_activation(
    ids: CountingIds, asked: Contract, key: str | None = None, invoice: str = "INV-1", **changes: Any
) -> Activation:
    """The contract becomes active for a year, a day after it was asked for."""
    moment, units = NOW + a_day, asked.units_asked or 0
    terms: dict[str, Any] = {
        "status": ContractStatus.ACTIVE,
        "valid_from": moment,
        "valid_to": moment + 365 * a_day,
        "units_granted": units,
        "units_left": units,
        "invoice_reference": invoice,
    }
    contract = replace(asked, **terms | changes)
    chronicle = a_chronicle(ids, moment, "staff:fay.finance")
    grant = LedgerEntry(
        ids.new("led", moment), EntryKind.GRANT, units, "", chronicle.actor, moment, reference=invoice
    )
    guard = ContractGuard("POST", "/activate", key, "body-1", contract) if key else None
    return Activation(contract, guard, grant, chronicle.audit("contract.activated", asked.reseller_id, ""))


def a_head(**changes: Any) -> OrderHead:
    """A pending order of 2 units, placed and found clear now."""
    usual = OrderHead(
        reseller_id=US,
        order_id=ORDER,
        status=OrderStatus.PENDING,
        kind=OrderKind.NEW,
        product=PRODUCT,
        level=Level.DV,
        common_name="www.example.com",
        subscriber="customer:c-1",
        contract_id=contract_of(changes),
        payment_kind=PaymentKind.BULK,
        units=2,
        net=Money.of("149.00"),
        term_days=365,
        placed_at=NOW,
        revised_at=NOW,
        updated_at=NOW,
        customer_id="c-1",
        review=Review.CLEAR,
        review_since=NOW,
    )
    return replace(usual, **changes)


def a_card_head(**changes: Any) -> OrderHead:
    """A pending order that is paid with the card `card_1`."""
    usual = {
        "payment_kind": PaymentKind.PAY_AS_YOU_GO,
        "payment": PaymentStatus.NONE,
        "card_id": "card_1",
        "units": 0,
    }
    return a_head(**usual | changes)


def a_content(*names: str, approver: str = APPROVER, **changes: Any) -> OrderContent:
    """What was ordered: `names`, each to be approved by `approver`."""
    names = names or ("www.example.com",)
    contact = Contact(
        first_name="Åsa", last_name="Lindqvist", email="asa@example.com", phone="+46 8 123 456 78"
    )
    agreement = AcceptedAgreement(
        version="2026-11-01",
        sha256="ab" * 32,
        accepted_by="Åsa Lindqvist",
        capacity="applicant",
        accepted_at=NOW,
        key_id="key_1",
    )
    facts: dict[str, Any] = {
        "csr_der": "3000",
        "spki_der": "3000",
        "spki_sha256": A_KEY,
        "names": names,
        "common_name": names[0],
        "given": Given(common_name=names[0], additional_domains=names[1:]),
        "contacts": Contacts(technical=contact),
        "organization": None,
        "methods": {name: ChosenMethod(method=Method.EMAIL, approver_email=approver) for name in names},
        "agreement": agreement,
        "price": (PricePart(kind="base", quantity=1, unit="149.00", amount="149.00", units=2),),
        "lifecycle": Lifecycle(auto_reissue=True),
        "note": "Zimmer 4 ☂",
    }
    return OrderContent(**facts | changes)


def asked_of(*names: str) -> dict[str, ChosenMethod]:
    """Each name to be approved by the admin of its registrable domain."""
    return {
        name: ChosenMethod(method=Method.EMAIL, approver_email=f"admin@{zone_of(name.removeprefix('*.'))}")
        for name in names
    }


def a_standing(
    order: Order, *challenges: Challenge, moment: Any = NOW, proofs: Sequence[Proof] = ()
) -> Standing:
    """How the order's names stand; every valid challenge has left its proof."""
    left = [a_proof(each) for each in challenges if each.status is ChallengeStatus.VALID]
    return standing(order, challenges, [*left, *proofs], moment)


def a_chronicle(ids: CountingIds, moment: Any = NOW, actor: str = "key:key_1") -> Chronicle:
    return Chronicle(ids, moment, actor, "request-1")


def a_guard(head: OrderHead, key: str = "key-1", body: str = "body-1") -> RequestGuard:
    return RequestGuard("POST", "/v1/orders", key, body, head)


def a_placement(
    ids: CountingIds,
    head: OrderHead | None = None,
    contract: Contract | None = None,
    guard: RequestGuard | None = None,
    content: OrderContent | None = None,
) -> Placement:
    """Everything that is written when `head` is placed on `contract`."""
    head = head or a_head()
    chronicle = a_chronicle(ids, head.placed_at)
    where = (head.reseller_id, head.order_id)
    return Placement(
        head=head,
        content=content or a_content(head.common_name),
        guard=guard,
        contract=contract or a_contract(reseller_id=head.reseller_id, contract_id=head.contract_id),
        hold=an_entry(ids, EntryKind.HOLD, head),
        event=chronicle.event("order.placed", *where, generation=1, attempt=1),
        audit=chronicle.audit("order.placed", *where, product=head.product),
    )


def a_staff(person: str = "rosa.reviewer", *roles: StaffRole) -> Staff:
    """A reviewer, unless `roles` say otherwise."""
    return Staff(person, f"key_{person}", frozenset(roles or {StaffRole.REVIEW}))


def an_amendment(
    ids: CountingIds, before: OrderHead, *names: str, extra: int = 0, **changes: Any
) -> Amendment:
    """The order with `names` and `extra` units, amended a second after its last change."""
    moment = before.updated_at + a_second
    names = names or (before.common_name,)
    head = replace(
        before,
        common_name=names[0],
        units=before.units + extra,
        revision=before.revision + 1,
        round=before.round + 1,
        review=Review.DUE,
        review_since=None,
        revised_at=moment,
        updated_at=moment,
        version=before.version + 1,
    )
    chronicle = a_chronicle(ids, moment)
    where = (head.reseller_id, head.order_id)
    kind = EntryKind.HOLD if extra > 0 else EntryKind.RELEASE
    entry = part_of(head, kind, abs(extra), Money.of("49.00"), chronicle)
    usual = Amendment(
        head=head,
        expected_version=before.version,
        content=a_content(*names),
        another_key=False,
        another_common_name=names[0] != before.common_name,
        extra_units=extra,
        entry=entry if extra else None,
        event=chronicle.event("order.amended", *where, attempt=1, revision=head.revision),
        audit=chronicle.audit("order.amended", *where, revision=head.revision),
    )
    return replace(usual, **changes)


def an_entry(ids: CountingIds, kind: EntryKind, head: OrderHead) -> LedgerEntry:
    return line_of(head, kind, a_chronicle(ids, head.updated_at))


def an_event(ids: CountingIds, type_: str = "order.check_requested", order_id: str = ORDER) -> Event:
    return a_chronicle(ids).event(type_, US, order_id, attempt=1)


def an_audit(ids: CountingIds, action: str = "preflight.go", order_id: str = ORDER) -> AuditRecord:
    return a_chronicle(ids).audit(action, US, order_id, failed=None)


def a_challenge(*names: str, token: str = "token-1", **changes: Any) -> Challenge:  # noqa: S107
    """A challenge for `names` that was mailed now; its link holds `token`."""
    usual = Challenge(
        reseller_id=US,
        order_id=ORDER,
        challenge_id=f"chl_{token}",
        round=1,
        method="email",
        authorization_domain="example.com",
        names=names or ("www.example.com",),
        approver_email=APPROVER,
        token_sha256=sha256(token.encode()).hexdigest(),
        encrypted_token=b"\x00sealed",
        status=ChallengeStatus.PENDING,
        created_at=NOW,
        expires_at=NOW + VALUE_LIFETIME,
        sent_at=NOW,
    )
    return replace(usual, **changes)


def a_proof(challenge: Challenge, **changes: Any) -> Proof:
    """The evidence that `challenge` was approved now."""
    usual = Proof(
        proof_id=f"prf_{challenge.challenge_id}",
        reseller_id=challenge.reseller_id,
        subscriber="customer:c-1",
        order_id=challenge.order_id,
        challenge_id=challenge.challenge_id,
        method="email",
        br_section="3.2.2.4.4",
        authorization_domain=challenge.authorization_domain,
        names=challenge.names,
        checked_at=NOW,
        completed_at=NOW,
        by=f"approver:{challenge.approver_email}",
    )
    return replace(usual, **changes)


def a_ruling(
    ids: CountingIds,
    challenge: Challenge,
    decision: Decision = Decision.APPROVE,
    at: Any = NOW,
    revision: int = 1,
) -> Ruling:
    """The approver's answer: a proof, or a message to the reseller."""
    approved = decision is Decision.APPROVE
    chronicle = a_chronicle(ids, at, f"approver:{challenge.approver_email}")
    where = (challenge.reseller_id, challenge.order_id)
    word = "domain.approved" if approved else "domain.declined"
    return Ruling(
        challenge=challenge,
        revision=revision,
        status=ChallengeStatus.VALID if approved else ChallengeStatus.DECLINED,
        attempt=Attempt(at, ChallengeStatus.VALID if approved else ChallengeStatus.DECLINED, "Answered."),
        decided_at=at,
        proof=a_proof(challenge, proof_id=ids.new("prf", at)) if approved else None,
        event=chronicle.event(word, *where, challenge_id=challenge.challenge_id),
        audit=chronicle.audit(word, *where, from_address="192.0.2.7"),
        message=None if approved else Message(ids.new("msg", at), at, "Declined ☂."),
    )


def a_preflight(outcome: Outcome = Outcome.GO, **changes: Any) -> Preflight:
    """The evidence of a last look, made a second after now."""
    usual = Preflight(
        preflight_id="pre_1",
        generation=1,
        revision=1,
        at=NOW + a_second,
        outcome=outcome,
        checks=(
            Check("domain_proofs", True, "every name is proven"),
            Check("caa", True, "no name forbids it"),
        ),
        caa_valid_until=NOW + timedelta(hours=8),
        proof_ids=("prf_1",),
        seconds_left=2_591_999,
    )
    return replace(usual, **changes)


def an_order(head: OrderHead | None = None, content: OrderContent | None = None) -> Order:
    head = head or a_head()
    return Order(head, content or a_content(head.common_name))


def a_record(**changes: Any) -> CertificateRecord:
    """A stored certificate of the order's first generation, valid for 199 days; its bytes are made up."""
    usual = CertificateRecord(
        serial_hex="0a1b",
        reseller_id=US,
        order_id=ORDER,
        generation=1,
        level=Level.DV,
        names=("www.example.com",),
        common_name="www.example.com",
        spki_sha256=A_KEY,
        issuer_id="tls-e1",
        not_before=NOW,
        not_after=NOW + timedelta(days=199, seconds=-1),
        caa_valid_until=NOW + timedelta(hours=8),
        tbs_der=b"tbs",
        recorded_at=NOW,
        status=CertificateStatus.STORED,
        certificate_der=b"certificate",
        stored_at=NOW,
    )
    return replace(usual, **changes)
