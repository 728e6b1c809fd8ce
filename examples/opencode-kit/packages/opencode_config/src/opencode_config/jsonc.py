"""Reads JSON with comments and trailing commas, and remembers where each value stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, NamedTuple

from opencode_config.places import ConfigError, KeyPath, Place

_TOKEN = re.compile(
    r"""
      (?P<blank>  \s+ | //[^\n]* | /\*.*?\*/ )
    | (?P<string> "(?:[^"\\\n]|\\.)*" )
    | (?P<number> -?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]) )
    | (?P<word>   (?:true|false|null)\b )
    | (?P<mark>   [{}\[\]:,] )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Document:
    """A parsed file: its value, and the place of every value in it."""

    value: Any
    places: Dict[KeyPath, Place]


class _Token(NamedTuple):
    kind: str
    text: str
    place: Place


def parse(text: str, file: str) -> Document:
    """Parse `text`; raise `ConfigError` at the first thing that is not JSON."""
    return _Parser(text, file).document()


def _tokens(text: str, file: str) -> Iterator[_Token]:
    offset, line, line_start = 0, 1, 0
    while offset < len(text):
        place = Place(file, line, offset - line_start + 1)
        match = _TOKEN.match(text, offset)
        if match is None:
            raise ConfigError(f"unexpected {text[offset]!r}", place)
        offset = match.end()
        if match.lastgroup != "blank":
            yield _Token(str(match.lastgroup), match.group(), place)
        elif "\n" in match.group():
            line += match.group().count("\n")
            line_start = text.rfind("\n", 0, offset) + 1
    yield _Token("end", "end of file", Place(file, line, offset - line_start + 1))


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self._tokens: List[_Token] = list(_tokens(text, file))
        self._next = 0
        self._places: Dict[KeyPath, Place] = {}

    def document(self) -> Document:
        value = self._value(())
        if self._peek().kind != "end":
            raise self._unexpected("end of file")
        return Document(value, self._places)

    def _value(self, path: KeyPath) -> Any:
        token = self._peek()
        self._places.setdefault(path, token.place)
        if token.text == "{":
            return self._map(path)
        if token.text == "[":
            return self._list(path)
        if token.kind in ("mark", "end"):
            raise self._unexpected("a value")
        return self._literal(self._take())

    def _map(self, path: KeyPath) -> Dict[str, Any]:
        entries: Dict[str, Any] = {}
        self._take()
        while self._peek().text != "}":
            if self._peek().kind != "string":
                raise self._unexpected("a key in quotes")
            token = self._take()
            key = self._literal(token)
            if key in entries:
                raise ConfigError(f"key {key!r} stands here twice", token.place)
            self._places[path + (key,)] = token.place
            self._expect(":")
            entries[key] = self._value(path + (key,))
            self._separator("}")
        self._take()
        return entries

    def _list(self, path: KeyPath) -> List[Any]:
        items: List[Any] = []
        self._take()
        while self._peek().text != "]":
            items.append(self._value(path + (len(items),)))
            self._separator("]")
        self._take()
        return items

    def _literal(self, token: _Token) -> Any:
        try:
            return json.loads(token.text)
        except ValueError as error:
            raise ConfigError(f"bad {token.kind}: {error}", token.place) from None

    def _separator(self, closing: str) -> None:
        if self._peek().text != closing:
            self._expect(",")

    def _expect(self, mark: str) -> None:
        if self._peek().text != mark:
            raise self._unexpected(repr(mark))
        self._take()

    def _unexpected(self, wanted: str) -> ConfigError:
        token = self._peek()
        return ConfigError(f"expected {wanted}, found {token.text}", token.place)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]
