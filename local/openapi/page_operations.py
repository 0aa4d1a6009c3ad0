"""What the pages for browsers do, take and answer, in words: approval links and card forms."""

from collections.abc import Mapping

from local.openapi.operation import (
    FORM,
    HTML,
    Answer,
    Body,
    Operation,
)

PAGE = "The page; its Content-Security-Policy admits no script and nothing from elsewhere."
GONE = "The link was answered, has expired, or its order is no longer pending; the page says which."


def _page(description: str, headers: tuple[str, ...] = ()) -> Answer:
    return Answer(description, headers=headers, media_types=(HTML,))


def _ended_card_pages() -> dict[int, Answer]:
    return {
        404: _page("There is no such link."),
        410: _page("The link was used or has expired; the page says which."),
        429: _page("Too many requests came from this address; no card was added.", ("Retry-After",)),
        503: _page("No card was added; try again shortly.", ("Retry-After",)),
    }


def _closed_pages() -> dict[int, Answer]:
    return {
        404: _page("There is no such link."),
        410: _page(GONE),
        429: _page("Too many requests came from this address; nothing was recorded.", ("Retry-After",)),
        503: _page("Nothing was recorded; try again shortly.", ("Retry-After",)),
    }


PAGE_OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/card/{token}"): Operation(
        "showCardForm",
        "Card page",
        "The form that takes a card",
        "The page behind a card link. Looking changes nothing.",
        {
            200: _page(
                "The page; its Content-Security-Policy admits the payment gateway's script and frames."
            ),
            **_ended_card_pages(),
        },
        ("Malformed", "NotFound", "InternalError"),
        parameters=("CardToken",),
    ),
    ("HEAD", "/card/{token}"): Operation(
        "peekCardForm",
        "Card page",
        "The same without the page",
        "For programs that follow links. Changes nothing.",
        {
            status: Answer(each.description)
            for status, each in {200: _page("The form."), **_ended_card_pages()}.items()
        },
        ("Malformed", "InternalError"),
        parameters=("CardToken",),
    ),
    ("POST", "/card/{token}"): Operation(
        "addCard",
        "Card page",
        "The card was given",
        "Sent by the page when the payment gateway has taken the card. A link takes one card.",
        {
            200: _page("The card was added; the page says what is kept of it."),
            422: _page("The card was not given or not accepted; the form is there once more."),
            **_ended_card_pages(),
        },
        ("Malformed", "NotFound", "InternalError"),
        parameters=("CardToken",),
        body=Body("CardFormPost", "At most 1,024 bytes.", media_type=FORM),
    ),
    ("GET", "/approve/{token}"): Operation(
        "showApproval",
        "Approval page",
        "What an approver is asked",
        "The page behind the link of an approval mail. Looking changes nothing.",
        {200: _page(PAGE), **_closed_pages()},
        ("Malformed", "NotFound", "InternalError"),
        parameters=("Token",),
    ),
    ("HEAD", "/approve/{token}"): Operation(
        "peekApproval",
        "Approval page",
        "The same without the page",
        "For programs that follow links in mails. Changes nothing.",
        {status: Answer(each.description) for status, each in {200: _page(PAGE), **_closed_pages()}.items()},
        ("Malformed", "InternalError"),
        parameters=("Token",),
    ),
    ("POST", "/approve/{token}"): Operation(
        "answerApproval",
        "Approval page",
        "The approver's answer",
        "Taken once; of two answers the first counts.",
        {
            200: _page("The answer was recorded; the page says which."),
            400: _page("The form is not the page's own; nothing was recorded."),
            **_closed_pages(),
        },
        ("Malformed", "NotFound", "InternalError"),
        parameters=("Token",),
        body=Body("ApprovalForm", "At most 1,024 bytes.", media_type=FORM),
    ),
}
