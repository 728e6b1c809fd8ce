"""Finds the layers of a configuration and turns them into one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, List, Mapping, Sequence

from opencode_config.interpolate import interpolate
from opencode_config.jsonc import Document, parse
from opencode_config.merge import merge
from opencode_config.places import ConfigError, KeyPath, Place, Problem, dotted
from opencode_config.rules import problems

USER_FILE = Path(".config", "opencode", "config.jsonc")
PROJECT_FILE = Path("opencode.jsonc")
LOCAL_FILE = Path(".opencode", "local.jsonc")


@dataclass(frozen=True)
class Configuration:
    """All layers as one."""

    document: Document

    def problems(self) -> List[Problem]:
        """Return what is wrong with it, ordered by place."""
        return problems(self.document)

    def get(self, path: KeyPath) -> Any:
        """Return the value at a path; raise `ConfigError` when there is none."""
        value = self.document.value
        for depth, step in enumerate(path):
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                raise ConfigError(f"there is no {dotted(path[: depth + 1])}") from None
        return value

    def where(self, path: KeyPath) -> Place:
        """Return the place that decided the value at a path; raise `ConfigError` when there is none."""
        self.get(path)
        return self.document.places[path]

    def as_json(self) -> str:
        """Return the whole as JSON with sorted keys."""
        return json.dumps(self.document.value, indent=2, sort_keys=True, ensure_ascii=False)


def discover(start: Path, home: Path) -> List[Path]:
    """Return the files that count in folder `start`, lowest layer first."""
    return list(_layers(start.resolve(), home))


def load(files: Sequence[Path], env: Mapping[str, str]) -> Configuration:
    """Read, fill in and merge the files, lowest layer first; raise `ConfigError` at the first bad one."""
    return Configuration(merge(_read(file, env) for file in files))


def _layers(start: Path, home: Path) -> Iterator[Path]:
    if (home / USER_FILE).is_file():
        yield home / USER_FILE
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            yield folder / PROJECT_FILE
            if (folder / LOCAL_FILE).is_file():
                yield folder / LOCAL_FILE
            return


def _read(file: Path, env: Mapping[str, str]) -> Document:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"cannot read {file}: not UTF-8") from None
    return interpolate(parse(text, str(file)), env, file.parent)
