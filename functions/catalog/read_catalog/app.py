"""GET /v1/products, /v1/products/{code} and /v1/agreements/{product}."""

from partner_center.accounts.api_keys import Principal, Role
from partner_center.catalog.agreements import agreement_as_json
from partner_center.catalog.products import Product, load_catalog, product_as_json
from partner_center.entry.api import Answer, Api, Request
from partner_center.entry.wiring.access import door
from partner_center.kernel.errors import NotFound
from partner_center.orders.page import cut

handler = Api(door)


@handler.route("GET", "/v1/products", *Role)
def products(request: Request, _: Principal) -> Answer:
    request.only_query("limit", "cursor")
    return Answer(200, cut([product_as_json(each) for each in load_catalog().on_sale()], request.query))


@handler.route("GET", "/v1/products/<code>", *Role)
def product(request: Request, _: Principal, code: str) -> Answer:
    request.only_query()
    found = _known(code)
    if not found.on_sale:
        raise NotFound("This product is sold no more; see GET /v1/products.")
    return Answer(200, product_as_json(found))


@handler.route("GET", "/v1/agreements/<code>", *Role)
def agreement(request: Request, _: Principal, code: str) -> Answer:
    request.only_query()
    return Answer(200, agreement_as_json(_known(code)))


def _known(code: str) -> Product:
    found = load_catalog().product(code)
    if found is None:
        raise NotFound("There is no such product; see GET /v1/products.")
    return found
