"""How long a certificate is valid: by the rules of the day on which it is signed, inside the order's term (BR 6.3.2).

Apart from the profile, because whoever only tells deadlines shall not pay for what reads and builds certificates.
"""

from datetime import UTC, datetime, timedelta

from partner_center.kernel.dated_rules import RulesOfTheDay
from partner_center.kernel.errors import PartnerCenterError

BACKDATING = timedelta(minutes=30)
LONGEST_BACKDATING = timedelta(hours=1)
LONGEST_WAIT_FOR_SIGNATURE = timedelta(hours=48)  # BR 7.1.2.7: notBefore within 48 hours of signing
MARGIN_UNDER_THE_LIMIT = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class TermOver(PartnerCenterError):
    """The order's term, or the issuing CA's own certificate, ends before a certificate could begin."""

    code = "term_over"


def plan_validity(now: datetime, term_end: datetime, rules: RulesOfTheDay) -> tuple[datetime, datetime]:
    """notBefore and notAfter in UTC: one day under the day's limit, and never beyond `term_end`.

    Both ends belong to the period (BR 6.3.2), so 199 days are notBefore + 199 * 86400 - 1 seconds. Raises
    TermOver when nothing is left of the term.
    """
    not_before = _whole_second(now) - BACKDATING
    longest = rules.certificate_lifetime - MARGIN_UNDER_THE_LIMIT
    not_after = min(not_before + longest - _SECOND, _whole_second(term_end))
    if not_after <= now:
        raise TermOver("Nothing is left of the term in which a certificate could be valid.")
    return not_before, not_after


def within_the_limit(not_before: datetime, not_after: datetime, rules: RulesOfTheDay) -> bool:
    """Whether the period, both ends included, is one that the rules of the day allow (BR 6.3.2)."""
    return not_after - not_before + _SECOND <= rules.certificate_lifetime


def _whole_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
