"""The payment gateway, wired: only functions that move money import this."""

from functools import cache

from partner_center.billing.payments import PaymentGateway


@cache
def payment_gateway() -> PaymentGateway:
    from partner_center.entry.wiring.stripe import stripe_gateway  # type: ignore[import-not-found]  # noqa: PLC0415

    gateway: PaymentGateway = stripe_gateway()
    return gateway
