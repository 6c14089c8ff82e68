"""Random and mutated requests to a real server: each is answered or refused, and the server lives on.

In CI the same examples run every time. `EE_FLOODS_FUZZ=10000` asks for so many new ones.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.engine.engine_process import EngineProcess
from tests.engine.random_graphs import call, constant
from tests.engine.server.images import MOUNT, write_images

ASKED = int(os.environ.get("EE_FLOODS_FUZZ", "0"))
THOROUGH = settings(
    max_examples=ASKED or 120,
    derandomize=not ASKED,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
HOME = "/v1/projects/local"
ONE = {"expression": {"result": "0", "values": {"0": constant(1)}}}
IMAGE = {"result": "0", "values": {"0": call("Image.constant", value=constant(1))}}
GRID = {
    "dimensions": {"width": 8, "height": 8}, "crsCode": "EPSG:32642",
    "affineTransform": {"scaleX": 10, "shearX": 0, "translateX": 500000, "shearY": 0, "scaleY": -10,
                        "translateY": 3000000},
}  # fmt: skip
_FILE = {"fileFormat": "GEO_TIFF", "cloudStorageDestination": {"bucket": "local", "filenamePrefix": "fuzz"}}
_TABLE = {"fileFormat": "CSV", "cloudStorageDestination": {"bucket": "local", "filenamePrefix": "fuzz"}}
_SOURCES = [{"uris": ["gs://local/nothing.tif"]}]
BODIES: dict[str, dict[str, Any]] = {
    f"{HOME}/value:compute": ONE,
    f"{HOME}/image:computePixels": {"expression": IMAGE, "fileFormat": "NPY", "grid": GRID,
                                    "bandIds": ["constant"],
                                    "visualizationOptions": {"ranges": [{"min": 0, "max": 2}]}},
    f"{HOME}/table:computeFeatures": {"expression": {"result": "0", "values": {"0": call(
        "Collection", features=constant([]))}}, "pageSize": 5, "pageToken": "0"},
    f"{HOME}/maps": {"expression": IMAGE, "fileFormat": "PNG", "bandIds": ["constant"]},
    f"{HOME}/thumbnails": {"expression": IMAGE, "fileFormat": "PNG", "grid": GRID},
    f"{HOME}/tables": {"expression": IMAGE, "fileFormat": "CSV", "selectors": ["a"]},
    f"{HOME}/image:export": {"expression": IMAGE, "description": "fuzz", "fileExportOptions": _FILE,
                             "maxPixels": "100", "requestId": "fuzz-image"},
    f"{HOME}/table:export": {"expression": IMAGE, "description": "fuzz", "fileExportOptions": _TABLE},
    f"{HOME}/image:import": {"imageManifest": {
        "name": "projects/local/assets/fuzz", "tilesets": [{"id": "0", "sources": _SOURCES}],
        "bands": [{"id": "b", "tilesetId": "0"}], "startTime": "2020-01-01T00:00:00Z"}},
    f"{HOME}/table:import": {"tableManifest": {"name": "projects/local/assets/fuzzed", "sources": _SOURCES}},
    f"{HOME}/assets": {"type": "FOLDER"},
    f"{HOME}/assets/fuzz:copy": {"destinationName": "projects/local/assets/fuzz2", "overwrite": True},
    f"{HOME}/assets/fuzz:move": {"destinationName": "projects/local/assets/fuzz3"},
    f"{HOME}/assets/fuzz:setIamPolicy": {"policy": {"bindings": [{"role": "roles/x", "members": ["x"]}]}},
    f"{HOME}/assets/{MOUNT.rpartition('/')[2]}:getPixels": {"fileFormat": "NPY", "grid": GRID},
    f"{HOME}/operations/NOTHING:cancel": {},
    f"{HOME}/operations/NOTHING:wait": {"timeout": "0.01s"},
    f"{HOME}/image:importExternal": {"imageManifest": {"name": "projects/local/assets/ext"}},
}  # fmt: skip
_ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**30, "", "x", "\0", "../../etc/passwd", "%2e%2e", "é" * 50, [], {}, [[]],
    [None], {"x": None}, "1e999", "NaN", [1, [2, [3]]],
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder: Path = tmp_path_factory.mktemp("fuzzed")
    (folder / "images").mkdir()
    write_images(folder / "images")
    process = EngineProcess(folder / "state", {MOUNT: folder / "images"}).start()
    yield process
    process.stop()


def check(engine: EngineProcess, answer: requests.Response) -> None:
    """An answer, or a refusal in the service's form."""
    assert answer.status_code < 500, f"{answer.status_code}: {answer.text[:500]}"
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert error["code"] == answer.status_code
        assert error["message"].strip() and "Traceback" not in error["message"]


def alive(engine: EngineProcess) -> bool:
    answer = requests.post(f"{engine.url}{HOME}/value:compute", json=ONE, timeout=60)
    return bool(answer.json() == {"result": 1})


