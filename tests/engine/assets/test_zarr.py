"""A mounted Zarr store is the arrays that were written: bands, grid, fill values, levels, times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ee
import numpy as np
import pytest
import rasterio
import xarray

from ee_floods.engine.assets.mounted import MountedAssets
from ee_floods.engine.errors import EngineError
from ee_floods.engine.evaluator import Evaluator
from ee_floods.engine.limits import Limits
from ee_floods.grid import Grid

pytestmark = pytest.mark.usefixtures("client")

MOUNT = "projects/local/assets/cubes"
GRID = Grid("EPSG:32642", (10.0, 0.0, 500_000.0, 0.0, -10.0, 3_000_000.0), (40, 60))
WKT = rasterio.CRS.from_string(GRID.crs).to_wkt()
AXES = {"y": 2_999_995.0 - 10 * np.arange(40), "x": 500_005.0 + 10 * np.arange(60)}
VALUES = np.random.default_rng(5).integers(-500, 500, (3, 2, 40, 60)).astype(np.int16)  # time, band, y, x


@pytest.fixture(params=[2, 3])
def store_format(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def write(path: Path, data: xarray.Dataset, store_format: int = 3, chunk: int = 16) -> None:
    data = data.assign({"spatial_ref": ((), np.int64(0), {"crs_wkt": WKT})})
    encoding = {
        str(name): {"chunks": (*array.shape[:-2], chunk, chunk)}
        for name, array in data.data_vars.items()
        if array.ndim > 1
    }
    data.to_zarr(path, zarr_format=store_format, consolidated=False, encoding=encoding)


def rasters(folder: Path, thing: Any, grid: Grid = GRID) -> list[np.ma.MaskedArray]:
    evaluator = Evaluator(MountedAssets(MOUNT, folder), Limits())
    read = evaluator.image(ee.serializer.encode(thing, for_cloud_api=True)).read(grid)
    return [np.ma.MaskedArray(raster.values, np.asarray(raster.mask) == 0) for raster in read]


def value(folder: Path, thing: Any) -> Any:
    evaluator = Evaluator(MountedAssets(MOUNT, folder), Limits())
    return evaluator.value(ee.serializer.encode(thing, for_cloud_api=True)).result


def test_variables_are_bands_and_fill_values_are_masked(tmp_path: Path, store_format: int) -> None:
    depth = np.where(VALUES[0, 1] > 300, np.nan, VALUES[0, 1] / 8).astype(np.float32)
    kinds = ("y", "x"), VALUES[0, 0], {"_FillValue": np.int16(7), "missing_value": np.int16(8)}
    data = xarray.Dataset({"kind": kinds, "depth": (("y", "x"), depth)}, AXES)
    write(tmp_path / "flood.zarr", data, store_format)
    image = ee.Image(f"{MOUNT}/flood")
    assert value(tmp_path, image.bandNames()) == ["depth", "kind"]
    record = MountedAssets(MOUNT, tmp_path).image(f"{MOUNT}/flood")
    assert record is not None
    assert [band.grid for band in record.bands] == [GRID, GRID]
    found, kind = rasters(tmp_path, image)
    np.testing.assert_array_equal(kind.mask, np.isin(VALUES[0, 0], [7, 8]))
    np.testing.assert_array_equal(kind.compressed(), VALUES[0, 0][~kind.mask])
    assert kind.dtype == np.int16
    np.testing.assert_array_equal(found.filled(np.nan), depth)


def test_part_of_a_store_lies_where_its_coordinates_say(tmp_path: Path) -> None:
    write(tmp_path / "a.zarr", xarray.Dataset({"v": (("x", "y"), VALUES[0, 0].T)}, AXES))
    wider = Grid(GRID.crs, (10, 0, 499_900.0, 0, -10, 2_999_900.0), (40, 30))
    (found,) = rasters(tmp_path, ee.Image(f"{MOUNT}/a"), wider)
    expected = np.ma.masked_all((40, 30), np.int16)
    expected[:30, 10:] = VALUES[0, 0][10:, :20]
    np.testing.assert_array_equal(found.mask, expected.mask)
    np.testing.assert_array_equal(found.filled(0), expected.filled(0))


def test_written_transform_goes_before_the_coordinates(tmp_path: Path) -> None:
    written = {"crs_wkt": WKT, "GeoTransform": "499000 20 0 3000000 0 -20"}
    data = {"v": (("y", "x"), VALUES[0, 0]), "spatial_ref": ((), np.int64(0), written)}
    xarray.Dataset(data, AXES).to_zarr(tmp_path / "a.zarr", consolidated=False)
    shifted = Grid(GRID.crs, (20, 0, 499_000.0, 0, -20, 3_000_000.0), (40, 60))
    np.testing.assert_array_equal(rasters(tmp_path, ee.Image(f"{MOUNT}/a"), shifted)[0], VALUES[0, 0])


def test_rows_may_go_north_and_degrees_need_no_crs(tmp_path: Path) -> None:
    axes = {"latitude": 30.05 + 0.1 * np.arange(4), "longitude": 70.05 + 0.1 * np.arange(6)}
    values = np.arange(24, dtype=np.float64).reshape(4, 6)
    xarray.Dataset({"v": (("latitude", "longitude"), values)}, axes).to_zarr(
        tmp_path / "n.zarr", consolidated=False
    )
    north_up = Grid("EPSG:4326", (0.1, 0, 70.0, 0, -0.1, 30.4), (4, 6))
    np.testing.assert_array_equal(rasters(tmp_path, ee.Image(f"{MOUNT}/n"), north_up)[0], values[::-1])


def test_times_are_the_images_of_a_collection_and_labels_its_bands(tmp_path: Path, store_format: int) -> None:
    times = np.array(["2022-08-01", "2022-08-13", "2022-08-25"], "datetime64[ns]")
    axes = {"time": times, "band": ["VV", "VH"], **AXES}
    data = xarray.Dataset({"backscatter": (("time", "band", "y", "x"), VALUES)}, axes)
    write(tmp_path / "series.zarr", data, store_format)
    (tmp_path / "series.json").write_text(json.dumps({"properties": {"title": "cube"}}))
    series = ee.ImageCollection(f"{MOUNT}/series")
    assert value(tmp_path, series.aggregate_array("system:index")) == ["20220801", "20220813", "20220825"]
    assert value(tmp_path, series.get("title")) == "cube"
    second = series.filterDate("2022-08-10", "2022-08-20").first()
    assert value(tmp_path, second.date().format("YYYY-MM-dd")) == "2022-08-13"
    for image in (second, ee.Image(f"{MOUNT}/series/20220813")):
        np.testing.assert_array_equal(rasters(tmp_path, image.select("VH"))[0], VALUES[1, 1])
    mean = rasters(tmp_path, series.mean())[0]
    np.testing.assert_allclose(mean, VALUES[:, 0].astype(float).mean(axis=0))
    library = MountedAssets(MOUNT, tmp_path)
    assert [(child.id, child.type) for child in library.children(MOUNT)] == [
        (f"{MOUNT}/series", "IMAGE_COLLECTION")
    ]
    below = [child.id.rpartition("/")[2] for child in library.children(f"{MOUNT}/series")]
    assert below == ["20220801", "20220813", "20220825"]
    assert library.asset(f"{MOUNT}/series.zarr") is None
    assert library.asset(f"{MOUNT}/series/20220814") is None


def test_packed_numbers_are_unpacked(tmp_path: Path) -> None:
    attributes = {"scale_factor": 0.01, "add_offset": 5.0, "_FillValue": np.int16(7)}
    write(tmp_path / "p.zarr", xarray.Dataset({"v": (("y", "x"), VALUES[0, 0], attributes)}, AXES))
    (found,) = rasters(tmp_path, ee.Image(f"{MOUNT}/p"))
    np.testing.assert_array_equal(found.mask, VALUES[0, 0] == 7)
    expected = np.ma.MaskedArray(VALUES[0, 0] * 0.01 + 5, found.mask)
    np.testing.assert_allclose(found.compressed(), expected.compressed(), rtol=1e-6)


@pytest.mark.parametrize(("policy", "reduce"), [("MEAN", np.mean), ("MAX", np.max), ("SAMPLE", None)])
def test_coarse_pixels_are_of_the_policy(tmp_path: Path, policy: str, reduce: Any) -> None:
    values = np.random.default_rng(6).normal(0, 9, (256, 512))
    axes = {"y": 2_999_995.0 - 10 * np.arange(256), "x": 500_005.0 + 10 * np.arange(512)}
    write(tmp_path / "big.zarr", xarray.Dataset({"v": (("y", "x"), values)}, axes), chunk=100)
    (tmp_path / "big.json").write_text(json.dumps({"bands": [{"pyramidingPolicy": policy}]}))
    coarse = Grid(GRID.crs, (20, 0, 500_000, 0, -20, 3_000_000), (128, 256))
    (found,) = rasters(tmp_path, ee.Image(f"{MOUNT}/big"), coarse)
    blocks = values.reshape(128, 2, 256, 2)
    expected = values[::2, ::2] if reduce is None else reduce(blocks, axis=(1, 3))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_only_the_chunks_asked_for_are_read(tmp_path: Path) -> None:
    write(tmp_path / "a.zarr", xarray.Dataset({"v": (("y", "x"), VALUES[0, 0])}, AXES), chunk=20)
    for chunk in (tmp_path / "a.zarr" / "v" / "c").glob("*/*"):
        if chunk.relative_to(tmp_path / "a.zarr" / "v" / "c").as_posix() != "0/0":
            chunk.write_bytes(b"damaged")
    corner = Grid(GRID.crs, GRID.transform, (20, 20))
    np.testing.assert_array_equal(
        rasters(tmp_path, ee.Image(f"{MOUNT}/a"), corner)[0], VALUES[0, 0][:20, :20]
    )


def test_a_mark_of_simulation_is_found(tmp_path: Path) -> None:
    data = xarray.Dataset({"v": (("y", "x"), VALUES[0, 0])}, AXES, {"simulated": "true"})
    write(tmp_path / "a.zarr", data)
    record = MountedAssets(MOUNT, tmp_path).image(f"{MOUNT}/a")
    assert record is not None
    assert record.simulated


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (xarray.Dataset({"v": (("y", "x"), np.ones((4, 4)))}), "names no CRS"),
        (xarray.Dataset({"v": (("z",), np.ones(4))}), "axes y and x"),
        (
            xarray.Dataset({"v": (("lat", "lon"), np.ones((3, 3)))}, {"lat": [1, 2, 4], "lon": [0, 1, 2]}),
            "evenly spaced",
        ),
    ],
)
def test_what_is_no_raster_is_refused_with_the_reason(
    tmp_path: Path, data: xarray.Dataset, words: str
) -> None:
    data.to_zarr(tmp_path / "bad.zarr", consolidated=False)
    with pytest.raises(EngineError, match=rf"'bad\.zarr' cannot be read: .*{words}"):
        value(tmp_path, ee.Image(f"{MOUNT}/bad").bandNames())
