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
def revoke_one(world: World) -> None:
    """The older of two certificates goes; the order keeps the other."""
    order_id = world.place()
    serial = world.approved(order_id)["certificates"][0]["serial"]
    csr = csr_for(world.name(), label=f"{world.tag}-2")
    world.reissue_is(order_id, world.reissue(order_id, csr=csr), "issued")
    world.ask("POST", f"/v1/certificates/{serial}/revoke", {"reason": "superseded"}, 200)
    world.until(
        "the older certificate is revoked",
        lambda: world.order(order_id)["certificates"][1]["status"] == "revoked",
    )
    assert world.order(order_id)["status"] == "issued"


@journey()
def reported(world: World) -> None:
    """Somebody reports a certificate; staff find it misused, and it is revoked."""
    order_id = world.place()
    serial = world.approved(order_id)["certificates"][0]["serial"]
    report = {
        "reporter_email": f"{world.tag}@example.net",
        "category": "misuse",
        "serials": [serial],
        "text": "It serves a copy of our sign-in page.",
    }
    body, media = json.dumps(report).encode(), {"Content-Type": "application/json"}
    url = f"{world.cloud.url}/v1/problem-reports"
    report_id = world.patiently(lambda: call("POST", url, body, media), 202).json["report_id"]
    world.until(
        "the report is before staff",
        lambda: world.queued("validation", "problem-reports", lambda item: item["report_id"] == report_id),
    )
    finding = {
        "decision": "revoke",
        "grounds": "The page is a copy.",
        "serials": [serial],
        "reason": "privilegeWithdrawn",
    }
    world.staff("validation", "POST", f"/v1/staff/problem-reports/{report_id}/decide", finding)
    world.becomes(order_id, "revoked")
    told = f"About your report {report_id}"
    world.until("the reporter is answered", lambda: any(told in mail.subject for mail in world.cloud.mails()))


@journey()
def compromise(world: World) -> None:
    """Anybody who has the key shows it: whatever was issued for it is revoked, and the key blocked."""
    ids = _with_one_key(world)
    for order_id in ids:
        world.approved(order_id)
    key = (
        key_of(f"{world.tag}-lost").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    )
    body, media = json.dumps({"proof": {"private_key": key}}).encode(), {"Content-Type": "application/json"}
    url = f"{world.cloud.url}/v1/compromised-keys"
    world.patiently(lambda: call("POST", url, body, media), 202)
    for order_id in ids:
        world.until(
            "the certificate is revoked",
            lambda each=order_id: world.order(each)["certificates"][0]["status"] == "revoked",
        )


@journey()
def barred(world: World) -> None:
    """A key is called compromised, without a proof, while another order with it waits: that one is not signed."""
    first, second = _with_one_key(world)
    world.approved(first)
    world.calls_compromised(first)
    world.becomes(first, "revoked")
    _is_not_signed(world, second)


@journey()
def barred_late(world: World) -> None:
    """The same of one that was revoked for another reason, which stays."""
    first, second = _with_one_key(world)
    world.approved(first)
    world.ask("POST", f"/v1/orders/{first}/revoke", {"reason": "superseded"}, 200)
    world.becomes(first, "revoked")
    world.calls_compromised(first)
    _is_not_signed(world, second)


def _with_one_key(world: World) -> list[str]:
    """Of two customers, so that what proves the first one's name does not have the second one issued."""
    return [
        world.place(
            name=name, csr=csr_for(name, label=f"{world.tag}-lost"), customer_id=f"{world.tag}-{each}"
        )
        for each, name in ((each, world.name(each)) for each in ("a", "b"))
    ]


def _is_not_signed(world: World, second: str) -> None:
    """An hour later it is proven, and held back for its key."""
    world.advance(HOUR)
    world.answers(world.link(second))
    world.until("the order is held back", lambda: world.is_held_back(second))
    world.ask("POST", f"/v1/orders/{second}/cancel", {"reason": "it gets another key"}, 200)
    world.becomes(second, "cancelled")


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
