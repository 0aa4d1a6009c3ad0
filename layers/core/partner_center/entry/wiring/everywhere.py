"""The network perspectives and their places, wired for whoever corroborates."""

from functools import cache

from partner_center.entry.wiring.base import settings
from partner_center.entry.wiring.perspectives import perspectives
from partner_center.validation.corroborate import AllPerspectives
from partner_center.validation.published_contacts import PublishedContacts
from partner_center.validation.quorum import SITES


@cache
def everywhere() -> AllPerspectives:
    """Raises ValueError for a perspective in a region whose place is not known: its distance cannot be."""
    regions = [arn.split(":")[3] for arn in settings().perspectives]
    known = {site.region: site for site in SITES}
    unknown = [region for region in regions if region not in known]
    if unknown:
        raise ValueError(f"perspectives in regions that are no site: {', '.join(unknown)}")
    return AllPerspectives(perspectives(), [known[region] for region in regions])


@cache
def published_contacts() -> PublishedContacts:
    return PublishedContacts(everywhere())
