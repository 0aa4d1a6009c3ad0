"""How names stand: by which proof, by which asked anew, as of now, and of an order that is over as of its end."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import Closed, CloseReason, OrderStatus
from partner_center.validation.caa_refusal import CaaRefusal, CaaRefusals
from partner_center.validation.challenges import ChallengeStatus, Proof, Wanted, proof_usable, usable_until
from partner_center.validation.standing import is_asked, read_standing, standing
from tests.fakes.determined import NOW
from tests.fakes.samples import (
    APPROVER,
    ORDER,
    US,
    a_challenge,
    a_content,
    a_day,
    a_head,
    a_proof,
    a_second,
    an_order,
)

CANCELLED = {
    "status": OrderStatus.CANCELLED,
    "closed": Closed(NOW + a_day, "key:key_1", CloseReason.REQUESTED),
}
ISSUED = {"status": OrderStatus.ISSUED, "issued_at": NOW + a_day}


@dataclass
class OnFile:
    """A reader that has one proof, and what CAA refused at one preflight."""

    proof: Proof
    refused: dict = field(default_factory=dict)

    def proofs(self, *_):
        return [self.proof]

    def of_order(self, *_):
        return []

    def caa_refusals(self, *ids):
        return self.refused.get(ids)


@pytest.mark.parametrize(
    ("head", "completed_at", "carries"),
    [
        ({}, NOW, True),
        (CANCELLED, NOW, True),
        (CANCELLED, NOW + a_day, True),
        (CANCELLED, NOW + 2 * a_day, False),
        (ISSUED, NOW + a_day, True),
        (ISSUED, NOW + 2 * a_day, False),
    ],
    ids=["pending", "before", "at the end", "after the end", "issued", "after the issue"],
)
def test_a_proof_that_came_after_an_order_ended_says_nothing_of_it(head, completed_at, carries):
    proof = a_proof(a_challenge(), completed_at=completed_at)
    order = an_order(a_head(**head), a_content("www.example.com"))
    found = read_standing(OnFile(proof), order, NOW + 3 * a_day)
    assert found.is_proven is carries


# ---- which proof carries a name

NAME = "www.example.com"
MAIL, RECORD, CONTACT, FILE, PERSIST = (f"3.2.2.4.{number}" for number in (4, 7, 14, 18, 22))
BY_MAIL = ChosenMethod(method=Method.EMAIL, approver_email=APPROVER)
BY_CONTACT = ChosenMethod(
    method=Method.EMAIL, approver_email="ops@example.net", source="txt", domain="example.com"
)
BY_TXT, BY_CNAME, BY_FILE = (
    ChosenMethod(method=method) for method in (Method.DNS_TXT, Method.DNS_CNAME, Method.HTTP_FILE)
)


def proof_by(method, section, days_ago=0, proof_id=None):
    domain = NAME if method == "http_file" else "example.com"
    return a_proof(
        a_challenge(),
        proof_id=proof_id or f"prf_{method}_{section}",
        method=method,
        br_section=section,
        authorization_domain=domain,
        checked_at=NOW - days_ago * a_day,
    )


MAILED = proof_by("email", MAIL)
PUBLISHED = proof_by("dns_txt", RECORD)
PREFERRED = {
    "the chosen method, though another lives longer": (
        BY_TXT,
        [MAILED, proof_by("dns_txt", RECORD, days_ago=50)],
        ["prf_dns_txt_3.2.2.4.7", "prf_email_3.2.2.4.4"],
    ),
    "of the chosen method the longest-lived": (
        BY_TXT,
        [
            proof_by("dns_txt", RECORD, 150, "prf_old"),
            proof_by("dns_txt", RECORD, 100, "prf_new"),
            proof_by("dns_txt", RECORD, 120, "prf_mid"),
        ],
        ["prf_new", "prf_mid", "prf_old"],
    ),
    "without one, the longest-lived": (
        BY_FILE,
        [proof_by("email", MAIL, 110), proof_by("dns_txt", RECORD, 120)],
        ["prf_email_3.2.2.4.4", "prf_dns_txt_3.2.2.4.7"],
    ),
    "a mail to the kind of address that was chosen": (
        BY_CONTACT,
        [MAILED, proof_by("email", CONTACT, 5)],
        ["prf_email_3.2.2.4.14", "prf_email_3.2.2.4.4"],
    ),
    "a record of the kind that was chosen": (
        BY_CNAME,
        [PUBLISHED, proof_by("dns_cname", RECORD, 5)],
        ["prf_dns_cname_3.2.2.4.7", "prf_dns_txt_3.2.2.4.7"],
    ),
    "of two that are alike the later": (
        BY_TXT,
        [proof_by("dns_txt", RECORD, 1, "prf_1"), proof_by("dns_txt", RECORD, 1, "prf_2")],
        ["prf_2", "prf_1"],
    ),
    "only what is usable": (BY_TXT, [proof_by("dns_txt", RECORD, 201), MAILED], ["prf_email_3.2.2.4.4"]),
}


@pytest.mark.parametrize(("chosen", "proofs", "order"), PREFERRED.values(), ids=PREFERRED)
def test_a_name_prefers_a_proof_by_its_method_then_the_longest_lived(chosen, proofs, order):
    for on_file in (proofs, proofs[::-1]):
        (found,) = standing(ordered(chosen), [], on_file, NOW).names
        assert [proof.proof_id for proof in found.usable] == order
        assert found.proof is found.usable[0]


def test_a_proof_that_stands_at_no_domain_over_the_name_is_not_even_judged():
    """Names times proofs was a core's work for seconds, for each event of a reseller with thousands of proofs."""
    foreign = SimpleNamespace(authorization_domain="mail.example.com")
    (found,) = standing(ordered(BY_TXT), [], [foreign, PUBLISHED, foreign], NOW).names
    assert found.usable == (PUBLISHED,)


