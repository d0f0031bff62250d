"""How people say why a machine stood: one command that gives a stretch of time a reason.

To split a stop, give a part of it another reason; to join, give both parts one; to move an edge, give
what lies between the old and the new one the reason of its neighbour. Each is one action, in the
audit trail with what stood there before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mes.observation import rfc3339
from mes.reason_trees import tree_of
from mes.records import Body, Change, Conflict, Found, Invalid
from mes.stops import KIND, Code, code_body, code_id

RIGHT = "downtime"
COMMENT_MAX = 300
FOREVER_US = 1 << 62
LONGEST_US, CODES_MAX = 31 * 86_400_000_000, 200  # of one action


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeStop:
    """Give a stretch of a work unit's time a reason.

    until_us: None: for as long as the stop lasts; why: the id of a reason, "" to cut only, None to
    take back what was said; seen: (start, version) of the codes there that the person saw, None: as
    it is; nobody overwrites what he has not seen.
    """

    unit: str
    from_us: int
    until_us: int | None
    why: str | None
    comment: str = ""
    seen: tuple[tuple[int, int], ...] | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        return "CodeStop"

    @property
    def right(self) -> str:
        return RIGHT

    def places(self, found: Found) -> tuple[str, ...]:
        return (self.unit,)

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        return ()

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        self._check(now_us)
        if self.until_us is None and not found.stands(self.unit, self.from_us):
            raise Invalid("until: found none; expected a moment, for no stop goes on at `from`")
        end_us = self.until_us or found.stop_end_us(self.unit, self.from_us) or FOREVER_US
        there = found.codes(self.unit, self.from_us, end_us)
        self._is_seen(found, there)
        self._is_reason(found, there)
        bodies = self._after(there, end_us)
        if self.why is not None:
            said = code_body(self.from_us, self.until_us, self.why, self.comment.strip())
            bodies[code_id(self.unit, self.from_us)] = said
        changes = [Change(KIND, id, _body(found, id), new) for id, new in sorted(bodies.items())]
        if not any(change.old != change.new for change in changes):
            raise Invalid("it stands so already: nothing would change")
        return tuple(change for change in changes if change.old != change.new)

    def _check(self, now_us: int) -> None:
        if not 0 < self.from_us <= now_us:
            raise Invalid(f"from: found {rfc3339(self.from_us)}; expected a moment that has passed")
        if self.until_us is not None and not self.from_us < self.until_us <= now_us:
            words = f"expected a moment after {rfc3339(self.from_us)} that has passed"
            raise Invalid(f"until: found {rfc3339(self.until_us)}; {words}")
        if len(self.comment) > COMMENT_MAX or not self.comment.isprintable():
            raise Invalid(f"comment: expected a line of at most {COMMENT_MAX} characters")
        if self.until_us is not None and self.until_us - self.from_us > LONGEST_US:
            raise Invalid(f"until: expected {LONGEST_US // 86_400_000_000} days after from at most")

    def _is_reason(self, found: Found, there: Sequence[Code]) -> None:
        """A reason of the tree, or one that stands there: it may have been taken out since."""
        if len(there) > CODES_MAX:
            raise Invalid(f"found {len(there)} reasons in that time; expected {CODES_MAX} at most")
        if not self.why or self.why in {code.reason for code in there}:
            return
        tree = tree_of(found, self.unit)
        if not tree.chosen(self.why):
            known = ", ".join(one.id for one in tree.reasons if tree.chosen(one.id))
            raise Invalid(f"reason: found {self.why[:60]!r}; expected one of {known}")

    def _is_seen(self, found: Found, there: Sequence[Code]) -> None:
        stands = {(code.start_us, code.version) for code in there}
        if self.seen is None or stands == set(self.seen):
            return
        newest = max(there, key=lambda code: code.version, default=None)
        if newest is None:
            raise Conflict("what was said of this stop was taken back meanwhile")
        record = found.record(KIND, code_id(self.unit, newest.start_us))
        raise Conflict(f"this stop was given a reason meanwhile, by {newest.by}", record)

    def _after(self, there: Sequence[Code], end_us: int) -> dict[str, Body | None]:
        """What becomes of the codes that were there: what reaches out of the stretch stays."""
        out: dict[str, Body | None] = {}
        for code in there:
            id = code_id(self.unit, code.start_us)
            out[id] = None
            if code.start_us < self.from_us:
                out[id] = code_body(code.start_us, self.from_us, code.reason, code.comment)
            if (code.end_us or FOREVER_US) > end_us:
                rest = code_body(end_us, code.until_us, code.reason, code.comment)
                out[code_id(self.unit, end_us)] = rest
        return out


def _body(found: Found, id: str) -> Body | None:
    record = found.record(KIND, id)
    return record.body if record else None
