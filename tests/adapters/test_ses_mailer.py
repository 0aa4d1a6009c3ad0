import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.stub import ANY, Stubber

from local.repairs.ses import SENT
from partner_center.adapters.ses_mailer import SesMailer, is_unverified
from partner_center.entry.settings import read_settings
from partner_center.entry.wiring import base, mail
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.domain_mailer import tags_of
from partner_center.notifications.mail import Attachment, Mail, MailRefused
from tests.fakes.samples import ORDER, US, a_head

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REGION = "eu-west-1"
MAIL = Mail(
    message_id="<issued.ord_1.g1@ca.example.net>",
    sender="Partner Center <no-reply@ca.example.net>",
    to=("Åsa <asa@bücher.example.com>", "admin@example.com"),
    reply_to=None,
    subject="Ihr Zertifikat für bücher.example.com",
    text="Grüße\n",
    html="<p>Grüße</p>\n",
    attachments=(Attachment("a.pem", "application/pem-certificate-chain", b"abc\n"),),
)


class Noon:
    def now(self) -> datetime:
        return NOON


@pytest.fixture
def client():
    return boto3.client(
        "sesv2",
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def ses(aws):
    """A client that reaches moto, as local/ repairs it: mails are kept as they were sent."""
    SENT.clear()
    return aws("sesv2")


def test_the_whole_mail_reaches_ses(ses):
    SesMailer(ses, Noon()).send(MAIL)
    (sent,) = SENT
    received = message_from_bytes(sent.raw, policy=default)
    assert received["Subject"] == MAIL.subject
    assert received["Message-ID"] == MAIL.message_id
    assert received["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"
    assert received.get_body(("plain",)).get_content().strip() == "Grüße"
    assert [part.get_content() for part in received.iter_attachments()] == [b"abc\n"]


def test_a_mail_sent_again_is_recognisable(ses):
    mailer = SesMailer(ses, Noon())
    mailer.send(MAIL)
    mailer.send(MAIL)
    first, second = SENT
    assert first.raw == second.raw


def test_the_envelope_is_stated_in_ascii(client):
    with Stubber(client) as stub:
        stub.add_response(
            "send_email",
            {"MessageId": "1"},
            {
                "Destination": {"ToAddresses": ["asa@xn--bcher-kva.example.com", "admin@example.com"]},
                "Content": {"Raw": {"Data": ANY}},
            },
        )
        SesMailer(client, Noon()).send(MAIL)
        stub.assert_no_pending_responses()


def test_configuration_set_and_tags_go_along_when_there_are_any(client):
    with Stubber(client) as stub:
        stub.add_response(
            "send_email",
            {"MessageId": "1"},
            {
                "Destination": ANY,
                "Content": ANY,
                "ConfigurationSetName": "mails",
                "EmailTags": [{"Name": "stack", "Value": "test"}],
            },
        )
        SesMailer(client, Noon(), "mails", {"stack": "test"}).send(MAIL)
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "status", "retry_after"),
    [
        ("TooManyRequestsException", 429, 2),
        ("ThrottlingException", 400, 2),
        ("Throttling", 400, 2),
        ("InternalFailure", 500, 2),
        ("ServiceUnavailable", 503, 2),
        ("", 502, 2),
        ("SomethingNew", 429, 2),
        ("LimitExceededException", 400, 300),
        ("SendingPausedException", 400, 300),
        ("AccountSuspendedException", 400, 300),
        ("MailFromDomainNotVerifiedException", 400, 300),
        ("NotFoundException", 404, 300),
    ],
)
def test_what_passes_or_is_not_about_the_mail_is_tried_again(client, code, status, retry_after):
    with Stubber(client) as stub:
        stub.add_client_error("send_email", code, "why", status)
        with pytest.raises(TryAgain) as again:
            SesMailer(client, Noon()).send(MAIL)
    assert again.value.retry_after == retry_after


@pytest.mark.parametrize(
    ("code", "reason"), [("MessageRejected", "message_rejected"), ("BadRequestException", "bad_request")]
)
def test_a_refusal_of_the_mail_itself_is_final(client, code, reason):
    with Stubber(client) as stub:
        stub.add_client_error("send_email", code, "why", 400)
        with pytest.raises(MailRefused) as refused:
            SesMailer(client, Noon()).send(MAIL)
    assert refused.value.reason == reason
    assert "why" in refused.value.detail


UNVERIFIED = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
REJECTED = {
    "an identity whose DKIM records went": (f"{UNVERIFIED}no-reply@ca.example.net", TryAgain, 300),
    "in other letters": ("Email Address Not Verified", TryAgain, 300),
    "a recipient that only the sandbox wants verified": (f"{UNVERIFIED}a@b.org", TryAgain, 300),
    "what the mail holds": ("Message content contains a virus.", MailRefused, None),
    "no reason": ("", MailRefused, None),
}


