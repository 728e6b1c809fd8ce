"""Fills in `{env:NAME}`, `{env:NAME:-fallback}` and `{file:PATH}` in the texts of a configuration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Mapping, Match

from opencode_config.jsonc import Document
from opencode_config.places import ConfigError, KeyPath

_REFERENCE = re.compile(r"\{(env|file):([^{}]+)\}")


def interpolate(document: Document, env: Mapping[str, str], folder: Path) -> Document:
    """Return the document with every reference filled in; paths of files are relative to `folder`."""
    return Document(_Filler(document, env, folder).value(document.value, ()), document.places)


class _Filler:
    def __init__(self, document: Document, env: Mapping[str, str], folder: Path) -> None:
        self._places = document.places
        self._env = env
        self._folder = folder

    def value(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.value(item, path + (key,)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, path + (index,)) for index, item in enumerate(value)]
        if isinstance(value, str):
            return _REFERENCE.sub(lambda match: self._reference(match, path), value)
        return value

    def _reference(self, match: Match[str], path: KeyPath) -> str:
        kind, name = match.groups()
        return self._variable(name, path) if kind == "env" else self._content(name, path)

    def _variable(self, text: str, path: KeyPath) -> str:
        name, separator, fallback = text.partition(":-")
        if name in self._env or separator:
            return self._env.get(name) or fallback
        raise ConfigError(f"environment variable {name} is not set", self._places.get(path))

    def _content(self, name: str, path: KeyPath) -> str:
        try:
            return (self._folder / name).read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            raise ConfigError(f"cannot read {name}: {reason}", self._places.get(path)) from None
