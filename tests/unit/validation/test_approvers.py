"""Approver addresses: computed or published, never chosen by a client (BR 3.2.2.4.4, .13, .14)."""

import pytest

from partner_center.validation.approvers import (
    ApproverSource,
    Contact,
    allowed_approver,
    constructed_approvers,
    contacts_from_records,
)
from partner_center.validation.dns import CaaRecord


def test_the_five_at_every_authorization_domain_name_nearest_first():
    assert constructed_approvers("*.shop.example.com") == (
        "admin@shop.example.com",
        "administrator@shop.example.com",
        "webmaster@shop.example.com",
        "hostmaster@shop.example.com",
        "postmaster@shop.example.com",
        "admin@example.com",
        "administrator@example.com",
        "webmaster@example.com",
        "hostmaster@example.com",
        "postmaster@example.com",
    )


@pytest.mark.parametrize("name", ["co.uk", "*.co.uk", "server.internal"])
def test_nobody_approves_for_what_has_no_registrable_domain(name):
    assert constructed_approvers(name) == ()
    assert allowed_approver(f"admin@{name}", name) is None


ALLOWED = {
    "at the name": ("admin@www.example.com", "admin@www.example.com"),
    "at a parent": ("postmaster@example.com", "postmaster@example.com"),
    "local part in capitals": ("HostMaster@example.com", "hostmaster@example.com"),
    "domain in capitals": ("webmaster@EXAMPLE.com", "webmaster@example.com"),
}


@pytest.mark.parametrize(("address", "canonical"), ALLOWED.values(), ids=ALLOWED.keys())
def test_a_constructed_address_is_allowed_and_the_computed_spelling_returned(address, canonical):
    assert allowed_approver(address, "www.example.com") == canonical
    assert allowed_approver(address, "www.example.com") is not None


REFUSED = {
    "empty": "",
    "no at sign": "admin.example.com",
    "only the domain": "@example.com",
    "no domain": "admin@",
    "another local part": "info@example.com",
    "ssladmin, of 2008": "ssladmin@example.com",
    "root": "root@example.com",
    "the public suffix": "admin@com",
    "a sub-name of the name": "admin@mail.www.example.com",
    "a sister name": "admin@mail.example.com",
    "another domain": "admin@example.org",
    "our domain as a suffix of theirs": "admin@evilexample.com",
    "our domain as a prefix of theirs": "admin@example.com.evil.org",
    "plus addressing": "admin+x@example.com",
    "dots in the local part": "ad.min@example.com",
    "quoted local part": '"admin"@example.com',
    "comment before": "(x)admin@example.com",
    "comment behind": "admin(x)@example.com",
    "comment in the domain": "admin@(x)example.com",
    "a display name": "Admin <admin@example.com>",
    "angle brackets": "<admin@example.com>",
    "source route": "@evil.org:admin@example.com",
    "percent route": "admin%example.com@evil.org",
    "two at signs": "admin@evil.org@example.com",
    "a second address": "admin@example.com,eve@evil.org",
    "a second address, semicolon": "admin@example.com;eve@evil.org",
    "trailing dot": "admin@example.com.",
    "leading blank": " admin@example.com",
    "trailing blank": "admin@example.com ",
    "trailing line feed": "admin@example.com\n",
    "header injection": "admin@example.com\r\nBcc: eve@evil.org",
    "NUL": "admin@example.com\0",
    "tab": "admin@example.com\t",
    "address literal": "admin@[93.184.215.14]",
    "Cyrillic a": "\u0430dmin@example.com",
    "Cyrillic a in the domain": "admin@ex\u0430mple.com",
    "full-width letters": "\uff41dmin@example.com",
    "full-width at sign": "admin\uff20example.com",
    "ideographic full stop": "admin@example\u3002com",
    "dotless i": "adm\u0131n@example.com",
    "capital I with dot": "adm\u0130n@example.com",
    "long s, which folds to s": "po\u017ftmaster@example.com",
    "zero width space": "admin\u200b@example.com",
    "right-to-left override": "\u202eadmin@example.com",
    "a megabyte": "admin@example.com" + "a" * 1_000_000,
}


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED.keys())
def test_any_other_address_is_refused(address):
    assert allowed_approver(address, "www.example.com") is None


def test_the_kelvin_sign_does_not_become_a_k():
    assert allowed_approver("admin@kk.com", "kk.com") is not None
    assert allowed_approver("admin@\u212ak.com", "kk.com") is None


def test_an_approver_of_a_sub_name_is_none_of_its_parent():
    """A proof for a sub-domain was once issued for its parent (2015)."""
    assert allowed_approver("admin@shop.example.com", "shop.example.com") is not None
    assert allowed_approver("admin@shop.example.com", "example.com") is None


def caa(tag, value):
    return CaaRecord(0, tag, value)


CONTACTS = {
    "CAA contactemail": ([caa("contactemail", b"it@example.com")], [], [("it@example.com", "caa")]),
    "CAA tag in capitals": ([caa("ContactEmail", b"it@example.com")], [], [("it@example.com", "caa")]),
    "other CAA tags": ([caa("issue", b"it@example.com"), caa("iodef", b"mailto:it@example.com")], [], []),
    "TXT": ([], [b"it@example.com"], [("it@example.com", "txt")]),
    "both, in order": (
        [caa("contactemail", b"a@example.com")],
        [b"b@example.com"],
        [("a@example.com", "caa"), ("b@example.com", "txt")],
    ),
    "repeats are one": ([], [b"a@example.com", b"a@EXAMPLE.com"], [("a@example.com", "txt")]),
    "the local part keeps its case": ([], [b"It.Dept@Example.COM"], [("It.Dept@example.com", "txt")]),
    "plus addressing is the owner's choice": ([], [b"it+ca@example.com"], [("it+ca@example.com", "txt")]),
    "a contact at any domain": ([], [b"me@provider.net"], [("me@provider.net", "txt")]),
    "one good among bad": ([], [b"", b"x", b"it@example.com"], [("it@example.com", "txt")]),
    "padding": ([], [b" it@example.com"], []),
    "trailing line feed": ([], [b"it@example.com\n"], []),
    "header injection": ([], [b"it@example.com\r\nBcc: eve@evil.org"], []),
    "structure": ([], [b"email=it@example.com"], []),
    "percent route": ([], [b"it%example.com@evil.org"], []),
    "a pipe": ([], [b"|sh@example.com"], []),
    "what a mail program could take for an option": ([], [b"-oQ@example.com"], []),
    "mailto:": ([], [b"mailto:it@example.com"], []),
    "two addresses": ([], [b"a@example.com, b@example.com"], []),
    "angle brackets": ([], [b"<it@example.com>"], []),
    "quoted local part": ([], [b'"it"@example.com'], []),
    "a domain of one label": ([], [b"it@localhost"], []),
    "an address literal": ([], [b"it@[127.0.0.1]"], []),
    "trailing dot": ([], [b"it@example.com."], []),
    "octets outside ASCII": ([], ["it@bücher.de".encode()], []),
    "invalid UTF-8": ([], [b"it\xff@example.com"], []),
    "a local part that is too long": ([], [b"a" * 65 + b"@example.com"], []),
    "64 KB": ([], [b"a." * 30_000 + b"@example.com"], []),
}


@pytest.mark.parametrize(("records", "txt", "found"), CONTACTS.values(), ids=CONTACTS.keys())
def test_a_published_contact_is_one_plain_address_from_end_to_end(records, txt, found):
    expected = tuple(Contact(address, ApproverSource(source)) for address, source in found)
    assert contacts_from_records(records, txt) == expected
