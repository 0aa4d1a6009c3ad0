"""A reseller's own account: what it may read of itself, and how it wants to be reminded."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Protocol

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from partner_center.accounts.api_keys import Principal
from partner_center.accounts.resellers import ReminderPreferences, Reseller
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import ContentRefused, NotFound, Problem
from partner_center.kernel.events import AuditRecord, Chronicle
from partner_center.kernel.ids import Ids
from partner_center.kernel.patience import Patience, while_it_moves
from partner_center.orders.key_material import screen
from partner_center.orders.requests import Email, Shape
from partner_center.orders.structure import read_shape

LONGEST_LINK = 500


class ReminderChoice(Shape):
    """How to remind; what is left out stays, null means as usual."""

    days: Annotated[list[Annotated[StrictInt, Field(ge=0, le=90)]], Field(max_length=20)] | None = None
    digest_email: Email | None = None
    mute_contacts: StrictBool | None = None
    link: (
        Annotated[str, StringConstraints(max_length=LONGEST_LINK, pattern=r"^https://[\x21-\x7e]+$")] | None
    ) = None


class AccountRequest(Shape):
    """The body of PATCH /v1/account. Names and contacts are changed by support."""

    reminders: ReminderChoice | None = None


class Accounts(Protocol):
    """Keeps resellers."""

    def reseller(self, reseller_id: str) -> Reseller | None: ...

    def remind(
        self, before: Reseller, preferences: ReminderPreferences, audit: AuditRecord, *, replan: bool
    ) -> None:
        """`replan`: the reseller's reminders are planned anew.

        Raises ChangedMeanwhile when its preferences are not those of `before`, or it is there no more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """The use cases."""

    accounts: Accounts
    clock: Clock
    ids: Ids
    patience: Patience

    def read(self, reseller_id: str) -> dict[str, Any]:
        """Raises NotFound for a reseller without a profile."""
        return account_as_json(self._reseller(reseller_id))

    def change(self, principal: Principal, request_id: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        """The account after it. What the patch leaves out stays as another, at the same time, has left it.

        A patch that changes nothing writes nothing. Raises ContentRefused, NotFound, TryAgain.
        """
        return while_it_moves(self.patience, lambda: self._change(principal, request_id, patch), "account")

    def _change(self, principal: Principal, request_id: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        before = self._reseller(principal.reseller_id)
        chosen = read_choice(patch, before.reminders)
        if chosen == before.reminders:
            return account_as_json(before)
        chronicle = Chronicle(self.ids, self.clock.now(), f"key:{principal.key_id}", request_id)
        told = {name: str(value) for name, value in asdict(chosen).items() if value is not None}
        audit = chronicle.audit("account.changed", principal.reseller_id, "", **told)
        replan = chosen.days != before.reminders.days
        self.accounts.remind(before, chosen, audit, replan=replan)
        return account_as_json(replace(before, reminders=chosen))

    def _reseller(self, reseller_id: str) -> Reseller:
        reseller = self.accounts.reseller(reseller_id)
        if reseller is None:
            raise NotFound("There is no such account.")
        return reseller


def read_choice(patch: Mapping[str, Any], before: ReminderPreferences) -> ReminderPreferences:
    """What the patch (RFC 7396) makes of the preferences. Raises ContentRefused with every problem."""
    screened = screen(patch)
    request, problems = read_shape(AccountRequest, screened.body)
    told = [*screened.problems, *(each for each in problems if each.field not in screened.withheld)]
    if told or request is None:
        raise ContentRefused(told)
    if request.reminders is None:
        return before if "reminders" not in patch else ReminderPreferences()
    said = request.reminders.model_dump(exclude_unset=True)
    if said.get("days") is not None:
        said["days"] = tuple(sorted(set(said["days"]), reverse=True))
    if "mute_contacts" in said:
        said["mute_contacts"] = bool(said["mute_contacts"])
    if (link := said.get("link")) is not None and "{" not in link:
        detail = "The address holds {order_id} or {partner_order_id}, where that of the order belongs."
        raise ContentRefused([Problem("invalid_field", detail, "/reminders/link")])
    return replace(before, **said)


def account_as_json(reseller: Reseller) -> dict[str, Any]:
    """GET /v1/account."""
    chosen = reseller.reminders
    return {
        "reseller_id": reseller.reseller_id,
        "name": reseller.name,
        "support_email": reseller.support_email,
        "billing_email": reseller.billing_contact,
        "reminders": {
            "days": list(chosen.days) if chosen.days is not None else None,
            "digest_email": reseller.digest_email,
            "mute_contacts": chosen.mute_contacts,
            "link": chosen.link,
        },
    }
