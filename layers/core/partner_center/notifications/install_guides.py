"""How to install a certificate on common servers: the same steps in a mail, in text and HTML, and in a download."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)")


class Server(StrEnum):
    """The values of `?server=`."""

    NGINX = "nginx"
    APACHE = "apache"
    IIS = "iis"
    TOMCAT = "tomcat"
    HAPROXY = "haproxy"
    CPANEL = "cpanel"


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The names of the files that come with a certificate."""

    leaf: str
    chain: str
    fullchain: str
    pkcs7: str
    key: str

    @classmethod
    def named(cls, stem: str) -> Self:
        return cls(f"{stem}.pem", f"{stem}.chain.pem", f"{stem}.fullchain.pem", f"{stem}.p7b", f"{stem}.key")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a sentence, and what to type or write, line by line, if anything."""

    sentence: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps for one server, in order."""

    title: str
    steps: tuple[Step, ...]


def file_stem(name: str) -> str:
    """A DNS name as the beginning of a file name on any system; `*.example.com` becomes `wildcard_example.com`.

    No host name holds an underscore, so the file of a wildcard cannot be taken for that of another name.
    """
    stem = re.sub(r"[^a-z0-9._-]", "-", name.lower().replace("*.", "wildcard_", 1))[:80].strip(".-")
    return f"_{stem}" if _RESERVED_ON_WINDOWS.match(stem) or not stem else stem


def install_guides(name: str, files: CertificateFiles, thumbprint: str) -> tuple[Guide, ...]:
    """A guide for each server, for a certificate whose first name is `name`; `thumbprint` as for `install_guide`."""
    return tuple(install_guide(server, name, files, thumbprint) for server in Server)


def install_guide(server: Server, name: str, files: CertificateFiles, thumbprint: str) -> Guide:
    """The guide for one server; `thumbprint` is the SHA-1 by which Windows finds the certificate."""
    return _GUIDES[server](name, name.replace("*.", "www.", 1), files, thumbprint)


def _nginx(name: str, host: str, files: CertificateFiles, _: str) -> Guide:
    return Guide(
        "nginx",
        (
            Step(
                f"Copy {files.fullchain} to the server. The private key ({files.key} below) is already there: it is"
                " the file that was made together with the CSR.",
                (
                    "sudo mkdir -p /etc/nginx/tls",
                    f"sudo install -m 644 {files.fullchain} /etc/nginx/tls/",
                    f"sudo install -m 600 {files.key} /etc/nginx/tls/",
                ),
            ),
            Step(
                "Name both files in the server block. nginx takes the certificate and the chain from one file,"
                " the certificate first.",
                (
                    "server {",
                    "    listen 443 ssl;",
                    "    listen [::]:443 ssl;",
                    f"    server_name {name};",
                    f"    ssl_certificate     /etc/nginx/tls/{files.fullchain};",
                    f"    ssl_certificate_key /etc/nginx/tls/{files.key};",
                    "    # the rest of the site",
                    "}",
                ),
            ),
            Step("Test the configuration, then load it.", ("sudo nginx -t && sudo nginx -s reload",)),
            _look(host),
        ),
    )


def _apache(name: str, host: str, files: CertificateFiles, _: str) -> Guide:
    server_names = (
        (f"    ServerName {host}", f"    ServerAlias {name}") if name != host else (f"    ServerName {name}",)
    )
    return Guide(
        "Apache (2.4.8 or later)",
        (
            Step(
                f"Copy {files.fullchain} to the server. The private key ({files.key} below) is already there: it is"
                " the file that was made together with the CSR.",
                (
                    "sudo mkdir -p /etc/ssl/site",
                    f"sudo install -m 644 {files.fullchain} /etc/ssl/site/",
                    f"sudo install -m 600 {files.key} /etc/ssl/site/",
                ),
            ),
            Step(
                "Name both files in the virtual host. SSLCertificateFile takes the certificate and the chain"
                " from one file; mod_ssl must be loaded (on Debian and Ubuntu: sudo a2enmod ssl).",
                (
                    "<VirtualHost *:443>",
                    *server_names,
                    "    SSLEngine on",
                    f"    SSLCertificateFile    /etc/ssl/site/{files.fullchain}",
                    f"    SSLCertificateKeyFile /etc/ssl/site/{files.key}",
                    "    # the rest of the site",
                    "</VirtualHost>",
                ),
            ),
            Step(
                "Test the configuration, then load it.",
                ("sudo apachectl configtest && sudo apachectl graceful",),
            ),
            _look(host),
        ),
    )


