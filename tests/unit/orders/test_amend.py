"""Amending a pending order: what changes, what stays proven, what is asked anew, and what is refused."""

from dataclasses import replace

import pytest

from partner_center.kernel.errors import ContentRefused
from partner_center.orders.fulfil import WaitStep, Woken
from partner_center.orders.order import PATIENCE, Review
from partner_center.orders.page import Page
from partner_center.validation.approve import ApprovalClosed, WhyClosed
from partner_center.validation.challenges import ChallengeStatus, Decision
from partner_center.validation.standing import read_standing
from tests.fakes.determined import NOW
from tests.fakes.posted import a_body, a_csr, spki_of
from tests.fakes.samples import APPROVER, US, a_contract
from tests.fakes.world import World

ORG = "admin@example.org"
TYPO = "wwww.example.org"
MENDED = "www.example.org"


def asking(**names):
    """The admin of example.com for all, but for the names given."""
    own = {name: {"method": "email", "approver_email": address} for name, address in names.items()}
    return {"method": "email", "approver_email": APPROVER} | ({"names": own} if own else {})


def two_domains(**more):
    """www.example.com, and a name of example.org with a letter too many."""
    return a_body("www.example.com", additional_domains=[TYPO], domain_control=asking(**{TYPO: ORG}), **more)


MEND = {
    "additional_domains": [MENDED],
    "domain_control": {"names": {TYPO: None, **asking(**{MENDED: ORG})["names"]}},
}


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(20))
    return world


@pytest.fixture
def order_id(world):
    """An order for two domains; both approvers have their mail."""
    order_id = world.post(two_domains()).head.order_id
    assert world.ask(order_id) == [APPROVER, ORG]
    world.clock.advance(days=1)
    return order_id


def statuses(world, order_id):
    order, moment = world.order(order_id), world.clock.moment
    found = read_standing(world.stores.challenges, order, moment)
    return {each.name: each.status_at(moment) for each in found.names}


def why_closed(world, number):
    with pytest.raises(ApprovalClosed) as closed:
        world.approvals.look(world.mail.tokens[number])
    return closed.value.why


def refusal(world, patch, order_id):
    """Code and field of each problem; and nothing was written."""
    before = repr(world.tables)
    with pytest.raises(ContentRefused) as refused:
        world.amend(patch, order_id)
    assert repr(world.tables) == before
    return [(problem.code, problem.field) for problem in refused.value.problems]


# ---- what is written


def test_a_typo_in_a_name_is_mended(world, order_id):
    before = world.order(order_id)
    after = world.amend(MEND, order_id)
    assert after.content.names == ("www.example.com", MENDED)
    assert after.content.methods[MENDED].approver_email == ORG
    assert after.head == replace(
        before.head,
        revision=2,
        round=2,
        review=Review.DUE,
        review_since=None,
        revised_at=world.clock.moment,
        updated_at=world.clock.moment,
        version=before.head.version + 1,
    )
    assert world.stores.orders.content(US, order_id, 1) == before.content


def test_outbox_and_audit_tell_who_changed_what(world, order_id):
    world.amend(MEND, order_id)
    event = list(world.tables.events.values())[-1]
    record = list(world.tables.audit.values())[-1]
    assert (event.type, event.correlation_id) == ("order.amended", "request-2")
    assert dict(event.data) == {"reseller_id": US, "order_id": order_id, "attempt": 1, "revision": 2}
    assert (record.action, record.actor, record.at) == ("order.amended", "key:key_1", world.clock.moment)
    assert {name: value for name, value in record.facts.items() if value is not None} == {
        "revision": 2,
        "names": f"www.example.com {MENDED}",
    }


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ({"csr": a_csr("www.example.com", key=2)}, "spki_sha256"),
        ({"additional_domains": [TYPO, "a.example.com"]}, "names"),
        ({"additional_domains": [TYPO, "a.example.com"]}, "units"),
    ],
    ids=["the key", "the names", "the units"],
)
def test_the_audit_keeps_what_a_certificate_depends_on(world, order_id, patch, told):
    world.amend(patch, order_id)
    assert list(world.tables.audit.values())[-1].facts[told] is not None


