"""What a reseller may read: its own orders, page by page; another's answer as if they were not there."""

from dataclasses import replace

import pytest

from partner_center.billing.payments import PaymentStatus
from partner_center.kernel.errors import Malformed, NotFound
from partner_center.notifications.suppressions import Suppression, Undelivered
from partner_center.orders.order import OrderStatus, PaymentKind, Review
from partner_center.validation.challenges import Decision
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, THEM, US, a_contract, a_day, a_head
from tests.fakes.world import World


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(100))
    world.stores.grant(a_contract(100, reseller_id=THEM))
    world.put("www.example.com", partner_order_id="PO-1")
    return world


def names_of(answer):
    return [item["order_id"] for item in answer["items"]]


# ---- one order


def test_an_order_is_read_with_its_challenges_and_certificates(world):
    world.await_domains(US, ORDER, 1, "token-1")
    seen = world.reading.order(US, ORDER)
    assert seen["authentication"]["status"] == "in_progress"
    assert seen["certificates"] == []


def test_an_issued_order_shows_its_certificates(world):
    world.certify()
    issued = replace(world.head(), status=OrderStatus.ISSUED, serial="0a1b")
    world.tables.heads[US, ORDER] = issued
    assert [c["serial"] for c in world.reading.order(US, ORDER)["certificates"]] == ["0a1b"]


def test_an_issued_order_tells_its_next_deadline_by_the_proofs_on_file_now(world):
    world.await_domains(US, ORDER, 1, "token-1")
    world.approve()
    world.certify()
    world.complete_order(US, ORDER, 1, "execution-1")
    assert world.reading.order(US, ORDER)["next_deadline"] == {
        "opens_at": "2027-05-11T10:00:00Z",
        "date": "2027-06-10T09:59:59Z",
        "kind": "csr",
        "cost": "free",
        "automatic": False,
        "names": ["www.example.com"],  # proven under the rule of 200 days; 100 hold when it is time
    }


@pytest.mark.parametrize(
    ("renewal", "kind"),
    [({"status": OrderStatus.ISSUED, "issued_at": NOW}, None), ({}, "renewal"), (None, "renewal")],
    ids=["issued", "still pending", "unknown"],
)
def test_a_renewal_ends_the_deadlines_once_it_is_issued(world, renewal, kind):
    world.certify(not_after=NOW + 365 * a_day)
    world.complete_order(US, ORDER, 1, "execution-1")
    world.tables.heads[US, ORDER] = replace(world.head(), renewed_by="ord_2")
    if renewal is not None:
        world.tables.heads[US, "ord_2"] = a_head(order_id="ord_2", **renewal)
    seen = world.reading.order(US, ORDER)
    assert seen["renewed_by"] == "ord_2"
    assert (seen["next_deadline"] or {}).get("kind") == kind


@pytest.mark.parametrize("why", Undelivered)
def test_a_contact_whose_mailbox_takes_no_mail_is_marked(world, why):
    world.suppressions.suppress(Suppression(US, "Asa@Example.com", why, NOW, "550"))
    world.suppressions.suppress(Suppression(THEM, "asa@example.com", Undelivered.BOUNCED, NOW, "550"))
    assert world.reading.order(US, ORDER)["contacts"]["technical"]["delivery"] == why


def test_a_contact_whose_mailbox_takes_mail_has_no_mark(world):
    assert "delivery" not in world.reading.order(US, ORDER)["contacts"]["technical"]


def test_a_certificate_that_is_not_the_orders_yet_is_not_shown(world):
    world.certify()
    assert world.reading.order(US, ORDER)["certificates"] == []


def test_reading_changes_nothing(world):
    world.await_domains(US, ORDER, 1, "token-1")
    before = repr(world.tables)
    world.reading.order(US, ORDER)
    world.reading.domains(US, ORDER, {})
    world.reading.messages(US, ORDER, {})
    world.reading.search(US, {"common_name": "www"})
    assert repr(world.tables) == before


