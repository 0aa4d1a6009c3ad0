"""Does a name look like that of somebody well known? By its shape on the screen, and by one slip of the finger.

Labels are compared as U-labels, letter by letter as the eye takes them (Unicode TR 39, "confusables"), so that
Cyrillic, Greek and digits do not help.
"""

import unicodedata
from collections.abc import Collection, Iterator
from functools import cache

_SHORTEST_WITH_SLIP = 6
"""Shorter words have too many innocent neighbours: chase and chaser, ebay and bay."""
_SEEN_AS_ONE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_DIGITS = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s", "|": "l"})


def resembles(name: str, well_known: Collection[str]) -> str | None:
    """The word of `well_known` that a label of `name` (A-labels) bears or resembles, if one does.

    A label bears a word as a whole, as one of its hyphenated parts, or inside it when the word has six letters or
    more; it resembles a word of six or more that is one letter added, lost, changed or exchanged away.
    """
    shapes = {_shape(word): word for word in well_known}
    for part in _parts(name):
        for shape in _shapes(part):
            found = shapes.get(shape) or _within(shape, shapes) or _a_slip_away(shape, shapes)
            if found is not None:
                return found
    return None


def _parts(name: str) -> Iterator[str]:
    """The labels as people read them, each as a whole, without its hyphens, and in its parts."""
    for label in name.removeprefix("*.").split("."):
        text = _u_label(label)
        yield text
        if "-" in text:
            yield text.replace("-", "")
            yield from filter(None, text.split("-"))


def _u_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    import idna  # noqa: PLC0415 - few names need it

    try:
        return idna.decode(label)
    except idna.IDNAError:
        return label


def _shape(text: str) -> str:
    return "".join(map(_letter, text.lower())).translate(_DIGITS)


def _shapes(text: str) -> Iterator[str]:
    """The text as the eye takes it, and once more with letters that stand close taken for one."""
    shape = _shape(text)
    yield shape
    joined = shape
    for pair, seen in _SEEN_AS_ONE:
        joined = joined.replace(pair, seen)
    if joined != shape:
        yield joined


@cache
def _letter(letter: str) -> str:
    if letter.isascii():
        return letter
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415 - a megabyte, for few names

    bare = unicodedata.normalize("NFKD", letter)[:1].lower()
    if bare.isascii():
        return bare
    seen_as = (each["c"].lower() for each in confusables_data.get(bare, []))
    return next((each for each in seen_as if each.isascii() and each.isalnum()), bare)


def _within(shape: str, shapes: dict[str, str]) -> str | None:
    return next(
        (word for known, word in shapes.items() if len(known) >= _SHORTEST_WITH_SLIP and known in shape), None
    )


def _a_slip_away(shape: str, shapes: dict[str, str]) -> str | None:
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - screening alone needs it

    for known, word in shapes.items():
        near = len(known) >= _SHORTEST_WITH_SLIP and abs(len(known) - len(shape)) <= 1
        if near and OSA.distance(known, shape, score_cutoff=1) <= 1:
            return word
    return None
