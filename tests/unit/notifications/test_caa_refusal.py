"""The mail about what CAA refused: what somebody needs to judge it, and nothing of who asked."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from partner_center.notifications.caa_refusal import (
    WHY,
    CaaRefusalFacts,
    RefusedName,
    Support,
    caa_refusal_mail,
)
from partner_center.notifications.mime import to_mime
from partner_center.notifications.report_refusals import _refused_name
from partner_center.validation.caa import CaaReason
from tests.unit.notifications.facts import HOSTILE, MESSAGE_ID, NOON, SENDER, Elements

REFUSED = RefusedName(
    "www.example.com",
    "example.com",
    WHY[CaaReason.ISSUER_NOT_LISTED],
    ('0 issue "another-ca.example"',),
    NOON - timedelta(minutes=1),
)
FACTS = CaaRefusalFacts(
    mailbox="security@example.com",
    brand="GeoTrust",
    issuer_domains=("geotrust.com",),
    order_id="ord_01kapm3y8qv5d8r2x7c4n9b1zt",
    refused=(REFUSED,),
    support=(Support("emea", "support@geotrust.com", ("+353 1 850 2628",)),),
)


def mail_for(**changes):
    return caa_refusal_mail(replace(FACTS, **changes), SENDER, MESSAGE_ID)


def parts_of(mail):
    """The text and the HTML as a mail program decodes them."""
    message = message_from_bytes(to_mime(mail, NOON), policy=default)
    return [message.get_body([kind]).get_content() for kind in ("plain", "html")]


def test_it_goes_to_the_one_mailbox_and_says_what_it_is_about():
    mail = mail_for()
    assert (mail.to, mail.sender, mail.message_id) == (("security@example.com",), SENDER, MESSAGE_ID)
    assert mail.subject == "CAA: no certificate was issued for www.example.com"
    assert not mail.attachments


@pytest.mark.parametrize(
    "told",
    [
        *("GeoTrust", "www.example.com", "example.com", "another-ca.example", "geotrust.com", "RFC 8659"),
        *("ord_01kapm3y8qv5d8r2x7c4n9b1zt", "support@geotrust.com", "+353 1 850 2628", "other certification"),
        "23 November 2026, 11:59 UTC",
    ],
)
def test_text_and_html_tell_the_same(told):
    for part in parts_of(mail_for()):
        assert told in part


def test_every_refusal_by_records_has_words():
    refusals = {each for each in CaaReason if not each.permits} - {CaaReason.LOOKUP_FAILED}
    assert refusals == WHY.keys()


@pytest.mark.parametrize(("count", "listed"), [(1, 1), (2, 2), (20, 20), (25, 20)])
def test_of_many_names_twenty_are_listed_and_the_rest_counted(count, listed):
    many = tuple(replace(REFUSED, name=f"host-{number:02}.example.com") for number in range(count))
    mail = mail_for(refused=many)
    for part in parts_of(mail):
        assert sum(f"host-{number:02}.example.com" in part for number in range(count)) == listed
        assert ("and 5 more names" in part) is (count > listed)
    assert (f"and {count - 1} more" in mail.subject) is (count > 1)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_text_of_a_zone_cannot_rearrange_the_mail(text):
    mail = mail_for(refused=(replace(REFUSED, records=(f'0 issue "{text}"',)),))
    plain, html = parts_of(mail)
    (line,) = [each for each in plain.splitlines() if "0 issue" in each]
    assert line.startswith("    0 issue")
    assert len(line) < 130
    assert "://" not in line
    assert len(plain.splitlines()) == len(parts_of(mail_for())[0].splitlines())
    assert Elements(html).tags == Elements(parts_of(mail_for())[1]).tags
    assert Elements(html).leads == []


SHOWN = {
    "what restricts": (['0 issue ";"', '0 issuewild "a.org"'], ['0 issue ";"', '0 issuewild "a.org"']),
    "in capitals": (['0 ISSUE ";"'], ['0 ISSUE ";"']),
    "what is critical": (['128 tbs "x"'], ['128 tbs "x"']),
    "not the contacts": (['0 contactemail "a@b.org"', '0 iodef "mailto:a@b.org"'], []),
    "not what is unknown": (['0 tbs "issue "'], []),
    "five at most": ([f'0 issue "{n}.org"' for n in range(9)], [f'0 issue "{n}.org"' for n in range(5)]),
}


@pytest.mark.parametrize(("records", "shown"), SHOWN.values(), ids=SHOWN)
def test_the_records_that_may_have_refused_are_shown(records, shown):
    evidence = {
        "name": "www.example.com",
        "found_at": "example.com",
        "reason": "caa_forbidden",
        "records": records,
        "checked_at": "2026-11-23T10:00:00Z",
    }
    assert list(_refused_name(evidence).records) == shown
