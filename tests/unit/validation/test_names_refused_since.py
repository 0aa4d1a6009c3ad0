"""An order whose name a newer public suffix list refuses can be read and checked, and stands in nobody's way."""

from dataclasses import replace

import pytest

from partner_center.kernel.patience import AFTER_TROUBLE
from partner_center.orders.content import ChosenMethod, Method
from partner_center.orders.order import OrderKind, OrderStatus
from partner_center.orders.public_names import name_problem
from partner_center.validation.challenges import ChallengeStatus, wanted_challenges
from partner_center.validation.standing import read_standing
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, US, a_content, a_day, a_head, an_order
from tests.unit.validation.publisher import PUBLISHED, Publisher, by

SUFFIX, DROPPED = "co.uk", "www.example.gone"
"""As if a list had made the one a public suffix, and dropped the top-level domain of the other, since the order."""

every_method = pytest.mark.parametrize("method", PUBLISHED)
every_name = pytest.mark.parametrize("name", [SUFFIX, DROPPED])


@every_method
@every_name
def test_what_it_needs_is_asked_at_the_name_itself(name, method):
    (wanted,) = wanted_challenges(by(method, name))
    assert (wanted.authorization_domain, wanted.names) == (name, (name,))
    assert name_problem(name) is not None, "the placing gate refuses it"


def test_a_wildcard_stands_at_its_base_and_beside_it_the_others_share_as_ever():
    names = by("dns_txt", "*.co.uk", "example.com", "www.example.com")
    assert [(each.authorization_domain, each.names) for each in wanted_challenges(names)] == [
        ("co.uk", ("*.co.uk",)),
        ("example.com", ("example.com", "www.example.com")),
    ]


@every_method
@every_name
def test_its_domains_are_read_and_say_what_to_do(name, method):
    desk = Publisher(method=method, methods=by(method, name, "example.com"))
    items = desk.domains()
    assert items[name]["status"] == "pending"
    assert "publish" not in items[name]
    assert "Choose other names" in items[name]["next_action"]
    assert ("publish" in items["example.com"], items["example.com"]["next_action"]) == (True, None)


@every_name
def test_a_reissue_is_told_to_be_cancelled_since_its_order_cannot_be_amended(name):
    """In the instructions of the name, and in the attempt to look at it."""
    desk = Publisher(methods=by("dns_txt", name), kind=OrderKind.REISSUE)
    desk.check()
    for told in (desk.domains()[name]["next_action"], desk.attempt.detail):
        assert "Cancel the reissue (POST /v1/orders/{id}/reissues/{reissue_id}/cancel)" in told
        assert "PATCH" not in told


@every_name
def test_an_issued_order_is_read(name):
    issued = {"status": OrderStatus.ISSUED, "issued_at": NOW}
    order = an_order(a_head(**issued), a_content(name, methods=by("dns_txt", name)))
    desk = Publisher()
    found = read_standing(desk.world.stores.challenges, order, NOW + a_day)
    assert [each.name for each in found.names] == [name]


@every_method
@every_name
def test_a_check_looks_at_the_other_names_and_says_why_not_at_this_one(name, method):
    desk = Publisher(methods=by(method, name, "example.com"))
    desk.publish()
    desk.check()
    status = {item: each["status"] for item, each in desk.domains().items()}
    assert status == {name: "pending", "example.com": "valid"}
    (refused,) = [each for each in desk.challenges if each.authorization_domain == name]
    assert (refused.attempts[-1].result, refused.checks) == (ChallengeStatus.FAILED, 1)
    assert f"Control of {name} can be shown nowhere" in refused.attempts[-1].detail
    assert refused.due_at > NOW, "it is not the oldest due for ever"


class _Broken(Exception):
    """What a reading meets that nobody foresaw."""


@pytest.mark.parametrize(
    ("seconds", "put_off"), [(None, True), (18.0, False)], ids=["by itself", "somebody waits"]
)
def test_what_cannot_be_judged_is_put_off_where_nobody_waits(seconds, put_off):
    """Rows that stay the oldest due were begun again every minute, before those of an eighth of all orders."""
    desk = Publisher(methods={"example.com": ChosenMethod(method=Method.DNS_TXT)})
    due = desk.challenge.due_at

    class Unreadable:
        def head(self, *_):
            raise _Broken

        content = head

    check = replace(desk.world.check_control, orders=Unreadable())
    with pytest.raises(_Broken):
        check(US, ORDER, "request-1", None, seconds)
    assert desk.challenge.due_at == (desk.clock.now() + AFTER_TROUBLE if put_off else due)
