"""Orders and what belongs to them, as good as any; tests change what they are about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from partner_center.billing.contracts import Contract, ContractKind, EntryKind, LedgerEntry
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import encode_time_ordered
from partner_center.kernel.level import Level
from partner_center.kernel.money import Money
from partner_center.orders.order import (
    AcceptedAgreement,
    ChosenMethod,
    OrderContent,
    OrderHead,
    OrderKind,
    OrderStatus,
    PaymentKind,
    PricePart,
)
from partner_center.orders.ports import Placement
from partner_center.orders.requests import Contact, Contacts, Method

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
_numbers = count(1)


class CountingIds:
    """Identifiers of the real form and length, in order."""

    def new(self, prefix, moment):
        return f"{prefix}_{encode_time_ordered(int(moment.timestamp() * 1000), next(_numbers))}"

    def secret(self, bits):
        return f"{next(_numbers):0{bits // 4}x}"


IDS = CountingIds()


def new_contract(**changes):
    contract = Contract(
        reseller_id="res_1",
        contract_id=IDS.new("ctr", NOON),
        kind=ContractKind.BULK,
        products=frozenset({"geotrust_quickssl_premium"}),
        valid_from=NOON - timedelta(days=30),
        valid_to=NOON + timedelta(days=335),
        units_granted=10,
        units_left=10,
        units_held=0,
        units_used=0,
    )
    return replace(contract, **changes)


def new_head(contract=None, **changes):
    order_id = IDS.new("ord", NOON)
    head = OrderHead(
        reseller_id=contract.reseller_id if contract else "res_1",
        order_id=order_id,
        status=OrderStatus.PENDING,
        kind=OrderKind.NEW,
        product="geotrust_quickssl_premium",
        level=Level.DV,
        common_name="www.example.com",
        subscriber=f"lineage:{order_id}",
        contract_id=contract.contract_id if contract else "ctr_1",
        payment_kind=PaymentKind.BULK,
        units=1,
        net=Money.of("88.00"),
        term_days=365,
        placed_at=NOON,
        revised_at=NOON,
        updated_at=NOON,
    )
    return replace(head, **changes)


def new_content(**changes):
    content = OrderContent(
        csr_der="3003020100",
        spki_der="3003020101",
        spki_sha256="ab" * 32,
        names=("www.example.com",),
        common_name="www.example.com",
        contacts=Contacts(
            technical=Contact(
                first_name="Ada", last_name="Byron", email="ada@example.com", phone="+31 10 123 4567"
            )
        ),
        organization=None,
        methods={"www.example.com": ChosenMethod(method=Method.EMAIL, approver_email="admin@example.com")},
        agreement=AcceptedAgreement(
            version="2026-11-01",
            sha256="cd" * 32,
            accepted_by="Ada Byron",
            capacity="applicant",
            accepted_at=NOON,
            key_id="0" * 26,
        ),
        price=(PricePart(kind="base", quantity=1, unit="88.00", amount="88.00"),),
    )
    return content.model_copy(update=changes)


def chronicle(moment=NOON, actor="key:1"):
    return Chronicle(IDS, moment, actor, "request-1")


def new_entry(head, kind=EntryKind.HOLD, moment=NOON):
    return LedgerEntry(IDS.new("led", moment), kind, head.units, head.order_id, "key:1", moment)


def new_placement(contract, guard=None, content=None, **changes):
    head = new_head(contract, **changes)
    tale = chronicle(head.placed_at)
    ids = (head.reseller_id, head.order_id)
    return Placement(
        head=head,
        content=content or new_content(),
        guard=guard(head) if guard else None,
        contract=contract,
        hold=new_entry(head, moment=head.placed_at),
        event=tale.event("order.placed", *ids, generation=1, attempt=1),
        audit=tale.audit("order.placed", *ids, product=head.product),
    )
