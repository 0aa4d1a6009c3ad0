"""Which names a public CA may certify at all, by the rules for names and the present public suffix list."""

from partner_center.kernel.errors import Problem
from partner_center.kernel.names import base_name
from partner_center.kernel.public_suffix import has_known_tld, is_above_public_suffix, is_public_suffix

# Special-use names below a top-level domain that the list knows; all other reserved ones it does not know.
_RESERVED = (
    *("onion", "home.arpa", "6tisch.arpa", "eap-noob.arpa", "eap.arpa", "ipv4only.arpa", "resolver.arpa"),
    "service.arpa",
)
_REVERSE = ("in-addr.arpa", "ip6.arpa")


def name_problem(name: str) -> Problem | None:
    """Why no public CA may certify this canonical name, if that is so: reserved, internal, or a registry's own."""
    base = base_name(name)
    if any(_within(base, zone) for zone in _REVERSE):
        return Problem(
            "name_invalid", "Names of the reverse zones are not certified; give a host's name.", name=name
        )
    if not has_known_tld(base) or any(_within(base, zone) for zone in _RESERVED):
        detail = (
            f"{name} is an internal name: it does not end in a public top-level domain. Give a name that is "
            "registered in the public DNS."
        )
        return Problem("name_internal", detail, name=name)
    if is_public_suffix(base):
        detail = (
            f"{base} is a public suffix, under which others register names; give a name registered below it."
        )
        return Problem("name_public_suffix", detail, name=name)
    if base != name and is_above_public_suffix(base):
        detail = f"{name} would cover a public suffix, under which others register names; name the hosts one by one."
        return Problem("name_public_suffix", detail, name=name)
    return None


def _within(name: str, zone: str) -> bool:
    return name == zone or name.endswith("." + zone)
