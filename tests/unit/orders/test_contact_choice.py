"""An approver whom nobody computed: DNS is asked once, for those names only, and what it says decides."""

import pytest

from partner_center.kernel.errors import ContentRefused
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.ports import load
from partner_center.validation.challenges import ChallengeStatus, Decision
from partner_center.validation.contacts import contact_looks
from partner_center.validation.dns import CaaRecord, FailureKind, RecordType
from tests.fakes.determined import NOW
from tests.fakes.perspectives import PRIMARY, SeenWorld
from tests.fakes.posted import a_body, a_principal, with_
from tests.fakes.samples import APPROVER, US, a_contract
from tests.fakes.world import World

OPS = "Ops@provider.net"
TXT, CAA = RecordType.TXT, RecordType.CAA
NAMED_BY_TXT = {("_validation-contactemail.example.com", TXT): (OPS.encode(),)}
NAMED_BY_CAA = {("www.example.com", CAA): (CaaRecord(0, "contactemail", OPS.encode()),)}
REFUSED = [("approver_not_allowed", "/domain_control/approver_email")]


def by_mail(approver, **names):
    return {"method": "email", "approver_email": approver, **({"names": names} if names else {})}


def asking(*names, approver=OPS, **changes):
    return a_body(*names, domain_control=by_mail(approver), **changes)


@pytest.fixture
def world():
    world = World()
    world.stores.grant(a_contract(1000))
    world.perspectives.world = SeenWorld(dict(NAMED_BY_TXT))
    return world


def chosen(world, order, name="www.example.com"):
    return load(world.stores.orders, US, order.head.order_id).content.methods[name]


def problems(refused):
    return [(each.code, each.field) for each in refused.value.problems]


def looked_up(world):
    return [look for question in world.perspectives.asked for look in question]


def test_what_was_not_looked_up_for_its_number_is_not_said_to_be_unpublished(world):
    """Of a request with many such names the first twenty are looked up, while the reseller waits."""
    names = [f"h{number}.example.com" for number in range(22)]
    with pytest.raises(ContentRefused) as refused:
        world.post(asking(*names))
    left_out = [(each.code, each.name) for each in refused.value.problems]
    assert left_out == [("contacts_not_looked_up", name) for name in names[20:]]
    assert all("first 20 names" in each.detail for each in refused.value.problems)


def test_whom_nobody_names_is_refused_as_ever_beside_those_that_were_left_out(world):
    world.perspectives.world = SeenWorld()
    with pytest.raises(ContentRefused) as refused:
        world.post(asking(*(f"h{number}.example.com" for number in range(21))))
    codes = [each.code for each in refused.value.problems]
    assert codes == ["approver_not_allowed"] * 20 + ["contacts_not_looked_up"]


# ---- posting


@pytest.mark.parametrize(
    ("records", "source", "domain"),
    [(NAMED_BY_TXT, "txt", "example.com"), (NAMED_BY_CAA, "caa", "www.example.com")],
    ids=["txt", "caa"],
)
def test_a_published_contact_is_accepted_with_its_source_and_its_domain(world, records, source, domain):
    world.perspectives.world = SeenWorld(dict(records))
    order = world.post(asking())
    assert chosen(world, order) == ChosenMethod(
        method=Method.EMAIL, approver_email=OPS, source=source, domain=domain
    )
    assert world.perspectives.asked == [contact_looks("www.example.com")]


def test_the_spelling_is_that_of_dns_and_never_that_of_the_request(world):
    assert chosen(world, world.post(asking(approver="oPS@PROVIDER.net"))).approver_email == OPS


def test_the_mail_goes_to_the_published_contact(world):
    order = world.posted(asking())
    world.await_domains(US, order.head.order_id, 1, "token-1")
    assert [request.challenge.approver_email for request in world.mail.asked] == [OPS]


@pytest.mark.parametrize("names", [(), ("www.example.com", "example.com", "a.b.example.com")])
def test_computed_addresses_need_no_look_up(world, names):
    world.post(asking(*names, approver="WebMaster@example.com"))
    assert world.perspectives.asked == []


@pytest.mark.parametrize("method", ["dns_txt", "dns_cname", "http_file", "dns_persist"])
def test_other_methods_need_no_look_up(world, method):
    world.post(a_body(domain_control={"method": method}))
    assert world.perspectives.asked == []


def test_only_the_names_whose_approver_is_unknown_are_looked_up(world):
    control = by_mail(APPROVER, **{"www.example.com": by_mail(OPS)})
    world.post(a_body("example.com", "www.example.com", "a.example.com", domain_control=control))
    assert looked_up(world) == list(contact_looks("www.example.com"))


