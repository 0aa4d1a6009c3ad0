"""Of a stored value the known fields are read, whoever wrote it."""

from dataclasses import dataclass

import pytest

from partner_center.kernel.stored import read_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    email: str
    title: str | None = None


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ({"email": "a@example.com"}, Contact(email="a@example.com")),
        ({"email": "a@example.com", "title": "Dr."}, Contact(email="a@example.com", title="Dr.")),
        ({"email": "a@example.com", "added_later": {"any": "thing"}}, Contact(email="a@example.com")),
    ],
    ids=["defaults", "whole", "of a newer version"],
)
def test_the_fields_that_are_known_are_read(stored, read):
    assert read_as(Contact, stored) == read


def test_what_lacks_a_field_without_a_default_is_a_fault():
    with pytest.raises(TypeError, match="email"):
        read_as(Contact, {"title": "Dr."})