def test_the_accepted_agreement_stays_the_one_that_was_accepted(world, order_id):
    """Another text may be in force by now; the acceptance is recorded and cannot be altered."""
    order = world.order(order_id)
    older = replace(order.content.agreement, version="2019-01-01", sha256="ef" * 32, key_id="key_7")
    content = replace(order.content, agreement=older)
    del world.tables.contents[US, order_id, 1]
    world.stores.orders.write_content(order.head, content)
    assert world.amend(MEND, order_id).content.agreement == older


def test_what_the_patch_does_not_name_stays(world):
    order_id = world.post(
        two_domains(
            lifecycle={"auto_reissue": True}, note="Zimmer 4 ☂", customer_id="c-1", partner_order_id="PO-1"
        )
    ).head.order_id
    before = world.order(order_id)
    after = world.amend({"contacts": {"technical": {"phone": "+31 10 765 4321"}}}, order_id)
    technical = replace(before.content.contacts.technical, phone="+31 10 765 4321")
    assert after.content == replace(
        before.content, contacts=replace(before.content.contacts, technical=technical)
    )
    assert (after.head.customer_id, after.head.partner_order_id) == ("c-1", "PO-1")
    assert after.head.subscriber == "customer:c-1"


def test_null_takes_away_what_may_be_absent(world):
    order_id = world.post(
        two_domains(common_name="www.example.com", lifecycle={"auto_reissue": True}, note="x")
    ).head.order_id
    patch = {"common_name": None, "additional_domains": None, "lifecycle": None, "note": None}
    after = world.amend(patch | {"domain_control": {"names": None}}, order_id).content
    assert (after.given.common_name, after.given.additional_domains) == (None, ())
    assert (after.lifecycle, after.note, after.names) == (None, None, ("www.example.com",))
    assert after.given.domain_control == asking()


def test_another_key_is_known_from_now_on_and_the_former_one_still(world, order_id):
    after = world.amend({"csr": a_csr("www.example.com", key=2)}, order_id)
    assert after.content.spki_der == spki_of(2).hex()
    rows = {(order, revision) for _, _, order, revision in world.tables.known_keys}
    assert rows == {(order_id, 1), (order_id, 2)}
    world.amend({"csr": a_csr("www.example.com")}, order_id)
    keys = [spki for spki, *_ in sorted(world.tables.known_keys, key=lambda row: row[-1])]
    assert keys == [keys[0], after.content.spki_sha256, keys[0]]


def test_the_same_key_needs_no_row(world, order_id):
    world.amend(MEND, order_id)
    assert {revision for *_, revision in world.tables.known_keys} == {1}


def test_an_order_is_found_by_its_present_common_name(world):
    order_id = world.post(a_body("wwww.example.com", domain_control=asking())).head.order_id
    patch = {"csr": a_csr("www.example.com", key=2)}
    assert world.amend(patch, order_id).head.common_name == "www.example.com"

    def found(prefix):
        return [each["common_name"] for each in world.reading.search(US, {"common_name": prefix})["items"]]

    assert found("wwww") == []
    assert found("") == found("www.") == ["www.example.com"]
    world.amend({"csr": a_csr("wwww.example.com")}, order_id)  # and back
    assert (found(""), found("www.")) == (["wwww.example.com"], [])


# ---- what is proven stays, what is open ends, only what is new is asked


def test_a_proven_name_stays_proven_and_only_the_new_name_is_asked(world, order_id):
    world.approve(0)
    world.amend(MEND, order_id)
    assert statuses(world, order_id) == {"www.example.com": "valid", MENDED: "pending"}
    assert world.ask(order_id) == [ORG]
    assert world.mail.asked[-1].challenge.names == (MENDED,)
    world.approve()
    assert set(statuses(world, order_id).values()) == {ChallengeStatus.VALID}


