"""Lambda: moto would start a container; here the worker processes answer."""

import json
from collections.abc import Callable
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.repairs.patching import Method, around, exchange


def install(
    run: Callable[[str, dict[str, Any]], tuple[str, bool]],
    deliver: Callable[[dict[str, Any], dict[str, Any]], None],
) -> None:
    def invoke_worker(function: Any, event: Any = None) -> tuple[str, bool, str]:
        payload, failed = run(function.function_name, json.loads(event) if isinstance(event, str) else event)
        return payload, failed, ""

    def invoke(original: Method, function: Any, body: Any, headers: Any, answer_headers: Any) -> Any:
        if (headers or {}).get("x-amz-invocation-type") != "Event":
            return original(function, body, headers, answer_headers)
        deliver({"Arn": function.function_arn}, json.loads(body or "{}"))
        return ""

    exchange(LambdaFunction, "_invoke_lambda", invoke_worker)
    around(LambdaFunction, "invoke", invoke)
