"""Tests of opencode_config and of its tools, run from the sources."""

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent

sys.path[:0] = [str(PACKAGE / "src"), str(PACKAGE / "tools")]
