"""Every day: looks again at each certificate that was stored since the last run."""

from partner_center.entry.checking import checking_handler
from partner_center.entry.wiring.checking_certificates import check_certificates

handler = checking_handler(check_certificates)
