from __future__ import annotations

import ee
import numpy as np
import pytest
import shapely
from scipy import stats

from ee_floods.engine.errors import EngineError
from tests.engine.memory_library import UTM, Bench, record, scene

INSIDE = [500013.0, 2999507.0, 500423.0, 2999963.0]


def box(corners: list[float]) -> ee.Geometry:
    return ee.Geometry.Rectangle(corners, "EPSG:32642", False)


def shares(shape: shapely.Geometry) -> np.ndarray:
    """Covered fraction of each pixel, from shapely alone."""
    cells = [
        [
            shapely.box(500000 + 10 * c, 3000000 - 10 * (r + 1), 500010 + 10 * c, 3000000 - 10 * r)
            for c in range(64)
        ]
        for r in range(64)
    ]
    return np.array([[shape.intersection(cell).area / 100 for cell in row] for row in cells])


def test_weighted_reducers_weigh_by_the_covered_fraction(bench: Bench) -> None:
    bands = scene(bench)
    triangle = [[500013.0, 2999507.0], [500425.0, 2999620.0], [500140.0, 2999963.0]]
    region = ee.Geometry.Polygon([triangle], "EPSG:32642", False)
    weights = shares(shapely.Polygon(triangle))
    weights[weights < 0.005] = 0
    image = ee.Image("C/a").select("VV")
    assert bench.value(image.reduceRegion("mean", region, 10))["VV"] == pytest.approx(
        np.average(bands["VV"], weights=weights)
    )
    assert bench.value(image.reduceRegion("sum", region, 10))["VV"] == pytest.approx(
        (bands["VV"] * weights).sum(), rel=1e-6
    )
    sd = np.sqrt(np.cov(bands["VV"].ravel(), aweights=weights.ravel(), bias=True))
    assert bench.value(image.reduceRegion(ee.Reducer.stdDev(), region, 10))["VV"] == pytest.approx(sd)


def test_unweighted_reducers_take_pixels_whose_centre_is_inside(bench: Bench) -> None:
    bands = scene(bench)
    inside = bands["VV"][4:49, 1:42]  # centres between the edges of INSIDE
    image = ee.Image("C/a").select("VV")
    assert bench.value(image.reduceRegion("count", box(INSIDE), 10))["VV"] == inside.size
    assert bench.value(image.reduceRegion("min", box(INSIDE), 10))["VV"] == inside.min()
    plain = image.reduceRegion(ee.Reducer.mean().unweighted(), box(INSIDE), 10)
    assert bench.value(plain)["VV"] == pytest.approx(inside.mean(dtype=float))
    assert bench.value(image.reduceRegion(ee.Reducer.median(), box(INSIDE), 10))["VV"] == pytest.approx(
        np.median(inside)
    )


def test_masked_pixels_take_no_part_and_half_masks_count_half(bench: Bench) -> None:
    values = np.array([[1, 2, 3, 4]], np.float32)
    bench.library.add(record("r/a", {"x": values}, masks={"x": np.array([[1, 0, 0.5, 1]], np.float32)}))
    region = box([500000, 2999990, 500040, 3000000])
    image = ee.Image("r/a")
    assert bench.value(image.reduceRegion("mean", region, 10))["x"] == pytest.approx((1 + 1.5 + 4) / 2.5)
    assert bench.value(image.reduceRegion("count", region, 10))["x"] == 3
    nothing = image.updateMask(0)
    assert bench.value(nothing.reduceRegion("mean", region, 10)) == {"x": None}
    assert bench.value(nothing.reduceRegion("sum", region, 10)) == {"x": 0}


