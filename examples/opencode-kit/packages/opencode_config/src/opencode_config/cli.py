"""The command line: `opencode-config check | show | get PATH | where PATH`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, Optional, Sequence

from opencode_config.loader import Configuration, discover, load
from opencode_config.places import ConfigError, undotted

OK, BAD_CONFIGURATION = 0, 1


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command; return 0 when all is well, 1 when the configuration is not (2 is argparse's)."""
    options = _parser().parse_args(arguments)
    try:
        files = options.file or discover(Path.cwd(), Path.home())
        if not files:
            raise ConfigError("no opencode.jsonc here or above; name a file with --file")
        return options.run(load(files, os.environ), options)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_CONFIGURATION


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "-f", "--file", action="append", type=Path, help="a layer; may be given often, last one wins"
    )
    parser = argparse.ArgumentParser(prog="opencode-config", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, help_text in [
        ("check", _check, "name every problem"),
        ("show", _show, "print the merged configuration"),
        ("get", _get, "print one value"),
        ("where", _where, "print the place that decides a value"),
    ]:
        command = commands.add_parser(name, parents=[common], help=help_text)
        command.set_defaults(run=run)
        if name in ("get", "where"):
            command.add_argument("path", type=undotted, help="such as agents.review.tools[0]")
    return parser


def _check(configuration: Configuration, _options: argparse.Namespace) -> int:
    problems = configuration.problems()
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return BAD_CONFIGURATION
    print("the configuration is good")
    return OK


def _show(configuration: Configuration, _options: argparse.Namespace) -> int:
    print(configuration.as_json())
    return OK


def _get(configuration: Configuration, options: argparse.Namespace) -> int:
    print(_plain(configuration.get(options.path)))
    return OK


def _where(configuration: Configuration, options: argparse.Namespace) -> int:
    print(configuration.where(options.path))
    return OK


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
