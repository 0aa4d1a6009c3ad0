"""What everything is measured against: a function that makes one boto3 client as it is loaded."""

from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(_event: Any, _context: Any) -> str:
    return "hello"
