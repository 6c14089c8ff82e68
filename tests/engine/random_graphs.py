"""Random expression graphs that are made from the signatures, so that most of their calls are valid."""

from __future__ import annotations

import functools
from collections.abc import Callable
from random import Random
from typing import Any

from ee_floods.engine.registry import Algorithm, algorithms
from ee_floods.engine.signatures import Argument

Node = dict[str, Any]

_NUMBERS = (0, 1, 2, 3, 5, 8, 30, -1, -2, 0.5, -7.5, 1.5, 1e-9, 1e6, 2**31, 2**40, -(2**63), 1e300, 10**30)
_COUNTS = (0, 1, 2, 3, 4, 5, 8, 16, -1, 100)
_STRINGS = (
    "VV", "VH", "a", "b", "n", "sum", "", "V.*", "(", "[", "é", "\0", "x" * 300, "EPSG:4326", "EPSG:32642",
    "EPSG:99999", "2020-01-01", "2020-02-30", "UTC", "Mars/Base", "system:index", "system:time_start", ".geo",
    "C/a", "C", "nothing", "meters", "pixels", "day", "month", "eq", "float", "int8", "mean", "bilinear",
    "%d", "%s", "YYYY-MM", "b('VV')", "i + 1", "1 +", "equals", "constant", "{}", "[1, 2", "(a)\\1", "AFINN",
)  # fmt: skip
_GEOMETRIES: tuple[Any, ...] = (
    {"type": "Point", "coordinates": [69.001, 27.12]},
    {"type": "MultiPoint", "coordinates": [[69.0, 27.119], [69.002, 27.118]]},
    {"type": "LineString", "coordinates": [[69.0, 27.12], [69.004, 27.118]]},
    {"type": "Polygon", "coordinates": [[[69, 27.115], [69.005, 27.115], [69.005, 27.12], [69, 27.115]]]},
    {"type": "Polygon", "coordinates": [[[69, 27.11], [69.005, 27.12], [69.005, 27.11], [69, 27.12],
                                         [69, 27.11]]]},
    {"type": "Polygon", "coordinates": []},
    {"type": "Polygon", "coordinates": [[[170, -10], [190, -10], [190, 10], [170, 10], [170, -10]]]},
    {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [69.001, 27.12]}]},
    {"type": "Polygon", "coordinates": [[[0, 0], [1e308, 0], [1, 1], [0, 0]]]},
    {"type": "Point", "coordinates": [0, 91]},
    {"type": "Point", "coordinates": ["x", None]},
    {"type": "Line", "coordinates": [1]},
)  # fmt: skip
_ODD: tuple[Any, ...] = (
    None, True, "", -1, 1e308, float("nan"), float("inf"), [], {}, [[]], [None], {"a": None}, [1, [2]],
    "\0", {"type": "Nothing"}, {"type": "Polygon", "coordinates": "x"}, [["a", 1], ["b"]], 10**400,
    {"type": "FeatureCollection", "features": 3}, {"type": "Date", "value": "x"},
)  # fmt: skip

# What is named like one of the service's own types, in the words of the signatures' return types.
_SAME = {"Long": "Number", "Integer": "Number", "Float": "Number", "Element": "Feature"}


@functools.cache
def _by_return() -> dict[str, list[Algorithm]]:
    found: dict[str, list[Algorithm]] = {}
    for name in sorted(algorithms()):
        known = algorithms()[name]
        returns = known.signature.returns
        found.setdefault(_SAME.get(returns, returns), []).append(known)
    return found


