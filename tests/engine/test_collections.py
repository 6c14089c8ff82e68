from __future__ import annotations

import ee
import numpy as np
import pytest

from ee_floods.engine.errors import EngineError
from ee_floods.engine.limits import Limits
from ee_floods.engine.records import TableRecord
from tests.engine.memory_library import Bench, scene

DAY = 86_400_000
START = 1_661_990_400_000  # 2022-09-01T00:00Z
SQUARE = [[[69.0, 27.0], [69.1, 27.0], [69.1, 27.2], [69.0, 27.2], [69.0, 27.0]]]
ELSEWHERE = [[[10.0, 50.0], [11.0, 50.0], [11.0, 51.0], [10.0, 51.0], [10.0, 50.0]]]


@pytest.fixture
def series(bench: Bench) -> Bench:
    """Three images, a day apart; the last lies elsewhere and has no orbit."""
    for k, (name, ring) in enumerate((("a", SQUARE), ("b", SQUARE), ("c", ELSEWHERE))):
        properties = {"system:time_start": START + k * DAY, **({"orbit": 10 - k} if k < 2 else {})}
        footprint = {"type": "Polygon", "coordinates": ring}
        scene(bench, f"S/{name}", seed=k, properties=properties, footprint=footprint)
    return bench


def indices(bench: Bench, collection: ee.ImageCollection | ee.FeatureCollection) -> list[str]:
    return bench.value(collection.aggregate_array("system:index"))


def test_filter_date_includes_the_start_and_not_the_end(series: Bench) -> None:
    whole = ee.ImageCollection("S")
    assert indices(series, whole.filterDate("2022-09-01", "2022-09-02")) == ["a"]
    assert indices(series, whole.filterDate("2022-09-01", "2022-09-03")) == ["a", "b"]
    assert indices(series, whole.filterDate("2022-08-01", "2022-09-01")) == []


def test_filters_of_a_loaded_collection_reach_the_library_and_are_checked_again(series: Bench) -> None:
    point = ee.Geometry.Point(69.05, 27.1)
    narrow = ee.ImageCollection("S").filterBounds(point).filterDate("2022-09-01", "2022-09-04")
    assert indices(series, narrow) == ["a", "b"]
    query = series.library.queries[-1]
    assert query["bounds"] == pytest.approx((69.05, 27.1, 69.05, 27.1))
    assert (query["start_ms"], query["end_ms"]) == (START, START + 3 * DAY)


def test_range_of_dates_that_ends_before_it_begins_is_empty_and_asks_for_nothing(series: Bench) -> None:
    assert indices(series, ee.ImageCollection("S").filterDate("2022-09-04", "2022-09-01")) == []
    assert series.library.queries == []


def test_collection_filtered_month_by_month_is_listed_once(series: Bench) -> None:
    days = ee.ImageCollection("S").filterDate("2022-09-01", "2022-09-04")

    def of_day(day: ee.Number) -> ee.Number:
        return days.filter(ee.Filter.calendarRange(day, day, "day_of_month")).size()

    assert series.value(ee.List([1, 2, 5]).map(of_day)) == [1, 1, 0]
    assert len(series.library.queries) == 1


def test_limit_lists_no_more_than_asked_for(series: Bench) -> None:
    assert indices(series, ee.ImageCollection("S").limit(1)) == ["a"]
    answer = series.evaluator.value(series.encode(ee.ImageCollection("S").first().get("orbit")))
    assert [use.id for use in answer.assets] == ["S", "S/a"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (lambda: ee.Filter.eq("orbit", 10), ["a"]),
        (lambda: ee.Filter.notEquals("orbit", 10), ["b"]),
        (lambda: ee.Filter.lt("orbit", 10), ["b"]),
        (lambda: ee.Filter.greaterThanOrEquals("orbit", 10), ["a"]),
        (lambda: ee.Filter.Not(ee.Filter.greaterThan("orbit", 8)), ["c"]),
        (lambda: ee.Filter.gte("system:time_start", START + DAY), ["b", "c"]),
        (lambda: ee.Filter.notNull(["orbit"]), ["a", "b"]),
        (lambda: ee.Filter.inList("system:index", ["a", "c"]), ["a", "c"]),
        (lambda: ee.Filter.Or(ee.Filter.eq("orbit", 9), ee.Filter.eq("system:index", "c")), ["b", "c"]),
        (lambda: ee.Filter.rangeContains("orbit", 9, 10), ["a", "b"]),
        (lambda: ee.Filter.calendarRange(2, 3, "day_of_month"), ["b", "c"]),
        (lambda: ee.Filter.calendarRange(9, 9, "month"), ["a", "b", "c"]),
        (lambda: ee.Filter.date("2022-09-02", "2022-09-04"), ["b", "c"]),
        (lambda: ee.Filter.bounds(ee.Geometry.Point(10.5, 50.5)), ["c"]),
        (lambda: ee.Filter.disjoint(".geo", ee.Geometry.Point(10.5, 50.5)), ["a", "b"]),
        (lambda: ee.Filter.isContained(".geo", ee.Geometry.Rectangle(68, 26, 70, 28)), ["a", "b"]),
        (lambda: ee.Filter.stringContains("system:index", "b"), ["b"]),
        (lambda: "orbit >= 9 && !(orbit == 9)", ["a"]),
        (lambda: ee.Filter.gt("orbit", "text"), []),
    ],
)
def test_filters(series: Bench, condition, expected: list[str]) -> None:
    assert indices(series, ee.ImageCollection("S").filter(condition())) == expected
    # The same on a collection that the library cannot narrow.
    copied = ee.ImageCollection("S").map(lambda image: image.set("copied", 1))
    assert indices(series, copied.filter(condition())) == expected


