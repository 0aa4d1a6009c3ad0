"""Challenges, approval values and proofs in DynamoDB: `Challenges` of the validation context."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.challenge_items import (
    attempts_with,
    challenge_from_item,
    challenge_to_item,
    packed,
    proof_from_item,
    proof_to_item,
    record_to_item,
)
from partner_center.adapters.cursors import decode_cursor, encode_cursor
from partner_center.adapters.dynamodb import (
    Action,
    Check,
    Condition,
    Database,
    Index,
    Item,
    Put,
    Update,
    Value,
)
from partner_center.adapters.order_items import from_micros, to_micros
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.orders.page import Page
from partner_center.validation.approve import ApprovalClosed, WhyClosed
from partner_center.validation.caa_refusal import CaaRefusals, refusals_of
from partner_center.validation.challenges import MAIL_INTERVAL, Challenge, ChallengeStatus, Proof
from partner_center.validation.ports import AttemptRecord, Message, Ruling
from partner_center.validation.standing import zone_of

_PROOFS_A_PAGE = 100


class ChallengeStore:
    """An approval link finds its challenge through a pointer row under the digest of its secret."""

    def __init__(self, database: Database, tables: TableNames) -> None:
        self._database = database
        self._tables = tables

    # ---- reading

    def of_order(self, reseller_id: str, order_id: str) -> Sequence[Challenge]:
        partition = keys.order_partition(reseller_id, order_id)
        items = self._database.all_of(self._tables.validation, partition, "CHALLENGE#", at_most=2000)
        return [challenge_from_item(item) for item in items]

    def by_token(self, token_sha256: str) -> Challenge | None:
        pointer = self._database.get(self._tables.validation, keys.approval(token_sha256))
        if pointer is None:
            return None
        key = keys.challenge(pointer["reseller_id"], pointer["order_id"], pointer["challenge_id"])
        item = self._database.get(self._tables.validation, key)
        return challenge_from_item(item) if item else None

    def proofs(self, reseller_id: str, subscriber: str, zone: str, since: datetime) -> Sequence[Proof]:
        """Newest first; the ids are in the order of completion, so the first that is too old ends the search."""
        first = keys.proof(reseller_id, subscriber, zone, "")
        found: list[Proof] = []
        after: str | None = None
        while True:
            items, after = self._database.query(
                self._tables.validation,
                first.pk,
                first.sk,
                limit=_PROOFS_A_PAGE,
                after=after,
                newest_first=True,
            )
            page = [proof_from_item(item) for item in items]
            found += (proof for proof in page if proof.completed_at >= since)
            if after is None or page[-1].completed_at < since:
                return found

    def caa_refusals(self, reseller_id: str, order_id: str, preflight_id: str) -> CaaRefusals | None:
        key = keys.preflight(reseller_id, order_id, preflight_id)
        items, _ = self._database.query(self._tables.validation, key.pk, key.sk, limit=1)
        return refusals_of(from_micros(items[0]["at"]), json.loads(items[0]["caa"])) if items else None

    # ---- writing

    def create(self, challenge: Challenge) -> bool:
        actions: list[Action] = [
            Put(self._tables.validation, _key(challenge), challenge_to_item(challenge), _exists_already)
        ]
        if challenge.token_sha256:
            pointer = {
                "reseller_id": challenge.reseller_id,
                "order_id": challenge.order_id,
                "challenge_id": challenge.challenge_id,
            }
            approval_key = keys.approval(challenge.token_sha256)
            actions.append(Put(self._tables.validation, approval_key, pointer, _exists_already))
        try:
            self._database.transact(actions)
        except _ExistsAlready:
            return False
        return True

    def claim_mail(self, challenge: Challenge, moment: datetime) -> bool:
        earlier: list[Condition] = [
            ("claimed_at", "absent"),
            ("claimed_at", "<=", to_micros(moment - MAIL_INTERVAL)),
        ]
        claims = (
            Update(
                self._tables.validation,
                _key(challenge),
                lambda _: _ExistsAlready("Another run sends this mail."),
                conditions=[condition],
                set={"claimed_at": to_micros(moment)},
            )
            for condition in earlier
        )
        return any(map(self._write_once, claims))

    def unclaim_mail(self, challenge: Challenge, moment: datetime) -> None:
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("Another run has claimed it since."),
            conditions=[("claimed_at", "=", to_micros(moment))],
            remove=["claimed_at"],
        )
        self._write_once(update)

    def mark_sent(self, challenge: Challenge, sent_at: datetime) -> None:
        """A second record of the same mail changes nothing."""
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("The mail is recorded already."),
            conditions=[("sent_at", "absent")],
            set={"sent_at": to_micros(sent_at), **_evidence(challenge)},
        )
        self._write_once(update)

    def mark_resent(self, challenge: Challenge, resent_at: datetime) -> None:
        at = to_micros(resent_at)
        conditions: list[Condition] = [("resent_at", "absent"), ("resent_at", "<", at)]
        for condition in conditions:
            update = Update(
                self._tables.validation,
                _key(challenge),
                lambda _: _ExistsAlready("A later mail is recorded already."),
                conditions=[("sent_at", "present"), condition],
                set={"resent_at": at, **_evidence(challenge)},
            )
            if self._write_once(update):
                return

    def end(self, challenge: Challenge, moment: datetime) -> bool:
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("The challenge is pending no more."),
            conditions=[("status", "=", "pending")],
            set={"expires_at": to_micros(moment)},
            remove=["due_at", "due_shard"],
        )
        return self._write_once(update)

    def begin_check(
        self, challenge: Challenge, moment: datetime, due_at: datetime | None
    ) -> Challenge | None:
        begun = replace(challenge, checks=challenge.checks + 1, checked_at=moment)
        due: dict[str, Value] = {}
        if due_at is not None:
            begun = replace(begun, counted=challenge.counted + 1, due_at=due_at)
            shard = keys.due_shard(challenge.order_id)
            due = {"counted": begun.counted, "due_at": to_micros(due_at), "due_shard": shard}
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("Another run makes this check."),
            conditions=[("status", "=", "pending"), ("checks", "=", challenge.checks)],
            set={"checks": begun.checks, "checked_at": to_micros(moment), **due},
        )
        return begun if self._write_once(update) else None

    def uncount(self, challenge: Challenge) -> None:
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("Another check was counted since, or it is pending no more."),
            conditions=[("status", "=", "pending"), ("counted", "=", challenge.counted)],
            set={"counted": challenge.counted - 1},
        )
        self._write_once(update)

    def note(self, challenge: Challenge, record: AttemptRecord) -> None:
        self._attempted(challenge, record, {})

    def fail(self, challenge: Challenge, record: AttemptRecord) -> None:
        decided = {"status": "failed", "decided_at": to_micros(record.attempt.at)}
        self._attempted(challenge, record, decided)

    def _attempted(self, challenge: Challenge, record: AttemptRecord, more: Item) -> None:
        """The record is kept whatever became of the challenge meanwhile; the challenge only while it is pending."""
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("The challenge is pending no more."),
            conditions=[("status", "=", "pending")],
            set={"attempts": attempts_with(challenge, record.attempt), **more},
        )
        put = _record_put(self._tables.validation, record)
        try:
            self._database.transact([update, put])
        except _ExistsAlready:
            self._database.write(put)

    def rest(self, challenge: Challenge) -> None:
        if challenge.due_at is None:
            return
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("It is due at another time, or not at all."),
            conditions=[("due_at", "=", to_micros(challenge.due_at))],
            remove=["due_at", "due_shard"],
        )
        self._write_once(update)

    def resume(self, challenge: Challenge, due_at: datetime) -> None:
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("It is due already, or pending no more."),
            conditions=[("status", "=", "pending"), ("due_at", "absent")],
            set={"due_at": to_micros(due_at), "due_shard": keys.due_shard(challenge.order_id)},
        )
        self._write_once(update)

    def due(self, shard: int, moment: datetime, limit: int) -> Sequence[tuple[str, str]]:
        index = Index("due", "due_shard", f"DUE#{shard}", "due_at", to_micros(moment))
        items, _ = self._database.query_index(self._tables.validation, index, limit=limit)
        return [keys.ids_of_order(item["pk"]) for item in items]

    def listed(self, reseller_id: str, prefix: str, page: Page) -> tuple[Sequence[Proof], str | None]:
        """The reseller's proofs of domains that begin with `prefix`, in the order of the domains."""
        first = keys.proven_domain(reseller_id, "", "")
        after = decode_cursor(page.cursor, prefix) if page.cursor else None
        items, last = self._database.query(
            self._tables.validation, first.pk, prefix, limit=page.limit, after=after
        )
        return [proof_from_item(item) for item in items], encode_cursor(last) if last else None

    def _write_once(self, update: Update) -> bool:
        """Whether it was written; False when it stands there already, or no more."""
        try:
            self._database.write(update)
        except _ExistsAlready:
            return False
        return True

    def rule(self, ruling: Ruling) -> None:
        challenge = ruling.challenge
        actions: list[Action] = [
            Update(
                self._tables.validation,
                _key(challenge),
                lambda _: ApprovalClosed(WhyClosed.USED),
                conditions=[("status", "=", "pending"), ("expires_at", ">", to_micros(ruling.decided_at))],
                set={
                    "status": ruling.status.value,
                    "decided_at": to_micros(ruling.decided_at),
                    "attempts": attempts_with(challenge, ruling.attempt),
                    **({"proof_id": ruling.proof.proof_id} if ruling.proof else {}),
                },
                remove=["due_at", "due_shard"],
            ),
            self._of_the_order(ruling),
            event_put(self._tables.business, ruling.event),
            audit_put(self._tables.audit, ruling.audit),
        ]
        if ruling.proof is not None:
            actions += _proof_puts(self._tables.validation, ruling.proof)
        if ruling.record is not None:
            actions.append(_record_put(self._tables.validation, ruling.record))
        if ruling.message is not None:
            actions.append(_message_put(self._tables.business, challenge, ruling.message))
        self._database.transact(actions)

    def _of_the_order(self, ruling: Ruling) -> Action:
        """The order is as it was shown; a no moves it on, so that a preflight that did not see it claims nothing."""
        table, challenge = self._tables.business, ruling.challenge
        head = keys.order_head(challenge.reseller_id, challenge.order_id)
        shown: list[Condition] = [
            ("status", "=", "pending"),
            ("revision", "=", ruling.revision),
            ("round", "=", challenge.round),
        ]
        if ruling.status is not ChallengeStatus.DECLINED:
            return Check(table, head, _order_moved, conditions=shown)
        return Update(
            table, head, _order_moved, conditions=[*shown, ("signing", "absent")], add={"version": 1}
        )


