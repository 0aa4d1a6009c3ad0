"""Whom to call: the support directory by brand and region (M15, M21), from the FAQ of 2017."""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from partner_center.catalog.products import Brand


class Region(StrEnum):
    """The three regions of the directory; Latin America and Canada belong to the first."""

    AMERICAS = "americas"
    ASIA_PACIFIC = "asia_pacific"
    EMEA = "emea"


@dataclass(frozen=True, slots=True)
class SupportContact:
    """How one brand is reached in one region.

    `telephone`, `email` and `chat` lead to the people who validate orders; `reseller_support` is the address
    for questions about an account, the same for all brands.
    """

    brand: Brand
    region: Region
    telephone: tuple[str, ...]
    email: str
    chat: str
    reseller_support: str


def support_contacts(brand: Brand | None = None, region: Region | None = None) -> tuple[SupportContact, ...]:
    """The entries of a brand, of a region, of both or, with neither given, all nine."""
    return tuple(
        entry for entry in _directory() if brand in (None, entry.brand) and region in (None, entry.region)
    )


@cache
def _directory() -> tuple[SupportContact, ...]:
    data = json.loads(Path(__file__).with_name("support_contacts.json").read_text("utf-8"))
    return tuple(
        SupportContact(
            brand=Brand(entry["brand"]),
            region=Region(entry["region"]),
            telephone=tuple(entry["telephone"]),
            email=entry["email"],
            chat=entry["chat"],
            reseller_support=data["reseller_support"][entry["region"]],
        )
        for entry in data["order_validation"]
    )


def support_contact_as_json(contact: SupportContact) -> dict[str, object]:
    """An item of GET /v1/support-contacts."""
    return {
        "brand": contact.brand.value,
        "region": contact.region.value,
        "telephone": list(contact.telephone),
        "email": contact.email,
        "chat": contact.chat,
        "reseller_support": {"email": contact.reseller_support},
    }
