"""What became of one mail, by the label of the mailbox: `results`, in the row of what was mailed."""

from partner_center.adapters.dynamodb import Database, Item, Update, as_read
from partner_center.adapters.keys import Key
from partner_center.kernel.errors import ChangedMeanwhile, TryAgain
from partner_center.notifications.mail_results import latest

_TRIES = 5


def record_result(database: Database, table: str, key: Key, mailbox: str, result: str) -> None:
    """Beside what others write at the same time: a mail, and the bounce of another one. Raises TryAgain."""
    for _ in range(_TRIES):
        known = (database.get(table, key) or {}).get("results")
        results = latest(known or {}, mailbox, result)
        if results == known:
            return
        as_it_was = as_read({"results": known})
        try:
            database.write(Update(table, key, _changed, conditions=as_it_was, set={"results": results}))
        except ChangedMeanwhile:
            continue
        return
    raise TryAgain("What became of a mail cannot be written at the moment.")


def _changed(_: Item | None) -> Exception:
    return ChangedMeanwhile("What became of the mails changed meanwhile; read it again.")
