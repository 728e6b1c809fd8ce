"""Makes `python -m opencode_config` the command line."""

import sys

from opencode_config.cli import main

sys.exit(main())
