"""Revocation over HTTP, from the request to a CRL that openssl accepts."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from local.cloud import EmbeddedCloud
from partner_center.issuance.compromise import PROOF_NAME
from tests.functions.journeys import Reply, Reseller, call, csr_for, key_of, openssl, order_body
from tests.functions.test_blocked_keys import (
    blocked_row,
    everything,
    exposures,
    pieces_of_secret,
    private_key,
    serial_of,
    spki_sha256,
)

pytestmark = pytest.mark.cloud

DAY = 86_400


def proof_csr(label: str, common_name: str = PROOF_NAME) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key_of(label), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def revoke_order(reseller: Reseller, order_id: str, body: Any = None, **headers: str) -> Reply:
    reply = reseller.call("POST", f"/v1/orders/{order_id}/revoke", {} if body is None else body, **headers)
    assert reseller.cloud.settle()
    return reply


def revoke_certificate(reseller: Reseller, serial: str, body: Any = None, **headers: str) -> Reply:
    path = f"/v1/certificates/{serial}/revoke"
    reply = reseller.call("POST", path, {} if body is None else body, **headers)
    assert reseller.cloud.settle()
    return reply


def published(cloud: EmbeddedCloud, url: str) -> Reply:
    """What is found at an address inside a certificate: its path, served by the embedded cloud."""
    return call("GET", f"{cloud.url}/_local/repository{urlsplit(url).path}")


def crl_url(leaf: x509.Certificate) -> str:
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    return str(points[0].full_name[0].value)


def leaf_of(reseller: Reseller, serial: str) -> x509.Certificate:
    path = f"/v1/certificates/{serial}/download?format=der"
    return x509.load_der_x509_certificate(reseller.call("GET", path).body)


def crl_of(reseller: Reseller, serial: str) -> x509.CertificateRevocationList:
    reply = published(reseller.cloud, crl_url(leaf_of(reseller, serial)))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/pkix-crl")
    return x509.load_der_x509_crl(reply.body)


def entry_of(reseller: Reseller, serial: str) -> tuple[str, str | None] | None:
    """When and why the CRL says that the certificate was revoked; None when it says nothing."""
    entry = crl_of(reseller, serial).get_revoked_certificate_by_serial_number(int(serial, 16))
    if entry is None:
        return None
    reasons = [each.value.reason.value for each in entry.extensions]
    return f"{entry.revocation_date_utc:%Y-%m-%dT%H:%M:%SZ}", reasons[0] if reasons else None


def verdict(reseller: Reseller, serial: str, folder: Path) -> str:
    """What `openssl verify -crl_check` says of the certificate with the published CRL."""
    leaf = leaf_of(reseller, serial)
    bundle = reseller.call("GET", f"/v1/certificates/{serial}/download?format=ca").body
    crl = published(reseller.cloud, crl_url(leaf)).body
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "ca.pem").write_bytes(bundle)
    (folder / "list.crl").write_bytes(crl)
    issuer = bundle.decode().partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    (folder / "issuer.pem").write_text(issuer)
    told = openssl(
        "crl",
        "-inform",
        "der",
        "-in",
        str(folder / "list.crl"),
        "-CAfile",
        str(folder / "issuer.pem"),
        "-verify",
    )
    (folder / "crl.pem").write_text(told)
    moment = x509.load_der_x509_crl(crl).last_update_utc.timestamp()
    command = ["openssl", "verify", "-crl_check", "-attime", str(int(moment) + 1)]
    files = ["-CAfile", str(folder / "ca.pem"), "-CRLfile", str(folder / "crl.pem"), str(folder / "leaf.pem")]
    done = subprocess.run([*command, *files], capture_output=True, check=False)
    return (done.stdout + done.stderr).decode()


def when_and_why(order: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(each["status"], each.get("revoked_at"), each.get("reason")) for each in order["certificates"]]


# ---- a reseller revokes


def test_a_revoked_order_is_refused_by_openssl_with_the_published_crl(
    cloud: EmbeddedCloud, northwind: Reseller, tmp_path: Path
) -> None:
    contract = northwind.new_contract(5)
    order = northwind.issued(name="whole.example.com", contract_id=contract)
    serial = serial_of(order)
    assert order["actions"]["revoke"] == {"allowed": True, "reason": None}
    assert order["revoked"] is None
    assert verdict(northwind, serial, tmp_path).strip().endswith(": OK")

    reply = revoke_order(northwind, order["order_id"], {"reason": "cessationOfOperation"})
    assert reply.status == 200
    revoked = northwind.order(order["order_id"])
    assert (revoked["status"], revoked["revoked"]["reason"]) == ("revoked", "cessationOfOperation")
    assert when_and_why(revoked) == [("revoked", revoked["revoked"]["at"], "cessationOfOperation")]
    assert revoked["actions"]["revoke"] == {"allowed": False, "reason": "order_closed"}
    assert revoked["authentication"]["status"] == "complete"
    assert revoked["payment"]["status"] == "refunded"
    counters = northwind.contract(contract)
    assert (counters["left"], counters["held"], counters["used"]) == (5, 0, 0)

    assert "certificate revoked" in verdict(northwind, serial, tmp_path)
    assert entry_of(northwind, serial) == (revoked["revoked"]["at"], "cessationOfOperation")


def test_revoking_again_is_200_and_only_key_compromise_changes_anything(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="again.example.com", csr=csr_for("again.example.com", label="again"))
    first = revoke_order(northwind, order["order_id"]).json
    assert first["revoked"]["reason"] == "unspecified"
    assert entry_of(northwind, serial_of(order)) == (first["revoked"]["at"], None), "no reasonCode"
    cloud.advance(3600)
    assert revoke_order(northwind, order["order_id"], {"reason": "superseded"}).json == first
    changed = revoke_order(northwind, order["order_id"], {"reason": "keyCompromise"})
    assert changed.status == 200
    assert changed.json["revoked"] == first["revoked"] | {"reason": "keyCompromise"}
    assert entry_of(northwind, serial_of(order)) == (first["revoked"]["at"], "keyCompromise")


def test_after_30_days_an_order_is_revoked_all_the_same_and_nothing_comes_back(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    contract = northwind.new_contract(5)
    order = northwind.issued(name="late.example.com", contract_id=contract)
    cloud.advance(30 * DAY)
    revoked = revoke_order(northwind, order["order_id"]).json
    assert (revoked["status"], revoked["payment"]["status"]) == ("revoked", "captured")
    assert northwind.contract(contract)["used"] == 1


def test_one_certificate_takes_its_order_with_it_unless_it_is_kept(northwind: Reseller) -> None:
    contract = northwind.new_contract(5)
    kept = northwind.issued(name="kept-open.example.com", contract_id=contract)
    reply = revoke_certificate(northwind, serial_of(kept), {"reason": "superseded"})
    assert (reply.status, reply.json["status"], reply.json["reason"]) == (200, "revoked", "superseded")
    assert northwind.order(kept["order_id"])["status"] == "issued"
    gone = northwind.issued(name="gone.example.com", contract_id=contract)
    reply = revoke_certificate(
        northwind, serial_of(gone).upper(), {"reason": "superseded", "keep_order": False}
    )
    assert reply.json["order_id"] == gone["order_id"]
    assert northwind.order(gone["order_id"])["status"] == "revoked"
    assert northwind.contract(contract)["used"] == 1


def test_what_has_no_certificate_or_is_not_ones_own_is_refused(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller
) -> None:
    pending = northwind.placed(name="pending.example.com")
    reply = revoke_order(northwind, pending)
    assert (reply.status, reply.json["code"], reply.json["order_id"]) == (409, "not_issued", pending)
    assert northwind.order(pending)["actions"]["revoke"] == {"allowed": False, "reason": "not_issued"}
    assert northwind.call("POST", f"/v1/orders/{pending}/cancel").status == 200
    assert revoke_order(northwind, pending).json["code"] == "order_closed"
    issued = northwind.issued(name="ours.example.com")
    for reply in (
        revoke_order(contoso, issued["order_id"]),
        revoke_certificate(contoso, serial_of(issued)),
        revoke_order(northwind, "ord_00000000000000000000000000"),
        revoke_certificate(northwind, "ab" * 20),
        revoke_certificate(northwind, "x" * 300),
    ):
        assert (reply.status, reply.json["code"]) == (404, "not_found")
    assert northwind.order(issued["order_id"])["status"] == "issued"


def test_an_idempotency_key_is_bound_to_what_took_effect(northwind: Reseller) -> None:
    order = northwind.issued(name="idempotent.example.com")
    once = revoke_order(northwind, order["order_id"], {"reason": "superseded"}, Idempotency_Key="r-1")
    again = revoke_order(northwind, order["order_id"], {"reason": "superseded"}, Idempotency_Key="r-1")
    assert (once.status, again.status) == (200, 200)
    assert again.json["revoked"] == once.json["revoked"]
    other = revoke_order(northwind, order["order_id"], {"reason": "unspecified"}, Idempotency_Key="r-1")
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


def test_every_problem_of_a_request_is_told_and_nothing_is_revoked(northwind: Reseller) -> None:
    order = northwind.issued(name="problems.example.com")
    body = {"reason": "privilegeWithdrawn", "why": 1, "keep_order": "yes", "proof": {"csr": "x"}}
    reply = revoke_certificate(northwind, serial_of(order), body)
    assert reply.status == 422
    assert {each["field"] for each in reply.json["problems"]} >= {"/reason", "/why", "/keep_order", "/proof"}
    assert revoke_order(northwind, order["order_id"], b"[]").status == 400
    assert northwind.order(order["order_id"])["status"] == "issued"


# ---- compromised keys


def test_without_proof_the_requesters_certificate_goes_alone_and_the_key_is_certified_no_more(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller
) -> None:
    label = "said"
    ours = northwind.issued(name="said.example.com", csr=csr_for("said.example.com", label=label))
    theirs = contoso.issued(name="said.example.org", csr=csr_for("said.example.org", label=label), **APPROVER)
    reply = revoke_certificate(northwind, serial_of(ours), {"reason": "keyCompromise"})
    assert reply.json["reason"] == "keyCompromise"
    assert northwind.order(ours["order_id"])["status"] == "issued"
    assert contoso.order(theirs["order_id"])["certificates"][0]["status"] == "active"
    assert exposures(cloud, label) == []
    again = northwind.place(order_body("said.example.com", csr=csr_for("said.example.com", label=label)))
    assert (again.status, again.codes) == (422, {"key_blocked"})


APPROVER = {"approver": "admin@example.org"}


@pytest.mark.parametrize("kind", ["csr", "private_key"])
def test_with_proof_every_certificate_of_the_key_goes_and_the_key_for_ever(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller, kind: str, tmp_path: Path
) -> None:
    label = f"proven by {kind}"
    name = f"proven-{kind.replace('_', '-')}.example"
    ours = northwind.issued(name=f"{name}.com", csr=csr_for(f"{name}.com", label=label), **at(f"{name}.com"))
    theirs = contoso.issued(name=f"{name}.org", csr=csr_for(f"{name}.org", label=label), **at(f"{name}.org"))
    other = northwind.issued(name=f"other-{name}.com", **at(f"other-{name}.com"))
    proof = {"csr": proof_csr(label)} if kind == "csr" else {"private_key": private_key(label)}
    reply = revoke_certificate(northwind, serial_of(ours), {"reason": "keyCompromise", "proof": proof})
    assert reply.status == 200, reply.text
    assert "revoked" in verdict(northwind, serial_of(ours), tmp_path)
    assert "revoked" in verdict(contoso, serial_of(theirs), tmp_path)
    assert entry_of(northwind, serial_of(other)) is None
    assert [each["reason"] for each in contoso.order(theirs["order_id"])["certificates"]] == ["keyCompromise"]
    assert contoso.order(theirs["order_id"])["status"] == "issued"
    texts = contoso.call("GET", f"/v1/orders/{theirs['order_id']}/messages").json["items"]
    assert any(serial_of(theirs) in each["text"] for each in texts)
    assert blocked_row(cloud, label) is not None
    again = contoso.place(
        order_body(f"{name}.org", csr=csr_for(f"{name}.org", label=label), **at(f"{name}.org"))
    )
    assert again.codes == {"key_blocked"}


def at(name: str) -> dict[str, str]:
    return {"approver": f"admin@{name}"}


def test_a_proof_of_another_key_revokes_nothing(northwind: Reseller) -> None:
    """The incident of 2017: the whole key is compared."""
    order = northwind.issued(
        name="compared.example.com", csr=csr_for("compared.example.com", label="compared")
    )
    for proof in ({"csr": proof_csr("nobody's")}, {"private_key": private_key("nobody's")}):
        reply = revoke_certificate(northwind, serial_of(order), {"reason": "keyCompromise", "proof": proof})
        assert (reply.status, reply.codes) == (422, {"proof_of_another_key"})
    for proof in ({"csr": proof_csr("compared", "compared.example.com")}, {"private_key": "MIIB"}):
        reply = revoke_order(northwind, order["order_id"], {"reason": "keyCompromise", "proof": proof})
        assert (reply.status, reply.codes) == (422, {"proof_not_accepted"})
    assert northwind.order(order["order_id"])["certificates"][0]["status"] == "active"


def compromised(cloud: EmbeddedCloud, body: Any) -> Reply:
    media = {"Content-Type": "application/json"}
    reply = call("POST", f"{cloud.url}/v1/compromised-keys", json.dumps(body).encode(), media)
    assert cloud.settle()
    return reply


def test_anybody_may_prove_that_a_key_is_compromised(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    label = "found"
    order = northwind.issued(name="found.example.com", csr=csr_for("found.example.com", label=label))
    known = compromised(cloud, {"proof": {"csr": proof_csr(label)}})
    unknown = compromised(cloud, {"proof": {"csr": proof_csr("of no certificate")}})
    assert (known.status, unknown.status) == (202, 202)
    assert known.json["spki_sha256"] == spki_sha256(label)
    assert known.json.keys() == unknown.json.keys(), "nothing is said of certificates"
    assert known.headers.keys() == unknown.headers.keys()
    assert entry_of(northwind, serial_of(order)) is not None
    assert blocked_row(cloud, label) is not None
    name = "of-no-certificate.example.com"
    later = northwind.place(order_body(name, csr=csr_for(name, label="of no certificate")))
    assert (later.status, later.codes) == (422, {"key_blocked"})
    assert "ratelimit-policy" in known.headers


@pytest.mark.parametrize(
    "body", [{}, {"proof": {}}, {"proof": {"csr": "x"}}, {"proof": {"private_key": "x"}}]
)
def test_what_proves_nothing_is_refused(cloud: EmbeddedCloud, body: dict[str, Any]) -> None:
    assert compromised(cloud, body).status == 422


def test_a_private_key_in_any_field_revokes_its_certificates(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    """The incident of 2018: key material is acted upon."""
    label = "mailed"
    order = northwind.issued(name="mailed.example.com", csr=csr_for("mailed.example.com", label=label))
    assert northwind.place(order_body(note=private_key(label))).status == 422
    assert cloud.settle()
    (certificate,) = northwind.order(order["order_id"])["certificates"]
    assert entry_of(northwind, serial_of(order)) == (certificate["revoked_at"], "keyCompromise")


def test_a_private_key_that_was_sent_as_a_proof_is_kept_nowhere(
    cloud: EmbeddedCloud, northwind: Reseller, log: Callable[[str], str]
) -> None:
    """Tables, objects, mails, recorded calls, executions, and everything that functions wrote to their logs."""
    label = "shown once"
    order = northwind.issued(name="shown.example.com", csr=csr_for("shown.example.com", label=label))
    key = private_key(label)
    accepted = {"reason": "keyCompromise", "proof": {"private_key": key}}
    refused = {"reason": key, "keep_order": key, key: 1, "proof": {"private_key": key + key}}
    answers = [
        compromised(cloud, {"proof": {"private_key": key}, "more": key}),
        compromised(cloud, {"proof": {"private_key": key}}),
        compromised(cloud, {"proof": {"csr": key}}),
        revoke_certificate(northwind, serial_of(order), refused),
        revoke_certificate(northwind, serial_of(order), accepted, Idempotency_Key="shown-1"),
        revoke_order(northwind, order["order_id"], accepted, Idempotency_Key="shown-2"),
        report(cloud, text=key),
    ]
    assert [each.status for each in answers] == [422, 202, 422, 422, 200, 200, 422]
    cloud.invoke("FinishRevocationFunction", {"Records": [{"messageId": "1", "body": key}]})  # it logs that
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
            *(each.text for each in answers),
            *(repr(mail) for mail in cloud.mails()),
            *(repr(execution) for execution in cloud.executions()),
            repr(cloud.recorded_calls),
            repr(cloud.failures),
            log("not handled"),
        ]
    )
    for piece in ("PRIVATE KEY", *pieces_of_secret(label)):
        assert piece not in kept


def report(cloud: EmbeddedCloud, **more: Any) -> Reply:
    body = {"reporter_email": "a@example.net", "category": "misuse", "serials": ["0a1b"], "text": "Look."}
    media = {"Content-Type": "application/json"}
    reply = call("POST", f"{cloud.url}/v1/problem-reports", json.dumps(body | more).encode(), media)
    assert cloud.settle()
    return reply


# ---- the CRL


def test_a_fresh_cloud_has_a_crl_and_the_cas_certificate_at_the_addresses_in_certificates(
    cloud: EmbeddedCloud, northwind: Reseller, tmp_path: Path
) -> None:
    serial = serial_of(northwind.issued(name="addresses.example.com"))
    leaf = leaf_of(northwind, serial)
    assert "http://" in crl_url(leaf)
    reply = published(cloud, crl_url(leaf))
    assert reply.headers["cache-control"] == "public, max-age=60"
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    address = str(access[0].access_location.value)
    issuer = published(cloud, address)
    assert issuer.headers["content-type"] == "application/pkix-cert"
    leaf.verify_directly_issued_by(x509.load_der_x509_certificate(issuer.body))
    assert published(cloud, "http://repository/nothing.crl").status == 404


def test_the_whole_chain_can_be_checked_with_what_is_published(
    cloud: EmbeddedCloud, northwind: Reseller, tmp_path: Path
) -> None:
    """The root's CRL tells of the issuing CA, at the address in that CA's certificate."""
    serial = serial_of(northwind.issued(name="whole-chain.example.com"))
    leaf = leaf_of(northwind, serial)
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    issuing = x509.load_der_x509_certificate(published(cloud, str(access[0].access_location.value)).body)
    lists = [x509.load_der_x509_crl(published(cloud, crl_url(each)).body) for each in (leaf, issuing)]
    (tmp_path / "crls.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in lists))
    for part in ("pem", "chain", "ca"):
        path = f"/v1/certificates/{serial}/download?format={part}"
        (tmp_path / part).write_bytes(northwind.call("GET", path).body)
    files = {name: str(tmp_path / name) for name in ("crls.pem", "pem", "chain", "ca")}
    chain = ("-CAfile", files["ca"], "-untrusted", files["chain"], files["pem"])
    checked = ("-x509_strict", "-crl_check_all", "-CRLfile", files["crls.pem"])
    told = openssl("verify", "-attime", str(int(cloud.clock.now())), *checked, *chain)
    assert told.strip().endswith("OK")


def number_of(reseller: Reseller, serial: str) -> int:
    crl = crl_of(reseller, serial)
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_numbers_rise_and_builders_at_once_leave_the_highest_with_everything_on_it(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    orders = [northwind.issued(name=f"many-{number}.example.com") for number in range(4)]
    serials = [serial_of(each) for each in orders]
    before = number_of(northwind, serials[0])
    message = {"messageId": "1", "body": json.dumps({"issuer_id": "tls-e1"})}
    with ThreadPoolExecutor(8) as pool:
        building = [pool.submit(cloud.invoke, "BuildCrlFunction", {"Records": [message]}) for _ in range(4)]
        paths = [f"/v1/certificates/{serial}/revoke" for serial in serials]
        revoking = [pool.submit(northwind.call, "POST", path) for path in paths]
        assert [each.result().status for each in revoking] == [200] * 4
        assert all(each.result() is not None for each in building)
    assert cloud.settle()
    assert number_of(northwind, serials[0]) > before
    assert all(entry_of(northwind, serial) for serial in serials)
    assert unpublished(cloud) == []


def unpublished(cloud: EmbeddedCloud) -> list[dict[str, Any]]:
    return list(
        cloud.client("dynamodb").query(
            TableName=cloud.output("IssuanceTable"),
            IndexName="unpublished",
            KeyConditionExpression="unpublished = :ca",
            ExpressionAttributeValues={":ca": {"S": "tls-e1"}},
        )["Items"]
    )


def test_every_published_crl_is_found_faultless_by_pkilint_and_openssl(
    northwind: Reseller, tmp_path: Path
) -> None:
    order = northwind.issued(name="linted.example.com")
    revoke_order(northwind, order["order_id"], {"reason": "superseded"})
    der = published(northwind.cloud, crl_url(leaf_of(northwind, serial_of(order)))).body
    (tmp_path / "list.crl").write_bytes(der)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pkilint.bin.lint_crl",
            "lint",
            "-t",
            "CRL",
            "-p",
            "BR",
            str(tmp_path / "list.crl"),
        ],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout.decode().strip()) == (0, "")
    text = openssl("crl", "-inform", "der", "-in", str(tmp_path / "list.crl"), "-noout", "-text")
    assert "Signature Algorithm: ecdsa-with-SHA256" in text
    assert f"Serial Number: {serial_of(order).upper()}" in text


def test_a_crl_is_made_every_day_and_an_entry_leaves_after_its_certificate(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="ending.example.com")
    serial, ends = serial_of(order), leaf_of(northwind, serial_of(order)).not_valid_after_utc
    revoke_order(northwind, order["order_id"])
    first = number_of(northwind, serial)
    cloud.advance(4 * DAY)
    later = crl_of(northwind, serial)
    assert number_of(northwind, serial) >= first + 3
    now = cloud.clock.now()
    assert now - later.last_update_utc.timestamp() <= DAY + 60
    cloud.advance(ends.timestamp() - now - DAY / 2)
    assert entry_of(northwind, serial) is not None
    cloud.advance(9 * DAY)
    assert entry_of(northwind, serial) is None
    reply = revoke_certificate(northwind, serial)
    assert reply.status == 200, "one that was revoked answers for ever"


def test_an_expired_certificate_is_not_revoked_any_more(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    order = northwind.issued(name="over.example.com")
    cloud.advance(200 * DAY)
    reply = revoke_certificate(northwind, serial_of(order))
    assert (reply.status, reply.json["code"]) == (409, "certificate_expired")
    cloud.advance(200 * DAY)
    reply = revoke_order(northwind, order["order_id"])
    assert (reply.status, reply.json["code"]) == (409, "order_closed")


def test_a_revocation_that_waits_rings(
    cloud: EmbeddedCloud, northwind: Reseller, log: Callable[[str], str]
) -> None:
    """With a row that no CRL tells, the log says for how long; the alarms are set on these words."""
    key = {"pk": {"S": "CRL#tls-e1"}, "sk": {"S": f"REVOKED#2026-01-01T00:00:00Z#{'0' * 39}1"}}
    since = int((cloud.clock.now() - 7200) * 1_000_000)
    told = {"unpublished": {"S": "tls-e1"}, "unpublished_since": {"N": str(since)}}
    table = cloud.output("IssuanceTable")
    cloud.client("dynamodb").put_item(TableName=table, Item=key | told)
    try:
        cloud.invoke("WatchDeadlinesFunction", {})
        line = next(
            each for each in log("a revocation is not published").splitlines() if "not published" in each
        )
        assert 7190 <= json.loads(line.partition("] ")[2])["seconds"] <= 7300
    finally:
        cloud.client("dynamodb").delete_item(TableName=table, Key=key)
