"""Strings, lists and dictionaries, against what Python says of the same values."""

from __future__ import annotations

import functools
import json
import re
from itertools import product
from typing import Any

import ee
import numpy as np

from tests.engine.algorithms.case import Case

TEXT = "Chad, Niger; chad BASIN"
A: list[Any] = [3, 1, 2, 3, "x", [1, 2], 3]
NUMBERS = [5, -2, 9, 0]
D = {"b": 2, "a": 1.5, "c": "z"}
POINT = {"type": "Point", "coordinates": [10, 20]}


def _without(items: list[Any], position: int) -> list[Any]:
    return [*items[:position], *items[position + 1 :]]


def _point() -> Any:
    return ee.Geometry.Point([10, 20])


STRINGS = [
    Case("String", [12.5], "12.5"),
    Case("String.cat", ["ab", "cd"], "abcd"),
    Case("String.compareTo", ["b", "a"], 1),
    Case("String.equals", ["a", "A"], False),
    Case("String.index", [TEXT, "chad"], TEXT.find("chad")),
    Case("String.rindex", [TEXT, "d"], TEXT.rfind("d")),
    Case("String.length", [TEXT], len(TEXT)),
    Case("String.slice", [TEXT, 2, -3], TEXT[2:-3]),
    Case("String.match", [TEXT, "(n)(.)g", "i"], [*re.search("(N)(.)g", TEXT).group(0, 1, 2)]),  # type: ignore[union-attr]
    Case("String.match", [TEXT, "chad", "gi"], re.findall("(?i)chad", TEXT), name="all"),
    Case("String.match", [TEXT, "Mali"], [], name="none"),
    Case("String.replace", [TEXT, "([a-z]+)d", "<$1>", "g"], re.sub("([a-z]+)d", r"<\1>", TEXT)),
    Case("String.replace", ["a.b.c", r"\.", ""], "ab.c", name="first"),
    Case("String.split", [TEXT, "[,;] "], re.split("[,;] ", TEXT)),
    Case("String.toLowerCase", [TEXT], TEXT.lower()),
    Case("String.toUpperCase", [TEXT], TEXT.upper()),
    Case("String.trim", ["\t a b \n"], "a b"),
    Case("String.encodeJSON", [[1, "a", {"k": None}]], '[1,"a",{"k":null}]'),
    Case("String.decodeJSON", [json.dumps({"k": [1, 2.5, "x"]})], {"k": [1, 2.5, "x"]}),
]

