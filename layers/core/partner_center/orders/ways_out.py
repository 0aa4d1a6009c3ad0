"""What is left to do about names that stay unproven, in the words that stand in a next action.

A reissue is amended by PUT .../method alone: PATCH and the cancelling of an order mean the order itself, which is
issued and refuses both.
"""

from partner_center.orders.order import OrderHead

_REISSUE = "the reissue (POST /v1/orders/{id}/reissues/{reissue_id}/cancel)"
_OTHER_NAMES = "other names (PATCH /v1/orders/{id})"


def to_cancel(head: OrderHead) -> str:
    """How the order, or the reissue, is given up."""
    return f"cancel {_REISSUE if head.is_reissue else 'the order'}"


def or_other_names(head: OrderHead) -> str:
    """Goes on from "choose another address or method"; empty where the names cannot be changed."""
    return "" if head.is_reissue else f", or {_OTHER_NAMES}"


def with_another_key(head: OrderHead) -> str:
    """What to do about a key that nobody may certify; a sentence."""
    if head.is_reissue:
        return f"Cancel {_REISSUE}, and ask for one with another key (POST /v1/orders/{{id}}/reissues)."
    return f"Send a CSR for another key (PATCH /v1/orders/{{id}}), or {to_cancel(head)}."


def without_the_names(head: OrderHead) -> str:
    """What to do about names that nobody may certify; a sentence."""
    if head.is_reissue:
        return f"Cancel {_REISSUE}, and ask for one with other names (POST /v1/orders/{{id}}/reissues)."
    return f"Choose {_OTHER_NAMES}, or {to_cancel(head)}."
