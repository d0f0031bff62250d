"""Laws of the simulated plant: the same seed, the same day; nothing made from nothing."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.machine import Machine
from simulator.plant import BUFFER_PIECES_MAX, Event, Plant, build
from simulator.settings import Settings
from simulator.truth import packed, unpacked

SEEDS = st.integers(0, 2**32)
HORIZONS_S = st.floats(60, 1800)

# State → the states that may follow it, ISA-TR88.00.02.
LEGAL = {
    1: {2, 8},
    2: {15, 8},
    3: {6, 7, 8},
    4: {3, 7, 8},
    5: {14, 7, 8},
    6: {7, 8, 10, 13, 16},
    7: {2, 8},
    8: {9},
    9: {1},
    10: {11, 7, 8},
    11: {12, 7, 8},
    12: {6, 7, 8},
    13: {5, 7, 8},
    14: {6, 7, 8},
    15: {4, 7, 8},
    16: {17, 7, 8},
    17: {15, 7, 8},
}


def plant(seed: int) -> Plant:
    """Two presses that stand alone and a line of three stations."""
    lines = [
        {
            "protocol": "opcua",
            "kind": "press",
            "endpoint": "opc.tcp://127.0.0.1:4840/x",
            "machines": [{"id": "p1", "cycle_s": 6.0}, {"id": "p2", "cycle_s": 6.4}],
            "buffers": False,
        },
        {
            "protocol": "modbus",
            "kind": "station",
            "machines": [{"id": f"s{n}", "cycle_s": 8.0, "port": 5020 + n} for n in range(3)],
        },
    ]
    return build(Settings.model_validate({"seed": seed, "lines": lines}))


def play(one: Plant, to_s: float) -> list[Event]:
    return list(one.advance(to_s))


@settings(max_examples=8, deadline=None)
@given(SEEDS, HORIZONS_S, st.lists(st.floats(0, 1), max_size=4))
def test_the_same_seed_gives_the_same_day_in_one_go_or_in_many(
    seed: int, to_s: float, shares: list[float]
) -> None:
    in_one = play(plant(seed), to_s)
    other, in_many = plant(seed), []
    for share in sorted(shares):
        in_many += play(other, share * to_s)
    in_many += play(other, to_s)
    assert in_many == in_one


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_counters_only_grow_by_one_and_states_follow_each_other_as_packml_says(seed: int) -> None:
    one = plant(seed)
    before = dict(one.machines)
    at_s = 0.0
    for event in one.advance(2400):
        now, was = event.machine, before[event.machine.id]
        assert event.at_s >= at_s
        made = (now.good - was.good, now.reject - was.reject)
        assert made == {"good": (1, 0), "reject": (0, 1), "state": (0, 0)}[event.what]
        assert now.state == was.state or now.state in LEGAL[was.state], (was.state, now.state)
        assert now.fault == 0 or now.state in {1, 2, 7, 8, 9}
        assert not (now.starved or now.blocked) or now.state in {5, 13}
        at_s = event.at_s
        before[now.id] = now


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_what_a_machine_takes_another_one_made(seed: int) -> None:
    one = plant(seed)
    first = dict(one.machines)

    def made(name: str) -> int:
        now, was = one.machines[name], first[name]
        return now.good - was.good + now.reject - was.reject

    for event in one.advance(2400):
        name = event.machine.id
        assert one.machines[name].taken == made(name) + one.machines[name].working
        for pair in (("s0", "s1"), ("s1", "s2")):
            assert 0 <= one.buffered(*pair) <= BUFFER_PIECES_MAX
        assert one.short_of("p1") == (False, False)


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.floats(0, 1), HORIZONS_S)
def test_a_plant_left_after_any_line_of_its_log_ends_where_one_that_never_stopped_does(
    seed: int, cut: float, to_s: float
) -> None:
    whole = plant(seed)
    events = play(whole, to_s)
    kept = events[: int(cut * len(events))]
    machines = dict(plant(seed).machines)
    for event in kept:
        machines[event.machine.id] = event.machine
    restored = [unpacked(packed(machine)) for machine in machines.values()]
    assert restored == list(machines.values())
    again = plant(seed).resume(restored, kept[-1].at_s if kept else 0.0)
    rest = play(again, to_s)
    assert again.machines == whole.machines
    assert sorted(map(_order, kept + rest)) == sorted(map(_order, events))


def _order(event: Event) -> tuple[float, str, int]:
    machine: Machine = replace(event.machine)
    return event.at_s, machine.id, machine.good + machine.reject
