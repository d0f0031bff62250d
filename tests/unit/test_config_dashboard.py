"""[dashboard]: names, proxies and the certificate, and what `takt check` makes of them."""

import pytest

import collectors
from cli import check
from cli.dashboard import options
from cli.settings import DEMO
from store.config import ConfigFaults, load
from store.config_tables import DashboardTable, host_of
from tests.own_certificate import certificate

TEXT = DEMO.read_text()


def read(folder, *lines: str):
    path = folder / "config.toml"
    path.write_text(TEXT.replace("[dashboard]", "\n".join(["[dashboard]", *lines]), 1))
    return load(path, settings_of=lambda name: collectors.load(name).Settings, environ={}).dashboard


def faults(folder, *lines: str) -> list[str]:
    with pytest.raises(ConfigFaults) as told:
        read(folder, *lines)
    return told.value.faults


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('public_url = "mes.example"', "dashboard.public_url: found 'mes.example'; expected http"),
        ('public_url = "https://mes.example/takt"', "dashboard.public_url: found"),
        ('public_url = "https://u:p@mes.example"', "dashboard.public_url: found"),
        ('allowed_hosts = ["http://a"]', "dashboard.allowed_hosts: expected names without scheme"),
        ('allowed_hosts = ["a:80"]', "dashboard.allowed_hosts: expected names without scheme"),
        ('trusted_proxies = ["*"]', "dashboard.trusted_proxies: expected addresses as 10.0.0.1"),
        ('trusted_proxies = ["10.0.0.1/8"]', "and not '10.0.0.1/8'"),
        ("upload_bytes_max = 1", "dashboard.upload_bytes_max: found 1; expected greater than"),
        ('certificate_file = "a"', "certificate_file and private_key_file go together"),
    ],
)
def test_one_mistake_is_told_in_words(tmp_path, line, words):
    (told,) = faults(tmp_path, line)
    assert words in told
    assert "u:p@" not in told


def test_a_certificate_that_cannot_be_used_is_a_fault(tmp_path):
    crt, key = certificate(tmp_path)
    both = ('certificate_file = "takt.crt"', 'private_key_file = "takt.key"')
    table = read(tmp_path, *both)
    assert (table.certificate_file, table.private_key_file) == (crt, key)
    assert "ssl_context_factory" in options(table)
    whole = key.read_text()
    (tmp_path / "other").mkdir()
    for wrong in ("nonsense", certificate(tmp_path / "other")[1].read_text()):
        key.write_text(wrong)
        (told,) = faults(tmp_path, *both)
        assert "dashboard.certificate_file: expected a certificate in PEM" in told
    key.write_text(whole)
    crt.unlink()
    key.unlink()
    assert [line.split(";")[1] for line in faults(tmp_path, *both)] == [
        " expected a file that can be read"
    ] * 2


def test_what_people_type_is_told_and_open_doors_are_noted():
    here = DashboardTable()
    assert (check.address(here), check.open_doors(here)) == ("http://127.0.0.1:8050", [])
    everywhere = DashboardTable(host="0.0.0.0")
    assert "any name" in check.open_doors(everywhere)[0]
    assert "without TLS" in check.open_doors(everywhere)[1]
    proxied = DashboardTable(
        host="0.0.0.0", public_url="https://mes.example", trusted_proxies=("10.0.0.0/8",)
    )
    assert (check.address(proxied), check.open_doors(proxied)) == ("https://mes.example", [])
    forgotten = DashboardTable(public_url="https://mes.example")
    assert "no trusted_proxies" in check.open_doors(forgotten)[0]


def test_only_proxies_that_are_named_are_believed():
    assert options(DashboardTable())["proxy_headers"] is False
    named = options(DashboardTable(trusted_proxies=("10.0.0.0/8", "::1")))
    assert (named["proxy_headers"], named["forwarded_allow_ips"]) == (True, ["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://MES.example:8443", "mes.example"),
        ("//[::1]:80", "::1"),
        ("//a:b", ""),
        ("//[", ""),
        ("", ""),
    ],
)
def test_the_host_of_an_address(url, host):
    assert host_of(url) == host
