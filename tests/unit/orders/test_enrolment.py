"""The gate: every problem of an order has its code and its place, and all are told at once."""

from datetime import UTC, datetime

import pytest

from partner_center.billing.contracts import ContractStatus
from partner_center.catalog.agreements import agreement_for
from partner_center.catalog.pricing import quote
from partner_center.catalog.products import load_catalog
from partner_center.kernel.level import Level
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.enrolment import examine
from partner_center.validation.approvers import ApproverSource
from partner_center.validation.contacts import Approver
from tests.fakes.determined import NOW
from tests.fakes.gate import around, found
from tests.fakes.posted import (
    WILDCARD_PRODUCT,
    MemoryBlockedKeys,
    a_body,
    a_csr,
    spki_of,
    with_,
    without,
)
from tests.fakes.samples import APPROVER, PRODUCT, THEM, a_card_contract, a_contract, a_day, a_second

EMAIL_ENDS = datetime(2028, 3, 15, tzinfo=UTC)


# ---- what is accepted


def test_a_good_order_is_accepted_as_it_will_be_certified():
    accepted = examine(a_body("www.example.com", "example.com"), around()).accepted
    assert accepted.content.names == ("www.example.com", "example.com")
    assert accepted.content.common_name == "www.example.com"
    assert bytes.fromhex(accepted.content.spki_der) == spki_of()
    assert accepted.product.code == PRODUCT
    assert accepted.contract.contract_id == "con_1"
    assert accepted.term_days == 365


def test_the_price_is_the_catalogs_for_exactly_these_names():
    accepted = examine(a_body("www.example.com", "example.com", term_days=730), around()).accepted
    product = load_catalog().product(PRODUCT)
    assert accepted.quote == quote(product, ["www.example.com", "example.com"], 730)
    lines = [(part.kind, part.quantity, part.unit, part.amount) for part in accepted.content.price]
    assert lines == [
        (line.kind, line.quantity, str(line.unit.amount), str(line.amount.amount))
        for line in accepted.quote.lines
    ]


def test_the_acceptance_records_who_when_and_the_digest_of_the_text():
    agreement = examine(a_body(), around()).accepted.content.agreement
    assert agreement.sha256 == agreement_for(load_catalog().product(PRODUCT)).sha256
    assert (agreement.accepted_at, agreement.key_id) == (NOW, "key_1")
    assert (agreement.accepted_by, agreement.capacity) == ("Åsa Lindqvist", "authorized representative")


def test_an_approver_is_asked_in_the_computed_spelling():
    body = with_(a_body(), ["domain_control", "approver_email"], "ADMIN@Example.COM")
    (method,) = examine(body, around()).accepted.content.methods.values()
    assert method.approver_email == APPROVER


def test_each_name_may_have_an_approver_of_its_own():
    body = a_body("www.example.com", "www.example.org")
    own = {"www.example.org": {"method": "email", "approver_email": "hostmaster@example.org"}}
    accepted = examine(with_(body, ["domain_control", "names"], own), around()).accepted
    asked = {name: method.approver_email for name, method in accepted.content.methods.items()}
    assert asked == {"www.example.com": APPROVER, "www.example.org": "hostmaster@example.org"}


def test_a_wildcard_product_takes_a_wildcard_and_its_base():
    body = a_body("*.example.com", "example.com", product=WILDCARD_PRODUCT)
    assert examine(body, around()).accepted.content.names == ("*.example.com", "example.com")


# ---- one problem at a time

