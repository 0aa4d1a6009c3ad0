"""Where a probe for a file may be sent on: http on port 80 or https on port 443 of a named host (BR 3.2.2.4.18)."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urljoin, urlsplit

from partner_center.validation.looks import FILE_PATH

MOST_REDIRECTS = 10

FOLLOWED = frozenset({301, 302, 307, 308})
"""The only statuses by which a redirect counts (BR 3.2.2.4.18)."""

_PORTS = {"http": 80, "https": 443}

_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
"""A name in the public DNS. No IP address in any spelling ends in a label that begins with a letter."""

_REFERENCE = re.compile(r"(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}){1,2000}")
"""The characters of RFC 3986 but the brackets, which only IP literals need; what else Python would mend."""


@dataclass(frozen=True, slots=True)
class Target:
    """One request to make: `resource` is the path and the query."""

    scheme: str
    host: str
    resource: str

    def __post_init__(self) -> None:
        if self.scheme not in _PORTS or not _HOST.fullmatch(self.host) or not self.resource.startswith("/"):
            raise ValueError(f"not for a probe: {self.url[:253]!r}")

    @classmethod
    def of_file(cls, host: str) -> Self:
        """Where a FileLook begins. Raises ValueError unless `host` is a canonical name, and no wildcard."""
        return cls("http", host, FILE_PATH)

    @property
    def port(self) -> int:
        return _PORTS[self.scheme]

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.resource}"

    def redirected(self, location: str) -> Self | None:
        """Where the value of a Location header leads from here (RFC 9110, section 10.2.2); None: nowhere allowed."""
        if not _REFERENCE.fullmatch(location):
            return None
        try:
            given = urlsplit(location)
            if (given.scheme or location.startswith("//")) and not given.netloc:
                return None  # RFC 9110, section 4.2.1; urljoin would put our host there
            parts = urlsplit(urljoin(self.url, location))
            if parts.port not in {None, _PORTS.get(parts.scheme)} or "@" in parts.netloc:
                return None
            resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            return type(self)(parts.scheme, parts.hostname or "", resource)
        except ValueError:
            return None
