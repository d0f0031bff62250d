"""[access]: who may see what without signing in, and who else may say who somebody is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult

from pydantic import Field, field_validator, model_validator

from mes.access import PASSWORD_MIN
from store.config_faults import Faults
from store.config_tables import Name, PathText, Table, url_that


class AccessTable(Table):
    """[access]: who may see what.

    demo: the live screens are shown to everybody and people of the demo are made, goes only with
    [simulator]; demo_calendar: with it, a plant without a calendar gets three shifts; password_min: at least 8 [characters];
    oidc_issuer, oidc_client_id: an identity provider, both or none; oidc_client_secret_file: relative
    to the configuration's folder, None for a public client; oidc_name: as people call it.
    """

    demo: bool = False
    demo_calendar: bool = True
    password_min: Annotated[int, Field(ge=8, le=128)] = PASSWORD_MIN
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret_file: PathText | None = None
    oidc_name: Name = "single sign-on"

    @field_validator("oidc_issuer")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        def fits(url: SplitResult) -> bool:
            here = url.hostname in ("127.0.0.1", "localhost", "::1")
            return bool(url.hostname) and url.scheme in (("https", "http") if here else ("https",))

        return url_that(fits, value, "https://<identity provider>")

    @model_validator(mode="after")
    def _both(self) -> "AccessTable":
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("oidc_issuer and oidc_client_id go together")
        return self


def access(raw: Mapping[str, Any], faults: Faults, base: Path) -> AccessTable | None:
    """The table, or None and a line for each fault; its file is absolute, from folder `base`."""
    table = faults.one(AccessTable, raw.get("access", {}), "access")
    if table is None:
        return None
    if table.demo and "simulator" not in raw:
        faults.say("access.demo: found true; expected false where there is no [simulator]")
    if (file := table.oidc_client_secret_file) is None:
        return table
    path = base / file
    try:
        path.read_bytes()
    except OSError:
        faults.add("access.oidc_client_secret_file", str(file), "a file that can be read")
    return table.model_copy(update={"oidc_client_secret_file": path})
