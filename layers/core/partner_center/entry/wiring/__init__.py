"""Where ports meet adapters, once per process. One module a context, so that a function imports its own only.

Nothing is made at import: each maker is called with the first request and remembered.
"""
