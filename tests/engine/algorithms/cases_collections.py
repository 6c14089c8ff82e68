"""Collections against plain Python, NumPy, pandas and shapely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
import numpy as np
import pandas as pd
import shapely

from tests.engine.algorithms.case import STORED, Case
from tests.engine.algorithms.people import PEOPLE, names, people, values
from tests.engine.memory_library import UTM

BOXES = ((0, 0, 2, 2), (1, 1, 4, 3), (8, 8, 9, 9))


def _boxes() -> ee.FeatureCollection:
    return ee.FeatureCollection(
        [ee.Feature(ee.Geometry.Rectangle(list(b), None, False), {"k": k}) for k, b in enumerate(BOXES)]
    )


def _names(collection: Any) -> Any:
    return ee.FeatureCollection(collection).aggregate_array("name")


def _indices(collection: Any) -> Any:
    return ee.FeatureCollection(collection).aggregate_array("system:index")


def _case(
    name: str, arguments: Callable[[], Any], truth: Any, ask: Any = _names, label: str = "", **more: Any
) -> Case:
    return Case(f"Collection.{name}", arguments, truth, ask=ask, name=label, **more)


def _sorted_by_n(ascending: bool) -> list[str]:
    """pandas' stable order: missing values last, equal ones as they stood."""
    frame = pd.DataFrame(PEOPLE).sort_values("n", ascending=ascending, kind="stable", na_position="last")
    return frame["name"].tolist()


def _images() -> list[ee.Image]:
    return [ee.Image("C/a").select("VV"), ee.Image("C/b").select("VV")]


def _map_arguments(drop: bool) -> dict[str, Any]:
    def double(feature: ee.Element) -> Any:
        feature = ee.Feature(feature)
        return ee.Algorithms.If(
            feature.get("n"),
            feature.set("name", ee.String(feature.get("name")).toUpperCase()),
            None if drop else feature,
        )

    function = ee.CustomFunction.create(double, "Object", ["Element"])
    return {"collection": people(), "baseAlgorithm": function, "dropNulls": drop}


def _adding() -> ee.CustomFunction:
    """Add a feature's name to a list."""

    def add(feature: Any, seen: Any) -> Any:
        return ee.List(seen).add(ee.Feature(feature).get("name"))

    return ee.CustomFunction.create(add, "Object", ["Object", "Object"])


def _nested() -> ee.FeatureCollection:
    return ee.FeatureCollection([people(PEOPLE[:2]), people(PEOPLE[2:3]), people(PEOPLE[3:])])


