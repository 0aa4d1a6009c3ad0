"""Does a name look like that of somebody well known? By its shape on the screen, and by one slip of the finger.

Labels are compared as U-labels, letter by letter as the eye takes them (Unicode TR 39, "confusables"), so that
Cyrillic, Greek and digits do not help.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import cache

_SHORTEST_WITH_SLIP = 6
"""Shorter words have too many innocent neighbours: chase and chaser, ebay and bay."""
_SEEN_AS_ONE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_DIGITS = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s"})


def resembles(name: str, well_known: Collection[str], ordinary: Collection[str] = ()) -> str | None:
    """The word of `well_known` that a label of `name` (A-labels) bears or resembles, if one does.

    A label bears a word as a whole, as one of its hyphenated parts, or inside it when the word has six letters or
    more; it resembles a word of six or more that is one letter added, lost, changed or exchanged away. `ordinary`
    are the words of everyday language that do so by chance: finance is no binance, a revolution no revolut.
    """
    known, innocent = _by_shape(well_known), _by_shape(ordinary)
    for part in _parts(name):
        for shape in _shapes(part):
            found = _within(shape, known, innocent) or _as_a_whole(shape, known, innocent)
            if found is not None:
                return found
    return None


def _by_shape(words: Collection[str]) -> Mapping[str, str]:
    return {shape: word for word in sorted(words) for shape in _shapes(word)}


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


def _shapes(text: str) -> Iterator[str]:
    """The text as the eye takes it, and once more with letters that stand close taken for one."""
    letters = "".join(map(_letter, text.lower())).translate(_DIGITS)
    joined = letters
    for pair, seen in _SEEN_AS_ONE:
        joined = joined.replace(pair, seen)
    yield from dict.fromkeys((letters, joined))


@cache
def _letter(letter: str) -> str:
    if letter.isascii():
        return letter
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415 - a megabyte, for few names

    bare = unicodedata.normalize("NFKD", letter)[:1].lower()
    if bare.isascii():
        return bare
    # Many a small letter is listed by its capital alone: U+043A is no "k" there, but U+041A is a "K".
    listed = (each["c"].lower() for form in (bare, bare.upper()) for each in confusables_data.get(form, []))
    return next((each for each in listed if each.isascii() and each.isalnum()), bare)


def _within(shape: str, known: Mapping[str, str], innocent: Mapping[str, str]) -> str | None:
    for inner, word in known.items():
        if len(inner) < _SHORTEST_WITH_SLIP or inner not in shape:
            continue
        if not any(inner in longer and longer in shape for longer in innocent):
            return word
    return None


def _as_a_whole(shape: str, known: Mapping[str, str], innocent: Mapping[str, str]) -> str | None:
    """The same, or one slip away. Only here is i like l, as I is: inside, "digitalcloud" would hold "icloud"."""
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - screening alone needs it

    seen = {other.replace("i", "l"): word for other, word in known.items()}
    given = shape.replace("i", "l")
    if given in seen:
        return seen[given]
    if shape in innocent:
        return None
    for other, word in seen.items():
        near = len(other) >= _SHORTEST_WITH_SLIP and abs(len(other) - len(given)) <= 1
        if near and OSA.distance(other, given, score_cutoff=1) <= 1:
            return word
    return None
