"""Resellers, their keys and what each role may do."""