def test_open_links_end_and_answered_ones_stay_used(world, order_id):
    world.approve(0)
    world.amend(MEND, order_id)
    assert why_closed(world, 0) is WhyClosed.USED
    assert why_closed(world, 1) is WhyClosed.CANCELLED
    world.ask(order_id)
    assert world.approvals.look(world.mail.tokens[2]).challenge.names == (MENDED,)


def test_nobody_is_asked_while_the_amended_order_is_not_screened(world, order_id):
    world.amend(MEND, order_id)
    world.await_domains(US, order_id, 1, "token-1")
    assert len(world.mail.asked) == 2
    assert world.machine.answers == {"token-1": Woken.AMENDED}


def test_another_approver_for_one_name_leaves_the_other_link_open(world, order_id):
    world.amend({"domain_control": {"names": {TYPO: {"approver_email": "webmaster@example.org"}}}}, order_id)
    assert world.ask(order_id) == ["webmaster@example.org"]
    assert world.approvals.look(world.mail.tokens[0]).challenge.names == ("www.example.com",)
    assert why_closed(world, 1) is WhyClosed.CANCELLED


def by_address(a, b):
    return {
        "method": "email",
        "approver_email": f"{a}@example.com",
        "names": {"b.example.com": {"method": "email", "approver_email": f"{b}@example.com"}},
    }


def test_an_address_that_shall_approve_more_than_it_was_shown_is_asked_anew(world):
    body = a_body("a.example.com", "b.example.com", domain_control=by_address("admin", "hostmaster"))
    order_id = world.post(body).head.order_id
    world.ask(order_id)
    world.amend({"domain_control": {"names": None}}, order_id)
    assert why_closed(world, 0) is WhyClosed.CANCELLED
    assert world.ask(order_id) == [APPROVER]
    assert world.mail.asked[-1].challenge.names == ("a.example.com", "b.example.com")


def test_an_address_that_is_chosen_again_is_asked_again(world, order_id):
    """Its first link ended when another was chosen; it does not come to life, old as it may be by now."""
    own = {TYPO: {"approver_email": "webmaster@example.org"}}
    world.amend({"domain_control": {"names": own}}, order_id)
    assert world.ask(order_id) == ["webmaster@example.org"]
    world.clock.advance(days=29)
    world.amend({"domain_control": {"names": {TYPO: {"approver_email": ORG}}}}, order_id)
    assert [why_closed(world, number) for number in range(3)] == [WhyClosed.CANCELLED] * 3
    assert world.ask(order_id) == [APPROVER, ORG]


@pytest.mark.parametrize(
    "patch",
    [
        {"contacts": {"technical": {"phone": "+31 10 765 4321"}}},
        {"contacts": {"technical": {"title": "CTO"}}},
        {
            "contacts": {
                "organization": {
                    "first_name": "A",
                    "last_name": "B",
                    "email": "a@example.com",
                    "phone": "123456",
                }
            }
        },
        {"note": "x"},
        {"lifecycle": {"auto_reissue": True}},
        {"common_name": "www.example.com"},
    ],
    ids=["telephone", "title", "organization contact", "note", "life cycle", "the common name in words"],
)
def test_what_no_approver_is_shown_asks_nobody_again(world, order_id, patch):
    world.amend(patch, order_id)
    assert world.ask(order_id) == []
    for number in (0, 1):
        world.approve(number)
    assert set(statuses(world, order_id).values()) == {ChallengeStatus.VALID}


ASKED_ANEW = {
    "another key": {"csr": a_csr("www.example.com", key=2)},
    "another requester": {"contacts": {"technical": {"last_name": "Ek"}}},
    "another address of the requester": {"contacts": {"technical": {"email": "eva@example.com"}}},
    "a name more": {"additional_domains": [TYPO, "a.example.com"]},
    "an organization": {
        "organization": {
            "name": "Lindqvist AB",
            "street": "1",
            "locality": "Lund",
            "postal_code": "1",
            "country": "SE",
        }
    },
}


