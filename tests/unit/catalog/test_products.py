"""The catalog that ships: what M54, M57 and M72-M75 promise, and how a product is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.catalog.checks import catalog_problems
from partner_center.catalog.products import (
    Brand,
    WildcardRule,
    catalog_data,
    load_catalog,
    product_as_json,
)
from partner_center.kernel.level import Level

PRODUCTS = load_catalog().products()
CODES = [product.code for product in PRODUCTS]


def test_the_shipped_catalog_has_no_problems():
    assert catalog_problems(catalog_data()) == []


@pytest.mark.parametrize("brand", list(Brand))
def test_each_brand_sells_organization_and_extended_validation_and_a_wildcard(brand):
    of_brand = [product for product in PRODUCTS if product.brand is brand]
    assert {Level.OV, Level.EV} <= {product.level for product in of_brand}
    assert any(product.wildcard.base_may_be_wildcard for product in of_brand)


def test_domain_validation_is_sold_by_thawte_and_geotrust():
    assert {product.brand for product in PRODUCTS if product.level is Level.DV} == {
        Brand.THAWTE,
        Brand.GEOTRUST,
    }


@pytest.mark.parametrize("product", PRODUCTS, ids=CODES)
def test_wildcard_additional_names_are_for_organization_validation_and_never_for_extended(product):
    if product.level is Level.OV:
        assert product.wildcard.additional_may_be_wildcards
    if product.level is Level.EV:
        assert product.wildcard is WildcardRule.NONE


@pytest.mark.parametrize("product", PRODUCTS, ids=CODES)
def test_up_to_a_hundred_names_fit_one_certificate(product):
    assert product.max_names == 100


@pytest.mark.parametrize("product", PRODUCTS, ids=CODES)
def test_a_year_is_the_term_when_an_order_names_none(product):
    assert product.terms_days[0] == 365
    assert product.term(365) is product.terms[0]


def test_an_unknown_code_is_no_product():
    assert [load_catalog().product(code) for code in ("", "geotrust", "GEOTRUST_QUICKSSL_PREMIUM")] == [
        None,
        None,
        None,
    ]


def test_every_brand_has_its_own_sign_in_address():
    addresses = {load_catalog().brand(brand).sign_in for brand in Brand}
    assert len(addresses) == len(Brand)


PLAIN, OTHER, WILD, OTHER_WILD = "example.com", "example.net", "*.example.com", "*.example.net"


@pytest.mark.parametrize(
    ("rule", "names", "refused"),
    [
        ("none", [PLAIN, OTHER], ()),
        ("none", [PLAIN, WILD], (WILD,)),
        ("none", [WILD, OTHER_WILD], (WILD, OTHER_WILD)),
        ("base", [WILD, PLAIN], ()),
        ("base", [PLAIN, WILD], ()),
        ("base", [PLAIN], ()),
        ("base", [WILD, OTHER_WILD], (OTHER_WILD,)),
        ("base", [WILD, WILD], ()),
        ("san", [PLAIN, WILD, OTHER_WILD], ()),
        ("san", [WILD, PLAIN], ()),
        ("san", [WILD], (WILD,)),
        ("san", [WILD, WILD], (WILD,)),
        ("base_and_san", [WILD, OTHER_WILD], ()),
        ("base_and_san", [PLAIN, WILD], ()),
    ],
    ids=str,
)
def test_which_wildcard_names_a_product_refuses(rule, names, refused):
    product = next(product for product in PRODUCTS if product.wildcard.value == rule)
    assert product.refused_wildcards(names) == refused


@given(st.lists(st.sampled_from([PLAIN, OTHER, WILD, OTHER_WILD])), st.randoms())
def test_how_many_wildcards_are_refused_does_not_depend_on_the_order_of_names(names, random):
    shuffled = list(names)
    random.shuffle(shuffled)
    for product in PRODUCTS:
        assert len(product.refused_wildcards(names)) == len(product.refused_wildcards(shuffled))


def test_a_product_as_the_api_shows_it():
    product = load_catalog().product("thawte_web_server")
    assert product is not None
    shown = product_as_json(product)
    assert shown["terms"][0] == {
        "days": 365,
        "price": {
            "base": {"amount": "199.00", "currency": "USD"},
            "name": {"amount": "79.00", "currency": "USD"},
            "wildcard_name": {"amount": "399.00", "currency": "USD"},
        },
        "units": {"base": 2, "name": 1, "wildcard_name": 3},
    }
    assert {key: value for key, value in shown.items() if key != "terms"} == {
        "code": "thawte_web_server",
        "name": "Web Server Certificate",
        "brand": "thawte",
        "level": "OV",
        "max_names": 100,
        "included_names": 1,
        "wildcard": "san",
        "default_term_days": 365,
        "price": {"amount": "199.00", "currency": "USD"},
        "units": 2,
        "validation_methods": ["dns_txt", "dns_cname", "http_file", "dns_persist", "email"],
        "caa_issuer": "thawte.com",
        "caa_issuers": ["thawte.com"],
        "agreement_version": "2026-11-01",
    }


def test_a_product_cannot_be_changed_after_loading():
    product = PRODUCTS[0]
    with pytest.raises(AttributeError):
        product.max_names = 1000  # type: ignore[misc]
    with pytest.raises(TypeError):
        product.terms[0].rates["base"] = None  # type: ignore[index]
