"""Challenges, approval values and proofs in DynamoDB: `Challenges` of the validation context."""

from collections.abc import Sequence
from datetime import datetime

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Action, Check, Database, Item, Put, Update
from partner_center.adapters.order_items import (
    from_micros,
    optional_micros,
    optional_moment,
    to_micros,
)
from partner_center.adapters.records import audit_put, event_put
from partner_center.adapters.tables import TableNames
from partner_center.kernel.errors import ChangedMeanwhile
from partner_center.validation.approve import ApprovalClosed, WhyClosed
from partner_center.validation.challenges import Challenge, ChallengeStatus, Proof
from partner_center.validation.ports import Message, Ruling
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
        return [_challenge_from_item(item) for item in items]

    def by_token(self, token_sha256: str) -> Challenge | None:
        pointer = self._database.get(self._tables.validation, keys.approval(token_sha256))
        if pointer is None:
            return None
        key = keys.challenge(pointer["reseller_id"], pointer["order_id"], pointer["challenge_id"])
        item = self._database.get(self._tables.validation, key)
        return _challenge_from_item(item) if item else None

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
            page = [_proof_from_item(item) for item in items]
            found += (proof for proof in page if proof.completed_at >= since)
            if after is None or page[-1].completed_at < since:
                return found

    # ---- writing

    def create(self, challenge: Challenge) -> bool:
        pointer = {
            "reseller_id": challenge.reseller_id,
            "order_id": challenge.order_id,
            "challenge_id": challenge.challenge_id,
        }
        approval_key = keys.approval(challenge.token_sha256)
        actions = [
            Put(self._tables.validation, _key(challenge), _challenge_to_item(challenge), _exists_already),
            Put(self._tables.validation, approval_key, pointer, _exists_already),
        ]
        try:
            self._database.transact(actions)
        except _ExistsAlready:
            return False
        return True

    def mark_sent(self, challenge: Challenge, sent_at: datetime, expires_at: datetime) -> None:
        """The value's 30 days run from the mail. A second record of the same mail changes nothing."""
        update = Update(
            self._tables.validation,
            _key(challenge),
            lambda _: _ExistsAlready("The mail is recorded already."),
            conditions=[("sent_at", "absent")],
            set={"sent_at": to_micros(sent_at), "expires_at": to_micros(expires_at)},
        )
        try:
            self._database.write(update)
        except _ExistsAlready:
            return

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
                    **({"proof_id": ruling.proof.proof_id} if ruling.proof else {}),
                },
            ),
            Check(
                self._tables.business,
                keys.order_head(challenge.reseller_id, challenge.order_id),
                _order_moved,
                conditions=[
                    ("status", "=", "pending"),
                    ("revision", "=", ruling.revision),
                    ("round", "=", challenge.round),
                ],
            ),
            event_put(self._tables.business, ruling.event),
            audit_put(self._tables.audit, ruling.audit),
        ]
        if ruling.proof is not None:
            actions.append(_proof_put(self._tables.validation, ruling.proof))
        if ruling.message is not None:
            actions.append(_message_put(self._tables.business, challenge, ruling.message))
        self._database.transact(actions)


class _ExistsAlready(ChangedMeanwhile):
    """The row is there: an earlier run of the same step wrote it."""


def _exists_already(_: Item | None) -> Exception:
    return _ExistsAlready("This row exists already.")


def _order_moved(_: Item | None) -> Exception:
    return ChangedMeanwhile("The order changed since it was shown.")


def _key(challenge: Challenge) -> keys.Key:
    return keys.challenge(challenge.reseller_id, challenge.order_id, challenge.challenge_id)


def _message_put(table: str, challenge: Challenge, message: Message) -> Put:
    key = keys.order_message(challenge.reseller_id, challenge.order_id, message.message_id)
    return Put(table, key, {"at": to_micros(message.at), "text": message.text}, _exists_already)


def _challenge_to_item(challenge: Challenge) -> Item:
    return {
        "reseller_id": challenge.reseller_id,
        "order_id": challenge.order_id,
        "challenge_id": challenge.challenge_id,
        "round": challenge.round,
        "method": challenge.method,
        "authorization_domain": challenge.authorization_domain,
        "names": list(challenge.names),
        "approver_email": challenge.approver_email,
        "token_sha256": challenge.token_sha256,
        "encrypted_token": challenge.encrypted_token,
        "status": challenge.status.value,
        "created_at": to_micros(challenge.created_at),
        "expires_at": to_micros(challenge.expires_at),
        "sent_at": optional_micros(challenge.sent_at),
        "decided_at": optional_micros(challenge.decided_at),
        "proof_id": challenge.proof_id,
    }


def _challenge_from_item(item: Item) -> Challenge:
    return Challenge(
        reseller_id=item["reseller_id"],
        order_id=item["order_id"],
        challenge_id=item["challenge_id"],
        round=item["round"],
        method=item["method"],
        authorization_domain=item["authorization_domain"],
        names=tuple(item["names"]),
        approver_email=item["approver_email"],
        token_sha256=item["token_sha256"],
        encrypted_token=item["encrypted_token"],
        status=ChallengeStatus(item["status"]),
        created_at=from_micros(item["created_at"]),
        expires_at=from_micros(item["expires_at"]),
        sent_at=optional_moment(item.get("sent_at")),
        decided_at=optional_moment(item.get("decided_at")),
        proof_id=item.get("proof_id"),
    )


def _proof_put(table: str, proof: Proof) -> Put:
    zone = zone_of(proof.authorization_domain)
    key = keys.proof(proof.reseller_id, proof.subscriber, zone, proof.proof_id)
    attributes: Item = {
        "proof_id": proof.proof_id,
        "reseller_id": proof.reseller_id,
        "subscriber": proof.subscriber,
        "order_id": proof.order_id,
        "challenge_id": proof.challenge_id,
        "method": proof.method,
        "br_section": proof.br_section,
        "authorization_domain": proof.authorization_domain,
        "names": list(proof.names),
        "checked_at": to_micros(proof.checked_at),
        "completed_at": to_micros(proof.completed_at),
        "by": proof.by,
    }
    return Put(table, key, attributes, _exists_already)


def _proof_from_item(item: Item) -> Proof:
    return Proof(
        proof_id=item["proof_id"],
        reseller_id=item["reseller_id"],
        subscriber=item["subscriber"],
        order_id=item["order_id"],
        challenge_id=item["challenge_id"],
        method=item["method"],
        br_section=item["br_section"],
        authorization_domain=item["authorization_domain"],
        names=tuple(item["names"]),
        checked_at=from_micros(item["checked_at"]),
        completed_at=from_micros(item["completed_at"]),
        by=item["by"],
    )