class _ExistsAlready(ChangedMeanwhile):
    """The row is there: an earlier run of the same step wrote it."""


def _exists_already(_: Item | None) -> Exception:
    return _ExistsAlready("This row exists already.")


def _order_moved(_: Item | None) -> Exception:
    return ChangedMeanwhile("The order changed since it was shown.")


def _key(challenge: Challenge) -> keys.Key:
    return keys.challenge(challenge.reseller_id, challenge.order_id, challenge.challenge_id)


def _evidence(challenge: Challenge) -> dict[str, Value]:
    """How the recipient of a mail was corroborated; a constructed address needs no evidence."""
    return {"evidence": packed(challenge.evidence)} if challenge.evidence else {}


def _message_put(table: str, challenge: Challenge, message: Message) -> Put:
    key = keys.order_message(challenge.reseller_id, challenge.order_id, message.message_id)
    return Put(table, key, {"at": to_micros(message.at), "text": message.text}, _exists_already)


def _record_put(table: str, record: AttemptRecord) -> Put:
    key = keys.attempt(record.reseller_id, record.order_id, record.challenge_id, record.attempt_id)
    return Put(table, key, record_to_item(record), _exists_already)


def _proof_puts(table: str, proof: Proof) -> list[Action]:
    """The proof where it is looked for by its subscriber, and in the reseller's list."""
    item, zone = proof_to_item(proof), zone_of(proof.authorization_domain)
    by_subscriber = keys.proof(proof.reseller_id, proof.subscriber, zone, proof.proof_id)
    by_domain = keys.proven_domain(proof.reseller_id, proof.authorization_domain, proof.proof_id)
    return [Put(table, by_subscriber, item, _exists_already), Put(table, by_domain, item, _exists_already)]
