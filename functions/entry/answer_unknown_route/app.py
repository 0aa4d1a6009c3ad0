"""$default: whatever no other function answers. A known path with another verb is 405, the rest 404."""

from partner_center.entry.unknown_route import answer

handler = answer
