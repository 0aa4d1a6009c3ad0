"""One order of three names before its last look."""

from dataclasses import replace
from datetime import UTC, datetime

from partner_center.catalog.products import load_catalog
from partner_center.issuance.preflight import RunPreflight
from partner_center.orders.content import content_to_json
from partner_center.validation.publishing import Publishing
from tests.fakes.outside import MemoryBlockLists
from tests.fakes.perspectives import PRIMARY, MemoryPerspectives, SeenThrough
from tests.fakes.samples import ORDER, US, a_contract
from tests.fakes.world import World
from tests.unit.validation.caa_world import ScriptedResolver, caa

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

    def names(self, names):
        """The order is for these, each to be proven as its first name was."""
        content = self.world.stores.orders.content(US, ORDER, 1)
        chosen = next(iter(content.methods.values()))
        content = replace(content, names=names, methods=dict.fromkeys(names, chosen))
        self.world.tables.contents[US, ORDER, 1] = content_to_json(content)

    def proven(self):
        return self.prove().split(
            ("example.com", ("www.example.com", "*.example.com")), ("example.org", ("example.org",))
        )

    def run(self, attempt=1, order_id=ORDER, reseller_id=US):
        return self.run_preflight(reseller_id, order_id, attempt, "execution-1")

    @property
    def head(self):
        return self.world.head()


def failed(preflight):
    return {check.check: check.detail for check in preflight.checks if not check.passed}
