"""An order travels from POST to certificate, over HTTP and through the real machine."""

import base64
import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7

from local.cloud import EmbeddedCloud
from tests.functions.journeys import (
    Reseller,
    answer,
    approval_links,
    call,
    csr_for,
    key_of,
    mails,
    openssl,
    order_body,
)

pytestmark = pytest.mark.cloud


def test_a_dv_order_by_email_becomes_a_certificate_that_openssl_accepts(
    cloud: EmbeddedCloud, northwind: Reseller, tmp_path: Path
) -> None:
    contract_id = northwind.contracts[0]["contract_id"]
    before = northwind.contract(contract_id)

    reply = northwind.place(order_body(contract_id=contract_id))
    assert reply.status == 201
    placed = reply.json
    order_id = placed["order_id"]
    assert reply.headers["location"] == f"/v1/orders/{order_id}"
    assert placed["status"] == "pending"
    assert placed["names"] == ["www.example.com"]
    assert placed["payment"] == {"contract_id": contract_id, "kind": "bulk", "units": 1, "status": "held"}
    assert northwind.contract(contract_id)["held"] == before["held"] + 1

    assert cloud.settle()
    step = northwind.step(order_id, "domain_verification")
    assert (step["status"], step["actor"]) == ("in_progress", "approver")
    assert "admin@example.com" in step["next_action"]

    (mail,) = [mail for mail in mails(cloud) if order_id in mail["text"]]
    assert mail["to"] == ["admin@example.com"]
    (link,) = approval_links(cloud, order_id)
    assert call("GET", link).status == 200
    assert northwind.order(order_id)["status"] == "pending", "looking changes nothing"
    assert answer(link, "approve").status == 200
    assert cloud.settle()

    order = northwind.order(order_id)
    assert order["status"] == "issued"
    assert {step["status"] for step in order["authentication"]["steps"]} <= {"complete", "not_required"}
    assert order["payment"]["status"] == "captured"
    after = northwind.contract(contract_id)
    assert (after["left"], after["held"], after["used"]) == (
        before["left"] - 1,
        before["held"],
        before["used"] + 1,
    )

    (certificate,) = order["certificates"]
    path = f"/v1/certificates/{certificate['serial']}"
    leaf = northwind.call("GET", f"{path}/download?format=pem").body
    chain = northwind.call("GET", f"{path}/download?format=chain").body
    bundle = northwind.call("GET", f"{path}/download?format=ca").body
    for name, content in (("leaf.pem", leaf), ("chain.pem", chain), ("ca.pem", bundle)):
        (tmp_path / name).write_bytes(content)
    root = bundle.decode().strip().split("-----BEGIN")[-1]
    (tmp_path / "root.pem").write_text("-----BEGIN" + root)
    verified = openssl(
        "verify",
        "-x509_strict",
        "-attime",  # the clock of the embedded cloud may be ahead of openssl's
        str(int(x509.load_pem_x509_certificate(leaf).not_valid_before_utc.timestamp()) + 60),
        "-purpose",
        "sslserver",
        "-verify_hostname",
        "www.example.com",
        "-CAfile",
        str(tmp_path / "root.pem"),
        "-untrusted",
        str(tmp_path / "chain.pem"),
        str(tmp_path / "leaf.pem"),
    )
    assert verified.strip().endswith(": OK")
    read = x509.load_pem_x509_certificate(leaf)
    assert read.public_key() == key_of("subscriber").public_key()
    assert f"{read.serial_number:x}".lstrip("0") == certificate["serial"].lstrip("0")


