"""What the functions of the fixture share: a note in the table for everything they were given."""

import os

import boto3


def table():
    return boto3.resource("dynamodb").Table(os.environ["TABLE"])


def note(key, **attributes):
    """Counts how often this key was noted."""
    sets = "".join(f", #{name} = :{name}" for name in attributes)
    names = {"ExpressionAttributeNames": {f"#{name}": name for name in attributes}} if attributes else {}
    answer = table().update_item(
        Key={"pk": key},
        UpdateExpression=f"SET noted = if_not_exists(noted, :zero) + :one{sets}",
        **names,
        ExpressionAttributeValues={":zero": 0, ":one": 1} | {f":{n}": v for n, v in attributes.items()},
        ReturnValues="ALL_NEW",
    )
    return int(answer["Attributes"]["noted"])
