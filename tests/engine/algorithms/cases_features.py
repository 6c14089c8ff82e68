"""Features and properties of elements against plain Python."""

from __future__ import annotations

from typing import Any

import ee

from tests.engine.algorithms.case import Case

_OWN = {"a": 1, "b": "two", "list": [3, 4.5], "area_x": 7, "area_y": -8, "system:time_start": 1600000000000}
_OTHER = {"a": 9, "c": "sea", "system:time_start": 5, "system:index": "other"}
_POINT = {"type": "Point", "coordinates": [69.5, 27.25]}
_LINE = {"type": "LineString", "coordinates": [[1, 2], [3, 5]]}


def own() -> Any:
    return ee.Feature(ee.Geometry(_POINT), {**_OWN, "system:index": "own"})


def other() -> Any:
    return ee.Feature(ee.Geometry(_LINE), _OTHER)


def _answer(properties: dict[str, Any], geometry: Any = _POINT, index: str = "own") -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties, "id": index}


def _without(*names: str) -> dict[str, Any]:
    return {key: value for key, value in _OWN.items() if key not in names}


def _sorted(names: Any) -> Any:
    return ee.List(names).sort()


_USERS = {key: value for key, value in _OWN.items() if not key.startswith("system:")}

CASES: list[Case] = [
    Case("Feature", [lambda: ee.Geometry(_LINE), {"k": 3, "text": "x"}],
         {"type": "Feature", "geometry": _LINE, "properties": {"k": 3, "text": "x"}}),
    Case("Feature", {"geometry": None, "metadata": {"k": 3}},
         {"type": "Feature", "geometry": None, "properties": {"k": 3}}, name="no geometry"),
    Case("Feature.id", [own], "own"),
    Case("Feature.geometry", [own], _POINT),
    Case("Element.geometry", [other], _LINE),
    Case("Feature.setGeometry", [own, lambda: ee.Geometry(_LINE)], _answer(_OWN, _LINE)),
    Case("Feature.setGeometry", {"feature": own, "geometry": None}, _answer(_OWN, None), name="none"),
    Case("Feature.select", [own, ["area_.*", "b"]], _answer({"area_x": 7, "area_y": -8, "b": "two"})),
    Case("Feature.select", [own, ["b", "a"], ["beta", "alpha"], False],
         _answer({"beta": "two", "alpha": 1}, None), name="renamed"),
    Case("Feature.toArray", [own, ["area_y", "a"]], [-8, 1]),
    Case("Element.get", [own, "b"], "two"),
    Case("Element.get", [own, "absent"], None, name="absent"),
    Case("Element.getNumber", [own, "area_y"], -8),
    Case("Element.getString", [own, "b"], "two"),
    Case("Element.getArray", [own, "list"], [3, 4.5]),
    Case("Element.propertyNames", [own], sorted([*_OWN, "system:index"]), ask=_sorted),
    Case("Element.set", [own, "a", -5], _answer({**_OWN, "a": -5})),
    Case("Element.set", [own, "new", [1, "x"]], _answer({**_OWN, "new": [1, "x"]}), name="new"),
    Case("Element.set", {"object": own, "key": "a", "value": None}, _answer(_without("a")), name="null"),
    Case("Element.setMulti", [own, {"a": -5, "new": "n"}], _answer({**_OWN, "a": -5, "new": "n"})),
    Case("Element.toDictionary", [own], _USERS),
    Case("Element.toDictionary", [own, ["b", "system:time_start"]],
         {"b": "two", "system:time_start": 1600000000000}, name="chosen"),
    Case("Element.copyProperties", [own, other], _answer({**_OWN, "a": 9, "c": "sea"})),
    Case("Element.copyProperties", [own, other, ["c", "system:time_start"]],
         _answer({**_OWN, "c": "sea", "system:time_start": 5}), name="chosen"),
    Case("Element.copyProperties", {"destination": own, "source": other, "exclude": ["a"]},
         _answer({**_OWN, "c": "sea"}), name="exclude"),
    Case("Element.replaceProperties", [own, other], _answer({"a": 9, "c": "sea"})),
    Case("Proj", ["EPSG:3857", [2, 0, 3, 0, -4, 5]],
         {"type": "Projection", "crs": "EPSG:3857", "transform": [2, 0, 3, 0, -4, 5]}),
]  # fmt: skip