@pytest.mark.parametrize(("message", "kind", "retry_after"), REJECTED.values(), ids=REJECTED)
def test_an_identity_that_is_not_verified_is_waited_for_and_costs_no_mail(client, message, kind, retry_after):
    with Stubber(client) as stub:
        stub.add_client_error("send_email", "MessageRejected", message, 400)
        with pytest.raises(kind) as raised:
            SesMailer(client, Noon()).send(MAIL)
    assert getattr(raised.value, "retry_after", None) == retry_after


@pytest.mark.parametrize(
    ("code", "message", "unverified"),
    [
        ("MessageRejected", "Email address is not verified.", True),
        ("MessageRejected", "Message content contains a virus.", False),
        ("BadRequestException", "Email address is not verified.", False),
        ("", "", False),
    ],
)
def test_code_and_message_together_tell_an_identity_that_is_not_verified(code, message, unverified):
    assert is_unverified(code, message) is unverified


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"]
)
def test_a_missing_permission_is_waited_for_like_an_outage(client, code):
    """No mail is to blame: given up one by one, all would lie among the dead letters."""
    with Stubber(client) as stub:
        stub.add_client_error("send_email", code, "no", 403)
        with pytest.raises(TryAgain) as told:
            SesMailer(client, Noon()).send(MAIL)
    assert told.value.retry_after == 300


def test_what_nobody_foresaw_comes_through_as_it_is(client):
    with Stubber(client) as stub:
        stub.add_client_error("send_email", "ValidationException", "what?", 400)
        with pytest.raises(ClientError):
            SesMailer(client, Noon()).send(MAIL)


class Unreachable:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def send_email(self, **request: object) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://email"),
        ConnectTimeoutError(endpoint_url="https://email"),
        ReadTimeoutError(endpoint_url="https://email"),
        ConnectionClosedError(endpoint_url="https://email"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_outage_is_tried_again(error):
    with pytest.raises(TryAgain):
        SesMailer(Unreachable(error), Noon()).send(MAIL)


def never_answers(listener):
    """Takes each request whole and hangs up, until somebody sends something else; the number of requests."""
    taken = 0
    while True:
        connection, _ = listener.accept()
        with connection:
            if not connection.recv(1 << 16).startswith(b"POST"):
                return taken
            taken += 1


def test_a_mail_whose_answer_is_lost_is_not_sent_again_at_once(monkeypatch):
    """SES may have taken it, and recognises no repetition. Who asked repeats it, once, later."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(mail, "settings", lambda: read_settings({}))
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{listener.getsockname()[1]}")
        taken = threads.submit(never_answers, listener)
        monkeypatch.setattr(mail, "single_try_client", base.single_try_client.__wrapped__)
        with pytest.raises(TryAgain):
            mail.mailer.__wrapped__().send(MAIL)
        with socket.create_connection(listener.getsockname()) as last:
            last.sendall(b"done")
        assert taken.result() == 1


@pytest.fixture
def wired(client, monkeypatch):
    """The mailer that every function gets."""
    monkeypatch.setattr(mail, "settings", lambda: read_settings({}))
    monkeypatch.setattr(mail, "single_try_client", lambda service: client)
    return mail.mailer.__wrapped__()


def test_what_is_refused_is_logged_whoever_mails(client, wired, caplog):
    with Stubber(client) as stub:
        stub.add_client_error("send_email", "MessageRejected", "Message content contains a virus.", 400)
        with pytest.raises(MailRefused):
            wired.send(replace(MAIL, tags=tags_of(a_head(), "certificate")))
    (line,) = caplog.records
    assert (line.levelname, line.message) == ("ERROR", "a mail was refused")
    assert (line.reference, line.reason) == (MAIL.message_id, "message_rejected")
    assert line.tags == {"reseller_id": US, "order_id": ORDER, "mail": "certificate"}
    assert "contains a virus" in line.detail


def test_what_is_sent_or_waits_is_not_logged_as_refused(client, wired, caplog):
    with Stubber(client) as stub:
        stub.add_response("send_email", {"MessageId": "1"})
        stub.add_client_error("send_email", "SendingPausedException", "paused", 400)
        wired.send(MAIL)
        with pytest.raises(TryAgain):
            wired.send(MAIL)
    assert caplog.records == []


def test_a_bad_address_never_gets_to_ses():
    with pytest.raises(MailRefused) as refused:
        SesMailer(Unreachable(AssertionError("asked")), Noon()).send(replace(MAIL, to=("a@b@example.com",)))
    assert refused.value.reason == "address_invalid"
