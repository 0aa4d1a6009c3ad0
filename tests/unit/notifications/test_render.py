import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from partner_center.notifications.one_line import one_line
from partner_center.notifications.render import in_words, level_in_words, unicode_form
from tests.unit.notifications.facts import HOSTILE


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_foreign_text_is_one_short_visible_line(text):
    line = one_line(text)
    assert line == " ".join(line.split())
    assert line.isprintable()
    assert len(line) <= 200
    assert "://" not in line
    line.encode()


@pytest.mark.parametrize(
    "text", ["Örebro Handel & Söner AB", "株式会社例", "شركة مثال", "O'Neil <x@example.com>", ""]
)
def test_honest_text_stays_as_it_is(text):
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("www.example.com", None),
        ("xn--bcher-kva.example.com", "bücher.example.com"),
        ("*.xn--bcher-kva.example.com", "*.bücher.example.com"),
        ("www.xn--fsq.com", "www.例.com"),
        ("xn--.example.com", None),
        ("xn--a.example.com", None),
        ("xn--\u00fc.example.com", None),
        ("xn--strae-oqa.xn--a-.com", None),
        ("xn--" + "a" * 5000, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_international_name_is_read_aloud_only_if_valid(name, shown):
    assert unicode_form(name) == shown


def test_times_are_told_in_utc():
    noon = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    assert in_words(noon) == "5 March 2026, 12:00 UTC"
    assert in_words(noon.astimezone(timezone(timedelta(hours=-8)))) == "5 March 2026, 12:00 UTC"


@pytest.mark.parametrize(
    ("level", "words"), [("DV", "domain validation (DV)"), ("EV", "extended validation (EV)"), ("XX", "XX")]
)
def test_levels_have_words(level, words):
    assert level_in_words(level) == words


def test_importing_the_mails_does_not_load_the_template_engine():
    program = (
        "import sys, partner_center.notifications.approval_request, partner_center.notifications.certificate_issued,"
        " partner_center.notifications.mime; sys.exit('jinja2' in sys.modules)"
    )
    layer = Path(__file__).parents[3] / "layers" / "core"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(layer)}, timeout=30, check=False
    )
    assert done.returncode == 0
