"""Numbers and times as people read them. What is not known is a dash, never a zero.

Times named `_us` are microseconds since the epoch, UTC; shown times are site time.
"""

import math
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from mes.observation import Value

NOTHING = "–"
DAY_US = 86_400_000_000


def number(value: float | None, decimals: int = 0) -> str:
    """`value` with thousands separators, a dash where there is none."""
    return NOTHING if value is None else f"{value:,.{decimals}f}"


def plural(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def sentence(*parts: str) -> str:
    """The parts that are not empty as one sentence: a capital in front, a full stop behind."""
    text = ", ".join(part for part in parts if part)
    if not text:
        return ""
    first = text.split(maxsplit=1)[0]
    if "://" not in first:  # an address is written as it is
        text = text[0].upper() + text[1:]
    return text + ("" if text[-1] in ".!?" else ".")


def reading(value: Value, decimals: int | None) -> str:
    """A tag's value alone, no unit and no separators: it may be read by a program."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and math.isfinite(value):
        if decimals is not None:
            return f"{value:.{decimals}f}"
        if isinstance(value, float):
            return f"{value:.7g}" if 1e-4 <= abs(value) < 1e7 else f"{value:g}"
    return str(value)


def hours(us: int) -> str:
    """A length of time as people say it: "7 h 30 min", "9 h", "45 min"."""
    h, m = divmod(round(us / 60_000_000), 60)
    if not h:
        return f"{m} min" if m else "0 h"
    return f"{h:,} h {m:02} min" if m else f"{h:,} h"


def ms(us: int | None) -> str:
    """Milliseconds as the painter takes them, empty where there is no time."""
    return "" if us is None else str(us // 1000)


@lru_cache(maxsize=4096)
def _clock(second: int, zone: str) -> tuple[str, str, str]:
    at = datetime.fromtimestamp(second, ZoneInfo(zone))
    return f"{at:%H:%M}", f"{at:%H:%M:%S}", f"{at.day} {at:%b}"


def site_time(us: int | None, *, now_us: int, zone: str, seconds: bool = False) -> str:
    """The time of day at the site, with the day where it is not today's."""
    if us is None:
        return NOTHING
    minute, second, day = _clock(us // 1_000_000, zone)
    text = second if seconds else minute
    if abs(now_us - us) < DAY_US and day == _clock(now_us // 60_000_000 * 60, zone)[2]:
        return text
    return f"{day} {text}"


@lru_cache(maxsize=64)
def _zone_word(hour: int, zone: str) -> str:
    word = datetime.fromtimestamp(hour * 3600, ZoneInfo(zone)).tzname() or zone
    return f"UTC{word}" if word[0] in "+-" else word


def zone_word(now_us: int, zone: str) -> str:
    """What people call the zone now: "CET" in winter, "CEST" in summer."""
    return _zone_word(now_us // 3_600_000_000, zone)


def age(us: int) -> str:
    """How old something is, exactly as the painter writes it: 0.3 s, 42 s, 07:42."""
    if us >= 60_000_000:
        return span(us)
    return f"{us // 1_000_000} s" if us >= 10_000_000 else f"{max(0, us) // 100_000 / 10:.1f} s"


def span(us: int) -> str:
    """A running time exactly as the painter writes it: 07:42, 1:05:12."""
    s = max(0, us // 1_000_000)
    h, m, s = s // 3600, s // 60 % 60, s % 60
    return f"{h}:{m:02}:{s:02}" if h else f"{m:02}:{s:02}"
