"""The unmodified earthengine-api client: values, pixels, pictures, features, assets."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import rasterio
import requests

from tests.engine.engine_process import EngineProcess
from tests.engine.server.images import MOUNT, PIXEL_GRID, classes, radar


def test_value_is_computed(client: Any) -> None:
    assert client.Number(20).add(22).getInfo() == 42
    assert client.ImageCollection(f"{MOUNT}/series").size().getInfo() == 3


def test_error_of_the_service_reaches_the_caller_in_its_words(client: Any) -> None:
    with pytest.raises(
        client.EEException, match=r"not found \(does not exist or caller does not have access\)"
    ):
        client.Image(f"{MOUNT}/absent").getInfo()


def test_numpy_pixels_are_those_of_the_file_and_masked_ones_are_zero(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar")
    found = client.data.computePixels(
        {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": PIXEL_GRID}
    )
    expected = np.nan_to_num(radar())
    assert found.dtype.names == ("VV", "VH")
    np.testing.assert_array_equal(found["VV"], expected[0])
    np.testing.assert_array_equal(found["VH"], expected[1])


def test_pixels_without_a_grid_are_on_the_image_s_own(client: Any) -> None:
    image = client.Image(f"{MOUNT}/classes")
    found = client.data.computePixels({"expression": image, "fileFormat": "NUMPY_NDARRAY"})
    expected = np.where(classes()[0] == 255, 0, classes()[0])
    np.testing.assert_array_equal(found["class"], expected)
    stored = client.data.getPixels({"assetId": f"{MOUNT}/classes", "fileFormat": "NUMPY_NDARRAY"})
    np.testing.assert_array_equal(stored["class"], expected)


def test_geotiff_pixels_carry_grid_names_and_mask(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar")
    data = client.data.computePixels({"expression": image, "fileFormat": "GEO_TIFF", "grid": PIXEL_GRID})
    with rasterio.open(io.BytesIO(data)) as dataset:
        assert dataset.crs.to_epsg() == 32642
        assert tuple(dataset.transform)[:6] == (10, 0, 500000, 0, -10, 3000000)
        assert dataset.descriptions == ("VV", "VH")
        expected = radar()[0]
        np.testing.assert_array_equal(dataset.read_masks(1) > 0, ~np.isnan(expected))
        np.testing.assert_array_equal(dataset.read(1)[~np.isnan(expected)], expected[~np.isnan(expected)])


def test_band_selection_keeps_the_order_asked_for(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar")
    found = client.data.computePixels(
        {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": PIXEL_GRID, "bandIds": ["VH", "VV"]}
    )
    assert found.dtype.names == ("VH", "VV")


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [
        (8192, 8192, r"Total request size \(671088640 bytes\) must be less than or equal to 50331648 bytes"),
        (40000, 1, r"Pixel grid dimensions \(40000x1\) must be less than or equal to 32768"),
    ],
)
def test_requests_beyond_the_service_s_limits_are_refused_in_its_words(
    client: Any, width: int, height: int, words: str
) -> None:
    grid = {**PIXEL_GRID, "dimensions": {"width": width, "height": height}}
    image = client.Image(f"{MOUNT}/radar")
    with pytest.raises(client.EEException, match=words):
        client.data.computePixels({"expression": image, "fileFormat": "NPY", "grid": grid})


def test_map_tile_is_transparent_where_the_image_is_masked(client: Any) -> None:
    point = client.Geometry.Point([0, 0])
    image = client.Image(1).clip(point.buffer(2e6).bounds())
    tiles = image.getMapId({"min": 0, "max": 1, "palette": ["000000", "ff0000"]})["tile_fetcher"]
    with rasterio.open(io.BytesIO(tiles.fetch_tile(0, 0, 0))) as dataset:
        assert (dataset.count, dataset.height, dataset.width) == (4, 256, 256)
        assert dataset.read()[:, 127, 127].tolist() == [255, 0, 0, 255]
        assert dataset.read(4)[0, 0] == 0
    by_address = requests.get(tiles.format_tile_url(0, 0, 0), timeout=60)
    assert by_address.headers["content-type"] == "image/png"


def test_thumbnail_has_the_size_asked_for(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar").select("VH")
    address = image.getThumbURL({"min": -25, "max": 0, "dimensions": 48, "format": "png"})
    with rasterio.open(io.BytesIO(requests.get(address, timeout=60).content)) as dataset:
        assert (dataset.width, dataset.height) == (48, 32)


def test_thumbnail_of_no_size_has_512_pixels_on_the_longer_side(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar").select("VH")  # 96 x 64 pixels
    for drawn in (image, image.visualize(min=-25, max=0)):
        answer = requests.get(drawn.getThumbURL({"format": "png"}), timeout=60)
        with rasterio.open(io.BytesIO(answer.content)) as dataset:
            assert (dataset.width, dataset.height) == (512, 341)


@pytest.mark.parametrize("file_format", ["GEO_TIFF", "ZIPPED_GEO_TIFF_PER_BAND", "NPY"])
def test_download_that_is_too_large_is_refused_when_its_address_is_asked_for(
    client: Any, file_format: str
) -> None:
    image = client.Image(f"{MOUNT}/radar").select("VH")
    with pytest.raises(client.EEException, match=r"Total request size .* must be less than or equal to"):
        image.getDownloadURL({"format": file_format, "dimensions": [9000, 6000]})


def test_download_address_gives_a_geotiff(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar")
    address = image.getDownloadURL({"format": "GEO_TIFF"})
    with rasterio.open(io.BytesIO(requests.get(address, timeout=60).content)) as dataset:
        assert (dataset.width, dataset.height, dataset.count) == (96, 64, 2)


def test_features_come_in_pages(client: Any) -> None:
    features = [client.Feature(client.Geometry.Point([i, 0]), {"i": i}) for i in range(5)]
    expression = client.FeatureCollection(features)
    first = client.data.computeFeatures({"expression": expression, "pageSize": 3})
    assert [item["properties"]["i"] for item in first["features"]] == [0, 1, 2]
    second = client.data.computeFeatures(
        {"expression": expression, "pageSize": 3, "pageToken": first["nextPageToken"]}
    )
    assert [item["properties"]["i"] for item in second["features"]] == [3, 4]
    assert "nextPageToken" not in second


def test_mounted_folder_is_listed_and_filtered_by_time(client: Any) -> None:
    found = client.data.listAssets(f"{MOUNT}/series")["assets"]
    assert [item["id"].rsplit("/", 1)[1] for item in found] == ["im0", "im1", "im2"]
    narrowed = client.data.listImages(
        {
            "parent": f"{MOUNT}/series",
            "startTime": "2022-08-02T00:00:00.000Z",
            "endTime": "2022-08-03T00:00:00.000Z",
        }
    )["images"]
    assert [item["properties"]["number"] for item in narrowed] == [1]
    one_page = client.data.listAssets({"parent": f"{MOUNT}/series", "pageSize": 2})
    assert len(one_page["assets"]) == 2
    assert one_page["nextPageToken"] == "2"


def test_folders_and_collections_are_made_changed_moved_and_deleted(client: Any) -> None:
    root = "projects/local/assets"
    client.data.createFolder(f"{root}/folder")
    client.data.createAsset({"type": "IMAGE_COLLECTION"}, f"{root}/folder/col", {"a": 1})
    with pytest.raises(client.EEException, match="Cannot overwrite asset"):
        client.data.createFolder(f"{root}/folder")
    with pytest.raises(client.EEException, match="does not exist"):
        client.data.createFolder(f"{root}/absent/x")
    client.data.updateAsset(f"{root}/folder/col", {"properties": {"b": "two"}}, ["properties.b"])
    assert client.data.getAsset(f"{root}/folder/col")["properties"] == {"a": 1, "b": "two"}
    with pytest.raises(client.EEException, match="has children"):
        client.data.deleteAsset(f"{root}/folder")
    client.data.renameAsset(f"{root}/folder", f"{root}/moved")
    assert [item["id"] for item in client.data.listAssets(f"{root}/moved")["assets"]] == [f"{root}/moved/col"]
    client.data.deleteAsset(f"{root}/moved/col")
    client.data.deleteAsset(f"{root}/moved")
    assert client.data.getInfo(f"{root}/moved") is None
    assert client.data.getAssetRootQuota(root)["asset_count"]["limit"] == 10_000


@pytest.mark.parametrize("bad", ["../x", "a/../../x", "a b", "x;y"])
def test_asset_ids_cannot_leave_their_root(client: Any, bad: str) -> None:
    with pytest.raises(client.EEException):
        client.data.createFolder(f"projects/local/assets/{bad}")
    with pytest.raises(client.EEException):
        client.data.getAsset(f"{MOUNT}/{bad}")


def test_reads_name_every_asset_an_answer_was_computed_from(client: Any, local_engine: EngineProcess) -> None:
    before = local_engine.reads()
    since = before[-1]["time_us"] + 1 if before else 0
    client.Image(f"{MOUNT}/radar").bandNames().getInfo()
    found = local_engine.reads(since)
    assert [(item["asset_id"], item["simulated"]) for item in found] == [(f"{MOUNT}/radar", False)]


def test_project_configuration_is_kept(client: Any) -> None:
    client.data.updateProjectConfig({"maxConcurrentExports": 2})
    assert client.data.getProjectConfig()["maxConcurrentExports"] == 2
