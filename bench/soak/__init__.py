"""Many orders at once while much fails: what must hold is counted."""
