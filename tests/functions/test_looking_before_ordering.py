"""POST /v1/csr/inspect and /v1/orders/validate: everything at once, nothing stored, the same answer as placing."""

from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.functions.journeys import Reseller, csr_for, order_body
from tests.functions.test_bad_input import csr_of_rsa_1024, private_key_text, rows

pytestmark = pytest.mark.cloud


def test_a_good_order_is_valid_and_priced_and_nothing_is_stored(
    cloud: EmbeddedCloud, northwind: Reseller
) -> None:
    before = rows(cloud)
    reply = northwind.call("POST", "/v1/orders/validate", order_body(name="Straße.example.com"))
    assert reply.status == 200
    told = reply.json
    assert told["valid"], told["problems"]
    assert told["names"] == ["xn--strae-oqa.example.com"]
    assert told["mapped"] == [{"given": "Straße.example.com", "name": "xn--strae-oqa.example.com"}]
    assert (told["units"], told["price"]["net"]["currency"]) == (1, "USD")
    assert rows(cloud) == before


BAD: dict[str, dict[str, Any]] = {
    "weak key": {"csr": "RSA1024"},
    "many": {"product": "no_such", "additional_domains": ["x.local"], "term_days": 5, "zzz": 1},
    "method": {"domain_control": {"method": "dns_axfr"}},
    "key material": {"note": "KEY"},
}


@pytest.mark.parametrize("case", BAD)
def test_validate_and_place_find_the_same_problems(northwind: Reseller, case: str) -> None:
    values = {"RSA1024": csr_of_rsa_1024(), "KEY": private_key_text()}
    fields = {name: values.get(str(value), value) for name, value in BAD[case].items()}
    body = order_body(**fields)
    validated = northwind.call("POST", "/v1/orders/validate", body)
    placed = northwind.place(body)
    assert (validated.status, placed.status) == (200, 422)
    assert not validated.json["valid"]
    assert validated.json["problems"] == placed.json["problems"]


def test_inspect_tells_what_a_csr_holds(northwind: Reseller) -> None:
    csr = csr_for("WWW.example.com", "www.example.com", "*.example.com")
    told = northwind.call("POST", "/v1/csr/inspect", {"csr": csr}).json
    assert told["valid"], told["problems"]
    assert told["names"] == ["www.example.com", "*.example.com"]
    assert (told["key"]["type"], told["key"]["curve"]) == ("EC", "P-256")


@pytest.mark.parametrize("text", ["", "hello", "RSA1024", "KEY"])
def test_inspect_answers_200_however_bad_the_csr_is(northwind: Reseller, text: str) -> None:
    values = {"RSA1024": csr_of_rsa_1024(), "KEY": private_key_text()}
    reply = northwind.call("POST", "/v1/csr/inspect", {"csr": values.get(text, text)})
    assert reply.status == 200
    assert not reply.json["valid"]
    assert reply.json["problems"]
    assert "PRIVATE" not in reply.text


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, {"missing_field"}),
        ({"csr": 5}, {"invalid_field"}),
        ({"csr": "x", "key": "y"}, {"unknown_field"}),
    ],
)
def test_inspect_without_a_csr_is_refused(northwind: Reseller, body: dict[str, Any], codes: set[str]) -> None:
    reply = northwind.call("POST", "/v1/csr/inspect", body)
    assert (reply.status, reply.codes) == (422, codes)
