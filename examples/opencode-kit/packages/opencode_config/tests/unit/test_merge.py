import unittest

from opencode_config.jsonc import parse
from opencode_config.merge import merge
from opencode_config.places import ConfigError


def merged(*texts):
    return merge(parse(text, f"layer{number}") for number, text in enumerate(texts, 1))


class Merge(unittest.TestCase):
    def value(self, *texts):
        return merged(*texts).value

    def test_nothing_merges_to_an_empty_map(self):
        self.assertEqual(self.value(), {})

    def test_maps_are_merged_key_by_key(self):
        value = self.value('{"a": {"x": 1, "y": 2}}', '{"a": {"y": 3, "z": 4}, "b": 5}')
        self.assertEqual(value, {"a": {"x": 1, "y": 3, "z": 4}, "b": 5})

    def test_a_list_replaces_a_list(self):
        self.assertEqual(self.value('{"a": [1, 2]}', '{"a": [3]}'), {"a": [3]})

    def test_plus_appends(self):
        self.assertEqual(self.value('{"a": [1]}', '{"a+": [2]}', '{"a+": [3]}'), {"a": [1, 2, 3]})

    def test_plus_without_a_list_below_begins_one(self):
        self.assertEqual(self.value('{"a": {"b+": [2]}}'), {"a": {"b": [2]}})

    def test_plus_on_anything_but_lists_is_an_error(self):
        with self.assertRaisesRegex(ConfigError, "^layer2:1:2: a: only a list can be appended"):
            merged('{"a": 1}', '{"a+": [2]}')

    def test_null_removes(self):
        self.assertEqual(self.value('{"a": 1, "b": {"c": 2}}', '{"a": null, "b": null}'), {})

    def test_a_map_replaces_what_is_no_map(self):
        self.assertEqual(self.value('{"a": 1}', '{"a": {"b": 2}}'), {"a": {"b": 2}})

    def test_layers_stay_as_they_were(self):
        layers = [parse('{"a": {"l": [1]}}', "f"), parse('{"a": {"l+": [2], "k": 3}}', "g")]
        merge(layers)
        self.assertEqual([layer.value for layer in layers], [{"a": {"l": [1]}}, {"a": {"l+": [2], "k": 3}}])

    def test_a_layer_has_to_be_a_map(self):
        with self.assertRaisesRegex(ConfigError, "layer1:1:1: a configuration is a map"):
            merged("[]")


class Places(unittest.TestCase):
    def test_a_value_has_the_place_of_the_layer_that_decided_it(self):
        places = merged('{"a": {"x": 1, "y": 2}}', '{"a": {"y": 3}}').places
        self.assertEqual(str(places[("a", "x")]), "layer1:1:8")
        self.assertEqual(str(places[("a", "y")]), "layer2:1:8")

    def test_appended_items_have_the_place_they_were_written_at(self):
        places = merged('{"a": [1]}', '{"a+": [2, {"b": 3}]}').places
        self.assertEqual(str(places[("a", 0)]), "layer1:1:8")
        self.assertEqual(str(places[("a", 1)]), "layer2:1:9")
        self.assertEqual(str(places[("a", 2, "b")]), "layer2:1:13")

    def test_what_is_replaced_leaves_no_places(self):
        places = merged('{"a": [1, 2], "b": {"c": 1}}', '{"a": [3], "b": null}').places
        self.assertEqual({*places}, {(), ("a",), ("a", 0)})
