"""The door of the reconciler: executions that ended in trouble, what is due by its time, or one order by hand."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from partner_center.billing.ledger_check import Disagreement
from partner_center.entry.by_itself import by_itself
from partner_center.entry.queues import Postpone, message_handler
from partner_center.entry.wiring.queues import postponement
from partner_center.kernel.errors import TryAgain
from partner_center.orders.reconcile_order import Reconciled, ReconcileOrder

Due = Callable[[], Iterator[tuple[str, str]]]
CheckLedger = Callable[[str, str], Disagreement | None]
Left = Callable[[], timedelta]
"""How much time the invocation has left."""

_FOR_AN_ORDER = timedelta(seconds=60)
_FOR_A_LEDGER = timedelta(seconds=30)
"""Services that do not answer take less. With less time left none is begun: a run ends before its function does."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What the door works with, each part made with the first event that needs it. Alarms and metrics wait for the
    lines that are logged here (template.yaml).
    """

    order: Callable[[], ReconcileOrder]
    due: Callable[[], Due]
    check_ledger: Callable[[], CheckLedger]
    logger: Logger = field(default_factory=Logger)

    def one(self, reseller_id: str, order_id: str, correlation_id: str) -> Reconciled:
        found = self.order()(reseller_id, order_id, correlation_id)
        if found.is_repair:
            self.logger.warning(
                "an order was repaired", order_id=order_id, repair=found.repair, why=found.why
            )
        if found.is_told:
            self.logger.error(
                "an order does not get on", order_id=order_id, repair=found.repair, why=found.why
            )
        return found

    def run(self, left: Left) -> dict[str, int]:
        """What is due, as long as there is time; the rest is due in the next run. Trouble with one order keeps no
        other from being looked at.
        """
        found, troubled = list[Reconciled](), 0
        for reseller_id, order_id in self.due()():
            if left() < _FOR_AN_ORDER:
                break
            one = by_itself(
                self.logger,
                "not reconciled",
                partial(self.one, reseller_id, order_id, "schedule"),
                partial(self._put_off, reseller_id, order_id),
                fault="an order cannot be reconciled",
                order_id=order_id,
            )
            if one is None:
                troubled += 1
            else:
                found.append(one)
        repaired, disagreements = (
            sum(each.is_repair for each in found),
            self._hold_what_can_be_read(found, left),
        )
        self.logger.info(
            "orders were reconciled",
            looked_at=len(found),
            repaired=repaired,
            troubled=troubled,
            disagreements=disagreements,
        )
        return {
            "looked_at": len(found),
            "repaired": repaired,
            "troubled": troubled,
            "disagreements": disagreements,
        }

    def hold_ledgers(self, found: Iterable[Reconciled]) -> int:
        """How many contracts of orders that were repaired, or have ended, disagree with their ledgers."""
        return sum(self._disagrees(*each) for each in _concerned(found))

    def _hold_what_can_be_read(self, found: Iterable[Reconciled], left: Left) -> int:
        """As `hold_ledgers`; one that cannot be read, or not in time, is held when another order of it ends."""
        return sum(
            bool(
                by_itself(
                    self.logger,
                    "a ledger was not checked",
                    partial(self._disagrees_in_time, reseller_id, contract_id, left),
                    lambda: None,
                    contract_id=contract_id,
                )
            )
            for reseller_id, contract_id in _concerned(found)
        )

    def _disagrees_in_time(self, reseller_id: str, contract_id: str, left: Left) -> bool:
        if left() < _FOR_A_LEDGER:
            raise TryAgain("This run has no time left.")
        return self._disagrees(reseller_id, contract_id)

    def _disagrees(self, reseller_id: str, contract_id: str) -> bool:
        disagreement = self.check_ledger()(reseller_id, contract_id)
        if disagreement is None:
            return False
        self.logger.error(
            "a contract disagrees with its ledger",
            contract_id=contract_id,
            counted=disagreement.counted,
            proven=disagreement.proven,
        )
        return True

    def _put_off(self, reseller_id: str, order_id: str) -> None:
        self.order().put_off(reseller_id, order_id)


def _concerned(found: Iterable[Reconciled]) -> Sequence[tuple[str, str]]:
    """Reseller and contract of each whose money is concerned, once."""
    return sorted({(each.reseller_id, str(each.contract_id)) for each in found if each.concerns_money})


def _left(context: Any) -> timedelta:
    return timedelta(milliseconds=context.get_remaining_time_in_millis())


def reconciling_handler(
    reconciler: Reconciler, postpone: Callable[[], Postpone] = postponement
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for all three.

    Messages are `Step Functions Execution Status Change` events of the machine, whose input names the order. By hand
    it is `{"reseller_id": ..., "order_id": ...}`. Anything else is a run of what is due.
    """

    def ended(message: dict[str, Any]) -> None:
        detail = message["detail"]
        ids = json.loads(detail["input"])
        reconciler.hold_ledgers([reconciler.one(ids["reseller_id"], ids["order_id"], detail["name"])])

    handle_messages = message_handler(ended, postpone)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if "Records" in event:
            return handle_messages(event, context)
        if "order_id" in event:
            found = reconciler.one(event["reseller_id"], event["order_id"], "by hand")
            return {
                "repair": found.repair,
                "why": found.why,
                "disagreements": reconciler.hold_ledgers([found]),
            }
        return reconciler.run(partial(_left, context))

    return handler
