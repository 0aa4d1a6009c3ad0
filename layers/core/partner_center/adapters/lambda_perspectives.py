"""Network perspectives as Lambda functions, each in a region of its own, asked all at once."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from partner_center.adapters.look_codec import decode_answer, encode_question
from partner_center.kernel.errors import Malformed
from partner_center.validation.looks import Look
from partner_center.validation.perspectives import LOOKS_AT_MOST, PerspectiveView, Unseen, is_about

ANSWER_AT_MOST = 6 * 1024 * 1024
"""Octets; more than a function can answer."""

_ARN = re.compile(r"arn:aws[a-z-]*:lambda:([a-z0-9-]{1,63}):\d{12}:function:[A-Za-z0-9_-]{1,64}")


class _Trouble(Exception):
    """Why there is no answer, in a few words that are stored with the check."""


@dataclass(frozen=True, slots=True)
class PerspectiveFunction:
    """Where a perspective is invoked. It is called by its region, which is where it stands."""

    region: str
    arn: str


def perspective_functions(arns: Iterable[str]) -> tuple[PerspectiveFunction, ...]:
    """The functions, the primary first. Raises ValueError for what is no ARN of one, and for two in one region."""
    functions = []
    for arn in arns:
        match = _ARN.fullmatch(arn)
        if not match:
            raise ValueError(f"not the ARN of a function: {arn!r}")
        functions.append(PerspectiveFunction(match.group(1), arn))
    if len({each.region for each in functions}) != len(functions):
        raise ValueError("two perspectives in one region are one")
    return tuple(functions)


class LambdaPerspectives:
    """`Perspectives` of the validation context. `client` gives the Lambda client of a region.

    `limit` is how long all of them together are waited for, in seconds, where nobody else waits; `way` what the
    question, a start and the answer may take of the time of somebody who does. The clients must neither retry nor
    wait longer. `require` raises TryAgain when there are not so many seconds left for somebody who waits.
    """

    def __init__(
        self,
        functions: Sequence[PerspectiveFunction],
        client: Callable[[str], Any],
        limit: float = 50.0,
        way: float = 3.0,
        require: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._functions = functions
        self._client = client
        self._limit = limit
        self._way = way
        self._require = require

    def ask(self, looks: Sequence[Look], seconds: float | None = None) -> tuple[PerspectiveView, ...]:
        if not 0 < len(looks) <= LOOKS_AT_MOST:
            raise ValueError(f"{len(looks)} looks, which is not 1 to {LOOKS_AT_MOST}")
        if not self._functions:
            return ()
        if seconds is not None:
            self._require(seconds)
        allowed = max(0.0, seconds - self._way) if seconds is not None else None
        question = json.dumps(encode_question(looks, allowed)).encode()
        clients = [self._client(each.region) for each in self._functions]  # making them is not thread-safe
        pool = ThreadPoolExecutor(len(clients), "perspective")
        try:
            asked = [
                pool.submit(_ask, function, client, question, looks)
                for function, client in zip(self._functions, clients, strict=True)
            ]
            wait(asked, timeout=self._limit if seconds is None else min(seconds, self._limit))
            return tuple(
                _view(function, future) for function, future in zip(self._functions, asked, strict=True)
            )
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _view(function: PerspectiveFunction, asked: Future[PerspectiveView]) -> PerspectiveView:
    if not asked.done():
        return PerspectiveView(function.region, trouble="out_of_time")
    error = asked.exception()
    if error is None:
        return asked.result()
    told = str(error) if isinstance(error, _Trouble) else f"fault: {type(error).__name__}"
    return PerspectiveView(function.region, trouble=told)


def _ask(
    function: PerspectiveFunction, client: Any, question: bytes, looks: Sequence[Look]
) -> PerspectiveView:
    try:
        answer = client.invoke(FunctionName=function.arn, Payload=question)
        payload = answer["Payload"].read(ANSWER_AT_MOST + 1)
    except ClientError as error:
        raise _Trouble(f"refused: {error.response['Error']['Code']}") from error
    except BotoCoreError as error:
        raise _Trouble(f"unreachable: {type(error).__name__}") from error
    if len(payload) > ANSWER_AT_MOST:
        raise _Trouble("malformed: too large")
    if "FunctionError" in answer:
        raise _Trouble(f"failed: {_error_type(payload)}")
    return _read(function, payload, looks)


def _read(function: PerspectiveFunction, payload: bytes, looks: Sequence[Look]) -> PerspectiveView:
    try:
        told_by, sightings = decode_answer(json.loads(payload))
    except Malformed as error:
        raise _Trouble(f"malformed: {error.detail}") from error
    except (ValueError, RecursionError) as error:
        raise _Trouble("malformed: not JSON") from error
    if told_by != function.region:
        raise _Trouble(f"malformed: this is {told_by}")
    if len(sightings) != len(looks):
        raise _Trouble(f"malformed: {len(sightings)} sightings of {len(looks)}")
    for look, seen in zip(looks, sightings, strict=True):
        if not isinstance(seen, Unseen) and not is_about(look, seen):
            raise _Trouble("malformed: a sighting of something else")
    return PerspectiveView(function.region, sightings)


def _error_type(payload: bytes) -> str:
    """What Lambda calls the error, which is no more than a word for the record."""
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return "unknown"
    name = told.get("errorType") if isinstance(told, Mapping) else None
    return name[:100] if isinstance(name, str) else "unknown"
