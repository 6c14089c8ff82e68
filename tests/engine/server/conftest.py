"""A local engine with small mounted images, the unmodified client pointed at it, and a storage client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials

from tests.engine.engine_process import EngineProcess
from tests.engine.server.images import MOUNT, write_images

TASK_S = 60.0


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mounted-images")
    write_images(folder)
    return folder


@pytest.fixture(scope="session")
def local_engine(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[EngineProcess]:
    engine = EngineProcess(tmp_path_factory.mktemp("engine") / "state", {MOUNT: images}).start()
    yield engine
    engine.stop()


@pytest.fixture
def connect() -> Callable[[EngineProcess], Any]:
    """Point the unmodified client at an engine."""

    def to(engine: EngineProcess) -> Any:
        import ee

        ee.Reset()
        ee.Initialize(AnonymousCredentials(), url=engine.url, project="local")
        ee.data.setMaxRetries(0)
        return ee

    return to


@pytest.fixture
def client(local_engine: EngineProcess, connect: Callable[[EngineProcess], Any]) -> Any:
    return connect(local_engine)


@pytest.fixture
def bucket(local_engine: EngineProcess, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bucket `local` as the unmodified storage client sees it."""
    from google.cloud import storage

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", local_engine.url)
    return storage.Client(project="local").bucket("local")


@pytest.fixture
def finished() -> Callable[..., dict[str, Any]]:
    """Wait for the end of an operation and return it."""

    def wait(name: str) -> dict[str, Any]:
        import ee

        deadline = time.monotonic() + TASK_S
        while time.monotonic() < deadline:
            operation = ee.data.getOperation(name)
            if operation.get("done"):
                return operation
            time.sleep(0.05)
        raise TimeoutError(name)

    return wait
