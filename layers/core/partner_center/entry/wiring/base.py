"""What every function needs: settings, clients, tables, time and ids."""

import os
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session

from partner_center.adapters.clock import SystemClock
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.timely import in_time, longest_try
from partner_center.entry.settings import Settings, read_settings
from partner_center.kernel.deadline import Deadline
from partner_center.kernel.ids import RandomIds
from partner_center.kernel.patience import Patience

PATIENT = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=10,
)
BRISK = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=10,
)
AFTERWARDS = longest_try(BRISK) + 1
"""Seconds that a long wait leaves for what is read and written after it."""


@cache
def settings() -> Settings:
    return read_settings(os.environ)


@cache
def session() -> Session:
    """One for all clients: it reads the services' descriptions once."""
    return get_session()


@cache
def deadline() -> Deadline:
    """Set by the door of the HTTP API with each request, before anything is wired; elsewhere nobody waits."""
    return Deadline()


@cache
def client(service: str) -> Any:
    """A botocore client with bounded patience: what takes longer is retried by whoever called us.

    Where somebody waits for an answer it has less, and none beyond the deadline: then it raises TryAgain.
    """
    config = BRISK if deadline().is_set else PATIENT
    return in_time(session().create_client(service, config=config), deadline())


@cache
def single_try_client(
    service: str, connect_timeout: int = 2, read_timeout: int = 5, region: str | None = None
) -> Any:
    """A botocore client that asks once, and waits so many seconds: for what is not to be done twice at a time.

    Whoever called us repeats it, later.
    """
    config = Config(
        connect_timeout=connect_timeout, read_timeout=read_timeout, retries={"total_max_attempts": 1}
    )
    return session().create_client(service, region_name=region, config=config)


def hasty_client(service: str) -> Any:
    """A client that tries once, and briefly: for what a request can do without."""
    return single_try_client(service, connect_timeout=1, read_timeout=1)


@cache
def database() -> Database:
    return Database(client("dynamodb"))


@cache
def clock() -> SystemClock:
    return SystemClock()


@cache
def ids() -> RandomIds:
    return RandomIds()


@cache
def patience() -> Patience:
    return Patience()
