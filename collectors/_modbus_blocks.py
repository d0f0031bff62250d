"""Which requests read a device's tags: neighbours share one. Pure.

Limits by the Modbus application protocol: 125 registers or 2,000 bits in one answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Register = Literal["holding", "input", "coil", "discrete"]
REGISTERS_MAX = 125
BITS_MAX = 2000
BITS: tuple[str, ...] = ("coil", "discrete")


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """Where one tag lies: `count` registers (or bits) from `address`; `tag` is its place."""

    register: Register
    address: int
    count: int
    tag: int


@dataclass(frozen=True, slots=True)
class Block:
    """One request and the spans it reads."""

    register: Register
    address: int
    count: int
    spans: tuple[Span, ...]

    @property
    def words(self) -> str:
        """The block as a person would say it: "input registers 0–9"."""
        noun = {"holding": "holding registers", "input": "input registers"}.get(
            self.register, f"{self.register}s" if self.register == "coil" else "discrete inputs"
        )
        return f"{noun} {self.address}–{self.address + self.count - 1}"

    @property
    def has_gap(self) -> bool:
        """True where registers are read that no tag asks for."""
        end = self.address
        for span in self.spans:
            if span.address > end:
                return True
            end = max(end, span.address + span.count)
        return False


def plan(spans: Iterable[Span], *, gap_max: int) -> tuple[Block, ...]:
    """The fewest blocks that neighbours allow, in order of register and address.

    gap_max: unasked registers (or bits) that may be read along to save a request.
    """
    blocks: list[Block] = []
    for span in sorted(spans):
        limit = BITS_MAX if span.register in BITS else REGISTERS_MAX
        end = span.address + span.count
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and last.register == span.register
            and span.address <= last.address + last.count + gap_max
            and max(end, last.address + last.count) - last.address <= limit
        ):
            count = max(end, last.address + last.count) - last.address
            blocks[-1] = replace(last, count=count, spans=(*last.spans, span))
        else:
            blocks.append(Block(span.register, span.address, span.count, (span,)))
    return tuple(blocks)
