"""How a method of moto is replaced, and how its interpreter is told of a failure."""

import functools
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName

Method = Callable[..., Any]


def around(owner: Any, name: str, body: Method) -> None:
    """Let `body` run instead of `owner.name`; it receives the original before the original's own arguments.

    Raises AttributeError if moto has no such name: then this version of moto is not the one that was examined.
    """
    original = getattr(owner, name)

    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        return body(original, *args, **kwargs)

    setattr(owner, name, replacement)


def exchange(owner: Any, name: str, value: Any) -> None:
    """Put `value` in the place of `owner.name`, which must exist."""
    getattr(owner, name)
    setattr(owner, name, value)


def serialize(lock: Any, owner: Any, *names: str) -> None:
    """Let one thread at a time into the named methods of `owner`."""

    def body(original: Method, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return original(*args, **kwargs)

    for name in names:
        around(owner, name, body)


def failure_event(env: Any, name: Any, event_type: Any, **details: str) -> Any:
    """A state's failure under one of Step Functions' own error names, as it will stand in the history."""
    key = event_type.value[0].lower() + event_type.value[1:] + "EventDetails"
    content: Any = {key: details | {"error": name.to_name()}}
    return FailureEvent(
        env=env, error_name=StatesErrorName(typ=name), event_type=event_type, event_details=content
    )
