"""From an order to its certificate, by each way to prove a name; and what may change on the way."""

from tests.faults.registry import journey
from tests.faults.world import MINUTE, World
from tests.functions.journeys import csr_for


@journey()
def email(world: World) -> None:
    world.approved(world.place())


@journey()
def dns(world: World) -> None:
    """Published, and a look asked for."""
    order_id = world.place(domain_control={"method": "dns_txt"})
    world.publishes(order_id)
    world.asks_for_a_check(order_id)
    world.becomes(order_id, "issued")


@journey()
def file(world: World) -> None:
    """Published, and found by the looks that are due."""
    order_id = world.place(domain_control={"method": "http_file"})
    world.publishes(order_id)
    world.advance(2 * MINUTE)
    world.becomes(order_id, "issued")


@journey()
def resend(world: World) -> None:
    """The approver asks for the mail once more, and uses the link in it."""
    order_id = world.place()
    world.link(order_id)
    world.advance(MINUTE)
    world.ask("POST", f"/v1/orders/{order_id}/domains/{world.name()}/resend")
    world.approved(order_id)


@journey()
def amend(world: World) -> None:
    """Another key and one more name: whoever was asked is asked anew."""
    order_id = world.place()
    first = world.link(order_id)
    csr = csr_for(world.name(), label=f"{world.tag}-2")
    world.amend(order_id, {"csr": csr, "additional_domains": [world.name("more")]})
    world.link(order_id, 2)
    order = world.approved(order_id)
    assert len(order["names"]) == 2
    assert first != world.link(order_id)


@journey()
def decline(world: World) -> None:
    """The approver says no; the reseller cancels."""
    order_id = world.place()
    world.answers(world.link(order_id), "decline")
    world.until("the name is declined", lambda: world.domains(order_id)[0]["status"] == "declined")
    world.ask("POST", f"/v1/orders/{order_id}/cancel", {"reason": "declined"}, 200)
    world.becomes(order_id, "cancelled")


@journey()
def cancel(world: World) -> None:
    order_id = world.place()
    world.link(order_id)
    world.ask("POST", f"/v1/orders/{order_id}/cancel", {"reason": "no more need"}, 200)
    world.becomes(order_id, "cancelled")


@journey()
def review(world: World) -> None:
    """A flagged order is released by a person, and goes on."""
    order_id = world.place(name=world.name("paypal"))
    task = world.until(
        "a task", lambda: world.queued("review", "quality-review", lambda item: item["order_id"] == order_id)
    )
    decision = {"decision": "approve", "evidence": "Called the registrant."}
    world.staff("review", "POST", f"/v1/staff/tasks/{task['task_id']}/decide", decision)
    world.approved(order_id)


@journey()
def reject(world: World) -> None:
    """A flagged order is rejected by a person."""
    order_id = world.place(name=world.name("paypal"))
    task = world.until(
        "a task", lambda: world.queued("review", "quality-review", lambda item: item["order_id"] == order_id)
    )
    decision = {"decision": "reject", "evidence": "Nobody there knows of it."}
    world.staff("review", "POST", f"/v1/staff/tasks/{task['task_id']}/decide", decision)
    world.becomes(order_id, "rejected")


@journey()
def held_back(world: World) -> None:
    """CAA forbids the issue; it is mended and a check asked for."""
    name = world.name()
    world.cloud.zone.set(
        name, "CAA", ['0 issue "another-ca.example"', '0 iodef "mailto:security@example.org"']
    )
    order_id = world.place()
    world.answers(world.link(order_id))
    world.until("the order is held back", lambda: world.is_held_back(order_id))
    world.cloud.zone.delete(name)
    world.asks_for_a_check(order_id)
    world.becomes(order_id, "issued")


@journey(lasts=31)
def silent(world: World) -> None:
    """Nobody answers, and the order's time runs out."""
    order_id = world.place()
    world.link(order_id)
    world.advance(31 * 24 * 60 * MINUTE)
    order = world.becomes(order_id, "cancelled")
    assert order["closed"]["reason"] == "timed_out"
