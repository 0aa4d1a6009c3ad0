"""Lines of the log on which an alarm rings at once (template.yaml); each names the order, where there is one."""

from enum import StrEnum

from aws_lambda_powertools import Logger


class Alarm(StrEnum):
    """The words that the alarm's filter looks for. Called, it writes the line."""

    DISPUTED = "a charge is disputed"
    UNMOVED = "money could not be moved"

    def __call__(self, order_id: str | None) -> None:
        Logger().error(self.value, order_id=order_id)
