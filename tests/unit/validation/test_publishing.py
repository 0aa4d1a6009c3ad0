"""What the owner of a domain is told is what is looked for; accounts are the subscriber's and tell nothing."""

from dataclasses import replace

import pytest

from partner_center.catalog.products import Catalog, load_catalog
from partner_center.orders.content import ChosenMethod, Method
from partner_center.validation.control_methods import PublishFile, PublishRecord, looks_for
from partner_center.validation.dns import Answer, Dnssec, RecordType
from partner_center.validation.looks import RecordsSeen
from partner_center.validation.publishing import Publishing
from partner_center.validation.record_check import judge_records
from tests.fakes.determined import NOW
from tests.fakes.samples import THEM, US, a_challenge, a_content, a_head, an_order
from tests.unit.validation.publisher import by

BASE = "https://partners.example.net"
VALUE = "k5xw6ylsmzzgk4tboqqhi2djonqw42lo"
KNOWN, UNKNOWN = Publishing(load_catalog(), BASE), Publishing(Catalog([], []), BASE)


def asked(method, *names, **head):
    """An order of these names by one method, and the challenge at the first of them."""
    names = names or ("example.com",)
    order = an_order(a_head(**head), a_content(*names, methods=by(method, *names)))
    return order, a_challenge(*names, method=method, value=VALUE, authorization_domain=names[0])


@pytest.mark.parametrize(
    ("method", "published"),
    [
        ("dns_txt", PublishRecord("TXT", "_partner-center.example.com", VALUE)),
        ("dns_cname", PublishRecord("CNAME", "_partner-center.example.com", f"{VALUE}.dcv.geotrust.com")),
        (
            "http_file",
            PublishFile("http://example.com/.well-known/pki-validation/partner-center.txt", VALUE),
        ),
        ("email", None),
    ],
)
def test_each_method_has_its_own_place(method, published):
    assert KNOWN.publish(*asked(method)) == published


def test_the_persistent_record_names_our_issuer_domain_and_the_subscriber_s_account():
    order, challenge = asked("dns_persist")
    record = KNOWN.publish(order, challenge)
    assert record.name == "_validation-persist.example.com"
    assert record.value == f"geotrust.com; accounturi={KNOWN.account_uri(order.head)}"


@pytest.mark.parametrize(
    ("names", "below"), [((), False), (("*.example.com",), True), (("a.example.com",), True)]
)
def test_it_asks_for_names_below_only_if_the_order_has_some(names, below):
    order, challenge = asked("dns_persist", "example.com", *names)
    assert ("policy=wildcard" in KNOWN.publish(order, challenge).value) is below
    assert KNOWN.expected(order, challenge).below is below


def test_a_name_below_that_is_proven_otherwise_needs_no_policy():
    order, challenge = asked("dns_persist")
    methods = order.content.methods | {"a.example.com": ChosenMethod(method=Method.DNS_TXT)}
    mixed = replace(order, content=replace(order.content, methods=methods))
    assert not KNOWN.expected(mixed, challenge).below


@pytest.mark.parametrize("method", ["dns_txt", "dns_cname", "dns_persist"])
def test_what_is_told_is_what_is_looked_for(method):
    order, challenge = asked(method, "example.com", "*.example.com")
    record = KNOWN.publish(order, challenge)
    value = record.value.encode() if record.type == "TXT" else record.value
    sightings = [
        RecordsSeen(
            Answer(look.name, look.type, (value,) if look.name == record.name else (), 60, Dnssec.INSECURE)
        )
        for look in looks_for(method, "example.com")
    ]
    assert RecordType(record.type) in {look.type for look in looks_for(method, "example.com")}
    assert judge_records(method, sightings, KNOWN.expected(order, challenge), NOW).passed


# ---- the account


ACCOUNTS = {
    "this one": {},
    "another customer": {"subscriber": "customer:c-2"},
    "another customer's order by itself": {"subscriber": "lineage:ord_1"},
    "another reseller's customer of that number": {"reseller_id": THEM},
    "one whose parts join alike": {"reseller_id": f"{US}\ncustomer", "subscriber": "c-1"},
}


def test_every_subscriber_of_every_reseller_has_an_account_of_its_own():
    uris = {KNOWN.account_uri(a_head(**head)) for head in ACCOUNTS.values()}
    assert len(uris) == len(ACCOUNTS)


def test_the_account_of_a_subscriber_is_the_same_for_all_orders():
    one, other = a_head(), a_head(order_id="ord_2", product="ssl123", partner_order_id="PO-9", round=3)
    assert KNOWN.account_uri(one) == KNOWN.account_uri(other)


def test_the_account_tells_nothing_of_the_reseller_s_own_ids():
    """It will stand in a public zone."""
    head = a_head(
        reseller_id="res_acme", subscriber="customer:contoso-gmbh-4711", customer_id="contoso-gmbh-4711"
    )
    uri = KNOWN.account_uri(head)
    assert uri.startswith(f"{BASE}/accounts/")
    digest = uri.removeprefix(f"{BASE}/accounts/")
    assert len(digest) == 32
    assert set(digest) <= set("0123456789abcdef")
    assert not any(told in uri for told in ("acme", "contoso", "4711", "customer", head.order_id))


@pytest.mark.parametrize("subscriber", ["customer:Ünïcode ☂", "customer:a;b=c d", "customer:" + "x" * 4000])
def test_whatever_the_customer_s_id_is_the_record_can_be_read_back(subscriber):
    order, challenge = asked("dns_persist", subscriber=subscriber)
    record = KNOWN.publish(order, challenge)
    (look,) = looks_for("dns_persist", "example.com")
    seen = [RecordsSeen(Answer(look.name, look.type, (record.value.encode(),), 60, Dnssec.INSECURE))]
    assert judge_records("dns_persist", seen, KNOWN.expected(order, challenge), NOW).passed


# ---- a product that this version does not know


@pytest.mark.parametrize("method", [*Method])
def test_for_a_product_that_is_not_known_there_is_nothing_to_publish(method):
    assert UNKNOWN.publish(*asked(method.value)) is None


def test_for_a_product_that_is_not_known_nothing_can_be_expected():
    order, challenge = asked("dns_txt")
    assert UNKNOWN.issuer_domains(order) == ()
    with pytest.raises(ValueError, match="issuer domain"):
        UNKNOWN.expected(order, challenge)


def test_each_brand_answers_to_its_own_issuer_domains():
    order, _ = asked("dns_txt")
    products = load_catalog().products()
    for product in products:
        sold = replace(order, head=replace(order.head, product=product.code))
        assert KNOWN.issuer_domains(sold) == product.caa_issuers
