"""Authorization domain names: from the name upward, never beyond the registrable domain (BR 1.6.1)."""

import pytest

from partner_center.validation.authorization_domain import authorization_domains

CASES = {
    "a registrable domain is its own": ("example.com", ("example.com",)),
    "a sub-name has its parents": (
        "a.b.example.com",
        ("a.b.example.com", "b.example.com", "example.com"),
    ),
    "a wildcard starts below its star": ("*.example.com", ("example.com",)),
    "a wildcard of a sub-name": ("*.shop.example.com", ("shop.example.com", "example.com")),
    "two labels of suffix": ("www.example.co.uk", ("www.example.co.uk", "example.co.uk")),
    "a wildcard rule": (
        "www.example.city.kobe.jp",
        ("www.example.city.kobe.jp", "example.city.kobe.jp", "city.kobe.jp"),
    ),
    "below a wildcard rule": ("www.shop.chuo.kobe.jp", ("www.shop.chuo.kobe.jp", "shop.chuo.kobe.jp")),
    "private suffixes end nothing": ("user.github.io", ("user.github.io", "github.io")),
    "an internationalised name": ("www.xn--bcher-kva.com", ("www.xn--bcher-kva.com", "xn--bcher-kva.com")),
    "an internationalised top-level domain": ("shop.xn--fiqs8s", ("shop.xn--fiqs8s",)),
    "a public suffix has none": ("co.uk", ()),
    "a wildcard above a public suffix has none": ("*.co.uk", ()),
    "an unknown top-level domain has none": ("server.internal", ()),
}


@pytest.mark.parametrize(("name", "expected"), CASES.values(), ids=CASES.keys())
def test_authorization_domains(name, expected):
    assert authorization_domains(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "com",
        ".",
        "*.",
        "*",
        "example.com.",
        ".example.com",
        "a..example.com",
        "Example.com",
        "*.*.example.com",
        "w*.example.com",
        "_dnsauth.example.com",
        "-a.example.com",
        "a-.example.com",
        "example.com\n",
        "example.com\0",
        "exa mple.com",
        "ex\u0430mple.com",
        "a" * 64 + ".example.com",
        ".".join(["a" * 60] * 5) + ".com",
        "a." * 100_000 + "com",
    ],
)
def test_a_name_that_is_not_canonical_is_refused(name):
    with pytest.raises(ValueError, match="canonical"):
        authorization_domains(name)


def test_no_name_is_above_the_registrable_domain():
    for name in ("a.b.c.example.co.uk", "*.x.example.com", "www.shop.chuo.kobe.jp"):
        domains = authorization_domains(name)
        assert all(domain.endswith(domains[-1]) for domain in domains)
        assert not {"co.uk", "uk", "com", "kobe.jp", "chuo.kobe.jp", "jp"} & set(domains)
