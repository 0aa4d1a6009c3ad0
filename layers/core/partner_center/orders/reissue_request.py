"""A reissue as the reseller posts it (docs/openapi.json, ReissueRequest), examined like any order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, StrictInt, StringConstraints

from partner_center.kernel.errors import Problem
from partner_center.orders.amendment import amended_body
from partner_center.orders.enrolment import judged
from partner_center.orders.examination import Circumstances, Examination
from partner_center.orders.key_material import screen
from partner_center.orders.lifecycle import LONGEST_DELAY_HOURS, delay_refusal
from partner_center.orders.order import Order
from partner_center.orders.requests import DomainControl, Name, Shape
from partner_center.orders.structure import read_shape

DELAY = "revoke_previous_after_hours"
_OF_AN_ORDER = ("csr", "common_name", "additional_domains", "domain_control")


class ReissueRequest(Shape):
    """The body of POST /v1/orders/{order_id}/reissues."""

    csr: Annotated[str, StringConstraints(min_length=1, max_length=262_144)]
    common_name: Name | None = None
    additional_domains: Annotated[list[Name], Field(max_length=1000)] | None = None
    domain_control: DomainControl | None = None
    revoke_previous_after_hours: Annotated[StrictInt, Field(ge=0, le=LONGEST_DELAY_HOURS)] | None = None


def examine_reissue(body: Mapping[str, Any], around: Circumstances) -> Examination:
    """What is wrong with a reissue of `around.amended`, or the content it asks for.

    After how many hours the certificate before it shall be revoked, if it shall, says `DELAY` of a sound body.

    A name that is not given is the order's own; what the CSR names comes on top, as when an order is placed. Never
    raises for any JSON object; never quotes key material.
    """
    order = around.amended
    if order is None:
        raise ValueError("a reissue needs the order that is reissued")
    screened = screen(body)
    _, problems = read_shape(ReissueRequest, screened.body)
    problems = tuple(_of_the_delay(each, screened.body.get(DELAY)) for each in problems)
    refused = {(each.field or "").split("/")[1] for each in problems if each.field}
    given = {
        name: screened.body[name]
        for name in _OF_AN_ORDER
        if screened.body.get(name) is not None and name not in refused
    }
    said = given.get("domain_control")
    around = replace(around, restated=said if isinstance(said, Mapping) else None)
    posted = amended_body(order, _names_of(order) | given)
    return judged(posted, screened, list(problems), around)


def _of_the_delay(problem: Problem, hours: Any) -> Problem:
    """Hours that are a number but too many are refused as those of a replacement are."""
    is_number = isinstance(hours, int) and not isinstance(hours, bool)
    if problem.field != f"/{DELAY}" or not is_number or (refusal := delay_refusal(hours)) is None:
        return problem
    return Problem(refusal.code, refusal.detail, problem.field)


def _names_of(order: Order) -> dict[str, Any]:
    first, *others = order.content.names
    return {"common_name": first, "additional_domains": others}