@pytest.mark.parametrize("patch", ASKED_ANEW.values(), ids=ASKED_ANEW.keys())
def test_what_an_approver_was_shown_is_asked_anew_of_those_who_have_not_answered(world, order_id, patch):
    world.approve(0)
    world.amend(patch, order_id)
    assert why_closed(world, 1) is WhyClosed.CANCELLED
    assert world.ask(order_id) == [ORG]
    world.approve()
    assert set(statuses(world, order_id).values()) == {ChallengeStatus.VALID}


def test_a_name_that_goes_takes_its_open_question_with_it(world, order_id):
    world.approve(0)
    world.amend({"additional_domains": []}, order_id)
    assert statuses(world, order_id) == {"www.example.com": "valid"}
    assert why_closed(world, 1) is WhyClosed.CANCELLED
    assert world.ask(order_id) == []


@pytest.mark.parametrize(("customer_id", "asked"), [("c-1", []), ("c-2", [ORG]), (None, [ORG])])
def test_a_name_that_the_same_customer_proved_before_is_asked_of_nobody(world, customer_id, asked):
    earlier = world.post(
        a_body(MENDED, domain_control=asking(**{MENDED: ORG}), customer_id="c-1")
    ).head.order_id
    world.ask(earlier)
    world.approve()
    order_id = world.post(two_domains(**({"customer_id": customer_id} if customer_id else {}))).head.order_id
    world.ask(order_id)
    world.approve(1)
    world.amend(MEND, order_id)
    assert world.ask(order_id) == asked


def test_the_time_in_which_it_must_be_proven_begins_again(world, order_id):
    world.amend(MEND, order_id)
    assert world.reading.order(US, order_id)["pending_until"] == _text(world.clock.moment + PATIENCE)


def test_a_note_gives_no_more_time(world, order_id):
    world.amend({"note": "x"}, order_id)
    assert world.reading.order(US, order_id)["pending_until"] == _text(NOW + PATIENCE)


