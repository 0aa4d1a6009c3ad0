"""A network perspective, wired. It speaks to no AWS service, so it loads no client of one."""

import os
from functools import cache

from partner_center.adapters.dns_resolver import DnsResolver
from partner_center.entry.perspective import log_fault
from partner_center.entry.settings import Settings, read_settings
from partner_center.validation.looks import FileLook, PageSeen
from partner_center.validation.perspectives import PageFetcher
from partner_center.validation.take_looks import TakeLooks


@cache
def settings() -> Settings:
    return read_settings(os.environ)


@cache
def resolver() -> DnsResolver:
    return DnsResolver(settings().dns_server)


class _NoPages:
    """A perspective without a probe: every look at a file is a fault."""

    def fetch(self, look: FileLook) -> PageSeen:
        raise NotImplementedError(look)


@cache
def pages() -> PageFetcher:
    """Fetches with this perspective's own resolver; `settings().web_server` stands in for every address, if set."""
    return _NoPages()


@cache
def take_looks() -> TakeLooks:
    return TakeLooks(resolver(), pages(), log_fault)


def perspective_id() -> str:
    """The region that Lambda says the function runs in: where a perspective stands is nothing to be configured."""
    return settings().region
