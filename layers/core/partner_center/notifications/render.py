"""How facts become words: the template environment and the filters that make untrusted text harmless."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from partner_center.kernel.clock import rfc3339
from partner_center.notifications.one_line import one_line

if TYPE_CHECKING:
    from jinja2 import Environment

MAIL_TEMPLATES = Path(__file__).parent / "templates"

_LEVELS = {"DV": "domain validation", "OV": "organization validation", "EV": "extended validation"}


@cache
def environment(folder: Path) -> "Environment":
    """The templates of one folder; everything but `*.txt.j2` is escaped as HTML."""
    # Imported here: a function that only handles Mail values must not pay for the template engine.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415

    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(disabled_extensions=("txt.j2",), default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        one_line=one_line,
        printable=printable,
        in_words=in_words,
        rfc3339=rfc3339,
        level_in_words=level_in_words,
        unicode_form=unicode_form,
    )
    return made


def render(folder: Path, template: str, **facts: object) -> str:
    """One template of a folder, filled in. A fact that a template names and nobody gave raises UndefinedError."""
    return environment(folder).get_template(template).render(**facts)


def printable(text: str) -> str:
    """A value of our own making, to be copied letter by letter: nothing may be changed in it.

    Raises ValueError for what is not plain visible ASCII, which no such value is.
    """
    if not (text.isascii() and text.isprintable()):
        raise ValueError("a value to publish is printable ASCII")
    return text


def in_words(moment: datetime) -> str:
    """`23 November 2026, 05:00 UTC`."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"


def level_in_words(level: str) -> str:
    """`domain validation (DV)`; a level without words of its own stands for itself."""
    return f"{_LEVELS[level]} ({level})" if level in _LEVELS else one_line(level)


def unicode_form(name: str) -> str | None:
    """An internationalized DNS name in its own script; None if it is plain ASCII or not valid IDNA 2008."""
    wildcard, base = ("*.", name[2:]) if name.startswith("*.") else ("", name)
    if "xn--" not in base:
        return None
    import idna  # noqa: PLC0415 - most names are ASCII and need no tables

    try:
        return wildcard + idna.decode(base)
    except idna.IDNAError:
        return None
