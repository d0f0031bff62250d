"""Laws of the shift calendar, for any plan, zone and window; and of the records it is made of."""

import copy
import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mes.calendar import Calendar, cut
from mes.planned_shifts import PlannedShifts, settled
from mes.shifts import (
    WEEK,
    Break,
    Holiday,
    ShiftException,
    ShiftPattern,
    ShiftTimes,
    WeeklyShift,
)
from mes.site_time import instant_us

EXAMPLES = 35  # a calendar takes milliseconds to draw up; the laws held over 1,500 once
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "UTC",
)
# Near these the clock of one of the zones changes; on the first, Apia skips 2011-12-30.
NEAR = [
    dt.date.fromisoformat(day)
    for day in "2011-12-30 2025-03-09 2025-03-30 2025-04-06 2025-10-05 2025-10-26 2025-11-02".split()
]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SECOND, DAY = 1_000_000, dt.timedelta(days=1)

clock = st.builds(dt.time, st.integers(0, 23), st.sampled_from((0, 0, 0, 15, 30, 45)))
names = st.sampled_from(("Early", "Pause", "Ä 1", "夜"))
ids = st.sampled_from(("a", "b", "c", "night"))
places = st.sampled_from(("site", "press", "paint"))


def whether(make: object, **values: object) -> object:
    """What `make` builds, or None if it refuses the values."""
    try:
        return make(**values)  # type: ignore[operator]
    except ValueError:
        return None


@st.composite
def times(draw: st.DrawFn) -> ShiftTimes:
    start, end = draw(clock), draw(clock)
    found = ShiftTimes(start=start, end=end)
    for one in draw(
        st.lists(st.builds(Break, name=names, start=clock, minutes=st.integers(1, 90)), max_size=4)
    ):
        more = whether(ShiftTimes, start=start, end=end, breaks=(*found.breaks, one))
        found = more or found  # type: ignore[assignment]
    return found


@st.composite
def patterns(draw: st.DrawFn, near: dt.date) -> ShiftPattern:
    since = near + draw(st.integers(-12, 6)) * DAY
    found = ShiftPattern(place=draw(places), valid_from=since)
    for id in draw(st.lists(ids, unique=True)):
        days = draw(st.just(WEEK) | st.lists(st.sampled_from(WEEK), min_size=1, unique=True))
        shift = WeeklyShift(id=id, name=draw(names), days=tuple(days), times=draw(times()))
        more = whether(
            ShiftPattern, place=found.place, valid_from=since, shifts=(*found.shifts, shift)
        )
        found = more or found  # type: ignore[assignment]
    return found


def dates(near: dt.date) -> st.SearchStrategy[dt.date]:
    return st.integers(-6, 6).map(lambda days: near + days * DAY)


def holidays(near: dt.date) -> st.SearchStrategy[Holiday]:
    return st.builds(Holiday, place=places, date=dates(near), name=names)


@st.composite
def exceptions(draw: st.DrawFn, near: dt.date) -> ShiftException:
    kind = draw(st.sampled_from(("cancelled", "changed", "extra", "extra")))
    return ShiftException(
        place=draw(places),
        date=draw(dates(near)),
        shift=draw(ids | st.just("more")),
        kind=kind,  # type: ignore[arg-type]
        times=None if kind == "cancelled" else draw(times()),
        note=draw(st.sampled_from(("", "two\nlines"))),
    )


