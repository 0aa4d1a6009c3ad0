"""docs/architecture.md names functions, tables, states and events as they are; links lead somewhere."""

import re
from pathlib import Path

import pytest
import yaml

from local.template import described

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs/architecture.md").read_text("utf-8")
READING, WRITING = {"GetItem", "Query"}, {"PutItem", "UpdateItem", "DeleteItem"}


def resources(template):
    return described(ROOT / template)["Resources"].values()


def functions():
    """By folder: what each function of the templates may read and write."""
    for resource in resources("template.yaml"):
        if resource["Type"] == "AWS::Serverless::Function":
            properties = resource["Properties"]
            name = Path(properties["CodeUri"]).name
            yield name, allowed(properties, READING), allowed(properties, WRITING)
    for resource in resources("perspectives/template.yaml"):
        if resource["Type"] == "AWS::Lambda::Function":
            yield Path(resource["Metadata"]["Code"]).name, set(), set()


def test_the_role_of_a_perspective_reads_and_writes_nothing_but_its_log():
    (role,) = [each for each in resources("perspectives/template.yaml") if each["Type"] == "AWS::IAM::Role"]
    statements = [
        each for policy in role["Properties"]["Policies"] for each in policy["PolicyDocument"]["Statement"]
    ]
    assert [action for each in statements for action in each["Action"]] == [
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ]
    assert [each["Resource"] for each in statements] == [{"Fn::GetAtt": ["Logs", "Arn"]}]
    assert "ManagedPolicyArns" not in role["Properties"]


def allowed(properties, verbs):
    listed = [each for policy in properties.get("Policies", []) for each in policy["Statement"]]
    statements = [each for each in listed if "Action" in each]  # the others depend on a condition: no table
    return {
        table.lower()
        for statement in statements
        if verbs & {action.removeprefix("dynamodb:") for action in statement["Action"]}
        for table in tables(statement["Resource"])
    }


def tables(listed):
    for each in listed:
        match each:
            case {"Fn::GetAtt": [name, "Arn"]} if name.endswith("Table"):
                yield name.removesuffix("Table")


def documented():
    found = {}
    for line in DOC.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and re.fullmatch(r"`\w+`", cells[0]):
            found[cells[0].strip("`")] = tuple(set(filter(None, cell.split(", "))) for cell in cells[2:4])
    return found


@pytest.mark.parametrize(
    ("name", "reads", "writes"), [pytest.param(*each, id=each[0]) for each in functions()]
)
def test_what_a_function_may_read_and_write_is_what_its_row_says(name, reads, writes):
    assert documented()[name] == (reads, writes)


def test_every_row_is_a_function_of_the_template():
    assert documented().keys() == {name for name, _, _ in functions()}


def test_every_state_of_the_machine_is_named():
    machine = yaml.safe_load((ROOT / "statemachines/fulfil_order.asl.yaml").read_text("utf-8"))
    assert [state for state in machine["States"] if not re.search(rf"\b{state}\b", DOC)] == []


def test_every_published_event_is_named():
    types = {path.name.rpartition(".v")[0] for path in (ROOT / "events/schemas").glob("*.json")}
    assert {each for each in types if f"`{each}`" not in DOC} == set()


@pytest.mark.parametrize("document", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_links_between_documents_lead_somewhere(document):
    text = (ROOT / "docs" / document).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", text):
        path = ROOT / "docs" / target[0] if target[0] else ROOT / "docs" / document
        assert path.exists(), target
        if target[1]:
            headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
            assert target[1].removeprefix("#") in anchors