NOWHERE = {
    "nobody is named": SeenWorld(),
    "another is": SeenWorld({("_validation-contactemail.example.com", TXT): (b"ops@elsewhere.net",)}),
    "it is named below": SeenWorld({("_validation-contactemail.a.www.example.com", TXT): (OPS.encode(),)}),
    "it is named for another domain": SeenWorld(
        {("_validation-contactemail.example.org", TXT): (OPS.encode(),)}
    ),
    "its own domain names it": SeenWorld({("_validation-contactemail.provider.net", TXT): (OPS.encode(),)}),
    "the look-up fails": SeenWorld({("_validation-contactemail.example.com", TXT): FailureKind.SERVFAIL}),
}


@pytest.mark.parametrize("seen", NOWHERE.values(), ids=NOWHERE)
def test_who_is_not_named_may_not_approve(world, seen):
    world.perspectives.world = seen
    with pytest.raises(ContentRefused) as refused:
        world.post(asking())
    assert problems(refused) == REFUSED
    assert world.tables.heads == {}
    assert len(world.perspectives.asked) == 1


@pytest.mark.parametrize(
    "trouble", [{"regions": ()}, {"trouble": {PRIMARY: "out_of_time"}}], ids=["none", "trouble"]
)
def test_without_a_sight_of_dns_a_published_contact_is_refused(world, trouble):
    for name, value in trouble.items():
        setattr(world.perspectives, name, value)
    with pytest.raises(ContentRefused) as refused:
        world.post(asking())
    assert problems(refused) == REFUSED


HOSTILE = [
    "",
    "@",
    "x" * 5000 + "@provider.net",
    "ops@provider.net\r\nBcc: all@provider.net",
    "öps@provider.net",
    '"ops"@provider.net',
    "ops@[192.0.2.1]",
    "\u212aops@provider.net",
]


@pytest.mark.parametrize("approver", HOSTILE)
def test_what_is_no_address_is_a_problem_and_no_fault(world, approver):
    with pytest.raises(ContentRefused) as refused:
        world.post(asking(approver=approver))
    assert {each.field for each in refused.value.problems} == {"/domain_control/approver_email"}


@pytest.mark.parametrize(("count", "accepted"), [(20, True), (21, False)])
def test_for_one_request_twenty_names_are_looked_up_at_most(world, count, accepted):
    names = [f"n{number}.example.com" for number in range(count)]
    if accepted:
        assert len(world.post(asking(*names)).content.methods) == count
    else:
        with pytest.raises(ContentRefused) as refused:
            world.post(asking(*names))
        assert [each.name for each in refused.value.problems] == ["n20.example.com"]
    assert {look.name for look in looked_up(world)} >= {f"n{number}.example.com" for number in range(20)}
    assert "n20.example.com" not in {look.name for look in looked_up(world)}


def test_validating_looks_as_posting_does_and_stores_nothing(world):
    examination = world.examine(a_principal(), "request-1", asking(), NOW)
    assert (examination.problems, examination.accepted is not None) == ((), True)
    assert (len(world.perspectives.asked), world.tables.heads) == (1, {})


def test_every_other_problem_is_told_beside_it(world):
    world.perspectives.world = SeenWorld()
    with pytest.raises(ContentRefused) as refused:
        world.post(with_(asking(product="unknown"), ["term_days"], "one"))
    assert "unknown_product" in {each.code for each in refused.value.problems}


# ---- amending


def amended(world, order, **patch):
    world.amend_order(a_principal(), "request-2", order.head.order_id, patch)
    return load(world.stores.orders, US, order.head.order_id)


@pytest.fixture
def placed(world):
    order = world.posted(a_body("www.example.com", "example.com"))
    world.await_domains(US, order.head.order_id, 1, "token-1")
    world.perspectives.asked.clear()
    return order


def test_an_amendment_may_choose_a_published_contact(world, placed):
    changed = amended(world, placed, domain_control={"names": {"www.example.com": by_mail(OPS)}})
    assert chosen(world, changed) == ChosenMethod(
        method=Method.EMAIL, approver_email=OPS, source="txt", domain="example.com"
    )
    assert looked_up(world) == list(contact_looks("www.example.com"))


def test_an_amendment_to_whom_nobody_names_is_refused(world, placed):
    world.perspectives.world = SeenWorld()
    with pytest.raises(ContentRefused) as refused:
        amended(world, placed, domain_control={"names": {"www.example.com": by_mail(OPS)}})
    assert problems(refused) == [
        ("approver_not_allowed", "/domain_control/names/www.example.com/approver_email")
    ]
    assert load(world.stores.orders, US, placed.head.order_id).head.revision == 1


def test_an_amendment_among_computed_addresses_looks_nothing_up(world, placed):
    amended(world, placed, domain_control=by_mail("webmaster@example.com"))
    assert world.perspectives.asked == []


