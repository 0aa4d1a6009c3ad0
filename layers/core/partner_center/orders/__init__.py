"""Orders: the enrolment gates of names, CSRs and keys, and what becomes of an order that passed them."""
