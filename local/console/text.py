"""Values as the pages show them."""

import json
import re
from typing import Any

from markupsafe import Markup, escape

_LINK = re.compile(r"""https?://[^\s<>"']+[^\s<>"'.,;:!?)\]]""")


def linked(text: str) -> Markup:
    """Plain text with its links clickable, in a window of their own."""
    parts, done = [], 0
    for found in _LINK.finditer(text):
        link = escape(found[0])
        anchor = Markup('<a href="{0}" target="_blank" rel="noreferrer">{0}</a>').format(link)
        parts += [escape(text[done : found.start()]), anchor]
        done = found.end()
    return Markup("").join([*parts, escape(text[done:])])


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
