"""What becomes of a certificate after its issue."""

import json
from datetime import UTC, date, datetime, time

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.faults.registry import journey
from tests.faults.world import HOUR, World
from tests.functions.journeys import call, csr_for, key_of


@journey()
def revoke(world: World) -> None:
    """The whole order, within 30 days: its units come back."""
    order_id = world.place()
    world.approved(order_id)
    world.ask("POST", f"/v1/orders/{order_id}/revoke", {"reason": "superseded"}, 200)
    order = world.becomes(order_id, "revoked")
    assert order["payment"]["status"] == "refunded"
    world.rest()


@journey()
def compromise(world: World) -> None:
    """Anybody who has the key shows it: whatever was issued for it is revoked, and the key blocked."""
    label = f"{world.tag}-lost"
    ids = [
        world.place(name=world.name(each), csr=csr_for(world.name(each), label=label)) for each in ("a", "b")
    ]
    for order_id in ids:
        world.approved(order_id)
    key = key_of(label).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    body, media = json.dumps({"proof": {"private_key": key}}).encode(), {"Content-Type": "application/json"}
    url = f"{world.cloud.url}/v1/compromised-keys"
    world.patiently(lambda: call("POST", url, body, media), 202)
    for order_id in ids:
        world.until(
            "the certificate is revoked",
            lambda each=order_id: world.order(each)["certificates"][0]["status"] == "revoked",
        )


@journey(lasts=110)
def remind(world: World) -> None:
    """The morning comes on which the first reminder is due."""
    order = world.approved(world.place())
    ends, begins = (
        datetime.fromisoformat(order["certificates"][0][each]) for each in ("not_after", "not_before")
    )
    first = 90 if (ends - begins).days >= 119 else 45
    day = date.fromordinal(ends.date().toordinal() - first)
    dawn = datetime.combine(day, time(5, 30), UTC).timestamp()
    world.advance(dawn - world.cloud.clock.now())
    world.advance(3 * HOUR)
    world.rest()
