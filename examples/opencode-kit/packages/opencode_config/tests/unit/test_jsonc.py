import unittest

from opencode_config.jsonc import parse
from opencode_config.places import ConfigError, Place, dotted, undotted


class Parse(unittest.TestCase):
    def value(self, text):
        return parse(text, "f").value

    def error(self, text):
        with self.assertRaises(ConfigError) as caught:
            parse(text, "f")
        return str(caught.exception)

    def test_all_kinds_of_values(self):
        text = '{"a": [1, -2.5, 1e3], "b": {"c": true, "d": false, "e": null}, "f": "x\\n\\u00e9"}'
        expected = {"a": [1, -2.5, 1000.0], "b": {"c": True, "d": False, "e": None}, "f": "x\né"}
        self.assertEqual(self.value(text), expected)

    def test_comments_and_trailing_commas(self):
        self.assertEqual(self.value('// a\n{"a": /* b\n*/ [1, 2,], }\n// end'), {"a": [1, 2]})

    def test_comment_marks_inside_a_text_are_text(self):
        self.assertEqual(self.value('"http://host/*x*/"'), "http://host/*x*/")

    def test_every_value_knows_its_place(self):
        places = parse('{\n  "a": [\n    1,\n    {"b": 2}\n  ]\n}', "f").places
        self.assertEqual(places[("a",)], Place("f", 2, 3))
        self.assertEqual(places[("a", 0)], Place("f", 3, 5))
        self.assertEqual(places[("a", 1, "b")], Place("f", 4, 6))

    def test_lines_are_counted_through_long_comments(self):
        self.assertEqual(parse('/*\n\n*/ {"a": 1}', "f").places[("a",)], Place("f", 3, 5))

    def test_errors_name_the_place(self):
        for text, expected in {
            '{"a" 1}': "f:1:6: expected ':', found 1",
            '{"a": 1\n "b": 2}': "f:2:2: expected ',', found \"b\"",
            "{a: 1}": "f:1:2: unexpected 'a'",
            "{1: 1}": "f:1:2: expected a key in quotes, found 1",
            "[1": "f:1:3: expected ',', found end of file",
            "": "f:1:1: expected a value, found end of file",
            "1 2": "f:1:3: expected end of file, found 2",
            "012": "f:1:1: unexpected '0'",
            '{"a": 1, "a": 2}': "f:1:10: key 'a' stands here twice",
            "[1,,2]": "f:1:4: expected a value, found ,",
            '"open': "f:1:1: unexpected '\"'",
        }.items():
            with self.subTest(text=text):
                self.assertEqual(self.error(text), expected)

    def test_a_bad_escape_is_an_error_with_a_place(self):
        self.assertIn("f:1:2: bad string", self.error('["\\x"]'))


class Paths(unittest.TestCase):
    def test_dotted_and_back(self):
        path = ("workflow", 0, "agents", 12)
        self.assertEqual(dotted(path), "workflow[0].agents[12]")
        self.assertEqual(undotted(dotted(path)), path)
