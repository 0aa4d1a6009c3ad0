"""Orders that a card pays, contracts that an invoice pays."""

from tests.faults.registry import journey
from tests.faults.world import DAY, MINUTE, World


@journey()
def card(world: World) -> None:
    """Authorised before the certificate, taken after it."""
    world.bought_by_card()


@journey()
def new_card(world: World) -> None:
    """A card in the place of the one before; the next order is paid with it."""
    world.give_card()
    world.bought_by_card()


@journey()
def card_declined(world: World) -> None:
    """Staff have the card tried again, and it pays."""
    world.card_contract()
    world.cloud.payments.faults.set({"call": "authorise", "kind": "decline"})
    order_id = world.place()
    world.answers(world.link(order_id))
    world.pays(order_id, "declined")
    world.staff(
        "finance",
        "PUT",
        f"/v1/staff/orders/{order_id}/payment-method",
        {"reseller_id": world.reseller.reseller_id},
    )
    world.becomes(order_id, "issued")
    world.pays(order_id, "captured")


@journey()
def card_let_go(world: World) -> None:
    """CAA forbids the issue after the card was asked; the order is cancelled and the card released."""
    world.card_contract()
    world.cloud.zone.set(world.name(), "CAA", ['0 issue "another-ca.example"'])
    order_id = world.place()
    world.answers(world.link(order_id))
    world.pays(order_id, "authorised")
    world.ask("POST", f"/v1/orders/{order_id}/cancel", {}, 200)
    world.pays(order_id, "released")


@journey()
def card_refunded(world: World) -> None:
    """An order is revoked within 30 days, and its money goes back to the card."""
    order_id = world.bought_by_card()
    world.ask("POST", f"/v1/orders/{order_id}/revoke", {"reason": "superseded"}, 200)
    world.becomes(order_id, "revoked")
    world.pays(order_id, "refunded")


@journey(lasts=4)
def card_settled(world: World) -> None:
    """The gateway is out for days after the issue; staff have the charge tried again, and it is taken."""
    world.card_contract()
    order_id = world.place()
    world.cloud.payments.faults.set({"call": "capture", "kind": "fail_before", "times": None})
    world.approved(order_id)
    world.advance(4 * DAY)
    world.until(
        "it stands before staff",
        lambda: world.queued("finance", "payments", lambda item: item["order_id"] == order_id),
    )
    world.cloud.payments.faults.clear()
    body = {"reseller_id": world.reseller.reseller_id}
    world.staff("finance", "POST", f"/v1/staff/orders/{order_id}/settle", body)
    world.pays(order_id, "captured")


@journey()
def card_removed(world: World) -> None:
    """What was paid with it stays paid; the next order needs another card."""
    world.bought_by_card()
    world.ask("DELETE", "/v1/payment-method", None, 200, 404)
    world.ask("GET", "/v1/payment-method", None, 404)
    world.card_contract()
    another = world.place()  # its name is proven by now
    world.becomes(another, "issued")
    world.pays(another, "captured")


@journey()
def contract(world: World) -> None:
    """Asked for, activated against an invoice, and ordered on."""
    asked = world.ask("POST", "/v1/contracts", {"units": 10}, 201).json
    world.contracts.append(asked["contract_id"])
    path = f"/v1/staff/contracts/{asked['contract_id']}/activate"
    world.staff("finance", "POST", path, {"invoice_reference": f"INV-{world.tag}"})
    world.advance(MINUTE)
    world.approved(world.place())
