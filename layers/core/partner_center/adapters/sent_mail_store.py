"""Which mails of an order went out: `SentMails` of the notifications context."""

from partner_center.adapters import keys
from partner_center.adapters.dynamodb import Database
from partner_center.adapters.order_items import to_micros
from partner_center.validation.ports import Message


class SentMailStore:
    """A row a mail, in the order's partition."""

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._table = table

    def was_sent(self, reseller_id: str, order_id: str, mail_id: str) -> bool:
        return self._database.get(self._table, keys.sent_mail(reseller_id, order_id, mail_id)) is not None

    def record(self, reseller_id: str, order_id: str, mail_id: str, at_epoch: int) -> None:
        self._database.replace(self._table, keys.sent_mail(reseller_id, order_id, mail_id), {"at": at_epoch})

    def tell(self, reseller_id: str, order_id: str, message: Message) -> None:
        key = keys.order_message(reseller_id, order_id, message.message_id)
        self._database.replace(self._table, key, {"at": to_micros(message.at), "text": message.text})
