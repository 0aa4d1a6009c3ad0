"""The catalog as a later deployment may have it: with less on sale."""

from copy import deepcopy

from partner_center.catalog.checks import catalog_problems
from partner_center.catalog.products import Catalog, catalog_data, catalog_from


def without_sale_of(code: str, term_days: int | None = None) -> Catalog:
    """The catalog in which a product, or a term of it alone, is withdrawn."""
    data = deepcopy(catalog_data())
    product = next(each for each in data["products"] if each["code"] == code)
    terms = [term for term in product["terms"] if term["days"] == term_days]
    for each in terms or [product]:
        each["on_sale"] = False
    assert catalog_problems(data) == []
    return catalog_from(data)
