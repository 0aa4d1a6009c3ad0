"""At which names control of a requested name may be proven (BR 1.6.1, "Authorization Domain Name")."""

import re

from partner_center.kernel.public_suffix import registrable_domain

_CANONICAL = re.compile(
    r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_LONGEST_NAME = 253


def authorization_domains(name: str) -> tuple[str, ...]:
    """The authorization domain names of `name`, nearest first: itself without "*.", then each parent.

    The walk ends at the registrable domain, so a public suffix is never among them; a name that has no
    registrable domain has none at all. They come from the name alone, never from a CNAME. Raises ValueError
    unless `name` is canonical: A-labels in lower case, no trailing dot.
    """
    if len(name) > _LONGEST_NAME or not _CANONICAL.fullmatch(name):
        raise ValueError(f"not a canonical domain name: {name[:_LONGEST_NAME]!r}")
    base = name.removeprefix("*.")
    top = registrable_domain(base)
    if top is None:
        return ()
    if base != top and not base.endswith("." + top):
        raise ValueError(f"{top!r} is not above {base!r}")
    pruned = base.count(".") - top.count(".")
    return tuple(base.split(".", cut)[-1] for cut in range(pruned + 1))
