"""Where a value stands: in a file, and in a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple, Union

KeyPath = Tuple[Union[str, int], ...]


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file; lines and columns count from one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """Something a user should correct, and where."""

    message: str
    path: KeyPath = ()
    place: Optional[Place] = None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        what = f"{dotted(self.path)}: " if self.path else ""
        return f"{where}{what}{self.message}"


class ConfigError(Exception):
    """A configuration that cannot be read; its text is one problem with its place."""

    def __init__(self, message: str, place: Optional[Place] = None) -> None:
        super().__init__(str(Problem(message, place=place)))


def dotted(path: KeyPath) -> str:
    """Write a path as a user types it: `workflow.stages[0].name`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def undotted(text: str) -> KeyPath:
    """Read a path that `dotted` has written."""
    steps = text.replace("[", ".").replace("]", "").split(".")
    return tuple(int(step) if step.isdigit() else step for step in steps if step)
