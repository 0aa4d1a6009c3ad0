"""From the text of a CSR to its DER: one block and nothing else (RFC 7468, read strictly).

Accepted as real servers and people make it: both labels, CR LF, a byte order mark, blank lines, `openssl req -text`
output before the block, base64 in one line, and base64 without armour.
"""

import base64
import binascii
import re

MAX_TEXT = (
    64 * 1024
)  # characters: a hundred long names, an 8192-bit key and the -text output fit in half of it

_BLOCK = re.compile(r"-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----([^-]*)-----END \1-----")
_OPENSSL_TEXT = re.compile(r"\s*Certificate Request:\s*\n\s+Data:\s*\n")
_BLANKS = re.compile(r"[ \t\r\n]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


class NotOneCsr(Exception):
    """The text is not exactly one CSR; the message is a sentence for the reader and quotes nothing."""


def der_of(text: str) -> bytes:
    """The bytes within the one CSR that `text` holds. Raises NotOneCsr."""
    if len(text) > MAX_TEXT:
        raise NotOneCsr(f"The text is too long; a CSR is accepted up to {MAX_TEXT} characters.")
    text = text.removeprefix("\ufeff").removeprefix("\u00ef\u00bb\u00bf")  # the mark, also if read as Latin-1
    if not text.strip(" \t\r\n"):
        raise NotOneCsr("The field is empty; send the CSR in PEM form.")
    if "\\n" in text:
        raise NotOneCsr(
            "The text holds a backslash and an n where line breaks belong; escape line breaks once only."
        )
    if "-----" not in text and text.lstrip(" \t\r\n").startswith("MI"):
        return _base64_bytes(text)
    blocks = text.count("-----BEGIN")
    if blocks > 1:
        raise NotOneCsr("The text holds more than one PEM block; send one CSR and nothing else.")
    match = _BLOCK.search(text)
    if match is None:
        raise NotOneCsr(
            "The text holds no whole PEM block from «-----BEGIN CERTIFICATE REQUEST-----» to «-----END CERTIFICATE "
            "REQUEST-----»; send the CSR, not a certificate or a key, and all of its lines."
        )
    _check_surroundings(text[: match.start()], text[match.end() :])
    return _base64_bytes(match[2])


def _check_surroundings(before: str, behind: str) -> None:
    if behind.strip(" \t\r\n"):
        raise NotOneCsr("There is text behind the CSR's last line; send the CSR and nothing else.")
    if before.strip(" \t\r\n") and not _OPENSSL_TEXT.match(before):
        raise NotOneCsr("There is text before the CSR's first line; send the CSR and nothing else.")


def _base64_bytes(text: str) -> bytes:
    compact = _BLANKS.sub("", text)
    if not _BASE64.fullmatch(compact):
        raise NotOneCsr(
            "The CSR is not in PEM form: letters, digits, + and / in lines, as the server wrote them, are expected."
        )
    try:
        data = base64.b64decode(compact, validate=True)
    except binascii.Error:
        raise NotOneCsr("The CSR's base64 is incomplete; copy all of its lines.") from None
    if base64.b64encode(data).decode("ascii") != compact:
        raise NotOneCsr("The CSR's base64 ends in bits that belong to nothing; copy all of its lines.")
    return data
