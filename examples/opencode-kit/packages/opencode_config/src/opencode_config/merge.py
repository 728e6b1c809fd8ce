"""Puts layers of configuration on top of each other, and remembers which layer each value is from."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Tuple, Union

from opencode_config.jsonc import Document
from opencode_config.places import ConfigError, KeyPath, Place, dotted


def merge(layers: Iterable[Document]) -> Document:
    """Merge the layers, lowest first.

    Maps are merged key by key. `null` removes a key. A key that ends in `+` appends to a list.
    Anything else replaces what was there.
    """
    merged = Document({}, {})
    for layer in layers:
        if not isinstance(layer.value, dict):
            raise ConfigError("a configuration is a map, with { and }", layer.places.get(()))
        merged.places.setdefault((), layer.places.get((), Place("", 1, 1)))
        _Merge(merged, layer).maps(merged.value, layer.value, (), ())
    return merged


class _Merge:
    """One layer on its way into the result.

    Paths in the two differ as soon as a `+` key is met, so both are carried along.
    """

    def __init__(self, into: Document, layer: Document) -> None:
        self._into = into
        self._layer = layer

    def maps(self, base: Dict[str, Any], over: Dict[str, Any], path: KeyPath, source: KeyPath) -> None:
        """Merge the map `over`, which is at `source` in the layer, into `base` at `path`."""
        for key, value in over.items():
            if key.endswith("+"):
                self._append(base, key[:-1], value, path, source + (key,))
            elif value is None:
                base.pop(key, None)
                self._forget(path + (key,))
            elif isinstance(value, dict):
                self._map(base, key, value, path, source + (key,))
            else:
                self._forget(path + (key,))
                base[key] = value
                self._note(value, path + (key,), source + (key,))

    def _map(
        self, base: Dict[str, Any], key: str, value: Dict[str, Any], path: KeyPath, source: KeyPath
    ) -> None:
        here = path + (key,)
        if not isinstance(base.get(key), dict):
            self._forget(here)
            base[key] = {}
        self._into.places.setdefault(here, self._layer.places[source])
        self.maps(base[key], value, here, source)

    def _append(
        self, base: Dict[str, Any], key: str, value: Any, path: KeyPath, source: KeyPath
    ) -> None:
        here, place = path + (key,), self._layer.places[source]
        items = base.setdefault(key, [])
        if not isinstance(items, list) or not isinstance(value, list):
            raise ConfigError(f"{dotted(here)}: only a list can be appended to a list", place)
        self._into.places.setdefault(here, place)
        for index, item in enumerate(value):
            self._note(item, here + (len(items) + index,), source + (index,))
        base[key] = items + value

    def _note(self, value: Any, path: KeyPath, source: KeyPath) -> None:
        self._into.places[path] = self._layer.places[source]
        for step, item in _children(value):
            self._note(item, path + (step,), source + (step,))

    def _forget(self, path: KeyPath) -> None:
        for known in [known for known in self._into.places if known[: len(path)] == path]:
            del self._into.places[known]


def _children(value: Any) -> Iterable[Tuple[Union[str, int], Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
