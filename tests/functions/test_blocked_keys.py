"""Blocked and exposed keys over HTTP: refused by name, held back without lists, blocked for everybody once known."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from local.cloud import EmbeddedCloud
from local.sample_block_list import blocked_sample_key, sample_block_list
from partner_center.adapters.block_list import FRESH, PREFIX
from tests.functions.journeys import (
    Reseller,
    answer,
    approval_links,
    call,
    csr_for,
    key_of,
    order_body,
)
from tests.functions.test_bad_input import rows

pytestmark = pytest.mark.cloud

SAMPLE = f"{PREFIX}sample.bin"


def private_key(label: str) -> str:
    return key_of(label).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def spki_sha256(label: str) -> str:
    spki = key_of(label).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    return digest.finalize().hex()


def csr_of(key: ec.EllipticCurvePrivateKey, name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def everything(cloud: EmbeddedCloud) -> str:
    """All items of all tables, as text."""
    client = cloud.client("dynamodb")
    scan, names = client.get_paginator("scan"), client.list_tables()["TableNames"]
    return "\n".join(
        repr(item) for name in names for page in scan.paginate(TableName=name) for item in page["Items"]
    )


def blocked_row(cloud: EmbeddedCloud, label: str) -> dict[str, Any] | None:
    key = {"pk": {"S": f"BLOCKED#{spki_sha256(label)}"}, "sk": {"S": "KEY"}}
    table = cloud.output("IssuanceTable")
    item: dict[str, Any] | None = cloud.client("dynamodb").get_item(TableName=table, Key=key).get("Item")
    return item


def exposures(cloud: EmbeddedCloud, label: str) -> list[tuple[str, str, str]]:
    """Reseller, order and serial of each `key.exposed` in the outbox for this key."""
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=cloud.output("BusinessTable"))
    items = [item for page in pages for item in page["Items"]]
    data = [item["data"]["M"] for item in items if item.get("type") == {"S": "key.exposed"}]
    return sorted(
        (each["reseller_id"]["S"], each["order_id"]["S"], each["serial"]["S"])
        for each in data
        if each["spki_sha256"]["S"] == spki_sha256(label)
    )


def serial_of(order: dict[str, Any]) -> str:
    return str(order["certificates"][0]["serial"])


# ---- the operator's lists


@pytest.mark.parametrize("place", ["order", "validate", "inspect"])
def test_a_key_on_a_list_is_refused_with_the_name_of_the_list(northwind: Reseller, place: str) -> None:
    csr = csr_of(blocked_sample_key(3), "listed.example.com")
    if place == "inspect":
        problems = northwind.call("POST", "/v1/csr/inspect", {"csr": csr}).json["problems"]
    elif place == "validate":
        problems = northwind.call("POST", "/v1/orders/validate", order_body(csr=csr)).json["problems"]
    else:
        reply = northwind.place(order_body(csr=csr))
        assert reply.status == 422
        problems = reply.json["problems"]
    (problem,) = problems
    assert (problem["code"], problem["field"]) == ("key_blocked", "/csr")
    assert "the block list sample" in problem["detail"]


@pytest.fixture
def lists(cloud: EmbeddedCloud) -> Iterator[Any]:
    """The bucket's client; afterwards the sample list is there again, alone, and every function knows."""
    client, bucket = cloud.client("s3"), cloud.output("BlockListBucket")
    yield client
    for entry in client.list_objects_v2(Bucket=bucket)["Contents"]:
        client.delete_object(Bucket=bucket, Key=entry["Key"])
    client.put_object(Bucket=bucket, Key=SAMPLE, Body=sample_block_list())
    cloud.advance(FRESH.total_seconds() + 1)


