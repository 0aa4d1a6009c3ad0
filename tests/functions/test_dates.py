"""Every date of the table of rules, over HTTP: how long a certificate is and what a proof serves, before and after.

The tables of `kernel.dated_rules`, and what is computed from them, have their own tests to the second.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from local.runtime import Zygote
from local.seed import seed
from partner_center.kernel.dated_rules import TIMETABLE, RulesOfTheDay, rules_on
from tests.functions.conftest import TEMPLATE
from tests.functions.journeys import UNHINDERED, Reseller, csr_for, order_body, publish, resellers

pytestmark = pytest.mark.cloud

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
MARGIN = 10 * A_DAY
"""How far a proof is from the age at which the rules part."""


def proven_before(date: datetime) -> timedelta:
    """An age that the rules before the date allow for a proof, and those after it only if they do not shorten it.

    No older than the rules themselves.
    """
    before, after = rules_on(date - AN_HOUR), rules_on(date)
    oldest = date - TIMETABLE[0][0] - A_DAY
    return min(before.domain_reuse - MARGIN, after.domain_reuse + MARGIN, oldest)


@pytest.fixture(params=[date for date, _ in TIMETABLE[1:]], ids=lambda date: f"{date:%Y-%m-%d}")
def date(request: pytest.FixtureRequest) -> datetime:
    """The first moment of a row of the table that follows another."""
    return request.param


@pytest.fixture
def cloud(zygote: Zygote, date: datetime) -> Iterator[EmbeddedCloud]:
    """Of each date its own, in which an order is proven that will be so old when the date comes."""
    begins = date - proven_before(date)
    seeded = EmbeddedCloud(
        TEMPLATE, UNHINDERED, seed=lambda cloud: seed(cloud)[0], zygote=zygote, begins=begins
    )
    with seeded as running:
        yield running


@pytest.fixture
def reseller(cloud: EmbeddedCloud) -> Reseller:
    return resellers(cloud)[0]


def until(cloud: EmbeddedCloud, moment: datetime) -> None:
    cloud.advance(max(0.0, moment.timestamp() - cloud.clock.now()), runs=4)
    assert cloud.settle()


def by(method: str, name: str) -> dict[str, str]:
    return {"method": method} | ({"approver_email": f"admin@{name}"} if method == "email" else {})


def assert_runs_as_long_as_it_may(order: dict[str, Any], rules: RulesOfTheDay) -> None:
    """The newest certificate: a day less than the limit, or to the term's end. The last second counts (BR 6.3.2)."""
    newest = order["certificates"][0]
    moments = newest["not_before"], newest["not_after"], order["term"]["to"]
    begins, ends, term_ends = (datetime.fromisoformat(each) for each in moments)
    lifetime, left = (each - begins + timedelta(seconds=1) for each in (ends, term_ends))
    assert lifetime == min(rules.certificate_lifetime - A_DAY, left)


def reissue(reseller: Reseller, order_id: str, name: str, method: str) -> dict[str, Any]:
    """With another key; as it stands once nothing is under way."""
    label = f"key-{reseller.cloud.clock.now():.0f}"
    body = {"csr": csr_for(name, label=label), "domain_control": by(method, name)}
    reply = reseller.call("POST", f"/v1/orders/{order_id}/reissues", body)
    assert reply.status == 201, reply.text
    assert reseller.cloud.settle()
    path = f"/v1/orders/{order_id}/reissues/{reply.json['reissue_id']}"
    return dict(reseller.call("GET", path).json)


def proof_is_good_for(rules: RulesOfTheDay, age: timedelta, method: str) -> bool:
    return age < rules.domain_reuse and (method != "email" or rules.email_methods_allowed)


def test_what_a_date_changes_holds_from_its_first_moment_on(
    cloud: EmbeddedCloud, reseller: Reseller, date: datetime
) -> None:
    before, after = rules_on(date - AN_HOUR), rules_on(date)
    method, name = "email" if before.email_methods_allowed else "dns_txt", "dates.example.net"
    if method == "email":
        order = reseller.issued(name=name, approver=f"admin@{name}")
    else:
        order_id = reseller.placed(name=name, domain_control=by(method, name))
        publish(cloud, reseller.domains(order_id)[name])
        order = reseller.proves(order_id)
    order_id = order["order_id"]
    proven_at = datetime.fromisoformat(reseller.domains(order_id)[name]["evidence"]["checked_at"])

    until(cloud, date - AN_HOUR)
    assert reissue(reseller, order_id, name, method)["status"] == "issued"
    assert_runs_as_long_as_it_may(reseller.order(order_id), before)

    until(cloud, date + timedelta(minutes=1))
    now = "email" if after.email_methods_allowed else "dns_txt"
    again = reissue(reseller, order_id, name, now)
    serves = proof_is_good_for(after, date - proven_at, method)
    assert again["status"] == ("issued" if serves else "pending"), again
    if not serves:
        asked = reseller.domains(order_id)[name]
        assert asked["reissue_id"] == again["reissue_id"]
        reply = reseller.call("PUT", f"/v1/orders/{order_id}/domains/{name}/method", {"method": "dns_txt"})
        assert reply.status == 200, reply.text
        assert cloud.settle()
        publish(cloud, reseller.domains(order_id)[name])
        assert reseller.looks(order_id).status == 200
    newest = reseller.order(order_id)
    assert len(newest["certificates"]) == 3
    assert_runs_as_long_as_it_may(newest, after)
    asked_by_mail = reseller.place(order_body(name="mailed.example.net", approver="admin@example.net"))
    assert asked_by_mail.status == (201 if after.email_methods_allowed else 422), asked_by_mail.text
