"""The contract promises an Idempotency-Key on every POST: each handler looks at it, and the document names it."""

import ast
import json
from pathlib import Path

import pytest

from partner_center.entry.routes import ROUTES

ROOT = Path(__file__).parents[3]
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
POSTS = sorted(path for method, path in ROUTES if method == "POST" and path.startswith("/v1/"))


def used_by(function, functions):
    """Names of attributes that a function of the file looks up, itself or in another of the file that it calls."""
    inner = list(ast.walk(function))
    called = {each.id for each in inner if isinstance(each, ast.Name)} & functions.keys() - {function.name}
    own = {each.attr for each in inner if isinstance(each, ast.Attribute)}
    return own.union(*(used_by(functions[name], functions) for name in called))


def handlers():
    """By path: what the handler of a POST looks up."""
    for file in (ROOT / "functions").rglob("app.py"):
        nodes = ast.walk(ast.parse(file.read_text("utf-8")))
        functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        for function in functions.values():
            for decorator in function.decorator_list:
                method, path = (each.value for each in decorator.args[:2])
                if method == "POST":
                    yield path.replace("<", "{").replace(">", "}"), used_by(function, functions)


@pytest.mark.parametrize("path", POSTS)
def test_every_post_looks_at_its_key(path):
    assert dict(handlers())[path] & {"call", "idempotency_key"}


@pytest.mark.parametrize("path", POSTS)
def test_the_document_names_the_header_of_every_post(path):
    parameters = DOCUMENT["paths"][path]["post"].get("parameters", [])
    names = {each["$ref"].rpartition("/")[2] for each in parameters}
    assert len(names & {"IdempotencyKey", "UnboundIdempotencyKey"}) == 1
