"""The payment gateway, wired: its API, and its secrets, which are read when they are needed."""

from functools import cache

from partner_center.adapters.secret_parameters import SecretParameters
from partner_center.adapters.stripe_gateway import StripeGateway
from partner_center.adapters.stripe_http import StripeHttp
from partner_center.entry.wiring.base import AFTERWARDS, client, deadline, settings


@cache
def stripe_http() -> StripeHttp:
    secrets = SecretParameters(lambda: client("ssm"), (f"{settings().payment_secrets}/secret-key",))
    return StripeHttp(settings().payment_api, secrets.first, left=lambda: deadline().left() - AFTERWARDS)


@cache
def payment_gateway() -> StripeGateway:
    return StripeGateway(stripe_http())
