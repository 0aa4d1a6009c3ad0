"""Takes messages, bus events and schedules; notes them, and fails when they say so."""

import json

from fixture_core import note


def handler(event, context):
    if "Records" not in event:
        detail = event.get("detail", event)
        times = note(f"GOT#{detail.get('job')}")
        if detail.get("trouble"):
            raise ValueError(f"attempt {times}")
        return detail
    failures = []
    for record in event["Records"]:
        message = json.loads(record["body"])
        times = note(f"GOT#{message['job']}")
        if message.get("trouble") == "always" or (message.get("trouble") == "once" and times == 1):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
