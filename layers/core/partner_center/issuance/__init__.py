"""Certificates: profile, lint, signing and delivery. What is signed here is recorded first and compared after."""
