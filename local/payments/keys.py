"""Idempotency-Keys as Stripe keeps them: an answer a key for a day, whatever it was."""

from collections.abc import Callable
from dataclasses import dataclass

from local.http_api import Request, Response
from local.payments.wire import refusal

KEPT_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class _Kept:
    asked: tuple[str, str, bytes]
    response: Response
    until: float


class Keys:
    """Answers are kept by the virtual clock; who uses them sees to it that one request comes at a time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[str, _Kept] = {}

    def clear(self) -> None:
        self._kept.clear()

    def answer(self, request: Request, serve: Callable[[], Response]) -> Response:
        """The kept answer, a refusal of another request under the same key, or what `serve` answers now."""
        key = request.header("idempotency-key")
        if key is None or request.method != "POST":
            return serve()
        asked = (request.method, request.target, request.body)
        kept = self._kept.get(key)
        if kept is not None and self._now() < kept.until:
            if kept.asked != asked:
                return refusal(400, "idempotency_error", "This key was used for another request.")
            return Response(
                kept.response.status,
                [*kept.response.headers, ("Idempotent-Replayed", "true")],
                kept.response.body,
            )
        response = serve()
        self._kept[key] = _Kept(asked, response, self._now() + KEPT_SECONDS)
        return response
