"""Tidies the layout of the Python half; `--check` only says what would change.

Changed are line ends, tabs in indentation, white space at the end of lines, runs of blank lines and the
end of the file. What stands inside a string is never touched.
"""

from __future__ import annotations

import argparse
import io
import sys
import tokenize
from itertools import zip_longest
from pathlib import Path
from typing import List, Set

from workspace import Finding, finish, python_files, relative

MOST_BLANK_LINES = 2
TAB_WIDTH = 4


def tidy(text: str) -> str:
    """Return the text in its right layout; a tidy text comes back as it is."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    frozen = _lines_that_end_in_a_string(text)
    kept: List[str] = []
    blank = 0
    for number, line in enumerate(text.split("\n"), 1):
        if number in frozen:
            kept.append(line)
            blank = 0
            continue
        line = line.rstrip() if number - 1 in frozen else _indent(line.rstrip())
        blank = 0 if line else blank + 1
        if blank <= MOST_BLANK_LINES:
            kept.append(line)
    body = "\n".join(kept).strip("\n")
    return body + "\n" if body else ""


def main() -> int:
    """Tidy all files, or name those that are not tidy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    paths = python_files()
    untidy = [path for path in paths if tidy(_read(path)) != _read(path)]
    if check:
        message = "from here on the layout is off; run format-python"
        findings = [Finding(relative(path), _first_untidy(path), "layout", message) for path in untidy]
        return finish(findings, f"layout of {len(paths)} files checked")
    for path in untidy:
        path.write_bytes(tidy(_read(path)).encode("utf-8"))
        print(f"tidied {relative(path)}")
    print(f"{len(paths)} files looked at, {len(untidy)} changed")
    return 0


def _first_untidy(path: Path) -> int:
    text = _read(path)
    pairs = zip_longest(text.split("\n"), tidy(text).split("\n"))
    return next(number for number, (is_now, should_be) in enumerate(pairs, 1) if is_now != should_be)


def _read(path: Path) -> str:
    # Not read_text: it would hide the line ends.
    return path.read_bytes().decode("utf-8")


def _indent(line: str) -> str:
    content = line.lstrip(" \t")
    return line[: len(line) - len(content)].expandtabs(TAB_WIDTH) + content


def _lines_that_end_in_a_string(text: str) -> Set[int]:
    """Return the numbers of the lines whose end belongs to a string of several lines."""
    start, frozen = 0, set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            name = tokenize.tok_name[token.type]
            if name == "STRING":
                frozen.update(range(token.start[0], token.end[0]))
            elif name == "FSTRING_START":
                start = token.start[0]
            elif name == "FSTRING_END":
                frozen.update(range(start, token.end[0]))
    except (tokenize.TokenError, SyntaxError):
        # Not Python: leave every line as it is, and let the linter complain.
        return set(range(1, text.count("\n") + 2))
    return frozen


if __name__ == "__main__":
    sys.exit(main())
