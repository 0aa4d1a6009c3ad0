"""What happened to others and must not happen here: every incident of domain control, and of CAA, as a test."""

from dataclasses import replace

import pytest

from partner_center.catalog.products import load_catalog
from partner_center.issuance.preflight import Outcome, RunPreflight
from partner_center.kernel.errors import ContentRefused, PartnerCenterError
from partner_center.orders.content import ChosenMethod, Method, content_to_json
from partner_center.orders.order import Review
from partner_center.validation.approvers import LOCAL_PARTS
from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.dns import CaaRecord, RecordType
from partner_center.validation.looks import FILE_PATH, CaaLook
from partner_center.validation.publishing import Publishing
from tests.fakes.outside import MemoryBlockLists
from tests.fakes.perspectives import REMOTES, SeenWorld
from tests.fakes.posted import a_body, a_call, a_principal, spki_of
from tests.fakes.samples import ORDER, US, a_contract
from tests.fakes.world import World
from tests.unit.validation.publisher import PUBLISHED, Publisher, a_page, by, put

OPS = "ops@provider.net"
CONTACT = "_validation-contactemail"
PROVEN = {"domain.proven", "domain.approved"}


def run_preflight(desk, order_id=ORDER):
    """The last look before signing, made now."""
    world = desk.world
    preflight = RunPreflight(
        orders=world.stores.orders,
        challenges=world.stores.challenges,
        claims=world.stores.claims,
        charges=world.stores.charges,
        everywhere=desk.perspectives.everywhere(),
        publishing=Publishing(load_catalog(), "https://partners.example.net"),
        blocked=world.blocked,
        block_lists=MemoryBlockLists(),
        clock=world.clock,
        ids=world.ids,
    )
    return preflight(US, order_id, 1, "execution-1")


def with_a_key(desk, order_id=ORDER):
    """The order has a key that can be judged."""
    order = desk.order(order_id)
    content = replace(order.content, spki_der=spki_of().hex())
    desk.tables.contents[US, order_id, order.head.revision] = content_to_json(content)


@pytest.fixture
def world():
    """A reseller's world in which orders are posted through the gate."""
    world = World()
    world.stores.grant(a_contract(1000))
    return world


# ---- 2025


@pytest.mark.parametrize(
    ("where", "record"),
    [
        ((f"{CONTACT}.example.com", RecordType.TXT), OPS.encode()),
        (("example.com", RecordType.CAA), CaaRecord(0, "contactemail", OPS.encode())),
    ],
    ids=["TXT", "CAA"],
)
def test_2025_a_contact_s_approval_validated_the_contact_s_own_mail_domain(world, where, record):
    """A proof is for the domain it was asked for."""
    world.perspectives.world = SeenWorld({where: (record,)})
    order = world.posted(a_body(domain_control={"method": "email", "approver_email": OPS}))
    world.await_domains(US, order.head.order_id, 1, "token-1")
    world.approve()
    (proof,) = world.tables.proofs.values()
    assert proof.authorization_domain == "example.com"
    for name in ("provider.net", "mail.provider.net", "*.provider.net"):
        other = world.put(name, order_id=world.ids.new("ord", world.clock.now()))
        (item,) = world.reading.domains(US, other.order_id, {})["items"]
        assert (item["status"], item["evidence"]) == ("pending", None)


# ---- 2024


def test_2024_the_underscore_was_missing_from_the_label_on_one_of_several_paths():
    """One code path for all: what is shown, mailed and looked for, at first, on a resend, and in every order."""
    desk = Publisher("example.com", "www.example.net", method="dns_cname")
    labels = {"_partner-center.example.com", "_partner-center.www.example.net"}

    def shown(order_id=ORDER):
        return {item["publish"]["name"] for item in desk.domains(order_id).values() if "publish" in item}

    assert shown() == labels
    desk.check()
    looked_for = {look.name for question in desk.perspectives.asked for look in question}
    assert looked_for == labels
    desk.clock.advance(days=30)
    desk.open(again=("example.com", "www.example.net"))
    assert shown() == labels
    desk.choose(by("dns_txt", "example.com", "www.example.net"))
    assert shown() == labels
    desk.place(by("dns_cname", "example.com"), order_id="ord_2", subscriber="customer:c-2")
    assert shown("ord_2") == {"_partner-center.example.com"}


