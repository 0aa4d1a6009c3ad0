"""The physical names of the tables, as a function's settings give them; one it may not reach is empty."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableNames:
    """One table for each group of writers (docs/adr/0005)."""

    business: str = ""
    validation: str = ""
    issuance: str = ""
    access: str = ""
    audit: str = ""
    quota: str = ""
