"""earthengine-api: collections, listings, assets and tasks through its functions, against the files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import requests

from tests.clients.answers import array
from tests.engine.engine_process import EngineProcess
from tests.engine.server.images import GRID, MOUNT, classes, radar, write

ROOT = "projects/local/assets"


# --- collections and listings


def test_images_are_described_a_page_at_a_time(client: Any) -> None:
    series = client.ImageCollection(f"{MOUNT}/series").map(
        lambda image: image.add(1).toFloat().copyProperties(image, ["number"])
    )
    first = client.data.computeImages({"expression": series, "pageSize": 2})
    assert [item["properties"]["number"] for item in first["images"]] == [0, 1]
    rest = client.data.computeImages(
        {"expression": series, "pageSize": 2, "pageToken": first["nextPageToken"]}
    )
    assert [item["properties"]["number"] for item in rest["images"]] == [2]
    assert "nextPageToken" not in rest
    (band,) = rest["images"][0]["bands"]
    assert (band["id"], band["dataType"], band["grid"]["crsCode"]) == (
        "n",
        {"precision": "FLOAT"},
        GRID["crs"],
    )


def test_features_become_a_data_frame_over_several_pages(client: Any) -> None:
    table = client.FeatureCollection(
        [client.Feature(client.Geometry.Point([i, 0]), {"i": i}) for i in range(5)]
    )
    found = client.data.computeFeatures(
        {"expression": table, "fileFormat": "PANDAS_DATAFRAME", "pageSize": 2}
    )
    assert found["i"].tolist() == list(range(5))


@pytest.mark.parametrize(
    ("narrowed", "numbers"),
    [
        ({"properties": ["number>=1"]}, [1, 2]),
        ({"startTime": "2022-08-02T00:00:00Z", "endTime": "2022-08-03T00:00:00Z"}, [1]),
        ({"region": {"type": "Point", "coordinates": [69.0004, 27.1221]}}, [0, 1, 2]),
        ({"region": "POINT (69.0004 27.1221)"}, [0, 1, 2]),
        ({"region": {"type": "Point", "coordinates": [69.1, 27.1221]}}, []),
        ({"filter": 'startTime < "2022-08-02T00:00:00Z" AND properties.number = 0'}, [0]),
        ({"pageSize": 1, "properties": ["number>=1"]}, [1]),
    ],
)
def test_images_are_listed_by_what_the_client_asks(
    client: Any, narrowed: dict[str, Any], numbers: list[int]
) -> None:
    found = client.data.listImages({"parent": f"{MOUNT}/series", **narrowed})
    assert [item["properties"]["number"] for item in found["images"]] == numbers


def test_pages_of_a_filtered_listing_neither_skip_nor_repeat(client: Any) -> None:
    seen, token = [], None
    while True:
        more = {"pageToken": token} if token else {}
        page = client.data.listImages(
            {"parent": f"{MOUNT}/series", "pageSize": 1, "properties": ["number!=1"], **more}
        )
        seen += [item["properties"]["number"] for item in page["images"]]
        token = page.get("nextPageToken")
        if token is None:
            break
    assert seen == [0, 2]


def test_old_names_of_the_listing_still_work(client: Any) -> None:
    assert [item["type"] for item in client.data.getList({"id": f"{MOUNT}/series", "num": 2})] == [
        "Image"
    ] * 2
    assert MOUNT in [item["id"] for item in client.data.getAssetRoots()]
    assert client.data.listBuckets()["assets"]


# --- assets


def test_missing_asset_is_not_found_by_its_route_and_refused_in_a_graph(
    client: Any, local_engine: EngineProcess
) -> None:
    answer = requests.get(f"{local_engine.url}/v1/{MOUNT}/absent", timeout=60)
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert client.data.getInfo(f"{MOUNT}/absent") is None
    with pytest.raises(client.EEException, match=r"not found \(does not exist"):
        client.Image(f"{MOUNT}/absent").getInfo()


def test_copy_of_a_mounted_image_is_an_asset_of_its_own(client: Any) -> None:
    target = f"{ROOT}/copied"
    client.data.copyAsset(f"{MOUNT}/classes", target)
    found = array(client, client.Image(target))["class"]
    np.testing.assert_array_equal(found, np.where(classes()[0] == 255, 0, classes()[0]))
    client.data.updateAsset(target, {"properties": {"mine": 1}}, ["properties.mine"])
    assert client.Image(target).get("mine").getInfo() == 1
    again = f"{ROOT}/copied-again"
    client.data.copyAsset(target, again)
    client.data.deleteAsset(target)
    np.testing.assert_array_equal(array(client, client.Image(again))["class"], found)
    client.data.deleteAsset(again)


def test_mounted_asset_cannot_be_changed(client: Any) -> None:
    for change in (
        lambda: client.data.deleteAsset(f"{MOUNT}/radar"),
        lambda: client.data.renameAsset(f"{MOUNT}/radar", f"{ROOT}/moved"),
        lambda: client.data.updateAsset(f"{MOUNT}/radar", {"properties": {"a": 1}}, ["properties.a"]),
        lambda: client.data.setIamPolicy(f"{MOUNT}/radar", {"bindings": []}),
    ):
        with pytest.raises(client.EEException, match="doesn't allow this operation"):
            change()


def test_access_list_is_kept(client: Any) -> None:
    target = f"{ROOT}/shared"
    client.data.createFolder(target)
    client.data.setAssetAcl(target, {"readers": ["user:a@b.c"], "writers": [], "all_users_can_read": True})
    found = client.data.getAssetAcl(target)
    assert (found["readers"], found["all_users_can_read"]) == (["user:a@b.c"], True)
    client.data.deleteAsset(target)


def test_parents_are_made_on_the_way(client: Any) -> None:
    client.data.create_assets([f"{ROOT}/up/down/col"], "IMAGE_COLLECTION", True)
    assert client.data.getAsset(f"{ROOT}/up/down/col")["type"] == "IMAGE_COLLECTION"
    for name in ("up/down/col", "up/down", "up"):
        client.data.deleteAsset(f"{ROOT}/{name}")


def test_external_image_reads_the_object_and_says_when_it_is_gone(
    client: Any, bucket: Any, tmp_path: Path
) -> None:
    target = f"{ROOT}/external"
    values = classes() + 1
    bucket.blob("cog/c.tif").upload_from_filename(str(write(tmp_path / "c.tif", values.astype(np.uint8))))
    manifest = {
        "name": target,
        "tilesets": [{"id": "0", "sources": [{"uris": ["gs://local/cog/c.tif"]}]}],
        "bands": [{"id": "kind", "tilesetId": "0", "tilesetBandIndex": 0, "missingData": {"values": [1]}}],
        "properties": {"version": "1.1"},
        "startTime": "2016-01-01T00:00:00.000000000Z",
    }
    assert client.data.startExternalImageIngestion(dict(manifest))["name"].endswith("external")
    expected = np.where(values[0] == 1, 0, values[0])
    np.testing.assert_array_equal(array(client, client.Image(target))["kind"], expected)
    assert client.Image(target).date().get("year").getInfo() == 2016
    with pytest.raises(client.EEException, match="Cannot overwrite"):
        client.data.startExternalImageIngestion(dict(manifest))
    bucket.blob("cog/c.tif").delete()
    with pytest.raises(client.EEException, match=r"gs://local/cog/c\.tif"):
        array(client, client.Image(target))
    client.data.deleteAsset(target)


# --- tasks


def test_tasks_are_listed_followed_and_named_the_old_way(
    client: Any, finished: Callable[..., dict[str, Any]]
) -> None:
    assert len(set(client.data.newTaskId(3))) == 3
    task = client.batch.Export.table.toDrive(
        client.FeatureCollection([client.Feature(None, {"a": 1})]), "listed", folder="f"
    )
    task.start()
    finished(task.name)
    assert task.status()["state"] == "COMPLETED"
    assert not task.active()
    assert client.data.getTaskStatus([task.id, "unheard-of"])[1]["state"] == "UNKNOWN"
    assert task.id in [item["id"] for item in client.data.getTaskList()]
    assert task.id in [item.id for item in client.batch.Task.list()]
    assert client.data.getOperation(task.name)["metadata"]["type"] == "EXPORT_FEATURES"
    client.data.cancelTask(task.id)  # no effect on a task that has ended
    assert task.status()["state"] == "COMPLETED"


def test_map_export_writes_the_tiles_of_the_map(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]]
) -> None:
    image = client.Image(f"{MOUNT}/radar").visualize(bands=["VH"], min=-30, max=0)
    task = client.batch.Export.map.toCloudStorage(
        image, "map", "local", path="maps/one/", minZoom=14, maxZoom=16, fileFormat="png"
    )
    task.start()
    operation = finished(task.name)
    assert operation["metadata"]["state"] == "SUCCEEDED", operation
    assert operation["metadata"]["type"] == "EXPORT_TILES"
    blobs = {blob.name.removeprefix("maps/one/"): blob for blob in bucket.list_blobs(prefix="maps/one/")}
    tiles = {name for name in blobs if not name.endswith(".html")}
    assert set(blobs) - tiles == {"index.html", "earth.html"}
    # 960 m x 640 m over 611 m tiles, the corner at 69 E 27.122 N: counted by hand from pyproj's bounds.
    left, bottom, right, top = 7_681_044.86, 3_138_058.34, 7_682_123.10, 3_138_781.06
    half = 20_037_508.342789244
    expected = {
        f"{zoom}/{x}/{y}"
        for zoom in (14, 15, 16)
        for x in range(
            int((left + half) / (2 * half) * 2**zoom), int((right + half) / (2 * half) * 2**zoom) + 1
        )
        for y in range(
            int((half - top) / (2 * half) * 2**zoom), int((half - bottom) / (2 * half) * 2**zoom) + 1
        )
    }
    assert tiles == expected
    name = max(tiles)
    zoom, x, y = map(int, name.split("/"))
    shown = client.Image(f"{MOUNT}/radar").getMapId({"bands": ["VH"], "min": -30, "max": 0})["tile_fetcher"]
    with (
        rasterio.open(io.BytesIO(blobs[name].download_as_bytes())) as exported,
        rasterio.open(io.BytesIO(shown.fetch_tile(x, y, zoom))) as drawn,
    ):
        seen = drawn.read()
        assert (seen[-1] > 0).any()
        np.testing.assert_array_equal(exported.read()[-1] > 0, seen[-1] > 0)
    assert blobs[name].content_type == "image/png"
    assert "maps/one" in blobs["index.html"].download_as_text()


def test_array_bands_are_written_as_tensors_of_the_depth_asked_for(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    from ee_floods.contracts.tfrecord import decode_example, read_records

    image = client.Image(f"{MOUNT}/radar").toArray()
    options = {"patchDimensions": [48, 32], "tensorDepths": {"array": 3}, "defaultValue": -5}
    task = client.batch.Export.image.toCloudStorage(
        image, "tensors", "local", "tensors/t", fileFormat="TFRecord", formatOptions=options, **GRID
    )
    task.start()
    operation = finished(task.name)
    assert operation["metadata"]["state"] == "SUCCEEDED", operation
    path = tmp_path / "t.tfrecord"
    bucket.blob("tensors/t-00000.tfrecord").download_to_filename(str(path))
    # The project's decoder, whose own tests compare it with TensorFlow's.
    patches = [decode_example(payload)["array"].reshape(3, 32, 48) for payload in read_records(path)]
    found = np.concatenate([np.concatenate(patches[2 * k : 2 * k + 2], axis=2) for k in range(2)], axis=1)
    shown = np.isfinite(radar()).all(axis=0)
    expected = np.where(shown, radar(), -5)
    np.testing.assert_array_equal(found[:2], expected)
    assert (found[2] == -5).all()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (
            lambda ee: ee.batch.Export.video.toCloudStorage(
                ee.ImageCollection(f"{MOUNT}/series").map(lambda i: i.visualize(min=0, max=2)), "v", "local",
                dimensions=16,
            ).start(),
            "Video exports",
        ),
        (
            lambda ee: ee.data.exportClassifier("", {"expression": ee.Classifier.smileCart()}),
            "Classifier exports",
        ),
        (
            lambda ee: ee.batch.Export.table.toBigQuery(
                ee.FeatureCollection([ee.Feature(None, {})]), "b", table="p.d.t"
            ).start(),
            "BigQuery",
        ),
        (lambda ee: ee.data.getFeatureViewTilesKey({"assetId": f"{ROOT}/x"}), "FeatureView"),
    ],
    ids=["video", "classifier", "bigquery", "featureview"],
)  # fmt: skip
def test_what_the_engine_has_not_is_named(client: Any, start: Any, words: str) -> None:
    with pytest.raises(client.EEException, match=f"{words}.* not implemented by the local engine"):
        start(client)


def test_what_the_engine_has_not_is_no_passing_trouble(local_engine: EngineProcess) -> None:
    # Clients ask again for half a minute where the code is 500 or more.
    answer = requests.post(f"{local_engine.url}/v1/projects/local/video:export", json={}, timeout=60)
    assert answer.status_code == 400


def test_client_may_be_initialised_twice(
    client: Any, connect: Callable[[EngineProcess], Any], local_engine: EngineProcess
) -> None:
    import ee
    from google.auth.credentials import AnonymousCredentials

    ee.Initialize(AnonymousCredentials(), url=local_engine.url, project="local")
    assert ee.Number(2).getInfo() == 2
    assert len(ee.data.getAlgorithms()) > 900