ONE_FAULT = {
    "no product": (without(a_body(), "product"), [("missing_field", "/product")]),
    "unknown product": (a_body(product="nonesuch"), [("unknown_product", "/product")]),
    "product in capitals": (a_body(product=PRODUCT.upper()), [("unknown_product", "/product")]),
    "no csr": (without(a_body(), "csr"), [("missing_field", "/csr")]),
    "empty csr": (a_body(csr=""), [("invalid_field", "/csr"), ("csr_malformed", "/csr")]),
    "broken csr": (a_body(csr=a_csr()[:200]), [("csr_malformed", "/csr")]),
    "two csrs": (a_body(csr=a_csr() * 2), [("csr_malformed", "/csr")]),
    "no contacts": (without(a_body(), "contacts"), [("missing_field", "/contacts")]),
    "no technical contact": (a_body(contacts={}), [("missing_field", "/contacts/technical")]),
    "bad e-mail": (
        with_(a_body(), ["contacts", "technical", "email"], "a@b@c"),
        [("invalid_field", "/contacts/technical/email")],
    ),
    "an e-mail domain that no mailer takes": (
        with_(a_body(), ["contacts", "technical", "email"], "a@example.1b"),
        [("invalid_field", "/contacts/technical/email")],
    ),
    "mail header in a name": (
        with_(a_body(), ["contacts", "technical", "first_name"], "a\r\nBcc: b@example.com"),
        [("invalid_field", "/contacts/technical/first_name")],
    ),
    "no phone number": (
        with_(a_body(), ["contacts", "technical", "phone"], "call me"),
        [("invalid_field", "/contacts/technical/phone")],
    ),
    "unknown field": (a_body(prodct="x"), [("unknown_field", "/prodct")]),
    "unknown nested field": (
        with_(a_body(), ["contacts", "technical", "a/b~c"], 1),
        [("unknown_field", "/contacts/technical/a~1b~0c")],
    ),
    "term not sold": (a_body(term_days=366), [("term_not_offered", "/term_days")]),
    "term of true": (
        a_body(term_days=True),
        [("invalid_field", "/term_days")],
    ),
    "names of another kind": (a_body(additional_domains="x"), [("invalid_field", "/additional_domains")]),
    "bad additional name": (
        a_body(additional_domains=["ok.example.com", "under_score.example.com"]),
        [("name_invalid", "/additional_domains/1")],
    ),
    "internal name": (
        a_body(additional_domains=["intranet.local"]),
        [("name_internal", "/additional_domains/0")],
    ),
    "wildcard without wildcard product": (
        a_body(additional_domains=["*.example.com"]),
        [("wildcard_not_allowed", "/additional_domains/0")],
    ),
    "unknown method": (
        a_body(domain_control={"method": "whois"}),
        [("invalid_field", "/domain_control/method")],
    ),
    "no approver": (
        a_body(domain_control={"method": "email"}),
        [("approver_required", "/domain_control/approver_email")],
    ),
    "approver of one's own choice": (
        a_body(domain_control={"method": "email", "approver_email": "me@example.com"}),
        [("approver_not_allowed", "/domain_control/approver_email")],
    ),
    "approver elsewhere": (
        a_body(domain_control={"method": "email", "approver_email": "admin@example.org"}),
        [("approver_not_allowed", "/domain_control/approver_email")],
    ),
    "approver below the name": (
        a_body(domain_control={"method": "email", "approver_email": "admin@a.www.example.com"}),
        [("approver_not_allowed", "/domain_control/approver_email")],
    ),
    "approver at the public suffix": (
        a_body(domain_control={"method": "email", "approver_email": "admin@com"}),
        [("approver_not_allowed", "/domain_control/approver_email")],
    ),
    "webmail approver": (
        a_body(domain_control={"method": "email", "approver_email": "ssladmin@gmail.com"}),
        [("approver_not_allowed", "/domain_control/approver_email")],
    ),
    "method for a name that is not ordered": (
        with_(
            a_body(), ["domain_control", "names"], {"a/b": {"method": "email", "approver_email": APPROVER}}
        ),
        [("name_not_in_order", "/domain_control/names/a~1b")],
    ),
    "no agreement": (
        without(a_body(), "agreement"),
        [("missing_field", "/agreement"), ("agreement_required", "/agreement")],
    ),
    "agreement of yesterday": (
        with_(a_body(), ["agreement", "version"], "2025-01-01"),
        [("agreement_outdated", "/agreement/version")],
    ),
    "agreement by nobody": (
        with_(a_body(), ["agreement", "accepted_by"], "-"),
        [("agreement_required", "/agreement/accepted_by")],
    ),
    "unknown contract": (a_body(contract_id="con_9"), [("no_contract", "/contract_id")]),
    "contract of another kind": (
        a_body(contract_id=["con_1"]),
        [("invalid_field", "/contract_id"), ("no_contract", "/contract_id")],
    ),
    "number with a blank": (a_body(partner_order_id="PO 1"), [("invalid_field", "/partner_order_id")]),
    "number too long": (a_body(partner_order_id="9" * 65), [("invalid_field", "/partner_order_id")]),
    "number with a line end": (a_body(partner_order_id="PO-1\n"), [("invalid_field", "/partner_order_id")]),
    "note too long": (a_body(note="x" * 2001), [("too_long", "/note")]),
    "reminder of no day": (
        a_body(lifecycle={"days_before": 0}),
        [("invalid_field", "/lifecycle/days_before")],
    ),
    "reminder of NaN": (
        a_body(lifecycle={"days_before": float("inf")}),
        [("invalid_field", "/lifecycle/days_before")],
    ),
    "null where a value must be": (a_body(product=None), [("invalid_field", "/product")]),
    "true where text must be": (a_body(note=True), [("invalid_field", "/note")]),
    "organization product": (
        a_body(product="thawte_web_server"),
        [
            ("product_not_available", "/product"),
            ("missing_field", "/contacts/organization"),
            ("missing_field", "/organization"),
        ],
    ),
}


