"""The embedded cloud: one template, running, until it is closed."""

import contextlib
import functools
import gc
import json
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from threading import Event, Lock
from typing import Any, Self

from local import machines
from local.clock import CLOCK
from local.console import Console
from local.deliveries import Deliveries, Failure, Recurring
from local.dispatcher import Dispatcher
from local.http_api import HttpApi, Request, Response
from local.mailbox import Mail, parsed
from local.payments import HOOK_PATH, SIGNING_SECRET, Hooks, LocalStripe
from local.repetition import Repetition
from local.resources import Stack, physical_name
from local.runtime import LambdaRuntime, Zygote
from local.runtime.faults import OUTSIDE
from local.server import LoopbackServer
from local.template import REGION, STACK, read
from local.web_world import WebWorld

log = logging.getLogger("local")
CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
ONE_AT_A_TIME = Lock()
_HAS_RUN = Event()
"""One has, in this process, and is over."""
RUNS_WITHIN_AN_HOUR, RUNS_BEYOND = 30, 10  # how often one schedule runs, at most, while the clock moves
BETWEEN_LOOKS = 0.005  # real seconds
REST_LIMIT = 60.0  # real seconds granted to the work of one moment

AddContract = Callable[[str, str, int], Mapping[str, Any]]


def _freeze() -> None:
    """Half a million objects stay as long as the process; the collector would look at them every few seconds.

    The first cloud takes its own with them, and gives all back at its end. What there is before the second exists is
    the process's own and stays frozen; a cloud that stayed so would never be collected.
    """
    gc.collect()
    gc.freeze()


@functools.cache
def _client(service: str, region: str) -> Any:
    """For all clouds of a process: a client knows none of them, and costs some 20 milliseconds."""
    import boto3  # noqa: PLC0415

    return boto3.client(service, region_name=region, **CREDENTIALS)  # type: ignore[call-overload]


class FunctionFailed(Exception):
    """An invoked function raised, timed out or died; the message is the error as Lambda reports it."""


