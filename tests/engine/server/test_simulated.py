"""The simulated mark: it follows a result out of the engine and back in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.engine.engine_process import EngineProcess
from tests.engine.server.images import MOUNT, radar, write

ROOT = "projects/local/assets"
INVENTED, REAL = f"{MOUNT}/invented", f"{MOUNT}/radar"


def ask(client: Any, engine: EngineProcess, value: Any) -> requests.Response:
    body = {"expression": client.serializer.encode(value, for_cloud_api=True)}
    return requests.post(f"{engine.url}/v1/projects/local/value:compute", json=body, timeout=60)


@pytest.mark.parametrize(("asset", "simulated"), [(INVENTED, "true"), (REAL, "false")])
def test_every_answer_says_what_it_was_computed_from(
    client: Any, local_engine: EngineProcess, asset: str, simulated: str
) -> None:
    answer = ask(client, local_engine, client.Image(asset).bandNames())
    assert answer.headers["X-EE-Floods-Assets"] == f"1;{asset}"
    assert answer.headers["X-EE-Floods-Simulated"] == simulated


def test_answer_without_assets_says_so(client: Any, local_engine: EngineProcess) -> None:
    answer = ask(client, local_engine, client.Number(1))
    assert (answer.headers["X-EE-Floods-Assets"], answer.headers["X-EE-Floods-Simulated"]) == ("0", "false")
    health = requests.get(f"{local_engine.url}/ee-floods/v1/health", timeout=30)
    assert health.headers["X-EE-Floods-Simulated"] == "false"


def test_one_simulated_asset_makes_the_whole_simulated(client: Any, local_engine: EngineProcess) -> None:
    both = client.Image(REAL).addBands(client.Image(INVENTED).rename("x")).bandNames()
    answer = ask(client, local_engine, both)
    assert answer.headers["X-EE-Floods-Simulated"] == "true"
    assert answer.headers["X-EE-Floods-Assets"].startswith("2;")


def test_description_of_a_simulated_asset_says_so(client: Any) -> None:
    assert client.data.getAsset(INVENTED)["properties"]["simulated"] is True
    assert "simulated" not in client.data.getAsset(REAL)["properties"]


@pytest.mark.parametrize(("asset", "simulated"), [(INVENTED, True), (REAL, False)])
def test_mark_follows_exports_to_storage_and_imports_back(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], asset: str, simulated: bool
) -> None:
    name = asset.rsplit("/", 1)[1]
    image = client.Image(asset).select("VV").multiply(2).toFloat()
    task = client.batch.Export.image.toCloudStorage(image, "m", "local", f"mark/{name}")
    task.start()
    assert finished(task.name)["metadata"]["state"] == "SUCCEEDED"
    blob = bucket.get_blob(f"mark/{name}.tif")
    assert (blob.metadata.get("simulated") == "true") is simulated
    target = f"{ROOT}/back_{name}"
    body = {"name": target, "tilesets": [{"sources": [{"uris": [f"gs://local/mark/{name}.tif"]}]}]}
    assert finished(client.data.startIngestion(None, body)["name"])["metadata"]["state"] == "SUCCEEDED"
    assert bool(client.data.getAsset(target)["properties"].get("simulated")) is simulated


def test_mark_follows_exports_to_assets_and_cannot_be_taken_off(
    client: Any, finished: Callable[..., dict[str, Any]], local_engine: EngineProcess
) -> None:
    target = f"{ROOT}/marked"
    task = client.batch.Export.image.toAsset(client.Image(INVENTED).abs(), "m", target)
    task.start()
    assert finished(task.name)["metadata"]["state"] == "SUCCEEDED"
    client.data.updateAsset(target, {"properties": {"simulated": None}}, ["properties.simulated"])
    client.data.updateAsset(target, {"properties": {}}, ["properties"])
    assert client.data.getAsset(target)["properties"]["simulated"] is True
    client.data.copyAsset(target, f"{ROOT}/marked_copy")
    answer = ask(client, local_engine, client.Image(f"{ROOT}/marked_copy").bandNames())
    assert answer.headers["X-EE-Floods-Simulated"] == "true"


@pytest.mark.parametrize("where", ["tags", "properties", "object"])
def test_import_is_simulated_when_its_file_manifest_or_object_says_so(
    client: Any, bucket: Any, finished: Callable[..., dict[str, Any]], tmp_path: Path, where: str
) -> None:
    tags = {"TIFFTAG_IMAGEDESCRIPTION": "SIMULATED flood"} if where == "tags" else {}
    path = write(tmp_path / "x.tif", radar()[1:], tags=tags)
    blob = bucket.blob(f"said/{where}.tif")
    blob.metadata = {"simulated": "true"} if where == "object" else {}
    blob.upload_from_filename(str(path))
    body = {
        "name": f"{ROOT}/said_{where}",
        "tilesets": [{"sources": [{"uris": [f"gs://local/said/{where}.tif"]}]}],
        "properties": {"simulated": 1} if where == "properties" else {},
    }
    assert finished(client.data.startIngestion(None, body)["name"])["metadata"]["state"] == "SUCCEEDED"
    assert client.data.getAsset(f"{ROOT}/said_{where}")["properties"]["simulated"] is True


def test_reads_prove_that_nothing_simulated_was_read(client: Any, local_engine: EngineProcess) -> None:
    mark = local_engine.reads()
    since = mark[-1]["time_us"] + 1 if mark else 0
    client.Image(REAL).bandNames().getInfo()
    assert not any(item["simulated"] for item in local_engine.reads(since))
    client.Image(INVENTED).bandNames().getInfo()
    assert any(item["simulated"] for item in local_engine.reads(since))
