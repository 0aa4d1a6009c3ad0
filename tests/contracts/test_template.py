"""From template.yaml to resources: intrinsic functions, parameters, and what is refused by name."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from samtranslator.yaml_helper import yaml_parse

from local.creators import CREATORS
from local.resources import WITHOUT_EFFECT, Created, Stack
from local.schedules import Schedule, next_due
from local.template import Resolver, TemplateRefused, described, read

FIXTURE = Path(__file__).parent / "fixture_app/template.yaml"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def written(tmp_path):
    def write(text, overrides=None, offers=None):
        path = tmp_path / "template.yaml"
        path.write_text("Transform: AWS::Serverless-2016-10-31\n" + text)
        return read(path, overrides or {}, offers or {})

    return write


def probe(stack, name, properties):
    """Stands in for a creator: the physical name tells the order of creation, an attribute what was resolved."""
    return Created(
        f"{name}-{len(stack._created)}", {"Arn": f"arn:{name}", "Value": str(properties.get("Value"))}
    )


def stack_of(template):
    return Stack(template, lambda service: SimpleNamespace(), {"Probe": probe}, "http://127.0.0.1:1")


INTRINSICS = """
Parameters:
  Stage: {Type: String, Default: test}
  Many: {Type: CommaDelimitedList, Default: "a, b"}
Mappings:
  Limits: {test: {Attempts: 3}}
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  Both: !And [!Condition IsTest, !Not [!Equals [a, b]]]
  Neither: !Not [!Or [!Condition IsTest, !Equals [a, b]]]
Resources:
  Other: {Type: Probe, Properties: {Type: String, Value: x}}
  One: {Type: Probe, Properties: {Type: String, Value: %s}}
"""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Stage", "test"),
        ("!Ref Many", "['a', 'b']"),
        ("!Ref Other", "Other-0"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!GetAtt Other.Arn", "arn:Other"),
        ("!Sub '${Stage} ${Other} ${Other.Arn}'", "test Other-0 arn:Other"),
        ("!Sub '${!Literal} ${AWS::AccountId}'", "${Literal} 123456789012"),
        ("!Sub ['${A}-${Stage}', {A: !Ref Other}]", "Other-0-test"),
        ("!Join ['-', [a, !Ref Stage]]", "a-test"),
        ("!Select [1, !Split [',', 'x,y']]", "y"),
        ("!If [IsTest, yes-it-is, no]", "yes-it-is"),
        ("!If [Both, both, no]", "both"),
        ("!If [Neither, neither, plain]", "plain"),
        ("!FindInMap [Limits, !Ref Stage, Attempts]", "3"),
        ("{Fn::Base64: hello}", "aGVsbG8="),
        ("[a, !If [Neither, b, !Ref AWS::NoValue]]", "['a']"),
        ("{a: 1, b: !Ref AWS::NoValue}", "{'a': 1}"),
        ("!Select [0, !GetAZs '']", "eu-west-1a"),
    ],
)
def test_intrinsic_functions_have_the_values_of_cloudformation(written, expression, value):
    stack = stack_of(written(INTRINSICS % expression))
    stack.create_all()
    assert stack.attribute("One", "Value") == value


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Resources: {Cluster: {Type: 'AWS::EKS::Cluster'}}", "Cluster (AWS::EKS::Cluster)"),
        ("Resources: {A: {Type: Probe, Properties: {Value: !ImportValue x}}}", "Fn::ImportValue"),
        ("Resources: {A: {Type: Probe, Properties: {Value: !Ref Gone}}}", "Gone"),
        ("Resources: {A: {Type: Probe, Properties: {Value: !GetAtt B.Height}}, B: {Type: Probe}}", "Height"),
        ("Resources: {A: {Type: Probe, Properties: {Value: !Ref A}}}", "A -> A"),
        (
            "Conditions: {Never: !Equals [a, b]}\n"
            "Resources: {A: {Type: Probe, Condition: Never}, B: {Type: Probe, DependsOn: A}}",
            "reference to A",
        ),
        (
            "Mappings: {M: {a: {b: c}}}\n"
            "Resources: {A: {Type: Probe, Properties: {Value: !FindInMap [M, x, b]}}}",
            "x / b",
        ),
    ],
)
def test_what_has_no_local_counterpart_is_refused_by_name(written, text, named):
    with pytest.raises(TemplateRefused) as refused:
        stack_of(written(text)).create_all()
    assert named in str(refused.value)


@pytest.mark.parametrize(
    ("overrides", "named"),
    [({"Colour": "red"}, "Colour"), ({}, "Needed")],
    ids=["an unknown parameter", "a parameter without a value"],
)
def test_parameters_are_checked(written, overrides, named):
    with pytest.raises(TemplateRefused, match=named):
        written("Parameters: {Needed: {Type: String}}\nResources: {}", overrides)


CONSTRAINTS = """
Parameters:
  Quota: {Type: Number, Default: 600, MinValue: 1, MaxValue: 1000, Description: How many.}
  Stage: {Type: String, Default: test, AllowedValues: [test, live]}
  Url: {Type: String, Default: "http://a", AllowedPattern: "^https?://[a-z]+$", ConstraintDescription: No slash.}
  Arns: {Type: CommaDelimitedList, Default: "", AllowedPattern: "^(arn:[a-z]+)?$"}
  Short: {Type: String, Default: ab, MinLength: 2, MaxLength: 3}