def test_sort_puts_missing_values_last(series: Bench) -> None:
    assert indices(series, ee.ImageCollection("S").sort("orbit")) == ["b", "a", "c"]
    assert indices(series, ee.ImageCollection("S").sort("orbit", False)) == ["a", "b", "c"]


def test_map_keeps_indices_and_merge_prefixes_them(series: Bench) -> None:
    mapped = ee.ImageCollection("S").map(lambda image: ee.Image(1))
    assert indices(series, mapped) == ["a", "b", "c"]
    assert indices(series, mapped.merge(ee.ImageCollection("S").limit(1))) == ["1_a", "1_b", "1_c", "2_a"]


def test_flatten_joins_outer_and_inner_indices(bench: Bench) -> None:
    inner = [
        ee.FeatureCollection([ee.Feature(None, {"k": k}), ee.Feature(None, {"k": k + 1})]) for k in (0, 10)
    ]
    flat = ee.FeatureCollection(inner).flatten()
    assert bench.value(flat.aggregate_array("k")) == [0, 1, 10, 11]
    assert indices(bench, flat) == ["0_0", "0_1", "1_0", "1_1"]


def test_composites_are_numpys(series: Bench) -> None:
    stack = np.stack([image.source.bands["VV"] for image in series.library.collections["S"]])
    collection = ee.ImageCollection("S").select("VV")
    for name in ("median", "mean", "min", "max", "sum"):
        found = series.first(getattr(collection, name)())
        np.testing.assert_allclose(found, getattr(np, name)(stack.astype(float), axis=0), rtol=1e-6)
    assert series.value(collection.median().bandNames()) == ["VV"]
    assert series.value(collection.reduce(ee.Reducer.median()).bandNames()) == ["VV_median"]
    assert series.value(collection.reduce(ee.Reducer.percentile([5, 95])).bandNames()) == ["VV_p5", "VV_p95"]
    p = series.pixels(collection.reduce(ee.Reducer.percentile([5, 95])))
    np.testing.assert_allclose(p[1], np.percentile(stack, 95, axis=0), rtol=1e-5)
    count = series.first(collection.map(lambda image: image.updateMask(image.gt(-12))).count())
    np.testing.assert_array_equal(count.filled(0), (stack > -12).sum(axis=0))


def test_quality_mosaic_and_to_bands(series: Bench) -> None:
    stacks = {n: np.stack([i.source.bands[n] for i in series.library.collections["S"]]) for n in ("VV", "VH")}
    best = stacks["VV"].argmax(axis=0)
    found = series.pixels(ee.ImageCollection("S").qualityMosaic("VV"))
    np.testing.assert_array_equal(found[1], np.take_along_axis(stacks["VH"], best[None], 0)[0])
    assert series.value(ee.ImageCollection("S").toBands().bandNames())[:3] == ["a_VV", "a_VH", "b_VV"]


def test_reduce_columns_and_aggregates(series: Bench) -> None:
    collection = ee.ImageCollection("S")
    table = collection.reduceColumns(ee.Reducer.toList(2), ["orbit", "system:index"])
    assert series.value(table) == {"list": [[10, "a"], [9, "b"]]}
    assert series.value(collection.aggregate_mean("orbit")) == 9.5
    assert series.value(collection.aggregate_count("orbit")) == 2
    assert series.value(collection.aggregate_max("orbit")) == 10
    assert series.value(collection.aggregate_histogram("orbit")) == {"9": 1, "10": 1}
    stats = series.value(collection.aggregate_stats("orbit"))
    assert (stats["min"], stats["sample_sd"]) == (9, pytest.approx(np.std([9, 10], ddof=1)))


def test_join_save_best_takes_the_smallest_measure(series: Bench) -> None:
    condition = ee.Filter.And(
        ee.Filter.maxDifference(2.5 * DAY, "system:time_start", None, "system:time_start"),
        ee.Filter.notEquals("system:index", None, "system:index"),
    )
    joined = ee.Join.saveBest("other", "apart").apply(
        ee.ImageCollection("S"), ee.ImageCollection("S"), condition
    )
    pairs = joined.map(lambda f: f.set("pair", ee.Image(f.get("other")).get("system:index")))
    assert series.value(pairs.aggregate_array("pair")) == ["b", "a", "b"]
    assert series.value(ee.Image(ee.Image(joined.first()).get("other")).get("apart")) == DAY


