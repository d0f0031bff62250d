"""The [simulator] section of the configuration: which machines are played, and behind what."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Kind = Literal["press", "station"]
INVENTED_SPEED_MAX = 1000.0  # past that, a machine does more in a second than can be served


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MachineSettings(_Table):
    id: Id
    cycle_s: float = Field(gt=0, le=3600)  # of an undisturbed cycle [s/piece]


class ModbusMachineSettings(MachineSettings):
    port: Port


class OpcUaLine(_Table):
    """Machines behind one OPC UA server; nodes are `<machine>.<tag>` in urn:takt:simulator."""

    protocol: Literal["opcua"]
    kind: Kind
    endpoint: str
    machines: tuple[MachineSettings, ...] = Field(min_length=1)
    buffers: bool = True  # neighbours starve and block each other

    @field_validator("endpoint")
    @classmethod
    def _is_opc_tcp(cls, value: str) -> str:
        try:
            found = urlsplit(value)
            complete = found.scheme == "opc.tcp" and found.hostname and found.port
        except ValueError:
            complete = False
        if not complete:
            raise ValueError("expected opc.tcp://<host>:<port>/<path>")
        return value

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        found = urlsplit(self.endpoint)
        return ((found.hostname or "", found.port or 0),)


class ModbusLine(_Table):
    """Machines each behind a Modbus TCP server of its own."""

    protocol: Literal["modbus"]
    kind: Kind
    host: str = "127.0.0.1"
    machines: tuple[ModbusMachineSettings, ...] = Field(min_length=1)
    buffers: bool = True

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        return tuple((self.host, machine.port) for machine in self.machines)


Line = Annotated[OpcUaLine | ModbusLine, Field(discriminator="protocol")]


class Settings(_Table):
    """What is played. A fault that spans tables is reported once those are sound themselves."""

    seed: int = 1
    speed: float = Field(default=1.0, gt=0, le=100_000)  # seconds of the plant in one of ours
    trace_file: Path | None = None  # what is played; None: the machines make their day up
    truth_log: str = "truth"  # a folder, below the data directory
    lines: tuple[Line, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        ids = [machine.id for line in self.lines for machine in line.machines]
        addresses = [f"{h}:{p}" for line in self.lines for h, p in line.addresses]
        faults = [
            f"{what} {thing} is given {found.count(thing)} times; expected once"
            for what, found in (("machine", ids), ("address", addresses))
            for thing in dict.fromkeys(found)
            if found.count(thing) > 1
        ]
        if self.trace_file is None and self.speed > INVENTED_SPEED_MAX:
            most = f"expected {INVENTED_SPEED_MAX:g} at most without a trace_file"
            faults.append(f"speed is {self.speed:g}; {most}")
        if faults:
            raise ValueError("; ".join(faults))
        return self
