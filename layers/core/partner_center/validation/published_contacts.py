"""Who may approve a name by e-mail, as DNS says at this moment: computed addresses and published contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import NotFound
from partner_center.orders.content import Method
from partner_center.orders.page import cut
from partner_center.orders.ports import OrderReader, load
from partner_center.orders.under_way import enrolment_meant
from partner_center.validation.challenges import barred, may_prove
from partner_center.validation.contacts import Approver, approvers_of, approvers_seen, contact_looks
from partner_center.validation.corroborate import AllPerspectives
from partner_center.validation.ports import ChallengeReader

SECONDS = 15.0
"""How long a request waits for the network: of a zone that answers later only the computed addresses are known."""


@dataclass(frozen=True, slots=True)
class PublishedContacts:
    """Looks contacts up as the primary perspective sees them; they are corroborated before any mail goes out."""

    everywhere: AllPerspectives

    def of(self, names: Sequence[str]) -> Mapping[str, Sequence[Approver]]:
        """By name, everybody who may approve it; without a look only the computed addresses."""
        looks = {name: contact_looks(name) for name in names}
        every = [look for each in looks.values() for look in each]
        seen, primary = self.everywhere.look(every, SECONDS), self.everywhere.primary
        found, first = {}, 0
        for name, each in looks.items():
            sightings = seen.at(primary, first, len(each)) if primary and primary in seen.views else None
            found[name] = approvers_seen(name, sightings) if sightings else approvers_of(name, {}, {})
            first += len(each)
        return found


@dataclass(frozen=True, slots=True)
class ReadApprovers:
    """The use case behind the list of addresses from which a reseller chooses."""

    orders: OrderReader
    challenges: ChallengeReader
    contacts: PublishedContacts
    clock: Clock

    def __call__(
        self, reseller_id: str, order_id: str, name: str, query: Mapping[str, str]
    ) -> dict[str, Any]:
        """Every address that may be chosen: who declined this order is left out.

        Nobody may be once no mail proves anything by the rules of the day, and nothing is looked up then.

        Raises Malformed, and NotFound for an unknown order and for a name that it does not have.
        """
        meant = enrolment_meant(self.orders, reseller_id, order_id, name)
        order = load(self.orders, reseller_id, meant)
        if order is None:
            raise NotFound("There is no such order.")
        if name not in order.content.names:
            raise NotFound("The order has no such name.")
        if not may_prove(Method.EMAIL, self.clock.now()):
            return cut([], query)
        declined = barred(self.challenges.of_order(reseller_id, meant))
        items = [
            {
                "approver_email": each.address,
                "source": each.source,
                "authorization_domain": each.authorization_domain,
            }
            for each in self.contacts.of([name])[name]
            if each.address.lower() not in declined
        ]
        return cut(items, query)
