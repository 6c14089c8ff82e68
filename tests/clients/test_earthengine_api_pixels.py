"""earthengine-api: the pixels, pictures and downloads its functions return, against the files."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
import requests

from tests.clients.answers import array, fetched, grey
from tests.engine.server.images import GRID, MOUNT, PIXEL_GRID, classes, radar

SIDE = {"crs": GRID["crs"], "crs_transform": GRID["crsTransform"]}


# --- pixels


def test_array_pixels_come_as_arrays_and_in_no_other_format(client: Any) -> None:
    pair = client.Image(f"{MOUNT}/radar").toArray()
    found = array(client, pair)["array"]
    shown = np.isfinite(radar()).all(axis=0)
    np.testing.assert_array_equal(found[shown], np.moveaxis(radar(), 0, -1)[shown])
    assert (found[~shown] == 0).all()
    for file_format in ("GEO_TIFF", "PNG"):
        with pytest.raises(client.EEException, match="array pixels"):
            client.data.computePixels({"expression": pair, "fileFormat": file_format, "grid": PIXEL_GRID})


def test_records_are_for_exports_only(client: Any) -> None:
    with pytest.raises(client.EEException, match="'TF_RECORD_IMAGE' is only supported for image exports"):
        client.data.computePixels(
            {"expression": client.Image(1), "fileFormat": "TF_RECORD_IMAGE", "grid": PIXEL_GRID}
        )


def test_stored_pixels_are_cut_to_a_region(client: Any) -> None:
    box = client.Geometry.Rectangle([500_100, 2_999_800, 500_300, 2_999_900], GRID["crs"], geodesic=False)
    region = box.transform("EPSG:4326", 0.001).getInfo()
    found = client.data.getPixels(
        {"assetId": f"{MOUNT}/radar", "fileFormat": "NUMPY_NDARRAY", "grid": PIXEL_GRID, "region": region}
    )
    expected = np.zeros((64, 96), np.float32)
    expected[10:20, 10:30] = radar()[1, 10:20, 10:30]
    assert (found["VH"] == expected).mean() > 0.99  # the region's edges bend in degrees


def test_rectangle_of_samples_is_the_array_of_the_file(client: Any) -> None:
    box = client.Geometry.Rectangle([500_000, 2_999_800, 500_200, 3_000_000], GRID["crs"], geodesic=False)
    found = client.Image(f"{MOUNT}/classes").sampleRectangle(box, defaultValue=9).get("class").getInfo()
    np.testing.assert_array_equal(found, classes()[0, :20, :20])


def test_picture_of_pixels_is_the_stretched_file(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar").visualize(bands=["VH"], min=-30, max=0)
    for file_format, sharp in (("PNG", 1), ("JPEG", 24)):
        data = client.data.computePixels({"expression": image, "fileFormat": file_format, "grid": PIXEL_GRID})
        with rasterio.open(io.BytesIO(data)) as dataset:
            found = dataset.read(1).astype(float)
        assert (np.abs(found - grey(radar()[1])) <= sharp).mean() > 0.98


# --- pictures of collections


def test_video_shows_one_frame_per_image_and_masked_pixels_are_clear(client: Any) -> None:
    from PIL import Image, ImageSequence

    hidden = client.Image(f"{MOUNT}/classes").select(0).lt(2)
    frames = client.ImageCollection(
        [client.Image(f"{MOUNT}/radar").updateMask(hidden), client.Image(f"{MOUNT}/radar")]
    )
    address = frames.getVideoThumbURL(
        {
            "bands": ["VH"],
            "min": -30,
            "max": 0,
            "framesPerSecond": 4,
            "dimensions": "96x64",
            "crs": GRID["crs"],
        }
    )
    movie = Image.open(io.BytesIO(fetched(address)))
    assert (movie.n_frames, movie.size, movie.info["duration"]) == (2, (96, 64), 250)
    shown = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(movie)]
    expected = classes()[0] < 2
    np.testing.assert_array_equal(shown[0][..., 3] > 0, expected)
    for frame, seen in zip(shown, (expected, np.ones((64, 96), bool)), strict=True):
        assert (np.abs(frame[..., 0][seen] - grey(radar()[1])[seen]) <= 2).mean() > 0.99


def test_filmstrip_has_the_frames_one_below_the_other(client: Any) -> None:
    series = client.ImageCollection(f"{MOUNT}/series")
    address = series.getFilmstripThumbURL({"min": 0, "max": 2, "dimensions": "8x8", "crs": GRID["crs"]})
    with rasterio.open(io.BytesIO(fetched(address))) as dataset:
        strip = dataset.read(1)
    assert strip.shape == (24, 8)
    assert [np.unique(strip[8 * k : 8 * k + 8]).tolist() for k in range(3)] == [[0], [128], [255]]


def test_video_of_what_is_no_picture_is_refused(client: Any) -> None:
    series = client.ImageCollection(f"{MOUNT}/series").map(lambda image: image.toFloat())
    made = client.data.getThumbId({"image": series, "format": "gif"}, "video")
    answer = requests.get(client.data.makeThumbUrl(made), timeout=60)
    assert answer.status_code == 400
    assert "bands of bytes" in answer.json()["error"]["message"]


# --- downloads


def test_each_band_is_downloaded_on_its_own_grid(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar")
    bands = [
        {"id": "VV", **SIDE},
        {"id": "VH", "crs": GRID["crs"], "crs_transform": [20, 0, 500_000, 0, -20, 3_000_000]},
    ]
    box = client.Geometry.Rectangle([500_000, 2_999_360, 500_960, 3_000_000], GRID["crs"], geodesic=False)
    archive = zipfile.ZipFile(
        io.BytesIO(fetched(image.getDownloadURL({"name": "two", "bands": bands, "region": box})))
    )
    assert archive.namelist() == ["two.VV.tif", "two.VH.tif"]
    with rasterio.open(io.BytesIO(archive.read("two.VV.tif"))) as dataset:
        shown = dataset.read_masks(1) > 0
        np.testing.assert_array_equal(dataset.read(1)[shown], radar()[0][shown])
        np.testing.assert_array_equal(shown, np.isfinite(radar()[0]))
    with rasterio.open(io.BytesIO(archive.read("two.VH.tif"))) as dataset:
        # An image within one tile of 256 pixels has no pyramid: the pixel under the centre is taken.
        np.testing.assert_array_equal(dataset.read(1), radar()[1][1::2, 1::2])


def test_one_file_and_numpy_downloads_hold_the_file(client: Any) -> None:
    image = client.Image(f"{MOUNT}/radar").select("VH")
    one = zipfile.ZipFile(io.BytesIO(fetched(image.getDownloadURL({"filePerBand": False, **SIDE}))))
    with rasterio.open(io.BytesIO(one.read("download.tif"))) as dataset:
        np.testing.assert_array_equal(dataset.read(1), radar()[1])
    array_ = np.load(io.BytesIO(fetched(image.getDownloadURL({"format": "NPY"}))))
    np.testing.assert_array_equal(array_["VH"], radar()[1])


@pytest.mark.parametrize("file_format", ["KML", "KMZ", "CSV", "GeoJSON"])
def test_table_is_downloaded_in_each_format(client: Any, file_format: str) -> None:
    table = client.FeatureCollection(
        [client.Feature(client.Geometry.Point([71.5, 30.25]), {"name": "a<b", "n": 3})]
    )
    data = fetched(table.getDownloadURL(file_format))
    if file_format == "CSV":
        assert data.decode().splitlines()[1].startswith("0,3,a<b,")
    elif file_format == "GeoJSON":
        assert json.loads(data)["features"][0]["properties"] == {"n": 3, "name": "a<b"}
    else:
        text = zipfile.ZipFile(io.BytesIO(data)).read("doc.kml") if file_format == "KMZ" else data
        marks = ElementTree.fromstring(text).iter("{http://www.opengis.net/kml/2.2}Placemark")
        (mark,) = marks
        assert mark.find(".//{*}coordinates").text == "71.5,30.25"
        values = {item.get("name"): item.find("{*}value").text for item in mark.findall(".//{*}Data")}
        assert values == {"name": "a<b", "n": "3"}


def test_shapefile_download_says_what_to_use_instead(client: Any) -> None:
    address = client.FeatureCollection([client.Feature(None, {"a": 1})]).getDownloadURL("shp")
    answer = requests.get(address, timeout=60)
    assert answer.status_code == 400
    assert "'SHP' is not implemented by the local engine" in answer.json()["error"]["message"]
