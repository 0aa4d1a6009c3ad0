"""Every DynamoDB key of every table, built here and nowhere else (docs/data-model.md lists their use).

The tenant is part of each partition key that a reseller's request can reach, so neither a foreign id nor a
cursor leads out of it.
"""

from dataclasses import dataclass
from hashlib import sha256

from partner_center.kernel.ids import order_of

OPEN_SHARDS = 8
DUE_SHARDS = 8
SERIAL_SHARDS = 8
SETTLE_SHARDS = 8
REISSUE_SHARDS = 8
REMINDER_SHARDS = 8
SUPERSEDE_SHARDS = 8
REVIEW_QUEUE = "quality-review"
CERTIFICATE_QUEUE = "certificates"
PAYMENTS_QUEUE = "payments"
CONTRACT_QUEUE = "contracts"
CARDS_QUEUE = "cards"
"""Partition of the index of queues for cards that the gateway is to forget, sorted there by when."""
REPORT_QUEUE = "problem-reports"


@dataclass(frozen=True, slots=True)
class Key:
    """The primary key of one item."""

    pk: str
    sk: str


def order_partition(reseller_id: str, order_id: str) -> str:
    return f"R#{reseller_id}#O#{order_id}"


def ids_of_order(pk: str) -> tuple[str, str]:
    """Reseller and order of an order's partition."""
    _, reseller_id, _, order_id = pk.split("#")
    return reseller_id, order_id


# ---- business table


def order_head(reseller_id: str, order_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), "HEAD")


def order_content(reseller_id: str, order_id: str, revision: int) -> Key:
    return Key(order_partition(reseller_id, order_id), f"CONTENT#{revision:06d}")


def reissue(reseller_id: str, order_id: str, reissue_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), f"REISSUE#{reissue_id}")


def order_wait(reseller_id: str, order_id: str, step: str) -> Key:
    return Key(order_partition(reseller_id, order_id), f"WAIT#{step}")


def order_check(reseller_id: str, order_id: str, name: str) -> Key:
    """`name` is `all` for the row of the whole order."""
    return Key(order_partition(reseller_id, order_id), f"CHECK#{name}")


def order_event(reseller_id: str, order_id: str, event_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), f"EVENT#{event_id}")


def order_message(reseller_id: str, order_id: str, message_id: str) -> Key:
    """What is told of a reissue is told on its order."""
    return Key(order_partition(reseller_id, order_of(order_id)), f"MESSAGE#{message_id}")


def sent_mail(reseller_id: str, order_id: str, mail_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), f"MAIL#{mail_id}")


def caa_reports(reseller_id: str, order_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), "CAAREPORTS")


def reports_to_mailbox(mailbox: str, day: str) -> Key:
    """`day`: yyyy-mm-dd. The mailbox of somebody outside is not kept in the clear."""
    return Key(f"IODEF#{sha256(mailbox.encode()).hexdigest()}", f"DAY#{day}")


def request_guard(caller: str, method: str, path: str, idempotency_key: str) -> Key:
    """`caller`: the reseller, or the member of staff where what is asked concerns none."""
    digest = sha256(f"{method}\n{path}\n{idempotency_key}".encode()).hexdigest()
    return Key(f"R#{caller}#REQUEST#{digest}", "GUARD")


def report_guard(network: str, idempotency_key: str) -> Key:
    """Of a problem report that came from `network`: it lies where the function may write that anybody may call."""
    digest = sha256(f"{network}\n{idempotency_key}".encode()).hexdigest()
    return Key(f"REPORT#REQUEST#{digest}", "GUARD")


def partner_order_guard(reseller_id: str, partner_order_id: str) -> Key:
    return Key(f"R#{reseller_id}#PARTNER#{partner_order_id}", "GUARD")


def common_name_search(reseller_id: str, common_name: str, order_id: str) -> Key:
    return Key(f"R#{reseller_id}#BY#common_name", f"{common_name}#{order_id}")


def screening(reseller_id: str, order_id: str, revision: int) -> Key:
    return Key(order_partition(reseller_id, order_id), f"SCREENING#{revision:06d}")


def charge(reseller_id: str, order_id: str, payment_attempt: int) -> Key:
    return Key(order_partition(reseller_id, order_id), f"CHARGE#{payment_attempt:04d}")


def settle_queue(shard: int) -> str:
    """Partition of the index of queues for orders whose money is to be moved, sorted there by when."""
    return f"SETTLE#{shard}"


def settle_shard(order_id: str) -> int:
    return int(sha256(order_id.encode()).hexdigest(), 16) % SETTLE_SHARDS


def supersession(reseller_id: str, order_id: str, successor: str) -> Key:
    """`order_id`: the order that gives way, or one of whose certificates does."""
    return Key(order_partition(reseller_id, order_id), f"SUPERSEDED#{successor}")


def successor_of(sk: str) -> str:
    """The successor in a supersession's sort key."""
    return sk.removeprefix("SUPERSEDED#")


def planned_reissue(reseller_id: str, order_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), "REISSUES")


