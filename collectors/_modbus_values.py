"""From Modbus registers to values. Pure.

"big" word order is ABCD, "little" is CDAB; "little" byte order swaps the bytes of each word
(BADC, or DCBA together with little words). Bytes of a text keep their words' order.
"""

import struct
from collections.abc import Sequence
from math import isfinite
from typing import Literal

from mes.observation import Value

Order = Literal["big", "little"]
Type = Literal[
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float32",
    "float64",
    "bool",
    "string",
]
_FORMATS = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "int64": ">q",
    "float32": ">f",
    "float64": ">d",
    "bool": ">H",
}
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "device busy",
    7: "negative acknowledge",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}


def size(kind: Type, length: int = 0) -> int:
    """Registers that a value of `kind` takes; `length` is a text's, in characters."""
    return (length + 1) // 2 if kind == "string" else struct.calcsize(_FORMATS[kind]) // 2


def decode(
    registers: Sequence[int],
    kind: Type,
    *,
    word_order: Order = "big",
    byte_order: Order = "big",
    scale: float = 1.0,
    offset: float = 0.0,
    length: int = 0,
) -> Value:
    """The value that `registers` hold: raw × scale + offset. Whole numbers stay so unless scaled.

    Raises ValueError where they hold no number.
    """
    words = registers if word_order == "big" or kind == "string" else registers[::-1]
    raw = b"".join(word.to_bytes(2, byte_order) for word in words)
    if kind == "string":
        return _text(raw[:length])
    (value,) = struct.unpack(_FORMATS[kind], raw)
    if kind == "bool":
        return bool(value)
    if scale != 1.0 or offset != 0.0:
        value = value * scale + offset
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value} is not a number")
    return value  # type: ignore[no-any-return]


def _text(raw: bytes) -> str:
    """Text up to its first NUL, without the blanks it was filled up with."""
    raw = raw.partition(b"\0")[0]
    try:
        return raw.decode("utf-8").rstrip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").rstrip()


def exception_words(code: int) -> str:
    """A device's exception answer in words: "exception 2: illegal data address"."""
    return f"exception {code}: {EXCEPTIONS.get(code, 'not in the standard')}"
