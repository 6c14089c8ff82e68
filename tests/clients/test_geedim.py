"""geedim 2.0: search, cloud masks, composites and downloads of Sentinel-2 scenes that the tests mounted.

The command line `geedim` cannot be pointed at another server: it gives `ee.Initialize` the address of
Google's high-volume endpoint and has no option for it. What its commands call is what is called here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from tests.clients.scenes import CLOUD_SCORE, INDICES, SENTINEL2, SHAPE, clearness, scene
from tests.engine.server.images import GRID

pytestmark = [
    pytest.mark.filterwarnings("ignore:Couldn't find STAC entry"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
THRESHOLD = 0.6  # geedim's own default of `score`


@pytest.fixture(autouse=True)
def accessors() -> None:
    """Importing geedim gives images and collections of the client their `gd`."""
    import geedim  # noqa: F401


@pytest.fixture
def region(client: Any) -> Any:
    return client.Geometry.Rectangle([500_000, 2_999_600, 500_500, 3_000_000], GRID["crs"], geodesic=False)


def on_grid(image: Any) -> Any:
    return image.gd.prepareForExport(crs=GRID["crs"], crs_transform=tuple(GRID["crsTransform"]), shape=SHAPE)


def test_search_finds_scenes_by_date_and_place(client: Any, region: Any) -> None:
    scenes = client.ImageCollection(SENTINEL2)
    found = scenes.gd.filter("2022-08-02", "2022-08-04", region)
    assert list(found.gd.properties) == list(INDICES[1:])
    elsewhere = client.Geometry.Rectangle([10, 10, 10.1, 10.1])
    assert scenes.gd.filter("2022-08-01", "2022-08-04", elsewhere).gd.properties == {}


def test_covered_part_of_a_region_is_counted_as_numpy_does(client: Any) -> None:
    """Searches by `cloudless_portion` are not tried: geedim asks a STAC catalog on the web first."""
    image = client.Image(f"{SENTINEL2}/{INDICES[0]}").select("B8")
    clear = client.Image(f"{CLOUD_SCORE}/{INDICES[0]}").gt(THRESHOLD)
    half = client.Geometry.Rectangle([500_000, 2_999_600, 500_250, 3_000_000], GRID["crs"], geodesic=False)
    found = image.updateMask(clear).mask().gd.regionCoverage(half, scale=10).getInfo()
    assert found["B8"] == pytest.approx(100 * float((clearness(0)[:, :25] > THRESHOLD).mean()))


def test_mask_hides_the_pixels_that_the_cloud_score_calls_cloud(client: Any) -> None:
    image = client.Image(f"{SENTINEL2}/{INDICES[0]}").gd.addMaskBands()
    values = on_grid(image.gd.maskClouds().select(["B1", "B8"])).gd.toNumPy(masked=True)
    clear = clearness(0) > THRESHOLD
    np.testing.assert_array_equal(~np.ma.getmaskarray(values)[..., 0], clear)
    for band, number in enumerate((0, 2)):
        np.testing.assert_array_equal(values[..., band].data[clear], scene(0)[number][clear])


def test_median_of_the_clear_pixels_is_numpys(client: Any, region: Any) -> None:
    scenes = client.ImageCollection(SENTINEL2).gd.filter("2022-08-01", "2022-08-04", region)
    image = on_grid(scenes.gd.composite("median").select(["B3", "B8"]))
    found = image.gd.toNumPy(masked=True)
    for band, number in enumerate((1, 2)):
        stack = np.stack(
            [np.where(clearness(k) > THRESHOLD, scene(k)[number].astype(float), np.nan) for k in range(3)]
        )
        some = np.isfinite(stack).any(axis=0)
        np.testing.assert_array_equal(~np.ma.getmaskarray(found)[..., band], some)
        expected = np.nanmedian(stack[:, some], axis=0)
        np.testing.assert_allclose(found[..., band].data[some], expected)


def test_mosaic_takes_the_last_clear_pixel(client: Any, region: Any) -> None:
    scenes = client.ImageCollection(SENTINEL2).gd.filter("2022-08-01", "2022-08-04", region)
    image = on_grid(scenes.gd.composite("mosaic").select("B8"))
    found = image.gd.toNumPy(masked=True)
    expected, shown = np.zeros(SHAPE), np.zeros(SHAPE, bool)
    for number in range(3):
        clear = clearness(number) > THRESHOLD
        expected[clear], shown = scene(number)[2][clear], shown | clear
    np.testing.assert_array_equal(~np.ma.getmaskarray(found).squeeze(), shown)
    np.testing.assert_array_equal(np.ma.getdata(found).squeeze()[shown], expected[shown])


def test_download_in_tiles_is_the_file_that_was_mounted(client: Any, tmp_path: Path) -> None:
    image = client.Image(f"{SENTINEL2}/{INDICES[1]}").select(["B1", "B3", "B8"])
    path = tmp_path / "scene.tif"
    on_grid(image).gd.toGeoTIFF(str(path), max_tile_dim=24)
    with rasterio.open(path) as dataset:
        assert dataset.crs.to_string() == GRID["crs"]
        assert tuple(dataset.transform)[:6] == tuple(GRID["crsTransform"])
        np.testing.assert_array_equal(dataset.read()[:3], scene(1)[:3])


def test_export_to_an_asset_holds_the_same_pixels(
    client: Any, finished: Callable[..., dict[str, Any]]
) -> None:
    image = on_grid(client.Image(f"{SENTINEL2}/{INDICES[2]}").select("B8"))
    task = image.gd.toGoogleCloud("geedim", type="asset", folder="local", wait=False)
    operation = finished(task.name)
    assert operation["metadata"]["state"] == "SUCCEEDED", operation
    stored = client.data.getPixels({"assetId": "projects/local/assets/geedim", "fileFormat": "NUMPY_NDARRAY"})
    np.testing.assert_array_equal(stored["B8"], scene(2)[2])
    client.data.deleteAsset("projects/local/assets/geedim")


def test_command_line_is_bound_to_googles_endpoint() -> None:
    import inspect

    from geedim import cli, utils

    assert "highvolume.googleapis.com" in inspect.signature(utils.Initialize).parameters["opt_url"].default
    assert not any("url" in option.name for command in cli.cli.commands.values() for option in command.params)
