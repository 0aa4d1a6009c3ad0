"""Requests as real servers make them, made here by the tools themselves; and their likes that must be refused.

Whoever makes a request knows what it is, so these carry their verdict; `truth` has to agree.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bench.corpora.samples import Sample

_HOST = "/CN=www.example.com"
_SAN = "subjectAltName=DNS:www.example.com,DNS:example.com"
_KEYS = {
    "RSA 2048": ("RSA", "rsa_keygen_bits:2048"),
    "RSA, exponent 3": ("RSA", "rsa_keygen_bits:2048", "rsa_keygen_pubexp:3"),
    "P-256": ("EC", "ec_paramgen_curve:P-256"),
    "P-384": ("EC", "ec_paramgen_curve:P-384"),
    "P-521": ("EC", "ec_paramgen_curve:P-521"),
    "RSA 1024": ("RSA", "rsa_keygen_bits:1024"),
    "RSA-PSS": ("RSA-PSS", "rsa_keygen_bits:2048"),
    "P-224": ("EC", "ec_paramgen_curve:P-224"),
    "secp256k1": ("EC", "ec_paramgen_curve:secp256k1"),
    "brainpool": ("EC", "ec_paramgen_curve:brainpoolP256r1"),
    "a curve spelled out": ("EC", "ec_paramgen_curve:P-256", "ec_param_enc:explicit"),
    "Ed25519": ("ED25519",),
    "Ed448": ("ED448",),
}
_SLOW_KEYS = {
    "RSA 2050": ("RSA", "rsa_keygen_bits:2050"),
    "RSA 2056": ("RSA", "rsa_keygen_bits:2056"),
    "RSA 3072": ("RSA", "rsa_keygen_bits:3072"),
    "RSA 4096": ("RSA", "rsa_keygen_bits:4096"),
    "RSA 8192": ("RSA", "rsa_keygen_bits:8192"),
}
_REFUSED_KEYS = frozenset(
    {
        "RSA 1024",
        "RSA 2050",
        "RSA-PSS",
        "P-224",
        "secp256k1",
        "brainpool",
        "a curve spelled out",
        "Ed25519",
        "Ed448",
    }
)


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What `openssl req` is told: a subject, extensions, more options, lines of its configuration."""

    subject: str = _HOST
    extensions: Sequence[str] = (_SAN,)
    options: Sequence[str] = ()
    settings: Sequence[str] = ()
    attributes: Sequence[str] = ()
    key: str = "P-256"


_FULL = (
    "/C=NL/ST=Zuid-Holland/L=Rotterdam/O=Example B.V./OU=IT/CN=www.example.com/emailAddress=it@example.com"
)
_UTF8 = ("-utf8",)

