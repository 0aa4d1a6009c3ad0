"""Fifty minutes before a proof ends its name is asked anew: what is told and may be done meanwhile says so too."""

from datetime import UTC, datetime, timedelta

import pytest

from partner_center.kernel.clock import CLOCK_IS_OFF
from partner_center.kernel.errors import StateConflict
from partner_center.orders.reconcile import Repair
from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.dns import RecordType
from tests.fakes.posted import a_call, a_principal
from tests.fakes.samples import ORDER, US
from tests.unit.orders.test_ended_proofs import A_RECORD, COM, asked, challenge_of, look, placed, wait

LEFT = timedelta(days=200) - timedelta(minutes=40)
"""The age of a proof that ends in forty minutes."""


@pytest.mark.parametrize("behind", [timedelta(0), CLOCK_IS_OFF, 2 * CLOCK_IS_OFF], ids=str)
def test_a_record_that_is_asked_for_is_looked_for_by_every_clock(behind):
    world = placed(proven=LEFT, com=A_RECORD)
    wait(world, 1)
    assert len(world.mail.instructed) == 1
    world.clock.moment += timedelta(minutes=1) - behind
    world.check_control(US, ORDER, "check-1")
    asked_for = challenge_of(world, "dns_txt")
    assert asked_for.status is ChallengeStatus.PENDING
    assert asked_for.due_at is not None


def test_what_is_published_at_once_waits_for_no_daily_look():
    """A yes moves no head, so the reconciler looks a day later."""
    world = placed(proven=timedelta(days=200) - timedelta(days=3), com=A_RECORD)
    token = wait(world, 1)
    world.clock.advance(days=2, hours=23)
    assert look(world) is Repair.NOTHING
    world.clock.advance(minutes=20)
    world.approve()
    world.relay()
    assert str(world.machine.answers[token]) == "amended"
    wait(world, 2)
    found = world.reading.publishing.publish(world.order(ORDER), challenge_of(world, "dns_txt"))
    world.perspectives.world.records[found.name, RecordType.TXT] = (found.value.encode(),)
    for _ in range(10):
        world.clock.advance(minutes=1)
        world.begin_due_checks()
    assert challenge_of(world, "dns_txt").status is ChallengeStatus.VALID


def test_who_is_asked_reads_so_on_the_order():
    world = placed(proven=LEFT)
    wait(world, 1)
    assert asked(world) == ["admin@example.com", "admin@example.org"]
    world.approve(1)
    world.relay()
    assert "token-1-0" not in world.machine.answers
    items = {each["name"]: each for each in world.reading.domains(US, ORDER, {})["items"]}
    assert items[COM]["status"] == "pending"
    assert world.reading.checked(US, ORDER)["check"] == "not_yet"


def test_the_mail_that_is_waited_for_may_be_sent_again():
    world = placed(proven=LEFT)
    wait(world, 1)
    world.clock.advance(minutes=2)
    world.resend(a_principal(), a_call(path="/resend"), ORDER, COM)
    assert asked(world) == ["admin@example.com", "admin@example.org", "admin@example.com"]


def test_a_resend_that_would_mail_nobody_any_more_is_refused():
    """Forty minutes before no mail proves anything any more."""
    world = placed(datetime(2028, 3, 14, 12, tzinfo=UTC), proven=None)
    wait(world, 1)
    world.clock.moment += timedelta(hours=11, minutes=20)
    with pytest.raises(StateConflict) as refused:
        world.resend(a_principal(), a_call(path="/resend"), ORDER, COM)
    assert refused.value.code == "method_ended"
    assert len(asked(world)) == 2