@st.composite
def plans(draw: st.DrawFn) -> tuple[dt.date, str, dict[str, list[object]]]:
    near, zone = draw(st.sampled_from(NEAR)), draw(st.sampled_from(ZONES))
    plan: dict[str, list[object]] = {
        "patterns": draw(st.lists(patterns(near), max_size=4)),
        "holidays": draw(st.lists(holidays(near), max_size=3)),
        "exceptions": draw(st.lists(exceptions(near), max_size=12)),
    }
    return near, zone, plan


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, list[int]]:
    """A calendar, and instants in order near a night on which a clock changes."""
    near, zone, plan = draw(plans())
    calendar = Calendar(draw(st.sampled_from(("press", "site"))), "site", zone, **plan)  # type: ignore[arg-type]
    noon = (dt.datetime.combine(near, dt.time(12), dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)
    step = st.sampled_from((0, 1, SECOND, 60 * SECOND, 3600 * SECOND)) | st.integers(
        0, 5 * 86_400 * SECOND
    )
    at = [noon + draw(st.integers(-5 * 86_400, 3 * 86_400)) * SECOND]
    for _ in range(2):
        at.append(at[-1] + draw(step))
    return calendar, at


@settings(max_examples=EXAMPLES, deadline=None)
@given(calendars())
def test_spans_leave_no_gap_and_sum_to_the_window(found: tuple[Calendar, list[int]]) -> None:
    calendar, (start, _, end) = found
    spans = calendar.planned(start, end)
    assert sum(span.end_us - span.start_us for span in spans) == end - start
    assert all(span.start_us < span.end_us for span in spans)
    assert all(one.end_us == other.start_us for one, other in pairwise(spans))
    if spans:
        assert (spans[0].start_us, spans[-1].end_us) == (start, end)
    for span in spans:
        assert (
            (span.shift is None)
            == (span.date is None)
            == (span.kind in ("no_shift", "no_calendar"))
        )
        assert bool(span.name) == (span.kind == "break")
        if span.kind == "no_shift":
            assert calendar.defined_at(span.start_us)
        if span.kind == "no_calendar":
            assert not calendar.defined_at(span.end_us - 1)


@settings(max_examples=EXAMPLES, deadline=None)
@given(calendars())
def test_planned_busy_time_is_the_sum_of_busy_spans_and_of_its_parts(
    found: tuple[Calendar, list[int]],
) -> None:
    calendar, (start, middle, end) = found
    busy = calendar.planned_busy_us
    assert busy(start, end) == busy(start, middle) + busy(middle, end)
    spans = calendar.planned(start, end)
    assert busy(start, end) == sum(s.end_us - s.start_us for s in spans if s.kind == "busy")


@settings(max_examples=EXAMPLES, deadline=None)
@given(calendars())
def test_shifts_are_in_order_and_apart_and_known_by_id_and_date(
    found: tuple[Calendar, list[int]],
) -> None:
    calendar, (start, _, end) = found
    shifts = calendar.shifts(start, end)
    assert all(one.end_us <= other.start_us for one, other in pairwise(shifts))
    assert len({(shift.id, shift.date) for shift in shifts}) == len(shifts)
    for shift in shifts:
        assert shift.start_us < shift.end_us
        edges = [shift.start_us, *(e for b in shift.breaks for e in b[:2]), shift.end_us]
        assert edges == sorted(edges)
        assert all(one.start_us < one.end_us for one in shift.breaks)
        assert calendar.shift_at(max(start, shift.start_us)) == shift
        assert calendar.shift_at(shift.end_us) != shift


@settings(max_examples=EXAMPLES, deadline=None)
@given(calendars())
def test_nothing_changes_before_the_next_edge(found: tuple[Calendar, list[int]]) -> None:
    calendar, (start, _, end) = found
    edge = calendar.next_edge_us(start)
    until = end if edge is None else min(edge, end)
    assert len(calendar.planned(start, until)) == (start < until)
    if edge is not None:
        assert start < edge
        if edge < end:
            before, after = calendar.planned(edge - 1, edge + 1)
            assert before.end_us == after.start_us == edge


@settings(max_examples=EXAMPLES, deadline=None)
@given(calendars())
def test_an_interval_is_cut_as_if_it_were_the_window(found: tuple[Calendar, list[int]]) -> None:
    calendar, (start, middle, end) = found
    spans = calendar.planned(start, end)
    assert cut(start, middle, spans) == calendar.planned(start, middle)
    assert cut(middle, end, spans) == calendar.planned(middle, end)


@settings(max_examples=EXAMPLES, deadline=None)
@given(plans())
def test_each_date_is_cut_as_if_all_dates_were_cut_at_once(
    found: tuple[dt.date, str, dict[str, list[object]]],
) -> None:
    near, zone, plan = found
    shifts = PlannedShifts("press", "site", ZoneInfo(zone), **plan)  # type: ignore[arg-type]
    days = [near + n * DAY for n in range(-16, 17)]
    every = settled([ranked for day in days for ranked in shifts._planned(day)])
    for day in days[6:-6]:
        assert shifts.on(day) == tuple(shift for shift in every if shift.date == day)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.sampled_from(ZONES), st.sampled_from(NEAR), st.integers(-2 * 96, 2 * 96), st.integers(0, 40)
)
def test_a_wall_time_is_the_first_instant_at_which_the_clock_shows_or_has_passed_it(
    name: str, near: dt.date, quarters: int, years: int
) -> None:
    near = near.replace(year=near.year - years % 30)
    wall = dt.datetime.combine(near, dt.time()) + quarters * dt.timedelta(minutes=15)
    at = wall.replace(tzinfo=dt.UTC) - dt.timedelta(hours=48)
    while at.astimezone(ZoneInfo(name)).replace(tzinfo=None) < wall:
        at += dt.timedelta(minutes=15)
    assert instant_us(wall, ZoneInfo(name)) == (at - EPOCH) // dt.timedelta(microseconds=1)


RECORDS = st.sampled_from(NEAR).flatmap(lambda d: patterns(d) | holidays(d) | exceptions(d))
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(("06:00", "24:00", "2025-02-30", "2025-03-01", "mon", "extra", "a")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(RECORDS)
def test_a_record_comes_back_from_its_body(record: ShiftPattern | Holiday | ShiftException) -> None:
    assert type(record).from_plain(record.to_plain()) == record


def refuses_or_reads(kind: type[ShiftPattern | Holiday | ShiftException], body: object) -> None:
    """A body is refused with ValueError, or it is one that a record gives."""
    refused, record = "", None
    try:
        record = kind.from_plain(body)
    except ValueError as error:
        refused = str(error)
    if record is None:
        assert "found" in refused
        assert "expected" in refused or "known" in refused
    else:
        assert kind.from_plain(record.to_plain()) == record


@pytest.mark.parametrize("kind", [ShiftPattern, Holiday, ShiftException])
@given(body=JUNK)
def test_junk_is_refused(kind: type[ShiftPattern], body: object) -> None:
    with pytest.raises(ValueError, match="found"):
        kind.from_plain(body)


@settings(max_examples=EXAMPLES, deadline=None)
@given(RECORDS, st.data())
def test_a_body_with_junk_in_one_place_is_refused_or_read(
    record: ShiftPattern | Holiday | ShiftException, data: st.DataObject
) -> None:
    body = node = copy.deepcopy(record.to_plain())
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and node[key] and data.draw(st.booleans()):
            node = node[key]
            continue
        match data.draw(st.sampled_from(("replace", "remove", "add"))):
            case "remove":
                del node[key]
            case "add" if isinstance(node, dict):
                node[data.draw(st.text(max_size=5))] = data.draw(JUNK)
            case _:
                node[key] = data.draw(JUNK)
        break
    refuses_or_reads(type(record), body)
