"""The shapes a value may have, and how a value is held against its shape."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any, FrozenSet, Iterable, Iterator, Mapping, Optional, Tuple

from opencode_config.places import KeyPath, Problem


class Shape:
    """What a value has to look like."""

    def check(self, value: Any, path: KeyPath) -> Iterator[Problem]:
        """Yield a problem for everything about `value` that does not fit."""
        raise NotImplementedError


@dataclass(frozen=True)
class Text(Shape):
    """A text; of a few known ones, or matching a pattern that `example` explains."""

    choices: Tuple[str, ...] = ()
    pattern: Optional[str] = None
    example: str = ""

    def check(self, value: Any, path: KeyPath) -> Iterator[Problem]:
        """Yield what does not fit."""
        if not isinstance(value, str):
            yield _wrong_kind("a text", value, path)
        elif self.choices and value not in self.choices:
            hint = _did_you_mean(value, self.choices)
            yield Problem(f"{value!r} is none of {', '.join(self.choices)}{hint}", path)
        elif self.pattern and not re.fullmatch(self.pattern, value):
            yield Problem(f"{value!r} does not look like {self.example}", path)


@dataclass(frozen=True)
class Whole(Shape):
    """A whole number within bounds, both included."""

    low: int
    high: int

    def check(self, value: Any, path: KeyPath) -> Iterator[Problem]:
        """Yield what does not fit."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield _wrong_kind("a whole number", value, path)
        elif not self.low <= value <= self.high:
            yield Problem(f"{value} is not between {self.low} and {self.high}", path)


@dataclass(frozen=True)
class Flag(Shape):
    """True or false."""

    def check(self, value: Any, path: KeyPath) -> Iterator[Problem]:
        """Yield what does not fit."""
        if not isinstance(value, bool):
            yield _wrong_kind("true or false", value, path)


@dataclass(frozen=True)
class ListOf(Shape):
    """A list whose items all have one shape."""

    item: Shape

    def check(self, value: Any, path: KeyPath) -> Iterator[Problem]:
        """Yield what does not fit."""
        if not isinstance(value, list):
            yield _wrong_kind("a list", value, path)
            return
        for index, item in enumerate(value):
            yield from self.item.check(item, path + (index,))


@dataclass(frozen=True)
class MapOf(Shape):
    """A map with free names, whose values all have one shape."""

    value: Shape

    def check(self, value: Any, path: KeyPath) -> Iterator[Problem]:
        """Yield what does not fit."""
        if not isinstance(value, dict):
            yield _wrong_kind("a map", value, path)
            return
        for key, item in value.items():
            yield from self.value.check(item, path + (key,))


@dataclass(frozen=True)
class Record(Shape):
    """A map with known keys; those in `required` must be there."""

    fields: Mapping[str, Shape]
    required: FrozenSet[str] = frozenset()

    def check(self, value: Any, path: KeyPath) -> Iterator[Problem]:
        """Yield what does not fit."""
        if not isinstance(value, dict):
            yield _wrong_kind("a map", value, path)
            return
        for key in sorted(self.required - value.keys()):
            yield Problem(f"key {key!r} is missing", path)
        for key, item in value.items():
            if key in self.fields:
                yield from self.fields[key].check(item, path + (key,))
            else:
                yield Problem(f"unknown key{_did_you_mean(key, self.fields)}", path + (key,))


def _wrong_kind(wanted: str, value: Any, path: KeyPath) -> Problem:
    kinds = {dict: "a map", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return Problem(f"should be {wanted}, is {kinds.get(type(value), 'a number')}", path)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
