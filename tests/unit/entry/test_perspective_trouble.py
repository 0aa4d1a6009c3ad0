"""That a perspective could not be asked is logged, and rings an alarm."""

import pytest

from partner_center.entry.perspective_trouble import ALARM, NONE_NAMED, LoggedPerspectives
from partner_center.validation.looks import CaaLook
from partner_center.validation.perspectives import PerspectiveView, Unseen, UnseenReason
from tests.unit.test_queues import OPERATIONS, of_type

LOOK = CaaLook("example.com")
REFUSED = "refused: AccessDeniedException"


class Answered:
    """`Perspectives` with these views."""

    def __init__(self, *views):
        self.views, self.asked = views, []

    def ask(self, looks, seconds=None):
        self.asked.append((looks, seconds))
        return self.views


def view(region, trouble=None):
    sightings = (Unseen(UnseenReason.OUT_OF_TIME),) if trouble is None else None
    return PerspectiveView(region, sightings, trouble)


@pytest.mark.parametrize(
    ("views", "told"),
    [
        ([view("eu-west-1")], []),
        ([view("eu-west-1"), view("us-east-1", REFUSED)], [("us-east-1", REFUSED)]),
        (
            [view("eu-west-1", REFUSED), view("us-east-1", "out_of_time")],
            [("eu-west-1", REFUSED), ("us-east-1", "out_of_time")],
        ),
        ([], [("", NONE_NAMED)]),
    ],
    ids=["all answered", "one did not", "none did", "there is none"],
)
def test_each_perspective_that_could_not_be_asked_is_a_line_of_its_own(caplog, views, told):
    answered = Answered(*views)
    assert list(LoggedPerspectives(answered).ask([LOOK], 5.0)) == views
    assert answered.asked == [([LOOK], 5.0)]
    assert [(line.perspective, line.trouble) for line in caplog.records] == told
    assert {(line.getMessage(), line.levelname) for line in caplog.records} <= {(ALARM, "ERROR")}


def test_it_rings_for_one_question_that_nobody_answers_and_not_for_one_perspective_that_is_out_once():
    """A question goes to five perspectives at least."""
    (lines,) = [
        each for each in of_type("AWS::Logs::MetricFilter").values() if ALARM in each["FilterPattern"]
    ]
    assert lines["FilterPattern"] == f'{{ $.message = "{ALARM}" }}'
    metric = lines["MetricTransformations"][0]["MetricName"]
    (alarm,) = [each for each in of_type("AWS::CloudWatch::Alarm").values() if each["MetricName"] == metric]
    assert 1 < alarm["Threshold"] <= 5
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert f"`{ALARM}`" in OPERATIONS
