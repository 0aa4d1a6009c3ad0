"""Requests from everywhere, each with a verdict that does not come from the gate."""