Resources: {Network: {Type: 'AWS::EC2::VPC'}}
"""
WRONG = {
    "a number that is too small": ("Quota", "0", "parameter Quota: '0' is less than 1. How many."),
    "a negative number": ("Quota", "-5", "'-5' is less than 1"),
    "a number that is too large": ("Quota", "1001", "is more than 1000"),
    "no number": ("Quota", "many", "'many' is no number"),
    "an empty number": ("Quota", "", "is no number"),
    "nothing that counts": ("Quota", "NaN", "is no number"),
    "an infinite number": ("Quota", "Infinity", "is no number"),
    "a value that is not allowed": ("Stage", "dev", "parameter Stage: 'dev' is none of test, live."),
    "another case": ("Stage", "Test", "is none of"),
    "a text of another form": ("Url", "http://a/", "does not look like ^https?://[a-z]+$. No slash."),
    "a line behind": ("Url", "http://a\n", "does not look like"),
    "one of a list": ("Arns", "arn:a,b", "'b' does not look like"),
    "too short": ("Short", "a", "has 1 characters"),
    "too long": ("Short", "abcd", "has 4 characters"),
}


@pytest.mark.parametrize(("name", "value", "told"), WRONG.values(), ids=WRONG)
def test_a_parameter_that_cloudformation_would_refuse_is_refused_with_a_sentence(written, name, value, told):
    with pytest.raises(TemplateRefused) as refused:
        written(CONSTRAINTS, {name: value})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Quota", "1"),
        ("Quota", "1000"),
        ("Stage", "live"),
        ("Arns", "arn:a, arn:b"),
        ("Arns", ""),
        ("Short", "abc"),
    ],
)
def test_a_parameter_within_its_bounds_is_taken(written, name, value):
    assert name in written(CONSTRAINTS, {name: value}).parameters


def test_a_default_is_held_to_the_same(written):
    with pytest.raises(TemplateRefused, match="is less than 1"):
        written("Parameters: {Quota: {Type: Number, Default: 0, MinValue: 1}}\nResources: {}")


def test_a_rule_that_nobody_knows_is_refused_and_not_passed_over(written):
    with pytest.raises(TemplateRefused, match="MinimumValue"):
        written("Parameters: {Quota: {Type: Number, Default: 0, MinimumValue: 1}}\nResources: {}")


APPLICATION = Path(__file__).parents[2] / "template.yaml"


@pytest.mark.parametrize("quota", ["KeyQuota", "AddressQuota"])
@pytest.mark.parametrize("value", ["0", "-1", "", "lots"])
def test_the_application_does_not_start_with_a_quota_that_lets_nobody_in(quota, value):
    with pytest.raises(TemplateRefused, match=f"parameter {quota}"):
        read(APPLICATION, {quota: value, "PublicUrl": "http://127.0.0.1:1"}, {})


def test_what_is_offered_reaches_only_parameters_that_exist_and_yields_to_an_override(written):
    declared = "Parameters: {A: {Type: String, Default: x}, B: {Type: String, Default: x}}"
    text = f"{declared}\nResources: {{V: {{Type: 'AWS::EC2::VPC'}}}}"
    template = written(text, {"B": "override"}, {"A": "offer", "B": "offer", "C": "offer"})
    assert template.parameters == {"A": "offer", "B": "override"}


def test_a_template_is_expanded_once_for_all_that_is_offered_and_each_has_its_own():
    urls = ("http://127.0.0.1:1", "http://127.0.0.1:2")
    first, second = (read(APPLICATION, {}, {"PublicUrl": url}) for url in urls)
    assert first.resources is second.resources
    overridden = read(APPLICATION, {"PublicUrl": urls[0]}, {"PublicUrl": urls[1]})
    assert [public_url(each) for each in (first, second, overridden)] == [urls[0], urls[1], urls[0]]


def public_url(template):
    variables = template.resources["ReadOrdersFunction"]["Properties"]["Environment"]["Variables"]
    return Resolver(template, lambda *_: "made").value(variables)["PUBLIC_URL"]


def test_a_resource_whose_condition_is_false_is_not_made(written):
    text = "Conditions: {Never: !Equals [a, b]}\nResources: {A: {Type: Probe, Condition: Never}}"
    stack = stack_of(written(text))
    stack.create_all()
    assert stack._created == {}


def test_what_is_without_effect_can_be_referred_to(written):
    output = "Outputs: {A: {Value: !Sub '${Vpc} ${Vpc.Arn} ${Vpc.CidrBlock}'}}"
    text = f"Resources: {{Vpc: {{Type: 'AWS::EC2::VPC'}}}}\n{output}"
    assert (
        stack_of(written(text)).output("A")
        == "local-Vpc arn:aws:ec2::123456789012:vpc/local-Vpc local-Vpc-CidrBlock"
    )


def test_no_type_is_both_made_and_without_effect():
    assert not set(CREATORS) & set(WITHOUT_EFFECT)
    assert all(WITHOUT_EFFECT.values())


@pytest.mark.parametrize("template", ["template.yaml", "perspectives/template.yaml"])
def test_a_template_is_read_as_sam_reads_it(template):
    path = ROOT / template
    assert described(path) == yaml_parse(path.read_text("utf-8"))


def test_no_output_has_the_name_of_a_parameter():
    """`sam build` takes the one for the other, and breaks off where that is a list (as of aws-sam-cli 1.170)."""
    template = described(ROOT / "template.yaml")
    assert not set(template["Outputs"]) & set(template["Parameters"])


def test_code_layers_and_definitions_stay_where_the_template_says():
    resources = read(FIXTURE, {}, {}).resources
    layer = next(r for r in resources.values() if r["Type"] == "AWS::Lambda::LayerVersion")
    assert resources["Echo"]["Properties"]["Code"]["S3Key"] == "functions/echo/"
    assert layer["Properties"]["Content"]["S3Key"] == "layers/core/"
    assert (
        resources["Approval"]["Properties"]["DefinitionS3Location"]["Key"]
        == "statemachines/approval.asl.yaml"
    )


MONDAY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "due"),
    [
        ("rate(5 minutes)", "UTC", datetime(2026, 11, 23, 5, 5, tzinfo=UTC)),
        ("rate(1 hour)", "UTC", datetime(2026, 11, 23, 6, 0, tzinfo=UTC)),
        ("rate(7 days)", "UTC", datetime(2026, 11, 30, 5, 0, tzinfo=UTC)),
        ("cron(0 3 * * ? *)", "UTC", datetime(2026, 11, 24, 3, 0, tzinfo=UTC)),
        ("cron(15 10 ? * 6 *)", "UTC", datetime(2026, 11, 27, 10, 15, tzinfo=UTC)),  # 6 is Friday at AWS
        ("cron(0 9 ? * MON-FRI *)", "UTC", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        ("cron(0 9 ? * 2-6 *)", "UTC", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        ("cron(0 9 ? * 1 *)", "UTC", datetime(2026, 11, 29, 9, 0, tzinfo=UTC)),
        ("cron(0 0 1 1 ? 2028)", "UTC", datetime(2028, 1, 1, tzinfo=UTC)),
        ("cron(0 0 1 1 ? 2020)", "UTC", None),
        ("cron(0 9 * * ? *)", "Europe/Berlin", datetime(2026, 11, 23, 8, 0, tzinfo=UTC)),
        ("at(2026-12-01T10:00:00)", "UTC", datetime(2026, 12, 1, 10, 0, tzinfo=UTC)),
        ("at(2026-11-01T10:00:00)", "UTC", None),
    ],
)
def test_schedules_are_due_when_eventbridge_says(expression, zone, due):
    found = next_due(Schedule("s", expression, {}, "aws.scheduler", zone), MONDAY.timestamp())
    assert found == (due and due.timestamp())


@pytest.mark.parametrize(
    "expression", ["", "rate(0 minutes)", "rate(5 weeks)", "cron(* * * * *)", "every day"]
)
def test_what_is_no_schedule_is_refused(expression):
    with pytest.raises(TemplateRefused, match="not a schedule"):
        next_due(Schedule("s", expression, {}, "aws.scheduler"), MONDAY.timestamp())
