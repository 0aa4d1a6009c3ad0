"""Published contacts: seen by enough of the network before every mail, each for the domain that names it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.kernel.errors import TryAgain
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import OrderStatus
from partner_center.validation.challenges import ChallengeStatus, Decision
from partner_center.validation.dns import CaaRecord, Dnssec, FailureKind, RecordType
from partner_center.validation.looks import RecordsLook
from partner_center.validation.perspectives import Unseen, UnseenReason
from tests.fakes.determined import NOW
from tests.fakes.perspectives import PRIMARY, REMOTES, SeenWorld
from tests.fakes.samples import ORDER, US
from tests.unit.validation.publisher import Publisher

OPS = "Ops@provider.net"
TXT = ("_validation-contactemail.example.com", RecordType.TXT)
CAA = ("example.com", RecordType.CAA)
NAMED = {"txt": (TXT, OPS.encode()), "caa": (CAA, CaaRecord(0, "contactemail", OPS.encode()))}
SHOWN = {
    "txt": f'TXT _validation-contactemail.example.com: "{OPS}"',
    "caa": f'CAA example.com: "0 contactemail {OPS}"',
}
both_sources = pytest.mark.parametrize("source", NAMED)


def chosen(source="txt", approver=OPS, domain="example.com"):
    return ChosenMethod(method=Method.EMAIL, approver_email=approver, source=source, domain=domain)


def named(source="txt", *more):
    """A zone that names the contact, among others."""
    where, record = NAMED[source]
    return SeenWorld({where: (*more, record)})


class Desk(Publisher):
    """An order for www.example.com whose approver `source` of example.com names, if the zone still does."""

    def __init__(self, source="txt", world=None):
        super().__init__(methods={"www.example.com": chosen(source)}, seen=world or named(source))

    @property
    def mails(self):
        return self.world.mail.asked


# ---- before the first mail


@both_sources
def test_a_contact_that_all_see_is_mailed_and_the_evidence_is_kept(source):
    desk = Desk(source)
    (request,) = desk.mails
    assert (request.challenge.approver_email, request.challenge.source) == (OPS, source)
    where, _ = NAMED[source]
    assert desk.perspectives.asked == [(RecordsLook(*where),)]
    assert desk.challenge.evidence["quorum"] == "6/6"
    assert [each["result"] for each in desk.challenge.evidence["perspectives"]] == ["passed"] * 6
    assert desk.challenge.sent_at == NOW


@both_sources
def test_what_every_perspective_saw_is_on_record(source):
    desk = Desk(source)
    (record,) = desk.records
    assert (record.attempt.result, record.quorum, record.reason) == ("pending", "6/6", "corroborated")
    assert record.attempt.detail == (
        "Ops@provider.net was seen as a published contact of example.com from enough places (6/6); it is asked by "
        "mail."
    )
    assert desk.challenge.attempts == (record.attempt,)
    assert record.observations[0].site == "eu-west-1"  # the primary
    for each in record.observations:
        assert (each.vote, each.dnssec, each.detail) == ("passed", "insecure", "")
        assert each.seen == (SHOWN[source],)


@both_sources
def test_the_evidence_reaches_the_proof_with_the_section_of_the_rules(source):
    desk = Desk(source)
    desk.clock.advance(hours=1)
    desk.world.approve()
    proof = desk.proof
    assert proof.br_section == {"caa": "3.2.2.4.13", "txt": "3.2.2.4.14"}[source]
    assert proof.evidence == desk.challenge.evidence
    assert (proof.checked_at, proof.completed_at) == (NOW, NOW + timedelta(hours=1))
    shown = desk.domains()["www.example.com"]["evidence"]
    assert (shown["br_section"], shown["quorum"], shown["authorization_domain"]) == (
        proof.br_section,
        "6/6",
        "example.com",
    )


def test_the_proof_is_for_the_domain_that_names_the_contact_and_not_for_its_mailbox():
    """An approver's TXT contact once validated the approver's own mail domain (2025)."""
    desk = Desk()
    desk.world.approve()
    assert (desk.proof.authorization_domain, desk.proof.by) == ("example.com", f"approver:{OPS}")
    desk.place({"provider.net": ChosenMethod(method=Method.DNS_TXT)}, order_id="ord_2")
    assert desk.domains("ord_2")["provider.net"]["status"] == "pending"


def test_a_constructed_address_needs_nobody_to_see_it():
    desk = Desk()
    desk.perspectives.asked.clear()
    approver = ChosenMethod(method=Method.EMAIL, approver_email="admin@example.net")
    desk.place({"example.net": approver}, order_id="ord_2")
    assert desk.perspectives.asked == []
    assert desk.mails[-1].challenge.approver_email == "admin@example.net"
    assert desk.mails[-1].challenge.evidence is None


def elsewhere(world, *regions):
    return lambda desk: desk.elsewhere(*regions, world=world)


def in_trouble(*regions):
    return lambda desk: desk.perspectives.trouble.update(dict.fromkeys(regions, "out_of_time"))


def unseen(*regions):
    return lambda desk: desk.perspectives.unseen.update(dict.fromkeys(regions, Unseen(UnseenReason.FAULT)))


def too_large(*regions):
    return lambda desk: desk.perspectives.unseen.update(
        dict.fromkeys(regions, Unseen(UnseenReason.TOO_LARGE))
    )


def without(*regions):
    return lambda desk: setattr(desk.perspectives, "regions", regions)


ANOTHER = SeenWorld({TXT: (b"ops@provider.net",)})
BOGUS = SeenWorld({TXT: (OPS.encode(),)}, dnssec=Dnssec.BOGUS)
TIME_OUT = SeenWorld({TXT: FailureKind.TIMEOUT})
UNREACHABLE, UNSERVED = SeenWorld({TXT: FailureKind.UNREACHABLE}), SeenWorld({TXT: FailureKind.REFUSED})


def both(*happenings):
    return lambda desk: [happening(desk) for happening in happenings]


MAILED, FAILED, AGAIN = "mailed", "failed", "looked for again"
VOTES = {
    "one remote does not see it": (elsewhere(SeenWorld(), REMOTES[0]), MAILED, "5/6", "corroborated"),
    "two remotes do not": (elsewhere(SeenWorld(), *REMOTES[:2]), FAILED, "4/6", "too_many_disagree"),
    "two see another spelling": (elsewhere(ANOTHER, *REMOTES[:2]), FAILED, "4/6", "too_many_disagree"),
    "the primary does not": (elsewhere(SeenWorld(), PRIMARY), FAILED, "5/6", "primary_refused"),
    "nobody does": (elsewhere(SeenWorld(), PRIMARY, *REMOTES), FAILED, "0/6", "primary_refused"),
    "the primary's answer is bogus": (elsewhere(BOGUS, PRIMARY), FAILED, "5/6", "primary_not_answered"),
    "the zone answers the primary nothing": (
        elsewhere(TIME_OUT, PRIMARY),
        FAILED,
        "5/6",
        "primary_not_answered",
    ),
    "one remote is in trouble": (in_trouble(REMOTES[4]), MAILED, "5/6", "corroborated"),
    "the primary's resolver is out": (elsewhere(UNREACHABLE, PRIMARY), AGAIN, "5/6", "primary_not_answered"),
    "two resolvers do not serve us": (elsewhere(UNSERVED, *REMOTES[:2]), AGAIN, "4/6", "too_many_disagree"),
    "all resolvers are out": (
        elsewhere(UNREACHABLE, PRIMARY, *REMOTES),
        AGAIN,
        "0/6",
        "primary_not_answered",
    ),
    "one resolver is out, and one remote does not see it": (
        both(elsewhere(UNREACHABLE, REMOTES[0]), elsewhere(SeenWorld(), REMOTES[1])),
        AGAIN,
        "4/6",
        "too_many_disagree",
    ),
    "the primary is in trouble": (in_trouble(PRIMARY), AGAIN, "5/6", "primary_not_answered"),
    "two remotes saw nothing": (unseen(*REMOTES[:2]), AGAIN, "4/6", "too_many_disagree"),
    "one remote got too large an answer": (too_large(REMOTES[0]), MAILED, "5/6", "corroborated"),
    "two remotes got too large an answer": (too_large(*REMOTES[:2]), FAILED, "4/6", "too_many_disagree"),
    "everybody got too large an answer": (
        too_large(PRIMARY, *REMOTES),
        FAILED,
        "0/6",
        "primary_refused",
    ),
    "the primary got too large an answer, the others are in trouble": (
        both(too_large(PRIMARY), in_trouble(*REMOTES)),
        FAILED,
        "0/6",
        "primary_refused",
    ),
    "one remote got too large an answer, one is in trouble": (
        both(too_large(REMOTES[0]), in_trouble(REMOTES[1])),
        AGAIN,
        "4/6",
        "too_many_disagree",
    ),
    "all are in trouble": (in_trouble(PRIMARY, *REMOTES), AGAIN, "0/6", "primary_not_answered"),
    "one does not see it, one is in trouble": (
        both(elsewhere(SeenWorld(), REMOTES[0]), in_trouble(REMOTES[1])),
        AGAIN,
        "4/6",
        "too_many_disagree",
    ),
    "two do not see it, the primary is in trouble": (
        both(elsewhere(SeenWorld(), *REMOTES[:2]), in_trouble(PRIMARY)),
        FAILED,
        "3/6",
        "primary_not_answered",
    ),
    "the primary does not see it, the others are in trouble": (
        both(elsewhere(SeenWorld(), PRIMARY), in_trouble(*REMOTES)),
        FAILED,
        "0/6",
        "primary_refused",
    ),
    "too few remotes are set up": (without(PRIMARY, *REMOTES[:3]), AGAIN, "4/4", "too_few_remotes"),
    "there is no perspective": (without(), AGAIN, None, "no_perspective"),
    "there is no primary": (without(*REMOTES), AGAIN, None, "no_perspective"),
}


def afresh(happening):
    """A desk whose order was not asked about yet, when `happening` is the case."""
    desk = Desk(world=SeenWorld())
    desk.world.mail.asked.clear(), desk.tables.challenges.clear(), desk.tables.attempts.clear()
    desk.tables.links.clear()
    desk.perspectives.world = named()
    happening(desk)
    return desk


@pytest.mark.parametrize(("happening", "outcome", "quorum", "reason"), VOTES.values(), ids=VOTES)
def test_a_contact_is_mailed_only_if_enough_perspectives_see_it(happening, outcome, quorum, reason):
    """Only the network's no fails it; what our own perspectives did not answer is asked again."""
    desk = afresh(happening)
    if outcome is AGAIN:
        with pytest.raises(TryAgain):
            desk.open()
    else:
        desk.open()
    assert len(desk.mails) == (outcome is MAILED)
    (record,) = desk.records
    assert (record.quorum, record.reason) == (quorum, reason)
    assert (desk.challenge.evidence or {}).get("quorum") == (quorum if outcome is MAILED else None)
    told = ChallengeStatus.FAILED if outcome is FAILED else ChallengeStatus.PENDING
    assert (desk.challenge.status, record.attempt.result) == (told, told)


