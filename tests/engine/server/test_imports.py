"""Imports: files in storage become assets with the same pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import encode_example, write_records
from ee_floods.grid import Grid
from tests.engine.server.images import GRID, classes, radar, write

ROOT = "projects/local/assets"


def manifest(name: str, *uris: str, **more: Any) -> dict[str, Any]:
    return {"name": f"{ROOT}/{name}", "tilesets": [{"sources": [{"uris": [uri]} for uri in uris]}], **more}


def ingest(client: Any, finished: Callable[..., dict[str, Any]], body: dict[str, Any]) -> dict[str, Any]:
    return finished(client.data.startIngestion(None, body, True)["name"])


def pixels(client: Any, name: str) -> np.ndarray:
    return client.data.computePixels(
        {"expression": client.Image(f"{ROOT}/{name}"), "fileFormat": "NUMPY_NDARRAY"}
    )


def test_geotiff_becomes_an_image_with_its_pixels_mask_and_properties(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    values = np.concatenate([classes(), classes() // 2]).astype(np.uint8)
    bucket.blob("in/c.tif").upload_from_filename(str(write(tmp_path / "c.tif", values)))
    body = manifest(
        "imported",
        "gs://local/in/c.tif",
        bands=[
            {"id": "flood", "pyramidingPolicy": "MODE", "missingData": {"values": [255]}},
            {"id": "half", "pyramidingPolicy": "SAMPLE"},
        ],
        properties={"event": "x"},
        startTime="2022-08-30T00:00:00Z",
    )
    operation = ingest(client, finished, body)
    assert operation["metadata"]["state"] == "SUCCEEDED", operation
    found = pixels(client, "imported")
    np.testing.assert_array_equal(found["flood"], np.where(values[0] == 255, 0, values[0]))
    np.testing.assert_array_equal(found["half"], values[1])
    described = client.data.getAsset(f"{ROOT}/imported")
    assert described["startTime"].startswith("2022-08-30T00:00:00")
    assert described["properties"] == {"event": "x"}
    assert [band["pyramidingPolicy"] for band in described["bands"]] == ["MODE", "SAMPLE"]


def commonest(blocks: np.ndarray) -> np.ndarray:
    """Return the most frequent value of each block, the smallest of several."""
    counts = np.stack([(blocks == value).sum(axis=-1) for value in range(9)])
    return counts.argmax(axis=0)


POLICIES = {
    "MEAN": lambda blocks: np.rint(blocks.mean(axis=-1)),
    "MODE": commonest,
    "SAMPLE": lambda blocks: blocks[..., 0],
    "MIN": lambda blocks: blocks.min(axis=-1),
    "MAX": lambda blocks: blocks.max(axis=-1),
    "MEDIAN": lambda blocks: np.rint(np.median(blocks, axis=-1)),
}


def test_coarse_read_takes_the_pyramid_made_by_the_band_s_policy(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    values = np.random.default_rng(3).integers(0, 9, (1, 512, 512)).astype(np.uint8)
    bucket.blob("in/p.tif").upload_from_filename(str(write(tmp_path / "p.tif", values)))
    bands = [{"id": policy.lower(), "pyramidingPolicy": policy, "tilesetBandIndex": 0} for policy in POLICIES]
    ingest(client, finished, manifest("pyramid", "gs://local/in/p.tif", bands=bands))
    a, _, x, _, e, y = GRID["crsTransform"]
    grid = {
        "crsCode": GRID["crs"],
        "affineTransform": {"scaleX": 2 * a, "translateX": x, "scaleY": 2 * e, "translateY": y},
        "dimensions": {"width": 256, "height": 256},
    }
    image = client.Image(f"{ROOT}/pyramid")
    found = client.data.computePixels({"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": grid})
    blocks = values[0].reshape(256, 2, 256, 2).swapaxes(1, 2).reshape(256, 256, 4)
    for policy, reduce in POLICIES.items():
        np.testing.assert_array_equal(found[policy.lower()], reduce(blocks), err_msg=policy)


def test_mask_band_hides_pixels_of_the_bands_it_names(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    values = np.stack([radar()[1], -radar()[1]]).astype(np.float32)
    shown = np.random.default_rng(5).integers(0, 2, (1, 64, 96)).astype(np.uint8)
    for name, array in (("v", values), ("m", shown)):
        bucket.blob(f"in/{name}.tif").upload_from_filename(str(write(tmp_path / f"{name}.tif", array)))
    body = {
        "name": f"{ROOT}/masked",
        "tilesets": [
            {"id": name, "sources": [{"uris": [f"gs://local/in/{name}.tif"]}]} for name in ("v", "m")
        ],
        "bands": [
            {"id": "a", "tilesetId": "v", "tilesetBandIndex": 0},
            {"id": "b", "tilesetId": "v", "tilesetBandIndex": 1},
        ],
        "maskBands": [{"tilesetId": "m", "bandIds": ["a"]}],
    }
    operation = ingest(client, finished, body)
    assert operation["metadata"]["state"] == "SUCCEEDED", operation
    found = pixels(client, "masked")
    np.testing.assert_array_equal(found["a"], np.where(shown[0] > 0, values[0], 0))
    np.testing.assert_array_equal(found["b"], values[1])


def test_files_side_by_side_become_one_image(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    import rasterio
    from affine import Affine

    values = radar()[1:]
    for index, part in enumerate(np.split(values, 2, axis=2)):
        path = write(tmp_path / f"part{index}.tif", part)
        with rasterio.open(path, "r+") as dataset:
            dataset.transform = Affine(10, 0, 500000 + index * 480, 0, -10, 3000000)
        bucket.blob(f"in/part{index}.tif").upload_from_filename(str(path))
    uris = ("gs://local/in/part1.tif", "gs://local/in/part0.tif")
    ingest(client, finished, manifest("mosaic", *uris, bands=[{"id": "VH"}]))
    np.testing.assert_array_equal(pixels(client, "mosaic")["VH"], values[0])


@pytest.mark.parametrize("margin", [0, 4])
def test_tfrecords_with_their_mixer_become_an_image(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path, margin: int
) -> None:
    values = radar()[1]
    grid = Grid(GRID["crs"], tuple(GRID["crsTransform"]), (64, 96))
    padded = np.pad(values, margin)
    patches = [
        padded[row : row + 32 + 2 * margin, col : col + 32 + 2 * margin]
        for row in range(0, 64, 32)
        for col in range(0, 96, 32)
    ]
    for shard in range(2):
        path = tmp_path / f"r-{shard:05d}.tfrecord.gz"
        write_records(path, (encode_example({"VH": patch}) for patch in patches[3 * shard : 3 * shard + 3]))
        bucket.blob(f"rec{margin}/{path.name}").upload_from_filename(str(path))
    bucket.blob(f"rec{margin}/r-mixer.json").upload_from_string(Mixer(grid, (32, 32)).to_json())
    names = ("r-00000.tfrecord.gz", "r-00001.tfrecord.gz", "r-mixer.json")
    body = {
        "name": f"{ROOT}/records{margin}",
        "tilesets": [{"sources": [{"uris": [f"gs://local/rec{margin}/{name}" for name in names]}]}],
    }
    assert ingest(client, finished, body)["metadata"]["state"] == "SUCCEEDED"
    np.testing.assert_array_equal(pixels(client, f"records{margin}")["VH"], values)


def test_missing_file_fails_the_task_and_names_it(
    client: Any, finished: Callable[..., dict[str, Any]]
) -> None:
    operation = ingest(client, finished, manifest("nothing", "gs://local/in/absent.tif"))
    assert operation["metadata"]["state"] == "FAILED"
    assert "gs://local/in/absent.tif" in operation["error"]["message"]
    assert client.data.getInfo(f"{ROOT}/nothing") is None


def test_csv_becomes_a_table(client: Any, bucket: Any, finished: Callable[..., dict[str, Any]]) -> None:
    bucket.blob("in/t.csv").upload_from_string("longitude,latitude,name\n71.5,30.25,a\n72,31,b\n")
    body = {"name": f"{ROOT}/places", "sources": [{"uris": ["gs://local/in/t.csv"]}]}
    operation = finished(client.data.startTableIngestion("table-1", body)["name"])
    assert operation["metadata"]["state"] == "SUCCEEDED", operation
    found = client.FeatureCollection(f"{ROOT}/places").getInfo()["features"]
    assert [item["properties"]["name"] for item in found] == ["a", "b"]
    assert found[0]["geometry"] == {"type": "Point", "coordinates": [71.5, 30.25]}
    listed = client.data.listFeatures({"assetId": f"{ROOT}/places"})["features"]
    assert len(listed) == 2
