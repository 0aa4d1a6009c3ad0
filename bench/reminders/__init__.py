"""What the reminders do in a virtual year, and what a run of them reads."""
