"""What a problem report and a decision about one say, read once, with every problem told at once."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from partner_center.issuance.problem_reports import REPORTED_CAUSES, Finding, ProblemReport
from partner_center.issuance.record import Reason
from partner_center.issuance.revocation import STAFFS_REASONS, Cause
from partner_center.kernel.errors import Problem
from partner_center.kernel.json_pointer import json_pointer
from partner_center.notifications.mail import MailRefused
from partner_center.notifications.mime import ascii_address
from partner_center.orders.key_material import screen

LONGEST_TEXT = 4000
LONGEST_ADDRESS = 254
MOST_SUBJECTS = 50
_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_LONGEST_NAME = 253
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReportReading:
    """The report, None when `problems` speak against it; `exposed` are private keys that were sent with it."""

    report: ProblemReport | None
    problems: tuple[Problem, ...]
    exposed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionReading:
    """A decision of staff; `serials` and `reason` are there for a revocation."""

    finding: Finding
    grounds: str
    serials: tuple[str, ...]
    reason: Reason
    problems: tuple[Problem, ...]


def read_report(body: Mapping[str, Any]) -> ReportReading:
    """The report in a body; its id and time are still to be set. Never raises."""
    screened = screen(body)
    fields = _Fields(screened.body, [*screened.problems], screened.withheld)
    fields.only("reporter_email", "category", "serials", "names", "text")
    address = fields.text("reporter_email", LONGEST_ADDRESS)
    if address and not _is_mailable(address):
        fields.refuse("reporter_email", "This is not one e-mail address that mail can be sent to.")
    cause = fields.choice("category", [each.value for each in REPORTED_CAUSES])
    serials = fields.texts("serials", 2 * 40, _as_serial, "serial numbers in hexadecimal")
    names = fields.texts("names", _LONGEST_NAME, _as_name, "DNS names")
    text = fields.text("text", LONGEST_TEXT)
    if not serials and not names and not {"/serials", "/names"} & {each.field for each in fields.problems}:
        detail = "Name the certificates concerned: serial numbers, or DNS names that stand in them."
        fields.problems.append(Problem("missing_field", detail, "/serials"))
    if fields.problems:
        return ReportReading(None, tuple(fields.problems), screened.exposed)
    report = ProblemReport("", _NEVER, address, Cause(cause), serials, names, text)
    return ReportReading(report, (), screened.exposed)


def read_decision(body: Mapping[str, Any]) -> DecisionReading:
    """The decision in a body. Never raises."""
    screened = screen(body)
    fields = _Fields(screened.body, [*screened.problems], screened.withheld)
    fields.only("decision", "grounds", "serials", "reason")
    finding = fields.choice("decision", [each.value for each in Finding]) or Finding.NOTE.value
    grounds = fields.text("grounds", LONGEST_TEXT)
    serials: tuple[str, ...] = ()
    reason = Reason.UNSPECIFIED.value
    if finding == Finding.REVOKE:
        serials = fields.texts("serials", 2 * 40, _as_serial, "serial numbers in hexadecimal")
        reason = fields.choice("reason", [each.value for each in STAFFS_REASONS]) or reason
        if not serials and "serials" not in screened.body:
            fields.problems.append(Problem("missing_field", "Name what is to be revoked.", "/serials"))
    else:
        fields.refuse_given("serials", "reason")
    return DecisionReading(Finding(finding), grounds, serials, Reason(reason), tuple(fields.problems))


@dataclass(frozen=True, slots=True)
class _Fields:
    """Reads fields of a body without key material; what is wrong joins `problems`."""

    body: Mapping[str, Any]
    problems: list[Problem]
    withheld: Container[str]

    def only(self, *known: str) -> None:
        for name in self.body:
            if name not in known:
                detail = "There is no such field here."
                self.problems.append(Problem("unknown_field", detail, json_pointer((name,))))

    def refuse(self, name: str, detail: str, code: str = "invalid_field") -> None:
        if f"/{name}" not in self.withheld:
            self.problems.append(Problem(code, detail, f"/{name}"))

    def refuse_given(self, *names: str) -> None:
        for name in names:
            if name in self.body:
                self.refuse(name, "This goes with the decision revoke and no other.")

    def text(self, name: str, longest: int) -> str:
        value = self.body.get(name)
        if isinstance(value, str) and 0 < len(value.strip()) <= longest and _is_text(value):
            return value.strip()
        code = "invalid_field" if name in self.body else "missing_field"
        self.refuse(name, f"This must be text of 1 to {longest} characters.", code)
        return ""

    def choice(self, name: str, allowed: list[str]) -> str:
        value = self.body.get(name)
        if isinstance(value, str) and value in allowed:
            return value
        code = "invalid_field" if name in self.body else "missing_field"
        self.refuse(name, f"This is one of: {', '.join(allowed)}.", code)
        return ""

    def texts(self, name: str, longest: int, read: Any, what: str) -> tuple[str, ...]:
        """A list, each member as `read` makes it, each once."""
        values = self.body.get(name)
        if values is None:
            return ()
        if not isinstance(values, list) or not 1 <= len(values) <= MOST_SUBJECTS:
            self.refuse(name, f"This must be a list of 1 to {MOST_SUBJECTS} {what}.")
            return ()
        made = [read(each) if isinstance(each, str) and len(each) <= longest else None for each in values]
        for position, each in enumerate(made):
            if each is None and f"/{name}/{position}" not in self.withheld:
                self.problems.append(Problem("invalid_field", f"Here belong {what}.", f"/{name}/{position}"))
        return tuple(dict.fromkeys(each for each in made if each is not None))


def _as_serial(text: str) -> str | None:
    """A serial as tools print it, with colons, in upper case, with leading zeros; None for anything else."""
    compact = re.sub(r"[\s:]", "", text).lower().removeprefix("0x").lstrip("0")
    return compact if _SERIAL.fullmatch(compact) else None


def _as_name(text: str) -> str | None:
    name = text.strip().lower()
    return name if name and _is_text(name) and " " not in name else None


def _is_text(value: str) -> bool:
    return all(letter.isprintable() or letter in "\n\r\t" for letter in value)


def _is_mailable(address: str) -> bool:
    try:
        return ascii_address(address) != "" and "<" not in address
    except MailRefused:
        return False
