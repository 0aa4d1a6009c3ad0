"""CAA refused a name for the way it was proven: what was refused, what would be permitted, and what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_IN_WORDS = {
    "3.2.2.4.4": "email to a constructed address",
    "3.2.2.4.7": "dns_txt or dns_cname",
    "3.2.2.4.13": "email to a contact that CAA names",
    "3.2.2.4.14": "email to a contact that TXT names",
    "3.2.2.4.18": "http_file",
    "3.2.2.4.22": "dns_persist",
}
"""The methods behind a section of the BR, as they are chosen."""


@dataclass(frozen=True, slots=True)
class CaaRefusal:
    """Of one name: the sections of the BR that were refused, those of its proofs, and those that are `permitted`.

    The set that says so was found at `found_at`. None is permitted when it is not for the method that CAA refused.
    """

    name: str
    found_at: str
    refused: frozenset[str]
    permitted: tuple[str, ...]

    @property
    def advice(self) -> str:
        """A sentence for the reseller, which names the method to choose."""
        methods = list(dict.fromkeys(_IN_WORDS.get(each, f"BR {each}") for each in self.permitted))
        which = "it" if len(methods) == 1 and " or " not in methods[0] else "one"
        return (
            f"CAA of {self.found_at} permits only {' or '.join(methods)} for {self.name}: choose {which} with "
            f"PUT /v1/orders/{{id}}/domains/{self.name}/method."
        )


@dataclass(frozen=True, slots=True)
class CaaRefusals:
    """What a preflight made at `at` found to be refused for its method, by name."""

    at: datetime
    by_name: Mapping[str, CaaRefusal]


def refusals_of(at: datetime, evidence: Iterable[Mapping[str, Any]]) -> CaaRefusals:
    """From the evidence of a preflight (`caa_evidence`); what no other method would mend is left out."""
    return CaaRefusals(
        at,
        {
            each["name"]: CaaRefusal(
                each["name"], each["found_at"], frozenset(each["judged"]), tuple(each["permitted"])
            )
            for each in evidence
            if each.get("permitted")
        },
    )