LISTS = [
    Case("List.get", [A, -2], A[-2]),
    Case("List.getNumber", [A, 1], A[1]),
    Case("List.getString", [A, 4], A[4]),
    Case("List.getArray", [[1, [7, 8]], 1], [7, 8]),
    Case(
        "List.getGeometry", lambda: [[1, _point()], 1], [10, 20], ask=lambda g: ee.Geometry(g).coordinates()
    ),
    Case("List.size", [A], len(A)),
    Case("List.length", [A], len(A)),
    Case("List.add", [A, [3]], [*A, [3]]),
    Case("List.cat", [A, NUMBERS], A + NUMBERS),
    Case("List.set", [A, -1, "y"], [*A[:-1], "y"]),
    Case("List.insert", [A, 2, "y"], [*A[:2], "y", *A[2:]]),
    Case("List.remove", [A, 3], _without(A, 0)),
    Case("List.removeAll", [A, [3, "x"]], [v for v in A if v not in (3, "x")]),
    Case("List.replace", [A, 3, 0], [0, *A[1:]]),
    Case("List.replaceAll", [A, 3, 0], [0 if v == 3 else v for v in A]),
    Case("List.contains", [A, [1, 2]], True),
    Case("List.contains", [A, "y"], False, name="not"),
    Case("List.containsAll", [A, [2, "x"]], True),
    Case("List.containsAll", [A, [2, "y"]], False, name="not"),
    Case("List.equals", [NUMBERS, [*NUMBERS]], True),
    Case("List.equals", [NUMBERS, NUMBERS[::-1]], False, name="not"),
    Case("List.indexOf", [A, "x"], A.index("x")),
    Case("List.indexOf", [A, "y"], -1, name="missing"),
    Case("List.indexOfSublist", [[1, 2, 1, 2, 3], [1, 2]], 0),
    Case("List.lastIndexOfSubList", [[1, 2, 1, 2, 3], [1, 2]], 2),
    Case("List.frequency", [A, 3], A.count(3)),
    Case("List.distinct", [[3, 1, 3, "a", "a"]], [3, 1, "a"]),
    Case("List.flatten", [[1, [2, [3, []]], "a"]], [1, 2, 3, "a"]),
    Case("List.filter", lambda: [NUMBERS, ee.Filter.gt("item", 0)], [v for v in NUMBERS if v > 0]),
    Case("List.map", [NUMBERS, lambda: lambda v: ee.Number(v).multiply(3)], [3 * v for v in NUMBERS]),
    Case(
        "List.map",
        [A, lambda: lambda v: ee.Algorithms.If(ee.List(A).frequency(v).gt(1), v, None), True],
        [3, 3, 3],
        name="without nulls",
    ),
    Case(
        "List.iterate",
        [NUMBERS, lambda: lambda v, last: ee.Number(last).multiply(2).add(v), 1],
        functools.reduce(lambda last, v: 2 * last + v, NUMBERS, 1),
    ),
    Case("List.reduce", lambda: [NUMBERS, ee.Reducer.stdDev()], np.std(NUMBERS)),
    Case("List.join", [["a", 1, "c"], "-"], "a-1-c"),
    Case("List.repeat", [[1, "a"], 3], [[1, "a"]] * 3),
    Case("List.reverse", [A], A[::-1]),
    Case("List.rotate", [NUMBERS, 1], np.roll(NUMBERS, 1).tolist()),
    Case("List.rotate", [NUMBERS, -1], np.roll(NUMBERS, -1).tolist(), name="back"),
    Case("List.sequence", [2, 11, 3], list(range(2, 12, 3))),
    Case(
        "List.shuffle",
        [list(range(50)), 3],
        list(range(50)),
        ask=lambda shuffled: shuffled.sort(),
        mutant=False,
    ),
    Case(
        "List.shuffle",
        [list(range(50)), 3],
        False,
        ask=lambda shuffled: shuffled.equals(list(range(50))),
        name="moves",
    ),
    Case("List.slice", [A, 1, -1, 2], A[1:-1:2]),
    Case("List.splice", [A, 1, 2, ["p", "q", "r"]], [*A[:1], "p", "q", "r", *A[3:]]),
    Case("List.splice", [A, -2, 1], _without(A, len(A) - 2), name="from the end"),
    Case("List.swap", [NUMBERS, 0, -1], [0, -2, 9, 5]),
    Case("List.sort", [NUMBERS], sorted(NUMBERS)),
    Case(
        "List.sort",
        [["a", "b", "c", "d"], NUMBERS],
        [v for _, v in sorted(zip(NUMBERS, "abcd", strict=True))],
        name="by keys",
    ),
    Case("List.zip", [NUMBERS, ["a", "b"]], [list(pair) for pair in zip(NUMBERS, "ab", strict=False)]),
    Case("List.unzip", [[[1, "a"], [2, "b"], [3, "c"]]], [[1, 2, 3], ["a", "b", "c"]]),
]