@pytest.mark.parametrize(
    ("reducer", "truth"),
    [
        (lambda: ee.Reducer.max(), np.max),
        (lambda: ee.Reducer.variance(), np.var),
        (lambda: ee.Reducer.sampleStdDev(), lambda v: np.std(v, ddof=1)),
        (lambda: ee.Reducer.skew(), lambda v: stats.skew(v)),
        (lambda: ee.Reducer.kurtosis(), lambda v: stats.kurtosis(v)),
        (lambda: ee.Reducer.percentile([90]), lambda v: np.percentile(v, 90)),
        (lambda: ee.Reducer.countDistinct(), lambda v: np.unique(v).size),
        (lambda: ee.Reducer.first(), lambda v: v[0]),
    ],
)
def test_statistics_are_numpys_and_scipys(bench: Bench, reducer, truth) -> None:
    bands = scene(bench)
    region = box([500000, 2999500, 500300, 3000000])
    found = bench.value(ee.Image("C/a").select("VV").reduceRegion(reducer(), region, 10))["VV"]
    assert found == pytest.approx(truth(bands["VV"][:50, :30].astype(float).ravel()), rel=1e-5)


def test_fixed_histogram_is_numpys(bench: Bench) -> None:
    bands = scene(bench)
    region = box([500000, 2999360, 500640, 3000000])
    found = bench.value(ee.Image("C/a").reduceRegion(ee.Reducer.fixedHistogram(-25, 0, 10), region, 10))["VV"]
    counts, edges = np.histogram(bands["VV"], 10, (-25, 0))
    np.testing.assert_allclose(found, np.column_stack([edges[:-1], counts]))


def test_histogram_holds_every_pixel_in_buckets_of_a_power_of_two(bench: Bench) -> None:
    bands = scene(bench)
    region = box([500000, 2999360, 500640, 3000000])
    found = bench.value(ee.Image("C/a").select("VV").reduceRegion(ee.Reducer.histogram(), region, 10))["VV"]
    assert sum(found["histogram"]) == pytest.approx(bands["VV"].size)
    assert np.log2(found["bucketWidth"]).is_integer()
    mean = np.average(found["bucketMeans"], weights=found["histogram"])
    assert mean == pytest.approx(bands["VV"].mean(), abs=1e-4)


def test_frequency_histogram_counts_classes(bench: Bench) -> None:
    classes = np.random.default_rng(1).integers(0, 4, (64, 64)).astype(np.uint8)
    bench.library.add(record("k/a", {"c": classes}))
    region = box([500000, 2999360, 500640, 3000000])
    found = bench.value(ee.Image("k/a").reduceRegion(ee.Reducer.frequencyHistogram(), region, 10))["c"]
    assert found == {str(k): float((classes == k).sum()) for k in range(4)}


def test_names_of_outputs(bench: Bench) -> None:
    scene(bench)
    image, region = ee.Image("C/a"), box(INSIDE)
    both = ee.Reducer.mean().combine(ee.Reducer.stdDev(), "", True)
    assert set(bench.value(image.reduceRegion(both, region, 10))) == {
        "VV_mean",
        "VV_stdDev",
        "VH_mean",
        "VH_stdDev",
    }
    assert set(bench.value(image.reduceRegion(ee.Reducer.mean().setOutputs(["m"]), region, 10))) == {
        "VV",
        "VH",
    }
    assert bench.value(image.reduceRegion(ee.Reducer.mean().repeat(2), region, 10)).keys() == {"mean"}


def test_groups_are_the_sums_by_class(bench: Bench) -> None:
    bands = scene(bench)
    region = box([500000, 2999360, 500640, 3000000])
    image = ee.Image("C/a").select("VV").addBands(ee.Image("C/a").select("VH").lt(-18))
    found = bench.value(image.reduceRegion(ee.Reducer.sum().group(1, "low"), region, 10))["groups"]
    for entry in found:
        assert entry["sum"] == pytest.approx(
            bands["VV"][(bands["VH"] < -18) == entry["low"]].sum(dtype=float)
        )


def test_linear_fit_is_polyfit(bench: Bench) -> None:
    bands = scene(bench)
    region = box([500000, 2999360, 500640, 3000000])
    found = bench.value(ee.Image("C/a").reduceRegion(ee.Reducer.linearFit(), region, 10))
    slope, offset = np.polyfit(bands["VV"].ravel(), bands["VH"].ravel(), 1)
    assert (found["scale"], found["offset"]) == pytest.approx((slope, offset), rel=1e-4)


