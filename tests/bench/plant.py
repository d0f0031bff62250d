"""The plant that is measured: n work units of one hall over OPC UA, as configuration and as nodes."""

from dataclasses import dataclass
from pathlib import Path

AREA = "hall"
DEVICE = "plc"
UNITS_A_CENTER = 10
# tag → (role, OPC UA type). All but the state change at the rate that is measured.
TAGS = {
    "state": ("state", "UInt16"),
    "good": ("good_count", "UInt32"),
    "speed": ("value", "Double"),
    "power": ("value", "Double"),
    "torque": ("value", "Double"),
    "temperature": ("value", "Double"),
    "pressure": ("value", "Double"),
    "position": ("value", "Double"),
    "stamp": ("value", "Double"),  # its value is its own time [ms since the epoch]
}
CHANGING = tuple(name for name in TAGS if name != "state")
PACKML_EXECUTE, PACKML_SUSPENDED = 6, 5


@dataclass(frozen=True, kw_only=True)
class BenchPlant:
    """How big it is, where it listens, and how often screens are told."""

    data_dir: Path
    port: int
    opcua_port: int
    units: int = 50
    window_ms: int = 50
    publishing_ms: int = 100

    @property
    def ids(self) -> list[str]:
        return [f"unit-{i:03}" for i in range(self.units)]

    @property
    def centers(self) -> dict[str, list[str]]:
        ids = self.ids
        rows = range(0, len(ids), UNITS_A_CENTER)
        return {f"line-{i // UNITS_A_CENTER + 1}": ids[i : i + UNITS_A_CENTER] for i in rows}

    @property
    def endpoint(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.opcua_port}/bench"

    @property
    def nodes(self) -> dict[str, str]:
        """Every node of the server, and its type."""
        return {f"{id}.{tag}": kind for id in self.ids for tag, (_, kind) in TAGS.items()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write(self) -> Path:
        """Write the configuration into the data directory; returns its path."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        path = self.data_dir / "config.toml"
        path.write_text(config_text(self), encoding="utf-8")
        return path


def config_text(plant: BenchPlant) -> str:
    """The configuration of `plant` as TOML."""
    parts = [
        f'data_dir = "{plant.data_dir}"',
        '[site]\nid = "bench"\nname = "Bench"\nenterprise = "Takt"\ntime_zone = "UTC"',
        f'[[areas]]\nid = "{AREA}"\nname = "Hall"',
    ]
    for center, ids in plant.centers.items():
        parts.append(f'[[work_centers]]\nid = "{center}"\nname = "{center}"\narea = "{AREA}"')
        parts += [
            f'[[work_units]]\nid = "{id}"\nname = "{id}"\nwork_center = "{center}"\n'
            "ideal_cycle_s = 0.5"
            for id in ids
        ]
    parts += [
        f'[[tag_maps.bench]]\nname = "{tag}"\nrole = "{role}"\n'
        f'node = "nsu=urn:takt:simulator;s={{unit}}.{tag}"'
        for tag, (role, _) in TAGS.items()
    ]
    names = ", ".join(f'"{id}"' for id in plant.ids)
    parts += [
        (
            f'[[collectors.opcua]]\nid = "{DEVICE}"\nwork_units = [{names}]\ntags = "bench"\n'
            f'endpoint = "{plant.endpoint}"\npublishing_interval_ms = {plant.publishing_ms}'
        ),
        f"[dashboard]\nport = {plant.port}\nwindow_ms = {plant.window_ms}",
        "[access]\ndemo = true",  # its screens are measured without anybody signing in
        (
            '[simulator]\n[[simulator.lines]]\nprotocol = "opcua"\nkind = "press"\n'
            f'endpoint = "{plant.endpoint}"\nmachines = [{{ id = "unplayed", cycle_s = 1.0 }}]'
        ),
    ]
    return "\n\n".join(parts) + "\n"