@pytest.mark.parametrize(
    "patch", [{"note": "Zimmer 5"}, {"domain_control": {"names": {"example.com": {"method": "dns_txt"}}}}]
)
def test_a_contact_that_was_chosen_stays_chosen_whatever_dns_says_now(world, patch):
    """It is looked for again before every mail; an amendment of something else is not held up by it."""
    order = world.post(asking("www.example.com", "example.com"))
    world.perspectives.world = SeenWorld()
    world.perspectives.asked.clear()
    changed = amended(world, order, **patch)
    assert chosen(world, changed).source == "txt"
    assert world.perspectives.asked == []


def test_a_name_that_is_added_is_looked_up_and_the_others_are_not(world):
    order = world.post(asking())
    world.perspectives.asked.clear()
    amended(world, order, additional_domains=["shop.example.com"])
    assert looked_up(world) == list(contact_looks("shop.example.com"))


def test_a_contact_that_declined_is_not_chosen_again(world):
    order = world.posted(asking())
    world.await_domains(US, order.head.order_id, 1, "token-1")
    world.approve(decision=Decision.DECLINE)
    (declined,) = world.challenges(order.head.order_id)
    assert declined.status is ChallengeStatus.DECLINED
    amended(world, order, domain_control={"method": "dns_txt", "approver_email": None})
    with pytest.raises(ContentRefused) as refused:
        amended(world, order, domain_control=by_mail(OPS))
    assert problems(refused) == REFUSED
    assert "declined this order" in refused.value.problems[0].detail


def test_who_declined_one_domain_is_asked_about_no_other(world):
    """The bar is of the address, for the order: the same mailbox may be published for several domains."""
    world.perspectives.world = SeenWorld(
        {
            ("_validation-contactemail.example.com", TXT): (OPS.encode(),),
            ("_validation-contactemail.example.org", TXT): (OPS.lower().encode(),),
        }
    )
    order = world.posted(asking())
    world.await_domains(US, order.head.order_id, 1, "token-1")
    world.approve(decision=Decision.DECLINE)
    other = {"names": {"example.org": by_mail(OPS.lower())}}
    with pytest.raises(ContentRefused) as refused:
        amended(world, order, additional_domains=["example.org"], domain_control=other)
    assert problems(refused) == [("approver_not_allowed", "/domain_control/names/example.org/approver_email")]


def test_a_name_whose_approver_declined_another_is_declined_too_once_nobody_is_asked_about_it(world):
    """Else the order would wait for an answer that nobody was asked for."""
    world.perspectives.world = SeenWorld(
        {
            (f"_validation-contactemail.{zone}", TXT): (OPS.encode(),)
            for zone in ("example.com", "example.org")
        }
    )
    order = world.posted(asking("www.example.com", "example.org"))
    order_id = order.head.order_id
    world.await_domains(US, order_id, 1, "token-1")
    world.approve(0, Decision.DECLINE)
    shown = {item["name"]: item["status"] for item in world.reading.domains(US, order_id, {})["items"]}
    assert shown == {"www.example.com": "declined", "example.org": "pending"}, "its link is open still"

    changed = with_(a_body("example.org"), ["domain_control"], by_mail(OPS))
    amended(world, order, csr=changed["csr"], common_name="example.org", additional_domains=[])
    assert world.ask(order_id) == []
    (item,) = world.reading.domains(US, order_id, {})["items"]
    step = next(
        each
        for each in world.reading.order(US, order_id)["authentication"]["steps"]
        if each["step"] == "domain_verification"
    )
    assert (item["status"], step["actor"], step["status"]) == ("declined", "reseller", "in_progress")
    assert "declined" in step["next_action"]


# ---- two contacts whose spelling differs by case alone

BOTH = {("_validation-contactemail.example.com", TXT): (b"ops@provider.net", b"Ops@provider.net")}
FIRST = "Ops@provider.net"
"""Capitals come first in the order of the list."""


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("ops@provider.net", "ops@provider.net"), (OPS, OPS), ("OPS@PROVIDER.NET", FIRST)],
)
@pytest.mark.parametrize("before", [None, "ops@provider.net", OPS])
def test_the_one_that_is_spelt_the_same_is_meant_whichever_was_chosen_before(world, before, asked, meant):
    world.perspectives.world = SeenWorld(dict(BOTH))
    order = world.post(asking(approver=before or "admin@example.com"))
    changed = amended(world, order, domain_control=by_mail(asked))
    assert chosen(world, changed).approver_email == meant


def test_the_former_choice_stays_the_former_one_while_something_else_is_amended(world):
    order = world.post(asking(approver="OPS@provider.net"))
    world.perspectives.world = SeenWorld(
        {("_validation-contactemail.example.com", TXT): (b"OPS@provider.net", OPS.encode())}
    )
    changed = amended(world, order, contacts={"organization": None}, additional_domains=["example.com"])
    assert chosen(world, changed).approver_email == OPS