_GOOD = {
    "the usual": _Recipe(),
    "RSA 2048 with its usual questions answered": _Recipe(_FULL, key="RSA 2048"),
    "a common name and no extension": _Recipe(extensions=()),
    "no subject": _Recipe("/"),
    "SHA-384": _Recipe(options=("-sha384",)),
    "SHA-512": _Recipe(options=("-sha512",), key="RSA 2048"),
    "SHA-224": _Recipe(options=("-sha224",), key="RSA 2048"),
    "SHA3-256": _Recipe(options=("-sha3-256",)),
    "a PSS signature": _Recipe(options=("-sigopt", "rsa_padding_mode:pss"), key="RSA 2048"),
    "the label of older software": _Recipe(options=("-newhdr",)),
    "its text before it": _Recipe(options=("-text",)),
    "everything in UTF-8": _Recipe(
        "/C=DE/O=Müller & Söhne/CN=www.example.com", options=_UTF8, settings=("string_mask = utf8only",)
    ),
    "PrintableString": _Recipe(_FULL, settings=("string_mask = MASK:0x2",)),
    "T61String": _Recipe(_FULL, settings=("string_mask = MASK:0x4",)),
    "BMPString": _Recipe("/O=Łódź/CN=www.example.com", options=_UTF8, settings=("string_mask = MASK:0x800",)),
    "IA5String": _Recipe("/O=Example/CN=www.example.com", settings=("string_mask = MASK:0x10",)),
    "the mask of Netscape's days": _Recipe(_FULL, settings=("string_mask = nombstr",)),
    "the mask of PKIX": _Recipe(_FULL, settings=("string_mask = pkix",)),
    "several values in one part of the subject": _Recipe(
        "/OU=IT+CN=www.example.com", options=("-multivalue-rdn",)
    ),
    "a jurisdiction": _Recipe(
        "/jurisdictionC=NL/businessCategory=Private Organization/serialNumber=1/C=NL/O=Example/CN=www.example.com"
    ),
    "a domain component": _Recipe("/DC=com/DC=example/CN=www.example.com"),
    "a street and a postal code": _Recipe(
        "/C=NL/street=Coolsingel 1/postalCode=3011 AD/O=Example/CN=www.example.com"
    ),
    "a challenge password": _Recipe(attributes=("challengePassword = sesame-1234",)),
    "an unstructured name": _Recipe(attributes=("unstructuredName = Example B.V.",)),
    "both attributes": _Recipe(attributes=("challengePassword = sesame-1234", "unstructuredName = Example")),
    "a wildcard": _Recipe("/CN=*.example.com", ("subjectAltName=DNS:*.example.com,DNS:example.com",)),
    "upper case": _Recipe("/CN=WWW.EXAMPLE.COM", ("subjectAltName=DNS:Www.Example.Com",)),
    "repeated names": _Recipe(extensions=("subjectAltName=DNS:www.example.com,DNS:www.example.com",)),
    "a name of the SAN that is not the first": _Recipe(extensions=("subjectAltName=DNS:example.com",)),
    "a hundred names": _Recipe(
        "/", ("subjectAltName=" + ",".join(f"DNS:host{n}.example.com" for n in range(100)),)
    ),
    "an internationalised name as A-label": _Recipe(
        "/CN=xn--bcher-kva.example.com", ("subjectAltName=DNS:xn--bcher-kva.example.com",)
    ),
    "an internationalised common name": _Recipe("/CN=bücher.example.com", (), options=_UTF8),
    "an e-mail address among the names": _Recipe(extensions=(_SAN + ",email:it@example.com",)),
    "critical names": _Recipe(extensions=(_SAN.replace("=", "=critical,", 1),)),
    "the usages of a server": _Recipe(
        extensions=(
            _SAN,
            "keyUsage=critical,digitalSignature,keyEncipherment",
            "extendedKeyUsage=serverAuth,clientAuth",
        )
    ),
    "no CA": _Recipe(extensions=(_SAN, "basicConstraints=CA:FALSE")),
    "no CA, critically": _Recipe(extensions=(_SAN, "basicConstraints=critical,CA:FALSE")),
    "a subject key identifier": _Recipe(extensions=(_SAN, "subjectKeyIdentifier=hash")),
    "must-staple": _Recipe(extensions=(_SAN, "tlsfeature=status_request")),
    "Netscape's comment": _Recipe(extensions=(_SAN, "nsComment=made by hand", "nsCertType=server")),
    "a policy": _Recipe(extensions=(_SAN, "certificatePolicies=2.23.140.1.2.1")),
    "an unknown extension": _Recipe(extensions=(_SAN, "1.3.6.1.4.1.99999.1=ASN1:UTF8String:hello")),
}
_BAD = {
    "SHA-1": _Recipe(options=("-sha1",), key="RSA 2048"),
    "MD5": _Recipe(options=("-md5",), key="RSA 2048"),
    "PSS over SHA-1": _Recipe(options=("-sha1", "-sigopt", "rsa_padding_mode:pss"), key="RSA 2048"),
    "a CA": _Recipe(extensions=(_SAN, "basicConstraints=CA:TRUE")),
    "a path length": _Recipe(extensions=(_SAN, "basicConstraints=CA:TRUE,pathlen:0")),
    "signing certificates": _Recipe(extensions=(_SAN, "keyUsage=keyCertSign,digitalSignature")),
    "signing CRLs": _Recipe(extensions=(_SAN, "keyUsage=cRLSign")),
    "name constraints": _Recipe(extensions=(_SAN, "nameConstraints=permitted;DNS:example.com")),
    "policy constraints": _Recipe(extensions=(_SAN, "policyConstraints=requireExplicitPolicy:1")),
    "inhibit any-policy": _Recipe(extensions=(_SAN, "inhibitAnyPolicy=2")),
    "OCSP signing": _Recipe(extensions=(_SAN, "extendedKeyUsage=serverAuth,OCSPSigning")),
    "OCSP no-check": _Recipe(extensions=(_SAN, "noCheck=ignored")),
    "poison": _Recipe(extensions=(_SAN, "1.3.6.1.4.1.11129.2.4.3=critical,ASN1:NULL")),
    "an ACME identifier": _Recipe(extensions=(_SAN, "1.3.6.1.5.5.7.1.31=critical,DER:0420" + "00" * 32)),
    "an unknown critical extension": _Recipe(extensions=(_SAN, "1.3.6.1.4.1.99999.1=critical,ASN1:NULL")),
    "an extension that is no DER": _Recipe(extensions=(_SAN, "1.3.6.1.4.1.99999.1=DER:0401")),
    "an IP address": _Recipe(extensions=("subjectAltName=DNS:www.example.com,IP:192.0.2.1",)),
    "a URI": _Recipe(extensions=("subjectAltName=DNS:www.example.com,URI:https://www.example.com",)),
    "another name": _Recipe(
        extensions=("subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:me@example.com",)
    ),
    "a registered identifier": _Recipe(extensions=("subjectAltName=DNS:www.example.com,RID:1.2.3.4",)),
    "no name at all": _Recipe("/O=Example", ()),
    "nothing at all": _Recipe("/", ()),
    "an organization as common name": _Recipe("/CN=Example Limited", ()),
    "a host without a domain": _Recipe("/CN=localhost", ("subjectAltName=DNS:localhost",)),
    "an internal name": _Recipe("/CN=mail.corp.local", ("subjectAltName=DNS:mail.corp.local",)),
    "an IP address as common name": _Recipe("/CN=192.0.2.1", ()),
    "a public suffix": _Recipe("/CN=co.uk", ()),
    "a wildcard below a public suffix": _Recipe("/CN=*.co.uk", ()),
    "an underscore": _Recipe("/CN=my_host.example.com", ()),
    "a URL": _Recipe("/CN=https:\\/\\/www.example.com", ()),
    "two common names": _Recipe("/CN=www.example.com/CN=example.com"),
    "an unknown country": _Recipe("/C=XX/CN=www.example.com"),
    "a filler": _Recipe("/O=N\\/A/CN=www.example.com"),
    "a dash": _Recipe("/O=-/CN=www.example.com"),
    "a hundred and one names": _Recipe(
        "/", ("subjectAltName=" + ",".join(f"DNS:host{n}.example.com" for n in range(101)),)
    ),
}
_FORMS: dict[str, Callable[[str], str]] = {
    "CR LF": lambda pem: pem.replace("\n", "\r\n"),
    "a byte order mark": lambda pem: "\ufeff" + pem,
    "a byte order mark read as Latin-1": lambda pem: "\u00ef\u00bb\u00bf" + pem,
    "blank lines": lambda pem: "\n\n" + pem.replace("\n", "\n\n"),
    "base64 alone": lambda pem: "".join(pem.splitlines()[1:-1]),
    "all in one line": lambda pem: pem.replace("\n", " "),
    "blanks at the end of lines": lambda pem: pem.replace("\n", " \t\n"),
}
_BROKEN_FORMS: dict[str, Callable[[str], str]] = {
    "twice": lambda pem: pem + pem,
    "a greeting before it": lambda pem: "Hello,\n" + pem,
    "a greeting behind it": lambda pem: pem + "Kind regards",
    "the last line missing": lambda pem: pem.rpartition("-----END")[0],
    "a line missing": lambda pem: "\n".join(pem.splitlines()[:2] + pem.splitlines()[3:]),
    "another label": lambda pem: pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
    "line breaks escaped": lambda pem: pem.replace("\n", "\\n"),
    "headers of a mail": lambda pem: pem.replace("-----\n", "-----\nComment: mine\n\n", 1),
}