MISSING = "the block list sample is missing"
FAULTS: dict[str, tuple[str, bytes | None, str]] = {
    "missing": (SAMPLE, None, MISSING),
    "cut off": (
        SAMPLE,
        sample_block_list()[:-1],
        "the block list sample cannot be used: its length, 159 bytes",
    ),
    "empty": (SAMPLE, b"", "the block list sample cannot be used: it is empty"),
    "unsorted": (
        SAMPLE,
        sample_block_list()[::-1],
        "the block list sample cannot be used: its digests are not",
    ),
    "another one cut off": (
        f"{PREFIX}more.bin",
        b"x",
        "the block list more cannot be used: its length, 1 bytes",
    ),
}


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.replace(" ", "-"))
def test_an_order_is_held_back_while_a_list_is_missing_or_broken_and_goes_on_when_it_is_mended(
    cloud: EmbeddedCloud, northwind: Reseller, lists: Any, log: Callable[[str], str], case: str
) -> None:
    name = f"{case.replace(' ', '-')}.example.com"
    order_id = northwind.placed(name=name)
    key, content, reason = FAULTS[case]
    bucket = cloud.output("BlockListBucket")
    if content is None:
        lists.delete_object(Bucket=bucket, Key=key)
    else:
        lists.put_object(Bucket=bucket, Key=key, Body=content)
    cloud.advance(FRESH.total_seconds() + 1)

    assert answer(approval_links(cloud, order_id)[0], "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "pending"
    assert reason in northwind.step(order_id, "issuance")["reason"]
    assert reason in log('"message":"block lists are missing or broken"')

    if key == SAMPLE:
        lists.put_object(Bucket=bucket, Key=SAMPLE, Body=sample_block_list())
    else:
        lists.delete_object(Bucket=bucket, Key=key)
    cloud.advance(FRESH.total_seconds() + 1)
    assert northwind.call("POST", f"/v1/orders/{order_id}/domains/check").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_an_order_is_taken_while_a_list_is_missing(
    cloud: EmbeddedCloud, northwind: Reseller, lists: Any
) -> None:
    lists.delete_object(Bucket=cloud.output("BlockListBucket"), Key=SAMPLE)
    cloud.advance(FRESH.total_seconds() + 1)
    assert northwind.place(order_body(name="early.example.com")).status == 201
    assert cloud.settle()
    lists.put_object(Bucket=cloud.output("BlockListBucket"), Key="unrelated.txt", Body=b"")


def test_an_order_cannot_be_examined_while_a_list_is_broken(
    cloud: EmbeddedCloud, northwind: Reseller, lists: Any
) -> None:
    lists.put_object(Bucket=cloud.output("BlockListBucket"), Key=SAMPLE, Body=b"broken")
    cloud.advance(FRESH.total_seconds() + 1)
    reply = northwind.place(order_body(name="broken.example.com"))
    assert (reply.status, reply.json["code"]) == (503, "try_again")
    assert "retry-after" in reply.headers


# ---- exposed keys


def send(reseller: Reseller, place: str, key: str, order_id: str = "") -> None:
    """Sends a private key where none may be; it is refused there."""
    paths: dict[str, tuple[str, dict[str, Any]]] = {
        "note": ("/v1/orders", order_body(note=key)),
        "csr": ("/v1/orders", order_body(csr=csr_for("www.example.com") + key)),
        "unknown field": ("/v1/orders", order_body(private_key=key)),
        "validate": ("/v1/orders/validate", order_body(common_name=key)),
        "inspect": ("/v1/csr/inspect", {"csr": key}),
        "inspect, other field": ("/v1/csr/inspect", {"csr": csr_for("www.example.com"), "key": key}),
        "cancel": (f"/v1/orders/{order_id}/cancel", {"reason": key}),
    }
    path, body = paths[place]
    reply = reseller.call("POST", path, body)
    assert reply.status in (200, 422), reply.text
    assert "private_key" in reply.text
    assert "BEGIN" not in reply.text
    assert reseller.cloud.settle()


PLACES = ["note", "csr", "unknown field", "validate", "inspect", "inspect, other field", "cancel"]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.replace(" ", "-"))
def test_the_exposed_key_of_a_certificate_is_blocked_for_every_reseller_and_its_certificates_are_named(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller, place: str
) -> None:
    label = f"exposed in {place}"
    name = "exposed.example.com"
    mine = northwind.issued(name=name, csr=csr_for(name, label=label))
    theirs = contoso.issued(name=name, csr=csr_for(name, label=label))
    send(northwind, place, private_key(label), mine["order_id"])

    for reseller in (northwind, contoso):
        reply = reseller.place(order_body(csr=csr_for("later.example.com", label=label)))
        assert reply.status == 422
        assert reply.codes == {"key_blocked"}
        assert "its private key has become known" in reply.json["problems"][0]["detail"]
    named = [
        ("contoso", theirs["order_id"], serial_of(theirs)),
        ("northwind", mine["order_id"], serial_of(mine)),
    ]
    assert exposures(cloud, label) == named


