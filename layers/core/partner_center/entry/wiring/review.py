"""The reviewer's desk, wired."""

from functools import cache

from partner_center.adapters.screening_store import ScreeningStore
from partner_center.entry.wiring.base import clock, database, ids, patience, settings
from partner_center.entry.wiring.orders import order_store
from partner_center.orders.review import DecideReview
from partner_center.orders.review_queue import ReviewQueue


@cache
def screening_store() -> ScreeningStore:
    return ScreeningStore(database(), settings().tables)


@cache
def decide_review() -> DecideReview:
    return DecideReview(order_store(), screening_store(), clock(), ids(), patience())


@cache
def review_queue() -> ReviewQueue:
    return ReviewQueue(order_store(), screening_store())
