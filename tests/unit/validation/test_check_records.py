"""What is kept of every check: what each perspective saw, whether enough agreed, and the latest few to read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from partner_center.validation.challenges import ChallengeStatus
from partner_center.validation.dns import Dnssec, RecordType
from partner_center.validation.looks import FILE_PATH, Hop, PageSeen, PageTrouble
from tests.fakes.determined import NOW
from tests.fakes.samples import ORDER, US
from tests.unit.validation.publisher import WEB, Publisher, a_page

LABEL = "_partner-center.example.com"
FILE_URL = f"http://example.com{FILE_PATH}"


def test_every_attempt_is_a_record_with_what_each_perspective_saw():
    desk = Publisher()
    desk.seen.records[LABEL, RecordType.TXT] = (b"left over", b"\x00\xff\nforged: line")
    desk.elsewhere("us-west-2")
    desk.check()
    (record,) = desk.records
    assert (record.reseller_id, record.order_id, record.challenge_id) == (
        US,
        ORDER,
        desk.challenge.challenge_id,
    )
    assert record.attempt == desk.attempt
    assert (record.quorum, record.reason) == ("0/6", "primary_refused")
    seen = {each.site: each.seen for each in record.observations}
    assert len(seen) == 6
    assert seen["eu-west-1"] == (
        f'TXT {LABEL}: "left over"',
        rf'TXT {LABEL}: "\u0000\xff\u000aforged: line"',
        "TXT example.com: no such name",
    )
    assert seen["us-west-2"] == (f"TXT {LABEL}: no such name", "TXT example.com: no such name")


def test_of_a_file_the_requests_their_addresses_and_their_status_are_kept():
    desk = Publisher(method="http_file")
    over_tls = f"https://www.example.com{FILE_PATH}"
    value = desk.domains()["example.com"]["publish"]["body"]
    desk.seen.pages["example.com"] = a_page(over_tls, value.encode(), by_way_of=(FILE_URL,))
    desk.check()
    assert desk.records[0].observations[0].seen == (f"{FILE_URL} {WEB} 302", f"{over_tls} {WEB} 200")
    assert desk.proof.evidence["found_at"] == FILE_URL


HOW_SIGNED = {
    "every host's": ([Dnssec.SECURE, Dnssec.SECURE], "secure"),
    "not that of the redirect": ([Dnssec.INSECURE, Dnssec.SECURE], "insecure"),
    "not that of the target": ([Dnssec.SECURE, Dnssec.INSECURE], "insecure"),
    "one is not told": ([Dnssec.SECURE, None], None),
}


@pytest.mark.parametrize(("states", "told"), HOW_SIGNED.values(), ids=HOW_SIGNED)
def test_of_a_file_it_is_kept_whether_its_addresses_were_signed(states, told):
    desk = Publisher(method="http_file")
    value = desk.domains()["example.com"]["publish"]["body"]
    page = a_page(f"https://www.example.com{FILE_PATH}", value.encode(), by_way_of=(FILE_URL,))
    hops = tuple(replace(hop, dnssec=state) for hop, state in zip(page.hops, states, strict=True))
    desk.seen.pages["example.com"] = replace(page, hops=hops)
    desk.check()
    assert desk.records[0].observations[0].dnssec == told
    assert desk.proof.evidence["dnssec"] == told
    assert desk.domains()["example.com"]["evidence"]["dnssec"] == told


def test_without_an_address_nothing_is_said_of_signatures():
    assert PageSeen(()).dnssec is None
    assert PageSeen((Hop(FILE_URL, None, None),)).dnssec is None


def test_a_refused_address_is_kept_and_no_status():
    desk = Publisher(method="http_file")
    hop = Hop(FILE_URL, "169.254.169.254", None)
    desk.seen.pages["example.com"] = PageSeen((hop,), trouble=PageTrouble.ADDRESS_REFUSED)
    desk.check()
    assert desk.records[0].observations[0].seen == (f"{FILE_URL} 169.254.169.254 -",)


def test_the_challenge_carries_the_latest_five_attempts_and_all_have_rows():
    desk = Publisher()
    for _ in range(7):
        desk.check()
        desk.clock.advance(minutes=1)
    assert [each.at for each in desk.challenge.attempts] == [NOW + timedelta(minutes=n) for n in range(2, 7)]
    assert len(desk.records) == 7
    shown = desk.domains()["example.com"]["attempts"]
    assert [each["at"] for each in shown] == [f"2026-11-23T10:0{n}:00Z" for n in (6, 5, 4, 3, 2)]


def test_without_perspectives_nothing_passes_and_the_attempt_says_so():
    desk = Publisher()
    desk.publish()
    desk.perspectives.regions = ()
    desk.check()
    assert (desk.proofs, desk.attempt.result) == ([], ChallengeStatus.PENDING)
    assert "No network perspective is set up" in desk.attempt.detail
    assert (desk.records[0].quorum, desk.records[0].reason) == (None, "no_perspective")
