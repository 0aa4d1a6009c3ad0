"""Faulty catalog data is named before it is sold from."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_center.catalog.checks import catalog_problems
from partner_center.catalog.products import catalog_data

DV, OV, EV = "geotrust_quickssl_premium", "geotrust_true_businessid", "geotrust_true_businessid_with_ev"


def with_change(code: str, path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    data = deepcopy(catalog_data())
    place = next(block for block in data["products"] if block["code"] == code)
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("code", "path", "value", "said"),
    [
        (EV, ("wildcard",), "base", "the wildcard rule base is not for EV"),
        (EV, ("wildcard",), "san", "the wildcard rule san is not for EV"),
        (DV, ("wildcard",), "san", "the wildcard rule san is not for DV"),
        (DV, ("wildcard",), "any", "unknown wildcard rule"),
        (DV, ("wildcard",), None, "unknown wildcard rule"),
        (DV, ("validation_methods",), ["dns_txt"], "must offer email"),
        (DV, ("validation_methods",), ["dns_cname", "email"], "dns_txt must be offered"),
        (DV, ("validation_methods",), ["email", "dns_txt"], "email must be offered last"),
        (DV, ("validation_methods",), ["dns_txt", "dns_txt", "email"], "listed twice"),
        (DV, ("validation_methods",), ["dns_txt", "whois", "email"], "validation_methods must be"),
        (DV, ("validation_methods",), [["dns_txt"]], "validation_methods must be"),
        (DV, ("validation_methods",), "email", "validation_methods must be"),
        (DV, ("on_sale",), "no", "on_sale must be true or false"),
        (DV, ("terms", 1, "on_sale"), None, "on_sale must be true or false"),
        (DV, ("max_names",), 101, "max_names must be 1 to 100"),
        (DV, ("max_names",), 0, "max_names must be 1 to 100"),
        (DV, ("max_names",), True, "max_names must be 1 to 100"),
        (DV, ("max_names",), "100", "max_names must be 1 to 100"),
        (DV, ("included_names",), 0, "included_names must be"),
        (DV, ("included_names",), 101, "included_names must be"),
        (DV, ("included_names",), 100, "rates for exactly base"),
        (DV, ("brand",), "rapidssl", "unknown brand"),
        (DV, ("brand",), ["geotrust"], "unknown brand"),
        (DV, ("brand",), "thawte", "begin with the brand"),
        (DV, ("code",), "geotrust_QuickSSL", "snake_case"),
        (DV, ("code",), "geotrust_", "snake_case"),
        (DV, ("code",), "geotrust_a\n", "snake_case"),
        (DV, ("code",), 7, "snake_case"),
        (DV, ("code",), OV, "the code of 2 products"),
        (DV, ("name",), "True BusinessID", "the name of 2 products"),
        (DV, ("name",), "  ", "the name is missing"),
        (DV, ("level",), "XV", "level must be"),
        (DV, ("level",), {}, "level must be"),
        (DV, ("currency",), "usd", "the currency must be"),
        (DV, ("currency",), None, "the currency must be"),
        (DV, ("agreement",), "../../secret", "version must be a date"),
        (DV, ("agreement",), "20261101", "version must be a date"),
        (DV, ("agreement",), "2026-02-30", "version must be a date"),
        (DV, ("agreement",), 20261101, "version must be a date"),
        (DV, ("terms",), [], "at least one object"),
        (DV, ("terms",), [365], "at least one object"),
        (DV, ("terms", 0, "days"), 398, "multiple of 365"),
        (DV, ("terms", 0, "days"), -365, "multiple of 365"),
        (DV, ("terms", 2, "days"), 1460, "multiple of 365"),
        (DV, ("terms", 0, "days"), 730, "shortest first"),
        (DV, ("terms", 0, "base", "price"), "-149.00", "price of base must be positive"),
        (DV, ("terms", 0, "base", "price"), "0.00", "price of base must be positive"),
        (DV, ("terms", 0, "base", "price"), "149", "price of base must be positive"),
        (DV, ("terms", 0, "base", "price"), "149.005", "price of base must be positive"),
        (DV, ("terms", 0, "base", "price"), "1e3", "price of base must be positive"),
        (DV, ("terms", 0, "base", "price"), "١٤٩.٠٠", "price of base must be positive"),
        (DV, ("terms", 0, "base", "price"), 149.0, "price of base must be positive"),
        (DV, ("terms", 0, "name", "units"), 0, "units of name must be"),
        (DV, ("terms", 0, "name", "units"), 0.5, "units of name must be"),
        (DV, ("terms", 0, "name", "units"), True, "units of name must be"),
        (DV, ("terms", 0, "name"), {"price": "49.00"}, "must have a price and units"),
        (DV, ("terms", 0, "name"), None, "must have a price and units"),
        (DV, ("terms", 0, "wildcard_name"), {"price": "9.00", "units": 1}, "rates for exactly base, name"),
        (DV, ("terms", 1, "base", "price"), "149.00", "the price of base must exceed"),
        (DV, ("terms", 1, "name", "units"), 1, "the units of name must exceed"),
        (DV, ("colour",), "green", "unknown fields colour"),
    ],
)
def test_a_fault_of_a_product_is_named(code, path, value, said):
    problems = catalog_problems(with_change(code, path, value))
    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize("field", sorted(catalog_data()["products"][0]))
def test_a_missing_field_is_named(field):
    data = catalog_data()
    del data["products"][0][field]
    assert any(f"misses {field}" in problem for problem in catalog_problems(data))


def test_a_product_whose_wildcard_names_have_no_rate_is_refused():
    data = catalog_data()
    block = next(block for block in data["products"] if block["code"] == OV)
    del block["terms"][0]["wildcard_name"]
    assert catalog_problems(data) == [
        f"{OV}: 365 days: must have rates for exactly base, name, wildcard_name"
    ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"name": "GeoTrust", "sign_in": "http://example.com/", "caa_issuers": ["geotrust.com"]}, "https"),
        ({"name": "", "sign_in": "https://example.com/", "caa_issuers": ["geotrust.com"]}, "name is missing"),
        ({"name": "GeoTrust", "sign_in": "https://example.com/", "caa_issuers": []}, "caa_issuers"),
        ({"name": "GeoTrust", "sign_in": "https://example.com/", "caa_issuers": ["GeoTrust.com"]}, "caa_issuers"),
        ({"name": "GeoTrust", "sign_in": "https://example.com/", "caa_issuers": ["localhost"]}, "caa_issuers"),
        ({"name": "GeoTrust", "sign_in": "https://example.com/", "caa_issuers": ["a.com; x=1"]}, "caa_issuers"),
        ({"name": "GeoTrust"}, "must hold exactly"),
        (None, "must hold exactly"),
    ],
)  # fmt: skip
def test_a_fault_of_a_brand_is_named(facts, said):
    data = catalog_data()
    data["brands"]["geotrust"] = facts
    assert any(said in problem for problem in catalog_problems(data))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "the catalog: must be"),
        ([], "the catalog: must be"),
        ({}, "the catalog: must be"),
        ({"products": catalog_data()["products"]}, "the catalog: must be"),
        ({**catalog_data(), "extra": 1}, "the catalog: must be"),
        ({**catalog_data(), "brands": None}, "brands: must hold exactly"),
        ({**catalog_data(), "brands": {"acme": {}}}, "brands: must hold exactly"),
        ({**catalog_data(), "products": None}, "products: must be a list"),
        ({**catalog_data(), "products": []}, "products: must be a list"),
        ({**catalog_data(), "products": [1]}, "products[0]: must be an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_data_of_another_shape_is_refused(data, said):
    assert any(problem.startswith(said) for problem in catalog_problems(data))


def test_every_fault_is_reported_at_once():
    data = with_change(DV, ("max_names",), 1000)
    data["products"][0]["terms"][0]["base"]["price"] = "free"
    data["brands"]["thawte"]["sign_in"] = ""
    assert len(catalog_problems(data)) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_json_makes_the_check_raise(data):
    """Any value may stand anywhere in an otherwise good catalog."""
    catalog: Any = {"brands": catalog_data()["brands"], "products": catalog_data()["products"][:1]}
    place, key = catalog, data.draw(st.sampled_from(["brands", "products"]))
    while isinstance(place[key], dict | list) and place[key] and data.draw(st.integers(0, 3)):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(JSON)
    assert all(isinstance(problem, str) for problem in catalog_problems(catalog))


def test_what_is_withdrawn_has_no_problems_and_what_is_on_sale_has_a_term():
    withdrawn = with_change(DV, ("on_sale",), False)
    block = next(each for each in withdrawn["products"] if each["code"] == DV)
    for term in block["terms"]:
        term["on_sale"] = False
    assert catalog_problems(withdrawn) == []
    block["on_sale"] = True
    assert catalog_problems(withdrawn) == [f"{DV}: a product on sale must have a term on sale"]