def test_the_reseller_reads_that_the_answer_was_too_large():
    desk = afresh(too_large(PRIMARY, *REMOTES))
    desk.open()
    (record,) = desk.records
    assert f"the answer for TXT {TXT[0]} is too large" in record.attempt.detail
    assert "of ours" not in record.attempt.detail
    assert {each.detail for each in record.observations} == {
        f"The answer that {each.site} got is too large." for each in record.observations
    }


def test_a_contact_is_mailed_as_soon_as_enough_perspectives_are_back():
    desk = afresh(in_trouble(*REMOTES))
    for _ in range(2):
        with pytest.raises(TryAgain):
            desk.open()
        desk.clock.advance(seconds=10)
    desk.perspectives.trouble.clear()
    desk.open()
    assert len(desk.mails) == 1
    assert [each.attempt.result for each in desk.records] == ["pending"] * 3
    assert "some of ours did not answer" in desk.records[0].attempt.detail
    assert desk.challenge.evidence["attempt_id"] == desk.records[-1].attempt_id


def test_whoever_needs_no_perspective_is_asked_while_they_are_out():
    desk = afresh(in_trouble(*REMOTES))
    names = {
        "www.example.com": chosen(),
        "mail.example.com": ChosenMethod(method=Method.EMAIL, approver_email="admin@example.com"),
        "example.org": ChosenMethod(method=Method.DNS_TXT),
        "example.net": chosen(approver="ops@example.net", domain="example.net"),
    }
    with pytest.raises(TryAgain):
        desk.place(names, order_id="ord_2")
    assert [request.challenge.approver_email for request in desk.mails] == ["admin@example.com"]
    assert len(desk.world.mail.instructed) == 1
    assert len({record.challenge_id for record in desk.records}) == 2, "each contact was looked for"


