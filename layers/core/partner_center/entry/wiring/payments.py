"""Moving money, wired: only functions that speak to the payment gateway import this."""

from functools import cache

from partner_center.billing.authorise import AuthorisePayment
from partner_center.billing.charge_steps import MoveMoney
from partner_center.billing.settle import DueSettlements, SettlePayment
from partner_center.entry.alarms import Alarm
from partner_center.entry.wiring.base import clock, ids
from partner_center.entry.wiring.charges import charge_store
from partner_center.entry.wiring.gateway import payment_gateway
from partner_center.entry.wiring.orders import order_store
from partner_center.entry.wiring.paying_cards import card_store
from partner_center.entry.wiring.validation import challenge_store


@cache
def move_money() -> MoveMoney:
    return MoveMoney(order_store(), charge_store(), card_store(), payment_gateway(), clock(), ids())


@cache
def authorise_payment() -> AuthorisePayment:
    return AuthorisePayment(order_store(), challenge_store(), move_money(), clock(), Alarm.UNMOVED)


@cache
def settle_payment() -> SettlePayment:
    return SettlePayment(charge_store(), move_money(), clock(), Alarm.UNMOVED)


@cache
def due_settlements() -> DueSettlements:
    return DueSettlements(charge_store(), clock())
