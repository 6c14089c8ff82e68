"""Batch exports: what is in the files, what the service refuses, what becomes of a killed server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from tests.engine.engine_process import EngineProcess
from tests.engine.server.images import GRID, MOUNT, classes, radar

PATCH = {"patchDimensions": [32, 32], "compressed": True, "defaultValue": -9999}


def start(task: Any) -> str:
    task.start()
    return str(task.name)


def download(bucket: Any, prefix: str, folder: Path) -> list[Path]:
    """Download every object of a prefix; return the paths in order of name."""
    paths = []
    for blob in bucket.list_blobs(prefix=prefix):
        path = folder / blob.name.rsplit("/", 1)[-1]
        blob.download_to_filename(str(path))
        paths.append(path)
    return paths


@pytest.mark.tf
def test_tfrecords_read_by_tensorflow_hold_the_pixels_of_compute_pixels(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    import tensorflow as tf

    image = client.Image(f"{MOUNT}/radar")
    task = client.batch.Export.image.toCloudStorage(
        image, "chips", "local", "chips/a", fileFormat="TFRecord", formatOptions=PATCH, **GRID
    )
    operation = finished(start(task))
    assert operation["metadata"]["state"] == "SUCCEEDED", operation
    shard, mixer_path = download(bucket, "chips/a", tmp_path)
    assert (shard.name, mixer_path.name) == ("a-00000.tfrecord.gz", "a-mixer.json")
    mixer = json.loads(mixer_path.read_text())
    assert mixer["patchDimensions"] == [32, 32]
    assert (mixer["patchesPerRow"], mixer["totalPatches"]) == (3, 6)
    assert mixer["projection"]["affine"]["doubleMatrix"] == [10, 0, 500000, 0, -10, 3000000]
    shape = {name: tf.io.FixedLenFeature([32, 32], tf.float32) for name in ("VV", "VH")}
    records = tf.data.TFRecordDataset(str(shard), compression_type="GZIP")
    patches = [tf.io.parse_single_example(record, shape) for record in records]
    assert len(patches) == 6
    for number, name in enumerate(("VV", "VH")):
        rows = [np.hstack([patches[3 * row + col][name] for col in range(3)]) for row in range(2)]
        expected = np.where(np.isnan(radar()[number]), np.float32(-9999), radar()[number])
        np.testing.assert_array_equal(np.vstack(rows), expected)


def test_kernel_adds_its_half_on_every_side_and_patches_that_do_not_fit_are_dropped(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    from ee_floods.contracts.tfrecord import decode_example, read_records

    options = {"patchDimensions": [40, 30], "kernelSize": [4, 6], "maxFileSize": 9000}
    image = client.Image(f"{MOUNT}/radar").select("VH")
    task = client.batch.Export.image.toCloudStorage(
        image, "k", "local", "kernel/k", fileFormat="TFRecord", formatOptions=options, **GRID
    )
    assert finished(start(task))["metadata"]["state"] == "SUCCEEDED"
    *shards, mixer_path = download(bucket, "kernel/k", tmp_path)
    assert [path.name for path in shards] == [f"k-{index:05d}.tfrecord" for index in range(4)]
    mixer = json.loads(mixer_path.read_text())
    assert (mixer["patchesPerRow"], mixer["totalPatches"]) == (2, 4)
    patches = [decode_example(payload)["VH"] for path in shards for payload in read_records(path)]
    padded = np.pad(radar()[1], ((3, 3), (2, 2)))  # outside the image is masked, and the default is 0
    np.testing.assert_array_equal(patches[3].reshape(36, 44), padded[30:66, 40:84])


def test_geotiff_has_the_pixels_and_nan_where_masked(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    task = client.batch.Export.image.toCloudStorage(
        client.Image(f"{MOUNT}/radar"),
        "t",
        "local",
        "tiff/t",
        fileFormat="GeoTIFF",
        formatOptions={"cloudOptimized": True},
        **GRID,
    )
    assert finished(start(task))["metadata"]["state"] == "SUCCEEDED"
    (path,) = download(bucket, "tiff/t", tmp_path)
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(), radar())
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_large_geotiff_is_cut_into_files_named_by_offset(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    task = client.batch.Export.image.toDrive(
        client.Image(f"{MOUNT}/classes"), "cut", folder="mine", fileDimensions=[64, 64], **GRID
    )
    assert finished(start(task))["metadata"]["state"] == "SUCCEEDED"
    names = [blob.name for blob in bucket.client.list_blobs("drive", prefix="mine/cut")]
    assert names == ["mine/cut-0000000000-0000000000.tif", "mine/cut-0000000000-0000000064.tif"]


def test_asset_has_the_pixels_and_pyramids_by_policy(
    client: Any, finished: Callable[..., dict[str, Any]]
) -> None:
    target = "projects/local/assets/exported"
    image = client.Image(f"{MOUNT}/classes").set("made", "here")
    export = client.batch.Export.image.toAsset
    task = export(image, "a", target, pyramidingPolicy={".default": "sample"}, **GRID)
    assert finished(start(task))["metadata"]["state"] == "SUCCEEDED"
    expected = np.where(classes()[0] == 255, 0, classes()[0])
    stored = client.data.computePixels({"expression": client.Image(target), "fileFormat": "NUMPY_NDARRAY"})
    np.testing.assert_array_equal(stored["class"], expected)
    described = client.data.getAsset(target)
    assert described["properties"] == {"made": "here"}
    assert described["bands"][0]["pyramidingPolicy"] == "SAMPLE"
    with pytest.raises(client.EEException, match="Cannot overwrite asset"):
        export(image, "a", target, **GRID).start()
    again = export(image.multiply(2).toByte(), "a", target, overwrite=True, **GRID)
    assert finished(start(again))["metadata"]["state"] == "SUCCEEDED"
    stored = client.data.computePixels({"expression": client.Image(target), "fileFormat": "NUMPY_NDARRAY"})
    np.testing.assert_array_equal(stored["class"], 2 * expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda ee, image: image.addBands(ee.Image(f"{MOUNT}/classes")),
            "Exported bands must have compatible data types; found inconsistent types: Float32 and Byte.",
        ),
        (lambda ee, image: ee.Image(1), "Unable to export unbounded image."),
    ],
)
def test_refusals_come_when_the_task_ends_in_the_service_s_words(
    client: Any, finished: Callable[..., dict[str, Any]], change: Any, words: str
) -> None:
    image = change(client, client.Image(f"{MOUNT}/radar"))
    operation = finished(start(client.batch.Export.image.toCloudStorage(image, "x", "local", "x")))
    assert operation["metadata"]["state"] == "FAILED"
    assert operation["error"]["message"] == words


def test_too_many_pixels_and_a_missing_bucket_fail_the_task(
    client: Any, finished: Callable[..., dict[str, Any]]
) -> None:
    image = client.Image(f"{MOUNT}/radar")
    export = client.batch.Export.image.toCloudStorage
    large = finished(start(export(image, "x", "local", "x", maxPixels=100, **GRID)))
    assert large["error"]["message"].startswith("Export too large: specified 6144 pixels (max: 100).")
    nowhere = finished(start(export(image, "x", "absent", "x", **GRID)))
    assert nowhere["error"]["message"] == "Unable to write to bucket absent (permission denied)."


def test_table_is_written_as_csv_geojson_and_asset(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    point = client.Geometry.Point([1, 2])
    table = client.FeatureCollection([client.Feature(point, {"a": 1, "b": "x"})])
    export = client.batch.Export.table
    for file_format in ("CSV", "GeoJSON"):
        task = export.toCloudStorage(table, "t", "local", "table/t", fileFormat=file_format)
        assert finished(start(task))["metadata"]["state"] == "SUCCEEDED"
    text, geojson = (path.read_text() for path in download(bucket, "table/t", tmp_path))
    assert text.splitlines()[0] == "system:index,a,b,.geo"
    assert json.loads(geojson)["features"][0]["properties"] == {"a": 1, "b": "x"}
    assert finished(start(export.toAsset(table, "t", "projects/local/assets/table")))["done"]
    stored = client.FeatureCollection("projects/local/assets/table")
    assert stored.aggregate_array("b").getInfo() == ["x"]


def test_same_request_id_starts_one_task(client: Any, finished: Callable[..., dict[str, Any]]) -> None:
    task = client.batch.Export.image.toCloudStorage(
        client.Image(f"{MOUNT}/radar"), "x", "local", "once", **GRID
    )
    first = client.data.exportImage("eef-request-1", dict(task.config))
    second = client.data.exportImage("eef-request-1", dict(task.config))
    assert first["name"] == second["name"]
    assert finished(first["name"])["metadata"]["attempt"] == 1
    with pytest.raises(client.EEException, match="Invalid request ID"):
        client.data.exportImage("no_underscores", dict(task.config))
    with pytest.raises(client.EEException, match="Invalid request ID"):
        client.data.exportImage("x" * 61, dict(task.config))


def slow_export(client: Any, patches: int = 8) -> Any:
    """An export of some seconds: 300 operations on so many rows and columns of patches of 64 pixels."""
    side = patches * 640
    image = client.Image(1).setDefaultProjection(GRID["crs"], GRID["crsTransform"])
    for _ in range(150):
        image = image.add(1).sqrt()
    box = client.Geometry.Rectangle(
        [500000, 3000000 - side, 500000 + side, 3000000], GRID["crs"], geodesic=False
    )
    options = {"patchDimensions": [64, 64]}
    return client.batch.Export.image.toCloudStorage(
        image.toFloat().clip(box), "slow", "local", "slow/s", fileFormat="TFRecord", formatOptions=options
    )


def test_killed_server_ends_its_task_once_and_whole_after_the_next_start(
    tmp_path: Path,
    images: Path,
    connect: Callable[[EngineProcess], Any],
    finished: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from google.cloud import storage

    from ee_floods.contracts.tfrecord import read_records

    engine = EngineProcess(tmp_path / "state", {MOUNT: images}).start()
    name = start(slow_export(connect(engine)))
    deadline = time.monotonic() + 30
    while engine.get(f"/v1/{name}")["metadata"]["progress"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    engine.kill()
    engine.start()
    try:
        connect(engine)
        operation = finished(name)
        assert operation["metadata"]["state"] == "SUCCEEDED"
        assert operation["metadata"]["attempt"] == 2
        assert len(engine.get("/v1/projects/local/operations")["operations"]) == 1
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", engine.url)
        shard, mixer = download(storage.Client(project="local").bucket("local"), "slow/", tmp_path)
        assert sum(1 for _ in read_records(shard)) == json.loads(mixer.read_text())["totalPatches"] == 64
        assert list((engine.state / "staging").iterdir()) == []
        objects = list((engine.state / "objects").iterdir())
        assert len(objects) == 2
    finally:
        assert engine.stop() == 0


def test_cancelled_task_ends_and_leaves_nothing(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], local_engine: EngineProcess
) -> None:
    task = slow_export(client, 40)
    task.start()
    while client.data.getOperation(task.name)["metadata"]["state"] == "PENDING":
        time.sleep(0.02)
    task.cancel()
    assert finished(task.name)["metadata"]["state"] == "CANCELLED"
    assert list(bucket.list_blobs(prefix="slow/")) == []
    assert list((local_engine.state / "staging").rglob("*.tfrecord")) == []
    assert task.status()["state"] == "CANCELLED"


def test_two_tasks_run_at_once_and_the_others_wait(
    client: Any, finished: Callable[..., dict[str, Any]]
) -> None:
    tasks = [slow_export(client, 40) for _ in range(3)]
    for task in tasks:
        task.start()
    time.sleep(0.5)
    states = [client.data.getOperation(task.name)["metadata"]["state"] for task in tasks]
    assert states == ["RUNNING", "RUNNING", "PENDING"]
    for task in reversed(tasks):
        task.cancel()
    assert {finished(task.name)["metadata"]["state"] for task in tasks} == {"CANCELLED"}