@dataclass(slots=True)
class Openssl:
    """The openssl of this machine, with keys made once."""

    folder: Path
    keys: dict[str, Path] = field(default_factory=dict)

    def key(self, name: str) -> Path:
        if name not in self.keys:
            algorithm, *options = (_KEYS | _SLOW_KEYS)[name]
            path = self.folder / f"{len(self.keys)}.key"
            chosen = [part for option in options for part in ("-pkeyopt", option)]
            _run("openssl", "genpkey", "-algorithm", algorithm, *chosen, "-out", str(path))
            self.keys[name] = path
        return self.keys[name]

    def request(self, recipe: _Recipe) -> str:
        lines = ["[req]", "prompt = no", "distinguished_name = dn", *recipe.settings]
        lines += ["attributes = more", "[more]", *recipe.attributes] if recipe.attributes else []
        (self.folder / "openssl.cnf").write_text("\n".join([*lines, "[dn]", "CN = unused", ""]))
        extensions = [part for extension in recipe.extensions for part in ("-addext", extension)]
        return _run(
            *("openssl", "req", "-new", "-config", str(self.folder / "openssl.cnf")),
            *("-key", str(self.key(recipe.key)), "-subj", recipe.subject),
            *extensions,
            *recipe.options,
        )


def made_by_openssl(*, slow_keys: bool = False) -> Iterator[Sample]:
    """Requests in every way that `openssl req` offers; large keys take seconds to find, and only on demand."""
    with tempfile.TemporaryDirectory() as folder:
        openssl = Openssl(Path(folder))
        for name, recipe in _GOOD.items():
            yield Sample("openssl, good", name, openssl.request(recipe), acceptable=True)
        for name in (*_KEYS, *(_SLOW_KEYS if slow_keys else ())):
            good = name not in _REFUSED_KEYS
            text = openssl.request(_Recipe(key=name))
            yield Sample(f"openssl, {'good' if good else 'bad'}", name, text, acceptable=good)
        for name, recipe in _BAD.items():
            yield Sample("openssl, bad", name, openssl.request(recipe), acceptable=False)
        usual = openssl.request(_Recipe())
        for name, form in _FORMS.items():
            yield Sample("openssl, good", name, form(usual), acceptable=True)
        for name, form in _BROKEN_FORMS.items():
            yield Sample("openssl, bad", name, form(usual), acceptable=False)
        yield from _with_company(openssl, usual)


