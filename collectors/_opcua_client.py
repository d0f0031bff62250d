"""Opening and closing an OPC UA connection."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Protocol

from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography import x509

from collectors._opcua_words import unreadable_file

SESSION_S = 30  # a session that was not closed is given up by the server after so long
GOODBYE_S = 1.5  # given to a server to take our leave


class Access(Protocol):
    """What of a collector's settings says how to get in."""

    @property
    def endpoint(self) -> str: ...
    @property
    def timeout_s(self) -> float: ...
    @property
    def user(self) -> str | None: ...
    @property
    def password_file(self) -> Path | None: ...
    @property
    def security(self) -> str: ...
    @property
    def certificate_file(self) -> Path | None: ...
    @property
    def private_key_file(self) -> Path | None: ...
    @property
    def server_certificate_file(self) -> Path | None: ...


async def connect(access: Access) -> Client:
    """A connected client. Raises what asyncua raises, and SourceRejected for an unusable file."""
    client = Client(access.endpoint, timeout=access.timeout_s, watchdog_intervall=access.timeout_s)
    client.name = client.description = "Takt"
    client.application_uri = "urn:takt:collector"
    client.session_timeout = SESSION_S * 1000
    if access.user is not None and access.password_file is not None:
        client.set_user(access.user)
        client.set_password(await asyncio.to_thread(_password, access.password_file))
    if access.security != "none":
        await _secure(client, access)
    try:
        await client.connect()
    except BaseException:
        await disconnect(client, politely=False)
        raise
    return client


async def _secure(client: Client, access: Access) -> None:
    mode = {
        "sign": ua.MessageSecurityMode.Sign,
        "sign_and_encrypt": ua.MessageSecurityMode.SignAndEncrypt,
    }[access.security]
    assert access.certificate_file is not None
    client.application_uri = await asyncio.to_thread(_application_uri, access.certificate_file)
    try:
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=str(access.certificate_file),
            private_key=str(access.private_key_file),
            server_certificate=str(access.server_certificate_file),
            mode=mode,
        )
    except (OSError, ValueError, TypeError) as error:
        raise unreadable_file("private_key_file or server_certificate_file") from error


def _password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        raise unreadable_file(f"password_file {path}") from error


def _application_uri(path: Path) -> str:
    """The URI a certificate was made for: a server compares it with the one we say we are."""
    try:
        content = path.read_bytes()
        pem = content.lstrip().startswith(b"-----")
        load = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
        names = load(content).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return names.value.get_values_for_type(x509.UniformResourceIdentifier)[0]
    except (OSError, ValueError, LookupError, x509.ExtensionNotFound) as error:
        raise unreadable_file(f"certificate_file {path} (with an application URI)") from error


async def disconnect(client: Client, *, politely: bool = True) -> None:
    """Close everything that `client` has open, within GOODBYE_S whatever the server does."""
    protocol = client.uaclient.protocol
    tasks: list[asyncio.Task[Any] | None] = [
        client._supervisor_task,
        client._stale_watchdog_task,
        client._renew_channel_task,
        client.uaclient.session._publish_task,
    ]
    try:
        if politely and protocol is not None and not protocol.is_closed:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(GOODBYE_S):
                    await client.disconnect()
    finally:
        if protocol is not None and protocol.transport is not None:
            protocol.transport.abort()
        client.uaclient.request_disconnect()
        running = {task for task in tasks if task is not None and not task.done()}
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=GOODBYE_S)
