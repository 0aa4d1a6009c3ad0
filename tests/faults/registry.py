"""The journeys that are known: each registers itself, by one decorator on one function."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.world import World

Tell = Callable[[World], None]
FOLDER = "journeys"


@dataclass(frozen=True)
class Journey:
    """`lasts`: virtual days that pass in it, so that a cloud is not used for ever.

    `alone`: in a cloud of its own, since it is about the rules of today, and what it leaves goes on by itself.
    """

    name: str
    tell: Tell
    lasts: float = 0.0
    alone: bool = False


_KNOWN: dict[str, Journey] = {}


def journey(lasts: float = 0.0, *, alone: bool = False) -> Callable[[Tell], Tell]:
    """Registers a whole journey under the function's name.

    It drives the public API and the local world alone, and returns once all that it is about is done.
    """

    def register(tell: Tell) -> Tell:
        name = tell.__name__
        if name in _KNOWN:
            raise ValueError(f"two journeys are called {name}")
        _KNOWN[name] = Journey(name, tell, lasts, alone)
        return tell

    return register


def journeys() -> dict[str, Journey]:
    """All that modules of the folder journeys/ register, by name."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent / FOLDER)]):
        importlib.import_module(f"tests.faults.{FOLDER}.{module.name}")
    return dict(sorted(_KNOWN.items()))
