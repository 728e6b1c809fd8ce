"""Looks for what should not get into a release: dangerous calls, secrets, loose permissions."""

from __future__ import annotations

import ast
import math
import os
import re
import stat
import sys
from collections import Counter
from pathlib import Path
from typing import Iterator

from workspace import Finding, files, finish, relative, switched_off

DANGEROUS = {
    "eval": "runs any text as code",
    "exec": "runs any text as code",
    "os.system": "passes text to a shell",
    "os.popen": "passes text to a shell",
    "pickle.load": "runs what the data says",
    "pickle.loads": "runs what the data says",
    "marshal.loads": "runs what the data says",
    "tempfile.mktemp": "leaves time for somebody else to make the file",
}

SECRETS = {
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "AWS key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
}
ASSIGNMENT = re.compile(
    r"""(?i)(?:password|passwd|secret|token|api_?key)["']?\s*[:=]\s*["']([^"'\s{}]{12,})["']"""
)
# Random letters and digits have about 4 bits per character at this length, words about 3.
SECRET_ENTROPY = 3.5


def dangerous_calls(path: Path, text: str) -> Iterator[Finding]:
    """Yield calls that do more than they seem to."""
    if path.suffix != ".py":
        return
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in DANGEROUS:
            yield Finding(relative(path), node.lineno, "dangerous-call", f"{name} {DANGEROUS[name]}")
        for keyword in node.keywords:
            if keyword.arg == "shell" and getattr(keyword.value, "value", True):
                message = f"{name} with shell=True passes text to a shell"
                yield Finding(relative(path), node.lineno, "shell", message)


def secrets(path: Path, text: str) -> Iterator[Finding]:
    """Yield lines that look like somebody's key; the key itself is not shown."""
    for number, line in enumerate(text.splitlines(), 1):
        for name, pattern in SECRETS.items():
            if pattern.search(line):
                yield Finding(relative(path), number, "secret", f"this looks like a {name}")
        match = ASSIGNMENT.search(line)
        if match and entropy(match.group(1)) > SECRET_ENTROPY:
            yield Finding(relative(path), number, "secret", "this looks like a password")


def permissions(path: Path) -> Iterator[Finding]:
    """Yield files that others may change, that run as somebody else, or that cannot run at all."""
    mode = path.stat().st_mode
    if mode & (stat.S_ISUID | stat.S_ISGID):
        yield Finding(relative(path), 0, "permissions", "runs with the rights of its owner")
    # Where the umask lets others write, the mode says nothing about this file.
    if mode & stat.S_IWOTH & _umask():
        yield Finding(relative(path), 0, "permissions", "anybody can change this file")
    if os.name == "posix" and mode & stat.S_IXUSR and path.read_bytes()[:2] != b"#!":
        yield Finding(relative(path), 0, "permissions", "is executable but has no #! line")


def entropy(text: str) -> float:
    """Return bits per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def scan(path: Path) -> Iterator[Finding]:
    """Yield all findings of a file that its lines do not allow."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = ["", *text.splitlines()]
    for finding in [*dangerous_calls(path, text), *secrets(path, text), *permissions(path)]:
        if not switched_off(lines[finding.line], finding.rule):
            yield finding


def main() -> int:
    """Scan every file of the package."""
    paths = files()
    findings = [finding for path in paths for finding in scan(path)]
    return finish(findings, f"{len(paths)} files scanned")


def _umask() -> int:
    # The only way to read it is to set it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


if __name__ == "__main__":
    sys.exit(main())
