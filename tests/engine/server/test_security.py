"""Hostile callers and files: nothing leaves its root, nothing grows without bound, the server lives on."""

from __future__ import annotations

import ast
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import ee_floods.engine
from tests.engine.engine_process import EngineProcess
from tests.engine.server.images import radar, write

MOUNT = "projects/local/assets/mine"
ONE = {"expression": {"result": "0", "values": {"0": {"constantValue": 1}}}}
VALUE = "/v1/projects/local/value:compute"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with a mounted folder that holds an image, links that lead out, and a secret beside it."""
    base = tmp_path_factory.mktemp("security")
    outside, inside = base / "outside", base / "mine"
    (inside / "series").mkdir(parents=True)
    outside.mkdir()
    write(outside / "secret.tif", radar())
    (outside / "secret.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    write(inside / "open.tif", radar())
    write(inside / "series" / "a.tif", radar())
    (inside / "linked.tif").symlink_to(outside / "secret.tif")
    (inside / "series" / "b.tif").symlink_to(outside / "secret.tif")
    (inside / "folder").symlink_to(outside)
    engine = EngineProcess(base / "state", {MOUNT: inside}, workers=1)
    yield engine.start()
    engine.stop()


@pytest.fixture(autouse=True)
def lives_on(engine: EngineProcess) -> Iterator[None]:
    yield
    assert requests.post(engine.url + VALUE, json=ONE, timeout=60).json() == {"result": 1}


def raw(engine: EngineProcess, request: bytes) -> bytes:
    """Send bytes that no client library would send; return what comes back."""
    host, port = engine.url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), 20) as stream:
        try:
            stream.sendall(request)
            while piece := stream.recv(65536):
                answer += piece
        except (ConnectionResetError, BrokenPipeError):  # the server has hung up: as good as a refusal
            pass
    return answer


def get(engine: EngineProcess, target: str) -> tuple[int, str]:
    """GET a path exactly as it is written."""
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head, _, body = raw(engine, request.encode("latin-1")).partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "asset",
    [
        "mine/../../../etc/passwd", "mine/..%2f..%2foutside%2fsecret", "mine/%2e%2e/outside/secret",
        "mine//etc/passwd", "%2fetc%2fpasswd", "mine/open%00", "mine/open%00.tif", "mine/linked",
        "mine/folder", "mine/folder/secret", "mine/series/b", "mine/series/../folder/secret", "..",
        "%2e%2e%2f%2e%2e",
    ],
)  # fmt: skip
def test_asset_paths_stay_in_their_mount(engine: EngineProcess, asset: str) -> None:
    status, body = get(engine, f"/v1/projects/local/assets/{asset}")
    assert status in (400, 404), body
    assert "secret.tif" not in body
    assert "root:" not in body


def test_links_that_lead_out_of_a_mount_are_not_listed(engine: EngineProcess) -> None:
    def listed(folder: str) -> list[str]:
        found = engine.get(f"/v1/projects/local/assets/{folder}:listAssets")["assets"]
        return [asset["id"].removeprefix(f"{MOUNT}/") for asset in found]

    assert listed("mine") == ["open", "series"]
    assert listed("mine/series") == ["series/a"]


@pytest.mark.parametrize("name", ["..", "a/b", "%2e%2e", "A", "x" * 300, "a..b", "/vsicurl", "a\0b", ""])
def test_buckets_have_names_and_no_paths(engine: EngineProcess, name: str) -> None:
    answer = requests.post(f"{engine.url}/storage/v1/b", json={"name": name}, timeout=30)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "uri",
    [
        "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:9/x.tif", "https://127.0.0.1:9/x.tif",
        "/vsicurl/http://127.0.0.1:9/x.tif", "/vsizip//etc/x.zip/y.tif", "/vsigs/local/x.tif",
        "gs:///vsicurl/http://127.0.0.1:9/x.tif", "gs://../../etc/passwd", "gs://local/../../../etc/passwd",
        "GTIFF_DIR:1:/etc/x.tif", "<VRTDataset/>",
    ],
)  # fmt: skip
def test_manifest_names_objects_of_the_engine_s_storage_and_nothing_else(
    engine: EngineProcess, uri: str
) -> None:
    manifest = {"name": "projects/local/assets/stolen", "tilesets": [{"sources": [{"uris": [uri]}]}]}
    operation = _ended(engine, "image:import", {"imageManifest": manifest})
    assert operation["error"]["code"] in (3, 5), operation
    assert engine.get("/v1/projects/local:listAssets").get("assets", [{}])[-1].get("id") != manifest["name"]


def test_raster_that_names_another_file_is_no_raster(engine: EngineProcess) -> None:
    """GDAL opens what a VRT names: any file of this machine, any address."""
    target = (engine.state.parent / "outside" / "secret.tif").as_posix()
    vrt = (
        '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Float32" band="1">'
        f"<SimpleSource><SourceFilename>{target}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    address = f"{engine.url}/upload/storage/v1/b/local/o?uploadType=media&name=x.tif"
    assert requests.post(address, data=vrt.encode(), timeout=30).ok
    manifest = {
        "name": "projects/local/assets/vrt",
        "tilesets": [{"sources": [{"uris": ["gs://local/x.tif"]}]}],
    }
    assert "error" in _ended(engine, "image:import", {"imageManifest": manifest})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "["}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost.evil.example"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
@pytest.mark.parametrize("path", [VALUE, "/ee-floods/v1/token", "/upload/storage/v1/b/local/o?name=x"])
def test_pages_of_other_origins_change_nothing(
    engine: EngineProcess, path: str, headers: dict[str, str], status: int
) -> None:
    answer = requests.post(engine.url + path, json=ONE, headers=headers, timeout=30)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "path", ["/v1/projects/local/operations", "/ee-floods/v1/reads", "/ee-floods/v1/health"]
)
def test_pages_of_other_origins_cannot_read(engine: EngineProcess, path: str) -> None:
    answer = requests.get(engine.url + path, headers={"Origin": "https://evil.example"}, timeout=30)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_body_without_a_length_is_bounded(engine: EngineProcess) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(24):
            yield b'"' + b"x" * (1 << 19)

    try:
        answer = requests.post(engine.url + VALUE, data=chunks(), timeout=60)
    except requests.ConnectionError:  # it hung up while we were still sending
        return
    assert answer.status_code == 400
    assert "exceeds the limit" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"expression": ' + b"[" * 400 + b"]" * 400 + b"}",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 1_000_000,
        b'{"expression": "\\ud800"}',
        b'{"description": "\\uDFFF", "expression": {}}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff\xfe{}",
        b'\x00{"a": 1}',
    ],
    ids=["deep", "deeper", "unclosed", "surrogate", "surrogate2", "digits", "utf16", "nul"],
)
@pytest.mark.parametrize("path", [VALUE, "/v1/projects/local/image:export", "/v1/projects/local/maps"])
def test_bodies_that_are_hard_to_parse_are_bad_requests(
    engine: EngineProcess, path: str, body: bytes
) -> None:
    answer = requests.post(engine.url + path, data=body, timeout=60)
    assert answer.status_code == 400, answer.text[:200]
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n"
        + b"".join(b"X%d: y\r\n" % n for n in range(60_000))
        + b"\r\n",
        b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n",
    ],
    ids=["long header", "many headers", "long address", "tls", "smuggled length", "two hosts"],
)
def test_header_bombs_are_cut_off(engine: EngineProcess, request_head: bytes) -> None:
    if request_head.startswith(b"\x16"):
        request_head += b"\r\n\r\n"
    answer = raw(engine, request_head.replace(b"Host: localhost", b"Host: localhost\r\nConnection: close", 1))
    assert answer == b"" or int(answer.split()[1]) in (400, 403, 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "POST"])
def test_methods_that_a_route_does_not_know_are_refused(engine: EngineProcess, method: str) -> None:
    answer = requests.request(method, f"{engine.url}/v1/projects/local/algorithms", timeout=30)
    assert answer.status_code in (400, 405)


def test_only_a_get_may_be_sent_as_another_method(engine: EngineProcess, connect: Callable[..., Any]) -> None:
    headers = {"X-HTTP-Method-Override": "DELETE"}
    path = f"{engine.url}/v1/projects/local/assets/{MOUNT}"
    assert requests.post(path, headers=headers, timeout=30).status_code == 405
    assert requests.get(path, headers=headers, timeout=30).status_code == 405
    form = {"X-HTTP-Method-Override": "GET", "Origin": "https://evil.example"}
    assert requests.post(path, headers=form, timeout=30).status_code == 403


def test_a_query_too_long_for_an_address_arrives(engine: EngineProcess, connect: Callable[..., Any]) -> None:
    """The client sends such a GET as a form; a region of many corners makes one."""
    ee = connect(engine)
    ring = [[60 + n / 50, 20 + (n % 7)] for n in range(600)]
    region = json.dumps({"type": "Polygon", "coordinates": [[*ring, [80, 40], [60, 40], ring[0]]]})
    query = {"parent": f"{MOUNT}/series", "region": region}
    assert len(region) > 2048
    assert [image["id"] for image in ee.data.listImages(query)["images"]] == [f"{MOUNT}/series/a"]


def test_engine_runs_nothing_that_a_client_sends() -> None:
    """No module of the engine unpickles, evaluates or starts a shell."""
    folder = Path(ee_floods.engine.__file__).parent
    forbidden = {"eval", "exec", "compile", "__import__"}
    modules = {"pickle", "marshal", "shelve", "subprocess", "ctypes", "dill", "joblib"}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in forbidden, f"{path}:{node.lineno}"
            if isinstance(node, ast.Call):
                pickled = [key for key in node.keywords if key.arg == "allow_pickle"]
                assert all(isinstance(k.value, ast.Constant) and not k.value.value for k in pickled), path
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not modules & {name.split(".")[0] for name in names}, f"{path}: {names}"


def _ended(engine: EngineProcess, method: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = requests.post(f"{engine.url}/v1/projects/local/{method}", json=body, timeout=60).json()
    if "error" in answer:
        code = {400: 3, 404: 5}.get(answer["error"]["code"], 0)
        return {"error": {"code": code, "message": answer["error"]["message"]}}
    address = f"{engine.url}/v1/{answer['name']}:wait"
    return requests.post(address, json={"timeout": "60s"}, timeout=90).json()