CASES = [
    Case(
        "Collection",
        lambda: {"features": [ee.Feature(None, {"name": "x"}), ee.Feature(None, {"name": "y"})]},
        {"names": ["x", "y"], "indices": ["0", "1"]},
        ask=lambda c: ee.Dictionary({"names": _names(c), "indices": _indices(c)}),
    ),
    Case("ImageCollection.fromImages", lambda: {"images": _images()}, ["0", "1"], ask=_indices),
    Case(
        "ImageCollection.load",
        lambda: {"id": "C"},
        lambda: (
            sorted(STORED, key=lambda name: name)[:0]
            or [name.removeprefix("C/") for name in STORED if name.startswith("C/")]
        ),
        ask=_indices,
    ),
    _case(
        "filter",
        lambda: {"collection": people(), "filter": ee.Filter.gt("n", 2)},
        lambda: names(lambda row: row.get("n", 0) > 2),
    ),
    _case(
        "filter",
        lambda: {"collection": people(), "filter": "n > 2 && x < 3"},
        lambda: names(lambda row: row.get("n", 0) > 2 and row.get("x", 9) < 3),
        label="text",
    ),
    _case("first", lambda: [people()], "Ada", ask=lambda f: ee.Feature(f).get("name")),
    _case(
        "first", lambda: [people().filter(ee.Filter.eq("n", 99))], None, ask=None, label="of nothing is null"
    ),
    _case("size", lambda: [people()], len(PEOPLE), ask=None),
    _case("size", lambda: [people().filter(ee.Filter.eq("n", 99))], 0, ask=None, label="of nothing"),
    _case(
        "toList",
        lambda: [people(), 3, 2],
        lambda: [row["name"] for row in PEOPLE][2:5],
        ask=lambda found: ee.List(found).map(lambda f: ee.Feature(f).get("name")),
    ),
    _case(
        "toList",
        lambda: [people(), 10, 5],
        lambda: [row["name"] for row in PEOPLE][5:],
        ask=lambda found: ee.List(found).map(lambda f: ee.Feature(f).get("name")),
        label="more than there are",
    ),
    _case("limit", lambda: [people(), 2], lambda: [row["name"] for row in PEOPLE][:2]),
    _case("limit", lambda: [people(), 4, "n", False], lambda: _sorted_by_n(False)[:4], label="largest first"),
    _case(
        "limit",
        lambda: {"collection": people(), "key": "n"},
        lambda: _sorted_by_n(True),
        label="missing last",
    ),
    _case(
        "limit",
        lambda: {"collection": people(), "key": "n", "ascending": False},
        lambda: _sorted_by_n(False),
        label="missing last, down",
    ),
    _case(
        "limit",
        lambda: {"collection": people(), "key": "name", "ascending": False},
        lambda: sorted((row["name"] for row in PEOPLE), reverse=True),
        label="text",
    ),
    _case(
        "map",
        lambda: _map_arguments(True),
        lambda: [r["name"].upper() for r in PEOPLE if r.get("n")],
        label="dropNulls",
    ),
    _case(
        "map",
        lambda: _map_arguments(True),
        lambda: [str(k) for k, r in enumerate(PEOPLE) if r.get("n")],
        ask=_indices,
        label="keeps the index",
    ),
    _case(
        "map",
        lambda: _map_arguments(False),
        lambda: [r["name"].upper() if r.get("n") else r["name"] for r in PEOPLE],
        label="all",
    ),
    _case("flatten", lambda: [_nested()], lambda: [row["name"] for row in PEOPLE]),
    _case(
        "flatten",
        lambda: [_nested()],
        ["0_0", "0_1", "1_0", "2_0", "2_1", "2_2"],
        ask=_indices,
        label="joins both indices",
    ),
    _case(
        "iterate",
        lambda: {
            "collection": people(),
            "function": _adding(),
            "first": ee.List(["start"]),
        },
        lambda: ["start", *(row["name"] for row in PEOPLE)],
        ask=None,
    ),
    _case("merge", lambda: [people(PEOPLE[:2]), people(PEOPLE[4:])], ["Ada", "Bo", "Eda", "fay"]),
    _case(
        "merge",
        lambda: [people(PEOPLE[:2]), people(PEOPLE[4:])],
        ["1_0", "1_1", "2_0", "2_1"],
        ask=_indices,
        label="prefixes the indices",
    ),
    Case(
        "ImageCollection.merge",
        lambda: [ee.ImageCollection(_images()), ee.ImageCollection(_images()[:1])],
        ["1_0", "1_1", "2_0"],
        ask=_indices,
    ),
    _case(
        "distinct",
        lambda: [people(), ["n"]],
        lambda: pd.DataFrame(PEOPLE).drop_duplicates("n")["name"].tolist(),
    ),
    _case(
        "distinct",
        lambda: [people(), ["x"]],
        lambda: pd.DataFrame(PEOPLE).drop_duplicates(["x"])["name"].tolist(),
        label="one value is missing",
    ),
    _case(
        "geometry",
        lambda: [_boxes()],
        lambda: shapely.unary_union([shapely.box(*b) for b in BOXES]).geom_type,
        ask=lambda g: ee.Algorithms.ObjectType(g),
    ),
    _case(
        "geometry",
        lambda: [_boxes()],
        lambda: shapely.unary_union([shapely.box(*b) for b in BOXES]).area,
        ask=lambda g: ee.Geometry(g).area(1e-9, ee.Projection("EPSG:4326")),
        label="area in degrees",
        rtol=1e-6,
        mutant=False,  # a collection is taken for its geometry
    ),
    _case(
        "bounds",
        lambda: [_boxes()],
        lambda: [[list(c) for c in ((0, 0), (9, 0), (9, 9), (0, 9), (0, 0))]],
        ask=lambda g: ee.Geometry(g).coordinates(),
    ),
    _case("union", lambda: [_boxes()], 1, ask=lambda c: ee.FeatureCollection(c).size()),
    _case(
        "union",
        lambda: [_boxes()],
        lambda: shapely.unary_union([shapely.box(*b) for b in BOXES]).area,
        ask=lambda c: (
            ee.Feature(ee.FeatureCollection(c).first()).geometry().area(1e-9, ee.Projection("EPSG:4326"))
        ),
        label="area",
        rtol=1e-6,
    ),
    _case("cache", lambda: [people()], lambda: [row["name"] for row in PEOPLE], mutant=False),
    _case(
        "remap",
        lambda: [people(), [3, 7], [30, 70], "n"],
        lambda: [{3: 30, 7: 70}[row["n"]] for row in PEOPLE if row.get("n") in (3, 7)],
        ask=lambda c: ee.FeatureCollection(c).aggregate_array("n"),
    ),
    _case(
        "reduceColumns",
        lambda: [people(), ee.Reducer.mean().combine(ee.Reducer.max(), "", True), ["x"]],
        lambda: {"mean": np.mean(values("x")), "max": np.max(values("x"))},
        ask=None,
    ),
    _case(
        "reduceColumns",
        lambda: [people(), ee.Reducer.toList(2), ["name", "n"]],
        lambda: {"list": [[row["name"], row["n"]] for row in PEOPLE if "n" in row]},
        ask=None,
        label="rows",
    ),
    _case(
        "reduceColumns",
        lambda: {
            "collection": people().filter(ee.Filter.gt("n", 0)),
            "reducer": ee.Reducer.mean(),
            "selectors": ["x"],
            "weightSelectors": ["n"],
        },
        lambda: {"mean": np.average([2.5, 0.0, 2.5], weights=[3, 3, 7])},
        ask=None,
        label="weights",
    ),
    _case(
        "reduceColumns",
        lambda: [people().filter(ee.Filter.notNull(["x"])), ee.Reducer.sum().group(1, "n"), ["x", "n"]],
        lambda: {
            "groups": [
                {"n": int(n), "sum": float(x)}
                for n, x in pd.DataFrame(PEOPLE).dropna(subset=["n", "x"]).groupby("n")["x"].sum().items()
            ]
        },
        ask=None,
        label="groups",
    ),
    _case("fromColumns", lambda: [[[1, 2], ["p", "q"]], ["id", "name"]], ["p", "q"]),
]


