"""Stripe of the local world: localstripe in a process of its own, and in front of it what it lacks."""

from local.payments.hooks import PATH as HOOK_PATH
from local.payments.hooks import SIGNING_SECRET as SIGNING_SECRET
from local.payments.hooks import Hooks as Hooks
from local.payments.stripe import LocalStripe as LocalStripe

__all__ = ["HOOK_PATH", "SIGNING_SECRET", "Hooks", "LocalStripe"]
