"""The Partner Center: ordering, validating, issuing and selling TLS certificates through resellers."""
