"""One order from its request to its certificate, as the application's own code makes it."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from partner_center.accounts.api_keys import Principal, Role
from partner_center.billing.contracts import Contract, ContractKind
from partner_center.catalog.products import Product, load_catalog
from partner_center.issuance.problem_reports import ProblemReport
from partner_center.issuance.record import CertificateRecord, CertificateStatus, OrderFollows, Reason
from partner_center.issuance.revocation import Cause, revocation_of
from partner_center.issuance.revoke import Wish, order_revocation
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import encode_time_ordered
from partner_center.orders.close import closing, completion
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.enrolment_gate import EnrolmentGate
from partner_center.orders.examination import Examination
from partner_center.orders.examine import ExamineOrder
from partner_center.orders.exposed_keys import ExposedKey, ReportExposed
from partner_center.orders.flags import Flag
from partner_center.orders.idempotency import Call, body_digest
from partner_center.orders.order import CloseReason, Order, OrderStatus, Review
from partner_center.orders.place import PlaceOrder
from partner_center.orders.ports import Orders, Placement
from partner_center.validation.challenges import (
    VALUE_LIFETIME,
    Attempt,
    Challenge,
    ChallengeStatus,
    Proof,
    Wanted,
    br_section_of,
    challenge_id,
)
from partner_center.validation.contacts import Approver
from partner_center.validation.ports import Message
from partner_center.validation.quorum import SITES, Vote
from partner_center.validation.standing import wanted_of

PLACED = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
MAILED = PLACED + timedelta(seconds=2)
APPROVED = PLACED + timedelta(minutes=14)
ISSUED = APPROVED + timedelta(seconds=3)
REVOKED = ISSUED + timedelta(days=2)
REQUEST_ID = "c1f6a1f0-6a52-4a06-9a4b-0c3a9e6a7d11"
PRODUCT = "geotrust_quickssl_premium"
RESELLER = "northwind"
SERIAL = "6f3a8c0d92e145b7a1c60f4e7d2b9358"

# openssl req -new, EC P-256, /CN=www.example.com; its key was thrown away.
CSR = """-----BEGIN CERTIFICATE REQUEST-----
MIHTMHwCAQAwGjEYMBYGA1UEAwwPd3d3LmV4YW1wbGUuY29tMFkwEwYHKoZIzj0C
AQYIKoZIzj0DAQcDQgAEh7G1P77ZsxbipvwIO9uBitbAwyjC+su6Bd1NtnGtpT3G
lNybDS+pEdy3d3w3gGQNqeEyuO2M9pJbdPtS6Tap8qAAMAoGCCqGSM49BAMCA0cA
MEQCIFabZmmM1ga1K3SnU5VVoRNgxDOleIz8jOBcus+5fK12AiAG343daodeRYtH
CKgSHGqHa+kLelOy+1totqYinUD0mw==
-----END CERTIFICATE REQUEST-----
"""

# The certificate of that request, by a CA whose keys were thrown away.
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIICdjCCAhygAwIBAgIQbzqMDZLhRbehxg9OfSuTWDAKBggqhkjOPQQDAjBTMQsw
CQYDVQQGEwJOTDEcMBoGA1UECgwTUGFydG5lciBDZW50ZXIgRGVtbzEmMCQGA1UE
AwwdUGFydG5lciBDZW50ZXIgRGVtbyBUTFMgQ0EgRTEwHhcNMjYxMTIzMTAxNDAz
WhcNMjcwNjEwMTAxNDAyWjAaMRgwFgYDVQQDDA93d3cuZXhhbXBsZS5jb20wWTAT
BgcqhkjOPQIBBggqhkjOPQMBBwNCAASHsbU/vtmzFuKm/Ag724GK1sDDKML6y7oF
3U22ca2lPcaU3JsNL6kR3Ld3fDeAZA2p4TK47Yz2klt0+1LpNqnyo4IBCTCCAQUw
DgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMAwGA1UdEwEB/wQC
MAAwHwYDVR0jBBgwFoAUl6SZ2D2hgp7DMUJ1EDsWuZmgbzAwPQYIKwYBBQUHAQEE
MTAvMC0GCCsGAQUFBzAChiFodHRwOi8vcGtpLmV4YW1wbGUuY29tL3Rscy1lMS5j
cnQwMgYDVR0fBCswKTAnoCWgI4YhaHR0cDovL3BraS5leGFtcGxlLmNvbS90bHMt
ZTEuY3JsMBMGA1UdIAQMMAowCAYGZ4EMAQIBMCcGA1UdEQQgMB6CD3d3dy5leGFt
cGxlLmNvbYILZXhhbXBsZS5jb20wCgYIKoZIzj0EAwIDSAAwRQIgS7Nz5iMb2m6L
ENYOwTB8Q4NMqVuxPbb4hc9I2+vDZ+ECIQDH86AnfdnaSouNdNXgEG5UPhmLDYOu
P7JnJjLoRKHnfg==
-----END CERTIFICATE-----
"""

