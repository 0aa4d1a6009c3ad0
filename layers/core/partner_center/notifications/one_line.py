"""Words of strangers inside our own; apart from the templates, which not everybody who quotes needs."""

import unicodedata


def one_line(text: str, limit: int = 200) -> str:
    """Text that somebody outside chose, made fit to stand inside our sentences.

    Line breaks, control and invisible formatting characters (bidirectional overrides among them) cannot
    rearrange what surrounds them, the address of a web page does not turn into a link beside ours, and the
    rest of an endless text is cut.
    """
    words = text[: limit * 4]
    if (
        not words.isprintable()
    ):  # what it is not is of the categories C or Z; nearly every text is, and is left alone
        words = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in words)
    words = " ".join(words.split()).replace("://", " : // ")
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
