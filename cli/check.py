"""`takt check`: every fault of a configuration at once, and what would be used."""

from importlib.metadata import packages_distributions
from pathlib import Path

from cli.embedded_redis import find_server
from cli.settings import redis_is_ours, settings, trace_of
from dashboard.hosts import accepts_any, is_loopback
from mes.equipment import Plant
from store.config_faults import masked
from store.config_tables import DashboardTable
from store.log.database import FILE

OURS = "mes store collectors engine simulator layouts dashboard cli".split()


def main(path: Path) -> int:
    config = settings(path)
    plant, trace = config.plant, trace_of(config)
    print(f"{path.name}: no faults")
    print(
        f"{plant.name}: {len(plant.areas)} areas, {len(plant.work_centers)} work centres, "
        f"{len(plant.work_units)} work units, {len(plant.devices)} devices"
    )
    print(f"Redis: {_redis(path, str(config.redis.url))}")
    print(f"records: {masked(config.database.url or f'SQLite, {config.data_dir / FILE}')}")
    print(f"data: {config.data_dir}")
    print(f"screens: {address(config.dashboard)}/")
    if trace:
        print(f"simulator: plays {trace}")
    for line in [*notes(plant), *open_doors(config.dashboard)]:
        print(f"note: {line}")
    foreign = foreign_owners()
    for line in foreign:
        print(f"fault: {line}")
    return 2 if foreign else 0


def notes(plant: Plant) -> list[str]:
    """What is allowed, and yet hardly meant."""
    used = {unit.work_center for unit in plant.work_units.values()}
    areas = {plant.work_centers[center].area for center in used}
    return [
        *(
            f"area {id} has no work unit: its screens stay empty"
            for id in plant.areas
            if id not in areas
        ),
        *(
            f"work centre {id} has no work unit: its screens stay empty"
            for id in plant.work_centers
            if id not in used
        ),
        *(
            f"{unit.id} has no tag of role state: its state stays unknown"
            for unit in plant.work_units.values()
            if "state" not in unit.by_role
        ),
    ]


def address(table: DashboardTable) -> str:
    """Where the screens are, as scheme, host and port."""
    if table.public_url:
        return table.public_url
    host = f"[{table.host}]" if ":" in table.host else table.host
    return f"http{'s' if table.certificate_file else ''}://{host}:{table.port}"


def open_doors(table: DashboardTable) -> list[str]:
    """What of the way to the screens is allowed, and yet hardly meant."""
    out = []
    tls = table.certificate_file is not None
    if accepts_any(table):
        out.append("dashboard answers to any name: allowed_hosts or public_url would say which")
    if not tls and not table.trusted_proxies and not is_loopback(table.host):
        out.append("dashboard can be reached without TLS: see docs/security.md")
    if str(table.public_url).startswith("https:") and not tls and not table.trusted_proxies:
        out.append("public_url is https, but no trusted_proxies and no certificate_file make it so")
    return out


def _redis(path: Path, url: str) -> str:
    if not redis_is_ours(path):
        return masked(url)
    try:
        return f"our own, {find_server()} at {url}"
    except FileNotFoundError as error:
        return f"none: {error}"


def foreign_owners() -> list[str]:
    """Our top-level names that another installed distribution also claims."""
    owners = packages_distributions()
    return [
        f"{name!r} is also installed by {owner}: use an environment of Takt's own"
        for name in OURS
        for owner in sorted(set(owners.get(name, [])) - {"takt-mes"})
    ]
