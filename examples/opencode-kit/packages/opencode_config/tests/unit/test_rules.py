import json
import unittest

from opencode_config.jsonc import parse
from opencode_config.rules import problems


def complaints(**config):
    text = json.dumps({"project": "kit", **config})
    return [str(problem).split(": ", 1)[1] for problem in problems(parse(text, "f"))]


def stage(name, *needs):
    return {"name": name, "agents": ["a"], "needs": list(needs)}


class Shape(unittest.TestCase):
    def test_a_full_configuration_is_good(self):
        self.assertEqual(
            complaints(
                agents={"a": {"mode": "subagent", "model": "acme/m-1", "steps": 5, "tools": ["x"]}},
                default_agent="a",
                model="acme/large:v2",
                parallel_execution={"enabled": True, "max_agents": 4, "stall_threshold": 60},
                tools={"bash": False},
                workflow=[stage("one"), stage("two", "one")],
            ),
            [],
        )

    def test_unknown_keys_get_a_suggestion(self):
        self.assertEqual(
            complaints(modle="a/b", agents={"a": {"stepz": 1}}, zzz=1),
            [
                "modle: unknown key; did you mean 'model'?",
                "agents.a.stepz: unknown key; did you mean 'steps'?",
                "zzz: unknown key",
            ],
        )

    def test_kinds_are_named_in_plain_words(self):
        self.assertEqual(
            complaints(tools={"a": "yes"}, model=1, agents=[], workflow={}),
            [
                "tools.a: should be true or false, is a text",
                "model: should be a text, is a number",
                "agents: should be a map, is a list",
                "workflow: should be a list, is a map",
            ],
        )

    def test_true_is_no_number(self):
        self.assertEqual(
            complaints(parallel_execution={"max_agents": True}),
            ["parallel_execution.max_agents: should be a whole number, is true or false"],
        )

    def test_bounds_are_included(self):
        for size in (1, 64):
            self.assertEqual(complaints(parallel_execution={"max_agents": size}), [])

    def test_bounds_choices_and_patterns(self):
        self.assertEqual(
            complaints(parallel_execution={"max_agents": 65}, agents={"a": {"mode": "primry"}}, model="x"),
            [
                "parallel_execution.max_agents: 65 is not between 1 and 64",
                "agents.a.mode: 'primry' is none of primary, subagent, all; did you mean 'primary'?",
                "model: 'x' does not look like provider/model",
            ],
        )

    def test_missing_keys(self):
        found = [str(problem) for problem in problems(parse('{"workflow": [{}]}', "f"))]
        self.assertEqual(
            found,
            [
                "f:1:1: key 'project' is missing",
                "f:1:15: workflow[0]: key 'agents' is missing",
                "f:1:15: workflow[0]: key 'name' is missing",
            ],
        )

    def test_problems_are_in_the_order_of_lines_not_of_digits(self):
        text = "{" + "\n" * 8 + '"a": 1,\n"b": 1, "project": "p"}'
        lines = [problem.place.line for problem in problems(parse(text, "f"))]
        self.assertEqual(lines, [9, 10])


class Workflow(unittest.TestCase):
    def test_agents_have_to_exist(self):
        self.assertEqual(
            complaints(default_agent="x", agents={}, workflow=[stage("one")]),
            ["default_agent: there is no agent 'x'", "workflow[0].agents[0]: there is no agent 'a'"],
        )

    def test_needs_have_to_exist(self):
        self.assertEqual(
            complaints(agents={"a": {}}, workflow=[stage("one", "zero")]),
            ["workflow[0].needs[0]: there is no stage 'zero'"],
        )

    def test_a_cycle_is_named(self):
        found = complaints(agents={"a": {}}, workflow=[stage("one", "two"), stage("two", "one")])
        message = "^workflow: stages need each other: (one -> two -> one|two -> one -> two)$"
        self.assertRegex(found[0], message)
