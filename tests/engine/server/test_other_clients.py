"""Clients on top of the client: Xee reads what the file holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.engine.server.images import GRID, MOUNT, radar


def test_xee_reads_the_pixels_and_the_times_of_a_collection(client: Any) -> None:
    import xarray

    grid = {"crs": GRID["crs"], "crs_transform": tuple(GRID["crsTransform"])}
    collection = client.ImageCollection(f"{MOUNT}/series")
    found = xarray.open_dataset(collection, engine="ee", shape_2d=(8, 8), **grid)
    assert found["time"].dt.day.values.tolist() == [1, 2, 3]
    assert [np.unique(found["n"][index]).tolist() for index in range(3)] == [[0], [1], [2]]


def test_xee_leaves_masked_pixels_out(client: Any) -> None:
    import xarray

    image = client.Image(f"{MOUNT}/radar").set("system:time_start", 0)
    grid = {"crs": GRID["crs"], "crs_transform": tuple(GRID["crsTransform"])}
    found = xarray.open_dataset(client.ImageCollection([image]), engine="ee", shape_2d=(96, 64), **grid)
    values = found["VV"].isel(time=0).transpose("y", "x").values
    np.testing.assert_array_equal(values, radar()[0])
