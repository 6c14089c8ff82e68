"""What the clients are asked to do while the proxy writes down what they send: one function per recording."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.clients.command_line import Shell
from tests.clients.scenes import INDICES, SENTINEL2, SHAPE
from tests.engine.server.images import GRID, MOUNT, PIXEL_GRID

ROOT = "projects/local/assets"
OWN = {"crs": GRID["crs"], "crs_transform": tuple(GRID["crsTransform"])}


def values_and_pixels(ee: Any) -> None:
    image = ee.Image(f"{MOUNT}/radar")
    ee.Number(20).add(22).getInfo()
    image.bandNames().getInfo()
    for file_format in ("NUMPY_NDARRAY", "GEO_TIFF"):
        ee.data.computePixels({"expression": image, "fileFormat": file_format, "grid": PIXEL_GRID})
    ee.data.getPixels({"assetId": f"{MOUNT}/radar", "fileFormat": "NUMPY_NDARRAY", "bandIds": ["VH"]})
    table = ee.FeatureCollection([ee.Feature(ee.Geometry.Point([1, 2]), {"a": 1})])
    ee.data.computeFeatures({"expression": table})
    ee.data.computeImages({"expression": ee.ImageCollection(f"{MOUNT}/series"), "pageSize": 2})


def pictures_and_downloads(ee: Any) -> None:
    image, series = ee.Image(f"{MOUNT}/radar").select("VH"), ee.ImageCollection(f"{MOUNT}/series")
    stretch = {"min": -30, "max": 0}
    image.getMapId(stretch)["tile_fetcher"].fetch_tile(45_329, 27_635, 16)
    addresses = [
        image.getThumbURL({**stretch, "dimensions": 48, "format": "png"}),
        series.getVideoThumbURL({"min": 0, "max": 2, "dimensions": 8, "framesPerSecond": 2}),
        series.getFilmstripThumbURL({"min": 0, "max": 2, "dimensions": 8}),
        image.getDownloadURL({"name": "one"}),
        image.getDownloadURL({"format": "NPY"}),
        ee.FeatureCollection([ee.Feature(ee.Geometry.Point([1, 2]), {"a": 1})]).getDownloadURL("csv"),
    ]
    for address in addresses:
        requests.get(address, timeout=60).raise_for_status()


def assets(ee: Any) -> None:
    folder, col = f"{ROOT}/recorded", f"{ROOT}/recorded/col"
    ee.data.createFolder(folder)
    ee.data.createAsset({"type": "IMAGE_COLLECTION"}, col, {"a": 1})
    ee.data.updateAsset(col, {"properties": {"b": "two"}}, ["properties.b"])
    ee.data.getAsset(col)
    ee.data.copyAsset(f"{MOUNT}/radar", f"{col}/radar")
    ee.data.renameAsset(f"{col}/radar", f"{folder}/radar")
    ee.data.listAssets({"parent": folder, "pageSize": 5})
    ee.data.listImages(
        {"parent": f"{MOUNT}/series", "startTime": "2022-08-02T00:00:00Z", "properties": ["number>=1"]}
    )
    ee.data.setIamPolicy(col, {"bindings": [{"role": "roles/viewer", "members": ["allUsers"]}]})
    ee.data.getIamPolicy(col)
    ee.data.getAssetRootQuota(ROOT)
    ee.data.listBuckets()
    for name in ("radar", "col"):
        ee.data.deleteAsset(f"{folder}/{name}")
    ee.data.deleteAsset(folder)
    ee.data.getInfo(folder)
    ee.data.getProjectConfig()


def tasks(ee: Any) -> None:
    image = ee.Image(f"{MOUNT}/radar")
    table = ee.FeatureCollection([ee.Feature(ee.Geometry.Point([1, 2]), {"a": 1})])
    export, options = ee.batch.Export, {"patchDimensions": [32, 32], "compressed": True, "kernelSize": [4, 4]}
    started = [
        export.image.toCloudStorage(
            image, "a", "local", "recorded/a", fileFormat="TFRecord", formatOptions=options, **GRID
        ),
        export.image.toDrive(image, "b", folder="recorded", formatOptions={"cloudOptimized": True}, **GRID),
        export.image.toAsset(
            image, "c", f"{ROOT}/recorded-c", overwrite=True, pyramidingPolicy={".default": "sample"}, **GRID
        ),
        export.table.toCloudStorage(table, "d", "local", "recorded/d", fileFormat="GeoJSON"),
        export.table.toAsset(table, "e", f"{ROOT}/recorded-e", overwrite=True),
        export.map.toCloudStorage(
            image.visualize(bands=["VH"], min=-30, max=0), "f", "local", path="recorded/f", maxZoom=3
        ),
    ]  # fmt: skip
    for task in started:
        task.start()
    ee.data.startIngestion(
        "unused",
        {
            "name": f"{ROOT}/recorded-g",
            "tilesets": [{"sources": [{"uris": ["gs://local/recorded/a-00000.tfrecord.gz"]}]}],
            "bands": [{"id": "VV", "pyramidingPolicy": "MODE", "missingData": {"values": [-9999]}}],
            "startTime": "2022-08-30T00:00:00Z",
        },
        True,
    )
    ee.data.getOperation(started[0].name)
    ee.data.listOperations()


def xee(ee: Any) -> None:
    import xarray

    found = xarray.open_dataset(ee.ImageCollection(f"{MOUNT}/series"), engine="ee", shape_2d=(8, 8), **OWN)
    found["n"].isel(time=0).values.sum()


def geemap(ee: Any) -> None:
    import geemap as client

    image = ee.Image(f"{MOUNT}/radar")
    box = ee.Geometry.Rectangle([500_000, 2_999_700, 500_300, 3_000_000], GRID["crs"], geodesic=False)
    shown = client.Map()
    shown.addLayer(image, {"bands": ["VH"], "min": -30, "max": 0}, "radar")
    client.ee_to_numpy(image, region=box, scale=10)
    with tempfile.TemporaryDirectory() as folder:
        zones = ee.FeatureCollection([ee.Feature(box, {"zone": "a"})])
        client.zonal_stats(
            image, zones, str(Path(folder) / "z.csv"), stat_type="MEAN", scale=10, verbose=False
        )
        client.ee_export_image(image, str(Path(folder) / "i.tif"), scale=10, region=box, verbose=False)


def geedim(ee: Any) -> None:
    import geedim as _  # noqa: F401  (gives images their `gd`)

    box = ee.Geometry.Rectangle([500_000, 2_999_600, 500_500, 3_000_000], GRID["crs"], geodesic=False)
    found = ee.ImageCollection(SENTINEL2).gd.filter("2022-08-01", "2022-08-03", box)
    list(found.gd.properties)
    image = found.gd.composite("median").select("B8")
    image.gd.prepareForExport(**OWN, shape=SHAPE).gd.toNumPy()
    ee.Image(f"{SENTINEL2}/{INDICES[0]}").gd.addMaskBands().bandNames().getInfo()


def commands(shell: Shell) -> None:
    folder, col = f"{ROOT}/typed", f"{ROOT}/typed/col"
    for command in (
        ("create", "folder", folder),
        ("create", "collection", col),
        ("cp", f"{MOUNT}/classes", f"{col}/a"),
        ("mv", f"{col}/a", f"{col}/b"),
        ("asset", "set", "-p", "event=flood", "-ts", "2022-08-30T00:00:00", f"{col}/b"),
        ("asset", "info", f"{col}/b"),
        ("ls", "-l", col),
        ("acl", "set", "public", col),
        ("acl", "get", col),
        ("du", folder),
        ("upload", "image", "--asset_id", f"{col}/c", "gs://local/typed.tif"),
        ("task", "list"),
        ("rm", "-r", folder),
    ):
        result = shell.run(*command)
        assert result.code == 0, (command, result)


FLOWS: dict[str, Callable[[Any], None]] = {
    "earthengine_api_pixels": values_and_pixels,
    "earthengine_api_pictures": pictures_and_downloads,
    "earthengine_api_assets": assets,
    "earthengine_api_tasks": tasks,
    "xee": xee,
    "geemap": geemap,
    "geedim": geedim,
}
"""The flows by the name of their file in `requests/`."""

COMMANDS: dict[str, Callable[[Shell], None]] = {"earthengine_command_line": commands}
"""The flows of the command line, which is a process of its own, likewise."""