def _with_company(openssl: Openssl, usual: str) -> Iterator[Sample]:
    """The request beside what else lies in the same folder, and that alone."""
    key = openssl.key("P-256").read_text()
    compressed = openssl.folder / "compressed.key"
    _run(
        "openssl", "ec", "-in", str(openssl.key("P-256")), "-conv_form", "compressed", "-out", str(compressed)
    )
    openssl.keys["compressed"] = compressed
    certificate = _run(
        *("openssl", "req", "-x509", "-key", str(openssl.key("P-256")), "-subj", _HOST),
        *("-config", str(openssl.folder / "openssl.cnf")),
    )
    public = _run("openssl", "pkey", "-in", str(openssl.key("P-256")), "-pubout")
    others = {
        "a key of which the point is compressed": openssl.request(_Recipe(key="compressed")),
        "with its key before it": key + usual,
        "with its key behind it": usual + key,
        "with a certificate": usual + certificate,
        "the key alone": key,
        "the certificate alone": certificate,
        "the public key alone": public,
        "the certificate relabelled": certificate.replace("CERTIFICATE", "CERTIFICATE REQUEST"),
        "the key relabelled": key.replace("PRIVATE KEY", "CERTIFICATE REQUEST"),
    }
    for name, text in others.items():
        yield Sample("openssl, bad", name, text, acceptable=False)


def made_by_keytool() -> Iterator[Sample]:
    """Requests of Java's tool; none where there is no Java."""
    if shutil.which("keytool") is None:
        return
    keys = {"RSA 2048": ("RSA", "-keysize", "2048"), "P-256": ("EC", "-groupname", "secp256r1")}
    with tempfile.TemporaryDirectory() as folder:
        for name, (algorithm, *options) in keys.items():
            store = ("-keystore", f"{folder}/{algorithm}.p12", "-storepass", "sesame", "-alias", "web")
            subject = "CN=www.example.com, OU=IT, O=Example B.V., L=Rotterdam, ST=Zuid-Holland, C=NL"
            _run("keytool", "-genkeypair", *store, "-keyalg", algorithm, *options, "-dname", subject)
            plain = _run("keytool", "-certreq", *store)
            yield Sample("keytool", name, plain, acceptable=True)
            named = _run("keytool", "-certreq", *store, "-ext", "san=dns:www.example.com,dns:example.com")
            yield Sample("keytool", f"{name} with names", named, acceptable=True)


@cache
def _known(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        raise SystemExit(f"{tool} is needed")
    return path


def _run(tool: str, *arguments: str) -> str:
    done = subprocess.run([_known(tool), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tool} {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout.decode()
