"""The link of a device: its JSON and its words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mes.link import STATE_WORDS, Link, clock_words, duration_words, from_plain, to_plain

text = st.text(max_size=8)
optional_us = st.none() | st.integers(0, 2**53)
links = st.builds(
    Link,
    device=text,
    state=st.sampled_from(sorted(STATE_WORDS)),
    since_us=st.integers(0, 2**53),
    meaning=text,
    advice=text,
    raw=text,
    last_answer_us=optional_us,
    last_value_us=optional_us,
    rate_per_s=st.floats(0, 1e6),
    gaps=st.integers(0, 1000),
    clock_skew_s=st.none() | st.floats(-1e9, 1e9),
    next_try_us=optional_us,
    attempts=st.integers(0, 1000),
    troubles=st.dictionaries(text, text, max_size=3),
)


@given(links)
def test_json_and_back_is_the_same_link(link: Link) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(link)))) == link


def test_json_of_another_version_is_read() -> None:
    found = from_plain({"device": "plc", "since_us": 5, "colour": "red"})
    assert found == Link(device="plc", since_us=5)
    assert (found.state, found.last_answer_us, found.clock_skew_s) == ("connecting", None, None)


def test_a_clock_is_flagged_past_a_minute_either_way() -> None:
    assert clock_words(None) == clock_words(0.0) == clock_words(60.0) == clock_words(-60.0) == ""
    assert clock_words(60.1).startswith("the device's clock is 60 s behind ours")
    assert clock_words(-7300).startswith("the device's clock is 2 h ahead of ours")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (119, "119 s"), (300, "5 min"), (7200, "2 h"), (1_000_000, "12 d")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words
