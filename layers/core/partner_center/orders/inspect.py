"""Looking before ordering: what a CSR holds, and what an order would be answered. Nothing is stored."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from partner_center.catalog.pricing import price_as_json
from partner_center.catalog.products import MAX_NAMES
from partner_center.kernel.errors import Problem, told_at_once
from partner_center.orders.csr import read_csr
from partner_center.orders.key_gate import BlockedKeys, key_problems
from partner_center.orders.key_material import screen
from partner_center.orders.names_gate import NameRules, examine_names

if TYPE_CHECKING:
    from partner_center.orders.examination import Examination  # loads the shapes of whole orders

_ANY_NAMES = NameRules(MAX_NAMES, wildcard_allowed=True, wildcard_required=False, wildcard_san_allowed=True)


def exposed_in(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The private keys in a request to inspect a CSR, in any field or within the CSR: SHA-256 (hex) of their SPKI."""
    screened = screen(body)
    csr = screened.body.get("csr")
    hidden = read_csr(csr).exposed if isinstance(csr, str) else ()
    return (*screened.exposed, *hidden)


def inspect_csr(text: str, blocked: BlockedKeys) -> dict[str, Any]:
    """What the CSR holds and every problem of it; its names are judged as widely as any product allows."""
    reading = read_csr(text)
    if reading.csr is None:
        return {
            "valid": False,
            "subject": [],
            "names": [],
            "mapped": [],
            "key": None,
            "problems": problems_as_json(reading.problems),
        }
    csr = reading.csr
    names = examine_names(csr.dns_names, csr.common_name, None, (), _ANY_NAMES)
    found = [*reading.problems, *key_problems(csr.spki_der, blocked), *names.problems]
    problems = tuple(dict.fromkeys(found))
    return {
        "valid": not problems,
        "subject": [{"type": kind, "value": value} for kind, value in csr.subject],
        "names": list(names.names),
        "mapped": _mapped(names.mapped),
        "key": {
            "type": csr.key.type,
            "bits": csr.key.bits,
            "curve": csr.key.curve,
            "spki_sha256": csr.spki_sha256,
            "signature_hash": csr.signature_hash,
        },
        "problems": problems_as_json(problems),
    }


def examination_as_json(examination: "Examination") -> dict[str, Any]:
    """The answer of POST /v1/orders/validate: exactly the names that the certificate would carry, and the price."""
    quote = examination.quote
    return {
        "valid": not examination.problems,
        "names": list(examination.names.names),
        "mapped": _mapped(examination.names.mapped),
        "price": price_as_json(quote) if quote else None,
        "units": quote.units if quote else None,
        "problems": problems_as_json(examination.problems),
    }


def problems_as_json(problems: Sequence[Problem]) -> list[Mapping[str, str]]:
    """Problems in their public shape, absent parts left out; as many as one answer tells."""
    return [problem.as_json() for problem in told_at_once(problems)]


def _mapped(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"given": given, "name": name} for given, name in pairs]
