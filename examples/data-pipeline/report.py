"""Adds up the numbers of each part."""

import pathlib
import sys

total = 0
for part in sorted(pathlib.Path(sys.argv[1]).glob("*.csv")):
    amount = sum(int(line) for line in part.read_text().split())
    total += amount
    print(f"{part.stem}: {amount}")
print(f"all: {total}")
