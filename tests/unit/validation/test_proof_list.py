"""The proofs on file: by domain, of one reseller, for whom, until when; none that is too old."""

from dataclasses import replace

import pytest

from partner_center.kernel.errors import Malformed
from partner_center.orders.page import Page
from partner_center.validation.standing import zone_of
from tests.fakes.determined import NOW
from tests.fakes.samples import THEM, US, a_challenge, a_day, a_proof
from tests.fakes.world import World

ALL = Page(50, None)


@pytest.fixture
def world():
    return World()


def on_file(world, domain, number=1, **changes):
    proof = a_proof(a_challenge(authorization_domain=domain), proof_id=f"prf_{number}")
    proof = replace(proof, **changes)
    key = (proof.reseller_id, proof.subscriber, zone_of(domain), proof.proof_id)
    world.tables.proofs[key] = proof
    return proof


def listed(world, prefix="", page=ALL, reseller_id=US):
    return world.list_proofs(reseller_id, prefix, page)


def names(answer):
    return [item["name"] for item in answer["items"]]


def test_a_proof_tells_what_it_is_for_whom_and_until_when(world):
    on_file(world, "example.com", method="dns_txt", br_section="3.2.2.4.7")
    assert listed(world) == {
        "items": [
            {
                "name": "example.com",
                "customer_id": "c-1",
                "order_id": "ord_1",
                "method": "dns_txt",
                "br_section": "3.2.2.4.7",
                "checked_at": "2026-11-23T10:00:00Z",
                "valid_until": "2027-03-15T00:00:00Z",
            }
        ],
        "next_cursor": None,
    }


def test_a_proof_of_one_order_s_lineage_has_no_customer(world):
    on_file(world, "example.com", subscriber="lineage:ord_1")
    assert listed(world)["items"][0]["customer_id"] is None


@pytest.mark.parametrize("customer", ["lineage:ord_1", "customer:c-1", "a:b:c", " ", "☂"])
def test_a_customer_is_told_by_the_number_that_the_reseller_gave(world, customer):
    on_file(world, "example.com", subscriber=f"customer:{customer}")
    assert listed(world)["items"][0]["customer_id"] == customer


def test_proofs_of_several_customers_for_one_domain_stand_beside_each_other(world):
    on_file(world, "example.com", 1)
    on_file(world, "example.com", 2, subscriber="customer:c-2")
    assert [item["customer_id"] for item in listed(world)["items"]] == ["c-1", "c-2"]


def test_they_are_in_the_order_of_their_domains(world):
    for number, domain in enumerate(["www.example.com", "example.com", "a.example.com", "example.org"]):
        on_file(world, domain, number)
    assert names(listed(world)) == ["a.example.com", "example.com", "example.org", "www.example.com"]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", ["a.example.com", "example.com", "example.org"]),
        ("example", ["example.com", "example.org"]),
        ("example.com", ["example.com"]),
        ("a.", ["a.example.com"]),
        ("xample", []),
        ("example.com.", []),
    ],
)
def test_a_domain_is_found_by_its_beginning(world, prefix, found):
    for number, domain in enumerate(["example.com", "example.org", "a.example.com"]):
        on_file(world, domain, number)
    assert names(listed(world, prefix)) == found


@pytest.mark.parametrize(
    "text",
    ["x" * 254, "x" * 1025, "☂" * 85, "x" * 100_000],
    ids=["no name", "no key", "too many octets", "huge"],
)
def test_what_is_too_long_to_be_found_is_not_looked_up(world, text):
    """A key of a table has its limits; what exceeds them must not become an error of ours."""
    world.list_proofs = replace(world.list_proofs, domains=None)
    assert listed(world, text) == {"items": [], "next_cursor": None}


def test_a_domain_of_the_greatest_length_is_found(world):
    longest = ".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 61])
    on_file(world, longest)
    assert names(listed(world, longest)) == [longest]


def test_another_reseller_s_are_not_there(world):
    on_file(world, "example.com", reseller_id=THEM)
    assert listed(world)["items"] == []
    assert names(listed(world, reseller_id=THEM)) == ["example.com"]


@pytest.mark.parametrize(
    ("method", "days", "there"),
    [("email", 111, True), ("email", 113, False), ("dns_persist", 9, True), ("dns_persist", 11, False)],
)
def test_what_is_too_old_to_be_relied_on_is_left_out(world, method, days, there):
    on_file(world, "example.com", method=method)
    world.clock.moment = NOW + days * a_day
    assert (names(listed(world)) == ["example.com"]) is there


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_page_by_page_all_are_found_once(world, limit):
    for number in range(5):
        too_old = {"method": "dns_persist", "checked_at": NOW - 20 * a_day} if number % 2 else {}
        on_file(world, f"d{number}.example.com", number, **too_old)
    found, cursor = [], None
    while True:
        answer = listed(world, page=Page(limit, cursor))
        found += names(answer)
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert found == [f"d{number}.example.com" for number in (0, 2, 4)]


def test_a_cursor_of_another_search_is_refused(world):
    for number, domain in enumerate(["a.example.com", "b.example.com"]):
        on_file(world, domain, number)
    cursor = listed(world, page=Page(1, None))["next_cursor"]
    with pytest.raises(Malformed):
        listed(world, "b.", Page(1, cursor))
