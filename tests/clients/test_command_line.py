"""The unmodified `earthengine` command line against a guarded engine; its outputs are compared."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from tests.clients.command_line import Result, Shell
from tests.engine.engine_process import EngineProcess
from tests.engine.server.images import classes, write

pytestmark = pytest.mark.engine

PROJECT = "flood-lab"
ROOT = f"projects/{PROJECT}/assets"
END_S = 60.0


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    engine = EngineProcess(tmp_path_factory.mktemp("cli") / "state", require_token=True, project=PROJECT)
    yield engine.start()
    engine.stop()


@pytest.fixture(scope="module")
def shell(engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(engine.state, tmp_path_factory.mktemp("no-tensorflow"))
    yield shell
    shell.close()


@pytest.fixture(scope="module")
def bearer(engine: EngineProcess) -> dict[str, str]:
    return {"Authorization": f"Bearer {(engine.state / 'access-token').read_text().strip()}"}


@pytest.fixture(scope="module")
def bucket(engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The engine's bucket, as the storage client sees it with the same key as the command line."""
    from google.cloud import storage
    from google.oauth2 import service_account

    key = service_account.Credentials.from_service_account_file(str(engine.state / "service-account.json"))
    client = storage.Client(project=PROJECT, credentials=key, client_options={"api_endpoint": engine.url})
    folder = tmp_path_factory.mktemp("files")
    values = np.concatenate([classes(), classes() // 2]).astype(np.uint8)
    client.bucket("local").blob("in/flood.tif").upload_from_filename(str(write(folder / "f.tif", values)))
    client.bucket("local").blob("in/places.csv").upload_from_string(
        "longitude,latitude,name\n71.5,30.25,a\n72,31,b\n"
    )
    return client.bucket("local")


@pytest.fixture(scope="module")
def assets(shell: Shell, bucket: Any, engine: EngineProcess, bearer: dict[str, str]) -> list[str]:
    """`ROOT/one` with an image, a table and a collection; returns the ids of the uploads' tasks."""
    made = [
        shell.run("create", "folder", f"{ROOT}/one"),
        shell.run("create", "collection", f"{ROOT}/one/series"),
        shell.run(
            "upload", "image", "--asset_id", f"{ROOT}/one/flood", "--bands", "flood,half",
            "--pyramiding_policy", "MODE,SAMPLE", "--nodata_value", "255", "-p", "event=x",
            "-p", "(number)n=3", "-ts", "2022-08-30", "gs://local/in/flood.tif",
        ),
        shell.run("upload", "table", "--asset_id", f"{ROOT}/one/places", "gs://local/in/places.csv"),
    ]  # fmt: skip
    assert [result.code for result in made] == [0, 0, 0, 0], made
    ids = [result.lines[0].removeprefix("Started upload task with ID: ") for result in made[2:]]
    for task in ids:
        assert ended(engine, bearer, task)["metadata"]["state"] == "SUCCEEDED"
    return ids


def ended(engine: EngineProcess, bearer: dict[str, str], task: str) -> dict[str, Any]:
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        address = f"{engine.url}/v1/projects/{PROJECT}/operations/{task}:wait"
        operation = requests.post(address, json={"timeout": "10s"}, headers=bearer, timeout=60).json()
        if operation.get("done"):
            return operation
    raise TimeoutError(task)


def info(shell: Shell, asset: str) -> dict[str, Any]:
    return json.loads(shell.run("asset", "info", asset).out)


def test_the_executable_itself_lists_what_is_there(shell: Shell, assets: list[str]) -> None:
    result = shell.execute("ls", "-l", f"{ROOT}/one")
    assert result.code == 0, result.err
    assert result.lines == [
        f"[Image]            {ROOT}/one/flood",
        f"[Table]            {ROOT}/one/places",
        f"[ImageCollection]  {ROOT}/one/series",
    ]


def test_ls_without_a_folder_starts_at_the_project_and_goes_down(shell: Shell, assets: list[str]) -> None:
    assert shell.run("ls").lines == [f"{ROOT}/one"]
    names = ["one", "one/flood", "one/places", "one/series"]
    assert shell.run("ls", "-r", ROOT).lines == [f"{ROOT}/{name}" for name in names]
    assert shell.run("ls", "-m", "1", f"{ROOT}/one").lines == [f"{ROOT}/one/flood"]


def test_uploaded_image_is_described_as_its_flags_said(shell: Shell, assets: list[str]) -> None:
    found = info(shell, f"{ROOT}/one/flood")
    assert found["type"] == "IMAGE"
    assert found["properties"] == {"event": "x", "n": 3.0}
    assert found["startTime"].startswith("2022-08-30T00:00:00")
    assert [(band["id"], band["pyramidingPolicy"]) for band in found["bands"]] == [
        ("flood", "MODE"),
        ("half", "SAMPLE"),
    ]
    assert found["bands"][0]["grid"]["dimensions"] == {"width": 96, "height": 64}


def test_upload_with_a_manifest_waits_and_reports_the_end(
    shell: Shell, assets: list[str], tmp_path: Path
) -> None:
    manifest = {
        "name": f"{ROOT}/one/series/m",
        "tilesets": [{"sources": [{"uris": ["gs://local/in/flood.tif"]}]}],
        "bands": [{"id": "b", "tilesetBandIndex": 1}],
    }
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    result = shell.run("upload", "image", "--manifest", str(path))
    assert result.code == 0, result.err
    task = result.lines[0].split()[-1]
    waited = shell.run("task", "wait", task)
    assert waited.lines[0].startswith(f"Task {task} ended at state: SUCCEEDED after ")
    assert [band["id"] for band in info(shell, f"{ROOT}/one/series/m")["bands"]] == ["b"]
    assert shell.run("rm", f"{ROOT}/one/series/m").out == ""


def test_cp_refuses_to_overwrite_until_it_is_forced_and_mv_renames(shell: Shell, assets: list[str]) -> None:
    source, target = f"{ROOT}/one/flood", f"{ROOT}/one/series/a"
    assert shell.run("cp", source, target) == Result(0, "", "")
    again = shell.run("cp", source, target)
    assert (again.code, again.out) == (1, f"Cannot overwrite asset '{target}'.\n")
    assert shell.run("cp", "-f", source, target).code == 0
    assert shell.run("mv", target, f"{ROOT}/one/series/b").code == 0
    assert shell.run("ls", f"{ROOT}/one/series").lines == [f"{ROOT}/one/series/b"]
    assert info(shell, f"{ROOT}/one/series/b")["bands"] == info(shell, source)["bands"]
    shell.run("rm", f"{ROOT}/one/series/b")


def test_asset_set_changes_and_removes_properties_and_times(shell: Shell, assets: list[str]) -> None:
    target = f"{ROOT}/one/series/set"
    shell.run("cp", f"{ROOT}/one/flood", target)
    result = shell.run(
        "asset", "set", "-p", "event=y", "-p", "n=null", "-p", "(string)k=3",
        "-ts", "2022-09-01T12:00:00", target,
    )  # fmt: skip
    assert result.code == 0, result.err
    found = info(shell, target)
    assert found["properties"] == {"event": "y", "k": "3"}
    assert found["startTime"].startswith("2022-09-01T12:00:00")
    shell.run("rm", target)


def test_acl_is_kept_as_it_was_set_and_changed(shell: Shell, assets: list[str]) -> None:
    asset = f"{ROOT}/one/flood"
    assert json.loads(shell.run("acl", "get", asset).out)["readers"] == []
    assert shell.run("acl", "set", "public", asset).code == 0
    assert shell.run("acl", "ch", "-u", "a@example.org:R", "-u", "b@example.org:W", asset).code == 0
    found = json.loads(shell.run("acl", "get", asset).out)
    assert found["all_users_can_read"] is True
    assert (found["readers"], found["writers"]) == (["user:a@example.org"], ["user:b@example.org"])
    shell.run("acl", "ch", "-d", "a@example.org", asset)
    shell.run("acl", "set", "private", asset)
    found = json.loads(shell.run("acl", "get", asset).out)
    assert (found["readers"], found["writers"]) == ([], [])


def test_du_adds_up_the_bytes_of_what_a_folder_holds(shell: Shell, assets: list[str]) -> None:
    shell.run("cp", f"{ROOT}/one/flood", f"{ROOT}/one/series/du")
    sizes = {line.split()[1]: int(line.split()[0]) for line in shell.run("du", f"{ROOT}/one").lines}
    image = int(info(shell, f"{ROOT}/one/flood")["sizeBytes"])
    assert image > 0
    assert sizes[f"{ROOT}/one/flood"] == sizes[f"{ROOT}/one/series"] == image
    total = int(shell.run("du", "-s", f"{ROOT}/one").out.split()[0])
    assert total == sum(sizes.values())
    shell.run("rm", f"{ROOT}/one/series/du")


def test_tasks_are_listed_by_state_and_described(shell: Shell, assets: list[str]) -> None:
    rows = [line.split() for line in shell.run("task", "list", "-s", "COMPLETED").lines]
    listed = {row[0]: row for row in rows}
    assert set(assets) <= set(listed)
    assert listed[assets[0]][1:3] == ["Upload", "Ingest"]
    described = shell.run("task", "info", assets[0]).lines
    assert described[:4] == [
        f"{assets[0]}:",
        "  State: SUCCEEDED",
        "  Type: Upload",
        f'  Description: Ingest image: "{ROOT}/one/flood"',
    ]
    assert [line.split(":")[0].strip() for line in described[4:]] == [
        "Created", "Started", "Updated", "Destination URIs", "Priority",
    ]  # fmt: skip
    missing = shell.run("task", "info", "NOSUCHTASK")
    assert missing.code == 1
    assert "NOSUCHTASK" in missing.out


def test_tasks_are_cancelled_one_by_one_and_all_together(
    shell: Shell, assets: list[str], engine: EngineProcess, bearer: dict[str, str]
) -> None:
    ids = [endless_export(engine, bearer, f"endless{number}") for number in range(3)]
    assert shell.run("task", "cancel", ids[2]).lines == [f'Canceling task "{ids[2]}"']
    assert sorted(shell.run("task", "cancel", "all").lines) == sorted(
        f'Canceling task "{task}"' for task in ids[:2]
    )
    for task in ids:
        operation = ended(engine, bearer, task)
        assert operation["metadata"]["state"] == "CANCELLED"
        assert operation["error"] == {"code": 1, "message": "Cancelled."}
    assert shell.run("task", "cancel", ids[0]).lines == [f'Task "{ids[0]}" already in state "CANCELLED".']
    summary = shell.run("task", "wait", ids[0], assets[0]).lines
    assert "  1 tasks completed successfully." in summary
    assert "  1 tasks cancelled." in summary


def test_rm_asks_for_an_empty_folder_or_for_recursion(shell: Shell, assets: list[str]) -> None:
    shell.run("create", "folder", "-p", f"{ROOT}/two/three")
    refused = shell.run("rm", f"{ROOT}/two").lines
    assert len(refused) == 1
    assert refused[0].startswith(f"Failed to delete {ROOT}/two. ")
    dry = shell.run("rm", "-r", "--dry_run", f"{ROOT}/two").lines
    assert dry == [f"[dry-run] Deleting asset: {ROOT}/{name}" for name in ("two/three", "two")]
    assert shell.run("rm", "-r", f"{ROOT}/two").out == ""
    gone = shell.run("asset", "info", f"{ROOT}/two")
    assert (gone.code, gone.out) == (1, f"Asset does not exist or is not accessible: {ROOT}/two\n")


def endless_export(engine: EngineProcess, bearer: dict[str, str], name: str) -> str:
    """Start an export of a chain of 90 square roots over 80 million pixels; return its task's id."""
    import ee
    from google.oauth2.credentials import Credentials

    ee.Reset()
    ee.Initialize(
        Credentials(bearer["Authorization"].removeprefix("Bearer ")), url=engine.url, project=PROJECT
    )
    image = ee.Image.pixelArea()
    for _ in range(90):
        image = image.sqrt()
    task = ee.batch.Export.image.toCloudStorage(
        image=image,
        description=name,
        bucket="local",
        crs="EPSG:32642",
        crsTransform=[10, 0, 500_000, 0, -10, 3_000_000],
        dimensions="9000x9000",
        maxPixels=1e9,
    )
    task.start()
    ee.Reset()
    return str(task.id)