READS = {
    "order": lambda world, *ids: world.reading.order(*ids),
    "domains": lambda world, *ids: world.reading.domains(*ids, {}),
    "messages": lambda world, *ids: world.reading.messages(*ids, {}),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("order_id", ["ord_9", "", "x" * 5000, "☂", "../ord_1", "ord_1#HEAD"])
def test_a_foreign_order_answers_exactly_as_an_unknown_one(world, read, order_id):
    with pytest.raises(NotFound) as foreign:
        read(world, THEM, ORDER)
    with pytest.raises(NotFound) as unknown:
        read(world, US, order_id)
    assert (foreign.value.code, foreign.value.detail) == (unknown.value.code, unknown.value.detail)


# ---- its domains


def test_a_proven_name_shows_its_evidence(world):
    world.await_domains(US, ORDER, 1, "token-1")
    world.approve()
    (item,) = world.reading.domains(US, ORDER, {})["items"]
    assert (item["status"], item["evidence"]["br_section"]) == ("valid", "3.2.2.4.4")


def test_a_name_that_is_not_proven_shows_none(world):
    world.await_domains(US, ORDER, 1, "token-1")
    (item,) = world.reading.domains(US, ORDER, {})["items"]
    assert (item["status"], item["evidence"]) == ("pending", None)


AFTER_A_LOOK = {
    "not proven": (False, {}, "not_yet"),
    "proven": (True, {}, "under_way"),
    "held back again": (True, {"held_back": "CAA"}, "not_yet"),
    "waiting for a reviewer": (True, {"review": Review.WAITING}, "not_yet"),
    "to be screened": (True, {"review": Review.DUE}, "not_yet"),
    "being signed": (True, {"signing": True}, "under_way"),
    "waiting for its money": (
        True,
        {"payment_kind": PaymentKind.PAY_AS_YOU_GO, "payment": PaymentStatus.DECLINED, "card_id": "card_1"},
        "not_yet",
    ),
}


@pytest.mark.parametrize(("proven", "head", "word"), AFTER_A_LOOK.values(), ids=AFTER_A_LOOK)
def test_a_check_tells_how_the_order_stands_after_it(world, proven, head, word):
    world.await_domains(US, ORDER, 1, "token-1")
    if proven:
        world.approve()
    world.tables.heads[US, ORDER] = replace(world.head(), **head)
    told = world.reading.checked(US, ORDER)
    assert (told["order_id"], told["check"]) == (ORDER, word)
    assert told["items"] == world.reading.domains(US, ORDER, {})["items"]


# ---- its messages


def test_a_refusal_is_a_message(world):
    world.await_domains(US, ORDER, 1, "token-1")
    world.approve(decision=Decision.DECLINE)
    answer = world.reading.messages(US, ORDER, {})
    (message,) = answer["items"]
    assert (message["from"], message["at"]) == ("system", "2026-11-23T10:00:00Z")
    assert "declined" in message["text"]
    assert answer["next_cursor"] is None


# ---- the search


@pytest.fixture
def several(world):
    for number, name in enumerate(["a.example.com", "b.example.com", "b.example.com", "c.example.com"]):
        world.put(name, order_id=f"ord_b{number}", partner_order_id=f"PO-b{number}")
    world.put("b.example.com", reseller_id=THEM, order_id="ord_theirs", partner_order_id="PO-theirs")
    return world


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("b", ["ord_b1", "ord_b2"]),
        ("B.Example", ["ord_b1", "ord_b2"]),
        ("www.example.com", [ORDER]),
        ("example.com", []),
        ("", ["ord_b0", "ord_b1", "ord_b2", "ord_b3", ORDER]),
        ("☂", []),
        ("%", []),
        ("x" * 5000, []),
    ],
)
def test_orders_are_found_by_the_beginning_of_their_name(several, prefix, found):
    assert names_of(several.reading.search(US, {"common_name": prefix})) == found


@pytest.mark.parametrize(
    ("beginning", "is_found"),
    [
        ("www.bücher.example.com", True),
        ("WWW.BÜCHER.example", True),
        ("www.bücher", True),
        ("www.bücher.", True),
        ("www.bücher.Example", True),
        ("www.bücher.example.c", True),
        ("www.bücher.1", False),
        ("www.xn--b", True),
        ("www.bü", False),
        ("bü cher", False),
    ],
)
def test_a_name_is_found_as_it_was_given_once_its_labels_are_whole(world, beginning, is_found):
    world.put("www.xn--bcher-kva.example.com", order_id="ord_u1")
    found = names_of(world.reading.search(US, {"common_name": beginning}))
    assert found == (["ord_u1"] if is_found else [])


@pytest.mark.parametrize(
    ("number", "found"),
    [("PO-b1", ["ord_b1"]), ("po-b1", []), ("PO-b", []), ("PO-theirs", []), ("", []), ("x" * 5000, [])],
)
def test_an_order_is_found_by_the_resellers_own_number(several, number, found):
    assert names_of(several.reading.search(US, {"partner_order_id": number})) == found


@pytest.mark.parametrize("field", ["common_name", "partner_order_id"])
@pytest.mark.parametrize("text", ["x" * 300, "☂" * 300, "x" * 100_000])
def test_what_is_too_long_to_be_found_is_not_looked_up(several, field, text):
    """A key of a table has its limits; what exceeds them must not become an error of ours."""
    asked = []
    several.stores.orders.by_common_name = lambda *which: asked.append(which)
    several.stores.orders.partner_order = lambda *which: asked.append(which)
    assert several.reading.search(US, {field: text}) == {"items": [], "next_cursor": None}
    assert asked == []


def test_an_item_of_the_search_is_short(several):
    (item,) = several.reading.search(US, {"partner_order_id": "PO-1"})["items"]
    assert item == {
        "order_id": ORDER,
        "status": "pending",
        "kind": "new",
        "product": "geotrust_quickssl_premium",
        "common_name": "www.example.com",
        "partner_order_id": "PO-1",
        "customer_id": "c-1",
        "placed_at": "2026-11-23T10:00:00Z",
        "serial": None,
    }


@pytest.mark.parametrize("limit", ["1", "2", "3", "200"])
def test_pages_join_to_the_whole(several, limit):
    found, cursor = [], ""
    while cursor is not None:
        answer = several.reading.search(US, {"common_name": "", "limit": limit, "cursor": cursor})
        found, cursor = [*found, *names_of(answer)], answer["next_cursor"]
    assert found == ["ord_b0", "ord_b1", "ord_b2", "ord_b3", ORDER]


@pytest.mark.parametrize(
    "query",
    [{}, {"limit": "5"}, {"common_name": "a", "partner_order_id": "PO-1"}],
    ids=["nothing", "limit only", "both"],
)
def test_a_search_is_by_one_thing(several, query):
    with pytest.raises(Malformed):
        several.reading.search(US, query)


def test_an_order_whose_head_is_not_there_is_passed_over(several):
    several.stores.orders.by_common_name = lambda *_: (
        [("b.example.com", "ord_gone"), (several.head("ord_b1").common_name, "ord_b1")],
        None,
    )
    assert names_of(several.reading.search(US, {"common_name": "b"})) == ["ord_b1"]
