"""The last look: every proof by today's rules, CAA afresh for every name, the key once more; then the claim."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner_center.catalog.products import load_catalog
from partner_center.issuance.preflight import Outcome, RunPreflight, suffix_list_check
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.kernel.public_suffix import list_date
from partner_center.orders.content import ChosenMethod, Method, content_to_json
from partner_center.orders.order import OrderStatus, Review
from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.dns import FailureKind, RecordType
from partner_center.validation.publishing import Publishing
from partner_center.validation.standing import read_standing
from tests.fakes.determined import NOW
from tests.fakes.outside import MemoryBlockLists
from tests.fakes.perspectives import PRIMARY, REMOTES, MemoryPerspectives, SeenThrough
from tests.fakes.posted import a_call, a_principal, spki_of
from tests.fakes.samples import ORDER, THEM, US, a_contract, a_day, a_second
from tests.fakes.world import World
from tests.unit.validation.caa_world import ScriptedResolver, answer, caa, failure

NAMES = ("www.example.com", "*.example.com", "example.org")
SPRING_2027 = datetime(2027, 3, 15, tzinfo=UTC)
SPRING_2028 = datetime(2028, 3, 15, tzinfo=UTC)
OURS = caa("issue geotrust.com")
THEIRS = caa("issue other-ca.org")


class Desk:
    """One order of three names, all proven, and the preflight in front of it."""

    def __init__(self):
        self.world = World()
        self.world.stores.grant(a_contract(units=10))
        self.world.put(*NAMES)
        self.resolver = ScriptedResolver()
        elsewhere = ScriptedResolver()
        elsewhere.by_name = self.resolver.by_name
        self.perspectives = MemoryPerspectives(
            SeenThrough(elsewhere), others={PRIMARY: SeenThrough(self.resolver)}
        )
        self.lists = MemoryBlockLists()
        stores = self.world.stores
        self.run_preflight = RunPreflight(
            orders=stores.orders,
            challenges=stores.challenges,
            claims=stores.claims,
            charges=stores.charges,
            everywhere=self.perspectives.everywhere(),
            publishing=Publishing(load_catalog(), "https://partners.example.net"),
            blocked=self.world.blocked,
            block_lists=self.lists,
            clock=self.world.clock,
            ids=self.world.ids,
        )

    def prove(self):
        """The approver answers now; `example.org` hangs on the same address here, which only tests may do."""
        self.world.await_domains(US, ORDER, 1, "token-1")
        self.world.approve()
        for key, proof in self.world.tables.proofs.items():
            self.world.tables.proofs[key] = replace(proof, checked_at=self.world.clock.moment)
        return self

    def split(self, *groups):
        """One proof for each group of names, under its own domain."""
        (challenge,) = self.world.challenges()
        (key,) = self.world.tables.proofs
        proof = self.world.tables.proofs.pop(key)
        for number, (domain, names) in enumerate(groups):
            part = replace(
                challenge,
                challenge_id=f"chl_{number}",
                names=names,
                authorization_domain=domain,
                proof_id=f"prf_{number}",
            )
            self.world.tables.challenges[US, ORDER, part.challenge_id] = part
            mine = replace(proof, proof_id=part.proof_id, names=names, authorization_domain=domain)
            self.world.tables.proofs[US, mine.subscriber, domain, mine.proof_id] = mine
        del self.world.tables.challenges[US, ORDER, challenge.challenge_id]
        return self

    def proven(self):
        return self.prove().split(
            ("example.com", ("www.example.com", "*.example.com")), ("example.org", ("example.org",))
        )

    def run(self, attempt=1, order_id=ORDER, reseller_id=US):
        return self.run_preflight(reseller_id, order_id, attempt, "execution-1")

    @property
    def head(self):
        return self.world.head()


@pytest.fixture
def desk():
    return Desk().proven()


def failed(preflight):
    return {check.check: check.detail for check in preflight.checks if not check.passed}


# ---- go


def test_what_passes_every_check_is_claimed(desk):
    preflight = desk.run()
    assert (preflight.outcome, failed(preflight)) == (Outcome.GO, {})
    assert desk.head.signing
    assert desk.world.stores.claims.find(US, ORDER, preflight.preflight_id) == preflight


def test_every_check_is_made_and_named(desk):
    assert [check.check for check in desk.run().checks] == [
        *("domain_proofs", "caa", "block_lists", "key", "quality_review", "agreement", "payment"),
        *("names", "public_suffix_list"),
    ]


@pytest.mark.parametrize(
    ("dated", "oldest", "passed"),
    [
        (NOW - 90 * a_day, 90 * a_day, True),
        (NOW - 90 * a_day - a_second, 90 * a_day, False),
        (NOW - 4000 * a_day, None, True),
        (NOW + a_day, 90 * a_day, True),
        (None, 90 * a_day, False),
        (None, None, True),
    ],
)
def test_a_public_suffix_list_serves_for_ninety_days(dated, oldest, passed):
    assert suffix_list_check(dated, oldest, NOW).passed is passed


def test_a_list_that_is_too_old_holds_the_order_back(desk):
    desk.run_preflight = replace(desk.run_preflight, oldest_suffix_list=NOW - list_date() - a_second)
    preflight = desk.run()
    assert (preflight.outcome, list(failed(preflight))) == (Outcome.HELD_BACK, ["public_suffix_list"])
    assert "days old" in desk.head.held_back


def test_the_evidence_names_the_proofs_and_the_revision(desk):
    preflight = desk.run()
    assert preflight.proof_ids == ("prf_0", "prf_1")
    assert (preflight.generation, preflight.revision, preflight.at) == (1, 1, NOW)


def test_the_audit_says_what_was_found(desk):
    desk.run()
    record = list(desk.world.tables.audit.values())[-1]
    assert (record.action, record.actor, record.facts["failed"]) == ("preflight.go", "system", None)


def test_a_repeated_preflight_claims_anew_with_evidence_of_its_own(desk):
    first, second = desk.run(), desk.run()
    assert first.preflight_id != second.preflight_id
    assert desk.head.signing


def test_what_the_linter_refused_is_held_back_and_may_be_amended_or_ended(desk):
    desk.run()
    preflight = desk.run_preflight(US, ORDER, 1, "execution-1", "The certificate was refused: some.rule")
    assert (preflight.outcome, failed(preflight)) == (
        Outcome.HELD_BACK,
        {"certificate": "The certificate was refused: some.rule"},
    )
    assert (desk.head.signing, desk.head.held_back) == (
        False,
        "certificate: The certificate was refused: some.rule",
    )
    assert preflight.seconds_left > 1


# ---- proofs


def declined(desk):
    (first, *_) = desk.world.challenges()
    another = replace(first, challenge_id="chl_no", status=ChallengeStatus.DECLINED)
    desk.world.tables.challenges[US, ORDER, another.challenge_id] = another
    desk.world.tables.move_on(desk.head)


def test_a_no_of_the_approver_chosen_is_never_signed_over(desk):
    declined(desk)
    preflight = desk.run()
    assert (preflight.outcome, preflight.is_unproven) == (Outcome.PROVE_AGAIN, True)
    assert not desk.head.signing


def test_a_no_that_comes_after_the_proofs_were_read_is_seen_by_the_next_look(desk):
    desk.world.tables.before["claim"].append(lambda: declined(desk))
    with pytest.raises(ChangedMeanwhile):
        desk.run()
    assert desk.run().outcome is Outcome.PROVE_AGAIN


def test_an_unproven_name_is_proven_again_and_no_dns_is_asked(desk):
    del desk.world.tables.proofs[US, "customer:c-1", "example.org", "prf_1"]
    preflight = desk.run()
    assert preflight.outcome is Outcome.PROVE_AGAIN
    assert failed(preflight)["domain_proofs"] == "example.org"
    assert desk.resolver.asked == []
    assert (desk.head.round, desk.head.signing) == (2, False)


def test_a_challenge_without_its_evidence_proves_nothing(desk):
    desk.world.tables.proofs.clear()
    preflight = desk.run()
    assert preflight.outcome is Outcome.PROVE_AGAIN
    assert failed(preflight)["domain_proofs"] == "; ".join(NAMES)


def test_a_proof_of_another_subscriber_proves_nothing(desk):
    key = (US, ORDER)
    desk.world.tables.heads[key] = replace(desk.head, subscriber="customer:c-2")
    assert desk.run().outcome is Outcome.PROVE_AGAIN


def test_a_proof_of_a_lower_domain_does_not_reach_up(desk):
    key = (US, "customer:c-1", "example.com", "prf_0")
    narrow = replace(desk.world.tables.proofs[key], authorization_domain="www.example.com")
    desk.world.tables.proofs[key] = narrow
    preflight = desk.run()
    assert preflight.outcome is Outcome.PROVE_AGAIN
    assert failed(preflight)["domain_proofs"] == "*.example.com"


def test_what_was_proven_before_an_amendment_stays_proven(desk):
    desk.world.tables.heads[US, ORDER] = replace(desk.head, revision=2, round=2)
    desk.world.tables.contents[US, ORDER, 2] = desk.world.tables.contents[US, ORDER, 1]
    assert desk.run().outcome is Outcome.GO


@pytest.mark.parametrize("review", [Review.DUE, Review.WAITING])
def test_what_was_not_screened_is_not_looked_at(desk, review):
    desk.world.tables.heads[US, ORDER] = replace(desk.head, review=review)
    before = repr(desk.world.tables)
    preflight = desk.run()
    assert preflight.outcome is Outcome.SCREEN_AGAIN
    assert list(failed(preflight)) == ["quality_review"]
    assert desk.resolver.asked == []
    assert repr(desk.world.tables) == before


AGES = {
    "150 days old, the last second of the rules of 2026": (SPRING_2027 - a_second, 150, Outcome.GO),
    "150 days old, the first second of the rules of 2027": (SPRING_2027, 150, Outcome.PROVE_AGAIN),
    "100 days old, by the rules of 2027": (SPRING_2027, 100, Outcome.GO),
    "201 days old": (NOW, 201, Outcome.PROVE_AGAIN),
    "200 days old": (NOW, 200, Outcome.GO),
    "a day old, the last second of e-mail": (SPRING_2028 - a_second, 1, Outcome.GO),
    "a day old, e-mail has ended": (SPRING_2028, 1, Outcome.PROVE_AGAIN),
}


def aged(desk, moment, days):
    """It is `moment`, and every proof is so many days old; the order was placed a week ago."""
    desk.world.clock.moment = moment
    desk.world.tables.heads[US, ORDER] = replace(desk.head, placed_at=moment - 7 * a_day)
    for key, proof in desk.world.tables.proofs.items():
        checked_at = moment - days * a_day
        desk.world.tables.proofs[key] = replace(proof, checked_at=checked_at, completed_at=checked_at)


@pytest.mark.parametrize(("moment", "days", "outcome"), AGES.values(), ids=AGES.keys())
def test_every_signing_judges_the_proofs_by_the_rules_of_its_day(desk, moment, days, outcome):
    aged(desk, moment, days)
    assert desk.run().outcome is outcome


def test_a_preflight_is_not_relied_on_beyond_the_day_on_which_its_proofs_end(desk):
    """A minute before midnight; CAA would hold for eight hours, the proofs do not."""
    aged(desk, SPRING_2027 - timedelta(minutes=1), 150)
    preflight = desk.run()
    assert preflight.outcome is Outcome.GO
    assert preflight.caa_valid_until == SPRING_2027


def test_the_new_round_asks_about_the_same_content(desk):
    desk.world.tables.proofs.clear()
    desk.run()
    assert (desk.head.revision, desk.head.round, desk.head.revised_at) == (1, 2, NOW)


# ---- CAA


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
    content = desk.world.stores.orders.content(US, ORDER, 1)
    chosen = next(iter(content.methods.values()))
    content = replace(content, names=names, methods=dict.fromkeys(names, chosen))
    desk.world.tables.contents[US, ORDER, 1] = content_to_json(content)
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


# ---- the key


def test_a_key_that_was_blocked_meanwhile_is_held_back(desk):
    desk.world.blocked.block(spki_of())
    preflight = desk.run()
    assert preflight.outcome is Outcome.HELD_BACK
    assert failed(preflight) == {"key": "key_blocked"}


def test_without_a_block_list_nothing_goes(desk):
    desk.lists.missing.append("the list of Debian's weak keys is missing")
    preflight = desk.run()
    assert preflight.outcome is Outcome.HELD_BACK
    assert failed(preflight).keys() == {"block_lists", "key"}


def test_every_obstacle_is_told_at_once(desk):
    desk.world.blocked.block(spki_of())
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    assert failed(desk.run()).keys() == {"caa", "key"}
    assert "key_blocked" in desk.head.held_back


def test_missing_proofs_outrank_every_other_obstacle(desk):
    desk.world.blocked.block(spki_of())
    desk.world.tables.proofs.clear()
    assert desk.run().outcome is Outcome.PROVE_AGAIN


def test_what_is_told_of_a_hundred_obstacles_stays_small(desk):
    names = tuple(f"{'a' * 60}.host-{number}.example.com" for number in range(100))
    content = desk.world.stores.orders.content(US, ORDER, 1)
    chosen = next(iter(content.methods.values()))
    content = replace(content, names=names, methods=dict.fromkeys(names, chosen))
    desk.world.tables.contents[US, ORDER, 1] = content_to_json(content)
    for key, challenge in desk.world.tables.challenges.items():
        desk.world.tables.challenges[key] = replace(
            challenge, names=names, authorization_domain="example.com"
        )
    proof = next(iter(desk.world.tables.proofs.values()))
    for number in range(2):
        key = (US, proof.subscriber, "example.com", f"prf_{number}")
        mine = replace(proof, authorization_domain="example.com", proof_id=f"prf_{number}")
        desk.world.tables.proofs[key] = mine
    desk.resolver.by_name["example.com"] = answer("example.com", THEIRS)
    desk.run()
    record = list(desk.world.tables.audit.values())[-1]
    assert len(desk.head.held_back) == 500
    assert len(record.facts["failed"]) == 2000


# ---- who may


@pytest.mark.parametrize("status", [status for status in OrderStatus if status is not OrderStatus.PENDING])
def test_an_order_that_is_over_is_left_alone(desk, status):
    desk.world.tables.heads[US, ORDER] = replace(desk.head, status=status)
    before = repr(desk.world.tables)
    assert desk.run() is None
    assert repr(desk.world.tables) == before


def test_an_older_attempt_does_nothing(desk):
    desk.world.tables.heads[US, ORDER] = replace(desk.head, attempt=2)
    before = repr(desk.world.tables)
    assert desk.run(attempt=1) is None
    assert repr(desk.world.tables) == before
    assert desk.resolver.asked == []


@pytest.mark.parametrize(("reseller_id", "order_id"), [(US, "ord_2"), (THEM, ORDER)])
def test_an_order_that_is_not_there_is_over(desk, reseller_id, order_id):
    assert desk.run(order_id=order_id, reseller_id=reseller_id) is None


def test_an_order_cancelled_while_we_looked_is_not_claimed(desk):
    cancel = lambda: desk.world.cancel_order(a_principal(), a_call(), ORDER, None)  # noqa: E731
    desk.world.tables.before["claim"].append(cancel)
    with pytest.raises(ChangedMeanwhile):
        desk.run()
    assert desk.run() is None
    assert desk.head.status is OrderStatus.CANCELLED
    assert desk.world.counted() == (10, 0, 0)


def test_our_own_trouble_is_no_verdict(desk):
    def out(spki_sha256):
        raise TryAgain("S3 does not answer.")

    desk.lists.faults = out
    before = repr(desk.world.tables)
    with pytest.raises(TryAgain):
        desk.run()
    assert repr(desk.world.tables) == before


# ---- how long a held-back order may wait


@pytest.mark.parametrize(
    ("later", "seconds"),
    [(timedelta(0), 30 * 86_400), (29 * a_day, 86_400), (30 * a_day, 1), (80 * a_day, 1)],
    ids=["at once", "a day left", "its time is up", "long over"],
)
def test_a_held_back_order_waits_as_long_as_it_may_be_pending(desk, later, seconds):
    desk.resolver.by_name["example.org"] = answer("example.org", THEIRS)
    desk.world.clock.moment += later
    assert desk.run().seconds_left == seconds
