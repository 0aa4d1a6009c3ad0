"""Where refusals may be reported: bare targets of two schemes, and mailboxes that are not our own."""

import pytest

from partner_center.validation.iodef import iodef_targets, mailbox_of
from tests.unit.validation.caa_world import caa

IODEF = {
    "mailto": ("iodef mailto:security@example.com", ("mailto:security@example.com",)),
    "https": ("iodef https://iodef.example.com/report?x=1", ("https://iodef.example.com/report?x=1",)),
    "tag in capitals": ("IODEF mailto:a@b.org", ("mailto:a@b.org",)),
    "plain http is not expected of a CA": ("iodef http://iodef.example.com/", ()),
    "header fields in a mailto": ("iodef mailto:a@b.org?bcc=everyone@c.org", ()),
    "an encoded line break": ("iodef mailto:a%0d%0ab@c.org", ()),
    "a real line break": ("iodef mailto:a@b.org\r\nBcc: c@d.org", ()),
    "two addresses": ("iodef mailto:a@b.org,c@d.org", ()),
    "a local file": ("iodef file:///etc/passwd", ()),
    "script": ("iodef javascript:alert(1)", ()),
    "mark-up": ('iodef https://a.org/"><script>', ()),
    "far too long": ("iodef https://a.org/" + "x" * 2000, ()),
    "no target": ("iodef ", ()),
}


@pytest.mark.parametrize(("record", "targets"), IODEF.values(), ids=IODEF.keys())
def test_iodef_targets_are_bare_and_safe(record, targets):
    assert iodef_targets([caa(record)]) == targets


def test_iodef_targets_are_few_and_differ():
    records = [caa(f"iodef mailto:a{number // 2 + 10}@b.org") for number in range(40)]
    first = tuple(f"mailto:a{number}@b.org" for number in range(10, 15))
    assert iodef_targets(records) == iodef_targets(records[::-1]) == first


MAILBOXES = {
    "a mailbox": ("mailto:security@example.com", "security@example.com"),
    "scheme and domain in capitals": ("MAILTO:Sec@Example.COM", "Sec@example.com"),
    "a tag in the local part": ("mailto:caa+alert@example.com", "caa+alert@example.com"),
    "a web service": ("https://iodef.example.com/", None),
    "our own domain": ("mailto:no-reply@ca.example.net", None),
    "our own domain in capitals": ("mailto:no-reply@CA.Example.Net", None),
    "below our own domain": ("mailto:x@mx.ca.example.net", None),
    "a domain that ends like ours": ("mailto:x@notca.example.net", "x@notca.example.net"),
    "above our own domain": ("mailto:x@example.net", "x@example.net"),
    "no local part": ("mailto:@example.com", None),
    "dots around the local part": ("mailto:.a@example.com", None),
    "two dots": ("mailto:a..b@example.com", None),
    "no dot in the domain": ("mailto:root@localhost", None),
    "an address instead of a domain": ("mailto:root@127.0.0.1", None),
    "a hyphen before the domain": ("mailto:a@-example.com", None),
    "an empty label": ("mailto:a@example..com", None),
    "a trailing dot": ("mailto:a@example.com.", None),
    "two at signs": ("mailto:a@b.org@example.com", None),
    "header fields": ("mailto:a@b.org?bcc=c@d.org", None),
    "a line break": ("mailto:a@b.org\r\nBcc: c@d.org", None),
    "a line break at the end": ("mailto:a@b.org\n", None),
    "two addresses": ("mailto:a@b.org,c@d.org", None),
    "a local part of 65": (f"mailto:{'a' * 65}@example.com", None),
    "a local part of 64": (f"mailto:{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    "a label of 64": (f"mailto:a@{'b' * 64}.com", None),
    "a last label of 64": (f"mailto:a@example.{'b' * 64}", None),
    "255 characters": (f"mailto:a@{'b.' * 125}com", None),
}


@pytest.mark.parametrize(("target", "mailbox"), MAILBOXES.values(), ids=MAILBOXES)
def test_only_a_bare_mailbox_of_others_is_written_to(target, mailbox):
    assert mailbox_of(target, ["ca.example.net", "geotrust.com"]) == mailbox
