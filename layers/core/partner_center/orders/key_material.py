"""A request's body without the private keys that stand in it, so that nothing behind can repeat them."""

from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from partner_center.kernel.errors import Problem, enough_of
from partner_center.kernel.json_pointer import json_pointer
from partner_center.orders.private_keys import contains_private_key, private_key_spkis

_WITHHELD = "(withheld)"
_TEXTS_READ = 8
_KEYS_NAMED = 8
_Location = tuple[str | int, ...]


class Withheld(Container[str]):
    """The JSON Pointers of what was blanked. The way to a list is kept once, however many of its texts are."""

    def __init__(self, steps: Mapping[_Location, Collection[str | int]]) -> None:
        self._steps = {
            json_pointer(around): frozenset(json_pointer((step,)) for step in last)
            for around, last in steps.items()
        }

    def __contains__(self, pointer: object) -> bool:
        around, slash, step = str(pointer).rpartition("/")
        return slash + step in self._steps.get(around, ())


@dataclass(frozen=True, slots=True)
class Screened:
    """`body` with each text that holds key material blanked; `withheld` are the JSON Pointers of what was blanked.

    What else is found at a withheld place is a fault of the blank, not of the reseller. Of the `problems` there are
    all, or more than an answer tells. `exposed` are the SHA-256 (hex) of the SPKI of the whole, unencrypted and
    consistent keys among them, of the first few texts.
    """

    body: Any
    problems: tuple[Problem, ...]
    withheld: Container[str]
    exposed: tuple[str, ...]


def screen(body: Any) -> Screened:
    """Find private keys in every field and in every field's name, at any depth (incident of 2018)."""
    screening = _Screening()
    cleaned = screening.clean(body, ())
    problems = enough_of(map(_problem, screening.found))
    return Screened(cleaned, problems, Withheld(screening.withheld), _exposed(screening.texts))


def _exposed(texts: Sequence[str]) -> tuple[str, ...]:
    spkis = (spki for text in texts[:_TEXTS_READ] for spki in private_key_spkis(text))
    return tuple(dict.fromkeys(spkis))[:_KEYS_NAMED]


def _problem(location: _Location) -> Problem:
    return Problem(
        "csr_contains_private_key" if location == ("csr",) else "private_key_not_accepted",
        "This field holds a private key. It was not stored, but treat the key as exposed: make a new key and a CSR "
        "from it, and send the CSR alone.",
        json_pointer(location),
    )


@dataclass(slots=True)
class _Screening:
    """`withheld`: by the object or list that it stands in, the last step to each text that was blanked."""

    found: list[_Location] = field(default_factory=list)
    withheld: defaultdict[_Location, set[str | int]] = field(default_factory=lambda: defaultdict(set))
    texts: list[str] = field(default_factory=list)
    blanked: int = 0

    def clean(self, value: Any, location: _Location) -> Any:
        if isinstance(value, str):
            return self._clean_text(value, location)
        if isinstance(value, Mapping):
            return self._clean_object(value, location)
        if isinstance(value, Sequence):
            return self._clean_list(value, location)
        return value

    def _clean_text(self, text: str, location: _Location) -> str:
        if not contains_private_key(text):
            return text
        self.found.append(location)
        self._withhold(location)
        self.texts.append(text)
        return _WITHHELD

    def _withhold(self, location: _Location) -> None:
        self.withheld[location[:-1]].update(location[-1:])
        self.blanked += 1

    def _clean_object(self, value: Mapping[str, Any], location: _Location) -> dict[str, Any]:
        cleaned = {}
        for given, inner in value.items():
            name = given
            if contains_private_key(given):
                self.found.append(location)
                self.texts.append(given)
                name = _WITHHELD
            cleaned[name] = self.clean(inner, (*location, name))
        return cleaned

    def _clean_list(self, values: Sequence[Any], location: _Location) -> list[Any]:
        before = self.blanked
        cleaned = [self.clean(inner, (*location, index)) for index, inner in enumerate(values)]
        if self.blanked == before:
            return cleaned
        # A key sent line by line: the lines behind the first are not known for what they are.
        self.texts.append("\n".join(inner for inner in values if isinstance(inner, str)))
        for index, inner in enumerate(cleaned):
            if isinstance(inner, str):
                cleaned[index] = _WITHHELD
                self._withhold((*location, index))
        return cleaned
