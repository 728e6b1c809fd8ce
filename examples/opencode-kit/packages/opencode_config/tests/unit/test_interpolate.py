import tempfile
import unittest
from pathlib import Path

from opencode_config.interpolate import interpolate
from opencode_config.jsonc import parse
from opencode_config.places import ConfigError


class Interpolate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def value(self, text, **env):
        return interpolate(parse(text, "f"), env, self.folder).value

    def test_variables_are_filled_in_everywhere(self):
        text = '{"a": ["{env:X}-{env:Y}"], "b": {"c": "{env:X}"}, "n": 1}'
        self.assertEqual(self.value(text, X="1", Y="2"), {"a": ["1-2"], "b": {"c": "1"}, "n": 1})

    def test_a_fallback_stands_in_for_an_unset_or_empty_variable(self):
        text = '["{env:X:-d}", "{env:E:-d}", "{env:S:-d}", "{env:X:-}"]'
        self.assertEqual(self.value(text, E="", S="s"), ["d", "d", "s", ""])

    def test_an_empty_variable_is_a_variable(self):
        self.assertEqual(self.value('"<{env:E}>"', E=""), "<>")

    def test_an_unset_variable_is_an_error_with_a_place(self):
        with self.assertRaisesRegex(ConfigError, "^f:1:6: environment variable NO is not set$"):
            self.value('{    "b": "{env:NO}"}')

    def test_files_are_relative_to_the_folder(self):
        (self.folder / "p").mkdir()
        (self.folder / "p" / "prompt.md").write_text("Review this.\n", encoding="utf-8")
        self.assertEqual(self.value('"{file:p/prompt.md}!"'), "Review this.!")

    def test_a_missing_file_is_an_error(self):
        with self.assertRaisesRegex(ConfigError, "cannot read nope.md: No such file"):
            self.value('"{file:nope.md}"')

    def test_what_is_filled_in_is_not_read_again(self):
        self.assertEqual(self.value('"{env:X}"', X="{env:Y}"), "{env:Y}")
