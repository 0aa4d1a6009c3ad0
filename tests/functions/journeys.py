"""A reseller, an approver and a reader of mails, over HTTP: what journeys are told with."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any
from urllib.parse import urlencode, urlsplit
from weakref import WeakKeyDictionary

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from local.cloud import EmbeddedCloud
from local.mailbox import Mail
from partner_center.accounts.api_keys import Role, make_key
from partner_center.adapters.access_store import AccessStore
from partner_center.adapters.dynamodb import Database
from partner_center.catalog.agreements import agreement_for
from partner_center.catalog.products import load_catalog
from partner_center.kernel.ids import RandomIds

PRODUCT = "geotrust_quickssl_premium"
UNHINDERED = {"KeyQuota": "1000000", "AddressQuota": "1000000"}
"""Parameters of a cloud whose callers are in a hurry."""
FEW_RUNS = 12
"""Of each schedule, while months go by in which nothing is looked at: they cost the most of a long journey."""


RESOURCE_ID = re.compile(r"\b[a-z]{3}_[0-9a-z]{26}\b")


@dataclass(frozen=True)
class Reply:
    """An HTTP answer: status, headers with lower-case names, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def codes(self) -> set[str]:
        """The codes of a problem document's problems."""
        return {problem["code"] for problem in self.json["problems"]}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def call(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
    """One request; refusals are answers like any other."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with _OPENER.open(request, timeout=30) as response:
            return Reply(response.status, _lowered(response.headers), response.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Reply(refusal.code, _lowered(refusal.headers), refusal.read())


def _lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@cache
def key_of(label: str) -> ec.EllipticCurvePrivateKey:
    """A subscriber's key, made once a label."""
    return ec.generate_private_key(ec.SECP256R1())


def csr_for(common_name: str, *names: str, label: str = "subscriber") -> str:
    """A CSR as a server's tool would make it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(key_of(label), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def order_body(
    name: str = "www.example.com", approver: str = "admin@example.com", **more: Any
) -> dict[str, Any]:
    """A good DV order by e-mail approval; `more` replaces or adds fields, None takes one away."""
    product = load_catalog().product(more.get("product", PRODUCT))
    body: dict[str, Any] = {
        "product": PRODUCT,
        "csr": more.pop("csr", None) or csr_for(name),
        "contacts": {
            "technical": {
                "first_name": "Ada",
                "last_name": "Byron",
                "email": "ada@example.com",
                "phone": "+31 10 123 4567",
            }
        },
        "domain_control": {"method": "email", "approver_email": approver},
        "agreement": {
            "version": agreement_for(product).version if product else "",
            "accepted_by": "Ada Byron",
            "capacity": "applicant",
        },
        **more,
    }
    return {field_: value for field_, value in body.items() if value is not None}


@dataclass
class Reseller:
    """One demo reseller with its key."""

    cloud: EmbeddedCloud
    reseller_id: str
    api_key: str
    contracts: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """A request with this reseller's key; `idempotency_key="x"` becomes a header of that name."""
        sent = {"Authorization": f"Bearer {self.api_key}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None and "content-type" not in {name.lower() for name in sent}:
            sent["Content-Type"] = "application/json"
        return call(method, f"{self.cloud.url}{path}", data, sent)

    def place(self, body: dict[str, Any] | None = None, **headers: str) -> Reply:
        return self.call("POST", "/v1/orders", body or order_body(), **headers)

    def placed(self, **more: Any) -> str:
        """The id of a new order; waits until its approval mails are out."""
        reply = self.place(order_body(**more))
        assert reply.status == 201, reply.text
        assert self.cloud.settle()
        return str(reply.json["order_id"])

    def amend(self, order_id: str, patch: Any, **headers: str) -> Reply:
        headers.setdefault("Content_Type", "application/merge-patch+json")
        return self.call("PATCH", f"/v1/orders/{order_id}", patch, **headers)

    def order(self, order_id: str) -> dict[str, Any]:
        reply = self.call("GET", f"/v1/orders/{order_id}")
        assert reply.status == 200, reply.text
        return dict(reply.json)

    def domains(self, order_id: str) -> dict[str, dict[str, Any]]:
        """The names of an order, as read."""
        reply = self.call("GET", f"/v1/orders/{order_id}/domains")
        assert reply.status == 200, reply.text
        return {item["name"]: item for item in reply.json["items"]}

    def looks(self, order_id: str, name: str | None = None) -> Reply:
        """Asks for a look at what is published; one that comes too early is repeated when it may be."""
        path = f"/v1/orders/{order_id}/domains" + (f"/{name}" if name else "") + "/check"
        for _ in range(5):
            reply = self.call("POST", path)
            if reply.status != 429:
                break
            self.cloud.advance(float(reply.headers["retry-after"]))
        assert self.cloud.settle()
        return reply

    def proves(self, order_id: str) -> dict[str, Any]:
        """The order, issued after a look at what is published."""
        reply = self.looks(order_id)
        assert reply.status == 200 or reply.json["code"] == "order_closed", reply.text
        order = self.order(order_id)
        assert order["status"] == "issued", self.domains(order_id)
        return order

    def certified(self, order: dict[str, Any]) -> set[str]:
        """The DNS names in the order's newest certificate."""
        serial = order["certificates"][0]["serial"]
        der = self.call("GET", f"/v1/certificates/{serial}/download?format=der").body
        extensions = x509.load_der_x509_certificate(der).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return set(names.get_values_for_type(x509.DNSName))

    def ends(self, order_id: str, seconds: float) -> None:
        """Moves the end of an order's term so many seconds away from now, in the table: nobody can wait a year."""
        over = int((self.cloud.clock.now() + seconds) * 1_000_000)
        self.cloud.client("dynamodb").update_item(
            TableName=self.cloud.output("BusinessTable"),
            Key={"pk": {"S": f"R#{self.reseller_id}#O#{order_id}"}, "sk": {"S": "HEAD"}},
            UpdateExpression="SET term_to = :last",
            ExpressionAttributeValues={":last": {"N": str(over - 1_000_000)}},
        )

    def begins(self, order_id: str, seconds: float) -> None:
        """Moves the begin of an order's term so many seconds away from now."""
        self.cloud.client("dynamodb").update_item(
            TableName=self.cloud.output("BusinessTable"),
            Key={"pk": {"S": f"R#{self.reseller_id}#O#{order_id}"}, "sk": {"S": "HEAD"}},
            UpdateExpression="SET issued_at = :begin",
            ExpressionAttributeValues={
                ":begin": {"N": str(int((self.cloud.clock.now() + seconds) * 1_000_000))}
            },
        )

    def succeed(self, order_id: str, how: str, body: dict[str, Any] | None = None, **headers: str) -> Reply:
        """Renews or replaces an order (`how`: renewals, replacements); the acceptance is sent by itself."""
        sent = {"agreement": order_body()["agreement"]} | (body or {})
        reply = self.call("POST", f"/v1/orders/{order_id}/{how}", sent, **headers)
        assert self.cloud.settle()
        return reply

    def step(self, order_id: str, name: str) -> dict[str, Any]:
        steps = self.order(order_id)["authentication"]["steps"]
        return next(dict(step) for step in steps if step["step"] == name)

    def issued(self, **more: Any) -> dict[str, Any]:
        """A whole order, issued."""
        order_id = self.placed(**more)
        for link in approval_links(self.cloud, order_id):
            assert answer(link, "approve").status == 200
        assert self.cloud.settle()
        order = self.order(order_id)
        assert order["status"] == "issued", order
        return order

    def new_contract(self, units: int) -> str:
        """Another bulk contract, so that a test counts its own units only."""
        body = {"reseller_id": self.reseller_id, "kind": "bulk", "units": units}
        reply = call(
            "POST",
            f"{self.cloud.url}/_local/demo/contracts",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        return str(reply.json["contract_id"])

    def card_contract(self) -> str:
        """The reseller's contract on a card; if it has none yet, on one that stands in the table alone."""
        (contract_id,) = (each["contract_id"] for each in self.contracts if each["kind"] == "pay_as_you_go")
        self.cloud.client("dynamodb").update_item(
            TableName=self.cloud.output("BusinessTable"),
            Key={"pk": {"S": f"R#{self.reseller_id}#CONTRACT#{contract_id}"}, "sk": {"S": "HEAD"}},
            UpdateExpression="SET card_id = if_not_exists(card_id, :card)",
            ExpressionAttributeValues={":card": {"S": "card_of_nobody"}},
        )
        return str(contract_id)

    def contract(self, contract_id: str) -> dict[str, int]:
        """The contract's counters and its ledger, as the table holds them."""
        client = self.cloud.client("dynamodb")
        pk = f"R#{self.reseller_id}#CONTRACT#{contract_id}"
        rows = client.query(
            TableName=self.cloud.output("BusinessTable"),
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ConsistentRead=True,
        )["Items"]
        head = next(row for row in rows if row["sk"]["S"] == "HEAD")
        entries = [row for row in rows if row["sk"]["S"].startswith("LEDGER#")]
        counters = {name: int(head[f"units_{name}"]["N"]) for name in ("granted", "left", "held", "used")}
        for kind in ("grant", "hold", "use", "release"):
            counters[f"entries_{kind}"] = sum(
                int(row["units"]["N"]) for row in entries if row["kind"]["S"] == kind
            )
        return counters


@dataclass
class Reviewer:
    """A member of staff with the role review."""

    cloud: EmbeddedCloud
    api_key: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        sent = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = json.dumps(body).encode() if body is not None else None
        return call(method, f"{self.cloud.url}{path}", data, sent)

    def task(self, order_id: str) -> dict[str, Any]:
        """The task about this order, wherever it stands in the queue."""
        cursor = ""
        while True:
            page = self.call("GET", f"/v1/staff/queues/quality-review?limit=200{cursor}").json
            for item in page["items"]:
                if item["order_id"] == order_id:
                    return dict(item)
            assert page["next_cursor"], f"{order_id} is in no queue"
            cursor = f"&cursor={page['next_cursor']}"

    def decides(self, order_id: str, decision: str, **headers: str) -> Reply:
        body = {"decision": decision, "evidence": "Called the registrant."}
        return self.call("POST", f"/v1/staff/tasks/{self.task(order_id)['task_id']}/decide", body, **headers)


def key_with(reseller: Reseller, role: Role) -> Reseller:
    """The same reseller, with another key of that role."""
    cloud = reseller.cloud
    key, text = make_key(reseller.reseller_id, role, RandomIds(), datetime.now(UTC))
    AccessStore(Database(cloud.client("dynamodb")), cloud.resource("AccessTable")).add_key(key)
    return Reseller(cloud, reseller.reseller_id, text)


def staff_key(cloud: EmbeddedCloud, role: str) -> str:
    return next(str(each["api_key"]) for each in cloud.seeded["staff"] if each["role"] == role)


def record(cloud: EmbeddedCloud, name: str, type: str, *values: str, **seen: str) -> None:
    """Sets one record set of the local world; `seen` are rcode, dnssec and perspective."""
    _tell_the_world(cloud, "dns", {"name": name, "type": type, "values": values, **seen})


def page(cloud: EmbeddedCloud, url: str, body: str = "", **more: Any) -> None:
    """Has the local world's web servers answer `url`; `more` are status and headers."""
    there = urlsplit(url)
    _tell_the_world(cloud, "web", {"host": there.hostname, "path": there.path, "body": body, **more})


def publish(cloud: EmbeddedCloud, item: dict[str, Any], **seen: str) -> None:
    """Puts what the API said must be published into the local world."""
    told = item["publish"]
    if "url" in told:
        record(cloud, str(urlsplit(told["url"]).hostname), "A", "93.184.215.14", **seen)
        page(cloud, told["url"], told["body"])
    else:
        record(cloud, told["name"], told["type"], value_of(item), **seen)


def value_of(item: dict[str, Any]) -> str:
    """What must be published, as a zone holds it."""
    told = item["publish"]
    return str(told["value"]) + ("." if told["type"] == "CNAME" else "")


def _tell_the_world(cloud: EmbeddedCloud, what: str, said: dict[str, Any]) -> None:
    body, media = json.dumps(said).encode(), {"Content-Type": "application/json"}
    reply = call("POST", f"{cloud.url}/_local/{what}", body, media)
    assert reply.status == 200, reply.text


def resellers(cloud: EmbeddedCloud) -> list[Reseller]:
    """The demo resellers of a seeded cloud."""
    return [
        Reseller(cloud, each["reseller_id"], each["api_key"], each["contracts"])
        for each in cloud.demo["resellers"]
    ]


class _Links:
    """The approval links that a cloud mailed, by each id in their mail. A mail is read once: there are thousands."""

    def __init__(self) -> None:
        self._read, self._by_id, self._lock = 0, defaultdict[str, list[str]](list), Lock()

    def about(self, cloud: EmbeddedCloud, resource_id: str) -> list[str]:
        with self._lock:
            mails = cloud.mails()
            for mail in mails[self._read :]:
                links = re.findall(r"http://\S+/approve/[\w-]+", mail.text)
                for found in set(RESOURCE_ID.findall(mail.text)) if links else ():
                    self._by_id[found] += links
            self._read = len(mails)
            return list(self._by_id.get(resource_id, ()))


_LINKS: WeakKeyDictionary[EmbeddedCloud, _Links] = WeakKeyDictionary()


def approval_links(cloud: EmbeddedCloud, order_id: str) -> list[str]:
    """The links in the approval mails of one order, in the order they were sent."""
    return _LINKS.setdefault(cloud, _Links()).about(cloud, order_id)


def mails(cloud: EmbeddedCloud) -> list[dict[str, Any]]:
    """Everything sent so far, as /_local/mail tells it."""
    reply = call("GET", f"{cloud.url}/_local/mail", headers={"Accept": "application/json"})
    return list(reply.json)


def bounce(cloud: EmbeddedCloud, mail: Mail, kind: str = "bounce") -> None:
    """What SES tells of a mail that was sent."""
    number = cloud.mails().index(mail)
    reply = call(
        "POST",
        f"{cloud.url}/_local/mail/{number}/undelivered",
        json.dumps({"kind": kind}).encode(),
        {"Content-Type": "application/json"},
    )
    assert reply.status == 200, reply.text
    assert cloud.settle()


def answer(link: str, decision: str) -> Reply:
    """Presses a button on the approval page."""
    form = urlencode({"decision": decision}).encode()
    return call("POST", link, form, {"Content-Type": "application/x-www-form-urlencoded"})


def openssl(*arguments: str, stdin: bytes = b"") -> str:
    """What `openssl` says; raises CalledProcessError when it refuses."""
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True)
    return done.stdout.decode()
