"""What the payment gateway tells, wired."""

from functools import cache

from partner_center.adapters.secret_parameters import SecretParameters
from partner_center.adapters.settlement_queue import GatewayEventStore, SettlementQueue
from partner_center.billing.hear_gateway import HearGateway
from partner_center.entry.alarms import Alarm
from partner_center.entry.wiring.base import client, clock, database, settings
from partner_center.entry.wiring.gateway import payment_gateway
from partner_center.entry.wiring.orders import order_store


@cache
def signing_secrets() -> SecretParameters:
    """Two are good while one takes the other's place."""
    folder = settings().payment_secrets
    names = (f"{folder}/webhook-secret", f"{folder}/webhook-secret-next")
    return SecretParameters(lambda: client("ssm"), names)


@cache
def hear_gateway() -> HearGateway:
    events = GatewayEventStore(database(), settings().tables.business)
    queue = SettlementQueue(lambda: client("sqs"), settings().payments_to_settle)
    return HearGateway(events, queue, payment_gateway, order_store(), clock(), Alarm.DISPUTED)