def _drawn(collection: Any) -> Any:
    """What must hold of random numbers: their range, that they differ and that they come again."""
    column = ee.FeatureCollection(collection).aggregate_array("random")
    return ee.Dictionary(
        {
            "count": column.size(),
            "different": column.distinct().size(),
            "low": ee.Number(column.reduce(ee.Reducer.min())).gte(0),
            "high": ee.Number(column.reduce(ee.Reducer.max())).lt(1),
            "again": column.equals(people().randomColumn("random", 3).aggregate_array("random")),
        }
    )


def _scattered(collection: Any) -> Any:
    points = ee.FeatureCollection(collection)
    inside = points.filterBounds(ee.Geometry.Rectangle(10, 20, 11, 21))
    return ee.List([points.size(), inside.size(), points.distinct(".geo").size()])


def _burnt() -> np.ma.MaskedArray:
    """Rows and columns of pixel centres against boxes in the pixels' own CRS; the last box lies on top."""
    truth = np.ma.masked_all(UTM.shape)
    for k, (top, left, bottom, right) in enumerate(PIXEL_BOXES):
        truth[top:bottom, left:right] = k + 1
    return truth


PIXEL_BOXES = ((4, 6, 20, 30), (10, 20, 40, 50))


def _pixel_boxes() -> ee.FeatureCollection:
    a, _, west, _, e, north = UTM.transform
    features = []
    for k, (top, left, bottom, right) in enumerate(PIXEL_BOXES):
        corners = [west + a * left, north + e * bottom, west + a * right, north + e * top]
        features.append(ee.Feature(ee.Geometry.Rectangle(corners, UTM.crs, False), {"k": k + 1}))
    return ee.FeatureCollection(features)


CASES += [
    _case(
        "randomColumn",
        lambda: [people(), "random", 3],
        {"count": 6, "different": 6, "low": 1, "high": 1, "again": True},
        ask=_drawn,
    ),
    _case(
        "randomColumn",
        lambda: {"collection": people(), "rowKeys": ["n"]},
        True,
        ask=lambda c: (
            ee.FeatureCollection(c)
            .filter(ee.Filter.eq("n", 3))
            .aggregate_count_distinct("random")
            .eq(1)
            .And(ee.FeatureCollection(c).aggregate_count_distinct("random").eq(5))
        ),
        label="rowKeys",
    ),
    Case(
        "FeatureCollection.randomPoints",
        lambda: [ee.Geometry.Rectangle(10, 20, 11, 21), 25, 4],
        [25, 25, 25],
        ask=_scattered,
    ),
    _case("reduceToImage", lambda: [_pixel_boxes(), ["k"], ee.Reducer.max()], _burnt, ask=None, pixels=True),
]
