import tempfile
import unittest
from pathlib import Path

from opencode_config import ConfigError, discover, load


class Loader(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def test_layers_are_user_project_local(self):
        user = self.write("home/.config/opencode/config.jsonc", "{}")
        local = self.write("kit/.opencode/local.jsonc", "{}")
        project = self.write("kit/opencode.jsonc", "{}")
        deep = self.root / "kit" / "a" / "b"
        deep.mkdir(parents=True)
        self.assertEqual(discover(deep, self.root / "home"), [user, project, local])

    def test_only_the_nearest_project_counts(self):
        self.write("opencode.jsonc", "{}")
        inner = self.write("kit/opencode.jsonc", "{}")
        self.assertEqual(discover(self.root / "kit", self.root / "home"), [inner])

    def test_files_in_a_layer_are_relative_to_the_layer(self):
        self.write("user/prompt.md", "from the user")
        user = self.write("user/config.jsonc", '{"agents": {"a": {"prompt": "{file:prompt.md}"}}}')
        project = self.write("kit/opencode.jsonc", '{"project": "kit"}')
        configuration = load([user, project], {})
        self.assertEqual(configuration.get(("agents", "a", "prompt")), "from the user")
        self.assertEqual(configuration.where(("project",)).file, str(project))

    def test_get_names_the_first_missing_step(self):
        configuration = load([self.write("a.jsonc", '{"agents": {"a": {}}, "l": [1]}')], {})
        for path, missing in {("agents", "b", "c"): "agents.b", ("l", 3): "l[3]", ("l", "x"): "l.x"}.items():
            with self.subTest(path=path), self.assertRaises(ConfigError) as caught:
                configuration.get(path)
            self.assertEqual(str(caught.exception), f"there is no {missing}")

    def test_unreadable_files_are_named(self):
        with self.assertRaisesRegex(ConfigError, "cannot read .*gone.jsonc: No such file"):
            load([self.root / "gone.jsonc"], {})
        binary = self.root / "binary.jsonc"
        binary.write_bytes(b"\xff\xfe{}")
        with self.assertRaisesRegex(ConfigError, "binary.jsonc: not UTF-8"):
            load([binary], {})

    def test_as_json_is_sorted(self):
        configuration = load([self.write("a.jsonc", '{"b": "é", "a": 1}')], {})
        self.assertEqual(configuration.as_json(), '{\n  "a": 1,\n  "b": "é"\n}')