def test_too_many_pixels(bench: Bench) -> None:
    scene(bench)
    image = ee.Image("C/a").select("VV")
    with pytest.raises(
        EngineError, match=r"Too many pixels in the region. Found \d+, but maxPixels allows only 100"
    ):
        bench.value(image.reduceRegion("mean", box(INSIDE), 10, maxPixels=100))
    coarse = bench.value(image.reduceRegion("count", box(INSIDE), 10, maxPixels=100, bestEffort=True))["VV"]
    assert 0 < coarse <= 100


def test_unbounded_image_needs_a_geometry(bench: Bench) -> None:
    with pytest.raises(
        EngineError, match="Provide 'geometry' parameter when aggregating over an unbounded image"
    ):
        bench.value(ee.Image(1).reduceRegion("mean"))


def test_a_point_takes_its_pixel(bench: Bench) -> None:
    bands = scene(bench)
    point = ee.Geometry.Point([500105, 2999895], "EPSG:32642")
    assert bench.value(ee.Image("C/a").reduceRegion("first", point, 10)) == {
        "VV": float(bands["VV"][10, 10]),
        "VH": float(bands["VH"][10, 10]),
    }


def test_reduce_regions_names_one_band_by_the_output(bench: Bench) -> None:
    scene(bench)
    features = ee.FeatureCollection([ee.Feature(box(INSIDE), {"name": "a"})])
    one = bench.value(ee.Image("C/a").select("VV").reduceRegions(features, "mean", 10))["features"][0][
        "properties"
    ]
    direct = bench.value(ee.Image("C/a").select("VV").reduceRegion("mean", box(INSIDE), 10))["VV"]
    assert one == {"name": "a", "mean": pytest.approx(direct)}
    two = bench.value(ee.Image("C/a").reduceRegions(features, "mean", 10))["features"][0]["properties"]
    assert set(two) == {"name", "VV", "VH"}


def test_pixel_area_sums_to_the_area_on_the_ellipsoid(bench: Bench) -> None:
    region = ee.Geometry.Rectangle([69.0, 27.0, 69.05, 27.05], "EPSG:4326", False)
    found = bench.value(ee.Image.pixelArea().reduceRegion("sum", region, 30))["area"]
    from pyproj import Geod

    truth = abs(Geod(ellps="WGS84").geometry_area_perimeter(shapely.box(69.0, 27.0, 69.05, 27.05))[0])
    assert found == pytest.approx(truth, rel=1e-4)


def test_large_regions_are_read_in_tiles(bench: Bench) -> None:
    values = np.random.default_rng(0).random((1100, 600)).astype(np.float32)
    bench.library.add(record("t/a", {"x": values}))
    region = box([500000, 3000000 - 11000, 506000, 3000000])
    assert bench.value(ee.Image("t/a").reduceRegion("mean", region, 10))["x"] == pytest.approx(
        values.mean(dtype=float)
    )
    assert UTM.shape == (64, 64)


def test_reducers_that_are_run_together_take_the_pixels_they_would_take_alone(bench: Bench) -> None:
    scene(bench)
    image = ee.Image("C/a").select("VV")
    both = ee.Reducer.count().combine(ee.Reducer.histogram(), sharedInputs=True)
    grouped = both.group(1)
    found = bench.value(image.reduceRegion(both, box(INSIDE), 10))
    centres = 45 * 41  # rows 4..48 and columns 1..41 have their centre between the edges of INSIDE
    area = (INSIDE[2] - INSIDE[0]) * (INSIDE[3] - INSIDE[1]) / 100
    assert found["VV_count"] == centres
    assert sum(found["VV_histogram"]["histogram"]) == pytest.approx(area)
    zones = bench.value(image.addBands(ee.Image(3)).reduceRegion(grouped, box(INSIDE), 10))["groups"]
    assert [zone["count"] for zone in zones] == [centres]
    assert sum(zones[0]["histogram"]["histogram"]) == pytest.approx(area)


def test_null_does_not_take_a_row_from_other_columns(bench: Bench) -> None:
    rows = [{"a": 1.0, "b": 5.0}, {"a": 3.0}, {"b": 9.0}]
    table = ee.FeatureCollection([ee.Feature(None, row) for row in rows])
    found = bench.value(table.reduceColumns(ee.Reducer.mean().repeat(2), ["a", "b"]))
    assert found["mean"] == [2.0, 7.0]
