"""The support directory: brand by region, telephone, e-mail and chat (M15), reseller support (M21)."""

import re
from collections import Counter
from itertools import product
from urllib.parse import urlsplit

import pytest

from partner_center.catalog.products import Brand
from partner_center.catalog.support_contacts import Region, support_contact_as_json, support_contacts


@pytest.mark.parametrize(("brand", "region"), list(product(Brand, Region)))
def test_each_brand_is_reachable_in_each_region_by_telephone_mail_and_chat(brand, region):
    (contact,) = support_contacts(brand, region)
    assert (contact.brand, contact.region) == (brand, region)
    assert contact.telephone
    assert all(re.fullmatch(r"\+[0-9 ]{10,16}(, option [0-9])?", number) for number in contact.telephone)
    assert re.fullmatch(r"[a-z_-]+@[a-z]+\.com", contact.email)
    assert urlsplit(contact.chat).hostname


@pytest.mark.parametrize(
    ("brand", "region", "entries"),
    [(None, None, 9), (Brand.THAWTE, None, 3), (None, Region.EMEA, 3), (Brand.GEOTRUST, Region.AMERICAS, 1)],
)
def test_brand_and_region_narrow_the_directory(brand, region, entries):
    found = support_contacts(brand, region)
    assert len(found) == entries
    assert Counter((each.brand, each.region) for each in found).most_common(1)[0][1] == 1


def test_reseller_support_depends_on_the_region_alone():
    for region in Region:
        assert len({contact.reseller_support for contact in support_contacts(region=region)}) == 1


def test_an_entry_as_the_api_shows_it():
    (contact,) = support_contacts(Brand.THAWTE, Region.EMEA)
    assert support_contact_as_json(contact) == {
        "brand": "thawte",
        "region": "emea",
        "telephone": ["+353 1 793 9029, option 1"],
        "email": "emeasupport@thawte.com",
        "chat": "http://www.thawte.com/chat/chat_cs_international.html",
        "reseller_support": {"email": "emeapartnersupport@symantec.com"},
    }
