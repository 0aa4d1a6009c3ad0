"""What the SDK does for each request and nobody here looks at: its signature, and its own name and version."""

from typing import Any

from botocore.auth import SigV4Auth
from botocore.useragent import UserAgentString

_NO_SIGNATURE = "0" * 64


def take() -> None:
    """The emulator reads who asks, and of which region, from the scope of a signature; that stays true."""
    signed: Any = SigV4Auth
    signed.canonical_request = lambda _auth, _request: ""
    signed.signature = lambda _auth, _text, _request: _NO_SIGNATURE
    named: Any = UserAgentString
    original = named.to_string

    def once(agent: Any) -> str:
        if not hasattr(agent, "told"):
            agent.told = original(agent)
        return str(agent.told)

    named.to_string = once
