from __future__ import annotations

import ee
import numpy as np
import pytest
import shapely

from ee_floods.engine.errors import EngineError
from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench, record, scene

ALL = [500000, 2999360, 500640, 3000000]


def box(corners: list[float]) -> ee.Geometry:
    return ee.Geometry.Rectangle(corners, "EPSG:32642", False)


def test_sample_returns_every_pixel_whose_centre_is_inside(bench: Bench) -> None:
    bands = scene(bench)
    found = bench.value(
        ee.Image("C/a").sample(box([500000, 2999900, 500050, 3000000]), 10).aggregate_array("VV")
    )
    np.testing.assert_allclose(found, bands["VV"][:10, :5].ravel())


def test_sample_drops_features_with_a_masked_band(bench: Bench) -> None:
    bands = scene(bench)
    image = ee.Image("C/a").updateMask(ee.Image("C/a").select("VV").gt(-12))
    assert bench.value(image.sample(box(ALL), 10).size()) == (bands["VV"] > -12).sum()
    assert bench.value(image.sample(box(ALL), 10, dropNulls=False).size()) == bands["VV"].size


def test_numbers_of_samples_are_kept_and_repeat_with_the_seed(bench: Bench) -> None:
    scene(bench)

    def draw(seed: int) -> list[float]:
        return bench.value(
            ee.Image("C/a").sample(box(ALL), 10, numPixels=50, seed=seed).aggregate_array("VV")
        )

    assert len(draw(1)) == 50
    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_points_lie_in_the_middle_of_their_pixels(bench: Bench) -> None:
    scene(bench)
    region = box([500100, 2999890, 500110, 2999900])
    (feature,) = bench.value(ee.Image("C/a").sample(region, 10, geometries=True))["features"]
    from pyproj import Transformer

    lonlat = Transformer.from_crs("EPSG:32642", "EPSG:4326", always_xy=True).transform(500105, 2999895)
    assert feature["geometry"]["coordinates"] == pytest.approx(lonlat, abs=1e-9)


def test_stratified_sample_takes_so_many_of_each_class(bench: Bench) -> None:
    classes = np.zeros((64, 64), np.uint8)
    classes[:10], classes[60, :3] = 1, 2
    bench.library.add(record("k/a", {"c": classes}))
    found = bench.value(ee.Image("k/a").stratifiedSample(20, "c", box(ALL), 10).aggregate_histogram("c"))
    assert found == {"0": 20, "1": 20, "2": 3}
    chosen = ee.Image("k/a").stratifiedSample(20, "c", box(ALL), 10, classValues=[0], classPoints=[5])
    assert bench.value(chosen.aggregate_histogram("c"))["0"] == 5
    with pytest.raises(EngineError, match="integer"):
        bench.value(ee.Image("k/a").toFloat().stratifiedSample(1, "c", box(ALL), 10).size())


def test_sample_regions_copies_properties(bench: Bench) -> None:
    scene(bench)
    features = ee.FeatureCollection(
        [ee.Feature(box([500000, 2999980, 500020, 3000000]), {"name": "x", "other": 1})]
    )
    found = bench.value(ee.Image("C/a").sampleRegions(features, ["name"], 10))["features"]
    assert len(found) == 4
    assert set(found[0]["properties"]) == {"VV", "VH", "name"}


def test_patches_as_arrays_are_the_neighbourhoods(bench: Bench) -> None:
    bands = scene(bench)
    patches = ee.Image("C/a").neighborhoodToArray(ee.Kernel.rectangle(2, 2), -9999)
    point = ee.Geometry.Point([500105, 2999895], "EPSG:32642")
    (feature,) = bench.evaluator.table(bench.encode(patches.sample(point, 10))).result
    np.testing.assert_allclose(feature["properties"]["VH"], bands["VH"][8:13, 8:13])


def test_vectors_cover_the_pixels_of_each_value(bench: Bench) -> None:
    classes = np.zeros((64, 64), np.uint8)
    classes[10:20, 5:9], classes[40:42, 40:50] = 1, 2
    bench.library.add(record("v/a", {"c": classes, "x": np.full((64, 64), 2.5, np.float32)}))
    image = ee.Image("v/a").updateMask(ee.Image("v/a").select("c"))
    found = bench.value(
        image.reduceToVectors(
            ee.Reducer.mean(), box(ALL), 10, crs="EPSG:32642", geometryInNativeProjection=True
        )
    )["features"]
    assert [(f["properties"]["label"], f["properties"]["mean"]) for f in found] == [(1, 2.5), (2, 2.5)]
    first = shapely.geometry.shape({k: found[0]["geometry"][k] for k in ("type", "coordinates")})
    assert first.equals(shapely.box(500050, 2999800, 500090, 2999900))
    counted = bench.value(image.select("c").reduceToVectors(None, box(ALL), 10))["features"]
    assert [f["properties"]["count"] for f in counted] == [40, 20]


