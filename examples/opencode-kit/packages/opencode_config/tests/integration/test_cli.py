import tempfile
import unittest
from pathlib import Path

from tests import PACKAGE
from tests.integration import Ran, opencode_config

KIT = """{
  "project": "kit",
  "model": "acme/{env:MODEL:-small}",
  "agents": {"review": {"tools": ["read"]}},
}
"""


class CommandLine(unittest.TestCase):
    installed = PACKAGE / "src"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.write("opencode.jsonc", KIT)

    def write(self, name, text):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def run_cli(self, *arguments, **env):
        return opencode_config(self.installed, self.folder, *arguments, **env)

    def test_check_of_a_good_configuration(self):
        self.assertEqual(self.run_cli("check"), Ran(0, "the configuration is good\n", ""))

    def test_check_names_every_problem(self):
        self.write("opencode.jsonc", '{\n  "project": "Kit",\n  "modle": "a/b"\n}\n')
        file = self.folder / "opencode.jsonc"
        expected = (
            f"{file}:2:3: project: 'Kit' does not look like a-lower-case-name\n"
            f"{file}:3:3: modle: unknown key; did you mean 'model'?\n"
        )
        self.assertEqual(self.run_cli("check"), Ran(1, "", expected))

    def test_local_layer_wins_and_says_so(self):
        self.write(".opencode/local.jsonc", '{"agents": {"review": {"tools+": ["grep"]}}}')
        local = self.folder / ".opencode" / "local.jsonc"
        self.assertEqual(self.run_cli("get", "agents.review.tools"), Ran(0, '["read", "grep"]\n', ""))
        self.assertEqual(self.run_cli("where", "agents.review.tools[1]"), Ran(0, f"{local}:1:35\n", ""))

    def test_the_environment_is_filled_in(self):
        self.assertEqual(self.run_cli("get", "model"), Ran(0, "acme/small\n", ""))
        self.assertEqual(self.run_cli("get", "model", MODEL="large"), Ran(0, "acme/large\n", ""))

    def test_files_on_the_command_line_replace_discovery(self):
        self.write("a.jsonc", '{"project": "a", "tools": {"bash": true}}')
        self.write("b.jsonc", '{"project": "b"}')
        expected = '{\n  "project": "b",\n  "tools": {\n    "bash": true\n  }\n}\n'
        self.assertEqual(self.run_cli("show", "-f", "a.jsonc", "-f", "b.jsonc"), Ran(0, expected, ""))

    def test_a_missing_value_is_an_error(self):
        self.assertEqual(self.run_cli("get", "agents.x"), Ran(1, "", "error: there is no agents.x\n"))

    def test_no_configuration_at_all(self):
        (self.folder / "opencode.jsonc").unlink()
        ran = self.run_cli("check")
        self.assertEqual((ran.code, ran.out), (1, ""))
        self.assertIn("no opencode.jsonc here or above", ran.err)

    def test_wrong_usage_is_exit_code_two(self):
        self.assertEqual(self.run_cli("frobnicate").code, 2)