DICTIONARIES = [
    Case("Dictionary", [["b", 2, "a", 1]], {"a": 1, "b": 2}),
    Case("Dictionary.get", [D, "a"], 1.5),
    Case("Dictionary.get", [D, "y", 7], 7, name="default"),
    Case("Dictionary.getNumber", [D, "b"], 2),
    Case("Dictionary.getString", [D, "c"], "z"),
    Case("Dictionary.getArray", [{"v": [1, 2]}, "v"], [1, 2]),
    Case(
        "Dictionary.getGeometry",
        lambda: [{"g": _point()}, "g"],
        [10, 20],
        ask=lambda g: ee.Geometry(g).coordinates(),
    ),
    Case("Dictionary.set", [D, "b", -1], {**D, "b": -1}),
    Case("Dictionary.keys", [D], sorted(D)),
    Case("Dictionary.values", [D], [D[key] for key in sorted(D)]),
    Case("Dictionary.values", [D, ["c", "a"]], ["z", 1.5], name="chosen"),
    Case("Dictionary.size", [D], 3),
    Case("Dictionary.contains", [D, "a"], True),
    Case("Dictionary.contains", [D, "y"], False, name="not"),
    Case("Dictionary.combine", [D, {"b": 0, "n": 1}], {**D, "b": 0, "n": 1}),
    Case("Dictionary.combine", [D, {"b": 0, "n": 1}, False], {"b": 0, "n": 1, **D}, name="keep"),
    Case("Dictionary.fromLists", [["p", "q"], [1, 2]], {"p": 1, "q": 2}),
    Case(
        "Dictionary.map",
        [{"p": 1, "q": 2}, lambda: lambda key, v: ee.String(key).cat(ee.Number(v).format("%d"))],
        {"p": "p1", "q": "q2"},
    ),
    Case("Dictionary.select", [D, ["[ab]"]], {"a": 1.5, "b": 2}),
    Case("Dictionary.select", [D, ["a", "y"], True], {"a": 1.5}, name="missing"),
    Case("Dictionary.remove", [D, ["a", "y"], True], {"b": 2, "c": "z"}),
    Case("Dictionary.rename", [D, ["a"], ["n"]], {"n": 1.5, "b": 2, "c": "z"}),
    Case("Dictionary.toArray", [{"b": 2, "a": 1}], [1, 2]),
    Case("Dictionary.toArray", [{"b": [2, 3], "a": [0, 1]}, ["b", "a"], 1], [[2, 0], [3, 1]], name="axis"),
    Case(
        "Dictionary.toImage",
        [{"b": 2, "a": 1}],
        ["Image", {"a": 1, "b": 2}],
        ask=lambda i: ee.List(
            [ee.Algorithms.ObjectType(i), i.reduceRegion("first", ee.Geometry.Point([0, 0]), 1)]
        ),
    ),
]

PIXEL_TYPES = [
    Case("PixelType", ["int", -5, 7], {"type": "PixelType", "precision": "int", "min": -5, "max": 7}),
    *(
        Case(
            f"PixelType.{sign}int{bits}",
            [],
            {"type": "PixelType", "precision": "int", "min": int(info.min), "max": int(info.max)},
        )
        for sign, bits in product(("", "u"), (8, 16, 32, 64))
        if (sign, bits) != ("u", 64)
        for info in [np.iinfo(f"{sign}int{bits}")]
    ),
    *(
        Case(f"PixelType.{name}", [], {"type": "PixelType", "precision": name})
        for name in ("float", "double")
    ),
    Case("PixelType.precision", lambda: [ee.PixelType("int", -5, 7)], "int"),
    Case("PixelType.minValue", lambda: [ee.PixelType("int", -5, 7)], -5),
    Case("PixelType.maxValue", lambda: [ee.PixelType("int", -5, 7)], 7),
    Case("PixelType.dimensions", lambda: [ee.PixelType("int", -5, 7, 2)], 2),
    Case("ErrorMargin", [25, "projected"], {"type": "ErrorMargin", "unit": "projected", "value": 25}),
    Case("ObjectType", [[1]], "List"),
    Case("ObjectType", [2.5], "Float", name="float"),
    Case("IsEqual", [[1, {"a": 2}], [1, {"a": 2}]], True),
    Case("IsEqual", [1, "1"], False, name="not"),
]

EXPRESSIONS = [
    Case("Number.expression", ["x ** 2 - y % 3 * -1", {"x": 5, "y": 8}], 5**2 + 8 % 3),
    Case(
        "Number.expression",
        ["(x < y && !z) ? max(x, v.w) : 1e3", {"x": 5, "y": 8, "z": 0, "v": {"w": 6.5}}],
        6.5,
        name="logic",
    ),
]

CASES = [*EXPRESSIONS, *STRINGS, *LISTS, *DICTIONARIES, *PIXEL_TYPES]
