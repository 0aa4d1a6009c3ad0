"""Where a redirect may lead (BR 3.2.2.4.18)."""

import pytest

from partner_center.validation.looks import FILE_PATH, FileLook
from partner_center.validation.redirects import Target

HERE = Target("http", "www.example.com", "/a/b?c")

ALLOWED = {
    "another path": ("/x", "http://www.example.com/x"),
    "a path beside": ("x", "http://www.example.com/a/x"),
    "a path above, beyond the root": ("../../../x", "http://www.example.com/x"),
    "another query": ("?x=1&y=%20", "http://www.example.com/a/b?x=1&y=%20"),
    "https": ("https://www.example.com/a/b", "https://www.example.com/a/b"),
    "another host": ("http://example.net", "http://example.net/"),
    "another host, same scheme": ("//example.net/x", "http://example.net/x"),
    "the usual port": ("http://example.net:80/x", "http://example.net/x"),
    "the usual port of https": ("https://example.net:443/x", "https://example.net/x"),
    "an empty port": ("http://example.net:/x", "http://example.net/x"),
    "capitals": ("HTTPS://WWW.Example.NET/X", "https://www.example.net/X"),
    "an A-label": ("https://xn--bcher-kva.example.net/", "https://xn--bcher-kva.example.net/"),
    "a fragment": ("https://example.net/x#y", "https://example.net/x"),
    "an at sign in the path": ("/@x", "http://www.example.com/@x"),
    "only a fragment": ("#x", "http://www.example.com/a/b?c"),
    "a query without a path": ("http://example.net?x", "http://example.net/?x"),
    "a digit first": ("http://3com.example.net/", "http://3com.example.net/"),
}

REFUSED = {
    "nothing": "",
    "another port": "http://www.example.com:8080/",
    "port 443 for http": "http://www.example.com:443/",
    "port 80 for https": "https://www.example.com:80/",
    "port 22": "http://www.example.com:22/",
    "port 0": "http://www.example.com:0/",
    "a port that is none": "http://www.example.com:http/",
    "too large a port": "http://www.example.com:65616/",
    "a signed port": "http://www.example.com:+80/",
    "ftp": "ftp://www.example.com/x",
    "file": "file:///etc/passwd",
    "gopher": "gopher://www.example.com:80/_x",
    "data": "data:text/plain,x",
    "javascript": "javascript:x",
    "no host": "http:///x",
    "no host, same scheme": "///x",
    "a scheme before a path": "http:x",
    "a scheme before a whole path": "http:/x",
    "a scheme alone": "http:",
    "userinfo": "http://www.example.com@example.net/",
    "userinfo with a password": "https://a:b@example.net/",
    "empty userinfo": "http://@example.net/",
    "an IPv4 address": "http://93.184.215.14/",
    "the metadata service": "http://169.254.169.254/latest/meta-data/",
    "an IPv4 address in one number": "http://2130706433/",
    "an IPv4 address in hexadecimal": "http://0x7f.0.0.1/",
    "a short IPv4 address": "http://127.1/",
    "an octal IPv4 address": "http://0177.0.0.1/",
    "a hexadecimal last part": "http://127.0.0.0x1/",
    "an IPv6 address": "http://[2606:2800:21f::1]/",
    "a mapped address": "http://[::ffff:127.0.0.1]/",
    "a broken IPv6 address": "http://[::1/",
    "localhost": "http://localhost/",
    "one label": "http://intranet/",
    "a dot at the end": "http://example.net./",
    "an empty label": "http://example..net/",
    "an underscore": "http://a_b.example.net/",
    "a hyphen at the edge": "http://-a.example.net/",
    "an escaped host": "http://ex%61mple.net/",
    "an escaped slash in the host": "http://example.net%2f.example.com/",
    "too long a label": f"http://{'a' * 64}.example.net/",
    "too long a name": f"http://{'a.' * 126}net/",
    "a U-label": "http://bücher.example.net/",
    "a full-width host": "http://ｅxample.net/",
    "a backslash": "http://example.net\\@www.example.com/",
    "a backslash path": "/\\example.net",
    "a blank": "/a b",
    "a tab": "/a\tb",
    "CR LF": "/a\r\nX: y",
    "LF": "/a\n",
    "NUL": "/a\0",
    "non-ASCII": "/ä",
    "a broken escape": "/%zz",
    "half an escape": "/%2",
    "quotes": '/"a"',
    "mark-up": "/<script>",
    "two URLs": "http://example.net/, http://example.org/",
    "too long": "/" + "a" * 2000,
}


@pytest.mark.parametrize(("location", "url"), ALLOWED.values(), ids=ALLOWED)
def test_a_redirect_within_the_rules_is_followed(location, url):
    assert HERE.redirected(location).url == url


@pytest.mark.parametrize("location", REFUSED.values(), ids=REFUSED)
def test_every_other_redirect_leads_nowhere(location):
    assert HERE.redirected(location) is None


def test_the_port_follows_from_the_scheme():
    assert Target("http", "example.net", "/").port == 80
    assert Target("https", "example.net", "/").port == 443


def test_a_relative_redirect_stays_with_its_scheme_and_host():
    target = Target("https", "example.net", "/a")
    assert target.redirected("//example.org").url == "https://example.org/"
    assert target.redirected("/b").url == "https://example.net/b"


def test_the_file_is_asked_for_over_http_under_the_fixed_path():
    target = Target.of_file("www.example.com")
    assert target.url == FileLook("www.example.com").url == f"http://www.example.com{FILE_PATH}"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "*.example.com",
        "localhost",
        "WWW.example.com",
        "example.com.",
        "a/b.example.com",
        "1.2.3.4",
        "a.b\n",
    ],
)
def test_a_probe_begins_at_a_canonical_name(host):
    with pytest.raises(ValueError, match="not for a probe"):
        Target.of_file(host)
