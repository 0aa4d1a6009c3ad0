"""The domain of a mailbox, as an SMTP envelope and what SES tells of mails name it."""


def as_a_labels(domain: str) -> str:
    """U-labels as A-labels (UTS #46, IDNA 2008), ASCII in lower case. Raises ValueError for what has none."""
    if domain.isascii():
        return domain.lower()
    import idna  # noqa: PLC0415 - most domains are ASCII and need no tables

    return idna.encode(domain, uts46=True).decode("ascii")


def mailbox(address: str) -> str:
    """The one name of a mailbox, however it is spelt: in lower case, its domain as A-labels. What is no mailbox stays
    what it is, but for its case.
    """
    local, at, domain = address.lower().rpartition("@")
    try:
        return f"{local}{at}{as_a_labels(domain)}"
    except ValueError:
        return address.lower()
