"""Contracts, units and the ledger: start = left + held + used, at every moment."""
