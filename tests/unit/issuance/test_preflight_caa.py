"""The last look asks for CAA of every name afresh, from everywhere (BR 3.2.2.8, 3.2.2.9)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.issuance.preflight import Outcome
from partner_center.orders.content import ChosenMethod, Method, content_to_json
from partner_center.validation.dns import FailureKind, RecordType
from partner_center.validation.standing import read_standing
from tests.fakes.determined import NOW
from tests.fakes.perspectives import PRIMARY, REMOTES, SeenThrough
from tests.fakes.samples import ORDER, US, a_day
from tests.unit.issuance.preflighting import NAMES, OURS, THEIRS, failed
from tests.unit.validation.caa_world import ScriptedResolver, answer, caa, failure


def test_each_name_is_looked_up_for_itself(desk):
    desk.run()
    asked = [name for name, kind in desk.resolver.asked if kind is RecordType.CAA]
    assert asked.count("www.example.com") == 1
    assert asked.count("example.com") == 2  # on the climb from www, and for the wildcard
    assert asked.count("example.org") == 1


@pytest.mark.parametrize("name", ["co.uk", "www.example.invalid-tld", "*.co.uk"])
def test_a_name_that_a_newer_public_suffix_list_refuses_is_held_back_and_named(desk, name):
    """The list may make a name that was ordered a public suffix, or drop its top-level domain."""
    order = desk.world.order(ORDER)
    names = (*NAMES, name)
    methods = order.content.methods | {name: ChosenMethod(method=Method.DNS_TXT)}
    content = replace(order.content, names=names, methods=methods)
    desk.world.tables.contents[US, ORDER, order.head.revision] = content_to_json(content)
    preflight = desk.run()
    assert preflight.outcome is Outcome.HELD_BACK
    assert name.removeprefix("*.") in failed(preflight)["names"]
    assert name.removeprefix("*.") in desk.head.held_back
    assert not desk.head.signing


def test_one_of_three_names_that_forbids_us_holds_the_order_back(desk):
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    preflight = desk.run()
    assert preflight.outcome is Outcome.HELD_BACK
    (check,) = failed(preflight)
    assert check == "caa"
    assert "example.org" in failed(preflight)["caa"]
    assert "www.example.com" not in failed(preflight)["caa"]
    assert not desk.head.signing
    assert "example.org" in desk.head.held_back


def test_a_permission_for_us_lets_it_go(desk):
    desk.resolver.by_name["example.org"] = answer("example.org", OURS)
    assert desk.run().outcome is Outcome.GO


def test_a_wildcard_is_judged_by_its_own_records(desk):
    forbids = answer("example.com", OURS, caa("issuewild ;"))
    desk.resolver.by_name["example.com"] = forbids
    desk.resolver.by_name["www.example.com"] = answer("www.example.com", OURS)
    preflight = desk.run()
    assert "*.example.com" in failed(preflight)["caa"]
    assert "www.example.com:" not in failed(preflight)["caa"]


def test_the_method_relied_on_must_be_permitted(desk):
    desk.resolver.by_name["example.org"] = answer(
        "example.org", caa("issue geotrust.com; validationmethods=ca-tbr-7")
    )
    assert desk.run().outcome is Outcome.HELD_BACK
    desk.resolver.by_name["example.org"] = answer(
        "example.org", caa("issue geotrust.com; validationmethods=ca-tbr-4")
    )
    assert desk.run().outcome is Outcome.GO


FILE, RECORD, MAIL = "ca-tbr-18", "ca-tbr-7", "ca-tbr-4"
RELYING = {
    "the chosen mail, where both are permitted": ("", "email", Outcome.GO, "prf_1"),
    "the chosen mail, where it alone is": (MAIL, "email", Outcome.GO, "prf_1"),
    "the record, where it alone is": (RECORD, "email", Outcome.GO, "prf_txt"),
    "the chosen record, where both are": (f"{MAIL},{RECORD}", "dns_txt", Outcome.GO, "prf_txt"),
    "neither, and nothing else was chosen": (FILE, "email", Outcome.HELD_BACK, "prf_1"),
    "neither, and what is permitted was chosen": (FILE, "http_file", Outcome.PROVE_AGAIN, "prf_1"),
    "neither, and what was chosen would not pass": ("ca-tbr-22", "http_file", Outcome.HELD_BACK, "prf_1"),
    "neither, and nobody may": ("dns-01", "http_file", Outcome.HELD_BACK, "prf_1"),
}


def two_proofs(desk, chosen):
    """example.org is proven by mail and by a record, and the mail lives longer; `chosen` is its method now."""
    (mail,) = [proof for proof in desk.world.tables.proofs.values() if proof.proof_id == "prf_1"]
    txt = replace(
        mail,
        proof_id="prf_txt",
        method="dns_txt",
        br_section="3.2.2.4.7",
        checked_at=NOW - 150 * a_day,
        completed_at=NOW - 150 * a_day,
    )
    desk.world.tables.proofs[US, txt.subscriber, "example.org", txt.proof_id] = txt
    content = desk.world.stores.orders.content(US, ORDER, 1)
    if chosen != "email":
        methods = content.methods | {"example.org": ChosenMethod(method=Method(chosen))}
        desk.world.tables.contents[US, ORDER, 1] = content_to_json(replace(content, methods=methods))


def permit(desk, *labels):
    methods = f"; validationmethods={','.join(labels)}" if labels and labels[0] else ""
    desk.resolver.by_name["example.org"] = answer("example.org", caa(f"issue geotrust.com{methods}"))


@pytest.mark.parametrize(("labels", "chosen", "outcome", "relied_on"), RELYING.values(), ids=RELYING)
def test_any_proof_of_a_name_that_caa_permits_is_relied_on(desk, labels, chosen, outcome, relied_on):
    two_proofs(desk, chosen)
    permit(desk, labels)
    preflight = desk.run()
    assert preflight.outcome is outcome
    (found,) = [each for each in preflight.caa if each["name"] == "example.org"]
    assert found["proof_id"] == relied_on
    assert relied_on in preflight.proof_ids
    asked = [name for name, kind in desk.resolver.asked if (name, kind) == ("example.org", RecordType.CAA)]
    assert len(asked) == 1


def test_what_is_relied_on_limits_how_long_a_preflight_serves(desk):
    two_proofs(desk, "email")
    permit(desk, RECORD)
    desk.resolver.by_name["example.org"] = replace(desk.resolver.by_name["example.org"], ttl=60 * 86_400)
    for name in ("www.example.com", "example.com"):
        desk.resolver.by_name[name] = answer(name, OURS, ttl=60 * 86_400)
    assert desk.run().caa_valid_until == NOW + 50 * a_day


def test_a_name_whose_chosen_method_alone_is_permitted_is_asked_by_it_in_the_same_round(desk):
    two_proofs(desk, "http_file")
    permit(desk, FILE)
    preflight = desk.run()
    assert (preflight.outcome, preflight.is_unproven) == (Outcome.PROVE_AGAIN, False)
    assert (desk.head.round, desk.head.held_back) == (1, None)
    assert desk.head.caa_refusal == preflight.preflight_id
    assert desk.world.stores.events(US, ORDER)[-1] != "order.held_back"
    found = read_standing(desk.world.stores.challenges, desk.world.order(ORDER), NOW)
    assert [(each.method, each.names) for each in found.unasked_at(NOW)] == [("http_file", ("example.org",))]


def test_a_held_back_order_knows_whether_another_method_would_help(desk):
    permit(desk, FILE)
    preflight = desk.run()
    assert desk.head.caa_refusal == preflight.preflight_id
    assert desk.world.stores.events(US, ORDER)[-1] == "order.held_back"
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    assert desk.run().outcome is Outcome.HELD_BACK
    assert desk.head.caa_refusal is None
    permit(desk, FILE)
    desk.run()
    permit(desk)
    assert desk.run().outcome is Outcome.GO
    assert desk.head.caa_refusal is None


def test_an_unproven_name_outranks_one_that_is_refused(desk):
    two_proofs(desk, "http_file")
    permit(desk, FILE)
    desk.run()
    del desk.world.tables.proofs[US, "customer:c-1", "example.com", "prf_0"]
    assert desk.run().is_unproven
    assert desk.head.round == 2
    assert desk.head.caa_refusal is not None  # until CAA is looked at again


def test_what_would_be_permitted_is_what_is_offered_for_that_very_name(desk):
    for name in ("example.com", "www.example.com", "example.org"):
        desk.resolver.by_name[name] = answer(name, caa(f"issue geotrust.com; validationmethods={FILE}"))
    found = {each["name"]: each["permitted"] for each in desk.run().caa}
    assert found == {"www.example.com": ["3.2.2.4.18"], "*.example.com": [], "example.org": ["3.2.2.4.18"]}


def test_the_sentences_about_a_hundred_names_stay_small(desk):
    names = tuple(f"{'a' * 60}.{'b' * 60}.{'c' * 60}.host-{number}.example.org" for number in range(100))
    desk.names(names)
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    preflight = desk.run()
    assert len(failed(preflight)["caa"]) == 20_000
    assert len(preflight.caa) == 100


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_look_up_that_failed_is_no_permission(desk, kind):
    desk.resolver.by_name["example.org"] = failure("example.org", kind, unsigned=False)
    preflight = desk.run()
    assert preflight.outcome is Outcome.HELD_BACK
    assert "example.org" in failed(preflight)["caa"]


@pytest.mark.parametrize(
    ("ttl", "valid"), [(60, timedelta(hours=8)), (9 * 3600, timedelta(hours=9))], ids=["8 hours", "the TTL"]
)
def test_an_answer_holds_eight_hours_or_its_ttl(desk, ttl, valid):
    for name in ("www.example.com", "example.com", "example.org"):
        desk.resolver.by_name[name] = answer(name, OURS, ttl=ttl)
    assert desk.run().caa_valid_until == NOW + valid


def test_the_shortest_answer_limits_all(desk):
    desk.resolver.by_name["example.org"] = answer("example.org", OURS, ttl=9 * 3600)
    assert desk.run().caa_valid_until == NOW + timedelta(hours=8)


def test_a_product_that_is_not_sold_any_more_is_held_back(desk):
    """Nobody knows under which names its brand would be permitted."""
    desk.world.tables.heads[US, ORDER] = replace(desk.head, product="withdrawn")
    found = failed(desk.run())
    assert found == {"caa": "not looked up for *.example.com, example.org, www.example.com"}


# ---- CAA from everywhere (BR 3.2.2.9)


def hijack(desk, *regions):
    """These perspectives see records that permit nobody but somebody else."""
    elsewhere = ScriptedResolver()
    elsewhere.by_name = {
        name: answer(name, THEIRS) for name in ("example.com", "www.example.com", "example.org")
    }
    desk.perspectives.others |= dict.fromkeys(regions, SeenThrough(elsewhere))


DISAGREEMENT = {
    "one remote": (REMOTES[:1], Outcome.GO),
    "two remotes": (REMOTES[:2], Outcome.HELD_BACK),
    "the primary": ([PRIMARY], Outcome.HELD_BACK),
    "everywhere": ([PRIMARY, *REMOTES], Outcome.HELD_BACK),
}


@pytest.mark.parametrize(("regions", "outcome"), DISAGREEMENT.values(), ids=DISAGREEMENT.keys())
def test_enough_perspectives_must_permit_the_issue(desk, regions, outcome):
    hijack(desk, *regions)
    preflight = desk.run()
    assert preflight.outcome is outcome
    assert [each["allowed"] for each in preflight.caa] == [outcome is Outcome.GO] * len(NAMES)
    assert not preflight.is_unanswered


@pytest.mark.parametrize(("count", "outcome"), [(1, Outcome.GO), (2, Outcome.HELD_BACK)])
def test_a_perspective_in_trouble_agrees_with_nobody(desk, count, outcome):
    desk.perspectives.trouble = dict.fromkeys(REMOTES[:count], "out_of_time")
    preflight = desk.run()
    assert (preflight.outcome, preflight.is_unanswered) == (outcome, outcome is Outcome.HELD_BACK)


def test_silence_of_ours_is_not_blamed_on_servers_that_nobody_asked(desk):
    desk.perspectives.trouble = dict.fromkeys(REMOTES, "out_of_time")
    told = failed(desk.run())["caa"]
    assert "too few other network perspectives learnt anything (1/6; not ap-northeast-1" in told
    assert "it is looked up again by itself" in told
    assert "give the same answer" not in told


@pytest.mark.parametrize("regions", [[PRIMARY], [PRIMARY, *REMOTES], REMOTES[1:3]], ids=str)
def test_a_refusal_beside_silence_is_a_refusal_where_it_counts(desk, regions):
    """Silence alone is looked up again by itself; a refusal that counts is not, whoever is silent beside it."""
    desk.perspectives.trouble = dict.fromkeys(regions, "out_of_time")
    assert desk.run().is_unanswered
    desk.perspectives.trouble = {REMOTES[0]: "out_of_time"}
    hijack(desk, PRIMARY)
    assert not desk.run().is_unanswered


def test_without_a_perspective_nothing_is_issued(desk):
    desk.perspectives.regions = ()
    preflight = desk.run()
    assert preflight.outcome is Outcome.HELD_BACK
    assert "no network perspective" in failed(preflight)["caa"]


def test_the_evidence_tells_of_each_name_who_agreed(desk):
    hijack(desk, REMOTES[0])
    found = {each["name"]: each for each in desk.run().caa}
    assert found.keys() == set(NAMES)
    assert found["example.org"]["quorum"] == "5/6"
    assert found["example.org"]["reason"] == "caa_no_records"
