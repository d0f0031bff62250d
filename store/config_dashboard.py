"""[dashboard] as it counts: its port by TAKT_PORT, its certificate where it can be used."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from store.config_faults import Faults
from store.config_tables import DashboardTable


def dashboard(
    raw: Mapping[str, Any], faults: Faults, base: Path, port: str | None
) -> DashboardTable | None:
    """The table, or None and a line for each fault; its files are absolute, from folder `base`."""
    found = raw.get("dashboard", {})
    if not isinstance(found, dict):
        return faults.one(DashboardTable, found, "dashboard")
    told = {**found, "port": port} if port else found
    renamed = {"dashboard.port": "dashboard.port, by TAKT_PORT"} if port else {}
    table = faults.one(DashboardTable, told, "dashboard", renamed=renamed)
    if table is None or table.certificate_file is None or table.private_key_file is None:
        return table
    files = {name: base / getattr(table, name) for name in ("certificate_file", "private_key_file")}
    return table.model_copy(update=files) if _usable(files, faults) else None


def _usable(files: Mapping[str, Path], faults: Faults) -> bool:
    """Whether certificate and private key can be read and belong together; why not was told."""
    readable = True
    for name, path in files.items():
        try:
            path.read_bytes()
        except OSError:
            faults.add(f"dashboard.{name}", str(path), "a file that can be read")
            readable = False
    if not readable:
        return False
    try:
        load_certificate(files["certificate_file"], files["private_key_file"])
    except (ssl.SSLError, ValueError):
        faults.say(
            "dashboard.certificate_file: expected a certificate in PEM, and in private_key_file "
            "its key without a password"
        )
        return False
    return True


def load_certificate(certificate: Path, private_key: Path) -> ssl.SSLContext:
    """What serves TLS 1.2 and later with these files. Raises OSError, ssl.SSLError, ValueError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # With a password at hand nobody is asked for one at the terminal.
    context.load_cert_chain(certificate, private_key, password=lambda: "")
    return context