LABELS = st.lists(st.sampled_from(["a", "b", "www"]), max_size=3)
NAMES = st.builds(
    lambda wild, labels, zone: wild + ".".join([*labels, zone]),
    st.sampled_from(["", "*."]),
    LABELS,
    st.sampled_from(["example.com", "ample.com", "example.co.uk"]),
)
PROOFS = st.builds(
    lambda number, method, name, days, below: a_proof(
        a_challenge(),
        proof_id=f"prf_{number}",
        method=method[0],
        br_section=method[1],
        authorization_domain=name.removeprefix("*."),
        checked_at=NOW - days * a_day,
        below=below,
    ),
    st.integers(0, 99),
    st.sampled_from([("email", MAIL), ("dns_txt", RECORD), ("http_file", FILE), ("dns_persist", PERSIST)]),
    NAMES,
    st.integers(0, 210),
    st.booleans(),
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    names=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    proofs=st.lists(PROOFS, max_size=12, unique_by=lambda proof: proof.proof_id),
)
def test_each_name_has_the_proofs_that_holding_it_against_each_of_them_finds(names, proofs):
    order = an_order(a_head(), a_content(*names, methods=dict.fromkeys(names, BY_TXT)))
    for found in standing(order, [], proofs, NOW).names:
        plain = [proof for proof in proofs if proof_usable(proof, found.name, NOW)]
        plain.sort(
            key=lambda proof: (proof.method == Method.DNS_TXT, usable_until(proof), proof.proof_id),
            reverse=True,
        )
        assert found.usable == tuple(plain)


def ordered(chosen, **head):
    return an_order(a_head(**head), a_content(NAME, methods={NAME: chosen}))


# ---- what CAA refused