def mutated(document: Any, random: Random) -> Any:
    """A copy in which one value somewhere is missing, odd, doubled or under another name."""
    changed = copy.deepcopy(document)
    node: Any = changed
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return changed
        key = random.choice(keys)
        if isinstance(node[key], (dict, list)) and node[key] and random.random() < 0.75:
            node = node[key]
            continue
        kind = random.choice(("odd", "odd", "odd", "remove", "rename"))
        if kind == "odd":
            node[key] = random.choice(_ODD)
        elif kind == "remove":
            del node[key]
        elif isinstance(node, dict):
            node[f"{key}X"] = node.pop(key)
        return changed


@given(seed=st.integers(0, 2**63))
@THOROUGH
def test_mutated_body_is_answered_or_refused(engine: EngineProcess, seed: int) -> None:
    random = Random(seed)
    path = random.choice(sorted(BODIES))
    body = BODIES[path]
    for _ in range(random.randint(1, 3)):
        body = mutated(body, random) if body else body
    sent = json.dumps(body)
    if random.random() < 0.1:
        sent = sent[: random.randrange(len(sent) + 1)] + random.choice(("", "\0", "}", "\ud83d", "["))
    answer = requests.post(engine.url + path, data=sent.encode("utf-8", "surrogatepass"), timeout=60)
    check(engine, answer)


_SEGMENTS = (
    "v1", "v1alpha", "v9", "projects", "local", "other", "assets", "maps", "thumbnails", "tables",
    "operations", "algorithms", "config", "tiles", "0", "1", "-1", "99999999999999999999",
    "image:export", "value:compute", "x:getPixels", "x:cancel", "..", ".", "%2e%2e", "%00", "%ff",
    "a b", "é", "", "storage", "b", "o", "upload", "download", "$discovery", "rest", "assets:x",
    "x:listFeatures", "x:listAssets", "x:getIamPolicy", ":move",
)  # fmt: skip
_QUERIES = (
    "pageSize=x", "pageSize=-5", "pageToken=%00", "filter=(", "view=NOTHING", "version=v7",
    "uploadType=resumable", "upload_id=../x", "alt=media", "since=x", "updateMask=x",
    "assetId=..%2Fx", "name=%00", "overwrite=maybe", "prefix=%ff", "maxResults=x", "generation=x",
    "region={", "fields=*",
)  # fmt: skip


@given(seed=st.integers(0, 2**63))
@THOROUGH
def test_random_path_is_answered_or_refused(engine: EngineProcess, seed: int) -> None:
    random = Random(seed)
    path = "/" + "/".join(random.choice(_SEGMENTS) for _ in range(random.randint(1, 6)))
    if random.random() < 0.7:
        path = f"{random.choice((HOME, '/storage/v1/b/local', '/upload/storage/v1/b/local'))}{path}"
    query = "&".join(random.sample(_QUERIES, random.randint(0, 3)))
    method = random.choice(("GET", "GET", "POST", "PUT", "PATCH", "DELETE"))
    data = random.choice((b"", b"{}", b"[]", b"{", b"\xff\xfe", json.dumps(ONE).encode()))
    headers = random.choice(
        ({}, {"Content-Type": "text/plain"}, {"Range": "bytes=9-1"}, {"Content-Range": "x"})
    )
    prepared = requests.Request(method, engine.url, data=data, headers=headers).prepare()
    prepared.url = f"{engine.url}{path}?{query}"  # as it stands: requests would tidy the dots away
    with requests.Session() as session:
        check(engine, session.send(prepared, timeout=60))


@pytest.mark.parametrize("depth", [90, 400, 900, 985, 20_000])
def test_nested_json_of_any_depth_is_answered_or_refused(engine: EngineProcess, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    body = f'{{"expression": {{"result": "0", "values": {{"0": {{"constantValue": {nested}}}}}}}}}'
    check(engine, requests.post(f"{engine.url}{HOME}/value:compute", data=body, timeout=60))
    assert alive(engine)


def test_graph_that_needs_too_much_memory_leaves_the_worker_alive(engine: EngineProcess) -> None:
    hungry = {"expression": {"result": "0", "values": {"0": call("Array.identity", size=constant(100_000))}}}
    answer = requests.post(f"{engine.url}{HOME}/value:compute", json=hungry, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Array.identity: User memory limit exceeded."
    assert alive(engine)


def test_ten_thousand_nested_calls_are_answered_by_the_server(engine: EngineProcess) -> None:
    values: dict[str, Any] = {"0": constant(0)}
    for k in range(1, 10_001):
        values[str(k)] = call("Number.add", left={"valueReference": str(k - 1)}, right=constant(1))
    body = {"expression": {"result": "10000", "values": values}}
    answer = requests.post(f"{engine.url}{HOME}/value:compute", json=body, timeout=60)
    assert answer.json() == {"result": 10_000}


def test_server_that_was_fuzzed_still_answers(engine: EngineProcess) -> None:
    assert alive(engine)
    log = engine.state.with_suffix(".log").read_text()
    assert "An internal error" not in log
    assert "A request failed in a way" not in log
