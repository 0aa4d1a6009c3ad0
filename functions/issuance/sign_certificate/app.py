"""Task SignCertificate: record, sign, compare, store. It holds the key's permission and has no way out."""

from partner_center.entry.task import Task, task_handler
from partner_center.entry.wiring.signing import sign_order


def run(task: Task) -> dict[str, str]:
    preflight_id = str(task.facts["preflight_id"])
    record = sign_order()(task.reseller_id, task.order_id, task.generation, preflight_id)
    return {"serial": record.serial_hex}


handler = task_handler(run)
