"""The door of cards that the gateway is to forget: each that is due by itself, as long as there is time."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.billing.payment_method import ForgetCards
from partner_center.entry.by_itself import by_itself
from partner_center.kernel.errors import TryAgain

_FOR_THE_LAST = timedelta(seconds=60)
"""A gateway and a database that do not answer take less; with less time left none is begun."""


def forgetting_handler(forget: Callable[[], ForgetCards]) -> Callable[[dict[str, Any], Any], dict[str, int]]:
    """A Lambda handler for the schedule. A card that the gateway does not forget is put off.

    Raises TryAgain at the end when there were any, so that the run has failed and an alarm rings.
    """
    logger = Logger()

    def is_forgotten(run: ForgetCards, reseller_id: str, card_id: str) -> bool:
        def act() -> bool:
            run(reseller_id, card_id)
            return True

        put_off = partial(run.put_off, reseller_id, card_id)
        named = {"reseller_id": reseller_id, "card_id": card_id}
        return bool(by_itself(logger, "a card was not forgotten", act, put_off, **named))

    def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
        run, done, tried = forget(), 0, 0
        for card in run.due():
            if context.get_remaining_time_in_millis() < _FOR_THE_LAST / timedelta(milliseconds=1):
                break
            tried += 1
            done += is_forgotten(run, *card)
        if done < tried:
            raise TryAgain(f"The gateway did not forget {tried - done} of {tried} cards.", 60)
        return {"forgotten": done}

    return handler
