"""Bodies are compared by meaning; a key is bound to one of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.kernel.errors import IdempotencyKeyReused
from partner_center.orders.idempotency import Call, body_digest, replayed
from tests.fakes.posted import a_call
from tests.fakes.samples import THEM, US, a_contract, a_head, a_placement
from tests.fakes.world import World

SAME = {
    "order of fields": ('{"a":1,"b":2}', '{"b":2,"a":1}'),
    "white space": ('{"a":[1,2]}', ' { "a" : [ 1 , 2 ] } '),
    "escapes": ('{"a":"é"}', '{"a":"\\u00e9"}'),
    "inner order": ('{"a":{"x":1,"y":2}}', '{"a":{"y":2,"x":1}}'),
}
OTHER = {
    "value": ('{"a":1}', '{"a":2}'),
    "kind of value": ('{"a":1}', '{"a":"1"}'),
    "true and one": ('{"a":1}', '{"a":true}'),
    "order in lists": ('{"a":[1,2]}', '{"a":[2,1]}'),
    "absent and null": ("{}", '{"a":null}'),
    "field": ('{"a":1}', '{"b":1}'),
    "place": ('{"a":{"b":1}}', '{"a":1,"b":1}'),
    "case": ('{"a":"x"}', '{"a":"X"}'),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_layout_does_not_matter(one, other):
    assert body_digest(json.loads(one)) == body_digest(json.loads(other))


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER.keys())
def test_meaning_does(one, other):
    assert body_digest(json.loads(one)) != body_digest(json.loads(other))


documents = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=4
)


@given(documents, documents)
def test_two_bodies_are_the_same_exactly_when_their_documents_are(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (body_digest(one) == body_digest(other)) is same


# ---- the guard


def test_a_call_without_a_key_binds_nothing():
    assert a_call().guard(a_head()) is None


def test_a_guard_replays_its_head_to_the_same_body_only():
    head = a_head()
    guard = a_call({"a": 1}, "key-1").guard(head)
    assert a_call({"a": 1}, "key-1").same(guard).head == head
    with pytest.raises(IdempotencyKeyReused):
        a_call({"a": 2}, "key-1").same(guard)


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract())
    head = a_head()
    world.stores.orders.place(a_placement(world.ids, head, guard=a_call({"a": 1}, "key-1").guard(head)))
    return world


@pytest.mark.parametrize(
    ("call", "reseller_id", "found"),
    [
        (a_call({"a": 1}, "key-1"), US, True),
        (a_call({"a": 1}, "key-2"), US, False),
        (a_call({"a": 1}, None), US, False),
        (a_call({"a": 1}, "key-1"), THEM, False),
        (a_call({"a": 1}, "key-1", path="/v1/orders/ord_1/cancel"), US, False),
        (Call("PATCH", "/v1/orders", "key-1", body_digest({"a": 1}), "request-1"), US, False),
    ],
    ids=["same", "another key", "no key", "another reseller", "another path", "another method"],
)
def test_a_key_is_bound_per_reseller_method_and_path(world, call, reseller_id, found):
    answered = replayed(world.stores.orders, reseller_id, call)
    assert (answered == a_head()) if found else (answered is None)


def test_a_bound_key_refuses_another_body(world):
    with pytest.raises(IdempotencyKeyReused):
        replayed(world.stores.orders, US, a_call({"a": 2}, "key-1"))
