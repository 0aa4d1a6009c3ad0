"""What screening says of an order."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flag:
    """Why a person must look: which rule, about what, and a sentence for the reviewer."""

    rule: str
    subject: str
    reason: str
