"""Everybody who may approve: the constructed five and the contacts of CAA and TXT, each for its own domain."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.validation.approvers import ApproverSource, contacts_from_records
from partner_center.validation.authorization_domain import authorization_domains
from partner_center.validation.caa import relevant_caa_set
from partner_center.validation.contacts import (
    Approver,
    approver_for,
    approvers_of,
    approvers_seen,
    contact_looks,
    contact_vote,
)
from partner_center.validation.dns import CaaRecord, Dnssec, FailureKind, RecordType
from partner_center.validation.looks import CaaSeen, RecordsLook
from partner_center.validation.quorum import Vote
from tests.unit.validation.caa_world import ScriptedResolver, answer
from tests.unit.validation.control_world import failed, seen, txt

PROPERTY = settings(max_examples=100, deadline=None, derandomize=True, database=None)

CONSTRUCTED, CAA, TXT = ApproverSource.CONSTRUCTED, ApproverSource.CAA, ApproverSource.TXT
WWW, ADN = "www.example.com", "example.com"


def contact(address, critical=False):
    return CaaRecord(128 if critical else 0, "contactemail", address.encode())


def at_txt(domain, *addresses, **changes):
    records = [each.encode() for each in addresses]
    return {domain: txt(f"_validation-contactemail.{domain}", *records, **changes)}


def at_caa(domain, *addresses, **changes):
    return {domain: answer(domain, *map(contact, addresses), **changes)}


def published(approvers):
    return [
        (each.address, str(each.source), each.authorization_domain)
        for each in approvers
        if each.source is not CONSTRUCTED
    ]


# ---- who there is


def test_the_nearest_domain_comes_first_and_there_the_constructed_then_caa_then_txt():
    caa = at_caa(WWW, "c@w.net") | at_caa(ADN, "c@e.net")
    txt_answers = at_txt(WWW, "t@w.net") | at_txt(ADN, "t@e.net")
    approvers = approvers_of(WWW, caa, txt_answers)
    assert [each.authorization_domain for each in approvers] == [WWW] * 7 + [ADN] * 7
    assert [str(each.source) for each in approvers] == (["constructed"] * 5 + ["caa", "txt"]) * 2
    assert [each.br_section for each in approvers[4:7]] == ["3.2.2.4.4", "3.2.2.4.13", "3.2.2.4.14"]
    assert [each.address for each in approvers[:2]] == [
        "admin@www.example.com",
        "administrator@www.example.com",
    ]


def test_without_look_ups_there_are_the_constructed_ones():
    assert len(approvers_of(WWW, {}, {})) == 10
    assert approvers_of("co.uk", {}, {}) == ()


FOUND = {
    "CAA at the name": (at_caa(WWW, "it@x.net"), {}, [("it@x.net", "caa", WWW)]),
    "CAA at the parent": (at_caa(ADN, "it@x.net"), {}, [("it@x.net", "caa", ADN)]),
    "TXT at the name": ({}, at_txt(WWW, "it@x.net"), [("it@x.net", "txt", WWW)]),
    "TXT at the parent": ({}, at_txt(ADN, "it@x.net"), [("it@x.net", "txt", ADN)]),
    "TXT behind a CNAME": ({}, at_txt(ADN, "it@x.net", aliases=("a.net",)), [("it@x.net", "txt", ADN)]),
    "CAA behind a CNAME": (at_caa(WWW, "it@x.net", aliases=("a.net",)), {}, [("it@x.net", "caa", WWW)]),
    "several, by the alphabet": (
        {},
        at_txt(ADN, "b@x.net", "a@x.net"),
        [("a@x.net", "txt", ADN), ("b@x.net", "txt", ADN)],
    ),
    "a critical contact": (
        {ADN: answer(ADN, contact("it@x.net", critical=True))},
        {},
        [("it@x.net", "caa", ADN)],
    ),
    "other CAA records beside it": (
        {ADN: answer(ADN, CaaRecord(0, "issue", b";"), contact("it@x.net"))},
        {},
        [("it@x.net", "caa", ADN)],
    ),
    "a sub-name of the name": (
        at_caa("a.www.example.com", "it@x.net"),
        at_txt("a.www.example.com", "it@x.net"),
        [],
    ),
    "another domain": (at_caa("evil.org", "it@x.net"), at_txt("evil.org", "it@x.net"), []),
    "the public suffix": (at_caa("com", "it@x.net"), at_txt("com", "it@x.net"), []),
    "a bogus CAA answer": (at_caa(ADN, "it@x.net", dnssec=Dnssec.BOGUS), {}, []),
    "a bogus TXT answer": ({}, at_txt(ADN, "it@x.net", dnssec=Dnssec.BOGUS), []),
    "what is no plain address": ({}, at_txt(ADN, "mailto:it@x.net", "it@x.net,b@x.net", "it@x.net\n"), []),
}


@pytest.mark.parametrize(("caa", "txt_answers", "found"), FOUND.values(), ids=FOUND.keys())
def test_a_contact_counts_where_it_was_found(caa, txt_answers, found):
    assert published(approvers_of(WWW, caa, txt_answers)) == found


def test_a_contact_proves_the_domain_it_was_asked_for_never_its_own():
    """An approver's TXT contact validated the approver's own mail domain (2025)."""
    (approver,) = (
        each for each in approvers_of(ADN, {}, at_txt(ADN, "me@provider.net")) if each.source is TXT
    )
    assert approver.authorization_domain == ADN
    found = approvers_of("provider.net", at_caa(ADN, "me@provider.net"), at_txt(ADN, "me@provider.net"))
    assert published(found) == []


def test_a_flood_of_contacts_is_cut_alike_everywhere():
    flood = [f"a{number:04d}@x.net" for number in range(3000)]
    one = approvers_of(ADN, {}, at_txt(ADN, *flood))
    other = approvers_of(ADN, {}, at_txt(ADN, *reversed(flood)))
    assert len(one) == 5 + 20
    assert one == other


@pytest.mark.parametrize(
    ("caa", "txt_answers"),
    [
        ({ADN: answer("evil.org", contact("it@x.net"))}, {}),
        ({}, {ADN: txt(ADN, b"it@x.net")}),
        ({}, {ADN: txt("_validation-contactemail.evil.org", b"it@x.net")}),
        ({ADN: txt(ADN, b"it@x.net")}, {}),
    ],
    ids=["CAA of another name", "TXT at the bare name", "TXT of another name", "TXT for CAA"],
)
def test_an_answer_to_another_question_names_nobody(caa, txt_answers):
    with pytest.raises(ValueError, match="says nothing about"):
        approvers_of(ADN, caa, txt_answers)


labels = st.sampled_from(["a", "b", "c"])


@PROPERTY
@given(
    name=st.builds(lambda left: ".".join([*left, ADN]), st.lists(labels, max_size=4)),
    holders=st.lists(
        st.builds(lambda left: ".".join([*left, ADN]), st.lists(labels, max_size=3)), max_size=4
    ),
)
def test_caa_contacts_are_those_that_climbing_from_any_authorization_domain_finds(name, holders):
    """BR 3.2.2.4.13 asks for the search of RFC 8659, section 3; a look-up at each domain finds the same."""
    zone = {holder: answer(holder, contact(f"c{number}@x.net")) for number, holder in enumerate(holders)}
    climbed = {
        (each.address, caa_set.found_at)
        for domain in authorization_domains(name)
        for caa_set in [relevant_caa_set(domain, ScriptedResolver(**zone))]
        for each in contacts_from_records(caa_set.records, ())
    }
    found = approvers_of(name, zone, {})
    assert {(address, domain) for address, _, domain in published(found)} == climbed


# ---- where to look


def test_contacts_are_looked_up_at_every_authorization_domain_name():
    assert contact_looks("*.www.example.com") == (
        RecordsLook(ADN, RecordType.CAA),
        RecordsLook(f"_validation-contactemail.{ADN}", RecordType.TXT),
        RecordsLook(WWW, RecordType.CAA),
        RecordsLook(f"_validation-contactemail.{WWW}", RecordType.TXT),
    )


def test_a_very_deep_name_costs_a_bounded_number_of_look_ups():
    looks = contact_looks(".".join(["a"] * 100) + ".com")
    assert len(looks) == 16
    assert looks[0].name == "a.com"


@pytest.mark.parametrize(("length", "has_txt"), [(228, True), (229, False), (253, False)])
def test_a_name_too_long_for_the_label_has_no_txt_contact(length, has_txt):
    stem = ".".join(["a" * 60] * 3)
    long = f"{stem}.{'b' * 20}.{'c' * (length - len(stem) - 26)}.com"
    looks = contact_looks(long)
    assert max(len(look.name) for look in looks) <= 253
    assert RecordsLook(long, RecordType.CAA) in looks
    assert (RecordsLook(f"_validation-contactemail.{long}", RecordType.TXT) in looks) is has_txt


def test_sightings_become_approvers_and_a_failed_look_up_names_nobody():
    looks = contact_looks(WWW)
    sightings = [
        seen(looks[0], contact("caa@x.net")),
        failed(looks[1]),
        failed(looks[2], FailureKind.BOGUS),
        seen(looks[3], b"txt@x.net"),
    ]
    found = approvers_seen(WWW, sightings)
    assert published(found) == [("txt@x.net", "txt", WWW), ("caa@x.net", "caa", ADN)]
    assert len(found) == 12


@pytest.mark.parametrize(
    "sightings", [[], [CaaSeen(None)] * 2, [seen(look) for look in contact_looks(ADN)[::-1]]]
)
def test_sightings_of_something_else_name_nobody(sightings):
    with pytest.raises(ValueError):  # noqa: PT011
        approvers_seen(ADN, sightings)


# ---- who was meant

LIST = approvers_of(
    WWW,
    at_caa(WWW, "It.Dept@x.net"),
    at_txt(ADN, "It.Dept@x.net", "it.dept@x.net", "k@x.net", "admin@example.com"),
)
MEANT = {
    "constructed": ("admin@www.example.com", ("admin@www.example.com", CONSTRUCTED, WWW)),
    "constructed before published": ("admin@example.com", ("admin@example.com", CONSTRUCTED, ADN)),
    "the nearest of two": ("It.Dept@x.net", ("It.Dept@x.net", CAA, WWW)),
    "spelt the same, though further": ("it.dept@x.net", ("it.dept@x.net", TXT, ADN)),
    "in capitals": ("IT.DEPT@X.NET", ("It.Dept@x.net", CAA, WWW)),
    "nobody": ("eve@evil.org", None),
    "ssladmin, of 2008": ("ssladmin@example.com", None),
    "a blank behind": ("it.dept@x.net ", None),
    "header injection": ("it.dept@x.net\r\nBcc: eve@evil.org", None),
    "a second address": ("it.dept@x.net,eve@evil.org", None),
    "a letter that only folds to the right one": ("\u0130t.dept@x.net", None),
    "a long s": ("po\u017ftmaster@example.com", None),
    "the Kelvin sign": ("\u212a@x.net", None),
    "empty": ("", None),
    "a megabyte": ("a" * 1_000_000, None),
}


@pytest.mark.parametrize(("address", "meant"), MEANT.values(), ids=MEANT.keys())
def test_only_an_address_of_the_computed_list_is_meant_and_its_own_spelling_returned(address, meant):
    """The approver's address was a client's parameter (2016)."""
    assert approver_for(address, LIST) == (Approver(*meant) if meant else None)


# ---- corroboration


def an_approver(source):
    return Approver("it@x.net", source, ADN)


@pytest.mark.parametrize("source", [CAA, TXT])
def test_a_perspective_corroborates_the_same_address_at_the_same_place(source):
    approver = an_approver(source)
    (look,) = approver.looks

    def record(address):
        return contact(address) if source is CAA else address.encode()

    votes = {
        "the same": contact_vote(approver, [seen(look, record("it@x.net"))]),
        "among others": contact_vote(approver, [seen(look, record("a@x.net"), record("it@x.net"))]),
        "another": contact_vote(approver, [seen(look, record("eve@evil.org"))]),
        "in capitals": contact_vote(approver, [seen(look, record("IT@x.net"))]),
        "nothing": contact_vote(approver, [seen(look)]),
        "bogus": contact_vote(approver, [seen(look, record("it@x.net"), dnssec=Dnssec.BOGUS)]),
        "failed": contact_vote(approver, [failed(look)]),
    }
    assert votes == {
        "the same": Vote.PASSED,
        "among others": Vote.PASSED,
        "another": Vote.REFUSED,
        "in capitals": Vote.REFUSED,
        "nothing": Vote.REFUSED,
        "bogus": Vote.NOT_ANSWERED,
        "failed": Vote.NOT_ANSWERED,
    }


def test_a_constructed_address_needs_no_corroboration_and_has_none():
    assert an_approver(CONSTRUCTED).looks == ()
    with pytest.raises(ValueError, match="nothing to corroborate"):
        contact_vote(an_approver(CONSTRUCTED), [])


@pytest.mark.parametrize(
    "sightings",
    [
        [],
        [seen(RecordsLook("evil.org", RecordType.CAA), contact("it@x.net"))],
        [seen(RecordsLook(ADN, RecordType.CAA), contact("it@x.net"))] * 2,
    ],
)
def test_no_other_sighting_corroborates(sightings):
    with pytest.raises(ValueError):  # noqa: PT011
        contact_vote(an_approver(CAA), sightings)
