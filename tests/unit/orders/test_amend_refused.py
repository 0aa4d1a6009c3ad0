"""Amendments that are refused, for their content, the order's state, or whose order it is: nothing is written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_center.accounts.api_keys import Role
from partner_center.kernel.errors import (
    ContentRefused,
    NotFound,
    PartnerCenterError,
    PreconditionFailed,
    StateConflict,
    TryAgain,
)
from partner_center.orders.amend import MOST_REVISIONS
from partner_center.orders.amendment import WHILE_PENDING
from partner_center.orders.order import OrderStatus
from partner_center.validation.challenges import MOST_CHALLENGES
from tests.fakes.posted import (
    a_body,
    a_csr,
    a_principal,
    a_private_key,
    key_material,
    spki_of,
    with_,
)
from tests.fakes.samples import APPROVER, THEM, US, a_challenge, a_contract, a_second
from tests.fakes.world import World
from tests.unit.orders.csr_workshop import attribute, tlv


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(20))
    return world


@pytest.fixture
def order_id(world):
    return world.posted(a_body("www.example.com", "a.example.com")).head.order_id


def refused(world, error, patch, order_id, **more):
    """The error; and nothing was written."""
    before = repr(world.tables)
    with pytest.raises(error) as caught:
        world.amend(patch, order_id, **more)
    assert repr(world.tables) == before
    return caught.value


def problems(world, patch, order_id):
    return [(each.code, each.field) for each in refused(world, ContentRefused, patch, order_id).problems]


# ---- content

TECHNICAL = "/contacts/technical"
REFUSED = {
    "no CSR": ({"csr": None}, [("missing_field", "/csr")]),
    "no contacts": ({"contacts": None}, [("missing_field", "/contacts")]),
    "no technical contact": ({"contacts": {"technical": None}}, [("missing_field", TECHNICAL)]),
    "no address": ({"contacts": {"technical": {"email": None}}}, [("missing_field", f"{TECHNICAL}/email")]),
    "no method": ({"domain_control": {"method": None}}, [("missing_field", "/domain_control/method")]),
    "no approver": (
        {"domain_control": {"approver_email": None}},
        [("approver_required", "/domain_control/approver_email")],
    ),
    "a method that is not there": (
        {"domain_control": {"method": "axfr"}},
        [("invalid_field", "/domain_control/method")],
    ),
    "an approver who may not": (
        {"domain_control": {"approver_email": "admin@example.org"}},
        [("approver_not_allowed", "/domain_control/approver_email")],
    ),
    "a name of nobody": ({"additional_domains": ["a.corp"]}, [("name_internal", "/additional_domains/0")]),
    "a wildcard": ({"common_name": "*.example.com"}, [("wildcard_not_allowed", "/common_name")]),
    "a name that is no text": ({"additional_domains": [1]}, [("invalid_field", "/additional_domains/0")]),
    "names that are no list": ({"additional_domains": "x"}, [("invalid_field", "/additional_domains")]),
    "no CSR but text": ({"csr": "x"}, [("csr_malformed", "/csr")]),
    "a CSR of no text": ({"csr": {"pem": "x"}}, [("invalid_field", "/csr")]),
    "a number for contacts": ({"contacts": 1}, [("invalid_field", "/contacts")]),
    "a list for contacts": ({"contacts": []}, [("invalid_field", "/contacts")]),
    "unknown below": (
        {"contacts": {"technical": {"fax": "1"}}},
        [("unknown_field", f"{TECHNICAL}/fax")],
    ),
    "an unknown contact": ({"contacts": {"billing": {}}}, [("unknown_field", "/contacts/billing")]),
    "a note that is no text": ({"note": 1}, [("invalid_field", "/note")]),
    "a long note": ({"note": "x" * 2001}, [("too_long", "/note")]),
    "a life cycle that is none": ({"lifecycle": {"key": "x"}}, [("invalid_field", "/lifecycle/key")]),
    "half an organization": (
        {"organization": {"name": "Lindqvist AB", "street": "1", "locality": "Lund", "country": "SE"}},
        [("missing_field", "/organization/postal_code")],
    ),
    "a fixed field": ({"term_days": 730}, [("not_amendable", "/term_days")]),
    "an unknown field": ({"comon_name": "x"}, [("unknown_field", "/comon_name")]),
}


@pytest.mark.parametrize(("patch", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_an_amended_order_must_be_one_that_could_be_posted(world, order_id, patch, expected):
    assert set(problems(world, patch, order_id)) >= set(expected)


def test_every_problem_is_told_at_once(world, order_id):
    patch = {
        "product": "x",
        "nothing": 1,
        "additional_domains": ["a.corp", 1],
        "contacts": {"technical": {"email": "x"}},
        "note": 1,
        "domain_control": {"approver_email": "x@example.com"},
    }
    assert set(problems(world, patch, order_id)) == {
        ("not_amendable", "/product"),
        ("unknown_field", "/nothing"),
        ("name_internal", "/additional_domains/0"),
        ("invalid_field", "/additional_domains/1"),
        ("invalid_field", f"{TECHNICAL}/email"),
        ("invalid_field", "/note"),
        ("approver_not_allowed", "/domain_control/approver_email"),
    }


@pytest.mark.parametrize("patch", [{"note": 1, "lifecycle": 1}, {"note": 1, "lifecycle": 1, "csr": None}])
def test_every_problem_of_particulars_is_told_too(world, order_id, patch):
    found = set(problems(world, patch, order_id))
    assert found >= {("invalid_field", "/note"), ("invalid_field", "/lifecycle")}


@pytest.mark.parametrize(
    ("count", "code"), [(100, "too_many_names"), (1000, "too_many_names"), (1001, "too_many")]
)
def test_more_names_than_fit_are_refused_however_many(world, order_id, count, code):
    names = [f"{number}.example.com" for number in range(count)]
    assert (code, "/additional_domains") in problems(world, {"additional_domains": names}, order_id)


def test_a_key_that_is_blocked_by_now_is_refused_with_whatever_is_amended(world, order_id):
    world.blocked.block(spki_of())
    assert ("key_blocked", "/csr") in problems(world, {"additional_domains": ["b.example.com"]}, order_id)
    assert world.amend({"note": "x"}, order_id).head.revision == 2  # a note certifies nothing


def test_a_method_cannot_be_kept_beyond_its_end(world, order_id):
    """BR 3.2.2.4.4: from 2028-03-15 nobody is asked by e-mail, whenever the order was placed."""
    world.clock.moment = datetime(2028, 3, 15, tzinfo=UTC) - a_second
    head = replace(world.head(order_id), placed_at=world.clock.moment)
    world.tables.heads[US, order_id] = head
    world.tables.contracts[US, "con_1"] = replace(
        world.tables.contracts[US, "con_1"], valid_to=world.clock.moment + timedelta(days=9)
    )
    assert world.amend({"additional_domains": ["b.example.com"]}, order_id).head.revision == 2
    world.clock.moment += a_second
    patch = {"additional_domains": ["c.example.com"]}
    assert problems(world, patch, order_id) == [("method_not_available", "/domain_control")]


# ---- private keys

CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"
KEY_PLACES = {
    "csr": ["csr"],
    "common_name": ["common_name"],
    "a name": ["additional_domains"],
    "a contact": ["contacts", "technical", "first_name"],
    "the organization contact": ["contacts", "organization", "title"],
    "the organization": ["organization", "name"],
    "the method": ["domain_control", "method"],
    "the approver": ["domain_control", "approver_email"],
    "an exception": ["domain_control", "names", "a.example.com", "method"],
    "the life cycle": ["lifecycle", "key"],
    "the note": ["note"],
    "a fixed field": ["agreement", "capacity"],
    "an unknown field": ["anything", "deep", "inside"],
}


def exposed(world):
    return [(each.spki_sha256, each.reseller_id, each.request_id) for each in world.exposed.reported]


def the_key():
    return sha256(spki_of(9)).hexdigest()


@pytest.mark.parametrize("place", KEY_PLACES.values(), ids=KEY_PLACES.keys())
def test_a_private_key_in_any_field_is_refused_reported_and_repeated_nowhere(world, order_id, place):
    value = [a_private_key()] if place == ["additional_domains"] else a_private_key()
    error = refused(world, ContentRefused, with_({}, place, value), order_id)
    assert {each.code for each in error.problems} & {"csr_contains_private_key", "private_key_not_accepted"}
    assert exposed(world) == [(the_key(), US, "request-2")]
    told = repr(error.problems) + str(error) + repr(world.tables)
    assert not any(piece in told for piece in key_material())


def test_a_private_key_as_the_name_of_a_field_is_found_too(world, order_id):
    found = problems(world, {a_private_key(): 1}, order_id)
    assert ("private_key_not_accepted", "") in found
    assert exposed(world) == [(the_key(), US, "request-2")]


def test_beside_a_private_key_all_else_that_is_wrong_is_told(world, order_id):
    found = problems(world, {"note": a_private_key(), "lifecycle": 1}, order_id)
    assert found == [("private_key_not_accepted", "/note"), ("invalid_field", "/lifecycle")]


@pytest.mark.parametrize("state", ["unknown", "foreign", "cancelled", "signing", "issued", "if-match"])
@pytest.mark.parametrize("hidden", [False, True], ids=["in the note", "within the CSR"])
def test_a_private_key_is_reported_whatever_becomes_of_the_request(world, order_id, workshop, state, hidden):
    password = attribute(CHALLENGE_PASSWORD, tlv(0x0C, a_private_key().encode()))
    patch = {"csr": workshop.csr_pem(password, key=workshop.ec)} if hidden else {"note": a_private_key()}
    more = {}
    match state:
        case "unknown":
            order_id = "ord_none"
        case "foreign":
            more["by"] = a_principal(THEM)
        case "if-match":
            more["precondition"] = no_match
        case _:
            put_into(world, order_id, state)
    refused(world, PartnerCenterError, patch, order_id, **more)
    assert [spki for spki, *_ in exposed(world)] == [the_key()]


def test_a_report_that_cannot_be_made_refuses_the_request(world, order_id):
    def out():
        raise TryAgain("The queue is out.")

    world.exposed.before = out
    refused(world, TryAgain, {"note": a_private_key()}, order_id)


# ---- the order's state

STATES = {
    "signing": {"signing": True},
    "issued": {"status": OrderStatus.ISSUED, "serial": "0a"},
    "cancelled": {"status": OrderStatus.CANCELLED},
    "rejected": {"status": OrderStatus.REJECTED},
    "revoked": {"status": OrderStatus.REVOKED, "serial": "0a"},
    "expired": {"status": OrderStatus.ISSUED, "serial": "0a", "term_to": datetime(2026, 1, 1, tzinfo=UTC)},
    "stored as expired": {"status": OrderStatus.EXPIRED, "serial": "0a"},
}
NAMES, NOTE = {"additional_domains": ["b.example.com"]}, {"note": "x"}
BAD = {"csr": "x", "nothing": 1}
CONFLICTS = [
    ("signing", NAMES, "issuing"),
    ("signing", NOTE, "issuing"),
    ("signing", BAD, "issuing"),
    ("signing", {}, "issuing"),
    ("issued", NAMES, "already_issued"),
    ("issued", BAD, "already_issued"),
    ("issued", {"product": "x"}, "already_issued"),
    ("issued", {"contacts": {"organization": {"name": "x"}}}, "already_issued"),
    ("issued", {"note": "x", "csr": "x"}, "already_issued"),
    *(
        (state, patch, "order_closed")
        for state in ("cancelled", "rejected", "revoked", "expired", "stored as expired")
        for patch in (NAMES, NOTE, BAD, {})
    ),
]


def put_into(world, order_id, state):
    world.tables.heads[US, order_id] = replace(world.head(order_id), **STATES[state])


@pytest.mark.parametrize(("state", "patch", "code"), CONFLICTS)
def test_an_orders_state_decides_before_the_content_does(world, order_id, state, patch, code):
    put_into(world, order_id, state)
    error = refused(world, StateConflict, patch, order_id)
    assert (error.code, error.order_id) == (code, order_id)


ISSUED = {
    "a note": ({"note": "another"}, "note"),
    "no note": ({"note": None}, "note"),
    "a life cycle": ({"lifecycle": {"auto_reissue": True}}, "lifecycle"),
    "the technical contact": ({"contacts": {"technical": {"email": "eva@example.com"}}}, "contacts"),
}


@pytest.mark.parametrize(("patch", "field"), ISSUED.values(), ids=ISSUED.keys())
def test_of_an_issued_order_particulars_may_change_and_nothing_else_does(world, patch, field):
    order_id = world.posted(a_body(note="a note")).head.order_id
    put_into(world, order_id, "issued")
    before = world.order(order_id)
    after = world.amend(patch, order_id)
    assert after.head == replace(before.head, revision=2, version=before.head.version + 1)
    assert getattr(after.content, field) != getattr(before.content, field)
    assert replace(after.content, **{field: getattr(before.content, field)}) == before.content
    assert world.stores.events(US, order_id)[-1] == "order.amended"
    assert world.counted() == (19, 1, 0)


def test_of_an_issued_order_bad_particulars_are_refused(world, order_id):
    put_into(world, order_id, "issued")
    assert problems(world, {"note": 1}, order_id) == [("invalid_field", "/note")]


# ---- how often


def test_a_pending_order_is_not_amended_for_ever(world, order_id):
    head = world.head(order_id)
    world.tables.heads[US, order_id] = replace(head, revision=MOST_REVISIONS)
    world.stores.orders.write_content(world.head(order_id), world.stores.orders.content(US, order_id, 1))
    assert refused(world, StateConflict, NAMES, order_id).code == "amended_too_often"
    assert world.amend(NOTE, order_id).content.note == "x"


@pytest.mark.parametrize(("room", "fits"), [(2, True), (1, False), (0, False)])
def test_nor_are_its_approvers_asked_for_ever(world, order_id, room, fits):
    for number in range(MOST_CHALLENGES - room):
        world.stores.challenges.create(a_challenge(token=f"{number}", order_id=order_id))
    patch = {
        "contacts": {"technical": {"last_name": "Ek"}}
    }  # two names, each with a question of its own at worst
    if fits:
        assert world.amend(patch, order_id).head.round == 2
    else:
        assert refused(world, StateConflict, patch, order_id).code == "amended_too_often"


# ---- whose it is


@pytest.mark.parametrize("order", ["ord_none", "", "ord_1#HEAD", "☂", "x" * 255])
@pytest.mark.parametrize("patch", [NAMES, NOTE, BAD, {}], ids=["names", "note", "bad", "nothing"])
def test_an_unknown_order_is_not_found_whatever_is_sent(world, order_id, order, patch):
    refused(world, NotFound, patch, order)


@pytest.mark.parametrize("patch", [NAMES, NOTE, BAD, {}], ids=["names", "note", "bad", "nothing"])
def test_a_foreign_order_reads_as_an_unknown_one(world, order_id, patch):
    world.stores.grant(a_contract(reseller_id=THEM))
    foreign = refused(world, NotFound, patch, order_id, by=a_principal(THEM, Role.ADMIN))
    unknown = refused(world, NotFound, patch, "ord_none", by=a_principal(THEM, Role.ADMIN))
    assert str(foreign) == str(unknown)


def no_match(_):
    raise PreconditionFailed("Another state.")


# ---- nothing changed

SAME = {
    "nothing": {},
    "the names it has": {"additional_domains": ["a.example.com"]},
    "the CSR in other line ends": {"csr": a_csr("www.example.com", "a.example.com").replace("\n", "\r\n")},
    "the same contact": {"contacts": {"technical": {"last_name": "Lindqvist"}}},
    "no contact": {"contacts": {}},
    "nothing of the contact": {"contacts": {"technical": {}}},
    "removal of what is not there": {
        "note": None,
        "lifecycle": None,
        "organization": None,
        "common_name": None,
    },
    "the same method": {"domain_control": {"method": "email", "approver_email": APPROVER}},
    "no exceptions": {"domain_control": {"names": {}}},
    "exceptions removed": {"domain_control": {"names": None}},
    "an exception removed": {"domain_control": {"names": {"nowhere.example.com": None}}},
    "blanks around": {"contacts": {"technical": {"last_name": " Lindqvist "}}},
}


@pytest.mark.parametrize("patch", SAME.values(), ids=SAME.keys())
def test_a_patch_that_changes_nothing_writes_nothing(world, patch):
    order_id = world.posted(
        a_body("www.example.com", "a.example.com", additional_domains=["a.example.com"])
    ).head.order_id
    before = repr(world.tables)
    world.amend(patch, order_id)
    assert repr(world.tables) == before


# ---- whatever is sent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["technical", "method", "approver_email", "names", "email", "key", "www.example.com"]
            )
            | st.text(max_size=6),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from([*sorted(WHILE_PENDING), "product", "x"]), JSON, max_size=4))
def test_whatever_json_is_sent_is_taken_or_refused_in_our_words(patch):
    world = World()
    world.stores.grant(a_contract(20))
    order_id = world.post(a_body()).head.order_id
    for problem in told(world, patch, order_id):
        assert problem.detail
        assert problem.field is not None
    left, held, _ = world.counted()
    assert left + held == 20


def told(world, patch, order_id):
    """Every problem; none of a patch that was taken. Any other error is one too many."""
    try:
        world.amend(patch, order_id)
    except ContentRefused as error:
        return error.problems
    return ()


@pytest.mark.parametrize("field", sorted(WHILE_PENDING))
@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_nesting_is_judged_to_the_deepest_that_is_read(world, order_id, field, opened):
    value = None
    for _ in range(30):
        value = [value] if opened == "[" else {"a": value}
    assert all(pointer.startswith(f"/{field}") for _, pointer in problems(world, {field: value}, order_id))