def test_the_technical_contact_gets_certificate_chain_and_instructions(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order = northwind.issued(name="mail.example.com")
    announced = [
        mail
        for mail in mails(cloud)
        if order["order_id"] in mail["text"] and mail["to"] == ["ada@example.com"]
    ]
    (mail,) = announced
    for word in ("nginx", "Apache", "IIS", "-----BEGIN CERTIFICATE-----"):
        assert word in mail["text"]
    attached = {each["filename"]: base64.b64decode(each["content_base64"]) for each in mail["attachments"]}
    leaf = x509.load_pem_x509_certificate(attached["mail.example.com.pem"])
    full = x509.load_pem_x509_certificates(attached["mail.example.com.fullchain.pem"])
    assert full[0] == leaf
    leaf.verify_directly_issued_by(full[1])


def test_every_download_format_holds_the_same_certificate(northwind: Reseller) -> None:
    serial = northwind.issued(name="formats.example.com")["certificates"][0]["serial"]

    def download(wanted: str) -> bytes:
        reply = northwind.call("GET", f"/v1/certificates/{serial}/download?format={wanted}")
        assert reply.status == 200
        assert "attachment" in reply.headers["content-disposition"]
        return reply.body

    der = download("der")
    leaf = x509.load_der_x509_certificate(der)
    assert x509.load_pem_x509_certificate(download("pem")) == leaf
    assert x509.load_pem_x509_certificates(download("chain"))[0] == leaf
    assert leaf in pkcs7.load_der_pkcs7_certificates(download("p7b"))
    assert leaf not in x509.load_pem_x509_certificates(download("ca"))
    with zipfile.ZipFile(BytesIO(download("zip"))) as archive:
        texts = [archive.read(name) for name in archive.namelist()]
    assert leaf.public_bytes(Encoding.PEM).strip() in [text.replace(b"\r\n", b"\n").strip() for text in texts]
    reply = northwind.call("GET", f"/v1/certificates/{serial}/download?format=pfx")
    assert (reply.status, reply.json["code"]) == (400, "malformed")


def test_several_names_under_one_domain_need_one_mail_and_are_all_in_the_certificate(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    names = ["shop.example.net", "example.net", "www.example.net"]
    order = northwind.issued(name=names[0], csr=csr_for(*names[:1], *names), approver="webmaster@example.net")
    assert len(approval_links(cloud, order["order_id"])) == 1
    assert sorted(order["certificates"][0]["names"]) == sorted(names)


def test_two_domains_with_two_approvers_issue_after_the_second(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id = northwind.placed(
        name="a.example.com",
        additional_domains=["b.example.org"],
        domain_control={
            "method": "email",
            "approver_email": "admin@example.com",
            "names": {"b.example.org": {"method": "email", "approver_email": "hostmaster@example.org"}},
        },
    )
    first, second = approval_links(cloud, order_id)
    assert answer(second, "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "pending"
    assert northwind.step(order_id, "domain_verification")["reason"] == "1 of 2 names are proven."
    assert answer(first, "approve").status == 200
    assert cloud.settle()
    assert northwind.order(order_id)["status"] == "issued"
    domains = northwind.call("GET", f"/v1/orders/{order_id}/domains").json["items"]
    assert [domain["status"] for domain in domains] == ["valid", "valid"]
    assert {domain["evidence"]["br_section"] for domain in domains} == {"3.2.2.4.4"}


def test_the_certificate_is_for_the_key_of_the_csr_and_no_other(northwind: Reseller) -> None:
    csr = csr_for("key.example.com", label="another")
    order = northwind.issued(name="key.example.com", csr=csr)
    serial = order["certificates"][0]["serial"]
    der = northwind.call("GET", f"/v1/certificates/{serial}/download?format=der").body
    spki = (
        x509.load_der_x509_certificate(der)
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    wanted = key_of("another").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert spki == wanted


def test_an_order_is_found_by_its_common_name_and_by_the_resellers_number(northwind: Reseller) -> None:
    order_id = northwind.placed(name="find.example.com", partner_order_id="PO-7001")
    found = northwind.call("GET", "/v1/orders?common_name=find.ex").json["items"]
    assert [item["order_id"] for item in found] == [order_id]
    found = northwind.call("GET", "/v1/orders?partner_order_id=PO-7001").json["items"]
    assert [item["order_id"] for item in found] == [order_id]
    assert northwind.call("GET", "/v1/orders?partner_order_id=PO-7002").json["items"] == []


def test_reading_again_with_the_etag_is_304_until_something_happens(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    order_id = northwind.placed(name="etag.example.com")
    first = northwind.call("GET", f"/v1/orders/{order_id}")
    again = northwind.call("GET", f"/v1/orders/{order_id}", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    answer(approval_links(cloud, order_id)[0], "approve")
    assert cloud.settle()
    assert northwind.call("GET", f"/v1/orders/{order_id}", If_None_Match=first.headers["etag"]).status == 200


def test_a_cancelled_order_gives_its_units_back_and_closes_its_link(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    contract_id = northwind.contracts[0]["contract_id"]
    before = northwind.contract(contract_id)
    order_id = northwind.placed(name="cancel.example.com")
    (link,) = approval_links(cloud, order_id)
    reply = northwind.call("POST", f"/v1/orders/{order_id}/cancel", {"reason": "typo"}, Idempotency_Key="c1")
    assert (reply.status, reply.json["status"]) == (200, "cancelled")
    again = northwind.call("POST", f"/v1/orders/{order_id}/cancel", {"reason": "typo"}, Idempotency_Key="c1")
    assert (again.status, again.json["closed"]) == (200, reply.json["closed"])
    other = northwind.call("POST", f"/v1/orders/{order_id}/cancel", {"reason": "x"}, Idempotency_Key="c1")
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    assert cloud.settle()
    after = northwind.contract(contract_id)
    assert {name: after[name] - before[name] for name in ("left", "held", "used")} == {
        "left": 0,
        "held": 0,
        "used": 0,
    }
    assert call("GET", link).status == 410
    assert answer(link, "approve").status == 410
    assert json.dumps(northwind.order(order_id)["payment"]["status"]) == '"released"'
