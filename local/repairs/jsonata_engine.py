"""JSONata for moto's interpreter, which was cut off from the Java library it was written for."""

import hashlib
import json
import re
import threading
import uuid
from datetime import datetime
from functools import lru_cache
from typing import Any

import jsonata
import moto.stepfunctions.parser.asl.component.intrinsic.jsonata as intrinsic
import moto.stepfunctions.parser.asl.jsonata.jsonata as engine
import moto.stepfunctions.parser.asl.jsonata.validations as _validations
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.eval import states, variable_store

from local.clock import CLOCK
from local.repairs.patching import Method, around, exchange, failure_event

validations: Any = _validations
_lock = threading.Lock()  # jsonata-python keeps the evaluation under way in module state
_VARIABLES = re.compile(r"/\*given (\{.*?\})\*/", re.DOTALL)


def _plain(value: Any) -> Any:
    """The library's lists and objects as JSON's own; whole numbers without a fraction, as on AWS."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float) else None


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _hash(value: Any, algorithm: str) -> str:
    return hashlib.new(algorithm.replace("-", "").lower(), str(value).encode()).hexdigest()


@lru_cache(512)
def _program(expression: str) -> jsonata.Jsonata:
    """Parsed once; the tree is not changed by its evaluation."""
    program = jsonata.Jsonata(expression)
    program.register_lambda("uuid", lambda: str(uuid.uuid4()))
    program.register_lambda("hash", _hash)
    program.register_lambda("now", lambda: _iso(CLOCK.utcnow()))
    program.register_lambda("millis", lambda: int(CLOCK.now() * 1000))
    return program


def evaluate(expression: str) -> Any:
    """What the expression comes to, with the variables that `_declare` wrote into it.

    Each is bound under another name and assigned where it was written, behind what it may hide.
    """
    variables: dict[str, Any] = {}

    def assigned(found: re.Match[str]) -> str:
        values = _bound(json.loads(found[1]))
        variables.update({f"given_{name}": value for name, value in values.items()})
        return "".join(f"${name}:=$given_{name};" for name in values)

    try:
        bare = _VARIABLES.sub(assigned, expression)
        with _lock:
            program = _program(bare)
            jsonata.Jsonata.CURRENT.jsonata = program
            return _plain(program.evaluate(None, variables))
    except Exception as error:  # the library lets any error out, from any depth
        raise engine.JSONataException("UNKNOWN", str(error)) from error


def _bound(value: Any) -> Any:
    """JSON as the library reads it from source: None is a value that is missing, 2.0 is 2."""
    if isinstance(value, dict):
        return {key: _bound(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_bound(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return Utils.NULL_VALUE if value is None else value


def _declare(bindings: dict[str, Any]) -> str:
    """Variables in a comment; `evaluate` binds them.

    moto writes them into the source of each expression, which is another one then each time, and escapes nothing.
    """
    values = {name.removeprefix("$"): value for name, value in bindings.items()}
    written = json.dumps(values, default=_iso, ensure_ascii=False).replace("/", "\\/")
    return f"/*given {written}*/"


def _as_query_error(original: Method, string: Any, env: Any) -> None:
    """What AWS names States.QueryEvaluationError is a States.Runtime to moto."""
    try:
        original(string, env)
    except engine.JSONataException as error:
        event = failure_event(
            env,
            StatesErrorNameType.StatesQueryEvaluationError,
            HistoryEventType.EvaluationFailed,
            cause=f"The JSONata expression '{string.expression}' failed: {error.details}",
        )
        raise FailureEventException(event) from error


def install() -> None:
    exchange(engine, "_eval_jsonata", evaluate)
    exchange(states, "encode_jsonata_variable_declarations", _declare)
    exchange(variable_store, "encode_jsonata_variable_declarations", _declare)
    # A text that came out has a type that is supported; moto evaluates the expression again to know.
    exchange(validations, "_validate_string_output", lambda *_: None)
    for name in ("$uuid", "$hash"):
        intrinsic._DECLARATION_BY_VARIABLE_REFERENCE.pop(name)
    around(StringJSONata, "_eval_body", _as_query_error)
