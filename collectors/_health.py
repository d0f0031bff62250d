"""What is remembered of one device's answers, for its link: rates, clock, bad tags. No I/O.

Times are handed in: `now_us` by the wall clock, `now_s` by a clock that never jumps.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta

from mes.observation import Observation

RATE_WINDOW_S = 10
CLOCK_WINDOW_S = 60
_SECOND = timedelta(seconds=1)


class Health:
    """Counts the answers of one device. A connection that is lost starts the clock's part anew."""

    def __init__(self) -> None:
        self.last_answer_us: int | None = None
        self.last_value_us: int | None = None
        self._troubles: dict[tuple[str, str], str] = {}
        self._counts: deque[tuple[float, int]] = deque()  # (when, values)
        self._delays: deque[tuple[float, timedelta]] = deque()  # (second, least received − source)
        self._known: set[tuple[str, str]] = set()  # tags heard since it was connected

    def answered(self, observations: Sequence[Observation], *, now_us: int, now_s: float) -> None:
        """Take one answer into account."""
        self.last_answer_us = now_us
        if not observations:
            return
        self.last_value_us = now_us
        self._counts.append((now_s, len(observations)))
        self._forget(now_s)
        least: timedelta | None = None
        for o in observations:
            key = (o.work_unit, o.tag)
            if o.quality == "bad":
                self._troubles[key] = o.status
            elif self._troubles:
                self._troubles.pop(key, None)
            # A tag's first value may be as old as its last change: only later ones tell the clock.
            if key not in self._known:
                self._known.add(key)
            elif o.source_time is not o.received_time:
                delay = o.received_time - o.source_time
                least = delay if least is None or delay < least else least
        if least is not None:
            self._remember_delay(least, now_s)

    def lost(self) -> None:
        """The connection is gone: what was said of single tags no longer holds."""
        self._troubles.clear()
        self._known.clear()
        self._delays.clear()
        self._counts.clear()

    @property
    def troubles(self) -> Mapping[str, str]:
        """Words for each tag that is bad, by "unit.tag"."""
        return {f"{unit}.{tag}": words for (unit, tag), words in sorted(self._troubles.items())}

    def rate_per_s(self, *, now_s: float) -> float:
        """Values a second over the last ten seconds."""
        self._forget(now_s)
        return round(sum(n for _, n in self._counts) / RATE_WINDOW_S, 1)

    def clock_skew_s(self, *, now_s: float) -> float | None:
        """Our clock minus the device's [s], None where it has not shown one within a minute.

        The least delay of the values of a minute: a value can wait on its way, and be told late,
        but it cannot be told before it was true.
        """
        self._forget(now_s)
        if not self._delays:
            return None
        return round(min(delay for _, delay in self._delays) / _SECOND, 3)

    def _remember_delay(self, delay: timedelta, now_s: float) -> None:
        second = float(int(now_s))
        if self._delays and self._delays[-1][0] == second:
            delay = min(delay, self._delays.pop()[1])
        self._delays.append((second, delay))

    def _forget(self, now_s: float) -> None:
        while self._counts and self._counts[0][0] <= now_s - RATE_WINDOW_S:
            self._counts.popleft()
        while self._delays and self._delays[0][0] <= now_s - CLOCK_WINDOW_S:
            self._delays.popleft()
