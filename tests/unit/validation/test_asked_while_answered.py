"""What an approver answers while his mail is being made anew, and one address that is published in two ways."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.validation.challenges import VALUE_LIFETIME, ChallengeStatus, Decision
from partner_center.validation.dns import CaaRecord, RecordType
from tests.fakes.perspectives import SeenWorld
from tests.fakes.posted import a_body, a_call, a_principal
from tests.fakes.samples import ORDER, US, a_contract
from tests.fakes.world import World

NAME = "www.example.com"
RESEND = a_call(path=f"/v1/orders/{ORDER}/domains/{NAME}/resend")


class Between:
    """The challenges; before their `method` is called something happens, once."""

    def __init__(self, challenges, method, happens):
        self._challenges, self._method, self._happens = challenges, method, happens

    def __getattr__(self, name):
        if name == self._method and self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return getattr(self._challenges, name)


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(1000))
    return world


def resent_while(world, decision):
    """Half an hour before the link ends its mail is asked for again, and the approver answers at that moment."""
    world.put()
    world.ask()
    world.clock.advance(seconds=(VALUE_LIFETIME - timedelta(minutes=30)).total_seconds())
    happens = Between(world.stores.challenges, "end", lambda: world.approve(0, decision))
    opening = replace(world.open_validation, challenges=happens)
    world.ask_again = replace(world.ask_again, open_validation=opening)
    world.resend(a_principal(), RESEND, ORDER, NAME)


def status(world):
    (domain,) = world.reading.domains(US, ORDER, {})["items"]
    return domain["status"]


@pytest.mark.parametrize("decision", list(Decision))
def test_who_answers_while_his_mail_is_made_anew_is_not_asked_again(world, decision):
    resent_while(world, decision)
    assert len(world.mail.asked) == 1
    assert status(world) == {Decision.APPROVE: "valid", Decision.DECLINE: "declined"}[decision]


def test_a_no_stands_though_a_later_mail_was_answered_with_yes(world):
    """As it was made before a no ended the asking."""
    world.put()
    world.ask()
    world.clock.advance(seconds=VALUE_LIFETIME.total_seconds())
    world.resend(a_principal(), RESEND, ORDER, NAME)
    first = world.mail.asked[0].challenge
    key = (US, ORDER, first.challenge_id)
    world.tables.challenges[key] = replace(world.tables.challenges[key], status=ChallengeStatus.DECLINED)
    world.approve(1)
    assert status(world) == "declined"


OPS, ZONE, OTHER = "ops@provider.net", "example.com", "shop.example.com"
TXT = {(f"_validation-contactemail.{ZONE}", RecordType.TXT): (OPS.encode(),)}
CAA = {(ZONE, RecordType.CAA): (CaaRecord(0, "contactemail", OPS.encode()),)}


def test_an_address_that_two_records_publish_is_asked_for_each_and_shown_its_names(world):
    """Of the first name it was chosen while TXT alone named it, of the other once CAA did as well."""
    world.perspectives.world = SeenWorld(dict(TXT))
    by_ops = {"method": "email", "approver_email": OPS}
    order = world.posted(a_body(NAME, domain_control={"method": "dns_txt", "names": {NAME: by_ops}}))
    order_id = order.head.order_id
    world.perspectives.world = SeenWorld(TXT | CAA)
    world.amend({"additional_domains": [OTHER], "domain_control": {"names": {OTHER: by_ops}}}, order_id)
    chosen = world.order(order_id).content.methods
    assert {name: each.source for name, each in chosen.items()} == {NAME: "txt", OTHER: "caa"}
    world.ask(order_id)
    assert len(world.mail.tokens) == len(set(world.mail.tokens)) == 2
    shown = [set(each.challenge.names) for each in world.mail.asked]
    assert shown == [{NAME}, {OTHER}]