ASKED_ANEW = {
    "what CAA permits was chosen": (BY_TXT, [MAILED], [MAIL], [RECORD], True),
    "the other method of the same section": (BY_CNAME, [MAILED], [MAIL], [RECORD], True),
    "one of several that it permits": (BY_FILE, [MAILED], [MAIL], [RECORD, FILE], True),
    "a contact, where a constructed address was refused": (BY_CONTACT, [MAILED], [MAIL], [CONTACT], True),
    "all proofs were refused": (BY_FILE, [MAILED, PUBLISHED], [MAIL, RECORD], [FILE], True),
    "nothing was chosen anew": (BY_MAIL, [MAILED], [MAIL], [RECORD], False),
    "what was chosen would be refused as well": (BY_FILE, [MAILED], [MAIL], [RECORD], False),
    "it is proven by it meanwhile": (BY_TXT, [MAILED, PUBLISHED], [MAIL], [RECORD], False),
    "it is proven by something else meanwhile, which nobody refused": (
        BY_TXT,
        [MAILED, proof_by("http_file", FILE)],
        [MAIL],
        [RECORD, FILE],
        False,
    ),
    "a proof by the section that was refused came since": (
        BY_TXT,
        [MAILED, proof_by("email", MAIL, 1, "prf_2")],
        [MAIL],
        [RECORD],
        True,
    ),
}


@pytest.mark.parametrize(
    ("chosen", "proofs", "refused", "permitted", "anew"), ASKED_ANEW.values(), ids=ASKED_ANEW
)
def test_a_name_is_asked_anew_when_caa_permits_the_method_chosen_and_none_it_is_proven_by(
    chosen, proofs, refused, permitted, anew
):
    refusal = CaaRefusal(NAME, "example.com", frozenset(refused), tuple(permitted))
    found = standing(ordered(chosen), [], proofs, NOW, CaaRefusals(NOW, {NAME: refusal}))
    (name,) = found.names
    assert (name.is_asked_anew, found.is_proven, name.proof is None) == (anew, not anew, anew)
    assert len(name.usable) == len(proofs)
    assert [each.method for each in found.unasked_at(NOW)] == ([chosen.method] if anew else [])
    assert found.proofs.keys() == (set() if anew else {NAME})
    assert name.status_at(NOW) == (ChallengeStatus.PENDING if anew else ChallengeStatus.VALID)


def test_a_refused_name_without_any_proof_is_asked_as_any_other():
    refusal = CaaRefusal(NAME, "example.com", frozenset({MAIL}), (RECORD,))
    found = standing(ordered(BY_TXT), [], [], NOW, CaaRefusals(NOW, {NAME: refusal}))
    assert not found.names[0].is_asked_anew
    assert found.names[0].advice is None
    assert len(found.unasked_at(NOW)) == 1


def test_names_that_were_not_refused_stay_as_they_are():
    refusal = CaaRefusal("example.org", "example.org", frozenset({MAIL}), (RECORD,))
    found = standing(ordered(BY_TXT), [], [MAILED], NOW, CaaRefusals(NOW, {"example.org": refusal}))
    assert found.is_proven
    assert found.names[0].advice is None


ADVISED = {
    "another method would help": (BY_MAIL, [MAILED], True),
    "what was chosen does not": (BY_FILE, [MAILED], True),
    "it is asked already": (BY_TXT, [MAILED], False),
    "it is proven by what nobody refused": (BY_MAIL, [MAILED, PUBLISHED], False),
    "it is not proven": (BY_MAIL, [], False),
}


@pytest.mark.parametrize(("chosen", "proofs", "advised"), ADVISED.values(), ids=ADVISED)
def test_advice_is_given_while_the_choice_does_not_help(chosen, proofs, advised):
    refusal = CaaRefusal(NAME, "example.com", frozenset({MAIL}), (RECORD,))
    (found,) = standing(ordered(chosen), [], proofs, NOW, CaaRefusals(NOW, {NAME: refusal})).names
    assert found.advice == (refusal.advice if advised else None)


REFUSED = {(US, ORDER, "pre_1"): CaaRefusals(NOW, {})}


@pytest.mark.parametrize(
    ("head", "refused_at"),
    [({"caa_refusal": "pre_1"}, NOW), ({"caa_refusal": "pre_2"}, None), ({}, None)]
    + [({"caa_refusal": "pre_1"} | over, None) for over in (CANCELLED, ISSUED)],
    ids=["refused", "a preflight that is not there", "not refused", "cancelled", "issued"],
)
def test_what_caa_refused_is_read_while_it_matters(head, refused_at):
    found = read_standing(OnFile(MAILED, REFUSED), ordered(BY_MAIL, **head), NOW)
    assert found.refused_at == refused_at


