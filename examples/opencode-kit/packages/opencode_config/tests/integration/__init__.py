"""Tests of the command line as a child process, from the sources and from the built archives."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, NamedTuple

import build
from tests import PACKAGE

DIST = PACKAGE / "dist"


class Ran(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


def python(folder: Path, *arguments: str, **env: str) -> Ran:
    """Run Python in a folder."""
    environment: Dict[str, str] = {**os.environ, **env}
    command = [sys.executable, "-B", *arguments]
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=60
    )
    return Ran(result.returncode, result.stdout, result.stderr)


def opencode_config(installed: Path, folder: Path, *arguments: str, **env: str) -> Ran:
    """Run `opencode-config` of the package in `installed`, in `folder`, with an empty home."""
    env = {**env, "PYTHONPATH": str(installed), "HOME": str(folder)}
    return python(folder, "-m", "opencode_config", *arguments, **env)


def built(suffix: str) -> Path:
    """Return an archive of this version from `dist/`."""
    archive = DIST / f"{build.stem()}{suffix}"
    if not archive.is_file():
        raise AssertionError(f"there is no {archive.name} in dist/: run build-python first")
    return archive