def test_who_could_not_look_and_why_is_on_record():
    desk = Desk()
    in_trouble(REMOTES[0])(desk)
    unseen(REMOTES[1])(desk)
    desk.elsewhere(REMOTES[2], world=SeenWorld({TXT: FailureKind.TIMEOUT}))
    desk.clock.advance(minutes=5)
    with pytest.raises(TryAgain):
        desk.open(again=("www.example.com",))
    seen = {each.site: (each.vote, each.detail, each.seen) for each in desk.records[-1].observations}
    name, _ = TXT
    assert seen["eu-central-1"] == ("not_answered", "eu-central-1 could not look: out_of_time.", ())
    assert seen["ap-south-1"] == ("not_answered", "ap-south-1 could not look: fault.", ())
    assert seen["us-west-2"] == ("not_answered", "", (f"TXT {name}: timeout",))
    assert seen["ap-northeast-1"] == ("passed", "", (f'TXT {name}: "{OPS}"',))


# ---- a contact that is gone


def test_a_contact_that_is_gone_fails_the_challenge_and_nobody_is_mailed():
    desk = Desk(world=SeenWorld())
    assert desk.mails == []
    challenge, attempt = desk.challenge, desk.attempt
    assert (challenge.status, challenge.sent_at, challenge.decided_at) == (ChallengeStatus.FAILED, None, NOW)
    assert (attempt.at, attempt.result) == (NOW, ChallengeStatus.FAILED)
    assert {vote for _, vote in attempt.votes} == {"refused"}
    (record,) = desk.records
    assert (record.attempt, record.challenge_id) == (attempt, challenge.challenge_id)
    assert [(each.site, each.vote) for each in record.observations] == list(attempt.votes)


