"""The subscriber agreement, and whether an applicant has accepted it (BR 9.6.3).

A text, once published, is never edited: orders keep the hash of what was accepted. A change is a new file,
named after its date, to which the products in `products.json` then point.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from partner_center.catalog.products import Product
from partner_center.kernel.errors import Problem

LONGEST_ANSWER = 128


@dataclass(frozen=True, slots=True)
class Agreement:
    """A published text; `sha256` is the lower-case hex digest of its UTF-8 bytes."""

    version: str
    text: str
    sha256: str


def agreement_for(product: Product) -> Agreement:
    """The agreement that an applicant for `product` has to accept today."""
    return _published(product.agreement)


@cache
def _published(version: str) -> Agreement:
    content = (Path(__file__).parent / "agreements" / f"{version}.txt").read_bytes()
    return Agreement(version, content.decode("utf-8"), sha256(content).hexdigest())


def acceptance_problems(agreement: Mapping[str, object] | None, product: Product) -> tuple[Problem, ...]:
    """What is wrong with an order's `agreement` of version, accepted_by and capacity; empty when it stands.

    Codes: `agreement_required` for what is missing or says nothing, `agreement_outdated` for another version.
    """
    if not agreement:
        return (
            Problem(
                "agreement_required",
                f"Show the applicant the text of /v1/agreements/{product.code} and send who accepted it.",
                "/agreement",
            ),
        )
    return (*_version_problems(agreement, product), *_person_problems(agreement))


def _version_problems(agreement: Mapping[str, object], product: Product) -> Iterator[Problem]:
    version, current = agreement.get("version"), product.agreement
    where = f"/v1/agreements/{product.code}"
    if _nothing_said(version):
        yield Problem(
            "agreement_required", f"Name the version accepted; {where} has {current}.", "/agreement/version"
        )
    elif version != current:
        yield Problem(
            "agreement_outdated",
            f"Show the applicant the text of {where} and send its version, {current}.",
            "/agreement/version",
        )


def _person_problems(agreement: Mapping[str, object]) -> Iterator[Problem]:
    wanted = {
        "accepted_by": "Give the name of the person who accepted the agreement for the applicant",
        "capacity": "Say in which capacity, for example applicant or authorized representative",
    }
    for field, request in wanted.items():
        answer = agreement.get(field)
        if _nothing_said(answer) or not _is_a_line(str(answer)):
            detail = f"{request}, in one line of at most {LONGEST_ANSWER} characters."
            yield Problem("agreement_required", detail, f"/agreement/{field}")


def _nothing_said(answer: object) -> bool:
    """Blank, no text, or filler such as "-": nobody's name and nobody's office."""
    return not isinstance(answer, str) or not any(letter.isalnum() for letter in answer)


def _is_a_line(answer: str) -> bool:
    # Categories C*: control, format (bidirectional overrides among them), surrogate, private, unassigned.
    return len(answer) <= LONGEST_ANSWER and not any(
        unicodedata.category(letter).startswith("C") for letter in answer
    )


def agreement_as_json(product: Product) -> dict[str, object]:
    """The answer of GET /v1/agreements/{product}; `hash` is what an order's acceptance records."""
    agreement = agreement_for(product)
    return {
        "product": product.code,
        "version": agreement.version,
        "text": agreement.text,
        "hash": agreement.sha256,
        "hash_algorithm": "SHA-256",
    }