CHECKED = {
    "of this refusal": ({"checked_at": NOW + a_second, "checked_refusal": "pre_1"}, [MAILED], True),
    "by a clock behind": ({"checked_at": NOW - a_day, "checked_refusal": "pre_1"}, [MAILED], True),
    "of one before": ({"checked_at": NOW + a_second, "checked_refusal": "pre_0"}, [MAILED], False),
    "before any": ({"checked_at": NOW + a_second, "checked_refusal": ""}, [MAILED], False),
    "a name is unproven": ({"checked_at": NOW + a_second, "checked_refusal": "pre_1"}, [], False),
    "never": ({}, [MAILED], False),
    "unnoted, since": ({"checked_at": NOW + a_second}, [MAILED], True),
    "unnoted, at the very time": ({"checked_at": NOW}, [MAILED], False),
    "unnoted, before": ({"checked_at": NOW - a_second}, [MAILED], False),
}


@pytest.mark.parametrize(("head", "proofs", "may"), CHECKED.values(), ids=CHECKED)
def test_a_check_that_was_asked_for_since_the_refusal_is_worth_a_preflight(head, proofs, may):
    found = standing(ordered(BY_TXT), [], proofs, NOW, CaaRefusals(NOW, {}))
    assert found.may_pass_by_now(a_head(caa_refusal="pre_1", **head)) is may


def test_without_a_refusal_no_check_makes_a_preflight():
    head = a_head(checked_at=NOW + a_second, checked_refusal="")
    assert not standing(ordered(BY_TXT), [], [MAILED], NOW).may_pass_by_now(head)


# ---- what is asked

ANOTHER = {"authorization_domain": "example.org", "approver_email": "admin@example.org"}


@pytest.mark.parametrize(
    ("challenge", "asked"),
    [({}, True), ({"round": 2}, False), (ANOTHER, False), ({"method": "dns_txt"}, False)],
    ids=["as it is", "of another round", "of another approver", "by another method"],
)
def test_a_challenge_asks_while_the_order_needs_just_that(challenge, asked):
    assert is_asked(a_challenge(NAME, **challenge), ordered(BY_MAIL)) is asked


@pytest.mark.parametrize(
    ("made", "asks"),
    [
        ([], None),
        ([{"token": "1"}], "1"),
        ([{"token": "1"}, {"token": "2", "created_at": NOW + a_second}], "2"),
        ([{"token": "1", "created_at": NOW + a_second}, {"token": "2"}], "1"),
        ([{"token": "1", "round": 2}], None),
        ([{"token": "1", "round": 2, "status": ChallengeStatus.DECLINED}], "1"),
        ([{"token": "1"} | ANOTHER], None),
    ],
    ids=["none", "one", "the newest", "the newest first", "another round", "declined", "another approver"],
)
def test_the_newest_challenge_of_the_round_asks_or_one_that_was_declined(made, asks):
    (found,) = standing(ordered(BY_MAIL), [a_challenge(NAME, **each) for each in made], [], NOW).names
    assert (found.challenge.challenge_id if found.challenge else None) == (f"chl_{asks}" if asks else None)


def test_nothing_is_asked_of_an_address_that_declined_for_that_domain():
    declined = a_challenge(NAME, status=ChallengeStatus.DECLINED)
    elsewhere = a_challenge(NAME, status=ChallengeStatus.DECLINED, **ANOTHER)
    assert standing(ordered(BY_MAIL), [declined], [], NOW).unasked_at(NOW) == ()
    wanted = Wanted("email", "example.com", (NAME,), APPROVER)
    assert standing(ordered(BY_MAIL), [elsewhere], [], NOW).unasked_at(NOW) == (wanted,)


