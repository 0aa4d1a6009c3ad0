"""What a newer version wrote is read by this one, so that going back to it needs no more than a deployment.

A field is added to every object at whatever depth of each stored shape, in items and in the JSON inside them. Objects
that are keyed by data, and evidence, which is handed on as it is, have no fields of ours.
"""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.adapters import (
    card_store,
    certificate_store,
    challenge_items,
    charge_store,
    claim_store,
    contract_items,
    order_items,
    problem_report_store,
    reissue_items,
    screening_store,
)
from partner_center.adapters.dynamodb import from_item, to_item
from partner_center.catalog.pricing import AgreedPrice, PriceList
from partner_center.catalog.products import LineKind
from partner_center.issuance.problem_reports import (
    Cause,
    Finding,
    ProblemReport,
    ReportDecision,
    ReportStatus,
)
from partner_center.issuance.revocation import Reason
from partner_center.kernel.money import Money
from partner_center.orders.content import (
    ChosenMethod,
    Contacts,
    Given,
    Lifecycle,
    Method,
    Organization,
    content_from_json,
    content_to_json,
)
from partner_center.orders.flags import Flag
from partner_center.orders.order import Closed, CloseReason, Revoked
from partner_center.orders.reissue import Reissue, ReissueStatus
from partner_center.orders.restarts import Restarts
from partner_center.orders.review import Decision, Screening, Verdict
from partner_center.validation.challenges import Attempt, ChallengeStatus
from tests.fakes.contract_charges import a_charge
from tests.fakes.determined import NOW
from tests.fakes.payments import a_card
from tests.fakes.samples import (
    ORDER,
    PRODUCT,
    US,
    a_card_head,
    a_challenge,
    a_content,
    a_contract,
    a_head,
    a_preflight,
    a_proof,
    a_record,
)

KEYED_BY_DATA = {"methods", "names"}
EVIDENCE = {"caa", "evidence"}


def of_a_newer_version(value, name=None):
    """The stored value with a field more in every object of it."""
    match value:
        case dict():
            newer = {
                key: inner if key in EVIDENCE else of_a_newer_version(inner, key)
                for key, inner in value.items()
            }
            return newer if name in KEYED_BY_DATA else newer | {"added_later": {"any": ["thing"]}}
        case list() | tuple():
            return [of_a_newer_version(each) for each in value]
    return value


def content_from_newer(content):
    return content_from_json(json.dumps(of_a_newer_version(json.loads(content_to_json(content)))))


def full_content():
    usual = a_content("www.example.com", "example.org")
    technical = replace(usual.contacts.technical, title="Dr.")
    return replace(
        usual,
        contacts=Contacts(technical=technical, organization=technical),
        organization=Organization(
            name="Example AB", street="Storgatan 1", locality="Lund", postal_code="222 22", country="SE"
        ),
        given=Given(
            common_name="www.example.com",
            additional_domains=("example.org",),
            domain_control={"method": "email", "names": {"example.org": {"method": "dns_txt"}}},
        ),
        methods={
            "www.example.com": ChosenMethod(
                method=Method.EMAIL, approver_email="a@example.net", source="dns_txt", domain="example.com"
            ),
            "example.org": ChosenMethod(method=Method.DNS_TXT),
        },
        lifecycle=Lifecycle(auto_reissue=True),
    )


def test_what_was_ordered_is_read():
    content = full_content()
    assert content_from_newer(content) == content


ENDED = a_head(
    closed=Closed(NOW, "key:key_1", CloseReason.TIMED_OUT),
    revoked=Revoked(NOW, "key:key_1", Reason.SUPERSEDED),
    restarts=Restarts(2, NOW, 1),
)
SCREENING = Screening(
    revision=1,
    at=NOW,
    flags=(Flag("lookalike", "examp1e.com", "resembles example.com"),),
    decision=Decision(NOW, "rosa.reviewer", Verdict.APPROVE, "seen", "a note"),
)
CONTRACT = a_contract(
    prices=PriceList("EUR", (AgreedPrice(PRODUCT, 365, LineKind.BASE, Money.of("99.00", "EUR")),))
)
REPORT = ProblemReport(
    report_id="rep_1",
    received_at=NOW,
    reporter_email="a@example.com",
    cause=next(iter(Cause)),
    serials=("0a1b",),
    names=("example.com",),
    text="It is wrong.",
    status=next(iter(ReportStatus)),
    decisions=(ReportDecision(NOW, "rosa", next(iter(Finding)), "seen", ("0a1b",), Reason.SUPERSEDED),),
    version=1,
)
REISSUE = Reissue(
    reseller_id=US,
    order_id=ORDER,
    reissue_id="rei_1",
    generation=2,
    status=ReissueStatus.PENDING,
    asked_at=NOW,
    names=("example.com",),
    previous="0a1b",
)
CHALLENGE = a_challenge(
    attempts=(
        Attempt(NOW + timedelta(minutes=1), ChallengeStatus.PENDING, "nothing", (("eu-west-1", "absent"),)),
    )
)


def screening_from(item):
    return screening_store._from_item(item | {"sk": "SCREENING#1"})


def preflight_from(item):
    return claim_store._from_item(item, "pre_1")


def report_from(item):
    return problem_report_store._from_item(item, "rep_1")


@pytest.mark.parametrize(
    ("value", "to_row", "from_row"),
    [
        (ENDED, order_items.head_to_item, order_items.head_from_item),
        (a_card_head(), order_items.head_to_item, order_items.head_from_item),
        (SCREENING, screening_store._to_item, screening_from),
        (a_preflight(), claim_store._to_item, preflight_from),
        (CONTRACT, contract_items.contract_to_item, contract_items.contract_from_item),
        (CHALLENGE, challenge_items.challenge_to_item, challenge_items.challenge_from_item),
        (a_proof(a_challenge()), challenge_items.proof_to_item, challenge_items.proof_from_item),
        (a_record(certificate_der=None, stored_at=None), certificate_store._item, certificate_store._record),
        (REISSUE, reissue_items.reissue_to_item, reissue_items.reissue_from_item),
        (a_charge(a_card_head()), charge_store._to_item, charge_store._from_item),
        (a_card(), card_store._card_to_item, card_store._card_from_item),
        (REPORT, problem_report_store._to_item, report_from),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_row_is_read(value, to_row, from_row):
    row = from_item(to_item(to_row(value)))
    assert from_row(of_a_newer_version(row)) == value
