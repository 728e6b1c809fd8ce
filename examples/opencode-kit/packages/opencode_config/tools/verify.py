"""Checks what `build.py` has built: the archives are whole, build to the same bytes again, and run."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Iterator

import build
from workspace import ROOT, SOURCE, Finding, files, finish, relative

DIST = ROOT / "dist"


def check_record(wheel: Path) -> Iterator[Finding]:
    """Yield files of a wheel that RECORD does not name, or names with another hash."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    record = next(name for name in contents if name.endswith(".dist-info/RECORD"))
    rows = {row[0]: row[1] for row in csv.reader(io.StringIO(contents[record].decode("utf-8")))}
    for name in sorted(contents.keys() ^ rows.keys()):
        yield Finding(relative(wheel), 0, "record", f"{name} is in only one of wheel and RECORD")
    for name in sorted((contents.keys() & rows.keys()) - {record}):
        if rows[name] != build.digest(contents[name]):
            yield Finding(relative(wheel), 0, "record", f"{name} has another hash than RECORD says")


def check_sources(wheel: Path, archive: Path) -> Iterator[Finding]:
    """Yield sources that did not get into the archives."""
    with zipfile.ZipFile(wheel) as opened:
        in_wheel = set(opened.namelist())
    with tarfile.open(archive) as opened_tar:
        in_archive = set(opened_tar.getnames())
    for path in files():
        if SOURCE in path.parents and path.relative_to(SOURCE).as_posix() not in in_wheel:
            yield Finding(relative(wheel), 0, "missing", relative(path))
        if f"{build.stem()}/{relative(path)}" not in in_archive:
            yield Finding(relative(archive), 0, "missing", relative(path))


def check_reproducible(*archives: Path) -> Iterator[Finding]:
    """Yield archives that a second build makes differently."""
    with tempfile.TemporaryDirectory() as folder:
        build.build_wheel(folder)
        build.build_sdist(folder)
        for archive in archives:
            if (Path(folder) / archive.name).read_bytes() != archive.read_bytes():
                yield Finding(relative(archive), 0, "reproducible", "a second build differs")


def check_runs(wheel: Path) -> Iterator[Finding]:
    """Yield a finding when the package in the wheel does not start."""
    # A wheel is a zip archive, and Python imports from those.
    program = f"import sys; sys.path[:0] = [{str(wheel)!r}]; import opencode_config.cli as c; c.main()"
    # -I keeps the sources of this folder out.
    command = [sys.executable, "-I", "-B", "-c", program, "--help"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        yield Finding(relative(wheel), 0, "run", result.stderr.strip())


def main() -> int:
    """Check the archives of this version in `dist/`."""
    wheel = DIST / f"{build.stem()}-py3-none-any.whl"
    archive = DIST / f"{build.stem()}.tar.gz"
    findings = [
        *check_record(wheel),
        *check_sources(wheel, archive),
        *check_reproducible(wheel, archive),
        *check_runs(wheel),
    ]
    return finish(findings, f"{wheel.name} and {archive.name} verified")


if __name__ == "__main__":
    sys.exit(main())