def test_the_exposed_key_of_a_pending_order_stops_it_before_it_is_signed(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id = northwind.placed(name="soon.example.com", csr=csr_for("soon.example.com", label="soon"))
    send(northwind, "note", private_key("soon"))
    assert answer(approval_links(cloud, order_id)[0], "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "pending"
    step = northwind.step(order_id, "issuance")
    assert "This key is blocked" in step["reason"]
    assert "Send a CSR for another key (PATCH /v1/orders/{id})" in step["next_action"]
    assert exposures(cloud, "soon") == []
    assert northwind.amend(order_id, {"csr": csr_for("soon.example.com", label="sooner")}).status == 200
    assert cloud.settle()
    for link in approval_links(cloud, order_id)[1:]:
        answer(link, "approve")
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"


def test_a_key_that_is_sent_again_writes_nothing_more(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    northwind.issued(name="again.example.com", csr=csr_for("again.example.com", label="again"))
    send(northwind, "note", private_key("again"))
    before, since = rows(cloud), blocked_row(cloud, "again")
    for place in ("note", "validate", "inspect"):
        send(northwind, place, private_key("again"))
    cloud.advance(60)
    send(northwind, "note", private_key("again"))
    assert rows(cloud) == before
    assert blocked_row(cloud, "again") == since


def test_a_key_that_was_sent_before_its_first_order_is_never_certified(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """A CSR with its key is refused; the CSR alone, sent afterwards, is of an exposed key all the same."""
    csr = csr_for("unknown.example.com", label="unknown")
    assert northwind.place(order_body("unknown.example.com", csr=csr + private_key("unknown"))).status == 422
    assert cloud.settle()
    reply = northwind.place(order_body("unknown.example.com", csr=csr))
    assert (reply.status, reply.codes) == (422, {"key_blocked"})


def test_a_made_up_key_around_a_known_public_one_blocks_nothing(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """The incident of 2017: a modulus copied from a certificate, and factors that do not make it."""
    real, other = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
    name = "fake.example.com"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(real, hashes.SHA256())
    northwind.issued(name=name, csr=request.public_bytes(Encoding.PEM).decode())
    numbers, public = other.private_numbers(), real.public_key().public_numbers()
    fields = (
        0,
        public.n,
        public.e,
        numbers.d,
        numbers.p,
        numbers.q,
        numbers.dmp1,
        numbers.dmq1,
        numbers.iqmp,
    )
    body = b"".join(_der(2, number.to_bytes(number.bit_length() // 8 + 1)) for number in fields)
    label = f"RSA {'PRIVATE'} KEY"
    fake = f"-----BEGIN {label}-----\n{b64encode(_der(0x30, body)).decode()}\n-----END {label}-----"
    before = rows(cloud)
    send(northwind, "note", fake)
    assert rows(cloud) == before
    assert northwind.issued(name=name, csr=request.public_bytes(Encoding.PEM).decode())["status"] == "issued"


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2)
    return bytes([tag]) + length + content


def test_the_bus_is_told_which_certificates_to_revoke(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order = northwind.issued(name="told.example.com", csr=csr_for("told.example.com", label="told"))
    before = len(cloud.recorded_calls["RelayEventsFunction"])
    send(northwind, "note", private_key("told"))
    made = [each["operation"] for each in cloud.recorded_calls["RelayEventsFunction"][before:]]
    assert made == ["PutEvents"] * 2, "key.exposed, then certificate.revoked"
    assert exposures(cloud, "told") == [("northwind", order["order_id"], serial_of(order))]


def test_no_piece_of_a_private_key_is_kept_anywhere(
    cloud: EmbeddedCloud, northwind: Reseller, log: Callable[[str], str]
) -> None:
    """Tables, objects, mails, queues, executions, and everything that functions wrote to their logs."""
    label = "kept nowhere"
    order = northwind.issued(name="kept.example.com", csr=csr_for("kept.example.com", label=label))
    pem = private_key(label)
    for place in PLACES:
        send(northwind, place, pem, order["order_id"])
    body = json.dumps(order_body(note=pem)).encode()
    call("POST", f"{cloud.url}/v1/orders", body[:-1], {"Authorization": f"Bearer {northwind.api_key}"})

    cloud.invoke("BlockExposedKeyFunction", {"Records": [{"messageId": "1", "body": pem}]})  # it logs that

    objects = cloud.client("s3")
    stored = [
        objects.get_object(Bucket=bucket["Name"], Key=entry["Key"])["Body"].read().hex()
        for bucket in objects.list_buckets()["Buckets"]
        for entry in objects.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ())
    ]
    kept = "\n".join(
        [
            everything(cloud),
            *stored,
            *(repr(mail) for mail in cloud.mails()),
            *(repr(execution) for execution in cloud.executions()),
            repr(cloud.recorded_calls),
            repr(cloud.failures),
            log("not handled"),
        ]
    )
    assert blocked_row(cloud, label) is not None
    for piece in ("PRIVATE KEY", *pieces_of_secret(label)):
        assert piece not in kept


def pieces_of_secret(label: str) -> list[str]:
    """The secret number of a key as it would stand in text; the rest of its PEM is no secret."""
    number = key_of(label).private_numbers().private_value
    secret = number.to_bytes(32)
    der = key_of(label).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    at = der.index(secret)
    inside = b64encode(der)[-(-at // 3) * 4 : (at + 32) // 3 * 4].decode()
    return [str(number), secret.hex(), *(inside[start : start + 12] for start in range(len(inside) - 11))]
