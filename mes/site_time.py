"""Site time and UTC: which instant a wall clock of the site's zone means, and back.

Instants named `_us` are microseconds since the epoch, UTC. A wall time is a naive datetime.
"""

import datetime as dt
from zoneinfo import ZoneInfo

LAST_US = 7_258_118_400_000_000  # 2200-01-01: no zone's rules are known that far
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND, _SECOND = dt.timedelta(microseconds=1), dt.timedelta(seconds=1)


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone. Raises ValueError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError, AttributeError):
        raise ValueError(
            f"time_zone: found {name!r}; expected an IANA name such as Europe/Berlin"
        ) from None


def local_date(instant_us: int, zone: ZoneInfo) -> dt.date:
    """The date on the site's wall."""
    return (_EPOCH + dt.timedelta(microseconds=instant_us)).astimezone(zone).date()


def instant_us(wall: dt.datetime, zone: ZoneInfo) -> int:
    """The first instant at which the site's clock shows `wall`, or has passed it.

    A time that the clock shows twice is its first occurrence; one that it skips is the first
    instant after the gap. So a later wall time never means an earlier instant: shifts that do
    not overlap on the wall do not overlap in UTC, and one that ends when the next starts does so
    on every night.
    """
    before = _offset(wall.replace(tzinfo=zone))
    after = _offset(wall.replace(tzinfo=zone, fold=1))
    if after > before:
        return _gap_end_us(wall, before, after, zone)
    return (wall.replace(tzinfo=dt.UTC) - before - _EPOCH) // _MICROSECOND


def _offset(time: dt.datetime) -> dt.timedelta:
    return time.utcoffset() or dt.timedelta()


def _gap_end_us(
    wall: dt.datetime, before: dt.timedelta, after: dt.timedelta, zone: ZoneInfo
) -> int:
    """The instant of the change over which the clock skips `wall`, found by halving."""
    early = wall.replace(tzinfo=dt.UTC) - after  # still has the offset `before`
    seconds = (after - before) // _SECOND  # after which it has the offset `after`
    still, changed = 0, seconds
    while changed - still > 1:
        middle = (still + changed) // 2
        if _offset((early + middle * _SECOND).astimezone(zone)) == before:
            still = middle
        else:
            changed = middle
    return (early + changed * _SECOND - _EPOCH) // _MICROSECOND


def typed_us(field: str, text: str, zone: ZoneInfo) -> int | None:
    """The instant that somebody typed, as RFC 3339, or without an offset as site time; None for
    nothing. Raises ValueError that names the field.
    """
    said = text.strip()
    if not said:
        return None
    try:  # a + that was not quoted in an address has become a space
        at = dt.datetime.fromisoformat(said.replace(" ", "+") if "T" in said else said)
        found = instant_us(at, zone) if at.tzinfo is None else (at - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{field}: found {text!r}; expected a time as 2026-01-31T14:00") from error
    if abs(found) > LAST_US:
        raise ValueError(f"{field}: found {text!r}; expected a year up to 2200")
    return found