def reissue_queue(shard: int) -> str:
    """Partition of the index of queues for orders that are reissued by themselves, sorted there by when."""
    return f"REISSUE#{shard}"


def reissue_shard(order_id: str) -> int:
    return int(sha256(order_id.encode()).hexdigest(), 16) % REISSUE_SHARDS


def supersede_queue(shard: int) -> str:
    """Partition of the index of queues for what is to be revoked because of its successor, sorted there by when."""
    return f"SUPERSEDE#{shard}"


def supersede_shard(order_id: str) -> int:
    return int(sha256(order_id.encode()).hexdigest(), 16) % SUPERSEDE_SHARDS


def key_of_order(spki_sha256: str, reseller_id: str, order_id: str, revision: int) -> Key:
    """`revision`: the content of the order that had the key."""
    return Key(f"SPKI#{spki_sha256}", f"ORDER#{reseller_id}#{order_id}#{revision:06d}")


def contract(reseller_id: str, contract_id: str) -> Key:
    return Key(f"R#{reseller_id}#CONTRACT#{contract_id}", "HEAD")


def ledger_entry(reseller_id: str, contract_id: str, entry_id: str) -> Key:
    return Key(f"R#{reseller_id}#CONTRACT#{contract_id}", f"LEDGER#{entry_id}")


def contract_of_reseller(reseller_id: str, contract_id: str) -> Key:
    return Key(f"R#{reseller_id}#CONTRACTS", contract_id)


def contract_owner(contract_id: str) -> Key:
    """Whose contract this is: staff name it by its id alone."""
    return Key(f"CONTRACT#{contract_id}", "OWNER")


def invoice_guard(reseller_id: str, invoice_reference: str) -> Key:
    return Key(f"R#{reseller_id}#INVOICE#{invoice_reference}", "GUARD")


def ids_of_contract(pk: str) -> tuple[str, str]:
    """Reseller and contract of a contract's partition."""
    _, reseller_id, _, contract_id = pk.split("#")
    return reseller_id, contract_id


def contract_notice(reseller_id: str, contract_id: str, notice_id: str) -> Key:
    """What the holder of a contract is told once."""
    return Key(contract(reseller_id, contract_id).pk, f"NOTICE#{notice_id}")


def notice_queue(shard: int) -> str:
    """Partition of the sparse index `queues` of contracts that may have to be told of, by when to look at them."""
    return f"NOTICE#{shard}"


def card(reseller_id: str, card_id: str) -> Key:
    return Key(f"R#{reseller_id}#CARD#{card_id}", "CARD")


def ids_of_card(pk: str) -> tuple[str, str]:
    """Reseller and card of a card's partition."""
    _, reseller_id, _, card_id = pk.split("#")
    return reseller_id, card_id


def card_guard(reseller_id: str) -> Key:
    return Key(f"R#{reseller_id}#CARDGUARD", "GUARD")


def card_link(token_sha256: str) -> Key:
    return Key(f"CARDLINK#{token_sha256}", "LINK")


def gateway_customer(reseller_id: str) -> Key:
    """Who the reseller is to the payment gateway."""
    return Key(f"R#{reseller_id}#GATEWAY", "CUSTOMER")


def gateway_event(event_id: str) -> Key:
    """An event of the payment gateway's that was heard of."""
    return Key(f"GATEWAY#{event_id}", "HEARD")


def reseller_event(reseller_id: str, event_id: str) -> Key:
    return Key(f"R#{reseller_id}#EVENTS", f"EVENT#{event_id}")


def problem_report(report_id: str) -> Key:
    return Key(f"REPORT#{report_id}", "HEAD")


def report_event(report_id: str, event_id: str) -> Key:
    return Key(f"REPORT#{report_id}", f"EVENT#{event_id}")


def report_mail(report_id: str, mail_id: str) -> Key:
    return Key(f"REPORT#{report_id}", f"MAIL#{mail_id}")


def reports_of_reporter(address: str, day: str) -> Key:
    """`day`: yyyy-mm-dd. An address that somebody gave is not kept in the clear once more."""
    return Key(f"REPORTER#{sha256(address.lower().encode()).hexdigest()}", f"DAY#{day}")


def open_shard(order_id: str) -> str:
    """Partition of the sparse index of unfinished orders, sorted there by `check_at`."""
    return f"OPEN#{int(sha256(order_id.encode()).hexdigest(), 16) % OPEN_SHARDS}"


def objection(serial_hex: str, ground: str) -> Key:
    return Key(f"OBJECTION#{serial_hex}", f"GROUND#{ground}")


def serial_and_ground(pk: str, sk: str) -> tuple[str, str]:
    """Serial and ground of an objection's key."""
    return pk.removeprefix("OBJECTION#"), sk.removeprefix("GROUND#")


def check_run(run_id: str) -> Key:
    return Key("CHECKS", f"RUN#{run_id}")


def reminder(reseller_id: str, order_id: str, kind: str) -> Key:
    """An order's entry in the calendar of reminders."""
    return Key(order_partition(reseller_id, order_id), f"REMINDER#{kind}")


def digest(reseller_id: str, day: str) -> Key:
    """`day`: yyyy-mm-dd."""
    return Key(f"R#{reseller_id}#DIGEST#{day}", "HEAD")


