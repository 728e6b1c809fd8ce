"""What an OpenCode configuration may say: its shape, and what its parts say about each other."""

from __future__ import annotations

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, Dict, Iterator, List

from opencode_config.jsonc import Document
from opencode_config.places import Place, Problem
from opencode_config.schema import Flag, ListOf, MapOf, Record, Text, Whole

_MODEL = Text(pattern=r"[\w.-]+/[\w.:-]+", example="provider/model")

_AGENT = Record(
    {
        "description": Text(),
        "mode": Text(choices=("primary", "subagent", "all")),
        "model": _MODEL,
        "prompt": Text(),
        "steps": Whole(1, 200),
        "tools": ListOf(Text()),
    }
)

_STAGE = Record(
    {"name": Text(), "agents": ListOf(Text()), "needs": ListOf(Text()), "parallel": Flag()},
    required=frozenset({"name", "agents"}),
)

CONFIGURATION = Record(
    {
        "agents": MapOf(_AGENT),
        "default_agent": Text(),
        "model": _MODEL,
        "parallel_execution": Record(
            {"enabled": Flag(), "max_agents": Whole(1, 64), "stall_threshold": Whole(1, 3600)}
        ),
        "project": Text(pattern=r"[a-z][a-z0-9-]*", example="a-lower-case-name"),
        "tools": MapOf(Flag()),
        "workflow": ListOf(_STAGE),
    },
    required=frozenset({"project"}),
)


def problems(document: Document) -> List[Problem]:
    """Return everything wrong with a configuration, ordered by place."""
    found = list(CONFIGURATION.check(document.value, ()))
    if not found:
        found = [*_unknown_agents(document.value), *_stage_order(document.value)]
    placed = [replace(problem, place=document.places.get(problem.path)) for problem in found]
    return sorted(placed, key=lambda problem: problem.place or Place("", 0, 0))


def _unknown_agents(config: Dict[str, Any]) -> Iterator[Problem]:
    known = config.get("agents", {})
    default = config.get("default_agent")
    if default is not None and default not in known:
        yield Problem(f"there is no agent {default!r}", ("default_agent",))
    for index, stage in enumerate(config.get("workflow", [])):
        for position, agent in enumerate(stage["agents"]):
            if agent not in known:
                path = ("workflow", index, "agents", position)
                yield Problem(f"there is no agent {agent!r}", path)


def _stage_order(config: Dict[str, Any]) -> Iterator[Problem]:
    stages = config.get("workflow", [])
    needs = {stage["name"]: stage.get("needs", []) for stage in stages}
    for index, stage in enumerate(stages):
        for position, need in enumerate(stage.get("needs", [])):
            if need not in needs:
                path = ("workflow", index, "needs", position)
                yield Problem(f"there is no stage {need!r}", path)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        yield Problem(f"stages need each other: {' -> '.join(error.args[1])}", ("workflow",))
