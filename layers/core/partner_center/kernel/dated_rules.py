"""What changes on a date, in one table: the question "what if it were 2027-03-15" is a call of `rules_on`.

Every row takes effect at 00:00:00 UTC of its date and holds until the next. Sources: BR 4.2.1 (reuse), 6.3.2
(lifetime), 3.2.2.9 (perspectives), 3.2.2.4 (ends of methods), 3.2.2.8 (CAA).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from partner_center.kernel.errors import PartnerCenterError


class NoRulesYet(PartnerCenterError):
    """The moment lies before the first row: nothing may be issued or judged by rules that are not known."""

    code = "no_rules_yet"


@dataclass(frozen=True, slots=True)
class RulesOfTheDay:
    """The dated limits that hold at one moment.

    Days are of 86,400 s. A method that has ended cannot be chosen any more, and its earlier proofs are void
    as well.
    """

    certificate_days: int
    domain_reuse_days: int
    organization_reuse_days: int
    remote_perspectives: int
    email_methods_allowed: bool
    telephone_methods_allowed: bool
    caa_parameters_mandatory: bool

    @property
    def certificate_lifetime(self) -> timedelta:
        return timedelta(days=self.certificate_days)

    @property
    def domain_reuse(self) -> timedelta:
        return timedelta(days=self.domain_reuse_days)

    @property
    def organization_reuse(self) -> timedelta:
        return timedelta(days=self.organization_reuse_days)


def _midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def _timetable() -> tuple[tuple[datetime, RulesOfTheDay], ...]:
    spring_2026 = RulesOfTheDay(
        certificate_days=200,
        domain_reuse_days=200,
        organization_reuse_days=398,
        remote_perspectives=3,
        email_methods_allowed=True,
        telephone_methods_allowed=True,
        caa_parameters_mandatory=False,
    )
    summer_2026 = replace(spring_2026, remote_perspectives=4)
    winter_2026 = replace(summer_2026, remote_perspectives=5)
    spring_2027 = replace(
        winter_2026,
        certificate_days=100,
        domain_reuse_days=100,
        telephone_methods_allowed=False,
        caa_parameters_mandatory=True,  # RFC 8657 accounturi and validationmethods
    )
    spring_2028 = replace(spring_2027, email_methods_allowed=False)  # .4, .13 and .14
    spring_2029 = replace(spring_2028, certificate_days=47, domain_reuse_days=10)
    return (
        (_midnight(2026, 3, 15), spring_2026),
        (_midnight(2026, 6, 15), summer_2026),
        (_midnight(2026, 12, 15), winter_2026),
        (_midnight(2027, 3, 15), spring_2027),
        (_midnight(2028, 3, 15), spring_2028),
        (_midnight(2029, 3, 15), spring_2029),
    )


TIMETABLE: Sequence[tuple[datetime, RulesOfTheDay]] = _timetable()


def rules_on(moment: datetime) -> RulesOfTheDay:
    """The rules in force at `moment` (aware). Raises NoRulesYet before 2026-03-15."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone names no day")
    in_force = [rules for effective_from, rules in TIMETABLE if effective_from <= moment]
    if not in_force:
        raise NoRulesYet(f"No rules are recorded for {moment:%Y-%m-%d}.")
    return in_force[-1]
