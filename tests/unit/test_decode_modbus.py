"""Modbus registers to values, and the plan of requests, against struct and by their laws."""

import struct
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import collectors
from collectors._modbus_blocks import BITS, BITS_MAX, REGISTERS_MAX, Register, Span, plan
from collectors._modbus_values import Order, Type, decode, exception_words, size
from collectors.modbus import ModbusTag, Settings

FORMATS = {
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "float32": "f",
    "float64": "d",
}
ORDERS: tuple[Order, ...] = get_args(Order)
orders = st.sampled_from(ORDERS)


def encode(value: Any, kind: str, word_order: Order, byte_order: Order) -> list[int]:
    """The registers of `value`, by hand: the oracle of `decode`."""
    raw = struct.pack(">" + FORMATS[kind], value)
    pairs = [raw[i : i + 2] for i in range(0, len(raw), 2)]
    if word_order == "little":
        pairs.reverse()
    if byte_order == "little":
        pairs = [pair[::-1] for pair in pairs]
    return [int.from_bytes(pair, "big") for pair in pairs]


@st.composite
def typed(draw: st.DrawFn) -> tuple[str, int | float]:
    kind = draw(st.sampled_from(sorted(FORMATS)))
    if kind.startswith("float"):
        width = 32 if kind == "float32" else 64
        return kind, draw(st.floats(allow_nan=False, allow_infinity=False, width=width))
    bits = 8 * struct.calcsize(FORMATS[kind])
    low, high = (0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return kind, draw(st.integers(low, high))


@given(typed(), orders, orders)
def test_what_was_encoded_is_decoded(
    kind_value: tuple[Type, int | float], word_order: Order, byte_order: Order
) -> None:
    kind, value = kind_value
    registers = encode(value, kind, word_order, byte_order)
    assert len(registers) == size(kind)
    found = decode(registers, kind, word_order=word_order, byte_order=byte_order)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("word_order", "byte_order", "registers"),
    [
        ("big", "big", [0x4148, 0xF5C3]),  # ABCD
        ("little", "big", [0xF5C3, 0x4148]),  # CDAB
        ("big", "little", [0x4841, 0xC3F5]),  # BADC
        ("little", "little", [0xC3F5, 0x4841]),  # DCBA
    ],
)
def test_the_four_orders_by_their_names(
    word_order: Order, byte_order: Order, registers: list[int]
) -> None:
    found = decode(registers, "float32", word_order=word_order, byte_order=byte_order)
    assert found == pytest.approx(12.56, abs=1e-6)


def test_scale_and_offset() -> None:
    assert decode([123], "uint16", scale=0.1) == pytest.approx(12.3)
    assert decode([0xFFFF], "int16", scale=0.5, offset=10) == 9.5
    assert decode([7], "uint16") == 7


def test_bool_and_text() -> None:
    assert decode([2], "bool") is True
    assert decode([0], "bool") is False
    assert decode([0x4142, 0x4300], "string", length=4) == "ABC"
    assert decode([0x4241, 0x2043], "string", length=4, byte_order="little") == "ABC"
    assert decode([0x4142, 0x4344], "string", length=3, word_order="little") == "ABC"
    assert decode([0xC4FF], "string", length=2) == "Äÿ"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_said(value: float) -> None:
    with pytest.raises(ValueError, match="not a number"):
        decode(encode(value, "float32", "big", "big"), "float32")


def test_exceptions_in_words() -> None:
    assert exception_words(2) == "exception 2: illegal data address"
    assert exception_words(99) == "exception 99: not in the standard"


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    def span(place: int) -> Span:
        register: Register = draw(st.sampled_from(get_args(Register)))
        count = 1 if register in BITS else draw(st.integers(1, 125))
        near = st.one_of(st.integers(0, 300), st.integers(0, 65_536 - count))
        return Span(register, draw(near), count, place)

    return [span(place) for place in range(draw(st.integers(0, 40)))]


@given(spans(), st.integers(0, 200))
def test_the_plan_reads_every_tag_once_within_the_limits(found: list[Span], gap: int) -> None:
    blocks = plan(found, gap_max=gap)
    assert sorted(s for block in blocks for s in block.spans) == sorted(found)
    for block in blocks:
        assert 1 <= block.count <= (BITS_MAX if block.register in BITS else REGISTERS_MAX)
        assert block.address + block.count <= 65_536
        for span in block.spans:
            assert span.register == block.register
            assert block.address <= span.address
            assert span.address + span.count <= block.address + block.count


@given(spans(), st.integers(0, 200))
def test_the_plan_reads_along_no_more_than_allowed(found: list[Span], gap: int) -> None:
    for block in plan(found, gap_max=gap):
        wanted = {a for s in block.spans for a in range(s.address, s.address + s.count)}
        run = 0
        for address in range(block.address, block.address + block.count):
            run = 0 if address in wanted else run + 1
            assert run <= gap
        assert block.has_gap == (len(wanted) < block.count)


def test_neighbours_share_a_request() -> None:
    tags = [Span("input", address, 1, address) for address in range(10)]
    assert [b.words for b in plan(tags, gap_max=0)] == ["input registers 0–9"]
    apart = [Span("coil", 0, 1, 0), Span("coil", 18, 1, 1)]
    assert len(plan(apart, gap_max=16)) == 2
    assert [b.words for b in plan(apart, gap_max=17)] == ["coils 0–18"]


def settings(**tag: Any) -> Settings:
    address = {"work_unit": "u", "name": "t", "address": 0}
    return Settings.model_validate({"id": "d", "host": "h", "tags": [address | tag]})


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ({"register": "coil", "type": "uint16"}, "a coil is a bool"),
        ({"type": "string"}, "length"),
        ({"type": "uint16", "length": 3}, "length"),
        ({"type": "bool", "scale": 2}, "no scale"),
        ({"scale": 0}, "scale is 0"),
        ({"scale": float("nan")}, "finite"),
        ({"address": 65_535, "type": "uint32"}, "past 65535"),
        ({"address": 65_536}, "less than or equal to 65535"),
        ({"address": -1}, "greater than or equal to 0"),
        ({"register": "holdings"}, "holding"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_impossible_tags_are_refused(tag: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        settings(**tag)


def test_settings_and_their_defaults() -> None:
    found = settings(register="discrete")
    assert (found.port, found.device_id, found.poll_interval_s, found.timeout_s) == (502, 1, 0.5, 1)
    assert (found.address, found.tags[0].kind, settings().tags[0].kind) == (
        "h:502",
        "bool",
        "uint16",
    )


def test_every_setting_and_type_is_explained() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/collectors.md").read_text("utf-8")
    fields = {**Settings.model_fields, **ModbusTag.model_fields}
    own = {field.alias or name for name, field in fields.items()} | set(get_args(Type))
    own -= {*collectors.Settings.model_fields, *collectors.TagSource.model_fields, "tags"}
    assert [name for name in sorted(own) if f"`{name}`" not in page] == []
