"""The door of looks at what is published: one that an outage ends, and that nobody waits for, is over."""

from collections.abc import Callable

from aws_lambda_powertools import Logger

from partner_center.entry.invocation import Invocation
from partner_center.kernel.patience import PASSES


def look(check: Callable[[Invocation], None], asked: Invocation) -> None:
    """Raises whatever somebody who waits is to be told, and what is no outage, which is set aside after three tries.

    Where nobody waits an outage is no matter of this invocation: what was not begun is due still and begun again in a
    minute, what was begun is due again within the hour, where that could be written, or at its next time.
    """
    try:
        check(asked)
    except PASSES as error:
        if asked.seconds is not None:
            raise
        Logger().warning("a look is left to its next time", reason=str(error))
