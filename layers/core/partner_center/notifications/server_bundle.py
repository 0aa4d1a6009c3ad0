"""What one kind of server wants of a certificate, with the way to put it there, as a file to download."""

from collections.abc import Mapping, Sequence
from hashlib import sha1
from textwrap import wrap

from partner_center.issuance.chain_formats import Download, p7b, pem, zipped
from partner_center.notifications.install_guides import (
    CertificateFiles,
    Guide,
    Server,
    file_stem,
    install_guide,
)

_WIDTH = 78
_KEY = "The private key is where you made the request. It is in none of these files, and we never had it."


def server_bundle(server: Server, leaf_der: bytes, chain: Sequence[bytes], name: str) -> Download:
    """The files that the server's guide speaks of, and the guide; `chain` holds the intermediates."""
    stem = file_stem(name)
    files = CertificateFiles.named(stem)
    thumbprint = sha1(leaf_der, usedforsecurity=False).hexdigest().upper()
    guide = install_guide(server, name, files, thumbprint)
    contents = {file: body for file, body in _all(files, leaf_der, chain).items() if _speaks_of(guide, file)}
    text = "\n".join([*_told(guide, name), ""])
    return zipped(f"{stem}-{server}.zip", {**contents, "INSTALL.txt": text.encode()})


def _all(files: CertificateFiles, leaf_der: bytes, chain: Sequence[bytes]) -> Mapping[str, bytes]:
    return {
        files.leaf: pem([leaf_der]),
        files.chain: pem(chain),
        files.fullchain: pem([leaf_der, *chain]),
        files.pkcs7: p7b([leaf_der, *chain]),
    }


def _speaks_of(guide: Guide, file: str) -> bool:
    return any(file in text for step in guide.steps for text in (step.sentence, *step.lines))


def _told(guide: Guide, name: str) -> list[str]:
    lines = [f"Certificate for {name} on {guide.title}", "", *wrap(_KEY, _WIDTH)]
    for number, step in enumerate(guide.steps, 1):
        told = wrap(step.sentence, _WIDTH - 3, break_long_words=False, break_on_hyphens=False)
        lines += ["", f"{number}. {told[0]}", *(f"   {line}" for line in told[1:])]
        lines += ["", *(f"     {line}" for line in step.lines)] if step.lines else []
    return lines