def digest_line(reseller_id: str, day: str, order_id: str, kind: str) -> Key:
    return Key(digest(reseller_id, day).pk, f"LINE#{order_id}#{kind}")


def digest_contract(reseller_id: str, day: str, contract_id: str, notice_id: str) -> Key:
    return Key(digest(reseller_id, day).pk, f"CONTRACT#{contract_id}#{notice_id}")


def remind_shard(id: str) -> str:
    """Partition of the sparse index of what is to be mailed, sorted there by `remind_at`.

    `id`: of the order, or of the reseller for a digest.
    """
    return f"REMIND#{int(sha256(id.encode()).hexdigest(), 16) % REMINDER_SHARDS}"


def reminder_run() -> Key:
    return Key("REMINDERS", "RUN")


def replan(reseller_id: str) -> Key:
    """That the reseller's entries in the calendar are to be planned anew."""
    return Key(f"R#{reseller_id}#REMINDERS", "REPLAN")


def suppressed_address(reseller_id: str, address: str) -> Key:
    """`address` in lower case."""
    return Key(f"R#{reseller_id}#SUPPRESSED", address)


# ---- validation table


def challenge(reseller_id: str, order_id: str, challenge_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), f"CHALLENGE#{challenge_id}")


def attempt(reseller_id: str, order_id: str, challenge_id: str, attempt_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), f"ATTEMPT#{challenge_id}#{attempt_id}")


def due_shard(order_id: str) -> str:
    """Partition of the sparse index of challenges that are checked by themselves, sorted there by `due_at`."""
    return f"DUE#{int(sha256(order_id.encode()).hexdigest(), 16) % DUE_SHARDS}"


def approval(token_sha256: str) -> Key:
    return Key(f"APPROVAL#{token_sha256}", "VALUE")


def proof(reseller_id: str, subscriber: str, zone: str, proof_id: str) -> Key:
    """`subscriber`: the reseller's customer_id, or the first order of a lineage; never the reseller.

    `zone`: the registrable domain of what was proven, so that one query finds all that may carry a name.
    """
    return Key(f"R#{reseller_id}#S#{subscriber}", f"PROOF#{zone}#{proof_id}")


def proven_domain(reseller_id: str, domain: str, proof_id: str) -> Key:
    """The reseller's list of proofs, by domain."""
    return Key(f"R#{reseller_id}#DOMAINS", f"{domain}#{proof_id}")


def preflight(reseller_id: str, order_id: str, preflight_id: str) -> Key:
    return Key(order_partition(reseller_id, order_id), f"PREFLIGHT#{preflight_id}")


# ---- issuance table


def generation(reseller_id: str, order_id: str, number: int) -> Key:
    return Key(order_partition(reseller_id, order_id), f"GENERATION#{number:04d}")


def serial(serial_hex: str) -> Key:
    return Key(f"SERIAL#{serial_hex}", "CERTIFICATE")


def serial_of(pk: str) -> str:
    """The serial of a serial's partition."""
    return pk.removeprefix("SERIAL#")


def recorded_shard(shard: int) -> str:
    """Partition of the index `serials` of those that were recorded and not stored, sorted there by `listed_at`."""
    return f"RECORDED#{shard}"


def stored_shard(day: str, shard: int) -> str:
    """Partition of the index `serials` of the certificates that were stored on a day (yyyy-mm-dd, UTC)."""
    return f"STORED#{day}#{shard}"


def blocked_key(spki_sha256: str) -> Key:
    return Key(f"BLOCKED#{spki_sha256}", "KEY")


def issuing_ca(issuer_id: str) -> Key:
    return Key("CA", f"ISSUER#{issuer_id}")


def root_ca(root_id: str) -> Key:
    return Key("CA", f"ROOT#{root_id}")


def ca_serial(serial_hex: str) -> Key:
    """What a root signed, or was about to: known before, so that none of it is ever lost."""
    return Key("CA", f"SERIAL#{serial_hex}")


def revoked_certificate(issuer_id: str, not_after: str, serial_hex: str) -> Key:
    """`not_after` (RFC 3339): so that a CRL is read from the certificates on that have not ended long ago."""
    return Key(f"CRL#{issuer_id}", f"REVOKED#{not_after}#{serial_hex}")


def crl_state(issuer_id: str) -> Key:
    return Key(f"CRL#{issuer_id}", "STATE")


# ---- access table


def api_key(key_id: str) -> Key:
    return Key(f"KEY#{key_id}", "KEY")


def reseller(reseller_id: str) -> Key:
    return Key(f"RESELLER#{reseller_id}", "PROFILE")


# ---- quota table


def request_count(policy: str, caller: str, window_end: int) -> Key:
    return Key(f"COUNT#{policy}#{caller}", f"WINDOW#{window_end}")


# ---- audit table


def audit_record(reseller_id: str, month: str, record_id: str) -> Key:
    """`month`: yyyy-mm, so that a busy reseller's partition stays bounded."""
    return Key(f"R#{reseller_id}#{month}", record_id)
