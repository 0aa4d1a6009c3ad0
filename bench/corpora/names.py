"""Names, good and strange, one to a request: as its common name or among its DNS names."""

from collections.abc import Iterator

from hypothesis import strategies as st

from bench.corpora.changed import drawn
from bench.corpora.samples import Sample, armoured
from tests.unit.orders.csr_workshop import Workshop, cn, dns, extensions

_LABELS = (
    *(
        "www",
        "WWW",
        "a",
        "a-b",
        "1",
        "x" * 63,
        "x" * 64,
        "-a",
        "a-",
        "a_b",
        "_acme",
        "*",
        "**",
        "w*",
        "",
        " ",
        "a b",
    ),
    *(
        "xn--bcher-kva",
        "xn--",
        "xn--a",
        "xn--bücher",
        "xn--80ak6aa92e",
        "ab--c",
        "bücher",
        "straße",
        "faß",
        "münchen",
    ),
    *(
        "ﬁ",
        "ａ",
        "а",
        "①",
        "İ",
        "\u200d",
        "a\u00ad",
        "\u202e",
        "\x00",
        "\n",
        "a\r\n",
        "%00",
        "a/b",
        "a@b",
        "a:1",
        "a,b",
    ),
    *("192", "0x7f", "127.0.0.1", "[::1]", "::1", "٣", "〇", "ß", "ς", "日本", "☃", "\U0001f4a9"),
)
_ENDS = (
    *(
        "example.com",
        "example.com.",
        "EXAMPLE.COM",
        "com",
        "co.uk",
        "example.co.uk",
        "kobe.jp",
        "x.kobe.jp",
        "a.x.kobe.jp",
    ),
    *(
        "city.kobe.jp",
        "nes.akershus.no",
        "akershus.no",
        "ck",
        "www.ck",
        "a.ck",
        "local",
        "internal",
        "corp",
        "test",
    ),
    *(
        "home.arpa",
        "1.0.0.127.in-addr.arpa",
        "ip6.arpa",
        "onion",
        "example",
        "invalid",
        "localhost",
        "github.io",
    ),
    *(
        "xn--p1ai",
        "рф",
        "example.рф",
        "xn--fiqs8s",
        "中国",
        "公司.cn",
        "xn--55qx5d.cn",
        "a。com",
        "zzzzz",
        "123",
        "1.2.3.4",
        "",
    ),
)


def texts() -> st.SearchStrategy[str]:
    """A name out of strange parts, or a usual one with a strange letter in it."""
    labels = st.lists(st.sampled_from(_LABELS), max_size=3)
    parts = st.tuples(st.booleans(), labels, st.sampled_from(_ENDS)).map(_joined)
    long = st.integers(1, 70).map(lambda count: ".".join(["abc"] * count) + ".example.com")
    strange = st.tuples(st.integers(0, 15), st.characters(exclude_categories=["Cs"])).map(
        lambda drawn_parts: _with_letter(*drawn_parts)
    )
    return st.one_of(parts, parts, strange, long)


def names(workshop: Workshop, count: int) -> Iterator[Sample]:
    """`count` requests for a drawn name each."""
    for number, (text, alone) in enumerate(drawn(st.tuples(texts(), st.booleans()), count)):
        if alone:
            der = workshop.csr(subject=(cn(text),), key=workshop.ec)
        else:
            der = workshop.csr(extensions(dns(text)), subject=(), key=workshop.ec)
        yield Sample("names", f"{number}, {'CN' if alone else 'SAN'} {text!r}", armoured(der))


def _joined(parts: tuple[bool, list[str], str]) -> str:
    wildcard, labels, end = parts
    return ".".join([*(["*"] if wildcard else []), *labels, end])


def _with_letter(at: int, letter: str) -> str:
    usual = "www.example.com"
    return usual[:at] + letter + usual[at:]