@pytest.mark.parametrize(("body", "expected"), ONE_FAULT.values(), ids=ONE_FAULT.keys())
def test_each_fault_has_its_code_and_its_place(body, expected):
    assert sorted(found(body)) == sorted(expected)


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (a_contract(0), "insufficient_units"),
        (a_contract(1), None),
        (a_contract(valid_to=NOW), "contract_expired"),
        (a_contract(valid_from=NOW + a_second), "contract_expired"),
        (a_contract(products=frozenset({"thawte_ssl123"})), "contract_missing_product"),
        (a_contract(products=frozenset({PRODUCT})), None),
    ],
    ids=["no units", "just enough", "ended", "not begun", "other product", "this product"],
)
def test_the_contract_must_serve(contract, expected):
    wanted = [(expected, "/contract_id")] if expected else []
    assert found(a_body(), contract) == wanted
    assert found(a_body(contract_id="con_1"), contract) == wanted


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (a_card_contract(), None),
        (a_card_contract(valid_to=NOW + a_second), None),
        (a_card_contract(valid_to=NOW), "card_expired"),
        (a_card_contract(card_id=None), "no_card"),
        (a_contract(status=ContractStatus.REQUESTED), "contract_not_active"),
    ],
    ids=["a card", "its last second", "a card no more", "no card yet", "only asked for"],
)
def test_a_card_must_serve_on_that_day(contract, expected):
    wanted = [(expected, "/contract_id")] if expected else []
    assert found(a_body(), contract) == wanted
    assert found(a_body(contract_id="con_1"), contract) == wanted


def test_units_are_counted_for_the_names_ordered():
    body = a_body("www.example.com", "a.example.com", "b.example.com")
    assert found(body, a_contract(2)) == [("insufficient_units", "/contract_id")]
    assert found(body, a_contract(3)) == []


def test_a_contract_named_is_used_even_if_another_would_serve_better():
    poor, rich = a_contract(0), a_contract(9, contract_id="con_2")
    assert found(a_body(contract_id="con_1"), poor, rich) == [("insufficient_units", "/contract_id")]
    assert examine(a_body(), around(poor, rich)).accepted.contract == rich


