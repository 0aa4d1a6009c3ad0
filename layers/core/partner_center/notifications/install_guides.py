"""How to install a certificate on nginx, Apache and IIS: the same steps for the text and the HTML of a mail."""

from dataclasses import dataclass
from typing import Self


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


def install_guides(name: str, files: CertificateFiles, thumbprint: str) -> tuple[Guide, ...]:
    """Guides for a certificate whose first name is `name`; `thumbprint` is the SHA-1 by which Windows finds it."""
    host = name.replace("*.", "www.", 1)
    return (_nginx(name, host, files), _apache(name, host, files), _iis(host, files, thumbprint))


def _nginx(name: str, host: str, files: CertificateFiles) -> Guide:
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


def _apache(name: str, host: str, files: CertificateFiles) -> Guide:
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


def _iis(host: str, files: CertificateFiles, thumbprint: str) -> Guide:
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
                " result with Import-PfxCertificate.",
                (
                    f"openssl pkcs12 -export -in {files.fullchain} -inkey {files.key} -out site.pfx",
                    "Import-PfxCertificate -FilePath site.pfx -CertStoreLocation Cert:\\LocalMachine\\My"
                    " -Password (Read-Host -AsSecureString)",
                ),
            ),
        ),
    )


def _look(host: str) -> Step:
    return Step(
        "Look at what the server now presents; the serial number must be the one above, in capitals.",
        (
            f"openssl s_client -connect {host}:443 -servername {host} </dev/null"
            " | openssl x509 -noout -serial -enddate",
        ),
    )
