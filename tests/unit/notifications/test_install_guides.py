import re

import pytest

from partner_center.notifications.install_guides import (
    CertificateFiles,
    Guide,
    Server,
    install_guide,
    install_guides,
)

FILES = CertificateFiles.named("www.example.com")
THUMBPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"


def lines(guide: Guide) -> str:
    return "\n".join(line for step in guide.steps for line in step.lines)


@pytest.fixture
def guides():
    return {server: lines(install_guide(server, "www.example.com", FILES, THUMBPRINT)) for server in Server}


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


@pytest.mark.parametrize("server", Server)
def test_a_wildcard_is_tried_out_with_a_host_below_it(server):
    guide = install_guide(server, "*.example.com", CertificateFiles.named("wildcard_example.com"), THUMBPRINT)
    commands = [
        line for line in lines(guide).splitlines() if "openssl s_client" in line or "HostHeader" in line
    ]
    assert all("*" not in command and "www.example.com" in command for command in commands)


def test_configured_names_of_a_wildcard():
    files = CertificateFiles.named("wildcard_example.com")
    nginx, apache, *_ = install_guides("*.example.com", files, THUMBPRINT)
    assert "server_name *.example.com;" in lines(nginx)
    assert "ServerName www.example.com" in lines(apache)
    assert "ServerAlias *.example.com" in lines(apache)
    assert "wildcard_example.com.fullchain.pem" in lines(nginx)


def test_nobody_is_told_to_send_a_key(guides):
    assert "scp" not in "".join(guides.values())
    assert "chmod 777" not in "".join(guides.values())


def test_tomcat_is_given_certificate_and_chain_apart_or_both_for_its_keystore(guides):
    for attribute, file in (
        ("certificateFile", "www.example.com.pem"),
        ("certificateChainFile", "www.example.com.chain.pem"),
        ("certificateKeyFile", "www.example.com.key"),
    ):
        assert f'{attribute}="conf/{file}"' in guides["tomcat"]
    assert "keytool -importcert -alias <alias> -file www.example.com.p7b -keystore" in guides["tomcat"]


def test_haproxy_is_given_one_file_that_nobody_else_can_read(guides):
    assert "umask 077; cat www.example.com.fullchain.pem www.example.com.key > " in guides["haproxy"]
    assert "bind :443 ssl crt /etc/haproxy/certs/www.example.com.pem" in guides["haproxy"]


def test_cpanel_is_told_field_by_field():
    guide = install_guide(Server.CPANEL, "*.example.com", FILES, THUMBPRINT)
    told = " ".join(step.sentence for step in guide.steps)
    assert "the domain example.com." in told
    for field, file in (("CRT", "www.example.com.pem"), ("CABUNDLE", "www.example.com.chain.pem")):
        assert f"({field}): paste the text of {file}" in told


def test_there_is_a_guide_for_every_server_with_a_look_at_the_end():
    guides = install_guides("www.example.com", FILES, THUMBPRINT)
    assert len({guide.title for guide in guides}) == len(Server)
    for guide in guides:
        assert "openssl s_client" in lines(guide) or "HasPrivateKey" in lines(guide)


@pytest.mark.parametrize("server", Server)
def test_what_is_to_be_typed_names_no_file_that_does_not_come_along(server):
    files = CertificateFiles.named("a.example.org")
    known = {files.leaf, files.chain, files.fullchain, files.pkcs7, files.key}
    guide = install_guide(server, "a.example.org", files, THUMBPRINT)
    named = set(re.findall(r"a\.example\.org\.(?:[a-z0-9]+\.)?(?:pem|p7b|key)", lines(guide)))
    assert named <= known
