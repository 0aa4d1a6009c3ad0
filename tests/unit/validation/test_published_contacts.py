"""Who may approve, as DNS says now: the computed addresses always, published contacts as the primary sees them."""

from datetime import UTC, datetime

import pytest

from partner_center.kernel.errors import NotFound
from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.contacts import contact_looks
from partner_center.validation.dns import CaaRecord, Dnssec, FailureKind, RecordType
from partner_center.validation.perspectives import Unseen, UnseenReason
from tests.fakes.determined import MICROSECOND
from tests.fakes.perspectives import PRIMARY, REMOTES, SeenWorld
from tests.fakes.samples import ORDER, THEM, US, a_challenge, a_contract
from tests.fakes.world import World

TXT, CAA = RecordType.TXT, RecordType.CAA
ZONE = SeenWorld(
    {
        ("_validation-contactemail.example.com", TXT): (b"ops@provider.net", b"not an address"),
        ("www.example.com", CAA): (CaaRecord(0, "contactemail", b"it@provider.net"),),
        ("_validation-contactemail.example.org", TXT): (b"boss@example.org",),
    }
)

EMAIL_ENDS = datetime(2028, 3, 15, tzinfo=UTC)


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(100))
    world.put("www.example.com", "*.example.com", "example.org")
    world.perspectives.world = ZONE
    return world


def published(approvers):
    return [
        (each.address, each.source, each.authorization_domain)
        for each in approvers
        if each.source != "constructed"
    ]


def read(world, name, order_id=ORDER, reseller_id=US):
    return world.read_approvers(reseller_id, order_id, name, {})["items"]


# ---- the look-up


def test_published_contacts_stand_beside_the_computed_addresses_nearest_first(world):
    (approvers,) = world.contacts.of(["www.example.com"]).values()
    assert published(approvers) == [
        ("it@provider.net", "caa", "www.example.com"),
        ("ops@provider.net", "txt", "example.com"),
    ]
    assert len(approvers) == 12


def test_each_name_has_its_own(world):
    found = world.contacts.of(["*.example.com", "example.org"])
    assert {name: published(approvers) for name, approvers in found.items()} == {
        "*.example.com": [("ops@provider.net", "txt", "example.com")],
        "example.org": [("boss@example.org", "txt", "example.org")],
    }


def test_all_names_are_looked_up_in_one_question_as_far_as_it_holds_them(world):
    world.contacts.of(["www.example.com", "example.org"])
    (question,) = world.perspectives.asked
    assert question == (*contact_looks("www.example.com"), *contact_looks("example.org"))
    world.perspectives.asked.clear()
    world.contacts.of([f"a.b.c.d{number}.example.com" for number in range(20)])
    assert [len(question) for question in world.perspectives.asked] == [100, 100]


def test_it_is_the_primary_that_decides_what_is_offered(world):
    """Whether enough others see it is asked before the mail goes out."""
    world.perspectives.others = {PRIMARY: SeenWorld()}
    assert published(world.contacts.of(["example.org"])["example.org"]) == []
    world.perspectives.others = dict.fromkeys(REMOTES, SeenWorld())
    assert len(published(world.contacts.of(["example.org"])["example.org"])) == 1


BLIND = {
    "no perspective": {"regions": ()},
    "no primary": {"regions": tuple(REMOTES)},
    "a primary in trouble": {"trouble": {PRIMARY: "out_of_time"}},
    "a primary that saw nothing": {"unseen": {PRIMARY: Unseen(UnseenReason.FAULT)}},
    "bogus answers": {"world": SeenWorld(ZONE.records, dnssec=Dnssec.BOGUS)},
}


@pytest.mark.parametrize("changes", BLIND.values(), ids=BLIND)
def test_without_a_sight_of_dns_there_are_the_computed_addresses(world, changes):
    for name, value in changes.items():
        setattr(world.perspectives, name, value)
    (approvers,) = world.contacts.of(["www.example.com"]).values()
    assert [each.source for each in approvers] == ["constructed"] * 10


def test_one_look_up_that_fails_hides_its_own_contacts_only(world):
    failing = SeenWorld(ZONE.records | {("www.example.com", CAA): FailureKind.SERVFAIL})
    world.perspectives.world = failing
    (approvers,) = world.contacts.of(["www.example.com"]).values()
    assert published(approvers) == [("ops@provider.net", "txt", "example.com")]


def test_no_names_are_nobody_s(world):
    assert world.contacts.of([]) == {}
    assert world.perspectives.asked == []


# ---- as the reseller reads it


def test_the_list_names_address_source_and_the_domain_it_speaks_for(world):
    items = read(world, "example.org")
    assert items[0] == {
        "approver_email": "admin@example.org",
        "source": "constructed",
        "authorization_domain": "example.org",
    }
    assert items[-1] == {
        "approver_email": "boss@example.org",
        "source": "txt",
        "authorization_domain": "example.org",
    }
    assert len(items) == 6
    assert world.read_approvers(US, ORDER, "example.org", {})["next_cursor"] is None


def test_a_wildcard_is_a_name_of_the_order_like_any_other(world):
    assert len(read(world, "*.example.com")) == 6


@pytest.mark.parametrize(
    ("reseller_id", "order_id", "name"),
    [
        (US, "ord_9", "example.org"),
        (THEM, ORDER, "example.org"),
        (US, ORDER, "example.net"),
        (US, ORDER, "example.com"),
        (US, ORDER, "EXAMPLE.ORG"),
        (US, ORDER, ""),
    ],
)
def test_for_an_unknown_order_or_name_nothing_is_looked_up(world, reseller_id, order_id, name):
    with pytest.raises(NotFound):
        read(world, name, order_id, reseller_id)
    assert world.perspectives.asked == []


def test_who_declined_the_order_is_offered_for_none_of_its_names(world):
    challenges = world.tables.challenges
    for number, address in enumerate(("OPS@provider.net", "admin@example.com")):
        declined = a_challenge(
            challenge_id=f"chl_{number}", approver_email=address, status=ChallengeStatus.DECLINED
        )
        challenges[US, ORDER, declined.challenge_id] = declined
    offered = {each["approver_email"] for each in read(world, "www.example.com")}
    assert "it@provider.net" in offered
    assert offered.isdisjoint({"ops@provider.net", "admin@example.com"})
    assert {each["approver_email"] for each in read(world, "example.org")} >= {"admin@example.org"}


@pytest.mark.parametrize(
    ("moment", "offered"),
    [(EMAIL_ENDS - MICROSECOND, 6), (EMAIL_ENDS, 0)],
    ids=["the last microsecond of e-mail", "the day it ends"],
)
def test_nobody_is_offered_once_no_mail_proves_anything(world, moment, offered):
    """Choosing one would be refused; an unknown name is told as ever."""
    world.clock.moment = moment
    assert len(read(world, "example.org")) == offered
    assert len(world.perspectives.asked) == (1 if offered else 0)
    with pytest.raises(NotFound):
        read(world, "example.net")


def test_a_request_waits_for_the_network_for_a_while_only(world):
    read(world, "www.example.com")
    assert world.perspectives.allowed == [15.0]
