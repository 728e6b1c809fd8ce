"""Removes what the tasks of the Python half have produced, and nothing else."""

from __future__ import annotations

import shutil
import sys

from workspace import PRODUCTS, ROOT, relative


def main() -> int:
    """Remove the folders of products and of compiled files."""
    products = [ROOT / name for name in PRODUCTS]
    gone = [path for path in [*products, *ROOT.rglob("__pycache__")] if path.is_dir()]
    for path in gone:
        shutil.rmtree(path)
        print(f"removed {relative(path)}")
    print(f"{len(gone)} folders removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