def test_diagonal_neighbours_are_one_object_only_if_eight_connected(bench: Bench) -> None:
    classes = np.zeros((64, 64), np.uint8)
    classes[5, 5] = classes[6, 6] = 1
    bench.library.add(record("v/b", {"c": classes}))
    image = ee.Image("v/b").selfMask()
    assert bench.value(image.reduceToVectors(None, box(ALL), 10, eightConnected=True).size()) == 1
    assert bench.value(image.reduceToVectors(None, box(ALL), 10, eightConnected=False).size()) == 2


def test_features_are_painted_on_pixels(bench: Bench) -> None:
    inner = box([500100, 2999700, 500200, 2999900])
    painted = bench.first(ee.Image(0).byte().paint(ee.FeatureCollection([ee.Feature(inner)]), 7))
    truth = np.zeros((64, 64))
    truth[10:30, 10:20] = 7
    np.testing.assert_array_equal(painted, truth)
    features = ee.FeatureCollection([ee.Feature(inner, {"k": 3}), ee.Feature(box(ALL), {"k": 1})])
    image = bench.first(features.reduceToImage(["k"], ee.Reducer.sum()))
    np.testing.assert_array_equal(image, np.where(truth > 0, 4, 1))


def test_random_points_lie_inside(bench: Bench) -> None:
    region = ee.Geometry.Rectangle([10, 50, 11, 51], None, False)
    points = bench.value(ee.FeatureCollection.randomPoints(region, 30, 4))["features"]
    assert len(points) == 30
    assert all(10 <= p["geometry"]["coordinates"][0] <= 11 for p in points)
    random = bench.value(
        ee.FeatureCollection(ee.List.sequence(1, 50).map(lambda k: ee.Feature(None, {"k": k})))
        .randomColumn("r", 3)
        .aggregate_array("r")
    )
    assert 0.3 < np.mean(random) < 0.7


def test_random_images_do_not_depend_on_the_window(bench: Bench) -> None:
    whole = bench.first(ee.Image.random(5))
    part = bench.first(ee.Image.random(5), Grid(UTM.crs, (10, 0, 500100, 0, -10, 2999900), (20, 20)))
    np.testing.assert_array_equal(part, whole[10:30, 10:30])
    assert 0.45 < whole.mean() < 0.55
    assert bench.first(ee.Image.random(6))[0, 0] != whole[0, 0]


def test_visualize_stretches_and_colours(bench: Bench) -> None:
    bench.library.add(record("c/a", {"x": np.array([[-5, 0, 5, 10, 20]], np.float32)}))
    row = Grid(UTM.crs, UTM.transform, (1, 5))
    grey = bench.pixels(ee.Image("c/a").visualize(min=0, max=10), row)
    assert grey[0].tolist() == [[0, 0, 128, 255, 255]]
    red, green, blue = bench.pixels(ee.Image("c/a").visualize(min=0, max=10, palette=["red", "0000ff"]), row)
    assert red.tolist() == [[255, 255, 128, 0, 0]]
    assert blue.tolist() == [[0, 0, 128, 255, 255]]
    assert green.max() == 0
    names = bench.value(ee.Image("c/a").visualize(min=0, max=10, forceRgbOutput=True).bandNames())
    assert names == ["vis-red", "vis-green", "vis-blue"]
    with pytest.raises(EngineError, match="Unrecognized color"):
        bench.pixels(ee.Image("c/a").visualize(palette=["notacolour"]), row)


def test_clip_to_bounds_and_scale_has_the_size_asked_for(bench: Bench) -> None:
    bands = scene(bench)
    small = ee.Image("C/a").clipToBoundsAndScale(box([500000, 2999680, 500640, 3000000]), maxDimension=32)
    (info, _) = bench.value(small)["bands"]
    assert info["dimensions"] == [32, 16]
    assert info["crs_transform"] == [20, 0, 500000, 0, -20, 3000000]
    found = bench.first(small, Grid(UTM.crs, tuple(info["crs_transform"]), (16, 32)))
    np.testing.assert_array_equal(found, bands["VV"][1:33:2, 1::2])
