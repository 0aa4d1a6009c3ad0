"""The card on file and the form that takes one."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from partner_center.entry.schemas.shared import Moment, Shape


class CardLink(Shape):
    """A link to the form that takes a card."""

    url: str
    """The page with the payment gateway's form, for whoever holds the card. It takes one card."""
    expires_at: Moment
    notice: str
    """What happens to orders that were placed before."""


class PaymentMethod(Shape):
    """What is kept of a card. Its number never comes here."""

    brand: str
    """As the payment gateway calls it, `visa` for one."""
    last4: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
    exp_month: Annotated[int, Field(ge=1, le=12)]
    exp_year: int
    added_at: Moment
    usable_until: Moment
    """Orders may be placed with it until then: the end of its last month, or a year after it was given."""
    contract_id: str
    """The pay-as-you-go contract that uses it."""
    notice: str
    """What happens to orders that were placed before."""


class CardFormPost(BaseModel):
    """What the page's form sends."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    setup_intent: str
    """The id of the payment gateway's form; what the card is, the gateway is asked."""


class GatewayEvent(BaseModel):
    """An event as the payment gateway sends it; whatever else it holds is not read."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    id: Annotated[str, StringConstraints(pattern=r"^evt_[A-Za-z0-9_]{1,200}$")]
    type: str


class Received(Shape):
    """The event was heard."""

    received: bool
