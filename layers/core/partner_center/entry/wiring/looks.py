"""A network perspective, wired. It speaks to no AWS service, so it loads no client of one."""

import os
from functools import cache

from partner_center.adapters.dialing import dialer_through
from partner_center.adapters.dns_resolver import DnsResolver
from partner_center.adapters.http_probe import HttpProbe
from partner_center.entry.perspective import log_fault
from partner_center.entry.settings import Settings, read_settings
from partner_center.validation.take_looks import TakeLooks


@cache
def settings() -> Settings:
    return read_settings(os.environ)


@cache
def resolver() -> DnsResolver:
    return DnsResolver(settings().dns_server)


@cache
def pages() -> HttpProbe:
    """Fetches by this perspective's own resolver; `web_server` on loopback stands in for every address, if it is set.

    The probe's own limit does not end a look-up that has begun, so its resolver has less patience.
    """
    patient = DnsResolver(settings().dns_server, timeout=2.0, budget=5.0)
    return HttpProbe(patient, dial=dialer_through(settings().web_server))


@cache
def take_looks() -> TakeLooks:
    return TakeLooks(resolver(), pages(), log_fault)


def perspective_id() -> str:
    """The region that Lambda says the function runs in: where a perspective stands is nothing to be configured."""
    return settings().region