class EmbeddedCloud:
    """Use it as a context manager. One at a time in a process: moto's state is global."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        if _HAS_RUN.is_set() and not gc.get_freeze_count():
            _freeze()
        return super().__new__(cls)

    def __init__(
        self,
        template: Path,
        parameters: Mapping[str, str] | None = None,
        port: int = 0,
        max_workers: int = 4,
        quiet: bool = True,
        seed: Callable[["EmbeddedCloud"], Mapping[str, Any]] | None = None,
        zygote: Zygote | None = None,
        begins: datetime | None = None,
    ) -> None:
        """`begins`: when its world begins (aware), if not now."""
        self._template, self._parameters, self._port = template, dict(parameters or {}), port
        self._max_workers, self._quiet, self._seed, self._zygote = max_workers, quiet, seed, zygote
        self._begins = begins
        self._cleanup = contextlib.ExitStack()
        self._invocations = 0
        self._lock = Lock()
        self._mails: list[Mail] = []
        self.clock = CLOCK
        self._demo: Mapping[str, Any] = {}
        self.read_demo: Callable[[], Mapping[str, Any]] | None = None
        """Tells the demo as it is now; the seed may set it, else what the seed returned is told."""
        self.ready = False
        self.recorded_calls: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.add_contract: AddContract | None = None
        """What POST /_local/demo/contracts calls with reseller id, kind and units; the seed sets it."""
        self.give_card: Callable[[str], Any] | None = None
        """Makes a card on file that the payment gateway of this cloud knows; None without a gateway."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _start(self) -> None:
        """The port first: if it is taken (PortTaken), nothing expensive has begun."""
        if not ONE_AT_A_TIME.acquire(blocking=False):
            raise RuntimeError("another embedded cloud runs in this process: close it first")
        defer = self._cleanup.callback
        defer(ONE_AT_A_TIME.release)
        CLOCK.begin_anew(self._begins)
        server = LoopbackServer(self._port)
        defer(server.close)
        self.url = server.url
        self.runtime = LambdaRuntime(self._max_workers, self._write_log, self._record, self._zygote)
        defer(self.runtime.close)
        self._start_moto()
        self._start_world()
        self._create_stack()
        dispatcher = self._dispatcher = Dispatcher(CLOCK.now)
        defer(dispatcher.close)
        defer(machines.stop)
        defer(self.runtime.close)  # before the dispatcher's threads are waited for
        defer(dispatcher.stop)
        self._deliveries = Deliveries(self.stack, dispatcher, self._run, CLOCK.now)
        self._api = HttpApi(self.stack.routes, self._run, CLOCK.now)
        self.hooks = Hooks(dispatcher, self._api.handle, CLOCK.now)
        self._console = Console(self)
        server.start(self._handle)
        dispatcher.start()
        self._demo = self._seed(self) if self._seed else {}
        if not gc.get_freeze_count():
            _freeze()
            defer(gc.unfreeze)
            defer(_HAS_RUN.set)
        self.ready = True

    def _start_moto(self) -> None:
        from moto import mock_aws  # noqa: PLC0415 (a second to import; meanwhile the functions' parent starts)

        from local import repairs  # noqa: PLC0415
        from local.moto_server import MotoServer  # noqa: PLC0415

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        repairs.install(self._run, self._deliver)
        self._cleanup.callback(repairs.forget_hooks)
        self._cleanup.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}}))
        server = MotoServer()
        self._cleanup.callback(server.close)
        self.endpoint = server.endpoint

    def _start_world(self) -> None:
        from local.perspectives import REGIONS  # noqa: PLC0415
        from local.zone import ZoneServer  # noqa: PLC0415

        self.web = WebWorld()
        self._cleanup.callback(self.web.close)
        self.payments = LocalStripe(CLOCK.now, self._notify)
        self._cleanup.callback(self.payments.close)
        self.zone = self._cleanup.enter_context(ZoneServer(REGIONS))

    def _create_stack(self) -> None:
        from local import perspectives  # noqa: PLC0415
        from local.creators import CREATORS  # noqa: PLC0415

        self.perspectives = perspectives.create(
            self._template.parent, self.client, self.endpoint, self._world_of
        )
        own = {
            "PublicUrl": self.url,
            "DnsServer": self.zone.address(),
            "WebServer": self.web.address,
            "RequiredBlockLists": "sample",
            "OldestSuffixList": "0",  # time is virtual, and a journey lasts for years
            "PaymentApi": self.payments.url,
            "PaymentScript": self.payments.script,
            "PaymentPublishableKey": "pk_test_local",
            "Perspectives": ",".join(config.arn for config in self.perspectives),
        }
        template = read(self._template, self._parameters, own)
        self.stack = Stack(template, self.client, CREATORS, self.endpoint)
        self.stack.create_all()
        if folder := template.parameters.get("PaymentSecrets"):
            self._keep_secrets(folder)
        for config in (*self.stack.functions.values(), *self.perspectives):
            self.runtime.add(config)

    def _keep_secrets(self, folder: str) -> None:
        """What operators put there by hand (docs/operations.md, Cards and the gateway)."""
        for name, value in (("secret-key", "sk_test_local"), ("webhook-secret", SIGNING_SECRET)):
            self.client("ssm").put_parameter(Name=f"{folder}/{name}", Value=value, Type="SecureString")

    def _world_of(self, perspective: str) -> Mapping[str, str]:
        return {"DNS_SERVER": self.zone.address(perspective), "WEB_SERVER": self.web.address}

    @property
    def seeded(self) -> Mapping[str, Any]:
        """What the seed made, as it was then."""
        return self._demo

    @property
    def demo(self) -> Mapping[str, Any]:
        """What the seed made, for /_local/demo."""
        return self.read_demo() if self.read_demo else self._demo

    # --- resources

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client that reaches moto in this process."""
        return _client(service, region)

    def resource(self, logical_id: str) -> str:
        return self.stack.created(logical_id).ref

    def attribute(self, logical_id: str, name: str) -> str:
        return self.stack.attribute(logical_id, name)

    def output(self, name: str) -> str:
        return self.stack.output(name)

    def published(self, key: str) -> Mapping[str, Any] | None:
        """The object of the repository of CRLs and CA certificates, as S3 answers it."""
        s3 = self.client("s3")
        try:
            answer: Mapping[str, Any] = s3.get_object(Bucket=self.output("RepositoryBucket"), Key=key)
        except s3.exceptions.NoSuchKey:
            return None
        return answer

    # --- what runs

    def invoke(self, function: str, event: Any) -> Any:
        """What the function answers. Raises FunctionFailed."""
        name = physical_name(function) if function in self.stack.template.resources else function
        payload, failed = self._run(name, event)
        if failed:
            raise FunctionFailed(payload)
        return json.loads(payload)

    def _run(self, function: str, event: Any) -> tuple[str, bool]:
        with self._lock:
            self._invocations += 1
        try:
            return self.runtime.invoke(function, event)
        finally:
            with self._lock:
                self._invocations -= 1

    def _deliver(self, target: Mapping[str, Any], event: Any) -> None:
        self._deliveries.send(target, event)

    def _handle(self, request: Request) -> Response:
        path = request.target.partition("?")[0]
        if path == "/_local" or path.startswith("/_local/"):
            return self._console.handle(request)
        return self._api.handle(request)

    def _notify(self, kind: str, about: Mapping[str, Any]) -> None:
        """A webhook of the local Stripe, if the application listens to any."""
        if any(route.path == HOOK_PATH for route in self.stack.routes):
            self.hooks.send(kind, about)

    def _record(self, function: str, calls: list[dict[str, Any]]) -> None:
        """What the SDK was asked; policies know nothing of the rest."""
        made = [call for call in calls if call["service"] not in OUTSIDE]
        self.recorded_calls[function.removeprefix(f"{STACK}-")] += made

    def _write_log(self, line: str) -> None:
        if not self._quiet:
            print(line, file=sys.stderr, flush=True)

    @property
    def repetition(self) -> Repetition:
        """Set it on, and messages of queues, events of rules and asynchronous calls come twice."""
        return self._deliveries.repetition

    @property
    def failures(self) -> list[Failure]:
        """Deliveries given up."""
        return self._deliveries.failures

    def mails(self) -> list[Mail]:
        """All mails sent so far, oldest first; each is parsed once."""
        from local.repairs import ses  # noqa: PLC0415

        with self._lock:
            self._mails += [parsed(sent) for sent in ses.SENT[len(self._mails) :]]
            return list(self._mails)

    def signatures(self) -> list[dict[str, Any]]:
        """The trail of KMS, oldest first: key, message in hex, the function it was made for, epoch seconds."""
        from local.repairs import kms  # noqa: PLC0415

        return [
            {"key": each.key, "message": each.message.hex(), "by": each.by, "at": each.at}
            for each in list(kms.SIGNED)
        ]

    def undeliver(self, number: int, kind: str) -> Mapping[str, Any]:
        """SES tells that the mail of this number did not arrive. Raises IndexError, and ValueError for the kind."""
        from local.repairs import ses  # noqa: PLC0415
        from local.undelivered import tell  # noqa: PLC0415

        return tell(self.client, ses.SENT[number], kind, CLOCK.utcnow())

    def executions(self) -> list[dict[str, Any]]:
        return [machines.described(execution) for execution in machines.executions()]

    # --- time

    def settle(self, soon: float = 10.0, timeout: float = 60.0) -> bool:
        """Wait until nothing is under way; whether that was reached before the timeout (both in real seconds).

        What sleeps or waits for its token is at rest, unless that ends within `soon`; so are schedules.
        """
        start = time.monotonic()
        until = start + soon
        rested = self._rest(lambda: CLOCK.now() + max(0.0, until - time.monotonic()), start + timeout)
        if not rested:
            log.warning("not at rest after %d s: %s", timeout, "; ".join(self.under_way()))
        return rested

    def under_way(self) -> list[str]:
        """What keeps the cloud from resting, in words."""
        now = CLOCK.now()
        dues = [(work, work.due()) for work in self._dispatcher.work()]
        return [
            f"{self._invocations} invocations at {CLOCK.utcnow():%m-%d %H:%M:%S}",
            *(f"{type(work).__name__} due in {due - now:.0f} s" for work, due in dues if due is not None),
            *machines.under_way(),
        ]

    def advance(self, seconds: float, runs: int | None = None) -> None:
        """Move the clock in steps, so that what falls due on the way runs at its time, and wait for that work.

        A schedule that would run more than `runs` times is thinned out to that many: as a rule 30 within an hour,
        where tests wait for what is tried again every minute, and 10 beyond. One whose last run failed is not.
        """
        runs = runs or (RUNS_WITHIN_AN_HOUR if seconds <= 3600 else RUNS_BEYOND)
        end, gap = CLOCK.now() + seconds, seconds / runs
        while True:
            rested = self._rest(CLOCK.now, time.monotonic() + REST_LIMIT)
            if not rested:
                log.warning("work is still under way after %d s; the clock moves on", REST_LIMIT)
            now = CLOCK.now()
            if now >= end:
                return
            stops = list(self._stops(gap))
            if rested and min(stops) <= now:
                continue  # time does not stand still: it fell due since the last look
            CLOCK.advance(min([stop for stop in stops if stop > now] + [end]) - now)
            self._dispatcher.wake()

    def unfinished(self) -> float | None:
        """When the next delivery, or pause before a retry, is over; None if there is none.

        Neither schedules count nor tasks that wait for their token: of these nobody knows that anything will come.
        """
        dues = [work.due() for work in self._dispatcher.work() if not isinstance(work, Recurring)]
        return min([*(due for due in dues if due is not None), *machines.pauses()], default=None)

    def _stops(self, gap: float) -> Iterator[float]:
        """The moments at which something is due, as far as they are known now."""
        yield machines.at_rest_until()
        for work in self._dispatcher.work():
            if (due := work.due()) is not None:
                yield work.thinned(due, gap) if isinstance(work, Recurring) else due

    def _nothing_due(self, horizon: float) -> bool:
        """Whether no work is due until `horizon`; a schedule counts only when it is due now."""
        now = CLOCK.now()
        dues = [
            (work.due(), now if isinstance(work, Recurring) else horizon) for work in self._dispatcher.work()
        ]
        return all(due is None or due > limit for due, limit in dues) and machines.at_rest_until() > horizon

    def _rest(self, horizon: Callable[[], float], end: float) -> bool:
        """Looks in the order in which work gives birth to work, twice, so that none slips through between."""
        was_quiet = False
        while time.monotonic() <= end:
            quiet = (
                self._invocations == 0 and not self._dispatcher.is_running() and self._nothing_due(horizon())
            )
            if quiet and was_quiet:
                return True
            was_quiet = quiet
            time.sleep(BETWEEN_LOOKS)
        return False
