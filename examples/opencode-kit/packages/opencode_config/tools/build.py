"""Builds the wheel and the source archive into `dist/`.

The same sources give the same bytes: files are sorted, times and owners are fixed. It is also the package's
build backend (PEP 517), so `pip install .` goes through here.
"""

from __future__ import annotations

import base64
import configparser
import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Dict, Optional

from workspace import ROOT, SOURCE, files, relative

FIRST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3

Contents = Dict[str, bytes]


def project() -> configparser.ConfigParser:
    """Return what `setup.cfg` says about the package."""
    # Only `=`: entry points have a colon in them.
    config = configparser.ConfigParser(delimiters=("=",))
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def stem() -> str:
    """Return the part that all file names of this version begin with."""
    about = project()["metadata"]
    return f"{about['name'].replace('-', '_')}-{about['version']}"


def metadata() -> bytes:
    """Return METADATA, which is also the PKG-INFO of the source archive."""
    config = project()
    about = config["metadata"]
    headers = [
        "Metadata-Version: 2.1",
        f"Name: {about['name']}",
        f"Version: {about['version']}",
        f"Summary: {about['description']}",
        f"License: {about['license']}",
        f"Requires-Python: {config['options']['python_requires']}",
        "Description-Content-Type: text/markdown",
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return ("\n".join(headers) + "\n\n" + readme).encode("utf-8")


def wheel_contents() -> Contents:
    """Return all files of the wheel, RECORD last."""
    info = f"{stem()}.dist-info"
    scripts = project()["options.entry_points"]["console_scripts"].strip()
    contents = {
        path.relative_to(SOURCE).as_posix(): path.read_bytes()
        for path in files()
        if SOURCE in path.parents
    }
    contents[f"{info}/METADATA"] = metadata()
    contents[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: opencode-kit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    contents[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n".encode("utf-8")
    contents[f"{info}/RECORD"] = record(contents, f"{info}/RECORD")
    return contents


def record(contents: Contents, own_name: str) -> bytes:
    """Return RECORD: name, hash and size of every file but itself."""
    lines = [f"{name},{digest(data)},{len(data)}\n" for name, data in sorted(contents.items())]
    return "".join([*lines, f"{own_name},,\n"]).encode("utf-8")


def digest(data: bytes) -> str:
    """Return a hash as RECORD writes it."""
    code = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={code.rstrip(b'=').decode('ascii')}"


def zipped(contents: Contents) -> bytes:
    """Return a zip archive of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name, FIRST_ZIP_TIME)
            entry.create_system = UNIX
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tarred(contents: Contents) -> bytes:
    """Return a compressed tar archive of the files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in sorted(contents.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    compressed = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=compressed, mtime=0) as stream:
        stream.write(buffer.getvalue())
    return compressed.getvalue()


def build_wheel(
    directory: str, settings: Optional[Dict[str, Any]] = None, prepared: Optional[str] = None
) -> str:
    """Write the wheel into a folder and return its file name."""
    return _write(Path(directory), f"{stem()}-py3-none-any.whl", zipped(wheel_contents()))


def build_sdist(directory: str, settings: Optional[Dict[str, Any]] = None) -> str:
    """Write the source archive into a folder and return its file name."""
    contents = {f"{stem()}/{relative(path)}": path.read_bytes() for path in files()}
    contents[f"{stem()}/PKG-INFO"] = metadata()
    return _write(Path(directory), f"{stem()}.tar.gz", tarred(contents))


def main() -> int:
    """Build both into `dist/`."""
    dist = ROOT / "dist"
    for name in (build_wheel(str(dist)), build_sdist(str(dist))):
        data = (dist / name).read_bytes()
        print(f"built dist/{name}, {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]}")
    return 0


def _write(directory: Path, name: str, data: bytes) -> str:
    directory.mkdir(parents=True, exist_ok=True)
    # Renamed into place: whoever looks meanwhile sees the old archive or the new one, never half of one.
    draft = directory / f"{name}.draft"
    draft.write_bytes(data)
    draft.replace(directory / name)
    return name


if __name__ == "__main__":
    sys.exit(main())
