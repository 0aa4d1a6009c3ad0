"""Keys and resellers in the access table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.accounts.api_keys import ApiKey, Role, authenticate, make_key, make_staff_key
from partner_center.accounts.resellers import ReminderPreferences, Reseller
from partner_center.accounts.staff import StaffRole
from partner_center.adapters.access_store import AccessStore
from partner_center.kernel.errors import StateConflict, Unauthenticated
from partner_center.kernel.ids import RandomIds
from tests.fakes.determined import NOW, CountingIds
from tests.unit.test_reseller_ids import NO_RESELLERS

IDS = CountingIds()


@pytest.fixture
def store(database, tables):
    return AccessStore(database, tables.access)


def new_key(**changes):
    key = ApiKey(IDS.new("key", NOW).removeprefix("key_"), "res_1", Role.ORDERS, "ab" * 32, NOW)
    return replace(key, **changes)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"expires_at": NOW + timedelta(days=90)},
        {"revoked_at": NOW + timedelta(microseconds=1)},
        {"addresses": ("192.0.2.0/24", "2001:db8::/32")},
    ],
    ids=["plain", "expiring", "revoked", "addresses"],
)
def test_a_key_is_read_back_whole(store, role, changes):
    key = new_key(role=role, **changes)
    store.add_key(key)
    assert store.find(key.key_id) == key


@pytest.mark.parametrize("roles", [[], [StaffRole.REVIEW], list(StaffRole)], ids=["none", "one", "all"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"expires_at": NOW + timedelta(days=90), "addresses": ("192.0.2.0/24",)},
        {"revoked_at": NOW + timedelta(microseconds=1)},
    ],
    ids=["plain", "with limits", "revoked"],
)
def test_a_staff_key_is_read_back_whole_and_opens_the_door_for_its_person(store, roles, changes):
    key, text = make_staff_key("rosa.reviewer", roles, RandomIds(), NOW, **changes)
    store.add_key(key)
    assert store.find(key.key_id) == key
    if "revoked_at" in changes:
        with pytest.raises(Unauthenticated):
            authenticate(f"Bearer {text}", "192.0.2.1", store, NOW)
    else:
        assert authenticate(f"Bearer {text}", "192.0.2.1", store, NOW).roles == frozenset(roles)


@pytest.mark.parametrize("first", ["reseller", "staff"])
def test_one_id_is_not_given_to_a_reseller_and_a_person(store, first):
    person, _ = make_staff_key("rosa.reviewer", [StaffRole.REVIEW], RandomIds(), NOW)
    reseller = new_key(key_id=person.key_id)
    keys = (reseller, person) if first == "reseller" else (person, reseller)
    store.add_key(keys[0])
    with pytest.raises(StateConflict):
        store.add_key(keys[1])
    assert store.find(person.key_id) == keys[0]


@pytest.mark.parametrize(
    "key_id", ["0" * 26, "", "KEY", "x" * 1000], ids=["unknown", "empty", "word", "long"]
)
def test_an_unknown_key_is_none(store, key_id):
    assert store.find(key_id) is None


def test_a_key_id_is_given_once(store):
    key = new_key()
    store.add_key(key)
    with pytest.raises(StateConflict) as caught:
        store.add_key(replace(key, reseller_id="res_2"))
    assert caught.value.code == "id_taken"
    assert store.find(key.key_id) == key


def test_the_secret_itself_is_nowhere_in_the_table(store, dynamodb, tables):
    key, text = make_key("res_1", Role.READ, IDS, NOW)
    store.add_key(key)
    secret = text.rpartition("_")[2]
    rows = dynamodb.scan(TableName=tables.access)["Items"]
    assert rows
    assert secret not in repr(rows)


def test_a_stored_key_opens_the_door_and_a_stored_revoked_one_does_not(store):
    class RealForm:
        def new(self, prefix, moment):
            return IDS.new(prefix, moment)

        def secret(self, bits):
            return "s" * 43

    key, text = make_key("res_1", Role.READ, RealForm(), NOW)
    store.add_key(key)
    assert authenticate(f"Bearer {text}", "192.0.2.1", store, NOW).reseller_id == "res_1"
    revoked, other = make_key("res_1", Role.READ, RealForm(), NOW, revoked_at=NOW)
    store.add_key(revoked)
    with pytest.raises(Unauthenticated):
        authenticate(f"Bearer {other}", "192.0.2.1", store, NOW)


@pytest.mark.parametrize("reseller_id", NO_RESELLERS, ids=repr)
def test_who_may_not_be_called_so_is_not_added_and_gets_no_key(store, reseller_id):
    with pytest.raises(ValueError, match="not a reseller's id"):
        store.add_reseller(Reseller(reseller_id, "Shop", "help@example.com"))
    with pytest.raises(ValueError, match="not a reseller's id"):
        store.add_key(new_key(reseller_id=reseller_id))
    if len(reseller_id) < 1024:
        assert store.reseller(reseller_id) is None


def test_a_reseller_is_read_back_and_added_once(store):
    reseller = Reseller(IDS.new("res", NOW), "Zoë & Søn <GmbH>", "hilfe@bücher.example")
    assert store.reseller(reseller.reseller_id) is None
    store.add_reseller(reseller)
    assert store.reseller(reseller.reseller_id) == reseller
    with pytest.raises(StateConflict):
        store.add_reseller(replace(reseller, name="Other"))
    assert store.reseller(reseller.reseller_id) == reseller


@pytest.mark.parametrize(
    "preferences",
    [
        ReminderPreferences(),
        ReminderPreferences(()),
        ReminderPreferences((60, 7), "digest@example.com", True, "https://panel.example.com/{order_id}"),
    ],
    ids=["the usual ones", "no days", "its own"],
)
def test_how_a_reseller_is_reminded_is_read_back(store, preferences):
    reseller = Reseller(IDS.new("res", NOW), "Zoë", "hilfe@example.com", None, preferences)
    store.add_reseller(reseller)
    assert store.reseller(reseller.reseller_id) == reseller


def test_a_key_and_a_reseller_of_one_id_are_two_things(store):
    key = new_key()
    store.add_key(key)
    assert store.reseller(key.key_id) is None
