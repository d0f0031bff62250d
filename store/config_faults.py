"""Collects what is wrong with a configuration, in words that name what was found and expected."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)
Loc = tuple[Any, ...]  # where pydantic says that a fault is: keys, indices, and tags of unions

SHOWN_MAX = 60  # characters of a value that are shown
_SCHEME = re.compile(r"(?:[\w.+-]+:/+)?")
_PASSWORD = re.compile(r"(?is)([?&](?:password|passwd|pwd|token|secret)=)[^&]*")
_WORDS = {  # pydantic's type of a fault → what a person would have to write
    "missing": "a value: it is required",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "list_type": "a list",
    "tuple_type": "a list",
    "too_short": "at least one",
    "string_type": "a text",
    "string_too_short": "a text that is not empty",
    "path_type": "a path",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


def masked(text: str) -> str:
    """An address without its secrets: `redis://user:***@host`, `redis://host/0?password=***`."""
    text = _PASSWORD.sub(r"\1***", text)
    before, at, after = text.rpartition("@")
    scheme = _SCHEME.match(before)
    begin = scheme.group() if scheme else ""
    user, colon, _ = before.removeprefix(begin).partition(":")
    if not at or (not colon and "/" in user):  # an @ in a path hides nothing
        return text
    return f"{begin}{user + colon if colon else ''}***@{after}"


def shown(value: object) -> str:
    """A value as a person would find it in the file; nothing that could be a secret in full."""
    try:
        text = repr(masked(value) if isinstance(value, str) else value)
        text = "nothing" if value is None else text
    except ValueError:  # an integer of more digits than Python writes
        text = "a number of thousands of digits"
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "…"


class Faults:
    """Lines `file: path: found …; expected …`, each once, in the order they were found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []
        self._told: set[tuple[str, str]] = set()

    def say(self, text: str) -> None:
        line = " ".join(f"{self.file}: {text}".splitlines())
        if line not in self.lines:
            self.lines.append(line)

    def add(self, where: str, found: object, expected: str) -> None:
        """One line, however often the same is found at `where`: a tag map is read for each unit.

        Tables and lists are not shown: the path says which one it is.
        """
        if (where, expected) in self._told:
            return
        self._told.add((where, expected))
        said = "" if isinstance(found, dict | list | tuple) else f"found {shown(found)}; "
        self.say(f"{where}: {said}expected {expected}")

    def unknown(self, where: str, found: object, known: Iterable[str]) -> None:
        """A name that is not among the known ones: they are listed, the nearest first."""
        names = list(known)
        near = difflib.get_close_matches(str(found), names, n=1) if isinstance(found, str) else []
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
        origins: Mapping[str, Sequence[str]] | None = None,
        also: Iterable[str] = (),
        renamed: Mapping[str, str] | None = None,
    ) -> Model | None:
        """`raw` as a `model`, or None and a line for each fault.

        origins: where the rows of a list of `raw` really stand in the file; that the list itself
        is wrong has been told;
        also: keys that such a row may have and that `model` does not know of;
        renamed: path → where its value really came from.
        """
        rows = origins or {}
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for fault in error.errors():
                loc: Loc = fault["loc"]
                in_rows = bool(loc) and loc[0] in rows
                if in_rows and len(loc) == 1:
                    continue  # that none of its rows is left; why not, each row has told
                path = _path(where, fault, raw, rows)
                path = (renamed or {}).get(path, path)
                if fault["type"] == "extra_forbidden":
                    known = [*_keys(model, loc), *(also if in_rows else ())]
                    self.unknown(f"{path}: this name", loc[-1], dict.fromkeys(known))
                else:
                    self._refused(path, fault)
            return None

    def _refused(self, path: str, fault: Any) -> None:
        found, words = fault["input"], str(fault["msg"])
        if fault["type"] == "value_error":
            # Our own words; what was found is said here and nowhere else.
            words = words.removeprefix("Value error, ")
            words = words.removeprefix(f"found {found!r}; ").removeprefix("expected ")
            if isinstance(found, dict):  # of a whole table: the words are a sentence of their own
                self.say(f"{path}: {words}")
                return
        elif fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
            key = fault["ctx"]["discriminator"].strip("'")
            path, found = f"{path}.{key}", found.get(key)
            words = f"one of {fault['ctx'].get('expected_tags')}"
            words = _WORDS["missing"] if found is None else words
        elif fault["type"] == "missing":
            found, words = None, _WORDS["missing"]
        else:
            words = _WORDS.get(fault["type"]) or words.removeprefix("Input should be ")
        self.add(path, found, words[:1].lower() + words[1:])

    def each(self, model: type[Model], raw: Mapping[str, Any], key: str) -> list[tuple[str, Model]]:
        """The good rows of the array of tables `key` and their paths; a line for each fault."""
        rows = raw.get(key, [])
        if not isinstance(rows, list):
            self.add(key, rows, f"an array of tables [[{key}]]")
            return []
        if not rows:
            self.add(key, None, f"at least one [[{key}]]")
        made = [(f"{key}[{i}]", self.one(model, row, f"{key}[{i}]")) for i, row in enumerate(rows)]
        return [(where, row) for where, row in made if row is not None]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that stand somewhere in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _keys(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that the table at `loc` inside `model` may have."""
    models = [model]
    for part in loc[:-1]:
        fields = [m.model_fields[part] for m in models if part in m.model_fields]
        if fields:
            models = list(_models(fields[0].annotation)) or models
        elif isinstance(part, str):  # the tag of a union: the model that has it as a literal
            models = [
                m
                for m in models
                if any(part in get_args(f.annotation) for f in m.model_fields.values())
            ] or models
    return [field.alias or name for m in models for name, field in m.model_fields.items()]


def _path(where: str, fault: Any, raw: Any, origins: Mapping[str, Sequence[str]]) -> str:
    """Where a fault is in the file; the tags of unions in its place are no keys of the file."""
    loc: Loc = fault["loc"]
    at = raw
    for n, part in enumerate(loc):
        last = n == len(loc) - 1
        if n == 1 and loc[0] in origins:
            where = origins[loc[0]][part]
        elif isinstance(part, int):
            where += f"[{part}]"
        elif isinstance(at, dict) and part not in at and not (last and fault["type"] == "missing"):
            continue
        else:
            where += f".{part}" if where else str(part)
        try:
            at = at[part]
        except (LookupError, TypeError):
            at = None
    return where