# As above, /CN=Proof of Key Compromise for Partner Center; its key was thrown away.
PROOF_CSR = """-----BEGIN CERTIFICATE REQUEST-----
MIHxMIGXAgEAMDUxMzAxBgNVBAMMKlByb29mIG9mIEtleSBDb21wcm9taXNlIGZv
ciBQYXJ0bmVyIENlbnRlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIuc9TiM
2rhyArpRS+qSHPzfjiO3glZtaTYmj7K/G+3NJ+kGbm2wK6fCoG/8bcFSlzKGF9jm
qa0T9m/Lsj9uDpGgADAKBggqhkjOPQQDAgNJADBGAiEA3cEQV8PDJroimVABbuED
+K57bd24Ova7HM2whVq4kCoCIQDrWL4R5nui0ve+vEXB88nt5uj+O2ETH+334ylM
8CASzA==
-----END CERTIFICATE REQUEST-----
"""


@dataclass
class CountedIds:
    """`Ids` that are the same at every run."""

    count: int = 0

    def new(self, prefix: str, moment: datetime) -> str:
        self.count += 1
        randomness = int.from_bytes(sha256(self.count.to_bytes(8)).digest()[:10])
        return f"{prefix}_{encode_time_ordered(int(moment.timestamp() * 1000), randomness)}"

    def secret(self, bits: int) -> str:
        return "s" * (bits // 6 + 1)


@dataclass
class OneOrder:
    """As much of the stores as placing one order needs."""

    contract: Contract
    placement: Placement | None = None

    def find(self, _reseller_id: str, _contract_id: str) -> Contract | None:
        return self.contract

    def of_reseller(self, _reseller_id: str) -> Sequence[Contract]:
        return [self.contract]

    def is_blocked(self, _spki_sha256: str) -> str | None:
        return None

    def report(self, exposed: ExposedKey) -> None:
        raise LookupError(f"an example holds a private key: {exposed.spki_sha256}")

    def guard(self, *_call: str) -> None:
        return None

    def partner_order(self, _reseller_id: str, _number: str) -> str | None:
        return None

    def place(self, placement: Placement) -> None:
        self.placement = placement


@dataclass(frozen=True)
class SetClock:
    moment: datetime = PLACED

    def now(self) -> datetime:
        return self.moment


@dataclass
class Story:
    """One order from its request to its certificate."""

    ids: CountedIds = field(default_factory=CountedIds)

    def __post_init__(self) -> None:
        self.request = order_request()
        self.placement = place(self.request, self.ids)
        self.fresh = Order(self.placement.head, self.placement.content)
        screened = replace(self.fresh.head, review=Review.CLEAR, review_since=PLACED, version=2)
        self.placed = Order(screened, self.fresh.content)
        self.challenges = [mailed(self.placed, wanted) for wanted in wanted_of(self.placed)]
        self.proofs = {each.challenge_id: proof_of(self.placed, each, self.ids) for each in self.challenges}
        self.approved = [
            replace(
                each,
                status=ChallengeStatus.VALID,
                decided_at=APPROVED,
                proof_id=self.proofs[each.challenge_id].proof_id,
                attempts=(
                    Attempt(APPROVED, ChallengeStatus.VALID, f"{each.approver_email} approved the request."),
                ),
            )
            for each in self.challenges
        ]
        chosen = ChosenMethod(method=Method.DNS_TXT)
        methods = dict.fromkeys(self.placed.content.names, chosen)
        self.by_dns = Order(self.placed.head, replace(self.placed.content, methods=methods))
        self.published = [to_publish(self.by_dns, wanted) for wanted in wanted_of(self.by_dns)]
        self.certificate = certificate_of(self.placed)
        self.issued = Order(
            completion(self.placed.head, SERIAL, self.chronicle(ISSUED)).head, self.placed.content
        )
        ended = closing(
            self.placed.head, OrderStatus.CANCELLED, CloseReason.REQUESTED, self.chronicle(APPROVED)
        )
        self.cancelled = Order(ended.head, self.placed.content)
        wish = Wish(Reason.CESSATION_OF_OPERATION, f"key:{'0' * 26}", REQUEST_ID, OrderFollows.ALWAYS)
        ended_early = order_revocation(self.issued.head, wish, self.chronicle(REVOKED), REVOKED)
        revocation = revocation_of(self.certificate, wish.reason, REVOKED)
        if ended_early is None or revocation is None:
            raise LookupError("nothing was revoked")
        self.revoked = Order(ended_early.head, self.placed.content)
        self.revoked_certificate = revocation.record
        self.report = ProblemReport(
            self.ids.new("rep", REVOKED),
            REVOKED,
            "security@example.net",
            Cause.MISUSE,
            (SERIAL,),
            (),
            "The certificate serves a copy of our sign-in page.",
        )
        self.flags = (
            Flag(
                "lookalike_name",
                "paypa1.example.com",
                "paypa1.example.com looks like the well-known name paypal.",
            ),
        )
        flagged = replace(screened, review=Review.WAITING, review_reason=self.flags[0].reason)
        self.flagged = Order(flagged, self.placed.content)

    def message(self) -> Message:
        return Message(
            self.ids.new("msg", APPROVED),
            APPROVED,
            "admin@example.com declined the request for www.example.com, example.com. That address can no longer "
            "approve these names. Talk to the owner of the domain, then choose another address or method, or cancel "
            "the order.",
        )

    def chronicle(self, moment: datetime) -> Chronicle:
        return Chronicle(self.ids, moment, "system", REQUEST_ID)


def order_request() -> dict[str, Any]:
    product = known_product()
    return {
        "product": product.code,
        "csr": CSR,
        "additional_domains": ["example.com"],
        "partner_order_id": "NW-4711",
        "contacts": {
            "technical": {
                "first_name": "Ada",
                "last_name": "Byron",
                "email": "ada@example.com",
                "phone": "+31 10 123 4567",
            }
        },
        "domain_control": {"method": "email", "approver_email": "admin@example.com"},
        "agreement": {"version": product.agreement, "accepted_by": "Ada Byron", "capacity": "applicant"},
    }


def known_product() -> Product:
    product = load_catalog().product(PRODUCT)
    if product is None:
        raise LookupError(PRODUCT)
    return product


def a_contract(ids: CountedIds) -> Contract:
    return Contract(
        reseller_id=RESELLER,
        contract_id=ids.new("con", PLACED),
        kind=ContractKind.BULK,
        products=frozenset(),
        valid_from=PLACED,
        valid_to=PLACED + timedelta(days=365),
        units_granted=1000,
        units_left=1000,
        units_held=0,
        units_used=0,
    )


def place(request: Mapping[str, Any], ids: CountedIds) -> Placement:
    """What placing `request` writes. Raises ContentRefused with every problem of it."""
    desk = OneOrder(a_contract(ids))
    place_order = PlaceOrder(cast(Orders, desk), examiner(desk), SetClock(), ids)
    call = Call("POST", "/v1/orders", None, body_digest(request), REQUEST_ID)
    place_order(a_principal(ids), call, request)
    if desk.placement is None:
        raise LookupError("nothing was placed")
    return desk.placement


def examined(request: Mapping[str, Any]) -> Examination:
    """What is found in `request`."""
    ids = CountedIds()
    return examiner(OneOrder(a_contract(ids)))(a_principal(ids), REQUEST_ID, request, PLACED)


def examiner(desk: OneOrder) -> ExamineOrder:
    gate = EnrolmentGate(desk, load_catalog(), desk, ReportExposed(desk), nobody_published)
    return ExamineOrder(cast(Orders, desk), gate)


def nobody_published(_names: Sequence[str]) -> Mapping[str, Sequence[Approver]]:
    return {}


def a_principal(ids: CountedIds) -> Principal:
    return Principal(RESELLER, ids.new("key", PLACED).removeprefix("key_"), Role.ORDERS)


def mailed(order: Order, wanted: Wanted) -> Challenge:
    head = order.head
    return Challenge(
        reseller_id=head.reseller_id,
        order_id=head.order_id,
        challenge_id=challenge_id(head.order_id, head.round, wanted, 0),
        round=head.round,
        method=wanted.method,
        authorization_domain=wanted.authorization_domain,
        names=wanted.names,
        approver_email=wanted.approver_email,
        token_sha256=sha256(b"token").hexdigest(),
        encrypted_token=b"sealed",
        status=ChallengeStatus.PENDING,
        created_at=PLACED,
        expires_at=MAILED + VALUE_LIFETIME,
        sent_at=MAILED,
    )


def to_publish(order: Order, wanted: Wanted) -> Challenge:
    """A challenge by TXT record that was looked at once, in vain."""
    detail = f"There is no TXT record at _partner-center.{wanted.authorization_domain} yet."
    votes = tuple((site.id, Vote.REFUSED.value) for site in SITES)
    return replace(
        mailed(order, wanted),
        value="k4q2vj6mwsn3ptxz5rhd7ylcbgfa2eou",
        attempts=(Attempt(MAILED, ChallengeStatus.FAILED, detail, votes),),
        checks=1,
    )


def proof_of(order: Order, challenge: Challenge, ids: CountedIds) -> Proof:
    return Proof(
        proof_id=ids.new("prf", APPROVED),
        reseller_id=order.head.reseller_id,
        subscriber=order.head.subscriber,
        order_id=order.head.order_id,
        challenge_id=challenge.challenge_id,
        method=challenge.method,
        br_section=br_section_of(challenge.method, challenge.source),
        authorization_domain=challenge.authorization_domain,
        names=challenge.names,
        checked_at=MAILED,
        completed_at=APPROVED,
        by=f"approver:{challenge.approver_email}",
    )


def certificate_of(order: Order) -> CertificateRecord:
    head, content = order.head, order.content
    return CertificateRecord(
        serial_hex=SERIAL,
        reseller_id=head.reseller_id,
        order_id=head.order_id,
        generation=head.generation,
        level=head.level,
        names=content.names,
        common_name=content.common_name,
        spki_sha256=content.spki_sha256,
        issuer_id="tls-e1",
        not_before=ISSUED,
        not_after=ISSUED + timedelta(days=199, seconds=-1),
        caa_valid_until=ISSUED + timedelta(hours=8),
        tbs_der=b"",
        recorded_at=ISSUED,
        status=CertificateStatus.STORED,
        certificate_der=ssl.PEM_cert_to_DER_cert(CERTIFICATE),
        stored_at=ISSUED,
    )
