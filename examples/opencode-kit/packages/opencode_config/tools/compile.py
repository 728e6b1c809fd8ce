"""Compiles every file of the Python half into `build/pycache`, out of the way of the sources."""

from __future__ import annotations

import py_compile
import sys

from workspace import ROOT, Finding, finish, python_files, relative


def main() -> int:
    """Compile all files; hash-based, so the same sources give the same bytes."""
    paths = python_files()
    findings = []
    for path in paths:
        name = relative(path)
        target = ROOT / "build" / "pycache" / f"{name}c"
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        try:
            py_compile.compile(
                str(path), cfile=str(target), dfile=name, doraise=True, invalidation_mode=mode
            )
        except py_compile.PyCompileError as error:
            line = getattr(error.exc_value, "lineno", None) or 1
            findings.append(Finding(name, line, "syntax", str(error.exc_value)))
    return finish(findings, f"{len(paths)} files compiled")


if __name__ == "__main__":
    sys.exit(main())
