"""SES as the mailer relies on it: raw MIME in, the same bytes out."""

import email
import email.policy
import json
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from botocore.exceptions import ClientError

from local.repairs import ses
from local.undelivered import undelivered_event


def mail():
    message = EmailMessage()
    message["From"] = "Partner Center <no-reply@example.com>"
    message["To"] = "admin@example.org"
    message["Subject"] = "Zertifikat für example.org – bitte bestätigen"
    message["X-Order"] = "ord_1"
    message.set_content("https://example.com/approve/token ü")
    message.add_alternative("<a href='https://example.com/approve/token'>ü</a>", subtype="html")
    message.add_attachment(
        bytes(range(256)), maintype="application", subtype="zip", filename="certificate.zip"
    )
    return message


def test_a_raw_mail_is_kept_to_the_byte(cloud, clock):
    """Unrepaired, moto decodes it as UTF-8, which fails for 8-bit content, and keeps no envelope."""
    raw = mail().as_bytes() + b"\r\n8-bit: \xff\xfe"
    clock.advance(60)
    answer = cloud.over_http("sesv2").send_email(
        FromEmailAddress="no-reply@example.com",
        Destination={"ToAddresses": ["admin@example.org"], "BccAddresses": ["archive@example.com"]},
        Content={"Raw": {"Data": raw}},
    )
    kept = ses.SENT[-1]
    assert kept.raw == raw
    assert kept.destinations == ("admin@example.org", "archive@example.com")
    assert kept.message_id == answer["MessageId"]
    assert kept.sent_at == pytest.approx(clock.now(), abs=3)
    read = email.message_from_bytes(kept.raw, policy=email.policy.default)
    assert read["Subject"] == "Zertifikat für example.org – bitte bestätigen"
    assert read["X-Order"] == "ord_1"
    assert "approve/token ü" in read.get_body(("plain",)).get_content()


def test_each_mail_has_an_id_of_its_own(cloud):
    client = cloud.client("sesv2")
    ask = {"Destination": {"ToAddresses": ["a@example.org"]}, "Content": {"Raw": {"Data": mail().as_bytes()}}}
    assert len({client.send_email(**ask)["MessageId"] for _ in range(3)}) == 3


def test_a_mail_that_ses_would_assemble_is_refused(cloud):
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}
    with pytest.raises(ClientError) as caught:
        cloud.client("sesv2").send_email(Destination={"ToAddresses": ["a@example.org"]}, Content=content)
    assert "raw MIME" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "event", "said"),
    [
        ("bounce", "Bounce", "550 5.1.1"),
        ("transient", "Bounce", "452 4.2.2"),
        ("complaint", "Complaint", "abuse"),
    ],
)
def test_what_became_of_a_mail_is_told_with_its_tags_and_its_configuration_set(cloud, kind, event, said):
    cloud.over_http("sesv2").send_email(
        Destination={"ToAddresses": ["nobody@example.org"]},
        Content={"Raw": {"Data": mail().as_bytes()}},
        ConfigurationSetName="set-1",
        EmailTags=[{"Name": "order_id", "Value": "ord_1"}],
    )
    told = undelivered_event(ses.SENT[-1], kind, datetime(2026, 11, 23, tzinfo=UTC))
    assert told["eventType"] == event
    assert told["mail"]["tags"] == {"order_id": ["ord_1"], "ses:configuration-set": ["set-1"]}
    assert said in json.dumps(told)
    assert "nobody@example.org" in json.dumps(told[event.lower()])


def test_nothing_else_becomes_of_a_mail(cloud):
    with pytest.raises(ValueError, match="bounce"):
        undelivered_event(ses.SENT[-1], "lost", datetime(2026, 11, 23, tzinfo=UTC))
