"""The tables of config.toml, one model each: a field is a key, its default what stands there
commented out. Protocols and the simulator bring the models of their own tables."""

from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mes.equipment import COUNTERS, Role

Id = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="lower case, digits, - and _"),
]
Name = Annotated[str, Field(min_length=1, max_length=80)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TopTable(Table):
    """The file itself: which tables there are."""

    data_dir: Path = Path("data")
    site: Any
    areas: Any
    work_centers: Any
    work_units: Any
    fault_texts: dict[str, dict[str, str]] = {}
    state_profiles: dict[str, Any] = {}
    tag_maps: dict[str, Any] = {}
    collectors: Any
    redis: Any = None
    dashboard: Any = None
    simulator: Any = None


class SiteTable(Table):
    id: Id
    name: Name
    enterprise: Name = "Enterprise"
    time_zone: str

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("a time zone by its IANA name, as Europe/Berlin")
        return value


class AreaTable(Table):
    id: Id
    name: Name


class WorkCenterTable(Table):
    id: Id
    name: Name
    area: str


class WorkUnitTable(Table):
    id: Id
    name: Name
    short_name: str = ""
    work_center: str
    ideal_cycle_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    expected_period_s: Annotated[float, Field(ge=0.1, le=3600)] = 2.0
    state_profile: str = "packml"
    fault_texts: str = ""


class ProfileTable(Table):
    states: dict[str, str]
    modes: dict[str, str] = {}


class TagTable(Table):
    """What is Takt's own of a tag; the rest of its keys is the protocol's."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
    role: Role = "value"
    unit: Annotated[str, Field(max_length=16)] = ""
    decimals: Annotated[int, Field(ge=0, le=9)] | None = None
    width_bits: Literal[8, 16, 24, 32, 64] | None = None
    watchdog_s: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _counter(self) -> "TagTable":
        if self.width_bits is not None and self.role not in COUNTERS:
            raise ValueError(f"width_bits only with a role of {', '.join(COUNTERS)}")
        return self


class RedisTable(Table):
    url: str | None = None
    url_file: Path | None = None
    stream_entries_max: Annotated[int, Field(ge=1000)] = 20_000
    spool_bytes_max: Annotated[int, Field(ge=1_000_000)] = 1 << 30

    @field_validator("url")
    @classmethod
    def _scheme(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("redis://…, rediss://… or unix://…")
        return value

    def resolved(self, base: Path) -> "RedisTable":
        """With the URL from `url_file` where there is one."""
        if self.url is not None or self.url_file is None:
            return self
        return self.model_copy(update={"url": (base / self.url_file).read_text().strip()})


class DashboardTable(Table):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8050
    window_ms: Annotated[int, Field(ge=20, le=5000)] = 50
    settle_ms: Annotated[int, Field(ge=0, le=100)] = 10
    theme: Literal["light", "dark"] = "light"
