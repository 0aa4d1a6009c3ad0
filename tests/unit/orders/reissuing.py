"""An issued order, and a reissue of it with another name, which is to be proven."""

from typing import Any

from partner_center.orders.reissue import Reissue
from partner_center.orders.reissue_order import ReissueOrder
from tests.fakes.determined import HURRIED
from tests.fakes.posted import a_call, a_csr, a_principal
from tests.fakes.samples import ORDER, US, a_contract
from tests.fakes.supersessions import MemorySupersessions
from tests.fakes.world import World

OTHER = "shop.example.org"


def reissuing(control: dict[str, Any]) -> tuple[World, Reissue]:
    """40 days after the issue; what is asked for the reissue was mailed."""
    world = World()
    world.stores.grant(a_contract())
    world.put()
    world.ask()
    world.approve()
    world.certify()
    world.complete_order(US, ORDER, 1, "request-3")
    world.clock.advance(days=40)
    reissue_order = ReissueOrder(
        world.stores.orders,
        world.stores.challenges,
        MemorySupersessions(),
        world.amend_order.gate,
        world.clock,
        world.ids,
        HURRIED,
    )
    body = {
        "csr": a_csr(OTHER),
        "common_name": OTHER,
        "additional_domains": [],
        "domain_control": control,
    }
    made = reissue_order(a_principal(), a_call(body, path=f"/v1/orders/{ORDER}/reissues"), ORDER, body)
    world.screen_order(US, made.enrolment_id, 1, "execution-2")
    world.await_domains(US, made.enrolment_id, 1, "token-2")
    return world, made
