"""The server as a process: its start, its end, its neighbours, and callers that it does not answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from ee_floods.engine.serve import ServeOptions, serve
from ee_floods.errors import ConfigError
from tests.engine.engine_process import EngineProcess

ONE = {"expression": {"result": "0", "values": {"0": {"constantValue": 1}}}}
VALUE = "/v1/projects/local/value:compute"


def test_port_in_use_is_named_before_any_process_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} of 127.0.0.1 is in use") as error:
            serve(ServeOptions(state=tmp_path / "state", port=port))
    assert "another port" in error.value.remedy
    assert not (tmp_path / "state").exists()


def test_state_folder_in_use_is_named_with_pid_and_url(local_engine: EngineProcess) -> None:
    assert local_engine.process is not None
    with pytest.raises(ConfigError, match=f"pid {local_engine.process.pid} at {local_engine.url}"):
        serve(ServeOptions(state=local_engine.state))


def test_missing_mount_is_named(tmp_path: Path) -> None:
    options = ServeOptions(state=tmp_path, mounts=(("projects/local/assets/x", tmp_path / "absent"),))
    with pytest.raises(ConfigError, match="absent"):
        serve(options)


def test_server_ends_cleanly_when_told_and_takes_its_workers_with_it(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "state").start()
    assert requests.post(engine.url + VALUE, json=ONE, timeout=60).json() == {"result": 1}
    assert engine.process is not None
    workers = _descendants(engine.process.pid)
    assert workers
    assert engine.stop() == 0
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    engine = EngineProcess(tmp_path / "state", parent_pid=parent.pid).start()
    assert engine.process is not None
    parent.kill()
    parent.wait()
    assert engine.process.wait(timeout=20) == 0


def test_dead_worker_is_an_error_and_the_next_call_finds_another(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "state", workers=1).start()
    try:
        assert requests.post(engine.url + VALUE, json=ONE, timeout=60).ok
        assert engine.process is not None
        address = f"{engine.url}/v1/projects/local/image:computePixels"
        with ThreadPoolExecutor(1) as threads:
            answer = threads.submit(requests.post, address, json=_long_request(), timeout=60)
            time.sleep(0.5)
            for pid in _workers(engine.process.pid):
                os.kill(pid, signal.SIGKILL)
            found = answer.result()
        assert found.status_code == 500
        assert found.json()["error"]["status"] == "INTERNAL"
        assert requests.post(engine.url + VALUE, json=ONE, timeout=60).json() == {"result": 1}
        for pid in _workers(engine.process.pid):  # idle ones are replaced without anybody seeing it
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        assert requests.post(engine.url + VALUE, json=ONE, timeout=60).json() == {"result": 1}
    finally:
        engine.stop()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Origin": "http://localhost:8888"}, 200),
    ],
)
def test_only_callers_on_this_machine_are_answered(
    local_engine: EngineProcess, headers: dict[str, str], status: int
) -> None:
    answer = requests.post(local_engine.url + VALUE, json=ONE, headers=headers, timeout=60)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Invalid JSON payload received."),
        (b"[]", "A JSON object is expected."),
        (b'{"a": "' + b"x" * (10 * 1024 * 1024) + b'"}', "Request payload size exceeds the limit"),
        (b"{}", "Missing required field: 'expression'."),
    ],
)
def test_bad_bodies_get_the_service_s_error_form(
    local_engine: EngineProcess, body: bytes, words: str
) -> None:
    answer = requests.post(local_engine.url + VALUE, data=body, timeout=60)
    error: dict[str, Any] = answer.json()["error"]
    assert answer.status_code == error["code"] == 400
    assert error["status"] == "INVALID_ARGUMENT"
    assert words in error["message"]


def test_unknown_path_is_an_error_in_the_service_s_form(local_engine: EngineProcess) -> None:
    answer = requests.get(f"{local_engine.url}/v1/projects/local/nothing", timeout=30)
    assert answer.status_code == answer.json()["error"]["code"] == 404


def test_faults_come_at_the_rate_asked_for_and_the_same_for_a_seed(tmp_path: Path) -> None:
    drawn = []
    for name in ("a", "b"):
        engine = EngineProcess(tmp_path / name, fault_rate=0.5, seed=3, workers=1).start()
        try:
            path = engine.url + "/v1/projects/local/operations"
            drawn.append([requests.get(path, timeout=30).status_code for _ in range(40)])
        finally:
            engine.stop()
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {200, 429, 500, 503}
    assert 8 <= drawn[0].count(200) <= 32


def _long_request() -> dict[str, Any]:
    """A computePixels of some ten seconds: a chain of 400 square roots over 2048 x 2048 pixels."""
    values: dict[str, Any] = {"0": {"constantValue": 2.5}}
    values["1"] = {
        "functionInvocationValue": {
            "functionName": "Image.constant",
            "arguments": {"value": {"valueReference": "0"}},
        }
    }
    for number in range(2, 402):
        argument = {"value": {"valueReference": str(number - 1)}}
        values[str(number)] = {
            "functionInvocationValue": {"functionName": "Image.sqrt", "arguments": argument}
        }
    grid = {
        "crsCode": "EPSG:4326",
        "affineTransform": {"scaleX": 0.01, "scaleY": -0.01},
        "dimensions": {"width": 2048, "height": 2048},
    }
    return {"expression": {"result": "401", "values": values}, "fileFormat": "NPY", "grid": grid}


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for child in path.read_text().split()
    ]


def _workers(pid: int) -> list[int]:
    """Processes forked from the server's fork server."""
    return [worker for child in _children(pid) for worker in _children(child)]


def _descendants(pid: int) -> list[int]:
    return [found for child in _children(pid) for found in (child, *_descendants(child))]