def _iis(_: str, host: str, files: CertificateFiles, thumbprint: str) -> Guide:
    return Guide(
        "IIS (Windows Server 2016 or later)",
        (
            Step(
                f"Copy {files.pkcs7} to the server on which the CSR was made: its private key waits there, in the"
                " certificate store of the computer. Open PowerShell as administrator in the folder of the"
                " file. The first command puts the intermediate certificates in place, the second joins the"
                " certificate with its key.",
                (
                    f"Import-Certificate -FilePath .\\{files.pkcs7} -CertStoreLocation Cert:\\LocalMachine\\CA",
                    f"certreq -accept -machine {files.pkcs7}",
                ),
            ),
            Step(
                "See that the certificate is there and has its key: the answer must be True.",
                (f"(Get-Item Cert:\\LocalMachine\\My\\{thumbprint}).HasPrivateKey",),
            ),
            Step(
                "Bind it to the site (put the name of yours for Default Web Site).",
                (
                    "Import-Module WebAdministration",
                    f"New-WebBinding -Name 'Default Web Site' -Protocol https -Port 443 -HostHeader '{host}'"
                    " -SslFlags 1",
                    f"(Get-WebBinding -Name 'Default Web Site' -Protocol https -Port 443 -HostHeader '{host}')"
                    f".AddSslCertificate('{thumbprint}', 'My')",
                ),
            ),
            Step(
                "If the site has that binding already, leave out New-WebBinding. If the CSR was made on"
                " another machine, its key is there and not in the store: join the two first, then import the"
                " result with Import-PfxCertificate. Windows Server 2016 reads no newer encryption than the one"
                " named here; the file is deleted afterwards.",
                (
                    f"openssl pkcs12 -export -in {files.fullchain} -inkey {files.key} -out site.pfx"
                    " -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
                    "Import-PfxCertificate -FilePath site.pfx -CertStoreLocation Cert:\\LocalMachine\\My"
                    " -Password (Read-Host -AsSecureString)",
                    "Remove-Item site.pfx",
                ),
            ),
        ),
    )


def _tomcat(_name: str, host: str, files: CertificateFiles, _: str) -> Guide:
    return Guide(
        "Tomcat (8.5 or later)",
        (
            Step(
                f"Was the key made with openssl, and stands in a file ({files.key} below)? Then Tomcat reads it and"
                " the certificate as they are. Copy the files into its conf folder, readable for nobody but Tomcat.",
                (
                    f"sudo install -o tomcat -m 600 {files.leaf} {files.chain} {files.key} $CATALINA_BASE/conf/",
                ),
            ),
            Step(
                "Name them in server.xml. The certificate and the chain are two files here.",
                (
                    '<Connector port="8443" protocol="org.apache.coyote.http11.Http11NioProtocol" SSLEnabled="true">',
                    "    <SSLHostConfig>",
                    f'        <Certificate certificateFile="conf/{files.leaf}"',
                    f'                     certificateChainFile="conf/{files.chain}"',
                    f'                     certificateKeyFile="conf/{files.key}" />',
                    "    </SSLHostConfig>",
                    "</Connector>",
                ),
            ),
            Step(
                "Was the CSR made with keytool? Then the key is in its keystore, and the certificate goes there too,"
                " under the alias that the key has; the PKCS#7 file brings the chain along. If keytool does not know"
                " the root, it shows the chain and asks whether to install it anyway. In server.xml"
                " certificateKeystoreFile names the keystore instead of the three files.",
                (f"keytool -importcert -alias <alias> -file {files.pkcs7} -keystore <keystore>",),
            ),
            Step("Restart Tomcat.", ("sudo systemctl restart tomcat",)),
            _look(host, 8443),
        ),
    )


def _haproxy(_name: str, host: str, files: CertificateFiles, _: str) -> Guide:
    combined = f"/etc/haproxy/certs/{files.leaf}"
    return Guide(
        "HAProxy",
        (
            Step(
                "HAProxy takes certificate, chain and private key from one file, in this order. Make it on the"
                f" server, where the key ({files.key} below) is, so that nobody else can read it.",
                (
                    "sudo install -d -m 700 /etc/haproxy/certs",
                    f"sudo sh -c 'umask 077; cat {files.fullchain} {files.key} > {combined}'",
                ),
            ),
            Step(
                "Name it in the frontend.",
                (
                    "frontend https",
                    f"    bind :443 ssl crt {combined}",
                    "    # the rest of the frontend",
                ),
            ),
            Step(
                "Test the configuration, then load it.",
                ("sudo haproxy -c -f /etc/haproxy/haproxy.cfg && sudo systemctl reload haproxy",),
            ),
            _look(host),
        ),
    )


def _cpanel(name: str, host: str, files: CertificateFiles, _: str) -> Guide:
    return Guide(
        "cPanel",
        (
            Step(
                "Open Security, SSL/TLS, then Manage SSL sites, and choose the domain"
                f" {name.removeprefix('*.')}."
            ),
            Step(
                f"Certificate (CRT): paste the text of {files.leaf}, from BEGIN to END, both lines included."
            ),
            Step(
                "Private Key (KEY): press Autofill by Certificate. If the key was made in cPanel it appears; else"
                f" paste the text of your own {files.key}."
            ),
            Step(f"Certificate Authority Bundle (CABUNDLE): paste the text of {files.chain}."),
            Step("Press Install Certificate."),
            _look(host),
        ),
    )


def _look(host: str, port: int = 443) -> Step:
    return Step(
        "Look at what the server now presents; the serial number must be the one above, in capitals.",
        (
            f"openssl s_client -connect {host}:{port} -servername {host} </dev/null"
            " | openssl x509 -noout -serial -enddate",
        ),
    )


_GUIDES: Mapping[Server, Callable[[str, str, CertificateFiles, str], Guide]] = {
    Server.NGINX: _nginx,
    Server.APACHE: _apache,
    Server.IIS: _iis,
    Server.TOMCAT: _tomcat,
    Server.HAPROXY: _haproxy,
    Server.CPANEL: _cpanel,
}