def test_other_joins(series: Bench) -> None:
    a = ee.ImageCollection("S")
    same = ee.Filter.equals("orbit", None, "orbit")
    assert indices(series, ee.ImageCollection(ee.Join.simple().apply(a, a.limit(1), same))) == ["a"]
    assert indices(series, ee.ImageCollection(ee.Join.inverted().apply(a, a.limit(1), same))) == ["b", "c"]
    inner = ee.Join.inner("x", "y").apply(a, a, same)
    assert series.value(inner.size()) == 2
    assert series.value(ee.Image(ee.Feature(inner.first()).get("y")).get("orbit")) == 10
    lists = ee.Join.saveAll("all", "orbit").apply(a.limit(1), a, ee.Filter.notNull(["orbit"]))
    assert series.value(ee.List(ee.Image(lists.first()).get("all")).size()) == 3
    with pytest.raises(EngineError, match="measure"):
        series.value(ee.Join.saveBest("m", "k").apply(a, a, same))


def test_link_collection_without_a_match_is_masked_and_no_error(series: Bench) -> None:
    source = ee.Image("S/a").select("VV")
    found = source.linkCollection(ee.ImageCollection("S"), ["VH"])
    assert series.value(found.bandNames()) == ["VV", "VH"]
    np.testing.assert_array_equal(series.pixels(found)[1], series.library.images["S/a"].source.bands["VH"])
    missing = source.set("system:index", "nobody").linkCollection(ee.ImageCollection("S"), ["VH"])
    assert np.ma.getmaskarray(series.pixels(missing)[1]).all()
    assert not np.ma.getmaskarray(series.pixels(missing)[0]).any()


def test_get_info_forms(series: Bench) -> None:
    image = series.value(ee.Image("S/a").select("VV"))
    assert image["type"] == "Image"
    assert image["bands"] == [
        {
            "id": "VV",
            "data_type": {"type": "PixelType", "precision": "float"},
            "dimensions": [64, 64],
            "crs": "EPSG:32642",
            "crs_transform": [10, 0, 500000, 0, -10, 3000000],
        }
    ]
    assert image["properties"]["system:index"] == "a"
    assert image["id"] == "S/a"
    collection = series.value(ee.ImageCollection("S"))
    assert collection["type"] == "ImageCollection"
    assert [f["id"] for f in collection["features"]] == ["S/a", "S/b", "S/c"]
    features = series.value(ee.FeatureCollection([ee.Feature(ee.Geometry.Point(1, 2), {"k": 1})]))
    assert features["columns"] == {"k": "Integer", "system:index": "String"}
    assert features["features"][0] == {
        "type": "Feature",
        "id": "0",
        "geometry": {"type": "Point", "coordinates": [1, 2]},
        "properties": {"k": 1},
    }


def test_more_elements_than_one_answer_carries(client: None) -> None:
    bench = Bench(Limits(elements=3))
    many = ee.FeatureCollection(ee.List.sequence(1, 5).map(lambda k: ee.Feature(None, {"k": k})))
    with pytest.raises(EngineError, match="accumulating over 3 elements"):
        bench.value(many)
    assert bench.value(many.size()) == 5


def test_tables(bench: Bench) -> None:
    rows = [
        {
            "type": "Feature",
            "id": "x",
            "geometry": {"type": "Point", "coordinates": [1, 2]},
            "properties": {"n": 3},
        },
        {"type": "Feature", "id": "y", "geometry": None, "properties": {"n": 5}},
    ]
    bench.library.tables["T"] = TableRecord("T", rows, {}, False)
    assert bench.value(ee.FeatureCollection("T").filter(ee.Filter.gt("n", 3)).aggregate_array("n")) == [5]
    answer = bench.evaluator.table(bench.encode(ee.FeatureCollection("T")))
    assert [f["properties"] for f in answer.result] == [{"n": 3}, {"n": 5}]
    assert answer.result[0]["geometry"] == {"type": "Point", "coordinates": [1, 2]}
    with pytest.raises(
        EngineError, match=r"FeatureCollection asset 'nope' not found \(does not exist or caller"
    ):
        bench.value(ee.FeatureCollection("nope").size())


def test_element_properties(series: Bench) -> None:
    image = ee.Image("S/a").set({"x": 1, "y": "b"})
    assert series.value(image.toDictionary()) == {"orbit": 10, "x": 1, "y": "b"}
    assert series.value(image.toDictionary(["x"])) == {"x": 1}
    assert series.value(image.date().format("YYYY-MM-dd")) == "2022-09-01"
    assert "system:index" in series.value(image.propertyNames())
    assert (
        series.value(ee.Image(1).copyProperties(image, ["system:time_start"]).get("system:time_start"))
        == START
    )
    assert series.value(ee.Image(1).copyProperties(image, None, ["x"]).toDictionary()) == {
        "orbit": 10,
        "y": "b",
    }
    assert series.value(ee.Image.constant(1).addBands(image.metadata("orbit")).bandNames()) == [
        "constant",
        "orbit",
    ]