YES, NO, OPEN = ChallengeStatus.VALID, ChallengeStatus.DECLINED, ChallengeStatus.PENDING
ORG = {"authorization_domain": "example.org", "approver_email": "ops@example.net", "source": "txt"}
A_NO = {
    "another proof covers the name": (BY_MAIL, [{"status": NO}], {"challenge_id": "chl_0"}, NO),
    "it was of an earlier round": (
        BY_MAIL,
        [{"status": NO}, {"round": 2} | ANOTHER],
        {"challenge_id": "chl_0"},
        NO,
    ),
    "another approver was chosen since": (BY_CONTACT, [{"status": NO}], {"challenge_id": "chl_0"}, YES),
    "another method was chosen since": (BY_TXT, [{"status": NO}], {"challenge_id": "chl_0"}, YES),
    "for another name, and another proof covers this one": (
        BY_CONTACT,
        [{"status": NO} | ORG],
        {"challenge_id": "chl_0"},
        NO,
    ),
    "for another name, and a yes for this one": (
        BY_CONTACT,
        [{"status": NO} | ORG, {"status": YES, "approver_email": "ops@example.net", "source": "txt"}],
        {"challenge_id": "chl_2"},
        YES,
    ),
    "after a yes in an earlier round": (
        BY_MAIL,
        [{"status": YES}, {"status": NO, "round": 2}],
        {"challenge_id": "chl_1"},
        NO,
    ),
    "for another name, while this one is mailed": (
        BY_CONTACT,
        [{"status": NO} | ORG, {"approver_email": "ops@example.net", "source": "txt"}],
        None,
        OPEN,
    ),
    "for another name, before this one was mailed": (
        BY_CONTACT,
        [{"status": NO} | ORG, {"approver_email": "ops@example.net", "source": "txt", "sent_at": None}],
        None,
        NO,
    ),
}


@pytest.mark.parametrize(("chosen", "made", "on_file", "status"), A_NO.values(), ids=A_NO)
def test_a_no_of_the_approver_chosen_outweighs_every_proof_but_its_own_yes(chosen, made, on_file, status):
    order = ordered(chosen, round=max(each.get("round", 1) for each in made))
    challenges = [
        a_challenge(NAME, **{"token": str(number), "sent_at": NOW} | each)
        for number, each in enumerate(made, 1)
    ]
    proofs = [replace(MAILED, **on_file)] if on_file else []
    found = standing(order, challenges, proofs, NOW)
    (name,) = found.names
    assert (name.status_at(NOW), found.is_proven) == (status, status is YES)
    assert bool(name.usable) is found.is_proven
    assert not found.leaves_out_a_name(NOW)
    assert found.unasked_at(NOW) == ()


def test_what_was_issued_was_proven_whoever_declined_before():
    """The approver of a reissue's name may have declined the order itself."""
    found = standing(ordered(BY_MAIL, **ISSUED), [a_challenge(NAME, status=NO)], [MAILED], NOW)
    assert found.is_proven


def test_only_unproven_names_are_open_each_challenge_once():
    names = ("example.com", "www.example.com", "example.org")
    methods = dict.fromkeys(names[:2], BY_MAIL) | {
        "example.org": ChosenMethod(method=Method.EMAIL, approver_email="admin@example.org")
    }
    order = an_order(a_head(), a_content(*names, methods=methods))
    one, other = a_challenge(*names[:2]), a_challenge("example.org", token="2", **ANOTHER)
    found = standing(order, [one, other], [], NOW)
    assert found.open() == (one, other)
    assert found.open(["www.example.com"]) == (one,)
    assert found.open([]) == ()
    assert standing(order, [one, other], [MAILED], NOW).open() == (other,)
    assert standing(order, [], [], NOW).open() == ()


@pytest.mark.parametrize(
    ("status", "moment", "reads"),
    [
        (ChallengeStatus.PENDING, NOW, ChallengeStatus.PENDING),
        (ChallengeStatus.PENDING, NOW + 30 * a_day, ChallengeStatus.EXPIRED),
        (ChallengeStatus.VALID, NOW, ChallengeStatus.EXPIRED),
        (ChallengeStatus.FAILED, NOW, ChallengeStatus.FAILED),
        (ChallengeStatus.DECLINED, NOW, ChallengeStatus.DECLINED),
    ],
)
def test_an_unproven_name_stands_as_its_challenge_does(status, moment, reads):
    found = standing(ordered(BY_MAIL), [a_challenge(NAME, status=status)], [], NOW)
    assert found.names[0].status_at(moment) is reads
