"""Windows cut at the full hours and at the midnights of a site, so that what is known of whole ones is used.

Instants named `_us` are microseconds since the epoch, UTC.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from mes.site_time import instant_us, local_date

HOUR_US = 3_600_000_000
_DAY, _EPOCH = dt.timedelta(days=1), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Piece(NamedTuple):
    """A part of a window: a whole day or hour of the site, or what lies between such."""

    span: Literal["day", "hour", "part"]
    start_us: int
    end_us: int


def pieces(start_us: int, end_us: int, zone: ZoneInfo) -> Iterator[Piece]:
    """The window in order of time, without a gap, in as few pieces as it can be."""
    at_us = start_us
    while at_us < end_us:
        midnight_us, next_us = day_of(at_us, zone)
        if at_us == midnight_us and next_us <= end_us:
            yield Piece("day", at_us, next_us)
            at_us = next_us
            continue
        for piece in hours(at_us, min(next_us, end_us), zone):
            yield piece
            at_us = piece.end_us


def day_of(us: int, zone: ZoneInfo) -> tuple[int, int]:
    """The midnights of the site around an instant: the newest, and the next one."""
    date = local_date(us, zone)
    midnight, after = (dt.datetime.combine(d, dt.time()) for d in (date, date + _DAY))
    return instant_us(midnight, zone), instant_us(after, zone)


def hours(start_us: int, end_us: int, zone: ZoneInfo) -> Iterator[Piece]:
    """A window within one day, cut at full hours of the site; the first and last may be parts."""
    at_us = start_us
    while at_us < end_us:
        full_us = next_hour_us(at_us, zone)
        stop_us = min(full_us, end_us)
        whole = stop_us == full_us and at_us == full_us - HOUR_US
        yield Piece("hour" if whole else "part", at_us, stop_us)
        at_us = stop_us


def next_hour_us(us: int, zone: ZoneInfo) -> int:
    """The first full hour of the site's clock behind an instant."""
    at = (_EPOCH + dt.timedelta(microseconds=us)).astimezone(zone)
    offset_us = (at.utcoffset() or dt.timedelta()) // dt.timedelta(microseconds=1)
    return us - (us + offset_us) % HOUR_US + HOUR_US