class Graphs:
    """Makes graphs with a random generator, which may be hypothesis's own.

    Args:
        random: Where choices come from.
        mutations: Share of arguments that are left out, misnamed or of a wrong type.
    """

    def __init__(self, random: Random, mutations: float = 0.03) -> None:
        self._random = random
        self._mutations = mutations
        self._bound: list[str] = []

    def call(self, name: str, depth: int = 2) -> Node:
        """Return a call of an algorithm."""
        return self._call(algorithms()[name], depth)

    def any_call(self, depth: int = 2) -> Node:
        """Return a call of any algorithm."""
        return self.call(self._random.choice(sorted(algorithms())), depth)

    def _call(self, known: Algorithm, depth: int) -> Node:
        arguments: dict[str, Node] = {}
        for argument in known.signature.arguments:
            if argument.optional and self._chance(0.5):
                continue
            name, node = argument.name, self._argument(argument, depth)
            if self._chance(self._mutations):
                fault = self._random.choice(("leave", "rename", "odd", "other"))
                if fault == "leave":
                    continue
                name = name + "_" if fault == "rename" else name
                node = constant(self._random.choice(_ODD)) if fault == "odd" else node
                node = self.any_call(depth - 1) if fault == "other" and depth > 0 else node
            arguments[name] = node
        return call(known.signature.name, **arguments)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _argument(self, argument: Argument, depth: int) -> Node:
        if argument.name in ("scale", "maxError", "error", "distance", "radius", "interval", "tileSize"):
            return constant(self._random.choice((10, 30, 100, 1, 0, -1, 1000.5)))
        if argument.type in ("Integer", "Long") or argument.name in ("count", "n", "max", "size"):
            return constant(self._random.choice(_COUNTS if self._chance(0.9) else _NUMBERS))
        return self.value(argument.type, depth)

    def value(self, wanted: str, depth: int) -> Node:
        """Return a node of a type of the signatures."""
        if wanted.startswith("List<"):
            return self._list(wanted[5:-1], depth)
        base = wanted.split("<")[0]
        makers = _by_return().get(_SAME.get(base, base), [])
        if makers and depth > 0 and self._chance(0.6):
            return self._call(self._random.choice(makers), depth - 1)
        if self._bound and self._chance(0.3):
            return {"argumentReference": self._random.choice(self._bound)}
        simple = _SIMPLE.get(base)
        if simple is not None:
            return simple(self, depth)
        if makers:
            fewest = sorted(makers, key=lambda one: sum(not a.optional for a in one.signature.arguments))
            return self._call(self._random.choice(fewest[:6]), depth - 1)
        return constant(self._random.choice(_ODD))

    def _list(self, inner: str, depth: int) -> Node:
        if inner == "Object" and self._chance(0.5):
            return constant([self._random.choice(_NUMBERS[:10]) for _ in range(self._random.randint(0, 5))])
        items = [self.value(inner, depth - 1) for _ in range(self._random.randint(0, 3))]
        return {"arrayValue": {"values": items}}

    def _object(self, depth: int) -> Node:
        return self.value(
            self._random.choice(("Number", "String", "List<Object>", "Image", "Geometry")), depth
        )

    def _function(self, depth: int) -> Node:
        names = [f"_{len(self._bound)}_{i}" for i in range(self._random.randint(1, 2))]
        self._bound += names
        kind = self._random.choice(("Number", "Image", "Feature", "Object", "String"))
        body = self.value(kind, max(depth - 1, 0))
        del self._bound[-len(names) :]
        return {"functionDefinitionValue": {"argumentNames": names, "body": body}}

    def _collection(self, images: bool, depth: int) -> Node:
        if images and self._chance(0.5):
            return call("ImageCollection.load", id=constant("C"))
        kind = "Image" if images else "Feature"
        items = [self.value(kind, depth - 1) for _ in range(self._random.randint(0, 3))]
        name = "ImageCollection.fromImages" if images else "Collection"
        values: Node = {"arrayValue": {"values": items}}
        return call(name, images=values) if images else call(name, features=values)

    def _feature(self, depth: int) -> Node:
        keys = self._random.sample(("a", "b", "system:index", "system:time_start"), 2)
        metadata = {key: self._random.choice((1, 2.5, "x", [1, 2], 1.6e12)) for key in keys}
        return call("Feature", geometry=constant(self._choice(_GEOMETRIES, 4)), metadata=constant(metadata))

    def _image(self, depth: int) -> Node:
        kind = self._random.randint(0, 2)
        if kind == 0:
            return call("Image.constant", value=constant(self._random.choice((0, 1, -3, 2.5, [1, 2], [0.5]))))
        return call("Image.load", id=constant(self._random.choice(("C/a", "C/whole", "C/holes"))))

    def _choice(self, options: tuple[Any, ...], usual: int) -> Any:
        """One of the usual options, which come first, nine times in ten."""
        return self._random.choice(options[:usual] if self._chance(0.9) else options)