def test_without_any_contract_the_order_has_none():
    examination = examine(a_body(), around(contracts=()))
    assert [problem.code for problem in examination.problems] == ["no_contract"]


def test_the_gate_sees_only_the_contracts_it_is_given():
    assert found(a_body(contract_id="con_1"), a_contract(contract_id="con_2", reseller_id=THEM)) == [
        ("no_contract", "/contract_id")
    ]


def test_a_blocked_key_is_refused():
    blocked = MemoryBlockedKeys()
    blocked.block(spki_of())
    assert found(a_body(), blocked=blocked) == [("key_blocked", "/csr")]


def test_an_additional_name_keeps_its_place_whatever_stands_before_it():
    body = a_body(additional_domains=[7, "ok.example.com", None, "under_score.example.com"])
    assert ("name_invalid", "/additional_domains/3") in found(body)
    assert ("name_invalid", "/additional_domains/1") not in found(body)


# ---- methods

BY_MAIL = frozenset({Method.EMAIL})


@pytest.mark.parametrize("method", sorted(set(Method) - {Method.EMAIL}))
def test_a_method_that_is_not_offered_is_refused(method):
    body = a_body(domain_control={"method": method.value})
    assert found(body, methods=BY_MAIL) == [("method_not_available", "/domain_control")]


def test_without_a_choice_control_is_shown_by_a_txt_record():
    accepted = examine(without(a_body(), "domain_control"), around()).accepted
    assert accepted.content.methods["www.example.com"] == ChosenMethod(method=Method.DNS_TXT)


def test_a_name_without_room_for_the_label_of_dns_is_told_so():
    name = ".".join(["a" * 60] * 3 + ["b" * 50, "example", "com"])
    body = a_body(additional_domains=[name])
    for method, problems in (
        ("dns_txt", [("method_not_available", f"/domain_control/names/{name}")]),
        ("http_file", []),
    ):
        assert found(with_(body, ["domain_control", "names", name], {"method": method})) == problems


PUBLISHED = Approver("Ops@provider.net", ApproverSource.TXT, "example.com")


def test_a_contact_published_in_dns_may_approve_for_the_domain_that_names_it():
    body = a_body(domain_control={"method": "email", "approver_email": "ops@PROVIDER.net"})
    accepted = examine(body, around(contacts={"www.example.com": [PUBLISHED]})).accepted
    assert accepted.content.methods["www.example.com"] == ChosenMethod(
        method=Method.EMAIL, approver_email="Ops@provider.net", source="txt", domain="example.com"
    )


def test_a_contact_of_another_name_may_not():
    body = a_body(domain_control={"method": "email", "approver_email": "Ops@provider.net"})
    assert found(body, contacts={"example.org": [PUBLISHED]}) == [
        ("approver_not_allowed", "/domain_control/approver_email")
    ]


@pytest.mark.parametrize("method", sorted(set(Method) - {Method.EMAIL}))
def test_a_method_whose_check_exists_is_accepted_as_far_as_the_product_offers_it(method):
    body = a_body(domain_control={"method": method.value})
    accepted = examine(body, around(methods=frozenset(Method))).accepted
    assert accepted.content.methods["www.example.com"].method is method


def test_a_file_proves_no_wildcard():
    body = a_body("*.example.com", "example.com", product=WILDCARD_PRODUCT)
    body["domain_control"] = {"method": "http_file"}
    assert found(body, methods=frozenset(Method)) == [("method_not_for_wildcard", "/domain_control")]


def test_the_method_of_a_single_name_is_refused_where_it_stands():
    body = with_(a_body(), ["domain_control", "names", "www.example.com"], {"method": "dns_txt"})
    assert found(body, methods=BY_MAIL) == [("method_not_available", "/domain_control/names/www.example.com")]


