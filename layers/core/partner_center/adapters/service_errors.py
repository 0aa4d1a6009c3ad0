"""What AWS's answers tell about a service as a whole."""

from http import HTTPStatus

from botocore.exceptions import ClientError

_OF_THE_DEPLOYMENT = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "ResourceNotFoundException",
    "UnrecognizedClientException",
}


def status_of(error: ClientError) -> int:
    """The HTTP status of the answer; 0 when none is known."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_out(error: ClientError) -> bool:
    """Whether the service failed, and not the request: a balancer before it answers 5xx in words of its own, and
    botocore takes the status for the code then.
    """
    return status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR


def is_of_the_deployment(error: ClientError) -> bool:
    """Whether a permission, the credentials or the resource itself is missing, which is no fault of the request."""
    return error.response["Error"]["Code"] in _OF_THE_DEPLOYMENT
