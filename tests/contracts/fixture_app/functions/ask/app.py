"""Mails a question with the task's token and returns; somebody answers with SendTaskSuccess."""

from email.message import EmailMessage

import boto3
from fixture_core import table


def handler(event, context):
    table().put_item(Item={"pk": f"TOKEN#{event['name']}", "token": event["token"]})
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = (
        "ask@example.com",
        "owner@example.com",
        f"Approve {event['name']}?",
    )
    mail.set_content(f"Open https://example.com/approve/{event['name']} please, <b>not bold</b>.")
    mail.add_alternative(
        f'<p>Open <a href="https://example.com/approve/{event["name"]}">the page</a>.</p>', subtype="html"
    )
    mail.add_attachment(
        b"\x00\x01", maintype="application", subtype="octet-stream", filename="terms & more.bin"
    )
    boto3.client("sesv2").send_email(Content={"Raw": {"Data": mail.as_bytes()}})
