"""Perspectives that could not be asked, in the log."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_lambda_powertools import Logger

from partner_center.validation.looks import Look
from partner_center.validation.perspectives import Perspectives, PerspectiveView

ALARM = "a perspective could not be asked"
"""Words in the log on which an alarm rings (template.yaml)."""

NONE_NAMED = "none is named"
"""The trouble, where the parameter Perspectives is empty."""


@dataclass(frozen=True, slots=True)
class LoggedPerspectives:
    """Perspectives whose trouble is logged: who asks goes on with fewer views, and tells its reseller at most.

    A function that Lambda refuses to run counts neither as an invocation nor as an error where it stands (AWS:
    "Types of metrics for Lambda functions"), so nobody else tells of it.
    """

    perspectives: Perspectives

    def ask(self, looks: Sequence[Look], seconds: float | None = None) -> Sequence[PerspectiveView]:
        views = self.perspectives.ask(looks, seconds)
        troubled = {each.perspective_id: each.trouble for each in views if each.trouble is not None}
        if not views:
            troubled[""] = NONE_NAMED
        for perspective_id, trouble in troubled.items():
            Logger().error(ALARM, perspective=perspective_id, trouble=trouble)
        return views
