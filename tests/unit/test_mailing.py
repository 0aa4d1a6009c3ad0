"""Whoever mails by the template may do so, and nobody else; what is refused rings an alarm."""

from pathlib import Path

import pytest

from local.template import described
from partner_center.entry.mailing import ALARM, NOBODY, log_nobody_told

ROOT = Path(__file__).parents[2]
RESOURCES = described(ROOT / "template.yaml")["Resources"]
FUNCTIONS = {
    name: each["Properties"]
    for name, each in RESOURCES.items()
    if each["Type"] == "AWS::Serverless::Function"
}
ARN = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}"
MAIL_IS_RAW = ["ses:SendEmail", "ses:SendRawEmail"]
"""SES checks the second as well when the content of SendEmail is raw, as every mail is here."""


def mailing(function):
    """The statements of a function's role that let it mail."""
    listed = [each for policy in function.get("Policies", []) for each in policy["Statement"]]
    return [each for each in listed if any("ses:" in action for action in each.get("Action", []))]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_whoever_has_a_sender_may_send_raw_mail_as_it_and_nobody_else_may(name):
    function = FUNCTIONS[name]
    told = function.get("Environment", {}).get("Variables", {})
    statements = mailing(function)
    assert len(statements) == ("MAIL_SENDER" in told)
    for each in statements:
        assert each["Action"] == MAIL_IS_RAW
        assert each["Resource"] == [
            {"Fn::Sub": f"{ARN}:identity/${{MailDomain}}"},
            {"Fn::Sub": f"{ARN}:configuration-set/${{MailConfigurationSet}}"},
        ]


def test_a_mail_that_was_refused_rings_an_alarm_that_is_written_about():
    (metric,) = [
        each["Properties"]["MetricTransformations"][0]["MetricName"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::Logs::MetricFilter"
        and each["Properties"]["FilterPattern"] == f'{{ $.message = "{ALARM}" }}'
    ]
    ((name, alarm),) = [
        (name, each["Properties"])
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::CloudWatch::Alarm" and each["Properties"]["MetricName"] == metric
    ]
    assert (alarm["Threshold"], alarm["Statistic"]) == (1, "Sum")
    operations = (ROOT / "docs/operations.md").read_text("utf-8")
    assert f"| `{name}` |" in operations
    assert f"`{ALARM}`" in operations


def test_an_address_that_bounced_can_be_mailed_again_once_it_is_mended():
    """The account's own list would keep it until somebody takes it off, and SES take and drop what is sent there."""
    options = RESOURCES["MailConfigurationSet"]["Properties"]
    assert options["SuppressionOptions"] == {"SuppressedReasons": ["COMPLAINT"]}


@pytest.mark.parametrize(
    ("metric", "looked_into"), [("Reputation.BounceRate", 0.05), ("Reputation.ComplaintRate", 0.001)]
)
def test_it_is_told_before_ses_looks_into_our_mail(metric, looked_into):
    assert RESOURCES["MailConfigurationSet"]["Properties"]["ReputationOptions"]["ReputationMetricsEnabled"]
    (alarm,) = [
        each["Properties"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::CloudWatch::Alarm" and each["Properties"]["MetricName"] == metric
    ]
    assert (alarm["Namespace"], "Dimensions" in alarm) == ("AWS/SES", False), "of the account"
    assert alarm["Threshold"] < looked_into
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_that_nobody_can_be_told_rings_the_same_alarm_and_names_who(caplog):
    log_nobody_told(mail="digest", reseller_id="res_1", day="2026-11-27")
    (line,) = caplog.records
    assert (line.getMessage(), line.levelname) == (ALARM, "ERROR")
    assert line.reason == NOBODY
    assert line.tags == {"mail": "digest", "reseller_id": "res_1", "day": "2026-11-27"}
    assert f"| `{NOBODY}` |" in (ROOT / "docs/operations.md").read_text("utf-8")
