"""A reseller reads its account and says how it wants to be reminded, over HTTP."""

import pytest

from local.cloud import EmbeddedCloud
from partner_center.accounts.api_keys import Role
from tests.functions.journeys import Reseller, key_with

pytestmark = pytest.mark.cloud


def test_preferences_are_kept_and_are_the_resellers_own(
    cloud: EmbeddedCloud, northwind: Reseller, contoso: Reseller
) -> None:
    before = northwind.call("GET", "/v1/account").json
    assert before["reminders"]["days"] is None
    others = contoso.call("GET", "/v1/account").json
    patch = {"reminders": {"days": [30, 7], "mute_contacts": True}}
    reply = northwind.call("PATCH", "/v1/account", patch, Content_Type="application/merge-patch+json")
    assert (reply.status, reply.json["reminders"]["days"]) == (200, [30, 7])
    assert northwind.call("GET", "/v1/account").json == reply.json
    assert contoso.call("GET", "/v1/account").json == others
    wrong = northwind.call("PATCH", "/v1/account", {"reminders": {"days": [91]}, "name": "Other"})
    assert (wrong.status, wrong.codes) == (422, {"invalid_field", "unknown_field"})
    assert northwind.call("GET", "/v1/account").json == reply.json


def test_a_key_that_only_orders_reads_and_does_not_change(cloud: EmbeddedCloud, northwind: Reseller) -> None:
    clerk = key_with(northwind, Role.ORDERS)
    assert clerk.call("GET", "/v1/account").status == 200
    reply = clerk.call("PATCH", "/v1/account", {"reminders": {"days": [1]}})
    assert (reply.status, reply.json["code"]) == (403, "forbidden")
