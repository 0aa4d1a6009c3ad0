"""A network perspective: takes the looks it is asked for from where it stands, and tells what it saw."""

from partner_center.entry.perspective import perspective_handler
from partner_center.entry.wiring.looks import perspective_id, take_looks

handler = perspective_handler(take_looks, perspective_id)
