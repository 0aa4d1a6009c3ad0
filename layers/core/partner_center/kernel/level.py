"""How deeply the subject of a certificate is validated."""

from enum import StrEnum


class Level(StrEnum):
    """Domain, organization or extended validation (BR 7.1.6.1; EVG)."""

    DV = "DV"
    OV = "OV"
    EV = "EV"
