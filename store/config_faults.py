"""Collects what is wrong with a configuration, in words that name what was found and expected."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def shown(value: object) -> str:
    """A value as a person would find it in the file; nothing that could be a secret in full."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


class Faults:
    """Lines `file: path: found …; expected …`, each once, in the order they were found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        line = f"{self.file}: {text}"
        if line not in self.lines:
            self.lines.append(line)

    def add(self, where: str, found: object, expected: str) -> None:
        self.say(f"{where}: found {shown(found)}; expected {expected}")

    def unknown(self, where: str, found: object, known: Iterable[str]) -> None:
        """A name that is not among the known ones: they are listed, the nearest first."""
        names = list(known)
        near = difflib.get_close_matches(str(found), names, n=1)
        rest = [n for n in names if n not in near]
        self.add(
            where, found, "one of " + (", ".join([*near, *rest]) or "none: nothing is defined")
        )

    def one(
        self,
        model: type[Model],
        raw: Any,
        where: str,
        *,
        origins: Mapping[tuple[str], list[str]] | None = None,
    ) -> Model | None:
        """`raw` as a `model`, or None and a line for each fault.

        origins: where the rows of a list of `raw` really stand in the file.
        """
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for fault in error.errors():
                path = _path(where, fault["loc"], origins or {})
                if fault["type"] == "extra_forbidden":
                    self.unknown(
                        f"{path}: this name", fault["loc"][-1], _names(model, fault["loc"])
                    )
                else:
                    found = None if fault["type"] == "missing" else fault["input"]
                    self.add(path, found, _expected(fault))
            return None

    def each(self, model: type[Model], raw: Mapping[str, Any], key: str) -> list[Model]:
        """The good rows of the array of tables `key`; a line for each fault of the others."""
        rows = raw.get(key, [])
        if not isinstance(rows, list):
            self.add(key, rows, f"an array of tables [[{key}]]")
            return []
        if not rows:
            self.add(key, None, f"at least one [[{key}]]")
        made = [self.one(model, row, f"{key}[{i}]") for i, row in enumerate(rows)]
        return [row for row in made if row is not None]


def _expected(fault: Any) -> str:
    if fault["type"] == "missing":
        return "a value: it is required"
    words = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return words[0].lower() + words[1:]


def _names(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """The keys that a table at `loc` inside `model` may have."""
    for part in loc[:-1]:
        field = model.model_fields.get(str(part))
        inner = field and next(
            (
                a
                for a in getattr(field.annotation, "__args__", (field.annotation,))
                if isinstance(a, type) and issubclass(a, BaseModel)
            ),
            None,
        )
        model = inner or model
    return list(model.model_fields)


def _path(where: str, loc: tuple[Any, ...], origins: Mapping[tuple[str], list[str]]) -> str:
    if len(loc) >= 2 and (loc[0],) in origins:
        where, loc = origins[(loc[0],)][loc[1]], loc[2:]
    for part in loc:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    return where
