"""The applicant's own acceptance of the agreement precedes issue (BR 9.6.3)."""

from hashlib import sha256
from pathlib import Path

import pytest

from partner_center.catalog import agreements
from partner_center.catalog.agreements import acceptance_problems, agreement_as_json, agreement_for
from partner_center.catalog.products import load_catalog

PRODUCTS = load_catalog().products()
PRODUCT = PRODUCTS[0]
GOOD = {
    "version": PRODUCT.agreement,
    "accepted_by": "Zoë O'Neill-Müller",
    "capacity": "authorized representative",
}

PUBLISHED = {
    "2026-11-01": "cc798e0f96636c288b13b786c7da5575c717cf1d5405f76f242c3beb05838011",
}


def test_a_published_text_is_never_edited_only_succeeded():
    folder = Path(agreements.__file__).parent / "agreements"
    assert {path.stem: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*")} == PUBLISHED


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.code)
def test_every_product_has_an_agreement_with_its_hash(product):
    agreement = agreement_for(product)
    assert agreement.version == product.agreement
    assert f"Version {agreement.version}" in agreement.text
    assert agreement.sha256 == sha256(agreement.text.encode()).hexdigest()


@pytest.mark.parametrize(
    "subject",
    [
        "Accurate information",
        "Your private key",
        "Acceptance of the certificate",
        "Use",
        "Reporting and revocation",
        "End of use",
        "Answering us",
        "Acknowledgment",
    ],
)
def test_the_text_has_every_obligation_and_warranty_of_br_9_6_3(subject):
    assert f". {subject}. " in agreement_for(PRODUCT).text


def test_the_agreement_as_the_api_shows_it():
    shown = agreement_as_json(PRODUCT)
    assert shown == {
        "product": PRODUCT.code,
        "version": "2026-11-01",
        "text": agreement_for(PRODUCT).text,
        "hash": PUBLISHED["2026-11-01"],
        "hash_algorithm": "SHA-256",
    }


def without(field):
    return {key: value for key, value in GOOD.items() if key != field}


VERSION, PERSON, CAPACITY = "/agreement/version", "/agreement/accepted_by", "/agreement/capacity"


@pytest.mark.parametrize(
    ("agreement", "problems"),
    [
        pytest.param(GOOD, [], id="accepted"),
        pytest.param({**GOOD, "capacity": "法定代表人"}, [], id="any script"),
        pytest.param(None, [("agreement_required", "/agreement")], id="absent"),
        pytest.param({}, [("agreement_required", "/agreement")], id="empty"),
        pytest.param(without("version"), [("agreement_required", VERSION)], id="no version"),
        pytest.param({**GOOD, "version": 20261101}, [("agreement_required", VERSION)], id="a number"),
        pytest.param({**GOOD, "version": " "}, [("agreement_required", VERSION)], id="blank version"),
        pytest.param({**GOOD, "version": "2017-02-28"}, [("agreement_outdated", VERSION)], id="older"),
        pytest.param({**GOOD, "version": "2026-11-01 "}, [("agreement_outdated", VERSION)], id="not exact"),
        pytest.param({**GOOD, "version": "../x"}, [("agreement_outdated", VERSION)], id="a path"),
        pytest.param(without("accepted_by"), [("agreement_required", PERSON)], id="nobody"),
        pytest.param({**GOOD, "accepted_by": ""}, [("agreement_required", PERSON)], id="empty name"),
        pytest.param({**GOOD, "accepted_by": "-"}, [("agreement_required", PERSON)], id="filler"),
        pytest.param({**GOOD, "accepted_by": None}, [("agreement_required", PERSON)], id="null"),
        pytest.param({**GOOD, "accepted_by": ["A"]}, [("agreement_required", PERSON)], id="a list"),
        pytest.param({**GOOD, "accepted_by": "A\nB"}, [("agreement_required", PERSON)], id="two lines"),
        pytest.param({**GOOD, "accepted_by": "A\x00"}, [("agreement_required", PERSON)], id="NUL"),
        pytest.param({**GOOD, "accepted_by": "\u202eA"}, [("agreement_required", PERSON)], id="right to left"),
        pytest.param({**GOOD, "accepted_by": "\ud800A"}, [("agreement_required", PERSON)], id="surrogate"),
        pytest.param({**GOOD, "accepted_by": "A" * 128}, [], id="longest"),
        pytest.param({**GOOD, "accepted_by": "A" * 129}, [("agreement_required", PERSON)], id="too long"),
        pytest.param({**GOOD, "accepted_by": "A" * 10**6}, [("agreement_required", PERSON)], id="huge"),
        pytest.param(without("capacity"), [("agreement_required", CAPACITY)], id="no capacity"),
        pytest.param(
            {"version": "old", "accepted_by": "...", "capacity": 7},
            [("agreement_outdated", VERSION), ("agreement_required", PERSON), ("agreement_required", CAPACITY)],
            id="everything at once",
        ),
    ],
)  # fmt: skip
def test_an_acceptance_names_version_person_and_capacity(agreement, problems):
    found = acceptance_problems(agreement, PRODUCT)
    assert [(problem.code, problem.field) for problem in found] == problems
    assert all(problem.detail.endswith(".") for problem in found)


@pytest.mark.parametrize(
    "sent", ["<script>alert(1)</script>\n", "x" * 10_000, "-----BEGIN PRIVATE KEY-----\n"]
)
def test_a_refusal_never_repeats_what_was_sent(sent):
    problems = acceptance_problems({"version": sent, "accepted_by": sent, "capacity": sent}, PRODUCT)
    assert len(problems) == 3
    assert all(sent.strip() not in problem.detail for problem in problems)
