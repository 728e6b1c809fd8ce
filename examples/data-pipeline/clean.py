"""Copies the lines of a file that are numbers."""

import pathlib
import sys

source, target = map(pathlib.Path, sys.argv[1:])
target.parent.mkdir(exist_ok=True)
numbers = [line for line in source.read_text().splitlines() if line.strip().isdigit()]
target.write_text("".join(f"{number}\n" for number in numbers))
