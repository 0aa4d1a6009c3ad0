"""A certificate's page and its files: what stands in the bytes, in every form, for its own reseller alone."""

from hashlib import sha1, sha256

import pytest

from partner_center.issuance.issue import issue_certificate
from partner_center.issuance.reading import CertificateReading
from partner_center.kernel.errors import Malformed, NotFound
from tests.unit.issuance.world import MemoryStore, SetClock, certificate, names, new_issuer, new_request, spki


class ResellersStore(MemoryStore):
    def of_reseller(self, reseller_id, serial_hex):
        record = self.by_serial(serial_hex)
        return record if record and record.certificate_der and record.reseller_id == reseller_id else None


@pytest.fixture
def shelf(issuing_ca):
    store = ResellersStore()
    store.add_issuing_ca(issuing_ca)
    return store


@pytest.fixture
def reading(shelf, clock):
    return CertificateReading(shelf, clock)


def issued(shelf, keys, issuing_ca, **changes):
    return issue_certificate(new_request(issuing_ca, **changes), new_issuer(keys, shelf, SetClock()))


def test_the_page_tells_what_stands_in_the_certificate(reading, shelf, keys, issuing_ca):
    record = issued(shelf, keys, issuing_ca)
    der, read = record.certificate_der, certificate(record.certificate_der)
    page = reading.certificate("res_1", record.serial_hex)
    assert page == {
        "serial": record.serial_hex,
        "serial_decimal": str(read.serial_number),
        "status": "active",
        "not_before": "2026-11-23T09:30:00Z",
        "not_after": "2027-06-10T09:29:59Z",
        "names": list(names(2)),
        "spki_sha256": sha256(spki()).hexdigest(),
        "order_id": "ord_1",
        "generation": 1,
        "reissue_id": None,
        "level": "DV",
        "subject": "CN=www.example.com",
        "common_name": "www.example.com",
        "issuer_id": "tls-e1",
        "issuer": "CN=Partner Center Demo TLS CA E1,O=Partner Center Demo,C=NL",
        "fingerprints": {"sha256": sha256(der).hexdigest(), "sha1": sha1(der).hexdigest()},  # noqa: S324
        "key": {"type": "EC", "bits": 256, "curve": "P-256"},
        "signature_algorithm": "ecdsa-with-SHA256",
        "downloads": {
            wanted: f"/v1/certificates/{record.serial_hex}/download?format={wanted}"
            for wanted in ("pem", "chain", "ca", "p7b", "der", "zip")
        },
    }


def test_the_page_of_a_reissues_certificate_names_the_reissue(reading, shelf, keys, issuing_ca):
    record = issued(shelf, keys, issuing_ca, generation=2, reissue_id="rei_1")
    assert reading.certificate("res_1", record.serial_hex)["reissue_id"] == "rei_1"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("rsa-2048", ("RSA", 2048, None)),
        ("rsa-4096", ("RSA", 4096, None)),
        ("p-384", ("EC", 384, "P-384")),
        ("p-521", ("EC", 521, "P-521")),
    ],
)
def test_the_page_tells_the_kind_and_size_of_the_key(reading, shelf, keys, issuing_ca, kind, told):
    record = issued(shelf, keys, issuing_ca, spki_der=spki(kind))
    key = reading.certificate("res_1", record.serial_hex)["key"]
    assert (key["type"], key["bits"], key["curve"]) == told


def test_a_long_name_is_no_common_name(reading, shelf, keys, issuing_ca):
    long_name = "a" * 50 + "." + "b" * 50 + ".example.com"
    record = issued(shelf, keys, issuing_ca, names=(long_name,))
    page = reading.certificate("res_1", record.serial_hex)
    assert (page["common_name"], page["subject"], page["names"]) == (None, "", [long_name])


def test_a_serial_is_found_in_any_case(reading, shelf, keys, issuing_ca):
    record = issued(shelf, keys, issuing_ca)
    assert reading.certificate("res_1", record.serial_hex.upper())["serial"] == record.serial_hex


@pytest.mark.parametrize("serial", ["", "0", "zz", "é", "f" * 40])
def test_a_foreign_certificate_is_as_unknown_as_none(reading, shelf, keys, issuing_ca, serial):
    record = issued(shelf, keys, issuing_ca)
    for reseller_id, wanted in (("res_1", serial), ("res_2", record.serial_hex)):
        with pytest.raises(NotFound):
            reading.certificate(reseller_id, wanted)
        with pytest.raises(NotFound):
            reading.download(reseller_id, wanted, "pem")


@pytest.mark.parametrize("server", ["nginx", "apache", "iis", "tomcat", "haproxy", "cpanel"])
def test_a_zip_is_made_for_each_server(reading, shelf, keys, issuing_ca, server):
    record = issued(shelf, keys, issuing_ca)
    file = reading.download("res_1", record.serial_hex, "zip", server)
    assert (file.filename, file.content_type) == (f"www.example.com-{server}.zip", "application/zip")


@pytest.mark.parametrize(
    ("wanted", "server"),
    [("exe", None), ("", None), ("zip", "caddy"), ("zip", ""), ("zip", "NGINX"), ("pem", "nginx")],
)
def test_other_forms_and_servers_are_refused(reading, shelf, keys, issuing_ca, wanted, server):
    record = issued(shelf, keys, issuing_ca)
    with pytest.raises(Malformed):
        reading.download("res_1", record.serial_hex, wanted, server)
