"""The rules of a source file, found in its syntax tree, and the text of the file without one of them.

A rule is each place where a refusal is raised, or a Problem made or said (a sentence that becomes one); each of
several conditions for that; what a yes-or-no function answers; and each row of a table.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

MAKES = "Problem"
_LITERAL = re.compile(rb'"(?P<content>(?:[^"\\\n]|\\.)*)"')
_NO_PROBLEM = ("()", "[]", "None", "True")


@dataclass(frozen=True, slots=True)
class Rule:
    """`start` to `end` are byte offsets of what `instead` replaces; `kind` says which sort of rule it is."""

    line: int
    kind: str
    start: int
    end: int
    instead: str

    def removed_from(self, source: bytes) -> bytes:
        """The file without the rule."""
        return source[: self.start] + self.instead.encode() + source[self.end :]


def rules_of(source: bytes) -> list[Rule]:
    """Every rule, in the order of the file."""
    reader = _Reader(source)
    found = {(rule.start, rule.end, rule.instead): rule for rule in reader.rules()}
    return sorted(found.values(), key=lambda rule: (rule.start, rule.end, rule.instead))


class _Reader:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._tree = ast.parse(source)
        self._parents = {
            child: parent for parent in ast.walk(self._tree) for child in ast.iter_child_nodes(parent)
        }
        functions = [node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef)]
        self._makers = {MAKES, *(each.name for each in functions if _returns(each) == MAKES)}

    def rules(self) -> Iterator[Rule]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Raise) and _is_refusal(node):
                yield self._rule(node, "refusal raised", "pass")
            elif isinstance(node, ast.Expr | ast.Return | ast.Starred | ast.Call | ast.AugAssign):
                yield from self._problem_rules(node)
            elif isinstance(node, ast.If):
                yield from self._condition_rules(node)
            elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple | ast.List):
                yield from (self._rule(row, "row of a table", "*()") for row in node.iter.elts)
            elif isinstance(node, ast.FunctionDef) and _returns(node) == "bool":
                yield from self._answer_rules(node)
        yield from self._table_rules()
        yield from self._pattern_rules()

    def _problem_rules(self, node: ast.AST) -> Iterator[Rule]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
            said = node.value.value
            if isinstance(node.value, ast.YieldFrom) or self._is_made(said) or _is_sentence(said):
                yield self._rule(node, "problem yielded", "yield from ()")
        elif isinstance(node, ast.Expr) and _appends(node.value) and self._is_made(node.value.args[0]):  # type: ignore[attr-defined]
            yield self._rule(node, "problem appended", "pass")
        elif isinstance(node, ast.AugAssign) and "problems" in ast.unparse(node.target):
            yield self._rule(node, "problems added", "pass")
        elif isinstance(node, ast.Return):
            function = self._function_around(node)
            says = function is not None and _returns(function) == "str | None" and _is_sentence(node.value)
            if says or (self._is_made(node.value) and not self._is_in_maker(node)):
                yield self._rule(node, "problem returned", "return None")
        elif isinstance(node, ast.Starred) and "problems" in ast.unparse(node.value).partition("(")[0]:
            yield self._rule(node, "problems handed on", "*()")
        elif _is_mapped(node) and getattr(node.args[0], "id", "") in self._makers:  # type: ignore[attr-defined]
            yield self._rule(node, "problems mapped", "()")
        elif self._is_made(node) and isinstance(self._parents[node], ast.Tuple | ast.List):
            yield self._rule(node, "problem listed", "*()")

    def _condition_rules(self, node: ast.If) -> Iterator[Rule]:
        """Of several conditions for one refusal each is a rule; so is each of several for its absence."""
        for operand in _operands(node.test, ast.Or) if self._refuses(node.body) else ():
            yield self._rule(operand, "one of several conditions", "False")
        for operand in _operands(node.test, ast.And) if _accepts(node.body) else ():
            yield self._rule(operand, "one of several conditions", "True")

    def _answer_rules(self, function: ast.FunctionDef) -> Iterator[Rule]:
        """A condition within a yes or no, and the whole of it where it is one condition alone."""
        for node in ast.walk(function):
            test = getattr(node, {ast.If: "test", ast.Return: "value"}.get(type(node), ""), None)
            for part in ast.walk(test) if test is not None else ():
                yield from (
                    self._rule(each, "condition of an answer", "False") for each in _operands(part, ast.Or)
                )
                yield from (
                    self._rule(each, "condition of an answer", "True") for each in _operands(part, ast.And)
                )
            if isinstance(node, ast.Return) and test is not None and not isinstance(test, ast.BoolOp):
                yield from (
                    self._rule(test, "answer", each)
                    for each in ("True", "False")
                    if each != ast.unparse(test)
                )

    def _table_rules(self) -> Iterator[Rule]:
        for statement in self._tree.body:
            if (
                not isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign)
                or statement.value is None
            ):
                continue
            if ast.unparse(statement).startswith("__all__"):
                continue
            for node in ast.walk(statement.value):
                if isinstance(node, ast.Dict) and len(node.keys) > 1:
                    for key, value in zip(node.keys, node.values, strict=True):
                        if key is not None:
                            yield self._rule(key, "row of a table", "**{}", end=value)
                elif isinstance(node, ast.Tuple | ast.Set | ast.List) and self._is_table(node):
                    rows = [element for element in node.elts if not isinstance(element, ast.Starred)]
                    yield from (self._rule(row, "row of a table", "*()") for row in rows)

    def _pattern_rules(self) -> Iterator[Rule]:
        """The alternatives of a pattern, but for its first, which has no bar before it."""
        for node in ast.walk(self._tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"):
                continue
            whole = self._rule(node.args[0], "alternative of a pattern", "")
            for literal in _LITERAL.finditer(self._source, whole.start, whole.end):
                for start, end in _alternatives(literal["content"]):
                    at = literal.start("content")
                    line = self._source.count(b"\n", 0, at + start) + 1
                    yield replace(whole, line=line, start=at + start, end=at + end)

    def _is_table(self, node: ast.Tuple | ast.Set | ast.List) -> bool:
        """A list of equals: not the several values of one row, nor what several names are bound to."""
        around = self._parents[node]
        if isinstance(around, ast.Assign) and any(isinstance(target, ast.Tuple) for target in around.targets):
            return False
        kinds = {type(element) for element in node.elts} - {ast.Starred}
        return (
            len(node.elts) > 1
            and kinds <= {ast.Constant, ast.Name}
            and len(kinds) == 1
            and not isinstance(around, ast.Dict | ast.Compare | ast.Subscript)
        )

    def _refuses(self, body: list[ast.stmt]) -> bool:
        inner = [node for statement in body for node in ast.walk(statement)]
        return any(
            (isinstance(node, ast.Raise) and _is_refusal(node))
            or (isinstance(node, ast.Call) and self._is_made(node))
            or (isinstance(node, ast.Yield) and _is_sentence(node.value))
            or (isinstance(node, ast.Return) and _is_sentence(node.value))
            for node in inner
        )

    def _is_made(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._makers

    def _is_in_maker(self, node: ast.AST) -> bool:
        function = self._function_around(node)
        return function is not None and function.name in self._makers

    def _function_around(self, node: ast.AST) -> ast.FunctionDef | None:
        around: ast.AST | None = node
        while around is not None and not isinstance(around, ast.FunctionDef):
            around = self._parents.get(around)
        return around

    def _rule(self, node: ast.AST, kind: str, instead: str, end: ast.AST | None = None) -> Rule:
        last = end or node
        return Rule(
            line=node.lineno,  # type: ignore[attr-defined]
            kind=kind,
            start=self._lines[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined]
            end=self._lines[last.end_lineno - 1] + last.end_col_offset,  # type: ignore[attr-defined]
            instead=instead,
        )


def _returns(function: ast.FunctionDef) -> str:
    return ast.unparse(function.returns) if function.returns else ""


def _is_refusal(node: ast.Raise) -> bool:
    """Raised about the input: with an error of ours, not one of the language's own."""
    name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(name, ast.Name) and not hasattr(builtins, name.id)


def _is_sentence(node: ast.AST | None) -> bool:
    """Text for a reader: a literal, or one with values in it."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _appends(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append"


def _is_mapped(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "map" and len(node.args) > 1


def _alternatives(pattern: bytes) -> Iterator[tuple[int, int]]:
    """Where each alternative behind a bar stands, its bar included, if the pattern is whole in itself."""
    depth, bars = 0, []
    for part in re.finditer(rb"\\.|\[\^?\]?(?:\\.|[^\]])*\]|[()|]", pattern, re.DOTALL):
        depth += {b"(": 1, b")": -1}.get(part[0], 0)
        if part[0] == b"|" and depth == 0:
            bars.append(part.start())
    if bars and depth == 0:
        yield from zip(bars, [*bars[1:], len(pattern)], strict=True)


def _operands(test: ast.AST, kind: type[ast.boolop]) -> list[ast.expr]:
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, kind) else []


def _accepts(body: list[ast.stmt]) -> bool:
    return (
        len(body) == 1
        and isinstance(body[0], ast.Return)
        and (body[0].value is None or ast.unparse(body[0].value) in _NO_PROBLEM)
    )
