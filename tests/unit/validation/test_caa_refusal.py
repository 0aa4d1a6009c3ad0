"""What CAA refused for its method, read back from the evidence, and the sentence that tells what to choose."""

import pytest

from partner_center.validation.caa_refusal import CaaRefusal, refusals_of
from tests.fakes.determined import NOW

ADVICE = {
    "a record": (
        ("3.2.2.4.7",),
        "permits only dns_txt or dns_cname for www.example.com: choose one with PUT",
    ),
    "a file": (("3.2.2.4.18",), "permits only http_file for www.example.com: choose it with PUT"),
    "a persistent record": (("3.2.2.4.22",), "permits only dns_persist for www.example.com: choose it with"),
    "a mail": (("3.2.2.4.4",), "permits only email to a constructed address for"),
    "a contact in CAA": (("3.2.2.4.13",), "permits only email to a contact that CAA names for"),
    "a contact in TXT": (("3.2.2.4.14",), "permits only email to a contact that TXT names for"),
    "several": (
        ("3.2.2.4.18", "3.2.2.4.22"),
        "permits only http_file or dns_persist for www.example.com: choose one",
    ),
    "one that has no name here": (("3.2.2.4.19",), "permits only BR 3.2.2.4.19 for"),
}


@pytest.mark.parametrize(("permitted", "told"), ADVICE.values(), ids=ADVICE)
def test_the_advice_names_record_methods_and_request(permitted, told):
    advice = CaaRefusal("www.example.com", "example.com", frozenset({"3.2.2.4.4"}), permitted).advice
    assert advice.startswith(f"CAA of example.com {told}")
    assert advice.endswith(" PUT /v1/orders/{id}/domains/www.example.com/method.")


def found(name, **more):
    usual = {"name": name, "found_at": "example.com", "judged": ["3.2.2.4.4"], "permitted": ["3.2.2.4.7"]}
    return usual | more


def test_only_what_another_method_would_mend_is_read_back():
    evidence = [found("a.example.com"), found("b.example.com", permitted=[])]
    refusals = refusals_of(NOW, evidence)
    assert refusals.at == NOW
    assert refusals.by_name == {
        "a.example.com": CaaRefusal("a.example.com", "example.com", frozenset({"3.2.2.4.4"}), ("3.2.2.4.7",))
    }
