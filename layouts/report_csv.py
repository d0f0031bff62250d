"""The report of a shift as CSV: a line for each work unit, and one for all of them together."""

from collections.abc import Mapping

from layouts.audit_csv import BOM, row
from mes.energy import UJ_PER_KWH
from mes.losses import Account, total
from mes.records import Record

HEAD = (
    "report", "revision", "signed_by", "work_unit", "planned_busy_s", "production_s", "good",
    "reject", "availability", "effectiveness", "quality_ratio", "oee_index", "stopped_s",
    "coded_s", "unknown_s", "failures", "metered_s", "energy_kwh", "idle_kwh", "energy_per_good_kwh",
)  # fmt: skip


def text(record: Record, accounts: Mapping[str, Account]) -> str:
    signed = ", ".join(s.person for s in record.signatures)
    whole = {**accounts, "all": total(accounts.values())}
    lines = [_line(record, signed, unit, account) for unit, account in whole.items()]
    return BOM + row(HEAD) + "".join(lines)


def _line(record: Record, signed: str, unit: str, one: Account) -> str:
    oee, body = one.oee, record.body or {}
    ratios = (oee.availability, oee.effectiveness, oee.quality_ratio, oee.oee_index)
    return row(
        (
            record.id,
            body["revision"],
            signed if body["signed"] else "",
            unit,
            one.pbt_us / 1e6,
            one.apt_us / 1e6,
            *one.counted,
            *("" if ratio is None else ratio for ratio in ratios),
            one.stopped_us / 1e6,
            one.coded_us / 1e6,
            one.unknown_us / 1e6,
            one.failures,
            one.metered_us / 1e6,
            *(("", "", "") if not one.metered_us else _energy(one)),
        )
    )


def _energy(one: Account) -> tuple[float | str, ...]:
    per_good = one.energy_per_good_kwh
    return (
        one.energy_uj / UJ_PER_KWH,
        one.idle_uj / UJ_PER_KWH,
        "" if per_good is None else per_good,
    )
