"""Each kind of fault as the real client meets it, and what this package's own retry makes of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from ee_floods.engine.server.faults import FAULT_KINDS, Faults, parse_kinds
from ee_floods.errors import ConfigError, RestrictedModeError
from ee_floods.service.faults import classify
from ee_floods.service.retry import Backoff, retry
from tests.engine.engine_process import EngineProcess

AT_ONCE = Backoff(tries=40, first_s=0.0)
PATH = "/v1/projects/local/operations"


@pytest.fixture
def faulty(tmp_path: Path) -> Callable[..., Any]:
    @contextmanager
    def serve(**options: Any) -> Iterator[EngineProcess]:
        engine = EngineProcess(tmp_path / "state", workers=1, **options).start()
        try:
            yield engine
        finally:
            engine.stop()

    return serve


@pytest.mark.parametrize("kind", ["429", "500", "503", "drop", "truncate", "slow"])
def test_package_s_retry_meets_what_may_pass(
    faulty: Callable[..., Any], connect: Callable[..., Any], kind: str
) -> None:
    with faulty(fault_kinds=[kind], fault_rate=0.5, seed=1) as engine:
        ee = _patient(lambda: connect(engine))
        failures = 0

        def compute() -> Any:
            nonlocal failures
            try:
                return ee.Number(20).add(22).getInfo()
            except Exception:
                failures += 1
                raise

        answers = [retry(compute, doing="computing", backoff=AT_ONCE) for _ in range(12)]
    assert answers == [42] * 12
    assert (failures > 0) == (kind != "slow")


def test_restricted_mode_is_permanent_and_says_so(
    faulty: Callable[..., Any], connect: Callable[..., Any]
) -> None:
    with faulty(fault_kinds=["restricted"], fault_rate=0.5, seed=1) as engine:
        ee = _patient(lambda: connect(engine))
        with pytest.warns(UserWarning, match="restricted mode"), pytest.raises(Exception) as error:
            for _ in range(40):
                ee.Number(1).getInfo()
        tries = 0

        def again() -> Any:
            nonlocal tries
            tries += 1
            raise error.value

        with pytest.raises(RestrictedModeError):
            retry(again, doing="computing", backoff=AT_ONCE)
        assert tries == 1
        stored = f"{engine.url}/storage/v1/b/local/o"
        assert {requests.get(stored, timeout=30).status_code for _ in range(20)} == {200}


def test_dropped_requests_are_carried_out_about_every_other_time(faulty: Callable[..., Any]) -> None:
    with faulty(fault_kinds=["drop"], fault_rate=1.0) as engine:
        for number in range(20):
            with pytest.raises(requests.ConnectionError):
                _create(engine, f"f{number}")
        listed = _restarted_names(engine)
    assert 3 <= len(listed) <= 17


def test_request_id_makes_asking_again_after_a_drop_safe(
    faulty: Callable[..., Any], connect: Callable[..., Any]
) -> None:
    with faulty(fault_kinds=["drop"], fault_rate=0.5, seed=5) as engine:
        ee = _patient(lambda: connect(engine))
        ee.data.setMaxRetries(20)  # the client itself asks again: the same id goes with each request
        task = ee.batch.Export.table.toCloudStorage(
            ee.FeatureCollection([ee.Feature(None, {"a": 1})]), description="once", bucket="local"
        )
        for _ in range(5):
            ee.data.exportTable("the-same-id", {**task.config})
        names = [operation["name"] for operation in ee.data.listOperations()]
    assert len(names) == 1


def test_truncated_answers_promise_more_than_they_hold(faulty: Callable[..., Any]) -> None:
    with faulty(fault_kinds=["truncate"], fault_rate=1.0) as engine:
        head, _, body = b"".join(_pieces(engine)).partition(b"\r\n\r\n")
        assert 0 < len(body) < int(head.lower().split(b"content-length:")[1].split()[0])
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(engine.url + PATH, timeout=30)


def test_slow_answers_drip_and_are_whole(faulty: Callable[..., Any]) -> None:
    with faulty(fault_kinds=["slow"], fault_rate=1.0) as engine:
        pieces = list(_pieces(engine))
        assert b"".join(pieces).endswith(b'\r\n\r\n{"operations":[]}')
        assert len(pieces) > 3
        assert requests.get(engine.url + PATH, timeout=30).json() == {"operations": []}


def test_what_a_client_needs_to_begin_is_spared(faulty: Callable[..., Any]) -> None:
    with faulty(fault_kinds=["503"], fault_rate=1.0) as engine:
        for path in ("/$discovery/rest?version=v1", "/ee-floods/v1/health", "/ee-floods/v1/reads"):
            assert requests.get(engine.url + path, timeout=30).ok
        assert requests.post(engine.url + "/ee-floods/v1/token", timeout=30).status_code == 400
        assert requests.get(engine.url + PATH, timeout=30).status_code == 503


def test_fate_of_a_request_depends_on_the_seed_and_its_number_alone() -> None:
    kinds = list(FAULT_KINDS)
    first, second = Faults(0, 0.3, kinds, 7), Faults(0, 0.3, kinds, 7)
    forward = [first.draw(number) for number in range(500)]
    backward = [second.draw(number) for number in reversed(range(500))]
    assert forward == backward[::-1]
    assert forward != [Faults(0, 0.3, kinds, 8).draw(number) for number in range(500)]
    met = [kind for kind, _ in forward if kind is not None]
    assert 100 <= len(met) <= 200
    assert set(met) == set(kinds)


@pytest.mark.parametrize("text", ["", "429,nonsense", "drop,,Slow", "restricted;slow"])
def test_kinds_that_are_none_are_refused_with_the_list(text: str) -> None:
    with pytest.raises(ConfigError, match="fault_kinds") as error:
        parse_kinds(text)
    assert all(kind in error.value.remedy for kind in FAULT_KINDS)


def test_words_of_every_refusal_are_classified_as_meant() -> None:
    from ee_floods.engine.server import faults, limiter
    from ee_floods.engine.server.guard import _MISSING
    from ee_floods.errors import AccessError, TransientError
    from ee_floods.service.faults import RateLimitError, classify_message

    found = {kind: type(classify_message(error.message, status=error.code))
             for kind, error in faults._REFUSALS.items()}  # fmt: skip
    assert found == {"429": RateLimitError, "500": TransientError, "503": TransientError}
    assert type(classify_message(faults._RESTRICTED.message, status=403)) is RestrictedModeError
    assert type(classify_message(limiter._TOO_MANY_AT_ONCE)) is RateLimitError
    assert type(classify_message(limiter._TOO_MANY_A_MINUTE)) is RateLimitError
    assert type(classify_message(_MISSING)) is AccessError


def _patient(call: Callable[[], Any]) -> Any:
    """Begin a session at a server that fails: the client asks again itself while it initialises."""
    for _ in range(60):
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - whatever the fault became
            last = classify(error, doing="connecting")
    raise last


def _pieces(engine: EngineProcess) -> Iterator[bytes]:
    """Yield what arrives, as it arrives, until the server ends the connection."""
    host, port = engine.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 30) as stream:
        stream.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        while piece := stream.recv(65536):
            yield piece


def _create(engine: EngineProcess, name: str) -> None:
    address = f"{engine.url}/v1/projects/local/assets?assetId={name}"
    requests.post(address, json={"type": "FOLDER"}, timeout=30)


def _restarted_names(engine: EngineProcess) -> list[str]:
    """Start the same state folder again without faults and return the assets that are there."""
    engine.stop()
    plain = EngineProcess(engine.state, workers=1).start()
    try:
        return [asset["id"] for asset in plain.get("/v1/projects/local:listAssets").get("assets", ())]
    finally:
        plain.stop()
