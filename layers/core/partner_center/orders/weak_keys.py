"""Known ways in which RSA keys come out weak, tried with badkeys' checks that need no network and no data of others.

badkeys' own package pulls in pyOpenSSL when that is installed, which slows every client of boto3, and its
`blocklist` check ends the process when its data is missing. So its `rsakeys` folder is loaded by itself.
"""

import functools
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

# `smalld` (Wiener's attack) is not among them: a small private exponent goes with a public one about as long as the
# modulus, which the key gate refuses before this, and on which that check takes up to a second.
_CHECKS = {
    "fermat": "its two primes are too close to each other (Fermat, 100 rounds; BR 6.1.1.3)",
    "roca": "it was made by a library with the ROCA fault (CVE-2017-15361; BR 6.1.1.3)",
    "rsapoly": "its modulus has a pattern by which it can be factored",
    "smallfactors": "its modulus has a small prime factor",
}


@functools.cache
def known_primes(size: int) -> Any:
    """The product of primes that keys of `size` bits on the internet share; None where badkeys has no list."""
    data = _badkeys_folder() / "keydata" / f"primes{size}.dat"
    return _gmpy2().from_binary(data.read_bytes()) if data.is_file() else None


def weaknesses(modulus: int, shared_primes: Callable[[int], Any] = known_primes) -> tuple[str, ...]:
    """Why the private key can be computed from the public one: clauses that complete «This key is weak: ...».

    Expects a modulus of sane size (2048 to 8192 bits).
    """
    checks = _badkeys_rsa()
    found = [clause for name, clause in _CHECKS.items() if getattr(checks, name)(modulus) is not False]
    product = shared_primes(modulus.bit_length())
    if product is not None and _gmpy2().gcd(modulus, product) != 1:
        found.append("it shares a prime with other keys that were found on the internet")
    return tuple(found)


def _gmpy2() -> Any:
    # Compiled and without type hints; badkeys depends on it.
    return importlib.import_module("gmpy2")


@functools.cache
def _badkeys_rsa() -> ModuleType:
    spec = importlib.machinery.PathFinder.find_spec("rsakeys", [str(_badkeys_folder())])
    if spec is None or spec.loader is None:
        raise ImportError("badkeys has no rsakeys folder", name="badkeys")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _badkeys_folder() -> Path:
    spec = importlib.util.find_spec("badkeys")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("badkeys is not installed", name="badkeys")
    return Path(spec.submodule_search_locations[0])
