"""The tables of config.toml, one model each: a field is a key, its default what stands there
commented out. Protocols and the simulator bring the models of their own tables."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from mes.energy import WATTS
from mes.equipment import COUNTERS, Role


def _id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", text):
        raise ValueError("1 to 63 lower-case letters, digits, - and _, beginning with none of - _")
    return text


def _tag_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", text):
        raise ValueError("1 to 63 letters, digits, - and _, beginning with none of - _")
    return text


def _path(found: Path) -> Path:
    if "\0" in str(found):
        raise ValueError("a path")
    return found


def url_that(fits: Callable[[SplitResult], bool], value: str | None, expected: str) -> str | None:
    """`value` where it is none, or a URL that fits. Raises ValueError with what is expected."""
    try:
        if value is None or (urlsplit(value).port != 0 and fits(urlsplit(value))):
            return value
    except ValueError:  # what stands for a host or port is none
        pass
    raise ValueError(expected)


Id = Annotated[str, AfterValidator(_id)]
TagName = Annotated[str, AfterValidator(_tag_name)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
PathText = Annotated[Path, AfterValidator(_path)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TopTable(Table):
    """The file itself: which tables there are. data_dir is relative to the file's folder."""

    data_dir: PathText = Path("data")
    site: Any
    areas: Any = None
    work_centers: Any = None
    work_units: Any = None
    fault_texts: dict[str, dict[str, str]] = {}  # name → code → what it says
    state_profiles: dict[str, dict[str, Any]] = {}
    tag_maps: dict[str, list[dict[str, Any]]] = {}
    collectors: Any
    redis: Any = None
    database: Any = None
    dashboard: Any = None
    access: Any = None
    simulator: Any = None


class SiteTable(Table):
    """[site]: the plant. Its time zone is what pages show; everything is kept in UTC."""

    id: Id
    name: Name
    enterprise: Name = "Enterprise"
    time_zone: str
    currency: Annotated[str, Field(max_length=8)] = ""
    energy_price_per_kwh: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("a time zone by its IANA name, as Europe/Berlin")
        return value


class AreaTable(Table):
    """[[areas]]: a part of the site."""

    id: Id
    name: Name


class WorkCenterTable(Table):
    """[[work_centers]]: a line or a group of machines in the area with the id `area`.

    flow: serial where each unit works on what the one before it hands on, in the order in which they
    stand here.
    """

    id: Id
    name: Name
    area: str
    flow: Literal["parallel", "serial"] = "parallel"


class WorkUnitTable(Table):
    """[[work_units]]: one machine in the work centre with the id `work_center`.

    ideal_cycle_s: planned run time per item [s/piece], above 0;
    expected_period_s: it is heard of at least this often, 0.1 to 3600 [s]; silence of twice this
    is stale, and so it must be at least 0.75 of the period that its devices are heard in;
    short_name: for walls; "" stands for the name in capitals.
    """

    id: Id
    name: Name
    short_name: str = ""
    work_center: str
    ideal_cycle_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    expected_period_s: Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)] = 2.0
    state_profile: str = "packml"
    fault_texts: str = ""


class ProfileTable(Table):
    """[state_profiles.<name>]: a machine's codes for states and modes → our words for them."""

    states: dict[str, str]
    modes: dict[str, str] = {}


class TagTable(Table):
    """What is Takt's own of a tag; the rest of its keys is the protocol's.

    unit: as printed behind the value, at most 16 characters; decimals: digits shown, 0 to 9,
    None as it comes; width_bits: of a counter that rolls over, None where it does not;
    watchdog_s: stale when not heard for so long [s], above 0, None for no such watch.
    """

    name: TagName
    role: Role = "value"
    unit: Annotated[str, Field(max_length=16)] = ""
    decimals: Annotated[int, Field(ge=0, le=9)] | None = None
    width_bits: Literal[8, 16, 24, 32, 64] | None = None
    watchdog_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _counter(self) -> "TagTable":
        if self.width_bits is not None and self.role not in COUNTERS:
            raise ValueError(f"width_bits goes only with a role of {', '.join(COUNTERS)}")
        if self.role == "power" and self.unit not in WATTS:
            raise ValueError(f"a role of power goes only with a unit of {', '.join(WATTS)}")
        return self


