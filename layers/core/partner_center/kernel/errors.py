"""The one tree of errors. Named after what happened; only `entry.api` translates them to HTTP.

Every error carries a stable `code` of the public contract and a sentence for the reader. Facts that a caller
may act upon (an order id, seconds to wait) are attributes, never buried in the text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from partner_center.kernel.ids import order_of, reissue_of

MOST_PROBLEMS = 100
"""So many are told in one answer, which then has less than 1 MB whatever was sent."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request.

    `code` is stable and part of the contract; `field` is a JSON Pointer (RFC 6901) into the request body, or
    None when the problem belongs to no single field; `name` is the DNS name concerned, if one is; `detail` is
    a sentence that says what to do. `order_id` points at the order, or the enrolment of a reissue, that stands in
    the way.
    """

    code: str
    detail: str
    field: str | None = None
    name: str | None = None
    order_id: str | None = None

    def as_json(self) -> dict[str, str]:
        """The problem in its public shape; what does not apply is left out."""
        parts = {
            "code": self.code,
            "field": self.field,
            "name": self.name,
            "detail": self.detail,
            "order_id": order_of(self.order_id) if self.order_id else None,
            "reissue_id": reissue_of(self.order_id) if self.order_id else None,
        }
        return {name: value for name, value in parts.items() if value is not None}


def enough_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The first of them, each once: as many as an answer tells, and one by which it knows of the rest.

    No more of a generator is made, so that what a body repeats a thousand times takes no more room than a hundred.
    """
    found: dict[Problem, None] = {}
    for each in problems:
        found[each] = None
        if len(found) > MOST_PROBLEMS:
            break
    return tuple(found)


def told_at_once(problems: Sequence[Problem]) -> Sequence[Problem]:
    """What one answer tells of them: all, or the first hundred and `too_many_problems`."""
    if len(problems) <= MOST_PROBLEMS:
        return problems
    detail = f"There are more problems than these {MOST_PROBLEMS}; mend them and ask again to see the others."
    return (*problems[:MOST_PROBLEMS], Problem("too_many_problems", detail))


class PartnerCenterError(Exception):
    """Root of everything the system refuses or fails at knowingly."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Malformed(PartnerCenterError):
    """The request cannot be read at all: bad JSON, bad cursor, unknown query parameter."""

    code = "malformed"

    def __init__(self, detail: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)


class Unauthenticated(PartnerCenterError):
    """No key, or one that is unknown, expired or revoked. Says no more than that."""

    code = "unauthenticated"


class Forbidden(PartnerCenterError):
    """The key is good but its role may not do this."""

    code = "forbidden"


class NotFound(PartnerCenterError):
    """Unknown, or somebody else's: the two answer alike."""

    code = "not_found"


class BodyTooLarge(PartnerCenterError):
    """The request body exceeds 256 KiB."""

    code = "body_too_large"


class UnsupportedMediaType(PartnerCenterError):
    """The body is not application/json."""

    code = "unsupported_media_type"


class ContentRefused(PartnerCenterError):
    """The request was understood and its content is refused; `problems` holds every reason found, at least one."""

    code = "content_refused"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        if not self.problems:
            raise ValueError("a refusal needs a reason")
        super().__init__(
            "The request was refused; see problems." if len(self.problems) != 1 else self.problems[0].detail
        )


class IdempotencyKeyReused(PartnerCenterError):
    """The Idempotency-Key is bound to another request body."""

    code = "idempotency_key_reused"


class StateConflict(PartnerCenterError):
    """What is asked does not fit the state of the order; `conflict` is the stable code."""

    def __init__(self, conflict: str, detail: str, order_id: str | None = None) -> None:
        super().__init__(detail)
        self.code = conflict  # type: ignore[misc]
        self.order_id = order_id


class ChangedMeanwhile(PartnerCenterError):
    """What was read is no longer what is there; nothing was written."""

    code = "changed_meanwhile"


class PreconditionFailed(ChangedMeanwhile):
    """If-Match named another state of the order than the present one: reading it again is the caller's part."""


class TooSoon(PartnerCenterError):
    """The same thing was asked a moment ago; `retry_after` is when it may be asked again, in seconds."""

    code = "too_many_requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TryAgain(PartnerCenterError):
    """Nothing was written because of contention or an outage; the same request may be sent again."""

    code = "try_again"

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
