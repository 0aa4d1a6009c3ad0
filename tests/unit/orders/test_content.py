"""What was ordered comes back from its stored form as it went, whatever was left out."""

import json
from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_center.orders import content as stored
from partner_center.orders import requests as posted
from partner_center.orders.content import OrderContent, content_from_json, content_to_json, plain
from tests.fakes.determined import MICROSECOND, NOW
from tests.fakes.samples import a_content

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
optional = st.none() | texts
contacts = st.builds(
    stored.Contact, first_name=texts, last_name=texts, email=texts, phone=texts, title=optional
)
moments = st.integers(0, 10**9).map(lambda micros: NOW + micros * MICROSECOND)

contents = st.builds(
    OrderContent,
    csr_der=texts,
    spki_der=texts,
    spki_sha256=texts,
    names=st.lists(texts, max_size=3).map(tuple),
    common_name=texts,
    given=st.builds(
        stored.Given,
        common_name=optional,
        additional_domains=st.lists(texts, max_size=3).map(tuple),
        domain_control=st.none()
        | st.just({"method": "email", "names": {"*.example.com": {"method": "dns_txt"}}}),
    ),
    contacts=st.builds(stored.Contacts, technical=contacts, organization=st.none() | contacts),
    organization=st.none()
    | st.builds(
        stored.Organization,
        name=texts,
        street=texts,
        locality=texts,
        state=optional,
        postal_code=texts,
        country=texts,
        registration_number=optional,
        business_category=optional,
        jurisdiction=optional,
    ),
    methods=st.dictionaries(
        texts, st.builds(stored.ChosenMethod, method=st.sampled_from(stored.Method), approver_email=optional)
    ),
    agreement=st.builds(
        stored.AcceptedAgreement,
        version=texts,
        sha256=texts,
        accepted_by=texts,
        capacity=texts,
        accepted_at=moments,
        key_id=texts,
    ),
    price=st.lists(
        st.builds(stored.PricePart, kind=texts, quantity=st.integers(0, 999), unit=texts, amount=texts),
        max_size=3,
    ).map(tuple),
    lifecycle=st.none() | st.builds(stored.Lifecycle),
    note=optional,
)


@given(contents)
def test_content_comes_back_as_it_went(content):
    assert content_from_json(content_to_json(content)) == content


def test_what_is_not_there_takes_no_room():
    text = content_to_json(a_content(organization=None, lifecycle=None, note=None))
    assert "null" not in text
    assert {"organization", "lifecycle", "note"}.isdisjoint(json.loads(text))


def test_times_are_read_in_the_forms_that_were_ever_written():
    values = json.loads(content_to_json(a_content()))
    for written, moment in (
        ("2026-11-23T10:00:00Z", NOW),
        ("2026-11-23T11:00:00+01:00", NOW),
        ("2026-11-23T10:00:00.000007+00:00", NOW + timedelta(microseconds=7)),
    ):
        values["agreement"]["accepted_at"] = written
        assert content_from_json(json.dumps(values)).agreement.accepted_at == moment


@pytest.mark.parametrize("text", ["", "{}", '{"names": 7}', "7"], ids=repr)
def test_what_is_no_content_is_a_fault(text):
    with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
        content_from_json(text)


@pytest.mark.parametrize("kind", ["Contact", "Contacts", "Organization", "Lifecycle"])
def test_every_field_that_may_be_posted_is_stored(kind):
    """The two are kept apart on purpose, and must not drift apart."""
    kept = {field.name for field in fields(getattr(stored, kind))}
    assert kept == set(getattr(posted, kind).model_fields)


def test_every_field_of_a_method_that_may_be_given_is_read_again():
    assert set(stored.CHOICE) == set(posted.MethodChoice.model_fields)
    assert {*stored.CHOICE, "names"} == set(posted.DomainControl.model_fields)


def test_a_lifecycle_left_to_itself_is_the_same_posted_and_stored():
    assert plain(stored.Lifecycle()) == posted.Lifecycle().model_dump()
