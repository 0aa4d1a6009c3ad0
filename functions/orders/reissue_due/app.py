"""Every hour: orders whose next certificate makes itself."""

from partner_center.entry.reissuing import reissuing_handler
from partner_center.entry.wiring.reissuing import reissue_by_itself

handler = reissuing_handler(reissue_by_itself)
