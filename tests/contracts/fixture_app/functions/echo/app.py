"""Answers with the event it got, or with what the query asks for."""

import base64
import json

from fixture_core import note

PIXEL = b"\x89PNG\r\n\x00\xff"


ANSWERS = {
    "binary": {
        "statusCode": 200,
        "headers": {"content-type": "image/png"},
        "body": base64.b64encode(PIXEL).decode(),
        "isBase64Encoded": True,
    },
    "plain": {"statusCode": 201, "body": "made", "cookies": ["a=1; Path=/", "b=2"]},
    "inferred": {"hello": "world"},
    "nothing": {"statusCode": 204},
    "malformed": {"statusCode": "many"},
    "split": {"statusCode": 200, "headers": {"x-evil": "a\r\nset-cookie: stolen=1"}, "body": ""},
}


def handler(event, context):
    query = event.get("queryStringParameters") or {}
    if query.get("answer") == "raise":
        raise ValueError("as asked")
    if "note" in query:
        note(query["note"])
    echo = {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
    return ANSWERS.get(query.get("answer"), echo)
