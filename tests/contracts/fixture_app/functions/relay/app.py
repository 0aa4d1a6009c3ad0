"""Notes every change of the stream; a change can ask for trouble."""

from fixture_core import note


def handler(event, context):
    failures = []
    note(f"BATCH#{len(event['Records'])}")
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        key, trouble = image["pk"]["S"], image.get("trouble", {}).get("S")
        times = note(f"SEEN#{key}", source=record["eventSourceARN"])
        if trouble == "raise" or (trouble == "raise once" and times == 1):
            raise ValueError(key)
        if trouble == "report" or (trouble == "report once" and times == 1):
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
            break
    return {"batchItemFailures": failures}
