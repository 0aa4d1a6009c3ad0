"""What owners of domains are told to publish, wired."""

from functools import cache

from partner_center.catalog.products import load_catalog
from partner_center.entry.wiring.base import settings
from partner_center.validation.publishing import Publishing


@cache
def publishing() -> Publishing:
    return Publishing(load_catalog(), settings().public_url)