def test_the_same_fault_of_two_names_is_told_where_each_stands():
    body = a_body("www.example.com", "example.com")
    own = {"www.example.com": {"method": "dns_txt"}, "example.com": {"method": "email"}}
    own["a.example.com"] = {"method": "email"}
    assert found(with_(body, ["domain_control", "names"], own), methods=BY_MAIL) == [
        ("name_not_in_order", "/domain_control/names/a.example.com"),
        ("method_not_available", "/domain_control/names/www.example.com"),
        ("approver_required", "/domain_control/names/example.com/approver_email"),
    ]
    both = {name: {"method": "dns_txt"} for name in ("www.example.com", "example.com")}
    assert found(with_(body, ["domain_control", "names"], both), methods=BY_MAIL) == [
        ("method_not_available", "/domain_control/names/www.example.com"),
        ("method_not_available", "/domain_control/names/example.com"),
    ]


def test_one_method_that_is_missing_for_many_names_is_told_once():
    names = [f"host-{number}.example.com" for number in range(5)]
    body = without(a_body(*names), "domain_control")
    assert found(body, methods=BY_MAIL) == [("method_not_available", "/domain_control")]


def test_an_approver_that_does_not_fit_is_told_for_each_name_it_does_not_fit():
    body = a_body("www.example.com", "www.example.org", "www.example.net")
    names = [problem.name for problem in examine(body, around()).problems]
    assert names == ["www.example.org", "www.example.net"]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(EMAIL_ENDS - a_second, []), (EMAIL_ENDS, [("method_not_available", "/domain_control")])],
    ids=["the last second", "the first second after"],
)
def test_e_mail_cannot_be_chosen_from_the_day_it_ends(moment, expected):
    contract = a_contract(valid_to=EMAIL_ENDS + a_day)
    assert found(a_body(), contract, moment=moment) == expected


def test_faulty_names_are_told_even_when_the_csr_cannot_be_read():
    body = a_body(csr="nonsense", additional_domains=["under_score.example.com"])
    assert found(body) == [("csr_malformed", "/csr"), ("name_invalid", "/additional_domains/0")]


def test_methods_of_names_are_not_judged_while_the_names_are_unknown():
    own = {"www.example.com": {"method": "email", "approver_email": APPROVER}}
    body = with_(a_body(csr="nonsense"), ["domain_control", "names"], own)
    assert found(body) == [("csr_malformed", "/csr")]


# ---- everything at once


def test_every_fault_of_one_order_is_told_at_once():
    blocked = MemoryBlockedKeys()
    blocked.block(spki_of())
    body = a_body(
        additional_domains=["under_score.example.com", "intranet.local", "*.example.com"],
        contacts={"technical": {"first_name": "\u0000", "last_name": "", "email": "nobody", "phone": "?"}},
        domain_control={"method": "email", "approver_email": "me@example.com"},
        agreement={"version": "1", "accepted_by": "-", "capacity": ""},
        term_days=1,
        contract_id="con_1",
        partner_order_id="two words",
        note="x" * 3000,
        colour="red",
    )
    contract = a_contract(0, valid_to=NOW, products=frozenset({"thawte_ssl123"}))
    told = {code for code, _ in found(body, contract, blocked=blocked)}
    assert told == {
        *(
            "invalid_field",
            "too_long",
            "unknown_field",
            "name_invalid",
            "name_internal",
            "wildcard_not_allowed",
        ),
        *("key_blocked", "approver_not_allowed", "agreement_required", "agreement_outdated"),
        *("term_not_offered", "contract_expired", "contract_missing_product"),
    }


def test_a_product_of_a_higher_level_wants_its_organization():
    body = a_body(product="thawte_web_server")
    missing = [("missing_field", "/contacts/organization"), ("missing_field", "/organization")]
    assert found(body, levels=frozenset(Level)) == missing


def test_the_names_are_told_even_when_the_order_is_refused():
    examination = examine(a_body("www.example.com", "example.com", note="x" * 3000), around())
    assert examination.names.names == ("www.example.com", "example.com")
    assert examination.quote.units == 2
