"""The gate and what should never have been sent: private keys in any dress, and any JSON at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.orders.enrolment import examine
from partner_center.orders.requests import OrderRequest
from tests.fakes.gate import around, found
from tests.fakes.posted import a_body, a_csr, a_private_key, key_material, with_
from tests.fakes.samples import APPROVER, PRODUCT

# ---- private keys

KEY_PLACES = {
    "beside the csr": (["csr"], lambda key: a_csr() + key, "/csr"),
    "instead of the csr": (["csr"], lambda key: key, "/csr"),
    "note": (["note"], lambda key: f"our key is {key}", "/note"),
    "product": (["product"], lambda key: key, "/product"),
    "common name": (["common_name"], lambda key: key, "/common_name"),
    "additional name": (["additional_domains"], lambda key: ["a.example.com", key], "/additional_domains/1"),
    "contact": (["contacts", "technical", "title"], lambda key: key, "/contacts/technical/title"),
    "e-mail": (["contacts", "technical", "email"], lambda key: key, "/contacts/technical/email"),
    "approver": (["domain_control", "approver_email"], lambda key: key, "/domain_control/approver_email"),
    "agreement": (["agreement", "version"], lambda key: key, "/agreement/version"),
    "contract": (["contract_id"], lambda key: key, "/contract_id"),
    "number": (["partner_order_id"], lambda key: key, "/partner_order_id"),
    "unknown field": (["private_key"], lambda key: key, "/private_key"),
    "line by line": (
        ["additional_domains"],
        lambda key: ["www.example.com", *key.splitlines()],
        "/additional_domains/1",
    ),
    "deep down": (["extra"], lambda key: {"a": [[{"b": key}]]}, "/extra/a/0/0/b"),
    "escaped": (["note"], lambda key: key.replace("\n", "\\n"), "/note"),
    "name of a field": (["k"], lambda key: {key: 1}, "/k"),
    "name of a top field": ([a_private_key()], lambda key: 1, ""),
    "name and value": (["k"], lambda key: {key: {key: [key]}}, "/k"),
    "name in domain_control": (
        ["domain_control", "names"],
        lambda key: {key: {"method": "email"}},
        "/domain_control/names",
    ),
}


@pytest.mark.parametrize(("place", "value", "field"), KEY_PLACES.values(), ids=KEY_PLACES.keys())
def test_a_private_key_is_refused_wherever_it_stands_and_never_quoted(place, value, field):
    examination = examine(with_(a_body(), place, value(a_private_key())), around())
    code = "csr_contains_private_key" if field == "/csr" else "private_key_not_accepted"
    assert (code, field) in [(problem.code, problem.field) for problem in examination.problems]
    told = repr(examination).replace("csr_contains_private_key", "")
    assert [piece for piece in key_material() if piece in told] == []


@pytest.mark.parametrize("place", ["csr", "note", "product", "common_name", "contract_id"])
def test_a_field_that_holds_a_private_key_has_that_one_problem(place):
    body = a_body(**{place: a_private_key()})
    assert [field for _, field in found(body)].count(f"/{place}") == 1


def test_a_private_key_does_not_hide_the_other_faults():
    body = a_body(note=a_private_key(), colour="red", term_days=1)
    assert {code for code, _ in found(body)} == {
        "private_key_not_accepted",
        "unknown_field",
        "term_not_offered",
    }


# ---- anything at all

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from([PRODUCT, "www.example.com", "*.example.com", APPROVER, "con_1", "email", "\x00", "۳"])
)
fields = st.sampled_from([*OrderRequest.model_fields, "method", "names", "technical", "version", "a/b", ""])
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(fields, anything, max_size=6))
def test_the_gate_never_fails_on_any_json_object(changes):
    for body in (changes, a_body() | changes):
        examination = examine(body, around())
        assert (examination.accepted is None) == bool(examination.problems)