@pytest.mark.parametrize("method", ["dns_txt", "dns_cname"])
def test_2024_a_value_at_the_label_without_its_underscore_proves_nothing(method):
    desk = Publisher(method=method)
    record = desk.domains()["example.com"]["publish"]
    put(record | {"name": record["name"].removeprefix("_")}, desk.seen)
    desk.check()
    assert desk.proofs == []


# ---- 2020


def test_2020_caa_was_checked_once_for_one_name_as_often_as_there_were_names():
    """Each name, fresh at issue."""
    names = ("a.example.com", "b.example.com", "c.example.com")
    desk = Publisher(*names)
    with_a_key(desk)
    desk.publish()
    desk.check()
    desk.seen.records["c.example.com", RecordType.CAA] = (CaaRecord(0, "issue", b"other-ca.org"),)
    for forbidden in (["c.example.com"], ["b.example.com", "c.example.com"]):
        desk.perspectives.asked.clear()
        preflight = run_preflight(desk)
        assert desk.perspectives.asked == [tuple(map(CaaLook, names))]
        assert [each["name"] for each in preflight.caa if not each["allowed"]] == forbidden
        assert preflight.outcome is Outcome.HELD_BACK
        desk.seen.records["b.example.com", RecordType.CAA] = (CaaRecord(0, "issue", b";"),)


# ---- 2017


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>{path}</html>", 200),
        (b"{path}", 200),
        (b"404: {path} was not found", 404),
        (b"{value}", 404),
        (b"{value}", 500),
        (b"You asked for {value}", 200),
        (b"{value}{value}", 200),
        (b"{path}\n{value}", 200),
    ],
)
def test_2017_pages_that_echo_the_requested_path_passed_the_check(body, status):
    """Exact body, 2xx only; and the value stands in no request, so that no echo can hold it."""
    desk = Publisher(method="http_file")
    published = desk.domains()["example.com"]["publish"]
    assert published["body"] not in published["url"]
    filled = body.replace(b"{path}", FILE_PATH.encode()).replace(b"{value}", published["body"].encode())
    desk.seen.pages["example.com"] = a_page(published["url"], filled, status)
    desk.check()
    assert desk.proofs == []


# ---- 2016


@pytest.mark.parametrize(
    "approver",
    [
        "attacker@evil.net",
        "admin@evil.net",
        "admin@example.com.evil.net",
        "admin@example.com,attacker@evil.net",
        "admin@example.com attacker@evil.net",
        "admin@com",
        "admin@a.www.example.com",
    ],
)
def test_2016_the_approver_s_address_was_a_parameter_of_the_request(world, approver):
    """Only from the computed list, or from the domain's DNS; and in the spelling found there."""
    with pytest.raises(ContentRefused):
        world.post(a_body(domain_control={"method": "email", "approver_email": approver}))
    order = world.posted(a_body(domain_control={"method": "email", "approver_email": "ADMIN@Example.COM"}))
    patch = {"domain_control": {"method": "email", "approver_email": approver}}
    with pytest.raises(ContentRefused):
        world.amend_order(a_principal(), "request-1", order.head.order_id, patch)
    world.await_domains(US, order.head.order_id, 1, "token-1")
    assert {request.challenge.approver_email for request in world.mail.asked} == {"admin@example.com"}


# ---- 2015


@pytest.mark.parametrize("method", PUBLISHED)
def test_2015_a_proof_for_a_sub_domain_issued_for_its_parent(method):
    """Never upwards."""
    desk = Publisher("user.example.com", method=method)
    desk.publish()
    desk.check()
    assert desk.proof.authorization_domain == "user.example.com"
    for number, name in enumerate(["example.com", "www.example.com", "*.example.com"]):
        order_id = f"ord_{number + 2}"
        desk.place({name: ChosenMethod(method=Method.DNS_TXT)}, order_id=order_id)
        with_a_key(desk, order_id)
        assert desk.domains(order_id)[name]["status"] == "pending"
        assert run_preflight(desk, order_id).outcome is Outcome.PROVE_AGAIN


