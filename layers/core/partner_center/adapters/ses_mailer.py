"""Mails through Amazon SES (API v2), as raw MIME."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from partner_center.adapters.service_errors import is_of_the_deployment, is_out, status_of
from partner_center.kernel.clock import Clock
from partner_center.kernel.errors import TryAgain
from partner_center.notifications.mail import Mail, MailRefused
from partner_center.notifications.mime import ascii_address, to_mime

if TYPE_CHECKING:
    from mypy_boto3_sesv2.client import SESV2Client
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef

_UNTIL_SOMEBODY_ACTS = 300
# Seconds to wait, by error code.
_PASSING = {
    "TooManyRequestsException": 2,
    "ThrottlingException": 2,
    "Throttling": 2,
    "RequestTimeout": 2,
    "LimitExceededException": _UNTIL_SOMEBODY_ACTS,
    "SendingPausedException": _UNTIL_SOMEBODY_ACTS,
    "AccountSuspendedException": _UNTIL_SOMEBODY_ACTS,
    "MailFromDomainNotVerifiedException": _UNTIL_SOMEBODY_ACTS,
    "NotFoundException": _UNTIL_SOMEBODY_ACTS,  # the configuration set
}
_REFUSED = {"MessageRejected": "message_rejected", "BadRequestException": "bad_request"}
_UNVERIFIED = "not verified"
"""In the message of MessageRejected: SES has no code for an identity whose DKIM records went, or for its sandbox."""


class SesMailer:
    """A Mailer. The client is botocore's for `sesv2`, without retries of its own: SES would take the mail again.

    A missing permission is waited for like an outage: no mail is to blame for it. Errors that are neither about the
    mail nor passing come through as they are.
    """

    def __init__(
        self,
        client: "SESV2Client",
        clock: Clock,
        configuration_set: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._configuration_set = configuration_set
        self._tags = dict(tags or {})

    def send(self, mail: Mail) -> None:
        request = self._request(mail)
        try:
            self._client.send_email(**request)
        except ClientError as error:
            raise _translated(error) from error
        except (ConnectionError, HTTPClientError) as error:
            raise TryAgain(f"the mail service does not answer: {error}", retry_after=2) from error

    def _request(self, mail: Mail) -> "SendEmailRequestTypeDef":
        request: SendEmailRequestTypeDef = {
            # The envelope is stated, not read from the header.
            "Destination": {"ToAddresses": [ascii_address(recipient) for recipient in mail.to]},
            "Content": {"Raw": {"Data": to_mime(mail, self._clock.now())}},
        }
        if self._configuration_set is not None:
            request["ConfigurationSetName"] = self._configuration_set
        if tags := self._tags | dict(mail.tags):
            request["EmailTags"] = [{"Name": name, "Value": value} for name, value in tags.items()]
        return request


def _translated(error: ClientError) -> Exception:
    told = error.response.get("Error", {})
    code, message = told.get("Code", ""), told.get("Message", "")
    status = status_of(error)
    if is_unverified(code, message):
        return TryAgain(f"the mail service asks to wait: {message}", retry_after=_UNTIL_SOMEBODY_ACTS)
    if is_of_the_deployment(error):
        return TryAgain(f"the mail service may not be used: {code}", retry_after=_UNTIL_SOMEBODY_ACTS)
    if code in _REFUSED:
        return MailRefused(_REFUSED[code], f"the mail service refused the mail: {error}")
    if code in _PASSING or is_out(error) or status == HTTPStatus.TOO_MANY_REQUESTS:
        return TryAgain(f"the mail service asks to wait: {code or status}", retry_after=_PASSING.get(code, 2))
    return error


def is_unverified(code: str, message: str) -> bool:
    """Whether SES refuses an identity, and not this mail: every mail is refused until it is verified again."""
    return code == "MessageRejected" and _UNVERIFIED in message.lower()