class DeviceTable(Table):
    """What is Takt's own of an entry of [[collectors.<protocol>]]."""

    id: Id


class RedisTable(Table):
    """[redis]: the live plane. Without a URL Takt starts its own.

    url_file: holds the URL, relative to the configuration's folder; `load` puts it into `url`;
    stream_entries_max: kept for each work unit, at least 1000 [entries];
    spool_bytes_max: kept on disk while Redis is away, at least 1,000,000 [bytes].
    """

    url: str | None = None
    url_file: PathText | None = None
    stream_entries_max: Annotated[int, Field(ge=1000)] = 20_000
    spool_bytes_max: Annotated[int, Field(ge=1_000_000)] = 1 << 30

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        def fits(url: SplitResult) -> bool:
            return url.scheme in ("redis", "rediss", "unix") and "://" in str(value)

        return url_that(fits, value, "redis://<host>:<port>/<db>, rediss://… or unix://<path>")


class DatabaseTable(Table):
    """[database]: the records. Without a URL a file of SQLite in data_dir.

    url_file: holds the URL, relative to the configuration's folder; `load` puts it into `url`.
    """

    url: str | None = None
    url_file: PathText | None = None

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        def fits(url: SplitResult) -> bool:
            return url.scheme in ("postgresql", "postgres") and len(url.path) > 1

        return url_that(fits, value, "postgresql://<user>@<host>:<port>/<database>")


class DashboardTable(Table):
    """[dashboard]: who may reach the screens and how, and how often they are told.

    port: 1 to 65,535; window_ms: between updates of a screen, 20 to 5000 [ms];
    settle_ms: a burst is given this long to go out together, 0 to 100 [ms];
    public_url: what people type, scheme and host and no path, None where they type host and port;
    allowed_hosts: further names that they may type;
    trusted_proxies: addresses and networks whose X-Forwarded-… is believed;
    certificate_file, private_key_file: PEM, relative to the configuration's folder, both or none;
    upload_bytes_max: of a request's body, at least 10,000 [bytes];
    api_requests_per_min: of one caller, at least 1; connections_max: at once, at least 10.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8050
    window_ms: Annotated[int, Field(ge=20, le=5000)] = 50
    settle_ms: Annotated[int, Field(ge=0, le=100)] = 10
    theme: Literal["light", "dark"] = "light"
    public_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    certificate_file: PathText | None = None
    private_key_file: PathText | None = None
    upload_bytes_max: Annotated[int, Field(ge=10_000)] = 1 << 20
    api_requests_per_min: Annotated[int, Field(ge=1)] = 600
    connections_max: Annotated[int, Field(ge=10)] = 800

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        origin = value.removesuffix("/").lower()
        if not re.fullmatch(r"https?://[^/?#@\s]+", origin) or not host_of(origin):
            raise ValueError(
                "http://<host> or https://<host>, with :<port> where it is not the usual one"
            )
        return origin

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if host_of(f"//{name}") != name.lower():
                raise ValueError(f"names without scheme and port, and not {name!r}")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            try:
                ip_network(name)
            except ValueError:
                raise ValueError(f"addresses as 10.0.0.1 or 10.0.0.0/8, and not {name!r}") from None
        return value

    @model_validator(mode="after")
    def _both(self) -> "DashboardTable":
        if (self.certificate_file is None) != (self.private_key_file is None):
            raise ValueError("certificate_file and private_key_file go together")
        return self


def host_of(url: str) -> str:
    """The host of a URL or of `//host:port`, without brackets, in small letters; "" for none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError where it is none
        return parts.hostname or ""
    except ValueError:
        return ""
