"""Whoever mails by the template may do so, and nobody else."""

from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
RESOURCES = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))["Resources"]
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
