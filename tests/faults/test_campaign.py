"""What a campaign plans: faults at points, an outage with each function that meets it, and how to repeat one."""

import pytest

from tests.faults.campaign import Run, planned
from tests.faults.points import Kind, Point
from tests.faults.scenarios import Down

POINTS = [
    Point("email", "PlaceOrder", 1, "dynamodb", "GetItem"),
    Point("email", "SignCertificate", 1, "dynamodb", "GetItem"),
    Point("email", "SignCertificate", 2, "kms", "Sign"),
    Point("email", "MailApprovals", 1, "sesv2", "SendEmail"),
    Point("email", "AnnounceCertificate", 1, "sesv2", "SendEmail"),
]


def commands(**more: object) -> set[str]:
    return {run.command for run in planned(POINTS, [], 1, 1, **more)}  # type: ignore[arg-type]


def test_an_outage_begins_once_with_each_function_that_calls_the_service() -> None:
    found = commands()
    assert {each for each in found if "mail-down" in each} == {
        "make faults ONLY=email AT=MailApprovals SCENARIO=mail-down",
        "make faults ONLY=email AT=AnnounceCertificate SCENARIO=mail-down",
    }
    assert {each for each in found if "kms" in each} == {
        "make faults ONLY=email AT=SignCertificate SCENARIO=kms-down"
    }


def test_outages_of_hours_are_a_campaign_of_their_own() -> None:
    assert commands(hours=True) == {
        each + "-for-hours" for each in commands() if each.endswith(("-down", "-dead"))
    }


def test_other_scenarios_come_once_and_only_where_they_can_be_noticed() -> None:
    found = commands()
    assert "make faults ONLY=email SCENARIO=clocks-off" in found
    assert not [each for each in found if "500" in each or "dns" in each], "no gateway, no names"


def test_each_kind_comes_at_each_point_that_can_meet_it() -> None:
    runs = planned(POINTS, [Kind.KILLED_BEFORE, Kind.LOST], 1, 1)
    at_points = [(run.place, run.what) for run in runs if ":" in run.place]
    assert sorted(at_points) == sorted(
        [(point.place, "killed-before") for point in POINTS]
        + [(point.place, "answer-lost") for point in POINTS if not point.asks]
    )


def test_a_share_is_the_same_for_the_same_seed() -> None:
    shares = [planned(POINTS, Kind, 0.5, seed) for seed in (1, 1, 2)]
    assert shares[0] == shares[1] != shares[2]


@pytest.mark.parametrize(("begins", "first"), [("", "Early"), ("Late", "Late")])
def test_an_outage_begins_with_its_function_and_ends_for_all_after_five_minutes(
    begins: str, first: str
) -> None:
    now = [0.0]
    down = Down("kms", lambda: now[0], begins)
    fails = [name for name in ("Early", "Late") if down.choose(f"local-{name}Function", {}) is not None]
    assert fails[0] == first
    down._until = 300.0
    assert down.choose("local-EarlyFunction", {}) is not None
    now[0] = 300.0
    assert down.choose("local-LateFunction", {}) is None


def test_a_run_is_repeated_by_its_command() -> None:
    assert Run("card", "", "refund-500").command == "make faults ONLY=card SCENARIO=refund-500"
    assert (
        Run("card", "AddCard:3", "killed-after").command
        == "make faults ONLY=card AT=AddCard:3 KIND=killed-after"
    )
