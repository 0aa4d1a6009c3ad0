"""Secrets in SSM parameters of type SecureString, read when they are needed and kept for some minutes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.kernel.errors import TryAgain

KEPT_SECONDS = 300.0


@dataclass(slots=True)
class SecretParameters:
    """The values of the `names` that exist, in their order; what is held is never shown by `repr`."""

    client: Callable[[], Any]
    names: Sequence[str]
    monotonic: Callable[[], float] = time.monotonic
    _values: tuple[str, ...] = field(default=(), repr=False)
    _read_at: float | None = None

    def values(self, fresh: bool = False) -> tuple[str, ...]:
        """Read again after KEPT_SECONDS, or when `fresh` is asked for. Raises TryAgain, also when there is none."""
        now = self.monotonic()
        if fresh or self._read_at is None or now - self._read_at >= KEPT_SECONDS:
            self._values, self._read_at = self._read(), now
        return self._values

    def first(self, fresh: bool = False) -> str:
        return self.values(fresh)[0]

    def _read(self) -> tuple[str, ...]:
        try:
            answer = self.client().get_parameters(Names=list(self.names), WithDecryption=True)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain("A secret cannot be read at the moment.", 5) from error
        found = {each["Name"]: each["Value"].strip() for each in answer["Parameters"]}
        values = tuple(found[name] for name in self.names if found.get(name))
        if not values:
            raise TryAgain("A secret is not set.", 60)
        return values
