"""OPC UA with certificates and passwords, and what is said when they are not the right ones."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from cryptography.x509.oid import ExtendedKeyUsageOID

from collectors import SourceRejected, SourceUnavailable, opcua
from tests.ports import free_port

pytestmark = pytest.mark.protocol
TAG = {"work_unit": "u", "name": "count", "node": "nsu=urn:takt:test;s=count"}


class Users:
    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        known = (username, password) == ("takt", "open sesame")
        return User(role=UserRole.User) if known else None


async def certificates(folder: Path) -> None:
    """Keys for a server, for us, and for two that are not trusted."""
    for name, uri, use in (
        ("plc", "urn:takt:test:plc", ExtendedKeyUsageOID.SERVER_AUTH),
        ("other-plc", "urn:takt:test:plc", ExtendedKeyUsageOID.SERVER_AUTH),
        ("takt", "urn:plant:takt", ExtendedKeyUsageOID.CLIENT_AUTH),
        ("stranger", "urn:plant:takt", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        key, certificate = folder / f"{name}.pem", folder / f"{name}.der"
        await setup_self_signed_certificate(
            key, certificate, uri, "localhost", [use], {"commonName": name}
        )
    (folder / "trusted").mkdir()
    (folder / "trusted" / "takt.der").write_bytes((folder / "takt.der").read_bytes())


async def start(port: int, folder: Path) -> Server:
    await certificates(folder)
    server = Server(user_manager=Users())
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plc")
    await server.set_application_uri("urn:takt:test:plc")
    kinds = ua.SecurityPolicyType
    server.set_security_policy([kinds.Basic256Sha256_SignAndEncrypt, kinds.Basic256Sha256_Sign])
    await server.load_certificate(str(folder / "plc.der"))
    await server.load_private_key(str(folder / "plc.pem"))
    trusted = TrustStore([folder / "trusted"], [])
    await trusted.load()
    options = CertificateValidatorOptions
    server.set_certificate_validator(
        CertificateValidator(options.TRUSTED_VALIDATION | options.PEER_CLIENT, trusted)
    )
    index = await server.register_namespace("urn:takt:test")
    await server.nodes.objects.add_variable(ua.NodeId("count", index), "count", 7)
    await server.start()
    return server


class Secured:
    def __init__(self, port: int, folder: Path) -> None:
        self.folder = folder
        (folder / "password").write_text("open sesame\n")
        (folder / "wrong").write_text("open barley\n")
        self._given = {
            "id": "plc",
            "endpoint": f"opc.tcp://127.0.0.1:{port}/plc",
            "tags": [TAG],
            "security": "sign_and_encrypt",
            "certificate_file": folder / "takt.der",
            "private_key_file": folder / "takt.pem",
            "server_certificate_file": folder / "plc.der",
            "user": "takt",
            "password_file": folder / "password",
        }

    def settings(self, **changes: Any) -> opcua.Settings:
        files = {k: self.folder / v if k.endswith("_file") and v else v for k, v in changes.items()}
        return opcua.Settings.model_validate(self._given | files)


@pytest.fixture(scope="module")
def secured(server_loop, tmp_path_factory) -> Iterator[Secured]:
    port, folder = free_port(), tmp_path_factory.mktemp("secured")
    server = asyncio.run_coroutine_threadsafe(start(port, folder), server_loop).result(60)
    yield Secured(port, folder)
    asyncio.run_coroutine_threadsafe(server.stop(), server_loop).result(10)


@pytest.mark.parametrize("security", ["sign", "sign_and_encrypt"])
async def test_values_come_over_a_secured_connection(secured, collected, security: str) -> None:
    given = secured.settings(security=security)
    found, error = await collected(opcua, given, lambda f: len(f) >= 1)
    assert error is None
    assert [(o.value, o.quality) for o in found] == [(7, "good")]


NOBODY = {"user": None, "password_file": None}
OPEN = {
    "security": "none",
    "certificate_file": None,
    "private_key_file": None,
    "server_certificate_file": None,
}
STRANGER = {"certificate_file": "stranger.der", "private_key_file": "stranger.pem"}


@pytest.mark.parametrize(
    ("changes", "words", "advice"),
    [
        (STRANGER, "does not trust the certificate", "trust Takt's certificate"),
        ({"password_file": "wrong"}, "denies this user", "password_file"),
        (NOBODY, "denies this user", "password_file"),
        (OPEN | NOBODY, "does not offer the kind of security", "`security`"),
        ({"password_file": "none"}, "password_file", "Check the path"),
        ({"certificate_file": "none"}, "certificate_file", "Check the path"),
        ({"private_key_file": "none"}, "private_key_file", "Check the path"),
        ({"private_key_file": "plc.der"}, "private_key_file", "Check the path"),
        ({"server_certificate_file": "none"}, "server_certificate_file", "Check the path"),
    ],
)
async def test_a_refusal_says_what_a_person_must_do(
    secured, collected, changes: dict[str, Any], words: str, advice: str
) -> None:
    found, error = await collected(opcua, secured.settings(**changes))
    assert isinstance(error, SourceRejected)
    assert words in str(error)
    assert advice in error.advice
    assert error.__cause__ is not None
    assert found == []


@pytest.mark.parametrize(
    "changes", [{"server_certificate_file": "other-plc.der"}, {"private_key_file": "stranger.pem"}]
)
async def test_a_server_that_falls_silent_on_wrong_keys_gets_a_hint(
    secured, collected, changes: dict[str, Any]
) -> None:
    found, error = await collected(opcua, secured.settings(timeout_s=0.5, **changes))
    assert isinstance(error, SourceUnavailable)
    assert "did not answer within 0.5 s" in str(error)
    assert "server_certificate_file" in error.advice
    assert found == []


async def test_the_password_is_in_no_words(secured, collected) -> None:
    _, error = await collected(opcua, secured.settings(password_file="wrong"))
    assert "barley" not in f"{error} {error.advice} {error.__cause__!r}"
