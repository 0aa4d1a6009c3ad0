"""The queues of the staff, and what they decide."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from partner_center.entry.schemas.shared import Moment, OrderId, ReissueId, Serial, Shape
from partner_center.issuance.objection import Ground
from partner_center.orders.order import OrderKind, OrderStatus
from partner_center.orders.requests import Contacts, Organization
from partner_center.orders.review import Verdict

TaskId = Annotated[str, StringConstraints(min_length=1)]
Statement = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class ReviewFlag(Shape):
    """Why a person must look."""

    rule: Literal["webmail_domain", "lookalike_name"]
    subject: str
    """The name concerned."""
    reason: str


class ReviewTask(Shape):
    """One flagged order, as it is now."""

    task_id: TaskId
    """Of this content of the order: an amendment makes another."""
    queue: Literal["quality-review"]
    waiting_since: Moment
    due_at: Moment
    """One business day later."""
    flags: list[ReviewFlag]
    order_id: OrderId
    reissue_id: ReissueId | None = None
    """The reissue that it is about; absent for the order itself."""
    reseller_id: str
    kind: OrderKind
    product: str
    names: list[str]
    contacts: Contacts
    organization: Organization | None
    placed_at: Moment


class ReviewQueue(Shape):
    """A page of tasks."""

    items: list[ReviewTask]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class ObjectionTask(Shape):
    """What the daily check holds against one certificate."""

    objection_id: TaskId
    queue: Literal["certificates"]
    serial: Serial
    ground: Ground
    detail: str
    reseller_id: str
    order_id: OrderId | None
    """null where not even the serial's own row can be read."""
    found_at: Moment
    due_at: Moment
    """When the certificate must be revoked, if the objection is right."""
    run_id: str


class ObjectionQueue(Shape):
    """A page of objections."""

    items: list[ObjectionTask]
    next_cursor: str | None
    """The `cursor` of the next page; null at the end."""


class SettlementRequest(BaseModel):
    """What an objection came to; kept with the name of the person in the audit record."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    evidence: Statement
    """What was looked at, and what it showed."""
    note: Statement | None = None


class SettlementAnswer(Shape):
    """The objection, settled."""

    objection_id: TaskId
    serial: Serial
    order_id: OrderId | None
    settled_at: Moment
    evidence: str
    note: str | None


class DecisionRequest(BaseModel):
    """What a reviewer decided; kept with the name of the person in the audit record."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    decision: Verdict
    evidence: Statement
    """What was looked at, and what it showed."""
    note: Statement | None = None


class DecisionAnswer(Shape):
    """What was decided, and what became of the order."""

    task_id: TaskId
    order_id: OrderId
    reissue_id: ReissueId | None = None
    """The reissue that it is about; absent for the order itself."""
    decision: Verdict
    order_status: OrderStatus
