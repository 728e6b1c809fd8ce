"""What the tools share: the files of this package, and how findings are reported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PRODUCTS = ("build", "dist", "docs")


@dataclass(frozen=True, order=True)
class Finding:
    """Something a tool objects to; `rule` is the word that switches it off."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"


def files() -> List[Path]:
    """Return all files somebody wrote, sorted."""
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not _is_product(path.relative_to(ROOT).parts)
    )


def python_files() -> List[Path]:
    """Return all Python files, sorted."""
    return [path for path in files() if path.suffix == ".py"]


def relative(path: Path) -> str:
    """Write a path as seen from the package, the same on every system."""
    return path.relative_to(ROOT).as_posix()


def switched_off(line: str, rule: str) -> bool:
    """Tell whether a line of source ends in `# allow: rule`."""
    _, marker, rules = line.partition("# allow:")
    return bool(marker) and rule in rules.replace(",", " ").split()


def finish(findings: Iterable[Finding], checked: str) -> int:
    """Print the findings and a last line; return the exit code."""
    found = sorted(findings)
    for finding in found:
        print(finding)
    print(f"{checked}: {len(found)} found" if found else f"{checked}: all good")
    return 1 if found else 0


def _is_product(parts: Iterable[str]) -> bool:
    first = list(parts)[0]
    return first in PRODUCTS or "__pycache__" in parts
