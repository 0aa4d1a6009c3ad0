"""Links to the gateway's form: a reseller asks for one and hands it to whoever holds the card."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Protocol

from partner_center.accounts.api_keys import Principal
from partner_center.accounts.resellers import Resellers
from partner_center.billing.cards import (
    LINK_LIFETIME,
    LINK_SECRET_BITS,
    CardForms,
    CardLink,
    CardShelf,
    LinkGuard,
    LinkSeenBefore,
)
from partner_center.billing.payments import PaymentRefused
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.kernel.events import Chronicle
from partner_center.kernel.ids import Ids
from partner_center.orders.idempotency import Call


class LinkVault(Protocol):
    """Encrypts a link's secret, so that a repeated request is answered with the same link."""

    def seal(self, secret: str, about_id: str) -> bytes: ...

    def open(self, sealed: bytes, about_id: str) -> str: ...


@dataclass(frozen=True, slots=True)
class MadeLink:
    """The secret in the link, told once, and how long it opens the form."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MakeCardLink:
    """The use case: a new link, or the one that this Idempotency-Key made before."""

    shelf: CardShelf
    forms: CardForms
    resellers: Resellers
    vault: LinkVault
    clock: Clock
    ids: Ids

    def __call__(self, principal: Principal, call: Call) -> MadeLink:
        """Raises IdempotencyKeyReused, TryAgain; then there is no link."""
        reseller_id = principal.reseller_id
        known = call.bound(partial(self.shelf.guard, reseller_id))
        if known is not None:
            return self._again(known)
        moment = self.clock.now()
        token, link_id = self.ids.secret(LINK_SECRET_BITS), self.ids.new("lnk", moment)
        customer = self._ask(lambda: self._customer(reseller_id))
        setup_id = self._ask(lambda: self.forms.begin(link_id, reseller_id, customer))
        link = CardLink(
            token_digest(token), link_id, reseller_id, customer, setup_id, moment, moment + LINK_LIFETIME
        )
        chronicle = Chronicle(self.ids, moment, f"key:{principal.key_id}", call.request_id)
        audit = chronicle.audit("card_link.made", reseller_id, "", link_id=link_id, setup_id=setup_id)
        try:
            self.shelf.open_link(link, self._guard(call, link, token), audit)
        except LinkSeenBefore as seen:
            return self._again(call.same(seen.guard))
        return MadeLink(token, link.expires_at)

    def _customer(self, reseller_id: str) -> str:
        known = self.shelf.customer(reseller_id)
        if known is not None:
            return known
        reseller = self.resellers.reseller(reseller_id)
        name = reseller.name if reseller is not None else reseller_id
        return self.shelf.keep_customer(reseller_id, self.forms.new_customer(reseller_id, name))

    def _ask(self, ask: Callable[[], str]) -> str:
        """A gateway that refuses this is set up wrongly, which no caller can help."""
        try:
            return ask()
        except PaymentRefused as refused:
            raise TryAgain("The card form cannot be opened at the moment.", 60) from refused

    def _guard(self, call: Call, link: CardLink, token: str) -> LinkGuard | None:
        if call.idempotency_key is None:
            return None
        sealed = self.vault.seal(token, link.link_id)
        return LinkGuard(
            call.method,
            call.path,
            call.idempotency_key,
            call.body_sha256,
            link.link_id,
            sealed,
            link.expires_at,
        )

    def _again(self, guard: LinkGuard) -> MadeLink:
        return MadeLink(self.vault.open(guard.sealed, guard.link_id), guard.expires_at)


def token_digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
