"""What follows a certificate: reissues, a renewal, replacements."""

from datetime import datetime

from tests.faults.registry import journey
from tests.faults.world import DAY, HOUR, World
from tests.functions.journeys import csr_for


@journey()
def reissue(world: World) -> None:
    """Another key, names that are proven: by itself."""
    order_id = world.place()
    world.approved(order_id)
    reissue_id = world.reissue(order_id, csr=csr_for(world.name(), label=f"{world.tag}-2"))
    world.reissue_is(order_id, reissue_id, "issued")


@journey()
def reissue_proven(world: World) -> None:
    """Another name, which its approver approves."""
    order_id = world.place()
    world.approved(order_id)
    reissue_id = _another_name(world, order_id)
    world.answers(world.link(order_id, 2))
    world.reissue_is(order_id, reissue_id, "issued")


@journey()
def reissue_revoking(world: World) -> None:
    """The certificate before goes at once."""
    order_id = world.place()
    world.approved(order_id)
    csr = csr_for(world.name(), label=f"{world.tag}-2")
    reissue_id = world.reissue(order_id, csr=csr, revoke_previous_after_hours=0)
    world.reissue_is(order_id, reissue_id, "issued")
    world.until(
        "the certificate before is revoked",
        lambda: world.order(order_id)["certificates"][1]["status"] == "revoked",
    )


@journey()
def reissue_cancelled(world: World) -> None:
    """Another name, which nobody approves; the order keeps its certificate."""
    order_id = world.place()
    world.approved(order_id)
    reissue_id = _another_name(world, order_id)
    world.link(order_id, 2)
    world.ask("POST", f"/v1/orders/{order_id}/reissues/{reissue_id}/cancel", None, 200)
    world.reissue_is(order_id, reissue_id, "cancelled")
    assert world.order(order_id)["status"] == "issued"


@journey()
def renew(world: World) -> None:
    """A month before the end; its names are proven still, so it is issued by itself."""
    order_id = world.place()
    world.approved(order_id)
    world.reseller.ends(order_id, 30 * DAY)
    world.becomes(world.succeed(order_id, "renewals"), "issued")


@journey()
def renew_by_card(world: World) -> None:
    """The card pays once more."""
    order_id = world.bought_by_card()
    world.reseller.ends(order_id, 30 * DAY)
    successor = world.succeed(order_id, "renewals")
    world.becomes(successor, "issued")
    world.pays(successor, "captured")


@journey()
def renewal_cancelled(world: World) -> None:
    """One more name, for which nobody publishes anything; the order may be renewed again."""
    order_id = world.place()
    world.approved(order_id)
    world.reseller.ends(order_id, 30 * DAY)
    more = {"additional_domains": [f"{world.tag}.example.net"], "domain_control": {"method": "dns_txt"}}
    successor = world.succeed(order_id, "renewals", **more)
    world.until(
        "it says what to publish", lambda: any(item.get("publish") for item in world.domains(successor))
    )
    world.ask("POST", f"/v1/orders/{successor}/cancel", {"reason": "not this way"}, 200)
    world.becomes(successor, "cancelled")
    world.becomes(world.succeed(order_id, "renewals"), "issued")


@journey()
def replace(world: World) -> None:
    """In the first days, for nothing; the original goes at once."""
    order_id = world.place()
    world.approved(order_id)
    csr = csr_for(world.name(), label=f"{world.tag}-2")
    world.becomes(world.succeed(order_id, "replacements", csr=csr), "issued")
    world.becomes(order_id, "revoked")


@journey()
def replace_by_card(world: World) -> None:
    """The card paid for the original, and is not asked again; the original stays for two hours."""
    order_id = world.bought_by_card()
    csr = csr_for(world.name(), label=f"{world.tag}-2")
    successor = world.succeed(order_id, "replacements", csr=csr, revoke_original_after_hours=2)
    world.becomes(successor, "issued")
    world.advance(2 * HOUR)
    world.becomes(order_id, "revoked")


@journey(lasts=170, alone=True)
def auto_reissue(world: World) -> None:
    """An order reissues itself when its certificate's end comes near; its proof is too old by then."""
    chosen = {"auto_reissue": True, "key": "same", "days_before": 30}
    order_id = world.place(lifecycle=chosen)
    order = world.approved(order_id)
    opens = datetime.fromisoformat(order["next_deadline"]["opens_at"]).timestamp()
    world.advance(opens - world.cloud.clock.now() + 2 * HOUR)
    world.answers(world.link(order_id, 2))
    world.until("it is reissued", lambda: len(world.order(order_id)["certificates"]) == 2)


def _another_name(world: World, order_id: str) -> str:
    """The reissue that was asked for a name whose approver is to be asked."""
    name = f"www.{world.tag}.example.net"
    control = {"method": "email", "approver_email": "admin@example.net"}
    csr = csr_for(name, label=f"{world.tag}-2")
    return world.reissue(order_id, csr=csr, common_name=name, domain_control=control)
