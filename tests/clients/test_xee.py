"""Xee 0.1: datasets in several projections, cut in several ways, against the files that the engine serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.warp import Resampling, reproject

from tests.engine.server.images import GRID, MOUNT, radar, write

OWN = {
    "crs": GRID["crs"],
    "crs_transform": tuple(GRID["crsTransform"]),
    "shape_2d": (96, 64),
}


def opened(collection: Any, **grid: Any) -> Any:
    import xarray

    return xarray.open_dataset(collection, engine="ee", **grid)


def one(client: Any, name: str = "radar", day: str = "2022-08-30") -> Any:
    image = client.Image(f"{MOUNT}/{name}")
    return client.ImageCollection([image.set("system:time_start", client.Date(day).millis())])


def pixels(found: Any, band: str) -> np.ndarray:
    return found[band].isel(time=0).transpose("y", "x").values


def nearest(tmp_path: Path, grid: dict[str, Any]) -> np.ndarray:
    """Return `VH` on another grid as GDAL picks it, NaN outside."""
    from affine import Affine

    columns, rows = grid["shape_2d"]
    out = np.full((rows, columns), np.nan, np.float32)
    with rasterio.open(write(tmp_path / "radar.tif", radar())) as dataset:
        reproject(
            dataset.read(2),
            out,
            src_transform=dataset.transform,
            src_crs=dataset.crs,
            dst_transform=Affine(*grid["crs_transform"]),
            dst_crs=grid["crs"],
            src_nodata=np.nan,
            dst_nodata=np.nan,
            resampling=Resampling.nearest,
        )
    return out


def test_masked_pixels_are_left_out_and_all_others_are_those_of_the_file(client: Any) -> None:
    found = opened(one(client), **OWN)
    np.testing.assert_array_equal(pixels(found, "VV"), radar()[0])
    np.testing.assert_array_equal(pixels(found, "VH"), radar()[1])
    assert found["x"].values[[0, -1]].tolist() == [500005, 500955]
    assert found["y"].values[[0, -1]].tolist() == [2999995, 2999365]


@pytest.mark.parametrize(
    "grid",
    [
        {"crs": "EPSG:4326", "crs_transform": (1e-4, 0, 69.0003, 0, -1e-4, 27.122), "shape_2d": (70, 40)},
        {"crs": "EPSG:3857", "crs_transform": (11, 0, 7681100, 0, -11, 3138760), "shape_2d": (80, 50)},
        {"crs": "EPSG:32643", "crs_transform": (10, 0, -95200, 0, -10, 3014200), "shape_2d": (60, 50)},
    ],
    ids=lambda grid: grid["crs"],
)
def test_other_projections_are_picked_as_gdal_picks_them(
    client: Any, tmp_path: Path, grid: dict[str, Any]
) -> None:
    found = pixels(opened(one(client), **grid), "VH")
    expected = nearest(tmp_path, grid)
    assert np.isfinite(expected).mean() > 0.3
    # A pixel whose centre lies within a thousandth of an edge may go either way.
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    assert same.mean() > 0.999


@pytest.mark.parametrize("chunks", [{}, {"x": 40, "y": 25}, {"time": 1}])
def test_dask_computes_the_same_pixels_however_they_are_cut(client: Any, chunks: dict[str, int]) -> None:
    pytest.importorskip("dask")
    lazy = opened(one(client), chunks=chunks, **OWN)
    assert lazy["VH"].chunks is not None
    np.testing.assert_array_equal(pixels(lazy.compute(), "VH"), radar()[1])
    mean = float(lazy["VV"].mean())
    assert mean == pytest.approx(float(np.nanmean(radar()[0].astype(np.float64))), rel=1e-5)


def test_small_requests_are_put_together_to_the_same_pixels(client: Any) -> None:
    found = opened(one(client), io_chunks={"x": 17, "y": 23, "time": 1}, **OWN)
    np.testing.assert_array_equal(pixels(found, "VH"), radar()[1])


def test_time_is_sliced_and_only_its_images_are_read(client: Any) -> None:
    grid = {**OWN, "shape_2d": (8, 8)}
    found = opened(client.ImageCollection(f"{MOUNT}/series"), **grid)
    assert found["time"].dt.day.values.tolist() == [1, 2, 3]
    late = found.sel(time=slice("2022-08-02", None))["n"]
    assert [np.unique(late[index]).tolist() for index in range(2)] == [[1], [2]]
    corner = found["n"].isel(time=2, x=slice(6, 8), y=slice(0, 3))
    assert corner.shape == (3, 2) and (corner.values == 2).all()


def test_collection_is_opened_by_its_address(client: Any) -> None:
    import xarray

    pytest.importorskip("dask")
    grid = {**OWN, "shape_2d": (8, 8)}
    found = xarray.open_mfdataset([f"ee://{MOUNT}/series"], engine="ee", **grid)
    assert found["n"].mean(("x", "y")).values.tolist() == [0, 1, 2]


def test_grid_is_taken_from_the_collection(client: Any) -> None:
    from xee import helpers

    collection = client.ImageCollection(f"{MOUNT}/series")
    grid = helpers.extract_grid_params(collection)
    assert (grid["crs"], tuple(grid["crs_transform"])) == (OWN["crs"], OWN["crs_transform"])
    assert opened(collection, **grid)["n"].shape == (3, 8, 8)
