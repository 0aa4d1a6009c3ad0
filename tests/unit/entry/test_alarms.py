"""Lines of the log that ring at once: the template looks for their very words, and each names its order."""

from pathlib import Path

import pytest

from local.template import described
from partner_center.entry.alarms import Alarm

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
RESOURCES = described(TEMPLATE)["Resources"].values()
PROPERTIES = [each["Properties"] for each in RESOURCES if "Properties" in each]


@pytest.mark.parametrize("alarm", Alarm)
def test_a_line_names_its_order_and_the_template_rings_for_its_words(caplog, alarm):
    alarm("ord_1")
    assert [(each.levelname, each.message, each.order_id) for each in caplog.records] == [
        ("ERROR", alarm.value, "ord_1")
    ]
    pattern = f'{{ $.message = "{alarm}" }}'
    (lines,) = [each for each in PROPERTIES if each.get("FilterPattern") == pattern]
    (told,) = lines["MetricTransformations"]
    (rings,) = [
        each for each in PROPERTIES if "AlarmActions" in each and each.get("MetricName") == told["MetricName"]
    ]
    assert rings["Threshold"] == 1
