"""The pages under /_local: what the embedded cloud does, and the world around it."""

from local.console.console import Console

__all__ = ["Console"]