def _text(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


# ---- an approver who declined


@pytest.fixture
def declined(world, order_id):
    """The order whose second approver said no."""
    world.approve(0)
    world.approve(1, Decision.DECLINE)
    return order_id


def test_another_name_is_not_asked_of_who_declined(world, declined):
    assert refusal(world, MEND, declined) == [
        ("approver_not_allowed", f"/domain_control/names/{MENDED}/approver_email")
    ]


@pytest.mark.parametrize("address", [ORG.upper(), "Admin@example.org"])
def test_nor_under_another_spelling(world, declined, address):
    patch = {
        "additional_domains": [MENDED],
        "domain_control": {"names": asking(**{MENDED: address})["names"]},
    }
    assert ("approver_not_allowed", f"/domain_control/names/{MENDED}/approver_email") in refusal(
        world, patch, declined
    )


EXPLICIT = {
    "its own name": {"names": {TYPO: {"method": "email", "approver_email": ORG}}},
    "its own name, spelt otherwise": {"names": {TYPO: {"method": "email", "approver_email": ORG.upper()}}},
    "its address alone": {"names": {TYPO: {"approver_email": ORG}}},
    "all names": {"method": "email", "approver_email": ORG, "names": None},
}


@pytest.mark.parametrize("control", EXPLICIT.values(), ids=EXPLICIT)
def test_who_declined_is_not_chosen_anew_even_where_it_stood_before(world, declined, control):
    assert "approver_not_allowed" in {
        code for code, _ in refusal(world, {"domain_control": control}, declined)
    }
    assert statuses(world, declined)[TYPO] == "declined"


def test_a_choice_that_stands_is_left_when_another_name_gets_another(world, declined):
    control = {"names": {"www.example.com": {"method": "dns_txt", "approver_email": None}}}
    assert world.amend({"domain_control": control}, declined).content.methods[TYPO].approver_email == ORG


def test_another_address_may_be_asked(world, declined):
    patch = {"domain_control": {"names": asking(**{TYPO: "webmaster@example.org"})["names"]}}
    world.amend(patch, declined)
    assert statuses(world, declined) == {"www.example.com": "valid", TYPO: "pending"}
    assert world.ask(declined) == ["webmaster@example.org"]


def test_what_stands_since_before_the_refusal_hinders_no_other_change(world, declined):
    world.amend({"additional_domains": [TYPO, "a.example.com"]}, declined)
    assert statuses(world, declined)[TYPO] == "declined"
    assert world.ask(declined) == []  # and is not asked again, in whichever round
    messages, _ = world.stores.orders.messages(US, declined, Page(50, None))
    assert len(messages) == 1


def test_without_the_declined_name_the_order_goes_on(world, declined):
    world.amend({"additional_domains": []}, declined)
    assert world.ask(declined) == []
    assert statuses(world, declined) == {"www.example.com": "valid"}


# ---- methods of names that are gone


def test_the_choice_for_a_name_goes_with_the_name(world, order_id):
    """The reseller left it out of one patch only; later patches that do not mention it are not refused for it."""
    after = world.amend({"additional_domains": []}, order_id)
    assert after.content.given.domain_control == asking()
    again = world.amend({"contacts": {"organization": None}, "common_name": "www.example.com"}, order_id)
    assert again.head.revision == 3


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        ({TYPO: {"method": "email", "approver_email": ORG}}, []),
        (
            {"a.example.com": {"method": "email", "approver_email": APPROVER}},
            ["/domain_control/names/a.example.com"],
        ),
        ({"a~/b": {"method": "email", "approver_email": APPROVER}}, ["/domain_control/names/a~0~1b"]),
    ],
    ids=["of the order before", "of no content of the order", "of no name at all"],
)
def test_a_choice_may_be_left_for_a_name_that_this_patch_removes_and_for_no_other(
    world, order_id, names, refused
):
    patch = {"additional_domains": [], "domain_control": {"names": names}}
    if not refused:
        assert world.amend(patch, order_id).content.names == ("www.example.com",)
    else:
        assert refusal(world, patch, order_id) == [("name_not_in_order", field) for field in refused]


# ---- the machine


@pytest.mark.parametrize("step", WaitStep)
def test_whatever_the_machine_waits_for_it_begins_again(world, order_id, step):
    world.relay()
    world.stores.waits.arm(US, order_id, step, "token-1", 1)
    world.amend(MEND, order_id)
    assert world.machine.answers == {}  # only the relay wakes
    world.relay()
    assert world.machine.answers == {"token-1": Woken.AMENDED}


@pytest.mark.parametrize("step", WaitStep)
def test_a_note_wakes_nobody(world, order_id, step):
    world.relay()
    world.stores.waits.arm(US, order_id, step, "token-1", 1)
    world.amend({"note": "x"}, order_id)
    world.relay()
    assert world.machine.answers == {}


def test_an_event_that_comes_late_wakes_nobody(world, order_id):
    world.relay()
    world.amend(MEND, order_id)
    world.ask(order_id)
    world.stores.waits.arm(US, order_id, WaitStep.DOMAINS, "token-2", 1)
    world.relay()
    assert world.machine.answers == {}


def test_what_held_the_order_back_is_looked_at_again(world, order_id):
    held = replace(world.head(order_id), held_back="caa: forbidden")
    world.tables.heads[US, order_id] = held
    assert world.amend({"note": "x"}, order_id).head.held_back == "caa: forbidden"
    world.stores.waits.arm(US, order_id, WaitStep.HELD_BACK, "token-1", 1)
    assert world.amend(MEND, order_id).head.held_back is None
    world.relay()
    assert world.machine.answers == {"token-1": Woken.AMENDED}