def constant(value: Any) -> Node:
    return {"constantValue": value}


def call(name: str, /, **arguments: Node) -> Node:
    return {"functionInvocationValue": {"functionName": name, "arguments": arguments}}


_ARRAYS = (1, [1, 2, 3], [[1, 2], [3, 4]], [[1.5, -2], [0, 7]], [], [[]], [[1], [2, 3]], [0], [[[1]]])
_SIMPLE: dict[str, Callable[[Graphs, int], Node]] = {
    "Number": lambda graphs, depth: constant(graphs._choice(_NUMBERS, 14)),
    "Float": lambda graphs, depth: constant(graphs._choice(_NUMBERS, 14)),
    "Integer": lambda graphs, depth: constant(graphs._choice(_COUNTS, 8)),
    "Long": lambda graphs, depth: constant(graphs._choice(_COUNTS, 8)),
    "Boolean": lambda graphs, depth: constant(graphs._random.random() < 0.5),
    "String": lambda graphs, depth: constant(graphs._random.choice(_STRINGS)),
    "Dictionary": lambda graphs, depth: constant(
        graphs._random.choice(({}, {"a": 1}, {"b": [1], "a": "x"}, {"VV": 2.5}))
    ),
    "Array": lambda graphs, depth: constant(graphs._choice(_ARRAYS, 4)),
    "Geometry": lambda graphs, depth: constant(graphs._choice(_GEOMETRIES, 4)),
    "Feature": Graphs._feature,
    "Element": Graphs._feature,
    "Image": Graphs._image,
    "ImageCollection": lambda graphs, depth: graphs._collection(True, depth),
    "FeatureCollection": lambda graphs, depth: graphs._collection(False, depth),
    "Projection": lambda graphs, depth: constant(
        graphs._choice(("EPSG:32642", "EPSG:4326", "EPSG:3857", "EPSG:99999", "", "EPSG:5773"), 3)
    ),
    "ErrorMargin": lambda graphs, depth: constant(graphs._choice((1, 10, 0, -1, "x"), 3)),
    "Date": lambda graphs, depth: constant(graphs._choice(("2020-01-01", 1.6e12, 0, 1e30, -1e18, "x"), 3)),
    "DateRange": lambda graphs, depth: constant(graphs._choice((["2020-01-01", "2021-01-01"], [0, 0]), 2)),
    "PixelType": lambda graphs, depth: constant(graphs._choice(("float", "int16", "byte", "nothing"), 3)),
    "Algorithm": Graphs._function,
    "Object": Graphs._object,
}


def expression(root: Node) -> dict[str, Any]:
    """Return the form that a client sends: the bodies of functions, which have to have names, by name."""
    values: dict[str, Any] = {}

    def named(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        if "functionDefinitionValue" in node:
            definition, key = node["functionDefinitionValue"], f"f{len(values)}"
            values[key] = None
            values[key] = named(definition["body"])
            return {"functionDefinitionValue": {**definition, "body": key}}
        if "functionInvocationValue" in node:
            invocation = node["functionInvocationValue"]
            arguments = {name: named(argument) for name, argument in invocation["arguments"].items()}
            return {"functionInvocationValue": {**invocation, "arguments": arguments}}
        if "arrayValue" in node:
            return {"arrayValue": {"values": [named(item) for item in node["arrayValue"]["values"]]}}
        return node

    values["root"] = named(root)
    return {"result": "root", "values": values}
