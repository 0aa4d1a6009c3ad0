import pytest

from partner_center.notifications.install_guides import CertificateFiles, Guide, install_guides

FILES = CertificateFiles.named("www.example.com")
THUMBPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"


def lines(guide: Guide) -> str:
    return "\n".join(line for step in guide.steps for line in step.lines)


@pytest.fixture
def guides():
    nginx, apache, iis = install_guides("www.example.com", FILES, THUMBPRINT)
    return {"nginx": lines(nginx), "apache": lines(apache), "iis": lines(iis)}


def test_nginx_is_given_the_full_chain(guides):
    assert "ssl_certificate     /etc/nginx/tls/www.example.com.fullchain.pem;" in guides["nginx"]
    assert "ssl_certificate_key /etc/nginx/tls/www.example.com.key;" in guides["nginx"]
    assert guides["nginx"].count("{") == guides["nginx"].count("}") == 1


def test_apache_is_given_the_full_chain_and_no_directive_of_the_past(guides):
    assert "SSLCertificateFile    /etc/ssl/site/www.example.com.fullchain.pem" in guides["apache"]
    assert "SSLCertificateKeyFile /etc/ssl/site/www.example.com.key" in guides["apache"]
    assert "SSLCertificateChainFile" not in guides["apache"]
    assert "SSLEngine on" in guides["apache"]


def test_iis_joins_the_certificate_with_the_key_in_its_store(guides):
    assert "certreq -accept -machine www.example.com.p7b" in guides["iis"]
    assert f"AddSslCertificate('{THUMBPRINT}', 'My')" in guides["iis"]
    assert f"Cert:\\LocalMachine\\My\\{THUMBPRINT}" in guides["iis"]


@pytest.mark.parametrize("server", [0, 1, 2], ids=["nginx", "apache", "iis"])
def test_a_wildcard_is_tried_out_with_a_host_below_it(server):
    guide = install_guides("*.example.com", CertificateFiles.named("wildcard_example.com"), THUMBPRINT)[
        server
    ]
    commands = [
        line for line in lines(guide).splitlines() if "openssl s_client" in line or "HostHeader" in line
    ]
    assert all("*" not in command and "www.example.com" in command for command in commands)


def test_configured_names_of_a_wildcard():
    nginx, apache, _ = install_guides(
        "*.example.com", CertificateFiles.named("wildcard_example.com"), THUMBPRINT
    )
    assert "server_name *.example.com;" in lines(nginx)
    assert "ServerName www.example.com" in lines(apache)
    assert "ServerAlias *.example.com" in lines(apache)
    assert "wildcard_example.com.fullchain.pem" in lines(nginx)


def test_nobody_is_told_to_send_a_key(guides):
    assert "scp" not in "".join(guides.values())
    assert "chmod 777" not in "".join(guides.values())