def test_the_reseller_reads_what_to_do_about_it():
    desk = Desk(world=SeenWorld())
    shown = desk.domains()["www.example.com"]
    assert shown["status"] == "failed"
    assert shown["attempts"][0]["detail"] == (
        "Ops@provider.net was not seen as a published contact of example.com from enough places (0/6). Publish it, "
        "then ask for the mail again; or choose another address."
    )
    assert len(shown["attempts"][0]["perspectives"]) == 6


def test_without_perspectives_the_sentence_names_no_figure():
    desk = afresh(without())
    with pytest.raises(TryAgain):
        desk.open()
    assert "from enough places (none is set up)" in desk.attempt.detail
    assert desk.attempt.votes == ()


def test_running_again_looks_for_a_failed_contact_no_more():
    desk = Desk(world=SeenWorld())
    desk.perspectives.world = named()
    desk.open()
    assert (len(desk.perspectives.asked), desk.mails) == (1, [])


def test_a_resend_after_it_was_published_asks_with_a_new_value():
    desk = Desk(world=SeenWorld())
    desk.perspectives.world = named()
    desk.clock.advance(minutes=5)
    desk.open(again=("www.example.com",))
    (request,) = desk.mails
    assert [each.status for each in desk.challenges].count(ChallengeStatus.FAILED) == 1
    live = next(each for each in desk.challenges if each.status is ChallengeStatus.PENDING)
    assert request.challenge.challenge_id == live.challenge_id
    assert live.sent_at == NOW + timedelta(minutes=5)
    desk.world.approve()
    assert desk.domains()["www.example.com"]["status"] == "valid"


# ---- before a resend


def test_a_resend_looks_again_and_mails_the_same_value_to_the_same_address():
    desk = Desk()
    desk.clock.advance(minutes=5)
    desk.open(again=("www.example.com",))
    assert len(desk.perspectives.asked) == len(desk.records) == 2
    first, second = desk.mails
    assert (first.token, first.challenge.expires_at) == (second.token, second.challenge.expires_at)
    assert (desk.challenge.sent_at, desk.challenge.resent_at) == (NOW, NOW + timedelta(minutes=5))


def test_the_proof_tells_how_the_recipient_of_the_last_mail_was_corroborated():
    desk = Desk()
    desk.elsewhere(REMOTES[0])
    desk.clock.advance(minutes=5)
    desk.open(again=("www.example.com",))
    desk.world.approve()
    first, second = desk.records
    evidence = desk.proof.evidence
    assert (first.quorum, second.quorum, evidence["quorum"]) == ("6/6", "5/6", "5/6")
    assert (evidence["attempt_id"], evidence["dnssec"]) == (second.attempt_id, "insecure")
    assert desk.domains()["www.example.com"]["evidence"]["dnssec"] == "insecure"


def test_a_contact_that_is_gone_by_then_ends_the_link_and_nobody_is_mailed():
    desk = Desk()
    desk.perspectives.world = SeenWorld()
    desk.clock.advance(minutes=5)
    desk.open(again=("www.example.com",))
    assert (len(desk.mails), desk.challenge.status) == (1, ChallengeStatus.FAILED)
    with pytest.raises(Exception, match="closed: expired"):
        desk.world.approvals.decide(desk.mails[0].token, Decision.APPROVE, "192.0.2.7", "request-9")
    assert desk.proofs == []


def test_an_approval_that_came_while_we_looked_stands():
    desk = Desk()
    desk.perspectives.world = SeenWorld()
    desk.perspectives.before = desk.world.approve
    desk.open(again=("www.example.com",))
    assert (desk.challenge.status, len(desk.mails)) == (ChallengeStatus.VALID, 1)
    assert [record.attempt.result for record in desk.records] == ["pending", "failed"]
    assert desk.domains()["www.example.com"]["status"] == "valid"


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.ISSUED])
def test_of_an_order_that_is_over_nobody_is_asked_again(status):
    desk = Desk()
    desk.tables.heads[US, ORDER] = replace(desk.world.head(), status=status)
    desk.world.ask_again(US, ORDER, ["www.example.com"])
    assert (len(desk.mails), len(desk.perspectives.asked)) == (1, 1)