# ---- 2008 to 2015


@pytest.mark.parametrize(
    "local",
    ["ssladmin", "ssladministrator", "sslwebmaster", "info", "root", "it", "support", "admin1", "ADMIN+x"],
)
def test_2008_anybody_may_have_an_address_such_as_ssladmin_at_a_webmail_domain(world, local):
    """Five local parts and no other."""
    assert local.lower() not in LOCAL_PARTS
    with pytest.raises(ContentRefused):
        world.post(a_body(domain_control={"method": "email", "approver_email": f"{local}@example.com"}))


def test_2008_a_domain_of_public_webmail_goes_to_review_and_nobody_is_asked(world):
    control = {"method": "email", "approver_email": "admin@aol.com"}
    order = world.posted(a_body("aol.com", domain_control=control))
    assert order.head.review is Review.WAITING
    world.await_domains(US, order.head.order_id, 1, "token-1")
    world.ask_again(US, order.head.order_id, ["aol.com"])
    assert world.mail.asked == []


# ---- scanners


def test_a_mail_scanner_follows_every_link_and_so_approves():
    """Looking changes nothing, however often; only the answer counts."""
    approver = ChosenMethod(method=Method.EMAIL, approver_email="admin@example.com")
    desk = Publisher(methods={"example.com": approver})
    (token,) = desk.world.mail.tokens
    before = repr(desk.tables)
    for _ in range(10):
        assert desk.world.approvals.look(token).challenge.names == ("example.com",)
    assert repr(desk.tables) == before
    assert desk.proofs == []


# ---- 2011


def test_2011_a_reseller_s_account_was_taken_over_and_issued_what_it_liked():
    """A key sets looks and mails in motion and nothing else; what they find makes a proof, or does not."""
    desk = Publisher("example.com", "example.org", method="dns_txt")
    with_a_key(desk)
    key = a_principal()
    actions = [
        lambda: desk.world.request_check(key, a_call(), ORDER),
        lambda: desk.world.request_check(key, a_call(), ORDER, "example.com"),
        lambda: desk.world.resend(key, a_call(), ORDER, "example.com"),
        lambda: desk.world.check_control(US, ORDER, "request-3", ["example.com"]),
        lambda: desk.world.amend_order(
            key, "request-4", ORDER, {"status": "issued", "domains": [{"valid": True}]}
        ),
        lambda: desk.world.amend_order(
            key,
            "request-5",
            ORDER,
            {"domain_control": {"method": "dns_txt", "status": "valid", "value": "x" * 32}},
        ),
        lambda: desk.world.amend_order(key, "request-6", ORDER, {"customer_id": "c-of-somebody-else"}),
        desk.world.begin_due_checks,
    ]
    for action in actions:
        desk.clock.advance(minutes=1)
        try:
            action()
        except PartnerCenterError:
            continue
    assert desk.proofs == []
    assert PROVEN.isdisjoint(event.type for event in desk.tables.events.values())
    assert {each.status for each in desk.challenges} == {ChallengeStatus.PENDING}
    assert run_preflight(desk).outcome is Outcome.PROVE_AGAIN


@pytest.mark.parametrize(
    "name", ["paypal.example.com", "google-login.example.com", "www.micr0soft.example.com"]
)
def test_2011_names_of_high_value_are_held_for_a_person(world, name):
    control = {"method": "email", "approver_email": "admin@example.com"}
    order = world.posted(a_body(name, domain_control=control))
    assert order.head.review is Review.WAITING


def test_2011_whoever_diverts_the_network_at_one_place_proves_nothing():
    """The attacker answers some perspectives; the owner has published nothing."""
    desk = Publisher()
    for diverted in (REMOTES[:1], REMOTES[:4], ["eu-west-1"], ["eu-west-1", *REMOTES[:3]]):
        desk.perspectives.others = dict.fromkeys(diverted, desk.publish(where=SeenWorld()))
        desk.check()
    assert desk.proofs == []
