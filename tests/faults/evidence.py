"""What is to be seen of a run from outside: by the API, the mailbox, the gateway's, KMS's and the machines' journals.

Two things are asked of the platform, since the API does not tell them yet: audit rows and the operator's serials.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from cryptography import x509

from local import machines
from local.cloud import EmbeddedCloud
from partner_center.adapters.certificate_store import DynamoDbCertificates
from partner_center.adapters.keys import audit_record
from partner_center.kernel.ids import encode_time_ordered
from tests.faults.world import HOUR, World
from tests.functions.journeys import RESOURCE_ID, Reply, Reseller, approval_links, call, staff_key

SIGNER = "SignCertificateFunction"
TRIES = 5
CLOCKS_APART = HOUR
"""With much to spare."""


@dataclass(frozen=True)
class Link:
    """A link that an approver was mailed for one domain, and whether it can still be answered."""

    order_id: str
    domain: str
    to: str
    url: str
    live: bool


@dataclass(frozen=True)
class Serial:
    """A serial that was ever recorded: its status, and the digests of what was to be signed under it, in hex."""

    order_id: str
    status: str
    digests: frozenset[str]


@dataclass
class Evidence:
    """All that the invariants look at. Orders, domains, certificates and contracts are as the API answers them."""

    answered: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The ids of all orders of a common name."""
    orders: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    domains: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    reissued: Mapping[str, str] = field(default_factory=dict)
    """The order of each reissue that was answered, by its id."""
    reissues: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Each order's, with their steps."""
    digests: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of the bytes that were signed, by the serial of the certificate that can be downloaded."""
    serials: Mapping[str, Serial] = field(default_factory=dict)
    signed: Sequence[str] = ()
    """The digests that KMS signed for certificates, in hex."""
    mails: Sequence[Mapping[str, Any]] = ()
    links: Sequence[Link] = ()
    intents: Sequence[Mapping[str, Any]] = ()
    refunds: Sequence[Mapping[str, Any]] = ()
    payment_troubles: frozenset[str] = frozenset()
    """The orders in the payments queue."""
    contracts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lines: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """The ledger of each contract."""
    executions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """How the executions of an order are, in the order of their attempts."""
    audit: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dead: Mapping[str, int] = field(default_factory=dict)
    """Messages in each dead-letter queue."""
    called: Mapping[str, float] = field(default_factory=dict)
    """When a key was first called compromised, and that was answered, by its SHA-256."""
    undisturbed: bool = False
    """Whether there was no fault, so that nothing came late."""
    now: float = 0.0


def read_patiently(send: Callable[[], Reply]) -> Reply:
    """The answer to what only reads; asked again while there is none, or an outage: whoever judges an hour of orders
    is not kept from it by a slow moment. Raises what the last try raised.
    """
    for left in reversed(range(TRIES)):
        try:
            reply = send()
        except (URLError, ConnectionError, TimeoutError):
            if not left:
                raise
            continue
        if reply.status < 500 or not left:
            return reply
    raise AssertionError("one try at least is made")


def of_run(world: World) -> Evidence:
    """The evidence of the orders that were answered to this run, and of the names it used."""
    seen = gathered(
        world.cloud,
        world.reseller,
        world.answered,
        world.contracts,
        world.cards,
        world.mails_before,
        world.signed_before,
        world.reissued,
        world.began,
    )
    seen.called, seen.undisturbed = world.called, world.undisturbed
    return seen


def gathered(
    cloud: EmbeddedCloud,
    reseller: Reseller,
    answered: Mapping[str, str],
    contracts: Iterable[str],
    cards: Iterable[str],
    mails_before: int,
    signed_before: int,
    reissued: Mapping[str, str],
    began: float,
) -> Evidence:
    """What is to be seen of these orders.

    So many mails and signatures were there before them, and no audit row is older than `began` (epoch seconds).
    """
    read = _Reader(cloud, reseller)
    answered = {each: read.name_of(each) or name for each, name in answered.items()}
    names = dict.fromkeys(answered.values())
    found = {name: read.orders_of(name) for name in names}
    ids = list(dict.fromkeys([*answered, *(each for ids in found.values() for each in ids)]))
    orders = {order_id: read.one(f"/v1/orders/{order_id}") for order_id in ids}
    readable = [order_id for order_id, order in orders.items() if order is not None]
    mails = [mail.as_json() for mail in cloud.mails()[mails_before:]]
    journal = cloud.payments.journal()
    intents = [each for each in journal["intents"] if each["metadata"].get("order_id") in orders]
    known = {each["id"] for each in intents}
    all_contracts = list(dict.fromkeys([*contracts, *cards]))
    return Evidence(
        answered=answered,
        found=found,
        orders=orders,
        domains={each: read.items(f"/v1/orders/{each}/domains") for each in readable},
        reissued=dict(reissued),
        reissues={each: read.reissues(each) for each in readable},
        digests={
            certificate["serial"]: read.digests(certificate["serial"])
            for each in readable
            for certificate in (orders[each] or {})["certificates"]
        },
        serials=read.serials(readable),
        signed=[
            each["message"] for each in cloud.signatures()[signed_before:] if each["by"].endswith(SIGNER)
        ],
        mails=mails,
        links=list(_links(cloud, readable, mails)),
        intents=intents,
        refunds=[each for each in journal["refunds"] if each["payment_intent"] in known],
        payment_troubles=read.troubles() if intents or any(cards) else frozenset(),
        contracts={each: read.one(f"/v1/contracts/{each}") or {} for each in all_contracts},
        lines={each: read.items(f"/v1/contracts/{each}/ledger") for each in all_contracts},
        executions=_executions(),
        audit=read.audit(readable, began, cloud.clock.now()),
        dead=dead_letters(cloud),
        now=cloud.clock.now(),
    )


class _Reader:
    def __init__(self, cloud: EmbeddedCloud, reseller: Reseller) -> None:
        self._cloud, self._reseller = cloud, reseller
        self._store = DynamoDbCertificates(cloud.client("dynamodb"), cloud.output("IssuanceTable"))

    def one(self, path: str) -> dict[str, Any] | None:
        reply = read_patiently(lambda: self._reseller.call("GET", path))
        return dict(reply.json) if reply.status == 200 else None

    def _json(self, path: str) -> Any:
        return read_patiently(lambda: self._reseller.call("GET", path)).json

    def name_of(self, order_id: str) -> str | None:
        """The common name as it is now: a reissue may have changed it."""
        return (self.one(f"/v1/orders/{order_id}") or {}).get("common_name")

    def items(self, path: str) -> list[dict[str, Any]]:
        return list(self._pages(lambda query: self._json(f"{path}?{query}")))

    def reissues(self, order_id: str) -> list[Mapping[str, Any]]:
        path = f"/v1/orders/{order_id}/reissues"
        found = [self.one(f"{path}/{each['reissue_id']}") for each in self.items(path)]
        return [each for each in found if each is not None]

    def orders_of(self, name: str) -> list[str]:
        pages = self._pages(lambda query: self._json(f"/v1/orders?common_name={name}&{query}"))
        return [order["order_id"] for order in pages if order["common_name"] == name]

    def digests(self, serial: str) -> frozenset[str]:
        path = f"/v1/certificates/{serial}/download?format=der"
        reply = read_patiently(lambda: self._reseller.call("GET", path))
        if reply.status != 200:
            return frozenset()
        return _digests(x509.load_der_x509_certificate(reply.body).tbs_certificate_bytes)

    def serials(self, order_ids: Iterable[str]) -> dict[str, Serial]:
        return {
            record.serial_hex: Serial(order_id, record.status.value, _digests(record.tbs_der))
            for order_id in order_ids
            for record in self._store.every_serial(self._reseller.reseller_id, order_id)
        }

    def troubles(self) -> frozenset[str]:
        key = {"Authorization": f"Bearer {staff_key(self._cloud, 'finance')}"}
        url = f"{self._cloud.url}/v1/staff/queues/payments"
        pages = self._pages(
            lambda query: read_patiently(lambda: call("GET", f"{url}?{query}", headers=key)).json
        )
        return frozenset(item["order_id"] for item in pages)

    def audit(self, order_ids: Iterable[str], began: float, ends: float) -> dict[str, list[str]]:
        """The actions on each order, oldest first. Rows lie by month, in the order of their time."""
        wanted, found = set(order_ids), defaultdict(list)
        pages = self._cloud.client("dynamodb").get_paginator("query")
        first = f"aud_{encode_time_ordered(int(max(0.0, began - CLOCKS_APART) * 1000), 0)}"
        for month in months(began - CLOCKS_APART, ends + CLOCKS_APART):
            key = audit_record(self._reseller.reseller_id, month, first)
            asked = {
                "TableName": self._cloud.resource("AuditTable"),
                "KeyConditionExpression": "pk = :pk AND sk >= :sk",
                "ExpressionAttributeValues": {":pk": {"S": key.pk}, ":sk": {"S": key.sk}},
                "ConsistentRead": True,
            }
            for row in (row for page in pages.paginate(**asked) for row in page["Items"]):
                order_id = row.get("order_id", {}).get("S")
                if order_id in wanted:
                    found[order_id].append((int(row["at"]["N"]), row["action"]["S"]))
        return {order_id: [action for _, action in sorted(rows)] for order_id, rows in found.items()}

    def _pages(self, ask: Any) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            page = ask(f"limit=200{cursor}")
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = f"&cursor={page['next_cursor']}"


def _digests(signed: bytes) -> frozenset[str]:
    return frozenset(hashlib.new(name, signed).hexdigest() for name in ("sha256", "sha384"))


def _links(
    cloud: EmbeddedCloud, order_ids: Iterable[str], mails: Sequence[Mapping[str, Any]]
) -> Iterator[Link]:
    """Looking at a link changes nothing: 200 while it can be answered, 410 afterwards."""
    about: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for mail in mails:
        if "/approve/" in mail["text"]:
            for resource_id in set(RESOURCE_ID.findall(mail["text"])):
                about[resource_id][_token(mail["text"])] = mail
    for order_id in order_ids:
        for mail in about.get(order_id, {}).values():
            (url,) = {link for link in approval_links(cloud, order_id) if link in mail["text"]}
            domain = mail["subject"].rpartition(" ")[2]
            yield Link(
                order_id, domain, mail["to"][0], url, read_patiently(partial(call, "GET", url)).status == 200
            )


def _token(text: str) -> str:
    return urlsplit(text[text.index("/approve/") :].split(maxsplit=1)[0]).path


def _executions() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for execution in machines.executions():
        found[execution.name.partition("-g")[0]].append(execution.exec_status.value)
    return found


def months(begins: float, ends: float) -> Iterator[str]:
    """As yyyy-mm, from the one moment's to the other's."""
    day = datetime.fromtimestamp(begins, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while day.timestamp() <= ends:
        yield f"{day:%Y-%m}"
        day = (day + timedelta(days=32)).replace(day=1)


def dead_letters(cloud: EmbeddedCloud) -> dict[str, int]:
    sqs, found = cloud.client("sqs"), {}
    for name, resource in cloud.stack.template.resources.items():
        if resource["Type"] == "AWS::SQS::Queue" and name.endswith("Failures"):
            attributes = sqs.get_queue_attributes(
                QueueUrl=cloud.resource(name), AttributeNames=["ApproximateNumberOfMessages"]
            )
            found[name] = int(attributes["Attributes"]["ApproximateNumberOfMessages"])
    return found
